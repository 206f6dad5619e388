"""The manifest's format, its reader, and what a web process loads to use it."""

from __future__ import annotations

import copy
import difflib
import json
import logging
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from assetbuild.runtime import Entry, Manifest, ManifestError, MissingAsset, PlainUrls, resolve_base_url, resolve_mode
from assetbuild.runtime import manifest as module
from assetbuild.runtime.format import check_head
from assetbuild.runtime.manifest import FORMAT_VERSION, canonical
from assetbuild.runtime.missing import bare

pytest_plugins = ["tests.support.runtime_fixtures"]
pytestmark = pytest.mark.usefixtures("no_environment")

ROOT = Path(__file__).parent.parent
RELEASE = "3f2a91c07be4d518"
WRITE = "\n  fix: write a path such as '/static/' or a URL such as 'https://cdn.example.com/static/'"
REBUILD = "\n  fix: run 'assetbuild build' to make the release again"


def entry(file, **more):
    return {"file": file, "integrity": "sha384-AAAA", "size": 7, **more}


def data(assets=None, **more):
    assets = {"css/site.css": entry("css/site.3f2a91c07be4d518.css")} if assets is None else assets
    return {"version": 1, "release": RELEASE, "url_prefix": "/static/", "assets": assets, **more}


def manifest(assets=None, **options):
    return Manifest.from_bytes(canonical(data(assets)), **options)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_bytes(canonical(data()))
    return path


# Answers


def test_a_logical_path_gives_the_url_of_its_released_file(file):
    assets = Manifest.load(file)
    assert assets.url("css/site.css") == "/static/css/site.3f2a91c07be4d518.css"
    assert assets.entry("css/site.css") == Entry("css/site.3f2a91c07be4d518.css", "sha384-AAAA", 7)
    assert (assets.release, assets.url_prefix, assets.base_url) == (RELEASE, "/static/", "/static/")
    assert (assets.file, list(assets), len(assets)) == (str(file), ["css/site.css"], 1)
    assert "css/site.css" in assets
    assert "css/other.css" not in assets


def test_an_entry_carries_its_optional_members():
    assets = manifest({"a.js": entry("a.1.js", stable=True, imports=["b.js", "c.js"], dynamic=["d.js"])})
    made = assets.entry("a.js")
    assert (made.stable, made.imports, made.dynamic) == (True, ("b.js", "c.js"), ("d.js",))
    assert repr(made) == (
        "Entry(file='a.1.js', integrity='sha384-AAAA', size=7, stable=True,"
        " imports=('b.js', 'c.js'), dynamic=('d.js',))"
    )


def test_unknown_keys_are_ignored():
    content = canonical(data({"a.js": entry("a.1.js", later=[1])}, later={"x": None}))
    assert Manifest.from_bytes(content).url("a.js") == "/static/a.1.js"


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("a b.css", "a%20b.css"),
        ("50%.css", "50%25.css"),
        ("a%20b.css", "a%2520b.css"),
        ("c#.css", "c%23.css"),
        ("why?.css", "why%3F.css"),
        ("é.css", "%C3%A9.css"),
        ("\udce9.css", "%E9.css"),  # a byte that is not UTF-8
        ("\U0001f600.css", "%F0%9F%98%80.css"),
        ("q\"'<&>.css", "q%22%27%3C%26%3E.css"),
        ("x@2.css", "x%402.css"),
        ("a/b-c_d~e.f.css", "a/b-c_d~e.f.css"),
        ("a..b/...css", "a..b/...css"),
        ("b:c/d.css", None),
    ],
)
def test_a_name_is_percent_encoded_exactly_once(name, url):
    if url is None:
        with pytest.raises(ManifestError):
            manifest({name: entry(name)})
    else:
        assets = manifest({name: entry(name)})
        assert assets.url(name) == "/static/" + url
        assert assets.entry(name).file == name


def test_a_query_and_a_fragment_after_a_logical_path_are_kept():
    assets = manifest({"i.svg": entry("i.1.svg"), "a#b.svg": entry("ab.1.svg")})
    assert assets.url("i.svg#home") == "/static/i.1.svg#home"
    assert assets.url("i.svg?#iefix") == "/static/i.1.svg?#iefix"
    assert assets.url("i.svg?a=b#c?d") == "/static/i.1.svg?a=b#c?d"
    assert assets.url("a#b.svg") == "/static/ab.1.svg"


# The base URL


def test_an_entry_without_integrity_is_one_that_no_browser_checks() -> None:
    manifest = Manifest.from_bytes(raw('{"a.png":{"file":"a.1.png","size":7}}'))

    assert manifest.entry("a.png") == Entry("a.1.png", None, 7)


def test_the_base_url_is_the_argument_then_the_environment_then_the_prefix(file, monkeypatch):
    assert Manifest.load(file).url("css/site.css").startswith("/static/css/")
    monkeypatch.setenv("ASSETBUILD_BASE_URL", "https://env.example/x")
    assert Manifest.load(file).url("css/site.css") == "https://env.example/x/css/site.3f2a91c07be4d518.css"
    assert Manifest.load(file, base_url="//cdn.example").base_url == "//cdn.example/"
    assert Manifest.load(file, base_url="").base_url == "https://env.example/x/"
    assert resolve_base_url("/a/", "/f/") == "/a/"
    assert resolve_base_url(None, "/f/") == "https://env.example/x"
    monkeypatch.setenv("ASSETBUILD_BASE_URL", "")
    assert resolve_base_url(None, "/f/") == "/f/"
    assert resolve_base_url("", None) is None


def test_a_suffix_costs_no_second_search(monkeypatch):
    searched = []
    for number in range(2):
        assets = manifest({"i.svg": entry("i.1.svg")} | ({"a#b.svg": entry("ab.1.svg")} if number else {}))
        assert assets.url("i.svg#home") == "/static/i.1.svg#home"
        object.__setattr__(assets, "_assets", _Searched(assets._assets, searched))
        assert assets.url("i.svg?v=1#home") == "/static/i.1.svg?v=1#home"
        assert searched == (["i.svg?v=1#home"] if number else [])


class _Searched(dict):
    def __init__(self, assets, searched):
        super().__init__(assets)
        self.searched = searched

    def __getitem__(self, path):
        self.searched.append(path)
        return super().__getitem__(path)

    def __contains__(self, path):
        self.searched.append(path)
        return super().__contains__(path)


@pytest.mark.parametrize("end", ["?b.svg", "#b.svg"])
def test_a_name_with_a_mark_in_it_comes_before_a_suffix(end):
    assets = manifest({"a": entry("a.1"), "a" + end: entry("ab.1.svg")})
    escaped = data({"a": entry("a.1"), "a" + end: entry("ab.1.svg")})
    text = json.dumps(escaped).replace("#", "\\u0023").replace("?", "\\u003f")
    for made in (assets, Manifest.from_bytes(text.encode())):
        for _ in range(2):
            assert made.url("a" + end) == "/static/ab.1.svg"
            assert made.url("a#c") == "/static/a.1#c"
            assert made.split("a" + end) == ("a" + end, "")


def test_another_base_url_leaves_the_first_manifest_as_it_is():
    first = manifest()
    second = first.with_base_url("https://cdn.example/s")
    assert second.url("css/site.css") == "https://cdn.example/s/css/site.3f2a91c07be4d518.css"
    assert first.url("css/site.css") == "/static/css/site.3f2a91c07be4d518.css"
    assert second.release == RELEASE
    assert first.with_base_url("/static") is first
    assert first.with_base_url(None) is first


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "cdn.example.com/x",
            "base URL 'cdn.example.com/x' starts with neither '/' nor a scheme\n"
            "  fix: write a path such as '/static/' or a URL such as 'https://cdn.example.com/static/'",
        ),
        ("/a\n", "base URL '/a\\n' holds '\\n'\n  fix: percent-encode it, or leave it out"),
        ('/"x', "base URL '/\"x' holds '\"'\n  fix: percent-encode it, or leave it out"),
        ("/x?v=1", "base URL '/x?v=1' holds '?'\n  fix: percent-encode it, or leave it out"),
        ("\\\\host", "base URL '\\\\\\\\host' holds '\\\\'\n  fix: percent-encode it, or leave it out"),
        ("//", f"base URL '//' names no host{WRITE}"),
        ("///x", f"base URL '///x' names no host{WRITE}"),
        ("https://", f"base URL 'https://' names no host{WRITE}"),
        ("https:///static/", f"base URL 'https:///static/' names no host{WRITE}"),
        ("https://:80/", f"base URL 'https://:80/' names no host{WRITE}"),
        ("https://me@/x", f"base URL 'https://me@/x' names no host{WRITE}"),
        ("://x", f"base URL '://x' starts with neither '/' nor a scheme{WRITE}"),
        ("x//y", f"base URL 'x//y' starts with neither '/' nor a scheme{WRITE}"),
        (
            "javascript://%0aalert(1)/",
            "base URL 'javascript://%0aalert(1)/' has the scheme 'javascript'; only 'http' and 'https' can be used"
            + WRITE,
        ),
    ],
)
def test_a_base_url_that_cannot_stand_before_names_is_refused(url, message):
    for use in (lambda: manifest(base_url=url), lambda: manifest().with_base_url(url), lambda: PlainUrls(url)):
        with pytest.raises(ManifestError) as caught:
            use()
        assert str(caught.value) == message


@pytest.mark.parametrize("url", ["/", "/s//x", "//h", "HTTPS://h", "http://[::1]:8000/x", "https://me:secret@h:80/"])
def test_paths_and_urls_of_the_web_are_base_urls(url):
    assert PlainUrls(url).base_url == url.removesuffix("/") + "/"


def test_a_bad_base_url_of_the_environment_names_its_variable(file, monkeypatch):
    monkeypatch.setenv("ASSETBUILD_BASE_URL", "cdn.example")
    for ask in (lambda: Manifest.load(file), lambda: resolve_base_url(None, "/f/")):
        with pytest.raises(ManifestError) as caught:
            ask()
        said = "ASSETBUILD_BASE_URL: base URL 'cdn.example' starts with neither '/' nor a scheme"
        assert str(caught.value) == said + WRITE
        assert caught.value.where == "ASSETBUILD_BASE_URL"
    assert Manifest.load(file, base_url="/a").base_url == resolve_base_url("/a/", None) == "/a/"


# Names that are no assets


@pytest.mark.parametrize("path", [None, ["a"], {}, set()])
def test_what_cannot_be_a_name_is_missing(path):
    assets = manifest()
    assert path not in assets
    for ask in (assets.url, assets.entry):
        with pytest.raises(MissingAsset) as caught:
            ask(path)
        assert caught.value.path == path


def test_a_missing_asset_is_a_lookup_error_and_a_value_error():
    assert issubclass(MissingAsset, LookupError)
    assert issubclass(MissingAsset, ValueError)


@pytest.mark.parametrize(
    ("asked", "fix"),
    [
        ("css/sit.css", "did you mean 'css/site.css'?"),
        ("/css/site.css", "did you mean 'css/site.css'?"),
        ("./css/site.css", "did you mean 'css/site.css'?"),
        ("css\\site.css", "did you mean 'css/site.css'?"),
        ("/static/css/site.css", "did you mean 'css/site.css'?"),
        ("site.css", "did you mean 'css/site.css'?"),
        ("CSS/SITE.CSS", "did you mean 'css/site.css'?"),
        ("css/site.css/", "correct the name, or run 'assetbuild build' if the file is new"),
        ("", "correct the name, or run 'assetbuild build' if the file is new"),
        ("/img/x.png", "write 'img/x.png': a logical path is relative to its source root"),
        (None, "correct the name, or run 'assetbuild build' if the file is new"),
        (b"css/site.css", "correct the name, or run 'assetbuild build' if the file is new"),
    ],
)
def test_a_missing_asset_says_what_was_meant(asked, fix):
    assets = manifest()
    for ask in (assets.url, assets.entry):
        with pytest.raises(MissingAsset) as caught:
            ask(asked)
        assert str(caught.value) == f"{asked!r} is not in the manifest of release '{RELEASE}'\n  fix: {fix}"
        assert caught.value.path == asked
        assert caught.value.__suppress_context__


def test_several_near_names_are_all_suggested():
    assets = manifest({"a/x.css": entry("a/x.1.css"), "b/x.css": entry("b/x.1.css")})
    with pytest.raises(MissingAsset) as caught:
        assets.url("c/x.css")
    assert sorted(caught.value.suggestions) == ["a/x.css", "b/x.css"]


def test_a_url_in_place_of_a_name_has_one_suggestion():
    assets = manifest({"x.css": entry("x.1.css"), "a/x.css": entry("a/x.1.css")}, base_url="https://cdn.example/b/")
    for asked in ("/static/a/x.css", "https://cdn.example/b/a/x.css", "/a/x.css?v=1"):
        with pytest.raises(MissingAsset) as caught:
            assets.url(asked)
        assert caught.value.suggestions == ["a/x.css"]


class _Compared:
    """How much was compared to find near names: the characters asked for, and the names."""

    def __init__(self, monkeypatch):
        self.seen = []
        find = difflib.get_close_matches
        monkeypatch.setattr(difflib, "get_close_matches", lambda *args, **more: self._note(args) or find(*args, **more))

    def _note(self, args):
        self.seen.append((len(args[0]), len(args[1])))


def test_names_without_end_are_not_compared_without_end(monkeypatch):
    compared = _Compared(monkeypatch)
    assets = manifest({f"dir{n}/a{n}/index.js": entry(f"{n}.js") for n in range(1200)})
    assert len(str(MissingAsset("dir1/a1/" * 10_000 + "index.js", assets)).splitlines()) == 2
    assert str(MissingAsset("dir7/index.js", assets)).count(" or ") == 2
    assert MissingAsset("dir700/a8000/indx.js", assets).suggestions
    assert compared.seen == [(255, 100), (13, 100), (20, 1000)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/" * 200_000 + "a", "a"),
        ("../" * 70_000, ""),
        (".//..//a/../b", "a/../b"),
        ("\\..\\a", "a"),
        (".../a", ".../a"),
    ],
)
def test_what_stands_before_a_name_by_habit_is_taken_away_however_long_it_is(path, expected):
    assert bare(path) == expected


def test_suggestions_are_worked_out_only_when_shown():
    code = (
        "import sys\nfrom assetbuild.runtime import Manifest, MissingAsset\n"
        "m = Manifest.from_bytes(sys.stdin.buffer.read())\n"
        "try: m.url('css/sit.css')\n"
        "except MissingAsset as error:\n"
        "    assert 'difflib' not in sys.modules\n    str(error)\n    assert 'difflib' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], input=canonical(data()), check=True)


def test_a_missing_asset_travels_between_processes_as_its_text():
    with pytest.raises(MissingAsset) as caught:
        manifest().url("css/sit.css")
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is MissingAsset
    assert str(again) == str(caught.value)
    assert str(pickle.loads(pickle.dumps(ManifestError("what", "where", "fix")))) == "where: what\n  fix: fix"


def test_on_missing_plain_gives_the_plain_url_and_logs_each_name_once(caplog):
    assets = manifest(on_missing="plain", base_url="/")
    with caplog.at_level(logging.WARNING):
        assert assets.url("no b.css?v=1#x") == "/no%20b.css?v=1#x"
        assert assets.url("no b.css?v=1#x") == "/no%20b.css?v=1#x"
        assert assets.url("/evil.example/a.js") == "/evil.example/a.js"
        assert assets.url("\ud800.js") == "/%3F.js"
        assert assets.url("css/site.css") == "/css/site.3f2a91c07be4d518.css"
    texts = [record.getMessage() for record in caplog.records]
    assert texts[0] == f"'no b.css?v=1#x' is not in the manifest of release '{RELEASE}': its plain URL was given"
    assert len(texts) == 3
    with pytest.raises(MissingAsset):
        assets.entry("no b.css")
    with pytest.raises(MissingAsset):
        assets.url(None)


def test_the_names_remembered_as_logged_are_bounded(caplog, monkeypatch):
    monkeypatch.setattr(module, "_MAX_LOGGED", 3)
    assets = manifest(on_missing="plain")
    for number in range(10):
        assets.url(f"x{number}.css")
    assert len(caplog.records) == 3


def test_on_missing_takes_two_words():
    with pytest.raises(ManifestError) as caught:
        manifest(on_missing="warn")
    assert str(caught.value) == "on_missing cannot be 'warn'\n  fix: write 'error' or 'plain'"


# Reading


def test_the_file_is_the_argument_then_the_environment_and_never_looked_for(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ManifestError) as caught:
        Manifest.load()
    assert str(caught.value) == (
        "no manifest is named\n  fix: run 'assetbuild build' and set ASSETBUILD_MANIFEST to the path of the release's"
        " manifest.json (while developing, ASSETBUILD_MODE=development needs none)"
    )
    monkeypatch.setenv("ASSETBUILD_MANIFEST", str(file))
    assert Manifest.load().file == str(file)
    monkeypatch.setenv("ASSETBUILD_MANIFEST", "/nowhere")
    assert Manifest.load("manifest.json").file == "manifest.json"


@pytest.mark.parametrize(
    ("name", "what", "fix"),
    [
        (
            "none.json",
            "the manifest cannot be read: No such file or directory",
            "run 'assetbuild build', or correct the path (argument, setting or ASSETBUILD_MANIFEST)",
        ),
        (".", "the manifest cannot be read: it is a directory", "name the file 'manifest.json' in it"),
        (
            "manifest.json/x",
            "the manifest cannot be read: Not a directory",
            "run 'assetbuild build', or correct the path (argument, setting or ASSETBUILD_MANIFEST)",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_named(file, name, what, fix):
    path = os.path.join(file.parent, name)
    with pytest.raises(ManifestError) as caught:
        Manifest.load(path)
    assert str(caught.value) == f"{path}: {what}\n  fix: {fix}"
    assert (caught.value.what, caught.value.where, caught.value.fix) == (what, path, fix)


def test_a_nul_in_the_path_is_a_manifest_error():
    with pytest.raises(ManifestError) as caught:
        Manifest.load("a\0b")
    assert str(caught.value).startswith("'a\\x00b': the manifest cannot be read: embedded null byte\n")


def test_a_manifest_that_is_too_large_is_refused(file, monkeypatch):
    size = file.stat().st_size
    monkeypatch.setattr(module, "MAX_BYTES", size)
    Manifest.load(file)
    monkeypatch.setattr(module, "MAX_BYTES", size - 1)
    with pytest.raises(ManifestError) as caught:
        Manifest.load(file)
    assert caught.value.what == f"the manifest is larger than {size - 1} bytes"


def test_an_endless_file_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 1 << 20)
    with pytest.raises(ManifestError) as caught:
        Manifest.load("/dev/zero")
    assert caught.value.what == "the manifest is larger than 1048576 bytes"


def raw(text):
    good = '{"version":1,"release":"r","url_prefix":"/s/","assets":%s}'
    return (good % text).encode()


def size(text):
    return raw('{"a":{"file":"a","integrity":"","size":' + text + "}}")


def member(text):
    return size("1," + text)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the manifest is not JSON: line 1, column 1: Expecting value"),
        (
            b"\xef\xbb\xbf{}",
            "the manifest is not JSON: line 1, column 1: Unexpected UTF-8 BOM (decode using utf-8-sig)",
        ),
        (b'{"version": 1', "the manifest is not JSON: line 1, column 14: Expecting ',' delimiter"),
        (b'{"\xff": 1}', "the manifest is not UTF-8: byte 2"),
        (b"[]", "the manifest is a list, not an object"),
        (b"null", "the manifest is absent or null, not an object"),
        (b'{"version":NaN}', "the manifest holds NaN, which is not JSON"),
        (b'{"version":-Infinity}', "the manifest holds -Infinity, which is not JSON"),
        (b'{"version":1,"version":1}', "the manifest holds the key 'version' twice"),
        (raw('{"a":{},"b":{},"a":{}}'), "the manifest holds the key 'a' twice"),
        (raw("[]"), "'assets' is a list, not an object"),
        (b'{"version":1,"release":"r","url_prefix":"/s/"}', "'assets' is absent or null, not an object"),
        (b'{"version":1,"url_prefix":"/","assets":{}}', "'release' is absent or null, not a string"),
        (b'{"version":1,"release":"r","url_prefix":3,"assets":{}}', "'url_prefix' is a number, not a string"),
        (
            b'{"version":1,"release":"r","url_prefix":"static/","assets":{}}',
            "url_prefix 'static/' starts with neither '/' nor a scheme",
        ),
        (raw('{"a":"b"}'), "asset 'a': it is a string, not an object"),
        (raw('{"a":{}}'), "asset 'a': 'file' is absent or null, not a string"),
        (raw('{"a":{"file":3}}'), "asset 'a': 'file' is a number, not a string"),
        (raw('{"a":{"file":"a","size":1,"integrity":null}}'), "asset 'a': 'integrity' is absent or null, not a string"),
        (size("-1"), "asset 'a': 'size' is -1, not a number of bytes"),
        (size("1.0"), "asset 'a': 'size' is a number, not a number of bytes"),
        (
            size("true"),
            "asset 'a': 'size' is true or false, not a number of bytes",
        ),
        (
            member('"stable":1'),
            "asset 'a': 'stable' is a number, not true or false",
        ),
        (
            member('"imports":"b"'),
            "asset 'a': 'imports' is not a list of strings",
        ),
        (
            member('"dynamic":[1]'),
            "asset 'a': 'dynamic' is not a list of strings",
        ),
    ],
)
def test_what_is_not_a_manifest_is_refused_by_what_is_wrong_with_it(file, content, what):
    file.write_bytes(content)
    with pytest.raises(ManifestError) as caught:
        Manifest.load(file)
    assert caught.value.what == what
    assert str(caught.value).startswith(f"{file}: {what}\n  fix: ")


@pytest.mark.parametrize("version", ["2", "0", "true", "1.0", '"1"', "null", None])
def test_another_version_is_a_clear_error(file, version):
    file.write_bytes(b"{}" if version is None else b'{"version":%s}' % version.encode())
    said = "has no 'version'" if version is None else f"has format version {json.loads(version)!r}"
    with pytest.raises(ManifestError) as caught:
        Manifest.load(file)
    assert str(caught.value) == (
        f"{file}: the manifest {said}; this assetbuild reads version {FORMAT_VERSION}\n"
        "  fix: install the assetbuild that made the release, or build it again with this one"
    )


@pytest.mark.parametrize("content", [b"[" * 200_000, b'{"version":' + b"9" * 100_000 + b"}", b'{"a":' * 100_000])
def test_nests_and_endless_numbers_are_a_manifest_error(content):
    with pytest.raises(ManifestError):
        Manifest.from_bytes(content)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "which is not a plain relative path"),
        ("/etc/passwd", "which is not a plain relative path"),
        ("//host/a.js", "which is not a plain relative path"),
        ("../a.js", "which is not a plain relative path"),
        ("a/../../b.js", "which is not a plain relative path"),
        ("a/..", "which is not a plain relative path"),
        ("..", "which is not a plain relative path"),
        ("./a.js", "which is not a plain relative path"),
        ("a//b.js", "which is not a plain relative path"),
        ("a/", "which is not a plain relative path"),
        ("https://host/a.js", "which is not a plain relative path"),
        ("javascript:alert(1)", "which starts with a scheme"),
        ("C:a.js", "which starts with a scheme"),
        ("..\\a.js", "which holds a backslash or a control character"),
        ("a\0.js", "which holds a backslash or a control character"),
        ("a\n.js", "which holds a backslash or a control character"),
        ("a\x7f.js", "which holds a backslash or a control character"),
        ("\ud800.js", "which no file can be called"),
    ],
)
def test_a_file_that_could_lead_elsewhere_is_refused(name, why):
    with pytest.raises(ManifestError) as caught:
        manifest({"a.js": entry(name)}, file="m.json")
    assert str(caught.value) == f"m.json: asset 'a.js': 'file' is {name!r}, {why}{REBUILD}"


def test_checking_changes_nothing():
    given = {"version": 1, "release": "r", "url_prefix": "/"}
    check_head(given)
    assert given == {"version": 1, "release": "r", "url_prefix": "/"}


# Writing


def test_the_canonical_text_does_not_depend_on_the_order_of_keys():
    first = {"b": 1, "a": {"é": [1, 2], "x": None}}
    second = {"a": {"x": None, "é": [1, 2]}, "b": 1}
    assert canonical(first) == canonical(second) == '{"a":{"x":null,"é":[1,2]},"b":1}\n'.encode()


def test_names_that_are_not_utf8_survive_writing_and_reading():
    content = canonical({"\udce9\U0001f600": 1})
    assert content == b'{"\\udce9\xf0\x9f\x98\x80":1}\n'
    assert json.loads(content.decode()) == {"\udce9\U0001f600": 1}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1: 2}, "the manifest cannot be written: key 1 is not a string"),
        ({"a": [{None: 2}]}, "the manifest cannot be written: key None is not a string"),
        ({"a": float("nan")}, None),
        ({"a": float("inf")}, None),
    ],
)
def test_what_json_cannot_say_is_not_written(value, message):
    with pytest.raises(ManifestError) as caught:
        canonical(value)
    assert str(caught.value).startswith(message or "the manifest cannot be written: Out of range float values")


# Frozen, without the file system, cheap


def test_nothing_can_be_changed_after_loading():
    assets = manifest()
    for thing, name in ((assets, "base_url"), (assets, "other"), (assets.entry("css/site.css"), "file")):
        with pytest.raises(AttributeError, match="cannot be set: it never changes"):
            setattr(thing, name, "x")
    with pytest.raises(AttributeError, match="cannot be deleted"):
        del assets.release
    made = assets.entry("css/site.css")
    assert hash(made) == hash(manifest().entry("css/site.css"))
    assert made != "css/site.css"


def test_what_never_changes_can_be_copied_and_sent_to_another_process():
    assets = manifest()
    made = assets.entry("css/site.css")
    for twin in (copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))):
        assert twin(made) == made
        assert twin(assets).url("css/site.css") == assets.url("css/site.css")
        assert twin(PlainUrls("/s/")).url("a") == "/s/a"
        with pytest.raises(AttributeError):
            twin(assets).base_url = "/"


def test_threads_see_the_same_urls():
    assets = manifest({f"{n}.js": entry(f"{n}.x.js") for n in range(200)})
    expected = [f"/static/{n}.x.js" for n in range(200)]
    seen = []
    threads = [threading.Thread(target=lambda: seen.append([assets.url(name) for name in assets])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(sorted(urls) == sorted(expected) for urls in seen)
    assert len(seen) == 8


AUDIT = """
import os, sys
from assetbuild.runtime import Manifest, MissingAsset
opened = []
sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" else None)
manifest = Manifest.load(sys.argv[1])
assert opened == [sys.argv[1]], opened
os.unlink(sys.argv[1])
seen = []
watched = ("open", "os", "import")
sys.addaudithook(lambda event, args: seen.append((event, args)) if event.split(".")[0] in watched else None)
for _ in range(1000):
    manifest.url("css/site.css"), manifest.url("css/site.css#x"), manifest.entry("css/site.css")
    try:
        manifest.url("none")
    except MissingAsset:
        pass
assert seen == [], seen
child = os.fork()
if not child:
    os._exit(manifest.url("css/site.css") != "/static/css/site.3f2a91c07be4d518.css")
assert os.waitpid(child, 0)[1] == 0
"""


def test_there_is_one_open_at_start_and_none_after_nor_in_a_fork(file):
    subprocess.run([sys.executable, "-c", AUDIT, str(file)], check=True)
    assert not file.exists()


IMPORTS = """
import sys
import json, os
before = set(sys.modules)
import assetbuild.runtime
new = set(sys.modules) - before
print("\\n".join(sorted(new)))
"""


def test_the_runtime_imports_nothing_that_json_has_not_imported_but_itself():
    done = subprocess.run([sys.executable, "-S", "-c", IMPORTS], capture_output=True, text=True, check=True, cwd=ROOT)
    new = done.stdout.split()
    assert "assetbuild.runtime.manifest" in new
    own = [name for name in new if name == "assetbuild" or name.startswith("assetbuild.runtime")]
    assert sorted(set(new) - set(own)) == ["__future__"]


# Modes and plain URLs


def test_the_mode_is_the_argument_then_the_environment_then_the_debug_flag(monkeypatch):
    assert resolve_mode(None, True) == "development"
    assert resolve_mode(None, False) == "production"
    monkeypatch.setenv("ASSETBUILD_MODE", "development")
    assert resolve_mode(None, False) == "development"
    assert resolve_mode("production", True) == "production"
    monkeypatch.setenv("ASSETBUILD_MODE", "")
    assert resolve_mode("", False) == "production"


def test_another_word_is_not_a_mode(monkeypatch):
    monkeypatch.setenv("ASSETBUILD_MODE", "prod")
    with pytest.raises(ManifestError) as caught:
        resolve_mode(None, False)
    assert str(caught.value) == "ASSETBUILD_MODE: 'prod' is not a mode\n  fix: write 'production' or 'development'"
    with pytest.raises(ManifestError) as caught:
        resolve_mode("Production", False)
    assert str(caught.value) == "'Production' is not a mode\n  fix: write 'production' or 'development'"


def test_plain_urls_answer_for_any_name_and_hold_none():
    assets = PlainUrls("/static")
    assert assets.url("a b/c.svg?x#home") == "/static/a%20b/c.svg?x#home"
    assert assets.entry("a.css") == Entry("a.css")
    assert assets.with_base_url("https://x.example").url("a") == "https://x.example/a"
    assert (PlainUrls("/x/").url_prefix, PlainUrls("/x/").base_url) == ("/static/", "/x/")
    assert assets.with_base_url(None).base_url == "/static/"
    assert ("a.css" in assets, list(assets), len(assets), assets.release) == (False, [], 0, "")
    assert (assets.url_prefix, repr(assets)) == ("/static/", "PlainUrls('/static/')")


@pytest.mark.parametrize("name", ["", "/a.css", "./a.css", "../a.css", None])
def test_plain_urls_refuse_what_production_would(name):
    with pytest.raises(MissingAsset) as caught:
        PlainUrls().url(name)
    assert str(caught.value).startswith(f"{name!r} is not a logical path\n  fix: ")
