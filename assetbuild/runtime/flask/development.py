"""While developing: URLs that follow a watch, and its files, served before those of the static folders.

A URL names the application's own static path then, whatever CDN was chosen: nobody has a watch's files there.
"""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import unquote

from flask import Flask, has_request_context, request, send_file

from assetbuild.runtime.development import Development
from assetbuild.runtime.flask.assets import MAX_PLACES, AppAssets, own_base_url
from assetbuild.runtime.flask.folders import SERVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from flask import Response

    from assetbuild.runtime.manifest import Manifest, OnMissing
    from assetbuild.runtime.modes import PlainUrls
    from assetbuild.runtime.tags import Tags

_FROM_HERE = Development.__module__  # in the environ of a request: the tags of its whole page


class DevelopmentAssets(AppAssets):
    assets: Development  # type: ignore[assignment]

    def __init__(
        self,
        app: Flask,
        given: Development | None,
        chosen: str | None,
        blueprints: Mapping[str, str],
        directory: str | os.PathLike[str] | None,
        on_missing: OnMissing | None,
    ) -> None:
        self.assets = given or Development(
            directory,
            near=app.root_path,
            on_missing=on_missing or "error",
            has_source=None if chosen else self._has_source,
        )
        here = chosen if chosen and chosen.startswith("/") and not chosen.startswith("//") else None
        own = own_base_url(app)
        base_url = here or own or self.assets.url_prefix  # that of now: rules cannot follow
        self._views: dict[str, Development] = {}
        # Without a watch, what was chosen, or what no server is known to mount.
        self._plain = chosen or (None if own else base_url)
        self._set_up(app, base_url, not here, blueprints)
        self.assets = self.assets.with_base_url(self._plain or base_url, watched=base_url)
        if app.config["TEMPLATES_AUTO_RELOAD"] is None:  # Flask does so with its debug flag alone
            app.jinja_env.auto_reload = True
        if not chosen and not self.elsewhere:
            self._folders.serve_sources()
        if not app.has_static_folder or base_url != own:
            self._folders.serve_at(unquote(base_url))
        app.before_request(self._released)

    @property
    def tags(self) -> Tags:
        """For the current request the same from its first tag to its last, of what is on the disk at the first."""
        if not has_request_context():
            return self._view().tags
        key = f"{_FROM_HERE}.{id(self)}"
        tags: Tags | None = request.environ.get(key)
        if tags is None:
            self.assets.refresh()
            tags = request.environ[key] = self._view().tags
        return tags

    def _view(self) -> Development:
        place = self._place() if self._mounted else ""
        found = self._views.get(place)
        if found is None:
            if len(self._views) >= MAX_PLACES:
                self._views = {}
            base_url = self._base_at(place)
            found = self._views[place] = self.assets.with_base_url(self._plain or base_url, watched=base_url)
        return found

    def _assets_with(self, path: str) -> Manifest | PlainUrls | None:
        if path == ".":  # by which the tags find out where they are
            return None
        assets = self.tags.assets
        return assets if path in assets else None

    def _has_source(self, path: str) -> bool:
        return self._folders.has_source(path)

    def _released(self) -> Response | None:
        """What a static folder's view is asked before it looks into the folder."""
        endpoint, filename = request.endpoint or "", (request.view_args or {}).get("filename")
        if not isinstance(filename, str) or request.method not in ("GET", "HEAD") or not self._is_current():
            return None
        if endpoint.startswith(SERVED):
            return self._send(endpoint.removeprefix(SERVED) + filename)
        folder = self._folders.get(endpoint)
        return self._send(folder[0] + filename) if folder else None

    def _is_current(self) -> bool:
        """Whether the extension was not set up anew since."""
        return self._app.extensions.get("assetbuild") is self

    def _send(self, name: str) -> Response | None:
        file = self.assets.file_of(name)
        if file is None:
            return None
        headers = self.assets.headers_of(name)
        with suppress(FileNotFoundError):  # a watch may delete it at any moment
            response = send_file(file, mimetype=headers.pop("Content-Type"))
            response.headers.update(headers)
            return response
        return None
