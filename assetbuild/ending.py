"""Signals that end what would go on for ever: it tidies up, and then ends by that very signal, as shells expect."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

_PATIENCE = 5.0  # seconds in which a second signal hastens nothing: it is being tidied up
_stdin_has_ended = threading.Event()


class _Ended(BaseException):
    """The number of the signal."""


@contextmanager
def ending_by_signals() -> Iterator[None]:
    """End in order, and then as whoever sent the signal expects: by that signal."""
    ended_at = 0.0

    def end(number: int, _frame: object) -> None:
        nonlocal ended_at
        if not ended_at:
            ended_at = time.monotonic()
            raise _Ended(number)
        if time.monotonic() - ended_at > _PATIENCE:
            _end_by(number)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # nohup wants that, and shells of what is in the background
            signal.signal(number, end)
    try:
        yield
    except _Ended as ended:
        if not _stdin_has_ended.is_set():
            _end_by(ended.args[0])
    except KeyboardInterrupt:  # a worker's, which was for us as well
        _end_by(signal.SIGINT)
    except BrokenPipeError as error:
        if error.filename is not None:
            raise
        _end_by(signal.SIGPIPE)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_by(number: int) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    sys.exit(128 + number)  # where it is blocked


def end_with_stdin() -> None:
    """End, as by SIGTERM but with status 0, when standard input does: when the process that wrote into it is gone."""
    threading.Thread(target=_await_end, name="assetbuild stdin", daemon=True).start()


def _await_end() -> None:
    with suppress(OSError):  # there is none
        while os.read(0, 4096):
            pass
    _stdin_has_ended.set()
    os.kill(os.getpid(), signal.SIGTERM)
