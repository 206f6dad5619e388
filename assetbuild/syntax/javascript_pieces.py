"""A large script -> pieces that can be parsed one at a time: bodies of functions, and what is around them.

In a piece, every body that is another one's is `{throw MARK}`, and a body by itself is `function MARK(){...}`. Where
bodies are is a guess from the braces. So a piece counts only when its tree `shows` that the guess was right: then the
tree of the whole is the trees of the pieces, each in its place.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

from assetbuild.named import NamedTuple
from assetbuild.syntax import javascript
from assetbuild.syntax.javascript_braces import Braces, braces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Tree

_SIZE = 256 * 2**10  # bytes of a piece, if there are bodies enough
_SMALLEST = 256  # bytes of a body that is worth a piece's share
_MARK = b"_assetbuild_piece_"  # before a number; no script that has it is divided

# What stands before the body of a function or a loop, but not before that of `switch`, which holds no statements.
_HEAD = 400  # bytes
_BEFORE_BODY = re.compile(rb"(?:([\w$]*)\s*\([^()]*\)|=>)\s*\Z")


class Piece(NamedTuple):
    """`bodies` are where functions stand in `text`, and `marks` where those stand that are in other pieces."""

    text: bytes
    is_first: bool  # what no function holds, beside nothing else
    bodies: list[tuple[int, int]]
    marks: list[int]
    copied: list[tuple[int, int]]  # offset in `text`, and that of the same byte in the script

    def shows(self, tree: Tree) -> bool:
        """Whether by `tree`, which is that of `text`, all bodies and marks are what they were taken for."""
        if not javascript.is_whole(tree):
            return False
        if not self.is_first:
            tops = [(top.type, top.start_byte, top.end_byte) for top in tree.root_node.children]
            if tops != [("function_declaration", *body) for body in self.bodies]:
                return False
        thrown = {node.start_byte for node in javascript.covering(tree, self.marks) if node.type == "throw_statement"}
        return thrown.issuperset(self.marks)

    def origin(self, offset: int) -> int:
        """Where in the script the byte is that stands at `offset`; of what is not from there, what is next to it."""
        at = max(0, bisect_right(self.copied, (offset, len(self.text) + offset)) - 1)
        start, source = self.copied[at]
        return max(source, source + offset - start)

    def span_origin(self, start: int, end: int) -> tuple[int, int]:
        """Where in the script the bytes are from `start` to `end`, with the pieces that belong between them."""
        return self.origin(start), self.origin(end - 1) + 1


class Division(NamedTuple):
    """`bodies` are numbers of braces in `braces`, sorted; `holders` says for each which other one it is directly in."""

    content: bytes
    braces: Braces
    bodies: Sequence[int]
    holders: list[int]

    def like_this(self, other: bytes) -> Division | None:
        """`other` divided at the same braces; None where it has not as many, or others inside others."""
        if _MARK in other:
            return None
        found = braces(other)
        if found is None or len(found.opened) != len(self.braces.opened):
            return None
        holders = _holders(found, self.bodies)
        return Division(other, found, self.bodies, holders) if holders == self.holders else None

    def groups(self) -> list[list[int]]:
        """Which of `bodies` (by their places there; -1 is what no body holds) make a piece together, in order."""
        sizes = [self.braces.closed[brace] - self.braces.opened[brace] for brace in self.bodies]
        own = [*sizes, len(self.content)]  # the last one is at -1
        for size, holder in zip(sizes, self.holders, strict=True):
            own[holder] -= size
        groups, room = [[-1]], 0
        for body in range(len(sizes)):
            if own[body] > room:
                groups.append([])
                room = _SIZE
            groups[-1].append(body)
            room -= own[body]
        return groups

    def pieces(self, groups: list[list[int]] | None = None) -> Iterator[Piece]:
        """What holds a piece comes before it, or in the same one. `groups` are those of what this is like."""
        inside: list[list[int]] = [[] for _ in range(len(self.bodies) + 1)]
        for body, holder in enumerate(self.holders):
            inside[holder].append(body)
        for group in groups or self.groups():
            yield self._piece(group, inside)

    def _piece(self, group: list[int], inside: list[list[int]]) -> Piece:
        text = bytearray()
        piece = Piece(b"", group == [-1], [], [], [])
        for body in group:
            begin = len(text)
            if body >= 0:
                text += b"function %b%d()" % (_MARK, body)
            at, end = self._span(body)
            for inner in inside[body]:
                start, stop = self._span(inner)
                piece.copied.append((len(text), at))
                text += self.content[at : start + 1]
                piece.marks.append(len(text))
                text += b"throw %b%d" % (_MARK, inner)
                at = stop - 1
            piece.copied.append((len(text), at))
            text += self.content[at:end]
            piece.bodies.append((begin, len(text)))
        return piece._replace(text=bytes(text))

    def _span(self, body: int) -> tuple[int, int]:
        """With its braces."""
        if body < 0:
            return 0, len(self.content)
        brace = self.bodies[body]
        return self.braces.opened[brace], self.braces.closed[brace] + 1


def divided(content: bytes) -> Division | None:
    """None for what is not large, or so large that it is not parsed; and where there are no bodies to divide it at."""
    if not javascript.LARGE < len(content) <= javascript.MAX_BYTES:
        return None
    found = braces(content) if _MARK not in content else None
    if found is None:
        return None
    bodies = array("L", _bodies(content, found))
    division = Division(content, found, bodies, _holders(found, bodies))
    return division if len(division.groups()) > 1 else None


def _bodies(content: bytes, found: Braces) -> Iterator[int]:
    """The largest ones that make a piece at most, and all that hold them."""
    end = 0
    for brace, (opened, closed) in enumerate(zip(found.opened, found.closed, strict=True)):
        if opened >= end and closed - opened >= _SMALLEST:
            head = _BEFORE_BODY.search(content, max(0, opened - _HEAD), opened)
            if head and head[1] != b"switch":
                yield brace
                if closed - opened <= _SIZE:
                    end = closed


def _holders(found: Braces, bodies: Sequence[int]) -> list[int]:
    """For each of `bodies` the place in there of the one that it is directly in, or -1."""
    holders, open_ones = [], [-1]
    for body, brace in enumerate(bodies):
        while open_ones[-1] >= 0 and found.closed[bodies[open_ones[-1]]] < found.opened[brace]:
            open_ones.pop()
        holders.append(open_ones[-1])
        open_ones.append(body)
    return holders
