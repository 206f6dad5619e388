"""What the torture has found -> the tables of docs/reliability.md, between markers; the prose stays."""

from __future__ import annotations

import platform
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

_NAMED = 10  # points that were not met: so many are named


def write(page: Path, results: Mapping[str, Any]) -> None:
    """Replace what stands between `<!-- torture: PART -->` and `<!-- /torture -->`, for each part in `results`."""
    text = page.read_text()
    for part, result in results.items():
        text = replaced(text, part, render(part, result))
    page.write_text(replaced(text, "machine", machine()))


def replaced(text: str, part: str, table: str) -> str:
    """Raises ValueError where the page has no place for it."""
    pattern = re.compile(rf"(<!-- torture: {part} -->\n).*?(<!-- /torture -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"the page has no place for '{part}'")
    return pattern.sub(lambda match: f"{match[1]}{table}\n{match[2]}", text)


def machine() -> str:
    python = ".".join(map(str, sys.version_info[:3]))
    return f"Python {python}, {platform.system()} {platform.release()}, {platform.machine()}."


def render(part: str, result: Mapping[str, Any]) -> str:
    if "left out" in result:
        return f"Left out: {result['left out']}."
    return {"kills": _kills, "faults": _faults}.get(part, _rows)(result)


def _kills(result: Mapping[str, Any]) -> str:
    """By kind of build and victim, all sizes and both ways to begin together."""
    counts: Counter[tuple[str, str]] = Counter()
    done: Counter[tuple[str, str]] = Counter()
    for row, columns in result["rows"].items():
        if "kills" in columns:
            kind, _, victim, _ = row.split(", ")
            counts[kind, victim] += columns["kills"]
            done[kind, victim] += columns.get("new", 0)
    kinds, victims = _unique(kind for kind, _ in counts), ("all of it", "the parent alone", "one worker")
    rows: list[list[Any]] = []
    for kind in kinds:
        own = [counts[kind, victim] for victim in victims]
        rows.append([kind, *own, sum(own), sum(done[kind, victim] for victim in victims)])
    rows.append(["all", *(sum(row[at] for row in rows) for at in range(1, 6))])
    head = ["killed", *victims, "all", "the new release stood already"]
    return f"{_table(head, rows)}\n\n{_end(result)}"


def _faults(result: Mapping[str, Any]) -> str:
    columns = ("tried", "killed", "status 0", "status 1")
    kinds = [kind for kind, counts in result["rows"].items() if "tried" in counts]
    rows: list[list[Any]] = [[kind, *(result["rows"][kind].get(one, 0) for one in columns)] for kind in sorted(kinds)]
    rows.append(["all", *(sum(row[at] for row in rows) for at in range(1, 5))])
    head = ["fault in", "tries", "killed there", "built all the same", "ended with a message"]
    calls = ", ".join(f"{call} {count}" for call, count in sorted(result["rows"].get("by call", {}).items()))
    nearby = sum(counts.get("nearby", 0) for counts in result["rows"].values())
    what = (
        f"**{result['met']:,} of {result['points']:,} fault points** were met by an error and by a kill, "
        f"{nearby:,} of these tries at the nearest such call. Tries by call: {calls}."
    )
    return f"{_table(head, rows)}\n\n{what} {_not_met(result)}{_end(result)}"


def _not_met(result: Mapping[str, Any]) -> str:
    """What there was no time for, and what was not found."""
    missing = result["points"] - result["met"]
    if not missing:
        return ""
    lost = sum(counts.get("not reached", 0) for counts in result["rows"].values())
    names = f" ({', '.join(result['not met'])})" if missing <= _NAMED else ""
    return f"Not met, or by one of the two only: {missing:,}{names}; {lost:,} tries found no such call any time. "


def _rows(result: Mapping[str, Any]) -> str:
    rows = [
        [name, ", ".join(f"{column}: {count:,}" for column, count in columns.items())]
        for name, columns in result["rows"].items()
        if name != "complaints"
    ]
    return f"{_table(['what', 'figures'], rows)}\n\n{_end(result)}"


def _end(result: Mapping[str, Any]) -> str:
    said = f"{result['done']:,} of {result['total']:,} tries" if result["total"] else f"{result['done']:,} tries"
    return f"{said} in {result['seconds']} s; not as promised: **{len(result['complaints'])}**."


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    shown = [[f"{one:,}" if isinstance(one, int) else str(one) for one in row] for row in rows]
    return "\n".join(
        [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in shown)]
    )


def _unique(names: Iterable[str]) -> list[str]:
    return sorted(dict.fromkeys(names))
