var old = 1;
//# sourceMappingURL=old.js.ec8822f00358b5ff.map
