"""Graph -> the digest of each asset's final bytes, and the name that follows from it.

Outside a cycle the digest is the SHA-256 of the file as released, so a name can be checked from the file alone.
Assets that name each other cannot contain their own digests: such a component is rendered with zeros where the
fingerprints of its members go, all of it is digested together, and each member's digest is derived from that. One pass,
no iteration to a fixed point, no dependence on order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from assetbuild.contents import content_of
from assetbuild.graph import Graph
from assetbuild.model import Compiled
from assetbuild.named import NamedTuple
from assetbuild.names import ZEROS, name_of, released_name
from assetbuild.render import Rendered, is_rewritten, render


class Final(NamedTuple):
    """What an asset has become. `name` is its path below `files/`, the rest is of its final bytes."""

    name: str
    sha256: str
    size: int


def fingerprint(
    graph: Graph, settled: Mapping[str, str] | None = None, rendered: Rendered | None = None
) -> dict[str, Final]:
    """Every asset of `graph`, by logical path. `settled` are the names of those that it names but does not hold;
    `rendered` keeps final bytes that are made on the way."""
    found: dict[str, Final] = {}
    names = _Layered({}, settled or {})
    for component in graph.components:
        if not graph.targets[component[0]]:  # as nearly all are, it names nothing, so it is alone
            compiled = graph.assets[component[0]]
            found[component[0]] = final = _as_compiled(compiled)
            names[component[0]] = final.name
            continue
        marks = _marks(graph, component, names) if graph.in_cycle(component) else {}
        names.update((path, name_of(graph.assets[path], mark)) for path, mark in marks.items())
        for path in component:
            found[path] = _final(graph, path, names, marks.get(path), rendered)
            names[path] = found[path].name
    return found


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


def _final(graph: Graph, path: str, names: Mapping[str, str], mark: str | None, rendered: Rendered | None) -> Final:
    """`mark` is the digest that names a member of a cycle; any other asset is named by its own."""
    compiled, targets = graph.assets[path], graph.targets[path]
    if not is_rewritten(compiled, targets):
        return _as_compiled(compiled)
    content = render(compiled, targets, names, rendered.read if rendered else content_of)
    sha256 = hashlib.sha256(content).hexdigest()
    name = name_of(compiled, mark or sha256)
    if rendered is not None:
        rendered.keep(path, content, name, sha256)
    return Final(name, sha256, len(content))


def _as_compiled(compiled: Compiled) -> Final:
    return Final(name_of(compiled, compiled.digest), compiled.digest, compiled.size)


def _marks(graph: Graph, component: tuple[str, ...], names: Mapping[str, str]) -> dict[str, str]:
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
