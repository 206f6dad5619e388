"""Why an asset was built, and not taken over from the release before: one sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assetbuild.columns import Known, targets_of
from assetbuild.graph import Graph
from assetbuild.model import Compiled


def explain(
    built: Iterable[str],
    graph: Graph,
    names: Mapping[str, str],
    known: Known,
    changed_environment: Iterable[str],
    levels: Mapping[str, int],
) -> dict[str, str]:
    """By logical path. `known` is what was known of the build before, empty without one; `names` are today's."""
    if not known:
        return dict.fromkeys(built, "no earlier build is known")
    changed = sorted(changed_environment)
    digests = known["digests"]
    general = f"'{changed[0]}' has changed" if changed else None
    if not general and known["levels"] != dict(levels):
        general = "it is to be compressed otherwise"
    apart, found = frozenset(known.get("without_map", ())), {}
    for path in built:
        own = _new_content(graph.assets[path], known, digests) or _new_name(path, graph, names, known)
        own = own or _new_reach(path, graph, apart)
        found[path] = own or general or "its file could not be taken over from the release before"
    return found


def _new_content(compiled: Compiled, known: Known, digests: Mapping[str, str]) -> str | None:
    path = compiled.logical_path
    if path not in known["names"]:
        return "it is new"
    if compiled.reads is None:
        return "what its filters read is not known, so it is built every time"
    others = [read for read, digest in compiled.reads if digests.get(read, "") != digest]
    if path in others:
        return "its content has changed"
    if others:
        return f"'{others[0]}', which it is made of, {'has changed' if others[0] in digests else 'is new'}"
    gone = [read for read in known["reads"].get(path, ()) if read not in dict(compiled.reads)]
    return f"'{gone[0]}', which it was made of, is gone" if gone else None


def _new_name(path: str, graph: Graph, names: Mapping[str, str], known: Known) -> str | None:
    for target in graph.names(path):
        if target != path and target in known["names"] and known["names"][target] != names[target]:
            return f"'{target}', which it names, is called otherwise now"
        if target not in known["names"]:
            return f"'{target}', which it names, is new"
    now = {*graph.all_targets(path)}
    gone = [target for target in targets_of(known, path) if target not in now]
    return f"'{gone[0]}', which it named, is gone" if gone else None


def _new_reach(path: str, graph: Graph, apart: frozenset[str]) -> str | None:
    """`apart` were the scripts that might run without an import map."""
    if path in apart and path in graph.left:
        return "no worker runs it any more, so its imports stay as they are written"
    if path in graph.without_map - apart and any(graph.names(path)):
        return "a worker may run it now, so its imports are rewritten"
    return None
