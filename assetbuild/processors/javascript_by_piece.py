"""Two large JavaScript texts -> the first place found where they do not mean the same, or None; no tree is large.

Both are divided at the same braces, and the pieces are compared in pairs. A piece holds a mark wherever another one
belongs, which is as good as any other token: pieces that are equal have equal ones in equal places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assetbuild.processors import javascript_equivalence
from assetbuild.processors.difference import Difference
from assetbuild.syntax import javascript

if TYPE_CHECKING:
    from assetbuild.syntax.javascript_pieces import Division


class Undivided(Exception):
    """Only the trees of the whole texts can tell."""


def difference(source: Division, output: bytes) -> Difference | None:
    """What `output` changed in the meaning of `source`. Raises Undivided.

    What holds a piece has come before it. So a piece in which something differs is known to be one.
    """
    made = source.like_this(output)
    if made is None:
        raise Undivided
    for ours, theirs in zip(source.pieces(), made.pieces(source.groups()), strict=True):
        tree = javascript.parse(ours.text)
        if tree is None or not ours.shows(tree):
            raise Undivided
        found = javascript_equivalence.difference(ours.text, theirs.text, tree)
        if found:
            return Difference(ours.origin(found.offset), found.what)
    return None
