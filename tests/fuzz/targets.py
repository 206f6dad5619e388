"""What is tried: each takes any bytes, and raises only where there is a bug."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from assetbuild import sourcemaps
from assetbuild.config import Config, load_config, parse_config
from assetbuild.discover import discover
from assetbuild.errors import AssetBuildError, place_at, quoted
from assetbuild.globs import matcher
from assetbuild.model import Compiled, Format, Language, Reference, Source
from assetbuild.processors.join import Part
from assetbuild.processors.join_css import join_css
from assetbuild.processors.join_javascript import join_javascript
from assetbuild.processors.minify import minify
from assetbuild.processors.webassets import load_bundles
from assetbuild.references import formats, sourcemap
from assetbuild.render import render
from assetbuild.runtime.manifest import Manifest, ManifestError
from assetbuild.sourcemaps import Shift
from assetbuild.urls import is_local, is_root_absolute, path_length, relative, resolve

MINIFIERS: Mapping[Language, tuple[str, ...]] = {"css": ("rcssmin", "cssmin"), "js": ("rjsmin", "jsmin")}
NAME = "in/file.0123456789abcdef.x"


@cache
def directory() -> Path:
    """With a source root in it."""
    keeper = tempfile.TemporaryDirectory(prefix="assetbuild-fuzz-")
    directory.keeper = keeper  # type: ignore[attr-defined]  # it goes with the process
    base = Path(keeper.name)
    (base / "static").mkdir()
    for name in ("a.js", "b.js", "a.css"):
        (base / "static" / name).write_text("")
    return base


@cache
def sources() -> tuple[Config, dict[str, Source]]:
    config = parse_config({"bundles": "bundles.yaml"}, directory() / "assetbuild.toml")
    return config, discover(config)


def config(data: bytes) -> None:
    file = directory() / "fuzz.toml"
    file.write_bytes(data)
    with suppress(AssetBuildError):
        found = load_config(file)
        for path in ("a.js", "css/site.css", ".x", "a/b/c.svg"):
            found.minifying(path)
            found.references.policy(path, "css-url")
            found.references.is_external("/" + path, path)
            for globs in (found.exclude, found.standalone, found.stable, found.prehashed):
                if sum(glob.count("*") for glob in globs) < 8:  # many of them may take for ever
                    matcher(globs)(path)


def bundles(data: bytes) -> None:
    config, found = sources()
    (directory() / "bundles.yaml").write_bytes(data)
    if data.count(b"*") > 8 or any(word in data for word in (b"filters", b"directory", b"load_path")):
        return  # these import and look wherever they are told
    with suppress(AssetBuildError):
        for bundle in load_bundles(config, found):
            assert not {"", ".", ".."} & {*bundle.output.split("/")}
            assert bundle.output.isprintable() or not any(char < " " for char in bundle.output)


def check_references(content: bytes, references: Sequence[Reference], encoding: str) -> None:
    """They are in order and inside, and a URL in their place is found there again as it was written."""
    at = 0
    for one in references:
        assert 0 <= one.whole_start <= one.start <= one.end <= one.whole_end <= len(content), one
        assert at <= one.start, one
        at = one.end
        place_at(content, one.start, one.end, "x")
        quoted(content, one.whole_start, one.whole_end)
        target = resolve(one.specifier, "css/a.css", "/static/")
        assert target is None or not {".", ".."} & {*target.split("/")}
    compiled = Compiled("css/a.css", content, None, "", 0, 0, (), tuple(references), encoding=encoding)
    render(compiled, [NAME] * len(references), {NAME: NAME})


def asset(kind: Format, data: bytes) -> None:
    formats.find(b"", kind)  # nothing may be remembered of the one before
    found = formats.find(data, kind)
    check_references(data, found or (), formats.url_encoding(data, kind) if found else "ascii")
    if kind in ("svg", "webmanifest"):
        problem = formats.problem(data, kind)
        assert problem is None or 0 <= problem[0] <= len(data)


def language(language: Language, data: bytes) -> None:
    asset(language, data)
    for tool in MINIFIERS[language]:
        made = minify(data, language, (tool,), f"a.{language}")
        assert len(made.content) <= len(data)
        for warning in made.warnings:
            str(warning)
    sourcemap.find(data, language)
    sourcemap.inline_url(data, language)
    assert len(sourcemap.strip(data, language)) <= len(data)


def css(data: bytes) -> None:
    language("css", data)


def javascript(data: bytes) -> None:
    language("js", data)


def svg(data: bytes) -> None:
    asset("svg", data)


def webmanifest(data: bytes) -> None:
    asset("webmanifest", data)


def joined(data: bytes) -> None:
    pieces = data.split(b"\xff")[:4]
    paths = [f"d{at}/a.css" for at in range(len(pieces))]
    known = dict(zip(paths, pieces, strict=True))
    for kind in ("css", "js"):
        parts = [Part(path, piece.decode("utf-8", "replace").encode(), piece) for path, piece in known.items()]
        with suppress(AssetBuildError):
            if kind == "css":
                join_css(parts, "out/b.css", "/static/", known.keys(), known.__getitem__)
            else:
                join_javascript(parts, "out/b.js", "/static/")


def source_map(data: bytes) -> None:
    sourcemaps.shifted(data, [Shift(0, 2, 5), Shift(0, 9, -3), Shift(3, 1, 4)])
    good = b'{"version":3,"sources":["a.js"],"names":[],"mappings":"AAAA,CAAC;AACA"}'
    for outer, inner in ((data, good), (good, data), (data, data)):
        if made := sourcemaps.composed(outer, inner):
            assert sourcemaps.composed(made, good, 0) is not None or b'"sources":[]' in made
    sourcemaps.inline(data.decode("utf-8", "replace"))
    sourcemaps.shifts(data, [(at, at + 2, 5) for at in range(0, len(data) - 2, 7)], "js")


def manifest(data: bytes) -> None:
    from tests.test_hostile_manifests import use

    with suppress(ManifestError):
        manifest = Manifest.from_bytes(data)
        use(data, manifest.base_url)


def url(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    path, _, holder = text.partition("\n")
    path = path[: path_length(path)]
    holder = "/".join(part for part in holder.split("/") if part not in ("", ".", ".."))  # as all logical paths are
    is_local(path), is_root_absolute(path)
    for prefix in ("/static/", "/", "/st%C3%A4tic/"):
        target = resolve(path, holder, prefix)
        if target and os.fsdecode(os.fsencode(target)) == target:  # the others are no file's name
            segments = target.split("/")
            assert not {".", "..", ""} & {*segments}
            for dotted in (False, True):
                again = resolve(relative(target, holder, dotted=dotted), holder, prefix)
                assert again == target, (again, target)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "config": config,
    "bundles": bundles,
    "css": css,
    "javascript": javascript,
    "svg": svg,
    "webmanifest": webmanifest,
    "joined": joined,
    "source_map": source_map,
    "manifest": manifest,
    "url": url,
}
