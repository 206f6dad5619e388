"""What the command line tells: a build as JSON, problems as JSON, a release as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assetbuild.errors import Problem

if TYPE_CHECKING:
    from assetbuild.release import Release


def build_json(
    *, release: Release | None = None, seconds: float = 0.0, errors: list[Problem] | None = None
) -> dict[str, Any]:
    files = release.record["files"] if release else {}
    return {
        "release": release.id if release else None,
        "path": str(release.dir) if release else None,
        "files": len(files),
        "bytes": sum(entry["size"] for entry in files.values()),
        "seconds": round(seconds, 3),
        "built": len(files) if release and release.created else 0,
        "reused": 0 if release and release.created else len(files),
        "warnings": [problem_json(problem) for problem in (release.warnings if release else ())],
        "errors": [problem_json(problem) for problem in errors or ()],
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


_GROUPS = {
    "css": {"css"},
    "js": {"js", "mjs", "cjs"},
    "images": {"svg", "png", "jpg", "jpeg", "gif", "webp", "avif", "ico", "bmp", "cur"},
    "fonts": {"woff", "woff2", "ttf", "otf", "eot"},
}


def table(files: Mapping[str, Any]) -> str:
    """Files and bytes by kind: as the sources have them, in the release, and as brotli sends them."""
    rows: dict[str, list[int]] = {group: [0, 0, 0, 0] for group in (*_GROUPS, "other", "all")}
    for name, entry in files.items():
        extension = name.rpartition(".")[2].lower()
        group = next((group for group, extensions in _GROUPS.items() if extension in extensions), "other")
        smallest = entry["variants"].get("br", entry)["size"]
        for row in (rows[group], rows["all"]):
            for column, value in enumerate((1, entry["source_size"], entry["size"], smallest)):
                row[column] += value
    lines = [f"{'':8}{'files':>8}{'source':>12}{'released':>12}{'br':>12}   bytes"]
    for group, numbers in rows.items():
        if numbers[0]:
            lines.append(f"{group:8}{numbers[0]:>8,}" + "".join(f"{number:>12,}" for number in numbers[1:]))
    return "\n".join(lines)


def all_json(problems: list[Problem]) -> list[dict[str, Any]]:
    return [problem_json(problem) for problem in problems]
