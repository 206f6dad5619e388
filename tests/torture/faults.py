"""Every system call of a build that writes fails once, in each process; and the build is killed at every one of them.

A build is run under strace, which only counts; then, for each call that it has made, once more for each thing that can
happen there. Processes are handed to strace before they do anything, so a call mostly has the same number each time.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from tests.torture.builds import Ended, Warm
from tests.torture.calls import ERRORS, KILL, Place, Point, in_order, nearest, points_in, was_hit
from tests.torture.kills import FURTHER, clean, nothing_to_do
from tests.torture.places import places
from tests.torture.site import SAMPLE, Site, not_whole
from tests.torture.tally import Tally, in_lanes

COPIES = "update of copies"  # of which, unlike of what a build has just made, nothing is known
KINDS = ("first build", "update", COPIES, "no-op", "flat")
_ALONE = ("no-op", "flat")  # such builds do all of the work themselves
_REMOVERS = ("unlink", "unlinkat", "rmdir")  # if one of these fails, something is left until the next build
_AGAIN = 6  # tries at a call that was not made, or by no such process; workers take what comes, so each time is another
_PROCESSES = 8  # of one build, at most


def faults(
    base: Path, seconds: float, lanes: int, seed: int, kinds: Sequence[str] = KINDS, most: int | None = None
) -> dict[str, Any]:
    """Of `kinds` of builds; `most` limits the number of tries."""
    tally = Tally("faults", seconds, 0)
    met: dict[Place, set[bool]] = defaultdict(set)  # by place, whether it was a kill
    with places(base, "faults", lanes) as directories, ExitStack() as stack:
        crew = [Lane(directory, tally) for directory in directories]
        in_lanes(lanes, lambda number: _enter(stack, crew[number]))
        found: list[list[Point]] = [[] for _ in kinds]
        todo = iter(enumerate(kinds))

        def look(number: int) -> None:
            for at, kind in todo:
                found[at] = crew[number].points(kind)

        in_lanes(lanes, look)
        everything = in_order([point for points in found for point in points], Random(seed))[:most]
        tally.total = len(everything)
        left = iter(everything)

        def work(number: int) -> None:
            for point in left:
                if tally.is_over:
                    return
                if crew[number].attempt(point):
                    met[point.place].add(point.fault == KILL)

        in_lanes(lanes, work)
    wanted = {point.place for point in everything}
    return {
        **tally.result(),
        "points": len(wanted),
        "met": sum(len(met[place]) == 2 for place in wanted),
        "not met": sorted(" ".join(map(str, place)) for place in wanted if len(met[place]) < 2),
    }


def _enter(stack: ExitStack, lane: Lane) -> None:
    stack.enter_context(lane)


class Lane:
    def __init__(self, base: Path, tally: Tally) -> None:
        self.tally = tally
        self.site = Site(base)
        self.log = base / "strace"
        self.stack = ExitStack()
        self.tries = count(1)

    def __enter__(self) -> Lane:
        self.warm = self.stack.enter_context(Warm(self.site))
        self.site.settle()
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def points(self, kind: str) -> list[Point]:
        """All of that kind, by a build for each process of it which is only counted."""
        found = []
        for process in range(_PROCESSES):
            if not self._is_there(kind, process):
                break
            found += points_in(self._told(), kind, process)
        return found

    def _is_there(self, kind: str, process: int) -> bool:
        """Whether a build has a process of that number, one time of a few; it has been traced then."""
        return any(self._prepare(kind) and self._traced(kind, process, []) for _ in range(_AGAIN // 2))

    def _told(self) -> str:
        return self.log.read_text(errors="replace")

    def _prepare(self, kind: str) -> bool:
        """Always from the same state, so that the same calls are made."""
        site = self.site
        shutil.rmtree(site.base / "flat", ignore_errors=True)
        if kind in ("first build", "flat"):
            site.wipe(cache=True)
            site.put("A", anew=True)
            return True
        site.put("A")
        if not site.restore("A"):
            if not self._built(kind):
                return False
            site.keep("A")
            site.restore("A")
        if kind != COPIES and not self._built(kind):  # which makes it known again
            return False
        site.put("A" if kind == "no-op" else "B", anew=kind != "update")
        return True

    def _built(self, kind: str) -> bool:
        ended = self.warm.build(trusting=kind == "update")
        if ended.status:
            self.tally.complain(kind, [f"the build before: {ended}"])
        return ended.status == 0

    def _traced(self, kind: str, process: int, options: list[str]) -> Ended | None:
        """A build whose process of that number strace has in its hands; None where there is no such process."""
        arguments = ("--flat", "flat") if kind == "flat" else ()
        build = self.warm.begin(*arguments, hold=process, alone=kind in _ALONE, trusting=kind == "update")
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

    def attempt(self, point: Point) -> bool:
        """Whether it could be done: there, or at the nearest call of the kind where there were fewer this time."""
        self.tally.step()
        wanted = point
        for _ in range(_AGAIN):
            if not self._prepare(point.kind):
                return False
            ended, log = self._injected(point)
            if ended and was_hit(log, point):
                columns = ("tried", "killed" if point.fault == KILL else f"status {ended.status}")
                self.tally.count(point.kind, *columns, *(("nearby",) if point != wanted else ()))
                self.tally.count("by call", point.call)
                return True
            self.tally.count(point.kind, "again")
            if ended:
                point = nearest(log, wanted)
        self.tally.count(point.kind, "not reached")
        return False

    def _injected(self, point: Point) -> tuple[Ended | None, str]:
        """The build with that fault, and what strace has told; all has been judged, and the next build made."""
        site = self.site
        had, before = site.current, site.standing()
        fault = "signal=KILL" if point.fault == KILL else f"error={point.fault}"
        options = ["-e", f"inject={point.call}:{fault}:when={point.number}"]
        if point.call == "syncfs" and not point.process:
            options.append("-f")  # one of them is made by a thread
        ended = self._traced(point.kind, point.process, options)
        log = self._told() if ended else ""
        if ended and ("INJECTED" in log or "killed by SIGKILL" in log):
            self.tally.complain(str(point), [*self._state(point, had, before, ended), *self._words(point, ended)])
            self._next(point)
        elif ended and (ended.status, ended.err) != (0, ""):
            self.tally.complain(str(point), [f"nothing was done to it, but status {ended.status}: {ended.err}"])
        return ended, log

    def _state(self, point: Point, had: str | None, before: set[str], ended: Ended) -> Iterator[str]:
        site = self.site
        yield from site.complaints(before, had)
        done = [one for one in ("A", "B") if site.current == site.whole[one].id]
        wanted = "B" if point.kind in ("update", COPIES) else "A"
        if ended.status == 0 and point.kind != "flat" and done != [wanted]:
            yield f"status 0, but 'current' names {site.current}"
        if point.kind == "flat" and (ended.status == 0 or (site.base / "flat").exists()):
            yield from flat_complaints(site)
        # What is tidied up is opened as well, and a call may have another number than when it was counted.
        removes = point.call in _REMOVERS or re.search(r"O_DIRECTORY.*INJECTED", self._told())
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
        trusting, arguments = point.kind == "update", ("--flat", "flat") if point.kind == "flat" else ()
        ended = self.warm.build(*arguments, trusting=trusting)
        complaints = [] if (ended.status, ended.err) == (0, "") else [f"status {ended.status}: {ended.err}"]
        if point.kind == "flat":
            complaints += flat_complaints(site)
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
        if next(self.tries) % FURTHER == 0:
            complaints += nothing_to_do(self.warm, *arguments, trusting=trusting)
        self.tally.complain(f"{point}, the build after", complaints)


def flat_complaints(site: Site) -> Iterator[str]:
    """Of the release that is a directory itself."""
    whole = {content: one._replace(id="flat") for content, one in site.whole.items()}
    yield from not_whole(site.base / "flat", whole, by_program=next(site.looks) % SAMPLE == 0)
