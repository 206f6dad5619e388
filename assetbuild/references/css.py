"""CSS bytes -> the references in them: url(), src(), @import and the strings of image-set(), in source order.

Not references: what a comment or another string holds (`image("x")` is in no browser; IE's `src='x'` starts from the
page), URLs that are not files of ours (urls.is_local), and those in the prelude of an at-rule that fetches nothing.
Whether an @import stands where a browser would follow it is not judged here. A URL in a custom property has a kind of
its own: Chromium reads it from the style sheet whose var() uses it, which is taken to be in the same directory.
"""

from __future__ import annotations

import codecs
import re
import threading
from collections.abc import Iterator, Mapping

from assetbuild.model import Kind, Reference
from assetbuild.syntax.css import (
    NOT_ASCII_SUPERSETS,
    UTF8_BOM,
    declared_encoding,
    detect_encoding,
    pieces,
    scan,
    string_inner,
    unescape,
    url_inner,
)
from assetbuild.syntax.css_statements import Url, last_sign, plain_urls
from assetbuild.urls import is_local, path_length

_URL_FUNCTIONS = frozenset(("url", "src"))
_IMAGE_SETS = frozenset(("image-set", "-webkit-image-set"))
# Means the same whatever the encoding: no scheme, host or escape. What follows the path does not matter.
_PLAIN_PATH = re.compile(rb"([A-Za-z0-9_.\-][A-Za-z0-9_.\-/%~+]*)(?:[?#][!-\[\]-~]*)?")
# What the URL Standard strips from both ends (C0 controls and space), and what it drops everywhere.
_STRIPPED = "".join(map(chr, range(0x21)))
_DROPPED = dict.fromkeys(map(ord, "\t\n\r"))

# What was last found in this thread: the build and the check of a minifier want the same.
_REMEMBERED = 2
_REMEMBERED_BYTES = 2**22
_thread = threading.local()


def find(content: bytes) -> list[Reference]:
    """All references, whatever the encoding; offsets are into `content`. The list is not to be changed."""
    recent: list[tuple[bytes, list[Reference]]] = _thread.__dict__.setdefault("recent", [])
    for known, found in recent:
        if known == content:
            return found
    found = _find_all(content)
    if len(content) <= _REMEMBERED_BYTES:
        recent[:] = [(content, found), *recent][:_REMEMBERED]
    return found


def _find_all(content: bytes) -> list[Reference]:
    declared = declared_encoding(content)
    if declared in NOT_ASCII_SUPERSETS:
        return _find_transcoded(content, declared)
    last = last_sign(content)
    return _find(content, declared or detect_encoding(content), last) if last >= 0 else []


def url_encoding(content: bytes) -> str:
    """The codec in which an ASCII URL is written into `content`: 'ascii', 'utf-16-le' or 'utf-16-be'."""
    declared = declared_encoding(content)
    return declared if declared in ("utf-16-le", "utf-16-be") else "ascii"


def _find(content: bytes, encoding: str, last: int) -> list[Reference]:
    candidates = _candidates(content, last)
    return [found for candidate in candidates if (found := _reference(content, candidate, encoding))]


# Where a token stands: at the start of a statement; in a rule's prelude or a declaration; in a custom property, whose
# blocks are values; in the prelude of an at-rule whose URLs count; where the URL of an @import is expected; in a
# prelude whose URLs do not count. Brackets without statements keep the mode around them.
_START, _OTHER, _CUSTOM, _AT_RULE, _IMPORT, _MUTE = "start", "other", "custom", "at-rule", "import", "mute"
_KINDS: Mapping[str, Kind] = {_CUSTOM: "css-custom-property"}
_MAX_WAIT = 256  # statements
_BLOCK = ("}", _START, True, False)  # the frame of a block of statements
_AFTER_ANY = {_START: _OTHER, _IMPORT: _MUTE}
_PRELUDES = {"import": _IMPORT, **dict.fromkeys(("namespace", "document", "-moz-document", "supports"), _MUTE)}


def _candidates(content: bytes, last: int, *, skips: bool = True) -> Iterator[Url]:
    """The URLs where they name a resource. `last` is the last sign of one; `skips`: plain statements and what follows
    upon the last sign are not read token by token, which finds the same."""
    found: list[Url] = []  # those that wait for the end of a url() around or before them
    # The brackets that are open, as tuples since there may be millions: what closes it, the mode that then holds again,
    # whether statements are in it, whether it is an image-set().
    frames: list[tuple[str, str, bool, bool]] = []
    closer, _, in_statements, in_image_set = outermost = ("", _START, True, False)
    mode, import_start = _START, 0
    awaited: tuple[Kind, int] | None = None  # after `url(`: the kind of the string to come, and where it all starts
    unclosed: dict[int, int] = {}  # by depth, the place in `found` of each url() whose end is not yet known
    tries = waits = 1  # how often statements were found not to be plain; how many to read before the next try
    at = len(UTF8_BOM) if content.startswith(UTF8_BOM) else 0
    while at < len(content):
        if skips and mode == _START:
            yield from found
            found.clear()
            tried_at = at
            urls, at, depth = plain_urls(content, at, len(frames), last)
            yield from urls
            if at > last:
                return
            tries = 1 if at > tried_at else min(2 * tries, _MAX_WAIT)
            waits = tries
            del frames[depth:]
            frames += [_BLOCK] * (depth - len(frames))
            closer, _, in_statements, in_image_set = frames[-1] if frames else outermost
        for kind, start, end in scan(content, at):
            if mode == _START and skips:
                if not waits:
                    break
                waits -= 1
            at = end
            if kind == "nothing":
                if mode == _IMPORT and content[start] in b"<-":  # but `<!--` is something inside of a statement
                    mode = _MUTE
                continue
            of_url, awaited = awaited, None
            here: tuple[Kind, int] = (
                ("css-import", import_start) if mode == _IMPORT else (_KINDS.get(mode, "css-url"), start)
            )
            opened: tuple[str, str, bool, bool] | None = None
            if kind == "string" and (of_url or mode == _IMPORT or (in_image_set and mode != _MUTE)):
                if not unclosed:
                    yield from found
                    found.clear()
                what, whole_start = of_url or here
                first, final = string_inner(content[start:end])
                found.append(Url(what, start + first, start + final, whole_start, end, True))
                if of_url:
                    unclosed[len(frames)] = len(found) - 1
            elif kind == "url" and mode != _MUTE:
                if not unclosed:
                    yield from found
                    found.clear()
                first, final = url_inner(content[start:end])
                found.append(Url(here[0], start + first, start + final, here[1], end, False))
            elif kind == "at-keyword" and mode == _START:
                mode, import_start = (
                    _PRELUDES.get(unescape(content[start + 1 : end], "latin-1").lower(), _AT_RULE),
                    start,
                )
                continue
            elif kind == closer:
                if unclosed and (index := unclosed.pop(len(frames), None)) is not None:
                    found[index] = found[index]._replace(whole_end=end)
                mode = frames.pop()[1]
                closer, _, in_statements, in_image_set = frames[-1] if frames else outermost
                continue

            if mode == _START and content[start] in b"-\\" and _starts_custom(content, start):
                mode = _CUSTOM
            mode = _AFTER_ANY.get(mode, mode)
            mark = kind[-1]  # of 'other{' as of '{'
            if kind == "function":
                name = unescape(content[start : end - 1], "latin-1").lower()
                if name in _URL_FUNCTIONS and (mode != _MUTE or here[0] == "css-import"):
                    awaited = here
                opened = (")", mode, False, name in _IMAGE_SETS)
            elif mark == ";" and in_statements:
                # At the top level a `;` ends only at-rules: the prelude of any other rule goes on until its `{`.
                mode = _START if frames or mode not in (_OTHER, _CUSTOM) else mode
            elif mark == "{":
                if mode == _CUSTOM and in_statements:  # at the top level it ends a rule that is none
                    opened = ("}", _CUSTOM if frames else _START, False, False)
                else:
                    mode = _START if in_statements else mode
                    opened = ("}", mode, in_statements, False)
            elif mark == "(":
                opened = (")", mode, False, False)
            elif mark == "[":
                opened = ("]", mode, False, False)
            if opened:
                frames.append(opened)
                closer, _, in_statements, in_image_set = opened
        else:
            break
    for index in unclosed.values():
        found[index] = found[index]._replace(whole_end=len(content))
    yield from found


def _starts_custom(content: bytes, start: int) -> bool:
    """Whether the statement that starts here does so with two hyphens, or an escape that may be one of them."""
    return unescape(content[start : start + 20], "latin-1").startswith("--")


def _reference(content: bytes, candidate: Url, encoding: str) -> Reference | None:
    """None for a URL that is not a file of ours."""
    plain = _PLAIN_PATH.fullmatch(content, candidate.start, candidate.end)
    if plain:
        path, end = plain[1].decode("ascii"), plain.end(1)
        return Reference(candidate.kind, path, candidate.start, end, candidate.whole_start, candidate.whole_end)
    raw = content[candidate.start : candidate.end]
    url = unescape(raw, encoding, in_string=candidate.in_string).strip(_STRIPPED).translate(_DROPPED)
    if not is_local(url):
        return None
    return Reference(
        kind=candidate.kind,
        specifier=url[: path_length(url)],
        start=candidate.start,
        end=candidate.start + _raw_path_length(raw, encoding, candidate.in_string),
        whole_start=candidate.whole_start,
        whole_end=candidate.whole_end,
    )


def _raw_path_length(raw: bytes, encoding: str, in_string: bool) -> int:
    """Where query or fragment begin in the raw URL. Their `?` or `#` may be an escape, which then is theirs."""
    for text, start, end in pieces(raw, encoding, in_string=in_string):
        if path_length(text) < len(text):
            # A run between escapes starts with no backslash, and its `?` and `#` are bytes of their own.
            return start if raw[start] == 0x5C else start + path_length(raw[start:end].decode("latin-1"))
    return len(raw)


def _find_transcoded(content: bytes, encoding: str) -> list[Reference]:
    """Find in UTF-8, then move the offsets. Goes character by character, and slowly: such files are rare."""
    text, ends = _decode(content, encoding)
    utf8 = text.encode("utf-8")
    references = _find(utf8, "utf-8", last_sign(utf8))
    offsets = {offset for each in references for offset in (each.start, each.end, each.whole_start, each.whole_end)}
    characters = _characters_before(utf8, sorted(offsets))

    def start_of(offset: int) -> int:
        character = characters[offset]
        return ends[character - 1] if character else 0

    def end_of(offset: int) -> int:
        # iso-2022-jp returns to ASCII between a URL and what follows it; the new URL needs no return, but what
        # follows the new URL must be read as before.
        character = characters[offset]
        return ends[character] - 1 if encoding == "iso2022_jp" and character < len(ends) else start_of(offset)

    return [
        each._replace(
            start=start_of(each.start),
            end=end_of(each.end),
            whole_start=start_of(each.whole_start),
            whole_end=end_of(each.whole_end),
        )
        for each in references
    ]


def _decode(content: bytes, encoding: str) -> tuple[str, list[int]]:
    """The text, and for each of its characters where in `content` it ends."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    characters: list[str] = []
    ends: list[int] = []
    for at in range(len(content) + 1):
        decoded = decoder.decode(content[at : at + 1], final=at == len(content))
        characters.append(decoded)
        ends += [min(at + 1, len(content))] * len(decoded)
    return "".join(characters), ends


def _characters_before(utf8: bytes, offsets: list[int]) -> dict[int, int]:
    """For each byte offset, in ascending order, the number of characters before it."""
    counts, count, at = {}, 0, 0
    for offset in offsets:
        count += len(utf8[at:offset].decode("utf-8"))
        counts[offset], at = count, offset
    return counts
