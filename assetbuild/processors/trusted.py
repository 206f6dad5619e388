"""What holds for the output of a tool that restructures: it must parse, and may name no file that its source does not.

Such a tool is taken on trust because the user named it. References may be dropped (an import that nothing uses); one
that is new would be looked for, and rewritten, where the author wrote none.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

from assetbuild.model import Language
from assetbuild.processors.difference import Difference
from assetbuild.processors.javascript_equivalence import first_error
from assetbuild.references import css as css_references
from assetbuild.references import javascript as javascript_references
from assetbuild.syntax import css, javascript

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Tree

_BANG = b"/*!"
_MAP_MARK = b"sourceMappingURL="
_STRICT = b"use strict"
_START, _IMPORTS, _RULES, _DEAD_IMPORT = range(4)
_OPENERS = {"{": "}", "(": ")", "[": "]", "function": ")"}
_HTML_COMMENT = re.compile(rb"<!--|-->")
_TEXTS = frozenset(
    {"comment", "string_fragment", "template_string", "regex_pattern", "hash_bang_line", "escape_sequence"}
)
_CHARSET = re.compile(rb'@charset "[^"]{0,1000}";')


def difference(
    source: bytes, output: bytes, language: Language, keep: bool = True, tree: Tree | None = None
) -> Difference | None:
    """What forbids to release `output` in the place of `source`. `tree` is that of a script, which is understood."""
    made = javascript.parse(output) if language == "js" else None
    if found := _broken_css(output) if language == "css" else _broken_javascript(output, made):
        return found
    after = _named(output, language, made)
    if new := after - _named(source, language, tree) if after else after:
        return Difference(0, f"the output names '{min(specifier for _, specifier in new)}', which the source does not")
    if made and tree and _directives(output, made) > _directives(source, tree):
        return Difference(0, "the output runs in strict mode, which the source does not ask for")
    return _lost_comment(source, output, language, tree, made) if keep else None


def same_references(source: bytes, output: bytes, language: Language) -> bool:
    """Whether both name the same files equally often: asked of scripts that are not understood whole."""
    return _named(source, language) == _named(output, language)


def kept_comments(content: bytes, language: Language, tree: Tree | None = None) -> list[tuple[int, int]]:
    """The spans of the comments that begin with `/*!`. `tree`, if at hand, saves parsing a script again."""
    if _BANG not in content:
        return []
    found = _comments(content, language, _BANG, tree)
    return [(start, end) for start, end in found if content.startswith(_BANG, start)]


def without_bangs(content: bytes, language: Language) -> bytes:
    """`content` with `/*!` comments made ordinary ones, of the same length."""
    return _overwritten(content, [(start, b"/* ") for start, _ in kept_comments(content, language)])


def without_map_comments(content: bytes, language: Language) -> bytes:
    """`content` with no comment that names a source map; all else stands where it stood."""
    if _MAP_MARK not in content:
        return content
    comments = _comments(content, language, _MAP_MARK)
    marks = [content.find(_MAP_MARK, start, end) for start, end in comments if content[start + 2 : start + 3] in b"#@"]
    return _overwritten(content, [(at, b" " * len(_MAP_MARK)) for at in marks])


def encoded_head(content: bytes) -> bytes:
    """The byte order mark or the `@charset` of a text in UTF-8. Raises UnicodeDecodeError for any other text."""
    content.decode()
    if content.startswith(css.UTF8_BOM):
        return css.UTF8_BOM
    charset = _CHARSET.match(content)
    if charset and css.declared_encoding(content) not in (None, "utf-8"):
        raise UnicodeDecodeError("utf-8", content, 0, charset.end(), "another encoding is declared")
    return charset[0] if charset else b""


def html_comment(content: bytes) -> int | None:
    """The offset of `<!--` or `-->` in code: scripts read a comment there, modules operators, esbuild the former."""
    offsets = [match.start() for match in _HTML_COMMENT.finditer(content)]
    tree = javascript.parse(content) if offsets else None
    for node in javascript.covering(tree, offsets) if tree else ():
        if node.type == "html_comment":
            return node.start_byte
        if node.child_count == 0 and node.type not in _TEXTS:
            at = offsets[bisect_left(offsets, node.start_byte)]
            line = max(content.rfind(end, 0, at) for end in (b"\n", b"\r"))
            if content.startswith(b"<", at) or not content[line + 1 : at].strip():
                return at
    return None


def _broken_css(output: bytes) -> Difference | None:
    open_brackets: list[str] = []
    reached, at_start = _START, True
    for kind, start, end in css.tokenize(output):
        if not open_brackets and at_start and kind not in ("whitespace", "comment"):
            reached = _reached(output[start:end].lower() if kind == "at-keyword" else b"", reached)
            if reached == _DEAD_IMPORT:
                return Difference(0, "the output has an '@import' after other rules, where browsers ignore it")
        if kind == "{" and not open_brackets:
            reached = _RULES  # `@layer a{}` is a rule, `@layer a;` is none
        if not open_brackets or kind == "}":
            at_start = kind in (";", "}") or (at_start and kind in ("whitespace", "comment"))
        if kind in ("bad-string", "bad-url"):
            return Difference(0, f"the output has a broken {kind[4:]}: {_shown(output[start:end])}")
        if kind in _OPENERS:
            open_brackets.append(_OPENERS[kind])
        elif kind in (")", "]", "}") and (not open_brackets or open_brackets.pop() != kind):
            return Difference(0, f"the output has a '{kind}' that closes nothing")
    if open_brackets:
        return Difference(0, f"the output lacks a '{open_brackets[-1]}'")
    return None


def _reached(at_rule: bytes, reached: int) -> int:
    """How far a style sheet has come with the statement that begins so (css-cascade-5, 2)."""
    if at_rule == b"@import":
        return _IMPORTS if reached <= _IMPORTS else _DEAD_IMPORT
    if at_rule == b"@charset" or (at_rule == b"@layer" and reached == _START):
        return reached
    return _RULES


def _broken_javascript(output: bytes, tree: Tree | None) -> Difference | None:
    if tree is None:
        return Difference(0, "the output is too large or nested too deep to be looked into")
    if javascript.is_whole(tree):
        return None
    at = first_error(tree)
    return Difference(0, f"the output is not understood as JavaScript at {_shown(output[at:])}")


def _directives(content: bytes, tree: Tree) -> int:
    """How many statements are nothing but `'use strict'`, unescaped and not in brackets, as the directive must be."""
    offsets = [match.start() for match in re.finditer(_STRICT, content)]
    return sum(
        node.type == "expression_statement"
        and node.children[0].type == "string"
        and content[node.start_byte + 1 : node.children[0].end_byte - 1] == _STRICT
        for node in (javascript.covering(tree, offsets) if offsets else ())
    )


def _named(content: bytes, language: Language, tree: Tree | None = None) -> Counter[tuple[str, str]]:
    found = css_references.find(content) if language == "css" else javascript_references.find(content, tree)
    return Counter((one.kind, one.specifier) for one in found)


def _lost_comment(
    source: bytes, output: bytes, language: Language, tree: Tree | None, made: Tree | None
) -> Difference | None:
    """Their words are kept for their readers; of equal comments one will do."""
    left = {b"".join(output[start:end].split()) for start, end in kept_comments(output, language, made)}
    for start, end in kept_comments(source, language, tree):
        if b"".join(source[start:end].split()) not in left:
            return Difference(start, f"the comment {_shown(source[start:end])} was dropped or changed")
    return None


def _comments(content: bytes, language: Language, mark: bytes, tree: Tree | None = None) -> Iterator[tuple[int, int]]:
    """The spans of comments that hold `mark`."""
    if language == "css":
        yield from (
            (start, end)
            for kind, start, end in css.tokenize(content)
            if kind == "comment" and content.find(mark, start, end) >= 0
        )
        return
    offsets = [match.start() for match in re.finditer(re.escape(mark), content)]
    tree = tree or javascript.parse(content)
    for node in javascript.covering(tree, offsets) if tree else ():
        if node.type == "comment":
            yield node.start_byte, node.end_byte


def _overwritten(content: bytes, pieces: list[tuple[int, bytes]]) -> bytes:
    if not pieces:
        return content
    copy = bytearray(content)
    for at, piece in pieces:
        copy[at : at + len(piece)] = piece
    return bytes(copy)


def _shown(raw: bytes) -> str:
    text = " ".join(raw[:160].decode("utf-8", "replace").split())
    return f"'{text}'" if len(text) <= 40 else f"'{text[:40]}...'"
