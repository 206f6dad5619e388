"""JavaScript bytes and offsets -> which of them are code: in no string, template text, regular expression or comment.

Only a slash can be read in two ways, as a division or as the beginning of a regular expression, and what stands before
it decides. Where more than a look at a few tokens is needed, all is Unclear, and a parser has to tell.
Patterns read in one way only, and repeats are bounded: `re` takes 120 bytes of memory for each.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator

from assetbuild.references import javascript_words as words

_COMMENT = words.LINE_COMMENT + rb"|" + words.BLOCK_COMMENT
_REST = rb"|(" + words.STRING + rb")|(" + words.TEMPLATE + rb")|(" + _COMMENT + rb")"
_TOKEN = re.compile(rb"([^\"'`/]+)" + _REST)
_CODE, _STRING, _TEMPLATE = 1, 2, 3  # groups of it
_PLAIN = re.compile(rb"(?:[^\"'`/]+" + _REST + rb"){0,500}")
_PLAIN_IN_TEMPLATE = rb"(?:[^\"'`/{}]+" + _REST + rb"){0,500}"
_CLASS = rb"\[[^\]\\\r\n]*(?:\\[^\r\n][^\]\\\r\n]*){0,999}\]"
_REGEX = re.compile(rb"/[^\\/\[\r\n]*(?:(?:\\[^\r\n]|" + _CLASS + rb")[^\\/\[\r\n]*){0,999}/[\w$]*")
_TEMPLATE_TEXT = re.compile(words.TEMPLATE_TEXT)

_WORD = bytes(byte for byte in range(128) if chr(byte).isalnum() or chr(byte) in "_$")
_BEFORE_REGEX = frozenset(b"return typeof case in instanceof delete void throw new else do default extends".split())
_VALUES = frozenset(b"this super null true false".split())
_CONTEXTUAL = frozenset(b"of yield await async let break continue debugger".split())
_CONDITIONS = frozenset(b"if while for with".split())
_OPERATORS = b"([{,;=:?&|^~!%*>/"  # before a regular expression; + and - if they are single. `</` is rather JSX

# What is between the last of these and a slash is code: neither a comment nor a string can be in it.
_NOT_PLAIN = re.compile(rb"[\"'`/\r\n\xe2]")
_PARENTHESIS = re.compile(rb"[()]")

_NEAR = 100  # bytes to look back
_FAR = 2_000  # to find where a parenthesis was opened
_STRETCHES = 100
_BYTES_PER_FAR_LOOK = 500  # on average: each takes 0.3 ms

Token = tuple[int, int, int]  # start, end, group


class Unclear(Exception):
    """A parser is needed to tell."""


class Lexer:
    """Reads on from `position`, where a token must begin."""

    def __init__(self, content: bytes, position: int) -> None:
        self._content = content
        self._position = position
        # What to see in place of what is before, and from where to where nothing needs a decision.
        self._stretches: deque[tuple[bytes, int, int]] = deque(maxlen=_STRETCHES)
        self._tokens: dict[int, list[Token]] = {}  # of stretches, by their beginning
        self._seen = b""
        self._braces: list[int] = []  # open in each template that is open
        self._far_looks = 100 + len(content) // _BYTES_PER_FAR_LOOK

    def words(self, offsets: list[int]) -> Iterator[tuple[int, bytes]]:
        """Those of `offsets` (sorted) that are code, each with about 100 bytes of the code before it.

        There comments are white space, and strings are empty. Raises Unclear.
        """
        at = 0
        while at < len(offsets):
            end = self._read_stretch()
            while at < len(offsets) and offsets[at] < end:
                if self._is_code(offsets[at]):
                    yield offsets[at], self._before(offsets[at], _NEAR)
                at += 1
            self._position = end
            if at < len(offsets):
                self._step()
                while at < len(offsets) and offsets[at] < self._position:
                    at += 1

    def _read_stretch(self) -> int:
        pattern = re.compile(_PLAIN_IN_TEMPLATE) if self._braces else _PLAIN
        match = pattern.match(self._content, self._position)
        end = match.end() if match else self._position
        if len(self._stretches) == _STRETCHES:
            self._tokens.pop(self._stretches[0][1], None)
        self._stretches.append((self._seen, self._position, end))
        return end

    def _step(self) -> None:
        """Over what ended the stretch."""
        content, position = self._content, self._position
        first = content[position : position + 1]
        if first == b"/":
            self._step_over_slash()
        elif first == b"{" and self._braces:
            self._braces[-1] += 1
            self._seen, self._position = first, position + 1
        elif first == b"}" and self._braces:
            self._braces[-1] -= 1
            self._seen, self._position = first, position + 1
            if self._braces[-1] < 0:
                self._braces.pop()
                self._read_template()
        elif first == b"`" and not _TOKEN.match(content, position):
            self._position += 1
            self._read_template()
        elif _TOKEN.match(content, position):
            self._seen = b""
        else:
            raise Unclear

    def _step_over_slash(self) -> None:
        content, position = self._content, self._position
        if content.startswith((b"//", b"/*"), position):
            end = words.gap_end(content, position)
            if end == position:
                raise Unclear
            self._seen = b"\n" if words.has_line_end(content, position, end) else b" "
            self._position = end
        elif not self._begins_regex():
            self._seen, self._position = b"/", position + 1
        elif match := _REGEX.match(content, position):
            self._seen, self._position = b"]", match.end()
        else:
            raise Unclear

    def _read_template(self) -> None:
        """Up to the end of the template or the beginning of the next code in it."""
        match = _TEMPLATE_TEXT.match(self._content, self._position)
        end = match.end() if match else self._position
        if self._content.startswith(b"`", end):
            self._seen, self._position = b"]", end + 1
        elif self._content.startswith(b"${", end):
            self._braces.append(0)
            self._seen, self._position = b"{", end + 2
        else:
            raise Unclear

    def _is_code(self, offset: int) -> bool:
        tokens = self._tokens_of(*self._stretches[-1][1:])
        return tokens[bisect_right(tokens, (offset, len(self._content), 0)) - 1][2] == _CODE

    def _before(self, offset: int, limit: int) -> bytes:
        """The last bytes of the code before `offset`; fewer where nothing more is known."""
        pieces: list[bytes] = []
        size = 0
        for seen, begin, stop in reversed(self._stretches):
            tokens = self._tokens_of(begin, stop)
            for at in range(bisect_right(tokens, (offset,)) - 1, -1, -1):
                start, end, group = tokens[at]
                end = min(end, offset)
                pieces.append(self._shown(max(start, end - limit) if group == _CODE else start, end, group))
                size += len(pieces[-1])
                if size >= limit:
                    return b"".join(reversed(pieces))
            pieces.append(seen)
            size += len(seen)
        return b"".join(reversed(pieces))

    def _tokens_of(self, begin: int, end: int) -> list[Token]:
        tokens = self._tokens.get(begin)
        if tokens is None:
            matches = _TOKEN.finditer(self._content, begin, end)
            tokens = self._tokens[begin] = [(*match.span(), match.lastindex or 0) for match in matches]
        return tokens

    def _shown(self, start: int, end: int, group: int) -> bytes:
        if group == _CODE:
            return self._content[start:end]
        if group == _STRING:
            return b'""'
        if group == _TEMPLATE:
            return b"]"
        return b"\n" if words.has_line_end(self._content, start, end) else b" "

    def _begins_regex(self) -> bool:
        """Whether the slash here begins a regular expression. Looks back as far as it takes."""
        for text in self._views():
            try:
                return _precedes_regex(text)
            except Unclear:
                continue
        raise Unclear

    def _views(self) -> Iterator[bytes]:
        """The code before the slash here, more of it each time."""
        begin = max(self._stretches[-1][1], self._position - _NEAR)
        yield _NOT_PLAIN.split(self._content[begin : self._position])[-1]
        yield self._before(self._position, _NEAR)
        self._far_looks -= 1
        if self._far_looks >= 0:
            yield self._before(self._position, _FAR)


def _precedes_regex(before: bytes) -> bool:
    """Whether a slash after `before` begins a regular expression: after an operator, not after an operand."""
    text = before.rstrip()
    last = text[-1:]
    if (last and last in _OPERATORS) or (last in (b"+", b"-") and text[-2:-1] not in (b"", last)):
        return True
    same_line = not words.has_line_end(before, len(text), len(before))
    if last == b"]" or (last == b'"' and same_line):
        return False
    if last == b")":
        return _ends_condition(text)
    if last in (b"+", b"-"):
        return _follows_prefix(text[:-2])
    word, is_property = last_word(text)
    if is_property or word[:1].isdigit() or word in _VALUES:
        return False
    if word in _BEFORE_REGEX:
        return True
    # In the next line it is a division, unless the statement ended with the word: `let a`.
    if not word or word in _CONTEXTUAL or not same_line:
        raise Unclear
    return False


def _ends_condition(text: bytes) -> bool:
    """Whether the parenthesis that `text` ends with was opened by `if (` and the like, not by an operand's."""
    opened = _opening(text)
    if opened < 0:
        raise Unclear
    word, is_property = last_word(text[:opened].rstrip())
    if word == b"await" and not is_property:
        raise Unclear
    return word in _CONDITIONS and not is_property


def _follows_prefix(text: bytes) -> bool:
    """Whether the `++` or `--` after `text` stands before its operand, as in `++/a/.b`; never a clear yes."""
    if text.endswith(b"]"):
        return False
    word, is_property = last_word(text)
    if not word or (not is_property and (word in _BEFORE_REGEX or word in _CONTEXTUAL)):
        raise Unclear
    return False


def last_word(text: bytes) -> tuple[bytes, bool]:
    """The word that `text` ends in, which may be empty, and whether it, or what follows it, names a property.

    Raises Unclear where the word may not be whole.
    """
    before = text.rstrip(_WORD)
    holder = before.rstrip()
    if not holder.lstrip(b".") or before[-1] >= 0x80 or before.endswith(b"\\"):
        raise Unclear
    is_property = (holder.endswith(b".") and not holder.endswith(b"...")) or before.endswith(b"#")
    return text[len(before) :], is_property


def _opening(text: bytes) -> int:
    """Where the parenthesis was opened that `text` ends with; -1 if that is not in `text`."""
    depth = 0
    for match in reversed(list(_PARENTHESIS.finditer(text))):
        depth += 1 if match[0] == b")" else -1
        if not depth:
            return match.start()
    return -1
