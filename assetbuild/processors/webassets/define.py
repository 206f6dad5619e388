"""The configured bundles -> a webassets environment and its bundles by name, from YAML, TOML tables or Python."""

from __future__ import annotations

import importlib
import io
import os
import re
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import webassets
from webassets import filter as webassets_filter
from webassets.loaders import YAMLLoader

from assetbuild.config import Config
from assetbuild.errors import ConfigError
from assetbuild.processors.webassets.tables import Tables, check, from_toml, from_yaml
from assetbuild.worker import flush

_PYTHON = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")

_MAX_SAID = 2000  # characters of an error


@dataclass(frozen=True, slots=True)
class Defined:
    """The bundles of a webassets environment, by name, and where messages say that they stand.

    `text` is all that defines them; None where Python code does."""

    environment: Any
    bundles: Mapping[str, Any]
    tables: Tables
    text: str | None = None

    def label(self, bundle: Any, name: str) -> str:
        return f"bundle '{name}'" if self.bundles.get(name) is bundle or bundle.output else f"a bundle inside '{name}'"


def define(config: Config) -> Defined:
    if config.bundles is None:
        assert config.bundle_tables is not None
        tables = from_toml(config.bundle_tables, config.label)
        return _from_tables(tables, config.base_dir)
    file = config.base_dir / config.bundles
    if _PYTHON.fullmatch(config.bundles) and not file.is_file():
        return _from_python(config.bundles, config)
    if not file.is_file():
        what = "is a directory" if file.is_dir() else "does not exist"
        raise ConfigError(
            f"'bundles' names '{config.bundles}', which {what}",
            where=config.label,
            fix="name a YAML file, or the environment of a Python module as 'package.module:name'",
        )
    return _from_tables(from_yaml(file, config.bundles), file.parent)


def _from_tables(tables: Tables, base_dir: Path) -> Defined:
    settings = dict(tables.settings)
    if isinstance(settings.get("directory"), str):
        settings["directory"] = str(base_dir / settings["directory"])
    if isinstance(settings.get("load_path"), list):
        settings["load_path"] = [str(base_dir / str(item)) for item in settings["load_path"]]
    try:
        with _importing(base_dir):
            environment = YAMLLoader(io.StringIO(_dumped(settings))).load_environment()
    except Exception as error:
        raise ConfigError(f"webassets does not take this environment: {said(error)}", where=tables.label) from error
    tables = check(tables, _is_filter, lambda: sorted(webassets_filter._FILTERS))
    try:
        text = _dumped(tables.bundles)
        bundles = YAMLLoader(io.StringIO(text)).load_bundles()
    except RecursionError:
        raise
    except Exception as error:
        raise ConfigError(f"webassets does not take these bundles: {said(error)}", where=tables.label) from error
    return Defined(environment, bundles, tables, f"{_dumped(tables.settings)}---\n{text}")


def _dumped(data: Mapping[str, Any]) -> str:
    """TOML tables say what webassets' YAML says, so one loader reads both."""
    import yaml

    return yaml.safe_dump(dict(data), sort_keys=False)  # ASCII: as written, U+0085 comes back as a space


def _is_filter(name: str) -> bool:
    try:
        webassets_filter.get_filter(name)
    except ValueError:
        return False
    return True


class _importing:  # noqa: N801 (reads as a clause: `with _importing(base_dir)`)
    """`base_dir` first on `sys.path`; nothing compiled is written. Modules found there are imported anew each time.

    What they print goes to standard error: standard output is for results."""

    _imported: set[str] = set()  # noqa: RUF012 (of the process, like sys.modules)

    def __init__(self, base_dir: Path) -> None:
        self.base_dir = str(base_dir)

    def __enter__(self) -> None:
        for name in self._imported & sys.modules.keys():
            del sys.modules[name]
        importlib.invalidate_caches()
        self.before = set(sys.modules)
        self.wrote = sys.dont_write_bytecode
        sys.dont_write_bytecode = True
        sys.path.insert(0, self.base_dir)
        self.stdout: int | None = None
        with suppress(OSError):  # closed
            flush()
            self.stdout = os.dup(1)
            os.dup2(2, 1)

    def __exit__(self, *_: object) -> None:
        if self.stdout is not None:
            flush()
            os.dup2(self.stdout, 1)
            os.close(self.stdout)
        if self.base_dir in sys.path:
            sys.path.remove(self.base_dir)
        sys.dont_write_bytecode = self.wrote
        for name in sys.modules.keys() - self.before:
            file = getattr(sys.modules[name], "__file__", None) or ""
            if file.startswith(self.base_dir + os.sep) and "site-packages" not in file:
                self._imported.add(name)


def _from_python(spec: str, config: Config) -> Defined:
    """`package.module:name`: an environment, a dict of bundles by name, or a callable that gives either."""
    module_name, _, attribute = spec.partition(":")
    try:
        with _importing(config.base_dir):
            value: Any = importlib.import_module(module_name)
            for name in attribute.split("."):
                value = getattr(value, name)
            if callable(value):
                value = value()
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"'bundles' names '{spec}', which cannot be imported: {type(error).__name__}: {said(error)}",
            where=config.label,
            notes=_last_frame(error, config.base_dir),
        ) from error
    if isinstance(value, webassets.env.BaseEnvironment):
        named = dict(value._named_bundles)  # there is no public way to the names
        named.update((bundle.output, bundle) for bundle in value if bundle not in named.values())
        return Defined(value, named, Tables(spec, {}))
    if isinstance(value, dict) and all(isinstance(bundle, webassets.Bundle) for bundle in value.values()):
        named = {str(name): bundle for name, bundle in value.items()}
        return Defined(webassets.Environment(), named, Tables(spec, {}))
    raise ConfigError(
        f"'bundles' names '{spec}', which is {type(value).__name__}, not a webassets environment", where=config.label
    )


def modules_of(config: Config) -> list[str]:
    """The files of Python code beside the configuration that define its bundles, as far as they have been imported."""
    parts = str(config.bundles).partition(":")[0].split(".")
    places = [config.base_dir.joinpath(*parts).with_suffix(".py"), config.base_dir.joinpath(*parts, "__init__.py")]
    loaded = [sys.modules[name].__file__ for name in _importing._imported & sys.modules.keys()]
    return sorted({*(str(place) for place in places), *filter(None, loaded)})


def said(error: BaseException) -> str:
    """What it says, on one line that is not too long."""
    text = " ".join(text_of(error).split())
    return (text if len(text) <= _MAX_SAID else text[:_MAX_SAID] + "...") or type(error).__name__


def text_of(error: BaseException) -> str:
    """What it says; nothing where it cannot even do that, being an exception of others."""
    try:
        return str(error)
    except Exception:
        return ""


def _last_frame(error: BaseException, base_dir: Path) -> tuple[str, ...]:
    """The innermost line of the user's own code."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if frame.filename.startswith(str(base_dir) + os.sep)]
    return tuple(f"at {os.path.relpath(frame.filename, base_dir)}:{frame.lineno}" for frame in inside[-1:])
