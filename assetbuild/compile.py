"""One source, or one bundle, -> Compiled: its bytes before references are rewritten, and where those references stand.

Knows no other file: what comes out depends on the content and the configuration alone, so the order in which assets
are compiled cannot matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assetbuild.config import Config
from assetbuild.errors import Place, Problem, SourceError, quoted
from assetbuild.model import Compiled, Language, Origin, Reference, Source, language_of
from assetbuild.processors.minify import Minified, minify
from assetbuild.references import css, javascript, sourcemap
from assetbuild.urls import resolve

if TYPE_CHECKING:
    from assetbuild.processors.webassets import Bundle

_FIND: Mapping[Language, Callable[[bytes], Sequence[Reference]]] = {"css": css.find, "js": javascript.find}
_BUFFER = 1 << 20  # bytes read at a time from a file that is only hashed


def compile_source(source: Source, config: Config) -> Compiled:
    """Raises SourceError where the file cannot be read."""
    path, language = source.logical_path, language_of(source.logical_path)
    if language is None:
        digest, size = hash_source(source)
        return Compiled(path, None, source.file, digest, size, size, (path,))
    content = read_source(source)
    written = tuple(_FIND[language](content))
    source_map = sourcemap.find(content, language)
    minified = _minify(content, language, config, path)
    if language == "js" and not written and javascript.is_unread(content):
        what = "is too large or nested too deep to be read, so the files that it imports keep their names"
        minified = replace(minified, warnings=(*minified.warnings, Problem(what, Place(path))))
    if minified.tool is None and not written and not source_map:
        digest = hashlib.sha256(content).hexdigest()
        size = len(content)
        return Compiled(path, None, source.file, digest, size, size, (path,), warnings=minified.warnings)
    kept_map = (source_map,) if source_map and not minified.tool else ()
    references = _found(minified, written, language) + kept_map
    return Compiled(
        path,
        minified.content,
        source.file,
        hashlib.sha256(minified.content).hexdigest(),
        len(minified.content),
        len(content),
        (path,),
        references,
        tuple(_origin(path, content, reference) for reference in written + kept_map),
        css.url_encoding(minified.content) if language == "css" else "ascii",
        _minify_label(minified),
        _targets([source_map] if source_map and minified.tool else [], path, config),
        minified.warnings,
    )


def compile_bundle(bundle: Bundle, config: Config, sources: Mapping[str, Source]) -> Compiled:
    """Raises ProcessorError where a filter fails, SourceError where a source cannot be read."""
    from assetbuild.processors.webassets import build_bundle

    path, language = bundle.output, language_of(bundle.output)
    built = build_bundle(bundle)
    content = built.text.encode()
    references: tuple[Reference, ...] = ()
    minified = Minified(content, None)
    if language:
        # A map that a filter has made describes that filter's output, not the bundle's.
        content = sourcemap.strip(content, language)
        written = tuple(_FIND[language](content))
        verified_already = any(tool.startswith("minify ") for tool in built.tools)
        minified = Minified(content, None) if verified_already else _minify(content, language, config, path)
        references = _found(minified, written, language)
    return Compiled(
        path,
        minified.content,
        None,
        hashlib.sha256(minified.content).hexdigest(),
        len(minified.content),
        sum(sources[source].size for source in built.sources),
        tuple(built.sources),
        references,
        tuple(_bundle_origin(reference, path, built.origins, config) for reference in references),
        "ascii",
        (*built.tools, *_minify_label(minified)),
        tuple(built.dropped_maps),
        (*built.warnings, *minified.warnings),
    )


def read_source(source: Source) -> bytes:
    try:
        return source.file.read_bytes()
    except OSError as error:
        raise _unreadable(source, error) from error


def hash_source(source: Source) -> tuple[str, int]:
    """SHA-256 (hex) and length in bytes, read piece by piece: memory does not grow with the file."""
    digest, size = hashlib.sha256(), 0
    try:
        with source.file.open("rb", buffering=0) as stream:
            while piece := stream.read(_BUFFER):
                digest.update(piece)
                size += len(piece)
    except OSError as error:
        raise _unreadable(source, error) from error
    return digest.hexdigest(), size


def _unreadable(source: Source, error: OSError) -> SourceError:
    return SourceError(f"cannot be read: {(error.strerror or str(error)).lower()}", where=source.shown)


def _minify(content: bytes, language: Language, config: Config, path: str) -> Minified:
    tools = config.minifying(path).tools(language)
    return minify(content, language, tools, path) if tools else Minified(content, None)


def _minify_label(minified: Minified) -> tuple[str, ...]:
    return (f"minify {minified.tool}",) if minified.tool else ()


def _found(minified: Minified, written: tuple[Reference, ...], language: Language) -> tuple[Reference, ...]:
    """The references of the minified bytes: the same, in the same order, at other offsets; `minify` made sure."""
    if minified.tool is None or not written:
        return written
    return tuple(_FIND[language](minified.content))


def _targets(references: Sequence[Reference], path: str, config: Config) -> tuple[str, ...]:
    resolved = (resolve(reference.specifier, path, config.url_prefix) for reference in references)
    return tuple(target for target in resolved if target)


def _origin(path: str, content: bytes, reference: Reference) -> Origin:
    whole = quoted(content, reference.whole_start, reference.whole_end)
    return Origin(path, reference.start, reference.end, whole)


def _bundle_origin(reference: Reference, path: str, origins: Mapping[str, Origin], config: Config) -> Origin:
    """Where the author wrote what now stands in the bundle; the bundle itself where a filter made it."""
    target = resolve(reference.specifier, path, config.url_prefix)
    return origins.get(target or "") or Origin(path, 0, 0, reference.specifier)
