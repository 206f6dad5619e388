/*
 * The height of the tide as a sum of waves, as tide tables are made. Each constituent has an amplitude in metres,
 * a speed in degrees per hour and a phase in degrees. Skarholm does not exist, so no ship should trust these.
 */
var Almanac = {
  MEAN_LEVEL: 2.4, // metres above the lowest tide
  CAUSEWAY: 1.7, // the causeway's lowest stone, on the same scale

  CONSTITUENTS: [
    { name: "M2", amplitude: 1.46, speed: 28.9841042, phase: 141 },
    { name: "S2", amplitude: 0.48, speed: 30, phase: 187 },
    { name: "N2", amplitude: 0.29, speed: 28.4397295, phase: 118 },
    { name: "K1", amplitude: 0.11, speed: 15.0410686, phase: 62 }
  ],

  /* Metres above the lowest tide at `time`, in milliseconds since 1970. */
  heightAt: function (time) {
    var hours = time / 3600000;
    return Almanac.CONSTITUENTS.reduce(function (height, wave) {
      var angle = ((wave.speed * hours - wave.phase) % 360) * (Math.PI / 180);
      return height + wave.amplitude * Math.cos(angle);
    }, Almanac.MEAN_LEVEL);
  }
};
