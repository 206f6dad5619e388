import { one } from "./m1.js";
export const two = () => one;
