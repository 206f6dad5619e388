"""JavaScript bytes -> tree-sitter's concrete syntax tree, whose node offsets are offsets into those very bytes.

Nothing is transcoded: tree-sitter reads UTF-8 and takes any other byte inside a string, template, regular expression
or comment as one unknown character, which is where Latin-1 occurs. A byte order mark and a `#!` line are legal.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node, Parser, Tree

# A tree takes 40 to 110 bytes of memory per byte of source, and the parser 0.2 to 1 second per MB of it. No script that
# people serve comes near: TypeScript's compiler, the largest known, has 9 MB.
MAX_BYTES = 16 * 2**20

LARGE = 512 * 2**10  # bytes; what is larger is parsed in pieces: two trees of less, side by side, take 75 MB at most

# `[a,` 300,000 times costs 6 s and 1.2 GB. Brackets are counted wherever they stand, in strings too, so a legal file
# can seem deeper than it is: random text of 10 MB drifts to about 1,500, code does not pass 200.
MAX_DEPTH = 5_000

_WEIGHT = bytes(2 if byte in b"([{" else 0 if byte in b")]}" else 1 for byte in range(256))
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"()[]{}")

# Operators that nest without brackets: 10 MB of them take 2.4 GB.
_DEEP_RUN = 2**20

_USING = rb"(?<![\w$\\\x80-\xff])using(?![\w$\\\x80-\xff])"

# tree-sitter takes a carriage return alone for a space. It ends a line, and so can end a statement.
_LONE_RETURN = rb"\r(?!\n)"

# `a/*` many times makes the parser read from each `/*` to the end of the file: quadratic time. So it reads in pieces,
# and on average each piece so often at most. Real files need 2.3 reads.
_CHUNK = 4096
_READS = 30
_SMALL = 16 * 2**10  # bytes; so much, however often read, takes a second at most, and is better given whole (`_read`)

# In text that is no JavaScript the parser takes 10 to 20 seconds per MB, and quadratic time where comments stand
# between errors (`a/**/` many times: 2 s for 25 KB, 12 s for 50 KB). No count that it keeps tells that apart from dense
# code, and a clock must not decide. So of a file larger than the first size, a beginning of the second is parsed first,
# and the file is given up if `_errors` finds one in every 16 bytes. Of 1,800 real files one has: it holds
# type annotations, which no browser reads.
_SAMPLES = ((32 * 2**10, 8 * 2**10), (512 * 2**10, 64 * 2**10))
_BYTES_PER_ERROR = 16
_CUT_TOKENS = (b"", b"`", b"*/")  # what can end a long token that the cut went through
_ERROR_WEIGHT = 4  # of ERROR and MISSING nodes: real code has up to four there, and the tokens that they hold
# What a cut leaves open: lists and strings, and conditions and negations in a row; and what follows their members.
_OPEN_PARTS = frozenset({"", ",", "?", ":", "!", "~", "comment", "string_fragment", "escape_sequence"})
_AFTER_MEMBERS = frozenset({",", "?", ":"})

# The trees last made in this thread, with their bytes: references and the check of a minifier want the same ones.
_REMEMBERED = 2
_REMEMBERED_BYTES = 2**20

_thread = threading.local()


def parse(content: bytes) -> Tree | None:
    """The tree of `content`, with ERROR and MISSING nodes where it is no JavaScript; None where it must not be parsed.

    None is for what is too large, too deep, or no JavaScript at all from its beginning. Takes up to a second per MB.
    A crafted file, of good code first and of errors then, can take far more.
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
    if len(content) > MAX_BYTES or _depth(content) > MAX_DEPTH or _has_deep_run(content):
        return None
    text = re.sub(_LONE_RETURN, b"\n", content) if b"\r" in content else content
    for size, sample in _SAMPLES:
        if len(text) > size and not any(_is_like_code(text[:sample] + token) for token in _CUT_TOKENS):
            return None
    tree = _read(text)
    if tree is not None and not is_whole(tree) and b"using" in text:
        # The parser takes `using = f()`, as jQuery UI has it, for a declaration. The spelling is of the same length.
        other = _read(re.sub(_USING, b"usinG", text))
        return other if other is not None and is_whole(other) else tree
    return tree


def _is_like_code(text: bytes) -> bool:
    tree = _read(text)
    return tree is not None and _errors(tree) <= len(text) // _BYTES_PER_ERROR


def _errors(tree: Tree) -> int:
    """Errors, by weight, missing tokens, and tokens that belong to nothing."""
    count = 0
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        if not node.has_error:
            continue
        children = node.children
        stack.extend(children)
        count += _ERROR_WEIGHT * (node.is_error or node.is_missing)
        if node.is_error:
            kinds = [child.type if child.child_count == 0 else "" for child in children]
            count += sum(
                kind not in _OPEN_PARTS and other not in _AFTER_MEMBERS for kind, other in pairwise((*kinds, ""))
            )
    return count


def _read(text: bytes) -> Tree | None:
    """The tree, unless the parser has to read on and on."""
    if len(text) <= _SMALL and text.rfind(b"/*") <= text.rfind(b"*/"):
        return _parser().parse(text)
    reads = _READS * (len(text) // _CHUNK + 2)
    chunks: dict[int, bytes] = {}  # the binding (0.26) never frees what it is given so: it gets the same ones again

    def read(offset: int, _: object) -> bytes:
        nonlocal reads
        reads -= 1
        at = offset - offset % _CHUNK
        if reads < 0:
            return b""
        if offset != at:
            return text[offset : at + _CHUNK]
        return chunks.get(at) or chunks.setdefault(at, text[at : at + _CHUNK])

    tree = _parser().parse(read)
    return tree if reads >= 0 else None


def _depth(content: bytes) -> int:
    """How deep brackets nest, or more where that is no problem, counted as if there were no strings or comments."""
    weights = content.translate(_WEIGHT, _NOT_BRACKETS)
    opened = weights.count(2)
    if opened <= MAX_DEPTH:  # as in nearly every file, and counting is free
        return opened
    return max(accumulate(weights, lambda depth, weight: depth + weight - 1, initial=0))


def _has_deep_run(content: bytes) -> bool:
    return len(content) >= _DEEP_RUN and any(operator * _DEEP_RUN in content for operator in (b"!", b"~"))


def _parser() -> Parser:
    """One parser for each thread: a parser has state."""
    found: Parser | None = _thread.__dict__.get("parser")
    if found is None:
        import tree_sitter

        found = _thread.parser = tree_sitter.Parser(tree_sitter.Language(_grammar().language()))
    return found


def _grammar() -> Any:
    """tree-sitter's grammar of JavaScript: its compiled part, without the package around that, which is there to read
    files and loads 5 ms of the standard library for it."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    package = PathFinder.find_spec("tree_sitter_javascript")
    places = package.submodule_search_locations if package else None
    spec = PathFinder.find_spec("tree_sitter_javascript._binding", places) if places else None
    if spec is None or spec.loader is None:
        import tree_sitter_javascript  # not from a directory, or none of those that we know

        return tree_sitter_javascript
    binding = module_from_spec(spec)
    spec.loader.exec_module(binding)
    return binding
