"""A first assetbuild.toml, from what the project's directories look like, or from what Django says of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assetbuild.errors import ConfigError

if TYPE_CHECKING:
    from assetbuild.django_roots import DjangoRoots

_USUAL = ("static", "assets", "*/static", "*/assets", "src/*/static", "src/*/assets")
_NOT_SOURCES = {"node_modules", "dist", "build", "venv", "env", "staticfiles", "tests", "docs"}


def write_starter(directory: Path, django: DjangoRoots | None = None) -> Path:
    """Write the file into `directory`. Raises ConfigError where there is one."""
    file = directory / "assetbuild.toml"
    text = _django_text(django) if django else _text(directory)
    try:
        content = (text + _REST).encode()
        with file.open("xb") as stream:
            stream.write(content)
    except UnicodeEncodeError:
        raise ConfigError("cannot name a root whose path is not UTF-8", where=file.name, fix="rename it") from None
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


def _text(directory: Path) -> str:
    admin = ""
    if (directory / "manage.py").exists():
        admin = (
            '\n# Django\'s admin:    {package = "django.contrib.admin", dir = "static"}'
            "\n# All at once:       assetbuild init --django"
        )
    roots = ", ".join(_toml(root) for root in find_roots(directory) or ["static"])
    return _HEAD.format(admin=admin, roots=roots, url_prefix=_toml("/static/"))


def _django_text(django: DjangoRoots) -> str:
    """One root to a line, in the finders' order."""
    lines = [f"    {_toml(root)},\n" for root in django.roots]
    lines += [f"    # {_toml(path)} does not exist\n" for path in django.absent]
    exclude = f"exclude = {_toml(list(django.exclude))}\n" if django.exclude else ""
    return _DJANGO_HEAD.format(
        settings=django.settings, roots="".join(lines), exclude=exclude, url_prefix=_toml(django.url_prefix)
    )


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    # A JSON string is a TOML string, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


_HEAD = """\
# The first root that has a file wins. Paths are relative to this file.
# With a prefix:     {{path = "vendor", prefix = "vendor"}}
# Of a package:      {{package = "package.module", dir = "static"}}{admin}
roots = [{roots}]
output = "dist"
url_prefix = {url_prefix}
"""

_DJANGO_HEAD = """\
# What the staticfiles finders of '{settings}' found, in their order: the first root that has a file wins.
# A build does not import settings. After a change of INSTALLED_APPS or STATICFILES_DIRS, change this list too.
roots = [
{roots}]
{exclude}output = "dist"
url_prefix = {url_prefix}
"""

_REST = """
[minify]            # tried in order; only output proven equal is released
js = ["rjsmin"]
css = ["rcssmin"]

[compress]          # level, or false
br = 11
gz = 12
"""
