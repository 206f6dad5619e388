"""`python -m assetbuild.runtime.django.roots FILE`: where a project's static files are, as JSON into FILE.

`assetbuild init --django` runs it once, in the project's directory and with its settings; a build never does.
"""

from __future__ import annotations

import json
import os
import site
import sys
import sysconfig
from collections.abc import Iterator
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles import finders

_DEFAULT_IGNORES = ("CVS", ".*", "*~")


def describe() -> dict[str, Any]:
    """`locations` in the finders' order, of which the first that has a file wins."""
    return {
        "static_url": settings.STATIC_URL,
        "ignore_patterns": [pattern for pattern in _ignore_patterns() if pattern not in _DEFAULT_IGNORES],
        "installed": sorted(installed()),
        "locations": [found for finder in finders.get_finders() for found in _locations(finder)],
    }


def _ignore_patterns() -> list[str]:
    if not apps.is_installed("django.contrib.staticfiles"):
        return []
    return list(apps.get_app_config("staticfiles").ignore_patterns)


def installed() -> set[str]:
    """Where packages are installed: a virtual environment may well lie inside of the project."""
    paths = sysconfig.get_paths()
    found = (paths["purelib"], paths["platlib"], *site.getsitepackages(), site.getusersitepackages())
    return {os.path.realpath(path) for path in found if path}


def _locations(finder: Any) -> Iterator[dict[str, Any]]:
    if isinstance(finder, finders.FileSystemFinder):
        for prefix, root in finder.locations:
            yield _location(root, prefix)
    elif isinstance(finder, finders.AppDirectoriesFinder):
        for name in finder.apps:
            config = next(config for config in apps.get_app_configs() if config.name == name)
            yield _location(finder.storages[name].location, "", name, config.path)
    else:
        yield from _listed(finder)


def _location(path: Any, prefix: str, package: str | None = None, package_dir: str | None = None) -> dict[str, Any]:
    real = os.path.abspath(path)
    inner = os.path.relpath(real, package_dir) if package_dir else None
    return {"path": real, "prefix": prefix or "", "package": package, "dir": inner}


def _listed(finder: Any) -> Iterator[dict[str, Any]]:
    """Of a finder that we do not know, the locations of the files that it lists."""
    seen = set()
    for _, storage in finder.list([]):
        key = (getattr(storage, "location", None), getattr(storage, "prefix", None) or "")
        if key[0] and key not in seen:
            seen.add(key)
            yield _location(*key)


def main() -> None:
    django.setup()
    with open(sys.argv[1], "w", encoding="utf-8", errors="surrogateescape") as file:
        json.dump(describe(), file)


if __name__ == "__main__":
    main()
