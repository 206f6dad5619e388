"""JavaScript bytes -> the modules it names: `import`, `export ... from` and `import()` with a literal specifier.

Only `./`, `../` and `/` name files; anything else is a package or another host. Found in the syntax tree, so never in
comments, strings or regular expressions; parsed only where a byte pattern says that there may be something to find.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from assetbuild import urls
from assetbuild.model import Kind, Reference
from assetbuild.syntax import javascript

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Tree

# What can precede a specifier, and its first character or a comment's. The patterns begin with a plain word, for which
# `re` searches ten times as fast. White space is read in one run only; bytes from 0x80 may be Unicode's.
_SPACE = rb"[\s\x80-\xff]*"
_FROM = re.compile(rb"from(?<![\w$]from)" + _SPACE + rb"([\"'][./\\]|/[/*])")
_IMPORT = re.compile(rb"import(?<![\w$]import)" + _SPACE + rb"(?:\(" + _SPACE + rb")?([\"'`][./\\]|/[/*])")
_CALL = re.compile(rb"import(?<![\w$]import)(?=" + _SPACE + rb"(?:\(|/[/*]))")

# Comments are read through up to these limits. Beyond them the parser decides, in time that grows with the file.
_COMMENTS = 16
_COMMENT_LENGTH = 1_000
_LINE_END = re.compile(rb"[\r\n]|\xe2\x80[\xa8\xa9]")
_BLOCK_END = re.compile(rb"\*/")
_SPECIFIER = re.compile(_SPACE + rb"(?:\(" + _SPACE + rb")?(/[/*]|[\"'`])?")

_STATEMENTS: dict[str, Kind] = {"import_statement": "js-import", "export_statement": "js-export"}
_CLAUSES = frozenset({"import_clause", "export_clause", "namespace_export", "*", "comment"})

_PIECE = re.compile(
    rb"""[^\\?#]+
    | \\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}    # two halves of one character
    | \\u\{[0-9a-fA-F]+\} | \\u[0-9a-fA-F]{4} | \\x[0-9a-fA-F]{2} | \\[0-3]?[0-7]{1,2}
    | \\\r\n | \\[\xc2-\xf4][\x80-\xbf]{1,3} | \\. | .""",
    re.VERBOSE | re.DOTALL,
)
_NAMED_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LINE_ENDS = ("\n", "\r", "\r\n", "\u2028", "\u2029")


def find(content: bytes, tree: Tree | None = None) -> list[Reference]:
    """All references, in source order. `tree`, if at hand, saves parsing the content again.

    In a file with syntax errors, a statement at the top level counts if all up to its specifier is whole, and a call if
    no ERROR node holds it: what is missed breaks a page in silence, what is invented is at worst reported as missing.
    A file too large or too deep to be parsed has none.
    """
    if not _may_name(content):
        return []
    tree = tree or javascript.parse(content)
    if tree is None:
        return []
    found = [_reference(content, *construct) for construct in (*_statements(tree), *_calls(content, tree))]
    return sorted((one for one in found if one), key=lambda reference: reference.start)


def is_unread(content: bytes) -> bool:
    """Whether `content` may hold references, but is too large or too deep to be parsed."""
    return _may_name(content) and javascript.parse(content) is None


def _may_name(content: bytes) -> bool:
    """Whether a parse is worth its time: yes for every file with a reference, and for few others."""
    for pattern in (_FROM, _IMPORT):
        for match in pattern.finditer(content):
            if not match[1].startswith(b"/") or _specifier_follows(content, match.start(1)):
                return True
    return False


def _specifier_follows(content: bytes, offset: int) -> bool:
    """Whether a string may follow the comments at `offset`."""
    for _ in range(_COMMENTS):
        close = _LINE_END if content.startswith(b"//", offset) else _BLOCK_END
        end = close.search(content, offset + 2, offset + _COMMENT_LENGTH)
        match = _SPECIFIER.match(content, end.end()) if end else None
        if match is None:
            break
        if not match[1] or not match[1].startswith(b"/"):
            return match[1] is not None
        offset = match.start(1)
    return True


def _statements(tree: Tree) -> Iterator[tuple[Kind, Node, int, int]]:
    """Static imports and exports with a specifier: they stand at the top level only. Cut before attributes and `;`."""
    top = tree.root_node
    for node in top.children:
        kind = _STATEMENTS.get(node.type)
        literal = node.child_by_field_name("source") if kind else None
        if kind and literal:
            yield kind, literal, node.start_byte, literal.end_byte
    for broken in (top, *(node for node in top.children if node.is_error)):
        if broken.is_error:
            yield from _loose_statements(broken.children)


def _loose_statements(parts: list[Node]) -> Iterator[tuple[Kind, Node, int, int]]:
    """`export {x} from "./y" with {...}`, which the grammar lacks, and other endings that are news to the parser."""
    keyword: Node | None = None
    for part, literal in pairwise(parts):
        if part.type in ("import", "export"):
            keyword = part
        elif part.type == "from" and keyword and literal.type == "string":
            yield _STATEMENTS[f"{keyword.type}_statement"], literal, keyword.start_byte, literal.end_byte
        elif part.type not in _CLAUSES:
            keyword = None


def _calls(content: bytes, tree: Tree) -> Iterator[tuple[Kind, Node, int, int]]:
    offsets = [match.start() for match in _CALL.finditer(content)]
    for node in javascript.covering(tree, offsets) if offsets else ():
        if node.type == "call_expression" and node.children[0].type == "import":
            given = [part for part in node.children[-1].named_children if part.type != "comment"]
            if given:
                yield "js-dynamic-import", given[0], node.start_byte, node.end_byte


def _reference(content: bytes, kind: Kind, literal: Node, whole_start: int, whole_end: int) -> Reference | None:
    if literal.has_error or literal.type not in ("string", "template_string"):
        return None
    if any(part.type == "template_substitution" for part in literal.children):
        return None
    start = literal.start_byte + 1
    path, length = _path(content[start : literal.end_byte - 1])
    if not path.startswith(("./", "../", "/")) or not urls.is_local(path):
        return None
    return Reference(kind, path, start, start + length, whole_start, whole_end)


def _path(raw: bytes) -> tuple[str, int]:
    """The path of the URL that a string literal holds, and how many of its raw bytes that path takes."""
    text, end = [], 0
    for match in _PIECE.finditer(raw):
        piece = _unescape(match[0].decode("utf-8", "surrogateescape"))
        if piece in ("?", "#"):
            break
        text.append(piece)
        end = match.end()
    return "".join(text), end


def _unescape(piece: str) -> str:
    """One escape sequence as the character it stands for; any other text as it is."""
    if not piece.startswith("\\"):
        return piece
    body = piece[1:]
    if body[0] in "ux" and len(body) > 1:
        codes = [int(digits, 16) for digits in re.findall("[ux]{?([0-9a-fA-F]+)", piece)]
        if len(codes) == 2:
            return chr(0x10000 + ((codes[0] - 0xD800) << 10) + (codes[1] - 0xDC00))
        # Half a character alone goes into a URL as the replacement character (URL Standard).
        return "\ufffd" if 0xD800 <= codes[0] < 0xE000 or codes[0] > 0x10FFFF else chr(codes[0])
    if body[0] in "01234567":
        return chr(int(body, 8))
    return "" if body in _LINE_ENDS else _NAMED_ESCAPES.get(body, body)
