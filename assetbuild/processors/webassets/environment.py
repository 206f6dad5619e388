"""The webassets environment that a bundle is built in: the user's settings below ours, and sources found in ours."""

from __future__ import annotations

from typing import Any

import webassets
from webassets.env import DictConfigStorage, Resolver

from assetbuild.processors.webassets.load import Recipe

# What a build of ours decides, in an environment and in a bundle's own `config`.
_OURS: dict[str, Any] = {
    "debug": False,
    "cache": False,
    "manifest": False,
    "versions": False,
    "url_expire": False,
    "auto_build": False,
    "updater": False,
}


class _Storage(DictConfigStorage):
    """Our settings, then those of the user's environment."""

    def __contains__(self, key: str) -> bool:
        return super().__contains__(key) or key in self.env.recipe.environment.config

    def __getitem__(self, key: str) -> Any:
        return super().__getitem__(key) if super().__contains__(key) else self.env.recipe.environment.config[key]


class Environment(webassets.Environment):
    config_storage_class = _Storage

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        super().__init__(**_OURS, resolver=_Resolver(recipe))
        config = recipe.config
        if "directory" not in self.config:
            self.directory = str(config.roots[0].dir)
        if "url" not in self.config:
            self.url = config.url_prefix


class _Resolver(Resolver):
    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def resolve_source(self, ctx: Any, item: Any) -> Any:  # noqa: ARG002 (webassets gives it)
        if not isinstance(item, str):
            return item
        return [self._file(path) for path in self.recipe.found[item]]

    def _file(self, path: str) -> SourceFile:
        file = SourceFile(self.recipe.sources[path].file)
        file.logical_path = path
        return file

    def resolve_source_to_url(self, ctx: Any, filepath: str, item: Any) -> str:  # noqa: ARG002
        return self.recipe.config.url_prefix + getattr(filepath, "logical_path", str(filepath))

    def resolve_output_to_url(self, ctx: Any, target: str) -> str:  # noqa: ARG002
        return self.recipe.config.url_prefix + target


class SourceFile(str):
    """The path of a file as webassets hands it from hook to hook, which remembers the logical path."""

    __slots__ = ("logical_path",)
    logical_path: str


def own_settings(bundle: Any) -> dict[str, Any]:
    return {key: value for key, value in bundle.config._dict.items() if key not in _OURS and key != "resolver"}
