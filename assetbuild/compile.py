"""One source, or one bundle, -> Compiled: its bytes before references are rewritten, and where those references stand.

Knows no other file, but for the source map that a script or style sheet names and a tool passes on: what comes out
depends on the content and the configuration alone, so the order in which assets are compiled cannot matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from assetbuild.config import Config
from assetbuild.contents import hash_source, read_source
from assetbuild.errors import Place, Problem, place_at
from assetbuild.globs import matcher
from assetbuild.model import Compiled, Format, Language, Origin, Reference, Source, language_of
from assetbuild.processors.minified import Minified
from assetbuild.references import formats, sourcemap
from assetbuild.rules import TRUSTED
from assetbuild.urls import is_root_absolute, relative, resolve, top_of

if TYPE_CHECKING:
    from assetbuild.processors.webassets import Bundle

Reads = tuple[tuple[str, str], ...]
_NO_READS: Reads = ()
_COMMENTS: Mapping[Language, str] = {"css": "\n/*# sourceMappingURL={} */\n", "js": "\n//# sourceMappingURL={}\n"}


def compile_source(
    source: Source, kind: Format, content: bytes, digest: str, config: Config, sources: Mapping[str, Source]
) -> Compiled | None:
    """None for what names nothing and is released as it is: that is what `compile_opaque` gives.

    `content` and `digest` are the file's, `sources` all that there are, by logical path. Raises SourceError where a
    source map cannot be read, ProcessorError where a minifier is not installed.
    """
    path, language = source.logical_path, language_of(source.logical_path)
    prehashed = matcher(config.prehashed)(path)
    found = references_of(content, kind, config)
    own_map = sourcemap.find(content, language) if language else None
    minifies = language and not prehashed and bool(config.minifying(path).tools(language))
    if found == () and not (minifies or own_map or _has_more(content, kind, language)):
        return None
    written = found or ()
    minified, map_read = Minified(content), _NO_READS
    if language and minifies:
        minified, map_read = _minify(content, language, config, path, own_map, sources)
    warnings = (*_grouped(minified.warnings, path), *_problems(content, kind, found is None, path))
    kept_map = (own_map,) if own_map and not minified.tool else ()
    map_path, taken = _made_map_path(minified, own_map, path, config, sources)
    final, references = _output(minified, written, language, path, map_path, config)
    references += kept_map
    is_source = prehashed or (minified.tool is None and not _has_inline_map(content, language))
    return Compiled(
        logical_path=path,
        content=None if is_source else final,
        file=source.file,
        digest=digest if final is content else hashlib.sha256(final).hexdigest(),
        size=len(final),
        source_size=len(content),
        sources=(path, *_composed_from(minified, own_map, path, config, sources)),
        references=references,
        encoding=formats.url_encoding(final, kind) if references else "ascii",
        tools=_minify_label(minified),
        dropped_maps=_targets([own_map] if own_map and minified.tool else [], path, config),
        made_map=_made_map(minified, map_path),
        prehashed=prehashed,
        warnings=warnings,
        reads=((path, digest), *map_read, *taken),
    )


def compile_opaque(source: Source, digest: str, size: int, config: Config) -> Compiled:
    """What is not looked into, by the SHA-256 and the length of its bytes."""
    path = source.logical_path
    prehashed = matcher(config.prehashed)(path)
    return Compiled(path, None, source.file, digest, size, size, (path,), prehashed=prehashed, reads=((path, digest),))


def compile_bundle(bundle: Bundle, config: Config, sources: Mapping[str, Source]) -> Compiled:
    """Raises ProcessorError where a filter fails, SourceError where a source cannot be read."""
    from assetbuild.processors.webassets import build_bundle

    path, language = bundle.output, language_of(bundle.output)
    built = build_bundle(bundle)
    content = built.text.encode()
    written: tuple[Reference, ...] = ()
    minified = Minified(content)
    if language:
        # A map that a filter has made describes that filter's output, not the bundle's.
        content = sourcemap.strip(content, language)
        written = references_of(content, language, config) or ()
        minified = Minified(content)
        verified_already = any(tool.startswith("minify ") for tool in built.tools)
        if not verified_already:
            minified, _ = _minify(content, language, config, path, None, sources)
    map_path, taken = _made_map_path(minified, None, path, config, sources)
    content, references = _output(minified, written, language, path, map_path, config)
    return Compiled(
        logical_path=path,
        content=content,
        file=None,
        digest=hashlib.sha256(content).hexdigest(),
        size=len(content),
        source_size=sum(sources[source].size for source in built.sources),
        sources=tuple(built.sources),
        references=references,
        origins=tuple(_bundle_origin(reference, path, built.origins, config) for reference in references),
        tools=(*built.tools, *_minify_label(minified)),
        dropped_maps=tuple(built.dropped_maps),
        made_map=_made_map(minified, map_path),
        warnings=tuple(dict.fromkeys((*built.warnings, *minified.warnings))),
        reads=None if built.reads is None else (*built.reads, *taken),
    )


def references_of(content: bytes, kind: Format, config: Config) -> tuple[Reference, ...] | None:
    """None where it cannot be said what `content` names. What a custom property names stays root-absolute where it is
    so: the style sheet that it is read from, which may be another one, is not known."""
    found = formats.find(content, kind)
    if not found:
        return None if found is None else ()
    return tuple(
        one._replace(root=config.url_prefix)
        if one.kind == "css-custom-property" and is_root_absolute(one.specifier)
        else one
        for one in found
    )


def _has_more(content: bytes, kind: Format, language: Language | None) -> bool:
    """Whether there is something to tell of a file that names no other: it holds its source map, or is none of its
    kind."""
    return _has_inline_map(content, language) if language else formats.problem(content, kind) is not None


def _minify(
    content: bytes,
    language: Language,
    config: Config,
    path: str,
    own_map: Reference | None,
    sources: Mapping[str, Source],
) -> tuple[Minified, Reads]:
    """And what was read for it besides `content`."""
    minifying = config.minifying(path)
    tools = minifying.tools(language)
    if not tools:
        return Minified(content), ()
    source_map, reads = None, _NO_READS
    if TRUSTED & {*tools}:
        source_map, reads = _map_content(content, language, own_map, path, config, sources)
    from assetbuild.processors.minify import minify

    return minify(content, language, tools, path, minifying.options, source_map), reads


def _map_content(
    content: bytes,
    language: Language,
    own_map: Reference | None,
    path: str,
    config: Config,
    sources: Mapping[str, Source],
) -> tuple[bytes | None, Reads]:
    """The map of the source, from its own file or from the comment that holds it; None where there is none."""
    if own_map is None:
        from assetbuild import sourcemaps

        found = sourcemap.inline_url(content, language)
        return (sourcemaps.inline(content[found[0] : found[1]].decode("utf-8", "replace")) if found else None), ()
    target = resolve(own_map.specifier, path, config.url_prefix)
    if not target or target not in sources:
        return None, ((target, ""),) if target else ()
    source_map = read_source(sources[target])
    return source_map, ((target, hashlib.sha256(source_map).hexdigest()),)


def _composed_from(
    minified: Minified, own_map: Reference | None, path: str, config: Config, sources: Mapping[str, Source]
) -> list[str]:
    """The file of the map that a tool's own was composed with."""
    maps = _targets([own_map] if own_map and minified.source_map is not None else [], path, config)
    return [target for target in maps if target in sources]


def _has_inline_map(content: bytes, language: Language | None) -> bool:
    return bool(language and sourcemap.inline_url(content, language))


def _grouped(warnings: Iterable[Problem], path: str) -> list[Problem]:
    return [one._replace(groups=(f"files in {top_of(path)} are not minified",)) for one in warnings]


def _made_map_path(
    minified: Minified, own_map: Reference | None, path: str, config: Config, sources: Mapping[str, Source]
) -> tuple[str, Reads]:
    """Beside the source's own map, to which the sources in it are relative; never in the place of another file's.

    And what was asked for that: the file in whose place it would be, if there is one. Empty where no map is made."""
    if minified.source_map is None:
        return "", ()
    own = resolve(own_map.specifier, path, config.url_prefix) if own_map else None
    directory, slash, _ = (own or path).rpartition("/")
    found = directory + slash + path.rpartition("/")[2] + ".map"
    if found == own:
        return found, ()
    if found not in sources:
        return found, ((found, ""),)
    return found.removesuffix("map") + "made.map", ((found, hash_source(sources[found])[0]),)


def _made_map(minified: Minified, map_path: str) -> tuple[str, bytes] | None:
    return (map_path, minified.source_map) if minified.source_map is not None else None


def _minify_label(minified: Minified) -> tuple[str, ...]:
    return (f"minify {minified.tool}",) if minified.tool else ()


def _output(
    minified: Minified,
    written: tuple[Reference, ...],
    language: Language | None,
    path: str,
    map_path: str,
    config: Config,
) -> tuple[bytes, tuple[Reference, ...]]:
    """The final content but for URLs, with its references: those of the source, or some of them, at other offsets."""
    if language is None or minified.tool is None:
        return minified.content, written
    content, references = minified.content, (written and references_of(minified.content, language, config)) or ()
    if minified.source_map is None:
        return content, references
    url = relative(map_path, path, dotted=False)
    before, _, after = _COMMENTS[language].partition("{}")
    content = content.rstrip(b"\n")
    start = len(content) + len(before)
    span = (start, start + len(url), len(content) + 1, start + len(url) + len(after.rstrip("\n")))
    return content + f"{before}{url}{after}".encode(), (*references, Reference("source-map", url, *span))


def _targets(references: Sequence[Reference], path: str, config: Config) -> tuple[str, ...]:
    resolved = (resolve(reference.specifier, path, config.url_prefix) for reference in references)
    return tuple(target for target in resolved if target)


def _bundle_origin(reference: Reference, path: str, origins: Mapping[str, Origin], config: Config) -> Origin:
    """Where the author wrote what now stands in the bundle; the bundle itself where a filter made it."""
    target = resolve(reference.specifier, path, config.url_prefix)
    return origins.get(target or "") or Origin(path, 0, 0, reference.specifier)


def _problems(content: bytes, kind: Format, is_unread: bool, path: str) -> list[Problem]:
    """Why references may have gone unseen."""
    if is_unread:
        what = "is too large, nested too deep or no JavaScript, so the files that it may import keep their names"
        return [Problem(what, Place(path))]
    if kind in ("css", "js"):
        return []
    found = formats.problem(content, kind)
    if found is None:
        return []
    offset, what = found
    name = "SVG" if kind == "svg" else "web app manifest"
    return [
        Problem(
            f"is no {name} that browsers take, and is released as it was: {what}",
            place_at(content, offset, offset + 1, path),
        )
    ]
