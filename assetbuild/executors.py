"""How independent work is spread: anything with `.map`, results in the order of the input.

`Processes` for work in Python, which holds the GIL; `Threads` for work that releases it (compression, copying).
The first error in input order is raised, whatever failed first. Only results count: what work changes in memory may be
lost. Who may leave a map before its end closes it (`with closing(...)`): until then its workers go on.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from assetbuild.cpus import available_cpus
from assetbuild.forking import may_fork
from assetbuild.worker import HEARTBEAT, PATIENCE, Outcome, attempt

if TYPE_CHECKING:
    from queue import SimpleQueue
    from threading import Event

__all__ = ["Executor", "Processes", "Serial", "Threads", "available_cpus"]

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 16  # items for each thread that are begun before their turn: so many results may wait in memory for a slow one
WORTH_A_FORK = 0.005  # seconds of work; to start and end two processes takes as long


class Executor(Protocol):
    """The seam between the build and the machine."""

    def map(self, work: Callable[[T], R], items: Iterable[T], /) -> Generator[R, None, None]: ...


class Serial:
    """One after the other, in this thread."""

    def map(self, work: Callable[[T], R], items: Iterable[T], /) -> Generator[R, None, None]:
        for item in items:
            yield work(item)


class Threads:
    """`jobs` at a time. The first error ends the rest; what has not begun then never begins.

    Nothing can end a thread inside a long call of C (brotli takes 5 seconds for 5 MB). So a map that is interrupted or
    left waits for what is running, but not long, and then abandons it: the process may end without it.
    """

    def __init__(self, jobs: int | None = None) -> None:
        self.jobs = jobs or available_cpus()

    def map(self, work: Callable[[T], R], items: Iterable[T], /) -> Generator[R, None, None]:
        import threading
        from queue import SimpleQueue

        tasks: SimpleQueue[Any] = SimpleQueue()
        answers: deque[SimpleQueue[Outcome]] = deque()
        crew: list[threading.Thread] = []
        stop = threading.Event()
        patience: float | None = PATIENCE
        try:
            for item in items:
                answers.append(SimpleQueue())
                tasks.put((item, answers[-1]))
                if len(crew) < self.jobs:
                    # Not a ThreadPoolExecutor, whose threads the interpreter waits for when it exits.
                    crew.append(threading.Thread(target=_take_tasks, args=(work, tasks, stop), daemon=True))
                    crew[-1].start()
                if len(answers) >= AHEAD * self.jobs:
                    yield _result(_waited_for(answers.popleft()))
            while answers:
                yield _result(_waited_for(answers.popleft()))
            patience = None
        except Exception:
            patience = None
            raise
        finally:
            stop.set()
            for _ in crew:
                tasks.put(None)
            deadline = time.monotonic() + PATIENCE
            for thread in crew:
                thread.join(patience and max(0.0, deadline - time.monotonic()))


def _take_tasks(work: Callable[[T], Any], tasks: SimpleQueue[Any], stop: Event) -> None:
    while (task := tasks.get()) and not stop.is_set():
        item, answer = task
        answer.put(attempt(work, item))


def _waited_for(answer: SimpleQueue[Outcome]) -> Outcome:
    from queue import Empty

    while True:
        with suppress(Empty):
            return answer.get(timeout=HEARTBEAT)


def _result(outcome: Outcome) -> Any:
    result, error = outcome
    if error is not None:
        raise error
    return result


class Processes:
    """`jobs` worker processes, forked when the first result is asked for; gone after the last one, or an error.

    So `work` may be a closure over anything. Results are marshalled, or pickled where they are no plain values; what is
    like bytes may arrive as bytes. The caller puts what takes longest first. The last items are done here, until it
    shows that the whole is worth a fork. A process that has threads cannot fork safely, nor can any on macOS, and
    elsewhere there may be no fork: then it is done by `otherwise`, here one after the other.
    """

    def __init__(self, jobs: int | None = None, otherwise: Executor | None = None) -> None:
        self.jobs = jobs or available_cpus()
        self.otherwise = otherwise or Serial()

    def map(self, work: Callable[[T], R], items: Iterable[T], /) -> Generator[R, None, None]:
        if self.jobs == 1 or not may_fork():
            yield from (Serial() if self.jobs == 1 else self.otherwise).map(work, items)
            return
        rest = list(items)
        # With no more items than workers, the last one may be as long as all the rest is.
        last = _do_the_last(work, rest) if len(rest) > self.jobs else []
        if len(rest) > 1 and may_fork():
            from assetbuild.workers import map_in_workers  # not needed where little is to be done

            yield from map_in_workers(work, rest, min(self.jobs, len(rest)))
        else:
            yield from Serial().map(work, rest)
        while last:
            yield _result(last.pop())


def _do_the_last(work: Callable[[T], Any], items: list[T]) -> list[Outcome]:
    """Take items from the end, and do them, for as long as a fork takes. The last comes first in what is returned."""
    outcomes = []
    enough = time.perf_counter() + WORTH_A_FORK
    while items and time.perf_counter() < enough:
        outcomes.append(attempt(work, items.pop()))
        if isinstance(outcomes[-1][1], KeyboardInterrupt):
            raise outcomes[-1][1]
    return outcomes
