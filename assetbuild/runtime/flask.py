"""Flask: `asset_url()` in templates, and fingerprinted URLs from every `url_for('static', ...)` that is there already.

The manifest is read in `init_app`, so a bad one stops the process at its start. Names that the manifest does not hold
(uploads live under `static` too) go to Flask as they came. In development all of them do.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from flask import Flask, current_app, has_request_context, request
from werkzeug.datastructures import iter_multi_items

from assetbuild.runtime.manifest import Manifest
from assetbuild.runtime.modes import PlainUrls, resolve_base_url, resolve_mode

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any

    from assetbuild.runtime.manifest import OnMissing
    from assetbuild.runtime.modes import Mode

_EXTENSION = "assetbuild"


class AssetBuild:
    """The extension. Each argument that is None is looked up in `app.config` as ASSETBUILD_MANIFEST and so on, then in
    the environment; one object serves any number of applications.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        manifest: str | os.PathLike[str] | None = None,
        base_url: str | None = None,
        mode: Mode | None = None,
        on_missing: OnMissing | None = None,
    ) -> None:
        self._arguments = {"MANIFEST": manifest, "BASE_URL": base_url, "MODE": mode, "ON_MISSING": on_missing}
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Read the manifest and give `app` its URLs. Raises ManifestError."""
        helper = AppAssets(app, **{name.lower(): self._option(app, name) for name in self._arguments})
        hooked = _EXTENSION in app.extensions
        app.extensions[_EXTENSION] = helper
        if not hooked:
            _hook_url_for(app)
        # What templates call was bound when the Jinja environment was made, which may be long ago: set both names.
        app.jinja_env.globals.update(asset_url=helper.url, url_for=app.url_for)

    def _option(self, app: Flask, name: str) -> Any:
        return self._arguments[name] or app.config.get(f"ASSETBUILD_{name}")

    def url(self, path: str) -> str:
        """What `asset_url(path)` gives in a template of the current application."""
        return asset_url(path)


def asset_url(path: str) -> str:
    """The URL of the asset `path` in the current application. Raises MissingAsset."""
    helper: AppAssets = current_app.extensions[_EXTENSION]
    return helper.url(path)


class AppAssets:
    """One application's assets: `app.extensions["assetbuild"]`. `assets` is its Manifest, or PlainUrls."""

    def __init__(
        self,
        app: Flask,
        manifest: str | os.PathLike[str] | None,
        base_url: str | None,
        mode: str | None,
        on_missing: OnMissing | None,
    ) -> None:
        chosen = resolve_base_url(base_url, None)
        own = None if app.static_url_path is None else app.static_url_path.rstrip("/") + "/"
        url = chosen or own
        self.assets: Manifest | PlainUrls
        if resolve_mode(mode, app.debug) == "production":
            self.assets = Manifest.load(manifest, base_url=url, on_missing=on_missing or "error")
        else:
            self.assets = PlainUrls(url or "/static/")
        self._app = app
        # Flask's own static path stands below the path at which the server mounts the application; other bases do not.
        self._mounted = not chosen and own is not None
        # Only the URL map knows on which host such an application has its static files.
        self.elsewhere = self._mounted and (app.url_map.host_matching or app.subdomain_matching)

    def url(self, path: str) -> str:
        """The URL of the asset `path`. Raises MissingAsset."""
        if self.elsewhere and path in self.assets:
            return self._app.url_for("static", filename=path)
        url = self.assets.url(path)
        return self._script_root() + url if self._mounted else url

    def _script_root(self) -> str:
        if has_request_context():
            return request.script_root
        return str(self._app.config["APPLICATION_ROOT"]).rstrip("/")

    def static_url(self, filename: str, query: dict[str, Any], anchor: str | None, external: bool, scheme: str) -> str:
        """As Flask spells it: query values appended, None left out; `scheme` empty means the request's."""
        url = self.url(filename)
        pairs = [(name, value) for name, value in iter_multi_items(query) if value is not None]
        if pairs:
            url += "?" + urlencode(pairs, safe="!$'()*,/:;?@")
        if anchor is not None:
            url += "#" + quote(anchor, safe="%!#$&'()*+,/:;=?@")
        if url.startswith("//"):
            return f"{scheme or self._scheme()}:{url}" if external else url
        if url.startswith("/") and external:
            return f"{scheme or self._scheme()}://{self._host()}{url}"
        return url

    def _scheme(self) -> str:
        return request.scheme if has_request_context() else str(self._app.config["PREFERRED_URL_SCHEME"])

    def _host(self) -> str:
        if has_request_context():
            return request.host
        name = self._app.config["SERVER_NAME"]
        if not name:
            raise RuntimeError(
                "outside of a request an absolute URL needs a host; set 'SERVER_NAME', or pass '_external=False'"
            )
        return str(name)


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
        filename = values.get("filename")
        external = _external
        if external is None:
            external = _scheme is not None if has_request_context() else True
        known = isinstance(filename, str) and filename in helper.assets and _is_static(endpoint)
        if known and helper.elsewhere:
            values["filename"] = helper.assets.entry(values["filename"]).file
        elif known and (external or _scheme is None):  # Flask refuses a scheme without a host; so it will
            query = {name: value for name, value in values.items() if name != "filename"}
            return helper.static_url(values["filename"], query, _anchor, external, _scheme or "")
        return build(endpoint, _anchor=_anchor, _method=_method, _scheme=_scheme, _external=_external, **values)

    app.url_for = url_for  # type: ignore[method-assign]


def _is_static(endpoint: str) -> bool:
    """`.static` is the application's own only outside of a blueprint."""
    if endpoint == ".static":
        return has_request_context() and request.blueprint is None
    return endpoint == "static"
