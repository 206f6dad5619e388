importScripts("lib/one.js", `./lib/two.js`);
self.importScripts("/static/js/lib/one.js");
