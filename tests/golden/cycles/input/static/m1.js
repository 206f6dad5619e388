import { two } from "./m2.js";
export const one = () => two;
