"""Files -> signatures: whether a file is as it was, by what the system says of it, without reading it.

A signature can miss a change only if the file is written twice within one tick of the clock that stamps it. So what was
changed shortly before it was read has no signature that counts: git's rule for "racily clean" files.
"""

from __future__ import annotations

import os

Signature = tuple[int, int, int, int]  # bytes, mtime and ctime in nanoseconds, inode
NONE: Signature = (-1, 0, 0, 0)  # that of no file
UNSETTLED: Signature = (-2, 0, 0, 0)  # equal to none that a file can have
# FAT counts two seconds; other file systems count ticks of 1 to 10 ms, or nanoseconds, but are then often far away.
TICK = 2_000_000_000  # nanoseconds


def of(status: os.stat_result) -> Signature:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def settled(signature: Signature, read_at: int) -> bool:
    """Whether a file with that signature, read at `read_at` (nanoseconds of the wall clock) or later, was old enough
    that a later change must show."""
    return max(signature[1], signature[2]) < read_at - TICK
