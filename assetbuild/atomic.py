"""Directories that appear whole or not at all: staging, durability, one rename.

Staging directories stand beside their target, on the same file system. Each is held by a lock while its build lives, so
what a killed build has left is known for dead and removed by the next one.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from assetbuild.directories import above

STAGING = ".staging-"
_LOST = (errno.EIO, errno.ENOSPC, errno.EDQUOT)  # what was written did not reach the disk
_FEW = 16  # files: an fsync for each takes less time than to load what calls syncfs
_unfinished: set[str] = set()  # files and directories of this process that must not stay under that name


@contextmanager
def staging(parent: Path) -> Iterator[Path]:
    """A new, locked, empty directory in `parent`; gone afterwards unless it has been renamed."""
    remove_dead_staging(parent)
    directory, lock = _locked_directory(parent)
    try:
        yield directory
    finally:
        _remove(directory)
        finished(directory)
        os.close(lock)


def begin(path: Path | str) -> None:
    """Before anything is at `path` that is not to stay there. A signal may interrupt what is done next between any two
    steps, and what removes it as well: then `sweep` does."""
    _unfinished.add(str(path))


def finished(path: Path | str) -> None:
    """It has been renamed or removed."""
    _unfinished.discard(str(path))


def sweep() -> None:
    """Remove what was begun and is not finished."""
    for path in sorted(_unfinished):
        _remove(Path(path))
        with suppress(OSError):
            os.unlink(path)


def remove_dead_staging(parent: Path) -> None:
    """Remove the staging directories whose build was killed: nobody holds their lock."""
    try:
        names = os.listdir(parent)
    except OSError:
        return
    for directory in [parent / name for name in names if name.startswith(STAGING)]:
        with suppress(OSError):
            lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(directory)
            finally:
                os.close(lock)


def remove_dead_files(files: Iterable[Path], suffixes: Iterable[str] = ("",)) -> None:
    """Remove those of `files` whose writer was killed: nobody holds their lock. With each goes what is beside it under
    its name and one of `suffixes`."""
    for file in files:
        with suppress(OSError):
            descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for suffix in suffixes:
                    Path(f"{file}{suffix}").unlink(missing_ok=True)
            finally:
                os.close(descriptor)


def install(directory: Path, target: Path) -> None:
    """Make `directory` appear as `target` in one step; what stood there is removed afterwards.

    Where the system cannot exchange two directories (neither Linux's nor macOS's call works), an existing target is
    renamed away first: for that instant there is none. Raises NotADirectoryError where a file or a link stands there.
    """
    try:
        os.rename(directory, target)  # over nothing, or over an empty directory, which holds nothing to lose
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        if not _exchange(directory, target):
            _replace_in_two_steps(directory, target)
    sync_directory(target.parent)
    _remove(directory)


def point(link: Path, target: str) -> bool:
    """Make `link` a symbolic link to `target` by one rename; False where it already is.

    Raises IsADirectoryError where a directory stands in its place: that is somebody's, not ours.
    """
    with suppress(OSError):
        if os.readlink(link) == target:
            remove_dead_staging(link.parent)  # of a build that was killed after its last step
            return False
    with staging(link.parent) as directory:
        os.symlink(target, directory / link.name)
        os.replace(directory / link.name, link)
    sync_directory(link.parent)
    return True


def make_durable(directory: Path) -> None:
    """Return when all that was written below `directory` would survive a power cut.

    One syncfs for the whole file system where there is one (Linux): an fsync per file costs seconds for thousands.
    """
    if sys.platform == "linux":
        with opened(directory) as descriptor, suppress(AttributeError):
            from ctypes import CDLL, get_errno  # which takes longer to load than most of what is written

            if CDLL(None, use_errno=True).syncfs(descriptor) == 0:
                return
            if get_errno() in _LOST:  # the system tells it once: an fsync afterwards would find nothing wrong
                raise OSError(get_errno(), os.strerror(get_errno()), str(directory))
    for parent, _, names in os.walk(directory, topdown=False):
        for name in names:
            with opened(Path(parent, name)) as descriptor:
                os.fsync(descriptor)
        sync_directory(Path(parent))


def make_few_durable(directory: Path, changed: Iterable[str]) -> None:
    """The same, where all but `changed` is durable already: paths below it of files that were written or removed."""
    files = {*changed}
    if len(files) > _FEW:
        make_durable(directory)
        return
    for path in sorted({*files, *above(files), "."}, key=len, reverse=True):
        with suppress(FileNotFoundError), opened(directory / path) as descriptor:  # or it has been removed
            os.fsync(descriptor)


def sync_directory(directory: Path) -> None:
    with opened(directory) as descriptor:
        os.fsync(descriptor)


@contextmanager
def opened(file: Path | str) -> Iterator[int]:
    """A file or directory, to read from or to name what is in it by."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _remove(directory: Path) -> None:
    try:
        os.rmdir(directory)  # nearly always it is empty, if it is there at all
    except FileNotFoundError:
        return
    except OSError:
        from shutil import rmtree  # which takes longer to load than to do

        rmtree(directory, ignore_errors=True)


def _locked_directory(parent: Path) -> tuple[Path, int]:
    while True:
        directory = Path(parent, STAGING + os.urandom(8).hex())
        begin(directory)
        os.mkdir(directory, 0o700)
        # Until it is locked another build may take it for dead and remove it.
        with suppress(FileNotFoundError):
            lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            if lock_now(lock) and directory.exists():
                return directory, lock
            os.close(lock)


def lock_now(descriptor: int) -> bool:
    """Whether nobody else has locked what is open there: now it is ours, until it is closed or we end."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks, such as some NFS: then nobody can take it for dead either
    return True


def _exchange(one: Path, other: Path) -> bool:
    """Swap two directories in one step. False where the system or the file system cannot."""
    from ctypes import CDLL

    libc = CDLL(None, use_errno=True)
    try:
        if sys.platform == "darwin":
            return bool(libc.renamex_np(os.fsencode(one), os.fsencode(other), 2) == 0)  # RENAME_SWAP
        at_cwd, rename_exchange = -100, 2  # linux/fcntl.h, linux/fs.h
        return bool(libc.renameat2(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), rename_exchange) == 0)
    except AttributeError:
        return False


def _replace_in_two_steps(directory: Path, target: Path) -> None:
    holder, lock = _locked_directory(target.parent)
    finished(holder)  # what it is to hold must not be lost
    try:
        os.rename(target, holder / "old")
        try:
            os.rename(directory, target)
        except OSError:
            os.rename(holder / "old", target)
            raise
        _remove(holder)
    finally:
        with suppress(OSError):
            os.rmdir(holder)  # only if empty: what could not be put back must not be lost here
        os.close(lock)
