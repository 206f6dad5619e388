"""Bytes -> smaller bytes of equal meaning, or the bytes themselves.

Minifiers of white space break files now and then. So each one's output is compared with its source, syntax against
syntax, and released only if nothing but comments and meaningless white space differs. Otherwise the next tool has its
turn, in the end the source stays as it is, and a warning says where they differ. The output of a tool that restructures
is taken on trust, within the bounds of processors.trusted.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING

from assetbuild.errors import Problem, ProcessorError, place_at
from assetbuild.model import Language
from assetbuild.named import NamedTuple
from assetbuild.processors.difference import Difference, Refused
from assetbuild.processors.minified import Minified
from assetbuild.processors.verified import VERIFIED
from assetbuild.rules import TRUSTED, MinifyOptions

if TYPE_CHECKING:
    from tree_sitter import Tree

    from assetbuild.syntax.javascript_pieces import Division


_MINIFIED_NAME = (".min", "-min", "_min")  # before the extension
LONG_LINES = 500  # bytes in a line, on average: nobody writes so, tools do
_LONG_ENOUGH = 2_000  # bytes; in shorter files one long line says nothing
_UNPROVEN = "is released as it was written: no minifier leaves its meaning as it is"
_REFUSED = "is released as it was written: no minifier takes it"
_DEFAULTS = MinifyOptions()


class _Tool(NamedTuple):
    """`run` gives the output, and the map that it made."""

    name: str
    version: str
    run: Callable[[bytes], tuple[bytes, bytes | None]]
    accepts: Callable[[bytes], bool] | None = None  # whether it can read its own output, where we cannot

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def is_trusted(self) -> bool:
        return self.name in TRUSTED


class _Failure(NamedTuple):
    tool: _Tool
    found: Difference


class _Unread(NamedTuple):
    """A script that is not understood here."""

    difference: Difference
    may_be_tried: bool  # by a tool that parses it for itself


class _Source:
    """What is asked of the content, found out when it is: the tree of a large script takes hundreds of megabytes."""

    def __init__(self, content: bytes, language: Language) -> None:
        self.content = content
        self.language = language
        self.differs = False  # from an output, in a piece that is understood

    def may_be_tried(self, tool: _Tool) -> bool:
        return not self.unread or (self.unread.may_be_tried and tool.is_trusted)

    @cached_property
    def division(self) -> Division | None:
        """Of a large script, as long as it may be compared by pieces."""
        if self.language != "js":
            return None
        from assetbuild.syntax import javascript

        if len(self.content) <= javascript.LARGE:  # said here as well: to load the rest takes longer than a small file
            return None
        from assetbuild.syntax import javascript_pieces

        return javascript_pieces.divided(self.content)

    @cached_property
    def tree(self) -> Tree | None:
        """None too for a script that is not understood."""
        return None if self.unread else self._parsed

    @cached_property
    def unread(self) -> _Unread | None:
        return _unread(self._parsed) if self.language == "js" else None

    @cached_property
    def _parsed(self) -> Tree | None:
        return _parsed(self.content) if self.language == "js" else None


def minify(
    content: bytes,
    language: Language,
    tools: tuple[str, ...],
    name: str,
    options: MinifyOptions = _DEFAULTS,
    source_map: bytes | None = None,
) -> Minified:
    """The output of the first of `tools` that may be released, else `content` with a warning.

    `name` is what messages call the file; `source_map` is the map that belongs to `content`. Raises ProcessorError for
    a tool that is not installed.
    """
    if not content or is_minified(name, content) or _is_wide(content, language):
        return Minified(content)
    mapped = options.source_maps or source_map is not None
    loaded = [_load(tool, language, name, options, mapped) for tool in tools]
    if not loaded:
        return Minified(content)
    source = _Source(content, language)
    failures: list[_Failure] = []
    for tool in loaded:
        found = _tried(tool, source, name, options.keep)
        if isinstance(found, Minified):
            return found._replace(source_map=_composed(found.source_map, source_map))
        failures += [_Failure(tool, found)] if found else []
    unread = None if source.differs else source.unread
    if not failures and not unread:
        return Minified(content)
    trusted_only = all(failure.tool.is_trusted for failure in failures)
    what = unread.difference.what if unread else _REFUSED if trusted_only else _UNPROVEN
    notes = tuple(f"{failure.tool.label}: {failure.found.what}" for failure in failures)
    first = unread.difference.offset if unread else 0
    place = next((failure.found.offset for failure in reversed(failures) if failure.found.offset), first)
    return Minified(content, None, (Problem(what, place_at(content, place, place + 1, name), notes),))


def is_minified(name: str, content: bytes) -> bool:
    """By its name, or by lines so long that nobody wrote them."""
    stem, _, extension = name.lower().rpartition(".")
    if extension and stem.endswith(_MINIFIED_NAME) and "/" not in extension:
        return True
    return len(content) > _LONG_ENOUGH and len(content) > LONG_LINES * (content.count(b"\n") + content.count(b"\r") + 1)


def _is_wide(content: bytes, language: Language) -> bool:
    """Whether the bytes are not those of ASCII with more behind it: no minifier reads those."""
    if language != "css":
        return False
    from assetbuild.syntax import css

    return css.declared_encoding(content) in css.NOT_ASCII_SUPERSETS


def _parsed(content: bytes) -> Tree | None:
    from assetbuild.syntax import javascript

    return javascript.parse(content)


def _unread(tree: Tree | None) -> _Unread | None:
    if tree is None:
        what = "is too large or nested too deep to be minified, and released as it was written"
        return _Unread(Difference(0, what), False)  # nor are its references known
    from assetbuild.syntax import javascript

    if javascript.is_whole(tree):
        return None
    from assetbuild.processors import javascript_equivalence

    what = "is not understood as JavaScript here, so it is not minified, and released as it was written"
    return _Unread(Difference(javascript_equivalence.first_error(tree), what), True)


def _tried(tool: _Tool, source: _Source, name: str, keep: bool) -> Minified | Difference | None:
    """The output if it may be released; None where the tool has nothing to give, which is not worth a warning."""
    if tool.is_trusted:
        source.division = None  # the tree is needed
    if not source.division and not source.may_be_tried(tool):
        return None
    content = source.content
    try:
        output, source_map = tool.run(content)
    except UnicodeDecodeError:
        return None  # a tool for text only, and the source is none
    except Refused as refused:
        return Difference(refused.offset, refused.what)
    except ProcessorError as error:
        raise ProcessorError(error.what, name, error.fix or "add the file to 'skip' in [minify]") from error
    except Exception as error:  # whatever a minifier stumbles over
        return Difference(0, f"it failed: {str(error) or type(error).__name__}")
    if len(output) >= len(content):
        return None
    is_decided, found = _by_piece(source, output)
    if not is_decided:
        if not source.may_be_tried(tool):
            return None
        found = _in_whole(tool, source, output, keep)
    return found or Minified(output, tool.label, (), source_map)


def _by_piece(source: _Source, output: bytes) -> tuple[bool, Difference | None]:
    """Whether that is enough to tell, and what differs."""
    if source.division is None:
        return False, None
    from assetbuild.processors import javascript_by_piece

    try:
        found = javascript_by_piece.difference(source.division, output)
    except javascript_by_piece.Undivided:
        source.division = None
        return False, None
    source.differs = source.differs or found is not None
    return True, found or _other_references(source.content, output, None)


def _in_whole(tool: _Tool, source: _Source, output: bytes, keep: bool) -> Difference | None:
    content, language, tree = source.content, source.language, source.tree
    if language == "js" and (tree is None or (tool.is_trusted and _unread(_parsed(output)))):
        return _unread_difference(tool, content, output, language)
    if tool.is_trusted:
        from assetbuild.processors import trusted

        return trusted.difference(content, output, language, keep, tree)
    return _difference(content, output, tree, keep)


def _difference(content: bytes, output: bytes, tree: Tree | None, keep: bool) -> Difference | None:
    """`tree` is that of a script, and None for a style sheet, whose references are compared there too."""
    if tree is None:
        from assetbuild.processors import css_equivalence

        return css_equivalence.difference(content, output, keep=keep)
    from assetbuild.processors import javascript_equivalence

    return javascript_equivalence.difference(content, output, tree) or _other_references(content, output, tree)


def _other_references(content: bytes, output: bytes, tree: Tree | None) -> Difference | None:
    """Equal trees name equal files; but what is released is found in the output, so it is made sure of."""
    from assetbuild.references import javascript as references

    before, after = references.find(content, tree), references.find(output)
    if [(one.kind, one.specifier) for one in before] == [(one.kind, one.specifier) for one in after]:
        return None
    return Difference(before[0].start if before else 0, "the output names other files")


def _unread_difference(tool: _Tool, content: bytes, output: bytes, language: Language) -> Difference | None:
    """The tool reads or writes what we do not understand, `export default function(){}export let a` for one. So it is
    asked to read its output; and what we do see of both must be alike."""
    from assetbuild.processors import trusted

    if not trusted.same_references(content, output, language):
        return Difference(0, "the output names other files")
    if tool.accepts and tool.accepts(output):
        return None
    return Difference(0, "it does not accept its own output")


def _composed(made: bytes | None, given: bytes | None) -> bytes | None:
    if made is None or given is None:
        return made
    from assetbuild.sourcemaps import composed

    return composed(made, given) or made


def _load(tool: str, language: Language, name: str, options: MinifyOptions, mapped: bool) -> _Tool:
    if tool == "esbuild":
        from assetbuild.processors import esbuild

        binary, version = esbuild.find(options, name)
        run = partial(esbuild.minify, binary, options.timeout, language=language, name=name)
        accepts = partial(esbuild.accepts, binary, options.timeout, language=language)
        return _Tool(tool, version, partial(run, keep=options.keep, source_map=mapped), accepts)
    try:
        if tool == "lightningcss":
            from assetbuild.processors import lightningcss

            one = partial(lightningcss.minify, keep=options.keep, timeout=options.timeout)
            return _Tool(tool, lightningcss.version(), lambda content: (one(content), None))
        verified, version = VERIFIED[tool]()
    except ImportError as error:
        extra = "lightningcss" if tool == "lightningcss" else "build"
        raise ProcessorError(
            f"minifier '{tool}' is not installed",
            where=name,
            fix=f"pip install 'assetbuild[{extra}]', or remove '{tool}' from [minify]",
        ) from error
    if options.keep:
        return _Tool(tool, version, lambda content: (verified(content), None))
    from assetbuild.processors import trusted

    return _Tool(tool, version, lambda content: (verified(trusted.without_bangs(content, language)), None))
