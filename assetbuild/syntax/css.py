"""CSS bytes into tokens, after CSS Syntax Level 3, without decoding them first.

Works on every encoding in which the bytes below 0x80 are ASCII; each byte from 0x80 up is a name character. Total:
the tokens' spans join up to the input. Each alternative either matches on its first try or fails at once (an escape
has exactly one way to match), so time is linear in the input.
"""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Iterator
from functools import cache
from typing import Literal

TokenKind = Literal[
    "whitespace", "comment", "ident", "function", "at-keyword", "hash", "string", "bad-string", "url", "bad-url",
    "number", "percentage", "dimension", "cdo", "cdc", ":", ";", ",", "(", ")", "[", "]", "{", "}", "delim",
]  # fmt: skip
ScanKind = Literal[
    "nothing", "other", "other;", "other{", "other(", "url", "function", "string", "at-keyword",
    ";", "{", "}", "(", ")", "[", "]",
]  # fmt: skip
Token = tuple[TokenKind, int, int]  # kind, start, end; a plain tuple, because there are millions

UTF8_BOM = codecs.BOM_UTF8

# Where `re` can be told never to go back, it does not keep about 90 bytes for each escape of a name, string or URL.
_MAY_NOT_GO_BACK = sys.version_info >= (3, 11)
_REPEATED = MANY = b"*+" if _MAY_NOT_GO_BACK else b"*"
TIMES = b"*+" if _MAY_NOT_GO_BACK else b"{0,500}"  # for patterns that need not match


def any_but(excluded: bytes) -> bytes:
    """The class of all other bytes. As ranges, since `re` takes twice the time over a class that begins with `^`."""
    taken = sorted({*excluded, 0x100})
    starts = [0, *(each + 1 for each in taken)]
    ends = [(bytes([start]), bytes([end - 1])) for start, end in zip(starts, taken, strict=False) if start < end]
    ranges = (re.escape(low) + (b"-" + re.escape(high) if low != high else b"") for low, high in ends)
    return b"[" + b"".join(ranges) + b"]"


@cache
def compiled(pattern: bytes) -> re.Pattern[bytes]:
    """Of what only those who need it are to pay for: to compile one pattern takes up to 0.003 s."""
    return re.compile(pattern, re.DOTALL)


# NUL is a name character: the standard reads it as U+FFFD.
NAME_CHAR = rb"[A-Za-z0-9_\-\x00\x80-\xff]"
_NAME_START = rb"[A-Za-z_\x00\x80-\xff]"
# The white space that ends a hexadecimal escape. Deterministic: it must be taken where it stands.
HEX_END = rb"(?:\r\n?+|[ \t\n\f])?+" if _MAY_NOT_GO_BACK else rb"(?:\r\n|[ \t\r\n\f]|(?![ \t\r\n\f]))"
_HEX_DIGITS = rb"[0-9A-Fa-f]{1,6}+" if _MAY_NOT_GO_BACK else rb"(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{1,5}(?![0-9A-Fa-f]))"
_HEX = _HEX_DIGITS + HEX_END
ESCAPE = rb"\\(?:" + _HEX + rb"|[^0-9A-Fa-f\n\r\f]|\Z)"
_ESCAPE_AHEAD = rb"\\(?:[^\n\r\f]|\Z)"
_NAME_REST = NAME_CHAR + rb"*(?:" + ESCAPE + NAME_CHAR + rb"*)" + _REPEATED
_IDENT = rb"(?:--|-?(?=" + _NAME_START + rb"|" + _ESCAPE_AHEAD + rb"))" + _NAME_REST
_HASH = rb"#(?=" + NAME_CHAR + rb"|" + _ESCAPE_AHEAD + rb")" + _NAME_REST
_NUMBER = rb"[+\-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+\-]?[0-9]+)?"
WHITESPACE = rb"[ \t\r\n\f]"
# `.*?` is slow, and for what is not closed.
_STARS = rb"\*++" if _MAY_NOT_GO_BACK else rb"\*+"
COMMENT = rb"/\*[^*]" + MANY + _STARS + rb"(?:[^*/][^*]" + MANY + _STARS + rb")" + TIMES + rb"/"
_COMMENT = rb"(?:" + COMMENT + rb"|/\*.*?(?:\*/|\Z))"
STRING_ESCAPE = rb"\\(?:" + _HEX + rb"|\r\n|[^0-9A-Fa-f]|\Z)"


def _quoted(quote: bytes, escape: bytes, times: bytes) -> bytes:
    run = any_but(quote + b"\\\n\r\f") + MANY
    return quote + run + rb"(?:" + escape + run + rb")" + times


_DOUBLE_QUOTED, _SINGLE_QUOTED = (_quoted(quote, STRING_ESCAPE, _REPEATED) for quote in (b'"', b"'"))
# Faster, for patterns that need not match: an escape that takes a line end with it is not among its own.
STRING = b"|".join(_quoted(quote, rb"\\[^\r]", TIMES) + quote for quote in (b'"', b"'"))


def _letter(letter: str) -> bytes:
    """One letter of a name, from g on, in either case, itself or escaped."""
    either = b"[%c%c]" % (ord(letter), ord(letter.upper()))
    low, high = (b"%x" % ord(case) for case in (letter, letter.upper()))  # which differ in their first digit
    code = rb"0{0,4}[%c%c]%c" % (low[0], high[0], low[1]) + HEX_END
    return rb"(?:" + either + rb"|\\(?:" + either + rb"|" + code + rb"))"


_URL_OPEN = b"".join(map(_letter, "url")) + rb"\((?!" + WHITESPACE + rb"*[\"'])" + WHITESPACE + rb"*"
URL_CHARS = any_but(b"\"'()\\ \x7f" + bytes(range(1, 0x20))) + MANY
_URL_BODY = URL_CHARS + rb"(?:" + ESCAPE + URL_CHARS + rb")" + _REPEATED
_URL = _URL_OPEN + _URL_BODY
_URL_END = WHITESPACE + rb"*(?:\)|\Z)"
_URL_REMNANT = any_but(rb")\\") + MANY + rb"(?:\\.?" + any_but(rb")\\") + MANY + rb")" + _REPEATED + rb"\)?"

# What an alternative found is told by the empty group at its end: `Match.lastindex` counts to it. The order matters
# where one alternative could match the start of another.
_ALTERNATIVES: tuple[tuple[bytes, tuple[TokenKind, ...]], ...] = (
    (WHITESPACE + rb"+()", ("whitespace",)),
    (_URL + rb"(?:" + _URL_END + rb"()|" + _URL_REMNANT + rb"())", ("url", "bad-url")),
    (rb"-->()", ("cdc",)),
    (_IDENT + rb"(?:\(()|())", ("function", "ident")),
    (rb":()|;()|,()|\{()|\}()|\(()|\)()|\[()|\]()", (":", ";", ",", "{", "}", "(", ")", "[", "]")),
    (_NUMBER + rb"(?:%()|" + _IDENT + rb"()|())", ("percentage", "dimension", "number")),
    (_COMMENT + rb"()", ("comment",)),
    (_DOUBLE_QUOTED + rb'(?:(?:"|\Z)()|())', ("string", "bad-string")),
    (_SINGLE_QUOTED + rb"(?:(?:'|\Z)()|())", ("string", "bad-string")),
    (_HASH + rb"()", ("hash",)),
    (rb"@" + _IDENT + rb"()", ("at-keyword",)),
    (rb"<!--()", ("cdo",)),
    (rb".()", ("delim",)),
)
_TOKEN = b"|".join(pattern for pattern, _ in _ALTERNATIVES)
_KINDS: tuple[TokenKind, ...] = ("delim", *(kind for _, kinds in _ALTERNATIVES for kind in kinds))

# The same grammar for those who only look for what names a file: what can neither start, hold nor end such a construct
# is matched in runs, a character class each, which is several times as fast. A run must end where a token ends, and
# must leave alone a name that goes on with an escape or may be that of a function in question, `url(`, `src(` or
# `image-set(`: then it ends where no name can have begun. Functions that hold nothing but a run are part of it; at
# most 64 of them, since `re` needs memory for each until the match is over.
_RUN_CHAR = any_but(b"\"'()[]{};@/\\<")
_OTHER_FUNCTION = rb"(?<![uU][rR][lL])(?<![sS][rR][cC])(?<![sS][eE][tT])\("
_RUN = rb"(?!-->)" + _RUN_CHAR + rb"+(?:" + _OTHER_FUNCTION + _RUN_CHAR + rb"*\)" + _RUN_CHAR + rb"*){0,64}"
_RUN_END = rb"(?:(?=[\"')\[\]{};@/<]|\Z)|(?<![A-Za-z0-9_\-\x00\x80-\xff#]))"
_SCAN_ALTERNATIVES: tuple[tuple[bytes, tuple[ScanKind, ...]], ...] = (
    (WHITESPACE + rb"+()", ("nothing",)),
    (
        _RUN + rb"(?:(?:;()|\{()|" + _OTHER_FUNCTION + rb"())" + WHITESPACE + rb"*|" + _RUN_END + rb"())",
        ("other;", "other{", "other(", "other"),
    ),
    (rb"(?:;()|\{()|\}())" + WHITESPACE + rb"*", (";", "{", "}")),
    (rb"(?:" + _COMMENT + rb"|<!--|-->)()", ("nothing",)),
    (_URL + rb"(?:" + _URL_END + rb"()|" + _URL_REMNANT + rb"())", ("url", "other")),
    (_IDENT + rb"(?:\(()|())", ("function", "other")),
    (rb"\(()|\)()|\[()|\]()", ("(", ")", "[", "]")),
    (_DOUBLE_QUOTED + rb'(?:(?:"|\Z)()|())', ("string", "other")),
    (_SINGLE_QUOTED + rb"(?:(?:'|\Z)()|())", ("string", "other")),
    (rb"#+(?=#)()", ("other",)),
    (rb"[0-9#]" + _NAME_REST + rb"()", ("other",)),  # whole, so that no function begins within
    (rb"@" + _IDENT + rb"()", ("at-keyword",)),
    (rb".()", ("other",)),
)
_SCAN = b"|".join(pattern for pattern, _ in _SCAN_ALTERNATIVES)
_SCAN_KINDS: tuple[ScanKind, ...] = ("other", *(kind for _, kinds in _SCAN_ALTERNATIVES for kind in kinds))

# For decoding: before a non-ASCII character only the backslash is the escape, since the character has several bytes.
_ESCAPES = rb"\\(?:" + _HEX + rb"|\r\n|[^0-9A-Fa-f\x80-\xff]|(?=[\x80-\xff])|\Z)"
_URL_INNER = _URL_OPEN + rb"(" + _URL_BODY + rb")"
_SPACES = b" \t\r\n\f"
_NEWLINES = (b"\n", b"\r\n", b"\r", b"\f")


def tokenize(content: bytes) -> list[Token]:
    """All tokens in order. A UTF-8 byte order mark is white space, as a decoder would have dropped it."""
    return list(tokens(content))


def tokens(content: bytes) -> Iterator[Token]:
    """The same one by one: a list of them takes up to 200 times the memory of `content`."""
    start = 0
    if content.startswith(UTF8_BOM):
        start = len(UTF8_BOM)
        yield "whitespace", 0, start
    kinds = _KINDS
    for match in compiled(_TOKEN).finditer(content, start):
        yield kinds[match.lastindex or 0], match.start(), match.end()


def scan(content: bytes, start: int = 0) -> Iterator[tuple[ScanKind, int, int]]:
    """The tokens that matter to who looks for names of files; all between them in runs of 'other' and 'nothing'.

    `start` is where one starts. 'other;' is a run up to and with a `;`, and so on; 'nothing' is white space, comments,
    `<!--` and `-->`.
    """
    kinds = _SCAN_KINDS
    for match in compiled(_SCAN).finditer(content, start or (len(UTF8_BOM) if content.startswith(UTF8_BOM) else 0)):
        yield kinds[match.lastindex or 0], match.start(), match.end()


def url_inner(token: bytes) -> tuple[int, int]:
    """The span, within an unquoted `url` token, of what is between the parentheses and their white space."""
    if b"\\" in token:
        match = compiled(_URL_INNER).match(token)
        assert match, "not a url token"
        return match.span(1)
    inside = token[len(b"url(") :].lstrip(_SPACES)
    start = len(token) - len(inside)
    return start, start + len(inside.rstrip(_SPACES + b")"))


def string_inner(token: bytes) -> tuple[int, int]:
    """The span, within a `string` token, of what is between the quotes; the closing one may be missing at the end."""
    before_last = token[1:-1]
    escapes_last = (len(before_last) - len(before_last.rstrip(b"\\"))) % 2
    is_closed = len(token) > 1 and token.endswith(token[:1]) and not escapes_last
    return 1, len(token) - is_closed


def unescape(raw: bytes, encoding: str, *, in_string: bool = False) -> str:
    """The text of a name, or of a string or URL without its quotes or parentheses."""
    if b"\\" not in raw:
        return decode(raw, encoding)
    return "".join(text for text, _, _ in pieces(raw, encoding, in_string=in_string))


def pieces(raw: bytes, encoding: str, *, in_string: bool = False) -> Iterator[tuple[str, int, int]]:
    """Each escape, and each run between escapes, as text with its span in `raw`."""
    at = 0
    for escape in compiled(_ESCAPES).finditer(raw) if b"\\" in raw else ():
        if at < escape.start():
            yield decode(raw[at : escape.start()], encoding), at, escape.start()
        at_end = escape.end() == len(raw)
        yield _escaped(escape.group()[1:], in_string, at_end), escape.start(), escape.end()
        at = escape.end()
    if at < len(raw):
        yield decode(raw[at:], encoding), at, len(raw)


def _escaped(body: bytes, in_string: bool, at_end: bool) -> str:
    if not body:
        return "\ufffd" if at_end and not in_string else ""
    if body[0] in b"0123456789ABCDEFabcdef":
        point = int(body, 16)  # int() drops the white space that ends the escape
        return chr(point) if 0 < point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF else "\ufffd"
    return "" if in_string and body in _NEWLINES else decode(body, "ascii")


def decode(raw: bytes, encoding: str) -> str:
    """Text of `raw`, never an error: bytes that are wrong in `encoding` become surrogates, as in file names."""
    text = raw.decode(encoding, "surrogateescape")
    if encoding == "cp1252":
        text = text.translate(_CP1252_HOLES)
    return text.replace("\0", "\ufffd") if "\0" in text else text


# The Encoding Standard reads the five unassigned bytes of windows-1252 as the control characters of that number.
_CP1252_HOLES = {0xDC00 + byte: byte for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}

_CHARSET = rb'@charset "([^"]{0,1000})";'
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# Python's name of an encoding that the Encoding Standard knows -> the codec that reads it as browsers do. What is not
# here (utf-7, hex, EBCDIC) is an unknown label.
_CODECS = {
    **{f"iso8859-{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"cp125{page}": f"cp125{page}" for page in range(9)},
    **{name: name for name in ("cp866", "koi8-r", "koi8-u", "mac-roman", "mac-cyrillic", "cp874", "euc_jp", "utf-8")},
    **dict.fromkeys(("ascii", "iso8859-1"), "cp1252"),
    **dict.fromkeys(("iso8859-11", "tis-620"), "cp874"),
    **dict.fromkeys(("gb2312", "gbk", "gb18030"), "gb18030"),
    **dict.fromkeys(("big5", "big5hkscs"), "big5hkscs"),
    **dict.fromkeys(("shift_jis", "cp932"), "cp932"),
    **dict.fromkeys(("euc_kr", "cp949"), "cp949"),
    **dict.fromkeys(("utf-16", "utf-16-le", "utf-16-be"), "utf-8"),  # it was read as ASCII just now
    "iso8859-9": "cp1254",
    "iso2022_jp": "iso2022_jp",
}
# Labels of the standard that Python does not know.
_BY_LABEL = {
    "windows-31j": "cp932", "x-sjis": "cp932", "x-gbk": "gb18030", "x-cp1252": "cp1252", "windows-874": "cp874",
    "x-mac-cyrillic": "mac-cyrillic", "iso-8859-8-i": "iso8859-8", "windows-949": "cp949", "x-x-big5": "big5hkscs",
}  # fmt: skip
# Bytes of these below 0x80 are not always the ASCII characters they look like (cp949's are letters of a name only).
NOT_ASCII_SUPERSETS = frozenset(("utf-16-le", "utf-16-be", "cp932", "gb18030", "big5hkscs", "iso2022_jp"))


def detect_encoding(content: bytes) -> str:
    """The Python codec of a style sheet: `declared_encoding`, else UTF-8 if it is that, else windows-1252."""
    if encoding := declared_encoding(content):
        return encoding
    if content.isascii():
        return "utf-8"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def declared_encoding(content: bytes) -> str | None:
    """What the byte order mark says, or else `@charset "x";` as the very first bytes; an unknown label says nothing."""
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return encoding
    charset = compiled(_CHARSET).match(content) if content.startswith(b"@charset") else None
    return codec_of(charset[1].decode("latin-1")) if charset else None


def codec_of(label: str) -> str | None:
    """Python's name of what the Encoding Standard calls `label`, as read by who has read ASCII so far."""
    label = label.strip("\t\n\f\r ").lower()
    try:
        return _BY_LABEL.get(label) or _CODECS.get(codecs.lookup(label).name)
    except (LookupError, ValueError):  # ValueError: a NUL in the label
        return None
