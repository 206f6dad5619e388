"""packages.toml -> the packages of the corpus, in its order."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.packages import Package

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = Path(__file__).with_name("packages.toml")
_KEYS = {"npm", "pypi", "sha256", "keep", "stable", "encoding"}


@dataclass(frozen=True, slots=True)
class Vendored:
    """A package as a site holds it; `stable` are globs below the package's directory."""

    package: Package
    stable: tuple[str, ...] = ()
    encoding: str = ""  # what its style sheets and scripts are converted to, where they can be

    @property
    def prefix(self) -> str:
        """Where the site holds it."""
        return f"{self.package.name.strip('@')}-{self.package.version}/"


def load(file: Path = FILE) -> tuple[Vendored, ...]:
    """Raises ValueError for a key that is not known, or a package that is listed twice."""
    found = [_vendored(entry) for entry in tomllib.loads(file.read_text())["packages"]]
    names = [str(vendored.package) for vendored in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"listed more than once: {', '.join(sorted(twice))}")
    return tuple(found)


def _vendored(entry: dict[str, object]) -> Vendored:
    if unknown := entry.keys() - _KEYS:
        raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
    kind = "npm" if "npm" in entry else "pypi"
    name, _, version = str(entry[kind]).rpartition("@" if kind == "npm" else "==")
    keep = _strings(entry.get("keep", [""]))
    package = Package(name, version, str(entry["sha256"]), keep, "npm" if kind == "npm" else "pypi")
    return Vendored(package, _strings(entry.get("stable", [])), str(entry.get("encoding", "")))


def _strings(value: object) -> tuple[str, ...]:
    assert isinstance(value, list)
    return tuple(map(str, value))
