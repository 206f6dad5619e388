// The page's module. Its imports are rewritten to fingerprinted names; the two import() calls load only where needed.
import { clock, crossings } from "./lib/crossings.js";
import { drawTideCurve } from "./lib/tide-curve.js";

const { Almanac } = window;
const now = Date.now();

const state = document.querySelector("[data-causeway]");
if (state) {
  const dry = Almanac.heightAt(now) < Almanac.CAUSEWAY;
  const [turn] = Almanac.turns(now, 24);
  state.dataset.state = dry ? "open" : "shut";
  state.innerHTML = `${dry ? "Open until" : "Under water until"} <span class="figures">${clock(turn.time)}</span>`;
}

const list = document.querySelector("[data-tides]");
if (list) {
  const items = Almanac.tides(now, 30).slice(0, 4).map(({ time, height, high }) => {
    const metres = height.toFixed(1);
    return `<li>${high ? "High" : "Low"} water <span class="figures">${clock(time)}</span>
      <span class="muted">${metres} m</span></li>`;
  });
  list.innerHTML = items.join("");
}

const figure = document.querySelector("[data-tide-curve]");
if (figure) {
  new ResizeObserver(() => drawTideCurve(figure, now)).observe(figure);
}

const week = document.querySelector("[data-week]");
if (week) {
  const { fillWeek } = await import("./lib/week.js");
  fillWeek(week, crossings(now, 7));
}

const lampButton = document.querySelector("[data-action='lamp']");
lampButton?.addEventListener("click", async () => {
  const { toggleLamp } = await import("./lib/lamp.js");
  lampButton.setAttribute("aria-pressed", String(toggleLamp(document.querySelector(".lamp"))));
});
