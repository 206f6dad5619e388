import data from "./data.json" with { type: "json" };
import sheet from './sheet.css' with { type: 'css' };
export * from "./more.mjs";
export const image = new URL("../img.png?v=1#x", import.meta.url);
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "classic" });
const shared = new SharedWorker(new URL(`shared.mjs`, import.meta.url));
const gone = new URL("gone.wasm", import.meta.url);
const later = () => import(("./more.mjs"));
// not references: they are resolved against the page, or worked out at run time
navigator.serviceWorker.register("/sw.js");
new Worker("gone.js"); new URL("gone.png", document.baseURI); fetch("gone.json"); import(name);
new URL("./", import.meta.url); new URL("https://example.org/", import.meta.url);
const text = 'new URL("gone.png", import.meta.url)', regex = /import("..gone.js")/;
