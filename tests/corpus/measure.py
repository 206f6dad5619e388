"""One package -> what a build makes of it, and what the judges say. The result is plain data: it is kept as JSON.

`broken` is what parsed before and does not after, or means something else; see tests/corpus/verdict.py.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

from assetbuild import build as building
from assetbuild import graph
from assetbuild.config import Config, parse_config
from assetbuild.graph import Graph
from assetbuild.model import Release, format_of, language_of
from assetbuild.processors.minify import is_minified
from assetbuild.urls import is_root_absolute, resolve
from tests.corpus import alone
from tests.corpus.manifest import Vendored
from tests.corpus.verdict import Pair, verdict, verdicts
from tests.support import packages
from tests.support.judge import Judge, Reading

_MARK = re.compile(r"\.([0-9a-f]{16})(?=\.|\Z)")
ODD: Mapping[str, Callable[[str, bytes], bool]] = {
    "Windows line ends": lambda _path, content: b"\r\n" in content,
    "a byte order mark": lambda _path, content: content.startswith((b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")),
    "not UTF-8 (Latin-1 and others)": lambda _path, content: not _is_utf8(content),
    "minified already": is_minified,
    "larger than 1 MB": lambda _path, content: len(content) > 1_000_000,
    "a line longer than 100 kB": lambda _path, content: max(map(len, content.splitlines()), default=0) > 100_000,
}


@dataclass(frozen=True)
class Site:
    """A release of one package, beside its sources. Contents are by logical path, of the files that are looked into."""

    config: Config
    release: Release
    graph: Graph

    @cached_property
    def assets(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.release.dir / "manifest.json").read_bytes())["assets"]
        return found

    @cached_property
    def before(self) -> dict[str, bytes]:
        root = self.config.roots[0]
        return {path: (root.dir / path[len(root.prefix) :]).read_bytes() for path in self.assets if format_of(path)}

    @cached_property
    def after(self) -> dict[str, bytes]:
        files = self.release.dir / "files"
        return {path: (files / self.assets[path]["file"]).read_bytes() for path in self.before}

    @cached_property
    def changed(self) -> list[str]:
        return [path for path in self.before if self.before[path] != self.after[path]]

    @cached_property
    def files(self) -> dict[str, str]:
        return {path: entry["file"] for path, entry in self.assets.items()}

    @cached_property
    def marks(self) -> Set[bytes]:
        names = ((path, file) for path, file in self.files.items() if path != file)
        return {mark.encode() for path, file in names for mark in _MARK.findall(file) if mark not in path}


def build_site(vendored: Vendored, base_dir: Path) -> Site:
    """As a site with vendored packages is built: what they name in vain is a warning. Raises Unavailable."""
    root_dir = packages.fetch(vendored.package)
    if vendored.encoding:
        root_dir = _converted(root_dir, vendored.encoding, base_dir / "converted")
    return build_dir(root_dir, vendored.prefix, vendored.stable, base_dir)


def build_dir(root_dir: Path, prefix: str, stable: Iterable[str], base_dir: Path) -> Site:
    """A site of the files below `root_dir`. Paths and the globs of `stable` are below `prefix`."""
    table = {
        "roots": [{"path": str(root_dir), "prefix": prefix}],
        "stable": [prefix + glob for glob in stable],
        "references": {"missing": "warn"},
        "compress": {"br": False, "gz": False},
    }
    config = parse_config(table, base_dir / "assetbuild.toml")
    graphs: list[Graph] = []

    def link(*arguments: Any, **keys: Any) -> Graph:
        graphs.append(graph.link(*arguments, **keys))
        return graphs[-1]

    # A release tells which files name which, but not by what kind of reference: that is in the graph on the way.
    with mock.patch.object(building, "link", link):
        release = building.build(config)
    return Site(config, release, graphs[-1])


def _converted(root_dir: Path, encoding: str, directory: Path) -> Path:
    shutil.copytree(root_dir, directory)
    for file in sorted(directory.rglob("*")):
        if file.is_file() and language_of(file.name):
            with suppress(UnicodeError):
                file.write_bytes(file.read_bytes().decode().encode(encoding))
    return directory


def measure(site: Site, judge: Judge, *, with_minifiers: bool = True) -> dict[str, Any]:
    """All that the tables show of one package, but its name."""
    scripts_and_styles = {path: content for path, content in site.before.items() if language_of(path)}
    before = judge.read_all(scripts_and_styles)
    after = before | judge.read_all({path: site.after[path] for path in site.changed if path in before})
    found = verdicts((_pair(site, path, before, after) for path in site.changed), judge, verdict)
    broken = {path: what for path, what in found.items() if what}
    result = {
        "formats": Counter(format_of(path) or "other" for path in site.assets),
        "bytes": sum(map(len, site.before.values())),
        "references": _references(site),
        **_treatment(site, broken),
        "changed": len(site.changed),
        "unsound before": sorted(path for path, reading in before.items() if not reading.sound),
        "unsound after": sorted(path for path, reading in after.items() if not reading.sound),
        "broken": broken,
        "not judged": [path for path, what in found.items() if what is None],
        "stable": sum(entry["stable"] for entry in site.release.record["files"].values()),
    }
    if with_minifiers:
        result["alone"] = alone.measure(scripts_and_styles, before, judge)
    return result


def _pair(site: Site, path: str, before: Mapping[str, Reading], after: Mapping[str, Reading]) -> Pair:
    return Pair(
        path,
        site.before[path],
        site.after[path],
        before.get(path),
        after.get(path),
        site.marks,
        site.files,
    )


def _references(site: Site) -> dict[str, dict[str, int]]:
    """Kind -> how many were found, and of those how many name nothing, or a part of the site outside `url_prefix`."""
    counts: dict[str, Counter[str]] = {}
    for path, compiled in site.graph.assets.items():
        for reference, target in zip(compiled.references, site.graph.targets[path], strict=True):
            count = counts.setdefault(reference.kind, Counter())
            count["found"] += 1
            if not target:
                resolved = resolve(reference.specifier, path, site.config.url_prefix)
                outside = resolved is None and is_root_absolute(reference.specifier)
                count["outside" if outside else "missing"] += 1
    return {kind: dict(counts[kind]) for kind in sorted(counts)}


def _treatment(site: Site, broken: Mapping[str, str]) -> dict[str, Any]:
    """Of style sheets and scripts: minified by which tool, left as they were with a warning, or left as they were."""
    tools: Counter[str] = Counter()
    kept, odd = {}, {name: Counter({"files": 0}) for name in ODD}
    for path, content in site.before.items():
        if not language_of(path):
            continue
        compiled = site.graph.assets[path]
        tools.update(compiled.tools)
        if not compiled.tools and compiled.warnings:
            kept[path] = "; ".join([compiled.warnings[0].what, *compiled.warnings[0].notes])
        for name in _oddities(path, content):
            odd[name]["files"] += 1
            odd[name]["minified"] += bool(compiled.tools)
            odd[name]["kept"] += path in kept
            odd[name]["broken"] += path in broken
    return {"tools": dict(sorted(tools.items())), "kept": kept, "odd": odd}


def _oddities(path: str, content: bytes) -> Iterator[str]:
    return (name for name, is_odd in ODD.items() if is_odd(path, content))


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
