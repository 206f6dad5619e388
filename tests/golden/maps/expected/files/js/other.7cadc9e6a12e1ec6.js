other();
//# sourceMappingURL=b.js.36487e8a16325c29.map
