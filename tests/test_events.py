"""Batches of file-system events: real files, real kernels, generous waits (a loaded machine is slow, not wrong)."""

from __future__ import annotations

import gc
import itertools
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from assetbuild.errors import AssetBuildError
from assetbuild.events import Watcher
from assetbuild.settled import LONGEST, QUICK, QUIET, Batch, Kind, Pending
from tests.support.needs import missing

MARKER = ".marker"
numbers = itertools.count(1)
PATIENCE = 20.0  # seconds that any awaited batch may take on a busy machine
SILENCE = 0.1  # seconds without a batch that count as "nothing comes"

linux = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
Start = Callable[..., Watcher]


@pytest.fixture(params=[pytest.param(None, marks=linux, id="events"), pytest.param(0.02, id="polling")])
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """`start(directories, files)`: a running watcher, by events and by polling."""
    with ExitStack() as stack:
        yield lambda directories, files=(): stack.enter_context(
            Watcher([str(one) for one in directories], [str(one) for one in files], polling=request.param)
        )


@pytest.fixture
def watch() -> Iterator[Start]:
    """The same by the system's events alone."""
    if sys.platform != "linux":
        pytest.skip("inotify is Linux's")
    with ExitStack() as stack:
        yield lambda directories, files=(): stack.enter_context(
            Watcher([str(one) for one in directories], [str(one) for one in files])
        )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "static/css").mkdir(parents=True)
    (tmp_path / "static/css/site.css").write_text("a {}")
    return tmp_path / "static"


def told(watcher: Watcher, *directories: Path) -> Batch:
    """All that is told until files written now in `directories` are told too, and once more.

    Events come in order, so that is all that has happened; twice, because a look of polling has an order of its own.
    """
    seen, rescan = set[str](), False
    for marker in [directory / MARKER for directory in directories] * 2:
        end = time.monotonic() + PATIENCE
        while True:
            marker.write_text("." * next(numbers))
            batch = watcher.wait(1.0)
            assert time.monotonic() < end, f"only {sorted(seen)}, rescan {rescan}"
            if batch:
                seen |= batch.files
                rescan |= batch.rescan
                if str(marker) in batch.files:
                    break
    return Batch(frozenset(name for name in seen if not name.endswith(MARKER)), rescan)


def rescanned(watcher: Watcher) -> frozenset[str]:
    """Wait for a batch with a rescan; the files named until then."""
    seen, end = set[str](), time.monotonic() + PATIENCE
    while batch := watcher.wait(max(0.0, end - time.monotonic())):
        seen |= batch.files
        if batch.rescan:
            return frozenset(name for name in seen if not name.endswith(MARKER))
    raise AssertionError(f"no rescan, only {sorted(seen)}")


def only(*paths: Path, rescan: bool = False) -> Batch:
    return Batch(frozenset(map(str, paths)), rescan)


def watched_directories() -> int:
    """Watches in the kernel, of all inotify descriptors of this process."""
    infos = (Path(f"/proc/self/fdinfo/{fd}") for fd in os.listdir("/proc/self/fd"))
    return sum(info.read_text().count("inotify wd:") for info in infos if info.exists())


# --- one file


def in_place(file: Path) -> None:
    file.write_text("b { color: red }")


def twice(file: Path) -> None:
    file.write_text("b {}")
    file.write_text("b { color: red }")


def temporary_and_rename(file: Path) -> None:
    temporary = file.with_name(".site.css.tmp")
    temporary.write_text("b { color: red }")
    temporary.replace(file)


def backup_and_new(file: Path) -> None:
    """As vim does: try whether files can be made here, keep the old one under another name, write a new one."""
    probe = file.with_name("4913")
    probe.touch()
    probe.unlink()
    backup = file.with_name("site.css~")
    file.rename(backup)
    file.write_text("b { color: red }")
    backup.unlink()


def backup_elsewhere(file: Path) -> None:
    file.rename(file.parent.parent.parent / "backup")
    file.write_text("b { color: red }")


def delete_and_create(file: Path) -> None:
    file.unlink()
    file.write_text("b { color: red }")


def still_open(file: Path) -> None:
    keep_open.append(file.open("w"))
    keep_open[-1].write("b { color: red }")
    keep_open[-1].flush()


keep_open: list = []
SAVES = [in_place, twice, temporary_and_rename, backup_and_new, backup_elsewhere, delete_and_create, still_open]


@pytest.mark.parametrize("save", SAVES)
def test_however_a_file_is_saved_its_name_is_told_when_it_is_whole(
    start: Start, root: Path, save: Callable[[Path], None]
) -> None:
    watcher = start([root])
    file, text = root / "css/site.css", ""
    save(file)
    while text != "b { color: red }":  # a batch may come early, but never for the last time
        batch = watcher.wait(PATIENCE)
        assert batch
        assert not batch.rescan
        text = file.read_text() if str(file) in batch.files and file.exists() else ""
    for open_file in keep_open:
        open_file.close()
    keep_open.clear()


def test_a_saved_file_comes_alone_and_once(watch: Start, root: Path) -> None:
    watcher = watch([root])
    (root / "css/site.css").write_text("b { color: red }")
    assert watcher.wait(PATIENCE) == only(root / "css/site.css")
    assert told(watcher, root) == only()


def test_a_new_file_a_deleted_one_and_both_names_of_a_renamed_one_are_told(start: Start, root: Path) -> None:
    (root / "old.js").write_text("1")
    (root / "gone.js").write_text("22")
    watcher = start([root])
    (root / "new.js").write_text("333")
    (root / "gone.js").unlink()
    (root / "old.js").rename(root / "renamed.js")
    assert told(watcher, root) == only(*(root / name for name in ("new.js", "gone.js", "old.js", "renamed.js")))


def test_a_file_that_becomes_readable_again_is_told(watch: Start, root: Path) -> None:
    watcher = watch([root])
    (root / "css/site.css").chmod(0o600)
    assert told(watcher, root) == only(root / "css/site.css")


def test_a_file_moved_in_from_elsewhere_is_told(start: Start, root: Path) -> None:
    (root.parent / "a.css").write_text("a {}")
    watcher = start([root])
    (root.parent / "a.css").rename(root / "a.css")
    assert told(watcher, root) == only(root / "a.css")


def test_names_that_are_not_utf_8_are_spelled_as_python_spells_them(watch: Start, root: Path) -> None:
    watcher = watch([root])
    file = os.fsencode(root) + b"/caf\xe9 \n.css"
    with open(file, "wb"):
        pass
    assert told(watcher, root).files == {os.fsdecode(file)}


def test_a_file_still_open_beside_a_single_file_is_told(watch: Start, root: Path) -> None:
    watcher = watch([root])
    watcher.follow([str(root)], [str(root / "bundles.yaml")])
    (root / "open.css").touch()
    told(watcher, root)
    with (root / "open.css").open("a") as file:
        file.write("a {}")
        file.flush()
        assert told(watcher, root) == only(root / "open.css")


def test_reading_is_no_event(watch: Start, root: Path) -> None:
    watcher = watch([root], [root.parent / "assetbuild.toml"])
    for _ in range(10):
        (root / "css/site.css").read_text()
        list(os.walk(root))
    assert told(watcher, root) == only()


def test_every_file_of_a_burst_is_told(start: Start, root: Path) -> None:
    watcher = start([root])
    files = [root / "css" / f"{number}.css" for number in range(500)]
    for file in files:
        file.write_text("a {}")
    assert told(watcher, root) == only(*files)


def test_what_happened_while_nobody_waited_is_one_batch(watch: Start, root: Path) -> None:
    watcher = watch([root])
    files = [root / "css" / f"{number}.css" for number in range(50)]
    for file in files:
        file.write_text("a {}")
    assert watcher.wait(PATIENCE) == only(*files)


# --- when a batch is due: seconds given, none measured


def due(*notes: tuple[float, str, Kind]) -> float:
    pending = Pending()
    for at, name, kind in notes:
        pending.note(name, kind, at)
    return round(pending.due(), 4)


@pytest.mark.parametrize(
    ("notes", "after"),
    [
        ([(0, "a", "open"), (0.001, "a", "done")], 0.001 + QUICK),
        ([(0, "a", "came"), (0.001, "a", "open"), (0.002, "a", "done")], 0.002 + QUICK),
        ([(0, "a", "done"), (0.001, "a", "touched")], 0.001 + QUICK),
        # an editor's temporary file is no company
        ([(0, "t", "came"), (0, "t", "done"), (0.001, "t", "gone"), (0.001, "a", "arrived")], 0.001 + QUICK),
        ([(0, "a", "gone"), (0.001, "a", "came"), (0.002, "a", "done")], 0.002 + QUICK),
        # still open, or with others, or gone for good
        ([(0, "a", "open")], QUIET),
        ([(0, "a", "came")], QUIET),
        ([(0, "a", "touched")], QUIET),
        ([(0, "a", "done"), (0.001, "b", "done")], 0.001 + QUIET),
        ([(0, "a", "gone")], QUIET),
        ([(0, "a", "gone"), (0, "a~", "arrived")], QUIET),
        ([(0, "a", "done"), (0, "d", "tree")], QUIET),
        ([(0, "t", "came"), (0, "t", "gone")], QUIET),
        # events without end
        ([(number / 100, str(number), "done") for number in range(30)], LONGEST),
        ([(number / 1000, "a", "open") for number in range(300)], LONGEST),
        ([], float("inf")),
    ],
)
def test_one_whole_file_waits_a_little_and_what_may_go_on_waits_for_quiet(
    notes: list[tuple[float, str, Kind]], after: float
) -> None:
    assert due(*notes) == round(after, 4)


# --- directories


def test_a_directory_that_comes_with_files_is_watched_before_the_rescan(start: Start, root: Path) -> None:
    watcher = start([root])
    shutil.copytree(root / "css", root / "copy/deep/er")
    assert told(watcher, root).rescan
    (root / "copy/deep/er/site.css").write_text("b { color: red }")
    assert told(watcher, root) == only(root / "copy/deep/er/site.css")


def test_a_renamed_directory_is_known_by_its_new_name(start: Start, root: Path) -> None:
    (root / "css/deep").mkdir()
    watcher = start([root])
    (root / "css").rename(root / "styles")
    assert told(watcher, root).rescan
    (root / "styles/deep/new.css").write_text("a {}")
    assert told(watcher, root) == only(root / "styles/deep/new.css")


def test_a_directory_moved_out_is_not_watched_and_moved_in_again_it_is(start: Start, root: Path) -> None:
    watcher = start([root])
    outside = root.parent / "outside"
    (root / "css").rename(outside)
    assert told(watcher, root).rescan
    (outside / "site.css").write_text("b { color: red }")
    assert told(watcher, root) == only()
    outside.rename(root / "css")
    assert told(watcher, root).rescan
    (root / "css/site.css").write_text("c { color: green }")
    assert told(watcher, root) == only(root / "css/site.css")


def test_a_directory_deleted_and_made_again_at_once_is_watched(watch: Start, root: Path) -> None:
    watcher = watch([root])
    for _ in range(3):
        shutil.rmtree(root / "css")
        (root / "css").mkdir()
        (root / "css/site.css").write_text("a {}")
        assert told(watcher, root).rescan
        (root / "css/site.css").write_text("b { color: red }")
        assert told(watcher, root) == only(root / "css/site.css")


def test_directories_that_went_cost_nothing_any_more(watch: Start, root: Path) -> None:
    watcher = watch([root])
    before = watched_directories()
    assert before == 2
    for number in range(20):
        for name in range(20):
            (root / f"{number}/{name}").mkdir(parents=True)
        (root / str(number)).rename(root / f"renamed-{number}")
        if number % 5 == 0:
            told(watcher, root)
        (root / f"renamed-{number}").rename(root.parent / f"outside-{number}")
    told(watcher, root)
    assert watched_directories() == before


def test_links_inside_are_not_followed(start: Start, root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (root / "out").symlink_to(outside)
    (root / "loop").symlink_to(root)
    watcher = start([root])
    (outside / "a.css").write_text("a {}")
    (root / "css/site.css").write_text("b { color: red }")
    assert told(watcher, root) == only(root / "css/site.css")


def test_a_link_to_a_directory_that_comes_asks_for_a_rescan(watch: Start, root: Path) -> None:
    (root.parent / "made").symlink_to(root / "css")
    watcher = watch([root])
    (root / "link").symlink_to(root / "css")
    assert told(watcher, root).rescan
    (root.parent / "made").rename(root / "moved")
    assert told(watcher, root).rescan


# --- roots


@pytest.mark.parametrize("name", ["static", "a/b/static"])
def test_a_root_that_does_not_exist_yet_is_watched_when_it_comes(start: Start, tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    watcher = start([root])
    assert watcher.wait(SILENCE) is None
    root.mkdir(parents=True)
    (root / "early.css").write_text("a {}")
    assert rescanned(watcher) == set()
    told(watcher, root)
    (root / "a.css").write_text("a {}")
    assert told(watcher, root) == only(root / "a.css")


@pytest.mark.parametrize("moved", ["static", "."])
def test_a_root_or_its_parent_that_is_moved_away_and_back_is_told_both_times(
    start: Start, tmp_path: Path, moved: str
) -> None:
    root = tmp_path / "site/static"
    root.mkdir(parents=True)
    watcher = start([root])
    there = tmp_path / "site" / moved
    there.rename(tmp_path / "away")
    rescanned(watcher)
    (tmp_path / "away").rename(there)
    rescanned(watcher)
    told(watcher, root)
    (root / "a.css").write_text("a {}")
    assert told(watcher, root) == only(root / "a.css")


@pytest.mark.parametrize("replaced", ["static", "."])
def test_a_replaced_root_is_watched_in_place_of_the_old_one(start: Start, tmp_path: Path, replaced: str) -> None:
    root = tmp_path / "site/static"
    root.mkdir(parents=True)
    watcher = start([root])
    there = tmp_path / "site" / replaced
    there.rename(tmp_path / "old")
    root.mkdir(parents=True)
    rescanned(watcher)
    told(watcher, root)
    (root / "a.css").write_text("a {}")
    (tmp_path / "old/stale.css").write_text("a {}")
    assert told(watcher, root) == only(root / "a.css")


def test_a_parent_removed_and_made_again_brings_its_root_back(start: Start, tmp_path: Path) -> None:
    root = tmp_path / "a/b/static"
    root.mkdir(parents=True)
    watcher = start([root])
    shutil.rmtree(tmp_path / "a")
    rescanned(watcher)
    root.mkdir(parents=True)
    rescanned(watcher)
    told(watcher, root)
    (root / "a.css").write_text("a {}")
    assert told(watcher, root) == only(root / "a.css")


def test_a_root_removed_and_made_again_at_once_is_watched_even_if_it_has_the_same_number(
    watch: Start, tmp_path: Path
) -> None:
    root = tmp_path / "a/static"
    root.mkdir(parents=True)
    watcher = watch([root])
    for _ in range(3):
        shutil.rmtree(tmp_path / "a")
        root.mkdir(parents=True)
        rescanned(watcher)
        told(watcher, root)
        (root / "a.css").write_text("a {}")
        assert told(watcher, root) == only(root / "a.css")


def test_a_root_in_which_somebody_stays_is_seen_to_go_and_come(watch: Start, root: Path) -> None:
    """A shell's working directory keeps a removed directory alive: the kernel does not say that it went."""
    watcher = watch([root])
    stay = os.open(root, os.O_RDONLY)
    try:
        shutil.rmtree(root)
        root.mkdir()
        assert told(watcher, root).rescan
        (root / "a.css").write_text("a {}")
        assert told(watcher, root) == only(root / "a.css")
    finally:
        os.close(stay)


def test_a_root_given_as_a_link_keeps_its_spelling_and_follows_the_link(start: Start, tmp_path: Path) -> None:
    for name in ("one/css", "two/css"):
        (tmp_path / name).mkdir(parents=True)
    root = tmp_path / "static"
    root.symlink_to("one")
    watcher = start([root])
    (tmp_path / "one/css/a.css").write_text("a {}")
    assert told(watcher, root) == only(root / "css/a.css")
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(root)
    rescanned(watcher)
    told(watcher, root)
    (tmp_path / "two/css/b.css").write_text("a {}")
    (tmp_path / "one/css/c.css").write_text("a {}")
    assert told(watcher, root) == only(root / "css/b.css")


def test_a_directory_given_by_two_names_is_told_by_both(start: Start, root: Path) -> None:
    alias = root.parent / "alias"
    alias.symlink_to(root)
    watcher = start([root, alias])
    (root / "css/site.css").write_text("b { color: red }")
    assert told(watcher, root, alias) == only(root / "css/site.css", alias / "css/site.css")
    watcher.follow([str(alias)], [])
    (root / "css/site.css").write_text("c { color: green }")
    assert told(watcher, alias) == only(alias / "css/site.css")


def test_a_linked_directory_inside_is_watched_if_it_is_given_itself(start: Start, root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    link = root / "link"
    link.symlink_to(outside)
    watcher = start([root, link])
    (outside / "a.css").write_text("a {}")
    assert told(watcher, root, link) == only(link / "a.css")
    link.unlink()
    assert told(watcher, root).rescan


def test_a_root_within_another_root_stays_watched_when_it_is_given_no_more(start: Start, root: Path) -> None:
    watcher = start([root, root / "css"])
    (root / "css/site.css").write_text("b { color: red }")
    assert told(watcher, root) == only(root / "css/site.css")
    watcher.follow([str(root)], [])
    (root / "css/site.css").write_text("c { color: green }")
    assert told(watcher, root) == only(root / "css/site.css")


@pytest.mark.parametrize("what", ["file", "loop"])
def test_what_is_no_directory_is_waited_for(start: Start, tmp_path: Path, what: str) -> None:
    root = tmp_path / "static"
    if what == "file":
        root.write_text("no directory")
    else:
        root.symlink_to(root)
    watcher = start([root])
    assert watcher.wait(SILENCE) is None
    root.unlink()
    root.mkdir()
    rescanned(watcher)


# --- single files


def test_beside_a_single_file_nothing_else_is_told(start: Start, tmp_path: Path) -> None:
    config, marker = tmp_path / "assetbuild.toml", tmp_path / MARKER
    config.write_text("roots = []")
    watcher = start([], [config, marker])
    (tmp_path / "db.sqlite3").write_text("other")
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory/assetbuild.toml").write_text("other")
    assert told(watcher, tmp_path) == only()
    config.write_text("roots = ['static']")
    assert told(watcher, tmp_path) == only(config)


def test_a_single_file_may_be_replaced_deleted_and_come_back(start: Start, tmp_path: Path) -> None:
    config, marker = tmp_path / "assetbuild.toml", tmp_path / MARKER
    config.write_text("roots = []")
    watcher = start([], [config, marker])
    (tmp_path / "temporary").write_text("roots = ['static']")
    (tmp_path / "temporary").replace(config)
    assert told(watcher, tmp_path) == only(config)
    config.unlink()
    assert told(watcher, tmp_path) == only(config)
    config.write_text("roots = ['static']")
    assert told(watcher, tmp_path) == only(config)


def test_a_single_file_comes_with_its_parent_goes_with_it_and_comes_again(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "a/b/bundles.yaml"
    watcher = start([], [file, file.parent / MARKER])
    for _ in range(2):
        file.parent.mkdir(parents=True)
        file.write_text("{}")
        assert told(watcher, file.parent) == only(file)
        file.write_text("js: {}")
        assert told(watcher, file.parent) == only(file)
        shutil.rmtree(tmp_path / "a")
        while batch := watcher.wait(PATIENCE):  # its marker went first
            if str(file) in batch.files and not file.parent.exists():
                break


def test_single_files_stand_beside_a_root_and_inside_one(start: Start, root: Path) -> None:
    outside, inside = root.parent / "assetbuild.toml", root / "bundles.yaml"
    watcher = start([root], [outside, inside, root.parent / MARKER])
    outside.write_text("roots = []")
    inside.write_text("{}")
    assert told(watcher, root, root.parent) == only(outside, inside)


# --- follow


def test_follow_changes_what_is_watched_and_tells_what_is_new_to_it(start: Start, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    a, b = tmp_path / "a.toml", tmp_path / "b.yaml"
    watcher = start([one], [a])
    watcher.follow([str(one)], [str(a)])
    assert told(watcher, one) == only()
    watcher.follow([str(one)], [str(a), str(b)])
    assert told(watcher, one) == only(b)
    watcher.follow([str(two)], [str(b), str(tmp_path / MARKER)])
    assert told(watcher, two) == only(rescan=True)
    (one / "old.css").write_text("a {}")
    a.write_text("old")
    (two / "new.css").write_text("a {}")
    b.write_text("new")
    assert told(watcher, two, tmp_path) == only(two / "new.css", b)


def test_nothing_is_told_of_the_time_before_the_watcher_was_entered(start: Start, root: Path) -> None:
    (root / "css/site.css").write_text("b {}")
    assert told(start([root], [root.parent / "assetbuild.toml"]), root) == only()


def test_follow_and_events_leave_no_descriptors_watches_or_memory_behind(watch: Start, root: Path) -> None:
    watcher = watch([root])
    others = [str(root.parent / f"{number}.toml") for number in range(3)]

    def use(times: int) -> tuple[int, int, int]:
        for number in range(times):
            watcher.follow([str(root), str(root / "css")], others[: number % 4])
            watcher.follow([str(root)], [])
            (root / f"css/{number % 7}.css").write_text("a {}")
            (root / "directory").mkdir()
            (root / "directory").rmdir()
            watcher.wait(0)
        told(watcher, root)
        gc.collect()
        return len(os.listdir("/proc/self/fd")), watched_directories(), threading.active_count()

    before = use(30)
    tracemalloc.start()
    try:
        use(30)
        memory = tracemalloc.get_traced_memory()[0]
        assert use(200) == before
        assert tracemalloc.get_traced_memory()[0] - memory < 20_000
    finally:
        tracemalloc.stop()


def test_watchers_one_after_another_leave_no_descriptors_or_threads_behind(root: Path) -> None:
    def use(times: int, polling: float | None) -> tuple[int, int]:
        for number in range(times):
            with Watcher([str(root)], [str(root.parent / "a.toml")], polling=polling) as watcher:
                (root / "css/site.css").write_text(f"{number}")
                watcher.wait(0)
        return len(os.listdir("/dev/fd")), threading.active_count()

    kinds = (None, 0.05) if sys.platform == "linux" else (0.05,)
    before = [use(2, polling) for polling in kinds]
    assert [use(50 if polling is None else 5, polling) for polling in kinds] == before


# --- wake, end, errors


def test_wake_from_another_thread_gives_an_empty_batch(start: Start, root: Path) -> None:
    watcher = start([root])
    thread = threading.Timer(0.1, watcher.wake)
    thread.start()
    assert watcher.wait(PATIENCE) == only()
    thread.join()
    assert watcher.wait(SILENCE) is None


def test_wake_from_a_signal_handler_gives_an_empty_batch(start: Start, root: Path) -> None:
    watcher = start([root])
    before = signal.signal(signal.SIGALRM, lambda *_: watcher.wake())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        assert watcher.wait(PATIENCE) == only()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_wake_before_the_wait_is_not_lost_and_loses_nothing(start: Start, root: Path) -> None:
    watcher = start([root])
    (root / "css/site.css").write_text("b { color: red }")
    for _ in range(100_000):  # more than a pipe holds
        watcher.wake()
    assert watcher.wait(PATIENCE) == only()
    assert watcher.wait(PATIENCE) == only(root / "css/site.css")


def test_wake_outside_the_with_block_does_nothing(root: Path) -> None:
    watcher = Watcher([str(root)])
    watcher.wake()
    with watcher:
        pass
    watcher.wake()


def test_it_ends_while_a_burst_is_coming_in(start: Start, root: Path) -> None:
    program = "import sys, itertools\nfor n in itertools.count():\n    open(f'{sys.argv[1]}/{n % 500}', 'w').close()"
    with subprocess.Popen([sys.executable, "-c", program, str(root / "css")]) as process:
        try:
            watcher = start([root])
            for _ in range(3):  # events without end are given out as they come
                assert watcher.wait(PATIENCE)
            watcher.__exit__(None, None, None)
        finally:
            process.kill()
    assert [thread for thread in threading.enumerate() if thread is not threading.main_thread()] == []


@linux
def test_events_that_the_kernel_dropped_are_made_up_for_by_a_rescan(
    watch: Start, root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A real overflow: nobody reads while files are renamed, and then a directory comes that no event tells of."""
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    watcher = watch([root], [root.parent / "assetbuild.toml"])
    (root / "a").touch()
    for _ in range(limit // 4 + 100):
        os.rename(root / "a", root / "b")
        os.rename(root / "b", root / "a")
    (root / "late").mkdir()
    assert told(watcher, root).rescan
    for file in (root / "late/a.css", root / "css/site.css", root.parent / "assetbuild.toml"):
        file.write_text("b { color: red }")
        assert told(watcher, root) == only(file)
    assert capfd.readouterr() == ("", "")


def test_where_only_single_files_are_watched_lost_events_ask_for_a_rescan_too(watch: Start, tmp_path: Path) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    watcher = watch([], [tmp_path / "assetbuild.toml", tmp_path / MARKER])
    for _ in range(limit // 2 + 100):
        (tmp_path / "a").touch()
        (tmp_path / "a").unlink()
    assert told(watcher, tmp_path) == only(tmp_path / "assetbuild.toml", rescan=True)


@linux
def test_where_no_watcher_can_be_made_the_limits_are_named(root: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Watcher([]):  # what is imported when one is entered is there
        pass
    first = os.open(root, os.O_RDONLY)
    os.close(first)
    resource.setrlimit(resource.RLIMIT_NOFILE, (first, hard))
    try:
        with pytest.raises(AssetBuildError) as error, Watcher([str(root)]):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert str(error.value) == (
        "no directory can be watched: the limit 'fs.inotify.max_user_instances' is reached, "
        "or the process has too many open files\n"
        "  fix: raise it ('sudo sysctl fs.inotify.max_user_instances=N'), "
        "or look for changes instead: 'assetbuild watch --poll 1'"
    )


ONLY_THREE_WATCHES = """
import sys
from pathlib import Path
from assetbuild.errors import AssetBuildError
from assetbuild.events import Watcher
directory = Path(sys.argv[1])
Path("/proc/sys/user/max_inotify_watches").write_text("3")  # of this user namespace
with Watcher([str(directory)]) as watcher:
    (directory / "a/b/c").mkdir(parents=True)
    for _ in range(2):
        try:
            watcher.wait()
        except AssetBuildError as error:
            print(error)
    (directory / "a/b/c").rmdir()
    (directory / "a/a.css").write_text("a {}")
    print(watcher.wait().rescan)
    (directory / "a/a.css").write_text("b {}")
    print([Path(file).name for file in watcher.wait().files])
    (directory / "a/b/c").mkdir()
    watcher.follow([], [])
    try:
        watcher.follow([str(directory)], [])
    except AssetBuildError as error:
        print(error)
    watcher.follow([], [])
    print(sum(open(f"/proc/self/fdinfo/{fd}").read().count("inotify wd:") for fd in range(3, 9)
              if Path(f"/proc/self/fdinfo/{fd}").exists()))
try:
    Watcher([str(directory)]).__enter__()
except AssetBuildError as error:
    print(error)
"""


@linux
def test_where_the_watches_do_not_suffice_the_limit_is_named_until_they_do(tmp_path: Path) -> None:
    space = ["unshare", "--user", "--map-root-user"]
    if not shutil.which("unshare") or subprocess.run([*space, "true"], capture_output=True).returncode:
        missing("needs user namespaces: only there can a test set the limit of watches")
    run = subprocess.run(
        [*space, sys.executable, "-c", ONLY_THREE_WATCHES, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    error = (
        f"directory '{tmp_path}/a/b/c' cannot be watched: the limit 'fs.inotify.max_user_watches' is reached\n"
        "  fix: raise it ('sudo sysctl fs.inotify.max_user_watches=N'), "
        "or look for changes instead: 'assetbuild watch --poll 1'\n"
    )
    assert (run.stdout, run.stderr) == (f"{error}{error}True\n['a.css']\n{error}0\n{error}", "")


def test_an_observer_that_has_ended_is_told_and_one_of_its_emitters_is_replaced(root: Path) -> None:
    from watchdog.observers.api import BaseObserver, EventEmitter

    def stop(kind: type) -> None:
        threads = [thread for thread in threading.enumerate() if isinstance(thread, kind)]
        assert threads
        for thread in threads:
            thread.stop()
            thread.join()

    with Watcher([str(root)], polling=0.03) as watcher:
        stop(EventEmitter)
        rescanned(watcher)
        (root / "css/site.css").write_text("b { color: red }")
        assert told(watcher, root) == only(root / "css/site.css")
        stop(BaseObserver)
        with pytest.raises(AssetBuildError) as error:
            watcher.wait(PATIENCE)
    assert str(error.value) == "the thread that watches the file system has ended\n  fix: start again"


def test_watchdog_is_imported_when_a_watcher_is_entered_and_not_before() -> None:
    program = (
        "import sys, assetbuild.events as events; watcher = events.Watcher(['/x']); print('watchdog' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("False\n", "")
