from __future__ import annotations

import pytest

from assetbuild.processors import javascript_by_piece, javascript_equivalence
from assetbuild.processors.minify import minify
from assetbuild.processors.verified import VERIFIED
from assetbuild.references import javascript as references
from assetbuild.syntax import javascript, javascript_pieces
from assetbuild.syntax.javascript_braces import braces

BODY = (
    "  const a{n} = /[/}}]/.test(b) ? `}}${{(() => {{ return '{{' }})()}}` : \"{{\"; // }}\n"
    "  if (a{n}) {{ return a{n} / 2 }}\n"
)
FILL = "  b(1, 2, {{3: 4}})\n" * 10


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(javascript, "LARGE", 20_000)
    monkeypatch.setattr(javascript_pieces, "_SIZE", 8_000)


def script(functions: int = 150, last: str = "") -> bytes:
    """Of more than `javascript.LARGE` bytes: functions inside one."""
    inner = "".join(f"function f{n} (b) {{\n{(BODY + FILL).format(n=n)}}}\n" for n in range(functions))
    return f"'use strict';\n(function () {{\n{inner}{last}\n}})();\n".encode()


LARGE = script()
MINIFIED = VERIFIED["rjsmin"]()[0](LARGE)


def division(content: bytes = LARGE) -> javascript_pieces.Division:
    found = javascript_pieces.divided(content)
    assert found
    return found


def test_a_large_script_is_divided_into_small_pieces_whose_trees_show_that_they_are_some() -> None:
    pieces = list(division().pieces())
    trees = [javascript.parse(piece.text) for piece in pieces]
    assert len(pieces) > 3
    assert max(len(piece.text) for piece in pieces) < len(LARGE) // 2
    assert all(tree and piece.shows(tree) for piece, tree in zip(pieces, trees, strict=True))


def test_each_byte_of_a_piece_that_is_from_the_script_is_found_there() -> None:
    for piece in division().pieces():
        for at in range(0, len(piece.text), 97):
            begin = piece.origin(at)
            if piece.text[at : at + 8].isalpha() and b"assetbuild" not in piece.text[max(0, at - 40) : at + 40]:
                assert LARGE[begin : begin + 8] == piece.text[at : at + 8]


def test_a_script_that_is_not_large_is_not_divided() -> None:
    assert javascript_pieces.divided(b"function f() {" + b"a();" * 100 + b"}") is None


def test_a_script_with_a_mark_in_it_is_not_divided() -> None:
    assert javascript_pieces.divided(script(last="_assetbuild_piece_7()")) is None
    assert division().like_this(MINIFIED + b"/*_assetbuild_piece_7*/") is None


@pytest.mark.parametrize(
    "text",
    [
        b'a = \'{\'; b = "}\\"}"; c = /[}/]}/; // {\n/* { */ d = {}',
        b"a = b / c / {}; if (a) /}/.test(b); a++ / {} / 2",
        b"(a) / {} / 2",
        b"`{${ {a: `}${b}{`} }}`; return /{/",
    ],
)
def test_braces_are_those_of_code(text: bytes) -> None:
    found = braces(text)
    assert found
    assert [text[begin : end + 1] for begin, end in zip(*found, strict=True)] in (
        [b"{}"],
        [b"{}", b"{}"],
        [b"{a: `}${b}{`}"],
    )


def test_what_does_not_match_has_no_braces() -> None:
    assert braces(b"}") is None
    assert braces(b"a = {") is None


def test_a_piece_that_is_no_body_is_not_taken_for_one() -> None:
    """`switch` by another name: what the braces hold are no statements."""
    content = script(last="class A extends f(b) {\n" + "  m() { return 1 }\n" * 100 + "}")
    pieces = list(division(content).pieces())
    trees = [javascript.parse(piece.text) for piece in pieces]
    assert not all(tree and piece.shows(tree) for piece, tree in zip(pieces, trees, strict=True))
    with pytest.raises(javascript_by_piece.Undivided):
        javascript_by_piece.difference(division(content), VERIFIED["rjsmin"]()[0](content))
    assert minify(content, "js", ("rjsmin",), "a.js").tool


def test_a_mark_in_text_shows_nothing() -> None:
    text = b"a = `f() {throw _assetbuild_piece_0}`"
    tree = javascript.parse(text)
    assert tree
    assert not javascript_pieces.Piece(text, True, [], [text.index(b"throw")], [(0, 0)]).shows(tree)


def test_a_minified_script_is_proven_by_its_pieces() -> None:
    assert javascript_by_piece.difference(division(), MINIFIED) is None


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (b"const a77=/[/}]/.test(b)?", b"const a77=/[/)]/.test(b)?"),
        (b"return a77/2", b"return a77/3"),
        (b"return a77/2", b"return;a77/2"),
        (b"function f77(b)", b"function f77(c)"),
        (b"function f77(b)", b"async function f77(b)"),
        (b"'use strict';", b"'use strict','';"),
        (b"})();", b"});"),
    ],
)
def test_a_change_in_any_piece_is_seen_where_it_is(was: bytes, now: bytes) -> None:
    at = MINIFIED.index(was)
    output = MINIFIED[:at] + now + MINIFIED[at + len(was) :]
    whole = javascript_equivalence.difference_of_trees(LARGE, output)
    found = javascript_by_piece.difference(division(), output)
    assert whole
    assert found
    assert abs(found.offset - whole.offset) < 200


def test_bodies_that_changed_places_are_seen() -> None:
    text = MINIFIED.decode()
    first, second = text.index("function f5(b)"), text.index("function f6(b)")
    third = text.index("function f7(b)")
    output = text[:first] + text[second:third] + text[first:second] + text[third:]
    assert javascript_by_piece.difference(division(), output.encode())


def test_an_output_of_other_braces_is_left_to_the_whole_tree() -> None:
    with pytest.raises(javascript_by_piece.Undivided):
        javascript_by_piece.difference(division(), MINIFIED + b"{}")


def test_a_large_script_that_is_not_understood_is_warned_of_as_a_small_one_is() -> None:
    found = minify(script(last="a b c"), "js", ("rjsmin",), "a.js")
    what = "is not understood as JavaScript here, so it is not minified, and released as it was written"
    assert [warning.what for warning in found.warnings] == [what]


def test_references_of_a_large_script_are_those_that_the_tree_of_the_whole_has() -> None:
    calls = "".join(
        f"function g{n} () {{ import('./{n}.js'); new URL('a{n}.png', import.meta.url) }}\n" for n in range(40)
    )
    content = (
        b"import './first.js';\n" + script(last=calls).replace(b"'use strict';\n", b"") + b"export * from './z.js'\n"
    )
    whole = references.parsed(content, javascript.parse(content))

    assert whole
    assert len(whole) == 82
    assert references._by_piece(content) == whole
    assert references.parsed(content) == whole
