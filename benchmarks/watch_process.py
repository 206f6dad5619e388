"""A watch that runs: started as a user starts it, looked at from outside, stopped with all that it has started.

It leads a session of its own, by which its children are found in /proc. Linux only, as the figures are.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PATIENCE = 10  # seconds that a process has to end by itself
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")
_TICKS, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


class Died(Exception):
    """Its last words."""


class Running:
    def __init__(
        self, command: Sequence[str | Path], directory: Path, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._log = log
        passed_on = {name: value for name, value in os.environ.items() if name in _PASSED_ON}
        with log.open("wb") as said:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                cwd=directory,
                env={**passed_on, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        self._signal(signal.SIGKILL)  # what is left of its children too
        self._process.wait()

    def check(self) -> None:
        """Raises Died if it runs no more."""
        if self._process.poll() is not None:
            raise Died(f"exit status {self._process.returncode}: {self.said().strip() or 'without a word'}")

    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def cpu(self) -> float:
        """Seconds so far, user and system, of all that live and of the children that they have waited for."""
        return sum(sum(map(int, fields[11:15])) for _, fields in self._family()) / _TICKS

    def memory(self) -> int:
        """Bytes in memory; pages that several processes share count for each."""
        return sum(int(fields[21]) * _PAGE for _, fields in self._family())

    def descriptors(self) -> int:
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid, _ in self._family())

    def _family(self) -> Iterator[tuple[int, list[str]]]:
        """Each process of the session: its number, and the fields of its `stat` from the state (proc(5): 3) on."""
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                stat = Path("/proc", name, "stat").read_text()
            except OSError:  # it has just ended
                continue
            fields = stat.rpartition(")")[2].split()  # a name may hold blanks and brackets
            if int(fields[3]) == self._process.pid:
                yield int(name), fields

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
