(function () { window.b = first; })()
