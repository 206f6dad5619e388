"""One application's URLs: below the path at which its server mounts it, unless a base URL was chosen."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask, has_request_context, request
from werkzeug.datastructures import iter_multi_items

from assetbuild.runtime.flask.folders import StaticFolders
from assetbuild.runtime.format import quote
from assetbuild.runtime.modes import PlainUrls
from assetbuild.runtime.tags import Tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from assetbuild.runtime.manifest import Manifest

MAX_PLACES = 16  # places of the application remembered; a proxy's header may name another script root in every request


def own_base_url(app: Flask) -> str | None:
    """That of the application's static folder, if it has one."""
    return None if app.static_url_path is None else quote(app.static_url_path.rstrip("/") + "/")


class AppAssets:
    """`app.extensions["assetbuild"]`. `assets` is a Manifest or PlainUrls; while developing it is a Development.

    `chosen` is a base URL that is not Flask's own, None if there is none.
    """

    assets: Manifest | PlainUrls

    def __init__(
        self, app: Flask, assets: Manifest | PlainUrls, chosen: str | None, blueprints: Mapping[str, str]
    ) -> None:
        self.assets = assets.with_base_url(chosen or own_base_url(app))
        # Flask's own static path stands below the path at which the server mounts the application; other bases do not.
        self._set_up(app, self.assets.base_url, not chosen and app.static_url_path is not None, blueprints)
        self._tags = {"": Tags(self.assets)}
        if isinstance(self.assets, PlainUrls) and not chosen and not self.elsewhere:
            self._folders.serve_sources()

    def _set_up(self, app: Flask, base_url: str, mounted: bool, blueprints: Mapping[str, str]) -> None:
        """`base_url` is below the path where the application is mounted, if it is so. `assets` must be set."""
        self._app, self._base_url, self._mounted = app, base_url, mounted
        # Only the URL map knows on which host such an application has its static files.
        self.elsewhere = mounted and (app.url_map.host_matching or app.subdomain_matching)
        own = app.static_url_path
        static_url = self.assets.url_prefix if own is None else own.rstrip("/") + "/"
        self._folders = StaticFolders(app, static_url, blueprints)

    @property
    def tags(self) -> Tags:
        """For the current request: its script root stands before Flask's own static path."""
        place = self._place() if self._mounted else ""
        return self._tags.get(place) or self._tags_at(place)

    def _place(self) -> str:
        if self.elsewhere:
            return self._base_elsewhere()
        if has_request_context():
            # To ask the proxy itself for an attribute would cost more than all the rest.
            return request._get_current_object().script_root  # type: ignore[attr-defined,no-any-return]
        root: str = self._app.config["APPLICATION_ROOT"]
        return root.rstrip("/")

    def _tags_at(self, place: str) -> Tags:
        if len(self._tags) >= MAX_PLACES:
            self._tags = {"": self._tags[""]}
        tags = self._tags[place] = Tags(self.assets.with_base_url(self._base_at(place)))
        return tags

    def _base_at(self, place: str) -> str:
        if self.elsewhere:
            return place
        root = quote(place.strip("/"))  # '//host' would be another origin
        return f"/{root}{self._base_url}" if root else self._base_url

    def _base_elsewhere(self, **options: Any) -> str:
        url = self._app.url_for("static", filename=".", **options)  # no asset has that name
        return url.partition("?")[0].removesuffix(".")  # `url_defaults` may have added a query

    def url(self, path: str) -> str:
        """The URL of the asset `path`. Raises MissingAsset."""
        return self.tags.assets.url(path)

    def static_url(self, endpoint: str, values: dict[str, Any], external: bool, scheme: str | None) -> str | None:
        """As Flask spells it, without the anchor: query values appended, None left out. None: Flask is to answer."""
        folder = self._folders.get(endpoint)
        if folder is None or "filename" not in values:
            return None
        path = f"{folder[0]}{values['filename']}"  # Flask takes what is no text too, such as a Path
        assets = self._assets_with(path)
        if assets is None:
            return None
        if scheme is not None and not external:
            return None  # Flask refuses a scheme without a host
        url = assets.url(path)
        if external or self.elsewhere:
            url = self._base(assets.base_url, external, scheme) + url[len(assets.base_url) :]
        query = {name: value for name, value in values.items() if name not in folder[1]}
        pairs = [(name, value) for name, value in iter_multi_items(query) if value is not None]
        if pairs:
            url += "?" + urlencode(pairs, safe="!$'()*,/:;?@")
        return url

    def _assets_with(self, path: str) -> Manifest | PlainUrls | None:
        """Those that make the URL of `path`; None if they have no such asset."""
        if path not in self.assets:
            return None
        return self.assets if self.elsewhere else self.tags.assets

    def _base(self, base: str, external: bool, scheme: str | None) -> str:
        if self.elsewhere:
            return self._base_elsewhere(_external=external, _scheme=scheme)
        if not base.startswith("/"):
            return base
        asked = request._get_current_object() if has_request_context() else None  # type: ignore[attr-defined]
        if scheme is None:
            scheme = asked.scheme if asked else self._app.config["PREFERRED_URL_SCHEME"]
        before = scheme and ("https:" if scheme in ("https", "wss") else "http:")  # as werkzeug has it
        if base.startswith("//"):
            return f"{before}{base}"
        adapter = self._app.create_url_adapter(asked)
        if adapter is None:
            said = "outside of a request an absolute URL needs a host; set 'SERVER_NAME', or pass '_external=False'"
            raise RuntimeError(said)
        return f"{before}//{adapter.get_host(None if self._app.url_map.host_matching else '')}{base}"
