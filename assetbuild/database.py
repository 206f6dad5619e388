"""The SQLite file under the store: its tables and what is done to them, each call one transaction or none.

Errors pass through: what to do about them is the store's. A row's checksum is the caller's to compare.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assetbuild import atomic
from assetbuild.named import NamedTuple

if TYPE_CHECKING:
    from sqlite3 import Connection

# Keys and uses stand apart from the values: a use recorded, or a search for the oldest, reads no value.
_SCHEMA = [
    b"CREATE TABLE content (id INTEGER PRIMARY KEY, value BLOB NOT NULL)",
    b"CREATE TABLE entry (key BLOB PRIMARY KEY, id INTEGER NOT NULL, used INTEGER NOT NULL, size INTEGER NOT NULL,"
    b" checksum BLOB NOT NULL) WITHOUT ROWID",
]
_READ = "SELECT key, used, checksum, value FROM entry JOIN content USING (id) WHERE key = ?"
_BATCH = 500  # keys in one statement; SQLite before 3.32 takes 999
_STEP = 8 << 20  # bytes evicted in one transaction
_ROW = 128  # bytes an entry takes besides its value, about
_BUSY = 1.0  # seconds to wait for another process's write


class Row(NamedTuple):
    """As the file has it: damage can put anything into any field but the key."""

    key: bytes
    used: object  # days since 1970
    checksum: object
    value: object

    def checked(self) -> bytes | None:
        """The value that was put under the key; None where it is damaged."""
        value = self.value
        return value if isinstance(value, bytes) and self.checksum == _checksum(self.key, value) else None


class Summary(NamedTuple):
    entries: int
    oldest: object  # days since 1970, unless damaged
    newest: object


def today() -> int:
    """Uses are recorded by the day, so that a build that finds everything writes nothing."""
    return int(time.time()) // 86_400


def prepare(file: Path) -> None:
    """Something for SQLite to open: it would wait for ever at a pipe, and replay the log of another file."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in _with_companions(file):
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISREG(name.stat().st_mode):
                name.rename(f"{name}.moved-{time.time_ns()}")  # not ours to remove
    if not file.exists() and os.access(file.parent, os.W_OK):
        remove(file)
        _create(file)


def remove(file: Path) -> None:
    for name in _with_companions(file):
        name.unlink(missing_ok=True)


def _with_companions(file: Path) -> list[Path]:
    """The database, then what SQLite keeps beside it while it is open or after a crash."""
    return [Path(f"{file}{suffix}") for suffix in ("", "-wal", "-shm", "-journal")]


def identity(file: Path) -> tuple[int, int] | None:
    """Device and inode: they change where another process begins the file anew."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _create(file: Path) -> None:
    """Whole or not at all, and never over another one: it is made beside its place and linked there."""
    new, lock = _locked_scratch(file)
    try:
        _make(new)
        try:
            os.link(new, file)
        except FileExistsError:
            pass  # another build was first
        except OSError:
            new.replace(file)  # a file system without links
    finally:
        new.unlink(missing_ok=True)
        atomic.finished(new)
        os.close(lock)


def _locked_scratch(file: Path) -> tuple[Path, int]:
    """A new, empty file beside `file`, and a descriptor that holds its lock."""
    while True:
        new = Path(f"{file}.{os.urandom(8).hex()}.new")
        atomic.begin(new)
        descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        # Until it is locked another build may take it for dead and remove it.
        if atomic.lock_now(descriptor) and new.exists():
            return new, descriptor
        os.close(descriptor)


def _make(file: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = OFF")  # it is whole, or nobody sees it
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # only before the first table
        for statement in _SCHEMA:
            connection.execute(statement.decode())
        connection.execute("PRAGMA journal_mode = WAL")  # stays with the file; readers wait for no writer
    finally:
        connection.close()


def connect(file: Path, *, read_only: bool, immutable: bool) -> Connection:
    """`immutable`: nothing can be written there, not even the locks that reading takes. Raises `DatabaseError` where
    the file is not a database of ours."""
    import sqlite3

    connection = sqlite3.connect(
        file.absolute().as_uri() + ("?mode=ro&immutable=1" if immutable else "?mode=rw"),
        uri=True,
        timeout=_BUSY,
        isolation_level=None,  # a transaction begins where we say
        check_same_thread=False,  # the store's lock keeps threads apart
    )
    try:
        connection.text_factory = bytes  # damage can turn a value into a text; its checksum is to say so
        # What a power cut tears is noticed, and a cache is soon made again.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute(f"PRAGMA query_only = {read_only:d}")
        if [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master ORDER BY name")] != _SCHEMA:
            raise sqlite3.DatabaseError("it has other tables")
    except BaseException:
        connection.close()
        raise
    return connection


def read(connection: Connection, key: bytes) -> Row | None:
    found = connection.execute(_READ, (key,)).fetchone()
    return Row._make(found) if found else None


def _select(connection: Connection, query: str, keys: Iterable[bytes]) -> list[Any]:
    ordered = sorted(keys)  # neighbours share a page
    rows: list[Any] = []
    for start in range(0, len(ordered), _BATCH):
        some = ordered[start : start + _BATCH]
        rows += connection.execute(f"{query} ({','.join('?' * len(some))})", some)
    return rows


def write(connection: Connection, values: dict[bytes, bytes], damaged: Iterable[bytes]) -> bool:
    """`values` in place of what was there under their keys; `damaged` keys go. True: it is done."""
    rows = sorted(values.items())
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        known = _select(connection, "SELECT key FROM entry WHERE key IN", values)
        _forget(connection, {*damaged, *(key for (key,) in known)})
        first = 1 + (connection.execute("SELECT max(id) FROM content").fetchone()[0] or 0)
        connection.executemany("INSERT INTO content VALUES (?, ?)", enumerate((value for _, value in rows), first))
        day = today()
        connection.executemany(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?)",
            ((key, id_, day, len(value), _checksum(key, value)) for id_, (key, value) in enumerate(rows, first)),
        )
    return True


def _checksum(key: bytes, value: bytes) -> bytes:
    made = sha256(key)  # where the processor helps, three times as fast as blake2b
    made.update(value)
    return made.digest()[:16]


def _forget(connection: Connection, keys: Iterable[bytes]) -> None:
    rows = [(key,) for key in sorted(keys)]
    connection.executemany("DELETE FROM content WHERE id = (SELECT id FROM entry WHERE key = ?)", rows)
    connection.executemany("DELETE FROM entry WHERE key = ?", rows)


def record_use(connection: Connection, keys: Iterable[bytes]) -> None:
    rows = [(today(), key) for key in sorted(keys)]
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("UPDATE entry SET used = ? WHERE key = ?", rows)


def evict(connection: Connection, limit: int, kept: int) -> None:
    """Above `limit` bytes the least recently used go until `kept` are left; of one day's, those written first."""
    import sqlite3

    size = _bytes(connection)
    if size <= limit:
        return
    for keys in _oldest(connection, size - kept):
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            _forget(connection, keys)
        # Gives the free pages back to the system. As a script, since `execute` stops after the first page.
        connection.executescript("PRAGMA incremental_vacuum")
    if _bytes(connection) > limit:
        raise sqlite3.DatabaseError("it holds more than its entries")


def _bytes(connection: Connection) -> int:
    """What the pages in use take."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _oldest(connection: Connection, excess: int) -> Iterator[list[bytes]]:
    """Keys of the least recently used until their values make `excess` bytes, in lists of `_STEP` bytes."""
    keys: list[bytes] = []
    held = 0
    for key, size in connection.execute("SELECT key, size FROM entry ORDER BY used, id").fetchall():
        keys.append(key)
        held += size + _ROW
        excess -= size + _ROW
        if excess <= 0 or held >= _STEP:
            yield keys
            keys, held = [], 0
        if excess <= 0:
            return
    yield keys


def summary(connection: Connection) -> Summary:
    return Summary(*connection.execute("SELECT count(*), min(used), max(used) FROM entry").fetchone())
