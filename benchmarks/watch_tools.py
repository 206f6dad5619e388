"""The watches that are compared, each on a copy of its own of the same site, with what they offer to be fast.

An edit appends a number to a source in a way that every bundler keeps. It has arrived when the tool's output holds that
number: a bundle itself, or what assetbuild's manifest names for the source.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import environment
from benchmarks.corpora import HERE, cache_dir, make
from benchmarks.environment import Tools
from benchmarks.ours import LEAF
from benchmarks.scenario import copy_tree
from benchmarks.watch_page import LARGE, OURS
from tests.support.packages import Unavailable

VITE = "8.3.8"
SAMPLE = HERE.parent / "sample_project"
CSS, MODULE, IMAGE = "css/base/type.css", "js/lib/crossings.js", "images/chart-day.svg"  # of the sample site
# Of the Django corpus: four other style sheets import it.
SHEET = "grappelli/tinymce/jscripts/tiny_mce/themes/advanced/skins/grappelli/content_documentstructure.css"
_MARKS = {
    ".css": ":root { --saved: save-%d-end; }\n",
    ".js": 'document.documentElement.dataset.saved = "save-%d-end";\n',
    ".svg": "<!-- save-%d-end -->\n",
}
_VITE_CONFIG = """\
export default {
  root: "static", logLevel: "warn", publicDir: false,
  build: {
    outDir: "../out", emptyOutDir: false, minify: false, cssMinify: false, modulePreload: false,
    reportCompressedSize: false, assetsInlineLimit: 0, target: "esnext", watch: {},
    rolldownOptions: {
      input: { app: "static/js/app.js", site: "static/css/site.css" },
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js", assetFileNames: "[name][extname]" },
    },
  },
};
"""


@dataclass(slots=True)
class Edit:
    """Saves of one source. Where `asset` is given, `output` is a manifest, and that asset's file is looked into."""

    what: str
    source: Path
    output: Path
    asset: str = ""
    _original: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._original = self.source.read_bytes()

    def save(self, number: int) -> None:
        """In place, with one write, as most editors do."""
        content = self._original + (_MARKS[self.source.suffix] % number).encode()
        with self.source.open("wb", buffering=0) as file:
            file.write(content)

    def arrived(self, number: int) -> bool:
        try:
            found = self.output.read_bytes()
            if self.asset:
                found = (self.output.parent / "files" / json.loads(found)["assets"][self.asset]["file"]).read_bytes()
        except (FileNotFoundError, json.JSONDecodeError):  # it is being written
            return False
        return b"save-%d-end" % number in found


@dataclass(frozen=True, slots=True)
class Watch:
    """`directory` is where the command runs; its edits take turns."""

    name: str
    command: Sequence[str | Path]
    directory: Path
    edits: Sequence[Edit]
    environment: Mapping[str, str] = field(default_factory=dict)


def assetbuild(tools: Tools, work: Path) -> Watch:
    site = _sample(work / "assetbuild")
    return ours(OURS, tools, site, {"CSS": CSS, "JS": MODULE, "image": IMAGE})


def large(tools: Tools, work: Path) -> Watch:
    """A file that none names, and a style sheet that others import."""
    site = work / "large"
    copy_tree(make("django").directory, site)
    (site / "static" / LEAF).write_text("leaf(0);\n")
    return ours(LARGE, tools, site, {"leaf": LEAF, "imported CSS": SHEET})


def ours(name: str, tools: Tools, site: Path, edited: Mapping[str, str]) -> Watch:
    output, cache = site / "development", site.with_name(f"{site.name}-cache")
    command = (tools.assetbuild, "watch", "--config", site / "assetbuild.toml", "--dir", output)
    edits = [Edit(what, site / "static" / path, output / "manifest.json", path) for what, path in edited.items()]
    return Watch(name, (*command, "--json", "--no-reload"), site, edits, {"ASSETBUILD_CACHE_DIR": str(cache)})


def esbuild(tools: Tools, work: Path) -> Watch:
    """Without hashes in names: where to look is known, and esbuild has less to do."""
    if not tools.esbuild:
        raise Unavailable("esbuild is not there")
    site = _sample(work / "esbuild")
    entries = ("css/site.css", "js/app.js", "--bundle", "--format=esm", "--outdir=../out", "--outbase=.")
    assets = ("--loader:.svg=file", "--loader:.woff2=file", "--asset-names=[dir]/[name]")
    command = (tools.esbuild, *entries, *assets, "--watch=forever", "--watch-delay=0", "--log-level=warning")
    out = {CSS: "css/site.css", MODULE: "js/app.js", IMAGE: IMAGE}
    return Watch("esbuild", command, site / "static", _edits(site, out))


def webassets(tools: Tools, work: Path) -> Watch:
    """Its own command, on one bundle of each kind; an image is no source of any bundle."""
    site = _sample(work / "webassets")
    bundles = {
        "app": {"output": "../out/app.js", "contents": ["js/lib/*.js", "js/app.js"]},
        "site": {"output": "../out/site.css", "contents": ["css/base/*.css", "css/site.css"], "filters": "cssrewrite"},
    }
    config = site / "webassets.yaml"  # JSON is YAML
    settings = {"directory": "static", "url": "/static", "cache": False, "manifest": False, "url_expire": False}
    config.write_text(json.dumps({**settings, "bundles": bundles}))
    command = (tools.peers_python.with_name("webassets"), "--config", config, "watch")
    return Watch("webassets", command, site, _edits(site, {CSS: "site.css", MODULE: "app.js"}))


def vite(_: Tools, work: Path) -> Watch:
    site = _sample(work / "vite")
    (site / "vite.config.mjs").write_text(_VITE_CONFIG)
    command = ("node", vite_directory() / "node_modules/vite/bin/vite.js", "build", "--watch")
    out = {CSS: "site.css", MODULE: "crossings.js", IMAGE: "chart-day.svg"}  # a chunk: two others import the module
    return Watch("vite", command, site, _edits(site, out))


WATCHES = {"assetbuild": assetbuild, "esbuild": esbuild, "webassets": webassets, "vite": vite, "large": large}


def vite_directory() -> Path:
    """Installed there once. Raises Unavailable."""
    directory = cache_dir() / f"vite-{VITE}"
    ready = directory / "ready"
    if not ready.exists():
        print("vite: being installed", file=sys.stderr, flush=True)
        npm = shutil.which("npm")
        if not npm:
            raise Unavailable("npm is not installed")
        directory.mkdir(parents=True, exist_ok=True)
        options = ("--prefix", str(directory), "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
        done = subprocess.run([npm, "install", *options, f"vite@{VITE}"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"npm installed no vite@{VITE}: {done.stderr.strip()}")
        ready.touch()
    return directory


def _sample(site: Path) -> Path:
    shutil.copytree(SAMPLE, site, ignore=shutil.ignore_patterns("dist", ".assetbuild", "__pycache__"))
    return site


def _edits(site: Path, outputs: Mapping[str, str]) -> list[Edit]:
    kinds = {CSS: "CSS", MODULE: "JS", IMAGE: "image"}
    return [Edit(kinds[path], site / "static" / path, site / "out" / output) for path, output in outputs.items()]


def versions(tools: Tools) -> dict[str, str]:
    """Of what takes part. Rolldown does Vite's work; of Vite's parts npm chooses the versions."""
    found = environment.versions(tools)
    rolldown = cache_dir() / f"vite-{VITE}" / "node_modules" / "rolldown" / "package.json"
    if rolldown.exists():
        node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
        found |= {"Vite": VITE, "Rolldown": json.loads(rolldown.read_text())["version"], "Node": node.strip("v\n")}
    taking_part = ("assetbuild", "Python", "esbuild", "webassets", "Vite", "Rolldown", "Node")
    return {name: found[name] for name in taking_part if name in found}
