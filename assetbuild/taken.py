"""A development directory, taken by one watch at a time: its lock, and where its live server listens.

Whoever finds the lock free knows that no watch runs, however the last one ended. A directory with anything in it that a
watch has not put there is refused: what is not needed any more is removed from it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from assetbuild.config import Config
from assetbuild.errors import AssetBuildError, ConfigError

NAME = ".assetbuild"
LOCK = "lock"
LIVE = "live.json"
_OURS = re.compile(r"files|new\.\d+|(?:\.gitignore|lock|live\.json|manifest\.json)(?:(?:\.\d+)?\.new)?")
_NEW = ".new"  # what follows the name of a file that is still written
_PATIENCE = 1.0  # seconds; a runtime that looks whether a watch runs holds the lock for microseconds
_PAUSE = 0.01
_SETTLE = 0.1  # seconds in which a removal that goes on removes something


class Occupied(AssetBuildError):
    """Another watch has the directory."""


class Taken:
    """A context manager: the lock is held while inside."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = -1
        self._was_ours = False
        self._live = ""

    def __enter__(self) -> Taken:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_ours():
            with suppress(OSError):
                os.unlink(self.path / LIVE)
            with suppress(OSError):
                os.ftruncate(self._lock, 0)
        self._let_go()

    def take(self) -> None:
        """Make the directory, if there is none, and lock it. Raises AssetBuildError, Occupied where another watch has
        it. Taken again, after somebody has removed something, it may have lost its lock."""
        self._let_go()
        if self._was_ours:
            self._await_removal()
        with self._usable():
            if not self._was_ours:
                os.makedirs(self.path, exist_ok=True)
            elif not self.path.is_dir():
                os.mkdir(self.path)  # not also what was above: a project that was moved is not to stand there again
            self._check(may_lack_lock=self._was_ours)
            self._lock = self._locked()
            self._was_ours = True
            _write(self.path / ".gitignore", "*\n", 0o666)
            if self._live:
                _write(self.path / LIVE, self._live, 0o600)
            else:
                (self.path / LIVE).unlink(missing_ok=True)  # of a watch that was killed

    def is_ours(self) -> bool:
        """Whether the lock that is held is still the directory's: somebody may have removed that, or made it anew."""
        return self._lock >= 0 and _is_at(self._lock, self.path / LOCK)

    def announce(self, port: int, token: str, hosts: Sequence[str]) -> None:
        """Tell the runtime where the live server is; only who may read our files learns the token. Raises
        AssetBuildError."""
        self._live = json.dumps({"version": 1, "port": port, "token": token, "hosts": [*hosts]}) + "\n"
        with self._usable():
            _write(self.path / LIVE, self._live, 0o600)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._let_go()  # so that all of it is done again
            raise AssetBuildError(
                f"cannot be used as the development directory: {(error.strerror or str(error)).lower()}",
                where=str(self.path),
                fix="name another with --dir",
            ) from error

    def _await_removal(self) -> None:
        """Whoever removes a directory finds it not empty where something is made in it meanwhile."""
        left = -1
        while (now := sum(len(names) + len(inner) for _, inner, names in os.walk(self.path))) not in (0, left):
            left = now
            time.sleep(_SETTLE)

    def _check(self, *, may_lack_lock: bool) -> None:
        found = set(os.listdir(self.path))
        foreign = sorted(name for name in found if not _OURS.fullmatch(name))
        if foreign or (found and LOCK not in found and not may_lack_lock):
            raise AssetBuildError(
                f"'{(foreign or sorted(found))[0]}' is in it, and was not put there by a watch",
                where=str(self.path),
                fix="name a directory that is empty or does not exist yet with --dir",
            )

    def _locked(self) -> int:
        deadline = time.monotonic() + _PATIENCE
        while True:
            lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(lock, self.path / LOCK):  # else it was removed meanwhile: there is another, or none
                    os.ftruncate(lock, 0)
                    os.pwrite(lock, b"%d\n" % os.getpid(), 0)
                    return lock
            except BlockingIOError:
                if time.monotonic() > deadline:
                    pid = os.pread(lock, 20, 0).decode("ascii", "replace").strip()
                    os.close(lock)
                    raise self._occupied(pid) from None
                time.sleep(_PAUSE)
            except BaseException:
                os.close(lock)
                raise
            os.close(lock)

    def _occupied(self, pid: str) -> Occupied:
        process = f" (process {pid})" if pid.isdigit() else ""
        return Occupied(
            f"a watch runs already for this directory{process}",
            where=str(self.path),
            fix="end it, or give this one a directory of its own with --dir",
        )

    def _let_go(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def check_apart(path: Path, config: Config) -> None:
    """Raises ConfigError where the development directory and what a build reads or writes would get into each other."""
    ours, output = path.resolve(), config.output_dir.resolve()
    shown = config.shown(path)
    if _is_in(ours, output) or _is_in(output, ours):
        raise ConfigError(
            f"the development directory '{shown}' and the output directory '{config.shown(config.output_dir)}' are one "
            "inside the other",
            where=config.label,
            fix="name another with --dir, or choose another 'output'",
        )
    for root in config.roots:
        real = root.dir.resolve()
        if _is_in(ours, real) or _is_in(real, ours):
            how = "is inside" if _is_in(ours, real) else "holds"
            raise ConfigError(
                f"the development directory '{shown}' {how} the source root '{root.label}'",
                where=config.label,
                fix="name another with --dir",
            )


def _is_in(inner: Path, outer: Path) -> bool:
    return inner == outer or outer in inner.parents


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        there, ours = os.stat(path, follow_symlinks=False), os.fstat(descriptor)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


def _write(file: Path, text: str, mode: int) -> None:
    """The whole file or none, and nobody reads what they may not, not even for a moment."""
    new = f"{file}{_NEW}"
    with suppress(FileNotFoundError):
        os.unlink(new)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(new, file)
