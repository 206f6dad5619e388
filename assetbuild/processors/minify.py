"""Bytes -> smaller bytes of equal meaning, or the bytes themselves.

Minifiers of white space break files now and then. So each one's output is compared with its source, syntax against
syntax, and released only if nothing but comments and meaningless white space differs. Otherwise the next tool has its
turn, in the end the source stays as it is, and a warning says where they differ.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain, repeat
from types import SimpleNamespace
from typing import TYPE_CHECKING

from assetbuild.errors import Problem, ProcessorError, place_at
from assetbuild.model import Language
from assetbuild.processors import css_equivalence, javascript_equivalence
from assetbuild.processors.custom_properties import sheltered
from assetbuild.processors.difference import Difference
from assetbuild.references import javascript as references
from assetbuild.syntax import css, javascript

if TYPE_CHECKING:
    from tree_sitter import Tree


_MINIFIED_NAME = re.compile(r"[.\-_]min\.[^/.]+\Z", re.IGNORECASE)
LONG_LINES = 500  # bytes in a line, on average: nobody writes so, tools do
_ENDS = 100  # empty reads after the end of the text: jsmin does a handful
_LONG_ENOUGH = 2_000  # bytes; in shorter files one long line says nothing
_UNPROVEN = "is released as it was written: no minifier leaves its meaning as it is"


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
    if not content or is_minified(name, content) or _is_wide(content, language):
        return Minified(content)
    runs = [_load(tool, name) for tool in tools]
    tree = javascript.parse(content) if language == "js" and runs else None
    if language == "js" and runs and (found := _not_understood(tree)):
        return Minified(content, None, (_warning(content, name, found.what, found.offset, ()),))
    failures: list[tuple[str, int, str]] = []  # tool, offset into `content`, what changed there
    for tool, (run, version) in zip(tools, runs, strict=True):
        try:
            output = run(content)
        except UnicodeDecodeError:
            continue  # a tool for text only; that the source is none is not worth a warning
        except Exception as error:  # whatever a minifier stumbles over
            failures.append((f"{tool} {version}", 0, f"it failed: {str(error) or type(error).__name__}"))
            continue
        if len(output) >= len(content):
            continue
        found = _difference(content, output, tree)
        if found is None:
            return Minified(output, f"{tool} {version}")
        failures.append((f"{tool} {version}", found.offset, found.what))
    if not failures:
        return Minified(content)
    notes = tuple(f"{tool}: {what}" for tool, _, what in failures)
    place = next((offset for _, offset, _ in reversed(failures) if offset), 0)
    return Minified(content, None, (_warning(content, name, _UNPROVEN, place, notes),))


def is_minified(name: str, content: bytes) -> bool:
    """By its name, or by lines so long that nobody wrote them."""
    if _MINIFIED_NAME.search(name):
        return True
    return len(content) > _LONG_ENOUGH and len(content) > LONG_LINES * (content.count(b"\n") + content.count(b"\r") + 1)


def _is_wide(content: bytes, language: Language) -> bool:
    """Whether the bytes are not those of ASCII with more behind it: no minifier reads those."""
    return language == "css" and css.declared_encoding(content) in css.NOT_ASCII_SUPERSETS


def _not_understood(tree: Tree | None) -> Difference | None:
    if tree is None:
        return Difference(0, "is too large or nested too deep to be minified, and released as it was written")
    if javascript.is_whole(tree):
        return None
    what = "is not understood as JavaScript here, so it is not minified, and released as it was written"
    return Difference(javascript_equivalence.first_error(tree), what)


def _difference(content: bytes, output: bytes, tree: Tree | None) -> Difference | None:
    """`tree` is that of a script, and None for a style sheet, whose references are compared there too."""
    if tree is None:
        return css_equivalence.difference(content, output)
    return javascript_equivalence.difference(content, output, tree) or _other_references(content, output, tree)


def _other_references(content: bytes, output: bytes, tree: Tree) -> Difference | None:
    """Equal trees name equal files; but what is released is found in the output, so it is made sure of."""
    before, after = references.find(content, tree), references.find(output)
    if [(one.kind, one.specifier) for one in before] == [(one.kind, one.specifier) for one in after]:
        return None
    return Difference(before[0].start if before else 0, "the output names other files")


def _warning(content: bytes, name: str, what: str, offset: int, notes: tuple[str, ...]) -> Problem:
    return Problem(what, place_at(content, offset, offset + 1, name), notes)


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
        # jsmin waits for ever where it takes `/[/*]/` for the start of a comment. So its input does not end in empty
        # reads as a file does: after some of them comes the argument of its `read(1)`, a number, and that it refuses.
        text = chain(content.decode(), repeat("", _ENDS))
        output = io.StringIO()
        try:
            jsmin.JavascriptMinify(SimpleNamespace(read=partial(next, text)), output, quote_chars="'\"`").minify()
        except TypeError:
            raise ValueError("it takes something for a comment that does not end") from None
        return output.getvalue().encode()

    return run, jsmin.__version__


@cache
def _rcssmin() -> tuple[Callable[[bytes], bytes], str]:
    import rcssmin

    run = partial(rcssmin.cssmin, keep_bang_comments=True)
    return partial(sheltered, run), rcssmin.__version__


@cache
def _cssmin() -> tuple[Callable[[bytes], bytes], str]:
    import cssmin

    def run(content: bytes) -> bytes:
        return str(cssmin.cssmin(content.decode())).encode()

    return partial(sheltered, run), cssmin.__version__


_TOOLS: Mapping[str, Callable[[], tuple[Callable[[bytes], bytes], str]]] = {
    "jsmin": _jsmin,
    "rjsmin": _rjsmin,
    "cssmin": _cssmin,
    "rcssmin": _rcssmin,
}
