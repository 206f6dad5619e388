é; import { b } from "./b.a68a4f8a244109d8.js"; start(b); finish(b);
rest(b);

