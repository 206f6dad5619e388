"""Configuration and history -> what a build starts from: its sources, and what is known of them already."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from assetbuild import signatures
from assetbuild.config import Config
from assetbuild.discover import discover
from assetbuild.history import History
from assetbuild.model import Source
from assetbuild.stamp import Stamp

if TYPE_CHECKING:
    pass


class Inputs(NamedTuple):
    """`digests` are those of the sources that are as they were when they were read. `started` is when the build began
    to look, in nanoseconds; `directories` is where it looked. `continues` says that configuration, tools and the set of
    sources are those of the build before."""

    sources: Mapping[str, Source]
    directories: tuple[str, ...]
    digests: Mapping[str, str]
    started: int
    continues: bool


def look(config: Config, history: History | None) -> Inputs:
    """Raises ConfigError, SourceError or OutputConflict, several together as BuildFailed."""
    started = time.time_ns()
    stamp, known = (history.stamp, history.known) if history else (None, {})
    if not history or not stamp or not known:
        directories: list[str] = []
        sources = discover(config, directories)
        return Inputs(sources, tuple(directories), {}, started, False)
    same_tools = history.changes.environment == []
    sources_then = _sources(stamp, known)
    if same_tools and history.changes.directories == []:
        directories = list(stamp.directories.files)
        found = _looked_at_again(sources_then, history.changes.sources or (), stamp)
    else:
        found = None
    if found is None:
        directories = []
        found = discover(config, directories)
    digests = {
        path: digest
        for (path, then), (digest, _) in zip(sources_then.items(), known["sources"].values(), strict=True)
        if digest and path in found and found[path][1:] == then[1:]
    }
    return Inputs(found, tuple(directories), digests, started, same_tools and found.keys() == sources_then.keys())


def _sources(stamp: Stamp, known: Mapping[str, Any]) -> dict[str, Source]:
    """Those of the build before, as they were then."""
    roots = known["roots"]
    return {
        path: Source(path, file, roots[root][0], roots[root][1], signature)
        for (path, (_, root)), (file, signature) in zip(known["sources"].items(), stamp.sources.pairs(), strict=True)
    }


def _looked_at_again(then: Mapping[str, Source], changed: Iterable[int], stamp: Stamp) -> dict[str, Source] | None:
    """No name has come or gone; None where that is not so after all."""
    found = dict(then)
    paths = list(then)
    for at in changed:
        path = paths[at]
        try:
            found[path] = then[path]._replace(signature=signatures.of(os.stat(stamp.sources.files[at])))
        except OSError:
            return None
    return found
