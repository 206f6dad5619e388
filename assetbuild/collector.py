"""Python's cycle collector, switched off where much is made that is no garbage: code, and values without cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """To look for cycles among what a build remembers takes as long as reading it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class with_collector:  # noqa: N801 - as a function; @contextmanager takes ten times as long, for each file
    """Within `without_collector`: switched on again."""

    def __enter__(self) -> None:
        self.was_enabled = gc.isenabled()
        gc.enable()

    def __exit__(self, *_: object) -> None:
        if not self.was_enabled:
            gc.disable()


@contextmanager
def loading() -> Iterator[None]:
    """While code is loaded, which stays until the end: it is neither looked through now nor ever again."""
    with without_collector():
        yield
        gc.freeze()
