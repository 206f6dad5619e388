"""Classic scripts -> one that means what they mean when a page loads them one after the other.

Each file's last statement is ended, and a file's 'use strict' holds for all of the joined script or for none of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assetbuild.errors import AssetBuildError, Problem, SourceError, raise_all
from assetbuild.processors.join import Edit, Joined, Mover, Part, edited
from assetbuild.references import javascript
from assetbuild.syntax.javascript import covering, is_whole, parse

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

_HASHBANG = re.compile(rb"#!(?:(?!\xe2\x80[\xa8\xa9])[^\r\n])*")  # U+2028 and U+2029 end a line too
_COMMENTS = ("comment", "html_comment", "hash_bang_line")
_FUNCTIONS = frozenset(
    (
        "function_declaration",
        "function_expression",
        "generator_function",
        "generator_function_declaration",
        "arrow_function",
        "method_definition",
        "class_static_block",
        "field_definition",
    )
)
_META = re.compile(rb"\bmeta\b")
_SENTINEL = b"assetbuild_end;"
_NO_MODULE_FIX = "serve the module on its own, or bundle modules with a tool made for them, such as esbuild"


def join_javascript(parts: Sequence[Part], output: str, url_prefix: str, *, anything: bool = False) -> Joined:
    """`anything` accepts modules and what does not parse: there is one file alone, or a later filter compiles them.

    Raises SourceError or UnresolvedReference, or BuildFailed with all of them.
    """
    mover = Mover(output, url_prefix, dotted=True)
    errors: list[AssetBuildError] = []
    warnings: list[Problem] = []
    facts, references = [], []
    for part in parts:
        tree = parse(part.content)
        references.append(javascript.find(part.content, tree))
        facts.append(_facts(part.content, tree))
        if anything or not part.raw:  # what is joined already has been judged
            continue
        errors += _module_errors(part, tree)
        if tree is None or not is_whole(tree):
            _judge_broken(part, tree, errors, warnings)
    strict, guard = _strictness(facts)
    pieces = []
    for index, (part, fact) in enumerate(zip(parts, facts, strict=True)):
        edits = mover.edits(part, references[index])
        edits += mover.without_map(part, "js")
        if index and (hashbang := _HASHBANG.match(part.content)):
            edits.append((0, hashbang.end(), b""))
        if index == guard and fact.strict_at is not None:
            edits.append((fact.strict_at, fact.strict_at, b";"))
        pieces.append(_piece(part, fact, edits, last=index == len(parts) - 1))
    raise_all(errors + mover.errors)
    content = b"\n".join(pieces)
    asking = tuple(part.logical_path for part, fact in zip(parts, facts, strict=True) if fact.strict and part.raw)
    return Joined(content, mover.origins, tuple(mover.dropped_maps), (), tuple(warnings), strict, asking)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What of a script matters to its neighbours. `strict_at` is where its 'use strict' stands."""

    strict_at: int | None
    empty: bool  # no statement at all
    only_directives: bool
    ended: bool  # by a semicolon

    @property
    def strict(self) -> bool:
        return self.strict_at is not None


def _facts(content: bytes, tree: Tree | None) -> _Facts:
    """Of a script too large to parse only the worst is known."""
    if tree is None:
        return _Facts(None, False, False, False)
    statements = [node for node in tree.root_node.children if node.type not in _COMMENTS]
    strict_at, directives = None, 0
    for node in statements:
        if node.type != "expression_statement" or node.children[0].type != "string":
            break
        directives += 1
        if strict_at is None and content[node.start_byte + 1 : node.children[0].end_byte - 1] == b"use strict":
            strict_at = node.start_byte
    ended = bool(statements) and is_whole(tree) and _last_token(statements[-1]) == ";"
    return _Facts(strict_at, not statements, directives == len(statements), ended)


def _last_token(node: Node) -> str:
    """A statement without semicolon can end with a comment, which does not end it."""
    while node.children:
        node = node.children[-1]
    return node.type


def _strictness(facts: Sequence[_Facts]) -> tuple[bool, int | None]:
    """Whether the whole is to be strict, and else the part whose directive would make it so."""
    if any(fact.strict for fact in facts) and all(fact.strict or fact.empty for fact in facts):
        return True, None
    for index, fact in enumerate(facts):
        if fact.strict:
            return False, index
        if not fact.only_directives:
            break
    return False, None


def _piece(part: Part, fact: _Facts, edits: list[Edit], *, last: bool) -> bytes:
    content = edited(part.content, edits)
    return content if last or fact.empty or fact.ended else content + b"\n;"


def _module_errors(part: Part, tree: Tree | None) -> list[AssetBuildError]:
    """The first thing in `part` that only a module may hold."""
    found = _module_syntax(part.content, tree) if tree else None
    if found is None:
        return []
    node, what = found
    shown = part.quote(node.start_byte, node.end_byte)
    place = part.place(node.start_byte, min(node.end_byte, node.start_byte + len(shown)))
    return [SourceError(f"{shown} is {what}, and a bundle is a classic script", place, _NO_MODULE_FIX)]


def _module_syntax(content: bytes, tree: Tree) -> tuple[Node, str] | None:
    for node in tree.root_node.children:
        if node.type == "import_statement":
            return node, "an import of a module"
        if node.type == "export_statement":
            return node, "an export of a module"
    for node in covering(tree, [found.start() for found in _META.finditer(content)]):
        if node.type == "meta_property" and content.startswith(b"import", node.start_byte):
            return node, "for modules only"
    return _top_level_await(tree.root_node) if b"await" in content else None


def _top_level_await(root: Node) -> tuple[Node, str] | None:
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in ("await_expression", "await"):
            return node, "an await outside of any function"
        if node.type not in _FUNCTIONS:
            stack.extend(reversed(node.children))
    return None


def _judge_broken(part: Part, tree: Tree | None, errors: list[AssetBuildError], warnings: list[Problem]) -> None:
    """tree-sitter refuses a little legal code, so what does not parse is joined with a warning, unless it would
    take in the next file."""
    place = part.place(*_broken_at(tree)) if tree else part.place(0, 0)
    if tree is None:
        warnings.append(Problem("is too large or too deep to be parsed; it is joined unseen", place))
    elif _is_open(part.content):
        what = "ends within a comment, a string or a bracket, and would take in the file after it"
        errors.append(SourceError(what, place, "close it; the place is where the file stops making sense"))
    else:
        what = "does not parse as JavaScript from here; if it is wrong, the whole bundle will not run"
        warnings.append(Problem(what, place))


def _broken_at(tree: Tree) -> tuple[int, int]:
    """The innermost node on the way to the first error."""
    node: Node | None = tree.root_node
    start = 0
    while node:
        start = node.start_byte
        node = next((child for child in node.children if child.has_error or child.is_missing), None)
    return start, start + 1


def _is_open(content: bytes) -> bool:
    """Whether a statement put after `content` is none, a bracket is missing, or the end of a comment or a template."""
    after = parse(content + b"\n;\n" + _SENTINEL)
    if after is None:
        return False
    root = after.root_node
    if root.type != "program" or root.children[-1].start_byte != len(content) + 3 or _misses_bracket(root):
        return True
    return any(_closes(content, closer) for closer in (b"*/", b"}`"))


def _misses_bracket(root: Node) -> bool:
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_missing and node.type in (")", "]", "}"):
            return True
        stack += [child for child in node.children if child.has_error or child.is_missing]
    return False


def _closes(content: bytes, closer: bytes) -> bool:
    tree = parse(content + closer)
    around = covering(tree, [len(content) + len(closer) - 1]) if tree else ()
    kinds = ("comment", "template_string")
    return any(node.type in kinds and node.start_byte < len(content) and not node.has_error for node in around)
