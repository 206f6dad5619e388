"""Jinja2: the tags of a release as globals of an environment, alone or for the frameworks that use Jinja2.

What comes back is Markup, which autoescaping leaves alone. What goes in is escaped by Tags, so Markup that goes in
(`{% set %}` blocks and macros make it) is turned back into text first.
"""

from __future__ import annotations

import os

from jinja2 import Environment, Undefined, pass_context
from jinja2.ext import Extension
from markupsafe import Markup

from assetbuild.runtime.manifest import Manifest
from assetbuild.runtime.modes import PlainUrls, resolve_base_url, resolve_mode
from assetbuild.runtime.tags import Tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from jinja2.runtime import Context

    from assetbuild.runtime.development import Development
    from assetbuild.runtime.manifest import OnMissing

# By name: while developing it is a subclass that answers.
_METHODS = {
    "asset_script": "script",
    "asset_style": "stylesheet",
    "asset_preload": "preload",
    "asset_modulepreload": "modulepreload",
    "asset_importmap": "importmap",
    "asset_live": "live",
}


def install(
    environment: Environment,
    assets: Manifest | PlainUrls | Development | str | os.PathLike[str] | None = None,
    *,
    base_url: str | None = None,
    mode: str | None = None,
    on_missing: OnMissing | None = None,
    development: str | os.PathLike[str] | None = None,
) -> Tags:
    """Give the templates of `environment` asset_url, asset_script, asset_style, asset_preload, asset_modulepreload,
    asset_importmap and asset_live. `assets` may be the path of a manifest; `mode`, `on_missing` and `development` are
    for what is found here. Raises ManifestError, and TypeError for one of these beside a Manifest or PlainUrls.
    """
    loaded = load(assets, base_url, mode, on_missing, development)
    if isinstance(loaded, (Manifest, PlainUrls)):
        tags = Tags(loaded)
        environment.globals.update(template_globals(lambda _: tags))
    else:
        tags = loaded.following_tags()
        environment.globals.update(template_globals(lambda _: loaded.tags))
    environment.globals["asset_url"] = loaded.url
    return tags


class AssetBuildExtension(Extension):
    """`install` for those who can only name an extension; ASSETBUILD_MANIFEST and so on say the rest."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        install(environment)


def load(
    assets: Manifest | PlainUrls | Development | str | os.PathLike[str] | None,
    base_url: str | None,
    mode: str | None,
    on_missing: OnMissing | None,
    development: str | os.PathLike[str] | None = None,
) -> Manifest | PlainUrls | Development:
    """The assets themselves, else what the mode says: a manifest is read, or a watch is followed. Jinja2 has no debug
    flag, so nothing said means production. Raises ManifestError, and TypeError for what would have no effect.
    """
    url = resolve_base_url(base_url, None)
    if assets is not None and not isinstance(assets, (str, os.PathLike)):
        given = {"mode": mode, "on_missing": on_missing, "development": development}
        for name in filter(given.get, given):
            raise TypeError(f"'{name}' has no effect on assets that are given whole; say it where they are made")
        return assets.with_base_url(url)
    if resolve_mode(mode, debug=False) == "production":
        return Manifest.load(assets, base_url=url, on_missing=on_missing or "error")
    from assetbuild.runtime.development import Development  # nothing of it in production

    return Development(development, base_url=url, on_missing=on_missing or "error")


def template_globals(find: Callable[[Any], Tags], *, from_context: bool = False) -> dict[str, Callable[..., str]]:
    """The tags by name. Each call asks `find` which to use: of the template's context, else of None. From the context
    there is asset_url as well; without one, whoever asks has a faster one.

    Closures, since a sandbox shows templates what bound methods and partial functions hold.
    """

    def url(context: Context, /, path: str) -> str:
        return find(context).assets.url(path)

    made = {name: _function(method, find) for name, method in _METHODS.items()}
    if from_context:
        return {name: pass_context(function) for name, function in (made | {"asset_url": url}).items()}
    return {name: _without_context(function) for name, function in made.items()}


def _function(method: str, find: Callable[[Any], Tags]) -> Callable[..., str]:
    def tag(context: Context | None, /, *paths: str, **attributes: Any) -> Markup:
        plain = {name: _plain(value) for name, value in attributes.items()} if attributes else attributes
        return Markup(getattr(find(context), method)(*map(_plain, paths), **plain))  # noqa: S704  # Tags escapes

    return tag


def _without_context(function: Callable[..., str]) -> Callable[..., str]:
    def called(*paths: Any, **attributes: Any) -> str:
        return function(None, *paths, **attributes)

    return called


def _plain(value: Any) -> Any:
    """Text, which Tags escapes: what is escaped already would be escaped twice."""
    if isinstance(value, Markup):
        return value.unescape()
    if isinstance(value, Undefined):
        return str(value) or None  # a strict one raises here; the others are attributes left out
    return value
