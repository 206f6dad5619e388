"""Values of custom properties, kept from minifiers: scripts and style queries read them as they were written.

rcssmin takes white space out of them, so that one `--font: "A", "B"` would cost a whole style sheet its minifying.
A name stands for each value while the tool runs. Nothing is taken on trust: what comes out is compared as ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from assetbuild.syntax.css import Token, tokenize

_OPENERS = {"{": "}", "(": ")", "[": "]", "function": ")"}
_SPACE = ("whitespace", "comment")


def sheltered(run: Callable[[bytes], bytes], content: bytes) -> bytes:
    """`run(content)`, with every custom property's value as it was."""
    mark = b"assetbuild-kept-"
    spans = list(_values(content)) if b"--" in content and mark not in content else []
    if not spans:
        return run(content)
    pieces: list[bytes] = []
    kept: list[bytes] = []
    at = 0
    for start, end in spans:
        pieces += [content[at:start], mark, str(len(kept)).encode() + b"_"]
        kept.append(content[start:end])
        at = end
    hidden = b"".join([*pieces, content[at:]])
    return re.sub(mark + rb"(\d+)_", lambda found: kept[int(found[1])], run(hidden))


def _values(content: bytes) -> Iterator[tuple[int, int]]:
    """The span of each value without the white space around it, which means nothing unless it is all there is."""
    tokens = tokenize(content)
    starts_here, at = True, 0
    while at < len(tokens):
        kind, start, _ = tokens[at]
        if starts_here and kind == "ident" and content.startswith(b"--", start):
            colon = _after_space(tokens, at + 1)
            if colon < len(tokens) and tokens[colon][0] == ":":
                first, at = colon + 1, _end_of_value(tokens, colon + 1)
                while first < at - 1 and tokens[first][0] == "whitespace":
                    first += 1
                last = at - 1
                while last > first and tokens[last][0] == "whitespace":
                    last -= 1
                if first <= last:
                    yield tokens[first][1], tokens[last][2]
                continue
        if kind not in _SPACE:
            starts_here = kind in ("{", "}", ";")
        at += 1


def _after_space(tokens: list[Token], at: int) -> int:
    while at < len(tokens) and tokens[at][0] in _SPACE:
        at += 1
    return at


def _end_of_value(tokens: list[Token], at: int) -> int:
    """Where the `;` or the `}` that ends a declaration stands."""
    closers: list[str] = []
    while at < len(tokens):
        kind = tokens[at][0]
        if closers and kind == closers[-1]:
            closers.pop()
        elif not closers and kind in (";", "}"):
            break
        elif kind in _OPENERS:
            closers.append(_OPENERS[kind])
        at += 1
    return at
