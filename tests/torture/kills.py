"""Builds are killed at random instants, whole or in part; then all must be as before or done, and the next build works.

The instant is even over the time that such a build takes. What had ended before it came is tried again.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tests.torture.builds import Ended, Fresh, Running, Warm
from tests.torture.places import places
from tests.torture.site import CONTENTS, Site
from tests.torture.tally import Tally, in_lanes

VICTIMS = ("all of it", "the parent alone", "one worker")
_KINDS = ("first build", "first build with cache", "update", "no-op")
_LONGER = 1.05  # times the usual length of a build: so far an instant may lie
_MEASURED = 25  # tries of a case, after which it is measured again how long such a build takes
_LARGE = 30  # scripts
FURTHER = 4  # after one of so many tries, a further build must find nothing to do


class Case(NamedTuple):
    kind: str
    victim: str
    large: bool
    fresh: bool  # in a new interpreter

    def __str__(self) -> str:
        size = "large" if self.large else "small"
        return f"{self.kind}, {size}, {self.victim}, {'new interpreter' if self.fresh else 'loaded before'}"


def cases(random: Random) -> Iterator[Case]:
    """For ever, in the shares that count: most are updates and first builds, every eighth site is large."""
    while True:
        kind = random.choices(_KINDS, (3, 2, 4, 1))[0]
        victim = random.choices(VICTIMS, (4, 2, 2))[0]
        # A build with nothing to do has no workers.
        victim = VICTIMS[0] if kind == "no-op" else victim
        yield Case(kind, victim, random.random() < 0.125, random.random() < 0.1)


def kills(base: Path, seconds: float, total: int, lanes: int, seed: int, *, large: bool = True) -> dict[str, Any]:
    """`large` sites too."""
    tally = Tally("kills", seconds, total)
    with places(base, "kills", lanes) as directories:
        in_lanes(lanes, lambda lane: Lane(directories[lane], tally, Random(f"{seed} {lane}"), large).run())
    return tally.result()


class Lane:
    """One site of each size, and builds of them, one after the other. Each third try is of builds that know all files
    by their times."""

    def __init__(self, base: Path, tally: Tally, random: Random, large: bool) -> None:
        self.base, self.tally, self.random = base, tally, random
        self.sizes = (False, True) if large else (False,)
        self.lengths: dict[tuple[str, bool, bool], float] = {}
        self.uses: Counter[tuple[str, bool, bool]] = Counter()
        self.tries = count(1)

    def run(self) -> None:
        with ExitStack() as stack:
            sites = {large: Site(self.base / str(large), _LARGE if large else 6) for large in self.sizes}
            warm = {large: stack.enter_context(Warm(site)) for large, site in sites.items()}
            for site in sites.values():
                site.settle()
            for at, case in enumerate(cases(self.random)):
                if self.tally.is_over or self.tally.done >= self.tally.total:
                    return
                if case.large and True not in sites:
                    continue
                Try(self, case, sites[case.large], warm[case.large], trusting=at % 3 == 0).run()


class Try:
    """One case: `content` is what the site held last."""

    def __init__(self, lane: Lane, case: Case, site: Site, warm: Warm, *, trusting: bool) -> None:
        self.lane, self.case, self.site, self.warm = lane, case, site, warm
        self.trusting = trusting
        self.tally, self.random = lane.tally, lane.random

    def run(self) -> None:
        key = (self.case.kind, self.case.large, self.case.fresh)
        self.lane.uses[key] += 1
        if self.lane.uses[key] % _MEASURED == 1:
            self._prepare()
            started = time.monotonic()
            self._begin().wait()
            self.lane.lengths[key] = time.monotonic() - started
        self._prepare()
        had, before = self.site.current, self.site.standing()
        build = self._begin()
        time.sleep(self.random.uniform(0, self.lane.lengths[key] * _LONGER))
        hit = self._kill(build)
        ended = build.wait()
        if not hit or (ended.status >= 0 and self.case.victim != VICTIMS[2]):
            return  # it had ended by itself
        self.tally.count(str(self.case), "kills", *(("new",) if self.site.current != had else ()))
        complaints = [*self.site.complaints(before, had), *self._told(ended)]
        self.tally.complain(f"{self.case}", complaints)
        self._next()
        self.tally.step()

    def _prepare(self) -> None:
        site, kind = self.site, self.case.kind
        if kind.startswith("first"):
            site.wipe(cache=kind == "first build")
            site.put(self.random.choice(CONTENTS))
            return
        now = next((one for one in CONTENTS if site.whole[one].id == site.current), None)
        if now is None:
            now = self.random.choice(CONTENTS)
            site.put(now)
            self._succeed(now, "before")
        if kind == "update":
            now = other(now)
            # Half of the time it is new, otherwise there is a release to come back to.
            if self.random.random() < 0.5:
                remove(site, site.whole[now].id)
        site.put(now)

    def _begin(self) -> Fresh | Running:
        return Fresh(self.site) if self.case.fresh else self.warm.begin(trusting=self.trusting)

    def _kill(self, build: Fresh | Running) -> bool:
        with suppress(ProcessLookupError):
            if self.case.victim == VICTIMS[0]:
                os.killpg(build.pid, signal.SIGKILL)
            elif self.case.victim == VICTIMS[1]:
                os.kill(build.pid, signal.SIGKILL)
            else:
                return self._kill_worker(build.pid)
            return True
        return False

    def _kill_worker(self, parent: int) -> bool:
        """Wait for one, if need be."""
        deadline = time.monotonic() + self.lane.lengths[self.case.kind, self.case.large, self.case.fresh]
        while time.monotonic() < deadline:
            try:
                children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            except OSError:
                return False
            if children:
                with suppress(ProcessLookupError):
                    os.kill(int(self.random.choice(children)), signal.SIGKILL)
                    return True
            time.sleep(0.0005)
        return False

    def _told(self, ended: Ended) -> Iterator[str]:
        if "Traceback" in ended.err:
            yield f"a traceback: {ended.err}"
        if ended.status < 0:
            return
        self.tally.told(f"status {ended.status}: {ended.err.strip()}")
        if ended.status not in (0, 1) or (ended.status and not ended.err):
            yield f"status {ended.status}, and it said '{ended.err}'"

    def _next(self) -> None:
        """The next build, of this or the other content, succeeds and leaves nothing but what is to be there."""
        content = self.random.choice(CONTENTS)
        self.site.put(content)
        self._succeed(content, "after")
        if next(self.lane.tries) % FURTHER == 0:
            self.tally.complain(f"{self.case}", nothing_to_do(self.warm, trusting=self.trusting))

    def _succeed(self, content: str, when: str) -> None:
        ended = self.warm.build(trusting=self.trusting)
        site = self.site
        complaints = [] if (ended.status, ended.err) == (0, "") else [f"status {ended.status}: {ended.err}"]
        if site.current != site.whole[content].id:
            complaints.append(f"'current' names {site.current} and not {content}")
        complaints += site.complaints(set(), None)
        if left := site.leftovers():
            complaints.append(f"left: {', '.join(left)}")
            clean(site, left)
        self.tally.complain(f"{self.case}, the build {when}", complaints)


def nothing_to_do(warm: Warm, *arguments: str, trusting: bool) -> Iterator[str]:
    ended = warm.build(*arguments, trusting=trusting)
    if (ended.status, ended.err) != (0, "") or "nothing was written" not in ended.out:
        yield f"then nothing was to be built, and it said: {ended.out}{ended.err}"


def other(content: str) -> str:
    return CONTENTS[1 - CONTENTS.index(content)]


def remove(site: Site, release: str) -> None:
    """A release to which `current` does not lead."""
    shutil.rmtree(site.dist / "releases" / release, ignore_errors=True)


def clean(site: Site, left: list[str]) -> None:
    """So that what one try has left is told once."""
    for name in left:
        path = site.base / name
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
