é; import { b } from "./b.js"; start(b); finish(b);
rest(b);
more();
//# sourceMappingURL=b.js.map
