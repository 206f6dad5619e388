"""Graph and names -> what a release holds: each file's path, digest and size, and the manifest over them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from assetbuild.config import Config
from assetbuild.errors import OutputConflict, SourceError, raise_all
from assetbuild.globs import matcher
from assetbuild.graph import Graph
from assetbuild.model import Compiled, language_of
from assetbuild.render import render
from assetbuild.runtime.manifest import FORMAT_VERSION


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file of the release in its identity encoding. `name` is its path below `files/`; sizes are in bytes."""

    logical_path: str
    name: str
    sha256: str
    size: int
    integrity: str | None
    stable: bool  # released under its own name as well, beside a fingerprinted one


def make_artifacts(graph: Graph, names: Mapping[str, str], config: Config) -> list[Artifact]:
    stable = matcher(config.stable)
    artifacts = []
    for path in sorted(graph.assets):
        compiled = graph.assets[path]
        sha256, size, integrity = compiled.digest, compiled.size, None
        if compiled.content is not None or language_of(path):
            content = final_bytes(graph, path, names)
            sha256, size = hashlib.sha256(content).hexdigest(), len(content)
            if language_of(path):  # subresource integrity is for scripts and style sheets
                integrity = "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()
        is_stable = stable(path) and not compiled.prehashed
        artifacts.append(Artifact(path, names[path], sha256, size, integrity, is_stable))
    return artifacts


def final_bytes(graph: Graph, path: str, names: Mapping[str, str]) -> bytes:
    """The final bytes of an asset, whole."""
    compiled = graph.assets[path]
    if compiled.content is not None:
        return render(compiled, graph.targets[path], names)
    with open_source(compiled) as stream:
        content = stream.read()
    if hashlib.sha256(content).hexdigest() != compiled.digest:
        raise changed(compiled)
    return content


def paths(artifact: Artifact) -> tuple[str, ...]:
    return (artifact.name, artifact.logical_path) if artifact.stable else (artifact.name,)


def check_names(artifacts: Iterable[Artifact]) -> None:
    owners: dict[str, str] = {}
    errors = []
    for artifact in artifacts:
        for name in paths(artifact):
            if name in owners:
                what = f"'{owners[name]}' and '{artifact.logical_path}' would both be released as '{name}'"
                errors.append(OutputConflict(what, fix="rename one of them"))
            owners[name] = artifact.logical_path
    raise_all(errors)


def make_manifest(graph: Graph, artifacts: Iterable[Artifact], config: Config) -> dict[str, Any]:
    assets = {}
    for artifact in artifacts:
        entry: dict[str, Any] = {"file": artifact.name, "size": artifact.size}
        if artifact.integrity:
            entry["integrity"] = artifact.integrity
        if artifact.stable:
            entry["stable"] = True
        if graph.assets[artifact.logical_path].prehashed:
            entry["prehashed"] = True
        for key, kinds in _IMPORTS.items():
            if imports := _imports(graph, artifact.logical_path, kinds):
                entry[key] = imports
        assets[artifact.logical_path] = entry
    return {"version": FORMAT_VERSION, "url_prefix": config.url_prefix, "assets": assets}


_IMPORTS = {"imports": ("js-import", "js-export", "css-import"), "dynamic": ("js-dynamic-import",)}


def _imports(graph: Graph, path: str, kinds: tuple[str, ...]) -> list[str]:
    """What `path` imports directly, in source order, each once."""
    pairs = zip(graph.assets[path].references, graph.targets[path], strict=True)
    return list(dict.fromkeys(target for reference, target in pairs if target and reference.kind in kinds))


def open_source(compiled: Compiled) -> BinaryIO:
    assert compiled.file
    try:
        return compiled.file.open("rb")
    except OSError as error:
        raise changed(compiled) from error


def changed(compiled: Compiled) -> SourceError:
    return SourceError("changed while it was being built", where=compiled.logical_path, fix="build again")
