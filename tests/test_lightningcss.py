"""lightningcss as a minifier: what is kept from it, and which of its outputs are refused."""

from __future__ import annotations

import importlib.metadata
import sys

import pytest

from assetbuild.errors import ProcessorError
from assetbuild.processors import lightningcss
from assetbuild.processors.minify import Minified, minify
from assetbuild.rules import MinifyOptions

LABEL = f"lightningcss {importlib.metadata.version('lightningcss')}"


def run(content: bytes, name: str = "css/a.css", *, keep: bool = True) -> Minified:
    return minify(content, "css", ("lightningcss",), name, MinifyOptions(keep=keep))


@pytest.mark.parametrize(
    ("content", "output"),
    [
        (b"a { color : #ffffff ; margin : 0px 0px 0px 0px }\n", b"a{color:#fff;margin:0}"),
        (b"a { b : c }\n\na { d : e }\n", b"a{b:c;d:e}"),
        # No range syntax that the author did not write.
        (b"@media (min-width: 640px) { a { b: c } }\n", b"@media (min-width:640px){a{b:c}}"),
        (b"@media screen and ( min-width : 1px ) and (max-width:calc(2px + 3em)) { a { b : c } }\n",
         b"@media screen and (min-width:1px) and (max-width:calc(2px + 3em)){a{b:c}}"),
        (b"@media (-webkit-min-device-pixel-ratio: 2),(min-resolution: 192dpi) { a { b : c } }\n",
         b"@media (-webkit-min-device-pixel-ratio:2),(min-resolution:192dpi){a{b:c}}"),
        (b"@media not all and (min-width: 1px), print { a { b: c } }\n",
         b"@media not all and (min-width:1px),print{a{b:c}}"),
        (b"@media (width >= 640px) { a { b : c } }\n", b"@media (width>=640px){a{b:c}}"),
        (b"@container x (min-width: 1px) { a { b: c } }\n", b"@container x (min-width:1px){a{b:c}}"),
        (b"@import 'x.css' supports(display: grid) screen and (min-width: 1px) ;\n",
         b'@import "x.css" supports(display:grid) screen and (min-width:1px);'),
        (b"@media /* x */ (min-width: /* y */ 0\\0) { a { b : c } }\n", b"@media (min-width:0\\0){a{b:c}}"),
        (b"@media (min-width: 1px) { a { b: c } }\n@media (min-width:1px) { d { e: f } }\n",
         b"@media (min-width:1px){a{b:c}d{e:f}}"),
        # Nothing is lowered, no prefix added or dropped.
        (b"a { & b { c : d } .e & { f : g } }\n", b"a{& b{c:d}.e &{f:g}}"),
        (b"a { user-select : none ; }\n", b"a{user-select:none}"),
        (b"a { -webkit-user-select : none ; user-select : none }\n", b"a{-webkit-user-select:none;user-select:none}"),
        (b"a { display : -webkit-box ; display : -ms-flexbox ; display : flex }\n",
         b"a{display:-webkit-box;display:-ms-flexbox;display:flex}"),
        (b"a { margin-inline : 1px ; }\n", b"a{margin-inline:1px}"),
        (b":root { --x:  a  b ; --z: #FFFFFF ; --e:; }\n", b":root{--x:a  b;--z:#FFFFFF;--e:}"),
        (b"@import url( 'y.css' ) ;\na { b : url( 'a b.png' ) }\n", b'@import "y.css";a{b:url("a b.png")}'),
        (b"a { b : c } /*# sourceMappingURL=x.map */\n", b"a{b:c}"),
        # The encoding stays what it was said to be.
        (b"a::before { content : '\\201C' }\n", b'a:before{content:"\\201c "}'),
        (b"a::before { content : '\xe2\x80\x9c' }\n", b'a:before{content:"\xe2\x80\x9c"}'),
        (b"@charset \"utf-8\";\na { b : '\xc3\xa9' }\n", b'@charset "utf-8";a{b:"\xc3\xa9"}'),
        (b"\xef\xbb\xbfa { b : '\xc3\xa9' }\n", b'\xef\xbb\xbfa{b:"\xc3\xa9"}'),
        (b"/* nothing else */\n", b""),
    ],
)  # fmt: skip
def test_a_style_sheet_is_made_smaller_and_no_more(content: bytes, output: bytes) -> None:
    assert run(content) == Minified(output, LABEL)


@pytest.mark.parametrize(
    ("content", "place", "what"),
    [
        (b"a { b : c }\n\nd { b : ] }\n", "3:9", "Unexpected token CloseSquareBracket"),
        ("\ufeff\u00e9 { --x : a\n\nb ; c : '\u00e9' ] }\n".encode(), "3:13", "Unexpected token CloseSquareBracket"),
        (b"a { b : 'x\n }\n", "1:9", 'Unexpected token BadString("x")'),
        (b"a { *zoom : 1 ; }\n", "1:15", "Unexpected token Semicolon"),
        (b"a { height : 100vh ; height : 100dvh }\n", "1:5", "a value of 'height', the fallback of the next, is gone"),
        (b"a { b : c }\na { d { width : 1px ; width : min(1px, 2vw) } }\n", "2:9",
         "a value of 'width', the fallback of the next, is gone"),
        (b"a { text-decoration : x ; -webkit-text-decoration : underline }\na { text-decoration : underline ;"
         b" -moz-b : c }\nb { width : fit-content ; width : -moz-fit-content }\n", "3:5",
         "a value of 'width', the fallback of the next, is gone"),
        (b"a { width : -moz-fit-content ; width : fit-content }\n", "1:13", "'-moz-fit-content' is gone"),
        (b"a::placeholder { b : c }\na::-moz-placeholder { b : c }\n", "2:4", "'-moz-placeholder' is gone"),
        (b"a { transform : scale(2) ; translate : 1px 2px }\n", "1:28", "'translate' is gone"),
        (b"a { --assetbuild-query-0 : 1 ; }\n", "1:1",
         "it holds '--assetbuild-query-', which stands for media queries here"),
        (b"a {\n" * 20_000, "1:1", "it crashes"),
    ],
)  # fmt: skip
def test_a_style_sheet_is_kept_where_lightningcss_or_a_rule_refuses_it(content: bytes, place: str, what: str) -> None:
    found = run(content)
    assert (found.content, found.tool) == (content, None)
    (problem,) = found.warnings
    assert problem.what == "is released as it was written: no minifier takes it"
    assert (str(problem.where), problem.notes) == (f"css/a.css:{place}", (f"{LABEL}: {what}",))


def test_the_warning_shows_the_place_in_the_words_of_lightningcss() -> None:
    (problem,) = run(b"a { b : c }\nd { b : ] }\n").warnings
    assert str(problem) == (
        "css/a.css:2:9: is released as it was written: no minifier takes it\n"
        "  2 | d { b : ] }\n"
        "    |         ^\n"
        f"  {LABEL}: Unexpected token CloseSquareBracket"
    )


@pytest.mark.parametrize(
    "content", [b"a { content : '\xe9' }\n", b'@charset "windows-1250";\na { b : c }\n', b"a{b:c}"]
)
def test_what_is_no_utf_8_or_gets_no_smaller_is_left_alone_without_a_warning(content: bytes) -> None:
    assert run(content) == Minified(content)


def test_what_is_minified_already_is_left_alone() -> None:
    assert run(b"a { b : c }\n", "a.min.css") == Minified(b"a { b : c }\n")


def test_comments_that_begin_with_a_bang_stay_in_front_unless_told_otherwise() -> None:
    content = b'@charset "utf-8";\n/*! A */\na { /*! in */ b : c }\n/* x */\n/*! B */\n/*! A */\n'
    assert run(content).content == b'@charset "utf-8";/*! A *//*! in *//*! B */a{b:c}'
    assert run(content, keep=False).content == b'@charset "utf-8";a{b:c}'


def test_the_next_tool_has_its_turn() -> None:
    found = minify(b"a { *zoom : 1 ; }\n", "css", ("lightningcss", "rcssmin"), "a.css")
    assert (found.content, found.warnings) == (b"a{*zoom:1}", ())


def test_it_makes_no_map() -> None:
    found = minify(b"a { b : c }\n", "css", ("lightningcss",), "a.css", MinifyOptions(source_maps=True), b"{}")
    assert found == Minified(b"a{b:c}", LABEL)


def test_one_that_does_not_end_is_ended() -> None:
    quadratic = b"a { b : c }\n" * 60_000  # it joins them
    with pytest.raises(ProcessorError) as error:
        minify(quadratic, "css", ("lightningcss",), "css/a.css", MinifyOptions(timeout=1))
    assert str(error.value) == (
        "css/a.css: minifier 'lightningcss' takes longer than 1 seconds\n"
        "  fix: if it needs more time, say how many seconds: timeout = 300; or add the file to 'skip' in [minify]"
    )


def test_without_it_there_is_an_error_with_a_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightningcss", None)
    lightningcss.version.cache_clear()
    with pytest.raises(ProcessorError) as error:
        run(b"a { b : c }\n")
    assert str(error.value) == (
        "css/a.css: minifier 'lightningcss' is not installed\n"
        "  fix: pip install 'assetbuild[lightningcss]', or remove 'lightningcss' from [minify]"
    )


def test_a_gradient_with_a_prefix_is_refused() -> None:
    """Its colours would come out in another order: found by Chromium."""
    found = run(b"a { b : c }\na { background : -webkit-linear-gradient( top , red , blue ) }\n")
    assert found.tool is None
    assert str(found.warnings[0].where) == "css/a.css:2:18"
    assert found.warnings[0].notes == (f"{LABEL}: it turns the colours of gradients with a prefix around",)
