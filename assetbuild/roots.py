"""`roots` of the configuration -> the directories whose files enter the build."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assetbuild.checker import Checker, type_name
from assetbuild.named import NamedTuple
from assetbuild.publishable import private_part

_ROOT_KEYS = ("path", "package", "dir", "prefix", "outside_links")


class Root(NamedTuple):
    """A directory whose files enter the build. `label` is what messages call it; `prefix` ends with `/` or is empty;
    `package` is the top one of the package that it is in, if it was named by that."""

    dir: Path
    label: str
    prefix: str = ""
    outside_links: bool = False
    package: str | None = None


def parse_roots(value: object, base_dir: Path, check: Checker) -> tuple[Root, ...]:
    if not isinstance(value, list) or not value:
        check.wrong("'roots' is to be a list of directories that is not empty", fix='for example: roots = ["static"]')
        return ()
    roots = []
    for item in value:
        if isinstance(item, str):
            item = {"path": item}
        if not isinstance(item, dict):
            check.wrong(f"a root is a string or a table, not {type_name(item)}")
            continue
        before = len(check.errors)
        check.keys(item, "a root", _ROOT_KEYS)
        root = _root(item, base_dir, check) if len(check.errors) == before else None
        if root:
            roots.append(root)
    return tuple(roots)


def _root(item: Mapping[str, Any], base_dir: Path, check: Checker) -> Root | None:
    if ("path" in item) == ("package" in item):
        check.wrong("a root has either 'path' or 'package'")
        return None
    prefix = check.string(item, "prefix", "", " of a root").strip("/")
    if any(part in ("..", ".", "") for part in prefix.split("/")) and prefix:
        check.wrong(f"the prefix '{prefix}' of a root is to be a plain path such as 'vendor/lib'")
    outside = item.get("outside_links", False)
    if not isinstance(outside, bool):
        check.wrong("'outside_links' of a root is true or false")
        return None
    found = _path_root(item, base_dir, check) if "path" in item else _package_root(item, base_dir, check)
    if not found:
        return None
    directory, label = found
    # Not Path.is_dir(): it raises PermissionError below a directory that is closed to us.
    if not os.path.isdir(directory):
        what = "is not a directory" if os.path.exists(directory) else "does not exist"
        check.wrong(f"the root '{label}' {what}", fix=f"create '{directory}', or remove it from 'roots'")
        return None
    if private := private_part(os.path.realpath(directory)):
        check.wrong(f"the root '{label}' is in a directory '{private}', of which nothing is ever released")
        return None
    package = item["package"].partition(".")[0] if "package" in item else None
    return Root(directory, label.rstrip("/") + "/", prefix + "/" if prefix else "", outside, package)


def _path_root(item: Mapping[str, Any], base_dir: Path, check: Checker) -> tuple[Path, str] | None:
    if "dir" in item:
        check.wrong("'dir' of a root goes with 'package', not with 'path'")
        return None
    label = check.string(item, "path", ".", " of a root")
    return base_dir / label, label


def _package_root(item: Mapping[str, Any], base_dir: Path, check: Checker) -> tuple[Path, str] | None:
    before = len(check.errors)
    package = check.string(item, "package", "?", " of a root")
    inner = check.string(item, "dir", "static", " of a root")
    if len(check.errors) > before:
        return None
    found = _package_dirs(package, base_dir)
    if not found:
        check.wrong(f"the package '{package}' of a root is not installed", fix="install it, or remove the root")
        return None
    # A namespace package has several directories.
    return next((each / inner for each in found if os.path.isdir(each / inner)), found[0] / inner), f"{package}:{inner}"


def _package_dirs(package: str, base_dir: Path) -> list[Path]:
    """The directories of an installed package, or of one beside the configuration.

    Finding a top-level spec imports nothing; a dotted one would. Any directory can be a namespace package, so a regular
    one goes before it wherever it is, as in an import.
    """
    from importlib.machinery import PathFinder
    from importlib.util import find_spec

    top, *rest = package.split(".")
    try:
        # The second also asks the finders of editable installs.
        found = [PathFinder.find_spec(top, [str(base_dir)]), find_spec(top)]
    except (ImportError, ValueError):
        return []
    specs = sorted((spec for spec in found if spec), key=lambda spec: spec.origin is None)
    locations = [location for spec in specs for location in spec.submodule_search_locations or ()]
    return [directory for location in locations if os.path.isdir(directory := Path(location, *rest))]
