"""The configuration file: where it is, and what stands in it. Nothing heavy is imported: each command begins here."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from assetbuild.errors import ConfigError

CONFIG_NAMES = ("assetbuild.toml", "pyproject.toml")
_MAX_BYTES = 4 << 20  # what is larger is no configuration, and may have no end


def find_config(start: Path) -> Path:
    """The nearest configuration from `start` upwards: assetbuild.toml, else a pyproject.toml that has our table."""
    start = start.absolute()
    for directory in (start, *start.parents):
        for name in CONFIG_NAMES:
            file = directory / name
            # Not Path.is_file(): it raises PermissionError below a directory that is closed to us.
            if os.path.isfile(file) and (name != "pyproject.toml" or read_table(file) is not None):
                return file
    raise ConfigError(
        f"no assetbuild.toml, and no pyproject.toml with [tool.assetbuild], in '{start}' or above",
        fix="run 'assetbuild init', or name the file with --config",
    )


def read_table(file: Path) -> object:
    """Our part of `file`, whatever it is; None where a pyproject.toml has none. Raises ConfigError."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        with file.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise ConfigError(f"is larger than {_MAX_BYTES} bytes, so it is no configuration", where=file.name)
        data: dict[str, Any] = tomllib.loads(content.decode())
    except FileNotFoundError:
        raise ConfigError(f"there is no file '{file}'", fix="name an existing file with --config") from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {(error.strerror or str(error)).lower()}", where=str(file)) from error
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError, an integer of thousands of digits
        raise ConfigError(f"is not valid TOML: {error}", where=file.name) from error
    except RecursionError:
        raise ConfigError("nests too deeply", where=file.name) from None
    if file.name != "pyproject.toml":
        return data
    tool = data.get("tool", {})
    return tool.get("assetbuild") if isinstance(tool, dict) else None
