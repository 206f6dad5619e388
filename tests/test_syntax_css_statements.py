"""Skipping plain statements finds what reading each token finds: the same references, at the same places."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assetbuild.references import css
from assetbuild.syntax.css_statements import Url, last_sign, plain_urls

# Whole statements and what makes them no plain ones, put together so that nearly all of what comes out is plain.
PIECES = [
    "a", "b:c", "b: d(e, f)", ".g:not([h=i])", "j>k", "--v:", "--v: w", "*l:m", "-n:p", "@media q (r:s)", "@font-face",
    "@charset 't'", "@import 'u'", "@IMPORT url(v)", "@import '//v'", "@namespace w", "@supports (a:url(n))", "@x",
    " ", "\n", "/* c */", "/* url(n) */", "/*", "*/", "/", "b:url(x.png)", "b:url( 'y.png' )", "url(z)",
    "URL(\"a.b?c\") format('d')",
    "url(data:,e;f)", "url('data:,g{;}')", "url(#h)", "url(\"//i\")", "url(j k)", "url('l' m)", "url(", "curl(n)",
    "-url('n')", "src('o')", "src(", "image-set('p' 1x, url(q) 2x)", "image-set(", "inset(0)", "calc((1 + 2) * (3))",
    "{", "{", "}", "}", ";", ";", "(", ")", "[", "]", "'r'", '"s;}"', "'", '"', "\\", "\\:t", "\\31 ", "\\75 rl(u)",
    "u\\72l(v)", "\\2d-w:{", "\\-", "\\9", "\\30 ", "\\3a", "\\31 url(o)", "\\:url(p)", "2e3url(q)", "4-url(r)",
    "#url(s)", "##url(t)", ":is(:not([u='v']))", "w(x(y(z)))", "@\\69mport 'x'", "<!--", "-->", "--", "é",
    "\x00", ",", "!important",
]  # fmt: skip
css_like = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
rules = st.lists(
    st.tuples(
        st.sampled_from(["a", "@media x", "@font-face", "b, c>d", "@supports (e:f)", "--g", ""]),
        st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from([";", ";", ""])).map("".join), max_size=5),
    ).map(lambda rule: f"{rule[0]}{{{''.join(rule[1])}}}"),
    max_size=4,
).map("".join)
sheets = css_like | rules | st.tuples(st.sampled_from(["@media x{", "a{", "b:c;", "\ufeff"]), rules).map("".join)


def by_statements(content: bytes) -> list[tuple[object, ...]]:
    return places(css._candidates(content, last_sign(content)))


def by_tokens(content: bytes) -> list[tuple[object, ...]]:
    return places(css._candidates(content, -1, skips=False))


def places(candidates: object) -> list[tuple[object, ...]]:
    """Without URLs of other sites, which plain statements do not tell."""
    return [
        (each.kind, each.start, each.end, each.whole_start, each.whole_end, each.in_string)
        for each in candidates  # type: ignore[attr-defined]
    ]


def local(content: bytes, found: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    foreign = (b"data:", b"http:", b"https:", b"//", b"#")
    return [each for each in found if not content[each[1] : each[2]].lower().startswith(foreign)]  # type: ignore[misc]


@settings(deadline=None, max_examples=500)
@given(sheets)
@example("\ufeff--x:{@import 'n'}")
@example("a{b:url(x);--c:url(y);/**/--d:url(z);e:url(w)}")
@example("@media x{a{b:url(x)}c{d:e}}f{g:url(y)}")
@example("a{b:c}}@import 'n';d{}@import 'i';")
@example("a;b{}@import 'i';")
@example("a{--b:url(x)}")
@example("a{}--b:{@import 'n'}")
@example("a{b:f\\:url(x)}")
def test_what_is_skipped_holds_no_reference(sheet: str) -> None:
    content = sheet.encode()
    assert local(content, by_statements(content)) == local(content, by_tokens(content))


@settings(deadline=None, max_examples=300)
@given(sheets)
def test_what_names_no_file_by_its_words_names_none(sheet: str) -> None:
    content = sheet.encode()
    if last_sign(content) < 0:
        assert local(content, by_tokens(content)) == []


def test_real_files_have_the_same_references_by_statements_and_by_tokens() -> None:
    files = sorted(Path(sysconfig.get_path("purelib")).rglob("*.css"))
    if not files:
        pytest.skip("no installed package brings a style sheet")
    for file in files:
        content = file.read_bytes()
        assert local(content, by_statements(content)) == local(content, by_tokens(content)), file


@pytest.mark.parametrize(
    "css",
    [
        "",
        "a{b:c}",
        "a{content:'\\f101'}",
        ".a\\:b{c:d\\9}",
        "a{b:url(data:image/png;base64,AA)}",
        "a{b:URL( 'Data:x' )}",
        "a{b:url(#c) url('//d') url(https://e) url(http:f)}",
        "a{b:inset(1px)}",
        "@import url(https://c)d;@IMPORT\n'HTTP://c';@import\"//c\" e;",
        "@important",
    ],
)
def test_a_sheet_that_names_no_file_is_told_by_its_words(css: str) -> None:
    assert (last_sign(css.encode()) >= 0) == (css == "@important")


@pytest.mark.parametrize(
    "css",
    ["a{b:url(c)}", "uRl('c')", "@IMPORT 'c'", "@import url(c)", "@import/**/'//c'", "@import '//c' url(d)",
     "SRC('c')", "-WEBKIT-IMAGE-SET('c')", "u\\72l(c)", "\\u\\rl(c)",
     "@\\000069mport 'c'", "image\\-set('c')"],
)  # fmt: skip
def test_a_sheet_that_may_name_a_file(css: str) -> None:
    assert last_sign(css.encode()) >= 0


@pytest.mark.parametrize(
    ("css", "sign"),
    [
        ("a{b:url(c) url(d) url(data:e)}f{g:h(i)}", "(d)"),
        ("a{b:url(c)}@import 'd';@important", "@important"),
        ("@import 'a';@import '//b';b{c:\\9}", "@import 'a'"),
        ("@import 'a';\\75 rl(b)@media c{}\\f101", "\\75 rl(b)"),
        ("u\\72l(a)src(b)@media c{}", "(b)"),
    ],
)
def test_the_last_sign(css: str, sign: str) -> None:
    assert css[last_sign(css.encode()) :].startswith(sign)


def test_statements_behind_the_last_sign_are_not_read() -> None:
    content = b"a{b:url(c)}d{e:f}g{"
    assert plain_urls(content, 0, 0, last_sign(content)) == ([Url("css-url", 8, 9, 4, 10, False)], 11, 0)


@pytest.mark.parametrize(
    ("css", "rest"),
    [
        ("a{b:c}d{e:f(g(h)) 'i' url(data:j)}", ""),
        ("/* a */ b > c, d:not(.e[f='g']) { h : i; --j: k }\n@font-face{l:m}@media n{o{p:q}}r{}", ""),
        (".a\\:b{c:d\\9}", ""),
        (".\\31 0:is(a,:not([b='c'])):d{e:f(g(h(i))) \"\\f101\" [j]}", ""),
        ("@media (a:b) and (c:1/2){d[e]:not(f){g:url(data:h)}}", ""),
        ("a{b:\\31 url(c)}", "b:\\31 url(c)}"),
        ("a{b:\\:url(c)}", "b:\\:url(c)}"),
        ("a{b:c}@charset 'd';e{}", "@charset 'd';e{}"),
        ("a{b:c}d;e{}", "d;e{}"),
        ("a{b:c}--d:{e}", "--d:{e}"),
        ("a{b:c}@import 'd';", "@import 'd';"),
        ("a{b:src('c')}", "b:src('c')}"),
        ("a{b:image-set('c')}", "b:image-set('c')}"),
        ("a{b:(c]}", "b:(c]}"),
        ("a{b:'c\n'}", "b:'c\n'}"),
        ("a{b:\\75 rl(c)}", "b:\\75 rl(c)}"),
        ("a{}}b{}", "}b{}"),
    ],
)
def test_how_far_statements_are_plain(css: str, rest: str) -> None:
    content = css.encode()
    urls, at, depth = plain_urls(content, 0, 0, len(content))
    assert content[at:].decode() == rest
    assert [content[url.start : url.end] for url in urls if not content.startswith(b"data:", url.start)] == []
    assert depth == (1 if rest.startswith("b:") else 0)


def test_urls_of_plain_declarations() -> None:
    content = b"a{b:url( x?y ) url('z');--c:url(w)}d{e:url(v);f{g:h}}"
    assert plain_urls(content, 0, 0, len(content)) == (
        [
            Url("css-url", 9, 12, 4, 14, False),
            Url("css-url", 20, 21, 15, 23, True),
            Url("css-custom-property", 32, 33, 28, 34, False),
            Url("css-url", 43, 44, 39, 45, False),
        ],
        len(content),
        0,
    )


@pytest.mark.parametrize(
    "unit", [" f(x)", " url('data:,')", " 'x'", " (y(z))", "/**/", " \\:a", "[b]", " /*** **/", "  ", " url(data:,)"]
)
@pytest.mark.parametrize("start", ["a", "a{b:", "@media x{c:d;e:"])
def test_no_statement_is_tried_in_two_ways(unit: str, start: str) -> None:
    """Else the number of tries would double with each unit, and this would not end."""
    content = (start + unit * 100 + " src('x'").encode()
    assert [each.specifier for each in css.find(content)] == ["x"]
