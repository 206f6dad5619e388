"""How builds are begun: in a new interpreter, or forked from one that has loaded all code already.

The second takes a tenth of the time, and all of that in the build itself, so that a random instant hits it there.
It can also hand one of its processes to strace before that does anything.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from tests.torture.site import HERE, Site, command

PATIENCE = 60.0  # seconds for one build, on however slow a machine


class Ended(NamedTuple):
    """`status` is minus the number of the signal, if one ended it."""

    status: int
    out: str
    err: str


class Fresh:
    """A build in a new interpreter and a process group of its own."""

    def __init__(self, site: Site, *arguments: str) -> None:
        self.out, self.err = site.base / "out", site.base / "err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                command(*arguments),
                cwd=site.base,
                env=site.environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        self.pid = self.process.pid

    def wait(self) -> Ended:
        status = self.process.wait(PATIENCE)
        await_group(self.pid)
        return Ended(status, self.out.read_text(), self.err.read_text())


class Warm:
    """A process that has loaded everything, and forks builds, one at a time. Close it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.torture.warm"],
            cwd=HERE,
            env=site.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._heard() == {"ready": True}

    def __enter__(self) -> Warm:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()

    def begin(self, *arguments: str, hold: int | None = None, alone: bool = False, trusting: bool = False) -> Running:
        """`hold` is the process that waits to be let go: 0 the build's own, 1 the first that it forks; such a build
        leaves work to workers always, or, `alone`, never. A `trusting` build knows every file by its time, however
        young: the shortest way, which else only old files take."""
        out, err = (self.site.base / f"{name}-{self.process.pid}" for name in ("out", "err"))
        asked = {
            "cwd": str(self.site.base),
            "arguments": command(*arguments)[5:],
            "out": str(out),
            "err": str(err),
            "hold": hold,
            "alone": alone,
            "trusting": trusting,
        }
        assert self.process.stdin
        print(json.dumps(asked), file=self.process.stdin, flush=True)
        return Running(self, self._heard()["pid"], out, err, hold)

    def build(self, *arguments: str, trusting: bool = False) -> Ended:
        return self.begin(*arguments, trusting=trusting).wait()

    def _heard(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the process that forks builds has ended")
        heard: dict[str, Any] = json.loads(line)
        return heard


class Running:
    def __init__(self, warm: Warm, pid: int, out: Path, err: Path, hold: int | None) -> None:
        self.warm, self.pid, self.out, self.err, self.hold = warm, pid, out, err, hold
        self.status: int | None = None

    def held(self) -> int | None:
        """Wait for the process that is to be held; its id, None where the build ended without one."""
        heard = self.warm._heard()
        self.status = heard.get("status")
        found: int | None = heard.get("held")
        return found

    def let_go(self) -> None:
        assert self.warm.process.stdin
        # A byte for each that waits: the process that is held, and the one that has forked it.
        self.warm.process.stdin.write("\n" if self.hold == 0 else "\n\n")
        self.warm.process.stdin.flush()

    def wait(self) -> Ended:
        if self.status is None:
            self.status = self.warm._heard()["status"]
        await_group(self.pid)
        return Ended(self.status, self.out.read_text(), self.err.read_text())


def await_group(group: int) -> None:
    """Wait until the last process of a build has ended. Raises RuntimeError if one does not."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return
        time.sleep(0.0005)
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    raise RuntimeError("a process of a build lives on without it")
