"""Configuration -> its bundles, by the logical path of what they make. webassets is loaded only if there are any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from assetbuild.config import Config
from assetbuild.model import Compiled, Source

if TYPE_CHECKING:
    from assetbuild.processors.webassets import Bundle


def load_bundles(config: Config, sources: Mapping[str, Source], *, minify: bool) -> dict[str, Bundle]:
    if not config.bundles and not config.bundle_tables:
        return {}
    from assetbuild.processors import webassets

    return {bundle.output: bundle for bundle in webassets.load_bundles(config, sources, minify=minify)}


def inside_of(bundles: Mapping[str, Bundle]) -> set[str]:
    return {path for bundle in bundles.values() for path in (*bundle.contents, *bundle.depends)}


def is_known(bundle: Bundle, compiled: Compiled | None) -> bool:
    """Whether it can be said of a bundle that nothing it is made of has changed."""
    return bool(compiled and compiled.reads is not None) and bundle.recipe.definition is not None
