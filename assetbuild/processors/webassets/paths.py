"""What a bundle names, paths and globs of sources and its own output, -> logical paths.

A path is first looked for among the logical paths, then where the webassets environment itself would look; either way
it must be a source of this build, so that a release holds nothing that the roots do not.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Collection, Mapping

from assetbuild.errors import ConfigError, Place, SourceError, did_you_mean
from assetbuild.globs import expand, has_magic
from assetbuild.model import Source
from assetbuild.publishable import is_never_published, name_problem, printable

_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//")
# webassets puts a version into the name for cache busting. Ours is the fingerprint.
_VERSION = re.compile(r"[.\-_]?%\(version\)s")
_LEADING_VERSION = re.compile(r"(^|/)%\(version\)s[.\-_]?")


class Finder:
    """Finds the sources that bundles name. `locate` gives the absolute files that the environment finds for a path."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        roots: Collection[str],
        locate: Callable[[str], list[str]],
        bundles: Collection[str],
    ) -> None:
        self._sources = sources
        self._searched = f"searched: {', '.join(roots)}"
        self._locate = locate
        self._bundles = bundles
        self._by_file: dict[str, str] = {}
        self._found: dict[str, tuple[str, ...]] = {}

    def find(self, item: str, label: str, where: Place) -> tuple[str, ...]:
        """The logical paths that `item` names, those of a glob in alphabetical order. Raises an AssetBuildError."""
        if item not in self._found:
            self._found[item] = self._search(item, label, where)
        return self._found[item]

    def _search(self, item: str, label: str, where: Place) -> tuple[str, ...]:
        if _URL.match(item):
            raise ConfigError(
                f"{label} names the URL '{item}', but a build uses no network",
                where=where,
                fix="download the file into a source root and name it by its path",
            )
        path = posixpath.normpath(item)
        if path in self._sources:
            return (path,)
        if has_magic(item) and (paths := expand(path, self._sources)):
            return tuple(paths)
        files = [item] if os.path.isabs(item) else self._locate(item)
        logical = self._logical(files)
        if logical:
            return logical
        raise self._missing(item, label, where, next((file for file in files if os.path.isfile(file)), None))

    def _logical(self, files: list[str]) -> tuple[str, ...]:
        if files and not self._by_file:
            for source in self._sources.values():
                self._by_file.setdefault(os.path.realpath(source.file), source.logical_path)
        found = (self._by_file.get(os.path.realpath(file)) for file in files)
        return tuple(path for path in found if path)

    def _missing(self, item: str, label: str, where: Place, file: str | None) -> SourceError:
        notes = (self._searched,)
        if file:
            what = f"{label} names '{item}', the file '{file}', which is in no source root"
            return SourceError(what, where, "add its directory to 'roots', or copy it into one of them", notes)
        if has_magic(item):
            return SourceError(f"{label} names '{item}', which matches no source", where, "mend or remove it", notes)
        directory = posixpath.normpath(item) + "/"
        if any(path.startswith(directory) for path in self._sources):
            what = f"{label} names '{item}', which is a directory"
            return SourceError(what, where, f"name what is in it: '{directory}*'", notes)
        what = f"{label} names '{item}', which is in no source root"
        if item in self._bundles:
            fix = f"'{item}' is a bundle, and only a bundle with a name can hold another by its name"
            return SourceError(what, where, fix, notes)
        near = did_you_mean(posixpath.normpath(item), self._sources)
        return SourceError(what, where, f"did you mean '{near}'?" if near else None, notes)


def output_path(output: str, label: str, where: Place) -> str:
    """`output` as a logical path, without webassets' version and one separator beside it. Raises ConfigError."""
    path = _VERSION.sub("", _LEADING_VERSION.sub(r"\1", output.replace("\\", "/")))
    stem, extension = posixpath.splitext(posixpath.basename(output))
    if "%(version)s" in output and (not posixpath.basename(path) or (extension and stem == "%(version)s")):
        raise ConfigError(f"the output '{output}' of {label} has no name beside the version", where=where)
    normal = posixpath.normpath(path)
    if posixpath.isabs(path) or normal.split("/")[0] in ("..", "."):
        raise ConfigError(
            f"the output '{output}' of {label} is outside the release",
            where=where,
            fix="give a path relative to the release, such as 'js/app.js'",
        )
    if path.endswith("/"):
        raise ConfigError(f"the output '{output}' of {label} is a directory; it is to be a file", where=where)
    if problem := name_problem(normal):
        raise ConfigError(f"the output '{printable(output)}' of {label} {problem[0]}", where=where)
    if any(is_never_published(part.lower()) for part in normal.split("/")):
        raise ConfigError(f"the output '{output}' of {label} has a name that is never released", where=where)
    return normal
