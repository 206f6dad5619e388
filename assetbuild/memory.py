"""What a build has found out -> what the next one is told: the stamp, and what the link phase knew of each asset."""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from assetbuild import signatures
from assetbuild.columns import Known
from assetbuild.config import Config
from assetbuild.engine import Engine
from assetbuild.errors import Problem
from assetbuild.fingerprint import Final
from assetbuild.globs import matcher
from assetbuild.graph import Graph
from assetbuild.history import History, packed_problem, unpacked_problem
from assetbuild.importmap import sent_away
from assetbuild.inputs import Inputs, watched
from assetbuild.model import Compiled
from assetbuild.records import SUMS, sums_of
from assetbuild.release import Made
from assetbuild.stamp import Stamp, Watched

# What is known of an asset, by its logical path; but for the first two only of those of which there is something.
BY_ASSET = ("names", "sizes", "targets", "stable", "maps", "reads", "warnings", "left", "sent_away")


def known_of(graph: Graph, finals: Mapping[str, Final], config: Config) -> Known:
    """What is known of each asset of `graph`: all that an update of others needs."""
    stable = matcher(config.stable)
    found: Known = {name: {} for name in BY_ASSET}
    found["without_map"] = sorted(graph.without_map)
    found["names"] = {path: finals[path].name for path in graph.assets}
    found["sizes"] = {path: finals[path].size for path in graph.assets}
    in_map = config.modules == "importmap"
    for path, compiled in graph.assets.items():
        if compiled.references and not compiled.prehashed and (targets := {*graph.names(path)}):
            found["targets"][path] = "\0".join(sorted(targets))
        if stable(path) and not compiled.prehashed:
            found["stable"][path] = True
        if has_maps(compiled):
            found["maps"][path] = True
        reads = compiled.reads or ()
        if len(reads) != 1 or reads[0][0] != path:  # nearly all are made of themselves alone
            others = [read for read, _ in reads if read != path]
            if others:
                found["reads"][path] = others
        if path in graph.left:
            found["left"][path] = sorted({target for target in graph.left[path] if target})
        if in_map and (scripts := sent_away(compiled, graph.targets[path], config)):
            found["sent_away"][path] = sorted(scripts)
    for path, warning in graph.warnings:
        found["warnings"].setdefault(path, []).append(packed_problem(warning))
    return found


def warnings_of(known: Known) -> tuple[Problem, ...]:
    """Those of all assets, in the order of their places."""
    return tuple(
        sorted((unpacked_problem(one) for of_one in known["warnings"].values() for one in of_one), key=Problem.sort_key)
    )


def has_maps(compiled: Compiled) -> bool:
    """Whether source maps play a part: those are followed for all assets together, or not at all."""
    if compiled.made_map or compiled.dropped_maps or (compiled.content is not None and not compiled.tools):
        return True  # the last one may name a map in a comment
    references = compiled.references
    return bool(references) and any(reference.kind == "source-map" for reference in references)


def remember(
    history: History,
    config: Config,
    inputs: Inputs,
    engine: Engine,
    made: Made,
    known: Known,
    digests: Mapping[str, str],
    totals: tuple[int, int],
    flat: bool,
) -> None:
    """Keep it; that it cannot be kept harms nothing. `totals` are files and bytes of the release.

    An `engine` without files is the one of the build before."""
    known |= {"levels": dict(made.levels), "cycles": [*map(list, made.cycles)]}
    known["lines"] = {}  # they are in the release
    _add_sources(known, inputs, digests)
    with suppress(OSError):
        before = history.stamp
        is_same = before and not engine.files
        environment = before.environment if before and is_same else _environment(config, engine, inputs.started)
        released = _carried_on(made, before.released) if before and made.gone is not None else _released(made)
        facts = {
            "release": made.id,
            "dir": str(made.dir),
            "link": None if flat else [str(config.output_dir / "current"), f"releases/{made.id}"],
            "files": totals[0],
            "size": totals[1],
            "always": known["always"],
            "warnings": [packed_problem(one) for one in warnings_of(known)],
        }
        history.save(Stamp(environment, inputs.directories, inputs.seen, released, facts), known)


def remember_development(
    history: History, config: Config, inputs: Inputs, engine: Engine, known: Known, release: str, directory: str
) -> None:
    """Keep what the next `assetbuild watch` can begin with; that it cannot be kept harms nothing."""
    kept = {**known, "levels": {}, "cycles": [], "lines": {path: known["lines"][path] for path in known["names"]}}
    _add_sources(kept, inputs, inputs.digests)
    facts: dict[str, Any] = {
        "release": release,
        "dir": directory,
        "link": None,
        "files": 0,
        "size": 0,
        "always": [],
        "warnings": [],
    }
    environment = _environment(config, engine, inputs.started)
    with suppress(OSError):
        history.save(Stamp(environment, inputs.directories, inputs.seen, Watched.of(()), facts), kept)


def renew(history: History, inputs: Inputs, known: Known, digests: Mapping[str, str]) -> None:
    """The same, where only signatures are others than they were."""
    assert history.stamp
    _add_sources(known, inputs, digests)
    with suppress(OSError):
        history.save(history.stamp._replace(directories=inputs.directories, sources=inputs.seen), known)


def _add_sources(known: Known, inputs: Inputs, digests: Mapping[str, str]) -> None:
    if inputs.changed is not None and "digests" in known:
        known["digests"] = {**known["digests"], **{path: digests.get(path, "") for path in inputs.changed}}
        return
    roots: dict[tuple[str, str], int] = {}
    places = [roots.setdefault((source.root, source.prefix), len(roots)) for source in inputs.sources.values()]
    known["digests"] = {path: digests.get(path, "") for path in inputs.sources}
    known["places"], known["roots"] = array("q", places), [*roots]


def _environment(config: Config, engine: Engine, started: int) -> Watched:
    """Configuration and tools."""
    files = [str(config.file)] if config.file else []
    if config.bundles:
        files.append(str(config.base_dir / config.bundles))
    return watched(dict.fromkeys((*files, *engine.files, *engine.absent, *_package_places(config))), started)


def _package_places(config: Config) -> Iterator[str]:
    """Where the packages that roots are in were looked for: another one that is found first would be taken.

    An editable install says in a file of its site directory where it is."""
    packages = {root.package for root in config.roots if root.package}
    for place in (str(config.base_dir), *sys.path) if packages else ():
        yield from (os.path.join(place, package, "__init__.py") for package in packages)
        yield from (os.path.join(place, package) for package in packages)
        if os.path.basename(place) in ("site-packages", "dist-packages"):
            yield place


def _released(made: Made) -> Watched:
    """All files of the release, as they are now."""
    if made.written:
        return _present(made, made.written)
    with open(made.dir / SUMS, "rb") as stream:
        return _present(made, (SUMS, *sums_of(stream.read())))


def _carried_on(made: Made, before: Watched) -> Watched:
    """The same, where of most it is known already."""
    files, numbers, gone = [*before.files], before.numbers[:], {*made.written, *(made.gone or ())}
    for at in reversed([at for at, file in enumerate(files) if file in gone]):
        del files[at], numbers[4 * at : 4 * at + 4]
    new = _present(made, made.written)
    return Watched((*files, *new.files), numbers + new.numbers)


def _present(made: Made, paths: Sequence[str]) -> Watched:
    """Not `Watched.of`, which takes half as long again for each: there may be 20,000."""
    found: list[int] = []
    prefix = f"{made.dir}/"
    for path in paths:
        found += signatures.of(os.stat(prefix + path))
    return Watched(paths, array("q", found))
