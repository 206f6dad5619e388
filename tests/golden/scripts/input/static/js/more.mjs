export const more = import("./main.mjs");
