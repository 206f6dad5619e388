"""Python's cycle collector, switched off while hundreds of thousands of values without cycles are made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """To look for cycles among what a build remembers takes as long as reading it. A whole build, where parsers make
    some, switches the collector on again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
