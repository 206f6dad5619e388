"""Artifacts -> files in a staging directory: identity bytes and variants, linked where the release before has them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from assetbuild import signatures
from assetbuild.artifact import Artifact, paths
from assetbuild.compress import SUFFIXES, worth_trying
from assetbuild.contents import changed, content_of
from assetbuild.executors import Executor
from assetbuild.graph import Graph
from assetbuild.model import Compiled, Source
from assetbuild.rebuild import Variant, Variants
from assetbuild.records import FILES, record_line
from assetbuild.render import Rendered, is_rewritten, render
from assetbuild.rules import TRUSTED

# 2000-01-01T00:00:00Z, in seconds: one time for all fingerprinted files, since servers derive ETags from it. A stable
# name's bytes change, so its time is taken from its digest: up to 25 years later, never in the future.
CONSTANT_TIME = 946684800
TIME_SPAN = 25 * 365 * 86400
_SMALL = 1 << 20  # bytes; such a file is read whole, which takes fewer calls
MODE = 0o444  # of a released file

T = TypeVar("T")
Progress = Callable[[int, int], None]  # bytes done, bytes in all


class Before(Protocol):
    """The release that this one follows."""

    def link(self, name: str, sha256: str, target: str) -> bool:
        """Make `target` another name of its file `name`, if that is there and holds those bytes."""

    def variants(self, name: str, sha256: str) -> Mapping[str, Mapping[str, Any]] | None:
        """Those of its file `name`, if that holds those bytes; None where they would be made otherwise today."""


class Written(NamedTuple):
    """What was made of an artifact: lines of release.json by name, digests by path; was all of it linked?"""

    lines: dict[str, str]
    digests: dict[str, str]
    linked: bool
    variants: list[Variant]  # that are to be kept


class Writer:
    """Writes the files of `graph` into a staging directory.

    `encode` gives the variants of content with a digest; `names` are those of all assets that are named in the graph;
    `started` is when the build began to look at the sources, in nanoseconds; `rendered` has final bytes.
    """

    def __init__(
        self,
        graph: Graph,
        sources: Mapping[str, Source],
        names: Mapping[str, str],
        encode: Variants,
        before: Before | None,
        started: int,
        rendered: Rendered,
    ) -> None:
        self.graph = graph
        self.sources = sources
        self.names = names
        self.encode = encode
        self.before = before
        self.started = started
        self.rendered = rendered
        self.levels: Mapping[str, int] = {}
        self.taken: frozenset[str] = frozenset()
        self.files_dir = ""

    def write(
        self,
        directory: Path,
        artifacts: Sequence[Artifact],
        executor: Executor,
        progress: Progress,
        levels: Mapping[str, int],
        taken: frozenset[str],
    ) -> dict[str, Written]:
        """Fill `directory`; by logical path, what was written. `taken` are all names of the release, which no variant
        may have."""
        self.files_dir = os.path.join(directory, FILES)
        self.levels, self.taken = levels, taken
        # What is slow to compress comes first, so that no worker is left with it at the end.
        order = sorted(artifacts, key=lambda artifact: (-artifact.size * self._tries(artifact), artifact.name))
        total, done = sum(artifact.size for artifact in artifacts), 0
        found = {}
        with closing(executor.map(self._write_artifact, order)) as results:
            for artifact, written in zip(order, results, strict=True):
                self.encode.keep(written.variants)
                found[artifact.logical_path] = written._replace(variants=[])
                done += artifact.size
                progress(done, total)
        return found

    def _tries(self, artifact: Artifact) -> bool:
        return bool(self.levels) and worth_trying(artifact.name, artifact.size)

    def _write_artifact(self, artifact: Artifact) -> Written:
        """Write the file under each of its names, with the variants that save something."""
        content = _Once(lambda: self._final_bytes(artifact))
        encoded = _Once(lambda: [*self.encode(artifact.sha256, content, self.levels)])
        lines, digests, linked = {}, {}, True
        for name in paths(artifact):
            time = _time(artifact) if name == artifact.logical_path else CONSTANT_TIME
            if not (self.before and self.before.link(name, artifact.sha256, self._file(name))):
                linked = False
                self._create(artifact, name, content, time)
            variants = self._variants(artifact, name, encoded, time) if self._tries(artifact) else {}
            lines[name] = record_line(name, self._entry(artifact, name, variants))
            digests[f"{FILES}/{name}"] = artifact.sha256
            digests.update((f"{FILES}/{name}{SUFFIXES[one]}", variants[one]["sha256"]) for one in variants)
        return Written(lines, digests, linked, encoded() if encoded.is_known else [])

    def _variants(
        self, artifact: Artifact, name: str, encoded: _Once[list[Variant]], time: int
    ) -> Mapping[str, Mapping[str, Any]]:
        known = self.before.variants(name, artifact.sha256) if self.before else None
        if known is not None and all(self._link(name + SUFFIXES[one], known[one]["sha256"]) for one in known):
            return known
        found = {}
        for encoding, data, _ in encoded():
            path = name + SUFFIXES[encoding]
            if not data or path in self.taken:
                continue
            with suppress(FileNotFoundError):
                os.unlink(self._file(path))  # linked a moment ago, before another could not be
            write_file(self._file(path), data, time)
            found[encoding] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        return found

    def _link(self, name: str, sha256: str) -> bool:
        return self.before is not None and self.before.link(name, sha256, self._file(name))

    def _file(self, name: str) -> str:
        return f"{self.files_dir}/{name}"

    def _final_bytes(self, artifact: Artifact) -> bytes:
        compiled, targets = self.graph.assets[artifact.logical_path], self.graph.targets[artifact.logical_path]
        if not is_rewritten(compiled, targets):
            return content_of(compiled)
        return self.rendered.take(artifact.logical_path) or render(compiled, targets, self.names)

    def _create(self, artifact: Artifact, name: str, content: _Once[bytes], time: int) -> None:
        compiled, targets = self.graph.assets[artifact.logical_path], self.graph.targets[artifact.logical_path]
        is_new = compiled.content is not None or is_rewritten(compiled, targets)
        if is_new or content.is_known or self._tries(artifact):
            write_file(self._file(name), content(), time)
        else:
            self._copy(compiled, self._file(name), time)

    def _copy(self, compiled: Compiled, target: str, time: int) -> None:
        """The bytes of the source, and none but those that its fingerprint was made of.

        It is read for the second time here. By its signature, taken before the first time, it is the same; where that
        says too little, by its digest.
        """
        assert compiled.file
        signature = self.sources[compiled.logical_path].signature
        proven = signatures.settled(signature, self.started)
        try:
            descriptor = os.open(compiled.file, os.O_RDONLY)
        except OSError as error:
            raise changed(compiled.logical_path) from error
        with open(descriptor, "rb", buffering=0) as stream:
            if compiled.size <= _SMALL:
                content = stream.read()
                same = proven or hashlib.sha256(content).hexdigest() == compiled.digest
                write_file(target, content, time)
            else:
                _copy_whole(descriptor, target, time)
                same = proven or file_digest(target) == compiled.digest
            if not same or (proven and signatures.of(os.fstat(descriptor)) != signature):
                raise changed(compiled.logical_path)

    def _entry(self, artifact: Artifact, name: str, variants: Mapping[str, Any]) -> dict[str, Any]:
        compiled = self.graph.assets[artifact.logical_path]
        return {
            "asset": artifact.logical_path,
            "sha256": artifact.sha256,
            "size": artifact.size,
            "source_size": compiled.source_size,
            "sources": compiled.sources,
            "references": sorted(set(filter(None, self.graph.all_targets(artifact.logical_path)))),
            "tools": compiled.tools,
            "tier": tier(compiled.tools),
            "stable": name == artifact.logical_path,
            "variants": variants,
        }


class _Once(Generic[T]):
    """Something that is made when it is first asked for."""

    def __init__(self, make: Callable[[], T]) -> None:
        self.make = make
        self.made: list[T] = []

    def __call__(self) -> T:
        if not self.made:
            self.made.append(self.make())
        return self.made[0]

    @property
    def is_known(self) -> bool:
        return bool(self.made)


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
        while piece := stream.read(_SMALL):
            digest.update(piece)
    return digest.hexdigest()


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while len(view):
        view = view[os.write(descriptor, view) :]


def _finish(descriptor: int, time: int) -> None:
    os.fchmod(descriptor, MODE)
    os.utime(descriptor, (time, time))


def _copy_whole(source: int, target: str, time: int) -> None:
    """By the system, which shares the blocks where the file system can, else piece by piece."""
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODE)
    try:
        with suppress(OSError, AttributeError):  # not on every system, nor between any two file systems
            while os.copy_file_range(source, descriptor, 1 << 30):
                pass
        while piece := os.read(source, _SMALL):  # from where that stopped
            _write_all(descriptor, piece)
        _finish(descriptor, time)
    finally:
        os.close(descriptor)


def tier(tools: Sequence[str]) -> str:
    """How far the bytes can be believed to mean what the sources mean.

    "source": they are the sources', joined, but for rewritten URLs; "verified": proven equal in meaning; "trusted":
    made by a filter or a restructuring minifier that the user has named.
    """
    if any(tool.split()[1] in TRUSTED if tool.startswith("minify ") else ": " in tool for tool in tools):
        return "trusted"
    return "verified" if any(tool.startswith("minify ") for tool in tools) else "source"


def _time(artifact: Artifact) -> int:
    return CONSTANT_TIME + int(artifact.sha256[:12], 16) % TIME_SPAN
