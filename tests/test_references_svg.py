"""Which attributes and style sheets of an SVG name files, where exactly they stand, and which files no browser draws.

What browsers do was seen in Chromium: it fetches what is found here, or what an older browser would.
"""

from __future__ import annotations

import sysconfig
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.dom import minidom
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetbuild.references import svg
from assetbuild.references.svg import find, problem, url_encoding
from assetbuild.syntax.xml import MAX_DEPTH, MAX_NESTED_ENTITIES
from assetbuild.urls import is_local, path_length
from tests.support import packages
from tests.support.needs import need
from tests.test_references_css import oracle as css_oracle

SVG = "http://www.w3.org/2000/svg"
XHTML = "http://www.w3.org/1999/xhtml"
XLINK = "http://www.w3.org/1999/xlink"
MATHML = "http://www.w3.org/1998/Math/MathML"
NAMESPACES = f'xmlns="{SVG}" xmlns:xlink="{XLINK}"'


def document(inner: str, before: str = "") -> str:
    xhtml = f' xmlns:h="{XHTML}"' if "<h:" in inner else ""  # whose name alone would have a file parsed
    return f"{before}<svg {NAMESPACES}{xhtml}>{inner}</svg>"


def spans(content: bytes) -> list[tuple[str, str, str, str]]:
    """Kind, specifier, the bytes that would be replaced, and the whole construct."""
    text = [content[each.start : each.end].decode() for each in find(content)]
    whole = [content[each.whole_start : each.whole_end].decode() for each in find(content)]
    return [(each.kind, each.specifier, *rest) for each, *rest in zip(find(content), text, whole, strict=True)]


def specifiers(text: str) -> list[str]:
    return [each.specifier for each in find(text.encode())]


@pytest.mark.parametrize(
    ("inner", "kind", "specifier", "path", "whole"),
    [
        ('<image href="x.png"/>', "svg-href", "x.png", "x.png", 'href="x.png"'),
        ("<image\n\txlink:href = 'x.png' />", "svg-href", "x.png", "x.png", "xlink:href = 'x.png'"),
        ('<use href="s.svg#icon"/>', "svg-href", "s.svg", "s.svg", 'href="s.svg#icon"'),
        ('<use href="s.svg?v=1#icon"/>', "svg-href", "s.svg", "s.svg", 'href="s.svg?v=1#icon"'),
        (f'<use xmlns:l="{XLINK}" l:href="s.svg"/>', "svg-href", "s.svg", "s.svg", 'l:href="s.svg"'),
        ('<s:use xmlns:s="http://www.w3.org/2000/svg" href="s.svg"/>', "svg-href", "s.svg", "s.svg", 'href="s.svg"'),
        ('<use xmlns:z="urn:z" z:href="n.svg" href="s.svg"/>', "svg-href", "s.svg", "s.svg", 'href="s.svg"'),
        ('<image href=" x.png "/>', "svg-href", "x.png", " x.png ", 'href=" x.png "'),
        ('<image href="a&amp;b&#x2e;png"/>', "svg-href", "a&b.png", "a&amp;b&#x2e;png", 'href="a&amp;b&#x2e;png"'),
        ('<image href="x.png&#63;q"/>', "svg-href", "x.png", "x.png", 'href="x.png&#63;q"'),
        ('<image href="x.svg&#x0023;q"/>', "svg-href", "x.svg", "x.svg", 'href="x.svg&#x0023;q"'),
        ('<image href="&#0000000000000000120;.png"/>', "svg-href", "x.png", "&#0000000000000000120;.png", None),
        ('<image href="&#x00000000078;.png"/>', "svg-href", "x.png", "&#x00000000078;.png", None),
        ('<image href="x&#10;.p&#9;ng"/>', "svg-href", "x.png", "x&#10;.p&#9;ng", None),
        ('<image href="x\r\ny.png"/>', "svg-href", "x y.png", "x\r\ny.png", None),
        ('<image href="ü&#xfc;.png"/>', "svg-href", "üü.png", "ü&#xfc;.png", None),
        ('<image href="a%20b.png"/>', "svg-href", "a%20b.png", "a%20b.png", None),
        ("<image title='>' href='x.png'>a &gt; b</image>", "svg-href", "x.png", "x.png", "href='x.png'"),
        ('<image xml:base="up/" href="x.png"/>', "svg-href", "x.png", "x.png", 'href="x.png"'),
        ('<script href="x.js"/>', "svg-href", "x.js", "x.js", 'href="x.js"'),
        ('<font-face-uri xlink:href="x.svg#f"/>', "svg-href", "x.svg", "x.svg", 'xlink:href="x.svg#f"'),
        ('<set attributeName="xlink:href" to="x.png"/>', "svg-href", "x.png", "x.png", 'to="x.png"'),
        ('<set attributeName="fill" to="url(x.svg#p)"/>', "css-url", "x.svg", "x.svg", "url(x.svg#p)"),
        ('<h:img src="x.png" alt=""/>', "svg-href", "x.png", "x.png", 'src="x.png"'),
        ('<h:video poster="x.png"/>', "svg-href", "x.png", "x.png", 'poster="x.png"'),
        ('<h:object data="x.svg"/>', "svg-href", "x.svg", "x.svg", 'data="x.svg"'),
        ('<h:link rel="alternate StyleSheet" href="x.css"/>', "svg-href", "x.css", "x.css", 'href="x.css"'),
        ('<h:p style="background:url(x.png)"/>', "css-url", "x.png", "x.png", "url(x.png)"),
        (f'<m:mi xmlns:m="{MATHML}" style="background:url(x.png)"/>', "css-url", "x.png", "x.png", "url(x.png)"),
        ('<g fill="url(x.svg#p) red"/>', "css-url", "x.svg", "x.svg", "url(x.svg#p)"),
        ('<g style="mask:none;cursor: url( x.cur ), auto"/>', "css-url", "x.cur", "x.cur", "url( x.cur )"),
        ('<g filter="url(&quot;x.svg#f&quot;)"/>', "css-url", "x.svg", "x.svg", "url(&quot;x.svg#f&quot;)"),
        ("<g filter='url(\"x.svg#f\")'/>", "css-url", "x.svg", "x.svg", 'url("x.svg#f")'),
        ('<g filter="&#117;rl(x&#46;svg&#35;f)"/>', "css-url", "x.svg", "x&#46;svg", "&#117;rl(x&#46;svg&#35;f)"),
        ('<g style="fill:url(#a);mask:url(x.svg)"/>', "css-url", "x.svg", "x.svg", "url(x.svg)"),
        ('<g style="mask:URL( x.svg )"/>', "css-url", "x.svg", "x.svg", "URL( x.svg )"),
        ('<g cursor="Image-Set(\'x.png\' 1x)"/>', "css-url", "x.png", "x.png", "'x.png'"),
        ('<g cursor="src(\'x.png\')"/>', "css-url", "x.png", "x.png", "src('x.png')"),
        ('<g mask="u\\72l(x\\.svg)"/>', "css-url", "x.svg", "x\\.svg", "u\\72l(x\\.svg)"),
        ('<g style="fill:url(&#x27;a&amp;b&#x27;"/>', "css-url", "a&b", "a&amp;b", "url(&#x27;a&amp;b&#x27;"),
        ("<style>a{b:url(x.png)}</style>", "css-url", "x.png", "x.png", "url(x.png)"),
        ("<h:style>a{b:url(x.png)}</h:style>", "css-url", "x.png", "x.png", "url(x.png)"),
        ('<style type="TEXT/css">@import "x.css";</style>', "css-import", "x.css", "x.css", '@import "x.css"'),
        ('<style title=">">@import \'x.css\';</style>', "css-import", "x.css", "x.css", "@import 'x.css'"),
        ("<style><![CDATA[a>b{c:url(x.png)}]]></style >", "css-url", "x.png", "x.png", "url(x.png)"),
        ("<style>a{b:url(<g/>x.png<g/>)}</style>", "css-url", "x.png", "x.png", "url(<g/>x.png<g/>)"),
        ("<style>a{b:u<!-- -->rl(x.png)}</style>", "css-url", "x.png", "x.png", "u<!-- -->rl(x.png)"),
        ("<style>a{}</style><style>@import 'x.css';</style>", "css-import", "x.css", "x.css", "@import 'x.css'"),
        ("<style><![CDATA[/*</style>*/@import 'x.css']]></style>", "css-import", "x.css", "x.css", "@import 'x.css'"),
        ("<style>@im<!-- -->port<![CDATA[ 'x.css' ]]>;</style>", "css-import", "x.css", "x.css", None),
        ("<style>a{b:url(<![CDATA[x]]>&#46;<![CDATA[y]]>)}</style>", "css-url", "x.y", "x]]>&#46;<![CDATA[y", None),
        ("<style>@import <g a='>'>'n.css'<g/></g><?p '?>'x.css'<?q?>;</style>", "css-import", "x.css", "x.css", None),
        ("<style>@import&#32;&quot;x.css&quot;&#59;</style>", "css-import", "x.css", "x.css", None),
        ('<style>@charset "iso-8859-2";@import "ą.css";</style>', "css-import", "ą.css", "ą.css", '@import "ą.css"'),
        ('<style>@import "x.css";<style>@import "n.css";</style></style>', "css-import", "x.css", "x.css", None),
    ],
)  # fmt: skip
def test_a_reference(inner: str, kind: str, specifier: str, path: str, whole: str | None) -> None:
    (found,) = spans(document(inner).encode())
    assert found[:3] == (kind, specifier, path)
    assert whole is None or found[3] == whole


@pytest.mark.parametrize(
    "inner",
    [
        '<image href="#id"/>',
        '<image href=" #id"/>',
        '<image href=""/>',
        '<image href="?x"/>',
        '<image href="data:image/png;base64,AA=="/>',
        '<image href="http://x/y.png"/>',
        '<image href="&#104;ttp://x/y.png"/>',
        '<image href="//x/y.png"/>',
        '<image src="x.png" data-href="x.png" HREF="x.png"/>',
        '<image xmlns:z="urn:z" z:href="x.png"/>',
        '<a href="page"><text>x</text></a>',
        '<a xlink:href="page"/>',
        '<a href="#"><set attributeName="href" to="page"/><animate attributeName="xlink:href" values="page;page"/></a>',
        '<set attributeName="x" to="x.png" from="url(x.png)"/>',
        '<!-- <image href="x.png"/> -->',
        '<text><![CDATA[<image href="x.png"/>]]>&lt;image href="x.png"/&gt;</text>',
        '<?php <image href="x.png"/> ?>',
        '<?xml-stylesheet href="x.css"?>',
        '<metadata><image xmlns="urn:x" href="x.png" style="background:url(x.png)"/></metadata>',
        '<image xmlns="" href="x.png" style="background:url(x.png)"/>',
        '<h:a href="page"/>',
        '<h:iframe src="page"/>',
        '<h:link rel="canonical" href="page"/>',
        '<h:link href="page"/>',
        '<h:img href="x.png" data="x.png" fill="url(x.png)"/>',
        '<g fill="url(#p)" stroke="url(\'#p\')" mask="url( #m )"/>',
        "<g style=\"/* url(x.png) */ content: 'url(x.png)'\"/>",
        "<g style=\"@import 'x.css'; @import url(x.css)\"/>",
        '<g style="fill:red; @import url(x.css)"/>',
        '<g marker="url(x.svg#m)" id="url(x)" class="url(x)" d="url(x)"/>',
        "<title>url(x.png) @import 'x.css';</title>",
        "<style><!-- @import 'x.css'; a{b:url(x.png)} --></style>",
        "<style>/* @import 'x.css' */</style>",
        "<style/><g>@import 'x.css';</g>",
        "<style>a{fill:url(#a)}</style>",
        '<style type="text/less">@import "x.css";</style>',
        '<style type="text/css; charset=utf-8">@import "x.css";</style>',
        '<style xmlns="">@import "x.css";</style>',
        "<style>@import <g>'x.css'</g>;</style>",
        "<style>a{b:url('x&#10;y.png')} a{b:url(z.png)}</style>",  # the third quote opens a string
        "<style>a{b:url(x<![CDATA[.png)]]>}</style>",  # one edge of the section cannot go without the other
        "<style>@import 'a<g/>b'; a{b:url(c<g><image/></g>d)}</style>",  # what would become of the elements?
        '<script>import "./x.js"; new URL("x.png", "url(y.png)")</script>',
        "<script><![CDATA[ '<image href=\"x.png\"/>' ]]></script>",
        '<image href="x\ufffe.png"/>',
    ],
)
def test_no_reference(inner: str) -> None:
    assert specifiers(document(inner)) == []


@pytest.mark.parametrize(
    ("before", "found"),
    [
        ('<?xml-stylesheet href="x.css"?>', [("x.css", "x.css")]),
        ("<?xml version='1.0'?>\n<?xml-stylesheet\ttype='text/css'  href = 'x.css?a#b' ?>", [("x.css", "x.css")]),
        ('<?xml-stylesheet href="a&amp;b&#x2e;css"?>', [("a&b.css", "a&amp;b&#x2e;css")]),
        ('<?xml-stylesheet type="text/xsl" href="x.xsl"?>', [("x.xsl", "x.xsl")]),
        ('<?xml-stylesheet href="x.css"?><?xml-stylesheet href="y.css"?>', [("x.css", "x.css"), ("y.css", "y.css")]),
        ('<!DOCTYPE svg [<?xml-stylesheet href="x.css"?>]>', []),
        ('<?xml-stylesheet-x href="x.css"?>', []),
        ('<?xml-stylesheet href="#s"?>', []),
        ('<?xml-stylesheet href=x.css?>', []),
        ('<?xml-stylesheet href="x.css" alternate=no?>', []),
        ('<?xml-stylesheet title="href=\'x.css\'"?>', []),
        ('<?xml-stylesheet href="&#xd800;&#9999999999;&#0;"?>', [("\ufffd\ufffd", "&#xd800;&#9999999999;&#0;")]),
        ('<!-- <?xml-stylesheet href="x.css"?> -->', []),
        ("<?xml-stylesheet?>", []),
    ],
)  # fmt: skip
def test_a_stylesheet_instruction(before: str, found: list[tuple[str, str]]) -> None:
    content = document("", before).encode()
    assert [(specifier, path) for _, specifier, path, _ in spans(content)] == found


def test_an_instruction_counts_behind_the_root_too() -> None:
    assert spans(document("").encode() + b'\n<?xml-stylesheet href="x.css"?>\n') == [
        ("svg-href", "x.css", "x.css", '<?xml-stylesheet href="x.css"?>')
    ]


def test_references_come_in_source_order() -> None:
    inner = (
        '<set attributeName="href" from="c" to="d"/><style>@import "e";<image href="f"/>g{h:url(g)}</style>'
        '<use style="mask:url(h)" xlink:href="i" mask="url(j)" href="k"/>'
        '<animate attributeName="href" values="l;#x; m;n"/>'
    )
    found = spans(document(inner, '<?xml-stylesheet href="a"?><?xml-stylesheet href="b"?>').encode())
    assert [(specifier, path.strip()) for _, specifier, path, _ in found] == [(each, each) for each in "abcdefghijklmn"]


ENTITIES = f"""<!DOCTYPE svg [
  <!ENTITY ns_svg "{SVG}"> <!ENTITY dir "img/"> <!ENTITY all "img/a.png"> <!ENTITY hash "a.svg#b">
  <!ENTITY open "url('">
  <!ENTITY two "&dir;&dir;"> <!ENTITY style "fill:url(e.svg#x)"> <!ENTITY part "a{{b:url(">
  <!ENTITY use "<use xmlns='{SVG}' href='e.svg'/><style xmlns='{SVG}'>@import 'e.css';</style>">
  <!ENTITY outside SYSTEM "e.xml"> <!ENTITY image SYSTEM "e.png" NDATA png> <!ENTITY % parameter "x">
  <!ENTITY dir "second/"> <!ENTITY space " x"> <!ENTITY markup "<g>'no.css'</g><![CDATA['x.css'\n]]>">
  <!ATTLIST image href CDATA "default.png">
]>"""


@pytest.mark.parametrize(
    ("inner", "found"),
    [
        ('<image href="&all;"/>', [("img/a.png", "&all;")]),
        ('<image href="&dir;x.png"/>', [("img/x.png", "&dir;x.png")]),
        ('<image href="&two;x.png?&dir;#&dir;"/>', [("img/img/x.png", "&two;x.png")]),
        ('<image href="x&outside;.png"/>', []),  # not well-formed
        ('<image href="&hash;"/>', []),  # nothing that could be replaced without losing '#b'
        ('<g fill="url(&dir;x.svg#y)"/>', [("img/x.svg", "&dir;x.svg")]),
        ('<g fill="&open;x.svg\')"/>', [("x.svg", "x.svg")]),
        ('<g fill="url(&space;.svg)"/>', []),  # nor here, without the space
        ('<g style="&style;"/>', []),  # it stands in the declaration
        ("<style>&part;x.png)}</style>", [("x.png", "x.png")]),
        ("<style>@import &markup;</style>", [("x.css", None)]),
        ("<g>&use;</g>", []),
        ('<g>&use;</g><image href="x.png"/>', [("x.png", "x.png")]),
        ("<image/>", []),
        ("<g>&outside;</g><use href='x.svg'/>", [("x.svg", "x.svg")]),
    ],
)
def test_entities(inner: str, found: list[tuple[str, str | None]]) -> None:
    content = f'{ENTITIES}<svg xmlns="&ns_svg;">{inner}</svg>'.encode()
    here = [(specifier, path) for _, specifier, path, _ in spans(content)]
    # What only a whole entity would give is not found: its text stands elsewhere.
    assert here == [(specifier, path) for specifier, path in found if path is not None]


def test_a_namespace_may_come_from_the_dtd() -> None:
    doctype = f'<!DOCTYPE svg [<!ATTLIST svg xmlns CDATA #FIXED "{SVG}">]>'
    assert specifiers(doctype + '<svg a="1"><image xmlns:x="urn:x" href="x.png"/></svg>') == ["x.png"]


@pytest.mark.parametrize(
    ("encoding", "declared", "name", "written"),
    [
        ("utf-8", "", "ü\U0001f600", "ascii"),
        ("utf-8-sig", ' encoding="ISO-8859-1"', "ü", "ascii"),
        ("utf-8", ' encoding="utf-16"', "ü", "ascii"),
        ("utf-8", ' encoding="nonsense"', "ü", "ascii"),
        ("iso-8859-1", ' encoding="ISO-8859-1"', "ü", "ascii"),
        ("cp1252", " encoding='us-ascii' standalone='yes'", "€", "ascii"),
        ("iso-8859-2", ' encoding="ISO-8859-2"', "ą", "ascii"),
        ("cp1251", ' encoding="windows-1251"', "ж", "ascii"),
        ("koi8-r", ' encoding="KOI8-R"', "ж", "ascii"),
        ("cp932", ' encoding="Shift_JIS"', "ソ表", "ascii"),
        ("gb18030", ' encoding="GBK"', "亇", "ascii"),
        ("big5hkscs", ' encoding="big5"', "功", "ascii"),
        ("euc_jp", ' encoding="EUC-JP"', "ソ", "ascii"),
        ("utf-16", "", "ü\U0001f600", "utf-16-le"),
        ("utf-16-le", ' encoding="utf-16"', "ü\U0001f600", "utf-16-le"),
        ("utf-16-be", ' encoding="utf-16"', "ü\U0001f600", "utf-16-be"),
    ],
)
def test_encodings(encoding: str, declared: str, name: str, written: str) -> None:
    inner = f"<title>{name}</title><image href='{name}.png#{name}'/><style>a{{b:url({name}.svg)}}</style>"
    content = document(inner, f'<?xml version="1.0"{declared}?>').encode(encoding)
    found = find(content)
    codec = {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(encoding, encoding)
    assert [each.specifier for each in found] == [f"{name}.png", f"{name}.svg"]
    assert [content[each.start : each.end].decode(codec) for each in found] == [f"{name}.png", f"{name}.svg"]
    assert content[found[1].whole_start : found[1].whole_end].decode(codec) == f"url({name}.svg)"
    assert url_encoding(content) == written
    assert problem(content) is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"|", "no element found"),
        (b"|plain text", "syntax error"),
        (b"|\x89PNG\r\n\x1a\n", "not well-formed (invalid token)"),
        (b"|\x1f\x8b\x08\x00", "not well-formed (invalid token)"),
        (document('<image href="x.png">')[:-6] + "</|svg>", "mismatched tag"),
        (document('<image href="x.png"/>')[:-6] + "|</svg", "unclosed token"),
        (document('<image href="x.png"/>') + "|<g/>", "junk after document element"),
        (document("<image href=|x.png />"), "not well-formed (invalid token)"),
        (document('<image href="x.png" |href="y.png"/>'), "duplicate attribute"),
        (document('<image href="a&b.png|"/>'), "not well-formed (invalid token)"),
        (document('<image href="x.png">|&nbsp;</image>'), "undefined entity"),
        (document("|&nbsp;", '<!DOCTYPE svg SYSTEM "svg.dtd">'), "undefined entity 'nbsp'"),
        (document("|<x:g/>"), "unbound prefix"),
        (f'<svg xmlns="{SVG}">|<use xlink:href="x.svg"/></svg>', "unbound prefix"),
        (document("<title>|\udcfc</title>"), "not well-formed (invalid token)"),
        ('<?xml version="1.0" encoding="cp1252"?><g>|\udc81</g>', "not encoded in cp1252, as the file declares"),
        (f'<?xml version="1.0" encoding="cp1252"?>{document("")[:-6]}\udc80<g></|svg>', "mismatched tag"),
        (b'|<?xml version="1.0" encoding="iso-2022-jp"?><svg/>', "the encoding iso2022_jp cannot be read here"),
        ("<g>" * MAX_DEPTH + "|<g></g>" + "</g>" * MAX_DEPTH, "elements are nested more than 5000 deep"),
        ("<!DOCTYPE a [<!ENTITY a '&a;'>]><a>|&a;</a>", "recursive entity reference"),
        ("\n |<?xml version='1.0'?><svg/>", "XML or text declaration not at start of entity"),
    ],
)  # fmt: skip
def test_a_problem(content: str | bytes, reason: str) -> None:
    marked = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
    content = marked.replace(b"|", b"")
    assert problem(content) == (marked.index(b"|"), reason)
    assert find(content) == []


@pytest.mark.parametrize("letter", ["&#117;", "&#x75;", "&#x0000000075;", "&#0000000117;", "u"])
def test_a_character_may_be_spelled_by_its_number(letter: str) -> None:
    assert specifiers(document(f'<g fill="{letter}rl(x.png)"/>')) == ["x.png"]


def test_a_text_after_an_empty_element_is_none_of_its_attributes() -> None:
    assert specifiers(document('<image href="x.png" />a="b"')) == ["x.png"]


def test_elements_of_an_entity_may_not_be_nested_too_deep_either() -> None:
    depth = MAX_DEPTH // 100
    links = "".join(f"<!ENTITY e{at} '{'&#60;g>' * 100}&e{at + 1};{'&#60;/g>' * 100}'>" for at in range(depth))
    content = document("&e0;", f"<!DOCTYPE svg [{links}<!ENTITY e{depth} ''>]>").encode()
    assert problem(content) == (content.index(b"&e0;</svg>"), "elements are nested more than 5000 deep")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_problem_in_utf_16(encoding: str) -> None:
    before = "\ufeff<g>ü\U0001f600</".encode(encoding)
    assert problem(before + "b>".encode(encoding)) == (len(before), "mismatched tag")
    whole = before + "g>".encode(encoding)
    assert problem(whole) is None
    assert problem(whole + b"a") == (len(whole), f"not encoded in {encoding}, as the file declares")


def test_elements_may_be_nested_as_deep_as_browsers_read() -> None:
    deep = document("<g>" * (MAX_DEPTH - 2) + '<image href="x.png"/>' + "</g>" * (MAX_DEPTH - 2))
    assert specifiers(deep) == ["x.png"]
    assert problem(deep.encode()) is None


def test_a_chain_of_entities_overflows_no_stack() -> None:
    def chain(length: int) -> bytes:
        links = "".join(f'<!ENTITY e{at} "&e{at + 1};">' for at in range(length))
        return document('<image href="&e0;"/>', f'<!DOCTYPE svg [{links}<!ENTITY e{length} "x.png">]>').encode()

    assert [each.specifier for each in find(chain(MAX_NESTED_ENTITIES))] == ["x.png"]
    for length in (MAX_NESTED_ENTITIES + 1, 20_000):
        found = problem(chain(length))
        assert found
        assert found[1] == "more than 100 entities name others"


def test_many_entities_that_name_no_others_are_no_problem() -> None:
    styles = "".join(f'<!ENTITY st{at} "fill:#ccc;">' for at in range(2000))
    assert specifiers(document('<image href="x.png" style="&st7;"/>', f"<!DOCTYPE svg [{styles}]>")) == ["x.png"]


def test_entities_that_multiply_are_refused() -> None:
    links = "".join(f'<!ENTITY e{at} "{f"&e{at + 1};" * 10}">' for at in range(9))
    content = document("&e0;", f'<!DOCTYPE svg [{links}<!ENTITY e9 "{"x" * 100}">]>').encode()
    found = problem(content)
    assert found
    assert found[1] == "limit on input amplification factor (from DTD and entities) breached"


LARGE = 200_000


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (b"<" * LARGE, 0),
        (b'<a href="x">' * (LARGE // 12), 0),
        (b'<image href="' * (LARGE // 13), 0),
        (b'<image href="' + b"x" * LARGE, 0),
        (document('<image href="' + "x" * LARGE + '"/>').encode(), 1),
        (document('<image href="' + "&#120;" * (LARGE // 6) + '"/>').encode(), 1),
        (document('<image href="&#' + "0" * LARGE + '65;"/>').encode(), 1),
        (document('<image href="x" ' + " ".join(f'a{at}=""' for at in range(10_000)) + "/>").encode(), 1),
        (document('<g fill="url(' + " " * LARGE + ')"/>').encode(), 0),
        (document('<g fill="' + "url(" * (LARGE // 4) + '"/>').encode(), 0),
        (document("<style>" + "<!-- -->@" * (LARGE // 9) + "</style>").encode(), 0),
        (document("<style>@" + "<style>" * 1000 + "</style>" * 1001).encode(), 0),
        (document("<style>@import '" + "&lt;" * (LARGE // 4) + "';</style>").encode(), 1),
        (b'<?xml-stylesheet href="' + b"&" * LARGE + b'"?>' + document("").encode(), 1),
        (b"<style " * (LARGE // 7), 0),
        (b"url(" + b" " * LARGE, 0),
        (b"href" + b" " * LARGE, 0),
    ],
)
def test_what_is_large_takes_no_time_that_grows_faster(content: bytes, count: int) -> None:
    assert len(find(content)) == count
    problem(content)


# The oracle: the same rules over ElementTree, which knows no places, and tinycss2.

PRESENTATION = {*("fill", "stroke", "filter", "mask", "clip-path", "cursor", "color-profile", "shape-inside")} | {
    *("shape-subtract", "marker-start", "marker-mid", "marker-end")
}
SOURCES = {"img": ["src"], "video": ["src", "poster"], "object": ["data"], "script": ["src"]}


def oracle(content: bytes) -> Iterator[tuple[str, str]]:
    for node in minidom.parseString(content).childNodes if b"<?xml-stylesheet" in content else ():
        if node.nodeType == node.PROCESSING_INSTRUCTION_NODE and node.target == "xml-stylesheet":
            yield from oracle_url(ET.fromstring(f"<x {node.data}/>").get("href", ""))
    yield from oracle_element(ET.fromstring(content), None, in_style=False)


def oracle_element(element: ET.Element, parent: str | None, *, in_style: bool) -> Iterator[tuple[str, str]]:
    namespace, _, name = element.tag.rpartition("}")
    namespace = namespace[1:]
    animated = element.get("attributeName", "") if element.tag in (f"{{{SVG}}}set", f"{{{SVG}}}animate") else ""
    urls, styles = SOURCES.get(name, []) if namespace == XHTML else [], set()
    if namespace == SVG:
        styles |= PRESENTATION | {"style"}
        urls = ["href", f"{{{XLINK}}}href"] if name != "a" else []
    elif namespace == XHTML:
        styles.add("style")
    if animated in PRESENTATION:
        styles |= {"from", "to", "values"}
    elif animated in ("href", "xlink:href") and parent != f"{{{SVG}}}a":
        urls = [*urls, "from", "to", "values"]
    for attribute, value in element.attrib.items():
        if attribute in urls:
            for part in value.split(";") if attribute == "values" else [value]:
                yield from oracle_url(part)
        elif attribute in styles:
            yield from (each for each in css_oracle("a{" + value) if each[0] == "css-url")
    is_style = name == "style" and namespace in (SVG, XHTML)
    if is_style and not in_style and element.get("type", "").lower() in ("", "text/css"):
        yield from css_oracle((element.text or "") + "".join(child.tail or "" for child in element))
    for child in element:
        yield from oracle_element(child, element.tag, in_style=in_style or is_style)


def oracle_url(url: str) -> Iterator[tuple[str, str]]:
    if is_local(url):
        path = url[: path_length(url)].strip("".join(map(chr, range(33))))
        yield "svg-href", path.replace("\t", "").replace("\n", "").replace("\r", "")


# Generated documents: any text may be written in any way that XML has for it.

URLS = [
    "a.png", "b c.svg", "d&e", "'f'", '"', "#g", "s.svg#i", "?q", "h.css?v#i", "data:,x", "//x/y", " j ", "k\\l", "ü",
    "&e;",
]  # fmt: skip
CSS = [
    "url(", "URL('", "u\\72l(", "image-set(", "@import ", "@media x", "a{b:", "}", ")", "'", '"', ";", "/*", "*/",
    "a.png", "b c", "#g", "s.svg#i", "\\", "<", "&", ">", "]", " ", "\n", "é", "x",
]  # fmt: skip
ATTRIBUTES = ["href", "xlink:href", "l:href", "z:href", "src", "style", "fill", "mask", "id", "to", "values", "poster"]
NAMES = ["g", "a", "use", "image", "set", "animate", "style", "h:img", "h:video", "h:style", "h:p", "z:use", "svg:use"]
FOREIGN = f"xmlns:z='urn:z' xmlns:l='{XLINK}' xmlns:svg='{SVG}'"
HEAD = f"<svg {NAMESPACES} xmlns:h='{XHTML}' {FOREIGN} href='first.svg' z:href='z'>"
DOCTYPE = "<!DOCTYPE svg [<!ENTITY e 'dir/x'><!-- <image href='n'/> -->]>"


def quoted(text: str) -> str:
    return escape(text, {'"': "&quot;", "'": "&apos;", "\n": "&#10;"})


def all_numbers(text: str) -> str:
    return "".join(f"&#{ord(char)};" for char in text)


def some_numbers(text: str) -> str:
    return "".join(f"&#x{ord(char):X};" if at % 3 == 1 else quoted(char) for at, char in enumerate(text))


def spelled(parts: list[str]) -> st.SearchStrategy[str]:
    """Some of `parts` in a row, as a text of XML; '&e;' stays what it is."""
    spellings = st.sampled_from([escape, quoted, all_numbers, some_numbers])
    return st.builds(
        lambda chosen, spell: "&e;".join(spell(part) for part in "".join(chosen).split("&e;")),
        st.lists(st.sampled_from(parts), max_size=6),
        spellings,
    )


def write_attribute(name: str, url: str, styles: str, is_odd: bool, quote: str, equals: str) -> tuple[str, str]:
    value = styles if is_odd or name in ("style", "fill", "mask") else url
    return name, f" {name}{equals}{quote}{value.replace(quote, f'&#{ord(quote)};')}{quote}"


def write_element(
    name: str, attributes: list[tuple[str, str]], animated: str, url: str, styles: str, inner: list[str]
) -> str:
    tag = name + "".join({name.replace("l:", "xlink:"): written for name, written in attributes}.values())
    if name in ("set", "animate"):
        tag += f" attributeName='{animated}'"
    if "style" in name:  # a URL around an element cannot be replaced, so that no text may follow upon one
        inner = [each for each in inner if each != "&e;"]
    content = (styles if "style" in name else url) + "".join(inner)
    return f"<{tag}>{content}</{name}>" if content else f"<{tag}/>"


of_urls, of_styles = spelled(URLS), spelled(CSS)
attributes = st.lists(
    st.builds(
        write_attribute,
        st.sampled_from(ATTRIBUTES),
        of_urls,
        of_styles,
        st.sampled_from([False, False, False, True]),
        st.sampled_from("'\""),
        st.sampled_from(["=", " =\n"]),
    ),
    max_size=3,
)
cdata = st.lists(st.sampled_from([part for part in CSS if part != "]"])).map(
    lambda parts: f"<![CDATA[{''.join(parts)}]]>"
)
markup = st.sampled_from(["<!-- url(n) <use href='n'/> @import 'n' -->", "<?p <use href='n'/>?>", "&e;", "<g/>"])
element: st.SearchStrategy[str] = st.deferred(
    lambda: st.builds(
        write_element,
        st.sampled_from(NAMES),
        attributes,
        st.sampled_from(["href", "xlink:href", "fill", "x"]),
        of_urls,
        of_styles,
        st.lists(st.one_of(markup, element), max_size=2),
    )
)
style = st.builds("<style{}>{}{}</style>".format, st.sampled_from([" title='>'", ""]), markup, cdata)
instructions = st.sampled_from(["", '<?xml-stylesheet href="p.css?x"?>', "<?xml-stylesheet href='q&amp;r.css' ?>"])
inside = st.lists(st.one_of(element, style), min_size=1, max_size=3).map("".join)
documents = st.builds("{}{}{}{}</svg>".format, instructions, st.just(DOCTYPE), st.just(HEAD), inside).map(str.encode)


def found_in(content: bytes) -> list[tuple[str, str]]:
    """Sorted: to the oracle the text of a style element comes before the elements in it."""
    return sorted((each.kind, each.specifier) for each in find(content))


def all_of(content: bytes) -> list[tuple[str, str]]:
    return sorted(oracle(content))


@settings(max_examples=40)
@given(documents)
def test_findings_are_those_of_other_parsers(content: bytes) -> None:
    assert problem(content) is None
    assert found_in(content) == all_of(content)


@settings(max_examples=40)
@given(documents)
def test_a_replaced_url_reads_as_written_and_changes_no_other(content: bytes) -> None:
    references = find(content)
    new = [f"../n-_~%20/{at}.F.png" for at in range(len(references))]
    for each, url in reversed([*zip(references, new, strict=True)]):
        assert each.whole_start <= each.start < each.end <= each.whole_end
        content = content[: each.start] + url.encode() + content[each.end :]
    assert all_of(content) == sorted((each.kind, url) for each, url in zip(references, new, strict=True))


@settings(max_examples=40)
@given(documents)
def test_utf_16_has_the_references_of_utf_8(content: bytes) -> None:
    wide = content.decode().encode("utf-16-le")
    of_wide, of_utf8 = find(wide), find(content)
    assert [wide[each.start : each.end].decode("utf-16-le").encode() for each in of_wide] == [
        content[each.start : each.end] for each in of_utf8
    ]
    assert [(each.kind, each.specifier) for each in of_wide] == [(each.kind, each.specifier) for each in of_utf8]


@settings(max_examples=40)
@given(inside)
def test_what_is_not_parsed_has_no_reference(inner: str) -> None:
    content = f"<svg {NAMESPACES} {FOREIGN} xmlns:h='urn:h'>{inner}</svg>".replace("&e;", "e").encode()
    if not svg._may_name(content):
        assert all_of(content) == []


@pytest.mark.parametrize(
    "inner",
    [
        '<path d="M0 0h10v10z" fill="url(#a)" stroke="url(\'#b\')"/>',
        "<use href=\"#icon\"/><use xlink:href='#icon'/><title>R&amp;D</title>",
        '<style type="text/css">.st0{fill:#fff}</style><g class="st0" transform="translate(1,2)"/>',
        '<symbol id="a"><path style="fill:#fff"/></symbol>',
        '<font><glyph unicode="&#xf000;"/><glyph unicode="&#57344;"/></font>',
        '<font><glyph unicode="&#x09;"/><glyph unicode="&#x20;"/><glyph unicode="&#xa0;"/></font>',
        "<image xlink:href=\"data:image/png;base64,AA==\"/><a href='https://a.b/c'/>",
    ],
)
def test_icons_are_not_parsed(inner: str) -> None:
    assert not svg._may_name(document(inner).encode())


@pytest.mark.parametrize("character", ["&#x7f;", "&#x28;", "&#x0075;", "&#117;", "&#x2;", "&e;"])
def test_what_may_spell_a_word_is_parsed(character: str) -> None:
    assert svg._may_name(document(f"<title>{character}</title>").encode())


# Files that people serve.


def assert_like_the_oracle(files: list[Path]) -> None:
    for file in files:
        content = file.read_bytes()
        assert problem(content) is None, file
        assert found_in(content) == all_of(content), file
        # The same file with something to find in it, so that all of it is read.
        marked = content.replace(b"</svg>", b'<image xmlns="http://www.w3.org/2000/svg" href="marker.png"/></svg>')
        assert found_in(marked) == all_of(marked), file


def test_findings_in_installed_files_are_those_of_other_parsers() -> None:
    files = sorted(Path(sysconfig.get_path("purelib")).rglob("*.svg"))
    if not files:
        pytest.skip("no installed package brings an SVG")
    assert_like_the_oracle(files)


def test_findings_in_sprites_are_those_of_other_parsers() -> None:
    package = replace(packages.FONT_AWESOME, keep=("sprites/", "svgs/regular/"))
    directory = need(lambda: packages.fetch(package))
    files = sorted(directory.rglob("*.svg"))
    assert len(files) > 150
    assert_like_the_oracle(files)
