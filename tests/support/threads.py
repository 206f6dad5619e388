"""Threads that ask while something changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def over_and_over(ask: Callable[[], None], threads: int) -> Iterator[None]:
    """While the block runs, so many threads call `ask`, each again and again; they have ended after it."""
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            ask()

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in running:
            thread.join()
