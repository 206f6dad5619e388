"""JavaScript bytes -> whether, and near which words, there may be references: this decides if a parse is worth it.

Says yes too often, in prose and strings, but never wrongly no. Each pattern begins with a plain word, for which `re`
searches ten times as fast, and reads white space in one run only, so that time grows with the file alone.
"""

from __future__ import annotations

import re

_SPACE = rb"[\s\x80-\xff]*"  # bytes from 0x80 may be Unicode's white space
_COMMENT = rb"/[/*]"
_IMPORT_WORD = rb"import(?<![\w$]import)" + _SPACE

# A word, what may stand between it and a specifier, and the specifier's first character or that of a comment. In
# `import(...)` anything but a plain package may lead to one: more parentheses, a condition.
_FROM = re.compile(rb"from(?<![\w$]from)" + _SPACE + rb"([\"'][./\\]|" + _COMMENT + rb")")
_IMPORT = re.compile(
    _IMPORT_WORD + rb"([\"'][./\\]|\(" + _SPACE + rb"(?:[\"'`][./\\]|[^\s\x80-\xff\"'`)])|" + _COMMENT + rb")"
)
_PHASE = re.compile(_IMPORT_WORD + rb"\." + _SPACE + rb"(?:defer|source)")
_META = re.compile(_IMPORT_WORD + rb"(?:\." + _SPACE + rb"meta|(?:\." + _SPACE + rb")?" + _COMMENT + rb")")
_URL = re.compile(rb"URL(?<![\w$]URL)(?![\w$])")
_IMPORT_SCRIPTS = re.compile(
    rb"importScripts(?<![\w$]importScripts)(?=" + _SPACE + rb"(?:[()]|\?\.|" + _COMMENT + rb"))"
)
_CALL = re.compile(_IMPORT_WORD + rb"(?=\(|" + _COMMENT + rb")")

# Comments are read through up to these limits. Beyond them the parser decides, in time that grows with the file.
_COMMENTS = 16
_COMMENT_LENGTH = 1_000
_LINE_END = re.compile(rb"[\r\n]|\xe2\x80[\xa8\xa9]")
_BLOCK_END = re.compile(rb"\*/")
_NEXT = re.compile(_SPACE + rb"(/[/*]|[\"'`(.])?")

# What the grammar lacks: attributes of an export, the older `assert`, and the phases of an import. On one line, with
# plain values and without comments: so that all of a match is code, or none of it.
_VALUE = rb"(?:\"[\w.+-]*\"|'[\w.+-]*')[ \t]*"
_PAIR = rb"(?:[\w$]+[ \t]*|" + _VALUE + rb"):[ \t]*" + _VALUE
_ATTRIBUTES = rb"[ \t]*\{[ \t]*(?:" + _PAIR + rb"(?:,[ \t]*" + _PAIR + rb")*,?[ \t]*)?\})"
_NEWS = (
    re.compile(rb"(with" + _ATTRIBUTES),
    re.compile(rb"(assert" + _ATTRIBUTES),
    re.compile(rb"import(?<![\w$.]import)[ \t]*(\.[ \t]*(?:defer|source))[ \t]*\("),
    re.compile(rb"import(?<![\w$.]import)[ \t]+(defer)[ \t]*\*"),
    re.compile(rb"import(?<![\w$.]import)[ \t]+(source)[ \t]+[\w$\x80-\xff]+[ \t]+from(?![\w$])"),
)

# The pieces of a static import or export; each can be read in one way only, so `re` never looks for another.
_LINE_COMMENT = rb"//(?:(?!\xe2\x80[\xa8\xa9])[^\r\n])*(?=[\r\n]|\xe2\x80[\xa8\xa9]|\Z)"
_BLOCK_COMMENT = rb"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/"
_UNICODE_SPACE = rb"\xc2\xa0|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80|\xef\xbb\xbf"
_GAP = re.compile(rb"(?:\s|" + _UNICODE_SPACE + rb"|" + _LINE_COMMENT + rb"|" + _BLOCK_COMMENT + rb")*")
_STRING = rb"\"(?:[^\"\\\r\n]|\\(?s:\r\n|.))*\"|'(?:[^'\\\r\n]|\\(?s:\r\n|.))*'"
_NAMES = rb"\{(?:[^{}\"'/]|" + _STRING + rb"|" + _LINE_COMMENT + rb"|" + _BLOCK_COMMENT + rb")*\}"
_PIECE = re.compile(rb"(" + _STRING + rb")|" + _NAMES + rb"|[*,]|(?:(?!" + _UNICODE_SPACE + rb")[\w$\\\x80-\xff])+")
_PIECES = 8  # `import a, {b} from "./c"` has five


def may_name(content: bytes) -> bool:
    """Whether a parse is worth its time: yes for every file with a reference, and for few others."""
    return _imports(content) or _resolves_urls(content) or _IMPORT_SCRIPTS.search(content) is not None


def offsets(content: bytes) -> list[int]:
    """Where a word begins, `import`, `URL` or `importScripts`, that a call with a reference holds; sorted."""
    patterns = [_CALL, _IMPORT_SCRIPTS, *([_URL] if _resolves_urls(content) else [])]
    return sorted(match.start() for pattern in patterns for match in pattern.finditer(content))


def plain(content: bytes) -> bytes:
    """`content` with what the grammar does not know overwritten by spaces; every offset stays.

    In strings, templates, regular expressions and comments this changes text that nobody reads here.
    """
    for pattern in _NEWS:
        content = pattern.sub(_blank, content)
    return content


def specifier(content: bytes, offset: int) -> tuple[int, int] | None:
    """Where the static import or export at `offset` has its specifier, quotes included; None if none is there."""
    is_import = content.startswith(b"import", offset)
    last, offset = b"", offset + len(b"import")
    for _ in range(_PIECES):
        gap = _GAP.match(content, offset)
        piece = _PIECE.match(content, gap.end()) if gap else None
        if piece is None or not (last or is_import or piece[0].startswith((b"*", b"{"))):
            break
        if piece[1] and (last == b"from" or (is_import and not last)):
            return piece.span()
        if piece[1] and last != b"as":
            break
        last, offset = piece[0], piece.end()
    return None


def _blank(match: re.Match[bytes]) -> bytes:
    start, end = match.start(1) - match.start(), match.end(1) - match.start()
    return match[0][:start] + b" " * (end - start) + match[0][end:]


def _imports(content: bytes) -> bool:
    for pattern in (_FROM, _IMPORT):
        for match in pattern.finditer(content):
            if not match[1].startswith(b"/") or _specifier_follows(content, match.start(1)):
                return True
    return _PHASE.search(content) is not None


def _resolves_urls(content: bytes) -> bool:
    return _URL.search(content) is not None and _META.search(content) is not None


def _specifier_follows(content: bytes, offset: int) -> bool:
    """Whether a string, or what may lead to one, may follow the comments at `offset`."""
    for _ in range(_COMMENTS):
        close = _LINE_END if content.startswith(b"//", offset) else _BLOCK_END
        end = close.search(content, offset + 2, offset + _COMMENT_LENGTH)
        match = _NEXT.match(content, end.end()) if end else None
        if match is None:
            break
        if not match[1] or not match[1].startswith(b"/"):
            return match[1] is not None
        offset = match.start(1)
    return True
