"""File-system events -> batches of names that have settled: inotify on Linux, elsewhere and for polling an observer.

Everything but `wake()` belongs to one thread, the one that waits. A batch is given out only after all that it is about
is watched again, so whoever reads the disk then misses nothing: what is written later is in a later batch.
"""

from __future__ import annotations

import math
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from time import monotonic
from types import TracebackType
from typing import Any, Protocol

from assetbuild.errors import AssetBuildError
from assetbuild.inotify import Inotify
from assetbuild.observed import Observed
from assetbuild.settled import Batch, Event, Kind, Pending

__all__ = ["Batch", "Watcher"]

LOOK = 1.0  # seconds between two looks whether the directories given are still the same ones
LOOK_FOR_MISSING = 0.25  # the same while one is missing


class Watcher:
    """Watches `directories` with all below, and `files` singly; a context manager. Links inside are not followed.

    None of them need exist. `polling`: seconds between two looks, for file systems that tell nothing (network mounts).
    Entering, `follow` and `wait` raise AssetBuildError where the system refuses to watch.
    """

    def __init__(self, directories: Iterable[str], files: Iterable[str] = (), *, polling: float | None = None) -> None:
        self._wanted = frozenset(directories), frozenset(files)
        self._polling = polling
        self._source: _Source | None = None
        self._places: dict[tuple[str, bool], _Place] = {}  # by path, and whether it is watched with all below
        self._pending = Pending()
        self._next_look = 0.0

    def __enter__(self) -> Watcher:
        by_inotify = sys.platform == "linux" and self._polling is None
        self._source = Inotify() if by_inotify else Observed(self._polling)
        try:
            self._follow()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self._pending = Pending()  # nobody has read anything yet
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        source, self._source = self._source, None
        self._places = {}
        if source:
            source.close()

    def follow(self, directories: Iterable[str], files: Iterable[str] = ()) -> None:
        """Watch these from now on. What was not watched before may have changed since it was read: it is reported."""
        wanted = frozenset(directories), frozenset(files)
        if wanted != self._wanted:
            self._wanted = wanted
            if self._source:
                self._follow()

    def wait(self, timeout: float | None = None) -> Batch | None:
        """The next batch, or None after `timeout` seconds."""
        end = math.inf if timeout is None else monotonic() + timeout
        seconds = 0.0
        while True:
            woken = self._take(seconds)
            now = monotonic()
            if now >= self._next_look:
                self._look()
            if woken:
                return Batch(frozenset(), False)
            due = self._pending.due()
            if due <= now:
                batch, self._pending = self._pending.batch(), Pending()
                return batch
            if end <= now:
                return None
            seconds = min(due, end, self._next_look) - now

    def wake(self) -> None:
        """Make `wait()` return an empty batch; for signal handlers and other threads."""
        if source := self._source:
            source.wake()

    def _follow(self) -> None:
        directories, files = self._wanted
        names: dict[str, set[str]] = {}
        for file in files:
            parent, name = os.path.split(file)
            names.setdefault(parent, set()).add(name)
        wanted = {(path, True) for path in directories} | {(path, False) for path in names}
        for key in self._places.keys() - wanted:
            self._release(self._places.pop(key))
        for path, is_tree in wanted - self._places.keys():
            self._places[path, is_tree] = _Place(path, None if is_tree else names.pop(path))
        for path, some in names.items():  # what is left is watched for other names already
            self._change_names(self._places[path, False], some)
        self._look()

    def _take(self, seconds: float) -> bool:
        """Note what has happened, waiting at most so long for a first event; whether `wake()` was called."""
        assert self._source, "a Watcher works inside its 'with' block"
        woken = False
        try:
            for path, kind in self._source.take(seconds):
                if kind == "woken":
                    woken = True
                elif kind == "lost":
                    self._start_again()
                else:
                    self._heed(path, kind)
        except AssetBuildError:
            self._start_again()  # what was to be watched is not, so the next wait() shall not be silent
            raise
        return woken

    def _heed(self, path: str, kind: Kind) -> None:
        if (
            kind == "look" or (path, True) in self._places
        ):  # a link that is given as a directory is a file to what is above
            self._next_look = 0.0
        if kind != "look":
            self._pending.note(path, kind, monotonic())

    def _look(self) -> None:
        """Watch those directories anew that have come, or are not the ones they were: no event tells of a mount, of
        another target of a link, or of a directory above that was renamed."""
        assert self._source
        for place in self._places.values():
            identity = _identity(place.path)
            if identity == place.identity and (place.handle is None or self._source.alive(place.handle)):
                continue
            was_there = place.handle is not None
            self._release(place)
            if identity:
                place.handle = self._source.arm(place.path, place.names)
                place.identity = identity if place.handle else None
            if was_there or place.handle:
                self._note_all(place)
        missing = any(place.handle is None for place in self._places.values())
        self._next_look = monotonic() + max(LOOK_FOR_MISSING if missing else LOOK, self._polling or 0)

    def _change_names(self, place: _Place, names: set[str]) -> None:
        assert place.names is not None
        self._note(place, names - place.names)
        place.names |= names  # the same set, which the source looks into; never without a name that stays
        place.names &= names

    def _note_all(self, place: _Place) -> None:
        if place.names is None:
            self._pending.note(place.path, "tree", monotonic())
        else:
            self._note(place, place.names)

    def _note(self, place: _Place, names: Iterable[str]) -> None:
        for name in names:
            self._pending.note(os.path.join(place.path, name), "touched", monotonic())

    def _release(self, place: _Place) -> None:
        if place.handle and self._source:
            self._source.release(place.handle)
        place.handle = place.identity = None

    def _start_again(self) -> None:
        """Events were lost, so what is watched may no longer be what is there."""
        assert self._source
        for place in self._places.values():
            place.handle = place.identity = None
        self._next_look = 0.0
        self._pending.note("", "tree", monotonic())
        self._source.clear()


class _Place:
    """A wanted directory and the names that matter in it (None: all below), as it is watched at present.

    `handle` is the source's own; None while there is nothing to watch.
    """

    __slots__ = ("handle", "identity", "names", "path")

    def __init__(self, path: str, names: set[str] | None) -> None:
        self.path, self.names = path, names
        self.identity: tuple[int, int] | None = None
        self.handle: Any = None


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None


class _Source(Protocol):
    """What a system tells. `arm` gives a handle, or None where the directory cannot be watched at present."""

    def arm(self, path: str, names: set[str] | None) -> Any: ...
    def alive(self, handle: Any) -> bool: ...
    def release(self, handle: Any) -> None: ...
    def take(self, seconds: float) -> Iterator[Event]: ...
    def clear(self) -> None: ...
    def wake(self) -> None: ...
    def close(self) -> None: ...
