"""Graph -> the digest of each asset's final bytes, and the name that follows from it.

Outside a cycle the digest is the SHA-256 of the file as released, so a name can be checked from the file alone.
Assets that name each other cannot contain their own digests: such a component is rendered with zeros where the
fingerprints of its members go, all of it is digested together, and each member's digest is derived from that. One pass,
no iteration to a fixed point, no dependence on order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from assetbuild.graph import Graph
from assetbuild.names import ZEROS, name_of, released_name
from assetbuild.render import render


def fingerprint(graph: Graph) -> dict[str, str]:
    """Logical path -> digest in hex; its first `names.LENGTH` digits are the fingerprint."""
    digests: dict[str, str] = {}
    names: dict[str, str] = {}
    for component in graph.components:
        if graph.in_cycle(component):
            found = _in_cycle(graph, component, names)
        else:
            found = {component[0]: _alone(graph, component[0], names)}
        digests.update(found)
        names.update((path, name_of(graph.assets[path], digest)) for path, digest in found.items())
    return digests


def component_digests(rendered: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """The digests of a cycle's members, from each logical path and its bytes with zeros for the members' fingerprints.

    Every piece is framed by its length, so no two different components feed the same bytes to the digest.
    """
    whole = hashlib.sha256()
    paths = []
    for path, content in sorted(rendered):
        for piece in (path.encode(), content):
            whole.update(len(piece).to_bytes(8, "big"))
            whole.update(piece)
        paths.append(path)
    return {path: hashlib.sha256(whole.digest() + path.encode()).hexdigest() for path in paths}


def _alone(graph: Graph, path: str, names: Mapping[str, str]) -> str:
    compiled = graph.assets[path]
    if compiled.prehashed or not any(target is not None for target in graph.targets[path]):
        return compiled.digest
    return hashlib.sha256(render(compiled, graph.targets[path], names)).hexdigest()


def _in_cycle(graph: Graph, component: tuple[str, ...], names: Mapping[str, str]) -> dict[str, str]:
    zeroed = {path: released_name(path, ZEROS) for path in component}
    local = _Layered(zeroed, names)
    return component_digests((path, render(graph.assets[path], graph.targets[path], local)) for path in component)


class _Layered(dict[str, str]):
    """`first`, then `rest`, without copying `rest`: that would make many small cycles cost quadratic time."""

    def __init__(self, first: Mapping[str, str], rest: Mapping[str, str]) -> None:
        super().__init__(first)
        self.rest = rest

    def __missing__(self, path: str) -> str:
        return self.rest[path]
