"""A source and its released file -> whether the released file still means the same. None of it is our own code.

Scripts and style sheets are printed by esbuild; style sheets are asked lightningcss and tinycss2 as well, SVG is
compared as canonical XML, a web app manifest as JSON. Only the spelling of URLs may differ.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from assetbuild.model import format_of
from tests.support.judge import Judge, Reading, css_urls, custom_properties, outside_strings, plain, unmarked

OTHERWISE = "esbuild prints it otherwise"
TINYCSS2_LIMIT = 300_000  # bytes; it reads 0.6 MB/s
_CUSTOM = re.compile(r"--[^;{}]*:")
_URL = re.compile(r"\(|@import|\\", re.IGNORECASE)
_HACK = re.compile(rb"(?<=[;{])([^\w\s;{}'\"-]?[\w-]+)\s*:\s+")  # *zoom: 1
_FILTER = re.compile(rb"progid:[^;}]*|alpha\([^;}]*", re.IGNORECASE)
_PARAMETERS = re.compile(rb"(?<=filter:)[^;}]*", re.IGNORECASE)
_SIGN = re.compile(rb"\s*([=,()])\s*")
_IMPORTANT = re.compile(rb" +!")
_COLOUR = re.compile(rb"#([0-9a-fA-F])\1([0-9a-fA-F])\2([0-9a-fA-F])\3(?![0-9a-fA-F])")
_LICENCE = re.compile(rb"(/[/*])!|(@)(?=license|preserve)")
_STRING_OR_SPACE = re.compile(rb"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|/\*.*?\*/|\s+""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pair:
    """`marks` are all fingerprints of the release; `files` are its released names, by logical path."""

    path: str
    before: bytes
    after: bytes
    read_before: Reading | None = None  # for scripts and style sheets
    read_after: Reading | None = None
    marks: Set[bytes] = frozenset()
    files: Mapping[str, str] = field(default_factory=dict)


def verdicts(pairs: Iterable[Pair], judge: Judge, decide: Callable[[Pair], str | None]) -> dict[str, str | None]:
    """Path -> what `decide` says of it, once esbuild has rewritten what it first printed otherwise.

    In its shortest form no empty statement is left, which a minifier of white space may drop: `a=1;;` is `a=1`. And
    `//!` is made a plain comment, as is `@license`: esbuild takes such a comment to be a statement of its own.
    """
    pairs = list(pairs)
    found = {pair.path: decide(pair) for pair in pairs}
    again = [pair for pair in pairs if found[pair.path] == OTHERWISE]
    if again:
        before = judge.read_all({pair.path: _LICENCE.sub(rb"\1 ", pair.before) for pair in again}, rewrite=True)
        after = judge.read_all({pair.path: _LICENCE.sub(rb"\1 ", pair.after) for pair in again}, rewrite=True)
        for pair in again:
            pair = replace(pair, read_before=before[pair.path], read_after=after[pair.path])
            found[pair.path] = decide(pair)
    return found


def verdict(pair: Pair) -> str | None:
    """Empty for a sound pair, else what is wrong; None where no judge understands the source."""
    kind = format_of(pair.path)
    if kind in ("css", "js"):
        found = by_esbuild(pair)
        return found or (_style_sheet(pair) if kind == "css" else found)
    return _svg(pair) if kind == "svg" else _json(pair)


def by_esbuild(pair: Pair) -> str | None:
    """The verdict on a script or a style sheet by esbuild alone."""
    before, after = pair.read_before, pair.read_after
    assert before
    assert after
    if before.text is None:
        return None
    if after.text is None or (before.sound and not after.sound):
        return "esbuild no longer understands it"
    texts = [plain(before.text, pair.path, frozenset()), plain(after.text, pair.path, pair.marks)]
    if format_of(pair.path) == "css":  # esbuild keeps the parameters of Internet Explorer's filters as they are
        texts = [_PARAMETERS.sub(lambda found: outside_strings(_SIGN, rb"\1", found[0]), text) for text in texts]
    if not before.sound:  # a style sheet: what is no declaration is printed as it was written
        texts = [outside_strings(_HACK, rb"\1:", text) for text in texts]
    return "" if texts[0] == texts[1] else OTHERWISE


def mildly(pair: Pair) -> str | None:
    """`by_esbuild`, but a style sheet may differ in what no browser sees.

    That is how colours are spelled, white space in filters of Internet Explorer and before `!important`, and all that
    lightningcss prints alike in its shortest form.
    """
    found = by_esbuild(pair)
    if found != OTHERWISE or format_of(pair.path) != "css":
        return found
    assert pair.read_before
    assert pair.read_after
    texts = [plain(reading.text or b"", pair.path, frozenset()) for reading in (pair.read_before, pair.read_after)]
    if _mild(texts[0]) == _mild(texts[1]):
        return ""
    shortest = [_reprinted(_text(content), minify=True) for content in (pair.before, pair.after)]
    if shortest[0] is None or shortest[1] is None:
        return found
    return "" if _mild(shortest[0]) == _mild(shortest[1]) else found


def _mild(text: bytes) -> bytes:
    text = _FILTER.sub(lambda found: b"".join(found[0].split()), text)
    text = outside_strings(_IMPORTANT, b"!", outside_strings(_COLOUR, rb"#\1\2\3", text))
    return _STRING_OR_SPACE.sub(lambda found: found[1] or b" ", text).lower()


def _style_sheet(pair: Pair) -> str:
    before, after = _text(pair.before), _text(pair.after)
    found = ""
    if len(pair.before) <= TINYCSS2_LIMIT:
        found = _custom_properties(pair, before, after) or _urls(pair, before, after)
    return found or by_lightningcss(pair, before, after)


def _custom_properties(pair: Pair, before: str, after: str) -> str:
    if not _CUSTOM.search(before):
        return ""
    found = [(name, unmarked(value.encode(), pair.marks).decode()) for name, value in custom_properties(after)]
    return "" if found == custom_properties(before) else "tinycss2 finds other values of custom properties"


def _urls(pair: Pair, before: str, after: str) -> str:
    """Each URL names the released file of what it named before; one that named no file of ours is as it was."""
    if not _URL.search(before):
        return ""
    named = [_target(pair.path, url) for url in css_urls(before)]
    names = [_target(pair.path, url) for url in css_urls(after)]
    expected = [pair.files.get(target, target) for target in named]
    wrong = next((pair for pair in zip(expected, names, strict=False) if pair[0] != pair[1]), None)
    if wrong:
        return f"tinycss2 finds the URL of '{wrong[1]}', not of '{wrong[0]}'"
    return "" if len(expected) == len(names) else "tinycss2 finds another number of URLs"


def _target(holder: str, url: str) -> str:
    """The file below the site's directory that `url` names; `url` itself where it names none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return url
    return posixpath.normpath(posixpath.join(posixpath.dirname(holder), unquote(parts.path)))


def by_lightningcss(pair: Pair, before: str, after: str) -> str:
    """It keeps white space and comments in values that it does not understand, as in filters of Internet Explorer."""
    printed_before = _reprinted(before)
    if printed_before is None:
        return ""
    printed_after = _reprinted(after)
    if printed_after is None:
        return "lightningcss no longer understands it"
    texts = (plain(printed_before, pair.path, frozenset()), plain(printed_after, pair.path, pair.marks))
    bare = [_STRING_OR_SPACE.sub(lambda found: found[1] or b"", text) for text in texts]
    return "" if bare[0] == bare[1] else "lightningcss prints it otherwise"


def _reprinted(text: str, *, minify: bool = False) -> bytes | None:
    import lightningcss

    try:
        return lightningcss.process_stylesheet(text, minify=minify).encode()
    except ValueError:
        return None


def _svg(pair: Pair) -> str | None:
    try:
        before = ElementTree.canonicalize(pair.before)
    except ElementTree.ParseError:
        return None
    try:
        after = ElementTree.canonicalize(pair.after)
    except ElementTree.ParseError:
        return "it is no XML any more"
    same = plain(before.encode(), pair.path, frozenset()) == plain(after.encode(), pair.path, pair.marks)
    return "" if same else "its canonical XML differs"


def _json(pair: Pair) -> str | None:
    try:
        before = json.loads(pair.before)
    except ValueError:
        return None
    try:
        after = json.loads(pair.after)
    except ValueError:
        return "it is no JSON any more"
    texts = (json.dumps(before).encode(), json.dumps(after).encode())
    same = plain(texts[0], pair.path, frozenset()) == plain(texts[1], pair.path, pair.marks)
    return "" if same else "its JSON differs"


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
