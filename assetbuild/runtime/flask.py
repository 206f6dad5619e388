"""Flask: `asset_url()` and tags in templates, and fingerprinted URLs from every `url_for('static', ...)` there is.

The manifest is read in `init_app`, so a bad one stops the process at its start. Names that the manifest does not hold
(uploads live under `static` too) go to Flask as they came. In development all of them do.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from urllib.parse import quote as percent_encode
from urllib.parse import urlencode

import click
from flask import Flask, current_app, has_request_context, request, send_from_directory
from werkzeug.datastructures import iter_multi_items
from werkzeug.exceptions import NotFound

from assetbuild.runtime.format import quote
from assetbuild.runtime.jinja import template_globals
from assetbuild.runtime.manifest import Manifest
from assetbuild.runtime.modes import PlainUrls, resolve_base_url, resolve_mode
from assetbuild.runtime.tags import Tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Mapping
    from typing import Any

    from flask import Response

    from assetbuild.runtime.manifest import OnMissing
    from assetbuild.runtime.modes import Mode

_EXTENSION = "assetbuild"
_MAX_PLACES = 16  # places of the application remembered; a proxy's header may name another script root in every request
_ANCHOR = "%!#$&'()*+,/:;=?@"  # what Flask leaves alone in an anchor
_FILENAME = "<path:filename>"  # how Flask ends the rule of every static folder


class AssetBuild:
    """The extension. Each argument that is None is looked up in `app.config` as ASSETBUILD_MANIFEST and so on, then in
    the environment; one object serves any number of applications.

    `assets` takes the place of a manifest: `AssetBuild(app, assets=PlainUrls())` needs no build, for tests.
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
        assets: Manifest | PlainUrls | None = None,
        blueprints: Mapping[str, str] | None = None,
    ) -> None:
        self._arguments: dict[str, Any] = {"MANIFEST": manifest, "BASE_URL": base_url, "MODE": mode}
        self._arguments |= {"ON_MISSING": on_missing, "ASSETS": assets, "BLUEPRINTS": blueprints}
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Read the manifest and give `app` its URLs. Raises ManifestError."""
        helper = AppAssets(app, partial(self._option, app))
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


class AppAssets:
    """One application's assets: `app.extensions["assetbuild"]`. `assets` is its Manifest, or PlainUrls."""

    def __init__(self, app: Flask, option: Callable[[str], Any]) -> None:
        self._app = app
        given: Manifest | PlainUrls | None = option("ASSETS")
        chosen = resolve_base_url(option("BASE_URL"), None)
        if given is not None and given.base_url != given.url_prefix:
            chosen = chosen or given.base_url
        own = None if app.static_url_path is None else app.static_url_path.rstrip("/") + "/"
        base = chosen or (own and quote(own))
        self.assets = _load(app, option, base) if given is None else given.with_base_url(base)
        # Flask's own static path stands below the path at which the server mounts the application; other bases do not.
        self._mounted = not chosen and own is not None
        # Only the URL map knows on which host such an application has its static files.
        self.elsewhere = self._mounted and (app.url_map.host_matching or app.subdomain_matching)
        self._tags = {"": Tags(self.assets)}
        self._folders = _StaticFolders(app, own or self.assets.url_prefix, option("BLUEPRINTS") or {})
        if isinstance(self.assets, PlainUrls) and not chosen and not self.elsewhere:
            self._folders.serve_sources()

    @property
    def tags(self) -> Tags:
        """For the current request: its script root stands before Flask's own static path."""
        if not self._mounted:
            place = ""
        elif self.elsewhere:
            place = self._base_elsewhere()
        elif has_request_context():
            # To ask the proxy itself for an attribute would cost more than all the rest.
            place = request._get_current_object().script_root  # type: ignore[attr-defined]
        else:
            place = self._app.config["APPLICATION_ROOT"].rstrip("/")
        return self._tags.get(place) or self._tags_at(place)

    def _tags_at(self, place: str) -> Tags:
        if len(self._tags) >= _MAX_PLACES:
            self._tags = {"": self._tags[""]}
        root = quote(place.strip("/"))  # '//host' would be another origin
        base = place if self.elsewhere else f"/{root}{self.assets.base_url}" if root else self.assets.base_url
        tags = self._tags[place] = Tags(self.assets.with_base_url(base))
        return tags

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
        if path not in self.assets:
            return None
        if scheme is not None and not external:
            return None  # Flask refuses a scheme without a host
        assets = self.assets if self.elsewhere else self.tags.assets
        url = assets.url(path)
        if external or self.elsewhere:
            url = self._base(assets.base_url, external, scheme) + url[len(assets.base_url) :]
        query = {name: value for name, value in values.items() if name not in folder[1]}
        pairs = [(name, value) for name, value in iter_multi_items(query) if value is not None]
        if pairs:
            url += "?" + urlencode(pairs, safe="!$'()*,/:;?@")
        return url

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


def _load(app: Flask, option: Callable[[str], Any], base_url: str | None) -> Manifest | PlainUrls:
    if resolve_mode(option("MODE"), app.debug) == "production":
        return Manifest.load(option("MANIFEST"), base_url=base_url, on_missing=option("ON_MISSING") or "error")
    return PlainUrls(base_url or "/static/")


class _StaticFolders:
    """Endpoints of static folders -> what stands before their files' names in logical paths."""

    def __init__(self, app: Flask, static_url: str, blueprints: Mapping[str, str]) -> None:
        self._app, self._static_url = app, static_url
        prefixes = {name: prefix.strip("/") for name, prefix in blueprints.items()}
        self._prefixes = {f"{name}.static": prefix and prefix + "/" for name, prefix in prefixes.items()}
        # A blueprint may be registered at any time before the first request: each is looked at when it is asked for.
        self._found: dict[str, tuple[str, Collection[str]] | None] = {}

    def get(self, endpoint: str) -> tuple[str, Collection[str]] | None:
        """The prefix, and the parameters of the folder's own rule, which are no query. None: no folder of a build."""
        if endpoint[:1] == ".":
            if not has_request_context():
                return None
            endpoint = f"{request.blueprint}{endpoint}" if request.blueprint else endpoint[1:]
        if endpoint == "static":
            return "", ("filename",)
        if not endpoint.endswith(".static"):
            return None
        if endpoint not in self._found and endpoint in self._app.view_functions:
            self._found[endpoint] = self._find(endpoint)
        return self._found.get(endpoint)

    def _find(self, endpoint: str) -> tuple[str, Collection[str]] | None:
        blueprint = self._app.blueprints.get(endpoint.removesuffix(".static"))
        if blueprint is None or not blueprint.has_static_folder:
            return None
        rule = next(self._app.url_map.iter_rules(endpoint))
        prefix = self._prefixes.get(endpoint)
        if prefix is None and rule.rule.startswith(self._static_url) and not (rule.host or rule.subdomain):
            prefix = rule.rule[len(self._static_url) :].removesuffix(_FILENAME)
        return None if prefix is None else (prefix, rule.arguments)

    def serve_sources(self) -> None:
        """While developing: the files of `blueprints` where a release has them, so that relative references hold."""
        for endpoint, prefix in self._prefixes.items():
            name, rule = f"assetbuild:{prefix}", f"{self._static_url}{prefix}{_FILENAME}"
            if name not in self._app.view_functions:
                self._app.add_url_rule(rule, name, self._source_of(endpoint, prefix))

    def _source_of(self, endpoint: str, prefix: str) -> Callable[[str], Response]:
        def source(filename: str) -> Response:
            if self._app.has_static_folder:
                with suppress(NotFound):
                    return self._app.send_static_file(prefix + filename)
            blueprint = self._app.blueprints.get(endpoint.removesuffix(".static"))
            if blueprint is None or blueprint.static_folder is None:
                raise NotFound
            return send_from_directory(blueprint.static_folder, filename)

        return source


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


class _BuildCommands(click.Group):
    """The commands of `assetbuild` itself, loaded when one is asked for: a web process may not have them installed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return _build_side().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _build_side().get_command(ctx, cmd_name)


def _build_side() -> click.Group:
    if find_spec("tree_sitter") is None:  # which nothing but a build needs
        said = "only the runtime is installed here; to build, run: pip install 'assetbuild[build]'"
        click.echo(f"assetbuild: {said}", err=True)
        sys.exit(2)
    return import_module("assetbuild.cli").cli  # type: ignore[no-any-return]  # named, for the runtime does without


command = _BuildCommands("assetbuild", help="Build the static files of this application into one immutable release.")
