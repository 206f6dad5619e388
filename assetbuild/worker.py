"""What a forked worker does: take the numbers of the next items, work, answer, until nothing is left.

The items and the work came with the fork and are never pickled; only answers are. A worker ends in order when it is
asked to, and at once when its parent has ended, however that came.
"""

from __future__ import annotations

import gc
import marshal
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

from assetbuild.named import NamedTuple

T = TypeVar("T")

SLICE = 0.02  # seconds of work between two messages of a worker, each of which costs some 0.1 ms
SHARE = 2  # a worker takes this part of its fair share of what is left, at most: so all end at nearly the same time
WORD = 8  # bytes of a number in a pipe
PATIENCE = 0.2  # seconds that an interrupted map waits for what is running
# Seconds that it waits for an answer before it looks whether it was interrupted: a signal that comes just before a wait
# begins does not end it.
HEARTBEAT = 0.5
_PLAIN, _PICKLED = b"m", b"p"  # how a message goes on: marshal is five times as fast, and loaded already

Outcome = tuple[Any, BaseException | None]  # a result, or why there is none


def attempt(work: Callable[[T], Any], item: T) -> Outcome:
    try:
        return work(item), None
    except BaseException as error:
        return None, error


class Task(NamedTuple):
    """What all workers of one map share."""

    work: Callable[[Any], Any]
    items: Sequence[Any]
    jobs: int
    counter: tuple[int, int]  # a pipe that holds the number of the next item: who has read it has the only one


Answer = tuple[list[Any], BaseException | None]  # results of items in a row, and why they end there


class _Stopped(KeyboardInterrupt):
    """A signal asked this worker to end; its number."""


def be_a_worker(
    task: Task, to_answer: int, life: int, ends_of_parent: Iterable[int], parent: int, mask: Iterable[int]
) -> NoReturn:
    """Never returns: what the parent would do at its end (`finally`, atexit, its buffers) is not for a worker to do."""
    status = 1
    try:
        import signal

        for end in ends_of_parent:
            os.close(end)  # kept open in a worker, it would hide from the others that the parent has ended
        _heed_signals(life, parent, mask)
        gc.freeze()  # a collection that wrote into all that is inherited would copy it
        _serve(task, to_answer)
        status = 0
    except _Stopped as stopped:
        signal.signal(stopped.args[0], signal.SIG_DFL)
        os.kill(os.getpid(), stopped.args[0])
    finally:
        os._exit(status)


def flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or None
            stream.flush()


def _heed_signals(life: int, parent: int, mask: Iterable[int]) -> None:
    """End in order when asked to; at once, whatever is going on, when the parent has ended."""
    import fcntl
    import signal

    def stop(number: int, _frame: object) -> NoReturn:
        for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(other, signal.SIG_IGN)  # the group is interrupted, then we are told: tidying up goes on
        sys.unraisablehook = lambda _: None  # silently, also from inside a finalizer
        raise _Stopped(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)
    if os.getppid() != parent:
        os._exit(1)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _serve(task: Task, to_answer: int) -> None:
    """Take items in a row, few at first and then as many as fill a `SLICE`, until none is left."""
    count = 1
    while numbers := _claim(task, count):
        started = time.perf_counter()
        results, error = _work_through(task, numbers)
        if error is not None:
            _claim(task, None)  # so that nothing more begins
        message = _packed(numbers.start, results, error)
        pace = (time.perf_counter() - started) / len(numbers)
        count = min(2 * len(numbers), int(SLICE / max(pace, 1e-9)) + 1)
        flush()
        while message:
            message = message[os.write(to_answer, message) :]


def _claim(task: Task, count: int | None) -> range:
    """The numbers of the next items, at most `count`, which nobody else gets; None: all that are left."""
    first = int.from_bytes(os.read(task.counter[0], WORD), "little")
    left = len(task.items) - first
    taken = left if count is None else min(count, -(-left // (SHARE * task.jobs)))
    os.write(task.counter[1], (first + taken).to_bytes(WORD, "little"))
    return range(first, first + taken)


def _work_through(task: Task, numbers: Iterable[int]) -> Answer:
    results: list[Any] = []
    for number in numbers:
        result, error = attempt(task.work, task.items[number])
        if isinstance(error, _Stopped):
            raise error
        if error is not None:
            return results, error
        results.append(result)
    return results, None


def _packed(first: int, results: list[Any], error: BaseException | None) -> memoryview:
    kind, body = _PLAIN, b""
    if error is None:
        with suppress(Exception):  # something is no plain value
            body = marshal.dumps((first, results, None, ""))
    if not body:
        kind, body = _PICKLED, _pickled(first, results, error)
    return memoryview(b"".join(((len(kind) + len(body)).to_bytes(WORD, "little"), kind, body)))


def _pickled(first: int, results: list[Any], error: BaseException | None) -> bytes:
    import pickle

    try:
        return pickle.dumps((first, results, *_portable(error)), protocol=5)
    except Exception as unsendable:
        return pickle.dumps((first, [], *_portable(unsendable)), protocol=5)


def unpacked(message: bytearray) -> tuple[int, list[Any], BaseException | None, str]:
    """The number of the first item, the results, why they end there and where in the worker that was."""
    body = memoryview(message)[1:]
    answer: tuple[int, list[Any], BaseException | None, str]
    if message.startswith(_PLAIN):
        answer = marshal.loads(body)  # noqa: S302 - from our own fork
    else:
        import pickle

        answer = pickle.loads(body)  # noqa: S301 - as above
    return answer


def _portable(error: BaseException | None) -> tuple[BaseException | None, str]:
    """`error`, or one like it if it does not survive pickling, and its traceback."""
    if error is None:
        return None, ""
    import pickle
    import traceback

    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    with suppress(Exception):
        if type(pickle.loads(pickle.dumps(error))) is type(error):  # noqa: S301 - our own
            return error, text
    return RuntimeError("".join(traceback.format_exception_only(type(error), error)).strip()), text
