"""The development directory: final files as in a release, but replaced one by one while an application follows them.

Its manifest is replaced by one rename, after all that it names is there. What it no longer names stays for a while, for
pages that were made from the manifest before. Nothing is made durable: after a crash of the machine it is built anew.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from assetbuild.artifact import Artifact
from assetbuild.contents import changed, content_of
from assetbuild.errors import ReleaseError
from assetbuild.executors import Executor
from assetbuild.files import CONSTANT_TIME, copy_whole, file_digest, open_file, read_file, write_file
from assetbuild.graph import Graph
from assetbuild.rebuild import LARGE
from assetbuild.records import FILES, MANIFEST
from assetbuild.render import Rendered, is_rewritten, render
from assetbuild.stamp import replace_file

GRACE = 30.0  # seconds that a superseded file stays


class Directory:
    """`sizes` are those of the files that are there as they should be, by name below `files/`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files_dir = str(path / FILES)
        self.sizes: dict[str, int] = {}
        self._superseded: dict[str, float] = {}  # until when each stays

    def stands(self) -> bool:
        """False where somebody has removed it, or its manifest."""
        return os.path.isdir(self.files_dir) and os.path.isfile(self.path / MANIFEST)

    def check(self) -> None:
        """What has gone is to be written again, into directories that are there."""
        os.makedirs(self.files_dir, exist_ok=True)
        self.sizes = dict(self._present(self.sizes.items()))

    def find(self, wanted: Iterable[tuple[str, int]], manifest: bytes) -> bool:
        """Take over the files that another process has left, names with sizes; whether all of them are there, and this
        very manifest."""
        asked = dict(wanted)
        self.sizes = dict(self._present(asked.items()))
        try:
            return len(self.sizes) == len(asked) and read_file(self.path / MANIFEST) == manifest
        except OSError:
            return False

    def fill(
        self,
        graph: Graph,
        artifacts: Sequence[Artifact],
        names: Mapping[str, str],
        rendered: Rendered,
        workers: Executor,
    ) -> None:
        """Write of `artifacts` what is not there. Stable names come last: all that they may name is there then.

        `names` are those of all assets, `rendered` has final bytes. Raises SourceChanged."""

        def write(item: tuple[Artifact, str]) -> None:
            artifact, name = item
            mtime = CONSTANT_TIME if name == artifact.name else self._later(name)
            if not self.put(name, _final(artifact, graph, names, rendered), mtime, artifact.sha256):
                raise changed(artifact.logical_path)

        there = self.sizes
        fingerprinted = [(one, one.name) for one in artifacts if one.name not in there]
        stable = [(one, one.logical_path) for one in artifacts if one.stable]
        stable = [(one, name) for one, name in stable if one.name not in there or name not in there]
        until = time.monotonic() + GRACE
        for _, name in (*fingerprinted, *stable):
            if name not in there:  # superseded until a manifest names it, which may never come
                self._superseded.setdefault(name, until)
        for items in (fingerprinted, stable):
            with closing(workers.map(write, items)) as results:
                for _ in results:
                    pass

    def put(self, name: str, content: bytes | str, mtime: int, sha256: str) -> bool:
        """Make the file `name` by one rename, of bytes, or of the file `content`. False where that does not hold the
        bytes with the digest."""
        file, scratch = f"{self.files_dir}/{name}", f"{self.path}/new.{os.getpid()}"
        with suppress(FileNotFoundError):
            os.unlink(scratch)  # of a process that was killed
        try:
            if isinstance(content, bytes):
                write_file(scratch, content, mtime)
            else:
                _copy(content, scratch, mtime)
                if file_digest(scratch) != sha256:
                    return False
            _rename(scratch, file)
        finally:
            with suppress(OSError):
                os.unlink(scratch)
        return True

    def publish(self, manifest: bytes) -> None:
        replace_file(str(self.path / MANIFEST), manifest)

    def keep(self, sizes: dict[str, int]) -> None:
        """From now on these are wanted, and all others superseded."""
        until = time.monotonic() + GRACE
        for name in self.sizes.keys() - sizes.keys():
            self._superseded.setdefault(name, until)
        for name in sizes:
            self._superseded.pop(name, None)
        self.sizes = sizes

    @property
    def waits(self) -> bool:
        """Whether there is something to tidy."""
        return bool(self._superseded)

    def tidy(self, everything: bool = False) -> None:
        now, due = time.monotonic(), []
        for name, until in self._superseded.items():  # in the order of their times
            if not everything and until > now:
                break
            due.append(name)
        for name in due:
            del self._superseded[name]
            self._remove(name)

    def sweep(self) -> None:
        """Remove what nobody knows: of an earlier process."""
        for directory, _, names in os.walk(self.files_dir):
            prefix = os.path.relpath(directory, self.files_dir).replace(os.sep, "/") + "/"
            for name in (prefix.removeprefix("./") + name for name in names):
                if name not in self.sizes and name not in self._superseded:
                    self._remove(name)
        for name in os.listdir(self.path):
            if name.startswith("new."):
                with suppress(OSError):
                    os.unlink(self.path / name)

    def error(self, error: OSError) -> ReleaseError:
        return ReleaseError(
            f"the development output could not be written: {(error.strerror or str(error)).lower()}",
            where=str(self.path),
            fix="free some space, or choose another place with --dir",
            notes=(f"file: {os.fsdecode(error.filename)}",) if error.filename else (),
        )

    def _present(self, wanted: Iterable[tuple[str, int]]) -> Iterator[tuple[str, int]]:
        for name, size in wanted:
            with suppress(OSError):
                if os.stat(f"{self.files_dir}/{name}").st_size == size:
                    yield name, size

    def _later(self, name: str) -> int:
        """The time of a new file, in seconds, after that of the file that it replaces: it is what browsers ask by."""
        try:
            before = int(os.stat(f"{self.files_dir}/{name}").st_mtime)
        except OSError:
            before = 0
        return max(int(time.time()), before + 1)

    def _remove(self, name: str) -> None:
        file = f"{self.files_dir}/{name}"
        with suppress(OSError):  # gone, or not empty
            os.unlink(file)
            while (file := os.path.dirname(file)) != self.files_dir:
                os.rmdir(file)


def _final(artifact: Artifact, graph: Graph, names: Mapping[str, str], rendered: Rendered) -> bytes | str:
    """Its bytes, or the file that holds them."""
    path = artifact.logical_path
    compiled, targets = graph.assets[path], graph.targets[path]
    if is_rewritten(compiled, targets):
        return rendered.take(path) or render(compiled, targets, names)
    if compiled.content is None and compiled.file and compiled.size > LARGE:
        return compiled.file
    return content_of(compiled)


def _copy(source: str, target: str, time: int) -> None:
    descriptor, _ = open_file(source)
    try:
        copy_whole(descriptor, target, time)
    finally:
        os.close(descriptor)


def _rename(source: str, target: str) -> None:
    try:
        os.replace(source, target)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.replace(source, target)
