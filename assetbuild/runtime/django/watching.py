"""`assetbuild watch` as a child process, for as long as a block of code runs and never longer.

Its standard input is a pipe that nothing is ever written to. However this process ends, by SIGKILL too, the system
closes the pipe, which ends the watch: on every system, and without a look at process ids.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from django.core.management.base import CommandError
from django.template import engines

from assetbuild.runtime.django.roots import installed

_PROGRAM = (sys.executable, "-m", "assetbuild", "watch", "--until-stdin-closes")
_START = 20.0  # seconds until the server starts without it; a watch that has begun is not waited for
_END = 10.0  # seconds until a watch that was asked to end is killed
_LOOK = 0.05  # seconds between two looks
_LINGER = 1.0  # seconds in which Ctrl-C, which ends a watch as well, has ended this process too

_ANOTHER = "another 'assetbuild watch' runs already: its output is used"
_PLAIN = "pages name plain source files until it runs again; start 'assetbuild watch', or this command anew"


@contextmanager
def watching(
    arguments: Sequence[str], directory: str | None, runs: Callable[[], bool], tell: Callable[[str], None]
) -> Iterator[None]:
    """`runs`: whether any watch does. `directory`: where it looks for its configuration. Raises CommandError where it
    ends before it has begun; what it says itself is on the same terminal.
    """
    if runs():
        tell(_ANOTHER)
        yield
        return
    process = subprocess.Popen([*_PROGRAM, *arguments], stdin=subprocess.PIPE, cwd=directory)  # noqa: S603
    ended = Event()
    try:
        if _begins(process, runs):
            Thread(target=_tell_of_end, args=(process, ended, runs, tell), daemon=True).start()
        else:
            tell(_ANOTHER)
        yield
    finally:
        ended.set()
        _end(process)


def _begins(process: subprocess.Popen[bytes], runs: Callable[[], bool]) -> bool:
    """False if another one was faster."""
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        status = process.poll()
        if runs():
            return status is None
        if status is not None:
            raise CommandError(f"'assetbuild watch' could not start: it ended with status {status}")
        time.sleep(_LOOK)
    return True


def _tell_of_end(
    process: subprocess.Popen[bytes], ended: Event, runs: Callable[[], bool], tell: Callable[[str], None]
) -> None:
    status = process.wait()
    if not ended.wait(_LINGER):
        tell(_ANOTHER if runs() else f"'assetbuild watch' has ended with status {status}: {_PLAIN}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()
    process.terminate()  # while it builds for the first time it does not look at the pipe
    try:
        process.wait(_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def template_directories() -> list[str]:
    """Those of all engines that are there, but for those of installed packages."""
    found = [directory for engine in engines.all() for directory in _directories(engine)]
    real = dict.fromkeys(os.path.realpath(directory) for directory in found if directory)
    skipped = tuple(path + os.sep for path in installed())
    return [path for path in real if os.path.isdir(path) and not path.startswith(skipped)]


def _directories(engine: Any) -> Iterator[Any]:
    yield from engine.template_dirs
    for loader in getattr(getattr(engine, "engine", None), "template_loaders", ()):
        yield from getattr(loader, "get_dirs", tuple)()
