"""CSS or JavaScript bytes -> their `sourceMappingURL` comment: the last thing in the file, white space aside.

`//# `, `/*# ` and the older `@` for `#`; in CSS `/*` only. That it is a comment, and not inside a string or another
comment, is seen from the text before it where that is plain, and from the syntax where it is not.
"""

from __future__ import annotations

import re

from assetbuild import urls
from assetbuild.model import Language, Reference
from assetbuild.patterns import regex

_MARK = b"sourceMappingURL="
_INLINE = _MARK + b"data:"
_OPENING = regex(rb"(?://|/\*)[#@]\s*\Z")
_OPENING_LENGTH = 16  # bytes, white space before the mark included

# From the mark on. A quote or a star ends no real URL here, but a string or a comment that only holds such text.
_REST = {
    b"//": regex(rb"sourceMappingURL=([^\s'\"`*]*)()\s*\Z"),
    b"/*": regex(rb"sourceMappingURL=([^\s'\"`*]*)\s*\*/()\s*\Z"),
}

# Bytes at the end of a file where the mark is looked for first, and what shows that no URL before them ends there.
_TAIL = 200
_TEXT = regex(rb"[\s'\"`*]\s*[^\s'\"`*/]")

# Bytes of a script that is parsed in doubt. In a larger one, a comment on a line of its own is taken for what it seems:
# only a comment around it that closes with it, or never, could make it none.
_PARSED = 2 * 2**20

# Stars to look at from the end on: to search for one byte takes a hundredth of the time of two.
_STARS = 500
_SLASH, _QUOTES = ord("/"), b"\"'`"

_CSS_TEXT = rb"""/\*.*?(?:\*/|\Z)
    | "[^"\\\n\r\f]*(?:\\(?:\r\n|.)[^"\\\n\r\f]*)*"? | '[^'\\\n\r\f]*(?:\\(?:\r\n|.)[^'\\\n\r\f]*)*'?
    | (?<![\w-])url\(\s*[^'")\s](?:[^)\\]|\\.)*"""


def find(content: bytes, language: Language) -> Reference | None:
    """The reference to the map; None where there is none or its URL is no path of ours (`data:`, another host)."""
    found = _comment(content, language)
    if found is None:
        return None
    whole_start, start, end, whole_end = found
    url = content[start:end].decode("utf-8", "surrogateescape")
    if not urls.is_local(url):
        return None
    path = url[: urls.path_length(url)]
    end = start + len(path.encode("utf-8", "surrogateescape"))
    return Reference("source-map", path, start, end, whole_start, whole_end)


def comment_span(content: bytes, language: Language) -> tuple[int, int] | None:
    """Where the comment stands, whatever its URL is."""
    found = _comment(content, language)
    return (found[0], found[3]) if found else None


def inline_url(content: bytes, language: Language) -> tuple[int, int] | None:
    """Where the data: URL of a map that stands in the comment itself starts and ends."""
    mark = _last_mark(content)
    found = _comment(content, language) if mark >= 0 and content.startswith(_INLINE, mark) else None
    return (found[1], found[2]) if found else None


def strip(content: bytes, language: Language) -> bytes:
    """`content` without the comment, and without its line if it has one of its own."""
    span = comment_span(content, language)
    if span is None:
        return content
    start, end = span
    line = _line_start(content, start)
    return content[:start] + content[end:] if content[line:start].strip() else content[:line]


def _comment(content: bytes, language: Language) -> tuple[int, int, int, int] | None:
    """Offsets of the comment's start, its URL's start and end, and the comment's end."""
    mark = _last_mark(content)
    opening = _OPENING.search(content, max(0, mark - _OPENING_LENGTH), mark) if mark >= 0 else None
    if opening is None:
        return None
    start, sign = opening.start(), opening[0][:2]
    rest = _REST[sign].match(content, mark)
    if rest is None or (language == "css" and sign == b"//"):
        return None
    if not (_is_css_comment(content, start) if language == "css" else _is_javascript_comment(content, start)):
        return None
    return start, rest.start(1), rest.end(1), rest.end(2) if sign == b"/*" else rest.end(1)


def _last_mark(content: bytes) -> int:
    """Where the last mark is that only a URL may follow, white space and the end of a comment aside; else -1."""
    begin = max(0, len(content) - _TAIL)
    mark = content.rfind(_MARK, begin)
    return mark if mark >= 0 or _TEXT.search(content, begin) else content.rfind(_MARK)


def _is_javascript_comment(content: bytes, start: int) -> bool:
    """A string or template cannot be open here: nothing follows that could close it. So only comments are in doubt."""
    before = content[_line_start(content, start) : start]
    outside = _outside_block_comments(content, start)
    if b"//" not in before and outside:
        return True
    if (is_code := _is_code(content, start)) is not None:
        return is_code
    if len(content) > _PARSED:
        return not before.strip()
    from assetbuild.syntax import javascript

    tree = javascript.parse(content)
    if tree is None or not (outside or javascript.is_whole(tree)):
        return False
    return any(node.type == "comment" and node.start_byte == start for node in javascript.covering(tree, [start]))


def _is_code(content: bytes, start: int) -> bool | None:
    """Whether a word in the place of the comment would be code; None where only a parser can tell."""
    if content.startswith((b"#!", b"\xef\xbb\xbf")):
        return None
    from assetbuild.references.javascript_lexer import Lexer, Unclear

    try:
        return bool([*Lexer(content[:start] + b"x", 0).words([start])])
    except Unclear:
        return None


def _is_css_comment(content: bytes, start: int) -> bool:
    """As in JavaScript, but a string ends with its line, and `url(` takes all up to its bracket."""
    if _outside_block_comments(content, start) and not re.search(
        rb"['\"(]", content[_line_start(content, start) : start]
    ):
        return True
    texts = re.compile(_CSS_TEXT, re.VERBOSE | re.DOTALL | re.IGNORECASE).finditer(content)
    return any(match.start() == start for match in texts)


def _outside_block_comments(content: bytes, start: int) -> bool:
    """Whether none is open at `start`, as far as can be said without a look at strings; a yes is sure.

    A `/*` with a quote behind it is of a string, such as "image/*", if a line comment is at `start`: the rest of the
    file could not close it.
    """
    star, in_line = start, content.startswith(b"//", start)
    for _ in range(_STARS):
        star = content.rfind(b"*", 0, star)
        if star <= 0:
            return True
        if content[star - 1] == _SLASH and not (in_line and content[star + 1] in _QUOTES):
            return False
        if content[star + 1] == _SLASH and star + 1 < start:
            return True
    opened = content.rfind(b"/*", 0, start)
    return opened < 0 or content.find(b"*/", opened + 2, start) >= 0


def _line_start(content: bytes, offset: int) -> int:
    return max(content.rfind(end, 0, offset) + len(end) for end in (b"\n", b"\r")) if offset else 0
