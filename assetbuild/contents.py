"""Sources and compiled assets -> their bytes, or a digest of them; what has changed meanwhile is noticed."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Mapping

from assetbuild import files, signatures
from assetbuild.errors import AssetBuildError, SourceChanged, SourceError
from assetbuild.model import Compiled, Source

_BUFFER = 1 << 20  # bytes read at a time from a file that is only hashed
MAX_READ = 256 << 20  # bytes of a file that is read whole; ten times what the largest real scripts and maps have
_MAX_GROWTH = 64 << 20  # bytes beyond the size that a file was found with
# Of what was a file when the sources were listed: it is none now, or a socket, or its directory is a file.
_GONE = (errno.ENOENT, errno.ENXIO, errno.ENOTDIR)


def read_source(source: Source) -> bytes:
    """Raises SourceError."""
    if source.size > MAX_READ:
        what = f"has {source.size:,} bytes, and what is looked into may have {MAX_READ:,}"
        raise SourceError(what, where=source.shown, fix="make it smaller, or exclude it")
    try:
        return _read_file(source.file, source.logical_path)
    except OSError as error:
        raise _unreadable(source, error) from error


def hash_source(source: Source) -> tuple[str, int]:
    """SHA-256 (hex) and length in bytes, read piece by piece: memory does not grow with the file."""
    digest, size = hashlib.sha256(), 0
    try:
        descriptor, expected = open_file(source.file, source.logical_path)
        try:
            while piece := os.read(descriptor, min(expected + 1, _BUFFER)):
                digest.update(piece)
                size += len(piece)
                if size > source.size + _MAX_GROWTH:
                    raise changed(source.logical_path)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unreadable(source, error) from error
    return digest.hexdigest(), size


def content_of(compiled: Compiled) -> bytes:
    """The content of an asset, whole. Raises SourceError where its file is no longer what was compiled."""
    if compiled.content is not None:
        return compiled.content
    try:
        content = _read(compiled)
    except OSError as error:
        raise changed(compiled.logical_path) from error
    if hashlib.sha256(content).hexdigest() != compiled.digest:
        raise changed(compiled.logical_path)
    return content


def content_again(compiled: Compiled, sources: Mapping[str, Source], started: int) -> bytes:
    """The same of what was compiled out of `sources`, by a build that began to look at them at `started` (nanoseconds).

    A source's file whose signature is the one from before it was first read holds the same bytes, where that says
    enough: then they need no second digest.
    """
    source = sources.get(compiled.logical_path)
    if compiled.content is not None or compiled.held or not source or source.file != compiled.file:
        return content_of(compiled)
    if not signatures.settled(source.signature, started):
        return content_of(compiled)
    try:
        descriptor, size = open_file(source.file, source.logical_path)
        try:
            content = read_whole(descriptor, size, source.logical_path)
            now = signatures.of(os.fstat(descriptor))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise changed(source.logical_path) from error
    if now != source.signature or len(content) != compiled.size:
        raise changed(source.logical_path)
    return content


def _read(compiled: Compiled) -> bytes:
    if compiled.held:
        return os.pread(compiled.held[0], compiled.size, compiled.held[1])
    assert compiled.file
    return _read_file(compiled.file, compiled.logical_path)


def open_file(file: str, path: str) -> tuple[int, int]:
    """A descriptor to read `file`, which is the source `path`, and the bytes that it has.

    Raises SourceChanged where it is a file no longer: what is none was refused when the sources were listed.
    """
    try:
        return files.open_file(file)
    except files.NotAFile as error:
        raise changed(path) from error


def _read_file(file: str, path: str) -> bytes:
    descriptor, size = open_file(file, path)
    try:
        return read_whole(descriptor, size, path)
    finally:
        os.close(descriptor)


def read_whole(descriptor: int, size: int, path: str) -> bytes:
    """A file of about `size` bytes. Raises SourceChanged where it has far more: some have no end."""
    content = os.read(descriptor, min(size, MAX_READ) + 1)  # one byte more, so that one call is enough to see the end
    if len(content) == size:
        return content
    pieces, left = [content], MAX_READ + _MAX_GROWTH - len(content)
    while piece := os.read(descriptor, _BUFFER):
        pieces.append(piece)
        left -= len(piece)
        if left < 0:
            raise changed(path)
    return b"".join(pieces)


def changed(path: str) -> SourceChanged:
    return SourceChanged("changed while it was being built", where=path, fix="build again")


def _unreadable(source: Source, error: OSError) -> AssetBuildError:
    if error.errno in _GONE:
        return changed(source.logical_path)
    return SourceError(f"cannot be read: {(error.strerror or str(error)).lower()}", where=source.shown)
