var old = 1;
//# sourceMappingURL=old.js.map
