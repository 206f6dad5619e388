"""Bytes -> files of a release: read-only for everybody, all with one time."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress

# 2000-01-01T00:00:00Z, in seconds: one time for all fingerprinted files, since servers derive ETags from it.
CONSTANT_TIME = 946684800
MODE = 0o444
SMALL = 1 << 20  # bytes; such a file is read whole, which takes fewer calls


def write_file(file: str, content: bytes, time: int = CONSTANT_TIME) -> None:
    """A new file, readable by all and writable by nobody, whatever the umask says."""
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODE)
    try:
        _write_all(descriptor, content)
        _finish(descriptor, time)
    finally:
        os.close(descriptor)


def file_digest(file: str) -> str:
    """SHA-256, hex."""
    digest = hashlib.sha256()
    with open(file, "rb", buffering=0) as stream:
        while piece := stream.read(SMALL):
            digest.update(piece)
    return digest.hexdigest()


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while len(view):
        view = view[os.write(descriptor, view) :]


def _finish(descriptor: int, time: int) -> None:
    os.fchmod(descriptor, MODE)
    os.utime(descriptor, (time, time))


def copy_whole(source: int, target: str, time: int) -> None:
    """By the system, which shares the blocks where the file system can, else piece by piece."""
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODE)
    try:
        with suppress(OSError, AttributeError):  # not on every system, nor between any two file systems
            while os.copy_file_range(source, descriptor, 1 << 30):
                pass
        while piece := os.read(source, SMALL):  # from where that stopped
            _write_all(descriptor, piece)
        _finish(descriptor, time)
    finally:
        os.close(descriptor)
