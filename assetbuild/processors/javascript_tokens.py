"""Two JavaScript texts and the tree of the first -> whether the second surely has the same tree, without parsing it.

The proof: the same tokens in the same order, with white space or a comment left wherever two tokens would run together,
and a line end wherever one could end a statement. Each text is brought to one form in which all other gaps are taken
away, and the forms are compared as bytes. A no means 'not proven' and no more than that.

The rule: a gap may be taken away only if neither the language nor tree-sitter's scanner for semicolons, which looks at
comments too, can read its two sides in another way without it. What is seldom is left alone.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from assetbuild.processors import javascript_marks

if TYPE_CHECKING:
    from tree_sitter import Tree

# What stands for what is not code, one byte each. In the code itself none of them may occur.
_STRING, _LINE_COMMENT, _LINES_COMMENT, _REGEX, _TEMPLATE = b"\x02", b"\x03", b"\x04", b"\x05", b"\x06"
_CONTROL = bytes((*range(9), *range(14, 32), 127))

# An escape costs `re` some 100 bytes until its string ends.
_MAX_ESCAPES = 200_000

# Strings and comments; each one begun is read to its end, or to where it had to have one. The last group says that it
# has none: so time is linear whatever the text.
_OPAQUE = re.compile(
    rb"(\"[^\"\\\r\n]*(?:\\(?:\r\n|.)[^\"\\\r\n]*)*(?:\"|())"
    rb"|'[^'\\\r\n]*(?:\\(?:\r\n|.)[^'\\\r\n]*)*(?:'|())"
    rb"|//[^\r\n]*(?:(?=[\r\n])|())"
    rb"|/\*.*?(?:\*/|()\Z))",
    re.DOTALL,
)
_GROUPS = 5  # what `_OPAQUE.split` gives of each match
_LEFT_OVER = (b"<!--", b"-->", b"#!", b"\\")  # what may be read in another way

_LINE_END = re.compile(rb"[\r\n]|\xe2\x80[\xa8\xa9]")
_UNICODE_SPACE = re.compile(
    rb"\xc2[\x85\xa0]|\xe1(?:\x9a\x80|\xa0\x8e)|\xe2(?:\x80[\x80-\x8f\xa8-\xaf]|\x81[\x9f-\xaf])|\xe3\x80\x80|\xef\xbb\xbf"
)
_SPACES = bytes.maketrans(b"\t\v\f\r", b"   \n")

# Every gap as one byte: a space; a line end; `\x03`, a line end with a comment somewhere; `\x04`, a line end within a
# comment only.
_AFTER_LINE_END = re.compile(rb"\n[ \n]+")
_LONG_SPACE = re.compile(rb"  +")
_AFTER_COMMENT = re.compile(rb"[\x03\x04][ \n\x03\x04]*")

_WORD = rb"\w$\\\x80-\xff"
_NO_WORD = rb"(?![" + _WORD + rb"])"
_NOT_AFTER_WORD = rb"(?<![" + _WORD + rb".])"
_NOT_IN = rb"(?!in(?:stanceof)?" + _NO_WORD + rb")"
_NO_EXPONENT_SIGN = rb"(?<![0-9][eE][+\-].)(?<![0-9]\.[eE][+\-].)"
_WITH_NEXT = (b"async", b"await", b"yield", b"using", b"throw")
_ENDING = (b"return", b"break", b"continue")
_NOT_AFTER_BOUND = b"".join(b"(?<!" + word + b".)" for word in (*_WITH_NEXT, *_ENDING))
_OPERAND = _WORD + rb"({\[!~\x02\x06"  # beginnings
_CLOSED = rb")\]}\x02\x06"  # ends

# `(?<=x.)` is the byte before the gap, which is one byte long. No two bytes that a gap may be taken from between stand
# so in any token. By lines, for all gaps: before what closes; after what opens or separates, where no statement
# ends; after operators, before operands, where none ends either; before what can go on but not begin a statement. Then
# for spaces: after what closes; between words and others; after `++`. Last, a line end before a semicolon.
_NEEDLESS = re.compile(
    rb"[ \n\x03\x04](?:(?=[})\],])|(?<=[({\[,;:].)"
    rb"|(?<=[=&|^%!~>?].)(?=[" + _OPERAND + rb"+\-\x05])"
    rb"|(?<=[*/<].)(?=[" + _OPERAND + rb"+\-])"
    rb"|(?<=[=&|^%!~>*/<].)(?=\.[0-9])"
    rb"|(?<=\+.)(?<!\+\+.)" + _NO_EXPONENT_SIGN + rb"(?=[" + _OPERAND + rb"\-\x05])"
    rb"|(?<=-.)(?<!--.)" + _NO_EXPONENT_SIGN + rb"(?=[" + _OPERAND + rb"+\x05])"
    rb"|(?<=[" + _CLOSED + _WORD + rb"\x05].)(?=[:?%&|^>]|=(?!>))"
    rb"|(?<=[" + _CLOSED + rb"A-Za-z_$\x05].)(?=\.[^0-9.]))"
    rb"| (?:(?<=[" + _CLOSED + rb"].)"
    rb"|(?<=[" + _WORD + rb"].)(?=[=<*/!~;({\[\x02\x06\x05#]|(?<![0-9][eE].)(?<![0-9]\.[eE].)[+\-])"
    rb"|(?<=\x05.)(?=[=<*!+\-;({\[])"
    rb"|(?<=\+\+.|--.)(?=[=<>&|?*%^/!:;" + _OPERAND + rb"]))"
    rb"|\n(?=;)(?:(?<=[" + _CLOSED + rb"].)|(?<=[" + _WORD + rb"].)" + _NOT_AFTER_BOUND + rb")",
    re.DOTALL,
)  # fmt: skip

# After a comment the scanner ends a statement before anything. Before these it does so without a comment as well.
_BEFORE_STATEMENT = re.compile(rb"\x03(?=[" + _WORD + rb"{\x02])" + _NOT_IN)

# After the name in `var a /*\n*/\n= 1` the scanner ends a statement, which then is an error.
_HELD_UP = re.compile(rb"[\x03\x04](?=[,;:.?%&|^>=])")

# Where a line end is an end, or no end, of its own kind: this is left to the comparison of trees.
_LINE_BOUND = re.compile(
    rb"\n(?:(?==>)|(?=(?:\+\+|--)(?:" + _NO_WORD + rb"|of" + _NO_WORD + rb"|in))"
    rb"|(?:" + b"|".join(rb"(?<=" + _NOT_AFTER_WORD + word + rb"\n)" for word in _WITH_NEXT) + rb")"
    rb"|(?:" + b"|".join(rb"(?<=" + _NOT_AFTER_WORD + word + rb"\n)" for word in _ENDING) + rb")" + _NO_WORD + rb")"
)
_BOUND_IN_TEMPLATE = re.compile(
    rb"(?:" + b"|".join((*_WITH_NEXT, *_ENDING)) + rb")\s?(?:\n|/[/*])|(?:\n|\*/ ?)(?:=>|\+\+|--)|\xe2\x80[\xa8\xa9]"
)

# `1in x`, which is an error, if not for the parser.
_RAN_TOGETHER = re.compile(
    rb"[0-9](?<![" + _WORD + rb"].)[0-9A-Za-z_.]*(?:(?<=in)|(?<=instanceof))|(?:\+\+|--)in(?:stanceof)?" + _NO_WORD
)


def same_tokens(source: bytes, output: bytes, tree: Tree) -> bool:
    """Whether it is proven that `output` is `source` but for gaps.

    `tree` is that of `source`, without errors and without HTML-like comments.
    """
    if not _is_readable(source) or not _is_readable(output):
        return False
    if source.startswith(codecs.BOM_UTF8) != output.startswith(codecs.BOM_UTF8):
        return False
    marks = javascript_marks.read(source, tree)
    literals = [source[start:end] for start, end in marks or ()]
    places = _places(output, literals)
    if marks is None or places is None or any(map(_is_line_bound, literals)):
        return False
    form = _form(source, marks)
    if form is None or form != _form(output, places, made=True):
        return False
    return not _LINE_BOUND.search(form[0]) and not _RAN_TOGETHER.search(form[0])


def _is_readable(content: bytes) -> bool:
    return content.count(b"\\") <= _MAX_ESCAPES and len(content.translate(None, _CONTROL)) == len(content)


def _is_line_bound(literal: bytes) -> bool:
    """Whether in a template there may be a line end of the kind that decides, or a number before `in`."""
    if b"${" not in literal or literal[:1] != b"`":
        return False
    lines = (b" ".join(line.split()) for line in literal.splitlines())
    text = b"\n".join(filter(None, lines))
    return _BOUND_IN_TEMPLATE.search(text) is not None or _RAN_TOGETHER.search(text) is not None


def _places(output: bytes, literals: list[bytes]) -> list[tuple[int, int]] | None:
    """Where `output` seems to have the literals. A wrong guess leaves pieces around it that differ, or have no end."""
    places = []
    end = 0
    for literal in literals:
        start = output.find(literal, end)
        if start < 0:
            return None
        end = start + len(literal)
        places.append((start, end))
    return places


def _form(content: bytes, literals: list[tuple[int, int]], made: bool = False) -> tuple[bytes, list[bytes]] | None:
    """The code, with no gap but those that may matter, and the strings. None where it is not understood.

    `made` says that it is not known to be without errors: then the scanner might find one at a comment.
    """
    pieces: list[bytes] = []
    strings: list[bytes] = []
    at = 0
    for start, end in literals:
        if not _read(content[at:start], pieces, strings):
            return None
        pieces.append(_TEMPLATE if content.startswith(b"`", start) else _REGEX)
        at = end
    if not _read(content[at:] + b"\n", pieces, strings):
        return None
    code = b"".join(pieces).removeprefix(codecs.BOM_UTF8)
    if any(map(code.__contains__, _LEFT_OVER)) or (not code.isascii() and _UNICODE_SPACE.search(code)):
        return None
    code = _single(code)
    if made and _HELD_UP.search(code):
        return None
    form = _BEFORE_STATEMENT.sub(b"\n", _NEEDLESS.sub(b"", code))
    if _LINE_COMMENT in form or _LINES_COMMENT in form:
        return None
    return form, strings


def _read(segment: bytes, pieces: list[bytes], strings: list[bytes]) -> bool:
    """Adds the code in `segment`, and the strings. False for a string or a comment without an end."""
    parts = _OPAQUE.split(segment)
    if len(parts) == 1:
        pieces.append(segment)
        return True
    if parts.count(None) != len(parts) // (_GROUPS + 1) * (_GROUPS - 1):
        return False
    for at in range(1, len(parts), _GROUPS + 1):
        opaque = parts[at]
        pieces.append(parts[at - 1])
        if not opaque.startswith(b"/"):
            pieces.append(_STRING)
            strings.append(opaque)
        elif opaque.startswith(b"//"):
            if not opaque.isascii() and _LINE_END.search(opaque):
                return False
            pieces.append(_LINE_COMMENT)
        else:
            pieces.append(_LINES_COMMENT if _LINE_END.search(opaque) else b" ")
    pieces.append(parts[-1])
    return True


def _single(code: bytes) -> bytes:
    """Every gap as one byte; none at the start and the end."""
    code = code.translate(_SPACES)
    code = _LONG_SPACE.sub(b" ", _AFTER_LINE_END.sub(b"\n", code)).replace(b" \n", b"\n")
    if _LINE_COMMENT in code or _LINES_COMMENT in code:
        code = _AFTER_COMMENT.sub(_with_comment, code).replace(b"\n" + _LINES_COMMENT, _LINE_COMMENT)
        for gap in (b"\n" + _LINE_COMMENT, b" " + _LINE_COMMENT, b" " + _LINES_COMMENT):
            code = code.replace(gap, gap[1:])
    return code.strip(b" \n\x03\x04")


def _with_comment(gap: re.Match[bytes]) -> bytes:
    return _LINE_COMMENT if _LINE_COMMENT in gap[0] or b"\n" in gap[0] else _LINES_COMMENT
