"""Compiled assets -> a graph: which asset each reference names, every missing one reported, components in order.

A component is a set of assets that name each other, directly or through others. Components come in an order in which
each stands after all that it names, so one pass over them can name every asset.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from assetbuild import importmap, maps
from assetbuild.config import Config
from assetbuild.errors import Problem, raise_all
from assetbuild.model import Compiled, Source
from assetbuild.named import NamedTuple
from assetbuild.resolver import Resolver, Target


class Graph(NamedTuple):
    """`targets[path][i]` is what `assets[path].references[i]` names: a logical path, None (as written), DROPPED.
    `warnings` go with the logical path of the asset that they are of. `left[path][i]` is what an import names whose
    text stays, for the assets that have some: an import map leads there. `without_map` are scripts that may run where
    there is none."""

    assets: Mapping[str, Compiled]
    targets: Mapping[str, tuple[Target, ...]]
    components: tuple[tuple[str, ...], ...]
    warnings: tuple[tuple[str, Problem], ...] = ()
    left: Mapping[str, tuple[Target, ...]] = MappingProxyType({})
    without_map: frozenset[str] = frozenset()

    def names(self, path: str) -> Iterator[str]:
        """The assets whose released names go into `path`, in source order, repeated as they are."""
        return (target for target in self.targets[path] if target)

    def all_targets(self, path: str) -> tuple[Target, ...]:
        """Of each reference, whether its text is rewritten or left to an import map."""
        if path not in self.left:
            return self.targets[path]
        return tuple(one or other for one, other in zip(self.left[path], self.targets[path], strict=True))

    def in_cycle(self, component: tuple[str, ...]) -> bool:
        return len(component) > 1 or component[0] in _written(self.assets[component[0]], self.targets[component[0]])


def link(
    wanted: Iterable[str],
    known: Iterable[str],
    compile_all: Callable[[list[str]], Iterable[Compiled]],
    sources: Mapping[str, Source],
    config: Config,
    settled: Container[str] = (),
    without_map: frozenset[str] | None = None,
) -> Graph:
    """Compile `wanted` and all that they name, out of the `known` logical paths, and connect them.

    What is `settled` is named, but not part of the graph: it has its name already. `without_map` is the graph's, if
    that is known.

    Raises UnresolvedReference, or BuildFailed with all of them.
    """
    resolver = Resolver(set(known), sources, config)
    made_maps: dict[str, Compiled] = {}
    assets: dict[str, Compiled] = {}
    targets: dict[str, tuple[Target, ...]] = {}
    pending = sorted(set(wanted))
    while pending:
        for compiled in compile_all(pending):
            if made := maps.made_by_tool(compiled):
                resolver.check_made_map(compiled, made, made_maps)
                made_maps[made.logical_path] = made
                resolver.known.add(made.logical_path)
            assets[compiled.logical_path] = compiled
            targets[compiled.logical_path] = resolver.targets(compiled) if compiled.references else ()
        assets.update(made_maps)
        targets.update(dict.fromkeys(made_maps, ()))
        named = {target for path in pending for target in targets[path] if target and target not in assets}
        pending = sorted(target for target in named if target not in settled)
    raise_all(resolver.errors)
    left: dict[str, tuple[Target, ...]] = {}
    if config.modules == "importmap":
        without_map = importmap.without_map(assets, targets, config) if without_map is None else without_map
        left = importmap.leave(assets, targets, without_map)
    maps.follow(assets, targets, config)
    warnings = [(path, warning) for path in assets for warning in assets[path].warnings] + resolver.warnings
    edges = {path: [to for to in _written(assets[path], targets[path]) if to in assets] for path in sorted(assets)}
    components = tuple(_components(edges))
    return Graph(assets, targets, components, tuple(warnings), left, without_map or frozenset())


def _written(compiled: Compiled, targets: Iterable[Target]) -> list[str]:
    """The assets whose names are written into this one's bytes."""
    return [] if compiled.prehashed else [target for target in targets if target]


def _components(edges: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Strongly connected components, each after those it leads to; members sorted.

    Tarjan's algorithm (SIAM J. Comput. 1, 1972) with a stack of our own: a chain of 20,000 imports is no recursion.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    open_nodes: list[str] = []
    is_open: set[str] = set()
    for root in edges:
        if root in index:
            continue
        if not edges[root]:
            index[root] = low[root] = len(index)
            yield (root,)
            continue
        calls = [(root, iter(edges[root]))]
        while calls:
            node, successors = calls[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                open_nodes.append(node)
                is_open.add(node)
            for successor in successors:
                if successor not in index:
                    calls.append((successor, iter(edges[successor])))
                    break
                if successor in is_open:
                    low[node] = min(low[node], index[successor])
            else:
                calls.pop()
                if calls:
                    low[calls[-1][0]] = min(low[calls[-1][0]], low[node])
                if low[node] == index[node]:
                    members: list[str] = []
                    while not members or members[-1] != node:
                        members.append(open_nodes.pop())
                    is_open.difference_update(members)
                    yield tuple(sorted(members))
