// Fl(3) W 15s: three white flashes every fifteen seconds. Well below the three a second that may harm.
const PERIOD = 15_000;
const FLASHES = [0, 2_500, 5_000];
const LENGTH = 900;

let burning = null;

/** Light the lamp or put it out; the answer is whether it burns. It glows steadily for readers who want no motion. */
export function toggleLamp(lamp) {
  if (burning) {
    burning.cancel();
    burning = null;
    return false;
  }
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  burning = lamp.animate(still ? [{ opacity: 0.8 }, { opacity: 0.8 }] : flashes(), {
    duration: PERIOD,
    iterations: Infinity,
  });
  return true;
}

function flashes() {
  const frames = FLASHES.flatMap((start) => [
    { opacity: 0, offset: start / PERIOD },
    { opacity: 1, offset: (start + LENGTH / 2) / PERIOD },
    { opacity: 0, offset: (start + LENGTH) / PERIOD },
  ]);
  return [...frames, { opacity: 0, offset: 1 }];
}
