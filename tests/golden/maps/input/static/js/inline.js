é; import { b } from "./b.js"; start(b); finish(b);
rest(b);
//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjogMywgImZpbGUiOiAiYS5qcyIsICJzb3VyY2VzIjogWyJhLnRzIl0sICJuYW1lcyI6IFtdLCAibWFwcGluZ3MiOiAiR0FBQSxTQUFTLG1CQUNULFVBQVcifQ==
