from __future__ import annotations

import time

import pytest

from assetbuild.errors import AssetBuildError, Place
from assetbuild.model import Origin
from assetbuild.processors.join import Joined, Part, edited, read_css, read_javascript
from assetbuild.processors.join_css import join_css
from assetbuild.processors.join_javascript import join_javascript


def part(path: str, content: str | bytes, *, css: bool = False) -> Part:
    raw = content if isinstance(content, bytes) else content.encode()
    return Part(path, (read_css if css else read_javascript)(raw).encode(), raw)


def css(*files: tuple[str, str | bytes], others: dict[str, str] | None = None, output: str = "css/all.css") -> Joined:
    known = {path: text.encode() for path, text in (others or {}).items()}
    return join_css([part(path, text, css=True) for path, text in files], output, "/static/", known.keys(), known.get)


def css_text(*texts: str, others: dict[str, str] | None = None) -> str:
    files = [(f"css/{index}.css", text) for index, text in enumerate(texts, 1)]
    return css(*files, others=others).content.decode()


def js(*files: tuple[str, str | bytes], output: str = "js/all.js") -> Joined:
    return join_javascript([part(path, text) for path, text in files], output, "/static/")


def js_text(*texts: str) -> str:
    return js(*[(f"js/{index}.js", text) for index, text in enumerate(texts, 1)]).content.decode()


def message(join: object, *args: object, **options: object) -> str:
    with pytest.raises(AssetBuildError) as caught:
        join(*args, **options)  # type: ignore[operator]
    return str(caught.value)


# -- JavaScript --------------------------------------------------------------------------------------------------------


def test_statements_of_different_files_stay_apart() -> None:
    assert js_text("var a = b", "(function () {})()") == "var a = b\n;\n(function () {})()"


@pytest.mark.parametrize(
    ("first", "joined"),
    [
        ("a();", "a();\nz()"),
        ("a(); // a;", "a(); // a;\nz()"),
        ("a() // a;", "a() // a;\n;\nz()"),
        ("a() /* ; */", "a() /* ; */\n;\nz()"),
        ("function f() {}", "function f() {}\n;\nz()"),
        ("// nothing", "// nothing\nz()"),
        ("/* nothing */", "/* nothing */\nz()"),
        ("", "\nz()"),
        ("var a = 1\n--> not code", "var a = 1\n--> not code\n;\nz()"),
        ("a()\n\n", "a()\n\n\n;\nz()"),
    ],
)
def test_a_semicolon_is_put_only_where_the_last_statement_has_none(first: str, joined: str) -> None:
    assert js_text(first, "z()") == joined


def test_use_strict_stays_where_all_files_have_it() -> None:
    joined = js(("js/1.js", "/* license */ 'use strict'; a()"), ("js/2.js", "// nothing"), ("js/3.js", '"use strict"'))
    assert joined.content == b"/* license */ 'use strict'; a()\n;\n// nothing\n\"use strict\""
    assert joined.strict


def test_use_strict_of_the_first_file_does_not_reach_the_others() -> None:
    joined = js(("js/1.js", "/* license */\n'use strict'; a()"), ("js/2.js", "x = 1"))
    assert joined.content == b"/* license */\n;'use strict'; a()\n;\nx = 1"
    assert (joined.strict, joined.strict_paths) == (False, ("js/1.js",))


def test_use_strict_after_files_of_comments_and_directives_is_found() -> None:
    assert (
        js_text("// a", "'use asm'", "'use strict'\nb()", "x = 1") == "// a\n'use asm'\n;\n;'use strict'\nb()\n;\nx = 1"
    )


def test_use_strict_after_a_sloppy_file_is_dead_already() -> None:
    joined = js(("js/1.js", "x = 1;"), ("js/2.js", "'use strict'; a()"))
    assert joined.content == b"x = 1;\n'use strict'; a()"
    assert (joined.strict, joined.strict_paths) == (False, ("js/2.js",))


@pytest.mark.parametrize(
    "text",
    [
        "(function () { 'use strict' })();",
        "'use strict'.length;",
        "'use strict'\n.length;",
        "('use strict');",
        "'use\\x20strict';",
        "a(); 'use strict';",
        "`use strict`;",
        "// 'use strict'\na();",
        "{ 'use strict'; }\n;",
    ],
)
def test_what_is_no_directive_is_left_alone(text: str) -> None:
    joined = js(("js/1.js", text), ("js/2.js", "x = 1"))
    assert joined.content.decode() == f"{text}\nx = 1"
    assert joined.strict_paths == ()


@pytest.mark.parametrize(
    ("module", "place", "what"),
    [
        ("import a from './a.js'", "1:1", "import a from './a.js' is an import of a module"),
        ("import './a.js'", "1:1", "import './a.js' is an import of a module"),
        ("a();\nexport default 1", "2:1", "export default 1 is an export of a module"),
        ("function f() { return import.meta.url }", "1:23", "import.meta is for modules only"),
        ("a = 1;\nb = await c", "2:5", "await c is an await outside of any function"),
        ("for await (a of b) c()", "1:5", "await is an await outside of any function"),
    ],
)
def test_a_module_is_refused_with_its_place(module: str, place: str, what: str) -> None:
    text = message(js, ("js/1.js", "a()"), ("js/2.js", module))
    assert text.splitlines()[0] == f"js/2.js:{place}: {what}, and a bundle is a classic script"
    assert text.splitlines()[-1] == (
        "  fix: serve the module on its own, or bundle modules with a tool made for them, such as esbuild"
    )


@pytest.mark.parametrize(
    "text",
    [
        "async function f() { await a }",
        "async () => { for await (a of b) c() }",
        "a.meta = 'import.meta'",
        "function f() { return new /* meta */.target } // await import.meta",
        "class A { async await() { await a } }",
    ],
)
def test_what_only_looks_like_a_module_is_joined(text: str) -> None:
    assert js_text("a();", text) == f"a();\n{text}"


def test_the_line_for_the_shell_is_kept_in_front_only() -> None:
    assert js_text("#!/usr/bin/env node\na();", "#!/usr/bin/env node\nb();") == "#!/usr/bin/env node\na();\n\nb();"


def test_source_map_comments_go_and_their_maps_are_named() -> None:
    joined = js(("js/1.js", "a();\n//# sourceMappingURL=1.js.map\n"), ("lib/2.js", "b();\n//# sourceMappingURL=2.map"))
    assert joined.content == b"a();\n\n\nb();\n"
    assert joined.dropped_maps == ("js/1.js.map", "lib/2.map")


def test_dynamic_imports_are_moved_with_their_file() -> None:
    joined = js(("lib/x/1.js", "import('./y.js?v#h');"), ("js/2.js", "import('./z.js')"))
    assert joined.content == b"import('../lib/x/y.js?v#h');\nimport('./z.js')"
    assert joined.origins["lib/x/y.js"] == Origin("lib/x/1.js", 8, 14, "import('./y.js?v#h')")


def test_a_moved_specifier_stays_a_path_and_becomes_no_package() -> None:
    assert js(("js/x/1.js", "import('./y.js')")).content == b"import('./x/y.js')"


@pytest.mark.parametrize("text", ["a(/* open", "a = `open", "a = `${open", "f(function () {", "if (a", "x = {"])
def test_a_file_that_would_take_in_the_next_one_is_an_error(text: str) -> None:
    first = message(js, ("js/1.js", text), ("js/2.js", "b()")).splitlines()[0]
    assert first.startswith("js/1.js:1:")
    assert first.endswith(": ends within a comment, a string or a bracket, and would take in the file after it")


def test_a_file_that_does_not_parse_is_joined_with_a_warning() -> None:
    joined = js(("js/1.js", "a();\nclass A { get\n*x() {} }"), ("js/2.js", "b()"))
    assert joined.content == b"a();\nclass A { get\n*x() {} }\n;\nb()"
    (warning,) = joined.warnings
    assert warning.what == "does not parse as JavaScript from here; if it is wrong, the whole bundle will not run"
    assert warning.where == Place("js/1.js", 3, 1, "*x() {} }")


def test_latin_1_and_byte_order_marks_become_utf_8() -> None:
    joined = js(("js/1.js", b"\xef\xbb\xbfa('\xc3\xa9');"), ("js/2.js", b"b('\x81\xe9\x80');"))
    assert joined.content.decode() == "a('é');\nb('\x81é€');"


def test_a_nul_in_a_script_stays_one() -> None:
    assert read_javascript(b"a('\0')") == "a('\0')"


# -- CSS ---------------------------------------------------------------------------------------------------------------


def test_references_are_moved_from_the_file_to_the_bundle() -> None:
    joined = css(
        ("a/b/1.css", "a{x:url(../i.png?q#f);y:url( 'ä b.png' )}"),
        ("2.css", "b{x:url(/static/i.png);y:url(/other.png);z:url(data:,x)}"),
        output="out/all.css",
    )
    assert joined.content.decode() == (
        "a{x:url(../a/i.png?q#f);y:url( '../a/b/%C3%A4%20b.png' )}\n"
        "b{x:url(/static/i.png);y:url(/other.png);z:url(data:,x)}"
    )
    assert joined.origins == {
        "a/i.png": Origin("a/b/1.css", 8, 16, "url(../i.png?q#f)"),
        "a/b/ä b.png": Origin("a/b/1.css", 30, 38, "url( 'ä b.png' )"),
        "i.png": Origin("2.css", 8, 21, "url(/static/i.png)"),
    }


def test_references_stay_as_written_where_nothing_moves() -> None:
    assert css_text("a{x:url('a%20b/../c.png')}") == "a{x:url('a%20b/../c.png')}"


def test_a_reference_above_the_tree_is_an_error_with_its_place() -> None:
    text = message(css, ("css/1.css", "a{}\nb{x:url(../../i.png)}"))
    assert text == (
        "css/1.css:2:9: url(../../i.png) names '../../i.png', which is above every source root\n"
        "  2 | b{x:url(../../i.png)}\n"
        "    |         ^^^^^^^^^^^"
    )


def test_a_target_named_twice_is_told_where_it_is_named_first() -> None:
    joined = css(("css/1.css", "a{x:url(i.png)}"), ("css/2.css", "b{x:url(i.png);y:url(i.png)}"))
    assert joined.origins == {"css/i.png": Origin("css/1.css", 8, 13, "url(i.png)")}


def test_a_style_sheet_is_read_as_it_declares_itself() -> None:
    assert read_css(b'@charset "latin1";/* \xe9 */') == "/* é */"


def test_places_count_from_the_start_of_the_file_whatever_was_dropped_there() -> None:
    joined = css(("css/1.css", b'@charset "utf-8";a{x:url(i.png)}'), ("css/2.css", b"\xef\xbb\xbfa{x:url(j.png)}"))
    assert joined.content == b"a{x:url(i.png)}\na{x:url(j.png)}"
    assert (joined.origins["css/i.png"].start, joined.origins["css/j.png"].start) == (25, 11)


def test_the_origin_in_another_encoding_is_found_by_what_it_says() -> None:
    joined = css(("css/1.css", '@charset "latin1";/*ä*/a{x:url(i.png)}'.encode("latin-1")))
    assert joined.content.decode() == "/*ä*/a{x:url(i.png)}"
    assert joined.origins["css/i.png"].start == 31


@pytest.mark.parametrize(
    ("first", "closed"),
    [
        ("a{b:c", "a{b:c}"),
        ("a{b:c(d", "a{b:c(d)}"),
        ("@media print{a{b:c", "@media print{a{b:c}}"),
        ("a{b:'c", "a{b:'c'}"),
        ("a{b:'c\\", "a{b:'c\\\n'}"),
        ("a{b:'c\\'", "a{b:'c\\''}"),
        ("a{b:'c\\\\'", "a{b:'c\\\\'}"),
        ("a{b:url(c.png", "a{b:url(c.png)}"),
        ("a{b:url(c\\", "a{b:url(c\\fffd )}"),
        ("a{b:c/* d", "a{b:c/* d*/}"),
        ("a{} /*", "a{} /**/"),
        ("a{} /*/", "a{} /*/*/"),
        ("a{b:[(c", "a{b:[(c)]}"),
        ("a{b:c)]", "a{b:c)]}"),
        ("a{b:(c}", "a{b:(c})}"),
        ("a, b", "a, b{}"),
        ("a{} }", "a{} }{}"),
        ("a{};", "a{};{}"),
        ("a\\", "a\\fffd {}"),
        ("@media print", "@media print;"),
        ("@media (print", "@media (print);"),
        ("@layer a", "@layer a;"),
        ("@import 'http://x/a.css", "@import 'http://x/a.css';"),
        ("@import url(http://x/a.css", "@import url(http://x/a.css);"),
        ("a{} -->", "a{} -->"),
        ("<!-- a{}", "<!-- a{}"),
        ("a{b:'c\nd}", "a{b:'c\nd}"),
        ('@charset "x"', ""),
    ],
)
def test_what_one_file_leaves_open_does_not_take_in_the_next(first: str, closed: str) -> None:
    assert css_text(first, "z{}") == (closed + "\n" if closed else "") + "z{}"


def test_leading_imports_of_the_first_file_stay_where_they_are() -> None:
    text = "@layer a;@import 'x.css' layer(b) print;@import url(//h/y.css);a{}"
    assert css_text(text, "z{}") == text + "\nz{}"


def test_imports_stay_as_long_as_nothing_but_imports_stands_before() -> None:
    assert (
        css_text("/* 1 */@import 'a.css';", "@import '//h/b.css';z{}")
        == "/* 1 */@import 'a.css';\n@import '//h/b.css';z{}"
    )


def test_an_import_that_would_be_dead_is_replaced_by_its_file() -> None:
    joined = css(
        ("css/1.css", "a{}"),
        ("lib/2.css", "/* 2 */\n@import 'sub/x.css';\nb{}"),
        others={"lib/sub/x.css": "@import url('y.css?v');x{x:url(i.png)}", "lib/sub/y.css": '@charset "utf-8";y{}'},
    )
    assert joined.content == b"a{}\n/* 2 */\ny{}\nx{x:url(../lib/sub/i.png)}\nb{}"
    assert joined.read == ("lib/sub/x.css", "lib/sub/y.css")


@pytest.mark.parametrize(
    ("conditions", "opening", "closing"),
    [
        ("print", "@media print {", "}"),
        (" screen and (min-width: 1px), print", "@media screen and (min-width: 1px), print {", "}"),
        ("layer", "@layer {", "}"),
        ("LAYER(a.b)", "@layer a.b {", "}"),
        ("supports(display: grid)", "@supports (display: grid) {", "}"),
        ("supports(not (display: grid))", "@supports not (display: grid) {", "}"),
        ("supports((a:b) and (c:d))", "@supports (a:b) and (c:d) {", "}"),
        (
            "layer(a)supports(b:c)screen /* d */",
            "@media screen {\n@supports (b:c) {\n@layer a {",
            "}}}",
        ),
    ],
)
def test_conditions_of_an_import_become_rules_around_it(conditions: str, opening: str, closing: str) -> None:
    text = css_text("a{}", f"@import 'x.css'{conditions};b{{}}", others={"css/x.css": "<!-- x{} -->"})
    assert text == f"a{{}}\n{opening}\n x{{}} \n{closing}\nb{{}}"


def test_an_import_at_the_end_of_a_file_needs_no_semicolon() -> None:
    assert css_text("a{}", "@import 'x.css'", "z{}", others={"css/x.css": "x{}"}) == "a{}\nx{}\nz{}"


def test_files_that_import_each_other_are_taken_in_once_each() -> None:
    others = {"css/x.css": "@import 'y.css';x{}", "css/y.css": "@import 'x.css';@import '2.css';y{}", "css/2.css": "!"}
    assert css_text("a{}", "@import 'x.css';b{}", others=others) == "a{}\ny{}\nx{}\nb{}"


def test_a_chain_of_imports_is_no_recursion() -> None:
    others = {f"css/x{n}.css": f"@import 'x{n + 1}.css';" for n in range(5_000)} | {"css/x5000.css": "x{}"}
    assert css_text("a{}", "@import 'x0.css';", others=others) == "a{}\nx{}"


def test_imports_that_multiply_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assetbuild.processors.join_css.INLINE_LIMIT", 100)
    others = {f"css/x{n}.css": f"@import 'x{n + 1}.css';@import './x{n + 1}.css';" for n in range(40)}
    text = message(css_text, "a{}", "@import 'x0.css';", others=others | {"css/x40.css": "x{}"})
    assert text == "css/2.css: imports more than 100 files, counted as often as they are imported"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "@import 'http://x/y.css';",
            "css/2.css:1:1: @import 'http://x/y.css'; would stand after other rules, where browsers ignore it, and its "
            "file is not one of ours",
        ),
        (
            "@import '/other/y.css';",
            "css/2.css:1:1: @import '/other/y.css'; would stand after other rules, where browsers ignore it, and its "
            "file is not one of ours",
        ),
        (
            "@import 'y.css' scope((.a) to (.b));",
            "css/2.css:1:1: @import 'y.css' scope((.a) to (.b)); would stand after other rules, where browsers ignore "
            "it, and has a condition that only an import can have",
        ),
        (
            "/**/\n @import 'z.css';",
            "css/2.css:2:11: @import 'z.css'; names 'css/z.css', which is in no source root",
        ),
        (
            "@import 'stray.css' print;",
            "css/stray.css:1:5: '}' closes nothing here, and would close the condition of the import",
        ),
        (
            "@import 'deep.css' print;",
            "css/stray.css:1:5: '}' closes nothing here, and would close the condition of the import",
        ),
        (
            "@namespace svg url(http://s);",
            "css/2.css:1:1: @namespace svg url(http://s); would be ignored in this bundle",
        ),
    ],
)
def test_what_joining_would_kill_is_refused(text: str, expected: str) -> None:
    others = {"css/y.css": "y{}", "css/stray.css": "a{} } b{}", "css/deep.css": "@import 'stray.css';"}
    assert message(css_text, "a{}", text, others=others).splitlines()[0] == expected


def test_a_default_namespace_does_not_reach_into_the_next_file() -> None:
    text = message(css_text, "@namespace url(http://s);a{}", "b{}")
    assert text.splitlines()[0] == "css/1.css:1:1: @namespace url(http://s); would hold for the files after this one"
    assert css_text("@namespace url(http://s);a{}") == "@namespace url(http://s);a{}"
    assert css_text("@namespace s url(http://s);a{}", "b{}") == "@namespace s url(http://s);a{}\nb{}"


@pytest.mark.parametrize(
    "text",
    [";@import 'x.css';b{}", "@import 'x.css' {}b{}", "@import;b{}", "@import x;b{}", "@import attr(x);b{}", "@import"],
)
def test_what_browsers_take_for_no_import_is_left_alone(text: str) -> None:
    assert (
        css_text("a{}", text, "z{}", others={"css/x.css": "x{}"}) == f"a{{}}\n{text}{';' * (text == '@import')}\nz{{}}"
    )


def test_an_import_after_rules_of_its_own_file_stays_dead_and_is_told() -> None:
    joined = css(("css/1.css", "z{}"), ("css/2.css", "a{}\n@import 'x.css';\n@import 'y.css';"))
    assert joined.content == b"z{}\na{}\n@import 'x.css';\n@import 'y.css';"
    assert [str(warning) for warning in joined.warnings] == [
        "css/2.css:2:1: @import 'x.css'; stands after other rules, where browsers ignore it\n"
        "  2 | @import 'x.css';\n"
        "    | ^^^^^^^^^^^^^^^^\n"
        "  fix: move it to the top of the file"
    ]


def test_a_layer_statement_between_imports_ends_them_as_in_browsers() -> None:
    joined = css(
        ("css/1.css", "@import 'a.css';@layer b;"), ("css/2.css", "@import 'x.css';"), others={"css/x.css": "x{}"}
    )
    assert joined.content == b"@import 'a.css';@layer b;\nx{}"


def test_css_source_map_comments_go() -> None:
    joined = css(("css/1.css", "a{}\n/*# sourceMappingURL=1.css.map */"), ("css/2.css", "b{}"))
    assert (joined.content, joined.dropped_maps) == (b"a{}\n\nb{}", ("css/1.css.map",))


# -- both --------------------------------------------------------------------------------------------------------------


def test_edits_are_made_together_and_an_outer_one_wins() -> None:
    assert edited(b"abcdef", [(4, 5, b"E"), (2, 3, b"!"), (1, 2, b"?"), (1, 3, b""), (0, 0, b">")]) == b">adEf"


@pytest.mark.parametrize("char", [b"{", b"(", b"}", b"@", b"\\", b"'", b"/*", b"@import 'a';", b"a{}", b"@a;", b"url("])
def test_css_joining_takes_linear_time(char: bytes) -> None:
    raw = char * (100_000 // len(char))
    started = time.process_time()
    join_css([Part("css/1.css", raw, raw)] * 2, "css/all.css", "/static/", {"css/a"}, lambda _: b"x{}")
    assert time.process_time() - started < 10
