é; import { b } from "./b.js"; start(b); finish(b);
rest(b);
//# sourceMappingURL=a.js.map
