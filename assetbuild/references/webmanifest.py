"""Web app manifest bytes -> the images that it names: `src` of its icons and screenshots.

Members are those of the Web Application Manifest and of the extensions that browsers read. `start_url`, `scope`, `id`,
`url`, `action` are pages, and a `serviceworker` is to have a name that stays, so they are no references.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import accumulate, islice
from typing import NoReturn

from assetbuild.model import Reference
from assetbuild.urls import is_local

MAX_DEPTH = 200  # of brackets, as in Chromium; `json` counts its own depth from wherever it is called

# Where the URLs are: [x] is an array of x, {None: x} an object whose every member is x, and None a URL.
_Shape = list["_Shape"] | dict[str | None, "_Shape"] | None
_IMAGES: _Shape = [{"src": None}]
_WITH_ICONS: _Shape = [{"icons": _IMAGES, "icons_localized": {None: _IMAGES}}]
_MANIFEST: _Shape = {
    "icons": _IMAGES,
    "icons_localized": {None: _IMAGES},
    "shortcuts": _WITH_ICONS,
    "shortcuts_localized": {None: _WITH_ICONS},
    "screenshots": _IMAGES,  # Manifest: Application Information
    "file_handlers": _WITH_ICONS,  # Manifest Incubations, as the next one
    "tab_strip": {"home_tab": {"icons": _IMAGES}},
    "widgets": [{"icons": _IMAGES, "screenshots": _IMAGES}],  # Edge
}

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(rb'"[^"]*"?')
_BRACKET = re.compile(rb'"[^"]*"?|([\[{\]}])')
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(set(range(256)) - _STEPS.keys())
_CONSTANT = re.compile(rb'"[^"]*"|(-?Infinity|NaN)')
_PIECE = re.compile(
    rb"[^\\?#]+|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL
)
_ESCAPES = {b"b": "\b", b"f": "\f", b"n": "\n", b"r": "\r", b"t": "\t"}
_STRIPPED = "".join(map(chr, range(0x21)))  # what the URL Standard drops at both ends, and what everywhere
_DROPPED = dict.fromkeys(map(ord, "\t\n\r"))


class _NoJSON(ValueError):
    """A constant of JavaScript's, which `json` would let pass."""


def _refuse(constant: str) -> NoReturn:
    raise _NoJSON(constant)


def _ignore(_: str) -> None:
    """Numbers mean nothing here, and reading one of a million digits takes its time."""


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_int=_ignore, parse_float=_ignore)


def find(content: bytes) -> list[Reference]:
    """All references, in source order; none in a file that has a `problem`."""
    if problem(content):
        return []
    text = _text(content)
    found = (_reference(content, text, *place) for place in _urls(text, _after_space(text, 0), _MANIFEST))
    return sorted((each for each in found if each), key=lambda reference: reference.start)


def problem(content: bytes) -> tuple[int, str] | None:
    """Where the file is no JSON object, as an offset in bytes, and why."""
    bare = content.replace(b"\\\\", b"__").replace(b'\\"', b"__")  # a quote now begins or ends a string
    offset = _too_deep(bare)
    if offset is not None:
        return offset, f"brackets are nested more than {MAX_DEPTH} deep"
    text = _text(content)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        return error.pos, error.msg[:1].lower() + error.msg[1:]
    except _NoJSON as error:
        constant = next(match for match in _CONSTANT.finditer(bare) if match[1])
        return constant.start(), f"'{error}' is no value of JSON"
    return None if isinstance(value, dict) else (_after_space(text, 0), "the outermost value is no object")


def _text(content: bytes) -> str:
    """A character for each byte, so that places agree. JSON's own characters are ASCII; a UTF-8 mark becomes space."""
    text = content.decode("latin-1")
    return "   " + text[3:] if content.startswith(b"\xef\xbb\xbf") else text


def _too_deep(bare: bytes) -> int | None:
    """Where the first bracket stands that is nested too deep."""
    if bare.count(b"[") + bare.count(b"{") <= MAX_DEPTH:
        return None
    brackets = _STRING.sub(b"", bare).translate(None, _NO_BRACKETS)
    for index, depth in enumerate(accumulate(map(_STEPS.__getitem__, brackets))):
        if depth > MAX_DEPTH:
            return next(islice(_brackets(bare), index, None))
    return None


def _brackets(bare: bytes) -> Iterator[int]:
    return (match.start(1) for match in _BRACKET.finditer(bare) if match[1])


def _urls(text: str, at: int, shape: _Shape) -> Iterator[tuple[int, int]]:
    """For each member that is a URL, where its name and its value begin. `text` is JSON, with a value at `at`."""
    if isinstance(shape, list) and text[at] == "[":
        for element in _elements(text, at):
            yield from _urls(text, element, shape[0])
    elif isinstance(shape, dict) and text[at] == "{":
        members = {name: (start, value) for name, start, value in _members(text, at)}  # of equal names the last counts
        for name, (start, value) in members.items():
            if name in shape or None in shape:
                inner = shape.get(name, shape.get(None))
                if inner is not None:
                    yield from _urls(text, value, inner)
                elif text[value] == '"':
                    yield start, value


def _elements(text: str, at: int) -> Iterator[int]:
    at = _after_space(text, at + 1)
    while text[at] != "]":
        yield at
        at = _next(text, at)


def _members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    at = _after_space(text, at + 1)
    while text[at] != "}":
        name, end = _DECODER.raw_decode(text, at)
        value = _after_space(text, _after_space(text, end) + 1)
        yield name, at, value
        at = _next(text, value)


def _next(text: str, at: int) -> int:
    """Where, after the value at `at`, the next one begins, or the bracket that closes them."""
    at = _after_space(text, _DECODER.raw_decode(text, at)[1])
    return _after_space(text, at + 1) if text[at] == "," else at


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _reference(content: bytes, text: str, name: int, value: int) -> Reference | None:
    start, whole_end = value + 1, _DECODER.raw_decode(text, value)[1]
    path, length = _path(content[start : whole_end - 1])
    if not is_local(path):
        return None
    specifier = path.strip(_STRIPPED).translate(_DROPPED)
    return Reference("webmanifest", specifier, start, start + length, name, whole_end)


def _path(raw: bytes) -> tuple[str, int]:
    """The path of the URL that a string holds, and how many of its raw bytes that path takes."""
    found: list[str] = []
    end = 0
    for match in _PIECE.finditer(raw):
        piece = _unescape(match[0])
        if piece in ("?", "#"):
            break
        found.append(piece)
        end = match.end()
    return "".join(found), end


def _unescape(piece: bytes) -> str:
    """One escape sequence as the character it stands for; any other text as it is."""
    if piece[:1] != b"\\":
        return piece.decode("utf-8", "surrogateescape")
    if piece[1:2] != b"u":
        return _ESCAPES.get(piece[1:2]) or piece[1:].decode()
    if len(piece) > 6:
        return bytes.fromhex((piece[2:6] + piece[8:]).decode()).decode("utf-16-be")
    code = int(piece[2:6], 16)
    # Half a character alone goes into a URL as the replacement character (URL Standard).
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
