"""The corpus in small: files chosen for their oddness, built and judged as `make corpus` does with whole packages.

Their packages download 4 MB together. Without npm or network these tests skip, and fail under CI.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from assetbuild.model import format_of
from tests.conftest import write_files
from tests.corpus import manifest, page
from tests.corpus.measure import ODD, Site, build_dir, measure
from tests.corpus.verdict import Pair, by_lightningcss, mildly, verdict, verdicts
from tests.support import packages
from tests.support.judge import Judge
from tests.support.packages import Package, Unavailable

SUBSET: Mapping[str, tuple[str, ...]] = {  # package -> prefixes of the files that are built here
    "test262-parser-tests": ("pass/0", "pass/1"),  # one construct each; lone carriage returns
    "ckeditor4": ("lang/a", "lang/f", "lang/z", "skins/kama/", "plugins/find/"),  # byte order marks, Windows line ends
    "leaflet": ("src/geo/", "src/map/", "dist/leaflet.", "dist/images/"),  # Windows line ends
    "jquery": ("src/intro.js", "src/outro.js", "src/sizzle/", "src/css", "src/ajax"),  # ES3; two halves of one file
    "jquery-ui-timepicker-addon": ("src/",),  # Latin-1
    "materialize-css": ("extras/",),
    "open-props": ("src/a", "src/props.b", "src/props.m", "normalize.min.css", "open-props.min.css"),
    "bootstrap2": ("css/bootstrap-responsive.css", "docs/assets/css/docs.css"),  # hacks for old browsers
    "katex": ("contrib/", "dist/katex.min.css"),
    "@hotwired/turbo": ("dist/turbo.es2017-esm.js",),  # private fields, templates
    "html5-boilerplate": ("dist/",),
}
UNJUDGED = [  # esbuild refuses these valid sources
    "test262-parser-tests/pass/06f0deb843fbf358.js",  # 'use\\x20strict'; with (a) b = c;
    "test262-parser-tests/pass/1f3808cbdfab97e4.js",  # a: c: b: while (true) { continue a; }
]
pytestmark = pytest.mark.slow


def _or_skip(fetch: Callable[[], Path]) -> Path:
    try:
        return fetch()
    except Unavailable as error:
        if os.environ.get("CI", "").lower() not in ("", "0", "false"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def base_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("corpus")


@pytest.fixture(scope="module")
def judge(base_dir: Path) -> Judge:
    (base_dir / "judge").mkdir()
    return Judge(_or_skip(packages.esbuild), base_dir / "judge")


@pytest.fixture(scope="module")
def measured(base_dir: Path, judge: Judge) -> dict[str, Any]:
    """The chosen files of all packages as one site."""
    wanted = {vendored.package.name: vendored for vendored in reversed(manifest.load())}  # the oldest of each
    for name, prefixes in SUBSET.items():
        vendored = wanted[name]
        directory = _or_skip(lambda: packages.fetch(vendored.package))  # noqa: B023
        for file in directory.rglob("*"):
            path = file.relative_to(directory).as_posix()
            if file.is_file() and path.startswith(prefixes):
                content = file.read_bytes()
                if vendored.encoding and format_of(path):
                    content = content.decode().encode(vendored.encoding, "replace")
                write_files(base_dir / "root", {f"{name}/{path}": content})
    site = build_dir(base_dir / "root", "", ["ckeditor4/**"], base_dir)
    return {"package": "subset", "build seconds": 0.0, "seconds": 0.0, **measure(site, judge)}


def test_no_file_of_the_subset_is_broken(measured: dict[str, Any]) -> None:
    assert measured["broken"] == {}
    assert measured["not judged"] == UNJUDGED
    assert measured["changed"] > 250


def test_the_subset_holds_every_odd_kind_of_file(measured: dict[str, Any]) -> None:
    assert [name for name in ODD if not measured["odd"][name]["files"]] == ["larger than 1 MB"]
    assert measured["formats"]["js"] > 250
    assert measured["formats"]["css"] > 25


def test_minifiers_alone_would_have_broken_some_of_it(measured: dict[str, Any]) -> None:
    alone = measured["alone"]
    assert {"jsmin", "rjsmin", "cssmin", "rcssmin"} <= alone.keys()
    assert alone["jsmin"]["broken"]
    assert alone["rjsmin"]["broken"]
    assert alone["cssmin"]["broken"]


def test_references_are_counted_by_kind(base_dir: Path, judge: Judge) -> None:
    files = {
        "a.css": '@import "b.css"; a { background: url(gone.png), url(/elsewhere/c.png) }',
        "b.css": "",
        "a.js": 'import "./b.js"; import "bare"',
        "b.js": "",
        "c.min.js": "c\n//# sourceMappingURL=gone.map\n",
    }
    found = _measure_files(files, base_dir / "kinds", judge)
    assert found["references"] == {
        "css-import": {"found": 1},
        "css-url": {"found": 2, "missing": 1, "outside": 1},
        "js-import": {"found": 1},
        "source-map": {"found": 1, "missing": 1},
    }


@pytest.mark.parametrize(
    ("path", "before", "after", "found"),
    [
        ("a.js", "let a = 1 // x\n", "let a=1", ""),
        ("a.js", "f();;", "f()", ""),
        ("a.js", "if (a) { b() //! x\n}", "if(a){b()}", ""),
        ("a.js", "let a = `x  y`", "let a=`x y`", "esbuild prints it otherwise"),
        ("a.js", "a\n++b", "a++b", "esbuild no longer understands it"),
        ("a.js", "let a = ;", "let a=;", None),
        ("a.css", "a { color : red }", "a{color:red}", ""),
        ("a.css", "a { b : c", "a{b:c", ""),
        ("a.css", "a { *zoom : 1 } > b { }", "a{*zoom:1}>b{}", ""),
        ("a.css", "a { color : red }", "a{color:red", "esbuild no longer understands it"),
        ("a.css", "a { width: calc(1px + 2px) }", "a{width:calc(1px+2px)}", "esbuild prints it otherwise"),
        ("a.css", "a { content: 'a, b' }", "a{content:'a,b'}", "esbuild prints it otherwise"),
        ("a.css", "a { *b: c } a { content: 'a > b' }", "a{*b:c}a{content:'a>b'}", "esbuild prints it otherwise"),
        ("a.css", "a { *b: c } a { d: calc(1px + 2px) }", "a{*b:c}a{d:calc(1px+2px)}", "esbuild prints it otherwise"),
        ("a.css", "a { filter: progid:x( a = 1, b='2' ) }", "a{filter:progid:x(a=1,b='2')}", ""),
        ("a.css", "a { filter: alpha(a = 1 2) }", "a{filter:alpha(a=12)}", "esbuild prints it otherwise"),
        ("a.css", "a { filter: x(a='b = c') }", "a{filter:x(a='b=c')}", "esbuild prints it otherwise"),
        ("a.css", "a { b: alpha(opacity = 50) }", "a{b:alpha(opacity=50)}", "esbuild prints it otherwise"),
        ("a.css", "a { --b: c ; }", "a{--b:c}", ""),
        ("a.css", "a { --b: {a:  b} }", "a{--b:{a:b}}", "esbuild prints it otherwise"),
        ("a.css", "a { --b: c, d }", "a{--b:c,d}", "tinycss2 finds other values of custom properties"),
        ("a.css", "a { b: url(c.png) }", "a{b:url(c.0123456789abcdef.png)}", ""),
        (
            "a.css",
            "a { b: url(c.png) }",
            "a{b:url(c.png)}",
            "tinycss2 finds the URL of 'c.png', not of 'c.0123456789abcdef.png'",
        ),
        ("a.css", "a { b: url(c%20d.png) }", "a{b:url(c.png)}", "esbuild prints it otherwise"),
        ("a.svg", "<a><b c='d'/></a>", '<a><b c="d"></b></a>', ""),
        ("a.svg", "<a><b/></a>", "<a><c/></a>", "its canonical XML differs"),
        ("a.svg", "<a><b/></a>", "<a><b></a>", "it is no XML any more"),
        ("a.svg", "<a>", "<b>", None),
        ("a.webmanifest", '{"a": 1}', '{"a":1}', ""),
        ("a.webmanifest", '{"a": 1}', '{"a":2}', "its JSON differs"),
        ("a.webmanifest", '{"a": 1}', '{"a":', "it is no JSON any more"),
        ("a.webmanifest", "{", "[", None),
    ],
)
def test_the_judges_see_what_is_broken(judge: Judge, path: str, before: str, after: str, found: str | None) -> None:
    mark = "0123456789abcdef"
    texts = {path: before.encode()}, {path: after.encode()}
    readings = [judge.read_all(text)[path] if format_of(path) in ("css", "js") else None for text in texts]
    pair = Pair(path, *(text[path] for text in texts), *readings, {mark.encode()}, {"c.png": f"c.{mark}.png"})
    said = verdicts([pair], judge, verdict)[path]
    assert said == found


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("a { filter: progid:x(a=1,\n b=2) }", "a{filter:progid:x(a=1,b=2)}", ""),
        ("a { b: var(--c) /* 'x' */ }", "a{b:var(--c)}", ""),
        ("a { b: c }", "a{b:d}", "lightningcss prints it otherwise"),
        ("a { content: 'b  c' }", "a{content:'b c'}", "lightningcss prints it otherwise"),
        ("a { b: c }", "a{b:c}}", "lightningcss no longer understands it"),
        ("a { *b: c }", "a{*b:d}", ""),  # it does not understand the source
    ],
)
def test_lightningcss_sees_what_is_broken(before: str, after: str, found: str) -> None:
    assert by_lightningcss(Pair("a.css", before.encode(), after.encode()), before, after) == found


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("a { border: 1px solid #AABBCC }", "a{border:1px solid #abc}", ""),
        ("a { --b: #aabbcc !important }", "a{--b:#abc!important}", ""),
        ("a { background: 0 0 }", "a{background:0}", "esbuild prints it otherwise"),  # which is `0 center`
        ("a { margin: 0px }", "a{margin:0}", ""),
        ("a { filter: alpha(opacity = 50) }", "a{filter:alpha(opacity=50)}", ""),
        ("a { -ms-filter: 'progid:x(a=1, b=2)' }", "a{-ms-filter:'progid:x(a=1,b=2)'}", ""),
        ("a { width: calc(1px + 2px) }", "a{width:calc(1px+2px)}", "esbuild prints it otherwise"),
        ("a { content: 'b  c' }", "a{content:'b c'}", "esbuild prints it otherwise"),
        ("a :hover { b: c }", "a:hover{b:c}", "esbuild prints it otherwise"),
        ("a { color: #aabbcc }", "a{color:#abd}", "esbuild prints it otherwise"),
        ("a { *b: c; d: f(e  g) }", "a{*b:c;d:f(eg)}", "esbuild prints it otherwise"),
    ],
)
def test_minifiers_alone_are_judged_mildly(judge: Judge, before: str, after: str, found: str) -> None:
    texts = before.encode(), after.encode()
    readings = [judge.read_all({"a.css": text})["a.css"] for text in texts]
    assert verdicts([Pair("a.css", *texts, *readings)], judge, mildly) == {"a.css": found}


def test_a_comment_for_a_licence_is_no_statement(judge: Judge) -> None:
    texts = b"f();\n/** @license x */\nvar b = 1; var c", b"f();var b=1;var c"
    readings = [judge.read_all({"a.js": text})["a.js"] for text in texts]
    assert verdicts([Pair("a.js", *texts, *readings)], judge, verdict) == {"a.js": ""}


def test_a_released_file_that_was_broken_is_reported(base_dir: Path, judge: Judge) -> None:
    def spoil(site: Site) -> None:
        site.after["a.js"] = b"let a = ;"

    files = {"a.js": "let a  =  1\n", "b.js": "let b  =  1\n"}
    found = _measure_files(files, base_dir / "spoilt", judge, spoil)
    assert found["broken"] == {"a.js": "esbuild no longer understands it"}
    assert found["unsound after"] == ["a.js"]
    assert page.line(found).endswith("1 broken\n  a.js: esbuild no longer understands it")
    assert "| `x@1` | 0 | 2 | 0 | 0 |  | 2 | 0 | 0 | 0 | 1 | 1 |\n" in page.render([found], 60)


def test_the_page_is_the_same_for_the_same_measurements(measured: dict[str, Any]) -> None:
    one, other = page.render([measured], 60), page.render([measured | {"seconds": 9.0}], 120)
    assert [line for line in one.splitlines() if line not in other.splitlines()] == [
        line for line in one.splitlines() if "The last run took" in line
    ]


def test_the_manifest_names_each_package_once_and_by_its_bytes(tmp_path: Path) -> None:
    found = manifest.load()
    assert len(found) >= 100
    assert all(len(vendored.package.sha256) == 64 for vendored in found)
    entry = '{npm = "a@1", sha256 = "0"}'
    for text, message in (
        (f"packages = [{entry}, {entry}]", "listed more than once: a@1"),
        ('packages = [{npm = "a@1", sha = "0"}]', "unknown keys: sha"),
    ):
        (tmp_path / "packages.toml").write_text(text)
        with pytest.raises(ValueError) as caught:
            manifest.load(tmp_path / "packages.toml")
        assert str(caught.value) == message


def test_a_wheel_with_other_bytes_is_refused(tmp_path: Path) -> None:
    wheel = _wheel(tmp_path, {"a/static/a.js": "a"})
    with pytest.raises(ValueError) as caught:
        packages.unpack(wheel, Package("x", "1", "00", index="pypi"), tmp_path / "out")
    assert str(caught.value) == f"x==1 has the SHA-256 {_sha256(wheel)}, not 00"
    assert not (tmp_path / "out").exists()


def test_only_the_wanted_folders_of_a_wheel_are_unpacked(tmp_path: Path) -> None:
    wheel = _wheel(tmp_path, {"a/static/a.js": "a", "a/b.py": "b"})
    packages.unpack(wheel, Package("x", "1", _sha256(wheel), ("a/static/",), "pypi"), tmp_path / "out")
    files = {file.relative_to(tmp_path / "out").as_posix() for file in (tmp_path / "out").rglob("*") if file.is_file()}
    assert files == {"a/static/a.js"}


@pytest.mark.parametrize(("path", "mode"), [("../a.js", 0), ("/a.js", 0), ("a.js", stat.S_IFLNK | 0o777)])
def test_a_wheel_with_a_link_or_a_file_outside_is_refused(tmp_path: Path, path: str, mode: int) -> None:
    wheel = _wheel(tmp_path, {path: "a"}, mode)
    with pytest.raises(ValueError) as caught:
        packages.unpack(wheel, Package("x", "1", _sha256(wheel), index="pypi"), tmp_path / "out")
    assert str(caught.value) == f"x==1 holds '{path}', which is left alone"


def test_pip_refuses_a_wheel_with_another_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip itself is run, against an index of our own on disk."""
    info = {"METADATA": "Metadata-Version: 2.1\nName: x\nVersion: 1\n", "WHEEL": "Wheel-Version: 1.0\n", "RECORD": ""}
    files = {f"x-1.dist-info/{name}": text for name, text in info.items()}
    wheel = _wheel(tmp_path, {"x/static/a.js": "a", **files})
    named = wheel.rename(tmp_path / "x-1-py3-none-any.whl")
    monkeypatch.setenv("ASSETBUILD_TEST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    right = Package("x", "1", _sha256(named), ("x/static/",), "pypi")
    assert (packages.fetch(right) / "x" / "static" / "a.js").read_text() == "a"
    with pytest.raises(ValueError, match="x==1 is not the package that was expected"):
        packages.fetch(Package("x", "1", "0" * 64, index="pypi"))


def _measure_files(
    files: Mapping[str, str], base_dir: Path, judge: Judge, spoil: Callable[[Site], None] = lambda _site: None
) -> dict[str, Any]:
    write_files(base_dir / "root", files)
    site = build_dir(base_dir / "root", "", [], base_dir)
    spoil(site)
    found = measure(site, judge, with_minifiers=False)
    return {"package": "x@1", "build seconds": 0.0, "seconds": 0.0, **found}


def _wheel(directory: Path, files: Mapping[str, str], mode: int = 0) -> Path:
    wheel = directory / "x.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            info = zipfile.ZipInfo(path)
            info.external_attr = mode << 16
            archive.writestr(info, text)
    return wheel


@cache
def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
