"""esbuild as a minifier: what is asked of it, what of it is released, and what it never gets to see."""

from __future__ import annotations

import base64
import json
import stat
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from assetbuild.errors import ProcessorError
from assetbuild.model import Language
from assetbuild.processors.minify import Minified, minify
from assetbuild.rules import MinifyOptions
from tests.support import packages
from tests.support.needs import need

LABEL = "esbuild 0.28.2"
Run = Callable[..., Minified]


@pytest.fixture(scope="module")
def binary() -> Path:
    return need(packages.esbuild)


@pytest.fixture
def run(binary: Path) -> Run:
    """`run(content, "js")` is `content` through esbuild alone."""

    def minified(
        content: bytes, language: Language, name: str = "", source_map: bytes | None = None, **options: Any
    ) -> Minified:
        file = name or f"dir/a.{language}"
        return minify(content, language, ("esbuild",), file, MinifyOptions(esbuild=binary, **options), source_map)

    return minified


def warning(found: Minified) -> str:
    (problem,) = found.warnings
    return str(problem)


@pytest.mark.parametrize(
    ("content", "output"),
    [
        # A classic script's names are everyone's.
        (b"function longName ( aaa ) { return aaa + 1 }\nvar other = 2 ; let q = 3 ; class K { }\n",
         b"function longName(e){return e+1}var other=2;let q=3;class K{}"),
        (b"with ( a ) { b }\nvar x = 010 ; delete x ;\n", b"with(a)b;var x=8;delete x;"),
        (b"this . x = 1 ; y = arguments ;\n", b"this.x=1,y=arguments;"),
        (b"'use strict' ;\n\nfoo ( )  ;\n", b'"use strict";foo();'),
        (b"function f ( ) { 'use strict' ; return this }\n", b'function f(){"use strict";return this}'),
        # A module's own are its own.
        (b"import a from './a.js' ;\nconst longName = a + 1 ;\nexport { longName } ;\n",
         b'import o from"./a.js";const m=o+1;export{m as longName};'),
        (b"const x = await foo ( ) ;\nexport { x } ;\n", b"const o=await foo();export{o as x};"),
        (b"export * from './m.js' ;\nimport ( './n.js' ) ;\n", b'export*from"./m.js";import("./n.js");'),
        (b"import x from './d.json' with { type : 'json' } ;\nfoo ( x ) ;\n",
         b'import o from"./d.json"with{type:"json"};foo(o);'),
        # Nothing is lowered.
        (b"class A { #p = 1 ; static { this . q ??= 1n } }\n", b"class A{#s=1;static{this.q??=1n}}"),
        (b"using x = f ( ) ;\n", b"using x=f();"),
        (b"x = /[a--b]/v ;   \n", b"x=/[a--b]/v;"),
        (b"#!/usr/bin/env node\nfoo ( ) ;\n", b"#!/usr/bin/env node\nfoo();"),
        (b"a ( ) ;\n//# sourceMappingURL=a.js.map\n", b"a();"),
        (b"/** @jsx h */\na ( ) ;\n", b"a();"),
        (b"// nothing else\n", b""),
        # Of another encoding than the page, only ASCII stays what it is.
        (b"a = '\\u00e9' ;    \n", b'a="\\xE9";'),
        ("\u00e9 = '\\u00e9' ;    \n".encode(), '\u00e9="\u00e9";'.encode()),
        (b"\xef\xbb\xbf a ( ) ;\n", b"\xef\xbb\xbfa();"),
        (b"a = '</script>' ;   \n", b'a="<\\/script>";'),
        (b"process . env . NODE_ENV ; require ( './x' ) ;\n", b'process.env.NODE_ENV,require("./x");'),
    ],
)  # fmt: skip
def test_a_script_is_made_smaller_and_no_more(run: Run, content: bytes, output: bytes) -> None:
    assert run(content, "js") == Minified(output, LABEL)


@pytest.mark.parametrize(
    ("content", "output"),
    [
        (b"a { color : #ffffff ; margin : 0px 0px 0px 0px }\n", b"a{color:#fff;margin:0}"),
        (b"a { & b { c : d } .e & { f : g } }\n", b"a{& b{c:d}.e &{f:g}}"),
        (b"@media (min-width: 640px) { a { b: c } }\n", b"@media(min-width:640px){a{b:c}}"),
        (b"a { user-select : none ; -moz-user-select : none }\n", b"a{user-select:none;-moz-user-select:none}"),
        (b"a { height : 100vh ; height : 100dvh }\n", b"a{height:100vh;height:100dvh}"),
        (b"a { inset : 0 ; margin-inline : 1px }\n", b"a{inset:0;margin-inline:1px}"),
        (b":root { --x :  a  b ; --z: #FFFFFF ;  }\n", b":root{--x: a  b ;--z: #FFFFFF }"),
        (b"@import 'x.css' layer(y);\na { b : url( \"a b.png\" ) }\n", b'@import"x.css"layer(y);a{b:url(a\\ b.png)}'),
        (b"a { b : c } /*# sourceMappingURL=x.map */\n", b"a{b:c}"),
        (b"a::before { content : '\\201C' }\n", b'a:before{content:"\\201c"}'),
        (b"@charset \"utf-8\";\na { b : '\xc3\xa9' }\n", b'@charset "UTF-8";a{b:"\xc3\xa9"}'),
        (b"\xef\xbb\xbfa { b : '\xc3\xa9' }\n", b'\xef\xbb\xbfa{b:"\xc3\xa9"}'),
        (b"a { *zoom : 1 ; _height : 1px }\n", b"a{*zoom : 1;_height:1px}"),
    ],
)
def test_a_style_sheet_is_made_smaller_and_no_more(run: Run, content: bytes, output: bytes) -> None:
    assert run(content, "css") == Minified(output, LABEL)


@pytest.mark.parametrize(
    ("content", "language"),
    [
        (b"a = '\xe9' ;   \n", "js"),
        (b"a = '\xed\xa0\x80' ;   \n", "js"),
        (b"a { content : '\xe9' }\n", "css"),
        (b"@charset \"iso-8859-1\";\na { content : '\xe9' }\n", "css"),
        (b'@charset "windows-1250";\na { b : c }\n', "css"),
        (b"'use strict'", "js"),
        (b"a()", "js"),
    ],
)
def test_what_is_no_utf_8_or_gets_no_smaller_is_left_alone_without_a_warning(
    run: Run, content: bytes, language: Language
) -> None:
    assert run(content, language) == Minified(content)


@pytest.mark.parametrize(
    ("content", "place", "what"),
    [
        (b"a ( ) ;\nx = <div>hi</div> ;\n", "2:5", "The JSX syntax extension is not currently enabled"),
        (b"'use strict' ;\nwith ( a ) b ;\n", "2:1", "With statements cannot be used in strict mode"),
        (b"const a = 1 ;\na = 2 ;\n", "2:1", 'Cannot assign to "a" because it is a constant'),
        (b"\xef\xbb\xbf'use strict';\nwith ( a ) b ;\n", "2:1", "With statements cannot be used in strict mode"),
        ("'use strict' ;\r\n'\u00e9\u2028' ; with ( a ) b ;\n".encode(), "2:8",
         "With statements cannot be used in strict mode"),
        (b"x <!-- hello\ny ( ) ;\n", "1:3", "this can be an HTML-like comment or an operator"),
        (b"x ( ) ;\n  --> hello\ny ( ) ;\n", "2:3", "this can be an HTML-like comment or an operator"),
        (b"x ( ) ;\nf ( /*! y */ z ) ;\n", "2:5", "the comment '/*! y */' was dropped or changed"),
        (b"{ const u = './x.js' ; import ( u ) }\n", "1:1", "the output names './x.js', which the source does not"),
    ],
)  # fmt: skip
def test_a_script_is_kept_where_esbuild_or_a_rule_refuses_it(run: Run, content: bytes, place: str, what: str) -> None:
    found = run(content, "js")
    assert (found.content, found.tool) == (content, None)
    (problem,) = found.warnings
    assert str(problem.where) == f"dir/a.js:{place}"
    assert problem.what == "is released as it was written: no minifier takes it"
    assert problem.notes == (f"{LABEL}: {what}",)


@pytest.mark.parametrize("content", [b"s = '<!-- -->' ;   \n", b"/* <!-- */ x ( ) ;\n", b"while ( x --> 0 ) f ( ) ;\n"])
def test_what_only_looks_like_an_html_comment_is_none(run: Run, content: bytes) -> None:
    assert run(content, "js").tool == LABEL


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a { b : ] }\n", "the output has a ']' that closes nothing"),
        (b"a { b : 'x\n }  \n", "the output has a broken string: ''x'"),
        (b"a { b : url(x y) }   \n", "the output has a broken url: 'url(x y)'"),
        (b"a { b : U\\52L(x.png) }  \n", "the output names 'L(x.png', which the source does not"),
        (b'\n@charset "utf-8";\na { b : c }\n', "'@charset' counts for nothing here, and would count in the output"),
        (b"a { /*! inside */ b : c }\n", "the comment '/*! inside */' was dropped or changed"),
    ],
)
def test_a_style_sheet_is_kept_where_the_output_breaks_a_rule(run: Run, content: bytes, what: str) -> None:
    found = run(content, "css")
    assert (found.content, found.tool) == (content, None)
    assert found.warnings[0].notes == (f"{LABEL}: {what}",)


def test_the_warning_shows_the_place_in_the_words_of_esbuild(run: Run) -> None:
    assert warning(run(b"a ( );\nb = <p/> ;\n", "js")) == (
        "dir/a.js:2:5: is released as it was written: no minifier takes it\n"
        "  2 | b = <p/> ;\n"
        "    |     ^\n"
        f"  {LABEL}: The JSX syntax extension is not currently enabled"
    )


def test_the_next_tool_has_its_turn(binary: Path) -> None:
    options = MinifyOptions(esbuild=binary)
    found = minify(b"f ( /*! y */ z ) ;\n", "js", ("esbuild", "rjsmin"), "a.js", options)
    assert (found.content, found.warnings) == (b"f(/*! y */z);", ())
    assert minify(b"f ( z ) ;\n", "js", ("rjsmin", "esbuild"), "a.js", options).content == b"f(z);"
    broken_by_rjsmin = b"b = `x${k ? ` as keys ` : ''}y` ;\n"
    found = minify(broken_by_rjsmin, "js", ("rjsmin", "esbuild"), "a.js", options)
    assert found == Minified(b'b=`x${k?" as keys ":""}y`;', LABEL)


def test_a_reference_that_nothing_needs_may_go(run: Run) -> None:
    assert run(b"if ( false ) import ( './gone.js' ) ;\n", "js").content == b""
    assert (
        run(b"@import 'a.css';\n@import 'b.css';\n@import 'a.css';\n", "css").content
        == b'@import"b.css";@import"a.css";'
    )


def test_comments_that_begin_with_a_bang_stay_unless_told_otherwise(run: Run) -> None:
    script = b"/*! (c) A */\nfoo ( ) ;\n/* @license B */\nbar ( ) ;\n//! C\n"
    assert run(script, "js").content == b"/*! (c) A */foo();/* @license B */bar();//! C"
    assert run(script, "js", keep=False).content == b"foo();bar();"
    style = b"/*! (c) A */\na { /*! in */ b : c }\n/* @preserve */\n"
    assert run(style, "css", keep=False).content == b"a{b:c}"


def test_a_script_that_we_do_not_understand_is_esbuilds_to_judge(run: Run, binary: Path) -> None:
    ours_refuses = b"class Aa { get\n* x ( ) { } }\nimport ( './a.js' ) ;\n"
    found = run(ours_refuses, "js")
    assert found == Minified(b'class Aa{get;*x(){}}import("./a.js");', LABEL)
    verified = minify(ours_refuses, "js", ("rjsmin",), "a.js")
    assert minify(ours_refuses, "js", ("rjsmin", "esbuild"), "a.js", MinifyOptions(esbuild=binary)) == found
    assert (verified.tool, len(verified.warnings)) == (None, 1)


def test_what_neither_understands_is_kept_with_both_opinions(run: Run) -> None:
    assert warning(run(b"a ( ) ;\nb = = 1 ; // c\n", "js")) == (
        "dir/a.js:2:5: is not understood as JavaScript here, so it is not minified, and released as it was written\n"
        "  2 | b = = 1 ; // c\n"
        "    |     ^\n"
        f'  {LABEL}: Unexpected "="'
    )


def test_a_script_too_deep_for_us_is_not_given_to_esbuild(run: Run) -> None:
    found = run(b"[a,\n" * 10_000, "js")
    assert found.warnings[0].what == "is too large or nested too deep to be minified, and released as it was written"
    assert found.warnings[0].notes == ()


def test_what_is_minified_already_is_left_alone(run: Run) -> None:
    assert run(b"foo ( ) ;\n", "js", "a.min.js") == Minified(b"foo ( ) ;\n")


def test_files_of_the_project_and_the_environment_change_nothing(
    binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tsconfig.json").write_text('{"compilerOptions": {"target": "es5", "alwaysStrict": true}}')
    (tmp_path / "package.json").write_text('{"type": "module", "browser": {"./a.js": "./b.js"}}')
    (tmp_path / "a.js.map").write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NODE_PATH", str(tmp_path))
    monkeypatch.setenv("ESBUILD_BINARY_PATH", "/nowhere")
    content = b"var f = ( x ) => x ?? import ( './a.js' ) ;\n//# sourceMappingURL=a.js.map\n"
    options = MinifyOptions(esbuild=binary, base_dir=tmp_path)
    assert minify(content, "js", ("esbuild",), "a.js", options).content == b'var f=r=>r??import("./a.js");'


def test_the_map_is_of_the_output_with_the_source_in_it(run: Run) -> None:
    content = (
        "\ufeff// \u00e9\nfunction f ( longName ) {\n  return longName\n}\n//# sourceMappingURL=/etc/hosts\n".encode()
    )
    found = run(content, "js", source_maps=True)
    assert found.content == b"\xef\xbb\xbffunction f(n){return n}"
    assert found.source_map is not None
    assert json.loads(found.source_map) == {
        "version": 3,
        "sources": ["a.js"],
        "sourcesContent": [content.decode()[1:]],
        "names": ["longName"],
        "mappings": "AACA,SAAS,EAAIA,EAAW,CACtB,OAAOA,CACT",
    }


def test_a_style_sheet_gets_a_map_too(run: Run) -> None:
    found = run(b"/* x */\na { b : c }\n", "css", source_maps=True)
    assert found.content == b"a{b:c}"
    assert found.source_map is not None
    assert json.loads(found.source_map)["sources"] == ["a.css"]


def test_no_map_is_made_unless_wanted(run: Run) -> None:
    assert run(b"foo ( ) ;\n", "js").source_map is None


def test_a_text_that_looks_like_a_map_is_not_cut_off(run: Run) -> None:
    content = b"/*!\n//# sourceMappingURL=data:application/json;base64,AAAA\n*/\nfoo ( )  ;\n"
    plain, mapped = run(content, "js"), run(content, "js", source_maps=True)
    assert plain.content == mapped.content
    assert plain.content.endswith(b"*/foo();")


def test_a_map_inside_the_source_is_not_read(run: Run) -> None:
    inner = base64.b64encode(b'{"version":3,"sources":["secret.ts"],"mappings":"AAAA"}')
    content = b"foo ( ) ;\n//# sourceMappingURL=data:application/json;base64," + inner + b"\nbar ( ) ;\n"
    found = run(content, "js", source_maps=True)
    without = run(content.replace(b"sourceMappingURL", b"no_map_is_here__"), "js", source_maps=True)
    assert found.source_map is not None
    assert without.source_map is not None
    table, plain = json.loads(found.source_map), json.loads(without.source_map)
    assert (table["sources"], table["mappings"]) == (["a.js"], plain["mappings"])


def test_the_sources_own_map_is_traced_through(run: Run) -> None:
    inner = {"version": 3, "sources": ["first.ts"], "names": [], "mappings": "AAEA", "sourcesContent": ["x\ny\nfoo()"]}
    found = run(b"foo ( ) ;\n", "js", source_map=json.dumps(inner).encode())
    assert found.content == b"foo();"
    assert found.source_map is not None
    table = json.loads(found.source_map)
    assert (table["sources"], table["sourcesContent"]) == (["first.ts"], ["x\ny\nfoo()"])
    assert table["mappings"].startswith("AAEA")


def test_a_map_that_is_none_is_left_out(run: Run) -> None:
    found = run(b"foo ( ) ;\n", "js", source_map=b"no map")
    assert found.source_map is not None
    assert json.loads(found.source_map)["sources"] == ["a.js"]


def test_threads_get_the_same_bytes_each_time(run: Run) -> None:
    contents = [b"function f%d ( longName ) { return longName + %d }\n" % (n % 4, n % 4) for n in range(24)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda content: run(content, "js").content, contents))
    assert found == [b"function f%d(n){return n+%d}" % (n % 4, n % 4) for n in range(24)]


def test_it_is_found_in_node_modules_above_the_project_before_path(
    binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    program(tmp_path / "bin" / "esbuild", "sys.exit(1)")
    bin_dir = tmp_path / "project" / "node_modules" / ".bin"
    bin_dir.mkdir(parents=True)
    (bin_dir / "esbuild").symlink_to(binary)
    (tmp_path / "project" / "sub").mkdir()
    options = MinifyOptions(base_dir=tmp_path / "project" / "sub")
    assert minify(b"foo ( ) ;\n", "js", ("esbuild",), "a.js", options) == Minified(b"foo();", LABEL)


def test_it_is_found_on_path(binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(binary.parent))
    options = MinifyOptions(base_dir=tmp_path)
    assert minify(b"foo ( ) ;\n", "js", ("esbuild",), "a.js", options).tool == LABEL


def test_without_one_it_is_an_error_with_a_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProcessorError) as error:
        minify(b"a ( ) ;\n", "js", ("esbuild",), "js/a.js", MinifyOptions(base_dir=tmp_path))
    assert str(error.value) == (
        "js/a.js: minifier 'esbuild' is not installed\n"
        '  fix: npm install esbuild, put it on PATH, or say where it is: [minify] esbuild = "path"'
    )


def test_one_that_is_not_where_it_is_said_to_be_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProcessorError) as error:
        minify(b"a ( ) ;\n", "js", ("esbuild",), "js/a.js", MinifyOptions(esbuild=tmp_path / "gone"))
    assert error.value.what == f"minifier 'esbuild' is not at '{tmp_path / 'gone'}'"


def program(file: Path, code: str) -> Path:
    """A script in the place of esbuild, as npm puts one there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{code}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


VERSION = "if '--version' in sys.argv: print('0.1.0'); sys.exit()\n"


@pytest.mark.parametrize("code", ["print('hello')", "sys.exit(1)", "print('1.2.3'); sys.exit(1)"])
def test_a_program_that_is_no_esbuild_is_an_error(tmp_path: Path, code: str) -> None:
    other = program(tmp_path / "other", code)
    with pytest.raises(ProcessorError) as error:
        minify(b"a ( ) ;\n", "js", ("esbuild",), "a.js", MinifyOptions(esbuild=other))
    assert error.value.what == f"'{other}' is no esbuild that works"


def test_a_shim_gets_path_and_nothing_else_in_a_neutral_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    monkeypatch.setenv("PATH", "/some/where")
    told = tmp_path / "told"
    code = f"open({str(told)!r}, 'w').write(json.dumps([os.getcwd(), os.environ.get('PATH'), 'SECRET' in os.environ]))"
    shim = program(tmp_path / "shim", VERSION + code)
    minify(b"a ( ) ;\n", "js", ("esbuild",), "a.js", MinifyOptions(esbuild=shim))
    assert json.loads(told.read_text()) == [tmp_path.anchor, "/some/where", False]


def test_the_version_is_asked_for_once(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    shim = program(
        tmp_path / "shim", f"open({str(calls)!r}, 'a').write(sys.argv[1] + ' ')\n" + VERSION + "print('a()')"
    )
    for _ in range(3):
        assert minify(b"a ( ) ;\n", "js", ("esbuild",), "a.js", MinifyOptions(esbuild=shim)).tool == "esbuild 0.1.0"
    assert calls.read_text().split().count("--version") == 1


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("print('panic: x\\nmore', file=sys.stderr); sys.exit(2)", "it failed: panic: x"),
        ("sys.exit(2)", "it failed: it says nothing"),
        ("print('a('); sys.exit('--minify' not in sys.argv)", "it does not accept its own output"),
        ("print('a')", None),
    ],
)
def test_an_esbuild_that_fails_costs_a_warning(tmp_path: Path, code: str, what: str | None) -> None:
    shim = program(tmp_path / "shim", VERSION + code)
    found = minify(b"a ( ) ;\n", "js", ("esbuild",), "a.js", MinifyOptions(esbuild=shim))
    if what is None:
        assert found == Minified(b"a", "esbuild 0.1.0")
    else:
        assert found.warnings[0].notes == (f"esbuild 0.1.0: {what}",)


@pytest.mark.parametrize("code", ["time.sleep(60)", "import subprocess; subprocess.run(['sleep', '60'])"])
def test_an_esbuild_that_does_not_end_ends_the_build(tmp_path: Path, code: str) -> None:
    """A busy machine is not to make another release than an idle one."""
    shim = program(tmp_path / "shim", VERSION + code)
    with pytest.raises(ProcessorError) as error:
        minify(b"a ( ) ;\n", "js", ("esbuild", "rjsmin"), "a.js", MinifyOptions(esbuild=shim, timeout=1))
    assert str(error.value) == (
        "a.js: minifier 'esbuild' takes longer than 1 seconds\n"
        "  fix: if it needs more time, say how many seconds: timeout = 300; or add the file to 'skip' in [minify]"
    )


def test_an_esbuild_that_never_tells_its_version_is_waited_for_once(tmp_path: Path) -> None:
    shim = program(tmp_path / "shim", f"open({str(tmp_path / 'asked')!r}, 'a').write('x'); time.sleep(60)")
    options = MinifyOptions(esbuild=shim, timeout=1)
    for _ in range(3):
        with pytest.raises(ProcessorError) as error:
            minify(b"a ( ) ;\n", "js", ("esbuild",), "a.js", options)
        assert str(error.value) == (
            f"'{options.esbuild}', asked for its version: minifier 'esbuild' takes longer than 1 seconds\n"
            '  fix: npm install esbuild, put it on PATH, or say where it is: [minify] esbuild = "path"'
        )
    assert (tmp_path / "asked").read_text() == "x"


@pytest.mark.parametrize(
    ("source", "output"),
    [
        (b"export default function () { }\nexport const a = 2\n", b"export default function(){}export const a=2;"),
        (b"export default class { }\nexport const a = 2\n", b"export default class{}export const a=2;"),
    ],
)
def test_what_esbuild_prints_more_tersely_than_we_read_is_released(run: Run, source: bytes, output: bytes) -> None:
    assert run(source, "js").content == output


@pytest.mark.parametrize("directive", ["('use strict')", r"'use\x20strict'", "'use \\\nstrict'"])
@pytest.mark.parametrize("around", ["{}; a = 1 // a\n", "function f() {{ {}; a = 1 }} // a\n"])
def test_a_string_that_is_no_directive_does_not_become_one(run: Run, directive: str, around: str) -> None:
    found = run(around.format(directive).encode(), "js")
    assert found.tool is None
    (note,) = found.warnings[0].notes
    assert note.endswith(": the output runs in strict mode, which the source does not ask for")


def test_a_directive_stays_one(run: Run) -> None:
    found = run(b"'use strict'; function f() { 'use strict'; a() }\n", "js")
    assert found.content.startswith(b'"use strict";')


@pytest.mark.parametrize(
    ("printed", "status", "what"),
    [
        ("class A{get\n*x(){}}", 1, "it does not accept its own output"),
        ("class A{get\n*x(){}};import('./b.js')", 0, "the output names other files"),
        ("class A{get\n*x(){}}", 0, None),
    ],
)
def test_an_output_that_we_do_not_understand_must_be_accepted_by_esbuild(
    tmp_path: Path, printed: str, status: int, what: str | None
) -> None:
    code = f"print({printed!r}); sys.exit(0 if '--minify' in sys.argv else {status})"
    shim = program(tmp_path / "shim", VERSION + code)
    content = b"class A { get\n* x ( ) { } } // some more words, so that this is longer\n"
    found = minify(content, "js", ("esbuild",), "a.js", MinifyOptions(esbuild=shim))
    assert [note for problem in found.warnings for note in problem.notes] == (
        [f"esbuild 0.1.0: {what}"] if what else []
    )
    assert (found.tool is None) == (what is not None)


def test_the_values_of_custom_properties_stay_as_they_are(run: Run) -> None:
    found = run(b":root { --a : calc( 1px + 2px ) ; --b: 'x'  y/**/z; color : #ffffff }\n", "css")
    assert found.content == b":root{--a: calc( 1px + 2px ) ;--b: 'x'  y/**/z;color:#fff}"


def test_with_a_source_map_a_custom_property_that_would_change_is_refused(run: Run) -> None:
    """What stands for a value is of another length, and would make the map wrong."""
    content = b":root { --a : calc( 1px + 2px ) }\n"
    assert run(content, "css", source_maps=True).warnings[0].notes == (
        f"{LABEL}: it shortens custom properties, which are kept from it only where no source map is wanted",
    )
    assert run(b":root { --a : b }\n", "css", source_maps=True).content == b":root{--a: b }"


def test_an_import_that_would_come_to_stand_behind_a_rule_is_not_released(run: Run) -> None:
    """esbuild takes an import that is repeated for a rule about layers, and writes it before the others."""
    content = b'@import "imp.css" layer(x) supports(display:grid);\n@import "imp.css" layer(x);\n.a { b : c }\n'
    assert run(content, "css").warnings[0].notes == (
        f"{LABEL}: the output has an '@import' after other rules, where browsers ignore it",
    )


def test_imports_after_a_charset_and_layers_are_where_they_belong(run: Run) -> None:
    content = b'@charset "utf-8";\n@layer a, b;\n@import "i.css" layer(a);\n@import "j.css" layer(b);\n.c { d : e }\n'
    assert run(content, "css").tool == LABEL
