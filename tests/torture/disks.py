"""A file system that is too small, an output or a cache that goes while a build runs, a clock that jumps."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

from tests.torture.builds import Ended, Warm
from tests.torture.kills import other
from tests.torture.site import CONTENTS, Site, command, not_whole
from tests.torture.tally import Tally

_STEP = 8 << 10  # bytes between two sizes of the disk
_DAY = 86_400
_CLOCKS = (0, 3600, -3600, 400 * _DAY, -400 * _DAY, 20_000 * _DAY, -20_000 * _DAY, 3)  # seconds
# A jump between the looks of one build: each look at the clock says something else.
_JUMPS = """
import itertools, random, sys, time
shift, steps = float(sys.argv.pop(1)), itertools.count()
jump = random.Random(shift)
now, now_ns = time.time, time.time_ns
time.time = lambda: now() + shift + jump.uniform(-5000, 5000)
time.time_ns = lambda: max(0, now_ns() + int((shift + jump.uniform(-5000, 5000)) * 1e9))
from assetbuild.__main__ import run
run()
"""


def disks(base: Path, seconds: float, removals: int, seed: int, *, clocks: int = 2 * len(_CLOCKS)) -> dict[str, Any]:
    """`removals` and `clocks` are how many builds are attacked so, if there is time."""
    tally = Tally("disks", seconds, 0)
    random = Random(seed)
    site = Site(base / "disks")
    _clocks(site, tally, clocks)
    _full(base, tally)
    with Warm(site) as warm:
        _removals(site, warm, tally, random, removals)
    return tally.result()


def can_mount(directory: Path) -> bool:
    directory.mkdir(parents=True)
    with _mounted(directory, 1 << 20) as mounted:
        return mounted


@contextmanager
def _mounted(directory: Path, size: int) -> Iterator[bool]:
    """A tmpfs of so many bytes; False where the system allows none."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(directory)], capture_output=True, check=False
    )
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", str(directory)], check=True)


def _full(base: Path, tally: Tally) -> None:
    """Output and cache are on a disk of their own, larger by a step each time: first builds, then updates."""
    row = "a full disk"
    site = Site(base / "full")
    disk = site.base / "disk"
    if os.geteuid() or not can_mount(disk):
        tally.count(row, "left out: this needs root")
        return
    site.dist, site.cache, site.scratch = disk / "dist", disk / "cache", disk / "tmp"
    with Warm(site) as warm:
        for size in range(_STEP, 60 * _STEP, _STEP):
            if tally.is_over:
                return
            with _mounted(disk, size):
                site.scratch.mkdir()
                statuses = [_filled(site, warm, tally, content, size) for content in "AB"]
                tally.step()
            if statuses == [0, 0] and size > 50 * _STEP:
                return


def _filled(site: Site, warm: Warm, tally: Tally, content: str, size: int) -> int:
    row = "a full disk"
    site.put(content)
    had, before = site.current, site.standing()
    ended = warm.build("--output", str(site.dist))
    tally.count(row, "builds", f"status {ended.status}")
    complaints = [*site.complaints(before, had), *_words(tally, ended)]
    if ended.status == 0 and site.current != site.whole[content].id:
        complaints.append(f"status 0, but 'current' names {site.current}")
    complaints += [f"left: {name}" for name in site.leftovers() if not name.startswith("cache/")]
    tally.complain(f"{row} of {size} bytes", complaints)
    return ended.status


def _words(tally: Tally, ended: Ended) -> Iterator[str]:
    if "Traceback" in ended.err:
        yield f"a traceback: {ended.err}"
    if ended.err:
        tally.told(f"{ended.status}: {ended.err.strip().splitlines()[0].rpartition('/')[2]}")
    if ended.status not in (0, 1) or (ended.status == 1 and not ended.err):
        yield f"status {ended.status}: {ended.err}"


def _removals(site: Site, warm: Warm, tally: Tally, random: Random, count: int) -> None:
    """The output, the cache, or both, are removed at a random instant: in one step, or file by file.

    In the second case what is removed may be a part of a release that is just being put in its place. Nobody can see
    that; but the next build of the same makes it whole."""
    for _ in range(count):
        if tally.is_over:
            return
        gone = random.choice((("dist",), ("cache",), ("dist", "cache"), ("scratch",)))
        if random.random() < 0.4:
            site.wipe(cache=random.random() < 0.5)
        content = random.choice(CONTENTS)
        site.put(content)
        at_once = random.random() < 0.5
        row = f"{' and '.join(gone)} removed {'in one step' if at_once else 'file by file'}"
        running = warm.begin()
        time.sleep(random.uniform(0, 0.12))
        for name in gone:
            _remove(site.base / name, at_once)
        ended = running.wait()
        site.scratch.mkdir(exist_ok=True)
        tally.count(row, "builds", f"status {ended.status}")
        complaints = [*_words(tally, ended)]
        if "dist" not in gone and ended.status:
            complaints.append(f"status {ended.status}: {ended.err}")
        tally.complain(row, complaints)
        _next(site, warm, tally, row, other(content) if at_once else content)
        tally.step()


def _remove(directory: Path, at_once: bool) -> None:
    with suppress(FileNotFoundError):
        if at_once:
            directory = directory.rename(f"{directory}-gone")
    shutil.rmtree(directory, ignore_errors=True)


def _next(site: Site, warm: Warm, tally: Tally, row: str, content: str) -> None:
    site.put(content)
    ended = warm.build()
    complaints = [] if (ended.status, ended.err) == (0, "") else [f"status {ended.status}: {ended.err}"]
    if site.current != site.whole[content].id:
        complaints.append(f"'current' names {site.current} and not {content}")
    complaints += not_whole(site.dist / "current", site.whole)
    complaints += [f"left: {name}" for name in site.leftovers()]
    tally.complain(f"{row}, the build after", complaints)
    if [*site.complaints(set(), None)]:
        site.wipe(cache=False)


def _clocks(site: Site, tally: Tally, count: int) -> None:
    """The clock that a build reads is off by years, and by an hour more or less at each look."""
    row = "a clock that jumps"
    for at, shift in enumerate((*_CLOCKS, *_CLOCKS)[:count]):
        if tally.is_over:
            return
        content = CONTENTS[at % 2]
        site.put(content)
        ended = subprocess.run(
            [sys.executable, "-W", "error", "-c", _JUMPS, str(shift), *command()[5:]],
            cwd=site.base,
            env=site.environment(),
            capture_output=True,
            text=True,
        )
        tally.count(row, "builds", f"status {ended.returncode}")
        complaints = [f"status {ended.returncode}: {ended.stderr}"] if ended.returncode or ended.stderr else []
        if site.current != site.whole[content].id:
            complaints.append(f"'current' names {site.current} and not {content}")
        tally.complain(f"{row}, {shift} s", [*complaints, *site.complaints(set(), None)])
        tally.step()
