"""Work of others, in a process of its own: it may hang, print, fork, crash or end, and the build goes on.

What it prints goes to standard error, and there is nothing for it to read. Where this process cannot fork
(forking.may_fork, or the system gives no more) the work is done in it, and none of this holds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn, TypeVar, cast

from assetbuild.forking import may_fork
from assetbuild.worker import HEARTBEAT, PATIENCE, WORD, attempt, flush
from assetbuild.workers import WorkerTraceback

T = TypeVar("T")
_BUFFER = 1 << 16  # bytes


class Ended(Exception):
    """There is no result; the text says of the work what became of it."""


def apart(work: Callable[[], T], seconds: float) -> T:
    """What `work` gives, or raises, both of which are pickled. Raises Ended where it does neither in that time."""
    if not may_fork():
        return work()
    flush()
    ends: list[int] = []
    try:
        ends += os.pipe()
        ends += os.pipe()
        pid = os.fork()
    except OSError:  # the system gives no more files or processes
        for end in ends:
            os.close(end)
        return work()
    answers, to_answer, life, to_life = ends
    if not pid:
        _work(work, to_answer, life, (answers, to_life))
    os.close(to_answer)
    os.close(life)
    message: bytes | None = None
    try:
        message = _received(answers, time.monotonic() + seconds)
    except TimeoutError:
        raise Ended(f"take longer than {seconds:g} seconds") from None
    finally:
        os.close(answers)
        status = _end(pid, at_once=message != b"")
        os.close(to_life)
    if not message:
        raise Ended(f"were killed by signal {-status}" if status < 0 else f"ended the process with status {status}")
    import pickle

    result, error, text = pickle.loads(message)  # noqa: S301 - from our own fork
    if error is not None:
        error.__cause__ = error.__cause__ or WorkerTraceback(text)
        raise error
    return cast("T", result)


def _work(work: Callable[[], object], to_answer: int, life: int, ends_of_parent: tuple[int, ...]) -> NoReturn:
    own, status = os.getpid(), 1
    try:
        for end in ends_of_parent:
            os.close(end)  # kept open here, it would hide that the parent has ended
        _stand_alone(life)
        message = _packed(*attempt(lambda _: work(), None))
        if os.getpid() == own:  # not a fork of the work's own, which has come back
            flush()
            while message:
                message = message[os.write(to_answer, message) :]
            status = 0
    finally:
        os._exit(status)


def _stand_alone(life: int) -> None:
    """In a session of its own, that can be ended as a whole; it ends with the parent, the only writer of `life`."""
    import fcntl
    import signal

    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGIO):
        signal.signal(number, signal.SIG_DFL)
    parent = os.getppid()
    fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)
    if os.getppid() != parent:
        os._exit(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # closed
        os.dup2(nothing, 1)


def _packed(result: object, error: BaseException | None) -> memoryview:
    import pickle
    import traceback

    text = "".join(traceback.format_exception(type(error), error, error.__traceback__)) if error else ""
    try:
        body = pickle.dumps((result, error, text), protocol=5)
    except Exception as unsendable:
        body = pickle.dumps((None, RuntimeError(f"{error or unsendable!r}"), text), protocol=5)
    return memoryview(len(body).to_bytes(WORD, "little") + body)


def _received(answers: int, deadline: float) -> bytes:
    """The message; nothing where its writer ends before it is whole. Raises TimeoutError."""
    import select

    poll, message = select.poll(), bytearray()
    poll.register(answers, select.POLLIN)
    while len(message) < WORD or len(message) < WORD + int.from_bytes(message[:WORD], "little"):
        if time.monotonic() > deadline:
            raise TimeoutError
        if poll.poll(HEARTBEAT * 1000):
            piece = os.read(answers, _BUFFER)
            if not piece:
                return b""
            message += piece
    return bytes(message[WORD:])


def _end(pid: int, *, at_once: bool) -> int:
    """End the process with all that it has started; its status, minus the number of the signal if it was one."""
    import signal

    deadline = time.monotonic() + (0 if at_once else PATIENCE)
    ended = False
    status = 0
    with suppress(ChildProcessError):  # SIGCHLD is ignored: the system keeps no account of our children
        while not ended and time.monotonic() < deadline:
            ended, status = _looked_at(pid, os.WNOHANG)
            time.sleep(0 if ended else 0.001)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        if not ended:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)  # before it was in a session of its own
            ended, status = _looked_at(pid, 0)
    return status


def _looked_at(pid: int, flags: int) -> tuple[bool, int]:
    found, status = os.waitpid(pid, flags)
    return bool(found), os.waitstatus_to_exitcode(status) if found else 0
