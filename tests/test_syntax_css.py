"""The tokenizer against the standard and against tinycss2, which follows the same standard over decoded text."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
import tinycss2
from hypothesis import assume, given
from hypothesis import strategies as st

from assetbuild.syntax.css import (
    declared_encoding,
    decode,
    detect_encoding,
    scan,
    string_inner,
    tokenize,
    unescape,
    url_inner,
)

# Pieces that start, end or continue tokens in surprising ways when they meet.
FRAGMENTS = [
    "a", "url", "URL(", "u\\72l(", "\\75 rl(", "src(", "url(", "url( ", "image-set(", "x", "e", "-", "--", "-->",
    "<!--", "<", "!", "important", "@", "@import", "#", "#fff", ".", "+", "1", "0.5", "1e3", "1e", "E-2", "%", "px",
    "\\", "\\\n", "\\31 ", "\\)", "\\66\r\n", "\\0", "\\110000 ", '"', "'", '"a"', "'b'", "/*", "*/", "/", "*", " ",
    "\n", "\r\n", "\f", "\t", ":", ";", ",", "(", ")", "[", "]", "{", "}", "~=", "|", "é", "\U0001f600", "\x00",
    "\x01", "\x7f", "?", "=", "rl(", "set(",
]  # fmt: skip
# Where tinycss2 is not the standard: in an unquoted URL it takes a backslash before a line break for a character, and
# in what is left of a broken one it knows no escape but `\\)`.
NOT_STANDARD = re.compile(r"rl\([^)]*\\[\\\n\r\f]", re.IGNORECASE)
css_like = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join)


def kinds_and_texts(css: str) -> list[tuple[str, str]]:
    content = css.encode()
    found = []
    for kind, start, end in tokenize(content):
        raw = content[start:end]
        if kind in ("ident", "hash", "at-keyword", "function"):
            raw = raw[kind in ("hash", "at-keyword") : len(raw) - (kind == "function")]
            found.append((kind, unescape(raw, "utf-8")))
        elif kind in ("string", "url"):
            first, last = string_inner(raw) if kind == "string" else url_inner(raw)
            found.append((kind, unescape(raw[first:last], "utf-8", in_string=kind == "string")))
        elif kind in ("whitespace", "comment", "bad-string", "bad-url"):
            found.append((kind, ""))
        elif kind == "dimension":
            found.append((kind, unescape(raw, "utf-8")))
        else:
            found.append((kind if kind in ("number", "percentage") else "sign", raw.decode().replace("\0", "\ufffd")))
    return found


@pytest.mark.parametrize(
    ("token", "inner"),
    [
        ("'a'", "a"),
        ("''", ""),
        ("'", ""),
        ("'a", "a"),
        ("'a\\'", "a\\'"),
        ("'a\\\\'", "a\\\\"),
        ("'\\", "\\"),
        ("'a\"", 'a"'),
        ("url(a)", "a"),
        ("url()", ""),
        ("url( \t)", ""),
        ("url(\r\n", ""),
        ("URL( a\f )", "a"),
        ("url( a ", "a"),
        ("u\\72 l( a\\) )", "a\\)"),
    ],
)
def test_what_is_inside_a_token(token: str, inner: str) -> None:
    raw = token.encode()
    assert [start for _, start, _ in tokenize(raw)] == [0]
    start, end = url_inner(raw) if token[0] in "uU" else string_inner(raw)
    assert raw[start:end].decode() == inner


def oracle(css: str) -> list[tuple[str, str]]:
    return list(flattened(tinycss2.parse_component_value_list(css)))


def flattened(nodes: list) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if node.type in ("whitespace", "comment"):
            yield node.type, ""
        elif node.type in ("ident", "hash", "at-keyword", "string", "url"):
            yield node.type, node.value
        elif node.type in ("number", "percentage"):
            yield node.type, node.representation + ("%" if node.type == "percentage" else "")
        elif node.type == "dimension":
            yield node.type, node.representation + node.unit
        elif node.type == "error":
            if node.kind in ("bad-string", "bad-url"):
                yield node.kind, ""
            elif not node.kind.startswith("eof-in"):
                yield "sign", node.kind
        elif node.type == "literal":
            # tinycss2 has tokens for `~=` and `||`, which the standard dropped.
            for sign in [node.value] if node.value in ("-->", "<!--") else node.value:
                yield "sign", sign
        else:
            opening, closing = ("", ")") if node.type == "function" else node.type[:2]
            yield ("function", node.name) if node.type == "function" else ("sign", opening)
            yield from flattened(node.arguments if node.type == "function" else node.content)
            yield "sign", closing


def without_closers(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """tinycss2 gives a tree: it does not tell whether a bracket was closed, or by the end of the file."""
    return [token for token in tokens if token not in (("sign", ")"), ("sign", "]"), ("sign", "}"))]


@given(css_like)
def test_tokens_are_those_of_tinycss2(css: str) -> None:
    assume(not NOT_STANDARD.search(css))
    assert without_closers(kinds_and_texts(css)) == without_closers(oracle(css))


@given(css_like.map(str.encode) | st.binary(max_size=60))
def test_tokens_join_to_the_input(content: bytes) -> None:
    assert b"".join(content[start:end] for _, start, end in tokenize(content)) == content
    after_bom = len(b"\xef\xbb\xbf") if content.startswith(b"\xef\xbb\xbf") else 0
    assert b"".join(content[start:end] for _, start, end in scan(content)) == content[after_bom:]


@given(css_like)
def test_a_scan_finds_the_urls_strings_and_at_keywords_that_the_tokens_have(css: str) -> None:
    content = css.encode()
    wanted = ("url", "string", "at-keyword")
    tokens = [token for token in tokenize(content) if token[0] in wanted]
    assert [token for token in scan(content) if token[0] in wanted] == tokens


@given(css_like)
def test_a_scan_finds_every_function_that_may_name_a_file(css: str) -> None:
    content = css.encode()
    functions = [
        (start, end)
        for kind, start, end in tokenize(content)
        if kind == "function" and unescape(content[start : end - 1], "utf-8").lower() in ("url", "src", "image-set")
    ]
    plain = {(start, end) for kind, start, end in scan(content) if kind == "function"}
    # One that holds nothing of interest may be in a run, unless its name is what is looked for.
    assert [span for span in functions if span not in plain] == []


@pytest.mark.parametrize(
    ("css", "kinds"),
    [
        ("a:hover", "ident : ident"),
        ("-->", "cdc"),
        ("<!--a-->", "cdo ident delim"),
        ("--x", "ident"),
        ("-1px", "dimension"),
        ("a-1", "ident"),
        ("1-1", "number number"),
        ("1e3 1e x", "number whitespace dimension whitespace ident"),
        ("1.", "number delim"),
        ("+.5%", "percentage"),
        ("url(a b)", "bad-url"),
        ("url(\\\n)a", "bad-url ident"),
        ("url('\n\\\\)a", "function bad-string whitespace ident ) ident"),
        ("url(a(\\\\)a", "bad-url ident"),
        ("url(a(\\))a", "bad-url ident"),
        ("url(a'b)c", "bad-url ident"),
        ('url( "a")', "function whitespace string )"),
        ("url( a\n)", "url"),
        ("url(", "url"),
        ('"a', "string"),
        ('"a\n"', "bad-string whitespace string"),
        ('"a\\\nb"', "string"),
        ('"\\41\n"', "string"),
        ("/* a", "comment"),
        ("/*/", "comment"),
        ("\\", "ident"),
        ("\\\n", "delim whitespace"),
        ("@media", "at-keyword"),
        ("@ a", "delim whitespace ident"),
        ("\ufeff@a", "whitespace at-keyword"),
        ("# #a", "delim whitespace hash"),
    ],
)
def test_kinds(css: str, kinds: str) -> None:
    assert " ".join(kind for kind, _, _ in tokenize(css.encode())) == kinds


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (rb"a\62 c", "abc"),
        (b"\\000061b", "ab"),
        (b"\\61\r\nb", "ab"),
        (rb"\0 \d800 \110000 ", "\ufffd\ufffd\ufffd"),
        (rb"\)\"", ')"'),
        ("\\é".encode(), "é"),
        (b"a\\", "a\ufffd"),
        (b"a\x00", "a\ufffd"),
        (b"\xff", "\udcff"),
    ],
)
def test_unescape(raw: bytes, text: str) -> None:
    assert unescape(raw, "utf-8") == text


def test_an_escaped_newline_in_a_string_is_nothing() -> None:
    assert unescape(b"a\\\r\nb\\\fc\\\nd\\", "utf-8", in_string=True) == "abcd"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"", "utf-8"),
        ("é".encode(), "utf-8"),
        ("é".encode("latin-1"), "cp1252"),
        (b'\xef\xbb\xbf@charset "latin1";', "utf-8"),
        (b"\xff\xfea\x00", "utf-16-le"),
        (b"\xfe\xff\x00a", "utf-16-be"),
        (b'@charset "ISO-8859-1";', "cp1252"),
        (b'@charset "windows-1251";', "cp1251"),
        (b'@charset "shift_jis";', "cp932"),
        (b'@charset "gb2312";', "gb18030"),
        (b'@charset "utf-16";\xe9', "utf-8"),
        (b'@charset "utf-16le";\xe9', "utf-8"),
        (b'@charset "hex";\xe9', "cp1252"),
        (b'@charset "utf-7";', "utf-8"),
        (b'@charset "no\x00";', "utf-8"),
        (b"@charset 'latin1';", "utf-8"),
        (b' @charset "latin1";', "utf-8"),
        (b'@charset  "latin1";', "utf-8"),
    ],
)
def test_detect_encoding(content: bytes, encoding: str) -> None:
    assert detect_encoding(content) == encoding


def test_an_unknown_charset_declares_nothing() -> None:
    assert declared_encoding(b'@charset "klingon";') is None


def test_every_byte_of_windows_1252_has_a_text() -> None:
    assert decode(b"\x80\x81\x8d\x8f\x90\x9d\xff", "cp1252") == "€\x81\x8d\x8f\x90\x9dÿ"


@pytest.mark.parametrize(
    "unit",
    [b"(", b"{", b"[", b"a{b:url(", b"/*", b'"', b"\\\\", b"url(", b"\\", b"'\\\n", b"\\41 ", b"a\\", b"#", b"-", b"@",
     b".", b"1", b"1e", b"+", b"a(", b"u\\72l(", b"url(\\a ", b"a ", b"--", b"set(", b"<!", b"\xff", b"a(b)", b"\\a\r"],
)  # fmt: skip
@pytest.mark.parametrize("end", [b"\n", b"\\"])
def test_time_is_linear(unit: bytes, end: bytes) -> None:
    def seconds(length: int) -> float:
        content = unit * (length // len(unit)) + end
        begin = time.process_time()
        assert sum(last - first for _, first, last in tokenize(content)) == len(content)
        for _ in scan(content):
            pass
        return time.process_time() - begin

    # Quadratic time would be 64 times as much, exponential would not end.
    assert seconds(120_000) < 40 * max(seconds(15_000), 0.004)
