"""A style sheet cut at its `{`, `}` and `;`, fast; or not at all, where it is not plain.

Plain is a file whose brackets are closed as they were opened, with nothing broken, no blocks but those of rules and no
`<!--`: nearly every real one. For what else there may be the tokens must be looked at one by one (css_reader).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from assetbuild.syntax.css import (
    COMMENT,
    ESCAPE,
    MANY,
    NAME_CHAR,
    STRING_ESCAPE,
    TIMES,
    URL_CHARS,
    UTF8_BOM,
    WHITESPACE,
    any_but,
)

MAX_DEPTH = 32  # of blocks
NESTED = 6  # parentheses, one in the other


class NotPlainError(Exception):
    """Nothing is known about the style sheet."""


# No alternative can match in two ways, and the end of a piece is optional: so `re` never goes back, and time is linear.
# The limit is for memory, since `re` keeps something for each repetition until the match is over.
_TIMES = rb"{0,500}"
_PLAIN = any_but(b"\"'()[]{};/\\") + b"*"
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
_COMMENTS = rb"((?:" + COMMENT + _SPACE + rb")" + _TIMES + rb")"
_PIECE = _SPACE + _COMMENTS + rb"(" + _sequence(_ATOM, _bracketed) + rb")([{};]?)"

# Rules in which white space beside `{`, `}`, `;`, `,`, `>`, `+`, `~` and `!`, after `:`, and within round brackets at
# both ends never means anything, since it is not there where it might: no selector has any in brackets or after a `:`,
# no value has a combinator, no string or custom property has any beside these signs, nor two spaces in a row. What is
# no such rule, css_plain looks at statement by statement.
_ASIDE = _SPACE + rb"(?:(?!/\*!)" + COMMENT + _SPACE + rb")" + TIMES
_NAMES = rb"[A-Za-z0-9_.%#*\-]" + MANY
_WORD = rb"[A-Za-z_\-][A-Za-z0-9_\-]*"
_SPACE_IN_STRING = rb" (?=[A-Za-z0-9\"'])(?<=[A-Za-z0-9\"'] )"
_SIMPLE_STRING = b"|".join(
    quote + rb"(?:" + any_but(bytes(range(0x21)) + b"\\*{}\x7f" + quote) + rb"|" + _SPACE_IN_STRING
    + rb"|\\(?=[0-9A-Za-z]))" + MANY + quote
    for quote in (b'"', b"'")
)  # fmt: skip
_SELECTOR = (
    rb"(?=[A-Za-z0-9.#:\[]|\*(?![*_\-]))" + _NAMES + rb"(?:(?:" + WHITESPACE + rb"|,|:(?=[A-Za-z:\-])"
    rb"|[>+~](?=" + _SPACE + rb"(?:[A-Za-z#:*\[]|\.[A-Za-z_\-]))|\([A-Za-z0-9_.#:=+%\-]*\)|\\[:./](?=[A-Za-z0-9_\-])"
    rb"|\[" + _WORD + rb"(?:[~|^$*]?=(?:" + _WORD + rb"|" + _SIMPLE_STRING + rb"))?\])" + _NAMES + rb")" + TIMES
)
_VALUE_CHARS = rb"[A-Za-z0-9_.%#,=*! \t\r\n\f\-]" + MANY
_CALL = rb"\((?<![uU][rR][lL]\()(?<![sS][tT][yY][lL][eE]\()(?<![sS][eE][lL][eE][cC][tT][oO][rR]\()"
_SIMPLE_URL = rb"\((?<=[uU][rR][lL]\()(?:[A-Za-z0-9_.:,;/?#=&%+\-]" + MANY + rb"|" + _SIMPLE_STRING + rb")\)"


def _value(*atoms: bytes) -> bytes:
    return _VALUE_CHARS + rb"(?:(?:" + rb"|".join((rb"/(?!\*)", *atoms)) + rb")" + _VALUE_CHARS + rb")" + TIMES


_flat = _CALL + _value() + rb"\)"
_nested = _CALL + _value(_flat, _SIMPLE_STRING) + rb"\)"
_CUSTOM_CHARS = rb"(?:[A-Za-z0-9_.%#,\-]| (?=[A-Za-z0-9])(?<=[A-Za-z0-9] ))"
_CUSTOM_PROPERTY = (
    rb"--[A-Za-z0-9_\-]*:" + _SPACE + rb"(?![ \t\r\n\f;}])" + _CUSTOM_CHARS + MANY
    + rb"(?:\(" + _CUSTOM_CHARS + MANY + rb"\)" + _CUSTOM_CHARS + MANY + rb")" + TIMES + _SPACE
)  # fmt: skip
_DECLARATION = _CUSTOM_PROPERTY + (
    rb"|\*?-?[A-Za-z_][A-Za-z0-9_\-]*:" + _SPACE + rb"(?![ \t\r\n\f;}])"
    + _value(_CALL + _value(_nested) + rb"\)", _SIMPLE_STRING, _SIMPLE_URL, rb"\\[0-9A-Fa-f]{1,5}(?=[;}])")
)  # fmt: skip
_RULE = (
    _SELECTOR + rb"\{" + _ASIDE + rb"(?:(?:" + _DECLARATION + rb");" + _ASIDE + rb")" + TIMES
    + rb"(?:" + _DECLARATION + rb")?\}" + _ASIDE
)  # fmt: skip
_RULES = _ASIDE + rb"((?:" + _RULE + rb")" + TIMES + rb")"  # maybe none

_CUSTOM = re.compile(rb"[*_+/$!]*(?:--|\\)")
_SPACES = b" \t\r\n\f"


def pieces(content: bytes, *, rules: bool = False) -> Iterator[re.Match[bytes]]:
    """Matches of three groups: comments, what follows them, and the mark `{`, `}` or `;` that ends it.

    What follows never starts with white space or a comment. At the top level a `;` ends at-rules only, and so does the
    end of the file, where there is no mark. With `rules` there are also matches of one group, several rules.
    Raises NotPlainError, maybe after many pieces.
    """
    if b"<!--" in content or b"-->" in content:
        raise NotPlainError
    depth = 0
    at = len(UTF8_BOM) if content.startswith(UTF8_BOM) else 0
    piece, rule = _pattern(_PIECE).match, _pattern(_RULES).match
    may_be_rule = rules
    while at <= len(content):
        match = rule(content, at) if may_be_rule else None
        if match and match[1]:
            yield match
            at = match.end()
            continue
        match = piece(content, at)
        assert match, "it matches the empty string"
        at = match.end()
        mark = match[3]
        may_be_rule = False
        if mark == b"{":
            depth += 1
            body = match[2]
            may_be_rule = rules and body.startswith(b"@")
            if depth > MAX_DEPTH or (not body.startswith(b"@") and _may_be_value(body)):
                raise NotPlainError
        elif mark == b"}":
            depth -= 1
            may_be_rule = rules
            if depth < 0:
                raise NotPlainError
        elif mark:
            may_be_rule = rules and not depth
            if not depth and not match[2].startswith(b"@"):
                raise NotPlainError
        elif at < len(content) or (match[2] and (depth or not match[2].startswith(b"@"))):
            raise NotPlainError
        yield match
        if not mark:
            break
    if depth:
        raise NotPlainError


@cache
def _pattern(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)  # takes 0.04 s, which only those who minify are to pay


def _may_be_value(prelude: bytes) -> bool:
    """Whether a block after this may be the value of a declaration or of a custom property, and not a rule's."""
    return prelude.rstrip(_SPACES).endswith((b":", b"*/")) or _CUSTOM.match(prelude) is not None
