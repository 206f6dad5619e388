"""Every system call of a build that writes fails once, in each process; and the build is killed at every one of them.

A build is run under strace, which only counts; then, for each call that it has made, once more for each thing that can
happen there. Processes are handed to strace before they do anything, so a call has the same number each time.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tests.torture.builds import Ended, Warm
from tests.torture.kills import clean
from tests.torture.site import Site
from tests.torture.tally import Tally, in_lanes

# What can go wrong at each. `mmap` is left out; what a name stands for differs between machines, so all are named.
ERRORS = {
    "openat": ("ENOSPC", "EACCES", "EMFILE", "EIO", "ENOENT", "EROFS"),
    "open": ("ENOSPC", "EACCES", "EMFILE", "EIO", "ENOENT", "EROFS"),
    "write": ("ENOSPC", "EIO"),
    "writev": ("ENOSPC", "EIO"),
    "pwrite64": ("ENOSPC", "EIO"),
    "copy_file_range": ("ENOSPC", "EIO", "EXDEV"),
    "sendfile": ("ENOSPC", "EIO"),
    "link": ("EIO", "ENOSPC", "EACCES", "EMLINK"),
    "linkat": ("EIO", "ENOSPC", "EACCES", "EMLINK"),
    "rename": ("EIO", "ENOSPC", "EACCES", "EROFS", "ENOENT"),
    "renameat": ("EIO", "ENOSPC", "EACCES", "EROFS", "ENOENT"),
    "renameat2": ("EIO", "ENOSPC", "EACCES", "EROFS", "ENOENT", "EINVAL"),
    "mkdir": ("ENOSPC", "EACCES", "EIO", "ENOENT", "EROFS"),
    "mkdirat": ("ENOSPC", "EACCES", "EIO", "ENOENT", "EROFS"),
    "symlink": ("ENOSPC", "EACCES", "EIO", "EROFS"),
    "symlinkat": ("ENOSPC", "EACCES", "EIO", "EROFS"),
    "chmod": ("EACCES", "EIO", "EROFS"),
    "fchmod": ("EACCES", "EIO", "EROFS"),
    "fchmodat": ("EACCES", "EIO", "EROFS"),
    "utimensat": ("EACCES", "EIO", "EROFS"),
    "unlink": ("EACCES", "EIO", "ENOENT", "EROFS"),
    "unlinkat": ("EACCES", "EIO", "ENOENT", "EROFS"),
    "rmdir": ("EACCES", "EIO", "EROFS"),
    "fsync": ("EIO", "ENOSPC"),
    "fdatasync": ("EIO", "ENOSPC"),
    "syncfs": ("EIO", "ENOSPC", "ENOSYS"),
    "ftruncate": ("EIO", "ENOSPC"),
    "pipe2": ("EMFILE", "ENFILE"),
    "fork": ("EAGAIN", "ENOMEM"),
    "vfork": ("EAGAIN", "ENOMEM"),
    "clone": ("EAGAIN", "ENOMEM"),
    "clone3": ("EAGAIN", "ENOMEM"),
}
KILL = "SIGKILL"
KINDS = ("first build", "update", "no-op", "flat")
_REMOVERS = ("unlink", "unlinkat", "rmdir")  # if one of these fails, something is left until the next build
_MOST = 40  # numbers of one call in one process that are tried; of more, so many are spread evenly
_LINE = re.compile(r"(?:\d+ +)?(\w+)\((.*)")


class Point(NamedTuple):
    """The `number`th `call` of a process: 0 is the build's own, 1 the first that it forks."""

    kind: str
    process: int
    call: str
    number: int
    fault: str

    def __str__(self) -> str:
        who = "the build itself" if not self.process else f"process {self.process}"
        return f"{self.kind}, {who}, {self.call} {self.number}: {self.fault}"


def faults(
    base: Path, seconds: float, lanes: int, seed: int, kinds: Sequence[str] = KINDS, most: int | None = None
) -> dict[str, Any]:
    """Of `kinds` of builds; `most` limits the number of tries."""
    tally = Tally("faults", seconds, 0)
    with Lane(base / "counted", tally) as lane:
        points = lane.points(kinds)
    everything = in_order(points, Random(seed))[:most]
    tally.total = len(everything)
    left = iter(everything)

    def work(number: int) -> None:
        with Lane(base / f"faults-{number}", tally) as lane:
            for point in left:
                if tally.is_over:
                    return
                lane.attempt(point)

    in_lanes(lanes, work)
    found = tally.result()
    found["points"] = len({point[:4] for point in everything})
    return found


def in_order(points: list[Point], random: Random) -> list[Point]:
    """First each place with one fault, in turn, and a kill; then the other faults. Each part is shuffled."""
    places: dict[tuple[Any, ...], list[Point]] = {}
    for point in points:
        places.setdefault(point[:4], []).append(point)
    first, rest = [], []
    for at, these in enumerate(places.values()):
        kills, errors = [one for one in these if one.fault == KILL], [one for one in these if one.fault != KILL]
        chosen = errors.pop(at % len(errors))
        first += [chosen, *kills]
        rest += errors
    random.shuffle(first)
    random.shuffle(rest)
    return [*first, *rest]


class Lane:
    def __init__(self, base: Path, tally: Tally) -> None:
        self.tally = tally
        self.site = Site(base, settle=True)
        self.log = base / "strace"
        self.stack = ExitStack()

    def __enter__(self) -> Lane:
        self.warm = self.stack.enter_context(Warm(self.site))
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def points(self, kinds: Sequence[str]) -> list[Point]:
        """All of them, by a build of each kind that is only counted."""
        found = []
        for kind in kinds:
            for process in range(8):
                if not self._prepare(kind) or self._traced(kind, process, []) is None:
                    break
                for call, numbers in self._counted().items():
                    for number in spread(numbers):
                        found += [Point(kind, process, call, number, fault) for fault in (*ERRORS[call], KILL)]
        return found

    def _counted(self) -> dict[str, list[int]]:
        """By call, which of its numbers write."""
        counts: dict[str, int] = {}
        found: dict[str, list[int]] = {}
        for line in self.log.read_text(errors="replace").splitlines():
            match = _LINE.match(line)
            if not match or match[1] not in ERRORS:
                continue
            call, arguments = match.groups()
            counts[call] = counts.get(call, 0) + 1
            if call not in ("open", "openat") or "O_CREAT" in arguments:
                found.setdefault(call, []).append(counts[call])
        return found

    def _prepare(self, kind: str) -> bool:
        """Always from the same state, so that the same calls are made."""
        site = self.site
        site.wipe(cache=True)
        shutil.rmtree(site.base / "flat", ignore_errors=True)
        site.put("A", anew=True)
        if kind in ("update", "no-op"):
            ended = self.warm.build()
            if ended.status:
                self.tally.complain(kind, [f"the build before: {ended}"])
                return False
            site.put("B" if kind == "update" else "A", anew=True)
        return True

    def _traced(self, kind: str, process: int, options: list[str]) -> Ended | None:
        """A build whose process of that number strace has in its hands; None where there is no such process."""
        arguments = ("--flat", "flat") if kind == "flat" else ()
        build = self.warm.begin(*arguments, hold=process)
        pid = build.held()
        if pid is None:
            build.wait()
            return None
        calls = ",".join(f"?{call}" for call in ERRORS)
        with subprocess.Popen(
            ["strace", "-o", str(self.log), "-e", f"trace={calls}", *options, "-p", str(pid)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as strace:
            assert strace.stderr
            said = strace.stderr.readline()
            build.let_go()
            if "attached" not in said:
                build.wait()
                raise RuntimeError(f"strace cannot trace a build: {said}")
            return build.wait()

    def attempt(self, point: Point) -> None:
        site = self.site
        if not self._prepare(point.kind):
            return
        had, before = site.current, site.standing()
        fault = "signal=KILL" if point.fault == KILL else f"error={point.fault}"
        options = ["-e", f"inject={point.call}:{fault}:when={point.number}"]
        if point.call == "syncfs" and not point.process:
            options.append("-f")  # one of them is made by a thread
        ended = self._traced(point.kind, point.process, options)
        self.tally.step()
        log = self.log.read_text(errors="replace")
        if ended is None or ("INJECTED" not in log and "killed by SIGKILL" not in log):
            self.tally.count(point.kind, "not reached")
            return
        self.tally.count(point.kind, "tried", "killed" if point.fault == KILL else f"status {ended.status}")
        self.tally.count("by call", point.call)
        self.tally.complain(str(point), [*self._state(point, had, before, ended), *self._words(point, ended)])
        self._next(point)

    def _state(self, point: Point, had: str | None, before: set[str], ended: Ended) -> Iterator[str]:
        site = self.site
        yield from site.complaints(before, had)
        done = [one for one in ("A", "B") if site.current == site.whole[one].id]
        wanted = "B" if point.kind == "update" else "A"
        if ended.status == 0 and point.kind != "flat" and done != [wanted]:
            yield f"status 0, but 'current' names {site.current}"
        if point.kind == "flat" and (ended.status == 0 or (site.base / "flat").exists()):
            yield from flat_complaints(site, ended.status)
        # What is tidied up is opened as well, and a call may have another number than when it was counted.
        removes = point.call in _REMOVERS or re.search(r"O_DIRECTORY.*INJECTED", self.log.read_text(errors="replace"))
        if point.fault != KILL and not removes and (left := site.leftovers()):
            yield f"left at once: {', '.join(left)}"

    def _words(self, point: Point, ended: Ended) -> Iterator[str]:
        if "Traceback" in ended.err + ended.out:
            yield f"a traceback: {ended.err}"
        if point.fault == KILL and (point.process == 0 or ended.status < 0):
            return
        if ended.err:
            self.tally.told(f"{ended.status}: {re.sub(r'[0-9a-f]{16}|/[^ ]*/', '…', ended.err.strip())}")
        if ended.status not in (0, 1):
            yield f"status {ended.status}: {ended.err}"
        if ended.status == 1 and not ended.err:
            yield "status 1, and not a word why"

    def _next(self, point: Point) -> None:
        """The next build succeeds, whatever it is of, and leaves nothing but what is to be there."""
        site = self.site
        content = "B" if point.number % 2 else "A"
        site.put(content)
        ended = self.warm.build(*(("--flat", "flat") if point.kind == "flat" else ()))
        complaints = [] if (ended.status, ended.err) == (0, "") else [f"status {ended.status}: {ended.err}"]
        if point.kind == "flat":
            complaints += flat_complaints(site, 0)
            left = [name for name in sorted(path.name for path in site.base.iterdir()) if name.startswith(".")]
            left += site.leftovers()
        else:
            if site.current != site.whole[content].id:
                complaints.append(f"'current' names {site.current} and not {content}")
            complaints += site.complaints(set(), None)
            left = site.leftovers()
        if left:
            complaints.append(f"left: {', '.join(left)}")
            clean(site, left)
        self.tally.complain(f"{point}, the build after", complaints)


def spread(numbers: list[int]) -> list[int]:
    """All of them, or `_MOST` that lie evenly."""
    if len(numbers) <= _MOST:
        return numbers
    return [numbers[at * (len(numbers) - 1) // (_MOST - 1)] for at in range(_MOST)]


def flat_complaints(site: Site, status: int) -> Iterator[str]:
    """Of the release that is a directory itself."""
    directory = site.base / "flat"
    sums = (directory / "SHA256SUMS").read_bytes() if (directory / "SHA256SUMS").exists() else b""
    if sums not in [one.sums for one in site.whole.values()]:
        yield f"status {status}, and 'flat' is no release of ours"
        return
    done = subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=directory, capture_output=True, text=True)
    if done.returncode:
        yield f"sha256sum refuses 'flat': {done.stderr}"
