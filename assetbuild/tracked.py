"""Source roots -> the sources as they are now, and which are others than at the last good build.

Asked again and again while somebody edits: told which files to look at, it looks at no other. What decides is the
digest of the bytes; a signature says only that a file need not be read.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from assetbuild import signatures
from assetbuild.config import Config
from assetbuild.contents import hash_source
from assetbuild.discover import discover, is_never_published
from assetbuild.inputs import Inputs, watched
from assetbuild.model import Source
from assetbuild.signatures import UNSETTLED, Signature
from assetbuild.stamp import Watched


class Tracked:
    """`sources` and `digests` are those of now, by logical path, always the same two objects; `changed` are the sources
    whose bytes differ from those of the last good build, and with `moved` some have come or gone since. `good`
    are the digests of then. `directories` are to be watched with all that is below them, `files` one by one."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}
        self.digests: dict[str, str] = {}
        self.changed: set[str] = set()
        self.moved = False
        self.directories: list[str] = []
        self.files: list[str] = []
        self.good: Mapping[str, str] = {}
        self._trusted: dict[str, Signature] = {}  # that of a source says whether it is still the one that was read
        self._by_file: dict[str, list[str]] = {}
        self._listed: list[str] = []

    def take_over(self, inputs: Inputs, good: Mapping[str, str]) -> None:
        """What an earlier process knew, whose last good build had the digests `good`, but for what is not so now."""
        self.sources.update(inputs.sources)
        self.digests.update(inputs.digests)
        self._trusted = {path: seen for path, (_, seen) in zip(self.sources, inputs.seen.pairs(), strict=True)}
        self.good = good
        self.moved = self.sources.keys() != good.keys()
        self._listed = [*inputs.directories.files]
        self._index()
        self._hash([path for path in self.sources if path not in self.digests], inputs.started)

    def look(self, config: Config) -> None:
        """At all there is. Raises ConfigError, SourceError or OutputConflict, several together as BuildFailed."""
        started = time.time_ns()
        self.directories = [str(root.dir) for root in config.roots]  # also where the next line raises
        listed: list[str] = []
        found = discover(config, listed)
        doubtful = [path for path, source in found.items() if not self._is_known(source)]
        for path in self.sources.keys() - found.keys():
            self._forget(path)
        self.sources.clear()
        self.sources.update(found)
        self._listed = listed
        self._index()
        self.moved = self.sources.keys() != self.good.keys()
        self.changed &= self.sources.keys()
        if self.good:
            self._hash(doubtful, started)
            return
        for path in doubtful:  # all of them: who compiles them reads them anyway
            self._forget(path)
            self._trust(path, self.sources[path].signature, started)

    def look_at(self, files: Collection[str], config: Config) -> None:
        """At `files` alone, as far as they are sources, and at what had changed already; at everything where one of
        them came or went. Raises as `look`."""
        started = time.time_ns()
        files = {*files, *(self.sources[path].file for path in self.changed)}
        doubtful = []
        for file in files:
            paths = self._by_file.get(file)
            try:
                signature = signatures.of(os.stat(file))
            except (OSError, ValueError):
                if paths or os.path.islink(file):
                    return self.look(config)
                continue
            if not paths:
                if not is_never_published(os.path.basename(file).lower()):
                    return self.look(config)
                continue
            for path in paths:
                self.sources[path] = self.sources[path]._replace(signature=signature)
                doubtful.append(path)
        self._hash(doubtful, started)
        return None

    def complete(self) -> None:
        """Read what nobody has: sources that only a filter knows."""
        self._hash([path for path in self.sources if path not in self.digests], time.time_ns())

    def succeeded(self) -> None:
        """What is known now is what the last good build was made of."""
        self.good = dict(self.digests)
        self.changed.clear()
        self.moved = False

    def inputs(self) -> Inputs:
        """For the next process."""
        started = time.time_ns()
        pairs = ((source.file, self._trusted.get(path, UNSETTLED)) for path, source in self.sources.items())
        return Inputs(self.sources, Watched.of(pairs), watched(self._listed, started), self.good, started, False)

    def _is_known(self, source: Source) -> bool:
        path = source.logical_path
        return path in self.digests and self._trusted.get(path) == source.signature and self.sources[path] == source

    def _forget(self, path: str) -> None:
        self.digests.pop(path, None)
        self._trusted.pop(path, None)

    def _trust(self, path: str, signature: Signature, started: int) -> None:
        self._trusted[path] = signature if signatures.settled(signature, started) else UNSETTLED

    def _hash(self, paths: Iterable[str], started: int) -> None:
        for path in paths:
            source = self.sources[path]
            self._trusted[path] = UNSETTLED
            self.digests[path], size = hash_source(source)
            if size == source.size:
                self._trust(path, source.signature, started)
            else:
                self.sources[path] = source._replace(signature=(size, *source.signature[1:]))
            if self.digests[path] == self.good.get(path):
                self.changed.discard(path)
            else:
                self.changed.add(path)

    def _index(self) -> None:
        """By file, and by what a link leads to: it is that which is edited."""
        found: dict[str, list[str]] = defaultdict(list)
        self.files = []
        for path, source in self.sources.items():
            found[source.file].append(path)
            if os.path.islink(source.file):
                self.files.append(os.path.realpath(source.file))
                found[self.files[-1]].append(path)
        self._by_file = dict(found)
        self.directories += [each for each in self._listed if os.path.islink(each) and each not in self.directories]
