"""The release that the build before has made -> what of it the next one can take over: files as hard links, lines."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cached_property
from pathlib import Path
from typing import Any

from assetbuild.clone import Clone
from assetbuild.compress import SUFFIXES
from assetbuild.files import read_file
from assetbuild.records import FILES, MANIFEST, RECORD, RECORDS, SUMS, in_files, sums_of
from assetbuild.release import Carried
from assetbuild.splice import digest_of, find_entry, manifest_body_of, sums_lines, without_sums


class Following:
    """`intact` are the paths whose signatures are as they were, None if all are; `same_encoders`: variants would be
    made by the same encoders today."""

    def __init__(self, directory: Path, intact: Set[str] | None, same_encoders: bool) -> None:
        self.directory = str(directory)
        self.intact = intact
        self.same_encoders = same_encoders
        self.searches = 64

    @cached_property
    def digests(self) -> dict[str, str]:
        """By path in the release, without the records; none where that cannot be read."""
        try:
            found = sums_of(b"\n".join([*self.sums, b""]))
        except UnicodeDecodeError:
            return {}
        return {path: digest for path, digest in found.items() if path not in RECORDS}

    @cached_property
    def sums(self) -> Sequence[bytes]:
        """The lines of SHA256SUMS."""
        try:
            return sums_lines(self._text(SUMS))
        except OSError:
            return ()

    @cached_property
    def record(self) -> bytes:
        """release.json; empty where that cannot be read."""
        try:
            return self._text(RECORD)
        except OSError:
            return b""

    def _text(self, path: str) -> bytes:
        """Empty where it is not as it was written. Raises OSError."""
        if not self._is_intact(path):
            return b""
        return read_file(os.path.join(self.directory, path))

    def link(self, name: str, sha256: str, target: str) -> bool:
        """Make `target` another name of its file `name`, if that is there and holds those bytes."""
        path = f"{FILES}/{name}"
        if self._digest(path) != sha256 or not self._is_intact(path):
            return False
        try:
            os.link(f"{self.directory}/{path}", target)
        except OSError:  # another file system, somebody else's file, too many links: it is written anew
            return False
        return True

    def _digest(self, path: str) -> str | None:
        """Found by halving for the first few, then in a table."""
        if self.searches:
            self.searches -= 1
            return digest_of(self.sums, path)
        return self.digests.get(path)

    def _is_intact(self, path: str) -> bool:
        return self.intact is None or path in self.intact

    def variants(self, name: str, sha256: str) -> Mapping[str, Mapping[str, Any]] | None:
        """Those of its file `name`, if that holds those bytes; None where they would be made otherwise today."""
        entry = self._entry(name) if self.same_encoders else None
        return entry["variants"] if entry and entry["sha256"] == sha256 else None

    def _entry(self, name: str) -> dict[str, Any] | None:
        try:
            return find_entry(self.record, name)
        except ValueError:
            return None

    def carry(self, known: Mapping[str, Any], settled: Mapping[str, str], clone: Clone) -> Carried | None:
        """All that it has of the assets in `settled`; None where that is not whole, or would be otherwise today."""
        if not self.same_encoders or self.intact is not None:
            return None
        stable = known["stable"]
        again = [path for path in known["names"] if path not in settled]
        gone_names = [known["names"][path] for path in again] + [path for path in again if path in stable]
        names = {*settled.values(), *(path for path in stable if path in settled)}
        try:
            gone = self.paths(gone_names)
            sums = without_sums(self.sums, (*gone, MANIFEST, RECORD))
            manifest = manifest_body_of(self._text(MANIFEST))
        except (OSError, ValueError, LookupError):
            return None
        cycles = [cycle for cycle in known["cycles"] if cycle[0] in settled]
        return Carried(names, cycles, sums, manifest, self.record, gone_names, gone, clone)

    def paths(self, names: Iterable[str]) -> list[str]:
        """What is there of the files with those names: they themselves and their variants. Raises KeyError where one is
        not."""
        found = []
        for name in names:
            entry = self._entry(name)
            if entry is None:
                raise KeyError(name)
            found += in_files((name, *(name + SUFFIXES[one] for one in entry["variants"])))
        return found
