"""Starlette and FastAPI: tags in templates, released URLs from `url_for`, and a mount that serves a release's files.

    static = ReleaseFiles(sources="static")  # the release whose manifest ASSETBUILD_MANIFEST names
    app.mount("/static", static)  # without a name: then url_for("static", path=...) asks the release
    install(templates, static)

No file is opened by a name made from a request: what there is to serve is listed once, when the process starts.
"""

from __future__ import annotations

import os

import anyio.to_thread
from starlette.datastructures import Headers, URLPath
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from assetbuild.runtime.format import quote
from assetbuild.runtime.manifest import Manifest, ManifestError
from assetbuild.runtime.missing import MissingAsset
from assetbuild.runtime.modes import PlainUrls, resolve_base_url, resolve_mode
from assetbuild.runtime.starlette.files import File, best, index
from assetbuild.runtime.starlette.mounted import Mounted
from assetbuild.runtime.tags import Tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from jinja2 import Environment
    from starlette.templating import Jinja2Templates
    from starlette.types import Scope

    from assetbuild.runtime.development import Development
    from assetbuild.runtime.manifest import OnMissing

__all__ = ["ReleaseFiles", "install"]


def install(
    templates: Jinja2Templates | Environment,
    assets: ReleaseFiles | Manifest | PlainUrls | Development | str | os.PathLike[str] | None = None,
    *,
    name: str = "static",
    base_url: str | None = None,
    mode: str | None = None,
    on_missing: OnMissing | None = None,
    development: str | os.PathLike[str] | None = None,
) -> None:
    """Give templates asset_url, asset_script, asset_style, asset_preload, asset_modulepreload, asset_importmap and
    asset_live.

    Without a base URL of its own, `base_url` or ASSETBUILD_BASE_URL, a URL starts with the root path of the request
    and the path of the mount that is called `name`. Where the application has none, the manifest says. `assets` may
    be the path of a manifest; `mode`, `on_missing` and `development` are for what is found here. Raises ManifestError,
    and TypeError for one of these beside ReleaseFiles, a Manifest or PlainUrls.
    """
    from assetbuild.runtime.jinja import load, template_globals  # Jinja2 is optional to Starlette

    given = assets.assets if isinstance(assets, ReleaseFiles) else assets
    loaded = load(given, base_url, mode, on_missing, development)
    chosen = bool(resolve_base_url(base_url, None)) or loaded.base_url != loaded.url_prefix
    environment: Any = getattr(templates, "env", templates)
    if not isinstance(loaded, (Manifest, PlainUrls)):
        from assetbuild.runtime.starlette.following import following

        find = following(loaded, chosen, name)
        environment.globals.update(template_globals(find, from_context=True))
    elif chosen:
        tags = Tags(loaded)
        environment.globals.update(template_globals(lambda _: tags), asset_url=loaded.url)
    else:
        mounted = Mounted(lambda url: Tags(loaded.with_base_url(url)), name)
        environment.globals.update(template_globals(mounted.find, from_context=True))


class ReleaseFiles(StaticFiles):
    """Serves a release: from precompressed files where they are welcome, with `immutable` for fingerprinted names.

    In development it serves what a watch makes, and else is a plain StaticFiles of the directory `sources`, which has
    to be said. The watch's directory is `development`, by default the nearest '.assetbuild' in `sources` or above it.
    `name` is what `url_for` calls it. With `cors`, pages of other origins may use the files: for a CDN that takes them
    from here. Raises ManifestError.
    """

    def __init__(
        self,
        manifest: str | os.PathLike[str] | None = None,
        *,
        sources: str | os.PathLike[str] | None = None,
        name: str = "static",
        base_url: str | None = None,
        mode: str | None = None,
        on_missing: OnMissing | None = None,
        cors: bool = False,
        development: str | os.PathLike[str] | None = None,
    ) -> None:
        self._cors = cors
        self.assets: Manifest | Development
        self._index: dict[str, File] = {}
        if resolve_mode(mode, debug=False) == "production":
            named = manifest or os.environ.get("ASSETBUILD_MANIFEST")
            # Resolved, so that this process keeps the release that it started with when a link moves on.
            resolved = os.path.realpath(named) if named else None
            self.assets = Manifest.load(resolved, base_url=base_url, on_missing=on_missing or "error")
            directory = os.path.join(os.path.dirname(str(self.assets.file)), "files")
            self._index = index(directory, self.assets)
            super().__init__()  # with no directory, StaticFiles itself has nothing to look in
        elif sources is None:
            fix = "say where they are: ReleaseFiles(sources='static')"
            raise ManifestError("in development ReleaseFiles serves sources, and has none", fix=fix)
        else:
            from assetbuild.runtime.development import Development  # nothing of it in production

            url, directory = resolve_base_url(base_url, None), os.path.abspath(sources)
            self.assets = Development(
                development,
                near=directory,
                base_url=url,
                on_missing=on_missing or "error",
                has_source=None if url else lambda path: os.path.isfile(os.path.join(directory, *path.split("/"))),
            )
            super().__init__(directory=sources)
        # What Starlette asks of a mount without a name of its own.
        self.routes: list[BaseRoute] = [_ReleaseRoute(self.assets, name)]

    def get_path(self, scope: Scope) -> str:
        return _name(scope) if isinstance(self.assets, Manifest) else super().get_path(scope)

    async def get_response(self, path: str, scope: Scope) -> Response:
        if not isinstance(self.assets, Manifest):
            return await self._watched(self.assets, scope) or await super().get_response(path, scope)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        file = self._index.get(path)
        if file is None:
            raise HTTPException(404, self._why_not(path))
        request_headers = Headers(scope=scope)
        # A part is always one of the plain file.
        accepted = "" if "range" in request_headers else ",".join(request_headers.getlist("accept-encoding"))
        response = await file.response(best(tuple(file.variants), accepted))
        if self._cors:
            response.headers["access-control-allow-origin"] = "*"
        # A stable name's time is made from its content: it says that a file changed, not which one is newer.
        tags = ",".join(request_headers.getlist("if-none-match"))
        known = [tag.strip().removeprefix("W/") for tag in tags.split(",")]
        unchanged = response.headers["etag"] in known or "*" in known
        return NotModifiedResponse(response.headers) if unchanged else response

    async def _watched(self, assets: Development, scope: Scope) -> Response | None:
        """What a watch made, if the name is one of its."""
        name = _name(scope)
        file = await anyio.to_thread.run_sync(assets.file_of, name) if scope["method"] in ("GET", "HEAD") else None
        if file is None:
            return None
        try:
            stat = await anyio.to_thread.run_sync(os.stat, file)
        except OSError:  # the watch has just deleted it
            return None
        headers = assets.headers_of(name) | ({"Access-Control-Allow-Origin": "*"} if self._cors else {})
        response = FileResponse(file, headers=headers, media_type=headers.pop("Content-Type"), stat_result=stat)
        unchanged = self.is_not_modified(response.headers, Headers(scope=scope))
        return NotModifiedResponse(response.headers) if unchanged else response

    def _why_not(self, path: str) -> str | None:
        if path not in self.assets:
            return None
        file = self.assets.entry(path).file
        return f"{path!r} is released as {file!r}; url_for() says so where ReleaseFiles is mounted without a name"


def _name(scope: Scope) -> str:
    """Exactly as it was asked for: an index needs no cleaning up of '..'."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    # A proxy may have taken the root path away before the request came here.
    for prefix in (root, root.removeprefix(scope.get("app_root_path", ""))):
        if path.startswith(prefix + "/"):
            return path[len(prefix) + 1 :]
    return path.lstrip("/")


class _ReleaseRoute(BaseRoute):
    """Makes URLs and answers no request: `Mount` has sent those to ReleaseFiles already."""

    def __init__(self, assets: Manifest | Development, name: str) -> None:
        self._assets, self.name = assets, name

    def matches(self, scope: Scope) -> tuple[Match, Scope]:  # noqa: ARG002
        return Match.NONE, {}

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        if name != self.name or path_params.keys() != {"path"}:
            raise NoMatchFound(name, path_params)
        path = str(path_params["path"]).lstrip("/")
        if not isinstance(self._assets, Manifest):
            self._assets.refresh()  # never older than the tags of the same page
        try:
            return URLPath("/" + (quote(self._assets.entry(path).file) if path in self._assets else path))
        except MissingAsset:  # a watch has just forgotten it
            return URLPath("/" + path)
