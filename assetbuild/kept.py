"""The cache directory as a whole: the store of results, and what the last build of each configuration left."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from assetbuild import atomic
from assetbuild.named import NamedTuple

if TYPE_CHECKING:
    from assetbuild.store import Info

_BUILDS = "builds"
_HEX = frozenset("0123456789abcdef")
_DAY = 86_400
_OLD = 60 * _DAY  # seconds; nobody goes on from a build that was made or asked for longer ago


class Kept(NamedTuple):
    """`entries` are results in the store, `builds` configurations; `size` in bytes on disk, of which the store's is
    kept below `limit`."""

    directory: Path
    entries: int
    builds: int
    size: int
    limit: int
    problem: str | None


def cache_directory(chosen: Path | None) -> Path:
    """`chosen`, else a directory of ours among the user's caches."""
    if chosen:
        return chosen.absolute()
    from platformdirs import user_cache_path

    return user_cache_path("assetbuild", appauthor=False)


def info(chosen: Path | None) -> Kept:
    from assetbuild import store

    directory = cache_directory(chosen)
    return _kept(directory, store.info(directory))


def clear(chosen: Path | None) -> Kept:
    """What there was."""
    from assetbuild import store

    directory = cache_directory(chosen)
    before = info(directory)
    cleared = store.clear(directory)
    problem = cleared.problem
    for file in _builds(directory):
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            problem = f"'{file}' cannot be removed: {error.strerror}"
    return before._replace(problem=problem)


def forget_old_builds(directory: Path) -> None:
    """Those that nobody has asked for in a long time, and what killed builds have not written to the end."""
    oldest = time.time() - _OLD
    files = _builds(directory)
    atomic.remove_dead_files(file for file in files if file.suffix == ".new")
    atomic.remove_dead_files(_begun_stores(directory), ("-wal", "-shm", "-journal", ""))
    for file in files:
        with suppress(OSError):
            if file.stat().st_mtime < oldest:
                file.unlink()


def mark_used(*files: str) -> None:
    """Once a day: what is asked for is not forgotten."""
    with suppress(OSError):
        if os.stat(files[0]).st_mtime < time.time() - _DAY:
            for file in files:
                os.utime(file)


def _kept(directory: Path, found: Info) -> Kept:
    builds = _builds(directory)
    size = sum(_size(file) for file in builds)
    count = sum(file.suffix == ".stamp" for file in builds)
    return Kept(directory, found.entries, count, found.size + size, found.limit, found.problem)


def _builds(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory / _BUILDS) as entries:
            return [Path(entry.path) for entry in entries if _is_ours(entry.name)]
    except OSError:
        return []


def _begun_stores(directory: Path) -> list[Path]:
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    return [directory / name for name in names if name.endswith(".new") and name[0] == "v" and ".sqlite3." in name]


def _is_ours(name: str) -> bool:
    """A hash, what it is of, and what it is written as at first: `01234567.stamp.89.new`."""
    key, _, rest = name.partition(".")
    kind, _, scratch = rest.partition(".")
    number, _, end = scratch.partition(".")
    is_scratch = number.isdecimal() and end == "new"
    return len(key) == 8 and _HEX.issuperset(key) and kind in ("stamp", "known") and (not scratch or is_scratch)


def _size(file: Path) -> int:
    with suppress(OSError):
        return file.stat().st_size
    return 0
