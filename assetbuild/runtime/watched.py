"""A development directory as it is now: whether a watch holds it, its manifest, and which of its files may be served.

Only read, never written. Threads and forks may share one Watched without locks: what they find at once is equal, or as
old as the next look at the disk. Names are added before the manifest that has them is given to anybody.
"""

from __future__ import annotations

import json
import os
import sys
import time
from stat import S_ISDIR
from typing import NamedTuple

from assetbuild.runtime.format import ManifestError, check_entry
from assetbuild.runtime.manifest import MAX_BYTES, Manifest

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from assetbuild.runtime.manifest import OnMissing

    Stamp = tuple[int, int, int, int]

NAME = ".assetbuild"
_INTERVAL = 0.02  # seconds; a look costs about 20 µs
_MAX_EARLIER = 10_000  # names that are in the manifest no more; a watch deletes their files after half a minute
_MAX_LIVE = 65_536  # bytes of a live.json


class Seen(NamedTuple):
    """Compared by identity: it is the same object until something changes."""

    directory: str | None = None  # None: no watch runs
    manifest: Manifest | None = None
    live: tuple[int, str] | None = None  # port and token of the live reload server


class _Read(NamedTuple):
    file: str
    stamp: Stamp
    manifest: Manifest


_NOBODY = Seen()


class Watched:
    """The development directory `directory`, else the nearest that is in `near` or above it at each look."""

    def __init__(self, directory: str | None, near: str | None, on_missing: OnMissing) -> None:
        self._directory = os.path.abspath(directory) if directory else None
        self._near = os.path.abspath(near) if near else None
        self._on_missing = on_missing
        self._seen, self._looked = _NOBODY, float("-inf")
        self._read: _Read | None = None
        self._live: tuple[str, Stamp, tuple[int, str] | None] | None = None
        self._released: dict[str, str] = {}  # fingerprinted names seen by this process -> directory of the files

    def now(self, *, fresh: bool = False) -> Seen:
        """What was found at most 20 ms ago; right now with `fresh`."""
        if fresh or time.monotonic() - self._looked >= _INTERVAL:
            looked = time.monotonic()  # before the look: what changes during it is seen by the next one
            found = self._look()
            if found != self._seen:
                self._seen = found
            self._looked = looked
        return self._seen

    def is_released(self, name: str) -> bool:
        """Whether the bytes of a file called so can never change."""
        return name in self._released

    def file_of(self, name: str) -> str | None:
        """The file to serve for a fingerprinted name that this process has seen, while it exists, and for a name
        without fingerprint that the manifest has now.
        """
        return self._file(name, self.now()) or self._file(name, self.now(fresh=True))

    def _file(self, name: str, seen: Seen) -> str | None:
        directory = self._released.get(name)
        if directory is None and seen.directory and seen.manifest is not None and _has_own_name(seen.manifest, name):
            directory = os.path.join(seen.directory, "files")
        if directory is None:
            return None
        try:
            check_entry(name, {"file": name, "size": 0})  # a manifest that no build wrote may name '../lock'
        except ManifestError:
            return None
        file = os.path.join(directory, *name.split("/"))
        return file if os.path.isfile(file) else None

    def _look(self) -> Seen:
        directory = self._directory or (_nearest(self._near) if self._near else None)
        if directory is None or not _is_held(os.path.join(directory, "lock")):
            return _NOBODY
        manifest = self._manifest(directory, os.path.join(directory, "manifest.json"))
        return Seen(directory, manifest, self._reload_server(os.path.join(directory, "live.json")))

    def _manifest(self, directory: str, file: str) -> Manifest | None:
        """The one before, where this one cannot be read; None where there is none."""
        stamp = _stamp(file)
        read = self._read if self._read and self._read.file == file else None
        if stamp is None or (read and read.stamp == stamp):
            return read.manifest if read and stamp else None
        try:
            content, stamp = _content(file, MAX_BYTES)
            manifest = Manifest.from_bytes(content, on_missing=self._on_missing, file=file)
            names = _fingerprinted(content)
        except (OSError, ValueError, RecursionError):
            return read.manifest if read else None
        self._remember(names, os.path.join(directory, "files"))
        self._read = _Read(file, stamp, manifest)
        return manifest

    def _remember(self, names: Iterable[str], directory: str) -> None:
        added = dict.fromkeys(names, directory)
        self._released.update(added)
        earlier = [name for name in list(self._released) if name not in added]
        for name in earlier[: max(0, len(earlier) - _MAX_EARLIER)]:
            self._released.pop(name, None)

    def _reload_server(self, file: str) -> tuple[int, str] | None:
        stamp = _stamp(file)
        if stamp is None:
            return None
        if self._live is None or self._live[:2] != (file, stamp):
            try:
                content, stamp = _content(file, _MAX_LIVE)
                self._live = (file, stamp, _port_and_token(content))
            except (OSError, ValueError, RecursionError):
                return None
        return self._live[2]


def _has_own_name(manifest: Manifest, path: str) -> bool:
    if path not in manifest:
        return False
    entry = manifest.entry(path)
    return entry.stable or entry.file == path


def _nearest(start: str) -> str | None:
    """That of a running watch: one that was left behind must not hide it."""
    place = start
    while not (_is_ours(place) and _is_held(os.path.join(place, NAME, "lock"))):
        above = os.path.dirname(place)
        if above == place:
            return None
        place = above
    return os.path.join(place, NAME)


def _is_ours(place: str) -> bool:
    """Whether a development directory is there that no stranger has put there: anybody may make one in /tmp."""
    try:
        found = os.stat(os.path.join(place, NAME))
        if not S_ISDIR(found.st_mode):
            return False
        return sys.platform == "win32" or found.st_uid in (os.geteuid(), 0) or found.st_uid == os.stat(place).st_uid
    except (OSError, ValueError):  # ValueError: a NUL
        return False


def _is_held(file: str) -> bool:
    """Whether a watch has the lock, which ends with its process however that ends."""
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe would make it wait
    except (OSError, ValueError):
        return False
    try:
        return _is_locked(descriptor)
    finally:
        os.close(descriptor)  # gives back the lock that was taken


if sys.platform == "win32":

    def _is_locked(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return True
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        return False

else:

    def _is_locked(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # a file system without locks: nobody can hold one
            return False
        return False


def _stamp(file: str) -> Stamp | None:
    try:
        return _stamp_of(os.stat(file))
    except (OSError, ValueError):
        return None


def _stamp_of(found: os.stat_result) -> Stamp:
    """With the time of the last rename, which nobody can set: names of files are as long as those before, and the
    number of a file that went is soon used again.
    """
    return found.st_ino, found.st_ctime_ns, found.st_mtime_ns, found.st_size


def _content(file: str, limit: int) -> tuple[bytes, Stamp]:
    """With the stamp of what was read, not of what has come into its place since. Raises OSError and ValueError."""
    with open(file, "rb") as stream:
        stamp = _stamp_of(os.fstat(stream.fileno()))
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"{file}: larger than {limit} bytes")
    return content, stamp


def _fingerprinted(content: bytes) -> list[str]:
    """The released names that are not the logical paths themselves. Raises ValueError."""
    try:
        return [raw["file"] for path, raw in json.loads(content)["assets"].items() if raw["file"] != path]
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("not a manifest") from error


def _port_and_token(content: bytes) -> tuple[int, str] | None:
    data = json.loads(content)
    if not isinstance(data, dict) or data.get("version") != 1:
        return None
    port, token = data.get("port"), data.get("token")
    return (port, token) if type(port) is int and 0 < port < 65536 and type(token) is str else None
