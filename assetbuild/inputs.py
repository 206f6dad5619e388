"""Configuration and history -> what a build starts from: its sources, and what is known of them already."""

from __future__ import annotations

import os
import time
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property

from assetbuild import signatures
from assetbuild.aside import Aside
from assetbuild.columns import Known
from assetbuild.config import Config
from assetbuild.history import History
from assetbuild.model import Source
from assetbuild.named import NamedTuple
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


class Listing:
    """All that is in the roots, listed from now on: in another process, or when it is asked for."""

    def __init__(self, config: Config, *, ahead: bool) -> None:
        self.config = config
        self.started = time.time_ns()
        self.aside = Aside(self._list) if ahead else None

    def result(self) -> tuple[dict[str, Source], Watched, Watched]:
        """The sources, their signatures and those of the directories. Raises as `look` does."""
        found, files, seen, directories, looked_in = self.aside.result() if self.aside else self._list()
        sources = {
            path: Source(path, file, root, prefix, signature)
            for file, (path, root, prefix, signature) in zip(files, found, strict=True)
        }
        return sources, Watched(files, array("q", seen)), Watched(directories, array("q", looked_in))

    def stop(self) -> None:
        if self.aside:
            self.aside.stop()

    def _list(self) -> _Listed:
        from assetbuild.discover import discover  # not needed where the names are those of the build before

        listed: list[str] = []
        sources = discover(self.config, listed).values()
        seen = Watched.of((source.file, _settled(source.signature, self.started)) for source in sources)
        directories = watched(listed, self.started)
        found = [(path, root, prefix, signature) for path, _, root, prefix, signature in sources]
        return found, seen.files, seen.numbers.tobytes(), directories.files, directories.numbers.tobytes()


_Listed = tuple[list[tuple[str, str, str, Signature]], Sequence[str], bytes, Sequence[str], bytes]  # plain data


@contextmanager
def listing(config: Config, history: History | None) -> Iterator[Listing | None]:
    """One that has begun, where `look` will want it; None elsewhere."""
    if _is_as_it_was(history):
        yield None
        return
    found = Listing(config, ahead=True)
    try:
        yield found
    finally:
        found.stop()


def look(config: Config, history: History | None, listing: Listing | None = None) -> Inputs:
    """Raises ConfigError, SourceError or OutputConflict, several together as BuildFailed."""
    started = time.time_ns()
    if not history or not history.stamp or not history.known:
        return _discovered({}, listing or Listing(config, ahead=False))
    then = _Remembered(history.stamp, history.known)
    if _is_as_it_was(history):
        with suppress(OSError):  # one has gone after all
            return _seen_again(then, history.changes.sources or (), started)
    found = _discovered(then, listing or Listing(config, ahead=False))
    continues = history.changes.environment == [] and found.sources.keys() == then.keys()
    return found._replace(continues=continues)


def _is_as_it_was(history: History | None) -> bool:
    """Whether configuration, tools, and the names in all directories are those of the build before."""
    return bool(history and history.stamp and history.changes.environment == history.changes.directories == [])


def _discovered(then: Mapping[str, Source], listing: Listing) -> Inputs:
    sources, seen, directories = listing.result()
    digests = then.digests if isinstance(then, _Remembered) else {}
    same = {path: digest for path, digest in digests.items() if digest and sources.get(path) == then[path]}
    return Inputs(sources, seen, directories, same, listing.started, False)


def _seen_again(then: _Remembered, changed: Sequence[int], started: int) -> Inputs:
    """No name has come or gone since. Raises OSError where that is not so."""
    numbers, digests = then.stamp.sources.numbers[:], then.digests.copy()
    paths = [then.paths[at] for at in changed]
    for at, path in zip(changed, paths, strict=True):
        signature = signatures.of(os.stat(then.stamp.sources.files[at]))
        numbers[4 * at : 4 * at + 4] = array("q", _settled(signature, started))
        then.fresh[path] = then.source_at(at)._replace(signature=signature)
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
        self.fresh: dict[str, Source] = {}

    def __getitem__(self, path: str) -> Source:
        return self.fresh.get(path) or self.source_at(self._places[path])

    @cached_property
    def _places(self) -> dict[str, int]:
        return dict(zip(self.paths, range(len(self.paths)), strict=True))

    def source_at(self, at: int) -> Source:
        """As it was."""
        path = self.paths[at]
        label, prefix = self.roots[self.root_of[at]]
        size, modified, changed, inode = self.stamp.sources.numbers[4 * at : 4 * at + 4]
        return Source(path, self.stamp.sources.files[at], label, prefix, (size, modified, changed, inode))

    def __contains__(self, path: object) -> bool:
        return path in self.digests

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)


def _settled(signature: Signature, started: int) -> Signature:
    return signature if signatures.settled(signature, started) else signatures.UNSETTLED
