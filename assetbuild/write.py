"""Artifacts -> files in a staging directory: identity bytes and variants, linked where the release before has them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from assetbuild import signatures
from assetbuild.artifact import Artifact, paths
from assetbuild.compress import SUFFIXES, worth_trying
from assetbuild.contents import changed, content_of, open_file, read_whole
from assetbuild.early import Early
from assetbuild.executors import Executor
from assetbuild.files import CONSTANT_TIME, SMALL, copy_whole, file_digest, write_file
from assetbuild.graph import Graph
from assetbuild.model import Compiled, Source
from assetbuild.named import NamedTuple
from assetbuild.names import LENGTH
from assetbuild.rebuild import Variant, Variants
from assetbuild.records import FILES, record_line
from assetbuild.render import Rendered, is_rewritten, render
from assetbuild.rules import TRUSTED

TIME_SPAN = 25 * 365 * 86400  # seconds: a stable name's bytes change, so its time is so much later at most

T = TypeVar("T")
Progress = Callable[[int, int], None]  # bytes done, bytes in all


class Before(Protocol):
    """The release that this one follows."""

    def link(self, name: str, sha256: str, target: str) -> bool:
        """Make `target` another name of its file `name`, if that is there and holds those bytes."""

    def variants(self, name: str, sha256: str) -> Mapping[str, Mapping[str, Any]] | None:
        """Those of its file `name`, if that holds those bytes; None where they would be made otherwise today."""


class Written(NamedTuple):
    """What was made: lines of release.json by name, digests by path, the assets that were not just linked, and the
    bytes that brotli sends by name, where it does."""

    lines: dict[str, str]
    digests: dict[str, str]
    built: list[str]
    sent: dict[str, int]


class _Made(NamedTuple):
    """The same of one artifact, with the variants that are to be kept."""

    lines: dict[str, str]
    digests: dict[str, str]
    linked: bool
    variants: list[Variant]
    sent: dict[str, int]


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
        early: Early | None = None,
    ) -> None:
        self.graph = graph
        self.sources = sources
        self.names = names
        self.encode = encode
        self.before = before
        self.started = started
        self.rendered = rendered
        self.early = early
        self.levels: Mapping[str, int] = {}
        self.taken: Set[str] = frozenset()
        self.files_dir = ""

    def write(
        self,
        directory: Path,
        artifacts: Sequence[Artifact],
        executor: Executor,
        progress: Progress,
        levels: Mapping[str, int],
        taken: Set[str],
    ) -> Written:
        """Fill `directory`. `taken` are all names of the release, which no variant may have."""
        self.files_dir = os.path.join(directory, FILES)
        self.levels, self.taken = levels, taken
        written = Written({}, {}, [], {})
        rest, done = [], 0
        for artifact in artifacts:
            if self._is_done(artifact):
                path, name, sha256, size, _ = artifact
                written.lines[name] = self._line(artifact, name, {})
                written.digests[f"{FILES}/{name}"] = sha256
                written.built.append(path)
                done += size
            else:
                rest.append(artifact)
        # What is slow to compress comes first, so that no worker is left with it at the end.
        rest.sort(key=lambda artifact: (-artifact.size * self._tries(artifact), artifact.name))
        total = done + sum(artifact.size for artifact in rest)
        with closing(executor.map(self._write_artifact, rest)) as results:
            for artifact, made in zip(rest, results, strict=True):
                self.encode.keep(made.variants)
                written.lines.update(made.lines)
                written.digests.update(made.digests)
                written.sent.update(made.sent)
                if not made.linked:
                    written.built.append(artifact.logical_path)
                done += artifact.size
                progress(done, total)
        return written

    def _is_done(self, artifact: Artifact) -> bool:
        return self._is_early(artifact) and not artifact.stable and not self._tries(artifact)

    def _tries(self, artifact: Artifact) -> bool:
        return bool(self.levels) and worth_trying(artifact.name, artifact.size)

    def _write_artifact(self, artifact: Artifact) -> _Made:
        """Write the file under each of its names, with the variants that save something."""
        content = _Once(lambda: self._final_bytes(artifact))
        encoded = _Once(lambda: [*self.encode(artifact.sha256, content, self.levels)])
        lines, digests, sent, linked = {}, {}, {}, True
        for name in paths(artifact):
            time = _time(artifact) if name == artifact.logical_path else CONSTANT_TIME
            if not (self.before and self.before.link(name, artifact.sha256, self._file(name))):
                linked = False
                self._create(artifact, name, content, time)
            variants = self._variants(artifact, name, encoded, time) if self._tries(artifact) else {}
            lines[name] = self._line(artifact, name, variants)
            digests[f"{FILES}/{name}"] = artifact.sha256
            digests.update((f"{FILES}/{name}{SUFFIXES[one]}", variants[one]["sha256"]) for one in variants)
            if "br" in variants:
                sent[name] = variants["br"]["size"]
        return _Made(lines, digests, linked, encoded() if encoded.is_known else [], sent)

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
        if self._is_early(artifact):
            return Path(self._file(artifact.name)).read_bytes()
        compiled, targets = self.graph.assets[artifact.logical_path], self.graph.targets[artifact.logical_path]
        if not is_rewritten(compiled, targets):
            return content_of(compiled)
        return self.rendered.take(artifact.logical_path) or render(compiled, targets, self.names)

    def _create(self, artifact: Artifact, name: str, content: _Once[bytes], time: int) -> None:
        compiled, targets = self.graph.assets[artifact.logical_path], self.graph.targets[artifact.logical_path]
        is_there = self._is_early(artifact)
        if is_there and name == artifact.name:
            return
        is_new = is_there or is_rewritten(compiled, targets) or not self._is_source(compiled)
        if is_new or content.is_known or self._tries(artifact):
            write_file(self._file(name), content(), time)
        else:
            self._copy(compiled, self._file(name), time)

    def _is_early(self, artifact: Artifact) -> bool:
        return self.early is not None and self.early.has(artifact.name, artifact.sha256)

    def _is_source(self, compiled: Compiled) -> bool:
        """Whether its content is the whole of a source's file."""
        source = self.sources.get(compiled.logical_path)
        return compiled.content is None and source is not None and source.file == compiled.file

    def _copy(self, compiled: Compiled, target: str, time: int) -> None:
        """The bytes of the source, and none but those that its fingerprint was made of.

        It is read for the second time here. By its signature, taken before the first time, it is the same; where that
        says too little, by its digest.
        """
        assert compiled.file
        signature = self.sources[compiled.logical_path].signature
        proven = signatures.settled(signature, self.started)
        try:
            descriptor, size = open_file(compiled.file, compiled.logical_path)
        except OSError as error:
            raise changed(compiled.logical_path) from error
        try:
            if size != compiled.size:  # it may have grown to fill the disk
                raise changed(compiled.logical_path)
            if compiled.size <= SMALL:
                content = read_whole(descriptor, size, compiled.logical_path)
                same = proven or hashlib.sha256(content).hexdigest() == compiled.digest
                write_file(target, content, time)
            else:
                copy_whole(descriptor, target, time)
                same = proven or file_digest(target) == compiled.digest
            if not same or (proven and signatures.of(os.fstat(descriptor)) != signature):
                raise changed(compiled.logical_path)
        finally:
            os.close(descriptor)

    def _line(self, artifact: Artifact, name: str, variants: Mapping[str, Any]) -> str:
        path, _, sha256, size, _ = artifact
        compiled = self.graph.assets[path]
        return record_line(
            name,
            asset=path,
            references=sorted(set(filter(None, self.graph.all_targets(path)))) if compiled.references else (),
            sha256=sha256,
            size=size,
            source_digests=_source_digests(compiled),
            source_size=compiled.source_size,
            sources=compiled.sources,
            stable=name == path,
            tier=tier(compiled.tools),
            tools=compiled.tools,
            variants=variants,
        )


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


def _source_digests(compiled: Compiled) -> list[str]:
    """Those of its sources, in their order, as long as a fingerprint; empty for one that only a filter has read."""
    reads, sources = compiled.reads or (), compiled.sources
    if len(reads) == len(sources) == 1 and reads[0][0] == sources[0]:  # as of nearly all
        return [reads[0][1][:LENGTH]]
    digests = dict(reads)
    return [digests.get(source, "")[:LENGTH] for source in compiled.sources]


def tier(tools: Sequence[str]) -> str:
    """How far the bytes can be believed to mean what the sources mean.

    "source": they are the sources', joined, but for rewritten URLs; "verified": proven equal in meaning; "trusted":
    made by a filter or a restructuring minifier that the user has named.
    """
    if not tools:
        return "source"
    if any(tool.split()[1] in TRUSTED if tool.startswith("minify ") else ": " in tool for tool in tools):
        return "trusted"
    return "verified" if any(tool.startswith("minify ") for tool in tools) else "source"


def _time(artifact: Artifact) -> int:
    """Of the file under a stable name, in seconds: another one where the bytes are others."""
    return CONSTANT_TIME + int(artifact.sha256[:12], 16) % TIME_SPAN
