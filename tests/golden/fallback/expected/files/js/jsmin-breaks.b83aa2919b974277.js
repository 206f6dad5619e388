// jsmin reads the slash after => as a division; rjsmin does too, and leaves white space that it should not
const test = (text) => /a  b/.test(text);
class Counter {
  #a = 1
  #b = 2
  sum() { return this.#a + this.#b }
}
const names = `x${test ? ` as keys ` : ""}y`;
