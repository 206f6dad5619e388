"""One bundle -> its text, by webassets with our parts in its own hooks.

A resolver finds sources; one filter reads and joins them. The filters jsmin, rjsmin, cssmin and rcssmin become the
verified step of `minify` (their options have no say in it), and cssrewrite nothing: joining moves references.
"""

from __future__ import annotations

import copy
import hashlib
import io
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import webassets
from webassets.filter import Filter
from webassets.filter.cssrewrite import CSSRewrite

from assetbuild.contents import read_source
from assetbuild.errors import AssetBuildError, Place, Problem, ProcessorError
from assetbuild.model import Language, Origin, language_of
from assetbuild.processors.apart import Ended, apart
from assetbuild.processors.join import Joined, Part, read_css, read_javascript
from assetbuild.processors.join_css import join_css
from assetbuild.processors.join_javascript import join_javascript
from assetbuild.processors.minify import minify
from assetbuild.processors.webassets.define import said, text_of
from assetbuild.processors.webassets.environment import Environment, SourceFile, own_settings
from assetbuild.processors.webassets.load import Bundle

MINIFIERS: Mapping[str, Language] = {"jsmin": "js", "rjsmin": "js", "cssmin": "css", "rcssmin": "css"}
# Filters of webassets whose output() takes its own language only; of any other, one that we do not know may compile.
_NO_COMPILERS = frozenset(
    (
        "cleancss",
        "closure_js",
        "css_slimmer",
        "cssprefixer",
        "cssutils",
        "jspacker",
        "replace",
        "uglifyjs",
        "yui_css",
        "yui_js",
    )
)
_CHARSET = '@charset "utf-8";\n'
# Filters change the working directory and keep state of their own: bundles that have any are built one at a time.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Bundled:
    """`origins` says for each logical path that `text` names where an author wrote it. `sources` are all files that it
    is made of, `reads` those with the digests of their bytes; None where a filter may have read others, or anything."""

    text: str
    tools: tuple[str, ...]
    sources: tuple[str, ...]
    origins: Mapping[str, Origin]
    dropped_maps: tuple[str, ...]
    warnings: tuple[Problem, ...]
    reads: tuple[tuple[str, str], ...] | None


def build_bundle(bundle: Bundle) -> Bundled:
    """Raises ProcessorError where a filter fails or does not end, and what joining refuses."""
    run = _Run(bundle)
    root = run.prepare()
    if not run.tools:
        return _built(run, root)
    try:
        with _ONE_AT_A_TIME:
            return apart(lambda: _built(run, root), bundle.recipe.config.timeout)
    except Ended as ended:
        what = f"bundle '{bundle.name}': its filters ({', '.join(run.tools)}) {ended}"
        fix = "if they need more time, say how many seconds: timeout = 300" if "longer" in str(ended) else None
        raise ProcessorError(what, where=bundle.output, fix=fix) from None


def _built(run: _Run, root: Any) -> Bundled:
    stream = io.StringIO()
    try:
        root.build(force=True, output=stream)
    except AssetBuildError:
        raise
    except (Exception, SystemExit, GeneratorExit) as error:
        at_work = _at_work(error)
        if isinstance(at_work, (_Hook, _Minify)):  # our own mistake: it is to be seen as such
            raise
        raise _failure(run.bundle, error, at_work) from error
    return run.result(stream.getvalue())


class _Run:
    """One build of one bundle: it makes the tree that webassets builds, and collects what the hooks find out."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.recipe = bundle.recipe
        self.language = language_of(bundle.output)
        self.tools: list[str] = []
        self.minified: list[str] = []
        self.raw: dict[str, bytes] = {}
        self.opened: dict[str, str] = {}
        self.strict_paths: list[str] = []
        self.origins: dict[str, Origin] = {}
        self.dropped_maps: list[str] = []
        self.warnings: list[Problem] = []
        self.strict = True
        self.compiled_later = False

    def prepare(self) -> Any:
        """The leaf, a copy, in copies of its containers, in an environment of ours: theirs is left as it was."""
        leaf = self.recipe.leaf
        containers = [(container, self._filters(container)) for container in leaf.containers]
        root = self._copy(leaf.bundle, [one for _, filters in containers for one in filters], self.bundle.output)
        for container, filters in reversed(containers):
            root = webassets.Bundle(root, filters=filters, config=own_settings(container))
        return webassets.Bundle(root, env=Environment(self.recipe))

    def _copy(self, bundle: Any, above: list[Any], output: str | None = None) -> Any:
        """Nested bundles inherit the filters `above`; only one filter may have `open`, and only one `concat`."""
        own = self._filters(bundle)
        chain = [*own, *above]
        hook = _Hook(self)
        for method in ("open", "concat"):
            if any(getattr(one, method, None) for one in chain):
                setattr(hook, method, None)
        contents = [self._copy(item, chain) if isinstance(item, webassets.Bundle) else item for item in bundle.contents]
        return webassets.Bundle(
            *contents,
            filters=[hook, *own],
            output=output,
            remove_duplicates=bundle.remove_duplicates,
            config=own_settings(bundle),
        )

    def _filters(self, bundle: Any) -> list[Any]:
        filters = []
        for one in bundle.filters:
            if one.name in MINIFIERS and type(one).__module__.startswith("webassets."):
                if self.recipe.minify:
                    filters.append(_Minify(self, one.name))
                continue
            if type(one) is CSSRewrite and one.replace is False:
                continue
            self.compiled_later |= bool(getattr(one, "output", None)) and one.name not in _NO_COMPILERS
            self.tools.append(_filter_name(one))
            filters.append(copy.copy(one))
        return filters

    def open(self, path: str) -> str:
        """The text of a source, decoded."""
        raw = self.read(path)
        text = read_css(raw) if self.language == "css" else read_javascript(raw)
        self.opened[path] = text
        return text

    def read(self, path: str) -> bytes:
        if path not in self.raw:
            self.raw[path] = read_source(self.recipe.sources[path])
        return self.raw[path]

    def concat(self, hunks: list[tuple[str | None, str]]) -> str:
        """The joined text of `hunks`: texts with the logical path of their source, None for a bundle joined already."""
        if not self.language or any(self._is_foreign(path, text) for path, text in hunks):
            return "\n".join(text for _, text in hunks)
        parts = [self._part(path, text) for path, text in hunks]
        joined = self._join(parts)
        for path, origin in joined.origins.items():
            self.origins.setdefault(path, origin)
        self.dropped_maps += joined.dropped_maps
        self.warnings += joined.warnings
        self.strict = joined.strict  # the last word is the root's
        self.strict_paths += joined.strict_paths
        return joined.content.decode()

    def _is_foreign(self, path: str | None, text: str) -> bool:
        """Whether `text` is not yet in the bundle's language: a later filter is to compile it."""
        if path is None or not self.compiled_later or self.opened.get(path) != text:
            return False
        return language_of(path) != self.language

    def _part(self, path: str | None, text: str) -> Part:
        if path is None:
            return Part(self.bundle.output, text.encode(errors="replace"))
        return Part(path, text.encode(errors="replace"), self.read(path))

    def _join(self, parts: list[Part]) -> Joined:
        output, prefix = self.bundle.output, self.recipe.config.url_prefix
        if self.language == "css":
            return join_css(parts, output, prefix, self.recipe.sources.keys(), self.read)
        alone = len(self.bundle.contents) == 1
        return join_javascript(parts, output, prefix, anything=alone or self.compiled_later)

    def minify(self, tool: str, text: str) -> str:
        path = self.bundle.output
        options = self.recipe.config.minifying(path).options
        result = minify(text.encode(errors="replace"), MINIFIERS[tool], (tool,), path, options)
        self.warnings += result.warnings
        if result.tool:
            self.minified.append(f"minify {result.tool}")
        return str(result.content, "utf-8")

    def result(self, text: str) -> Bundled:
        if self.language == "css" and not text.isascii() and not text.startswith("@charset"):
            text = _CHARSET + text
        if self.strict_paths and not self.strict:
            self.warnings.append(_strict_mode_lost(self.strict_paths, self.bundle.output))
        version = f"webassets {webassets.__version__}"
        tools = [f"{version}: {name}" for name in self.tools] or [version]
        sources = tuple(dict.fromkeys((*self.bundle.contents, *self.bundle.depends, *self.raw)))
        return Bundled(
            text.encode(errors="replace").decode(),
            tuple(dict.fromkeys(tools + self.minified)),
            sources,
            self.origins,
            tuple(dict.fromkeys(self.dropped_maps)),
            tuple(self.warnings),
            None if self.tools else tuple((path, _sha256(self.read(path))) for path in sources),
        )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _strict_mode_lost(paths: list[str], output: str) -> Problem:
    named = [f"'{path}'" for path in paths]
    listed = ", ".join(named if len(named) <= 5 else [*named[:4], f"{len(named) - 4} more"])
    return Problem(
        f"'use strict' at the top of {listed} is switched off, since other files of the bundle are not written for it",
        Place(output),
        fix="put it inside a function, or bundle strict files on their own",
    )


def _filter_name(one: Any) -> str:
    return one.name or getattr(getattr(one, "callable", None), "__name__", None) or type(one).__name__


class _Hook(Filter):
    """Reads and joins. One of these is in every bundle of a tree; as they are equal, each bundle runs its own only."""

    name = "assetbuild"

    def __init__(self, run: _Run) -> None:
        super().__init__()
        self.run = run

    def open(self, out: Any, source_path: SourceFile, **_: Any) -> None:
        out.write(self.run.open(source_path.logical_path))

    def concat(self, out: Any, hunks: Any, **_: Any) -> None:
        texts = [(info["source_path"].logical_path if info else None, hunk.data()) for hunk, info in hunks]
        out.write(self.run.concat(texts))


class _Minify(Filter):
    def __init__(self, run: _Run, tool: str) -> None:
        super().__init__()
        self.run = run
        self.name = tool

    def output(self, _in: Any, out: Any, **_: Any) -> None:
        out.write(self.run.minify(self.name, _in.read()))


def _at_work(error: BaseException) -> Filter | None:
    """The innermost filter that was at work when `error` was raised."""
    frames = [frame.f_locals.get("self") for frame, _ in traceback.walk_tb(error.__traceback__)]
    return next((one for one in reversed(frames) if isinstance(one, Filter)), None)


def _failure(bundle: Bundle, error: BaseException, at_work: Filter | None) -> ProcessorError:
    """One error for all that webassets and its filters raise."""
    message = said(error)
    if not type(error).__module__.startswith("webassets"):  # "KeyError: 'x'", not "'x'"
        message = f"{type(error).__name__}: {message}"
    what = f"filter '{_filter_name(at_work)}' failed: {message}" if at_work else message
    fix = f"install '{error.name}', or remove the filter" if isinstance(error, ImportError) and error.name else None
    stderr = text_of(error).partition("stderr=")[2]
    return ProcessorError(f"bundle '{bundle.name}': {what}", where=bundle.output, fix=fix, stderr=stderr)
