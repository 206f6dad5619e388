"""Files that Vite, webpack or esbuild have named by a hash keep their names and their bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assetbuild.build import build
from assetbuild.errors import BuildFailed, UnresolvedReference
from assetbuild.model import Release
from assetbuild.runtime.manifest import Manifest
from assetbuild.verify import verify
from tests.conftest import Site

VITE = {
    "assets/index-BfX3k2Qz.js": 'import{a}from"./vendor-C0ffee00.js";\nimport("./lazy-Dd11ee22.js");\n',
    "assets/vendor-C0ffee00.js": "export  const  a  =  1 ;\n//# sourceMappingURL=vendor-C0ffee00.js.map\n",
    "assets/vendor-C0ffee00.js.map": "{}",
    "assets/lazy-Dd11ee22.js": 'import"./index-BfX3k2Qz.js"',
    "assets/index-Aa00bb11.css": "a { b: url(/static/assets/x-01234567.png) }",
    "assets/x-01234567.png": "png",
}


def assets(release: Release) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((release.dir / "manifest.json").read_bytes())["assets"]
    return found


def test_names_and_bytes_are_released_as_they_are(site: Site) -> None:
    release = build(site(VITE, prehashed=["assets/**"]))

    files = release.dir / "files"
    found = {file.relative_to(files).as_posix(): file.read_text() for file in files.rglob("*") if file.is_file()}
    assert found == VITE
    assert release.warnings == ()
    assert verify(release.dir) == []


def test_the_manifest_says_that_they_are_prehashed_and_what_they_import(site: Site) -> None:
    entries = assets(build(site(VITE, prehashed=["assets/**"])))

    index = entries["assets/index-BfX3k2Qz.js"]
    assert (index["file"], index["prehashed"], "stable" in index) == ("assets/index-BfX3k2Qz.js", True, False)
    assert (index["imports"], index["dynamic"]) == (["assets/vendor-C0ffee00.js"], ["assets/lazy-Dd11ee22.js"])
    assert index["integrity"].startswith("sha256-")
    assert {entry["prehashed"] for entry in entries.values()} == {True}


def test_the_runtime_answers_with_their_own_names(site: Site) -> None:
    release = build(site(VITE, prehashed=["assets/**"]))
    manifest = Manifest.load(release.dir / "manifest.json")
    assert manifest.url("assets/index-BfX3k2Qz.js") == "/static/assets/index-BfX3k2Qz.js"


def test_what_names_a_prehashed_file_names_it_as_it_is(site: Site) -> None:
    files = {
        **VITE,
        "app.css": "a{b:url(assets/x-01234567.png)}",
        "s/page.css": '@import "../assets/index-Aa00bb11.css";',
    }
    release = build(site(files, prehashed=["assets/**"], stable=["s/**"], minify={"css": []}))
    entries = assets(release)
    assert (release.dir / "files" / entries["app.css"]["file"]).read_text() == "a{b:url(assets/x-01234567.png)}"
    assert (release.dir / "files/s/page.css").read_text() == files["s/page.css"]
    assert verify(release.dir) == []


def test_stable_as_well_is_released_once(site: Site) -> None:
    release = build(site(VITE, prehashed=["assets/**"], stable=["**"]))
    assert len(release.record["files"]) == len(VITE)
    assert "stable" not in assets(release)["assets/x-01234567.png"]


def test_a_reference_to_a_missing_file_is_an_error(site: Site) -> None:
    files = {"assets/a-1.js": 'import "./gone-2.js";'}
    with pytest.raises(UnresolvedReference) as caught:
        build(site(files, prehashed=["assets/**"]))
    assert caught.value.what == "import \"./gone-2.js\" names 'assets/gone-2.js', which is in no source root"


def test_a_missing_source_map_is_a_warning_and_its_comment_stays(site: Site) -> None:
    files = {"assets/a-1.js": "let a;\n//# sourceMappingURL=a-1.js.map\n"}
    release = build(site(files, prehashed=["assets/**"]))
    assert (release.dir / "files/assets/a-1.js").read_text() == files["assets/a-1.js"]
    assert [one.what for one in release.warnings] == ["names a source map that is missing, 'assets/a-1.js.map'"]


def test_a_reference_to_a_file_that_gets_another_name_is_an_error(site: Site) -> None:
    files = {"assets/a-1.css": "a{b:url(../img/x.png)}", "img/x.png": "", "assets/b-2.css": "a{b:url(../img/x.png)}"}
    with pytest.raises(BuildFailed) as caught:
        build(site(files, prehashed=["assets/**"]))
    assert str(caught.value.errors[0]) == (
        "assets/a-1.css:1:9: url(../img/x.png) names 'img/x.png', which is released under a fingerprinted name only, "
        "and references of a prehashed file are never rewritten\n"
        "  1 | a{b:url(../img/x.png)}\n"
        "    |         ^^^^^^^^^^^^\n"
        "  fix: add 'img/x.png' to 'stable', or to 'prehashed' if its name holds a hash"
    )
    release = build(site(files, prehashed=["assets/**"], stable=["img/**"]))
    assert verify(release.dir) == []


def test_a_bundle_is_not_prehashed_whatever_it_is_called(site: Site) -> None:
    files = {"assets/p-1.js": 'import "./bundle.js";', "src/q.js": "q();"}
    bundles = {"assets/bundle.js": {"contents": ["src/q.js"]}}
    with pytest.raises(UnresolvedReference) as caught:
        build(site(files, prehashed=["assets/**"], bundles=bundles))
    assert "names 'assets/bundle.js', which is released under a fingerprinted name only" in caught.value.what
    build(site(files, prehashed=["assets/**"], stable=["assets/bundle.js"], bundles=bundles))


def test_a_cycle_through_a_prehashed_file_is_none(site: Site) -> None:
    files = {"a-1.js": 'import "./b.js";', "b.js": 'import "./a-1.js";'}
    release = build(site(files, prehashed=["a-1.js"], stable=["b.js"]))
    assert release.record["cycles"] == []
    assert verify(release.dir) == []


def test_a_prehashed_file_that_imports_itself_is_in_no_cycle(site: Site) -> None:
    release = build(site({"a-1.js": 'import "./a-1.js";'}, prehashed=["a-1.js"]))
    assert release.record["cycles"] == []
    assert verify(release.dir) == []


def test_verify_sees_an_entry_that_claims_to_be_prehashed(site: Site) -> None:
    release = build(site({"a.js": "let a;"}))
    manifest_file = release.dir / "manifest.json"
    manifest_file.chmod(0o644)
    manifest_file.write_text(manifest_file.read_text().replace('"size"', '"prehashed":true,"size"'))
    problems = [problem.what for problem in verify(release.dir)]
    assert any("names 'a." in what for what in problems)
