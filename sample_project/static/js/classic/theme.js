/*
 * Day or night, decided before the first paint: that is why this is a classic script in <head>, not a module.
 * The choice is the reader's system's until the button is pressed.
 */
(function () {
  "use strict";

  var KEY = "skarholm-theme"; // not "theme": that is the Django admin's
  var root = document.documentElement;

  function stored() {
    try {
      return window.localStorage.getItem(KEY);
    } catch (error) {
      return null; // storage may be forbidden
    }
  }

  function current() {
    var dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
    return root.getAttribute("data-theme") || (dark ? "night" : "day");
  }

  function choose(theme) {
    root.setAttribute("data-theme", theme);
    try {
      window.localStorage.setItem(KEY, theme);
    } catch (error) {
      return;
    }
  }

  if (stored() === "day" || stored() === "night") {
    root.setAttribute("data-theme", stored());
  }

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-action='theme']")) {
      choose(current() === "night" ? "day" : "night");
    }
  });
})();
