"""Values of custom properties, kept from minifiers: scripts and style queries read them as they were written.

rcssmin takes white space out of them, so that one `--font: "A", "B"` would cost a whole style sheet its minifying.
A name stands for each value while the tool runs. Nothing is taken on trust: what comes out is compared as ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from assetbuild.processors.css_pieces import NotPlainError, pieces
from assetbuild.syntax.css import tokens

_OPENERS = {"{": "}", "(": ")", "[": "]", "function": ")"}
_SPACE = ("whitespace", "comment")
_SPACES = b" \t\r\n\f"
_NAME = re.compile(rb"--[A-Za-z0-9_\-\x80-\xff]*[ \t\r\n\f]*:")


def sheltered(run: Callable[[bytes], bytes], content: bytes) -> bytes:
    """`run(content)`, with every custom property's value as it was."""
    mark = b"assetbuild-kept-"
    spans = _values(content) if b"--" in content and mark not in content else []
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


def same_values(content: bytes, output: bytes) -> bool:
    """Whether both declare custom properties of the same values in the same order."""
    one, other = ([text[start:end] for start, end in _values(text)] for text in (content, output))
    return one == other


def _values(content: bytes) -> list[tuple[int, int]]:
    """The span of each value without the white space around it, which means nothing unless it is all there is."""
    try:
        return list(_plain_values(content))
    except NotPlainError:
        return list(_all_values(content))


def _plain_values(content: bytes) -> Iterator[tuple[int, int]]:
    for match in pieces(content):
        body = match[2]
        if body.startswith(b"--"):
            name = _NAME.match(body)
            if not name:
                raise NotPlainError
            value = body[name.end() :]
            blank = len(value) - len(value.lstrip(_SPACES))
            if value:
                start = match.start(2) + name.end() + (blank if blank < len(value) else 0)
                yield start, start + max(len(value.strip(_SPACES)), 1)


def _all_values(content: bytes) -> Iterator[tuple[int, int]]:
    """The same from the tokens, in a loop that keeps none of them."""
    starts_here = True  # whether a declaration can start
    named = False  # whether its name was just read
    value: tuple[int, int] | None = None
    closers: list[str] | None = None  # of the brackets that are open in a value
    for kind, start, end in tokens(content):
        if closers is None:
            if named and kind == ":":
                value, closers = None, []
            elif kind not in _SPACE:
                named = starts_here and kind == "ident" and content.startswith(b"--", start)
                starts_here = kind in ("{", "}", ";")
            continue
        if not closers and kind in (";", "}"):
            if value:
                yield value
            starts_here, named, closers = True, False, None
            continue
        if closers and kind == closers[-1]:
            closers.pop()
        elif kind in _OPENERS:
            closers.append(_OPENERS[kind])
        if value is None or content[value[0]] in _SPACES:
            value = start, end
        elif kind != "whitespace":
            value = value[0], end
    if value and closers is not None:
        yield value
