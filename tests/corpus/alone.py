"""What each minifier would have done to the same files without our proof, by a milder judge than our own output has."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any

from assetbuild.model import Language, language_of
from tests.corpus.verdict import Pair, mildly, verdicts
from tests.support.judge import Judge, Reading

# Bytes of the largest file that a slow minifier is given. jsmin reads 5 MB/s, cssmin 0.25 MB/s.
LIMITS = {"jsmin": 1_000_000, "cssmin": 100_000}
_ENDS = 100  # empty reads after the end of a text: jsmin does a handful, or goes on for ever

Minifier = Callable[[str], str]


def measure(contents: Mapping[str, bytes], readings: Mapping[str, Reading], judge: Judge) -> dict[str, Any]:
    """Each minifier that is installed -> how many files it was given, which it refused, and which it broke."""
    found = {}
    for tool, (language, load) in TOOLS.items():
        try:
            run = load()
        except ImportError:
            continue
        given = {
            path: content
            for path, content in contents.items()
            if language_of(path) == language and readings[path].sound and len(content) <= LIMITS.get(tool, len(content))
        }
        found[tool] = _measure(run, given, readings, judge)
    return found


def _measure(
    run: Minifier, given: Mapping[str, bytes], readings: Mapping[str, Reading], judge: Judge
) -> dict[str, Any]:
    started = time.perf_counter()
    made, refused = {}, {}
    for path, content in given.items():
        try:
            made[path] = run(content.decode()).encode()
        except Exception as error:  # whatever a minifier stumbles over
            refused[path] = str(error) or type(error).__name__
    seconds = time.perf_counter() - started
    after = judge.read_all({path: output for path, output in made.items() if output != given[path]})
    pairs = (Pair(path, given[path], made[path], readings[path], reading) for path, reading in after.items())
    broken = {path: found for path, found in verdicts(pairs, judge, mildly).items() if found}
    size = sum(map(len, given.values()))
    return {"files": len(given), "bytes": size, "refused": refused, "broken": broken, "seconds": seconds}


def _jsmin() -> Minifier:
    """With the defaults, as webassets runs it."""
    import jsmin

    def run(text: str) -> str:
        # jsmin waits for ever where it takes `/[/*]/` for the start of a comment: after some empty reads comes an end.
        ends = chain(text, repeat("", _ENDS))
        output = io.StringIO()
        try:
            jsmin.JavascriptMinify(SimpleNamespace(read=lambda _size: next(ends)), output).minify()
        except StopIteration:
            raise ValueError("it goes on for ever") from None
        return output.getvalue()

    return run


def _rjsmin() -> Minifier:
    import rjsmin

    return lambda text: str(rjsmin.jsmin(text))


def _cssmin() -> Minifier:
    import cssmin

    return lambda text: str(cssmin.cssmin(text))


def _rcssmin() -> Minifier:
    import rcssmin

    return lambda text: str(rcssmin.cssmin(text))


def _csscompressor() -> Minifier:
    import csscompressor  # type: ignore[import-not-found,unused-ignore]

    return lambda text: str(csscompressor.compress(text))


def _tdewolff() -> Minifier:
    import minify  # type: ignore[import-not-found,unused-ignore]

    return lambda text: str(minify.string("text/css", text))


TOOLS: Mapping[str, tuple[Language, Callable[[], Minifier]]] = {
    "jsmin": ("js", _jsmin),
    "rjsmin": ("js", _rjsmin),
    "cssmin": ("css", _cssmin),
    "rcssmin": ("css", _rcssmin),
    "csscompressor": ("css", _csscompressor),
    "tdewolff-minify": ("css", _tdewolff),
}
