"""Configuration and sources -> the bundles to build, with every path that they name found, or an error for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import webassets
from webassets.bundle import wrap

from assetbuild.config import Config
from assetbuild.errors import AssetBuildError, ConfigError, OutputConflict, Place, raise_all
from assetbuild.model import Source
from assetbuild.processors.webassets.define import Defined, define
from assetbuild.processors.webassets.leaves import Leaf, find_leaves
from assetbuild.processors.webassets.paths import Finder, output_path


def load_bundles(config: Config, sources: Mapping[str, Source], *, minify: bool = True) -> tuple[Bundle, ...]:
    """All bundles that are assets, sorted by output. With `minify` false, filters that only minify do nothing.

    Raises ConfigError, SourceError or OutputConflict, several together as BuildFailed.
    """
    if config.bundles is None and not config.bundle_tables:
        return ()
    try:
        defined = define(config)
        leaves, errors = find_leaves(defined)
        built = _Loader(config, sources, defined, minify)
        bundles = [bundle for leaf in leaves if (bundle := built.load(leaf))]
    except RecursionError:
        raise ConfigError("bundles nest too deeply", where=config.bundles or config.label) from None
    raise_all([*errors, *built.errors, *_conflicts(bundles, sources)])
    return tuple(sorted(bundles, key=lambda bundle: bundle.output))


@dataclass(frozen=True, slots=True)
class Bundle:
    """`output` is the logical path it makes, `contents` and `depends` those it is made of, in order."""

    name: str
    output: str
    contents: tuple[str, ...]
    depends: tuple[str, ...]
    recipe: Recipe = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that building one bundle takes. `definition` is what defines the bundles as text; None where code does."""

    leaf: Leaf
    environment: Any
    where: Place
    sources: Mapping[str, Source]
    found: Mapping[str, tuple[str, ...]]
    config: Config
    minify: bool
    definition: str | None


class _Loader:
    """Resolves every path that bundles name, and keeps an error for each that names nothing."""

    def __init__(self, config: Config, sources: Mapping[str, Source], defined: Defined, minify: bool) -> None:
        self.config = config
        self.sources = sources
        self.defined = defined
        self.minify = minify
        self.errors: list[AssetBuildError] = []
        labels = [root.label for root in config.roots]
        self.finder = Finder(sources, labels, self._locate, defined.bundles.keys())

    def load(self, leaf: Leaf) -> Bundle | None:
        label, where = f"bundle '{leaf.name}'", self.defined.tables.place(leaf.name, "output")
        before = len(self.errors)
        output = ""
        try:
            output = output_path(leaf.bundle.output, label, where)
        except ConfigError as error:
            self.errors.append(error)
        found: dict[str, tuple[str, ...]] = {}
        contents, depends = self._resolve(leaf, leaf.bundle, Place(output or leaf.name), label, found)
        if not contents and len(self.errors) == before:
            self.errors.append(ConfigError(f"{label} has no contents", self.defined.tables.place(leaf.name)))
        if len(self.errors) > before:
            return None
        defined = self.defined
        recipe = Recipe(leaf, defined.environment, where, self.sources, found, self.config, self.minify, defined.text)
        return Bundle(leaf.name, output, tuple(dict.fromkeys(contents)), tuple(dict.fromkeys(depends)), recipe)

    def _resolve(
        self, leaf: Leaf, bundle: Any, where: Place, label: str, found: dict[str, tuple[str, ...]]
    ) -> tuple[list[str], list[str]]:
        contents: list[str] = []
        depends: list[str] = []
        for item in bundle.contents:
            if isinstance(item, webassets.Bundle):
                inner, inner_depends = self._resolve(leaf, item, where, label, found)
                contents += inner
                depends += inner_depends
            elif isinstance(item, str):
                found[item] = self._find(item, label, where)
                contents += found[item]
            else:
                what = f"{label} holds {item!r}; contents are paths, globs and bundles"
                self.errors.append(ConfigError(what, where))
        for item in bundle.depends or ():
            depends += self._find(item, label, where)
        return contents, depends

    def _find(self, item: str, label: str, where: Place) -> tuple[str, ...]:
        try:
            return self.finder.find(item, label, where)
        except AssetBuildError as error:
            self.errors.append(error)
            return ()

    def _locate(self, item: str) -> list[str]:
        """Where the environment itself would look: its directory, its load path, a framework's own places."""
        environment = self.defined.environment
        try:
            found = environment.resolver.resolve_source(wrap(environment, None), item)
        except Exception:  # what a framework's resolver raises is its own affair; for us the file is not there
            return []
        return [str(file) for file in (found if isinstance(found, list) else [found]) if isinstance(file, (str, Path))]


def _conflicts(bundles: list[Bundle], sources: Mapping[str, Source]) -> Iterator[OutputConflict]:
    taken: dict[str, Bundle] = {}
    for bundle in bundles:
        where = bundle.recipe.where
        if bundle.output in sources:
            yield OutputConflict(
                f"bundle '{bundle.name}' makes '{bundle.output}', which is also a source",
                where,
                f'give the bundle another output, or leave the source out: exclude = ["{bundle.output}"]',
                (f"the source: {sources[bundle.output].shown}",),
            )
        elif bundle.output in taken:
            other = taken[bundle.output].name
            what = f"the bundles '{other}' and '{bundle.name}' both make '{bundle.output}'"
            yield OutputConflict(what, where, "give one of them another output")
        taken.setdefault(bundle.output, bundle)
