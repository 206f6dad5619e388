"""A short torture, what the long one (make torture) has found, and whether it would notice what it looks for."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from assetbuild.early import Early
from tests.support.needs import missing
from tests.torture import page
from tests.torture.calls import Point, in_order, nearest, points_in, was_hit
from tests.torture.disks import disks
from tests.torture.faults import Lane, faults
from tests.torture.kills import kills
from tests.torture.site import Release, Site, command, not_whole
from tests.torture.tally import Tally

SECONDS = 3  # for each part, after it has set itself up


def strace() -> None:
    if not shutil.which("strace"):
        missing("strace is not installed")


def test_builds_that_are_killed_leave_whole_releases(tmp_path: Path) -> None:
    found = kills(tmp_path, SECONDS, 25, 1, seed=1, large=False)

    assert found["complaints"] == []
    assert found["done"] > 0


def test_builds_whose_system_calls_fail_leave_whole_releases(tmp_path: Path) -> None:
    strace()

    found = faults(tmp_path, SECONDS, 1, seed=1, kinds=("update",), most=20)

    assert found["complaints"] == []
    assert found["done"] > 0


def test_a_disk_that_is_full_and_directories_that_go_harm_no_release(tmp_path: Path) -> None:
    found = disks(tmp_path, SECONDS, removals=6, seed=1, clocks=2)

    assert found["complaints"] == []
    assert found["done"] > 0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("torture") / "site")


@pytest.fixture
def built(site: Site) -> Iterator[Site]:
    """With a release of A, and a build that trusts every signature."""
    site.wipe(cache=True)
    site.put("A")
    trusting(site)
    yield site
    site.wipe(cache=True)


def trusting(site: Site) -> subprocess.CompletedProcess[str]:
    """A build to which no file is too young to be known by its time."""
    code = "import assetbuild.signatures as s; s.TICK = -10**18; from assetbuild.__main__ import run; run()"
    arguments = [sys.executable, "-c", code, *command()[5:]]
    done = subprocess.run(arguments, cwd=site.base, env=site.environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done


def test_a_build_with_nothing_to_do_removes_what_a_killed_one_has_left(built: Site) -> None:
    for place in (built.dist, built.dist / "releases"):
        (place / ".staging-0123456789abcdef" / "files").mkdir(parents=True)

    assert "nothing was written" in trusting(built).stdout

    assert built.leftovers() == []


def test_a_build_that_finds_the_same_bytes_removes_what_a_killed_one_has_left(built: Site) -> None:
    """As after a change that was taken back."""
    built.put("A", anew=True)
    (built.dist / ".staging-0123456789abcdef" / "files").mkdir(parents=True)

    assert "nothing was written" in trusting(built).stdout

    assert built.leftovers() == []


def test_a_build_that_finds_its_release_removes_what_a_killed_one_has_left(built: Site) -> None:
    shutil.rmtree(built.cache)
    for place in (built.dist, built.dist / "releases"):
        (place / ".staging-0123456789abcdef" / "files").mkdir(parents=True)

    assert "nothing was written" in trusting(built).stdout

    assert built.leftovers() == []


def test_what_a_killed_build_has_not_written_to_its_end_goes_from_the_cache(built: Site) -> None:
    stamp = next(built.cache.glob("builds/*.stamp"))
    dead = [Path(f"{stamp}.123.new"), *(built.cache / f"v1.sqlite3.0123456789abcdef.new{end}" for end in ("", "-wal"))]
    living = [Path(f"{stamp}.124.new"), built.cache / "v1.sqlite3.fedcba9876543210.new"]
    for file in (*dead, *living):
        file.write_bytes(b"half")
    built.put("B")
    with open(living[0], "rb") as one, open(living[1], "rb") as other:
        for stream in (one, other):
            fcntl.flock(stream, fcntl.LOCK_EX)
        trusting(built)
        assert [file for file in (*dead, *living) if file.exists()] == living

    built.put("A")
    trusting(built)

    assert built.leftovers() == []


def test_what_did_not_reach_the_disk_is_no_release(tmp_path: Path) -> None:
    """The system tells of it once, so that an fsync afterwards says that all is well."""
    strace()
    tally = Tally("faults", 60, 1)
    with Lane(tmp_path / "site", tally) as lane:
        for fault in ("EIO", "ENOSPC", "ENOSYS"):
            lane.attempt(Point("first build", 0, "syncfs", 1, fault))

    assert tally.complaints == []
    assert tally.rows["first build"] == {"tried": 3, "status 1": 2, "status 0": 1}


def test_of_workers_that_share_work_the_one_that_is_attacked_makes_the_same_calls_each_time(tmp_path: Path) -> None:
    strace()
    with Lane(tmp_path / "site", Tally("faults", 60, 1)) as lane:
        once, again = ({point.place for point in lane.points("first build")} for _ in range(2))

    # What a worker tells is cut into pieces by the clock.
    assert {one for one in once if one[2] != "write"} == {one for one in again if one[2] != "write"}
    assert {process for _, process, _, _ in once} == {0, 1, 2, 3}  # with the one that lists the sources


LOG = """\
mkdir("dist", 0777) = 0
openat(AT_FDCWD, "a", O_RDONLY|O_CLOEXEC) = 3
openat(AT_FDCWD, "b", O_WRONLY|O_CREAT|O_EXCL, 0444) = -1 EIO (Input/output error) (INJECTED)
123 openat(AT_FDCWD, "c", O_WRONLY|O_CREAT <unfinished ...>
123 <... openat resumed>) = 4
+++ exited with 0 +++
"""


def test_only_calls_that_write_are_points_and_those_that_read_count() -> None:
    points = {point.place[2:] for point in points_in(LOG, "update", 0)}

    assert points == {("mkdir", 1), ("openat", 2), ("openat", 3)}


@pytest.mark.parametrize(
    ("call", "number", "hit", "instead"), [("openat", 2, True, 2), ("openat", 1, False, 2), ("openat", 9, False, 3)]
)
def test_a_fault_that_came_to_no_call_that_writes_is_tried_at_the_nearest(
    call: str, number: int, hit: bool, instead: int
) -> None:
    point = Point("update", 0, call, number, "EIO")

    assert was_hit(LOG, point) is hit
    assert nearest(LOG, point) == point._replace(number=instead)


def test_a_fault_that_did_not_come_has_hit_nothing() -> None:
    assert not was_hit(LOG.replace("(INJECTED)", ""), Point("update", 0, "openat", 2, "EIO"))


def test_each_point_first_has_an_error_and_a_kill() -> None:
    points = points_in(LOG, "update", 0)
    ordered = in_order(points, Random(1))

    assert sorted(ordered) == sorted(points)
    assert [(one.place, one.fault) for one in ordered[1:6:2]] == [(one.place, "SIGKILL") for one in ordered[:6:2]]
    assert "SIGKILL" not in {point.fault for point in ordered[6:]}


def test_what_fails_while_it_is_flushed_early_is_told_later(tmp_path: Path) -> None:
    early = Early(tmp_path / "gone", "files")
    early.flush()
    early.join()

    with pytest.raises(FileNotFoundError):
        early.wait()


def test_where_no_pipe_can_be_opened_the_work_is_done_all_the_same() -> None:
    code = """
import os, resource
from assetbuild.executors import Processes
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
def work(number):
    return number + sum(range(200_000))
expected = [work(number) for number in range(50)]
import pickle, signal, fcntl, select, assetbuild.workers  # what a map would import
for free in range(6):
    full = []
    try:
        while True:
            full.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    for descriptor in full[:free]:
        os.close(descriptor)
    assert list(Processes(2).map(work, range(50))) == expected
    for descriptor in full[free:]:
        os.close(descriptor)
    assert len(os.listdir("/proc/self/fd")) < 10
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("harm", ["a byte", "a file more", "a file less", "another mode", "another release"])
def test_the_torture_notices_what_is_not_whole(built: Site, harm: str) -> None:
    assert [*not_whole(built.dist / "current", built.whole)] == []
    whole = dict(built.whole)
    file = next((built.dist / "current" / "files" / "js").glob("app.*.js"))
    if harm == "a byte":
        file.chmod(0o644)
        file.write_bytes(file.read_bytes()[:-1] + b"?")
        file.chmod(0o444)
    elif harm == "a file more":
        (file.parent / "more.js").touch(0o444)
    elif harm == "a file less":
        file.unlink()
    elif harm == "another mode":
        file.chmod(0o644)
    else:
        whole = {"A": Release("0" * 16, b"")}

    assert [*not_whole(built.dist / "current", whole)] != []


def test_the_torture_notices_what_is_lost_and_what_is_left(built: Site) -> None:
    before, had = built.standing(), built.current
    assert [*built.complaints(before, had)] == built.leftovers() == []

    shutil.rmtree(built.dist / "releases")
    os.unlink(built.dist / "current")
    (built.dist / "releases" / ".staging-x").mkdir(parents=True)
    (built.scratch / "tmp1").touch()

    assert [*built.complaints(before, had)] == [f"a release was lost: {had}", "'current' was lost"]
    assert built.leftovers() == ["dist/releases/.staging-x", "scratch/tmp1"]
    (built.scratch / "tmp1").unlink()


def test_the_page_says_how_many_points_were_met_and_which_were_not() -> None:
    rows = {"update": {"tried": 3, "killed": 1, "status 1": 2, "nearby": 1}, "by call": {"link": 3}}
    result = {"rows": rows, "points": 2, "met": 1, "not met": ["update 0 link 2"], "complaints": []}
    text = page.render("faults", {**result, "done": 3, "total": 4, "seconds": 9})

    assert text.splitlines()[-1] == (
        "**1 of 2 fault points** were met by an error and by a kill, 1 of these tries at the nearest such call. "
        "Tries by call: link 3. Not met, or by one of the two only: 1 (update 0 link 2); "
        "0 tries found no such call any time. 3 of 4 tries in 9 s; not as promised: **0**."
    )


def test_figures_are_written_between_their_marks() -> None:
    text = "before\n<!-- torture: kills -->\nold\n<!-- /torture -->\nafter\n"
    assert page.replaced(text, "kills", "new") == text.replace("old", "new")
    with pytest.raises(ValueError, match="the page has no place for 'faults'"):
        page.replaced(text, "faults", "new")
