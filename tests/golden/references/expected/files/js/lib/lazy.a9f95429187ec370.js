import("../app.f54764a26d97f51d.js");
export default 1;
