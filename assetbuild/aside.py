"""Work -> its result, made in a forked process while this one goes on.

For what stands alone, takes some milliseconds at least and gives plain data, such as listing directories. What fails
there, or cannot be forked, is done here in the end, where it may raise.
"""

from __future__ import annotations

import marshal
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, NoReturn, TypeVar

from assetbuild.forking import may_fork

R = TypeVar("R")


class Aside(Generic[R]):
    """`work` has begun; what it gives must be something that `marshal` can write. Who is done with it calls `stop`."""

    def __init__(self, work: Callable[[], R]) -> None:
        self.work = work
        self.pid, self.answer = 0, -1
        if may_fork():
            with suppress(OSError):
                self._begin()

    def result(self) -> R:
        """Asked for once. Raises what the work raises."""
        if self.pid:
            content = _read_all(self.answer)
            self._close()
            with suppress(EOFError, ValueError, TypeError):  # it has failed, or was killed
                found: R = marshal.loads(content)  # noqa: S302 - from our own fork
                return found
        return self.work()

    def stop(self) -> None:
        """What it is at is in vain."""
        if self.pid and self.answer >= 0:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._close()
        if self.pid:
            pid, self.pid = self.pid, 0
            with suppress(ChildProcessError):  # who ignores SIGCHLD has no account of its children
                os.waitpid(pid, 0)

    def _begin(self) -> None:
        """Raises OSError where the system gives no process."""
        self.answer, to_answer = os.pipe()
        try:
            self.pid = os.fork()
            if not self.pid:
                self._work_alone(to_answer)
        except OSError:
            self._close()
            raise
        finally:
            os.close(to_answer)

    def _work_alone(self, to_answer: int) -> NoReturn:
        """In the child: nothing of what the parent would do at its end."""
        try:
            os.close(self.answer)
            made: Any = self.work()
            content = memoryview(marshal.dumps(made))
            while content:
                content = content[os.write(to_answer, content) :]
            os.close(to_answer)  # or the parent would wait for the end, which takes a millisecond
        finally:
            os._exit(0)

    def _close(self) -> None:
        answer, self.answer = self.answer, -1
        os.close(answer)


def _read_all(pipe: int) -> bytearray:
    content = bytearray()
    while piece := os.read(pipe, 1 << 20):
        content += piece
    return content
