other();
//# sourceMappingURL=b.js.map
