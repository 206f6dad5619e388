/* both can do this */
function plain(one, two) {
  // add
  return one + two;
}
