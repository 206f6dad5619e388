"""Numbers -> SVG, readable on light and on dark pages: bars and curves over logarithmic axes.

Colours follow the reader's colour scheme, which an image knows too; the background is the page's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

_STYLE = """\
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 14px; font-weight: 600 }
.quiet { fill: #57606a }
.grid { stroke: #8c959f; stroke-opacity: .35 }
.ours { fill: #0969da; stroke: #0969da }
.other { fill: #8c6d1f; stroke: #8c6d1f }
.floor { fill: #8c959f; stroke: #8c959f }
rect { stroke: none !important }
.curve { fill: none !important; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .quiet { fill: #9da7b3 }
  .ours { fill: #58a6ff; stroke: #58a6ff }
  .other { fill: #d9b44a; stroke: #d9b44a }
}
"""
_WIDTH = 760
_LEFT, _RIGHT = 230, 70  # beside the bars: what they are, and how long they are
_ROW, _TOP, _BOTTOM = 24, 40, 28
_CURVES_HEIGHT, _CURVES_LEFT, _CURVES_RIGHT = 380, 60, 170


@dataclass(frozen=True, slots=True)
class Bar:
    """`kind` is "ours", "other" or "floor"."""

    label: str
    seconds: float
    kind: str


@dataclass(frozen=True, slots=True)
class Curve:
    """`points` are (files, seconds), from left to right."""

    label: str
    points: Sequence[tuple[float, float]]
    kind: str


@dataclass(frozen=True, slots=True)
class _Axis:
    """Logarithmic: `low` and `high` are powers of ten, `start` and `end` the pixels where they lie."""

    low: int
    high: int
    start: float
    end: float

    def at(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    @property
    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def bars(title: str, groups: Mapping[str, Iterable[Bar]]) -> str:
    """One bar below the other, under the name of its group."""
    rows: list[str | Bar] = []
    for name, group in groups.items():
        rows += [name, *sorted(group, key=lambda bar: bar.seconds)]
    axis = _axis((bar.seconds for bar in rows if isinstance(bar, Bar)), _LEFT, _WIDTH - _RIGHT)
    bottom = _TOP + _ROW * len(rows)
    drawn = [_grid(axis.at(tick), _TOP, axis.at(tick), bottom) for tick in axis.ticks]
    drawn += [_text(axis.at(tick), bottom + 18, _seconds(tick), "middle", "quiet") for tick in axis.ticks]
    for number, row in enumerate(rows):
        drawn += _row(row, axis, _TOP + _ROW * number)
    return _svg(title, bottom + _BOTTOM, drawn)


def curves(title: str, given: Sequence[Curve]) -> str:
    """Over the number of files."""
    points = [point for curve in given for point in curve.points]
    bottom = _CURVES_HEIGHT - _BOTTOM - 10
    across = _axis((files for files, _ in points), _CURVES_LEFT, _WIDTH - _CURVES_RIGHT)
    up = _axis((seconds for _, seconds in points), bottom, _TOP)
    drawn = [_grid(across.at(tick), _TOP, across.at(tick), bottom) for tick in across.ticks]
    drawn += [_text(across.at(tick), bottom + 18, f"{tick:,.0f} files", "middle", "quiet") for tick in across.ticks]
    drawn += [_grid(across.start, up.at(tick), across.end, up.at(tick)) for tick in up.ticks]
    drawn += [_text(across.start - 8, up.at(tick) + 4, _seconds(tick), "end", "quiet") for tick in up.ticks]
    for curve in given:
        drawn += _curve(curve, across, up)
    return _svg(title, _CURVES_HEIGHT, drawn)


def _row(row: str | Bar, axis: _Axis, top: float) -> Iterator[str]:
    if isinstance(row, str):
        yield _text(0, top + 17, row, css="title")
        return
    width = max(2.0, axis.at(row.seconds) - axis.start)
    yield _text(axis.start - 8, top + 16, row.label, "end")
    yield f'<rect class="{row.kind}" x="{axis.start}" y="{top + 5}" width="{width:.1f}" height="15"/>'
    yield _text(axis.start + width + 6, top + 16, _seconds(row.seconds), css="quiet")


def _curve(curve: Curve, across: _Axis, up: _Axis) -> Iterator[str]:
    placed = [(across.at(files), up.at(seconds)) for files, seconds in curve.points]
    yield f'<polyline class="curve {curve.kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in placed)}"/>'
    yield from (f'<circle class="{curve.kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in placed)
    yield _text(placed[-1][0] + 8, placed[-1][1] + 4, curve.label)


def _axis(values: Iterable[float], start: float, end: float) -> _Axis:
    logarithms = [math.log10(value) for value in values]
    low, high = math.floor(min(logarithms)), math.ceil(max(logarithms))
    return _Axis(low, max(high, low + 1), start, end)


def _grid(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", css: str = "") -> str:
    named = f' class="{css}"' if css else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _svg(title: str, height: float, drawn: Iterable[str]) -> str:
    body = "\n".join(drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" role="img">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE}</style>\n"
        f"{_text(0, 18, title, css='title')}\n{body}\n</svg>\n"
    )
