"""The judges are not ours: trace-mapping and remapping (tests/support/source_maps.py), and a decoder of ten lines."""

from __future__ import annotations

import base64
import json
import random
import re
import subprocess
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetbuild.sourcemaps import Shift, composed, data_url, inline, shifted, shifts
from assetbuild.syntax import mappings
from tests.support import packages
from tests.support.needs import need
from tests.support.source_maps import Oracle, oracle

T = TypeVar("T")
Position = tuple[int, int]
LINE_END = re.compile("\r\n|[\n\r\u2028\u2029]")
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def source_map(text: str = "AAAA", **fields: Any) -> bytes:
    return json.dumps({"version": 3, "sources": ["a.ts"], "names": ["n"], "mappings": text} | fields).encode()


def moved(text: str, *moves: tuple[int, int, int]) -> str | None:
    """The mappings after `moves`, each as a Shift has them."""
    result = shifted(source_map(text), [Shift(*move) for move in moves])
    return None if result is None else json.loads(result)["mappings"]


def columns(text: str | None) -> list[list[list[int]]]:
    """The absolute numbers of each segment of each line."""
    assert text is not None
    state, lines = [0] * 5, []
    for line in text.split(";"):
        state[0], segments = 0, []
        for segment in line.split(",") if line else ():
            bits = [f"{DIGITS.index(digit):06b}" for digit in segment]
            numbers = re.findall("((?:1.....)*0.....)", "".join(bits))
            for field, number in enumerate(numbers):
                value = "".join(number[at + 1 : at + 6] for at in range(len(number) - 6, -1, -6))
                state[field] += int(value[:-1], 2) * (-1 if value[-1] == "1" else 1)
            segments.append(state[: len(numbers)])
        lines.append(segments)
    return lines


def lookup(result: bytes, position: Position) -> list[int]:
    """What the last segment at or before the position says."""
    lines = columns(json.loads(result)["mappings"])
    line = lines[position[0]] if position[0] < len(lines) else []
    return next((segment[1:] for segment in reversed(line) if segment[0] <= position[1]), [])


def position_of(text: str, at: int) -> Position:
    ends = [match.end() for match in LINE_END.finditer(text) if match.end() <= at]
    return len(ends), len(text[ends[-1] if ends else 0 : at].encode("utf-16-le")) // 2


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    return need(lambda: oracle(tmp_path_factory.mktemp("oracle")))


# Where a change moves what stands behind it.


@pytest.mark.parametrize(
    ("before", "old", "expected"),
    [
        (b"a('x')", b"x", [Shift(0, 4, 2)]),
        (b"1;\n2;\r\n3;\ra('x')", b"x", [Shift(3, 4, 2)]),
        ("é😀('x')".encode(), b"x", [Shift(0, 6, 2)]),
        ("a('é😀')".encode(), "é😀".encode(), []),  # three code units before and after
        ("a('éé')".encode(), "éé".encode(), [Shift(0, 5, 1)]),
        (b"a('long.js')", b"long.js", [Shift(0, 10, -4)]),
        (b"\xef\xbb\xbfa('x')", b"x", [Shift(0, 4, 2)]),
        (b"\xff\xff('x')", b"x", [Shift(0, 5, 2)]),
        (b"\xe2\x82('x')", b"x", [Shift(0, 4, 2)]),  # what is cut off is one replacement character
        (b"a('\xff')", b"\xff", [Shift(0, 4, 2)]),
        (b"a('xyz')", b"xyz", []),
        (b"a('x\\\ny')", b"x\\\ny", None),
        (b"a('x\\\r\ny')", b"x\\\r\ny", None),
        (b"1\rX\n3", b"X", None),  # without X two line ends become one
        ("a('x')".encode("utf-16"), b"x", None),
    ],
)
def test_a_span_moves_what_is_behind_it(before: bytes, old: bytes, expected: list[Shift] | None) -> None:
    at = before.index(old)
    assert shifts(before, [(at, at + len(old), 3)], "js") == expected


def test_columns_of_several_spans_are_those_of_the_text_before_any_change() -> None:
    before = b"f('a','b');\nf('c')"
    assert shifts(before, [(3, 4, 5), (7, 8, 0), (15, 16, 2)], "js") == [
        Shift(0, 4, 4),
        Shift(0, 8, -1),
        Shift(1, 4, 1),
    ]


@pytest.mark.parametrize(
    ("end", "js", "css"),
    [("\n", 1, 1), ("\r", 1, 1), ("\r\n", 1, 1), ("\n\r", 2, 2), ("\f", 0, 1), ("\u2028", 1, 0), ("\u2029", 1, 0)],
)
def test_a_line_ends_where_its_language_says(end: str, js: int, css: int) -> None:
    before = f"a{end}x".encode()
    span = (len(before) - 1, len(before), 3)
    assert [shift.line for shift in shifts(before, [span], "js") or ()] == [js]
    assert [shift.line for shift in shifts(before, [span], "css") or ()] == [css]


# The map of a file that is changed.


def test_without_a_shift_a_map_is_the_very_bytes() -> None:
    anything = b" no map at all "
    assert shifted(anything, []) is anything


@pytest.mark.parametrize(
    ("text", "moves", "expected"),
    [
        ("AAAA,KAAK,KAAK", [(0, 5, 3)], "AAAA,QAAK,KAAK"),
        ("AAAA,KAAK,KAAK", [(0, 6, 3)], "AAAA,KAAK,QAAK"),
        ("AAAA,KAAK,KAAK", [(0, 5, -2)], "AAAA,GAAK,KAAK"),
        ("AAAA,KAAK,KAAK", [(0, 11, 3)], "AAAA,KAAK,KAAK"),
        ("AAAA,KAAK,KAAK", [(0, 5, 3), (0, 10, -1)], "AAAA,QAAK,IAAK"),
        ("AAAA,KAAK,KAAK", [(0, 10, -1), (0, 5, 3)], "AAAA,QAAK,IAAK"),
        ("A,K,K", [(0, 0, 20)], "oB,K,K"),
        ("KAAA;KAAK", [(1, 5, 3)], "KAAA;QAAK"),
        ("KAAA;;KAAK", [(1, 5, 3), (7, 0, 1)], "KAAA;;KAAK"),
        ("", [(0, 5, 3)], ""),
        ("gAAgAA,KAgAAA", [(0, 5, 3)], "gAAgAA,QAgAAA"),  # numbers with needless digits stay as they are
        ("KAAK,!;KAAK", [(1, 5, 3)], "KAAK,!;QAAK"),  # a line that nothing moves is not read
    ],
)
def test_only_numbers_that_must_change_are_changed(text: str, moves: list[tuple[int, int, int]], expected: str) -> None:
    assert moved(text, *moves) == expected


def test_segments_inside_a_replaced_span_never_pass_its_end() -> None:
    # 'abcdefgh' -> 'xy' between columns 2 and 10: those at 3, 5, 7 come to 4 with the one at 10, which alone counts.
    before = "AAAA,EAAE,CAAC,EAAE,EAAE,GAAG,CAAC"
    assert [segment[0] for segment in columns(before)[0]] == [0, 2, 3, 5, 7, 10, 11]
    after = columns(moved(before, (0, 10, -6)))[0]
    assert after == [[0, 0, 0, 0], [2, 0, 0, 2], [3, 0, 0, 3], [4, 0, 0, 10], [5, 0, 0, 11]]


def test_the_last_segment_inside_a_replaced_span_still_stands_for_what_is_behind_it() -> None:
    assert columns(moved("AAAA,GAAG,EAAE", (0, 8, -6))) == [[[0, 0, 0, 0], [2, 0, 0, 5]]]
    assert columns(moved("GAAG,EAAE", (0, 8, -8))) == [[[0, 0, 0, 5]]]


def test_what_a_dropped_segment_added_is_paid_where_its_number_comes_next() -> None:
    before = "AAAA,GACGC,K,CAEC;A;AACAC"
    expected = [[line[at] for at in keep] for line, keep in zip(columns(before), ([0, 2, 3], [0], [0]), strict=True)]
    expected[0][1][0], expected[0][2][0] = 2, 3
    assert columns(moved(before, (0, 8, -6))) == expected


def test_all_else_of_a_map_stays() -> None:
    fields = {
        "file": "é.js",
        "x_own": {"b": [1, None, 0.5], "a": True},
        "sourcesContent": ["\ud800 é\n"],
        "debugId": "d",
    }
    result = shifted(source_map("KAAA", **fields), [Shift(0, 5, 3)])
    assert result is not None
    assert list(json.loads(result).items()) == list(json.loads(source_map("QAAA", **fields)).items())
    assert shifted(source_map("KAAA", **fields), [Shift(0, 5, 3)]) == result


def test_drafts_that_hold_generated_columns_are_left_out() -> None:
    result = shifted(source_map("KAAA", scopes="BCC", rangeMappings="A"), [Shift(0, 5, 3)])
    assert result == b'{"version":3,"sources":["a.ts"],"names":["n"],"mappings":"QAAA"}'


NO_MAPS = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b'{"version":3,"sources":["\xff"],"names":[],"mappings":"A"}',
    "a list": b"[]",
    "a number": b"3",
    "a prefix of servers": b")]}'\n" + source_map(),
    "NaN": source_map(x=float("nan")),
    "deep": b'{"version":3,"x":' + b"[" * 200_000,
    "a huge number": b'{"version":3,"sources":[],"mappings":"","x":' + b"1" * 100_000 + b"}",
    "no version": b'{"sources":[],"names":[],"mappings":"A"}',
    "version 2": source_map(version=2),
    "version true": source_map(version=True),
    "version as text": source_map(version="3"),
    "an index map": b'{"version":3,"sections":[]}',
    "an index map with mappings": source_map(sections=[]),
    "no mappings": b'{"version":3,"sources":[],"names":[]}',
    "mappings as lists": b'{"version":3,"sources":[],"names":[],"mappings":[[]]}',
    "no sources": b'{"version":3,"names":[],"mappings":"A"}',
    "sources as text": source_map(sources="a.ts"),
    "a source that is no text": source_map(sources=[1]),
    "names as text": source_map(names="n"),
    "a root that is no text": source_map(sourceRoot=["/"]),
    "no base64": source_map("AAA!"),
    "no ASCII": source_map("AAAé"),
    "two numbers": source_map("AA"),
    "three numbers": source_map("AAA"),
    "six numbers": source_map("AAAAAA"),
    "an empty segment": source_map("AAAA,,KAAA"),
    "a comma at the end": source_map("AAAA,"),
    "an unfinished number": source_map("AAAA,KAAAg"),
    "an unfinished number before a comma": source_map("AAAAg,KAAA"),
    "more than 32 bits": source_map("ggggggEAAA"),
    "more than seven digits": source_map("gggggggAAAA"),
    "a negative column": source_map("DAAA"),
    "minus zero": source_map("BAAA"),
}


@pytest.mark.parametrize("name", NO_MAPS)
def test_what_is_no_map_gives_none(name: str) -> None:
    assert shifted(NO_MAPS[name], [Shift(0, 0, 1)]) is None
    assert composed(NO_MAPS[name], source_map()) is None
    assert composed(source_map(), NO_MAPS[name]) is None


def test_a_number_that_json_has_and_python_cannot_write_gives_none() -> None:
    assert shifted(b'{"version":3,"sources":[],"mappings":"","x":1e999}', [Shift(0, 0, 1)]) is None


@pytest.mark.parametrize("moves", [[(0, 3, -5)], [(0, 5, 9), (0, 6, -20)]], ids=["before the line", "backwards"])
def test_moves_that_cannot_be_give_none(moves: list[tuple[int, int, int]]) -> None:
    assert moved("AAAA,KAAK,KAAK", *moves) is None


def test_a_line_out_of_order_gives_none_where_it_must_change() -> None:
    assert moved("KAAK,DAAD", (0, 5, 3)) is None
    assert moved("KAAK,DAAD;KAAK", (1, 5, 3)) == "KAAK,DAAD;QAAK"


Change = tuple[str, str, bytes, bytes, list[tuple[Position, Position]]]


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """A text before and after, its map before and after, and where each character went that was not replaced."""
    pieces = st.text(st.sampled_from("ab'é😀\n\r\u2028"), max_size=6)
    inside = st.text(st.sampled_from("abé😀"), max_size=8)
    kept = [draw(pieces)]
    replaced: list[tuple[str, str]] = []
    for _ in range(draw(st.integers(1, 5))):
        replaced.append((draw(inside), "x" * draw(st.integers(0, 9))))
        # What stands behind is never the rest of a CRLF, which no span can part.
        kept.append("'" + draw(pieces))
    before = kept[0] + "".join(old + rest for (old, _), rest in zip(replaced, kept[1:], strict=True))
    after = kept[0] + "".join(new + rest for (_, new), rest in zip(replaced, kept[1:], strict=True))
    spans, places = [], [(at, at) for at in range(len(kept[0]))]
    old_at = new_at = len(kept[0])
    for (old, new), rest in zip(replaced, kept[1:], strict=True):
        start = len(before[:old_at].encode())
        spans.append((start, start + len(old.encode()), len(new)))
        old_at, new_at = old_at + len(old), new_at + len(new)
        places += [(old_at + at, new_at + at) for at in range(len(rest))]
        old_at, new_at = old_at + len(rest), new_at + len(rest)
    chosen = random.Random(draw(st.integers(0, 2**16)))
    lines: list[list[tuple[int, ...]]] = [[] for _ in range(len(LINE_END.findall(before)) + 1)]
    for at in range(len(before)):
        line, column = position_of(before, at)
        kind = chosen.choice((0, 0, 1, 4, 4, 5))
        if kind and (not lines[line] or lines[line][-1][0] < column):
            lines[line].append((column, chosen.randrange(2), chosen.randrange(99), at, chosen.randrange(9))[:kind])
    table = {"version": 3, "sources": ["a", "b"], "names": [*"abcdefghi"], "mappings": mappings.written(lines)}
    old_map = json.dumps(table).encode()
    found = shifts(before.encode(), spans, "js")
    assert found is not None
    new_map = shifted(old_map, found)
    assert new_map is not None
    pairs = [(position_of(before, old), position_of(after, new)) for old, new in places]
    return before, after, old_map, new_map, pairs


def test_every_character_that_stays_keeps_its_original(node: Oracle) -> None:
    questions: list[tuple[str, dict[str, Any]]] = []

    @settings(max_examples=200, deadline=None)
    @given(changes())
    def check(change: Change) -> None:
        _, _, old_map, new_map, pairs = change
        assert [lookup(old_map, old) for old, _ in pairs] == [lookup(new_map, new) for _, new in pairs]
        for result, side in ((old_map, 0), (new_map, 1)):
            for line in columns(json.loads(result)["mappings"]):
                assert [*sorted({segment[0] for segment in line})] == [segment[0] for segment in line]
            places = [pair[side] for pair in pairs]
            questions.append(("lookup", {"map": json.loads(result), "positions": places}))

    check()
    answers = node.answers(questions)
    assert answers[::2] == answers[1::2]
    assert sum(place is not None for answer in answers for place in answer) > 500


# One map traced through another.


def table(result: bytes | None) -> dict[str, Any]:
    assert result is not None
    return dict(json.loads(result))


def test_a_composed_map_names_the_originals() -> None:
    outer = source_map("AAAAA,CAAC", sources=["app.js"], file="app.min.js", names=["short"], sourcesContent=["x"])
    inner = source_map("AACA,CACAA", sources=["b", "a"], sourceRoot="../src", sourcesContent=["B"], ignoreList=[0])
    assert composed(outer, inner) == (
        b'{"version":3,"file":"app.min.js","names":["short","n"],"sources":["../src/b"],"sourcesContent":["B"],'
        b'"mappings":"AACAA,CACAC","ignoreList":[0]}'
    )


@pytest.mark.parametrize(("root", "expected"), [("", "a.ts"), ("r", "r/a.ts"), ("/r/", "/r/a.ts"), (None, "a.ts")])
def test_the_root_is_folded_into_the_sources(root: str | None, expected: str) -> None:
    assert table(composed(source_map(), source_map(sourceRoot=root)))["sources"] == [expected]


def test_what_the_inner_map_does_not_know_is_left_out() -> None:
    outer = source_map("AAAA,CAAC,CAAC,CACA,CACA")  # at 0:0, 0:1, 0:2, 1:0 and 2:0 of the text between
    inner = source_map("CAAA,C;")  # nothing before 0:1, no source from 0:2 on, nothing on the lines behind
    assert table(composed(outer, inner))["mappings"] == "CAAA,C"


def test_a_segment_that_says_what_the_one_before_it_says_is_left_out() -> None:
    assert table(composed(source_map("A,CAAA,CAAC,C,C;AAAA"), source_map("AAAA")))["mappings"] == "CAAA,E;AAAA"


def test_only_the_source_that_is_meant_is_traced() -> None:
    outer = source_map("AAAA,CCAA", sources=["lib.js", "app.js"], sourcesContent=["lib", "app"])
    assert composed(outer, source_map()) is None
    result = table(composed(outer, source_map(), source=1))
    assert (result["sources"], result["sourcesContent"]) == (["lib.js", "a.ts"], ["lib", None])
    assert columns(result["mappings"]) == [[[0, 0, 0, 0], [1, 1, 0, 0]]]


def test_a_map_of_nothing_is_composed_to_one_of_nothing() -> None:
    assert table(composed(source_map("", sources=[]), source_map())) == {
        "version": 3,
        "names": [],
        "sources": [],
        "mappings": "",
    }


def test_the_deprecated_list_of_ignored_sources_is_read() -> None:
    assert table(composed(source_map(), source_map(x_google_ignoreList=[0])))["ignoreList"] == [0]


@pytest.mark.parametrize("text", ["ACAA", "AADA", "AAAD", "AAAAC", "AAAAD"])
def test_numbers_that_name_nothing_give_none(text: str) -> None:
    assert composed(source_map(text), source_map()) is None
    assert composed(source_map(), source_map(text)) is None


def maps(sources: int) -> st.SearchStrategy[str]:
    """Mappings of a few short lines, columns unlike each other, that speak of places in a few short lines."""
    segment = st.tuples(st.integers(0, sources - 1), st.integers(0, 3), st.integers(0, 9), st.integers(0, 2))
    lengths = st.sampled_from((1, 4, 4, 5))
    line = st.dictionaries(st.integers(0, 12), st.tuples(segment, lengths), max_size=6)
    return st.lists(line, min_size=1, max_size=4).map(
        lambda lines: mappings.written(
            [[(column, *numbers)[:length] for column, (numbers, length) in sorted(line.items())] for line in lines]
        )
    )


def test_a_composed_map_says_what_another_tool_composes(node: Oracle) -> None:
    questions: list[tuple[str, dict[str, Any]]] = []
    ours: list[dict[str, Any]] = []

    @settings(max_examples=200, deadline=None)
    @given(maps(2), maps(3), st.sampled_from((None, "root")))
    def check(above: str, below: str, root: str | None) -> None:
        outer = source_map(above, sources=["lib.js", "app.js"], names=["x", "y", "z"], sourcesContent=["L", None])
        texts = ["A", None, "C"]
        inner = source_map(
            below, sources=["a", "b", "c"], names=["n", "m", "x"], sourcesContent=texts, ignoreList=[1], sourceRoot=root
        )
        ours.append(table(composed(outer, inner, source=1)))
        question = {"outer": json.loads(outer), "inner": json.loads(inner), "name": "app.js", "ours": ours[-1]}
        questions.append(("compose", question))

    check()
    answers = node.answers(questions)
    assert [answer["differences"] for answer in answers] == [[]] * len(answers)
    assert sum(answer["count"] for answer in answers) > 3000
    for result, answer in zip(ours, answers, strict=True):
        texts = result.get("sourcesContent", [None] * len(result["sources"]))
        ignored = [at in result.get("ignoreList", []) for at in range(len(texts))]
        found = [list(item) for item in zip(result["sources"], texts, ignored, strict=True)]
        assert sorted(map(str, found)) == sorted(map(str, (item for item in answer["sources"] if item[0])))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bootstrap.js", "bootstrap.bundle.js"])
def test_a_real_minified_script_is_traced_to_its_originals(node: Oracle, tmp_path: Path, name: str) -> None:
    binary = need(packages.esbuild)
    dist = need(lambda: packages.fetch(packages.BOOTSTRAP)) / "dist/js"
    text, comment, _ = (dist / name).read_text(encoding="utf-8").rpartition("//# sourceMappingURL=")
    assert comment
    (tmp_path / name).write_text(text, encoding="utf-8")
    command = [binary, name, "--minify", "--sourcemap=external", "--outfile=out.js", "--log-level=error"]
    subprocess.run(command, cwd=tmp_path, check=True)
    outer, inner = (tmp_path / "out.js.map").read_bytes(), (dist / f"{name}.map").read_bytes()
    ours = table(composed(outer, inner))
    question = {"outer": json.loads(outer), "inner": json.loads(inner), "name": name, "ours": ours}
    (answer,) = node.answers([("compose", question)])
    assert answer["differences"] == []
    assert answer["count"] > 10_000
    theirs = {source: (content, ignored) for source, content, ignored in answer["sources"]}
    ignored = set(ours.get("ignoreList", []))
    found = zip(ours["sources"], ours["sourcesContent"], strict=True)
    assert {source: (content, at in ignored) for at, (source, content) in enumerate(found)} == theirs


@pytest.mark.slow
def test_a_real_map_follows_a_longer_url_in_its_script(node: Oracle) -> None:
    dist = need(lambda: packages.fetch(packages.BOOTSTRAP)) / "dist/js"
    before, old_map = (dist / "bootstrap.min.js").read_bytes(), (dist / "bootstrap.min.js.map").read_bytes()
    spans = [(match.start(), match.end(), 30) for match in re.finditer(rb'(?<=")[a-z.-]{6,}(?=")', before)]
    assert len(spans) > 50
    moves = shifts(before, spans, "js")
    assert moves is not None
    new_map = shifted(old_map, moves)
    assert new_map is not None
    after, at = b"", 0
    starts: list[tuple[int, int]] = []  # of each piece that stays, before and after
    for start, end, length in [*spans, (len(before), len(before), 0)]:
        starts.append((at, len(after)))
        after += before[at:start] + b"x" * length
        at = end
    pieces = [
        (old, new, end - old) for (old, new), (end, _, _) in zip(starts, [*spans, (len(before), 0, 0)], strict=True)
    ]
    old_places = [_place(before, old + step) for old, _, length in pieces for step in range(0, length, 7)]
    new_places = [_place(after, new + step) for _, new, length in pieces for step in range(0, length, 7)]
    one, other = node.answers(
        [
            ("lookup", {"map": json.loads(old_map), "positions": old_places}),
            ("lookup", {"map": json.loads(new_map), "positions": new_places}),
        ]
    )
    assert one == other
    assert len([place for place in one if place]) > 5000


def _place(content: bytes, at: int) -> Position:
    line = content.rfind(b"\n", 0, at) + 1
    return content.count(b"\n", 0, at), len(content[line:at].decode().encode("utf-16-le")) // 2


# Maps inside their files.


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("data:application/json;base64,eyJhIjoi4oKsIn0=", '{"a":"€"}'),
        ("data:application/json;charset=utf-8;base64,eyJhIjoi4oKsIn0", '{"a":"€"}'),
        ("DATA:Application/JSON; charset=UTF-8 ; BASE64,eyJhIjo%0Ai4oKsIn0%3D", '{"a":"€"}'),
        ("data:application/json,%7B%22a%22%3A%22%E2%82%AC%22%7D", '{"a":"€"}'),
        ('data:application/json;charset=utf-8,{"a":"€"}#rest', '{"a":"€"}'),
        ("data:application/json,", ""),
        ("data:application/json", None),
        ("data:,{}", None),
        ("data:text/css;base64,e30=", None),
        ("data:application/json;base64,e30!", None),
        ("data:application/json;base64,e", None),
        ("data:application/json;base64,e3==0", None),
        ("data:application/json;base64,e30==", None),
        ("data:application/json;base64,e30=e30=", None),
        ("data:application/json,\ud800", None),
        ("app.js.map", None),
        ("http:application/json,{}", None),
        ("", None),
    ],
)
def test_the_map_in_a_url(url: str, expected: str | None) -> None:
    assert inline(url) == (None if expected is None else expected.encode())


@given(st.binary())
def test_a_map_put_into_a_url_comes_out_again(content: bytes) -> None:
    url = data_url(content)
    assert inline(url) == content
    assert url == f"data:application/json;base64,{base64.b64encode(content).decode()}"


# The numbers themselves.


@given(st.integers(-(2**31) + 1, 2**31 - 1))
def test_a_number_is_read_as_it_was_written(value: int) -> None:
    text = mappings.encoded(value)
    mappings.check(text)
    assert mappings.number(text, 0) == (value, len(text))
    assert columns(text.decode()) == [[[value]]]
    assert mappings.SHORT.get(text[0], (value, 1)) == (value, 1)


def test_the_table_of_short_numbers_says_what_is_read() -> None:
    assert len(mappings.SHORT) == 31
    assert {digit: mappings.number(bytes([digit]), 0) for digit in mappings.SHORT} == mappings.SHORT


@pytest.mark.parametrize("value", [2**31, -(2**31)])
def test_a_number_of_more_than_32_bits_is_not_written(value: int) -> None:
    with pytest.raises(ValueError):
        mappings.encoded(value)


def test_lines_out_of_order_are_read_in_order() -> None:
    assert mappings.read("KAAA,DAAC;A", 1, 0) == [[(4, 0, 0, 1), (5, 0, 0, 0)], [(0,)]]
