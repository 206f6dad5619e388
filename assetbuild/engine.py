"""What decides released bytes besides sources and configuration: this code, Python, and the packages that do the work.

Each is named by its version, and watched by its files: so a build knows that all tools are as they were without loading
one of them.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from assetbuild.config import Config
from assetbuild.named import NamedTuple
from assetbuild.patterns import regex

_ALWAYS = ("tree_sitter", "tree_sitter_javascript")
_FILTERS = ("jsmin", "rjsmin", "cssmin", "rcssmin")  # that a bundle may name, whatever [minify] says
_ENCODERS = {"br": "brotli", "gz": "deflate", "zst": "backports.zstd"}
_LARGEST = 1 << 20  # bytes; a module has a tenth of that
_NORMAL = regex(r"[-_.]+")


class Engine(NamedTuple):
    """`key` names all that compiles, `encoders` each encoder, by encoding. `files` are those that change with them;
    `absent` those that would be taken if they were there."""

    key: str
    encoders: dict[str, str]
    files: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def engine(config: Config) -> Engine:
    tools = {tool for _, minifying in config.minify for tool in (*minifying.js, *minifying.css)}
    packages = {*_ALWAYS, *(tools - {"esbuild"})}
    if config.bundles or config.bundle_tables:
        packages |= {"webassets", "yaml", *_FILTERS}
    versions = {package: _version(package) for package in sorted(packages)}
    binaries, absent = _esbuild(config) if "esbuild" in tools else ((), ())
    if binaries:
        versions["esbuild"] = _esbuild_version(config)
    encoders = {encoding: _version(_ENCODERS[encoding]) for encoding, _ in config.compress}
    named = "\n".join([_own_code(), _python(), *(f"{name} {version}" for name, version in versions.items())])
    used = [*packages, *(_ENCODERS[encoding] for encoding in encoders)]
    files = (*_own_files(), *filter(None, map(_file, sorted(used))), *binaries)
    return Engine(hashlib.sha256(named.encode()).hexdigest(), encoders, files, absent)


@cache
def _own_code() -> str:
    """A digest of this package: its version stays the same while it is worked on."""
    digest = hashlib.sha256()
    for file in _own_files():
        descriptor = os.open(file, os.O_RDONLY)  # to make a file object takes longer than to read
        try:
            digest.update(os.read(descriptor, _LARGEST) + b"\0")
        finally:
            os.close(descriptor)
    return digest.hexdigest()


@cache
def _own_files() -> tuple[str, ...]:
    return tuple(sorted(_python_files(os.path.dirname(os.path.abspath(__file__)))))


def _python_files(directory: str) -> Iterator[str]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir() and entry.name != "__pycache__":
                yield from _python_files(entry.path)
            elif entry.name.endswith(".py"):
                yield entry.path


def _python() -> str:
    return f"{sys.implementation.name} {'.'.join(map(str, sys.version_info[:3]))}"


@cache
def _file(package: str) -> str | None:
    """The file that an import of `package` would begin with; it is not imported."""
    from importlib.machinery import PathFinder

    path, found = None, None
    for part in package.split("."):
        found = PathFinder.find_spec(part, path)
        if found is None:
            return None
        path = list(found.submodule_search_locations or ())
    return found.origin if found else None


@cache
def _version(package: str) -> str:
    """As its metadata says: in the name of a directory beside it (PEP 376), which is much faster read than the rest."""
    file = _file(package)
    if file is None:
        return "missing"
    top = os.path.dirname(file)
    wanted = _NORMAL.sub("-", package)
    for _ in range(package.count(".") + 2):  # a module stands beside its metadata, a package is a directory deeper
        versions = {version for name, version in _distributions(top) if name == wanted}
        if len(versions) == 1:
            return versions.pop()
        top = os.path.dirname(top)
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


@cache
def _distributions(directory: str) -> tuple[tuple[str, str], ...]:
    names = (entry.rpartition(".") for entry in os.listdir(directory) if entry.endswith((".dist-info", ".egg-info")))
    parts = (stem.partition("-") for stem, _, _ in names)
    return tuple((_NORMAL.sub("-", name).lower(), version) for name, _, version in parts)


def _esbuild_version(config: Config) -> str:
    from assetbuild.errors import ProcessorError
    from assetbuild.processors import esbuild

    try:
        return " ".join(sorted({esbuild.find(minifying.options, "")[1] for _, minifying in config.minify}))
    except ProcessorError:
        return "missing"


def _esbuild(config: Config) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The binary that is used, and where another would be found first."""
    from assetbuild.processors.esbuild import candidates

    found: list[str] = []
    absent: list[str] = []
    for options in {minifying.options for _, minifying in config.minify}:
        for file in candidates(options):
            if os.path.exists(file):
                found.append(file)
                break
            absent.append(file)
    return tuple(found), tuple(absent)
