"""What the last build of a configuration looked at, found out and made: so that the next one does only what is new.

Two files: a stamp, which tells whether anything changed at all, and what the link phase knew of each asset.
Without them, or with others' in their place, a build does all of its work, and gives the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from assetbuild import atomic, stamp
from assetbuild.columns import Known, packed, unpacked
from assetbuild.errors import Place, Problem
from assetbuild.kept import forget_old_builds, mark_used
from assetbuild.model import Release
from assetbuild.stamp import Stamp


class History:
    """Of the builds with one configuration, one set of options and one place for their releases."""

    def __init__(self, cache_dir: Path, *key: str) -> None:
        self.cache_dir = cache_dir
        self.key = [*key]
        name = stamp.checksum("\0".join(key).encode("utf-8", "surrogateescape")).hex()
        self.file = os.path.join(cache_dir, "builds", name)

    @cached_property
    def stamp(self) -> Stamp | None:
        found = stamp.load(self.file + ".stamp")
        if found and (found.facts["key"], found.facts["variables"]) == (self.key, _variables()):
            return found
        return None

    @cached_property
    def changes(self) -> Changes:
        """What is not as it was when the last build ended."""
        return Changes(self.stamp)

    def standing(self) -> Release | None:
        """The release that stands, if a build would make it again from what has not changed since."""
        if self.stamp is None or self.stamp.facts["always"] or not self.changes.none:
            return None
        mark_used(self.file + ".stamp", self.file + ".known")
        _clear_up(self.stamp.facts)
        return release_of(self.stamp)

    @cached_property
    def known(self) -> Known:
        """What the link phase knew; empty if that is not the stamp's."""
        if self.stamp is None:
            return {}
        try:
            with open(self.file + ".known", "rb", buffering=0) as stream:
                found = unpacked(stream.read())
        except OSError:
            return {}
        return found if found.pop("token", None) == self.stamp.facts["token"] else {}

    def save(self, made: Stamp, known: Known) -> None:
        """Raises OSError."""
        # Another build of the same may write at the same time: what belongs together has one token.
        token = os.urandom(8).hex()
        os.makedirs(os.path.dirname(self.file), exist_ok=True)
        stamp.overwrite(self.file + ".known", *packed({**known, "token": token}))
        made.facts.update(token=token, key=self.key, variables=_variables())
        stamp.save(made, self.file + ".stamp")
        forget_old_builds(self.cache_dir)
        _clear_up(made.facts)


def _clear_up(facts: Mapping[str, Any]) -> None:
    """Remove what a killed build has left beside the release and beside the link to it."""
    atomic.remove_dead_staging(Path(facts["dir"]).parent)
    if facts["link"]:
        atomic.remove_dead_staging(Path(facts["link"][0]).parent)


def release_of(stamp: Stamp) -> Release:
    """The one that the last build has left, as it stands."""
    facts = stamp.facts
    warnings = tuple(unpacked_problem(one) for one in facts["warnings"])
    return Release(facts["release"], Path(facts["dir"]), facts["files"], facts["size"], False, 0, warnings)


class Changes:
    """Indexes into what the stamp watches; None where that cannot be said. Each kind is looked at when it is asked for:
    of released files that may be done elsewhere."""

    def __init__(self, stamp: Stamp | None) -> None:
        self.stamp = stamp

    @cached_property
    def environment(self) -> list[int] | None:
        return self.stamp and [*self.stamp.environment.changed()]

    @cached_property
    def directories(self) -> list[int] | None:
        return self.stamp and [*self.stamp.directories.changed()]

    @cached_property
    def sources(self) -> list[int] | None:
        return self.stamp and [*self.first_source, *self._sources]

    @cached_property
    def first_source(self) -> list[int]:
        """Not more than one: so that what follows from any may begin before all are looked at."""
        return [*islice(self._sources, 1)]

    @cached_property
    def _sources(self) -> Iterator[int]:
        return self.stamp.sources.changed() if self.stamp else iter(())

    @cached_property
    def is_current(self) -> bool:
        """Whether the link to the release still leads there."""
        return self.stamp is not None and _is_current(self.stamp.facts)

    @cached_property
    def released(self) -> list[int] | None:
        return self.stamp.released_changed() if self.stamp and self.is_current else None

    @property
    def none(self) -> bool:
        return [] == self.environment == self.first_source == self.directories == self.released


def _is_current(facts: Mapping[str, Any]) -> bool:
    link = facts["link"]
    try:
        return link is None or os.readlink(link[0]) == link[1]
    except OSError:
        return False


def _variables() -> list[str]:
    """What of the environment decides which tools are found."""
    import sys

    return [os.environ.get("PATH", ""), sys.prefix, *sys.path]


def packed_problem(problem: Problem) -> list[Any]:
    place = problem.where
    where = [place.file, place.line, place.column, place.text, place.width] if place else None
    return [problem.what, where, problem.notes, problem.fix, problem.groups]


def unpacked_problem(data: list[Any]) -> Problem:
    what, where, notes, fix, groups = data
    return Problem(what, Place(*where) if where else None, tuple(notes), fix, tuple(groups))
