"""Our CSS tokens and references against tinycss2, a parser of the same standard, on hostile bytes and on real files.

Both read one byte as one character here (Latin-1), so that bytes which are wrong in UTF-8 take part and offsets agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import tinycss2
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assetbuild.references.css import find
from assetbuild.syntax.css import tokenize
from tests.support import packages
from tests.support.needs import need
from tests.support.packages import Package
from tests.test_references_css import oracle

# Where tinycss2 is not the standard: in an unquoted URL it takes a backslash before a line break for a character, and
# in what is left of a broken one it knows no escape but `\)`.
DIFFERENCES = re.compile(rb"rl\([^)]*\\[\\\n\r\f]|72 ?\(?[^)]*\\[\\\n\r\f]", re.IGNORECASE)
# It has one token for what the standard now reads as two.
PAIRS = ("~=", "|=", "^=", "$=", "*=", "||")
# It has a token of its own for `U+25-FF`, which the standard now reads as several, and only @font-face as one.
RANGE = re.compile(rb"[uU]\+[0-9A-Fa-f?]{1,6}(?:-[0-9A-Fa-f]{1,6})?")

PIECES = [
    # Escapes: whole, cut off, of nothing, beyond Unicode, with every white space that can end one.
    b"\\", b"\\7", b"\\75 rl(", b"u\\72l(", b"\\75\r\n\\72 \\6c(", b"\\000075rl(", b"\\0", b"\\d800 ",
    b"\\110000", b"\\\r\n",
    b"\\\x0c", b"\\)", b"\\;", b"\\\xe9", b"\\\x00",
    # Comments in odd places, and what only looks like one.
    b"/*", b"*/", b"/**/", b"/*/", b"/* url(n) */", b"@import/**/'c'", b"url(/**/'n')", b"f/**/(",
    # Unclosed things and line ends.
    b'"', b"'", b"'s\\\n'", b"'s\n", b"url(", b"url('", b"url( a", b"url(a b)", b"(", b")", b"[", b"]", b"{",
    b"}", b"\n",
    b"\r\n", b"\r", b"\x0c", b"\t", b" ", b"\x0b",
    # Bytes that are no text.
    b"\x00", b"\x01", b"\x7f", b"\x80", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", "é\U0001f600".encode(),
    # Nested functions and names that nearly are those which name files.
    b"image-set('a' 1x", b"-webkit-image-set(", b"type('n')", b"src('b')", b"curl(n)", b"-url(n)", b"1url(n)",
    b"#url(n)",
    b"@url(n)", b"url-(n)", b"URL(d)", b"url(e?f#g)", b"url(#n)", b"cross-fade(url(h),", b"calc(", b"var(--u)",
    b"set(", b"src",
    # Statements.
    b"@import 'i';", b"@import url(j) layer(k) supports(l:url(n));", b"@namespace url(n);",
    b"@supports (a:url(n))", b"@media x{",
    b"@", b"@-", b"--v:{", b"--v:", b"a{b:", b";", b":", b",", b"!", b"<!--", b"-->", b"--", b"-", b"#", b"1",
    b".5e", b"e-3", b"%",
    b"+", b"~=", b"||", b"|", b"a",
]  # fmt: skip
hostile = st.lists(st.sampled_from(PIECES), max_size=25).map(b"".join) | st.binary(max_size=40)


def kinds_and_places(content: bytes) -> list[tuple[str, int]]:
    """Kind and start of each token; its end is the next one's start, since tokens join up to the file."""
    return [
        (kind if len(kind) > 1 and kind not in ("delim", "cdo", "cdc") else "sign", start)
        for kind, start, _ in tokenize(content)
        if kind not in (")", "]", "}")
    ]


def expected_kinds_and_places(content: bytes) -> list[tuple[str, int]]:
    """The same from tinycss2, whose tree does not say where a bracket is closed."""
    lines = [0, *(found.end() for found in re.finditer(rb"\r\n|[\n\r\f]", content))]
    nodes = tinycss2.parse_component_value_list(content.decode("latin-1"))
    return [(kind, lines[line - 1] + column - 1) for kind, line, column in flattened(nodes)]


def flattened(nodes: list) -> Iterator[tuple[str, int, int]]:
    for node in nodes:
        line, column = node.source_line, node.source_column
        if node.type == "error":
            # The others are told beside what they are about, or of a bracket that closes nothing.
            if node.kind in ("bad-string", "bad-url"):
                yield node.kind, line, column
        elif node.type == "literal":
            yield "sign", line, column
            if node.value in PAIRS:
                yield "sign", line, column + 1
        elif node.type == "function":
            yield "function", line, column
            yield from flattened(node.arguments)
        elif node.type in ("() block", "[] block", "{} block"):
            yield "sign", line, column
            yield from flattened(node.content)
        else:
            yield node.type, line, column


def assert_same_tokens(content: bytes) -> None:
    ranges = [found.span() for found in RANGE.finditer(content)]
    ours, theirs = (
        [(kind, at) for kind, at in tokens if not any(start <= at < end for start, end in ranges)]
        for tokens in (kinds_and_places(content), expected_kinds_and_places(content))
    )
    assert ours == theirs


@settings(deadline=None)
@given(hostile)
def test_tokens_begin_where_those_of_tinycss2_begin(content: bytes) -> None:
    assume(not DIFFERENCES.search(content) and not content.startswith(b"\xef\xbb\xbf"))
    assert_same_tokens(content)


def found(content: bytes) -> list[tuple[str, str]]:
    return [(each.kind, shown(each.specifier)) for each in find(content)]


def shown(specifier: str) -> str:
    """Which characters other bytes stand for is the encoding's matter, see test_references_css.py."""
    return re.sub(r"[^\x00-\x7f]+", "?", specifier)


@settings(deadline=None)
@given(hostile)
def test_references_in_hostile_bytes_are_those_of_tinycss2(content: bytes) -> None:
    assume(not DIFFERENCES.search(content) and not content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")))
    assert found(content) == [(kind, shown(url)) for kind, url in oracle(content.decode("latin-1"))]


@pytest.mark.parametrize("package", [packages.BOOTSTRAP, packages.FONT_AWESOME, packages.TINYMCE], ids=lambda p: p.name)
def test_real_files_are_read_as_tinycss2_reads_them(package: Package) -> None:
    directory = need(lambda: packages.fetch(package))
    files = sorted(directory.rglob("*.css"), key=lambda file: (file.stat().st_size, file))
    for file in [*files[:4], files[-1]]:
        content = file.read_bytes()
        assert_same_tokens(content)
        assert found(content) == [(kind, shown(url)) for kind, url in oracle(content.decode("latin-1"))], file
