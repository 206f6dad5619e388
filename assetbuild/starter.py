"""A first assetbuild.toml, from what the project's directories look like."""

from __future__ import annotations

import json
from pathlib import Path

from assetbuild.errors import ConfigError

_USUAL = ("static", "assets", "*/static", "*/assets", "src/*/static", "src/*/assets")
_NOT_SOURCES = {"node_modules", "dist", "build", "venv", "env", "staticfiles", "tests", "docs"}


def write_starter(directory: Path) -> Path:
    """Write the file into `directory`. Raises ConfigError where there is one."""
    file = directory / "assetbuild.toml"
    roots = find_roots(directory) or ["static"]
    # A JSON string is a TOML string.
    text = _TEMPLATE.format(
        roots=", ".join(json.dumps(root, ensure_ascii=False) for root in roots), admin=_admin(directory)
    )
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise ConfigError("exists already", where=file.name, fix="edit it, or remove it first") from None
    except OSError as error:
        raise ConfigError(f"cannot be written: {(error.strerror or str(error)).lower()}", where=str(file)) from error
    return file


def find_roots(directory: Path) -> list[str]:
    """Directories that by their names hold static files, relative to `directory`."""
    found = []
    for pattern in _USUAL:
        for path in sorted(directory.glob(pattern)):
            parts = path.relative_to(directory).parts
            hidden = any(part.startswith(".") or part in _NOT_SOURCES or not part.isprintable() for part in parts)
            if path.is_dir() and not hidden:
                found.append("/".join(parts))
    return found


def _admin(directory: Path) -> str:
    if (directory / "manage.py").exists():
        return '\n# Django\'s admin:    {package = "django.contrib.admin", dir = "static"}'
    return ""


_TEMPLATE = """\
# The first root that has a file wins. Paths are relative to this file.
# With a prefix:     {{path = "vendor", prefix = "vendor"}}
# Of a package:      {{package = "package.module", dir = "static"}}{admin}
roots = [{roots}]
output = "dist"
url_prefix = "/static/"

[minify]            # tried in order; only output proven equal is released
js = ["rjsmin"]
css = ["rcssmin"]

[compress]          # level, or false
br = 11
gz = 12
"""
