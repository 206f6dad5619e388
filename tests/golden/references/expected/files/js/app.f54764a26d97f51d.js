import { greet } from "./lib/greet.08ccb01e13274e89.js";
import "./side.8e609bb71c20b858.mjs?v=2";
import react from "react";
export * from './lib/greet.08ccb01e13274e89.js';
// import "./not/a/reference.js"
const text = "import './nor/this.js'";
const lazy = () => import("./lib/lazy.a9f95429187ec370.js#part");
lazy(greet, text, /import ".\/x.js"/);
