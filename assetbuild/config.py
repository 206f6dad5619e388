"""assetbuild.toml, or [tool.assetbuild] of pyproject.toml -> Config. Every key is checked; an unknown one is an error.

Paths in the file are relative to the file's directory. Nothing here looks into a source root or imports an application.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from assetbuild.checker import Checker, type_name
from assetbuild.errors import ConfigError, did_you_mean, raise_all
from assetbuild.roots import Root, parse_roots

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Policy = Literal["error", "warn", "ignore"]
POLICIES = ("error", "warn", "ignore")
MINIFIERS = {"js": ("jsmin", "rjsmin"), "css": ("cssmin", "rcssmin")}
# Levels: RFC 7932 has qualities 0 to 11, libdeflate 1 to 12, zstd 1 to 22.
LEVELS = {"br": range(12), "gz": range(1, 13), "zst": range(1, 23)}
DEFAULT_MINIFIERS = {"js": ("rjsmin",), "css": ("rcssmin",)}
DEFAULT_LEVELS = {"br": 11, "gz": 12, "zst": 19}
CONFIG_NAMES = ("assetbuild.toml", "pyproject.toml")


@dataclass(frozen=True, slots=True)
class Config:
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
    minify_js: tuple[str, ...] = DEFAULT_MINIFIERS["js"]
    minify_css: tuple[str, ...] = DEFAULT_MINIFIERS["css"]
    compress: tuple[tuple[str, int], ...] = (("br", 11), ("gz", 12))
    missing: tuple[tuple[str, Policy], ...] = (("**", "error"),)

    @property
    def label(self) -> str:
        """What messages call the configuration."""
        return self.file.name if self.file else "assetbuild.toml"

    def shown(self, path: Path) -> str:
        """`path` as a user would type it from the configuration's directory."""
        try:
            return path.relative_to(self.base_dir).as_posix()
        except ValueError:
            return str(path)


def find_config(start: Path) -> Path:
    """The nearest configuration from `start` upwards: assetbuild.toml, else a pyproject.toml that has our table."""
    start = start.absolute()
    for directory in (start, *start.parents):
        for name in CONFIG_NAMES:
            file = directory / name
            # Not Path.is_file(): it raises PermissionError below a directory that is closed to us.
            if os.path.isfile(file) and (name != "pyproject.toml" or _table(file) is not None):
                return file
    raise ConfigError(
        f"no assetbuild.toml, and no pyproject.toml with [tool.assetbuild], in '{start}' or above",
        fix="run 'assetbuild init', or name the file with --config",
    )


def load_config(file: Path) -> Config:
    """Read and check `file`. Raises ConfigError, or BuildFailed with all that is wrong in it."""
    table = _table(file)
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
    minify = check.table(table, "minify", ("js", "css"))
    compress = check.table(table, "compress", tuple(LEVELS))
    references = check.table(table, "references", ("missing",))
    bundles, bundle_tables = _bundles(table, check)
    config = Config(
        file=file,
        base_dir=base_dir,
        roots=parse_roots(table.get("roots", ["static"]), base_dir, check),
        output_dir=base_dir / check.string(table, "output", "dist"),
        url_prefix=_url_prefix(check.string(table, "url_prefix", "/static/"), check),
        exclude=check.strings(table, "exclude"),
        standalone=check.strings(table, "standalone"),
        stable=check.strings(table, "stable"),
        bundles=bundles,
        bundle_tables=bundle_tables,
        minify_js=_minifiers(minify, "js", check),
        minify_css=_minifiers(minify, "css", check),
        compress=_levels(compress, check),
        missing=_policies(references.get("missing", "error"), check),
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
    "bundles",
    "minify",
    "compress",
    "references",
)
_BUNDLE_KEYS = ("contents", "output", "filters", "depends", "config", "extra", "debug")


def _table(file: Path) -> object:
    """Our part of `file`, whatever it is; None where a pyproject.toml has none."""
    try:
        with file.open("rb") as stream:
            data: dict[str, Any] = tomllib.load(stream)
    except FileNotFoundError:
        raise ConfigError(f"there is no file '{file}'", fix="name an existing file with --config") from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {(error.strerror or str(error)).lower()}", where=str(file)) from error
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError, an integer of thousands of digits
        raise ConfigError(f"is not valid TOML: {error}", where=file.name) from error
    if file.name != "pyproject.toml":
        return data
    tool = data.get("tool", {})
    return tool.get("assetbuild") if isinstance(tool, dict) else None


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


def _url_prefix(value: str, check: Checker) -> str:
    if not value.startswith("/") or value.startswith("//"):
        check.wrong(
            f"'url_prefix' is to start with '/', but is '{value}'",
            fix="give the path alone; a CDN's host belongs to the run stage: ASSETBUILD_BASE_URL",
        )
    elif any(char in "?#\\" or not char.isprintable() for char in value):
        check.wrong(f"'url_prefix' is to be a plain path such as '/static/', but is {value!r}")
    return value if value.endswith("/") else value + "/"


def _minifiers(table: Mapping[str, Any], language: str, check: Checker) -> tuple[str, ...]:
    known = MINIFIERS[language]
    if language not in table:
        return DEFAULT_MINIFIERS[language]
    names = check.strings(table, language, " in [minify]")
    for name in names:
        if name not in known:
            near = did_you_mean(name, known)
            hint = f"did you mean '{near}'?" if near else f"known are: {', '.join(known)}"
            check.wrong(f"unknown minifier '{name}' for {language} in [minify]; {hint}")
    return names


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


def _policies(value: object, check: Checker) -> tuple[tuple[str, Policy], ...]:
    table = {"**": value} if isinstance(value, str) else value
    if not isinstance(table, dict):
        check.wrong("'missing' in [references] is a policy, or a table of glob = policy")
        return ()
    for glob, policy in table.items():
        if policy not in POLICIES:
            says = f"'{policy}'" if isinstance(value, str) else f"'{policy}' for '{glob}'"
            check.wrong(f"'missing' in [references] says {says}; a policy is one of: {', '.join(POLICIES)}")
    return tuple(table.items())
