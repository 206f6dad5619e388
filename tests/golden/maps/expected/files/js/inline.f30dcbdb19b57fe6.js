é; import { b } from "./b.a68a4f8a244109d8.js"; start(b); finish(b);
rest(b);
//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJmaWxlIjoiYS5qcyIsInNvdXJjZXMiOlsiYS50cyJdLCJuYW1lcyI6W10sIm1hcHBpbmdzIjoiR0FBQSxTQUFTLG9DQUNULFVBQVcifQ==
