"""assetbuild.toml, or [tool.assetbuild] of pyproject.toml -> Config. Every key is checked; an unknown one is an error.

Paths in the file are relative to the file's directory. Nothing here looks into a source root or imports an application.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import unquote

from assetbuild.checker import Checker, type_name
from assetbuild.configfile import read_table
from assetbuild.errors import ConfigError, did_you_mean, raise_all
from assetbuild.globs import matcher
from assetbuild.named import NamedTuple
from assetbuild.roots import Root, parse_roots
from assetbuild.rules import OFF, Minifying, References, parse_minify, parse_references

# Levels: RFC 7932 has qualities 0 to 11, libdeflate 1 to 12, zstd 1 to 22.
LEVELS = {"br": range(12), "gz": range(1, 13), "zst": range(1, 23)}
DEFAULT_LEVELS = {"br": 11, "gz": 12, "zst": 19}

_MAX_TIMEOUT = 86_400  # seconds

Modules = Literal["rewrite", "importmap"]
MODULES: tuple[Modules, ...] = get_args(Modules)


class Config(NamedTuple):
    """Everything that decides a release but the sources themselves. Globs are over logical paths."""

    file: Path | None
    base_dir: Path
    roots: tuple[Root, ...]
    output_dir: Path
    url_prefix: str = "/static/"
    exclude: tuple[str, ...] = ()
    standalone: tuple[str, ...] = ()
    stable: tuple[str, ...] = ()
    bundles: str | None = None  # a YAML file, or "package.module:name" of a webassets environment
    bundle_tables: Mapping[str, Mapping[str, Any]] | None = None
    prehashed: tuple[str, ...] = ()
    minify: tuple[tuple[str, Minifying], ...] = (("**", Minifying()),)
    compress: tuple[tuple[str, int], ...] = (("br", 11), ("gz", 12))
    references: References = References()
    timeout: int = 60  # seconds that the filters of one bundle may take
    modules: Modules = "rewrite"  # imports name released files, or the page's import map leads to them

    @property
    def label(self) -> str:
        """What messages call the configuration."""
        return self.file.name if self.file else "assetbuild.toml"

    @property
    def levels(self) -> dict[str, int]:
        """How hard to compress, by encoding."""
        return dict(self.compress)

    def options(self) -> dict[str, Any]:
        """All that decides bytes beside the sources, and nothing of where they are: for a release to say."""
        minify = [
            [glob, *(list(tools) for tools in (each.js, each.css)), each.options.keep, each.options.source_maps]
            for glob, each in self.minify
        ]
        globs = {name: list(getattr(self, name)) for name in ("exclude", "prehashed", "stable", "standalone")}
        external, webmanifest = list(self.references.external), list(self.references.webmanifest)
        return {
            **globs,
            "external": external,
            "minify": minify,
            "modules": self.modules,
            "url_prefix": self.url_prefix,
            "webmanifest": webmanifest,
        }

    def minifying(self, path: str) -> Minifying:
        """How the asset with that logical path is minified."""
        return next((minifying for glob, minifying in self.minify if matcher((glob,))(path)), OFF)

    def shown(self, path: Path) -> str:
        """`path` as a user would type it from the configuration's directory."""
        try:
            return path.relative_to(self.base_dir).as_posix()
        except ValueError:
            return str(path)


def load_config(file: Path) -> Config:
    """Read and check `file`. Raises ConfigError, or BuildFailed with all that is wrong in it."""
    table = read_table(file)
    if table is None:
        raise ConfigError(
            "has no table [tool.assetbuild]", where=file.name, fix="add the table, or use assetbuild.toml"
        )
    if not isinstance(table, dict):
        raise ConfigError(f"'tool.assetbuild' is to be a table, not {type_name(table)}", where=file.name)
    return parse_config(table, file)


def parse_config(table: Mapping[str, Any], file: Path) -> Config:
    """Check `table`, the content of `file`, and give the configuration that it says."""
    base_dir = file.parent.resolve()
    check = Checker(file.name)
    check.keys(table, "", _TOP_KEYS)
    compress = check.table(table, "compress", tuple(LEVELS))
    bundles, bundle_tables = _bundles(table, check)
    timeout = _timeout(table, check)
    config = Config(
        file=file,
        base_dir=base_dir,
        roots=parse_roots(table.get("roots", ["static"]), base_dir, check),
        output_dir=base_dir / _output(check.string(table, "output", "dist"), check),
        url_prefix=_url_prefix(check.string(table, "url_prefix", "/static/"), check),
        exclude=check.strings(table, "exclude"),
        standalone=check.strings(table, "standalone"),
        stable=check.strings(table, "stable"),
        bundles=bundles,
        bundle_tables=bundle_tables,
        prehashed=check.strings(table, "prehashed"),
        minify=parse_minify(table, base_dir, timeout, check),
        compress=_levels(compress, check),
        references=parse_references(table, check),
        timeout=timeout,
        modules=_modules(check.table(table, "javascript", ("modules",)), check),
    )
    raise_all(check.errors)
    return config


_TOP_KEYS = (
    "roots",
    "output",
    "url_prefix",
    "exclude",
    "standalone",
    "stable",
    "prehashed",
    "bundles",
    "minify",
    "compress",
    "references",
    "javascript",
    "timeout",
)
_BUNDLE_KEYS = ("contents", "output", "filters", "depends", "config", "extra", "debug")


def _bundles(table: Mapping[str, Any], check: Checker) -> tuple[str | None, Mapping[str, Mapping[str, Any]] | None]:
    value = table.get("bundles")
    if value == "":
        check.wrong("'bundles' is to be a string that is not empty, or a table")
        return None, None
    if value is None or isinstance(value, str):
        return value, None
    if not isinstance(value, dict):
        check.wrong(f"'bundles' is a YAML file, a 'package.module:name' or a table, not {type_name(value)}")
        return None, None
    for name, bundle in value.items():
        _check_bundle(bundle, f'[bundles."{name}"]', check)
    return None, value


def _check_bundle(bundle: object, section: str, check: Checker) -> None:
    if not isinstance(bundle, dict):
        check.wrong(f"{section} is to be a table, not {type_name(bundle)}")
        return
    check.keys(bundle, section, _BUNDLE_KEYS)
    contents = bundle.get("contents")
    for item in contents if isinstance(contents, list) else [contents]:
        if isinstance(item, dict):
            _check_bundle(item, f"a bundle inside {section}", check)
        elif not isinstance(item, str):
            check.wrong(f"'contents' of {section} is to be a list of paths, globs and bundles")


def _output(value: str, check: Checker) -> str:
    if "\0" in value:
        check.wrong("'output' holds a NUL character, which no path can")
        return "dist"
    return value


def _url_prefix(value: str, check: Checker) -> str:
    if not value.startswith("/") or value.startswith("//"):
        check.wrong(
            f"'url_prefix' is to start with '/', but is '{value}'",
            fix="give the path alone; a CDN's host belongs to the run stage: ASSETBUILD_BASE_URL",
        )
    elif any(char in " ?#\\\"'<>" or not char.isprintable() for char in value):  # the runtime takes none of these
        check.wrong(f"'url_prefix' is to be a plain path such as '/static/', but is {value!r}")
    elif {".", ".."} & {*unquote(value).split("/")}:  # browsers would take these away, with what stands before
        check.wrong(f"'url_prefix' is to be a path without '.' and '..', but is {value!r}")
    return value if value.endswith("/") else value + "/"


def _modules(table: Mapping[str, Any], check: Checker) -> Modules:
    value = check.string(table, "modules", "rewrite", " in [javascript]")
    for known in MODULES:
        if value == known:
            return known
    near = did_you_mean(value, MODULES)
    fix = f"did you mean '{near}'?" if near else None
    check.wrong(f"'modules' in [javascript] is 'rewrite' or 'importmap', not '{value}'", fix)
    return "rewrite"


def _timeout(table: Mapping[str, Any], check: Checker) -> int:
    value = table.get("timeout", 60)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MAX_TIMEOUT:
        return value
    what = f"'timeout' is a number of seconds from 1 to {_MAX_TIMEOUT}"
    check.wrong(f"{what}, for the filters of a bundle or the minifying of a file")
    return 60


def _levels(table: Mapping[str, Any], check: Checker) -> tuple[tuple[str, int], ...]:
    levels = []
    for name, known in LEVELS.items():
        value = table.get(name, name != "zst")
        if value is False:
            continue
        if value is True:
            value = DEFAULT_LEVELS[name]
        if not isinstance(value, int) or value not in known:
            check.wrong(f"'{name}' in [compress] is a level from {known[0]} to {known[-1]}, or false")
            continue
        levels.append((name, value))
    return tuple(levels)
