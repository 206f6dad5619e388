"""The inside of a JavaScript string literal, as bytes -> the path of the URL that it spells, escapes undone.

Written for string literals; a template without substitutions reads the same but for octal escapes, which it forbids.
"""

from __future__ import annotations

import re

_PIECE = re.compile(
    rb"""[^\\?#]+
    | \\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}    # two halves of one character
    | \\u\{[0-9a-fA-F]+\} | \\u[0-9a-fA-F]{4} | \\x[0-9a-fA-F]{2} | \\[0-3]?[0-7]{1,2}
    | \\\r\n | \\[\xc2-\xf4][\x80-\xbf]{1,3} | \\. | .""",
    re.VERBOSE | re.DOTALL,
)
_NAMED_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LINE_ENDS = ("\n", "\r", "\r\n", "\u2028", "\u2029")


def path(raw: bytes) -> tuple[str, int]:
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
