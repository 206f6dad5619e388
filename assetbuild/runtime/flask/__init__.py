"""Flask: `asset_url()` and tags in templates, and fingerprinted URLs from every `url_for('static', ...)` there is.

The manifest is read in `init_app`, so a bad one stops the process at its start. Names that the manifest does not hold
(uploads live under `static` too) go to Flask as they came. In development without a watch all of them do.
"""

from __future__ import annotations

from functools import partial
from urllib.parse import quote as percent_encode

from flask import Flask, current_app, has_request_context

from assetbuild.runtime.flask.assets import AppAssets
from assetbuild.runtime.flask.commands import command
from assetbuild.runtime.jinja import template_globals
from assetbuild.runtime.manifest import Manifest
from assetbuild.runtime.modes import PlainUrls, resolve_base_url, resolve_mode
from assetbuild.runtime.tags import Tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from typing import Any

    from assetbuild.runtime.development import Development
    from assetbuild.runtime.manifest import OnMissing
    from assetbuild.runtime.modes import Mode

__all__ = ["AssetBuild", "asset_url", "command"]

_EXTENSION = "assetbuild"
_ANCHOR = "%!#$&'()*+,/:;=?@"  # what Flask leaves alone in an anchor


class AssetBuild:
    """The extension. Each argument that is None is looked up in `app.config` as ASSETBUILD_MANIFEST and so on, then in
    the environment; one object serves any number of applications.

    `assets` takes the place of a manifest: `AssetBuild(app, assets=PlainUrls())` needs no build, for tests.
    `development` is the directory of a watch, by default the nearest '.assetbuild' in the application's or above it.
    `blueprints` says what a build puts before the names of a blueprint's static folder, by the blueprint's name.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        manifest: str | os.PathLike[str] | None = None,
        base_url: str | None = None,
        mode: Mode | None = None,
        on_missing: OnMissing | None = None,
        assets: Manifest | PlainUrls | Development | None = None,
        blueprints: Mapping[str, str] | None = None,
        development: str | os.PathLike[str] | None = None,
    ) -> None:
        self._arguments: dict[str, Any] = {"MANIFEST": manifest, "BASE_URL": base_url, "MODE": mode}
        self._arguments |= {"ON_MISSING": on_missing, "ASSETS": assets, "BLUEPRINTS": blueprints}
        self._arguments |= {"DEVELOPMENT": development}
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Read the manifest and give `app` its URLs. Raises ManifestError."""
        helper = _assets_of(app, partial(self._option, app))
        hooked = _EXTENSION in app.extensions
        app.extensions[_EXTENSION] = helper
        if not hooked:
            _hook_url_for(app)
            app.cli.add_command(command)
        # What templates call was bound when the Jinja environment was made, which may be long ago: set all names.
        tags = template_globals(lambda _: helper.tags)
        app.jinja_env.globals.update(tags, asset_url=helper.url, url_for=app.url_for)

    def _option(self, app: Flask, name: str) -> Any:
        given = self._arguments[name]
        return app.config.get(f"ASSETBUILD_{name}") if given is None or given == "" else given

    def url(self, path: str) -> str:
        """What `asset_url(path)` gives in a template of the current application."""
        return asset_url(path)

    @property
    def tags(self) -> Tags:
        """What makes the tags in templates of the current application, at this request's script root."""
        return _current().tags


def asset_url(path: str) -> str:
    """The URL of the asset `path` in the current application. Raises MissingAsset."""
    return _current().url(path)


def _current() -> AppAssets:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    helper: AppAssets | None = app.extensions.get(_EXTENSION)
    if helper is None:
        raise RuntimeError(f"the application {app.name!r} has no assets; call 'init_app(app)' of an AssetBuild first")
    return helper


def _assets_of(app: Flask, option: Callable[[str], Any]) -> AppAssets:
    """Raises ManifestError."""
    given: Manifest | PlainUrls | Development | None = option("ASSETS")
    chosen = resolve_base_url(option("BASE_URL"), None)
    if given is not None and given.base_url != given.url_prefix:
        chosen = chosen or given.base_url
    blueprints = option("BLUEPRINTS") or {}
    if given is None and resolve_mode(option("MODE"), app.debug) == "production":
        given = Manifest.load(option("MANIFEST"), base_url=chosen, on_missing=option("ON_MISSING") or "error")
    if isinstance(given, (Manifest, PlainUrls)):
        return AppAssets(app, given, chosen, blueprints)
    from assetbuild.runtime.flask.development import DevelopmentAssets  # nothing of it in production

    return DevelopmentAssets(app, given, chosen, blueprints, option("DEVELOPMENT"), option("ON_MISSING"))


def _hook_url_for(app: Flask) -> None:
    """Replace `app.url_for`: `url_defaults` could rename the file, but not lead to another origin."""
    build = app.url_for

    def url_for(
        endpoint: str,
        *,
        _anchor: str | None = None,
        _method: str | None = None,
        _scheme: str | None = None,
        _external: bool | None = None,
        **values: Any,
    ) -> str:
        helper: AppAssets = app.extensions[_EXTENSION]
        external = _external
        if external is None:
            external = _scheme is not None if has_request_context() else True
        url = helper.static_url(endpoint, values, external, _scheme)
        if url is None:
            return build(endpoint, _anchor=_anchor, _method=_method, _scheme=_scheme, _external=_external, **values)
        return url if _anchor is None else f"{url}#{percent_encode(_anchor, safe=_ANCHOR)}"

    app.url_for = url_for  # type: ignore[method-assign]
