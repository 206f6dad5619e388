/* High and low waters, and when the causeway is dry, found by walking along the curve minute by minute. */
(function () {
  "use strict";

  var MINUTE = 60000;

  function walk(from, hours, visit) {
    var time = Math.ceil(from / MINUTE) * MINUTE;
    for (var end = from + hours * 3600000; time < end; time += MINUTE) {
      visit(time, Almanac.heightAt(time - MINUTE), Almanac.heightAt(time), Almanac.heightAt(time + MINUTE));
    }
  }

  /* [{ time, height, high }] */
  Almanac.tides = function (from, hours) {
    var found = [];
    walk(from, hours, function (time, before, height, after) {
      if ((height >= before && height > after) || (height <= before && height < after)) {
        found.push({ time: time, height: height, high: height > after });
      }
    });
    return found;
  };

  /* [{ time, opens }]: the minutes at which the sea leaves the causeway or covers it */
  Almanac.turns = function (from, hours) {
    var found = [];
    walk(from, hours, function (time, before, height) {
      var dry = height < Almanac.CAUSEWAY;
      if (dry !== before < Almanac.CAUSEWAY) {
        found.push({ time: time, opens: dry });
      }
    });
    return found;
  };
})();
