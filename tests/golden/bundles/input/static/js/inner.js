var inner = function () {
  return undeclared = 3;
}
//# sourceMappingURL=inner.js.map
