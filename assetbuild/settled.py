"""What has happened to files -> batches of names, given out when they have settled. Knows no system and no clock."""

from __future__ import annotations

import math
from typing import Literal

from assetbuild.named import NamedTuple

QUICK = 0.002  # seconds that one whole saved file waits for company
QUIET = 0.020  # seconds without an event after which several files, or one still open, have settled
LONGEST = 0.200  # seconds after which a batch is given out although events still come

Kind = Literal["came", "arrived", "open", "touched", "done", "gone", "tree", "look", "lost", "woken"]
Event = tuple[str, Kind]


class Batch(NamedTuple):
    """`files` came, changed, went or were renamed (both names); `rescan`: look at everything below what is watched."""

    files: frozenset[str]
    rescan: bool


class Pending:
    """What has come since the last batch, and when it will have settled."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[bool, Kind]] = {}  # whether it was new here, and what happened to it last
        self._rescan = False
        self._first = self._last = math.inf

    def note(self, path: str, kind: Kind, at: float) -> None:
        self._first, self._last = min(self._first, at), at
        if kind == "tree":
            self._rescan = True
            return
        is_new, before = self._files.get(path, (kind in ("came", "arrived"), None))
        self._files[path] = (is_new, before if kind == "touched" and before else kind)

    def due(self) -> float:
        """When to give it out, by the clock of `note`; infinity while there is nothing."""
        return min(self._last + (QUICK if self._is_one_save() else QUIET), self._first + LONGEST)

    def _is_one_save(self) -> bool:
        """One file is there, whole, and what went had come only for that: an editor's temporary file.

        A file that is gone may be about to come again (delete and create, rename to a backup and create).
        """
        if self._rescan or len(self._files) > 8:
            return False
        present = [kind for _, kind in self._files.values() if kind != "gone"]
        return present in (["done"], ["arrived"]) and all(new for new, kind in self._files.values() if kind == "gone")

    def batch(self) -> Batch:
        return Batch(frozenset(self._files), self._rescan)
