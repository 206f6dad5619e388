from __future__ import annotations

import time

import pytest

from assetbuild.model import Reference
from assetbuild.references.sourcemap import comment_span, find, inline_url, strip

JS_COMMENTS = [
    b"a()\n//# sourceMappingURL=a.js.map",
    b"a()\n//# sourceMappingURL=a.js.map\n",
    b"a()\r\n//# sourceMappingURL=a.js.map\r\n\r\n \t",
    b"a()\n  //@ sourceMappingURL=a.js.map",
    b"a()\n//#sourceMappingURL=a.js.map",
    b"a()\n//#\tsourceMappingURL=a.js.map",
    b"//# sourceMappingURL=a.js.map",
    b"a();//# sourceMappingURL=a.js.map",
    b"x='http://b';//# sourceMappingURL=a.js.map",
    b"x=/[//]/;//# sourceMappingURL=a.js.map",
    b"a() /*# sourceMappingURL=a.js.map */",
    b"a()\n/*@ sourceMappingURL=a.js.map*/\n",
    b"x='image/*'\n//# sourceMappingURL=a.js.map",
    b"x='*/*'\n/*# sourceMappingURL=a.js.map */",
    b"/* one */ x='*/*'\n//# sourceMappingURL=a.js.map",
    b"*\n//# sourceMappingURL=a.js.map",
    b"x='/*a'" + b"*a" * 1_000 + b"\n//# sourceMappingURL=a.js.map",
    b"/* one */ a() /* two */\n//# sourceMappingURL=a.js.map",
    b"x=`\n//# sourceMappingURL=b.js.map\n`\n//# sourceMappingURL=a.js.map",
    b"//# sourceMappingURL=b.js.map\n//# sourceMappingURL=a.js.map",
    b"x='\xe9'\n//# sourceMappingURL=a.js.map",
    b"let = = =\n//# sourceMappingURL=a.js.map",
    b"// a\r//# sourceMappingURL=a.js.map",
    b"//# sourceMappingURL=a.js.map" + b"\n" * 1_000,
    b"/*# sourceMappingURL=a.js.map" + b" " * 1_000 + b"*/" + b"\n" * 1_000,
    b"//# sourceMappingURL=a.js.map?" + b"x" * 1_000,
]

CSS_COMMENTS = [
    b"a{}\n/*# sourceMappingURL=a.js.map */",
    b"a{}/*# sourceMappingURL=a.js.map*/\n\n",
    b"a{}\n/*@ sourceMappingURL=a.js.map */",
    b"a{b:'/*'}\n/*# sourceMappingURL=a.js.map */",
    b"a{b:url(x/*y)}/*# sourceMappingURL=a.js.map */",
    b"a{b:'\\\n/*'}/*# sourceMappingURL=a.js.map */",
    b"/* ' */a{}/*# sourceMappingURL=a.js.map */",
    b"a{b:'bad\n}/*# sourceMappingURL=a.js.map */",
]

JS_NONE = [
    b"",
    b"a()",
    b"sourceMappingURL=a.map",
    b"// sourceMappingURL=a.map",
    b"//# sourceMappingURL=a.map\na()",
    b"//# sourceMappingURL=a.map b",
    b"//# sourceMappingURL= a.map",
    b"//# sourceMappingUrl=a.map",
    b'"//# sourceMappingURL=a.map"',
    b"'\\\n//# sourceMappingURL=a.map'",
    b"`\n//# sourceMappingURL=a.map`",
    b"`\n//# sourceMappingURL=a.map\n`",
    b"a() // see //# sourceMappingURL=a.map",
    b"a() // see /*# sourceMappingURL=a.map */",
    b"/*\n//# sourceMappingURL=a.map */",
    b"/*\n//# sourceMappingURL=a.map*/",
    b"/*\n//# sourceMappingURL=a.map",
    b"/* a\n/*# sourceMappingURL=a.map */",
    b"/*' a\n/*# sourceMappingURL=a.map */",
    b"/*/ a\n//# sourceMappingURL=a.map",
    b"/* a *//# sourceMappingURL=a.map",
    b"/*" + b" *" * 1_000 + b"\n//# sourceMappingURL=a.map",
    b"/*# sourceMappingURL=a.map",
    b"/*# sourceMappingURL=a.map */ a()",
    b"/*# sourceMappingURL=a.map */ */",
    b"//# sourceMappingURL=a.map" + b"x" * 1_000 + b"'" + b"x" * 100,
    b"/*# sourceMappingURL=a.map */ // b",
]

CSS_NONE = [
    b"a{}//# sourceMappingURL=a.map",
    b"a{}/* see\n/*# sourceMappingURL=a.map */",
    b"a{b:'/*# sourceMappingURL=a.map */",
    b"a{b:url(/*# sourceMappingURL=a.map */",
    b"/*# sourceMappingURL=a.map */a{}",
]


@pytest.mark.parametrize("content", JS_COMMENTS)
def test_the_last_comment_of_a_script_names_its_map(content: bytes) -> None:
    found = find(content, "js")
    assert found is not None
    assert (found.kind, found.specifier, content[found.start : found.end]) == ("source-map", "a.js.map", b"a.js.map")


@pytest.mark.parametrize("content", CSS_COMMENTS)
def test_the_last_comment_of_a_style_sheet_names_its_map(content: bytes) -> None:
    found = find(content, "css")
    assert found is not None
    assert (found.specifier, content[found.start : found.end]) == ("a.js.map", b"a.js.map")


@pytest.mark.parametrize("content", JS_NONE)
def test_a_script_without_such_a_comment_at_its_end_names_none(content: bytes) -> None:
    assert comment_span(content, "js") is None
    assert strip(content, "js") == content


@pytest.mark.parametrize("content", CSS_NONE)
def test_a_style_sheet_without_such_a_comment_at_its_end_names_none(content: bytes) -> None:
    assert comment_span(content, "css") is None
    assert strip(content, "css") == content


def test_the_spans_are_the_path_and_the_comment() -> None:
    content = b"a()\n//# sourceMappingURL=maps/%C3%A9.map?v=1#x\n"
    assert find(content, "js") == Reference("source-map", "maps/%C3%A9.map", 25, 40, 4, 46)


def test_offsets_count_bytes() -> None:
    content = "/* é */a{}/*# sourceMappingURL=é.map */".encode()
    found = find(content, "css")
    assert found is not None
    assert (found.specifier, content[found.start : found.end]) == ("é.map", "é.map".encode())


@pytest.mark.parametrize("url", [b"data:application/json;base64,e30=", b"https://x/a.map", b"//x/a.map", b"", b"#a"])
def test_a_url_that_is_no_path_of_ours_is_no_reference_but_a_comment(url: bytes) -> None:
    content = b"a()\n//# sourceMappingURL=" + url
    assert find(content, "js") is None
    assert comment_span(content, "js") == (4, len(content))


def test_the_url_of_an_inline_map_is_told_whatever_its_length() -> None:
    for url in (b"data:,x", b"data:," + b"x" * 100_000):
        content = b"a()\n//# sourceMappingURL=" + url + b"\n\n"
        assert inline_url(content, "js") == (25, 25 + len(url))
    assert inline_url(b"a()\n//# sourceMappingURL=a.map\n", "js") is None
    assert inline_url(b"//# sourceMappingURL=data:,x\na()", "js") is None


@pytest.mark.parametrize(
    ("content", "language", "stripped"),
    [
        (b"a()\n//# sourceMappingURL=a.map\n", "js", b"a()\n"),
        (b"a()\r\n \t//# sourceMappingURL=a.map", "js", b"a()\r\n"),
        (b"a();//# sourceMappingURL=data:,x\n", "js", b"a();\n"),
        (b"a{}/*# sourceMappingURL=a.map */\n", "css", b"a{}\n"),
        (b"a{}\n/*# sourceMappingURL=a.map */", "css", b"a{}\n"),
        (b"//# sourceMappingURL=a.map", "js", b""),
        (b"x='\xe9'\n//# sourceMappingURL=a.map", "js", b"x='\xe9'\n"),
    ],
)
def test_strip_takes_the_comment_and_leaves_the_rest(content: bytes, language: str, stripped: bytes) -> None:
    assert strip(content, language) == stripped  # type: ignore[arg-type]


def test_in_a_large_script_a_comment_on_its_own_line_is_believed() -> None:
    large = b"x='image/*'\n" + b"a();\n" * 500_000
    assert find(large + b"//# sourceMappingURL=a.map", "js") is not None
    assert find(large + b"a() // see //# sourceMappingURL=a.map", "js") is None


@pytest.mark.parametrize(
    "piece", [b"//# sourceMappingURL=", b"/*", b"*/", b"sourceMappingURL=x ", b"\\", b" ", b"url( "]
)
def test_time_grows_with_the_file_only(piece: bytes) -> None:
    content = piece * (4_000_000 // len(piece)) + b"\n/*# sourceMappingURL=a.map */"
    started = time.process_time()
    for language in ("css", "js"):
        find(content, language)  # type: ignore[arg-type]
    assert time.process_time() - started < 10
