"""Bytes -> smaller bytes of equal meaning, or the bytes themselves.

Minifiers of white space break files now and then. So each one's output is compared with its source, syntax against
syntax, and released only if nothing but comments and meaningless white space differs. Otherwise the next tool has its
turn, in the end the source stays as it is, and a warning says where they differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from assetbuild.errors import Problem, ProcessorError, place_at
from assetbuild.processors import css_equivalence, javascript_equivalence
from assetbuild.processors.difference import Difference
from assetbuild.syntax import css, javascript

Language = Literal["css", "js"]

_MINIFIED_NAME = re.compile(r"[.\-_]min\.[^/.]+\Z", re.IGNORECASE)
LONG_LINES = 500  # bytes in a line, on average: nobody writes so, tools do
_LONG_ENOUGH = 2_000  # bytes; in shorter files one long line says nothing
_LICENCE = re.compile(rb"/\*!")


@dataclass(frozen=True, slots=True)
class Minified:
    """`tool` is what made `content`, with its version; None where that is the source as it was."""

    content: bytes
    tool: str | None = None
    warnings: tuple[Problem, ...] = ()


def minify(content: bytes, language: Language, tools: tuple[str, ...], name: str) -> Minified:
    """The output of the first of `tools` that is proven equal in meaning, else `content` with a warning.

    `name` is what messages call the file. Raises ProcessorError for a tool that is not installed.
    """
    unchanged = Minified(content)
    if not content or is_minified(name, content) or _is_wide(content, language):
        return unchanged
    failures: list[tuple[str, Difference]] = []
    compare = _comparison(content, language)
    for tool in tools:
        run, version = _load(tool, name)
        try:
            output = run(content)
        except Exception as error:  # whatever a minifier stumbles over
            failures.append((f"{tool} {version}", Difference(0, f"it failed: {str(error) or type(error).__name__}")))
            continue
        if len(output) >= len(content):
            return unchanged
        difference = compare(output)
        if difference is None:
            return Minified(output, f"{tool} {version}")
        failures.append((f"{tool} {version}", difference))
    return Minified(content, None, (_warning(content, name, failures),) if failures else ())


def is_minified(name: str, content: bytes) -> bool:
    """By its name, or by lines so long that nobody wrote them."""
    if _MINIFIED_NAME.search(name):
        return True
    return len(content) > _LONG_ENOUGH and len(content) > LONG_LINES * (content.count(b"\n") + content.count(b"\r") + 1)


def _is_wide(content: bytes, language: Language) -> bool:
    """Whether the bytes are not those of ASCII with more behind it: no minifier reads those."""
    return language == "css" and css.declared_encoding(content) in css.NOT_ASCII_SUPERSETS


def _comparison(content: bytes, language: Language) -> Callable[[bytes], Difference | None]:
    if language == "css":
        return lambda output: css_equivalence.difference(content, output)
    tree = javascript.parse(content)  # once, for all tools
    if tree is None:
        return lambda _: Difference(0, "the source is too large or too deep to be compared")
    return lambda output: javascript_equivalence.difference(content, output, tree)


def _warning(content: bytes, name: str, failures: list[tuple[str, Difference]]) -> Problem:
    tried = tuple(f"{tool}: {difference.what}" for tool, difference in failures)
    offset = failures[-1][1].offset
    place = place_at(content, offset, offset + 1, name)
    what = "is released as it was written: no minifier leaves its meaning as it is"
    return Problem(what, place, tried)


def _load(tool: str, name: str) -> tuple[Callable[[bytes], bytes], str]:
    try:
        return _TOOLS[tool]()
    except ImportError as error:
        raise ProcessorError(
            f"minifier '{tool}' is not installed",
            where=name,
            fix=f"pip install 'assetbuild[build]', or remove '{tool}' from [minify]",
        ) from error


@cache
def _rjsmin() -> tuple[Callable[[bytes], bytes], str]:
    import rjsmin

    return lambda content: bytes(rjsmin.jsmin(content, keep_bang_comments=True)), rjsmin.__version__


@cache
def _jsmin() -> tuple[Callable[[bytes], bytes], str]:
    import jsmin

    def run(content: bytes) -> bytes:
        """Without its `quote_chars`, jsmin would take white space out of templates."""
        output: str = jsmin.jsmin(content.decode(), quote_chars="'\"`")
        return _licences(content) + output.lstrip("\n").encode()

    return run, jsmin.__version__


@cache
def _rcssmin() -> tuple[Callable[[bytes], bytes], str]:
    import rcssmin

    return lambda content: bytes(rcssmin.cssmin(content, keep_bang_comments=True)), rcssmin.__version__


@cache
def _cssmin() -> tuple[Callable[[bytes], bytes], str]:
    import cssmin

    return lambda content: str(cssmin.cssmin(content.decode())).encode(), cssmin.__version__


_TOOLS: Mapping[str, Callable[[], tuple[Callable[[bytes], bytes], str]]] = {
    "jsmin": _jsmin,
    "rjsmin": _rjsmin,
    "cssmin": _cssmin,
    "rcssmin": _rcssmin,
}


def _licences(content: bytes) -> bytes:
    """The `/*! ... */` comments of a script, which jsmin drops: licences ask to be kept."""
    offsets = [match.start() for match in _LICENCE.finditer(content)]
    tree = javascript.parse(content) if offsets else None
    if tree is None:
        return b""
    nodes = (node for node in javascript.covering(tree, offsets) if node.type == "comment")
    kept = [content[node.start_byte : node.end_byte] for node in nodes if content.startswith(b"/*!", node.start_byte)]
    return b"".join(comment + b"\n" for comment in kept)
