var nomap = 1;
//# sourceMappingURL=gone.js.map
