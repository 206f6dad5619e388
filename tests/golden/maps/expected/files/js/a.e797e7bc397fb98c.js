é; import { b } from "./b.a68a4f8a244109d8.js"; start(b); finish(b);
rest(b);
//# sourceMappingURL=a.js.db2c4f1b403d53fa.map
