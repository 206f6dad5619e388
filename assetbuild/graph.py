"""Compiled assets -> a graph: which asset each reference names, every missing one reported, components in order.

A component is a set of assets that name each other, directly or through others. Components come in an order in which
each stands after all that it names, so one pass over them can name every asset.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assetbuild.config import Config
from assetbuild.errors import AssetBuildError, Place, Problem, UnresolvedReference, did_you_mean, place_at, raise_all
from assetbuild.model import Compiled, Origin, Reference, Source
from assetbuild.urls import is_root_absolute, resolve

DROPPED = ""  # the target of a source map comment that is to be removed: its map is missing


@dataclass(frozen=True, slots=True)
class Graph:
    """`targets[path][i]` is what `assets[path].references[i]` names: a logical path, None (as written), DROPPED."""

    assets: Mapping[str, Compiled]
    targets: Mapping[str, tuple[str | None, ...]]
    components: tuple[tuple[str, ...], ...]
    warnings: tuple[Problem, ...] = ()

    def names(self, path: str) -> Iterator[str]:
        """The assets that `path` names, in source order, repeated as they are."""
        return (target for target in self.targets[path] if target)

    def in_cycle(self, component: tuple[str, ...]) -> bool:
        return len(component) > 1 or component[0] in self.names(component[0])


def link(
    wanted: Iterable[str],
    known: Iterable[str],
    compile_all: Callable[[list[str]], Iterable[Compiled]],
    sources: Mapping[str, Source],
    config: Config,
) -> Graph:
    """Compile `wanted` and all that they name, out of the `known` logical paths, and connect them.

    Raises UnresolvedReference, or BuildFailed with all of them.
    """
    known = frozenset(known)
    resolver = _Resolver(known, sources, config)
    assets: dict[str, Compiled] = {}
    targets: dict[str, tuple[str | None, ...]] = {}
    pending = sorted(set(wanted))
    while pending:
        for compiled in compile_all(pending):
            assets[compiled.logical_path] = compiled
            targets[compiled.logical_path] = resolver.targets(compiled)
        pending = sorted({target for path in pending for target in targets[path] if target and target not in assets})
    raise_all(resolver.errors)
    _leave_out_stale_maps(assets, targets)
    warnings = [warning for path in sorted(assets) for warning in assets[path].warnings] + resolver.warnings
    components = tuple(_components({path: [name for name in targets[path] if name] for path in sorted(assets)}))
    return Graph(assets, targets, components, tuple(sorted(warnings, key=Problem.sort_key)))


class _Resolver:
    """Finds what each reference names, and keeps a Problem or an error for each that names nothing."""

    def __init__(self, known: Collection[str], sources: Mapping[str, Source], config: Config) -> None:
        self.known = known
        self.sources = sources
        self.config = config
        self.errors: list[AssetBuildError] = []
        self.warnings: list[Problem] = []

    def targets(self, compiled: Compiled) -> tuple[str | None, ...]:
        pairs = zip(compiled.references, compiled.origins, strict=True)
        return tuple(self._target(compiled.logical_path, reference, origin) for reference, origin in pairs)

    def _target(self, holder: str, reference: Reference, origin: Origin) -> str | None:
        target = resolve(reference.specifier, holder, self.config.url_prefix)
        if target in self.known:
            return target
        if target is None and is_root_absolute(reference.specifier):
            return None  # another part of the site: not ours to know
        is_map = reference.kind == "source-map"
        policy = self.config.references.policy(holder, reference.kind)
        if policy != "ignore":
            problem = self._missing(reference, origin, target)
            if is_map or policy == "warn":
                self.warnings.append(problem)
            else:
                error = UnresolvedReference(problem.what, problem.where, problem.fix, problem.notes)
                self.errors.append(error)
        return DROPPED if is_map else None

    def _missing(self, reference: Reference, origin: Origin, target: str | None) -> Problem:
        place = place_of(origin, self.sources)
        if reference.kind == "source-map":
            what = f"names a source map that is missing, '{target or reference.specifier}'; the comment is left out"
            return Problem(what, place)
        searched = (f"searched: {', '.join(root.label for root in self.config.roots)}",)
        if target is None:
            what = f"{origin.whole} names '{reference.specifier}', which is above every source root"
            return Problem(what, place, searched)
        if any(path.startswith(target + "/") for path in self.known):
            return Problem(f"{origin.whole} names '{target}', which is a directory", place, searched)
        what = f"{origin.whole} names '{target}', which is in no source root"
        left_out = next((root for root in self.config.roots if (root.dir / target).is_file()), None)
        if left_out:
            return Problem(what, place, searched, f"'{left_out.label}{target}' exists, but is excluded")
        near = self._near(target)
        return Problem(what, place, searched, f"did you mean '{near}'?" if near else None)

    def _near(self, target: str) -> str | None:
        """A likely meant name. Comparing with all of them takes long, so with many errors only with its neighbours."""
        many = len(self.errors) + len(self.warnings) >= 10
        directory = target.rpartition("/")[0]
        return did_you_mean(target, (path for path in self.known if not many or path.rpartition("/")[0] == directory))


def place_of(origin: Origin, sources: Mapping[str, Source]) -> Place:
    """Line, column and text of `origin`; the file alone where the text is not a source's or has gone."""
    source = sources.get(origin.logical_path)
    try:
        content = source.file.read_bytes() if source and origin.end else b""
    except OSError:
        content = b""
    if not content or origin.end > len(content):
        return Place(origin.logical_path)
    return place_at(content, origin.start, origin.end, origin.logical_path)


def _leave_out_stale_maps(assets: dict[str, Compiled], targets: dict[str, tuple[str | None, ...]]) -> None:
    """A map that no longer fits the one file it was made for is not released: it would mislead a debugger."""
    named = {target for path in assets for target in targets[path] if target}
    for compiled in list(assets.values()):
        for stale in compiled.dropped_maps:
            if stale not in named and stale in assets:
                del assets[stale], targets[stale]


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
