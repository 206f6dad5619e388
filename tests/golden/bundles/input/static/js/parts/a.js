(function () { window.a = first; })() // no semicolon, and a comment
