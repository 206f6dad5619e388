"""A style sheet cut at its `{`, `}` and `;`, fast; or not at all, where it is not plain.

Plain is a file whose brackets are closed as they were opened, with nothing broken, no blocks but those of rules and no
`<!--`: nearly every real one. For what else there may be the tokens must be looked at one by one (css_reader).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from assetbuild.syntax.css import ESCAPE, NAME_CHAR, STRING_ESCAPE, URL_CHARS, UTF8_BOM, WHITESPACE

MAX_DEPTH = 32  # of blocks
NESTED = 6  # parentheses, one in the other


class NotPlainError(Exception):
    """Nothing is known about the style sheet."""


# No alternative can match in two ways, and the end of a piece is optional: so `re` never goes back, and time is linear.
# The limit is for memory, since `re` keeps something for each repetition until the match is over.
_TIMES = rb"{0,500}"
_PLAIN = rb"[^\"'()\[\]{};/\\]*"
_SPACE = WHITESPACE + rb"*"
_DOUBLE_QUOTED = rb'"[^"\\\n\r\f]*(?:' + STRING_ESCAPE + rb'[^"\\\n\r\f]*)' + _TIMES + rb'"'
STRING = _DOUBLE_QUOTED + rb"|" + _DOUBLE_QUOTED.replace(b'"', b"'")
_QUOTED_URL = _SPACE + rb"(?:" + STRING + rb")" + _SPACE + rb"\)"
BARE_URL = _SPACE + URL_CHARS + rb"(?:" + ESCAPE + URL_CHARS + rb")" + _TIMES + _SPACE + rb"\)"
# `url(` opens an unquoted URL only where it is a whole name; with a quote behind it is a function like any other.
_WHOLE_NAME = rb"(?<=[^A-Za-z0-9_\-\x00\x80-\xff#@\\][uU][rR][lL]\()"
_URL = rb"(?<=[uU][rR][lL])\((?:" + _QUOTED_URL + rb"|" + _WHOLE_NAME + BARE_URL + rb")"
# A name with an escape in it. Not before `(`, since it may be another spelling of `url`.
_ESCAPED = rb"(?!\\\Z)" + ESCAPE + NAME_CHAR + rb"*(?!" + NAME_CHAR + rb"|\()"
_ATOM = STRING + rb"|" + _URL + rb"|/(?:\*.*?\*/|(?!\*))|" + _ESCAPED


def _sequence(*alternatives: bytes) -> bytes:
    return _PLAIN + rb"(?:(?:" + rb"|".join(alternatives) + rb")" + _PLAIN + rb")" + _TIMES


_OPEN = rb"(?<![uU][rR][lL])\("
_bracketed = _SQUARE = rb"\[" + _sequence(_ATOM) + rb"\]"
for _ in range(NESTED):
    _bracketed = _SQUARE + rb"|" + _OPEN + _sequence(_ATOM, _bracketed) + rb"\)"
_COMMENTS = rb"((?:/\*.*?\*/" + _SPACE + rb")" + _TIMES + rb")"
_PIECE = _SPACE + _COMMENTS + rb"(" + _sequence(_ATOM, _bracketed) + rb")([{};]?)"

_CUSTOM = re.compile(rb"[*_+/$!]*(?:--|\\)")
_SPACES = b" \t\r\n\f"


def pieces(content: bytes) -> Iterator[re.Match[bytes]]:
    """Matches of three groups: comments, what follows them, and the mark `{`, `}` or `;` that ends it.

    What follows never starts with white space or a comment. At the top level a `;` ends at-rules only, and so does the
    end of the file, where there is no mark. Raises NotPlainError, maybe after many pieces.
    """
    if b"<!--" in content or b"-->" in content:
        raise NotPlainError
    depth = 0
    for match in _pattern().finditer(content, len(UTF8_BOM) if content.startswith(UTF8_BOM) else 0):
        mark = match[3]
        if mark == b"{":
            depth += 1
            body = match[2]
            if depth > MAX_DEPTH or (not body.startswith(b"@") and _may_be_value(body)):
                raise NotPlainError
        elif mark == b"}":
            depth -= 1
            if depth < 0:
                raise NotPlainError
        elif mark:
            if not depth and not match[2].startswith(b"@"):
                raise NotPlainError
        elif match.end() < len(content) or (match[2] and (depth or not match[2].startswith(b"@"))):
            raise NotPlainError
        yield match
    if depth:
        raise NotPlainError


@cache
def _pattern() -> re.Pattern[bytes]:
    return re.compile(_PIECE, re.DOTALL)  # takes 0.04 s, which only those who minify are to pay


def _may_be_value(prelude: bytes) -> bool:
    """Whether a block after this may be the value of a declaration or of a custom property, and not a rule's."""
    return prelude.rstrip(_SPACES).endswith((b":", b"*/")) or _CUSTOM.match(prelude) is not None
