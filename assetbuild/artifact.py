"""Graph and names -> what a release holds: each file's path, digest and size, and the manifest over them."""

from __future__ import annotations

from binascii import a2b_hex, b2a_base64
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set

from assetbuild.config import Config
from assetbuild.errors import OutputConflict, raise_all
from assetbuild.fingerprint import Final
from assetbuild.globs import matcher
from assetbuild.graph import Graph
from assetbuild.model import Reference, language_of
from assetbuild.named import NamedTuple
from assetbuild.records import manifest_line
from assetbuild.resolver import Target


class Artifact(NamedTuple):
    """One file of the release in its identity encoding. `name` is its path below `files/`; sizes are in bytes."""

    logical_path: str
    name: str
    sha256: str
    size: int
    stable: bool  # released under its own name as well, beside a fingerprinted one


def make_artifacts(graph: Graph, finals: Mapping[str, Final], config: Config) -> list[Artifact]:
    assets, stable = graph.assets, matcher(config.stable)
    return [Artifact(path, *finals[path], stable(path) and not assets[path].prehashed) for path in sorted(assets)]


def paths(artifact: Artifact) -> tuple[str, ...]:
    return (artifact.name, artifact.logical_path) if artifact.stable else (artifact.name,)


def contents(
    graph: Graph, artifacts: Iterable[Artifact], sent: Mapping[str, int]
) -> Iterator[tuple[str, int, int, int]]:
    """As `Release.contents` gives them; `sent` are the bytes of those files by name for which there is brotli."""
    for artifact in artifacts:
        source_size = graph.assets[artifact.logical_path].source_size
        for name in paths(artifact):
            yield name, source_size, artifact.size, sent.get(name, artifact.size)


def check_names(artifacts: Sequence[Artifact], taken: Collection[str] = ()) -> None:
    """Raises OutputConflict where two artifacts want one name, or one of those that are `taken`."""
    names = [name for artifact in artifacts for name in paths(artifact)]
    different = {*names}
    if len(different) == len(names) and different.isdisjoint(taken):
        return
    owners = dict.fromkeys(taken, "another asset")
    errors = []
    for artifact in artifacts:
        for name in paths(artifact):
            if name in owners:
                what = f"'{owners[name]}' and '{artifact.logical_path}' would both be released as '{name}'"
                errors.append(OutputConflict(what, fix="rename one of them"))
            owners[name] = artifact.logical_path
    raise_all(errors)


def manifest_lines(graph: Graph, artifacts: Iterable[Artifact]) -> dict[str, bytes]:
    """The manifest's entries as text, by logical path."""
    return {artifact.logical_path: _line(graph, artifact) for artifact in artifacts}


def _line(graph: Graph, artifact: Artifact) -> bytes:
    path, name, sha256, size, stable = artifact
    compiled = graph.assets[path]
    named = [*zip(compiled.references, graph.all_targets(path), strict=True)] if compiled.references else []
    imports, dynamic = (_imports(named, kinds) for kinds in (_STATIC, _DYNAMIC)) if named else ((), ())
    integrity = _integrity(sha256) if language_of(path) else None
    return manifest_line(path, name, size, integrity, stable, compiled.prehashed, imports, dynamic)


def _integrity(sha256: str) -> str:
    """What browsers check of scripts and style sheets (W3C, Subresource Integrity): what SHA256SUMS says as well."""
    return "sha256-" + b2a_base64(a2b_hex(sha256), newline=False).decode()


_STATIC = frozenset({"js-import", "js-export", "css-import"})
_DYNAMIC = frozenset({"js-dynamic-import"})


def _imports(named: Iterable[tuple[Reference, Target]], kinds: Set[str]) -> list[str]:
    """What is imported directly, in source order, each once."""
    return list(dict.fromkeys(target for reference, target in named if target and reference.kind in kinds))
