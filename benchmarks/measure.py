"""One command, as a user would run it -> what it took, with all of its children.

CPU time and the largest process are what the kernel says when the command is waited for. Memory of several processes
together has to be looked at while they run, which slows them down: such a run gives no times.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLED_EVERY = 0.02  # seconds
_TIMED = Path(__file__).parent / "tools" / "timed.py"
_CLEAN = ("PATH", "HOME", "LANG", "TMPDIR", "ASSETBUILD_TEST_CACHE", "ASSETBUILD_BENCH_CACHE")


@dataclass(frozen=True, slots=True)
class Command:
    """Done if it ends with one of `statuses`."""

    arguments: Sequence[str | Path]
    directory: Path | None = None
    statuses: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds and bytes. `largest` is the peak of the largest process."""

    wall: float
    cpu: float
    largest: int


class Failed(Exception):
    """The command's last words."""


def run(command: Command) -> Usage:
    """Raises Failed."""
    with tempfile.TemporaryFile() as said, tempfile.NamedTemporaryFile("r") as report:
        # -I -S: as little of Python as there can be. The time is taken inside.
        process = _start(command, said.fileno(), (sys.executable, "-I", "-S", _TIMED, report.name))
        status = process.wait()
        said.seek(0)
        _check(status, command, said.read())
        wall, cpu, largest = report.read().split()
    return Usage(float(wall), float(cpu), int(largest))


def peak_memory(command: Command) -> int | None:
    """Bytes that all its processes held at once, pages that several share counted once (PSS); None where the system
    does not tell. Raises Failed."""
    with tempfile.TemporaryFile() as said:
        process = _start(command, said.fileno(), ())
        done = threading.Event()
        peak = 0

        def sample() -> None:
            nonlocal peak
            while not done.wait(SAMPLED_EVERY):
                peak = max(peak, sum(map(_held, _family(process.pid))))

        sampler = threading.Thread(target=sample)
        sampler.start()
        status = process.wait()
        done.set()
        sampler.join()
        said.seek(0)
        _check(status, command, said.read())
    return peak or None


def _start(command: Command, said: int, through: Sequence[str | Path]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(argument) for argument in (*through, *command.arguments)],
        cwd=command.directory,
        env={name: value for name, value in os.environ.items() if name in _CLEAN},
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=said,
    )


def _check(status: int, command: Command, said: bytes) -> None:
    if status not in command.statuses:
        words = said.decode(errors="replace").strip().splitlines()
        raise Failed(f"exit status {status}: {words[-1] if words else 'without a word'}")


def _family(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = children.read_text().split()
        except OSError:  # it has just ended
            continue
        for child in found:
            yield from _family(int(child))


def _held(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0
