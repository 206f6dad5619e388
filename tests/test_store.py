"""The store: what was put comes back or nothing does, whatever happens to its file."""

from __future__ import annotations

import inspect
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from assetbuild import database
from assetbuild.store import LARGEST, LIMIT, NAME, Info, Store, clear, info

HERE = Path(__file__).parent.parent
DAY = 86_400


def key_of(number: int) -> bytes:
    return sha256(b"%d" % number).digest()


def value_of(number: int, size: int | None = None) -> bytes:
    """Pseudo-random: a value cut short or taken from another key cannot be equal by chance."""
    size = number * 97 % 9000 if size is None else size
    return random.Random(number).randbytes(size)


def entries(count: int, size: int | None = None) -> dict[bytes, bytes]:
    return {key_of(number): value_of(number, size) for number in range(count)}


def fill(directory: Path, values: dict[bytes, bytes], limit: int = LIMIT) -> None:
    with Store(directory, limit) as store:
        for key, value in values.items():
            store.put(key, value)
    assert store.problem is None


def got(store: Store, keys: Iterable[bytes]) -> dict[bytes, bytes]:
    """What is there of them."""
    return {key: value for key in keys if (value := store.get(key)) is not None}


def held(directory: Path, values: dict[bytes, bytes]) -> dict[bytes, bytes]:
    with Store(directory) as store:
        return got(store, values)


def in_fork(work: Callable[[], bool]) -> bool:
    """What `work` says in a forked child; an exception there is False."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: the runner of the tests may have threads
        child = os.fork()
    if not child:
        signal.alarm(20)  # a lock that nobody holds any more
        status = 1
        try:
            status = 0 if work() else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def running(program: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PRELUDE + program, *arguments], cwd=HERE, stdout=subprocess.PIPE
    )


# This module itself would take a second to import.
PRELUDE = f"""
import random, sys
from hashlib import sha256
from pathlib import Path
from assetbuild import database
from assetbuild.store import Store
{inspect.getsource(key_of)}
{inspect.getsource(value_of)}
"""


# What it does on a good day


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    with Store(tmp_path / "new" / "cache") as store:
        store.put(key_of(1), b"one")
        assert store.get(key_of(1)) == b"one"  # not yet written
        store.flush()
        assert store.get(key_of(1)) == b"one"
        assert store.get(key_of(2)) is None


def test_it_is_kept_until_another_build(tmp_path: Path) -> None:
    values = entries(1200)  # more than one statement's worth
    fill(tmp_path, values)
    assert held(tmp_path, {**values, **entries(1300)}) == values
    assert os.listdir(tmp_path) == [NAME]


@pytest.mark.parametrize("size", [0, 1, 4096, 3 << 20])
def test_values_may_have_any_size(tmp_path: Path, size: int) -> None:
    fill(tmp_path, {key_of(1): value_of(1, size)})
    with Store(tmp_path) as store:
        assert store.get(key_of(1)) == value_of(1, size)


def test_the_later_value_counts(tmp_path: Path) -> None:
    fill(tmp_path, {key_of(1): b"first", key_of(2): b"other"})
    with Store(tmp_path) as store:
        store.put(key_of(1), b"second")
        store.put(key_of(1), b"third")
    assert held(tmp_path, entries(3)) == {key_of(1): b"third", key_of(2): b"other"}
    assert info(tmp_path).entries == 2


def test_an_enormous_value_is_not_kept(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put(key_of(1), bytes(LARGEST + 1))
        assert store.get(key_of(1)) is None
    with Store(tmp_path, limit=1000) as store:
        store.put(key_of(1), bytes(1001))
        assert store.get(key_of(1)) is None


def test_nothing_is_opened_or_made_before_the_first_use(tmp_path: Path) -> None:
    with Store(tmp_path / "cache"):
        pass
    assert os.listdir(tmp_path) == []


def test_a_closed_store_opens_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(3):
        store.put(key_of(number), b"value")
        store.close()
    assert held(tmp_path, entries(3)) == dict.fromkeys(entries(3), b"value")


def test_many_bytes_are_written_without_a_flush(tmp_path: Path) -> None:
    values = entries(10, size=1 << 20)
    store = Store(tmp_path)
    for key, value in values.items():
        store.put(key, value)
    assert len(held(tmp_path, values)) == 8
    store.close()


def test_a_value_put_again_and_again_counts_once(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for _ in range(10):
            store.put(key_of(1), bytes(1 << 20))
        assert info(tmp_path).entries == 0
    assert info(tmp_path).entries == 1


def test_what_was_put_long_ago_is_written_without_a_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    monkeypatch.setattr("assetbuild.store._SECONDS", 0.0)
    store.put(key_of(1), b"value")
    assert held(tmp_path, entries(2)) == {key_of(1): b"value"}
    store.close()


def test_what_it_makes_is_for_its_owner_alone(tmp_path: Path) -> None:
    fill(tmp_path / "cache", entries(1))
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


def test_a_build_that_finds_everything_writes_nothing(tmp_path: Path) -> None:
    values = entries(50)
    fill(tmp_path, values)
    before = (tmp_path / NAME).stat()
    with Store(tmp_path) as store:
        assert got(store, values) == values
        assert store._used == set()
    after = (tmp_path / NAME).stat()
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)


def test_threads_share_a_store(tmp_path: Path) -> None:
    values = entries(400, size=40_000)  # passes the buffer's size, so that writes come in between

    def work(key: bytes) -> bool:
        store.put(key, values[key])
        return got(store, [key, key_of(-1)]) == {key: values[key]}

    with Store(tmp_path) as store, ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, values))
    assert held(tmp_path, values) == values


def test_threads_take_turns(tmp_path: Path) -> None:
    fill(tmp_path, entries(2))
    with Store(tmp_path) as store, ThreadPoolExecutor(1) as pool:
        with store._lock:
            got = pool.submit(store.get, key_of(1))
            assert wait([got], timeout=0.05).not_done
        assert got.result() == value_of(1)


# Eviction


def on_day(monkeypatch: pytest.MonkeyPatch, day: int) -> None:
    monkeypatch.setattr(database.time, "time", lambda: day * DAY + 1.0)


def test_the_least_recently_used_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = entries(101, size=10_000)
    keys = list(values)
    on_day(monkeypatch, 1)
    fill(tmp_path, {key: values[key] for key in keys[:70]})
    on_day(monkeypatch, 2)
    fill(tmp_path, {key: values[key] for key in keys[70:100]})
    on_day(monkeypatch, 3)
    assert len(held(tmp_path, entries(30))) == 30
    on_day(monkeypatch, 4)
    fill(tmp_path, {key_of(100): values[key_of(100)]}, limit=1_060_000)
    left = {keys.index(key) for key in held(tmp_path, values)}
    assert left >= {*range(30), *range(70, 101)}
    assert 5 < len(left & {*range(30, 70)}) < 20
    assert 800_000 < (tmp_path / NAME).stat().st_size < 848_000 + 20_000


def test_a_store_within_its_limit_keeps_everything(tmp_path: Path) -> None:
    values = entries(50, size=10_000)
    fill(tmp_path, values, limit=800_000)
    assert held(tmp_path, values) == values


def test_a_use_in_the_future_is_put_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written while a clock was wrong, it would outlive everything."""
    on_day(monkeypatch, 50_000)
    fill(tmp_path, entries(2))
    on_day(monkeypatch, 20_000)
    assert len(held(tmp_path, entries(1))) == 1
    assert (info(tmp_path).oldest, info(tmp_path).newest) == (20_000 * DAY, 50_000 * DAY)


def test_what_no_entry_names_goes_with_the_file(tmp_path: Path) -> None:
    fill(tmp_path, entries(50, size=10_000))
    with sqlite3.connect(tmp_path / NAME) as connection:
        connection.execute("DELETE FROM entry")
    connection.close()
    with Store(tmp_path, limit=300_000) as store:
        store.put(key_of(1), b"value")
    assert info(tmp_path).size < 100_000


# Damage

DAMAGED = entries(60)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a store, the last writes still in the log."""
    directory = tmp_path_factory.mktemp("whole")
    fill(directory, dict(list(DAMAGED.items())[:40]))
    with Store(directory) as store:
        for key, value in DAMAGED.items():
            store.put(key, value)
        store.flush()
        return {file.name: file.read_bytes() for file in directory.iterdir()}


def flipped(content: bytes, at: int, length: int, seed: int) -> bytes:
    noise = random.Random(seed).randbytes(len(content[at : at + length]))
    return content[:at] + noise + content[at + length :]


def zeroed(content: bytes, at: int, length: int, seed: int) -> bytes:
    return content[:at] + bytes(len(content[at : at + length])) + content[at + length :]


def truncated(content: bytes, at: int, length: int, seed: int) -> bytes:
    return content[:at]


def removed(content: bytes, at: int, length: int, seed: int) -> bytes:
    return content[:at] + content[at + length :]


def inserted(content: bytes, at: int, length: int, seed: int) -> bytes:
    return content[:at] + random.Random(seed).randbytes(length) + content[at:]


def moved(content: bytes, at: int, length: int, seed: int) -> bytes:
    """Whole pages in each other's place: each is good by itself."""
    pages = [content[start : start + 4096] for start in range(0, len(content), 4096)]
    first, second = at // 4096 % len(pages), seed % len(pages)
    pages[first], pages[second] = pages[second], pages[first]
    return b"".join(pages)


damages = st.tuples(
    st.sampled_from([NAME, NAME, NAME, f"{NAME}-wal", f"{NAME}-shm"]),
    st.sampled_from([flipped, zeroed, truncated, removed, inserted, moved]),
    st.one_of(st.integers(0, 120), st.integers(0, 600_000)),  # the header, or anywhere
    st.one_of(st.integers(1, 8), st.integers(1, 40_000)),
    st.integers(0, 1 << 16),
)


@given(done=st.lists(damages, min_size=1, max_size=4), with_log=st.booleans())
@settings(max_examples=100, deadline=None, derandomize=True, phases=[Phase.generate, Phase.shrink])
def test_a_damaged_store_gives_the_right_bytes_or_none(
    whole: dict[str, bytes], done: list[tuple[str, Callable[..., bytes], int, int, int]], with_log: bool
) -> None:
    files = dict(whole) if with_log else {NAME: whole[NAME]}
    for name, damage, at, length, seed in done:
        if files.get(name):
            files[name] = damage(files[name], at % len(files[name]), length, seed)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for file, content in files.items():
            (directory / file).write_bytes(content)
        for _ in range(4):  # damage may hide until a write or a second look meets it
            with Store(directory) as store:
                found = {key: store.get(key) for key in DAMAGED}
                assert [key for key, value in found.items() if value not in (None, DAMAGED[key])] == []
                for key in [key for key, value in found.items() if value is None]:
                    store.put(key, DAMAGED[key])
            if None not in found.values():
                break
        assert held(directory, DAMAGED) == DAMAGED


def test_a_damaged_value_is_missed_and_forgotten(tmp_path: Path) -> None:
    values = entries(20, size=3000)
    fill(tmp_path, values)
    content = (tmp_path / NAME).read_bytes()
    assert content.count(values[key_of(7)]) == 1
    (tmp_path / NAME).write_bytes(content.replace(values[key_of(7)], bytes(3000)))
    with Store(tmp_path) as store:
        assert store.get(key_of(7)) is None
        assert store.get(key_of(8)) == values[key_of(8)]
    assert store.problem is None
    assert info(tmp_path).entries == 19
    del values[key_of(7)]
    assert held(tmp_path, values) == values


def test_the_value_of_another_key_is_not_taken(tmp_path: Path) -> None:
    fill(tmp_path, entries(2, size=10))
    with sqlite3.connect(tmp_path / NAME) as connection:
        connection.execute(
            "UPDATE entry SET (id, checksum) = (SELECT id, checksum FROM entry WHERE key = ?)", [key_of(1)]
        )
    connection.close()
    assert held(tmp_path, entries(2)) == {key_of(1): value_of(1, 10)}


def directory_of_someone(file: Path) -> None:
    file.mkdir()
    (file / "precious").write_text("kept")


def foreign_tables(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE entry (key, value)")
    connection.close()


def one_table_more(file: Path) -> None:
    fill(file.parent, entries(1))
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END")
    connection.close()


def log_of_another(file: Path) -> None:
    """A database was removed, its log was not."""
    with Store(file.parent) as store:
        store.put(key_of(9), b"old")
        store.flush()
        log = Path(f"{file}-wal").read_bytes()
    file.unlink()
    Path(f"{file}-wal").write_bytes(log)


IN_PLACE: dict[str, Callable[[Path], object]] = {
    "nothing": lambda file: None,
    "an empty file": lambda file: file.touch(),
    "a text": lambda file: file.write_text("hello\n" * 1000),
    "half a header": lambda file: file.write_bytes(b"SQLite format 3\0\x10"),
    "noise": lambda file: file.write_bytes(random.Random(1).randbytes(50_000)),
    "a directory": lambda file: file.mkdir(),
    "a directory that is not empty": directory_of_someone,
    "a directory for the log": lambda file: Path(f"{file}-wal").mkdir(),
    "a directory for the index": lambda file: Path(f"{file}-shm").mkdir(),
    "a pipe": os.mkfifo,
    "a link to nowhere": lambda file: file.symlink_to("nowhere"),
    "foreign tables": foreign_tables,
    "a trigger": one_table_more,
    "the log of another": log_of_another,
}


@pytest.mark.parametrize("what", IN_PLACE)
def test_whatever_stands_in_its_place_the_store_works(tmp_path: Path, what: str) -> None:
    IN_PLACE[what](tmp_path / NAME)
    values = entries(30)
    with Store(tmp_path) as store:
        assert got(store, values) == {}
        for key, value in values.items():
            store.put(key, value)
    assert held(tmp_path, values) == values
    assert [file.read_text() for file in tmp_path.glob("*/precious")] == ["kept"] * ("not empty" in what)


def test_what_is_put_into_a_damaged_file_is_not_lost(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("hello\n" * 1000)
    with Store(tmp_path) as store:
        store.put(key_of(1), b"value")
    assert held(tmp_path, entries(2)) == {key_of(1): b"value"}


def test_damage_is_told(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("hello\n" * 1000)
    with Store(tmp_path) as store:
        assert store.get(key_of(1)) is None
    assert store.problem == f"the cache '{tmp_path / NAME}' was damaged and is begun anew: file is not a database"


@pytest.mark.parametrize("how", ["overwritten", "truncated", "removed", "directory removed", "replaced"])
def test_it_may_be_damaged_while_it_is_open(tmp_path: Path, how: str) -> None:
    directory = tmp_path / "cache"
    file = directory / NAME
    values = entries(300)
    fill(directory, values)
    with Store(directory) as store:
        assert store.get(key_of(1)) == values[key_of(1)]
        if how == "overwritten":
            file.write_bytes(random.Random(1).randbytes(file.stat().st_size))
        elif how == "truncated":
            os.truncate(file, 5000)
        elif how == "removed":
            clear(directory)
        elif how == "directory removed":
            shutil.rmtree(directory)
        else:
            clear(directory)
            fill(directory, {key_of(1000): b"by another build"})
        assert {key: value for key, value in got(store, values).items() if value != values[key]} == {}
        for key, value in values.items():
            store.put(key, value)
    again = held(directory, {**values, key_of(1000): b""})
    assert again.pop(key_of(1000), b"by another build") == b"by another build"
    assert again == values


# No place to write


def test_a_path_below_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with Store(tmp_path / "file" / "cache") as store:
        store.put(key_of(1), b"value")
        store.flush()
        assert store.get(key_of(1)) is None
        store.put(key_of(1), b"value")
    where = tmp_path / "file" / "cache"
    told = f"[Errno 20] Not a directory: '{where}'"
    assert store.problem == f"the cache '{where / NAME}' cannot be used: {told}"
    assert info(where) == Info(where / NAME, 0, 0, LIMIT, None, None, f"'{where}' cannot be read: Not a directory")
    assert clear(where).problem is None


@contextmanager
def unwritable(*names: str) -> Iterator[Path]:
    """A filled store of whose directory another user may write nothing; not below `tmp_path`, which is closed."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        fill(directory, entries(20))
        (directory / NAME).chmod(0o444)
        directory.chmod(0o555)
        yield directory
        directory.chmod(0o755)


def as_nobody(work: Callable[[], bool]) -> bool:
    def demoted() -> bool:
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        return work()

    return in_fork(demoted)


def test_a_read_only_store_is_read() -> None:
    with unwritable() as directory:

        def work() -> bool:
            store = Store(directory)
            found = got(store, entries(21))
            store.put(key_of(20), b"value")
            store.close()
            told = f"the cache '{directory / NAME}' cannot be written: it is read only"
            return found == entries(20) and store.problem == told and store.get(key_of(20)) is None

        assert as_nobody(work)
        assert os.listdir(directory) == [NAME]
        assert as_nobody(lambda: info(directory).entries == 20)


def test_a_read_only_store_that_is_damaged_is_no_store() -> None:
    with unwritable() as directory:
        (directory / NAME).chmod(0o644)
        (directory / NAME).write_bytes(b"noise" * 1000)
        (directory / NAME).chmod(0o444)

        def work() -> bool:
            store = Store(directory)
            told = f"the cache '{directory / NAME}' cannot be used: file is not a database"
            return store.get(key_of(1)) is None and store.problem == told

        assert as_nobody(work)


def test_a_full_disk_leaves_a_reader(tmp_path: Path) -> None:
    fill(tmp_path, entries(20))
    with Store(tmp_path) as store:
        assert store.get(key_of(1)) == value_of(1)
        assert store._connection
        pages = (tmp_path / NAME).stat().st_size // 4096
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        store.put(key_of(30), bytes(100_000))
        store.flush()
        assert store.get(key_of(30)) is None
        assert store.get(key_of(2)) == value_of(2)
    assert store.problem == f"the cache '{tmp_path / NAME}' cannot be written: database or disk is full"
    assert held(tmp_path, entries(20)) == entries(20)


# Several at once


def test_two_builds_write_at_once(tmp_path: Path) -> None:
    program = """
database._BUSY = 60.0  # a busy machine is no reason to drop a write here
with Store(Path(sys.argv[1])) as store:
    for number in range(int(sys.argv[2]), int(sys.argv[2]) + 1000):
        store.put(key_of(number), value_of(number))
        if number % 50 == 0:
            store.flush()
sys.exit(store.problem)
"""
    builds = [running(program, str(tmp_path), first) for first in ("0", "700")]
    assert [build.communicate()[0] + b"%d" % build.returncode for build in builds] == [b"0", b"0"]
    assert held(tmp_path, entries(1700)) == entries(1700)
    assert os.listdir(tmp_path) == [NAME]


def test_a_build_that_begins_the_file_second_takes_the_first_one(tmp_path: Path) -> None:
    fill(tmp_path, entries(1))
    database._create(tmp_path / NAME)
    assert held(tmp_path, entries(1)) == entries(1)
    assert os.listdir(tmp_path) == [NAME]


def test_a_write_that_must_wait_too_long_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_BUSY", 0.05)
    fill(tmp_path, entries(2))
    other = sqlite3.connect(tmp_path / NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Store(tmp_path) as store:
        store.put(key_of(5), b"kept for the next time")
        store.flush()
        assert store.get(key_of(1)) == value_of(1)  # a reader waits for no writer
        other.execute("ROLLBACK")
        store.flush()
        other.execute("BEGIN IMMEDIATE")
        store.put(key_of(6), b"dropped")
    assert store.get(key_of(6)) is None
    store.close()  # opened again by being asked
    other.close()
    assert store.problem is None
    assert held(tmp_path, entries(7)) == {**entries(2), key_of(5): b"kept for the next time"}


def test_what_cannot_be_written_is_not_heaped_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_BUSY", 0.01)
    monkeypatch.setattr("assetbuild.store.LARGEST", 100)
    fill(tmp_path, entries(1))
    other = sqlite3.connect(tmp_path / NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Store(tmp_path) as store:
        for number, kept in ((1, True), (2, False)):
            store.put(key_of(number), bytes(60))
            store.flush()
            assert (store.get(key_of(number)) is not None) == kept
    other.close()


def test_a_file_that_another_build_began_anew_is_not_removed(tmp_path: Path) -> None:
    fill(tmp_path, entries(300))
    with Store(tmp_path) as first, Store(tmp_path) as second:
        assert first.get(key_of(1)) == value_of(1)
        (tmp_path / NAME).write_bytes(bytes((tmp_path / NAME).stat().st_size))
        second.put(key_of(2), b"anew")
        second.flush()
        assert got(first, entries(300)) == {key_of(2): b"anew"}
        assert second.get(key_of(2)) == b"anew"
    assert held(tmp_path, entries(300)) == {key_of(2): b"anew"}


@pytest.mark.parametrize("flushes", [1, 2, 5, 9, 14])
def test_a_killed_build_leaves_what_was_flushed(tmp_path: Path, flushes: int) -> None:
    program = """
store = Store(Path(sys.argv[1]))
for number in range(100_000):
    store.put(key_of(number), value_of(number))
    if number % 20 == 19:
        store.flush()
        print(number + 1, flush=True)
"""
    build = running(program, str(tmp_path))
    assert build.stdout
    lines = [next(build.stdout) for _ in range(flushes)]
    threading.Event().wait(flushes % 5 / 1000)  # somewhere in the next write
    build.kill()
    lines += build.communicate()[0].splitlines()
    flushed = entries(max(int(line) for line in lines if line.strip()))
    with Store(tmp_path) as store:
        assert got(store, flushed) == flushed
        store.put(key_of(-1), b"afterwards")
    assert store.problem is None
    assert held(tmp_path, {key_of(-1): b""}) == {key_of(-1): b"afterwards"}


def test_a_forked_child_reads_what_the_parent_has(tmp_path: Path) -> None:
    values = entries(40)
    with Store(tmp_path) as store:
        for key, value in list(values.items())[:20]:
            store.put(key, value)
        store.flush()
        for key, value in list(values.items())[20:]:
            store.put(key, value)  # not yet written
        assert in_fork(lambda: got(store, values) == values)
        assert got(store, values) == values
        for key, value in entries(60).items():
            store.put(key, value)
    assert held(tmp_path, entries(60)) == entries(60)
    assert store.problem is None


def test_a_forked_child_writes_nothing(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put(key_of(1), b"by the parent")

        def work() -> bool:
            store.put(key_of(2), b"by the child")
            store.close()
            return store.get(key_of(2)) is None

        assert in_fork(work)
        assert info(tmp_path).entries == 0
    assert held(tmp_path, entries(3)) == {key_of(1): b"by the parent"}


def test_a_child_takes_no_connection_with_it(tmp_path: Path) -> None:
    fill(tmp_path, entries(3))
    with Store(tmp_path) as store:
        assert store.get(key_of(1)) == value_of(1)
        assert in_fork(lambda: store._connection is None and store.get(key_of(1)) == value_of(1))


def test_a_child_that_meets_damage_leaves_it_to_the_parent(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        (tmp_path / NAME).write_text("hello\n" * 1000)
        assert in_fork(lambda: store.get(key_of(1)) is None)
        assert (tmp_path / NAME).read_text() == "hello\n" * 1000


def test_a_fork_while_threads_write_does_not_hang(tmp_path: Path) -> None:
    values = entries(2000, size=200)
    with Store(tmp_path) as store, ThreadPoolExecutor(2) as pool:

        def work(key: bytes) -> None:
            store.put(key, values[key])
            store.flush()

        for future in [pool.submit(work, key) for key in list(values)[:300]][::30]:
            assert in_fork(lambda: got(store, values).items() <= values.items())
            future.result()
    assert held(tmp_path, values) == dict(list(values.items())[:300])


# What the command shows


def test_info_tells_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = Info(tmp_path / NAME, 0, 0, 500, None, None, None)
    assert info(tmp_path, 500) == nothing
    assert info(tmp_path / "none", 500) == replaced(nothing, tmp_path / "none")
    on_day(monkeypatch, 20_000)
    fill(tmp_path, entries(5))
    on_day(monkeypatch, 20_009)
    held(tmp_path, entries(2))
    size = (tmp_path / NAME).stat().st_size
    assert info(tmp_path) == Info(tmp_path / NAME, 5, size, LIMIT, 20_000 * DAY, 20_009 * DAY, None)
    assert os.listdir(tmp_path) == [NAME]
    (tmp_path / NAME).write_text("hello\n")
    told = f"the cache '{tmp_path / NAME}' cannot be read"
    assert info(tmp_path) == Info(tmp_path / NAME, 0, 6, LIMIT, None, None, told)
    assert (tmp_path / NAME).read_text() == "hello\n"


def replaced(was: Info, directory: Path) -> Info:
    return Info(directory / NAME, was.entries, was.size, was.limit, was.oldest, was.newest, was.problem)


def test_clear_removes_our_files_only(tmp_path: Path) -> None:
    foreign = ["v1.sqlite3.txt", "v.sqlite3", "app.sqlite3", "xv1.sqlite3", "notes", f"{NAME}.moved-17"]
    for name in [*foreign, "v0.sqlite3", "v0.sqlite3-wal", "v12.sqlite3", f"{NAME}.0123456789abcdef.new"]:
        (tmp_path / name).write_text("x")
    (tmp_path / "v2.sqlite3").mkdir()
    fill(tmp_path, entries(5))
    was = info(tmp_path)
    assert (was.entries, was.size) == (5, (tmp_path / NAME).stat().st_size + 4)
    assert clear(tmp_path) == was
    assert sorted(os.listdir(tmp_path)) == sorted([*foreign, "v2.sqlite3"])
    assert clear(tmp_path) == info(tmp_path) == Info(tmp_path / NAME, 0, 0, LIMIT, None, None, None)


def test_clear_tells_what_it_cannot_remove() -> None:
    with unwritable() as directory:
        told = f"'{directory / NAME}' cannot be removed: Permission denied"
        assert as_nobody(lambda: clear(directory).problem == told)


def test_nothing_of_sqlite_is_loaded_before_the_first_use() -> None:
    program = """
import pathlib, sys
from assetbuild.store import Store
Store(pathlib.Path())
sys.exit("sqlite3" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], cwd=HERE).returncode == 0
