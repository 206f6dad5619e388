"""Where lanes work: on the disk, or in memory, where nothing waits for a device.

What a release is built on (links, renames, locks) is the same in both; only syncfs has nothing to do in memory.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = "/dev/shm"
_ROOM = 512 << 20  # bytes that must be free there; a lane takes some 10 MB
ON_DISK = 4  # each lane of that many, the first of them, is on the disk


@contextmanager
def places(base: Path, name: str, lanes: int) -> Iterator[list[Path]]:
    """A directory for each lane, yet to be made: the first below `base`, most others in memory where there is room."""
    memory = tempfile.mkdtemp(prefix="assetbuild-torture-", dir=_MEMORY) if _has_room() else None
    try:
        yield [
            Path(memory, f"{name}-{lane}") if memory and lane % ON_DISK else base / f"{name}-{lane}"
            for lane in range(lanes)
        ]
    finally:
        if memory:
            shutil.rmtree(memory, ignore_errors=True)


def _has_room() -> bool:
    try:
        there = os.statvfs(_MEMORY)
    except OSError:
        return False
    return os.access(_MEMORY, os.W_OK | os.X_OK) and there.f_bavail * there.f_frsize >= _ROOM
