from __future__ import annotations

import subprocess
import sys
import threading
import time
from importlib.machinery import PathFinder

import pytest

from assetbuild.syntax import javascript
from assetbuild.syntax.javascript import MAX_BYTES, MAX_DEPTH, covering, is_whole, leaves, parse


def whole(content: bytes) -> bool:
    tree = parse(content)
    return tree is not None and is_whole(tree)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a()",
        b"\xef\xbb\xbfa()",
        b"#!/usr/bin/env node\na()",
        b"\xef\xbb\xbf#!/usr/bin/env node\na()",
        b"'\xe9'; // \xe9\n/* \xe9 */ `\xe9`; /\xe9/",
        b"'\xe9\xe9'+'\xff\xfe'",
        b"a\r\nb\r\n",
        b"a\rb",
        b"// a\rb = 1",
        "'a\u2028b'\u2029c".encode(),
        b"[" * 100 + b"]" * 100,
    ],
)
def test_legal_files_are_whole(content: bytes) -> None:
    assert whole(content)


@pytest.mark.parametrize("content", [b"a b", b"(", b"a\xe9 = 1", b"'a", b"`a", b"let = = 1", b"/* a"])
def test_errors_are_seen(content: bytes) -> None:
    assert parse(content) is not None
    assert not whole(content)


def test_offsets_are_those_of_the_bytes() -> None:
    content = b"\xef\xbb\xbf'\xe9\xe9' /* \xff */\rb"
    tree = parse(content)
    assert tree is not None
    assert [content[leaf.start_byte : leaf.end_byte] for leaf in leaves(tree)] == [
        b"'",
        b"\xe9\xe9",
        b"'",
        b"/* \xff */",
        b"b",
    ]


def test_covering_gives_the_nodes_over_each_offset_and_not_what_errors_hold() -> None:
    tree = parse(b"a(b); c(d); e(f)")
    assert tree is not None
    kinds = [(node.type, node.start_byte) for node in covering(tree, [2, 8])]
    assert kinds == [
        ("program", 0),
        ("expression_statement", 0),
        ("call_expression", 0),
        ("arguments", 1),
        ("identifier", 2),
        ("expression_statement", 6),
        ("call_expression", 6),
        ("arguments", 7),
        ("identifier", 8),
    ]
    assert list(covering(tree, [])) == []
    broken = parse(b"class A { accessor x = 1 }")
    assert broken is not None
    assert [node.type for node in covering(broken, [19])] == [
        "program",
        "class_declaration",
        "class_body",
        "field_definition",
        "ERROR",
    ]


def test_what_is_too_large_or_too_deep_is_not_parsed() -> None:
    assert parse(b" " * (MAX_BYTES + 1)) is None
    assert parse(b"[a," * (MAX_DEPTH + 1)) is None
    assert parse(b"[a," * 300_000) is None
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) is not None


def test_closed_brackets_do_not_count() -> None:
    assert whole(b"a([{}])\n" * (MAX_DEPTH * 2))


def test_what_makes_the_parser_read_on_and_on_is_given_up() -> None:
    started = time.process_time()
    assert parse(b"a/*\n" * 100_000) is None
    assert time.process_time() - started < 10
    assert whole(b"a()")


@pytest.mark.parametrize(
    "piece", [b"a/**/", b"import/**/", b'"', b"a b;", b"the quick brown fox. ", b"@", b"}", b"a=>", b"!", b"~", b"{("]
)
def test_what_is_no_javascript_from_its_beginning_is_given_up_at_once(piece: bytes) -> None:
    started = time.process_time()
    assert parse(piece * (2_000_000 // len(piece))) is None
    assert time.process_time() - started < 10


def test_a_small_file_is_parsed_whatever_it_holds() -> None:
    assert parse(b"the quick brown fox. " * 1_000) is not None


@pytest.mark.parametrize(
    ("before", "inside", "after"),
    [
        (b"x = `", b"the quick brown fox. ", b"`"),
        (b"/*", b"the quick brown fox. ", b"*/"),
        (b"x = `${`", b"a { b: 'c' } ", b"`}`"),
        (b"x = '", rb"\n\'\\", b"'"),
        (b"x = [", b"a,", b"]"),
        (b"x = [", b"0,'a',null,", b"]"),
        (b"x = {", b"a:1,b:c,d,", b"}"),
        (b"import {", b"a, b as c, ", b"} from 'd'"),
        (b"(function () {", b"a(b); ", b"})()"),
    ],
)
def test_what_the_cut_of_a_beginning_leaves_open_is_no_error(before: bytes, inside: bytes, after: bytes) -> None:
    assert whole(before + inside * (600_000 // len(inside)) + after)


def test_a_long_token_is_read_in_pieces() -> None:
    assert whole(b"x = '" + b"a" * 1_000_000 + b"'; /*" + b"b" * 1_000_000 + b"*/ `" + b"c" * 1_000_000 + b"`")


def test_the_same_bytes_in_a_row_are_parsed_once() -> None:
    one, two, three = parse(b"a"), parse(b"b"), parse(b"a")
    assert one is three
    assert one is not two
    assert parse(b"c") is not None
    assert parse(b"b") is not two or parse(b"a") is not one


def test_each_thread_has_a_parser_of_its_own() -> None:
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(whole(b"a()\n" * 5_000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4


def test_the_grammar_is_loaded_without_what_its_package_reads_files_with() -> None:
    code = (
        "import sys; from assetbuild.syntax.javascript import parse; assert parse(b'a()');"
        "print({'importlib.resources', 'tempfile', 'shutil'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")


@pytest.mark.parametrize("hidden", ["tree_sitter_javascript", "tree_sitter_javascript._binding"])
def test_a_grammar_that_is_not_in_a_directory_is_imported(monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    """As where one archive holds all packages, with a finder of its own."""
    import tree_sitter_javascript

    find_spec = PathFinder.find_spec
    monkeypatch.setattr(
        PathFinder, "find_spec", lambda name, path=None: None if name == hidden else find_spec(name, path)
    )
    assert javascript._grammar() is tree_sitter_javascript
