import { clock, midnight } from "./crossings.js";

const HEIGHT = 208; // pixels, of which the last 24 are the hours' axis
const FLOOR = HEIGHT - 24;
const METRES = 5;

/** Draw the day of `now` into `figure`, at its width, so that text keeps its size. */
export function drawTideCurve(figure, now) {
  const { heightAt, turns, CAUSEWAY } = window.Almanac;
  const [start, end] = [midnight(now), midnight(now, 1)];
  const width = figure.clientWidth;
  const x = (time) => Math.round(((time - start) / (end - start)) * width);
  const y = (metres) => Math.round(FLOOR - (metres / METRES) * FLOOR);

  const points = [];
  for (let at = -4; at <= width + 4; at += 4) {
    points.push(`${at} ${y(heightAt(start + (at / width) * (end - start)))}`);
  }

  let dryFrom = heightAt(start) < CAUSEWAY ? start : null;
  const dry = [];
  for (const { time, opens } of [...turns(start, (end - start) / 3_600_000), { time: end, opens: false }]) {
    if (!opens && dryFrom !== null) {
      dry.push(`<rect class="dry" x="${x(dryFrom)}" y="0" width="${x(time) - x(dryFrom)}" height="${FLOOR}"/>`);
    }
    dryFrom = opens ? time : null;
  }

  const step = width < 520 ? 6 : 3;
  const hours = [];
  for (let hour = step; hour < 24; hour += step) {
    const time = start + hour * 3_600_000;
    hours.push(`<text class="figures" x="${x(time)}" y="${HEIGHT - 4}">${clock(time)}</text>`);
  }

  figure.innerHTML = `<svg viewBox="0 0 ${width} ${HEIGHT}" role="img"
    aria-label="The tide today; the causeway is dry below ${CAUSEWAY} metres">
    ${dry.join("")}
    <path class="water" d="M-4 ${FLOOR}L${points.join("L")}L${width + 4} ${FLOOR}z"/>
    <path class="now" d="M${x(now)} 0V${FLOOR}"/><circle class="now" cx="${x(now)}" cy="${y(heightAt(now))}" r="5"/>
    ${hours.join("")}</svg>`;
}
