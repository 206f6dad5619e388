"""What the command line tells: a build as JSON, problems as JSON, a release as a table."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from assetbuild.errors import Problem

if TYPE_CHECKING:
    from assetbuild.kept import Kept
    from assetbuild.model import Release


def build_json(
    *, release: Release | None = None, seconds: float = 0.0, errors: list[Problem] | None = None
) -> dict[str, Any]:
    return {
        "release": release.id if release else None,
        "path": str(release.dir) if release else None,
        "files": release.files if release else 0,
        "bytes": release.size if release else 0,
        "seconds": round(seconds, 3),
        "built": release.built if release else 0,
        "reused": release.files - release.built if release else 0,
        "warnings": [problem_json(problem) for problem in (release.warnings if release else ())],
        "errors": [problem_json(problem) for problem in errors or ()],
    }


def kept_json(kept: Kept) -> dict[str, Any]:
    return {
        "path": str(kept.directory),
        "entries": kept.entries,
        "builds": kept.builds,
        "bytes": kept.size,
        "limit": kept.limit,
        "problem": kept.problem,
    }


def problem_json(problem: Problem) -> dict[str, Any]:
    place = problem.where
    return {
        "message": problem.what,
        "file": place.file if place else None,
        "line": place.line or None if place else None,
        "column": place.column or None if place else None,
        "notes": list(problem.notes),
        "fix": problem.fix,
    }


MANY = 4  # problems of one cause are told as one
_SHOWN = 3  # places that such a message names


def grouped(problems: Sequence[Problem]) -> list[Problem]:
    """`problems` with those of one cause told as one, in the place of the first, if they are many."""
    causes = _causes(problems)
    together: dict[str, list[Problem]] = defaultdict(list)
    for at, shared in causes.items():
        together[shared].append(problems[at])
    found = []
    for at, problem in enumerate(problems):
        cause = causes.get(at)
        if cause is None:
            found.append(problem)
        elif cause in together:
            found.append(_together(cause, together.pop(cause)))
    return found


def _causes(problems: Sequence[Problem]) -> dict[int, str]:
    """By its index, for each problem that is not told alone, the narrowest cause that it shares with many others."""
    causes: dict[int, str] = {}
    for level in range(max((len(problem.groups) for problem in problems), default=0)):
        free = {
            at: problem.groups[level]
            for at, problem in enumerate(problems)
            if at not in causes and len(problem.groups) > level
        }
        counts = Counter(free.values())
        causes |= {at: cause for at, cause in free.items() if counts[cause] >= MANY}
    return dict(sorted(causes.items()))


def _together(cause: str, problems: Sequence[Problem]) -> Problem:
    places = list(dict.fromkeys(str(problem.where) for problem in problems if problem.where))
    more = len(places) - _SHOWN
    shown = ", ".join(places[:_SHOWN]) + (f" and {more} more; -v tells each" if more > 0 else "")
    fixes = _in_common(problem.fix for problem in problems)
    return Problem(f"{len(problems)} {cause}", None, (shown,) if shown else (), fixes)


def _in_common(fixes: Iterable[str | None]) -> str | None:
    different = set(fixes)
    return different.pop() if len(different) == 1 else None


_GROUPS = {
    "css": {"css"},
    "js": {"js", "mjs", "cjs"},
    "images": {"svg", "png", "jpg", "jpeg", "gif", "webp", "avif", "ico", "bmp", "cur"},
    "fonts": {"woff", "woff2", "ttf", "otf", "eot"},
}
_GROUP_OF = {extension: group for group, extensions in _GROUPS.items() for extension in extensions}


def table(contents: Iterable[tuple[str, int, int, int]]) -> str:
    """Files and bytes by kind: as the sources have them, in the release, and as brotli sends them."""
    rows: dict[str, list[int]] = {group: [0, 0, 0, 0] for group in (*_GROUPS, "other", "all")}
    for name, source_size, size, sent in contents:
        row = rows[_GROUP_OF.get(name.rpartition(".")[2].lower(), "other")]
        row[0] += 1
        row[1] += source_size
        row[2] += size
        row[3] += sent
    rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    lines = [f"{'':8}{'files':>8}{'source':>12}{'released':>12}{'br':>12}   bytes"]
    for group, numbers in rows.items():
        if numbers[0]:
            lines.append(f"{group:8}{numbers[0]:>8,}" + "".join(f"{number:>12,}" for number in numbers[1:]))
    return "\n".join(lines)


def all_json(problems: list[Problem]) -> list[dict[str, Any]]:
    return [problem_json(problem) for problem in problems]
