"""A style sheet as the list of what means something in it, so that two can be compared item by item.

Where white space means something depends on where it stands; unsure is meaningful (see css_equivalence).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from assetbuild.processors.css_matched import OPENERS, MatchedTokens
from assetbuild.syntax.css import unescape, url_inner

EXCERPT_LENGTH = 60  # characters

# How to read the tokens between two places. Where white space means nothing is said in `_is_meaningless`.
_Mode = Literal["value", "selector", "attribute", "condition", "prelude"]

_CONDITIONAL = frozenset((b"@media", b"@supports", b"@container", b"@import", b"@custom-media"))
_RESPELLED = frozenset(("url", "number", "percentage", "dimension", "hash"))
_SIGNS = frozenset(("delim", ":", ","))
_NTH = frozenset(
    ("nth-child", "nth-last-child", "nth-of-type", "nth-last-of-type", "nth-col", "nth-last-col"),
)
_AN_PLUS_B = re.compile(rb"[ \t\r\n\f]*([+-]?[0-9]*[nN])[ \t\r\n\f]*([+-])[ \t\r\n\f]*([0-9]+)[ \t\r\n\f]*")
# An exponent of ten digits or more is read as a unit, and so compared as it is written.
_NUMBER = re.compile(rb"([+-]?)([0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,9})(?![0-9]))?")
_WHITESPACE = b" \t\r\n\f"
_SEPARATORS = frozenset((b"/", b"*"))
_COMBINATORS = frozenset((b">", b"+", b"~"))
_COMPARISONS = frozenset((b"<", b">", b"="))
_MATCHERS = frozenset((b"~", b"|", b"^", b"$", b"*"))
_HEX_COLOUR = re.compile(rb"#(?:[0-9A-Fa-f]{3,4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})")


def statement_keys(statement: bytes, *, inside: bool) -> list[bytes]:
    """What means something in one statement, which stands in a block or at the top. Raises UnreadableError."""
    return Reader(statement, inside=inside).keys


class Reader(MatchedTokens):
    """A style sheet as a list of keys, each a token or a mark of structure, equal where the meaning is.

    A key that is not a token's own bytes starts with byte 1, which is a token by itself and so starts no longer one.
    """

    def __init__(self, content: bytes, *, inside: bool = False) -> None:
        """Raises UnreadableError. `inside`: that is what stands in a block."""
        super().__init__(content)
        self.keys: list[bytes] = []
        self.places: list[int] = []  # of each key, the index of its token
        self.in_filter = self.exact_numbers = False
        self._statements(0, len(self.kinds), top=not inside)

    def offset(self, at: int) -> int:
        """Where the key number `at` stands, or the end."""
        return self.start(self.places[at]) if at < len(self.places) else len(self.content)

    def excerpt(self, at: int) -> str:
        """The source around a key."""
        return _shown(self.content[self.offset(max(0, at - 4)) : self.offset(at + 5)])

    def comment(self, at: int) -> str:
        start, end = self.kept_comments[at]
        return _shown(self.content[start:end])

    # Keys

    def _emit(self, key: bytes, index: int) -> None:
        self.keys.append(key)
        self.places.append(index)

    def _emit_raw(self, index: int, end: int) -> None:
        """Everything as it is written, comments too, but for white space at both ends."""
        start = self.start(index)
        stop = self.ends[end - 1] if index < end else start
        self._emit(b"\1raw " + self.content[start:stop].strip(_WHITESPACE), index)

    # Statements: CSS Syntax Level 3, "consume a stylesheet's contents" and "consume a block's contents"

    def _statements(self, index: int, end: int, *, top: bool) -> None:
        after_block = False
        divided = False
        while index < end:
            kind = self.kinds[index]
            if kind == "whitespace":
                index += 1
            elif kind == ";" and not top:
                # Older browsers read a `;` after a `}` into the prelude of the rule that follows.
                divided = after_block
                index += 1
            else:
                if divided:
                    self._emit(b"\1divided", index)
                divided = False
                if kind == "at-keyword":
                    index = self._at_rule(index, end)
                elif kind in ("cdo", "cdc") and top:
                    self._emit(self.raws[index], index)
                    index += 1
                else:
                    index = self._rule_or_declaration(index, end, top=top)
                after_block = self.kinds[index - 1] == "}"

    def _at_rule(self, index: int, end: int) -> int:
        name = self.raws[index]
        stop = self.find(index, end, ("{", ";"))
        self._emit(name, index)
        if name == b"@scope":
            self._sequence(index + 1, stop, "selector")
        else:
            self._sequence(index + 1, stop, "prelude", conditional=name in _CONDITIONAL)
        return self._block_or_end(stop, end)

    def _block_or_end(self, index: int, end: int) -> int:
        """A block, or the `;`, written or not, that ends a statement without one."""
        if index < end and self.kinds[index] == "{":
            self._emit(b"{", index)
            self._statements(index + 1, self.closers[index], top=False)
            self._emit(b"}", self.closers[index])
            return self.closers[index] + 1
        self._emit(b";", index)
        return min(index + 1, end)

    def _rule_or_declaration(self, index: int, end: int, *, top: bool) -> int:
        name = index
        while not top and name < end and self.kinds[name] == "delim" and self.raws[name] in b"*_+/$!":
            name += 1  # old hacks: `*zoom:1` is a declaration to some browsers and a broken statement to all others
        colon = self.skip_space(name + 1, end)
        named = name < end and self.kinds[name] == "ident" and colon < end and self.kinds[colon] == ":"
        stop = self.find(index, end, ("{",) if top else ("{", ";"))
        has_block = stop < end and self.kinds[stop] == "{"
        if named and unescape(self.raws[name], "latin-1").startswith("--") and not top:
            return self._custom_property(index, colon, end)
        is_rule = has_block and not (named and self.skip_space(colon + 1, end) == stop)
        if is_rule and not (named and self.raws[name].startswith((b"--", b"\\"))):
            self._emit(b"\1rule", index)
            self._sequence(index, stop, "selector")
            return self._block_or_end(stop, end)
        if named and not has_block and not top:
            self._declaration(index, name, colon, stop)
        else:
            stop = self.closers[stop] + 1 if has_block else stop
            self._emit_raw(index, stop)
        self._emit(b";", stop)
        return stop + 1 if not top and stop < end and self.kinds[stop] == ";" else stop

    def _custom_property(self, index: int, colon: int, end: int) -> int:
        stop = self.find(colon, end, (";",))
        self._emit(b"\1custom property", index)
        for at in range(index, colon):
            if self.kinds[at] != "whitespace":
                self._emit(self.raws[at], at)
        mark = self._important_mark(colon + 1, stop)
        value_end = self.start(stop if mark is None else mark)
        value = self.content[self.ends[colon] : value_end]
        # `--x:;` is older browsers' error, `--x: ;` is not: even that one space stays.
        self._emit(b"\1raw " + (value.strip(_WHITESPACE) or (value[:1] and b" ")), colon)
        if mark is not None:
            self._sequence(mark, stop, "value")
        return min(stop + 1, end)

    def _important_mark(self, index: int, stop: int) -> int | None:
        """The `!` of the `!important` that ends a value; it is no part of the value, nor is white space before it."""
        solid = [at for at in range(max(index, stop - 4), stop) if self.kinds[at] != "whitespace"]
        if len(solid) > 1 and self._sign(solid[-2]) == b"!" and self.raws[solid[-1]].lower() == b"important":
            return solid[-2]
        return None

    def _declaration(self, index: int, name: int, colon: int, stop: int) -> None:
        self._emit(b"\1declaration", index)
        for at in range(index, name + 1):
            self._emit(self.raws[at], at)
        self._emit(b":", colon)
        prop = unescape(self.raws[name], "latin-1").lower()
        # IE's filters want the colours as they are, and U+1e3 is no number.
        self.in_filter = prop.endswith("filter")
        self.exact_numbers = prop == "unicode-range"
        self._sequence(colon + 1, stop, "value")
        self.in_filter = self.exact_numbers = False

    # Component values

    def _sequence(self, index: int, end: int, mode: _Mode, *, conditional: bool = False) -> None:
        """The tokens of a prelude, a value, or what is in brackets; white space at both ends means nothing there."""
        kinds, previous = self.kinds, None
        while index < end:
            kind = kinds[index]
            if kind == "whitespace":
                if previous is not None and index + 1 < end and not self._is_meaningless(previous, index + 1, mode):
                    self._emit(b" ", index)
                index += 1
                continue
            if kind in OPENERS:
                self._brackets(index, mode, conditional=conditional)
                index = self.closers[index]
            else:
                self._emit(self._key(index, mode) if kind in _RESPELLED else self.raws[index], index)
            previous = index
            index += 1

    def _is_meaningless(self, previous: int, following: int, mode: _Mode) -> bool:
        """Whether the white space between two tokens is."""
        before, after = self._sign(previous), self._sign(following)
        if not before and not after:
            return False
        if b"," in (before, after):
            return True
        if mode == "value":
            # Not `+` and `-`: in calc() they need it. IE's filters have parameters with a `=`, nothing else has.
            signs = (before, after)
            return not _SEPARATORS.isdisjoint(signs) or b"!" in signs or (self.in_filter and b"=" in signs)
        if mode == "selector":
            return (before in _COMBINATORS) != (after in _COMBINATORS)
        if mode == "attribute":
            return before == b"=" or after == b"=" or (after in _MATCHERS and self._sign(following + 1) == b"=")
        if mode == "condition":
            compares = (before in _COMPARISONS) != (after in _COMPARISONS)
            return compares or b":" in (before, after) or b"/" in (before, after)
        return False

    def _sign(self, index: int) -> bytes:
        """The one character of a delimiter, a colon or a comma; nothing of any other token."""
        return self.raws[index] if self.kinds[index] in _SIGNS else b""

    def _brackets(self, index: int, mode: _Mode, *, conditional: bool) -> None:
        closer = self.closers[index]
        kind = self.kinds[index]
        name = unescape(self.raws[index][:-1], "latin-1").lower() if kind == "function" else ""
        inner = self._inner_mode(index, kind, name, mode, conditional=conditional)
        if inner is None:
            self._emit_raw(index, closer + 1)
            return
        self._emit(self.raws[index], index)
        nth = name in _NTH and inner == "selector" and _AN_PLUS_B.fullmatch(self._between(index, closer))
        if nth:
            self._emit(b"\1nth " + b"".join(nth.groups()), index + 1)
        else:
            self._sequence(index + 1, closer, inner, conditional=conditional)
        self._emit(self.raws[closer], closer)

    def _inner_mode(self, index: int, kind: str, name: str, mode: _Mode, *, conditional: bool) -> _Mode | None:
        """How to read what is in brackets; None: not at all, it stays as it is."""
        first = self.skip_space(index + 1, self.closers[index])
        holds_custom = self.kinds[first] == "ident" and self.raws[first].startswith((b"--", b"\\"))
        if kind == "{" or name == "style" or (conditional and holds_custom):
            return None
        if kind == "[":
            return "attribute" if mode == "selector" else mode
        if name == "selector" or mode in ("selector", "attribute"):
            return "selector"
        if not conditional:
            return mode
        return (
            "condition"
            if not name or name in ("supports", "not", "scroll-state")
            else "value"
            if mode == "condition"
            else mode
        )

    def _between(self, index: int, closer: int) -> bytes:
        return self.content[self.ends[index] : self.starts[closer]]

    def _key(self, index: int, mode: _Mode) -> bytes:
        kind, raw = self.kinds[index], self.raws[index]
        if kind == "url":
            start, end = url_inner(raw)
            return b"\1" + raw[: raw.index(b"(")] + b" " + raw[start:end]
        if kind == "percentage" or (kind in ("number", "dimension") and mode in ("value", "condition")):
            return raw if self.exact_numbers else _number_key(raw)
        if kind == "hash" and mode == "value" and not self.in_filter and _HEX_COLOUR.fullmatch(raw):
            digits = raw[1:].lower()
            return b"\1#" + (bytes(digit for digit in digits for _ in "12") if len(digits) < 5 else digits)
        return raw


@lru_cache(maxsize=4096)
def _number_key(raw: bytes) -> bytes:
    """Equal for numbers of equal value, sign as written, integer flag and unit."""
    match = _NUMBER.match(raw)
    assert match, "it matches the empty string"
    sign, whole, fraction, exponent = match.groups()
    flag = b"integer" if fraction is None and exponent is None else b"real"
    digits = (whole + (fraction or b"")).lstrip(b"0")
    significant = digits.rstrip(b"0")
    power = int(exponent or 0) - len(fraction or b"") + len(digits) - len(significant) if significant else 0
    return b"\1%b %b%b e%d %b" % (flag, sign, significant, power, raw[match.end() :])


def _shown(raw: bytes) -> str:
    """One line of it."""
    text = re.sub(r"\s*[\r\n\f]\s*", " ", raw[: EXCERPT_LENGTH * 2].decode("utf-8", "replace")).strip()
    return text if len(text) <= EXCERPT_LENGTH else text[:EXCERPT_LENGTH] + "..."
