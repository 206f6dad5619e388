from __future__ import annotations

import re
import time

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from assetbuild.model import Reference
from assetbuild.references import javascript_body, javascript_head
from assetbuild.references.javascript import find, parsed, read
from assetbuild.references.javascript_words import candidates, plain
from assetbuild.syntax import javascript


def named(content: bytes) -> list[tuple[str, str]]:
    """Kind and specifier of each reference, after a look at the spans."""
    found = find(content)
    for one in found:
        assert one.whole_start < one.start <= one.end < one.whole_end
        assert content[one.start - 1 : one.start] in (b'"', b"'", b"`")
    return [(one.kind, one.specifier) for one in found]


STATIC = [
    b"import './a.js'",
    b'import"./a.js";',
    b"import x from './a.js'",
    b'import x,{y as z}from"./a.js"',
    b"import * as x from './a.js';",
    b"import\n{\n  x, // './b.js'\n}\nfrom\n'./a.js'",
    b"import/**/x/*from './b.js'*/from/**/'./a.js'",
    b"import/*c*/'./a.js'",
    b"import // c\n './a.js'",
    b"import x from // c\r './a.js'\n+ 1",
    b"import x from" + b"// c\n" * 40 + b"'./a.js'",
    b"import x from/*" + b"c" * 5000 + b"*/'./a.js'",
    b"import x from\xc2\xa0'./a.js'",
    b"import x from './a.js' with {type: 'json'}",
    b"\xef\xbb\xbfimport './a.js'",
    b"#!/usr/bin/env node\nimport './a.js'",
    b"'\xe9'\nimport './a.js'",
    b"a()\rimport './a.js'",
    b"import defer * as x from './a.js'",
    b"import {'a b' as c} from './a.js'",
]

EXPORTS = [
    b"export * from './a.js'",
    b"export*from'./a.js'",
    b"export * as x from './a.js';",
    b"export {x} from './a.js'",
    b"export {default} from './a.js'",
    b"export {default as x, y} from './a.js' with {type: 'json'}",
    b"export {} from './a.js'",
]

DYNAMIC = [
    b"import('./a.js')",
    b'x = await import("./a.js");',
    b"import(`./a.js`)",
    b"import (  './a.js'  )",
    b"import/*c*/(/*d*/'./a.js'/*e*/)",
    b"import(\n// c\n'./a.js')",
    b"import(/* webpackChunkName: 'b' */ './a.js')",
    b"import('./a.js', {with: {type: 'json'}})",
    b"import('./a.js',)",
    b"x = () => import('./a.js').then(y)",
    b"`${import('./a.js')}`",
    b"`a${`b${import('./a.js')}`}`",
    b"class A { static { import('./a.js') } }",
    b"x = /'/; import('./a.js')",
    b"if (a) /'/.test(import('./a.js'))",
    b"x = <a>{import('./a.js')}</a>",
]

NONE = [
    b"",
    b"import 'react'",
    b"import x from 'a/b.js'",
    b"import x from 'https://x/a.js'",
    b"import x from '//x/a.js'",
    b"import x from '/\\\\x/a.js'",
    b"import x from '.'",
    b"import x from '.a.js'",
    b"import x from '#a'",
    b"import('a')",
    b"import('./' + x)",
    b"import(`./${x}.js`)",
    b"import(x, './a.js')",
    b"import()",
    b"x.import('./a.js')",
    b"ximport('./a.js')",
    b"importx('./a.js')",
    b"import.meta('./a.js')",
    b"// import './a.js'",
    b"/* import './a.js' */",
    b"x = \"import './a.js'\"",
    b"x = `import './a.js'`",
    b"x = `import('./a.js')`",
    b"x = /import '.\\/a.js'/",
    b"x = /import('.\\/a.js')/",
    b"x = /[/]import('.\\/a.js')/",
    b"Array.from('./a.js')",
    b"from './a.js'",
    b"export {x}",
    b"export default './a.js'",
    b"x = {from: './a.js'}",
    b"<!-- import('./a.js')",
]


@pytest.mark.parametrize("content", STATIC)
def test_an_import_with_a_relative_specifier_is_a_reference(content: bytes) -> None:
    assert named(content) == [("js-import", "./a.js")]


@pytest.mark.parametrize("content", EXPORTS)
def test_an_export_from_a_relative_specifier_is_a_reference(content: bytes) -> None:
    assert named(content) == [("js-export", "./a.js")]


@pytest.mark.parametrize("content", DYNAMIC)
def test_a_call_of_import_with_a_literal_is_a_reference(content: bytes) -> None:
    assert named(content) == [("js-dynamic-import", "./a.js")]


@pytest.mark.parametrize("content", [case for case in NONE if not case.startswith(b"<!--")])
def test_anything_else_is_no_reference(content: bytes) -> None:
    assert find(content) == []


@pytest.mark.parametrize("call", [b"new URL('a.js', import.meta.url)", b"new self.URL(/**/(`a.js`),import.meta.url,)"])
def test_a_url_relative_to_the_module_is_a_reference_even_by_a_bare_name(call: bytes) -> None:
    assert named(call) == [("js-url", "a.js")]


def test_a_url_that_a_worker_runs_is_one_reference() -> None:
    content = b"new Worker(new URL('./a.js?b', import.meta.url), {type: 'module'})"
    assert find(content) == [Reference("js-worker", "./a.js", 20, 26, 11, 47)]


def test_each_literal_of_import_scripts_is_a_reference() -> None:
    content = b"self.importScripts('a.js', b, '/c.js')"
    assert named(content) == [("js-import-scripts", "a.js"), ("js-import-scripts", "/c.js")]


def test_a_url_of_a_directory_or_of_nothing_is_no_reference() -> None:
    paths = (b"", b".", b"./", b"..", b"a/", b"a/..", b"%2E", b"?a", b"#a", b"data:,a", b"//a/b", b" ")
    assert [path for path in paths if find(b"new URL('" + path + b"', import.meta.url)")] == []


def test_a_file_too_deep_for_a_parse_is_unread_only_if_a_word_says_that_it_may_name_files() -> None:
    deep = b"[" * (javascript.MAX_DEPTH + 1)
    for word in (b"import('./a.js')", b"importScripts('a')", b"new URL('a', import.meta.url)", b"import.defer('./a')"):
        assert read(word + deep) is None
    assert read(b"new URL('a', b); import('c')" + deep) == []


def test_references_come_in_source_order() -> None:
    content = b"import '/a.js'; import('../b.js'); export * from './c.js'; import(`./d.js`)"
    assert named(content) == [
        ("js-import", "/a.js"),
        ("js-dynamic-import", "../b.js"),
        ("js-export", "./c.js"),
        ("js-dynamic-import", "./d.js"),
    ]


def test_the_spans_are_the_path_and_the_construct() -> None:
    content = b"/* \xc3\xa9 */ import x from './y.js?v=1#z' with {type: 'json'}; import('../q.js')"
    statement, call = find(content)
    assert statement == Reference("js-import", "./y.js", 24, 30, 9, 37)
    assert content[statement.whole_start : statement.whole_end] == b"import x from './y.js?v=1#z'"
    assert content[call.whole_start : call.whole_end] == b"import('../q.js')"


@pytest.mark.parametrize(
    ("literal", "specifier", "raw"),
    [
        (rb"'./\x61.js'", "./a.js", rb"./\x61.js"),
        (rb"'\x2e/a'", "./a", rb"\x2e/a"),
        (rb"'\u{2e}\u002fa'", "./a", rb"\u{2e}\u002fa"),
        (rb"'./a\x3fb'", "./a", b"./a"),
        (rb"'./a\u0023b'", "./a", b"./a"),
        (rb"'./\ud83d\ude00'", "./\U0001f600", rb"./\ud83d\ude00"),
        (rb"'./\u{1f600}'", "./\U0001f600", rb"./\u{1f600}"),
        (rb"'./\ud83dx'", "./\ufffdx", rb"./\ud83dx"),
        (b"'./a\\\nb'", "./ab", b"./a\\\nb"),
        (b"'./a\\\r\nb'", "./ab", b"./a\\\r\nb"),
        (b"'./a\\\xe2\x80\xa8b'", "./ab", b"./a\\\xe2\x80\xa8b"),
        (b"'./\\\xc3\xa9'", "./\xe9", b"./\\\xc3\xa9"),
        (rb"'./\q\'\"'", "./q'\"", rb"./\q\'\""),
        (rb"'.\/a'", "./a", rb".\/a"),
        (rb"'./\101\60'", "./A0", rb"./\101\60"),
        (rb"'./a\n'", "./a\n", rb"./a\n"),
        (b"'./%20?%3f'", "./%20", b"./%20"),
        ("'./é'".encode(), "./é", "./é".encode()),
        (b"'./\xe9'", "./\udce9", b"./\xe9"),
    ],
)
def test_escapes_are_undone_in_the_specifier_and_not_in_the_span(literal: bytes, specifier: str, raw: bytes) -> None:
    content = b"import(" + literal + b")"
    (found,) = find(content)
    assert (found.specifier, content[found.start : found.end]) == (specifier, raw)


def test_in_a_file_with_errors_whole_imports_count_and_those_inside_an_error_do_not() -> None:
    content = (
        b"import './a.js'\nx = = import('./b.js')\nclass A { accessor x = 1 }\nimport('./c.js')\nimport './d.js'\n"
    )
    tree = javascript.parse(content)
    assert tree is not None
    assert not javascript.is_whole(tree)
    assert {specifier for _, specifier in named(content)} >= {"./a.js", "./c.js", "./d.js"}
    assert find(b"x = [ } ) ` import './a.js' `") == []
    assert find(b"import './a.js\n") == []
    assert find(b"export ) ] from './a.js' with {") == []


@pytest.mark.parametrize(
    "content",
    [
        b"// taken from\n// another file\n",
        b"/* from /* here */",
        b"// from 'x/a' to b",
        b"Array.from(`./a`)",
        b"xfrom './a'",
        b"import x from 'react'",
        b"import('react')",
        b"// import\n// x\nfunction f() {}",
        b"exports.a = 1 // from './a.js'",
        b"a.importNode(b); c = '!important' // from './a.js'",
        b"import(a); import(a(b), c); importScripts(a); if (a && !b.importScripts) c('./a.js')",
        b"/(import(?:\\s+static)?)/; './a.js'",
    ],
)
def test_prose_and_packages_cost_no_parse(content: bytes) -> None:
    assert not candidates(content)


HEADS = [  # with where the head ends, marked by ^
    b"^",
    b"import './a.js'^",
    b"\xef\xbb\xbf#! '\nimport'./a.js';import\"./b.js\";\n^a",
    b"/* import './b.js' */ // import('./c.js')\n'use strict'; \"it's\\\"\"\n'\\\n'\nimport a from './a.js'\n^/'/.b",
    b"import a,{b as c,/*}*/ 'd}' as e, // }\n}from'./a.js';export*from'./b.js';^a",
    b"import * as from from './a.js'; export * as 'a b' from './b.js'\nexport {}\nfrom\n'./c.js' // d\n^f()",
    b"import from from './a.js';import source from'./b.js';import source from from './c.js'^",
    b"import defer * as a from'./d';import defer from '/e'^",
    b"import // a from './b.js'\n c from './a.js'\n^a",
    b"^import // a from './b.js'\n {a} from\xc2\xa0'./a.js'",
    b"'a'; ^export {} from\xc2\xa0'./a.js'",
    b"import defer, {source} from './a.js'; import source, * as defer from './b.js';^",
    b"import a from './a.js' with {type: 'json', /**/ 'b' : './c.js',}; import './b.js' assert {type: 'css'}\n^a",
    b"export {a}; export {b as 'c'}\nexport {d as from} /*\n*/ import './a.js' /* ; */; ^a",
    b"export {a}\nfrom './a.js'\nwith\n{}\n^with_()",
    b"import './a.js' /*\xe2\x80\xa8*/ import './b.js'\xe2\x80\xa9import './c.js'\xc2\xa0;^a",
    b"import '\\x2e/\\\n/a.js'; // \xe2\x80\xa6 it's\n^a",
    b"'use strict' // a\n^/ import('./a.js')",
    b"'use strict'\n^(import('./a.js'))",
    b"'use strict'\n^`${import('./a.js')}`",
    b"'use strict' ^+ import('./a.js')",
    b"import './a.js'\n^import('./b.js')",
    b"import './a.js'\n^import.meta.a",
    b"^export default /'/; import './a.js'",
    b"^export const a = '/'; import './a.js'",
    b"^<!-- import './a.js'\n",
    b"export {a}\n^--> import './a.js'",
    b"import './a.js';^;import './b.js'",
    b"import './a.js' ^import './b.js'",
    b"^import type {a} from './a.js'",
    b"^importa from './a.js'",
    b"^import {a}, b from './a.js'",
    b"^import a from './a.js",
    b"^import a /* from './a.js'",
    b"/* a */ ^/* import './a.js'",
]


@pytest.mark.parametrize("marked", HEADS)
def test_the_head_ends_where_its_last_statement_does_and_names_what_the_parser_finds(marked: bytes) -> None:
    content = marked.replace(b"^", b"", 1)
    found, end = javascript_head.read(content)
    assert content[:end] + b"^" + content[end:] == marked
    assert found == [one for one in parsed(content) or [] if one[3] < end]


HEAD_PIECES = [
    "import", "export", " ", "\n", "a", "{a, b as c}", "{a /* b */}", "{'a' as b}", "{\\u0061}", "*", " as ", " from ",
    ",", "'./a.js'", '"./b.js"', "'\\x2e/c.js'", "'", "/* d */", "// e\n", ";", "defer ", "source ", "default",
    "(", ".", "f",
]  # fmt: skip


@settings(max_examples=500)
@given(st.lists(st.sampled_from(HEAD_PIECES), max_size=12).map("".join))
@example("export {a, b as c} /* d */ from './a.js'")
@example("export {a, b as c} from /* d */ './a.js'")
def test_the_usual_pattern_of_a_statement_tells_no_other_than_the_whole_one(text: str) -> None:
    content = text.encode()
    whole = re.compile(javascript_head._STATEMENT).match(content)
    usual = javascript_head._USUAL_STATEMENT.match(content)
    assert not usual or (whole and (usual.regs, usual.lastindex) == (whole.regs, whole.lastindex))
    assert not whole or javascript_head._MAY_BE_STATEMENT.match(content)


_WORD_PIECES = [
    *HEAD_PIECES,
    "import.meta",
    "URL",
    "importScripts",
    "self.",
    ")",
    "?",
    "`./c.js`",
    "\u00a0",
    "ant",
    "//",
]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(_WORD_PIECES), max_size=12).map("".join))
@example("import \u00e9,{a}from'./a.js'")
@example("import/**/a from'./a.js'")
@example("import(a('./a.js'))")
@example("import(a,('./a.js'))")
@example("import((('./a.js')))")
def test_what_a_parser_finds_in_a_whole_file_has_a_candidate(text: str) -> None:
    content = text.encode()
    tree = javascript.parse(plain(content))
    assume(tree and javascript.is_whole(tree))
    assert not _files(content, parsed(content) or []) or candidates(content)


@pytest.mark.parametrize("hidden", [b"b <!-- )\n", b"b(c <!-- ))\n)", b"b(c) <!-- )\n", b"b\n--> )\n"])
def test_a_call_does_not_end_in_an_html_comment(hidden: bytes) -> None:
    assert candidates(b"import(" + hidden + b" ? './a.js' : c)")
    assert candidates(b"importScripts(" + hidden + b", './a.js')")


def test_attributes_and_line_ends_that_the_parser_does_not_know_are_read_in_the_head() -> None:
    """Of these it makes errors, and loses its way."""
    content = b"export {} from './a.js' with {/* ` */ type: 'json'}; /*\r*/ import './b.js'\rimport('./c.js')"
    assert named(content) == [("js-export", "./a.js"), ("js-import", "./b.js"), ("js-dynamic-import", "./c.js")]


_GAPS = st.sampled_from(
    ["", "", " ", "\n", "\t\r\n", "/**/", "/* ' */", "/*\n*/", "// import './x.js'\n", "\u00a0", "/***/ /* ` */"]
)
_NAMES = st.sampled_from(["a", "from", "as", "source", "defer", "$_1", "b2", "of"])
_STRINGS = st.sampled_from(["'./a.js'", '"../b.js"', "'c'", "'/d\\'.js'", '"./\u00e9.js"', "'import(\"./e.js\")'"])
_LISTS = st.sampled_from(["{}", "{a}", "{ a as b, }", "{'c d' as e}", "{from, // }\n default as f}", "{a,\n/* ' */b}"])
_CLAUSES = ("N", "L", "* as N", "N , L", "N , * as N", "defer * as N", "source N")
_SHAPES = ["import S", *(f"import {clause} from S" for clause in _CLAUSES), "export * from S", "export * as N from S"]
_SHAPES += [
    "export L from S",
    "export L",
    "import N from S with { type : 'json' }",
    "S",
    "f ( )",
    "a = b / c",
    "import ( S )",
]
_ENDS = st.sampled_from([";", "\n", ";\n", " ; ", "/*\n*/", "// ;\n", "\n/**/;"])


@st.composite
def _heads(draw: st.DrawFn) -> bytes:
    """Statements with any gap between their parts; two words are never joined."""
    text = ""
    for shape in draw(st.lists(st.sampled_from(_SHAPES), min_size=1, max_size=5)):
        for part in shape.split(" "):
            token = draw({"N": _NAMES, "L": _LISTS, "S": _STRINGS}.get(part, st.just(part)))
            gap = draw(_GAPS)
            text += (gap or " " * (text[-1:] + token[:1]).replace("$", "a").replace("_", "a").isalnum()) + token
        text += draw(_ENDS)
    return text.encode()


@settings(max_examples=200, deadline=None)
@given(_heads())
def test_generated_heads_name_what_the_parser_finds(content: bytes) -> None:
    tree = javascript.parse(plain(content))
    assume(tree and javascript.is_whole(tree))
    found, end = javascript_head.read(content)
    whole = _files(content, parsed(content) or [])
    assert _files(content, found) == [one for one in whole if one[3] < end]
    alone = javascript_body.read(content, end, candidates(content))
    assert alone is None or _files(content, found + alone) == whole


def _files(content: bytes, found: list[javascript_head.Found]) -> list[javascript_head.Found]:
    """Those that may name files, each once: the parser's reader goes on from `export {}` to a specifier of the next."""
    unique = {one[1]: one for one in found if content[one[1] + 1 : one[1] + 2] in (b".", b"/")}
    return [unique[start] for start in sorted(unique)]


def test_a_hashbang_ends_at_any_line_end() -> None:
    assert named(b"#!'\xe2\x80\xa8import './a.js'") == [("js-import", "./a.js")]


# A slash divides after these,
OPERANDS = [
    *("a", "a.b", "a ?. in", "a.return", "a.typeof\n", "this", "null", "1", "1.5e3", "1.", "0x1f", "9n", "$_", "a\n"),
    *("a[0]", "a[0]\n", "a()", "(a)\n", "a.if(b)", "a.while ( b )", "of(a)", "async(a)", "import.meta", "\u00e9"),
    *("'a'", "'a'\n", '"a\\""', "`a`", "`a`\n", "`${a}`", "`${ {a: `}`} }`\n", "/a/", "/[/]/g\n", "a++", "a.b--"),
    *("a[0]++", "(a)--", "'a' /* '*/", "a // '\n", "(')', a)", "((a / 2) * (/[)]/, b))", "a/**/", "(/*(*/a)", "{}"),
    *("a+++b", "(a => /'/)", "/'/.a", "a /* . */ /**/", "function () {}", "a\n.b\n", "a['b']", "[...a.of]", r"\u0061"),
]
# and begins a regular expression where the section sign is.
REGEX_PLACES = [
    *(
        "a = \u00a7",
        "f(\u00a7)",
        "[\u00a7]",
        "f(a, \u00a7)",
        "a ? \u00a7 : b",
        "a ? b : \u00a7",
        "!\u00a7",
        "~\u00a7",
        "a + \u00a7",
    ),
    *(
        "a = 'b'+\u00a7",
        "a - \u00a7",
        "a * \u00a7",
        "a && \u00a7",
        "a ?? \u00a7",
        "() => \u00a7",
        "typeof \u00a7",
        "void\n\u00a7",
        "a in \u00a7",
    ),
    *(
        "a instanceof \u00a7",
        "f(...\u00a7)",
        "a < \u00a7",
        "a</**/\u00a7",
        "a > \u00a7",
        "a / \u00a7",
        "; \u00a7.test(b)",
        "a = // b\n\u00a7",
    ),
    *(
        "if (a) \u00a7.test(b)",
        "if (')') \u00a7.b",
        "if ((a) / 2 > (b))\n\u00a7.b",
        "if (a) ; else \u00a7.b",
        "{ \u00a7 }",
        "`${\u00a7}`",
    ),
    *(
        "while (f(a[')'])) \u00a7.b",
        "do a(); while (b) \u00a7.c",
        "for (;;) \u00a7.c",
        "for (a of \u00a7) ;",
        "with_: \u00a7",
    ),
    *("async () => { for await (a of b) \u00a7.c }", "async () => { await \u00a7 }", "function* f() { yield \u00a7 }"),
    *(
        "switch (a) { case \u00a7: }",
        "class A { b = \u00a7 }",
        "export default \u00a7",
        "{}\n\u00a7.a",
        "let a\n\u00a7.b",
    ),
    *(
        "a\n++\u00a7.b",
        "a = - -\u00a7",
        "function f() { return \u00a7 }",
        "() => {}\n;\u00a7",
        "a: for (;;) { break a\n\u00a7.b }",
    ),
    *(
        "if (/[)]/.a / (b)) \u00a7.c",
        "`${`${a}`}${\u00a7}`",
        "a; import './a.js'\n\u00a7.b",
        "if (a // )\n) \u00a7.b",
        "import './a';\u00a7.b",
    ),
]
REGEXES = ["/'/", "/`/g", "/[/'\"]/u", '/\\/"/', '/import("\\.\\/q.js")/', "/=/", "/[[]`/", "/[\\]/*]{2}/", "/</"]
SLASHES = [  # where a wrong turn hides an import, or makes one of a string
    *(
        f"a = {operand}{slash}{rest}".encode()
        for operand in OPERANDS
        for slash in (" / ", "/", " /= ")
        for rest in (
            "import('./a.js'); import('./b.js')",
            "import('./a.js') / '/'; import('./b.js')",
            "import('./a.js')/`'`; 'import(\"./c.js\")'; import('./b.js')",
            "2; import('./a.js') // '",
        )
    ),
    *(
        (place.replace("\u00a7", regex) + rest).encode()
        for place in REGEX_PLACES
        for regex in REGEXES
        for rest in (
            "\n;import('./a.js')",
            "\n;import('./a.js'); '/'",
            "\n;import('./a.js'); `import('./b.js')`; /* ' */ import('./c.js')",
            "; import('./a.js'); b = /'/",
        )
    ),
]


def test_slashes_are_read_without_a_parser_as_with_it() -> None:
    read_alone = 0
    for content in SLASHES:
        whole = parsed(content) or []
        tree = javascript.parse(content)
        end = javascript_head.read(content)[1]
        alone = javascript_body.read(content, end, candidates(content))
        if alone is not None and tree and javascript.is_whole(tree):
            read_alone += 1
            assert (content, sorted(alone)) == (content, sorted(one for one in whole if one[3] >= end))
    assert read_alone > len(SLASHES) // 2


BODIES = [
    b"a;import './a.js';b\nimport a from './b.js'\nexport{a as import_}from'./c.js';export*from'./d.js';",
    b"a; import('./a.js'); b.c(import(/* './b.js' */ `./c.js`,)); [...import('./d.js')]; import(a + (b)); import()",
    b"a; b.import('./a.js'); b?.import('./b.js'); b. // c\n import('./c.js');",
    b"class A { #import() { this.#import('./a.js') } }",
    b"a; importScripts('./a.js'); importScripts(...a, b(c)); if (typeof importScripts) b()",
    b"a; new URL('a.js', import.meta.url); URL.b; new URL(`${a}`); new URL('b', c); new URL(a, import.meta.url)",
    b"a; new URL('b.js', c); // import.meta",
    b"f(a instanceof URL); new URL('b', import.meta.url)",
    b"a = `${ {b: 1}.b + '`' } '`; import('./a.js') // `",
    b"a; b = (" + b"c + " * 99 + b"d) / 2; import('./a.js') // '",
    b"a; 'import(\"./a.js\")'; `import('./b.js') ${import('./c.js')} import './d.js' ${`${import('./e.js')}`}`",
    b"a; /* from './a.js' */ b // import './b.js'\n; export {c} from './c.js'; while (a --> 0) import('./d.js')",
]
ODD_BODIES = [  # only a parser can tell, or was not worth the lines
    b"a; import(b ? './a.js' : './b.js')",
    b"a; import('./a.js', {with: {}})",
    b"a; import.defer('./a.js')",
    b"a; import // b\n './a.js'",
    b"class A { import\n'./a.js'\n}",
    b"class A { import\na\nfrom\n'./a.js'(){} }",
    b"class A { a;\nimport\n'./a.js'\n}",
    b"a;\nexport {a, // import {\n b} from './a.js'",
    b"a.export * from\n'./a.js'",
    b"a; self.importScripts('a.js')",
    b"a; new importScripts('a.js')",
    b"a; (importScripts)('a.js')",
    b"a; new Worker(new URL('a.js', import.meta.url))",
    b"a; new Worker((( new URL('a.js', import.meta.url))))",
    b"a; new self.URL('a.js', import.meta.url)",
    b"a; new (URL)('a.js', import.meta.url)",
    b"a; new URL(b ? 'a.js' : 'c.js', import.meta.url)",
    b"a; <!-- import('./a.js')\n",
    b"a;\n--> import('./a.js')\n",
    b"a = {} / import('./a.js') / 1",
    b"a; 'b\n; import('./a.js')",
    b"x = <a>it's {import('./a.js')}</a>",
    b"x = <a></a>; import('./a.js') // '",
    b"<% if %>\nimport './a.js'",
]


@pytest.mark.parametrize("content", BODIES)
def test_usual_shapes_after_the_head_are_read_without_a_parser_as_with_it(content: bytes) -> None:
    assert javascript_head.read(content) == ([], 0)
    alone = javascript_body.read(content, 0, candidates(content))
    assert alone is not None
    assert sorted(alone) == sorted(parsed(content) or [])


@pytest.mark.parametrize("content", ODD_BODIES)
def test_unusual_shapes_are_left_to_the_parser(content: bytes) -> None:
    assert javascript_body.read(content, javascript_head.read(content)[1], candidates(content)) is None


def test_a_tree_at_hand_is_used() -> None:
    content = b"import './a.js'"
    tree = javascript.parse(content)
    assert find(content, tree) == find(content)


@pytest.mark.parametrize(
    "piece",
    [
        b"from",
        b"from ",
        b"from/*",
        b"from//",
        b"//from\n",
        b"import( ",
        b"from//\n" * 15 + b"x",
        b"import.meta.URL ",
        b"importScripts/**/",
        b"import './a.js';",
        b"import './a.js'\n/**/",
        b"'\\",
        b"import{'a',",
        b"import/* from './a'",
        b"import('./a.js')/",
        b"a/**/;//\n",
        b"import();(a)/b;",
        b"import(')')/",
        b"import(`${",
        b"export from'./",
        b"a;export from './a' \n",
        b"import x;{import.meta;URL(/'/)}",
        b"export{",
        b"export/**/ ",
        b"with{a:'b',",
        b"'",
        b" ",
    ],
)
def test_time_grows_with_the_file_only(piece: bytes) -> None:
    content = piece * (500_000 // len(piece))
    started = time.process_time()
    javascript.parse(b"")
    assert isinstance(find(content), list)
    assert time.process_time() - started < 5


def test_many_calls_in_one_deep_expression_take_linear_time() -> None:
    content = b"+".join([b"import('./a.js')"] * 20_000)
    started = time.process_time()
    assert len(find(content)) == 20_000
    assert time.process_time() - started < 10
