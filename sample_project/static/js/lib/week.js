import { clock } from "./crossings.js";

const dayName = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });

/** One row for each day, with room for two crossings. The texts are ours, so they are safe to write as HTML. */
export function fillWeek(body, days) {
  const rows = days.map(({ date, spans: [first, second] }) => {
    return `<tr><th scope="row">${dayName.format(date)}</th>${cell(first)}${cell(second)}</tr>`;
  });
  body.innerHTML = rows.join("");
}

function cell(span) {
  return `<td class="figures">${span ? span.map(clock).join(" – ") : ""}</td>`;
}
