"""Whole statements of a style sheet at once, where no token in them can name a file, nor change how others are read.

For who looks for the names of files: what is matched here is balanced and whole, and holds no `url(`, `src(`,
`image-set(` or `@import` but for URLs of other sites and `data:`. What is not matched must be read token by token
(syntax.css); that is always right, and slower. Time is linear: the next byte always decides how a pattern goes on.
"""

from __future__ import annotations

from collections.abc import Iterator

from assetbuild.model import Kind
from assetbuild.named import NamedTuple
from assetbuild.syntax.css import (
    COMMENT,
    HEX_END,
    MANY,
    NAME_CHAR,
    STRING,
    TIMES,
    URL_CHARS,
    WHITESPACE,
    any_but,
    compiled,
)

_FOREIGN = rb"(?:[dD][aA][tT][aA]:|#|[hH][tT][tT][pP][sS]?:|//)"
# Escapes that spell a letter or a hyphen, of which alone the words in question consist; and some others.
_SPELLED = rb"(?:[g-zG-Z\-]|0{0,3}(?:2[dD]|[4-7][0-9A-Fa-f])(?![0-9A-Fa-f])|0000(?:2[dD]|[4-7][0-9A-Fa-f]))"
_SPACE = WHITESPACE + MANY
_RUN = any_but(b"\"'()[]{};@/\\") + MANY
_BLOCK_RUN = any_but(b"\"'()[]{}@/\\") + MANY
# These match half as fast as such ranges do, but are compiled twice as fast: for what is short.
_SHORT_RUN = rb"[^\"'()[\]{};@/\\]" + MANY
_SHORT_STRING = b"|".join(
    quote + rb"[^\\\n\r\f" + quote + rb"]*(?:\\[^\r][^\\\n\r\f" + quote + rb"]*)" + TIMES + quote
    for quote in (b'"', b"'")
)
_SLASH = rb"/(?!\*)"
# Of marks and digits, as in `.md\:a`, `.\31 0` and `\9`. What follows is no function.
_ESCAPED = (
    rb"\\(?:[^0-9A-Za-z\-\n\r\f]|(?:[0-9]|3[0-9])(?![0-9A-Fa-f])" + HEX_END + rb")"
    + NAME_CHAR + MANY + rb"(?!" + NAME_CHAR + rb"|\()"
)  # fmt: skip
# `url(` opens an unquoted URL only where it is a whole name.
_WHOLE = rb"\((?<=[^A-Za-z0-9_\-\x00\x80-\xff#@\\][uU][rR][lL]\()" + _SPACE
_FOREIGN_URL = _WHOLE + rb"(?=" + _FOREIGN + rb")" + URL_CHARS + _SPACE + rb"\)"
_QUOTED_FOREIGN = rb"[\"']" + _FOREIGN
# Not behind some names that mean nothing either, `urc` and `srl`: what is shorter is compiled faster.
_NO_URL = rb"(?<![uUsS][rR][lLcC]\()(?<!-[sS][eE][tT]\()"
_OPEN = rb"\(" + _NO_URL
# Two cases that exclude each other, or `re` would try both ways for each bracket.
_OPEN_OR_FOREIGN = rb"\((?:" + _NO_URL + rb"|(?<=[uU][rR][lL]\()(?=" + _SPACE + _QUOTED_FOREIGN + rb"))"


def _sequence(run: bytes, *atoms: bytes) -> bytes:
    return run + rb"(?:(?:" + rb"|".join(atoms) + rb")" + run + rb")" + TIMES


# Each copy of a pattern in another is compiled anew: so in brackets there is only what often occurs there.
_SQUARE = rb"\[" + _SHORT_RUN + rb"(?:(?:\"[^\"\\\n\r\f]*\"|'[^'\\\n\r\f]*')" + _SHORT_RUN + rb")?\]"
_SELECTORS = _OPEN + _sequence(_SHORT_RUN, _SQUARE, _SLASH) + rb"\)"
_NESTED_SELECTORS = _OPEN + _sequence(_SHORT_RUN, _SELECTORS, _SQUARE, _SLASH) + rb"\)"
_VALUES = _OPEN + _sequence(_SHORT_RUN, _SLASH) + rb"\)"
_NESTED_VALUES = _OPEN + _sequence(_SHORT_RUN, _VALUES, _SLASH) + rb"\)"
_BRACKETED = _OPEN_OR_FOREIGN + _sequence(_RUN, _VALUES, STRING, _SLASH) + rb"\)"
_DEEP_BRACKETED = _OPEN_OR_FOREIGN + _sequence(_RUN, _NESTED_VALUES, STRING, _SLASH) + rb"\)"
_NO_IMPORT = rb"@(?![iI][mM][pP])"
_BLOCK = (
    rb"\{"
    + _sequence(
        _BLOCK_RUN, _DEEP_BRACKETED, _SHORT_STRING, _SLASH, COMMENT, _SQUARE, _ESCAPED, _FOREIGN_URL, _NO_IMPORT
    )
    + rb"\}"
)
# How a statement starts. Not with two hyphens, since the block of a custom property is a value.
_START = rb"(?:(?=[^ \t\r\n\f/<\-\"'(){};\\@]|-[^\-\\])|" + _NO_IMPORT + rb")"
_PRELUDE = _START + _sequence(_RUN, _NESTED_SELECTORS, _SQUARE, _ESCAPED)
_RULES = (
    rb"(?:" + WHITESPACE + rb"+|" + COMMENT + rb"|" + _PRELUDE + _BLOCK + rb")" + TIMES
    + rb"(?:(" + _START + _sequence(_RUN, _SELECTORS, _SQUARE) + rb"\{)|(\})|)"
)  # fmt: skip
_URL = _WHOLE + rb"(?:(?!" + _QUOTED_FOREIGN + rb")(?:" + _SHORT_STRING + rb")|" + URL_CHARS + rb")" + _SPACE + rb"\)"
_DECLARATION = (
    rb"(?:(?=[A-Za-z_*])|-(?!->))"
    + _sequence(_RUN, _URL, _BRACKETED, _SHORT_STRING, _SLASH, COMMENT, _ESCAPED)
    + rb"(?:;|(?=\}))"
)
_DECLARATIONS = rb"(?:[ \t\r\n\f;]+|" + COMMENT + rb"|" + _DECLARATION + rb")" + TIMES + rb"(\})?"
_BETWEEN = rb"[ \t\r\n\f;]*(?:" + COMMENT + rb"[ \t\r\n\f;]*)" + TIMES + rb"(--)?"
# In declarations that are known to be plain.
_DOUBLE_QUOTED, _SINGLE_QUOTED = (
    rb"[^\\" + quote + rb"]*(?:\\.[^\\" + quote + rb"]*)" + TIMES for quote in (b'"', b"'")
)
_URLS = (
    _WHOLE + rb"(?:\"(" + _DOUBLE_QUOTED + rb")\"|'(" + _SINGLE_QUOTED + rb")'|(" + URL_CHARS + rb"))" + _SPACE + rb"\)"
    rb"|" + COMMENT + rb"|\\.|\"" + _DOUBLE_QUOTED + rb"\"|'" + _SINGLE_QUOTED + rb"'"
)  # fmt: skip
_URLS_AND_STARTS = _URLS + rb"|(;)" + _BETWEEN
_NOT_FOREIGN = rb"(?!" + WHITESPACE + rb"*[\"']?" + _FOREIGN + rb")"
_FUNCTION_SIGN = (
    rb"\((?<=[lctLCT]\()(?:(?<=[uU][rR][lL]\()" + _NOT_FOREIGN
    + rb"|(?<=[sS][rR][cC]\()|(?<=[eE]-[sS][eE][tT]\())"
)  # fmt: skip
# Of what is rare; each with the byte that it starts with.
_SIGNS = (
    (b"@", rb"@[iI][mM][pP][oO][rR][tT]" + _NOT_FOREIGN + rb"(?!" + WHITESPACE + rb"*[uU][rR][lL]\()"),
    (b"\\", rb"\\" + _SPELLED),
)


class Url(NamedTuple):
    """`start:end` is what the quotes or parentheses hold."""

    kind: Kind
    start: int
    end: int
    whole_start: int
    whole_end: int
    in_string: bool


def last_sign(content: bytes) -> int:
    """Where the last sign stands that a file may be named: no statement that starts behind it names one. -1: none."""
    # The pattern starts with a byte that `re` looks for as fast as memory is read.
    last = max((match.start() for match in compiled(_FUNCTION_SIGN).finditer(content)), default=-1)
    for byte, sign in _SIGNS:
        at = content.rfind(byte, last + 1)
        while at >= 0 and not compiled(sign).match(content, at):
            at = content.rfind(byte, last + 1, at)
        last = max(last, at)
    return last


def plain_urls(content: bytes, at: int, depth: int, last: int) -> tuple[list[Url], int, int]:
    """What plain statements name from the start of one on, which is in `depth` blocks, where the first other statement
    starts, or the first one behind `last`, and in how many blocks that is."""
    urls: list[Url] = []
    rules, declarations = compiled(_RULES), compiled(_DECLARATIONS)
    while at <= last:
        if depth:
            match = declarations.match(content, at)
            assert match, "it matches the empty string"
            end = match.end()
            if content.find(b"(", at, end) >= 0:
                urls += _declared(content, at, end)
            at = end
            if match.lastindex:
                depth -= 1
                continue
        match = rules.match(content, at)
        assert match, "it matches the empty string"
        mark = match.lastindex
        if not mark or (mark == 2 and not depth):
            return urls, match.end() if not mark else match.start(2), depth
        at = match.end()
        depth += 1 if mark == 1 else -1
    return urls, at, depth


def _declared(content: bytes, at: int, end: int) -> Iterator[Url]:
    """The URLs of plain declarations."""
    kind: Kind = "css-url"
    pattern = _URLS
    if content.find(b"--", at, end) >= 0:
        pattern, between = _URLS_AND_STARTS, compiled(_BETWEEN).match(content, at, end)
        kind = "css-custom-property" if between and between.lastindex else "css-url"
    for found in compiled(pattern).finditer(content, at, end):
        group = found.lastindex
        if not group:
            continue
        if group < 4:
            yield Url(kind, found.start(group), found.end(group), found.start() - 3, found.end(), group < 3)
        else:
            kind = "css-custom-property" if group == 5 else "css-url"
