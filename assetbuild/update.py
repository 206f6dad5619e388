"""A few changed sources -> what of the release is to be done again: what they are part of, and what names that.

Taken when configuration, tools and the set of sources are those of the build before. What depends on the changed
sources is compiled, linked and named as in any build; everything else keeps its name, its lines and its files. All
members of a cycle name each other, so all of them are in that set or none. Where source maps play a part it is left to
the whole build: maps follow the files of others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from assetbuild.config import Config
from assetbuild.fingerprint import Final, fingerprint
from assetbuild.graph import Graph, link
from assetbuild.importmap import sent_away
from assetbuild.memory import has_maps
from assetbuild.model import Compiled, Source
from assetbuild.resolver import MANY


class NotAlone(Exception):
    """The whole build is to be done."""


class Updated(NamedTuple):
    """`graph` and `finals` are of the assets that were done again, `settled` the names of all others."""

    graph: Graph
    finals: Mapping[str, Final]
    settled: Mapping[str, str]


def affected(changed: Iterable[str], known: Mapping[str, Any]) -> set[str]:
    """The assets that `changed` sources are part of, and all that name those, directly or through others.

    Raises NotAlone.
    """
    assets = known["assets"]
    readers, holders = defaultdict(list), defaultdict(list)
    for path, reads in known["reads"].items():
        for read in reads:
            readers[read].append(path)
    for path, (_, _, _, targets, _) in assets.items():
        for target in targets:
            holders[target].append(path)
    found: set[str] = set()
    for path in changed:
        if path not in assets and path not in readers:
            raise NotAlone
        found.update(readers[path], (path,) if path in assets else ())
    pending = [*found]
    while pending:
        for holder in holders[pending.pop()]:
            if holder not in found:
                found.add(holder)
                pending.append(holder)
    if any(path not in assets or assets[path][4] for path in found):
        raise NotAlone
    return found


def update(
    paths: set[str],
    known: Mapping[str, Any],
    compile_all: Callable[[Iterable[str]], Iterable[Compiled]],
    sources: Mapping[str, Source],
    config: Config,
) -> Updated:
    """Do `paths` again. Raises NotAlone, and what `link` raises."""

    def compile_alone(wanted: Iterable[str]) -> list[Compiled]:
        compiled = [*compile_all(wanted)]
        if any(has_maps(one) for one in compiled):
            raise NotAlone
        return compiled

    assets = known["assets"]
    settled = {path: entry[0] for path, entry in assets.items() if path not in paths}
    without_map = frozenset(known["without_map"])
    graph = link(paths, (*sources, *known["bundles"]), compile_alone, sources, config, settled, without_map)
    if config.modules == "importmap" and not _same_without_map(graph, known, config):
        raise NotAlone
    named = {target for path in paths for target in (*assets[path][3], *known["left"].get(path, ()))}
    no_longer = named - {target for path in graph.assets for target in graph.all_targets(path)}
    if no_longer & {*known["inside"]}:
        raise NotAlone  # nothing else may name them
    told = sum(map(len, known["warnings"].values())) + len(graph.warnings)
    if told >= MANY and (graph.warnings or paths & known["warnings"].keys()):
        raise NotAlone  # how many there are decides what is suggested in each
    return Updated(graph, fingerprint(graph, settled), settled)


def _same_without_map(graph: Graph, known: Mapping[str, Any], config: Config) -> bool:
    """Whether the scripts that may run without an import map are those that they were: else others are rewritten."""
    for path, compiled in graph.assets.items():
        if sorted(sent_away(compiled, graph.targets[path], config)) != known["sent_away"].get(path, []):
            return False
        if path in graph.without_map and {*graph.names(path)} != {*known["assets"][path][3]}:
            return False
    return True
