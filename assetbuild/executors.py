"""How independent work is spread: anything with `.map`, results in the order of the input.

Only work that releases the GIL (compression, hashing, copying) gains from threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Executor(Protocol):
    """The seam between the build and the machine."""

    def map(self, work: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]: ...


class Serial:
    """One after the other, in this thread."""

    def map(self, work: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        return map(work, items)


class Threads:
    """`jobs` at a time. The first error ends the rest; what has not begun then never begins."""

    def __init__(self, jobs: int | None = None) -> None:
        self.jobs = jobs or available_cpus()

    def map(self, work: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        from concurrent.futures import ThreadPoolExecutor

        pool = ThreadPoolExecutor(self.jobs)
        try:
            yield from pool.map(work, items)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def available_cpus() -> int:
    """CPUs this process may use: in a container fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
