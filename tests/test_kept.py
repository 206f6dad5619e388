"""The cache as users meet it: on the command line, in a directory that may be anything."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assetbuild import kept
from assetbuild.kept import Kept, cache_directory, clear, forget_old_builds, info
from assetbuild.store import LIMIT, NAME, Store
from tests.conftest import write_files
from tests.support.needs import missing
from tests.test_cli import drop_file_capabilities, run
from tests.test_incremental import PLAIN, Project, said, tree
from tests.test_release import snapshot

SITE = {"css/site.css": "a { background : url(../img/dot.png) }\n" + "b { c : d }\n" * 40, "img/dot.png": "a dot"}
DAY = 86_400


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project", SITE, PLAIN.replace("br = false", "br = 1"))


def size_of(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())


def test_the_command_line_tells_what_is_kept_and_removes_it(project: Project) -> None:
    where = ("--cache-dir", "kept")
    directory = project.base / "kept"
    assert said(project.base, "cache", "info", *where).stdout == f"{directory} holds 0 results and 0 builds, 0 bytes\n"
    assert not directory.exists()
    said(project.base, "build", *where)
    said(project.base, "build", *where, "--flat", "flat")
    write_files(directory, {"notes.txt": "mine", "builds/notes.txt": "mine"})

    told = said(project.base, "cache", "info", *where)

    size = size_of(directory) - len("minemine")
    entries = info(directory).entries
    assert entries == 2
    assert (told.stdout, told.stderr, told.exit_code) == (
        (f"{directory} holds {entries} results and 2 builds, {size:,} bytes\n", "", 0)
    )
    expected = {
        "path": str(directory),
        "entries": entries,
        "builds": 2,
        "bytes": size,
        "limit": LIMIT,
        "problem": None,
    }
    assert json.loads(said(project.base, "cache", "info", *where, "--json").stdout) == expected
    assert json.loads(said(project.base, "cache", "clear", *where, "--json").stdout) == expected
    assert sorted(path.name for path in directory.rglob("*")) == ["builds", "notes.txt", "notes.txt"]
    cleared = said(project.base, "cache", "clear", *where)
    assert cleared.stdout == f"{directory} held 0 results and 0 builds, 0 bytes\n"
    assert said(project.base, "cache", "clear", *where, "-q").stdout == ""


def test_after_clearing_a_build_gives_the_same(project: Project) -> None:
    first = project.build()
    clear(project.cache)

    assert project.same().id == first.id


def in_builds(project: Project) -> set[str]:
    return set(os.listdir(project.cache / "builds"))


FOREIGN = (
    *("data.json", "app.stamp", "b.known", "a.new", "0123456.stamp", "012345678.stamp", "01234567.stamp.txt"),
    *("0123456x.known", "01234567.stamps", "01234567", "01234567.stamp.new", "01234567.stamp.a.new"),
    *("01234567.stamp.1.old", "01234567.known.1.new.txt"),
)


def test_what_is_not_ours_stays(project: Project) -> None:
    """A directory may hold other things, and a directory called 'builds' with others in it."""
    builds = project.cache / "builds"
    project.build()
    write_files(builds, dict.fromkeys(FOREIGN, ""))
    write_files(project.cache, {"package.json": ""})
    killed = builds / f"{next(builds.glob('????????.stamp')).name}.17.new"  # left by a build that was killed
    killed.touch()
    for file in builds.iterdir():
        os.utime(file, (1, 1))

    assert info(project.cache).builds == 1
    forget_old_builds(project.cache)
    assert in_builds(project) == {*FOREIGN}
    project.write({"img/dot.png": "another"})
    project.build()
    assert len(in_builds(project)) == len(FOREIGN) + 2
    clear(project.cache)
    assert in_builds(project) == {*FOREIGN}
    assert (project.cache / "package.json").exists()


@pytest.mark.parametrize(("days", "stays"), [(0, True), (59, True), (61, False), (4000, False), (-5, True)])
def test_what_nobody_asked_for_in_two_months_is_forgotten(project: Project, days: float, stays: bool) -> None:
    project.build()
    ours = in_builds(project)
    then = time.time() - days * DAY
    for name in ours:
        os.utime(project.cache / "builds" / name, (then, then))

    forget_old_builds(project.cache)

    assert in_builds(project) == (ours if stays else set())
    forget_old_builds(project.cache / "nowhere")


@pytest.mark.parametrize(("age", "marked"), [(0.5, False), (1.5, True)])
def test_a_use_is_marked_once_a_day(tmp_path: Path, age: float, marked: bool) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    then = time.time() - age * DAY
    for file in files:
        file.touch()
        os.utime(file, (then, then))

    kept.mark_used(*map(str, files))

    assert [file.stat().st_mtime > then + 1 for file in files] == [marked, marked]
    kept.mark_used(str(tmp_path / "missing"))


def test_the_cache_is_where_the_option_says_else_the_variable_else_the_users_own(project: Project) -> None:
    environment = {"ASSETBUILD_CACHE_DIR": "", "XDG_CACHE_HOME": str(project.base / "xdg"), "HOME": str(project.base)}

    def place(*arguments: str, **more: str) -> str:
        done = said(project.base, "cache", "info", *arguments, "--json", env={**environment, **more})
        return str(json.loads(done.stdout)["path"])

    named = {"ASSETBUILD_CACHE_DIR": "named"}
    assert place("--cache-dir", "given", **named) == str(project.base / "given")
    assert place(**named) == str(project.base / "named")
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert place() == str(project.base / "xdg/assetbuild")
    assert not (project.base / "xdg").exists()


def test_there_a_build_keeps_it(project: Project) -> None:
    said(project.base, "build", "--cache-dir", "given", env={"ASSETBUILD_CACHE_DIR": "named"})

    assert (info(project.base / "given").builds, info(project.base / "named").builds) == (1, 0)


def test_a_relative_place_is_below_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert cache_directory(Path("here")) == tmp_path / "here"
    assert info(Path("here")) == Kept(tmp_path / "here", 0, 0, 0, LIMIT, None)


def test_no_cache_writes_nothing_but_the_output(project: Project) -> None:
    home = {"HOME": str(project.base / "home"), "XDG_CACHE_HOME": str(project.base / "home/cache")}
    (project.base / "home").mkdir()
    before = snapshot(project.base)

    done = run(project.base, "build", "--no-cache", env={**home, "PYTHONDONTWRITEBYTECODE": "1"})

    assert (done.returncode, done.stderr) == (0, "")
    after = snapshot(project.base)
    assert {path for path in after if before.get(path) != after[path]} == {
        path for path in after if path.startswith(f"{project.base}/dist")
    } | {str(project.base)}


def test_no_cache_reads_nothing_either(project: Project) -> None:
    where = ("--cache-dir", "kept")
    said(project.base, "build", *where)
    directory = project.base / "kept"
    before = snapshot(directory)
    project.write({"img/dot.png": "another"})

    told = json.loads(said(project.base, "build", *where, "--no-cache", "--explain", "--json").stdout)

    assert told["reasons"] == dict.fromkeys(("css/site.css", "img/dot.png"), "no earlier build is known")
    assert (told["built"], told["reused"]) == (2, 0)
    assert snapshot(directory) == before


def a_file(cache: Path) -> None:
    cache.write_text("not a directory")


def builds_that_are_a_file(cache: Path) -> None:
    cache.mkdir()
    (cache / "builds").write_text("not a directory")


def garbage(cache: Path) -> None:
    """In the place of each file that a build has left."""
    for file in cache.rglob("*"):
        if file.is_file():
            file.write_bytes(b"garbage " * 200)


def garbage_that_begins_well(cache: Path) -> None:
    for file in cache.rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[:100] + b"garbage " * 200)


def directories(cache: Path) -> None:
    for file in [*cache.rglob("*")]:
        if file.is_file():
            file.unlink()
            (file / "inside").mkdir(parents=True)


@pytest.mark.parametrize("state", [a_file, builds_that_are_a_file, garbage, garbage_that_begins_well, directories])
def test_whatever_stands_in_its_place_a_build_gives_the_same(project: Project, state: Callable[[Path], None]) -> None:
    project.build()
    if state in (a_file, builds_that_are_a_file):
        shutil.rmtree(project.cache)

    state(project.cache)

    project.same()
    project.write({"img/dot.png": "another dot"})
    project.same()


def closed(cache: Path) -> None:
    for path in (*cache.rglob("*"), cache):
        path.chmod(0)


def read_only(cache: Path) -> None:
    for path in (*cache.rglob("*"), cache):
        path.chmod(0o555 if path.is_dir() else 0o444)


def empty_and_read_only(cache: Path) -> None:
    shutil.rmtree(cache)
    cache.mkdir(mode=0o555)


@pytest.mark.parametrize("state", [closed, read_only, empty_and_read_only])
def test_whoever_may_not_write_it_builds_the_same(project: Project, state: Callable[[Path], None]) -> None:
    run(project.base, "build", "--cache-dir", "kept")
    cache = project.base / "kept"
    state(cache)
    try:
        if holds_not(cache):
            missing("modes do not hold here: neither an ordinary user nor able to give up root's rights")
        project.write({"img/dot.png": "another dot"})
        done = run(project.base, "build", "--cache-dir", "kept", preexec=drop_file_capabilities)
    finally:
        open_again(cache)

    assert done.returncode == 0, done.stderr
    assert tree((project.base / "dist/current").resolve()) == tree(project.fresh().dir)


def open_again(cache: Path) -> None:
    cache.chmod(0o755)
    for path in cache.rglob("*"):
        path.chmod(0o755)


def holds_not(directory: Path) -> bool:
    """Whether something can be written into a directory whose mode forbids it."""
    done = subprocess.run(["touch", directory / "probe"], preexec_fn=drop_file_capabilities, capture_output=True)
    return done.returncode == 0


def test_a_cache_that_cannot_be_removed_says_so(project: Project) -> None:
    project.build()
    read_only(project.cache)
    try:
        if holds_not(project.cache):
            missing("modes do not hold here: neither an ordinary user nor able to give up root's rights")
        done = run(project.base, "cache", "clear", "--cache-dir", "cache", preexec=drop_file_capabilities)
    finally:
        open_again(project.cache)

    assert done.returncode == 0
    (stamp,) = (project.cache / "builds").glob("*.stamp")
    assert done.stderr in {
        f"warning: '{file}' cannot be removed: Permission denied\n"
        for file in (stamp, stamp.with_suffix(".known"), project.cache / NAME)
    }
    assert info(project.cache).builds == 1


def test_what_a_build_has_put_is_counted(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put(b"key", b"value")

    found = info(tmp_path)

    assert (found.entries, found.builds, found.problem) == (1, 0, None)
    assert found.size == size_of(tmp_path)
