"""The files of a release, or of a watch, for whoever serves what finders find: `runserver`, StaticLiveServerTestCase.

The app puts it before the finders of the settings. In development without a watch it finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder

from assetbuild.runtime.django.released import file_of


class ReleaseFinder(BaseFinder):
    """By the released names alone: no path is made of a name that no manifest holds."""

    def find(self, path: str, find_all: bool = False, **options: Any) -> str | list[str]:
        """`all` is how Django before 5.2 spells `find_all`."""
        found = file_of(path.replace("\\", "/"))
        if find_all or options.get("all"):
            return [found] if found else []
        return found or []

    def list(self, ignore_patterns: Any) -> Iterator[Any]:  # noqa: ARG002
        """Nothing: a release is not collected."""
        return iter(())
