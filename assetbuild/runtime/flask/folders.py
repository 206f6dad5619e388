"""Static folders: endpoints of `url_for` to logical paths, and the sources in them."""

from __future__ import annotations

import os
from contextlib import suppress

from flask import Flask, abort, has_request_context, request, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from flask import Response

SERVED = "assetbuild:"  # how the endpoints of rules of ours start; then the prefix of logical paths
_FILENAME = "<path:filename>"  # how Flask ends the rule of every static folder


class StaticFolders:
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
            name, rule = f"{SERVED}{prefix}", f"{self._static_url}{prefix}{_FILENAME}"
            if name not in self._app.view_functions:
                self._app.add_url_rule(rule, name, self._source_of(endpoint, prefix))

    def serve_at(self, url: str) -> None:
        """A rule for what a watch makes, where the application has none."""
        if SERVED not in self._app.view_functions:
            self._app.add_url_rule(f"{url}{_FILENAME}", SERVED, lambda filename: abort(404))  # noqa: ARG005

    def has_source(self, path: str) -> bool:
        """Whether a static folder has the file. True as well if there is no folder to look into."""
        folders = [("", self._app.static_folder)] if self._app.static_folder else []
        for name, blueprint in self._app.blueprints.items():
            found = self.get(f"{name}.static")
            if found and blueprint.static_folder:
                folders.append((found[0], blueprint.static_folder))
        return not folders or any(
            path.startswith(prefix) and os.path.isfile(safe_join(folder, path[len(prefix) :]) or "")
            for prefix, folder in folders
        )

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
