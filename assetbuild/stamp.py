"""What the last build looked at and what it made -> whether all of it is as it was, at the price of a `stat` for each.

Imports nothing heavy: a build that finds its stamp whole has nothing else to do. Paths and signatures stand in two
blocks that need no parsing; a checksum over all makes a damaged stamp none at all.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any
from zlib import crc32

from assetbuild import atomic, signatures
from assetbuild.named import NamedTuple
from assetbuild.signatures import NONE, Signature

FORMAT = b"assetbuild stamp 2\n"
_CHECKSUM = 4  # bytes
_NUMBERS = 4  # of a signature
_RELEASED = stat.S_IFREG | 0o444  # the mode of a released file


class Watched(NamedTuple):
    """Files with their signatures; NONE for one that is not to be there."""

    files: Sequence[str]
    numbers: array[int]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, Signature]]) -> Watched:
        files: list[str] = []
        found: list[int] = []
        for file, signature in pairs:
            files.append(file)
            found += signature
        return cls(files, array("q", found))

    def pairs(self) -> Iterable[tuple[str, Signature]]:
        numbers = iter(self.numbers)
        return zip(self.files, zip(numbers, numbers, numbers, numbers, strict=True), strict=True)

    def changed(self) -> Iterator[int]:
        """The indexes of those whose signature is another one now, each as soon as it is found."""
        at, look, numbers = -1, os.stat, self.numbers
        for file in self.files:
            at += 1
            first = at * _NUMBERS
            try:
                now = look(file)
            except (OSError, ValueError):
                if numbers[first] != NONE[0]:
                    yield at
                continue
            if (
                now.st_mtime_ns != numbers[first + 1]
                or now.st_size != numbers[first]
                or now.st_ctime_ns != numbers[first + 2]
                or now.st_ino != numbers[first + 3]
            ):
                yield at


class Stamp(NamedTuple):
    """`environment`: configuration and tools. `directories`: all that sources were looked for in. `released`: the
    files of the release, by paths below it; their ctime is not compared, since a further hard link changes it.
    `facts` is what there is to tell of the build."""

    environment: Watched
    directories: Watched
    sources: Watched
    released: Watched
    facts: dict[str, Any]

    def released_changed(self, only: Sequence[str] | None = None) -> list[int]:
        """The indexes of released files, of all or of `only` those, that are not as they were written."""
        found, numbers, look, prefix = [], self.released.numbers, os.stat, self.facts["dir"] + "/"
        files = self.released.files
        for at in range(len(files)) if only is None else [files.index(file) for file in only if file in files]:
            first = at * _NUMBERS
            try:
                now = look(prefix + files[at])
            except OSError:
                found.append(at)
                continue
            if (
                now.st_ino != numbers[first + 3]
                or now.st_mode != _RELEASED
                or now.st_size != numbers[first]
                or now.st_mtime_ns != numbers[first + 1]
            ):
                found.append(at)
        return found


def load(file: str) -> Stamp | None:
    """None where there is none that is whole."""
    try:
        with open(file, "rb", buffering=0) as stream:
            data = stream.read()
    except (OSError, ValueError):
        return None
    body = memoryview(data)[len(FORMAT) + _CHECKSUM :]
    if data[: len(FORMAT) + _CHECKSUM] != FORMAT + checksum(body):
        return None
    head_length = int.from_bytes(body[:8], "big")
    head = json.loads(bytes(body[8 : 8 + head_length]))
    names_end = 8 + head_length + head["names"]
    names = decoded(body[8 + head_length : names_end]).split("\0")
    watched, at, start = [], 0, names_end
    for count in head["counts"]:
        end = start + count * _NUMBERS * array("q").itemsize
        watched.append(Watched(names[at : at + count], integers(body[start:end])))
        at, start = at + count, end
    environment, directories, sources, released = watched
    return Stamp(environment, directories, sources, released, head["facts"])


def save(stamp: Stamp, file: str) -> None:
    """Raises OSError."""
    parts = (stamp.environment, stamp.directories, stamp.sources, stamp.released)
    names = os.fsencode("\0".join([name for part in parts for name in part.files]))
    head = {"counts": [len(part.files) for part in parts], "names": len(names), "facts": stamp.facts}
    text = json.dumps(head).encode()
    body = [len(text).to_bytes(8, "big"), text, names, *(part.numbers.tobytes() for part in parts)]
    overwrite(file, FORMAT, checksum(*body), *body)


def decoded(names: memoryview) -> str:
    """As `os.fsdecode`, without another copy of megabytes."""
    return str(names, sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())


def integers(data: memoryview) -> array[int]:
    """Raises ValueError where it is no number of them."""
    found = array("q")
    found.frombytes(data)
    return found


def checksum(*data: bytes | memoryview) -> bytes:
    """Against damage. A CRC is at hand at once, where `hashlib` loads OpenSSL first."""
    found = 0
    for piece in data:
        found = crc32(piece, found)
    return found.to_bytes(_CHECKSUM, "big")


def replace_file(file: str, *content: bytes | memoryview) -> None:
    """Write `file` by one rename; nothing is left beside it."""
    scratch = f"{file}.{os.getpid()}.new"
    atomic.begin(scratch)
    try:
        with open(scratch, "wb") as stream:
            atomic.lock_now(stream.fileno())  # held until it is in place, so that nobody takes it for dead
            stream.writelines(content)
            stream.flush()
            os.replace(scratch, file)
    except OSError:
        with suppress(OSError):
            os.unlink(scratch)
        raise
    atomic.finished(scratch)


def overwrite(file: str, *content: bytes | memoryview) -> None:
    """Write a file that carries a checksum: over what is there, which takes a tenth of the time of another file.

    Meanwhile, and after a kill or an error, it is damaged, and so is none. Raises OSError.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        replace_file(file, *content)
        return
    with open(descriptor, "wb") as stream:
        found = os.fstat(descriptor)
        is_ours_alone = stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and atomic.lock_now(descriptor)
        if is_ours_alone:
            stream.writelines(content)
            stream.flush()
            if stream.tell() < found.st_size:
                stream.truncate()
    if not is_ours_alone:
        replace_file(file, *content)


def signature_of(file: str, read_at: int) -> Signature:
    """That of a file which was read at `read_at`; one that says nothing, where it had just been written."""
    try:
        found = signatures.of(os.stat(file))
    except OSError:
        return NONE
    return found if signatures.settled(found, read_at) else signatures.UNSETTLED
