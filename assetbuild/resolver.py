"""References -> the assets that they name; a warning or an error, by policy, for each that names nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from assetbuild.config import Config
from assetbuild.contents import read_source
from assetbuild.directories import above
from assetbuild.errors import (
    AssetBuildError,
    OutputConflict,
    Place,
    Problem,
    SourceError,
    UnresolvedReference,
    did_you_mean,
    place_at,
)
from assetbuild.globs import matcher
from assetbuild.model import Compiled, Origin, Reference, Source
from assetbuild.origins import origins
from assetbuild.urls import is_root_absolute, resolve, top_of

DROPPED = ""  # a source map comment that is to be removed: its map is missing
Target = str | None  # a logical path; None: the URL stays as it was written; DROPPED

# Problems. From then on guesses at what was meant are made among neighbours alone, then none: they take time.
MANY, _TOO_MANY = 10, 50


class Resolver:
    """Goes through the references of one asset after the other, and keeps what is to be told: `errors`, `warnings`."""

    def __init__(self, known: set[str], sources: Mapping[str, Source], config: Config) -> None:
        self.known = known
        self.sources = sources
        self.config = config
        self.external = bool(config.references.external)
        self.stable, self.prehashed = matcher(config.stable), matcher(config.prehashed)
        self.read: tuple[str, bytes] = ("", b"")  # the source last read for a message, and its content
        self.origins: tuple[Compiled | None, Sequence[Origin]] = (None, ())  # of the asset last told of
        self.errors: list[AssetBuildError] = []
        self.warnings: list[tuple[str, Problem]] = []  # with the logical path of the holder

    def targets(self, compiled: Compiled) -> tuple[Target, ...]:
        return tuple(self._target(compiled, at, one) for at, one in enumerate(compiled.references))

    def check_made_map(self, holder: Compiled, made: Compiled, others: Mapping[str, Compiled]) -> None:
        """Two files of one name may have had their maps in one directory, or one map together."""
        if made.logical_path in others:
            first = others[made.logical_path].sources[0]
            what = f"'{first}' and '{holder.logical_path}' would both have the source map '{made.logical_path}'"
            self.errors.append(OutputConflict(what, fix="rename one of them, or minify one of them by other means"))

    def _target(self, holder: Compiled, at: int, reference: Reference) -> Target:
        target = resolve(reference.specifier, holder.logical_path, self.config.url_prefix)
        if self.external and self.config.references.is_external(reference.specifier, target):
            return None
        if target in self.known:
            if holder.prehashed and not self._keeps_its_name(target):
                self._tell(holder, reference, lambda: self._renamed(self._origin(holder, at), target))
            return target
        if target is None and is_root_absolute(reference.specifier):
            return None  # another part of the site: not ours to know
        self._tell(holder, reference, lambda: self._missing(holder, reference, self._origin(holder, at), target))
        return DROPPED if reference.kind == "source-map" else None

    def _origin(self, holder: Compiled, at: int) -> Origin:
        if self.origins[0] is not holder:
            self.origins = (holder, origins(holder, self.config, self.sources))
        return self.origins[1][at]

    def _keeps_its_name(self, target: str) -> bool:
        return self.stable(target) or (self.prehashed(target) and target in self.sources)

    def _tell(self, holder: Compiled, reference: Reference, problem: Callable[[], Problem]) -> None:
        """What is ignored costs no message."""
        policy = self.config.references.policy(holder.logical_path, reference.kind)
        if policy == "warn":
            self.warnings.append((holder.logical_path, problem()))
        elif policy == "error":
            self.errors.append(UnresolvedReference.of(problem()))

    def _renamed(self, origin: Origin, target: str) -> Problem:
        """A URL that is never rewritten names a file that is released under another name alone."""
        return Problem(
            f"{origin.whole} names '{target}', which is released under a fingerprinted name only, and references of a "
            "prehashed file are never rewritten",
            self._place(origin),
            fix=f"add '{target}' to 'stable', or to 'prehashed' if its name holds a hash",
            groups=(f"references in {top_of(origin.logical_path)} name files that are released under other names",),
        )

    def _missing(self, holder: Compiled, reference: Reference, origin: Origin, target: str | None) -> Problem:
        place = self._place(origin)
        top = top_of(holder.logical_path)
        if reference.kind == "source-map":
            what = f"names a source map that is missing, '{target or reference.specifier}'"
            then = "" if holder.prehashed else "; the comment is left out"
            return Problem(what + then, place, groups=(f"files in {top} name a source map that is missing{then}",))
        searched = (f"searched: {', '.join(root.label for root in self.config.roots)}",)
        if target is None:
            what = f"{origin.whole} names '{reference.specifier}', which is above every source root"
            return Problem(what, place, searched, groups=(f"references in {top} name files above every source root",))
        if target in self._directories:
            what = f"{origin.whole} names '{target or '.'}', which is a directory"
            return Problem(what, place, searched, groups=(f"references in {top} name directories",))
        groups = (f"references name '{target}', which is missing", f"references in {top} name files that are missing")
        what = f"{origin.whole} names '{target}', which is in no source root"
        left_out = next((root for root in self.config.roots if os.path.isfile(root.dir / target)), None)
        if left_out:
            return Problem(what, place, searched, f"'{left_out.label}{target}' exists, but is excluded", groups)
        near = self._near(target)
        return Problem(what, place, searched, f"did you mean '{near}'?" if near else None, groups)

    @cached_property
    def _directories(self) -> set[str]:
        """All that hold a known file, the topmost one as ''."""
        return {"", *above(self.known)}

    def _place(self, origin: Origin) -> Place:
        """Line, column and text of `origin`; the file alone where the text is not a source's or has gone."""
        path, source = origin.logical_path, self.sources.get(origin.logical_path)
        if source is None or not origin.end:
            return Place(path)
        if self.read[0] != path:
            try:
                self.read = (path, read_source(source))
            except SourceError:
                return Place(path)
        content = self.read[1]
        return place_at(content, origin.start, origin.end, path) if origin.end <= len(content) else Place(path)

    def _near(self, target: str) -> str | None:
        """A likely meant name."""
        problems, directory = len(self.errors) + len(self.warnings), target.rpartition("/")[0]
        if problems < MANY:
            return did_you_mean(target, self.known)
        if problems < _TOO_MANY:
            return did_you_mean(target, (path for path in self.known if path.rpartition("/")[0] == directory))
        return None
