"""The rebuilder around `compile`: what has been compiled before, from the same bytes by the same tools, is not again.

A trace is kept under all that is known beforehand: the digest of the content, the tools with their versions, every
option. It holds what was made, and what was read besides with the digest found there, or nothing where nothing was: it
counts only if all of that is so still. Traces and variants are kept by content, so they serve on any machine and for
any checkout. All of it may go at any moment: the same bytes come out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from assetbuild import results
from assetbuild.collector import with_collector
from assetbuild.compile import compile_bundle, compile_opaque, compile_source
from assetbuild.compress import MIN_SAVING, variants
from assetbuild.config import Config
from assetbuild.contents import changed, content_of, hash_source, read_source
from assetbuild.early import Early
from assetbuild.engine import Engine
from assetbuild.errors import AssetBuildError
from assetbuild.globs import matcher
from assetbuild.held import Held
from assetbuild.model import Compiled, Format, Language, Source, language_of
from assetbuild.named import NamedTuple
from assetbuild.names import LENGTH, released_name
from assetbuild.results import Packed, Result, packed, read, trace_of, unpacked
from assetbuild.rules import OFF, Minifying

if TYPE_CHECKING:
    from assetbuild.processors.webassets import Bundle


LARGE = 8 << 20  # bytes; such a file is not read whole
_TRACE = 3  # the version of what `trace_of` writes
# How much longer a byte takes than one that is only hashed: measured on real sites, with verified minifiers.
_WEIGHTS: Mapping[Format | None, int] = {"js": 500, "css": 300, "svg": 30, "webmanifest": 100}


class Keeper(Protocol):
    """Bytes by key, such as a Store. Without one everything is done anew."""

    def get(self, key: bytes) -> bytes | None: ...
    def put(self, key: bytes, value: bytes) -> None: ...


class Rebuilder:
    """Compiles by logical path, in whatever process; `keep` what it gives in the one that opened the store.

    `digests` are those of sources that are known without reading them, `again` reads such a one all the same. `early`
    is where to write what is final, `held` where to keep what is not.
    """

    def __init__(
        self,
        config: Config,
        sources: Mapping[str, Source],
        bundles: Mapping[str, Bundle],
        engine: Engine,
        store: Keeper | None,
        digests: Mapping[str, str],
        early: Early | None = None,
        held: Held | None = None,
        again: Callable[[Compiled], bytes] = content_of,
    ) -> None:
        self.config = config
        self.sources = sources
        self.bundles = bundles
        self.engine = engine
        self.store = store
        self.digests = digests
        self.early = early
        self.held = held
        self.again = again
        self.is_prehashed = matcher(config.prehashed)
        self._told: dict[tuple[Any, ...], bytes] = {}

    def weight(self, path: str) -> float:
        """About how long it takes to compile, for an order of work."""
        if path in self.bundles:
            return float("inf")
        source = self.sources[path]
        return source.size * _WEIGHTS.get(self.config.references.format_of(path), 1)

    def compile(self, path: str) -> Packed | AssetBuildError:
        with with_collector():  # parsers make cycles
            try:
                return self._bundle(self.bundles[path]) if path in self.bundles else self._source(self.sources[path])
            except AssetBuildError as error:
                return error

    def keep(self, made: Packed) -> Compiled:
        """What `compile` has given, whose content need not be where it was."""
        if isinstance(made[0], str):
            path, digest, size, early, *of_source = made
            if early and self.early:
                self.early.written[early] = digest
            if not of_source:
                return compile_opaque(self.sources[path], digest, size, self.config)
            source_size, source_digest, tools = of_source
            file, reads = self._early_file(early), ((path, source_digest),)
            return Compiled(path, None, file, digest, size, source_size, (path,), tools=tools, reads=reads)
        result = unpacked(made)
        if result.key and self.store:
            self.store.put(result.key, results.kept(result))
        compiled = result.compiled
        if not result.early or self.early is None:
            return self.held.keep(compiled) if self.held else compiled
        self.early.written[result.early] = compiled.digest
        if not compiled.tools:  # what no tool has made is looked at once more, for a source map inside
            return compiled
        return compiled._replace(content=None, file=self._early_file(result.early))

    def _early_file(self, name: str) -> str | None:
        return f"{self.early.files_dir}/{name}" if self.early else None

    def _source(self, source: Source) -> Packed:
        path, digest, content = source.logical_path, self.digests.get(source.logical_path), None
        kind = self.config.references.format_of(path)
        if kind is None:
            return self._opaque(source, digest)
        if digest is None:
            content, digest = _read(source)
        key = self._source_key(path, digest)
        kept = self._kept(key, path, source.file, digest) if key else None
        if kept:
            is_to_be_written = self.early and content is None and kept.content is None
            return self._packed(kept, content=self.again(kept) if is_to_be_written else content)
        if content is None:
            content, now = _read(source)
            if now != digest:
                raise changed(path)
        compiled = compile_source(source, kind, content, digest, self.config, self.sources)
        if compiled is None:
            return path, digest, len(content), self._written(path, digest, content)
        return self._packed(compiled, key, content)

    def _opaque(self, source: Source, digest: str | None) -> Packed:
        path = source.logical_path
        if self.early is None or source.size > LARGE:
            return path, *((digest, source.size) if digest else hash_source(source)), ""
        if digest:
            content = self.again(compile_opaque(source, digest, source.size, self.config))
        else:
            content, digest = _read(source)
        return path, digest, len(content), self._written(path, digest, content)

    def _packed(self, compiled: Compiled, key: bytes = b"", content: bytes | None = None) -> Packed:
        """`content` is that of the source, if it was read; `key` that of a trace to keep."""
        if compiled.content is not None:
            content = compiled.content
        early = ""
        if content is not None and not compiled.references:
            early = self._written(compiled.logical_path, compiled.digest, content)
        return packed(Result(compiled, key, trace_of(compiled) if key else b"", early))

    def _written(self, path: str, digest: str, content: bytes) -> str:
        """The name under which what nothing can change is written; empty where it is not."""
        if self.early is None or self.is_prehashed(path):
            return ""
        name = released_name(path, digest[:LENGTH])
        return name if self.early.put(name, content) else ""

    def _bundle(self, bundle: Bundle) -> Packed:
        key = self._bundle_key(bundle)
        if compiled := self._kept(key, bundle.output) if key else None:
            return self._packed(compiled)
        compiled = compile_bundle(bundle, self.config, self.sources)
        return self._packed(compiled, key if compiled.reads is not None else b"")

    def _source_key(self, path: str, digest: str) -> bytes:
        """Empty for what is not to be minified: that is done as fast as a trace is read."""
        language = language_of(path) if self.store and self.config.minify else None
        minifying = self.config.minifying(path) if language else OFF
        if language is None or not minifying.tools(language):
            return b""
        return _key(f"source {_TRACE}", digest, path, self._options(path, language, minifying))

    def _bundle_key(self, bundle: Bundle) -> bytes:
        recipe = bundle.recipe
        if recipe.definition is None:
            return b""
        return _key(
            f"bundle {_TRACE}",
            recipe.definition,
            bundle.name,
            recipe.minify,
            recipe.found,
            bundle.output,
            self._options(bundle.output, language_of(bundle.output), self.config.minifying(bundle.output)),
        )

    def _options(self, path: str, language: Language | None, minifying: Minifying) -> bytes:
        """A digest of the tools and of all that the configuration says of an asset, of whatever path."""
        own = (self.is_prehashed(path), language, minifying)
        if own not in self._told:  # it is the same for nearly all, and takes as long as to read one
            told = minifying.options
            options = (minifying.tools(language), told.keep, told.source_maps) if language else None
            self._told[own] = _key(self.engine.key, self.config.url_prefix, own[0], options)
        return self._told[own]

    def _kept(self, key: bytes, path: str, file: str | None = None, digest: str = "") -> Compiled | None:
        """`digest` is that of the source, if it is one: what its `file` has been found to hold."""
        found = self.store.get(key) if self.store else None
        if found is None:
            return None
        compiled = read(found, path, file, digest)
        reads = compiled.reads or ()
        if any((digest if path_read == path else self._digest(path_read)) != then for path_read, then in reads):
            return None
        return compiled

    def _digest(self, path: str) -> str:
        if path not in self.sources:
            return ""
        return self.digests.get(path) or hash_source(self.sources[path])[0]


class Variant(NamedTuple):
    """`key` is what to keep `content` under; empty where it is kept already. Without content it saves nothing."""

    encoding: str
    content: bytes
    key: bytes = b""


class Variants:
    """Compressed bytes by content: what was compressed once is not again. `keep` them in the process that opened the
    store."""

    def __init__(self, encoders: Mapping[str, str], store: Keeper | None) -> None:
        self.encoders = encoders
        self.store = store

    def __call__(self, sha256: str, content: Callable[[], bytes], levels: Mapping[str, int]) -> Iterator[Variant]:
        """One for each of `levels`, of the content with that digest. It is asked for only if it must be."""
        for encoding, level in sorted(levels.items()):
            key = _key("variant", encoding, level, MIN_SAVING, self.encoders.get(encoding), sha256)
            kept = self.store.get(key) if self.store else None
            if kept is not None:
                yield Variant(encoding, kept)
            else:
                yield Variant(encoding, next((data for _, data in variants(content(), [(encoding, level)])), b""), key)

    def keep(self, made: Iterable[Variant]) -> None:
        for variant in made:
            if self.store and variant.key:
                self.store.put(variant.key, variant.content)


def _read(source: Source) -> tuple[bytes, str]:
    """The content of a source, and its digest."""
    content = read_source(source)
    return content, hashlib.sha256(content).hexdigest()


def _key(kind: str, *parts: Any) -> bytes:
    return hashlib.sha256(repr((kind, *parts)).encode("utf-8", "surrogatepass")).digest()
