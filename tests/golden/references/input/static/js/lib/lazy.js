import("../app.js");
export default 1;
