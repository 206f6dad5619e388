"""Compiled contents that wait to be linked: as many as fit into memory, the others in a file."""

from __future__ import annotations

import os
from typing import IO

from assetbuild.model import Compiled

LIMIT = 16 << 20  # bytes of content that a build keeps in memory


class Held:
    """`keep` what was compiled: it gives the same again, with its content where `contents.content_of` finds it until
    this is left."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.left = limit
        self.file: IO[bytes] | None = None

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *_: object) -> None:
        if self.file:
            self.file.close()

    def keep(self, compiled: Compiled) -> Compiled:
        if compiled.content is None or not compiled.tools:
            return compiled  # what no tool has made is looked at once more, for a source map inside
        self.left -= len(compiled.content)
        if self.left >= 0:
            return compiled
        try:
            return self._put_away(compiled, compiled.content)
        except OSError:  # no room there either
            return compiled

    def _put_away(self, compiled: Compiled, content: bytes) -> Compiled:
        if self.file is None:
            import tempfile  # loads much, and few builds come here

            self.file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when this is left
        start = self.file.seek(0, os.SEEK_END)
        self.file.write(content)
        self.file.flush()
        return compiled._replace(content=None, file=None, held=(self.file.fileno(), start))
