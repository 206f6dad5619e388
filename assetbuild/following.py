"""The release that the build before has made -> what of it the next one can take over: files as hard links, lines."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Set
from functools import cached_property
from pathlib import Path
from typing import Any

from assetbuild.clone import Clone
from assetbuild.compress import SUFFIXES
from assetbuild.records import FILES, MANIFEST, RECORD, SUMS, find_line, in_files, merge_lines, record_lines, sums_of
from assetbuild.release import Carried

_RECORDS = frozenset({MANIFEST, RECORD, SUMS})


class Following:
    """`intact` are the paths whose signatures are as they were, None if all are; `same_encoders`: variants would be
    made by the same encoders today."""

    def __init__(self, directory: Path, intact: Set[str] | None, same_encoders: bool) -> None:
        self.directory = str(directory)
        self.intact = intact
        self.same_encoders = same_encoders

    @cached_property
    def digests(self) -> dict[str, str]:
        """By path in the release, without the records; none where that cannot be read."""
        if not self._is_intact(SUMS):
            return {}
        try:
            with open(os.path.join(self.directory, SUMS), "rb") as stream:
                found = sums_of(stream.read())
        except (OSError, UnicodeDecodeError):
            return {}
        return {path: digest for path, digest in found.items() if path not in _RECORDS}

    @cached_property
    def lines(self) -> list[str]:
        """Those of release.json, in the order of names."""
        if not self._is_intact(RECORD):
            return []
        try:
            with open(os.path.join(self.directory, RECORD), "rb") as stream:
                return record_lines(stream.read())
        except (OSError, ValueError):
            return []

    def link(self, name: str, sha256: str, target: str) -> bool:
        """Make `target` another name of its file `name`, if that is there and holds those bytes."""
        path = f"{FILES}/{name}"
        if self.digests.get(path) != sha256 or not self._is_intact(path):
            return False
        try:
            os.link(f"{self.directory}/{path}", target)
        except OSError:  # another file system, somebody else's file, too many links: it is written anew
            return False
        return True

    def _is_intact(self, path: str) -> bool:
        return self.intact is None or path in self.intact

    def variants(self, name: str, sha256: str) -> Mapping[str, Mapping[str, Any]] | None:
        """Those of its file `name`, if that holds those bytes; None where they would be made otherwise today."""
        at = find_line(self.lines, name) if self.same_encoders else None
        if at is None:
            return None
        entry: dict[str, Any] = json.loads("{" + self.lines[at] + "}")[name]
        return entry["variants"] if entry["sha256"] == sha256 else None

    def carry(self, known: Mapping[str, Any], settled: Mapping[str, str], clone: Clone) -> Carried | None:
        """All that it has of the assets in `settled`; None where that is not whole, or would be otherwise today."""
        if not self.same_encoders:
            return None
        stable = known["stable"]
        gone = [path for path in known["names"] if path not in settled]
        gone_names = [known["names"][path] for path in gone] + [path for path in gone if path in stable]
        names = {*settled.values(), *(path for path in stable if path in settled)}
        is_whole = self.intact is None and len(self.lines) == len(names) + len(gone_names)
        if not is_whole or not self.digests.keys() >= {*in_files(gone_names)}:
            return None
        lines, digests = known["lines"].copy(), self.digests.copy()
        record, gone_paths = merge_lines(self.lines, gone_names, {}), self.paths(gone_names)
        for path in gone:
            del lines[path]
        for path in gone_paths:
            del digests[path]
        cycles = [cycle for cycle in known["cycles"] if cycle[0] in settled]
        return Carried(lines, names, record, digests, cycles, gone_paths, clone)

    def paths(self, names: Iterable[str]) -> list[str]:
        """What is there of the files with those names: they themselves and their variants."""
        found = []
        for name in names:
            variants = (name + suffix for suffix in SUFFIXES.values())
            own = (one for one in variants if find_line(self.lines, one) is None)  # else it is another asset's name
            found += [path for path in in_files((name, *own)) if path in self.digests]
        return found
