"""Results of `python -m benchmarks.watch` -> the section "How fast" of docs/watch.md. No number in it is edited."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Results = Mapping[str, Any]
OURS, LARGE = "assetbuild", "assetbuild, large"
_LABELS = {
    OURS: "**assetbuild watch**",
    "esbuild": "esbuild --watch",
    "webassets": "webassets watch, no images",
    "vite": "vite build --watch",
    LARGE: "**assetbuild watch**, 3,000 files",
}
_SECTION = re.compile(r"\n*^## How fast$.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_HOW = """\
From just before a file is saved until its new bytes are on disk, in milliseconds; for assetbuild, until `manifest.json`
names a file that holds them. *Idle* is the processor time of all of a tool's processes while nothing is saved, of one
processor. The tools run at the same time, each on a copy of its own of the sample site, and are saved to in turns after
random pauses of 0.15 to 0.6 seconds: an imported style sheet, an imported JavaScript module, an image that a style
sheet names. The 3,000 files are those of the Django corpus of the [other measurements](performance.md); there it is a
script that nothing names, and a style sheet that four others import.
"""
_NOTE = """\
The other tools have the options that they offer to be fast: no minifying, no hashes in names (assetbuild has them), no
waiting for more. esbuild and webassets look at the files from time to time, so their figures are for the most part how
long it is until they look. esbuild and Vite bundle, webassets joins files, assetbuild does neither here.
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """`found` is None where it was not measured; `shape` is the format that shows it and the limit."""

    what: str
    found: float | None
    most: float
    shape: str = "{:.0f} ms"

    @property
    def holds(self) -> bool:
        return self.found is None or self.found <= self.most


def write(results: Results, file: Path) -> None:
    """The section alone: in its place, or at the end of a page that has none."""
    page, section = file.read_text() if file.exists() else "", render(results)
    if _SECTION.search(page):
        page = _SECTION.sub(lambda found: f"\n\n{section}" + ("\n" if found.end() < len(page) else ""), page)
    else:
        page = f"{page.rstrip()}\n\n{section}"
    file.write_text(page.lstrip())


def render(results: Results) -> str:
    return "\n".join(("## How fast", "", _HOW, *_table(results), "", *_kinds(results), "", _NOTE, *_limits(results)))


def limits(results: Results) -> list[Limit]:
    sample, large, idle = _all(results, OURS), _all(results, LARGE), results.get("idle", {})
    cpu = [idle[name] * 100 for name in (OURS, LARGE) if name in idle]
    start, long = results.get("start", {}), _growth(results)
    return [
        Limit("sample site, median", _share(sample, 0.5), 25),
        Limit("sample site, 95 of 100 saves", _share(sample, 0.95), 60),
        Limit("3,000 files, median", _share(large, 0.5), 60),
        Limit("idle, of one processor", max(cpu, default=None), 0.5, "{:.2f} %"),
        Limit(
            "start until the manifest is right, 3,000 files, one changed meanwhile",
            _median(start.get("warm")),
            1,
            "{:.2f} s",
        ),
        Limit("descriptors after 5,000 rebuilds - after 50", long.get("descriptors"), 0, "{:.0f}"),
        Limit("memory after 5,000 rebuilds - after 50", long.get("memory"), 3, "{:.1f} MiB"),
    ]


def _table(results: Results) -> Iterator[str]:
    yield "| | median | 95 of 100 | worst | idle |"
    yield "| :-- | --: | --: | --: | --: |"
    for name in results.get("saves", {}):
        times, idle = _all(results, name), results.get("idle", {}).get(name)
        shown = [_shown(_share(times, share)) for share in (0.5, 0.95, 1)]
        yield _row(_LABELS[name], *shown, "" if idle is None else f"{idle * 100:.2f} %")


def _kinds(results: Results) -> Iterator[str]:
    """Medians; the large corpus has kinds of its own."""
    found = results.get("saves", {})
    kinds = list(dict.fromkeys(kind for name in found if name != LARGE for kind in found[name]))
    if kinds:
        yield _row("median", *kinds)
        yield _row(":--", *("--:" for _ in kinds))
        for name in found:
            if name != LARGE:
                yield _row(_LABELS[name], *(_middle(found[name].get(kind)) for kind in kinds))
    if LARGE in found:
        shown = ", ".join(f"{kind} {_middle(times)}" for kind, times in found[LARGE].items())
        yield f"\nMedians with 3,000 files: {shown}."


def _limits(results: Results) -> Iterator[str]:
    yield "| assetbuild | measured | at most | holds |"
    yield "| :-- | --: | --: | :-- |"
    for one in limits(results):
        shown = "not measured" if one.found is None else one.shape.format(one.found)
        holds = "" if one.found is None else "yes" if one.holds else "**no**"
        yield _row(one.what, shown, one.shape.format(one.most), holds)
    yield ""
    yield from filter(None, (_starts(results), _held(results), _error(results), _where(results)))


def _starts(results: Results) -> str:
    cold = _median(results.get("start", {}).get("cold"))
    return f"With an empty cache the start on 3,000 files takes {cold:.1f} seconds." if cold else ""


def _held(results: Results) -> str:
    if "long" not in results:
        return ""
    held = results["long"][min(results["long"], key=int)]
    return f"After 50 rebuilds it holds {held['memory'] / 2**20:.0f} MiB and {held['descriptors']} descriptors."


def _error(results: Results) -> str:
    """How much later than it happened a thing may have been seen: the time between two looks."""
    errors = [
        e * 1000 for kinds in results.get("saves", {}).values() for kind in kinds.values() for e in kind["errors"]
    ]
    if not errors:
        return ""
    unseen = sum(seconds is None for name in results["saves"] for seconds in _all(results, name))
    missed = f" Not seen in 10 seconds: {unseen} saves." if unseen else ""
    return (
        "What was there may have been seen late, by no more than the time between two looks: "
        f"{statistics.median(errors):.1f} ms in the median, {max(errors):.1f} ms in the worst case.{missed}"
    )


def _where(results: Results) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in results.get("versions", {}).items())
    machine = "; ".join(f"{what}: {found}" for what, found in results.get("machine", {}).items())
    return f"\n{versions}. {machine}.\n\n`python -m benchmarks.watch` writes this section.\n"


def _growth(results: Results) -> dict[str, float]:
    if "long" not in results:
        return {}
    first, *_, last = (results["long"][rebuilds] for rebuilds in sorted(results["long"], key=int))
    return {
        "descriptors": last["descriptors"] - first["descriptors"],
        "memory": (last["memory"] - first["memory"]) / 2**20,
    }


def _all(results: Results, name: str) -> list[float | None]:
    return [seconds for kind in results.get("saves", {}).get(name, {}).values() for seconds in kind["seconds"]]


def _share(times: Sequence[float | None], share: float) -> float | None:
    """Milliseconds that this share of the saves took at most; one that was not seen took for ever."""
    ordered = sorted(math.inf if seconds is None else seconds for seconds in times)
    return ordered[math.ceil(share * len(ordered)) - 1] * 1000 if ordered else None


def _middle(kind: Mapping[str, Sequence[float | None]] | None) -> str:
    return _shown(_share(kind["seconds"], 0.5)) if kind else ""


def _shown(milliseconds: float | None) -> str:
    return "" if milliseconds is None else "not seen" if math.isinf(milliseconds) else f"{milliseconds:.1f}"


def _median(times: Sequence[float] | None) -> float | None:
    return statistics.median(times) if times else None


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
