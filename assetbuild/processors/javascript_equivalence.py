"""Two JavaScript texts -> the first place where they do not mean the same, or None.

The rule: both parse without error, and their trees are equal in every node's type and every token's text. Comments
and white space are set aside, except where white space has a meaning that the tree does not show; and where the parser
reads something that engines read otherwise, the source is refused. Refusing costs some bytes, accepting costs a site.
"""

from __future__ import annotations

import codecs
from bisect import bisect_left
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING

from assetbuild.patterns import regex
from assetbuild.processors.difference import Difference
from assetbuild.processors.javascript_kinds import Kinds, is_misread, kinds_of, without_comments
from assetbuild.syntax import javascript

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Tree

# Nodes of equal type and equal bytes, on one line, need no look inside. Only for nodes of up to this many bytes: the
# bytes of longer ones would be read once for each level of a deep tree.
_SHORT = 256

_FEW = 1_000  # bytes: two such trees are compared before a query for one is made, which takes 20 ms

_EXCERPT = 40  # characters of the source in a message

_LINE_END = regex(rb"[\r\n]|\xe2\x80[\xa8\xa9]")
_HTML_COMMENT = regex(rb"<!--|-->")
_CLOSING = frozenset({b")", b"]", b"}", b"'", b'"', b"`"})  # a word may follow these without white space
_HTML_OPEN = len(b"<!--")


def difference(source: bytes, output: bytes, source_tree: Tree | None = None) -> Difference | None:
    """What `output` changed in the meaning of `source`. `source_tree`, if at hand, saves parsing it again.

    Most outputs are proven by their tokens; only where that fails, the output is parsed and the trees are compared.
    """
    if len(source) <= _FEW:
        return difference_of_trees(source, output, source_tree)
    from assetbuild.processors.javascript_tokens import same_tokens

    tree = source_tree or javascript.parse(source)
    is_fit = tree is not None and javascript.is_whole(tree) and _html_comment(source, tree) is None
    if tree is not None and is_fit and same_tokens(source, output, tree):
        return None
    return difference_of_trees(source, output, tree)


def difference_of_trees(source: bytes, output: bytes, source_tree: Tree | None = None) -> Difference | None:
    if source.startswith(codecs.BOM_UTF8) != output.startswith(codecs.BOM_UTF8):
        return Difference(0, "the byte order mark, which says how the file is encoded, was added or dropped")
    before = source_tree or javascript.parse(source)
    if before is None or not javascript.is_whole(before):
        return Difference(first_error(before), "the source is not understood, so nothing can be proven")
    after = javascript.parse(output)
    if after is None or not javascript.is_whole(after):
        return _not_javascript(source, output, before, after)
    offset = _stray_hashbang(source, before)
    if offset is not None:
        return Difference(offset, "'#!' begins a comment at the very start of a file alone")
    offset = _html_comment(source, before)
    if offset is not None:
        return Difference(offset, "this can be an HTML-like comment or an operator")
    found = _first_difference(source, output, before, after)
    if found is None and _html_comment(output, after) is not None:
        # Two tokens of the source met: which ones is not worth finding out.
        return Difference(0, "the output holds '<!--' or '-->', which scripts read as the start of a comment")
    return found


def first_error(tree: Tree | None) -> int:
    """The offset of the first ERROR or MISSING node; 0 without one."""
    node = tree.root_node if tree else None
    while node and not node.is_error and not node.is_missing:
        node = next((child for child in node.children if child.has_error), None)
    return node.start_byte if node else 0


def _not_javascript(source: bytes, output: bytes, before: Tree, after: Tree | None) -> Difference:
    """Placed at the token of the source whose text the output changed, else at the one where its error begins."""
    error = first_error(after)
    pairs = zip(_tokens(before), _tokens(after), strict=False) if after else ()
    for ours, theirs in pairs:
        if source[ours.start_byte : ours.end_byte] != output[theirs.start_byte : theirs.end_byte]:
            return _other_text(source, output, ours, theirs)
        if 0 < error <= theirs.start_byte:
            return Difference(ours.start_byte, f"the output is no JavaScript at {_excerpt(output, error)}")
    return Difference(0, "the output is no JavaScript")


def _tokens(tree: Tree) -> Iterator[Node]:
    return (node for node in javascript.leaves(tree) if node.type != "comment")


def _first_difference(source: bytes, output: bytes, before: Tree, after: Tree) -> Difference | None:
    """Both trees in lock step, in source order, without recursion; only nodes of equal type are on the stack."""
    kinds = kinds_of(before.language)
    stack = [(before.root_node, after.root_node)]
    while stack:
        ours, theirs = stack.pop()
        kind = ours.kind_id
        our_parts = without_comments(ours, kinds)
        their_parts = without_comments(theirs, kinds)
        if [node.kind_id for node in our_parts] != [node.kind_id for node in their_parts]:
            return _other_structure(source, ours, our_parts, their_parts)
        if not our_parts or kind in kinds.atoms:
            if (
                kind != kinds.program
                and source[ours.start_byte : ours.end_byte] != output[theirs.start_byte : theirs.end_byte]
            ):
                return _other_text(source, output, ours, theirs)
            continue
        if kind in kinds.line_bound:
            was, now = _has_line_end(source, our_parts, kinds), _has_line_end(output, their_parts, kinds)
            if was != now or (was and kind != kinds.awaiting):
                return Difference(ours.start_byte, "a line end here ends the statement, if not for the parser")
        if kind in kinds.with_words and _runs_together(output, their_parts, kinds):
            return Difference(ours.start_byte, "a number and the word after it ran together")
        if is_misread(source, kind, our_parts, kinds):
            return Difference(ours.start_byte, "engines end a statement in here where the parser does not")
        for ours, theirs in zip(reversed(our_parts), reversed(their_parts), strict=True):
            start, end = ours.start_byte, ours.end_byte
            if (
                end - start > _SHORT
                or source[start:end] != output[theirs.start_byte : theirs.end_byte]
                or _LINE_END.search(source, start, end)
            ):
                stack.append((ours, theirs))
    return None


def _has_line_end(content: bytes, parts: list[Node], kinds: Kinds) -> bool:
    """Whether a line ends, perhaps inside a comment, where that can end a statement: after `async`, before `++`.

    After `await` it does so only outside async functions, where `await` is a name.
    """
    return any(
        _LINE_END.search(content, left.end_byte, right.start_byte)
        for left, right in pairwise(parts)
        if left.kind_id in kinds.with_next or right.kind_id in kinds.with_last
    )


def _runs_together(output: bytes, parts: list[Node], kinds: Kinds) -> bool:
    """`1in x`: two tokens to the parser, an error to engines."""
    return any(
        right.kind_id in kinds.words
        and left.end_byte == right.start_byte
        and output[left.end_byte - 1 : left.end_byte] not in _CLOSING
        for left, right in pairwise(parts)
    )


def _stray_hashbang(content: bytes, tree: Tree) -> int | None:
    """The offset of a `#!` that follows white space or a comment: the parser takes it, engines refuse the file."""
    if b"#!" not in content:
        return None
    first = next((node for node in tree.root_node.children if node.type != "comment"), None)
    if first is None or first.type != "hash_bang_line" or content[: first.start_byte] in (b"", codecs.BOM_UTF8):
        return None
    return first.start_byte


def _html_comment(content: bytes, tree: Tree) -> int | None:
    """The offset of a `<!--` outside strings and comments, or of a `-->` at the start of a line.

    A script reads a comment there, a module operators, and the parser now this, now that. `x --> 0` is no comment.
    """
    if b"<!--" not in content and b"-->" not in content:
        return None
    offsets = [match.start() for match in _HTML_COMMENT.finditer(content)]
    for node in javascript.covering(tree, offsets):
        if node.type == "html_comment":
            return node.start_byte
        if node.child_count == 0:
            at = offsets[bisect_left(offsets, node.start_byte)]
            if content.startswith(b"<", at) and node.end_byte < at + _HTML_OPEN:
                return at
    return None


def _other_structure(source: bytes, ours: Node, our_parts: list[Node], their_parts: list[Node]) -> Difference:
    pairs = zip_longest(our_parts, their_parts)
    was, now = next((a, b) for a, b in pairs if a is None or b is None or a.kind_id != b.kind_id)
    if was is None:
        offset = our_parts[-1].end_byte if our_parts else ours.start_byte
        return Difference(offset, f"{_excerpt(source, ours.start_byte)} got {_name(now)} at its end")
    meaning = _name(now) if now else "a part of what stands before it"
    return Difference(was.start_byte, f"{_excerpt(source, was.start_byte)} is read as {meaning}, not as {_name(was)}")


def _other_text(source: bytes, output: bytes, ours: Node, theirs: Node) -> Difference:
    was, now = source[ours.start_byte : ours.end_byte], output[theirs.start_byte : theirs.end_byte]
    pairs = enumerate(zip(was, now, strict=False))
    same = next((at for at, (old, new) in pairs if old != new), min(len(was), len(now)))
    first = max(0, same - _EXCERPT // 2)
    return Difference(ours.start_byte + same, f"{_excerpt(was, first)} became {_excerpt(now, first)}")


def _name(node: Node | None) -> str:
    if node is None:
        return "nothing"
    return f"a node '{node.type}'" if node.is_named else f"'{node.type}'"


def _excerpt(content: bytes, offset: int) -> str:
    """Some characters of `content` from `offset`, quoted, line ends shown as escapes."""
    text = content[offset : offset + _EXCERPT].decode("utf-8", "ignore")
    more = "..." if offset + _EXCERPT < len(content) else ""
    return f"'{text}{more}'".replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
