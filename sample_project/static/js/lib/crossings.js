const HOUR = 3_600_000;

/** A time of day as the tables print it: 06:42. */
export function clock(time) {
  return new Date(time).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

/** Midnight, by the reader's clock, `days` after the day of `time`. */
export function midnight(time, days = 0) {
  const date = new Date(time);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
}

/** For each of `days` days: its date and the spans [opens, closes] that begin on it. */
export function crossings(time, days) {
  return Array.from({ length: days }, (_, index) => {
    const [start, end] = [midnight(time, index), midnight(time, index + 1)];
    const turns = window.Almanac.turns(start, (end - start) / HOUR + 12);
    const opening = turns.filter((turn) => turn.opens && turn.time < end);
    const spans = opening.map(({ time: opens }) => [opens, turns.find((turn) => turn.time > opens).time]);
    return { date: new Date(start), spans };
  });
}
