"""What a part of the torture counts, from several lanes at once: numbers by row and column, and what went wrong."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")
_FEWEST = 3  # tries, however slow the machine
_SHOWN = 200  # complaints that are kept


class Tally:
    """`deadline` is on the clock of `time.monotonic`; `total` is how many tries are wanted."""

    def __init__(self, part: str, seconds: float, total: int) -> None:
        self.part, self.total = part, total
        self.started = time.monotonic()
        self.deadline = self.started + seconds
        self.rows: dict[str, Counter[str]] = defaultdict(Counter)
        self.complaints: list[str] = []
        self.messages: Counter[str] = Counter()
        self.done = 0
        self._lock = threading.Lock()
        self._said = 0.0

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.deadline and self.done >= _FEWEST

    def count(self, row: str, *columns: str) -> None:
        with self._lock:
            self.rows[row].update(columns)

    def complain(self, where: str, complaints: Iterable[str]) -> None:
        with self._lock:
            for complaint in complaints:
                self.rows["complaints"].update(["all"])
                if len(self.complaints) < _SHOWN:
                    self.complaints.append(f"{where}: {complaint}")
                    print(f"\r{self.part}: {self.complaints[-1]}", file=sys.stderr)

    def told(self, message: str) -> None:
        with self._lock:
            self.messages[message] += 1

    def step(self) -> None:
        with self._lock:
            self.done += 1
            if time.monotonic() - self._said >= 1:
                self._said = time.monotonic()
                print(f"\r{self}", end="", file=sys.stderr, flush=True)

    def __str__(self) -> str:
        seconds = time.monotonic() - self.started
        return f"{self.part}: {self.done} of {self.total}, {len(self.complaints)} complaints, {seconds:.0f} s"

    def result(self) -> dict[str, Any]:
        print(f"\r{self}", file=sys.stderr, flush=True)
        return {
            "done": self.done,
            "total": self.total,
            "seconds": round(time.monotonic() - self.started),
            "rows": {row: dict(sorted(columns.items())) for row, columns in self.rows.items()},
            "complaints": self.complaints,
            "messages": dict(self.messages.most_common()),
        }


def in_lanes(lanes: int, work: Callable[[int], None]) -> None:
    """`work` with each lane's number, at once. The first error is raised after all have ended."""
    errors: list[BaseException] = []

    def run(lane: int) -> None:
        try:
            work(lane)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(lane,)) for lane in range(lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
