"""Paths -> the directories that they are in."""

from __future__ import annotations

from collections.abc import Iterable


def above(paths: Iterable[str]) -> set[str]:
    """All directories that `paths` are in, however deep; the topmost one, the empty name, is not among them."""
    found: set[str] = set()
    for directory in {path.rpartition("/")[0] for path in paths}:
        while directory and directory not in found:
            found.add(directory)
            directory = directory.rpartition("/")[0]
    return found
