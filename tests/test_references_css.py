"""Which URLs of a style sheet name files, where exactly they stand, and that the replaced bytes are CSS again."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
import tinycss2
from hypothesis import assume, given
from hypothesis import strategies as st

from assetbuild.references.css import find, url_encoding
from assetbuild.urls import is_local, path_length


def spans(content: bytes) -> list[tuple[str, str, bytes, bytes]]:
    return [
        (each.kind, each.specifier, content[each.start : each.end], content[each.whole_start : each.whole_end])
        for each in find(content)
    ]


def specifiers(css: str) -> list[str]:
    return [each.specifier for each in find(css.encode())]


@pytest.mark.parametrize(
    ("css", "kind", "specifier", "path", "whole"),
    [
        ("a{b:url(x.png)}", "css-url", "x.png", "x.png", "url(x.png)"),
        ("a{b:url( x.png\n)}", "css-url", "x.png", "x.png", "url( x.png\n)"),
        ('a{b:URL( "q\\"x.png" )}', "css-url", 'q"x.png', 'q\\"x.png', 'URL( "q\\"x.png" )'),
        ("a{b:url(/*x*/y.png)}", "css-url", "/*x*/y.png", "/*x*/y.png", "url(/*x*/y.png)"),
        ("a{b:url(a\\ b\\).png)}", "css-url", "a b).png", "a\\ b\\).png", "url(a\\ b\\).png)"),
        ("a{b:url(a\\41 )}", "css-url", "aA", "a\\41 ", "url(a\\41 )"),
        ("a{b:u\\72l(x.png)}", "css-url", "x.png", "x.png", "u\\72l(x.png)"),
        ("a{b:\\55\\52\\4c('x.png')}", "css-url", "x.png", "x.png", "\\55\\52\\4c('x.png')"),
        ("a{b:src( 'x.png' )}", "css-url", "x.png", "x.png", "src( 'x.png' )"),
        ("a{b:url('x.png' mod(1))}", "css-url", "x.png", "x.png", "url('x.png' mod(1))"),
        ("a{b:url(/* c */'x.png')}", "css-url", "/* c */'x.png'", "", ""),
        ("a{--x: url(x.png)}", "css-custom-property", "x.png", "x.png", "url(x.png)"),
        ("a{b:url(x.eot?#iefix)}", "css-url", "x.eot", "x.eot", "url(x.eot?#iefix)"),
        ("a{b:url(x.svg#icon)}", "css-url", "x.svg", "x.svg", "url(x.svg#icon)"),
        ("a{b:url(x.eot\\3f #iefix)}", "css-url", "x.eot", "x.eot", "url(x.eot\\3f #iefix)"),
        ("a{b:url('x\\.eot\\?y')}", "css-url", "x.eot", "x\\.eot", "url('x\\.eot\\?y')"),
        ("a{b:url('x.p\\\nng?y')}", "css-url", "x.png", "x.p\\\nng", "url('x.p\\\nng?y')"),
        ("a{b:url(' x.png ')}", "css-url", "x.png", " x.png ", "url(' x.png ')"),
        ("a{b:url(a%20b.png)}", "css-url", "a%20b.png", "a%20b.png", "url(a%20b.png)"),
        ("a{b:url('\\9 x.p\\a ng')}", "css-url", "x.png", "\\9 x.p\\a ng", "url('\\9 x.p\\a ng')"),
        ("a{b:image-set('x.png' 1x)}", "css-url", "x.png", "x.png", "'x.png'"),
        ("a{b:-webkit-Image-Set(\n'x.png' 1x)}", "css-url", "x.png", "x.png", "'x.png'"),
        ("a{b:image\\-set('x.png' 1x)}", "css-url", "x.png", "x.png", "'x.png'"),
        ("a{b:url(x.png", "css-url", "x.png", "x.png", "url(x.png"),
        ("a{b:url('x.png", "css-url", "x.png", "x.png", "url('x.png"),
        ("a{b:url('x.png' ", "css-url", "x.png", "x.png", "url('x.png' "),
        ("@font-face{src:local('x'),url(x.woff)format('woff')}", "css-url", "x.woff", "x.woff", "url(x.woff)"),
        ("@media print{a{b:url(x.png)}}", "css-url", "x.png", "x.png", "url(x.png)"),
        ("@supports (a:url(n.png)){a{b:url(x.png)}}", "css-url", "x.png", "x.png", "url(x.png)"),
        ("@function --f(--x: url(x.png)){}", "css-url", "x.png", "x.png", "url(x.png)"),
        ("\ufeffa{b:url(x.png)}", "css-url", "x.png", "x.png", "url(x.png)"),
        ('@import"x.css";', "css-import", "x.css", "x.css", '@import"x.css"'),
        ("@IMPORT 'x.css?a' print;", "css-import", "x.css", "x.css", "@IMPORT 'x.css?a'"),
        ("@\\69mport 'x.css';", "css-import", "x.css", "x.css", "@\\69mport 'x.css'"),
        (
            '@import/**/url("a b.css")screen layer(x) supports(background:url(n.png));',
            "css-import", "a b.css", "a b.css", '@import/**/url("a b.css")',
        ),
        ("@import url( x.css ) layer;", "css-import", "x.css", "x.css", "@import url( x.css )"),
        ("@import src('x.css')", "css-import", "x.css", "x.css", "@import src('x.css')"),
        ("a{}@import 'x.css';", "css-import", "x.css", "x.css", "@import 'x.css'"),
        ("@media print{@import 'x.css'}", "css-import", "x.css", "x.css", "@import 'x.css'"),
        ("<!-- @import 'x.css';", "css-import", "x.css", "x.css", "@import 'x.css'"),
        ("\ufeff@import 'x.css';", "css-import", "x.css", "x.css", "@import 'x.css'"),
    ],
)  # fmt: skip
def test_a_reference(css: str, kind: str, specifier: str, path: str, whole: str) -> None:
    # In `url(/* c */'x')` the comment is part of a broken URL, not of a reference.
    wanted = [(kind, specifier, path.encode(), whole.encode())] if whole else []
    assert spans(css.encode()) == wanted


@pytest.mark.parametrize(
    "css",
    [
        "/* url(x.png) @import 'x'; */",
        "a{content:'url(x.png)'}",
        "a{content:\"@import 'x';\"}",
        "a{content:'\\'url(x.png)'}",
        "@namespace svg url(x);@namespace 'y';",
        "@-moz-document url(x){a{b:c}}",
        "@document url(x),url-prefix(y){}",
        "@charset 'x';",
        "a{b:url(#id)}",
        'a{b:url("#id")}',
        "a{b:url()}",
        'a{b:url("")}',
        "a{b:url(?x)}",
        "a{b:url(data:image/png;base64,AA==)}",
        "a{b:url(' DATA:x')}",
        "a{b:url(http://x/y.png)}",
        "a{b:url(h\\74tp://x/y.png)}",
        "a{b:url(//x/y.png)}",
        "a{b:url('\\\\\\\\x/y.png')}",
        "a{b:url(a b)}",
        "a{b:url('x\n')}",
        "a{filter:progid:DXImageTransform.Microsoft.AlphaImageLoader(src='x.png')}",
        "a{b:image-set(linear-gradient(red) type('image/png'))}",
        "a{b:curl(x.png) my-url('x.png') url-('x.png') #url('x.png') 1url('x.png') @url('x.png')}",
        "a{b:url ('x.png')}",
        "a{b:format('x.png') attr('y')}",
        "a{b:url(var(--x))}",
        "a{b:url(/**/ 'x.png')}",
        "a{b:c @import 'x';}",
        "a;@import 'x';{}",
        "f(;@import 'x';)",
        "@import;'x'",
        "@import foo 'x' url(y);",
        "@import <!-- 'x' url(y);",
        "@import/**/--> url(y) 'x';",
        "@import-x 'y';",
        "a{--x:{@import 'y';}}",
        "a{--x/**/:{@import 'y'}b}",
        "a{\\2d-x:[{@import 'y';}]}",
        "--x:{@import 'y';}",
        "a{b:image('x.png')}",
        "a{b:attr(x type(<url>))}",
        "@container style(--x: 'x.png'){}",
    ],
)
def test_no_reference(css: str) -> None:
    assert specifiers(css) == []


@pytest.mark.parametrize(
    ("css", "found"),
    [
        ("a{--x:{b:url(x)};@import 'y'}", ["x", "y"]),
        ("--x:{@import 'n';}@import 'y';", ["y"]),
        ("a{b:cross-fade(url(x), url('y'), 50%)}", ["x", "y"]),
        ("a{content:url(x) / 'alt'}", ["x"]),
        ("a{b:url('x' crossorigin(anonymous) integrity('n'))}", ["x"]),
        ("a{behavior:url(x.htc);-moz-binding:url(y.xml#z)}", ["x.htc", "y.xml"]),
        ("@counter-style a{symbols:url(x)}@color-profile --b{src:url(y.icc)}", ["x", "y.icc"]),
        ("a{shape-outside:url(x);offset-path:url(y#z);clip-path:url(#n)}", ["x", "y"]),
        ("@font-face{src:url(x)format('n')tech(color-COLRv1),local('n')}", ["x"]),
        ("@container style(--x: url(x)){a{b:url(y)}}", ["x", "y"]),
        ("<!-- @import 'x'; --> @import 'y';", ["x", "y"]),
        ("@layer a{@import 'x'}@view-transition{navigation:auto}", ["x"]),
    ],
)
def test_where_urls_stand(css: str, found: list[str]) -> None:
    assert specifiers(css) == found


def test_references_come_in_source_order() -> None:
    css = "@import 'a';b{c:image-set('b' 1x type('n'),url(c) 2x,\"d\"type('n'),src('e') 3x);f:url('f'),url(g)}"
    assert specifiers(css) == ["a", "b", "c", "d", "e", "f", "g"]


def test_a_block_ends_what_was_open_in_it() -> None:
    assert specifiers("@namespace x{a:url(a)}@supports (b:url(n)){c:url(c)}d{e:url(e)") == ["a", "c", "e"]


@pytest.mark.parametrize(
    ("content", "specifier", "path", "written"),
    [
        ("ü".encode().join([b"a{b:url(", b".png)}"]), "ü.png", "ü.png".encode(), "ascii"),
        (b"a{b:url(\xfc.png)}", "ü.png", b"\xfc.png", "ascii"),
        (b'@charset "iso-8859-2";a{b:url(\xb1.png)}', "ą.png", b"\xb1.png", "ascii"),
        (b'@charset "shift_jis";a{b:url(\x83\x5c.png)}', "ソ.png", b"\x83\x5c.png", "ascii"),
        (b'@charset "gbk";a{b:url(\x81\x7d.png)}', "亇.png", None, "ascii"),
        (b"@charset \"big5\";a{b:url('\xa5\x5c.png')}", "功.png", b"\xa5\x5c.png", "ascii"),
        (b'@charset "euc-jp";a{b:url(\xa5\xbd.png)}', "ソ.png", b"\xa5\xbd.png", "ascii"),
        (
            b'@charset "iso-2022-jp";a{b:url(\'' + "日本".encode("iso2022_jp") + b"')}",
            "日本",
            "日本".encode("iso2022_jp"),
            "ascii",
        ),
        ("\ufeffa{b:url(ü\U0001f600.png?x)}".encode("utf-16-le"), "ü\U0001f600.png", None, "utf-16-le"),
        ("\ufeffa{b:url(ü\U0001f600.png?x)}".encode("utf-16-be"), "ü\U0001f600.png", None, "utf-16-be"),
        (b'\xef\xbb\xbf@charset "utf-16";a{b:url(x)}', "x", b"x", "ascii"),
    ],
)
def test_encodings(content: bytes, specifier: str, path: bytes | None, written: str) -> None:
    (found,) = find(content)
    if path is None:
        codec = {"utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be"}.get(written, "gb18030")
        path = found.specifier.encode(codec)
    assert (found.specifier, content[found.start : found.end]) == (specifier, path)
    assert url_encoding(content) == written


def test_an_odd_byte_at_the_end_of_utf_16_is_no_error() -> None:
    assert [each.specifier for each in find("\ufeffa{b:url(x)}".encode("utf-16-le") + b"a")] == ["x"]


PIECES = [
    "@import", "@namespace", "@supports", "@media", "@charset", "@x", "url(", "URL('", "src('", "image-set(",
    "-webkit-image-set(", "type(", "u\\72l(", "f(", "a.png", "b c", "'s.png'", '"t.png"', "x", "?q", "#f", "data:y",
    "//h", "\\3f ", "\\ ", "\\29 ", "\\", "'", '"', ")", "(", "{", "}", "[", "]", ";", ":", ",", " ", "\n", "/*", "*/",
    "-->", "<!--", "--v", "1", ".", "+", "#", "!", "rl(", "é",
]  # fmt: skip
# See test_syntax_css.py: here tinycss2 is not the standard.
NOT_STANDARD = re.compile(r"rl\([^)]*\\[\\\n\r\f]", re.IGNORECASE)
css_like = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@given(css_like)
def test_findings_are_those_of_tinycss2(css: str) -> None:
    assume(not NOT_STANDARD.search(css))
    assert [(each.kind, each.specifier) for each in find(css.encode())] == list(oracle(css))


@given(css_like)
def test_a_replaced_url_reads_as_written_and_changes_no_other(css: str) -> None:
    content = css.encode()
    references = find(content)
    new = b"../n-_~%20/0a.F.png"
    for each in reversed(references):
        content = content[: each.start] + new + content[each.end :]
    assert [(each.kind, each.specifier) for each in find(content)] == [(each.kind, new.decode()) for each in references]


@given(css_like)
def test_utf_16_has_the_references_of_utf_8(css: str) -> None:
    content = ("\ufeff" + css).encode("utf-16-le")
    found = find(content)
    assert [each.specifier for each in found] == specifiers(css)
    written = [css.encode()[each.start : each.end].decode() for each in find(css.encode())]
    assert [content[each.start : each.end].decode("utf-16-le") for each in found] == written


def real_files() -> list[Path]:
    return sorted(Path(sysconfig.get_path("purelib")).rglob("*.css"))


def test_findings_in_real_files_are_those_of_tinycss2() -> None:
    files = real_files()
    if not files:
        pytest.skip("no installed package brings a style sheet")
    for file in files:
        content = file.read_bytes()
        assert [(each.kind, each.specifier) for each in find(content)] == list(oracle(content.decode())), file


# The oracle: the same rules over tinycss2's tree.

MUTE = ("namespace", "document", "-moz-document", "supports")


def oracle(css: str) -> Iterator[tuple[str, str]]:
    for kind, url in statements(tinycss2.parse_component_value_list(css, skip_comments=True), top=True):
        url = url.strip("".join(map(chr, range(33)))).replace("\t", "").replace("\n", "").replace("\r", "")
        if is_local(url):
            yield kind, url[: path_length(url)]


def statements(nodes: list, *, top: bool) -> Iterator[tuple[str, str]]:
    """Cut into statements at `;` and `{}`; a top-level `;` ends at-rules only."""
    statement: list = []
    for node in nodes:
        if not statement and (node.type == "whitespace" or (node.type == "literal" and node.value in ("<!--", "-->"))):
            continue
        if node.type == "{} block" and statement and is_custom(statement[0]):
            statement.append(node)
            if top:
                yield from statement_urls(statement)
                statement = []
        elif node.type == "{} block":
            yield from statement_urls(statement)
            yield from statements(node.content, top=False)
            statement = []
        elif node == ";" and not (top and (not statement or statement[0].type != "at-keyword")):
            yield from statement_urls(statement)
            statement = []
        else:
            statement.append(node)
    yield from statement_urls(statement)


def is_custom(node: object) -> bool:
    name = getattr(node, "name", None) if getattr(node, "type", None) == "function" else getattr(node, "value", None)
    return getattr(node, "type", None) in ("ident", "function") and name.startswith("--")


def statement_urls(nodes: list) -> Iterator[tuple[str, str]]:
    name = nodes[0].lower_value if nodes and nodes[0].type == "at-keyword" else None
    if name == "import":
        target = next((node for node in nodes[1:] if node.type != "whitespace"), None)
        url = target and (target.value if target.type in ("string", "url") else function_url(target))
        if url is not None:
            yield "css-import", url
    elif name not in MUTE:
        custom = bool(nodes) and is_custom(nodes[0])
        yield from (("css-custom-property" if custom else kind, url) for kind, url in urls(nodes))


def urls(nodes: list) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if node.type == "url":
            yield "css-url", node.value
        elif node.type == "function":
            first = next((each for each in node.arguments if each.type != "whitespace"), None)
            if function_url(node) is not None:
                yield "css-url", first.value
                yield from urls(node.arguments[node.arguments.index(first) + 1 :])
            elif node.lower_name in ("image-set", "-webkit-image-set"):
                for each in node.arguments:
                    yield from [("css-url", each.value)] if each.type == "string" else urls([each])
            else:
                yield from urls(node.arguments)
        elif node.type in ("() block", "[] block", "{} block"):
            yield from urls(node.content)


def function_url(node: object) -> str | None:
    if getattr(node, "lower_name", None) in ("url", "src"):
        first = next((each for each in node.arguments if each.type != "whitespace"), None)
        return first.value if first is not None and first.type == "string" else None
    return None
