"""Bytes -> files of a release: read-only for everybody, all with one time; and back."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import suppress

# 2000-01-01T00:00:00Z, in seconds: one time for all fingerprinted files, since servers derive ETags from it.
CONSTANT_TIME = 946684800
MODE = 0o444
SMALL = 1 << 20  # bytes; such a file is read whole, which takes fewer calls

# The open of a FIFO would wait for a writer, and that of a terminal may make it ours.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


def write_file(file: str, content: bytes, time: int = CONSTANT_TIME) -> None:
    """A new file, readable by all and writable by nobody, whatever the umask says."""
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODE)
    try:
        _write_all(descriptor, content)
        _finish(descriptor, time)
    finally:
        os.close(descriptor)


class NotAFile(OSError):
    """It is a directory, a FIFO, a device or a socket."""


def open_file(file: str) -> tuple[int, int]:
    """A descriptor to read `file`, and the bytes that it has. Raises OSError, NotAFile among others."""
    descriptor = os.open(file, _FLAGS)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise NotAFile(errno.EINVAL, "Is not a file", file)
    return descriptor, status.st_size


def read_file(file: str | os.PathLike[str]) -> bytes:
    """Raises OSError, NotAFile among others."""
    with open(open_file(os.fspath(file))[0], "rb", buffering=0) as stream:
        return stream.read()


def file_digest(file: str | os.PathLike[str]) -> str:
    """SHA-256, hex. Raises OSError, NotAFile among others."""
    digest = hashlib.sha256()
    with open(open_file(os.fspath(file))[0], "rb", buffering=0) as stream:
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
