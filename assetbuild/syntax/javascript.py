"""JavaScript bytes -> tree-sitter's concrete syntax tree, whose node offsets are offsets into those very bytes.

Nothing is transcoded: tree-sitter reads UTF-8 and takes any other byte inside a string, template, regular expression
or comment as one unknown character, which is where Latin-1 occurs. A byte order mark and a `#!` line are legal.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node, Parser, Tree

# A tree takes 40 to 110 bytes of memory per byte of source, and the parser 0.2 to 1 second per MB of it. No script that
# people serve comes near: TypeScript's compiler, the largest known, has 9 MB.
MAX_BYTES = 16 * 2**20

# `[a,` 300,000 times costs 6 s and 1.2 GB. Brackets are counted wherever they stand, in strings too, so a legal file
# can seem deeper than it is: random text of 10 MB drifts to about 1,500, code does not pass 200.
MAX_DEPTH = 5_000

_WEIGHT = bytes(2 if byte in b"([{" else 0 if byte in b")]}" else 1 for byte in range(256))
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"()[]{}")

# tree-sitter takes a carriage return alone for a space. It ends a line, and so can end a statement.
_LONE_RETURN = re.compile(rb"\r(?!\n)")

_parsers = threading.local()


def parse(content: bytes) -> Tree | None:
    """The tree of `content`, with ERROR and MISSING nodes where it is no JavaScript; None where it must not be parsed.

    Linear in time, but text that is errors from end to end costs 10 to 20 seconds per MB.
    """
    if len(content) > MAX_BYTES or _depth(content) > MAX_DEPTH:
        return None
    return _parser().parse(_LONE_RETURN.sub(b"\n", content) if b"\r" in content else content)


def is_whole(tree: Tree) -> bool:
    """Whether all of the file was understood: no ERROR and no MISSING node."""
    return not tree.root_node.has_error


def covering(tree: Tree, offsets: Sequence[int]) -> Iterator[Node]:
    """The nodes that hold a byte at one of `offsets` (sorted), in source order, outer before inner.

    Does not look into ERROR nodes, except one that is the whole file: what stands there is a guess.
    This is done here because queries and `Node.parent` take quadratic time on deep trees.
    """
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        at = bisect_left(offsets, node.start_byte)
        if at == len(offsets) or offsets[at] >= node.end_byte:
            continue
        yield node
        if not node.is_error or node == tree.root_node:
            stack.extend(reversed(node.children))


def leaves(tree: Tree) -> Iterator[Node]:
    """Every token and comment, in source order. A loop, not recursion: trees are as deep as `a+a+a+...` is long."""
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        if node.child_count:
            stack.extend(reversed(node.children))
        else:
            yield node


def _depth(content: bytes) -> int:
    """How deep brackets nest, counted as if there were no strings or comments."""
    weights = content.translate(_WEIGHT, _NOT_BRACKETS)
    deepest = max(accumulate(weights, lambda depth, weight: depth + weight - 1, initial=0))
    return deepest


def _parser() -> Parser:
    """One parser for each thread: a parser has state."""
    found: Parser | None = getattr(_parsers, "javascript", None)
    if found is None:
        import tree_sitter
        import tree_sitter_javascript

        found = _parsers.javascript = tree_sitter.Parser(tree_sitter.Language(tree_sitter_javascript.language()))
    return found
