"""Work and items -> results in the order of the items, made by forked processes that end with the map or with us.

The parent only collects. Raw fork and pipe: multiprocessing takes 12 ms longer to the first result, and
concurrent.futures starts threads here, beside which a fork is not safe.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from assetbuild.errors import AssetBuildError
from assetbuild.named import NamedTuple
from assetbuild.worker import HEARTBEAT, PATIENCE, WORD, Answer, Task, be_a_worker, flush, unpacked

T = TypeVar("T")


class _Worker(NamedTuple):
    """What the parent knows of a worker, by the pipe that its answers come from."""

    pid: int
    life: int  # the end of a pipe into which nobody writes: when the parent ends, the system tells the worker


def map_in_workers(work: Callable[[T], Any], items: Sequence[T], jobs: int) -> Generator[Any, None, None]:
    workers: dict[int, _Worker] = {}
    answers: dict[int, Answer] = {}  # by the number of the first item
    turn = 0
    try:
        _start(workers, work, items, jobs)
        if not workers:
            yield from map(work, items)
            return
        while turn < len(items):
            _receive(workers, answers, turn)
            results, error = answers.pop(turn)
            yield from results
            if error is not None:
                raise error
            turn += len(results)
    finally:
        _end(workers)


def _start(workers: dict[int, _Worker], work: Callable[[T], Any], items: Sequence[T], jobs: int) -> None:
    """Fork `jobs` workers into `workers`: fewer, perhaps none, if the system gives no more."""
    import fcntl  # noqa: F401 - here, so that not each worker has to
    import signal

    flush()  # or each worker would have the text that waits in our buffers, and write it again
    try:
        counter = os.pipe()
    except OSError:  # too many open files
        return
    os.write(counter[1], bytes(WORD))
    # A signal must find a worker that knows how to end, and a parent that knows its workers.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        with suppress(OSError):
            for _ in range(jobs):
                _fork(workers, Task(work, items, jobs, counter), mask)
    finally:
        os.close(counter[0])
        os.close(counter[1])
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _fork(workers: dict[int, _Worker], task: Task, mask: Iterable[int]) -> None:
    parent = os.getpid()
    answers, to_answer = os.pipe()
    try:
        life, to_life = os.pipe()
    except OSError:
        os.close(answers)
        os.close(to_answer)
        raise
    try:
        pid = os.fork()
    except OSError:
        os.close(answers)
        os.close(to_life)
        raise
    else:
        if not pid:
            ours = (answers, to_life, *workers, *(worker.life for worker in workers.values()))
            be_a_worker(task, to_answer, life, ours, parent, mask)
        workers[answers] = _Worker(pid, to_life)
    finally:
        os.close(to_answer)
        os.close(life)


def _receive(workers: dict[int, _Worker], answers: dict[int, Answer], turn: int) -> None:
    """Take the answers that have come into `answers`, and wait until that of `turn` has."""
    import select

    while True:
        poll = select.poll()
        for pipe in workers:
            poll.register(pipe, select.POLLIN)
        if not workers and turn not in answers:
            raise _ended(0)
        for pipe, _ in poll.poll(0 if turn in answers else HEARTBEAT * 1000):
            if head := _read(pipe, WORD):
                body = _read(pipe, int.from_bytes(head, "little"))
            if not head or not body:
                _bury(pipe, workers.pop(pipe))
                continue
            first, results, error, text = unpacked(body)
            if error is not None:
                error.__cause__ = WorkerTraceback(text)
            answers[first] = results, error
        if turn in answers:
            return


def _read(pipe: int, size: int) -> bytearray | None:
    """`size` bytes; None where the writer has ended before."""
    content = bytearray(size)
    left = memoryview(content)
    while left:
        count = os.readv(pipe, [left])
        if not count:
            return None
        left = left[count:]
    return content


def _bury(pipe: int, worker: _Worker) -> None:
    """A worker has ended. Raises unless it has done so by itself."""
    import signal

    os.close(pipe)
    os.close(worker.life)
    status = _reap(worker.pid)
    if status == -signal.SIGINT:
        raise KeyboardInterrupt  # it was for us as well
    if status in (-signal.SIGTERM, -signal.SIGHUP):
        time.sleep(PATIENCE)  # ours, if the whole group was sent it, is on its way
    if status:
        raise _ended(status)


def _ended(status: int) -> AssetBuildError:
    import signal

    what = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    if status == -signal.SIGKILL:
        note, fix = "the system kills so where memory has run out", "give the build more memory, or --jobs 1"
    elif status in (-signal.SIGTERM, -signal.SIGHUP):
        note, fix = "somebody has told it to end", "build again"
    elif status < 0:
        note = "a minifier or another extension may have crashed"
        fix = "see where: PYTHONFAULTHANDLER=1 assetbuild build --jobs 1"
    else:
        note = "memory has run out, or a minifier or another extension has ended it"
        fix = "give the build more memory, or --jobs 1, which tells more"
    return AssetBuildError(f"a worker process {what} before its work was done", notes=[note], fix=fix)


def _reap(pid: int, flags: int = 0) -> int | None:
    """How a child ended, minus the number of the signal if by one; None while it lives."""
    try:
        ended, status = os.waitpid(pid, flags)
    except ChildProcessError:
        return 0  # this process ignores SIGCHLD: the system keeps no account of its children
    return os.waitstatus_to_exitcode(status) if ended else None


def _end(workers: dict[int, _Worker]) -> None:
    """End what is left of `workers`: asked first, so that they can end the programs that they run, then killed."""
    import signal

    for pipe, worker in workers.items():
        os.close(pipe)
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    left = list(workers.values())
    while left := [worker for worker in left if _reap(worker.pid, os.WNOHANG) is None]:
        if time.monotonic() > deadline:
            for worker in left:
                os.kill(worker.pid, signal.SIGKILL)
                _reap(worker.pid)
            break
        time.sleep(0.001)
    for worker in workers.values():
        os.close(worker.life)


class WorkerTraceback(Exception):
    """Where in a worker an error was raised, as text: the cause of that error in the parent."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"
