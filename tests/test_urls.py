"""URL text, logical paths, and the way between them."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.urls import is_local, is_root_absolute, path_length, relative, resolve


@pytest.mark.parametrize(
    "url",
    [
        "a.png",
        "./a.png",
        "../a.png",
        "/static/a.png",
        "\\static\\a.png",
        "a/b:c.png",
        "./a:b.png",
        "%3a//x",
        "a.png?x=http://y",
        "1http:x",
        " a.png",
        ".",
    ],
)
def test_a_url_without_scheme_and_host_is_local(url: str) -> None:
    assert is_local(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "   ",
        "?x",
        "#icon",
        " #icon",
        "//cdn.example/a.png",
        "\\\\cdn.example\\a.png",
        "/\\cdn.example",
        "///a.png",
        "/\t/cdn.example",
        "http://x/a.png",
        "HTTPS://x",
        " https://x",
        "\x01https://x",
        "java\nscript:x",
        "data:image/png;base64,AAAA",
        "blob:x",
        "a:b.png",
        "web+x.y-z:1",
    ],
)
def test_what_names_another_host_or_only_a_part_of_this_page_is_not_local(url: str) -> None:
    assert not is_local(url)


@pytest.mark.parametrize(
    ("url", "length"),
    [("a.png", 5), ("a.png?x#y", 5), ("a.svg#i?x", 5), ("?x", 0), ("#", 0), ("", 0), ("a%3Fb", 5)],
)
def test_the_path_of_a_url_ends_at_its_query_or_fragment(url: str, length: int) -> None:
    assert path_length(url) == length


@pytest.mark.parametrize(
    ("path", "holder", "expected"),
    [
        ("a.png", "app.css", "a.png"),
        ("a.png", "css/app.css", "css/a.png"),
        ("./a.png", "css/app.css", "css/a.png"),
        ("././/./a.png", "css/app.css", "css/a.png"),
        ("../a.png", "css/app.css", "a.png"),
        ("../../a.png", "css/deep/app.css", "a.png"),
        ("../css/../img/a.png", "css/app.css", "img/a.png"),
        ("x/../../a.png", "css/app.css", "a.png"),
        ("..", "css/app.css", ""),
        ("", "css/app.css", "css"),
        ("..\\img\\a.png", "css/app.css", "img/a.png"),
        ("a%20b.png", "app.css", "a b.png"),
        ("a%2Bb+c.png", "app.css", "a+b+c.png"),
        ("%E2%82%AC.png", "app.css", "€.png"),
        ("€.png", "app.css", "€.png"),
        ("a%23b%3Fc.png", "app.css", "a#b?c.png"),
        ("100%.png", "app.css", "100%.png"),
        ("a%zz.png", "app.css", "a%zz.png"),
        ("%2e%2e/a.png", "css/app.css", "a.png"),
        ("%252e.png", "app.css", "%2e.png"),
        ("%5Ca.png", "app.css", "\\a.png"),
        ("%FF.png", "app.css", "\udcff.png"),
        (" a.png\n", "css/app.css", "css/a.png"),
        ("im\ng/a.png", "app.css", "img/a.png"),
        ("a b.png", "app.css", "a b.png"),
        ("a.png%20", "app.css", "a.png "),
        ("%2Fstatic/a.png", "css/app.css", "css/static/a.png"),
        ("...", "css/app.css", "css/..."),
        ("..a/b", "css/app.css", "css/..a/b"),
    ],
)
def test_a_relative_path_is_resolved_against_its_holder(path: str, holder: str, expected: str) -> None:
    assert resolve(path, holder, "/static/") == expected


@pytest.mark.parametrize("path", ["../a.png", "..", "../css/app.css", "x/../../../a", "%2e%2e/a.png", "..\\a", "%2F.."])
def test_a_path_above_the_root_names_nothing(path: str) -> None:
    holder = "css/app.css" if path == "x/../../../a" else "app.css"
    assert resolve(path, holder, "/static/") is None


@pytest.mark.parametrize(
    ("path", "prefix", "expected"),
    [
        ("/static/img/a.png", "/static/", "img/a.png"),
        ("\\static\\img\\a.png", "/static/", "img/a.png"),
        ("/st%61tic/a.png", "/static/", "a.png"),
        ("/my%20files/a.png", "/my files/", "a.png"),
        ("/my%20files/a.png", "/my%20files/", "a.png"),
        (" /static/a.png", "/static/", "a.png"),
        ("/static/", "/static/", ""),
        ("/static/./x/../a.png", "/static/", "a.png"),
        ("/img/a.png", "/", "img/a.png"),
        ("/", "/", ""),
        ("/staticx/y", "/static/", None),
        ("/static", "/static/", None),
        ("/Static/a.png", "/static/", None),
        ("/media/a.png", "/static/", None),
        ("/static/../a.png", "/static/", None),
        ("/../a.png", "/", None),
    ],
)
def test_a_root_absolute_path_is_ours_below_the_prefix_alone(path: str, prefix: str, expected: str | None) -> None:
    assert resolve(path, "css/app.css", prefix) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/a", True), ("\\a", True), (" /a", True), ("\n/a", True), ("a/b", False), ("%2Fa", False), ("", False)],
)
def test_only_a_slash_as_written_makes_a_path_root_absolute(path: str, expected: bool) -> None:
    assert is_root_absolute(path) is expected


@pytest.mark.parametrize(
    ("target", "holder", "plain", "dotted"),
    [
        ("a.js", "b.js", "a.js", "./a.js"),
        ("js/a.js", "js/b.js", "a.js", "./a.js"),
        ("js/x/a.js", "js/b.js", "x/a.js", "./x/a.js"),
        ("a.js", "js/b.js", "../a.js", "../a.js"),
        ("img/a.png", "css/deep/b.css", "../../img/a.png", "../../img/a.png"),
        ("css/a.png", "css/deep/b.css", "../a.png", "../a.png"),
        ("css", "css/b.css", "../css", "../css"),
        ("css/css/a", "css/b", "css/a", "./css/a"),
        ("b.js", "b.js", "b.js", "./b.js"),
        ("a:b.js", "c.js", "a%3Ab.js", "./a%3Ab.js"),
        ("a b'\"(c).js", "c.js", "a%20b%27%22%28c%29.js", "./a%20b%27%22%28c%29.js"),
        ("é/100%#?.js", "c.js", "%C3%A9/100%25%23%3F.js", "./%C3%A9/100%25%23%3F.js"),
        ("a@2x~1_-.png", "c.css", "a%402x~1_-.png", "./a%402x~1_-.png"),
    ],
)
def test_a_relative_url_is_as_short_as_can_be_and_escaped(target: str, holder: str, plain: str, dotted: str) -> None:
    assert relative(target, holder, dotted=False) == plain
    assert relative(target, holder, dotted=True) == dotted


_names = st.one_of(
    st.sampled_from(
        ["a", "b", "css", "a:b", "a b", "'", '"', "%", "%41", "%2e%2e", "#", "?", "...", "é", "e\u0301", "~"]
    ),
    st.text(st.characters(blacklist_characters="/", blacklist_categories=("Cc", "Cs")), min_size=1, max_size=8),
).filter(lambda name: name not in (".", ".."))
_paths = st.lists(_names, min_size=1, max_size=5).map("/".join)


@given(_paths, _paths, st.booleans(), st.sampled_from(["/", "/static/"]))
def test_what_relative_writes_resolve_reads(target: str, holder: str, dotted: bool, prefix: str) -> None:
    url = relative(target, holder, dotted=dotted)
    assert resolve(url, holder, prefix) == target
    assert is_local(url)
    assert not is_root_absolute(url)
    assert path_length(url) == len(url)
    assert re.fullmatch(r"(?:[A-Za-z0-9/._~-]|%[0-9A-F]{2})+", url)


@given(_paths, _paths)
def test_the_same_url_root_absolute_names_the_same_asset(target: str, holder: str) -> None:
    assert resolve("/static/" + relative(target, "top", dotted=False), holder, "/static/") == target


def test_long_urls_take_linear_time() -> None:
    started = time.perf_counter()
    for url in ("a" * 10_000_000, "/" * 10_000_000, "../" * 1_000_000, "%41" * 1_000_000, " " * 10_000_000):
        is_local(url)
        path_length(url)
        resolve(url, "css/app.css", "/static/")
    assert time.perf_counter() - started < 20
