"""Directories that appear whole or not at all, also when the builder is killed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assetbuild import atomic
from assetbuild.atomic import install, make_durable, make_few_durable, point, remove_dead_staging, staging
from tests.conftest import write_files

HERE = Path(__file__).parent.parent


def tree(directory: Path) -> dict[str, str]:
    """Every file below `directory` with its content; links with where they lead."""
    return {
        path.relative_to(directory).as_posix(): f"-> {os.readlink(path)}" if path.is_symlink() else path.read_text()
        for path in sorted(directory.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def names(directory: Path) -> list[str]:
    return sorted(os.listdir(directory))


@contextmanager
def python(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs `code` and has said "ready"; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=HERE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


HOLD = """
import sys, time; from pathlib import Path; from assetbuild.atomic import staging
with staging(Path(sys.argv[1])) as directory:
    (directory / "half").write_text("half")
    (directory / "deep" / "er").mkdir(parents=True)
    print("ready", flush=True)
    time.sleep(60)
"""


def test_staging_is_a_new_empty_directory_of_ours_that_is_gone_afterwards(tmp_path: Path) -> None:
    with staging(tmp_path) as directory:
        assert directory.parent == tmp_path
        assert names(directory) == []
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        write_files(directory, {"deep/er/a": "a"})
        (directory / "deep" / "er" / "a").chmod(0o444)
    assert names(tmp_path) == []


def test_staging_is_gone_after_an_exception_which_is_raised(tmp_path: Path) -> None:
    def interrupted() -> None:
        with staging(tmp_path) as directory:
            write_files(directory, {"deep/er/a": "a"})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == []


def test_staging_holds_no_file_open_afterwards(tmp_path: Path) -> None:
    before = len(os.listdir("/dev/fd"))
    for _ in range(3):
        with staging(tmp_path):
            pass
    assert len(os.listdir("/dev/fd")) == before


def test_what_a_killed_build_has_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    with python(HOLD, tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        (left,) = names(tmp_path)
        assert names(tmp_path / left) == ["deep", "half"]
        with staging(tmp_path) as directory:
            assert names(tmp_path) == [directory.name]
            assert directory.name != left
    assert names(tmp_path) == []


def test_what_a_living_build_is_writing_is_left_alone(tmp_path: Path) -> None:
    with python(HOLD, tmp_path) as process:
        (living,) = names(tmp_path)
        with staging(tmp_path) as directory:
            assert names(tmp_path) == sorted([living, directory.name])
        remove_dead_staging(tmp_path)
        assert tree(tmp_path / living) == {"half": "half"}
        assert process.poll() is None


def test_only_directories_of_the_staging_name_are_removed(tmp_path: Path) -> None:
    write_files(tmp_path, {".staging": "file", ".staging-file": "file", "staging-x/a": "a", "elsewhere/a": "a"})
    (tmp_path / ".staging-link").symlink_to("elsewhere")
    (tmp_path / ".staging-dead").mkdir()
    before = tree(tmp_path)
    remove_dead_staging(tmp_path)
    assert tree(tmp_path) == before
    assert not (tmp_path / ".staging-dead").exists()
    remove_dead_staging(tmp_path / "nowhere")


def test_a_directory_removed_by_another_build_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    mkdir = os.mkdir

    def make_and_lose(directory: Path, mode: int) -> None:
        made.append(directory.name)
        mkdir(directory, mode)
        if len(made) == 1:
            remove_dead_staging(directory.parent)

    monkeypatch.setattr(os, "mkdir", make_and_lose)
    with staging(tmp_path) as directory:
        assert directory.name == made[1]
        assert directory.is_dir()
    assert len(made) == 2


def test_many_builds_at_once_do_not_take_each_other_for_dead(tmp_path: Path) -> None:
    code = """
import sys; from pathlib import Path; from assetbuild.atomic import staging
print("ready", flush=True)
for at in range(150):
    with staging(Path(sys.argv[1])) as directory:
        (directory / "a").write_text("a")
        assert (directory / "a").read_text() == "a"
"""
    with python(code, tmp_path) as one, python(code, tmp_path) as two, python(code, tmp_path) as three:
        assert [process.wait(120) for process in (one, two, three)] == [0, 0, 0]
    assert names(tmp_path) == []


@pytest.mark.parametrize("exchange", ["one step", "two steps"])
@pytest.mark.parametrize("before", [None, {}, {"old": "old", "deep/old": "old"}])
def test_a_directory_is_installed_over_nothing_an_empty_one_or_another(
    tmp_path: Path, before: dict[str, str] | None, exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if exchange == "two steps":  # as on a file system that cannot exchange
        monkeypatch.setattr(atomic, "_exchange", lambda one, other: False)
    target = tmp_path / "target"
    if before is not None:
        target.mkdir()
        write_files(target, before)
    with staging(tmp_path) as directory:
        write_files(directory, {"new": "new", "deep/new": "new"})
        install(directory, target)
        assert tree(target) == {"new": "new", "deep/new": "new"}
    assert tree(target) == {"new": "new", "deep/new": "new"}
    assert names(tmp_path) == ["target"]


def test_the_system_under_test_exchanges_directories_in_one_step(tmp_path: Path) -> None:
    write_files(tmp_path, {"one/a": "1", "two/b": "2"})
    if not atomic._exchange(tmp_path / "one", tmp_path / "two"):
        pytest.skip("this file system cannot exchange two directories")
    assert tree(tmp_path) == {"one/b": "2", "two/a": "1"}
    assert not atomic._exchange(tmp_path / "one", tmp_path / "nowhere")


@pytest.mark.parametrize("kind", ["file", "link", "broken link"])
def test_a_file_or_a_link_in_the_way_stays(tmp_path: Path, kind: str) -> None:
    write_files(tmp_path, {"real/precious": "precious"})
    target = tmp_path / "target"
    if kind == "file":
        target.write_text("precious")
    else:
        target.symlink_to("real" if kind == "link" else "nowhere")
    before = tree(tmp_path)
    with staging(tmp_path) as directory:
        write_files(directory, {"new": "new"})
        with pytest.raises(NotADirectoryError):
            install(directory, target)
    assert tree(tmp_path) == before
    assert names(tmp_path) == ["real", "target"]


def test_in_two_steps_the_old_one_is_put_back_when_the_new_one_cannot_be_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic, "_exchange", lambda one, other: False)
    write_files(tmp_path, {"target/old": "old"})
    real, calls = os.rename, []

    def rename(source: object, destination: object) -> None:
        calls.append(source)
        if len(calls) == 3:  # after the try over an empty directory, and after the old one is away
            raise OSError(28, "No space left on device")
        real(source, destination)  # type: ignore[arg-type]

    with staging(tmp_path) as directory:
        write_files(directory, {"new": "new"})
        monkeypatch.setattr(os, "rename", rename)
        with pytest.raises(OSError) as caught:
            install(directory, tmp_path / "target")
        assert caught.value.strerror == "No space left on device"
    assert len(calls) == 4
    assert tree(tmp_path) == {"target/old": "old"}
    assert names(tmp_path) == ["target"]


INSTALL_FOR_EVER = """
import itertools, sys; from pathlib import Path; from assetbuild.atomic import install, point, staging
parent = Path(sys.argv[1])
print("ready", flush=True)
for at in itertools.count():
    with staging(parent) as directory:
        for name in "abcdef":
            (directory / name).write_text(str(at))
        install(directory, parent / "target")
    point(parent / "current", f"link-{at}")
"""


@pytest.mark.parametrize("milliseconds", [0, 3, 7, 20, 60, 110])
def test_whenever_the_builder_is_killed_a_whole_directory_stands_there(tmp_path: Path, milliseconds: int) -> None:
    write_files(tmp_path, {f"target/{name}": "old" for name in "abcdef"})
    with python(INSTALL_FOR_EVER, tmp_path) as process:
        time.sleep(milliseconds / 1000)
        process.kill()
        process.wait()
    content = tree(tmp_path / "target")
    assert list(content) == list("abcdef")
    assert len(set(content.values())) == 1
    current = tmp_path / "current"
    assert current.is_symlink() or not os.path.lexists(current)
    with staging(tmp_path):
        pass
    assert [name for name in names(tmp_path) if name.startswith(atomic.STAGING)] == []


def test_a_reader_sees_the_old_or_the_new_directory_and_link_and_never_none(tmp_path: Path) -> None:
    write_files(tmp_path, {"one/a": "1", "two/b": "2"})
    if not atomic._exchange(tmp_path / "one", tmp_path / "two"):
        pytest.skip("this file system cannot exchange two directories")
    write_files(tmp_path, {f"target/{name}": "old" for name in "abcdef"})
    (tmp_path / "current").symlink_to("old")
    seen, links = set(), set()
    with python(INSTALL_FOR_EVER, tmp_path):
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            descriptor = os.open(tmp_path / "target", os.O_RDONLY)
            seen.add(os.fstat(descriptor).st_ino)
            os.close(descriptor)
            links.add(os.readlink(tmp_path / "current"))
    assert len(seen) > 1
    assert len(links) > 1


def test_a_link_is_made_and_replaced_and_left_alone_where_it_is_right(tmp_path: Path) -> None:
    link = tmp_path / "current"
    assert point(link, "releases/one") is True
    assert os.readlink(link) == "releases/one"
    before = os.lstat(link), os.stat(tmp_path).st_mtime_ns
    assert point(link, "releases/one") is False
    assert (os.lstat(link), os.stat(tmp_path).st_mtime_ns) == before
    assert point(link, "releases/two") is True
    assert os.readlink(link) == "releases/two"
    assert names(tmp_path) == ["current"]


def test_a_link_to_a_directory_is_replaced_and_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    link = tmp_path / "current"
    point(link, "one")
    assert point(link, "two") is True
    assert os.readlink(link) == "two"
    assert names(tmp_path / "one") == []


def test_a_directory_where_the_link_should_go_stays(tmp_path: Path) -> None:
    write_files(tmp_path, {"current/precious": "precious"})
    with pytest.raises(IsADirectoryError):
        point(tmp_path / "current", "releases/one")
    assert tree(tmp_path) == {"current/precious": "precious"}


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The inodes that an fsync was made for."""
    found = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        found.append(os.fstat(descriptor).st_ino)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return found


def test_all_of_a_tree_can_be_made_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synced: list[int]) -> None:
    write_files(tmp_path, {"a": "a", "deep/er/b": "b"})
    (tmp_path / "a").chmod(0o444)
    before = tree(tmp_path)
    make_durable(tmp_path)
    synced.clear()
    monkeypatch.setattr(sys, "platform", "other")  # no syncfs there
    make_durable(tmp_path)
    assert tree(tmp_path) == before
    assert sorted(synced) == sorted(path.stat().st_ino for path in (tmp_path, *tmp_path.rglob("*")))


def test_of_a_tree_what_has_changed_can_be_made_durable(tmp_path: Path, synced: list[int]) -> None:
    """Files before the directories that name them; what is gone has changed these."""
    write_files(tmp_path, {"a": "a", "deep/er/b": "b", "deep/c": "c", "other/d": "d"})
    make_few_durable(tmp_path, ["deep/er/b", "deep/gone", "left/and/gone"])
    changed = [tmp_path / "deep/er/b", tmp_path / "deep/er", tmp_path / "deep", tmp_path]
    assert synced == [path.stat().st_ino for path in changed]


@pytest.mark.skipif(sys.platform != "linux", reason="there is no syncfs")
def test_of_many_files_not_each_is_synced(tmp_path: Path, synced: list[int]) -> None:
    write_files(tmp_path, {f"{number}": "" for number in range(100)})
    make_few_durable(tmp_path, map(str, range(100)))
    assert synced == []


def test_what_removes_whole_trees_is_loaded_where_there_is_one(tmp_path: Path) -> None:
    """It takes longer to load than all else that a small build does here."""
    code = (
        "import sys; from pathlib import Path; from assetbuild.atomic import point, staging\n"
        "point(Path(sys.argv[1], 'link'), 'one')\n"
        "with staging(Path(sys.argv[1])) as directory:\n"
        "    print('shutil' in sys.modules); (directory / 'a').touch()\n"
        "print('shutil' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], cwd=HERE, capture_output=True, text=True)
    assert (done.stdout, done.stderr, os.listdir(tmp_path)) == ("False\nTrue\n", "", ["link"])
