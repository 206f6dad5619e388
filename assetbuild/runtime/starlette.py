"""Starlette and FastAPI: tags in templates, released URLs from `url_for`, and a mount that serves a release's files.

    static = ReleaseFiles(sources="static")  # the release whose manifest ASSETBUILD_MANIFEST names
    app.mount("/static", static)  # without a name: then url_for("static", path=...) asks the release
    install(templates, static)

No file is opened by a name made from a request: what there is to serve is listed once, when the process starts.
"""

from __future__ import annotations

import mimetypes
import os
import re

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
from assetbuild.runtime.tags import Tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from jinja2 import Environment
    from starlette.templating import Jinja2Templates
    from starlette.types import Scope

    from assetbuild.runtime.manifest import OnMissing

_IMMUTABLE = "max-age=31536000, public, immutable"  # a year, the longest that RFC 2616 allowed
_SHORT = "max-age=60, public"
_ENCODINGS = (("br", ".br"), ("zstd", ".zst"), ("gzip", ".gz"))  # the best first, where a client likes them equally
_MAX_BASES = 16  # base URLs remembered; a proxy's header may name another root path in every request

# One answer on every machine and Python: the system's own lists differ, and older Pythons know less.
_TYPES = {".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript", ".map": "application/json"}
_TYPES |= {f".{name}": f"font/{name}" for name in ("woff2", "woff", "ttf", "otf")}
_TYPES |= {f".{name}": f"image/{name}" for name in ("avif", "webp", "gif", "png", "jpeg")} | {".jpg": "image/jpeg"}
_TYPES |= {".svg": "image/svg+xml", ".ico": "image/vnd.microsoft.icon", ".wasm": "application/wasm"}
_TYPES |= {".webmanifest": "application/manifest+json", ".json": "application/json", ".txt": "text/plain"}

_weight = re.compile(r"\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*").fullmatch


def install(
    templates: Jinja2Templates | Environment,
    assets: ReleaseFiles | Manifest | PlainUrls | str | os.PathLike[str] | None = None,
    *,
    name: str = "static",
    base_url: str | None = None,
    mode: str | None = None,
    on_missing: OnMissing | None = None,
) -> None:
    """Give templates asset_url, asset_script, asset_style, asset_preload, asset_modulepreload and asset_importmap.

    Without a base URL of its own, `base_url` or ASSETBUILD_BASE_URL, a URL starts with the root path of the request
    and the path of the mount that is called `name`. Where the application has none, the manifest says. `assets` may
    be the path of a manifest; `mode` and `on_missing` are for one that is read here. Raises ManifestError, and
    TypeError for either beside ReleaseFiles, a Manifest or PlainUrls.
    """
    from assetbuild.runtime.jinja import load, template_globals  # Jinja2 is optional to Starlette

    loaded = load(assets.assets if isinstance(assets, ReleaseFiles) else assets, base_url, mode, on_missing)
    chosen = bool(resolve_base_url(base_url, None)) or loaded.base_url != loaded.url_prefix
    environment: Any = getattr(templates, "env", templates)
    if chosen:
        tags = Tags(loaded)
        environment.globals.update(template_globals(lambda _: tags), asset_url=loaded.url)
    else:
        environment.globals.update(template_globals(_MountedTags(loaded, name).find, from_context=True))


class _MountedTags:
    """Tags for where a request's application is and where it has its mount."""

    def __init__(self, assets: Manifest | PlainUrls, name: str) -> None:
        self._assets, self._name = assets, name
        # Routers cannot be hashed; the one that is kept beside its tags keeps its id.
        self._tags: dict[tuple[int, str], tuple[Any, Tags]] = {}

    def find(self, context: Mapping[str, Any]) -> Tags:
        request = context.get("request")
        if request is None:
            raise RuntimeError(
                "an asset's URL needs 'request' in the context of its template; render by 'TemplateResponse',"
                " import macros 'with context', or set ASSETBUILD_BASE_URL"
            )
        scope = request.scope
        router = scope.get("router") or scope.get("app")
        root = scope.get("app_root_path", scope.get("root_path", ""))
        found = self._tags.get((id(router), root))
        return found[1] if found else self._make(router, root)

    def _make(self, router: Any, root: str) -> Tags:
        if len(self._tags) >= _MAX_BASES:
            self._tags = {}
        try:
            url = router.url_path_for(self._name, path="")
        except (AttributeError, NoMatchFound):
            tags = Tags(self._assets)
        else:
            path = quote(f"{root.rstrip('/')}{url}".lstrip("/"))  # '//host' would be another origin
            tags = Tags(self._assets.with_base_url(f"//{url.host}/{path}" if url.host else f"/{path}"))
        self._tags[id(router), root] = (router, tags)
        return tags


class ReleaseFiles(StaticFiles):
    """Serves a release: from precompressed files where they are welcome, with `immutable` for fingerprinted names.

    In development it is a plain StaticFiles of the directory `sources`, which has to be said. `name` is what `url_for`
    calls it. With `cors`, pages of other origins may use the files: for a CDN that takes them from here. Raises
    ManifestError.
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
    ) -> None:
        self._cors = cors
        self.assets: Manifest | PlainUrls
        self._index: dict[str, _File] = {}
        if resolve_mode(mode, debug=False) == "production":
            named = manifest or os.environ.get("ASSETBUILD_MANIFEST")
            # Resolved, so that this process keeps the release that it started with when a link moves on.
            resolved = os.path.realpath(named) if named else None
            self.assets = Manifest.load(resolved, base_url=base_url, on_missing=on_missing or "error")
            directory = os.path.join(os.path.dirname(str(self.assets.file)), "files")
            self._index = _index(directory, self.assets)
            super().__init__()  # with no directory, StaticFiles itself has nothing to look in
        elif sources is None:
            fix = "say where they are: ReleaseFiles(sources='static')"
            raise ManifestError("in development ReleaseFiles serves sources, and has none", fix=fix)
        else:
            self.assets = PlainUrls(resolve_base_url(base_url, None) or "/static/")
            super().__init__(directory=sources)
        # What Starlette asks of a mount without a name of its own.
        self.routes: list[BaseRoute] = [_ReleaseRoute(self.assets, name)]

    def get_path(self, scope: Scope) -> str:
        """Exactly as it was asked for: an index needs no cleaning up of '..'."""
        if isinstance(self.assets, PlainUrls):
            return super().get_path(scope)
        path: str = scope["path"]
        root: str = scope.get("root_path", "")
        # A proxy may have taken the root path away before the request came here.
        for prefix in (root, root.removeprefix(scope.get("app_root_path", ""))):
            if path.startswith(prefix + "/"):
                return path[len(prefix) + 1 :]
        return path.lstrip("/")

    async def get_response(self, path: str, scope: Scope) -> Response:
        if isinstance(self.assets, PlainUrls):
            return await super().get_response(path, scope)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        file = self._index.get(path)
        if file is None:
            raise HTTPException(404, self._why_not(path))
        request_headers = Headers(scope=scope)
        # A part is always one of the plain file.
        accepted = "" if "range" in request_headers else ",".join(request_headers.getlist("accept-encoding"))
        response = await file.response(_best(tuple(file.variants), accepted))
        if self._cors:
            response.headers["access-control-allow-origin"] = "*"
        # A stable name's time is made from its content: it says that a file changed, not which one is newer.
        tags = ",".join(request_headers.getlist("if-none-match"))
        known = [tag.strip().removeprefix("W/") for tag in tags.split(",")]
        unchanged = response.headers["etag"] in known or "*" in known
        return NotModifiedResponse(response.headers) if unchanged else response

    def _why_not(self, path: str) -> str | None:
        if path not in self.assets:
            return None
        file = self.assets.entry(path).file
        return f"{path!r} is released as {file!r}; url_for() says so where ReleaseFiles is mounted without a name"


class _ReleaseRoute(BaseRoute):
    """Makes URLs and answers no request: `Mount` has sent those to ReleaseFiles already."""

    def __init__(self, assets: Manifest | PlainUrls, name: str) -> None:
        self._assets, self.name = assets, name

    def matches(self, scope: Scope) -> tuple[Match, Scope]:  # noqa: ARG002
        return Match.NONE, {}

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        if name != self.name or path_params.keys() != {"path"}:
            raise NoMatchFound(name, path_params)
        path = str(path_params["path"]).lstrip("/")
        return URLPath("/" + (quote(self._assets.entry(path).file) if path in self._assets else path))


class _File:
    """One name that is served. `variants`: Content-Encoding -> file; `tag` goes by the content."""

    __slots__ = ("cache", "file", "tag", "type", "variants")

    def __init__(self, file: str, cache: str, tag: str, variants: dict[str, str]) -> None:
        self.file, self.cache, self.tag, self.variants = file, cache, tag, variants
        extension = os.path.splitext(file)[1].lower()
        self.type = _TYPES.get(extension) or _builtin_types.guess_type(file)[0] or "application/octet-stream"

    async def response(self, encoding: str) -> Response:
        file = self.variants.get(encoding, self.file)
        headers = {"cache-control": self.cache, "x-content-type-options": "nosniff"}
        headers["etag"] = f'"{self.tag}-{encoding}"' if encoding else f'"{self.tag}"'
        if encoding:
            headers["content-encoding"] = encoding
        if self.variants:
            headers["vary"] = "Accept-Encoding"
        try:
            stat = await anyio.to_thread.run_sync(os.stat, file)
        except OSError as error:  # the release was deleted
            raise HTTPException(404) from error
        return FileResponse(file, headers=headers, media_type=self.type, stat_result=stat)


_builtin_types = mimetypes.MimeTypes()


def _index(directory: str, manifest: Manifest) -> dict[str, _File]:
    """What the manifest names and the directory has, by its name in URLs, percent-escapes undone."""
    if not os.path.isdir(directory):
        fix = "deploy the whole release, or have another server send its files and leave ReleaseFiles out"
        raise ManifestError(f"there is no directory {directory!r} beside it", manifest.file, fix)
    there = {
        os.path.relpath(os.path.join(parent, name), directory).replace(os.sep, "/")
        for parent, _, names in os.walk(directory)
        for name in names
    }
    served = {}
    for path in manifest:
        try:
            entry = manifest.entry(path)
        except MissingAsset as error:  # looked up in a text that no build wrote
            fix = "run 'assetbuild build' to make the release again"
            raise ManifestError(f"asset {path!r} is not where it is looked for", manifest.file, fix) from error
        served[entry.file] = (_IMMUTABLE, quote(entry.file))
        if entry.stable:
            served.setdefault(path, (_SHORT, quote(entry.file)))
    index = {}
    others = there - served.keys()
    for name in there & served.keys():
        files = {coding: os.path.join(directory, name + end) for coding, end in _ENCODINGS if name + end in others}
        index[name] = _File(os.path.join(directory, name), *served[name], files)
    return index


def _best(encodings: tuple[str, ...], accepted: str) -> str:
    """The one of `encodings` that the client likes best, as RFC 9110 has it; "" for none. The first of equals."""
    if not encodings or not accepted:
        return ""
    weights = {}
    for item in accepted.lower().split(","):
        coding, parameter, text = item.partition(";")
        match = _weight(text) if parameter else None
        weights[coding.strip()] = float(match[1]) if match else 0.0 if parameter else 1.0
    best = max(encodings, key=lambda coding: weights.get(coding, weights.get("*", 0.0)))
    weight = weights.get(best, weights.get("*", 0.0))
    return best if weight > 0 and weight >= weights.get("identity", 0.0) else ""
