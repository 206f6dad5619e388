from __future__ import annotations

import time

import pytest

from assetbuild.model import Reference
from assetbuild.references.javascript import find, read
from assetbuild.references.javascript_words import may_name
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
    ],
)
def test_prose_and_packages_cost_no_parse(content: bytes) -> None:
    assert not may_name(content)


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
        b"export{",
        b"export/**/ ",
        b"with{a:'b',",
        b"'",
        b" ",
    ],
)
def test_time_grows_with_the_file_only(piece: bytes) -> None:
    content = piece * (2_000_000 // len(piece))
    started = time.process_time()
    javascript.parse(b"")
    assert isinstance(find(content), list)
    assert time.process_time() - started < 10


def test_many_calls_in_one_deep_expression_take_linear_time() -> None:
    content = b"+".join([b"import('./a.js')"] * 20_000)
    started = time.process_time()
    assert len(find(content)) == 20_000
    assert time.process_time() - started < 10
