/*! kept licence */
var kept=true;