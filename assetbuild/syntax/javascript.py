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

# `a/*` many times makes the parser read from each `/*` to the end of the file: quadratic time. So it reads in pieces,
# and on average each piece so often at most. Real files need 2.3 reads.
_CHUNK = 4096
_READS = 30

# The trees last made in this thread, with their bytes: references and the check of a minifier want the same ones.
_REMEMBERED = 2
_REMEMBERED_BYTES = 2**20

_thread = threading.local()


def parse(content: bytes) -> Tree | None:
    """The tree of `content`, with ERROR and MISSING nodes where it is no JavaScript; None where it must not be parsed.

    Takes up to a second per MB; text that is errors from end to end 20 seconds and, if crafted, far more.
    """
    recent: list[tuple[bytes, Tree | None]] = _thread.__dict__.setdefault("recent", [])
    for known, tree in recent:
        if known == content:
            return tree
    tree = _parse(content)
    if len(content) <= _REMEMBERED_BYTES:
        recent[:] = [(content, tree), *recent][:_REMEMBERED]
    return tree


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


def _parse(content: bytes) -> Tree | None:
    if len(content) > MAX_BYTES or _depth(content) > MAX_DEPTH:
        return None
    text = _LONE_RETURN.sub(b"\n", content) if b"\r" in content else content
    reads = _READS * (len(text) // _CHUNK + 2)

    def read(offset: int, _: object) -> bytes:
        nonlocal reads
        reads -= 1
        return text[offset : offset + _CHUNK] if reads >= 0 else b""

    tree = _parser().parse(read)
    return tree if reads >= 0 else None


def _depth(content: bytes) -> int:
    """How deep brackets nest, counted as if there were no strings or comments."""
    weights = content.translate(_WEIGHT, _NOT_BRACKETS)
    return max(accumulate(weights, lambda depth, weight: depth + weight - 1, initial=0))


def _parser() -> Parser:
    """One parser for each thread: a parser has state."""
    found: Parser | None = _thread.__dict__.get("parser")
    if found is None:
        import tree_sitter
        import tree_sitter_javascript

        found = _thread.parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_javascript.language()))
    return found
