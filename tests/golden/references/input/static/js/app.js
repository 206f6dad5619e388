import { greet } from "./lib/greet.js";
import "./side.mjs?v=2";
import react from "react";
export * from './lib/greet.js';
// import "./not/a/reference.js"
const text = "import './nor/this.js'";
const lazy = () => import("./lib/lazy.js#part");
lazy(greet, text, /import ".\/x.js"/);
