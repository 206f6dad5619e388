"""Configuration and history -> what a build starts from: its sources, and what is known of them already."""

from __future__ import annotations

import os
import time
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from assetbuild import signatures
from assetbuild.columns import Known
from assetbuild.config import Config
from assetbuild.discover import discover
from assetbuild.history import History
from assetbuild.model import Source
from assetbuild.signatures import Signature
from assetbuild.stamp import Stamp, Watched, signature_of


class Inputs(NamedTuple):
    """`digests` are those of the sources that are as they were when they were read. `seen` has their signatures, where
    those will say something, and `directories` those of where they were looked for. `started` is when the build began
    to look, in nanoseconds. `continues` says that configuration, tools and the set of sources are those of the build
    before; `changed` are then the sources whose signatures are others, None where all were looked for anew."""

    sources: Mapping[str, Source]
    seen: Watched
    directories: Watched
    digests: Mapping[str, str]
    started: int
    continues: bool
    changed: Sequence[str] | None = None


def look(config: Config, history: History | None) -> Inputs:
    """Raises ConfigError, SourceError or OutputConflict, several together as BuildFailed."""
    started = time.time_ns()
    if not history or not history.stamp or not history.known:
        return _discovered(config, {}, started)
    then = _Remembered(history.stamp, history.known)
    if history.changes.environment != []:
        return _discovered(config, then, started)
    if history.changes.directories == []:
        with suppress(OSError):  # one has gone after all
            return _seen_again(then, history.changes.sources or (), started)
    found = _discovered(config, then, started)
    return found._replace(continues=found.sources.keys() == then.keys())


def _discovered(config: Config, then: Mapping[str, Source], started: int) -> Inputs:
    directories: list[str] = []
    sources = discover(config, directories)
    seen = Watched.of((source.file, _settled(source.signature, started)) for source in sources.values())
    digests = then.digests if isinstance(then, _Remembered) else {}
    same = {path: digest for path, digest in digests.items() if digest and sources.get(path) == then[path]}
    return Inputs(sources, seen, watched(directories, started), same, started, False)


def _seen_again(then: _Remembered, changed: Sequence[int], started: int) -> Inputs:
    """No name has come or gone since. Raises OSError where that is not so."""
    numbers, digests = then.stamp.sources.numbers[:], then.digests.copy()
    paths = [then.paths[at] for at in changed]
    for at, path in zip(changed, paths, strict=True):
        signature = signatures.of(os.stat(then.stamp.sources.files[at]))
        numbers[4 * at : 4 * at + 4] = array("q", _settled(signature, started))
        then.fresh[path] = then[path]._replace(signature=signature)
        del digests[path]
    seen = Watched(then.stamp.sources.files, numbers)
    if "" in digests.values():
        digests = {path: digest for path, digest in digests.items() if digest}
    return Inputs(then, seen, then.stamp.directories, digests, started, True, paths)


def watched(files: Iterable[str], started: int) -> Watched:
    """Files or directories with their signatures of now."""
    return Watched.of((file, signature_of(file, started)) for file in files)


class _Remembered(Mapping[str, Source]):
    """The sources of the build before: made when they are asked for, since few are. `fresh` are those seen since."""

    def __init__(self, stamp: Stamp, known: Known) -> None:
        self.stamp = stamp
        self.roots = known["roots"]
        self.digests: dict[str, str] = known["digests"]
        self.paths = [*self.digests]
        self.root_of: Sequence[int] = known["places"]
        self.places = dict(zip(self.paths, range(len(self.paths)), strict=True))
        self.fresh: dict[str, Source] = {}

    def __getitem__(self, path: str) -> Source:
        if path in self.fresh:
            return self.fresh[path]
        at = self.places[path]
        label, prefix = self.roots[self.root_of[at]]
        size, modified, changed, inode = self.stamp.sources.numbers[4 * at : 4 * at + 4]
        return Source(path, self.stamp.sources.files[at], label, prefix, (size, modified, changed, inode))

    def __contains__(self, path: object) -> bool:
        return path in self.places

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)


def _settled(signature: Signature, started: int) -> Signature:
    return signature if signatures.settled(signature, started) else signatures.UNSETTLED
