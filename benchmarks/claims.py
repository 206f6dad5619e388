"""What the project claims of its speed, against what one run measured: ratios, so that the machine matters little."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.corpora import NAMED_BY, OPAQUE, SERIES

Results = Mapping[str, Any]
Value = Callable[[Results], float]

_BOTH = (("django", "3,000 files"), ("large", "large"))


class Absent(Exception):
    """It was not measured, or it failed."""


@dataclass(frozen=True, slots=True)
class Claim:
    """`value` gives the measured number, and raises Absent; `at_least` says on which side of the limit it has to be."""

    text: str
    limit: float
    value: Value
    unit: str = "×"
    at_least: bool = False

    def holds(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit


def median(results: Results, corpus: str, scenario: str, what: str = "wall") -> float:
    """Of the rounds. `what` is "wall", "cpu" or "largest". Raises Absent."""
    runs = _scenario(results, corpus, scenario).get("runs")
    if not runs:
        raise Absent(scenario)
    return float(statistics.median(run[what] for run in runs))


def fact(results: Results, corpus: str, scenario: str, name: str) -> float:
    """What else is known of a scenario: "memory", "new files". Raises Absent."""
    found = _scenario(results, corpus, scenario).get(name)
    if found is None:
        raise Absent(name)
    return float(found)


def _scenario(results: Results, corpus: str, scenario: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = results["corpora"].get(corpus, {}).get("scenarios", {}).get(scenario, {})
    if "error" in found:
        raise Absent(scenario)
    return found


def claims() -> Iterator[Claim]:
    yield from _cold()
    yield from _minified_and_compressed()
    yield from _again()
    yield from _growth()


def _cold() -> Iterator[Claim]:
    yield Claim(
        "Django's manifest storage / cold, 3,000 files", 8, _ratio("django", "django-manifest", "cold"), at_least=True
    )
    yield Claim(
        "cold / (read and hash everything + `cp -r`), 3,000 files",
        3,
        lambda r: median(r, "django", "cold") / (median(r, "django", "hash") + median(r, "django", "copy")),
    )
    yield Claim("cold / Django's plain copy, which rewrites nothing, large", 1, _ratio("large", "cold", "django-plain"))


def _minified_and_compressed() -> Iterator[Claim]:
    for corpus, name in _BOTH:
        what = f"cold with verified minifying / esbuild, file by file on all cores, {name}"
        yield Claim(what, 1.6, _ratio(corpus, "minify", "esbuild"))
    for corpus, name in _BOTH:
        what = f"minified, nothing built but the cache there / cold without minifying, {name}"
        yield Claim(what, 1.1, _ratio(corpus, "cached", "cold"))
    for corpus, name in _BOTH:
        what = f"CPU time: the same, beyond cold without minifying / what minifying takes, {name}"
        yield Claim(what, 0.02, _left_of_minifying(corpus))
    yield Claim(
        "CPU time: cold with brotli 11 and gzip 12 / compressing the same outputs alone, 3,000 files",
        1.1,
        _ratio("django", "brotli", "compress", "cpu"),
    )
    yield Claim(
        "CPU time: another checkout with the cache, beyond the same without compression / compressing, 3,000 files",
        0.02,
        lambda r: (
            (median(r, "django", "brotli-elsewhere", "cpu") - median(r, "django", "elsewhere", "cpu"))
            / median(r, "django", "compress", "cpu")
        ),
    )


def _left_of_minifying(corpus: str) -> Value:
    """With cached verdicts: as part of what it takes without."""

    def part(results: Results) -> float:
        cached, cold, minified = (median(results, corpus, one, "cpu") for one in ("cached", "cold", "minify"))
        return (cached - cold) / (minified - cold)

    return part


def _again() -> Iterator[Claim]:
    yield Claim(
        "nothing changed / (start of Python + import of click + walk with stat), large",
        2.5,
        _ratio("large", "noop", "click"),
    )
    yield Claim(
        "Django's manifest storage / assetbuild, nothing changed, large",
        50,
        _ratio("large", "django-manifest-again", "noop"),
        at_least=True,
    )
    for (corpus, name), limit in zip(_BOTH, (80, 400), strict=True):
        what = f"one changed file that none names - nothing changed, {name}"
        yield Claim(what, limit, _beyond(corpus, "leaf", "noop"), "ms")
    yield Claim(
        f"one changed file that {NAMED_BY:,} others name: files of the release that are made again",
        NAMED_BY + 1,
        lambda r: fact(r, "fan", "hub", "new files"),
        "",
    )


def _growth() -> Iterator[Claim]:
    for scenario, name in (("cold", "cold"), ("noop", "nothing changed")):
        what = f"time for each file: {name} with {SERIES[-1]:,} files / with {SERIES[2]:,}"
        yield Claim(what, 1.25, _for_each(scenario, SERIES[-1], SERIES[2]))
    for scenario, name in (("cold", "cold"), ("minify", "with verified minifying")):
        what = f"peak memory of all processes together, {name}, large"
        yield Claim(what, 300, _memory("large", scenario), "MiB")
    small, big = (_memory(f"opaque-{size}", "cold") for size in OPAQUE)
    what = f"peak memory, 8 files of {OPAQUE[1]} MiB that are not looked into - 8 files of {OPAQUE[0]} MiB"
    yield Claim(what, 20, lambda r: big(r) - small(r), "MiB")


def _ratio(corpus: str, over: str, under: str, what: str = "wall") -> Value:
    return lambda r: median(r, corpus, over, what) / median(r, corpus, under, what)


def _beyond(corpus: str, scenario: str, base: str) -> Value:
    """In milliseconds."""
    return lambda r: 1000 * (median(r, corpus, scenario) - median(r, corpus, base))


def _for_each(scenario: str, many: int, few: int) -> Value:
    return lambda r: (median(r, f"series-{many}", scenario) / many) / (median(r, f"series-{few}", scenario) / few)


def _memory(corpus: str, scenario: str) -> Value:
    """In MiB."""
    return lambda r: fact(r, corpus, scenario, "memory") / 2**20
