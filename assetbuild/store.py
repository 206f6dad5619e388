"""Bytes by key, kept between builds: an accelerator that may be deleted, damaged or shared at any moment.

Every value carries a checksum over its key and itself, so whatever happens to the file, `get` gives what was put or
nothing. No error of the database or the file system leaves this module: `problem` tells what went wrong.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakSet

from assetbuild import database
from assetbuild.named import NamedTuple

if TYPE_CHECKING:
    from sqlite3 import Connection
    from types import TracebackType

T = TypeVar("T")

# The version stands in the name: two versions of assetbuild with different tables do not disturb each other.
NAME = "v1.sqlite3"
_OURS = r"v\d+\.sqlite3(\.[0-9a-f]{16}\.new)?(-wal|-shm|-journal)?"

LIMIT = 1 << 30  # bytes: traces and variants of 17,000 files take some 150 MB
KEPT = 0.8  # of the limit stays where it was passed, so that not every build has to evict
LARGEST = 64 << 20  # bytes of a value; a larger one is not kept
_BUFFER = 8 << 20  # bytes put before they are written
_SECONDS = 5.0  # between two writes, so that a killed build loses little
_FRESH_STARTS = 3  # in one build; then something damages the file faster than we write it


class Store:
    """Safe to use from threads. After a fork the child reads only: what it puts is dropped."""

    def __init__(self, directory: Path, limit: int = LIMIT) -> None:
        self.file = directory / NAME
        self.limit = limit
        self.problem: str | None = None
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._identity: tuple[int, int] | None = None  # device and inode of what is open
        self._usable = self._writable = True
        self._reader = False  # neither creates nor removes anything
        self._fresh_starts = 0
        self._pending: dict[bytes, bytes] = {}
        self._pending_bytes = 0
        self._written_at = time.monotonic()
        self._damaged: set[bytes] = set()
        self._used: set[bytes] = set()
        _LIVE.add(self)

    def get(self, key: bytes) -> bytes | None:
        with self._lock:
            if (pending := self._pending.get(key)) is not None:
                return pending
            row = self._attempt(lambda connection: database.read(connection, key))
        return self._checked(row) if row else None

    def _checked(self, row: database.Row) -> bytes | None:
        value = row.checked()
        if value is None:
            self._damaged.add(row.key)
        elif row.used != database.today():
            self._used.add(row.key)
        return value

    def put(self, key: bytes, value: bytes) -> None:
        """Held in memory until the next write: after some megabytes or seconds, at `flush()` and `close()`."""
        if not self._may_write or len(value) > min(LARGEST, self.limit):
            return
        with self._lock:
            self._pending_bytes += len(value) - len(self._pending.get(key, b""))
            self._pending[key] = value
            if self._pending_bytes >= _BUFFER or time.monotonic() - self._written_at >= _SECONDS:
                self._flush()

    def flush(self) -> None:
        with self._lock:
            self._flush()

    def close(self) -> None:
        """Write what is pending, record what was used, evict beyond the limit. Used again, the store opens again."""
        with self._lock:
            self._flush()
            self._drop_pending()
            if self._connection and self._may_write:
                used, self._used = self._used, set()
                if used:
                    self._attempt(lambda connection: database.record_use(connection, used))
                self._attempt(lambda connection: database.evict(connection, self.limit, int(self.limit * KEPT)))
            self._disconnect()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _may_write(self) -> bool:
        return self._writable and not self._reader

    # What follows is called with the lock held.

    def _flush(self) -> None:
        """What another build's write hinders stays pending for the next time, until that gets too much."""
        if not self._may_write or not (self._pending or self._damaged):
            return
        self._written_at = time.monotonic()
        if self._connection and self._identity != database.identity(self.file):
            self._disconnect()  # removed under us: written there, it would be lost
        values, damaged = self._pending, self._damaged.copy()
        if self._attempt(lambda connection: database.write(connection, values, damaged)):
            self._damaged -= damaged
            self._drop_pending()
        elif self._pending_bytes > LARGEST:
            self._drop_pending()

    def _drop_pending(self) -> None:
        self._pending = {}
        self._pending_bytes = 0

    def _attempt(self, work: Callable[[Connection], T]) -> T | None:
        """What `work` gives; None where it cannot be done. A damaged file is begun anew, and `work` tried once more."""
        import sqlite3

        for _ in range(2):
            if not self._usable:
                return None
            try:
                return work(self._connection or self._connect())
            # The last three: what a damaged row holds and does not fit where it goes.
            except (sqlite3.Error, OSError, MemoryError, TypeError, ValueError, OverflowError) as error:
                if not self._begun_anew(error):
                    return None
        return None

    def _connect(self) -> Connection:
        if not self._reader:
            database.prepare(self.file)
        self._identity = database.identity(self.file)
        read_only = bool(self._identity) and not all(os.access(name, os.W_OK) for name in (self.file.parent, self.file))
        if read_only:
            self._stop_writing("it is read only")
        self._connection = database.connect(self.file, read_only=not self._may_write, immutable=read_only)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            import sqlite3  # 6 ms, for nothing where no store was used

            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _begun_anew(self, error: Exception) -> bool:
        """Whether it is worth another try after `error`."""
        text = "" if isinstance(error, OSError) else str(error)
        if "lock" in text:
            return False  # "database is locked", "locking protocol": another build is writing
        if "is full" in text and self._connection:
            self._stop_writing(error)
            return False
        replaced = self._identity != database.identity(self.file)  # by another build, or the cache was cleared
        self._disconnect()
        if self._reader:
            return False
        self._fresh_starts += 1
        hopeless = isinstance(error, (OSError, MemoryError)) or "unable to open" in text
        if hopeless or not self._writable or self._fresh_starts > _FRESH_STARTS:
            self._stop(error)
            return False
        if not replaced:
            self.problem = f"the cache '{self.file}' was damaged and is begun anew: {error}"
            try:
                database.remove(self.file)
            except OSError as reason:
                self._stop(reason)
        return self._usable

    def _stop(self, reason: object) -> None:
        self._stop_writing(reason)
        self._usable = False
        self.problem = f"the cache '{self.file}' cannot be used: {reason}"

    def _stop_writing(self, reason: object) -> None:
        self._writable = False
        self._drop_pending()
        self.problem = f"the cache '{self.file}' cannot be written: {reason}"


class Info(NamedTuple):
    """What a store holds. `size` is in bytes on disk; `oldest` and `newest` use in seconds since 1970, whole days."""

    file: Path
    entries: int
    size: int
    limit: int
    oldest: int | None
    newest: int | None
    problem: str | None


def info(directory: Path, limit: int = LIMIT) -> Info:
    """Changes nothing and raises nothing."""
    store = Store(directory, limit)
    store._reader = True
    files, problem = _ours(directory)
    found = store._attempt(database.summary) if store.file in files else None
    store.close()
    if store.file in files and not found:
        problem = f"the cache '{store.file}' cannot be read"
    entries, oldest, newest = found or (0, None, None)
    return Info(store.file, entries, sum(map(_size, files)), limit, _seconds(oldest), _seconds(newest), problem)


def clear(directory: Path, limit: int = LIMIT) -> Info:
    """What there was, before it was removed: the stores of every version, and nothing else that is in the directory."""
    found = info(directory, limit)
    problem = None
    for file in _ours(directory)[0]:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            problem = f"'{file}' cannot be removed: {error.strerror}"
    return found._replace(problem=problem)


def _ours(directory: Path) -> tuple[list[Path], str | None]:
    try:
        return sorted(
            file for file in directory.iterdir() if re.fullmatch(_OURS, file.name) and not file.is_dir()
        ), None
    except FileNotFoundError:
        return [], None
    except OSError as error:
        return [], f"'{directory}' cannot be read: {error.strerror}"


def _size(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:
        return 0


def _seconds(day: object) -> int | None:
    return day * 86_400 if isinstance(day, int) and 0 <= day < 1 << 20 else None


# A child must inherit nothing of SQLite, neither a connection nor a lock that another thread holds, and cannot even
# close what it inherits: so a store is shut while its process forks, and each side opens it again when it needs to.
_LIVE: WeakSet[Store] = WeakSet()
_HELD: list[Store] = []


def _before_fork() -> None:
    stores = sorted(_LIVE, key=id)
    for store in stores:
        store._lock.acquire()
        store._disconnect()
    _HELD[:] = stores


def _after_fork_in_parent() -> None:
    held = _HELD.copy()
    _HELD.clear()
    for store in held:
        store._lock.release()


def _after_fork_in_child() -> None:
    for store in _HELD:
        store._lock = threading.Lock()
        store._reader = True
    _HELD.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
