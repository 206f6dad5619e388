"""What minifying a file has given."""

from __future__ import annotations

from assetbuild.errors import Problem
from assetbuild.named import NamedTuple


class Minified(NamedTuple):
    """`tool` is what made `content`, with its version; None where that is the source as it was. `source_map` is a map
    of `content` that the tool made, to the sources of the map that it was given if there was one."""

    content: bytes
    tool: str | None = None
    warnings: tuple[Problem, ...] = ()
    source_map: bytes | None = None
