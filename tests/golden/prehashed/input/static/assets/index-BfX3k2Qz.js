import { a } from "./vendor-C0ffee00.js";
new URL("../img/logo.png", import.meta.url);
export const b  =  a ;
//# sourceMappingURL=index-BfX3k2Qz.js.map
