'use strict';
// the first file is strict, the others are not
var first = 1
