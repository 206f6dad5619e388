from __future__ import annotations

import sys
import time

import jsmin
import pytest
import rcssmin
import rjsmin

from assetbuild.errors import ProcessorError
from assetbuild.processors.minify import LONG_LINES, Minified, is_minified, minify
from assetbuild.rules import MinifyOptions

BROKEN_BY_BOTH = b"var a = 1\nvar b = `x${k ? ` as keys ` : ''}y`\nclass A {\n  #a = 1\n  #b = 2\n}\n"


def warning(found: Minified) -> str:
    (problem,) = found.warnings
    return str(problem)


@pytest.mark.parametrize("tool", ["jsmin", "rjsmin"])
def test_a_script_loses_its_comments_and_white_space(tool: str) -> None:
    found = minify(b"// a\nfunction f ( x ) {\n  return x + 1;\n}\n", "js", (tool,), "a.js")
    versions = {"jsmin": jsmin.__version__, "rjsmin": rjsmin.__version__}
    assert found == Minified(b"function f(x){return x+1;}", f"{tool} {versions[tool]}")


@pytest.mark.parametrize("tool", ["cssmin", "rcssmin"])
def test_a_style_sheet_loses_its_comments_and_white_space(tool: str) -> None:
    found = minify(b"/* a */\na > b {\n  color: red;\n}\n", "css", (tool,), "a.css")
    assert found.content == b"a>b{color:red}"
    assert found.tool is not None
    assert found.tool.startswith(f"{tool} ")
    assert found.warnings == ()


@pytest.mark.parametrize("tool", ["jsmin", "rjsmin"])
def test_licence_comments_of_a_script_stay_once(tool: str) -> None:
    content = b"/* x */\n/*! (c) A */\na ( );\n/*!\n * (c) B\n */\nb ( );\n"
    found = minify(content, "js", (tool,), "a.js")
    assert found.tool is not None
    assert (found.content.count(b"/*! (c) A */"), found.content.count(b"(c) B")) == (1, 1)
    assert b"/* x */" not in found.content


def test_licence_comments_of_a_style_sheet_stay() -> None:
    found = minify(b"/*! (c) A */\na { b: c }\n", "css", ("rcssmin",), "a.css")
    assert found.content == b"/*! (c) A */a{b:c}"


@pytest.mark.parametrize("tool", ["jsmin", "rjsmin"])
def test_licence_comments_of_a_script_go_where_they_are_not_to_be_kept(tool: str) -> None:
    content = b"/*! (c) A */\na ( '/*! b */' ) ;\n/*!\n * (c) B */\n"
    found = minify(content, "js", (tool,), "a.js", MinifyOptions(keep=False))
    assert found.content.strip() == b"a('/*! b */');"
    assert found.warnings == ()


@pytest.mark.parametrize(("tool", "output"), [("cssmin", b"a{b:.5em}"), ("rcssmin", b"a{b:0.5em}")])
def test_licence_comments_of_a_style_sheet_go_where_they_are_not_to_be_kept(tool: str, output: bytes) -> None:
    content = b"/*! (c) A */\na { b: 0.5em }\n/*! (c) B */\n"
    found = minify(content, "css", (tool,), "a.css", MinifyOptions(keep=False))
    assert (found.content, found.warnings) == (output, ())


@pytest.mark.parametrize("tool", ["cssmin", "rcssmin"])
def test_the_last_statement_of_a_style_sheet_keeps_its_end(tool: str) -> None:
    found = minify(b'@import "a.css" ;\n@import  "b.css"  ;', "css", (tool,), "a.css")
    assert found.content == b'@import "a.css";@import "b.css";'


def test_the_next_tool_has_its_turn_where_one_is_not_proven() -> None:
    content = b"x = y => /[/*]/ ;\n"
    found = minify(content, "js", ("jsmin", "rjsmin"), "a.js")
    assert found == Minified(b"x=y=>/[/*]/;", f"rjsmin {rjsmin.__version__}")


def test_jsmin_does_not_wait_for_the_end_of_what_is_no_comment() -> None:
    found = minify(b"x = y => /[/*]/ ;\n", "js", ("jsmin",), "js/a.js")
    assert found.content == b"x = y => /[/*]/ ;\n"
    assert warning(found) == (
        "js/a.js:1:1: is released as it was written: no minifier leaves its meaning as it is\n"
        "  1 | x = y => /[/*]/ ;\n"
        "    | ^\n"
        f"  jsmin {jsmin.__version__}: it failed: it takes something for a comment that does not end"
    )


def test_the_source_is_kept_with_one_warning_where_no_tool_is_proven() -> None:
    found = minify(BROKEN_BY_BOTH, "js", ("jsmin", "rjsmin"), "js/a.js")
    assert (found.content, found.tool) == (BROKEN_BY_BOTH, None)
    assert warning(found) == (
        "js/a.js:2:18: is released as it was written: no minifier leaves its meaning as it is\n"
        "  2 | var b = `x${k ? ` as keys ` : ''}y`\n"
        "    |                  ^\n"
        f"  jsmin {jsmin.__version__}: ' as keys ' became 'as keys'\n"
        f"  rjsmin {rjsmin.__version__}: ' as keys ' became 'as keys'"
    )


def test_the_warning_shows_a_place_that_a_tool_changed_rather_than_one_that_failed() -> None:
    content = b"a ( ) ;\nx = y => /[/*]/ ;\nz = `${ ` b ` }c` ;\n"
    found = minify(content, "js", ("rjsmin", "jsmin"), "a.js")
    assert found.warnings[0].where is not None
    assert (found.warnings[0].where.line, len(found.warnings[0].notes)) == (3, 2)


def test_a_style_sheet_that_no_tool_is_proven_on_is_kept_with_a_warning() -> None:
    content = b"a { width: calc(1px + 2vw); }\n/* a comment */\n"
    found = minify(content, "css", ("cssmin",), "css/a.css")
    assert (found.content, found.tool) == (content, None)
    assert warning(found).startswith("css/a.css:1:")


@pytest.mark.parametrize("tool", ["jsmin", "rjsmin"])
def test_a_source_with_errors_is_kept_with_a_warning_that_shows_the_first(tool: str) -> None:
    content = b"a( );\nb = = 1; // c\n"
    found = minify(content, "js", (tool,), "js/a.js")
    assert (found.content, found.tool) == (content, None)
    assert warning(found) == (
        "js/a.js:2:5: is not understood as JavaScript here, so it is not minified, and released as it was written\n"
        "  2 | b = = 1; // c\n"
        "    |     ^"
    )


def test_a_source_too_deep_to_be_parsed_is_kept_with_a_warning() -> None:
    content = b"[a,\n" * 10_000
    found = minify(content, "js", ("rjsmin",), "a.js")
    assert found.content == content
    assert found.warnings[0].what == "is too large or nested too deep to be minified, and released as it was written"


@pytest.mark.parametrize("name", ["a.min.js", "jquery-min.js", "a_min.js", "A.MIN.JS", "js/a.min.mjs"])
def test_what_is_named_minified_is_left_alone(name: str) -> None:
    assert is_minified(name, b"")
    assert minify(b"a ( );\n", "js", ("rjsmin",), name) == Minified(b"a ( );\n")


@pytest.mark.parametrize("name", ["admin.js", "min.js", "a.min/b.js", "minute.js"])
def test_a_name_with_min_in_it_is_not_enough(name: str) -> None:
    assert not is_minified(name, b"a ( );\n")


def test_what_has_very_long_lines_is_left_alone() -> None:
    line = b"a ( );" * 100
    assert is_minified("a.js", line * 10 + b"\n")
    assert is_minified("a.js", (line + b"\n") * 10)
    assert not is_minified("a.js", (b"a" * (LONG_LINES - 50) + b"\n") * 10)
    assert not is_minified("a.js", line)  # short: one long line of data


@pytest.mark.parametrize("content", [b"", b"a()", b"a();b()"])
def test_what_gets_no_smaller_is_left_alone(content: bytes) -> None:
    assert minify(content, "js", ("jsmin", "rjsmin"), "a.js") == Minified(content)


def test_no_tools_change_nothing() -> None:
    assert minify(b"a ( );\n= =", "js", (), "a.js") == Minified(b"a ( );\n= =")


def test_bytes_that_are_no_text_are_left_alone_without_a_warning_by_tools_for_text() -> None:
    content = b"x = '\xe9' ; // \xe9\n"
    assert minify(content, "js", ("jsmin",), "a.js") == Minified(content)
    assert minify(content, "js", ("rjsmin",), "a.js").content == b"x='\xe9';"
    style = b"a { content: '\xe9'; }\n\n"
    assert minify(style, "css", ("cssmin",), "a.css") == Minified(style)


def test_a_byte_order_mark_stays_first() -> None:
    for tool in ("jsmin", "rjsmin"):
        found = minify(b"\xef\xbb\xbf// a\nb ( );\n", "js", (tool,), "a.js")
        assert found.content.startswith(b"\xef\xbb\xbf")


def test_wide_text_is_left_alone() -> None:
    content = "@charset 'utf-16';\na { b: c }\n".encode("utf-16")
    assert minify(content, "css", ("rcssmin", "cssmin"), "a.css") == Minified(content)


def test_a_file_of_comments_only_becomes_empty() -> None:
    assert minify(b"// a\n/* b */\n", "js", ("rjsmin",), "a.js").content == b""
    assert minify(b"/* b */\n", "css", ("rcssmin",), "a.css").content == b""


def test_references_stay_in_their_order() -> None:
    content = b"import a from './a.js' ;\nexport * from './b.js' ;\nimport( './c.js?x#y' ) ;\n"
    found = minify(content, "js", ("rjsmin",), "a.js")
    assert found.content == b"import a from'./a.js';export*from'./b.js';import('./c.js?x#y');"


def test_a_tool_that_is_not_installed_is_an_error_with_a_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rjsmin", None)
    from assetbuild.processors import verified as module

    module._rjsmin.cache_clear()
    with pytest.raises(ProcessorError) as error:
        minify(b"a ( );\n", "js", ("rjsmin",), "js/a.js")
    assert str(error.value) == (
        "js/a.js: minifier 'rjsmin' is not installed\n"
        "  fix: pip install 'assetbuild[build]', or remove 'rjsmin' from [minify]"
    )


def test_versions_are_named() -> None:
    assert minify(b"a { b: c }\n", "css", ("rcssmin",), "a.css").tool == f"rcssmin {rcssmin.__version__}"


@pytest.mark.parametrize("line", [b"'\n", b"a/*\n", b"\\\n", b"(\n", b"\n", b"`\n", b"/\n"])
def test_time_grows_with_the_file_only(line: bytes) -> None:
    content = line * (100_000 // len(line))
    started = time.process_time()
    minify(content, "js", ("jsmin", "rjsmin"), "a.js")
    assert time.process_time() - started < 20


def test_using_as_a_name_is_no_declaration() -> None:
    """jQuery UI has it so."""
    content = b"function f(options) {\n  var using;\n  using = function (a) { g(a) };\n  return using;\n}\n"
    found = minify(content, "js", ("rjsmin",), "a.js")
    assert found.content == b"function f(options){var using;using=function(a){g(a)};return using;}"
