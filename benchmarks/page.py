"""Results of a run -> docs/performance.md and its charts. No number on the page is edited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import chart
from benchmarks.chart import Bar, Curve
from benchmarks.claims import Absent, Claim, Results, claims, median
from benchmarks.corpora import SERIES, SMALL
from benchmarks.prose import AGAINST, FLOORS, HOW, OPENING, OURS, PEERS

_TITLES = {"django": "Django", "large": "Large", "fan": "One image, 1,000 style sheets"}
_LABELS = FLOORS | OURS | PEERS
_BARS = {  # on the charts
    "Nothing was built before": {
        "cold": "assetbuild",
        "minify": "assetbuild, minified",
        "django-plain": "Django, plain copy",
        "django-manifest": "Django, manifest",
        "webassets": "webassets, CSS and JS only",
        "sprockets": "Sprockets",
        "esbuild": "esbuild, CSS and JS only",
        "hash": "read and hash",
        "copy": "cp -r",
    },
    "Nothing has changed": {
        "noop": "assetbuild",
        "django-plain-again": "Django, plain copy",
        "django-manifest-again": "Django, manifest",
        "webassets-again": "webassets, CSS and JS only",
        "sprockets-again": "Sprockets",
        "click": "start, click, walk",
    },
}
_CURVES = {
    "cold": ("assetbuild, cold", "ours"),
    "noop": ("assetbuild, no change", "ours"),
    "django-manifest": ("Django, manifest", "other"),
}


def write(results: Results, file: Path) -> None:
    """The page and, beside it, its charts."""
    for name, drawn in charts(results).items():
        file.with_name(f"{file.stem}-{name}.svg").write_text(drawn)
    file.write_text(render(results, file.stem))


def charts(results: Results) -> dict[str, str]:
    found = {}
    for corpus in ("django", "large"):
        groups = {title: _bars(results, corpus, wanted) for title, wanted in _BARS.items()}
        if groups := {title: group for title, group in groups.items() if group}:
            measured = results["corpora"][corpus]
            title = f"Seconds for {measured['files']:,} files, {measured['size'] / 1e6:.0f} MB (logarithmic)"
            found[corpus] = chart.bars(title, groups)
    if drawn := _curves(results):
        found["scaling"] = chart.curves("Seconds over the number of files (both logarithmic)", drawn)
    return found


def render(results: Results, stem: str) -> str:
    """`stem` is what the charts' names begin with."""
    drawn = charts(results)
    parts = [OPENING, AGAINST, _claims(results)]
    for corpus, title in _TITLES.items():
        if corpus in results["corpora"]:
            parts += [_heading(title, results["corpora"][corpus]), _image(stem, corpus, drawn), _table(results, corpus)]
    if any(name.startswith("series-") for name in results["corpora"]):
        parts += [_scaling(results), _image(stem, "scaling", drawn)]
    parts += [HOW, _machine(results)]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _claims(results: Results) -> str:
    lines = [
        "| claim | measured | limit | holds |",
        "| :-- | --: | --: | :-- |",
        *(_claim(one, results) for one in claims()),
    ]
    return "\n".join(lines)


def _claim(claim: Claim, results: Results) -> str:
    side = "at least" if claim.at_least else "at most"
    limit = f"{side} {_number(claim.limit, claim.unit)}"
    try:
        value = claim.value(results)
    except Absent:
        return f"| {claim.text} | not measured | {limit} | |"
    return f"| {claim.text} | {_number(value, claim.unit)} | {limit} | {'yes' if claim.holds(value) else '**no**'} |"


def _number(value: float, unit: str) -> str:
    shown = f"{value:,.0f}" if unit in ("ms", "") or abs(value) >= 10 else f"{value:.2f}"
    return f"{shown} {unit}".strip()


def _heading(title: str, measured: Mapping[str, Any]) -> str:
    return f"## {title}: {measured['files']:,} files, {measured['size'] / 1e6:.0f} MB"


def _image(stem: str, name: str, drawn: Mapping[str, str]) -> str:
    return f"![The same as a chart]({stem}-{name}.svg)" if name in drawn else ""


def _table(results: Results, corpus: str) -> str:
    """Seconds and MB; the order is that of the labels, not of the runs."""
    measured = results["corpora"][corpus]["scenarios"]
    lines = ["| | wall, s | CPU, s | largest process, MB | all together, MB |", "| :-- | --: | --: | --: | --: |"]
    for group in (OURS, PEERS, FLOORS):
        lines += [_line(results, corpus, name) for name in group if name in measured]
    return "\n".join(lines)


def _line(results: Results, corpus: str, name: str) -> str:
    found = results["corpora"][corpus]["scenarios"][name]
    if "error" in found or not found["runs"]:
        return f"| {_LABELS[name]} | failed | | | |"
    wall, cpu, largest = (median(results, corpus, name, what) for what in ("wall", "cpu", "largest"))
    together = f"{found['memory'] / 1e6:.0f}" if found.get("memory") else ""
    note = f" ({found['new files']:,} new files)" if "new files" in found else ""
    return f"| {_LABELS[name]}{note} | {_seconds(wall)} | {_seconds(cpu)} | {largest / 1e6:.0f} | {together} |"


def _scaling(results: Results) -> str:
    lines = [
        "## Scaling",
        "",
        f"The files of the first corpus up to {SMALL // 1024} KiB, over and over; no copy has another's bytes.",
        "",
        "| files | MB | " + " | ".join(f"{label}, s" for label, _ in _CURVES.values()) + " |",
        "| --: | --: |" + " --: |" * len(_CURVES),
    ]
    for count in SERIES:
        if measured := results["corpora"].get(f"series-{count}"):
            cells = (_cell(results, f"series-{count}", name) for name in _CURVES)
            lines.append(f"| {count:,} | {measured['size'] / 1e6:.0f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(results: Results, corpus: str, name: str) -> str:
    try:
        return _seconds(median(results, corpus, name))
    except Absent:
        return ""


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}" if seconds < 1 else f"{seconds:.2f}" if seconds < 10 else f"{seconds:.1f}"


def _bars(results: Results, corpus: str, wanted: Mapping[str, str]) -> list[Bar]:
    found = []
    for name, label in wanted.items():
        kind = "ours" if name in OURS else "floor" if name in FLOORS else "other"
        try:
            found.append(Bar(label, median(results, corpus, name), kind))
        except Absent:
            continue
    return found


def _curves(results: Results) -> list[Curve]:
    found = ((label, kind, list(_points(results, name))) for name, (label, kind) in _CURVES.items())
    return [Curve(label, points, kind) for label, kind, points in found if len(points) > 1]


def _points(results: Results, name: str) -> Iterator[tuple[float, float]]:
    for count in SERIES:
        try:
            yield count, median(results, f"series-{count}", name)
        except Absent:
            continue


def _machine(results: Results) -> str:
    machine = "; ".join(f"{what}: {found}" for what, found in results["machine"].items())
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    rounds = ", ".join(f"{name} {_rounds(corpus)}" for name, corpus in results["corpora"].items())
    took = f"rounds: {rounds}; {results.get('seconds', 0) / 60:.0f} minutes"
    return f"**Machine.** {machine}.\n\n**Versions.** {versions}.\n\n**The run.** {took}."


def _rounds(corpus: Mapping[str, Any]) -> int:
    return max(len(scenario.get("runs", ())) for scenario in corpus["scenarios"].values())
