"""What a reference to a file that is not there means: by kind, by glob, by prefix."""

from __future__ import annotations

import json

import pytest

from assetbuild.build import build
from assetbuild.errors import AssetBuildError, BuildFailed
from assetbuild.model import Release
from tests.conftest import Site


def told(site: Site, files: dict[str, str], **references: object) -> tuple[list[str], list[str]]:
    """Warnings and errors of a build, their first sentences."""
    try:
        name = str(abs(hash((*files, repr(references)))))
        release = build(site(files, name, minify={"js": [], "css": []}, references=references))
    except AssetBuildError as error:
        errors = error.errors if isinstance(error, BuildFailed) else (error,)
        return [], [f"{one.where}: {one.what}" for one in errors]
    return [f"{one.where}: {one.what}" for one in release.warnings], []


GONE = {
    "a.css": '@import "gone.css"; a { b: url(gone.png) }',
    "a.js": 'import "./gone.js"; import("./later.js"); new URL("gone.wasm", import.meta.url);',
    "w.js": 'importScripts("gone.js");',
    "m.js": "let m;\n//# sourceMappingURL=m.js.map\n",
}
MAP = "m.js:2:22: names a source map that is missing, 'm.js.map'; the comment is left out"
SCRIPTS = "w.js:1:16: importScripts(\"gone.js\") names 'gone.js', which is in no source root"
ERRORS = [
    "a.css:1:10: @import \"gone.css\" names 'gone.css', which is in no source root",
    "a.css:1:32: url(gone.png) names 'gone.png', which is in no source root",
    "a.js:1:9: import \"./gone.js\" names 'gone.js', which is in no source root",
    "a.js:1:29: import(\"./later.js\") names 'later.js', which is in no source root",
    "a.js:1:52: new URL(\"gone.wasm\", import.meta.url) names 'gone.wasm', which is in no source root",
]


def test_all_are_errors_but_for_source_maps_and_imported_scripts(site: Site) -> None:
    assert told(site, GONE) == ([], ERRORS)
    assert told(site, {"m.js": GONE["m.js"], "w.js": GONE["w.js"]}) == ([MAP, SCRIPTS], [])


def test_a_policy_for_all_kinds_is_a_warning_at_most_for_those_two(site: Site) -> None:
    assert told(site, {"m.js": GONE["m.js"], "w.js": GONE["w.js"]}, missing={"**": "error"}) == ([MAP, SCRIPTS], [])
    assert told(site, GONE, missing="ignore") == ([], [])


def test_each_kind_can_have_its_policy(site: Site) -> None:
    kinds = {"css-import": "ignore", "js-url": "warn", "source-map": "error", "js-import-scripts": "error"}
    warnings, errors = told(site, GONE, missing={"**": {**kinds, "*": "ignore"}})
    assert (warnings, errors) == ([], [MAP, SCRIPTS])
    warnings, errors = told(site, GONE, missing={"**": {"js-url": "warn", "*": "ignore"}})
    assert (warnings, errors) == (ERRORS[4:], [])


def test_a_glob_that_says_nothing_of_a_kind_leaves_it_to_the_next(site: Site) -> None:
    missing = {"a.*": {"css-url": "warn"}, "*.css": {"css-import": "warn"}, "**": "ignore"}
    assert told(site, GONE, missing=missing) == (ERRORS[:2], [])


def test_what_is_external_is_left_alone_even_if_it_is_there(site: Site) -> None:
    files = {
        "css/a.css": "a { b: url(/media/x.png) url(/static/up/y.png) url(../up/z.png) url(../img/here.png) }",
        "img/here.png": "",
        "up/z.png": "",
    }
    references = {"external": ["/media/", "/static/up/", "up/"]}
    release = build(site(files, minify={"css": []}, references=references))
    text = released(release, "css/a.css")
    assert text.startswith("a { b: url(/media/x.png) url(/static/up/y.png) url(../up/z.png) url(../img/here.")
    assert release.warnings == ()


def test_a_prefix_without_a_slash_is_one_of_logical_paths_alone(site: Site) -> None:
    files = {"css/a.css": "a { b: url(up/x.png) }"}
    assert told(site, files, external=["up/"])[1] == [
        "css/a.css:1:12: url(up/x.png) names 'css/up/x.png', which is in no source root"
    ]
    assert told(site, files, external=["css/up/"]) == ([], [])


def test_bare_specifiers_and_absolute_urls_are_left_alone(site: Site) -> None:
    text = 'import "react"; import "https://x.org/a.js"; import("//x.org/b.js"); new URL("data:,", import.meta.url);'
    files = {"a.js": text, "a.css": "a { b: url(https://x.org/a.png) url(//x.org/a.png) url(data:,) url(#a) }"}
    release = build(site(files, minify={"js": [], "css": []}))
    assert (released(release, "a.js"), released(release, "a.css")) == (text, files["a.css"])
    assert release.warnings == ()


def released(release: Release, path: str) -> str:
    entry = json.loads((release.dir / "manifest.json").read_bytes())["assets"][path]
    return (release.dir / "files" / entry["file"]).read_text()


def test_a_json_file_is_a_web_app_manifest_only_if_a_rule_says_so(site: Site) -> None:
    text = '{"icons": [{"src": "a.png"}]}'
    files = {"app/manifest.json": text, "app/site.webmanifest": text, "app/a.png": "", "b.html": "<img src=gone.png>"}
    plain = build(site(files, "plain"))
    assert released(plain, "app/manifest.json") == text
    icon = released(plain, "app/site.webmanifest")
    assert icon == text.replace("a.png", "a.e3b0c44298fc1c14.png")
    ruled = build(site(files, "ruled", references={"webmanifest": ["manifest.json"]}))
    assert released(ruled, "app/manifest.json") == icon
    assert released(ruled, "b.html") == files["b.html"]


@pytest.mark.parametrize("url_prefix", ["/stätic/", "/st%C3%A4tic/"])
def test_a_root_absolute_url_in_a_custom_property_stays_root_absolute(site: Site, url_prefix: str) -> None:
    """A browser reads it from the style sheet whose var() uses it: a relative one would be right from here alone."""
    css = ":root { --a: url(/st%C3%A4tic/img/x.png?v#i); --b: url(../img/x.png) } a { b: url(/stätic/img/x.png) }"
    release = build(site({"css/a.css": css, "img/x.png": ""}, url_prefix=url_prefix, minify={"css": ["rcssmin"]}))
    x = "img/x.e3b0c44298fc1c14.png"
    assert released(release, "css/a.css") == (
        f":root{{--a:url(/st%C3%A4tic/{x}?v#i);--b:url(../{x})}}a{{b:url(../{x})}}"
    )
    assert release.warnings == ()


def test_in_a_bundle_too(site: Site) -> None:
    files = {"css/a.css": ":root { --a: url(/static/x.png); --b: url(../../up.png) }", "x.png": ""}
    bundles = {"all.css": {"contents": ["css/a.css"]}}
    release = build(site(files, bundles=bundles, minify={"css": []}))
    assert released(release, "all.css") == (
        ":root { --a: url(/static/x.e3b0c44298fc1c14.png); --b: url(../../up.png) }"
    )
    assert [one.what for one in release.warnings] == [
        "../../up.png names '../../up.png', which is above every source root"
    ]


def test_a_custom_property_that_names_no_file_is_a_warning(site: Site) -> None:
    """It may well be right, seen from where it is used."""
    warnings, errors = told(site, {"a.css": ":root { --a: url(gone.png); --b: url(../up.png) }"})
    assert (len(warnings), errors) == (2, [])
    _, errors = told(site, {"a.css": ":root { --a: url(gone.png) }"}, missing={"**": {"css-custom-property": "error"}})
    assert len(errors) == 1


def test_urls_are_written_in_the_encoding_of_their_file(site: Site) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><image href="é.png"/></svg>'
    css = 'a { b: url("é.png") }'
    files: dict[str, str | bytes] = {"é.png": b""}
    for encoding in ("utf-16-le", "utf-16-be"):
        files |= {
            f"{encoding}.svg": f"\ufeff{svg}".encode(encoding),
            f"{encoding}.css": f"\ufeff{css}".encode(encoding),
        }
    release = build(site(files))
    for encoding in ("utf-16-le", "utf-16-be"):
        for suffix, text in ((".svg", svg), (".css", css)):
            entry = json.loads((release.dir / "manifest.json").read_bytes())["assets"][encoding + suffix]
            content = (release.dir / "files" / entry["file"]).read_bytes()
            expected = text.replace("é.png", "%C3%A9.e3b0c44298fc1c14.png")
            assert content.decode(encoding) == "\ufeff" + expected


def test_what_was_meant_is_guessed_for_some_missing_files_not_for_thousands(site: Site) -> None:
    """Each guess compares with many names."""
    text = "".join(f"url(img/photo{n:03}.pgn) " for n in range(100))
    files = {"a.css": f"a {{ b: {text}}}", **{f"img/photo{n:03}.png": "" for n in range(100)}}
    release = build(site(files, minify={"css": []}, references={"missing": "warn"}))
    assert [bool(warning.fix) for warning in release.warnings] == [True] * 50 + [False] * 50


def test_a_directory_is_called_one_the_topmost_too(site: Site) -> None:
    files = {"css/a.css": "a { b: url(../img) url(./) url(../) }", "img/x.png": ""}
    assert told(site, files)[1] == [
        "css/a.css:1:12: url(../img) names 'img', which is a directory",
        "css/a.css:1:24: url(./) names 'css', which is a directory",
        "css/a.css:1:32: url(../) names '.', which is a directory",
    ]


def test_a_rule_for_web_app_manifests_leaves_scripts_and_style_sheets_what_they_are(site: Site) -> None:
    files = {"app/x.js": 'import "./y.js";', "app/y.js": "y()", "app/z.css": "a{b:url(x.js)}", "app/m.json": "{}"}
    release = build(site(files, references={"webmanifest": ["app/**"]}))
    assert "./y." in released(release, "app/x.js") != files["app/x.js"]
    assert released(release, "app/z.css") != files["app/z.css"]
    assert release.warnings == ()
