"""Artifacts -> files in a staging directory: identity bytes, variants, records, and the manifest last."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from assetbuild import __version__
from assetbuild.artifact import Artifact, changed, final_bytes, open_source, paths
from assetbuild.compress import SUFFIXES, variants, worth_trying
from assetbuild.executors import Executor
from assetbuild.graph import Graph
from assetbuild.model import Compiled
from assetbuild.rules import TRUSTED
from assetbuild.runtime.manifest import FORMAT_VERSION, canonical

MANIFEST, RECORD, SUMS, FILES = "manifest.json", "release.json", "SHA256SUMS", "files"
# 2000-01-01T00:00:00Z, in seconds: one time for all fingerprinted files, since servers derive ETags from it. A stable
# name's bytes change, so its time is taken from its digest: up to 25 years later, never in the future.
CONSTANT_TIME = 946684800
TIME_SPAN = 25 * 365 * 86400
_BUFFER = 1 << 20

Progress = Callable[[int, int], None]  # bytes done, bytes in all


class Writer:
    """Writes one release into a staging directory."""

    def __init__(self, graph: Graph, names: Mapping[str, str], levels: Mapping[str, int], progress: Progress) -> None:
        self.graph = graph
        self.names = names
        self.levels = levels
        self.progress = progress
        self.directory = Path()
        self.taken: frozenset[str] = frozenset()

    def write(
        self, directory: Path, artifacts: list[Artifact], executor: Executor, manifest: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Fill `directory`, and give what release.json says."""
        self.directory = directory
        self.taken = frozenset(name for artifact in artifacts for name in paths(artifact))
        self._make_directories()
        # What is slow to compress comes first, so that no worker is left with it at the end.
        order = sorted(artifacts, key=lambda artifact: (-artifact.size * self._tries(artifact), artifact.name))
        total, done = sum(artifact.size for artifact in artifacts), 0
        written: dict[str, dict[str, Any]] = {}
        for artifact, entries in zip(order, executor.map(self._write_artifact, order), strict=True):
            written |= entries
            done += artifact.size
            self.progress(done, total)
        record = self._record(manifest["release"], written)
        self._write(RECORD, _record_bytes(record))
        manifest_bytes = canonical(dict(manifest))
        self._write(SUMS, self._sums(record, manifest_bytes))
        self._write(MANIFEST, manifest_bytes)
        return record

    def _tries(self, artifact: Artifact) -> bool:
        return bool(self.levels) and worth_trying(artifact.name, artifact.size)

    def _make_directories(self) -> None:
        parents = {os.path.dirname(f"{FILES}/{name}") for name in self.taken} | {FILES}
        for parent in sorted(parents):
            os.makedirs(self.directory / parent, exist_ok=True)
        for parent, _, _ in os.walk(self.directory):
            os.chmod(parent, 0o755)  # noqa: S103 - public by purpose, whatever the umask says

    def _write_artifact(self, artifact: Artifact) -> dict[str, dict[str, Any]]:
        """Write the file under each of its names, with the variants that save something."""
        compiled = self.graph.assets[artifact.logical_path]
        found: list[tuple[str, bytes]] = []
        content = None
        if compiled.content is not None or self._tries(artifact):
            content = final_bytes(self.graph, artifact.logical_path, self.names)
            found = list(variants(content, sorted(self.levels.items()))) if self._tries(artifact) else []
        entries = {}
        for name in paths(artifact):
            time = _time(artifact) if name == artifact.logical_path else CONSTANT_TIME
            if content is None:
                self._copy(compiled, f"{FILES}/{name}", time)
            else:
                self._write(f"{FILES}/{name}", content, time)
            encodings = [(encoding, data) for encoding, data in found if name + SUFFIXES[encoding] not in self.taken]
            for encoding, data in encodings:
                self._write(f"{FILES}/{name}{SUFFIXES[encoding]}", data, time)
            entries[name] = self._entry(artifact, name, encodings)
        return entries

    def _entry(self, artifact: Artifact, name: str, encodings: Iterable[tuple[str, bytes]]) -> dict[str, Any]:
        compiled = self.graph.assets[artifact.logical_path]
        return {
            "asset": artifact.logical_path,
            "sha256": artifact.sha256,
            "size": artifact.size,
            "source_size": compiled.source_size,
            "sources": list(compiled.sources),
            "references": sorted(set(self.graph.names(artifact.logical_path))),
            "tools": list(compiled.tools),
            "tier": tier(compiled.tools),
            "stable": name == artifact.logical_path,
            "variants": {
                encoding: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
                for encoding, data in encodings
            },
        }

    def _record(self, release_id: str, written: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "version": FORMAT_VERSION,
            "assetbuild": __version__,
            "release": release_id,
            "compress": dict(self.levels),
            "cycles": [list(component) for component in self.graph.components if self.graph.in_cycle(component)],
            "files": dict(sorted(written.items())),
        }

    def _sums(self, record: Mapping[str, Any], manifest: bytes) -> bytes:
        digests = {
            MANIFEST: hashlib.sha256(manifest).hexdigest(),
            RECORD: hashlib.sha256((self.directory / RECORD).read_bytes()).hexdigest(),
        }
        for name, entry in record["files"].items():
            digests[f"{FILES}/{name}"] = entry["sha256"]
            for encoding, item in entry["variants"].items():
                digests[f"{FILES}/{name}{SUFFIXES[encoding]}"] = item["sha256"]
        return "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items())).encode()

    def _write(self, path: str, content: bytes, time: int = CONSTANT_TIME) -> None:
        with self._create(path, time) as stream:
            stream.write(content)

    def _copy(self, compiled: Compiled, path: str, time: int) -> None:
        """Stream an opaque file, and make sure that it is still what its fingerprint says."""
        digest = hashlib.sha256()
        with open_source(compiled) as source, self._create(path, time) as stream:
            while piece := source.read(_BUFFER):
                digest.update(piece)
                stream.write(piece)
        if digest.hexdigest() != compiled.digest:
            raise changed(compiled)

    @contextmanager
    def _create(self, path: str, time: int) -> Iterator[BinaryIO]:
        descriptor = os.open(self.directory / path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o444)
        with open(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fchmod(descriptor, 0o444)  # whatever the umask says
            os.utime(descriptor, (time, time))


def tier(tools: Sequence[str]) -> str:
    """How far the bytes can be believed to mean what the sources mean.

    "source": they are the sources', joined, but for rewritten URLs; "verified": proven equal in meaning; "trusted":
    made by a filter or a restructuring minifier that the user has named.
    """
    if any(tool.split()[1] in TRUSTED if tool.startswith("minify ") else ": " in tool for tool in tools):
        return "trusted"
    return "verified" if any(tool.startswith("minify ") for tool in tools) else "source"


def _record_bytes(record: Mapping[str, Any]) -> bytes:
    """JSON with a line for each file: two releases can be compared with `diff`."""
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in sorted(record.items()) if key != "files"]
    files = (f"{json.dumps(name)}: {json.dumps(entry, sort_keys=True)}" for name, entry in record["files"].items())
    return ("{\n" + ",\n".join([*lines, '"files": {\n' + ",\n".join(files) + "}"]) + "\n}\n").encode()


def _time(artifact: Artifact) -> int:
    return CONSTANT_TIME + int(artifact.sha256[:12], 16) % TIME_SPAN
