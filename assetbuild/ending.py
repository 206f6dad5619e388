"""Signals that end a command: what was begun is tidied up first, and what is sent once more meanwhile hastens nothing.

A build then says so, and its status is that of the signal; what would go on for ever ends by that very signal.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from assetbuild import atomic

_SOON = 0.01  # seconds
_PATIENCE = 5.0  # seconds in which a second signal hastens nothing: a closed terminal's SIGHUP comes twice
_stdin_has_ended: list[bool] = []  # holds one as soon as it has


class Interrupted(KeyboardInterrupt):
    """By the signal `number`."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP raise Interrupted, which comes out of here whatever tidying up raises.

    Who gets it has only to say so and to end: the signals go on meaning nothing then.
    """
    own = os.getpid()
    interrupted: list[tuple[int, float]] = []

    def interrupt(number: int, _frame: object) -> None:
        if os.getpid() != own:  # a fork of ours that has not yet said what they mean to it
            _end_by(number)
        if not interrupted:
            interrupted.append((number, time.monotonic()))
            sys.unraisablehook = swallowed
            signal.signal(signal.SIGALRM, once_more)
            raise Interrupted(number)
        if time.monotonic() - interrupted[0][1] > _PATIENCE:
            _end_by(number)

    def swallowed(unraisable: sys.UnraisableHookArgs) -> None:
        """By a finalizer, out of which nothing comes; and no word of it."""
        if isinstance(unraisable.exc_value, Interrupted):
            signal.setitimer(signal.ITIMER_REAL, _SOON)

    def once_more(_number: int, _frame: object) -> None:
        raise Interrupted(interrupted[0][0])

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        with suppress(ValueError):  # in a thread that is not the main one, which alone gets signals
            for number, handler in before.items():
                if handler is not signal.SIG_IGN:  # nohup wants that, and shells of what is in the background
                    signal.signal(number, interrupt)
        yield
    finally:
        if interrupted:
            signal.setitimer(signal.ITIMER_REAL, 0)
            atomic.sweep()
            raise Interrupted(interrupted[0][0]) from None
        with suppress(ValueError):
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def ending_by_signals() -> Iterator[None]:
    """End in order, and then as whoever sent the signal expects: by that signal."""
    try:
        with interrupted_by_signals():
            yield
    except Interrupted as interrupted:
        if not _stdin_has_ended:
            _end_by(interrupted.number)
    except KeyboardInterrupt:  # a worker's, which was for us as well
        _end_by(signal.SIGINT)
    except BrokenPipeError as error:
        if error.filename is not None:
            raise
        _end_by(signal.SIGPIPE)


def _end_by(number: int) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    sys.exit(128 + number)  # where it is blocked


def end_with_stdin() -> None:
    """End, as by SIGTERM but with status 0, when standard input does: when the process that wrote into it is gone."""
    import threading

    threading.Thread(target=_await_end, name="assetbuild stdin", daemon=True).start()


def _await_end() -> None:
    with suppress(OSError):  # there is none
        while os.read(0, 4096):
            pass
    _stdin_has_ended.append(True)
    os.kill(os.getpid(), signal.SIGTERM)
