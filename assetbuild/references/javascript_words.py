"""JavaScript bytes -> whether, and near which words, there may be references: this decides if a parse is worth it.

Says yes too often, in prose and strings, but wrongly no for no legal file. Each pattern begins with a plain word, for
which `re` searches ten times as fast, and reads white space in one run only, so that time grows with the file alone.
What is needed is compiled when it is (`re` remembers).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator

from assetbuild.patterns import regex

_SPACE = rb"[\s\x80-\xff]*"  # bytes from 0x80 may be Unicode's white space
_COMMENT = rb"/[/*]"
_IMPORT_WORD = rb"import(?<![\w$]import)" + _SPACE

# The rest of a call without a literal in it. Nor is there a comment, be it `<!--` or `-->`, that hides a parenthesis.
_UNQUOTED = rb"[^()\"'`/<>]*(?:\([^()\"'`/<>]*\)[^()\"'`/<>]*){0,9}\)"

# A word, what may stand between it and a specifier, and the specifier's first character or that of a comment. In
# `import(...)` anything but a plain package may lead to one: more parentheses, a condition.
_FROM = rb"from(?<![\w$]from)" + _SPACE + rb"([\"'][./\\]|" + _COMMENT + rb")"
_IMPORT = _IMPORT_WORD + rb"([\"'][./\\]|\((?!%(u)b)%(s)b(?:[\"'`][./\\]|[^\s\x80-\xff\"'`)])|%(c)b)" % {
    b"u": _UNQUOTED,
    b"s": _SPACE,
    b"c": _COMMENT,
}
_PHASE = _IMPORT_WORD + rb"\." + _SPACE + rb"(?:defer|source)"
_META = _IMPORT_WORD + rb"(?:\." + _SPACE + rb"meta|(?:\." + _SPACE + rb")?" + _COMMENT + rb")"
_URL = rb"URL(?<![\w$]URL)(?![\w$])"
_IMPORT_SCRIPTS = (
    rb"importScripts(?<![\w$]importScripts)(?=[\s\x80-\xff)]*(?:\((?!" + _UNQUOTED + rb")|\?\.|" + _COMMENT + rb"))"
)
# One search for the words that all of the above but _URL need: `import` with, in the group, what the others than _FROM
# need behind it, or with the beginning of a clause; and `export` with that of a list. It begins with what both words
# share: `re` is as fast as the first letter is rare, and `i` and `e` are not.
_WORD = (
    rb"port(?:(?<=(?<![\w$])import)(?:(?=(Scripts|%(s)b(?:[\"'(.]|%(c)b)))|(?![\w$])(?=%(s)b[\w$\\{*,]))"
    rb"|(?<=export)(?=%(s)b(?:[{*]|%(c)b)))" % {b"s": _SPACE, b"c": _COMMENT}
)
_CALL = _IMPORT_WORD + rb"(?=\(|" + _COMMENT + rb")"

# Comments are read through up to these limits. Beyond them the parser decides, in time that grows with the file.
_COMMENTS = 16
_COMMENT_LENGTH = 1_000
_LINE_END = regex(rb"[\r\n\xe2](?:(?<!\xe2)|\x80[\xa8\xa9])")  # one class first: `re` searches for it fast
_BLOCK_END = regex(rb"\*/")
_NEXT = regex(_SPACE + rb"(/[/*]|[\"'`(.])?")

# What the grammar lacks: attributes of an export, the older `assert`, and the phases of an import. On one line, with
# plain values and without comments: so that all of a match is code, or none of it.
_VALUE = rb"(?:\"[\w.+-]*\"|'[\w.+-]*')[ \t]*"
_PAIR = rb"(?:[\w$]+[ \t]*|" + _VALUE + rb"):[ \t]*" + _VALUE
_ATTRIBUTES = rb"[ \t]*\{[ \t]*(?:" + _PAIR + rb"(?:,[ \t]*" + _PAIR + rb")*,?[ \t]*)?\})"
_NEWS = (
    rb"(with" + _ATTRIBUTES,
    rb"(assert" + _ATTRIBUTES,
    rb"import(?<![\w$.]import)[ \t]*(\.[ \t]*(?:defer|source))[ \t]*\(",
    rb"import(?<![\w$.]import)[ \t]+(defer)[ \t]*\*",
    rb"import(?<![\w$.]import)[ \t]+(source)[ \t]+[\w$\x80-\xff]+[ \t]+from(?![\w$])",
)

# The pieces of a static import or export. Repeats are bounded where each is more than a byte: `re` takes 120 bytes of
# memory for one, and no path has as many characters as a string may have escapes.
_UNICODE_SPACE = rb"(?:\xc2\xa0|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80|\xef\xbb\xbf)"
_BLANKS = 999  # bytes at least, if a match of the following is not all that is there
_BLANK = regex(rb"\s*(?:" + _UNICODE_SPACE + rb"\s*){0,999}")
STRING = (
    rb"(?:\"[^\"\\\r\n]*(?:\\(?s:\r\n|.)[^\"\\\r\n]*){0,9999}\""
    rb"|'[^'\\\r\n]*(?:\\(?s:\r\n|.)[^'\\\r\n]*){0,9999}')"
)
LINE_COMMENT = rb"//[^\r\n\xe2]*(?:\xe2(?!\x80[\xa8\xa9])[^\r\n\xe2]*){0,999}(?=[\r\n]|\xe2\x80[\xa8\xa9]|\Z)"
BLOCK_COMMENT = rb"/\*[^*]*\*+(?:[^/*][^*]*\*+){0,999}/"
TEMPLATE_TEXT = rb"[^`\\$]*(?:(?:\\(?s:.)|\$(?!\{))[^`\\$]*){0,999}"
TEMPLATE = rb"`" + TEMPLATE_TEXT + rb"`"
_PIECE = rb"(" + STRING + rb")|[{*,]|(?:[\w$\\]+|(?!" + _UNICODE_SPACE + rb")[\x80-\xff]){1,9999}"
_LISTED = rb"[^{}\"'/]*(?:" + STRING + rb"[^{}\"'/]*){0,999}"
_PIECES = 8  # `import a, {b} from "./c"` has five


def candidates(content: bytes) -> dict[int, int]:
    """Where the words are that may lead to a reference, and where each has its specifier's quote.

    -1 where none follows directly. Empty for a file that names nothing: then a parse is not worth its time.
    """
    imports, clause = _words(content)
    named = list(_specifiers(re.compile(_FROM).finditer(content, clause), content)) if clause >= 0 else []
    if not named and not imports:
        return {}
    resolves = _resolves_urls(content, imports)
    patterns = (_PHASE, _IMPORT_SCRIPTS, *((_META,) if resolves else ()))
    found = {match.start(): -1 for pattern in patterns for match in _matches(pattern, content, imports)}
    if resolves:
        found |= {match.start(): -1 for match in re.finditer(_URL, content)}
    for match in (*named, *_specifiers(_matches(_IMPORT, content, imports), content)):
        found[match.start()] = match.start(1) if match[1].startswith((b'"', b"'")) else -1
    return found


def offsets(content: bytes) -> list[int]:
    """Where a word begins, `import`, `URL` or `importScripts`, that a call with a reference holds; sorted."""
    resolves = _resolves_urls(content, _words(content)[0])
    patterns = [_CALL, _IMPORT_SCRIPTS, *([_URL] if resolves else [])]
    return sorted(match.start() for pattern in patterns for match in re.finditer(pattern, content))


def plain(content: bytes) -> bytes:
    """`content` with what the grammar does not know overwritten by spaces; every offset stays.

    In strings, templates, regular expressions and comments this changes text that nobody reads here.
    """
    for pattern in _NEWS:
        content = re.sub(pattern, _blank, content)
    return content


def specifier(content: bytes, offset: int) -> tuple[int, int] | None:
    """Where the static import or export at `offset` has its specifier, quotes included; None if none is there."""
    is_import = content.startswith(b"import", offset)
    last, offset = b"", offset + len(b"import")
    for _ in range(_PIECES):
        piece = re.compile(_PIECE).match(content, gap_end(content, offset))
        if piece is None or not (last or is_import or piece[0] in (b"*", b"{")):
            break
        if piece[1] and (last == b"from" or (is_import and not last)):
            return piece.span()
        if piece[1] and last != b"as":
            break
        last, offset = piece[0], _list_end(content, piece.end()) if piece[0] == b"{" else piece.end()
        if offset < 0:
            break
    return None


def gap_end(content: bytes, offset: int) -> int:
    """Where the white space and comments end that stand at `offset`."""
    while True:
        blank = _BLANK.match(content, offset)
        end = blank.end() if blank else offset
        if content.startswith(b"//", end):
            end = line_end(content, end)
        elif content.startswith(b"/*", end):
            close = content.find(b"*/", end + 2)
            if close < 0:
                return end
            end = close + 2
        elif end - offset < _BLANKS:
            return end
        offset = end


def line_end(content: bytes, offset: int, limit: int = sys.maxsize) -> int:
    """Where the line ends in which `offset` is; `limit` where that is before it."""
    match = _LINE_END.search(content, offset, limit)
    return match.start() if match else min(limit, len(content))


def has_line_end(content: bytes, start: int, end: int) -> bool:
    return _LINE_END.search(content, start, end) is not None


def _list_end(content: bytes, offset: int) -> int:
    """Where the list ends whose brace was opened before `offset`; -1 if it holds what such a list cannot."""
    while listed := re.compile(_LISTED).match(content, offset):
        end = listed.end()
        if content.startswith(b"}", end):
            return end + 1
        offset = gap_end(content, end)
        if offset == end:
            break
    return -1


def _blank(match: re.Match[bytes]) -> bytes:
    start, end = match.start(1) - match.start(), match.end(1) - match.start()
    return match[0][:start] + b" " * (end - start) + match[0][end:]


def _words(content: bytes) -> tuple[list[int], int]:
    """Where words begin that may be calls, and where the first one ends that may begin a clause with `from`; or -1."""
    imports, clause = list[int](), -1
    if b"port" not in content:
        return imports, clause
    for match in re.finditer(_WORD, content):
        follows = match[1]
        if follows:
            imports.append(match.start() - len(b"im"))
        if clause < 0 and (not follows or follows.endswith((b"/", b"*"))):
            clause = match.end()
    return imports, clause


def _matches(pattern: bytes, content: bytes, offsets: list[int]) -> Iterator[re.Match[bytes]]:
    match = re.compile(pattern).match
    return filter(None, (match(content, offset) for offset in offsets))


def _specifiers(matches: Iterable[re.Match[bytes]], content: bytes) -> Iterator[re.Match[bytes]]:
    """Those that a specifier may follow."""
    return (one for one in matches if not one[1].startswith(b"/") or _specifier_follows(content, one.start(1)))


def _resolves_urls(content: bytes, imports: list[int]) -> bool:
    return any(_matches(_META, content, imports)) and re.search(_URL, content) is not None


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
