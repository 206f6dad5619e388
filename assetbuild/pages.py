"""Directories of templates -> whether one of them has changed, for pages to be loaded again. Nothing is built of them.

By signatures: an editor's scratch files come and go without a trace, and what a directory's move has changed is found
by looking at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from assetbuild import signatures
from assetbuild.discover import is_never_published
from assetbuild.signatures import NONE, Signature


class Pages:
    """`directories` are as they were given, made absolute."""

    def __init__(self, directories: Iterable[str]) -> None:
        self.directories = [os.path.abspath(directory) for directory in directories]
        self._seen = dict(self._look())

    def changed(self, files: Iterable[str], *, rescan: bool) -> list[str]:
        """Those that are not as they were when this was last asked, out of `files`, or of all."""
        if not self.directories:
            return []
        if rescan:
            now = dict(self._look())
        else:
            now = self._seen | {file: _signature(file) for file in files if self._is_one(file)}
        changed = [file for file in now.keys() | self._seen.keys() if now.get(file, NONE) != self._seen.get(file, NONE)]
        self._seen = {file: signature for file, signature in now.items() if signature != NONE}
        return sorted(changed)

    def _look(self) -> Iterator[tuple[str, Signature]]:
        for top in self.directories:
            for directory, inner, names in os.walk(top):
                inner[:] = [name for name in inner if not is_never_published(name.lower())]
                for name in names:
                    if not _is_scratch(name):
                        yield (file := os.path.join(directory, name)), _signature(file)

    def _is_one(self, file: str) -> bool:
        for top in self.directories:
            if file.startswith(top + os.sep):
                *above, name = file[len(top) + 1 :].split(os.sep)
                return not _is_scratch(name) and not any(is_never_published(each.lower()) for each in above)
        return False


def _is_scratch(name: str) -> bool:
    """An editor's, or compiled Python; a module beside the templates may well make pages."""
    return is_never_published(name.lower()) and not name.endswith(".py")


def _signature(file: str) -> Signature:
    try:
        return signatures.of(os.stat(file))
    except OSError:
        return NONE
