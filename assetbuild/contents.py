"""Sources and compiled assets -> their bytes, or a digest of them; what has changed meanwhile is noticed."""

from __future__ import annotations

import hashlib
import os

from assetbuild.errors import AssetBuildError, SourceChanged, SourceError
from assetbuild.model import Compiled, Source

_BUFFER = 1 << 20  # bytes read at a time from a file that is only hashed
MAX_READ = 256 << 20  # bytes of a file that is read whole; ten times what the largest real scripts and maps have
_MAX_GROWTH = 64 << 20  # bytes beyond the size that a file was found with: some have no end


def read_source(source: Source) -> bytes:
    """Raises SourceError."""
    if source.size > MAX_READ:
        what = f"has {source.size:,} bytes, and what is looked into may have {MAX_READ:,}"
        raise SourceError(what, where=source.shown, fix="make it smaller, or exclude it")
    try:
        with open(source.file, "rb", buffering=0) as stream:
            return stream.read()
    except OSError as error:
        raise _unreadable(source, error) from error


def hash_source(source: Source) -> tuple[str, int]:
    """SHA-256 (hex) and length in bytes, read piece by piece: memory does not grow with the file."""
    digest, size = hashlib.sha256(), 0
    try:
        with open(source.file, "rb", buffering=0) as stream:
            while piece := stream.read(_BUFFER):
                digest.update(piece)
                size += len(piece)
                if size > source.size + _MAX_GROWTH:
                    raise changed(source.logical_path)
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


def _read(compiled: Compiled) -> bytes:
    if compiled.held:
        return os.pread(compiled.held[0], compiled.size, compiled.held[1])
    assert compiled.file
    with open(compiled.file, "rb", buffering=0) as stream:
        return stream.read()


def changed(path: str) -> SourceChanged:
    return SourceChanged("changed while it was being built", where=path, fix="build again")


def _unreadable(source: Source, error: OSError) -> AssetBuildError:
    if isinstance(error, FileNotFoundError):  # it was there when the sources were listed
        return changed(source.logical_path)
    return SourceError(f"cannot be read: {(error.strerror or str(error)).lower()}", where=source.shown)
