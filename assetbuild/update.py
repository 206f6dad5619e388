"""A few changed sources -> what of the release is to be done again: what they are part of, and what names that.

Taken when configuration, tools and the set of sources are those of the build before. What depends on the changed
sources is compiled, linked and named as in any build; everything else keeps its name, its lines and its files. All
members of a cycle name each other, so all of them are in that set or none. Where source maps play a part it is left to
the whole build: maps follow the files of others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from assetbuild.columns import Known, targets_of
from assetbuild.config import Config
from assetbuild.fingerprint import Final, fingerprint
from assetbuild.graph import Graph, link
from assetbuild.importmap import sent_away
from assetbuild.memory import has_maps
from assetbuild.model import Compiled, Source
from assetbuild.named import NamedTuple
from assetbuild.render import Rendered
from assetbuild.resolver import MANY


class NotAlone(Exception):
    """The whole build is to be done."""


class Updated(NamedTuple):
    """`graph` and `finals` are of the assets that were done again, `settled` the names of all others."""

    graph: Graph
    finals: Mapping[str, Final]
    settled: Mapping[str, str]


def affected(changed: Iterable[str], known: Known) -> set[str]:
    """The assets that `changed` sources are part of, and all that name those, directly or through others.

    Raises NotAlone.
    """
    readers, holders = defaultdict(list), _Holders(known)
    for path, reads in known["reads"].items():
        for read in reads:
            readers[read].append(path)
    names = known["names"]
    found: set[str] = set()
    for path in changed:
        if path not in names and path not in readers:
            raise NotAlone
        found.update(readers[path], (path,) if path in names else ())
    pending = [*found]
    while pending:
        for holder in holders.of(pending.pop()):
            if holder not in found:
                found.add(holder)
                pending.append(holder)
    if not found.isdisjoint(known["maps"]) or not found <= names.keys():
        raise NotAlone
    return found


class _Holders:
    """Who names an asset: looked for among all for the first few, then in an index."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.searches = 4
        self.index: dict[str, list[str]] | None = None

    def of(self, path: str) -> Iterable[str]:
        if self.searches:
            self.searches -= 1
            may_be = [holder for holder, named in self.known["targets"].items() if path in named]
            return [holder for holder in may_be if path in targets_of(self.known, holder)]
        if self.index is None:
            self.index = defaultdict(list)
            for holder in self.known["targets"]:
                for target in targets_of(self.known, holder):
                    self.index[target].append(holder)
        return self.index.get(path, ())


def update(
    paths: set[str],
    known: Known,
    compile_all: Callable[[Iterable[str]], Iterable[Compiled]],
    sources: Mapping[str, Source],
    config: Config,
    rendered: Rendered | None = None,
) -> Updated:
    """Do `paths` again; `rendered` keeps final bytes. Raises NotAlone, and what `link` raises."""

    def compile_alone(wanted: Iterable[str]) -> list[Compiled]:
        compiled = [*compile_all(wanted)]
        if any(has_maps(one) for one in compiled):
            raise NotAlone
        return compiled

    settled = known["names"].copy()
    for path in paths:
        del settled[path]
    without_map = frozenset(known["without_map"])
    graph = link(paths, (*sources, *known["bundles"]), compile_alone, sources, config, settled, without_map)
    if config.modules == "importmap" and not _same_without_map(graph, known, config):
        raise NotAlone
    named = {target for path in paths for target in (*targets_of(known, path), *known["left"].get(path, ()))}
    no_longer = named - {target for path in graph.assets for target in graph.all_targets(path)}
    if no_longer & {*known["inside"]}:
        raise NotAlone  # nothing else may name them
    told = sum(map(len, known["warnings"].values())) + len(graph.warnings)
    if told >= MANY and (graph.warnings or paths & known["warnings"].keys()):
        raise NotAlone  # how many there are decides what is suggested in each
    return Updated(graph, fingerprint(graph, settled, rendered), settled)


def _same_without_map(graph: Graph, known: Known, config: Config) -> bool:
    """Whether the scripts that may run without an import map are those that they were: else others are rewritten."""
    for path, compiled in graph.assets.items():
        if sorted(sent_away(compiled, graph.targets[path], config)) != known["sent_away"].get(path, []):
            return False
        if path in graph.without_map and {*graph.names(path)} != {*targets_of(known, path)}:
            return False
    return True
