"""The one shape of everything that goes wrong."""

from __future__ import annotations

import pickle

import pytest

from assetbuild.errors import (
    EXCERPT_WIDTH,
    AssetBuildError,
    BuildFailed,
    ConfigError,
    OutputConflict,
    Place,
    Problem,
    ProcessorError,
    ReleaseError,
    SourceError,
    UnresolvedReference,
    did_you_mean,
    place_at,
    raise_all,
)


def test_a_message_says_what_where_why_and_how_to_mend_it() -> None:
    line = "  background: url(../img/logo.pgn);"
    error = UnresolvedReference(
        "url(../img/logo.pgn) names 'img/logo.pgn', which is in no source root",
        Place("css/app.css", 12, 15, line, len("url(../img/logo.pgn)")),
        fix="did you mean 'img/logo.png'?",
        notes=["searched: static/, vendor/"],
    )
    assert str(error) == (
        "css/app.css:12:15: url(../img/logo.pgn) names 'img/logo.pgn', which is in no source root\n"
        "  12 |   background: url(../img/logo.pgn);\n"
        "     |               ^^^^^^^^^^^^^^^^^^^^\n"
        "  searched: static/, vendor/\n"
        "  fix: did you mean 'img/logo.png'?"
    )


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (None, "is wrong"),
        (Place("a.css"), "a.css: is wrong"),
        (Place("a.css", 3), "a.css:3: is wrong"),
        (Place("a.css", 3, 7), "a.css:3:7: is wrong"),
    ],
)
def test_a_place_says_as_much_as_is_known(place: Place | None, shown: str) -> None:
    assert str(Problem("is wrong", place)) == shown


def test_an_error_carries_its_parts_so_that_nobody_parses_text() -> None:
    error = ConfigError("is wrong", where="assetbuild.toml", fix="mend it", notes=iter(["one", "two"]))
    assert (error.what, error.where, error.fix) == ("is wrong", Place("assetbuild.toml"), "mend it")
    assert error.problem == Problem("is wrong", Place("assetbuild.toml"), ("one", "two"), "mend it")
    assert error.args == ("assetbuild.toml: is wrong\n  one\n  two\n  fix: mend it",)
    assert ProcessorError("failed", stderr="boom").stderr == "boom"


def excerpt(text: str, column: int, width: int = 1) -> tuple[str, str]:
    """The line and its marker without their gutters, which are equally wide."""
    shown, marker = Place("a.css", 7, column, text, width).excerpt()
    assert shown.startswith("  7 | ")
    assert marker.startswith("    | ")
    return shown[6:], marker[6:]


def test_a_place_without_text_has_no_excerpt() -> None:
    assert Place("a.css", 1, 1).excerpt() == []


def test_the_gutter_is_as_wide_as_the_line_number() -> None:
    assert Place("a", 12345, 2, "xyz", 2).excerpt() == ["  12345 | xyz", "        |  ^^"]


@pytest.mark.parametrize("column", [1, 50, 5_000, 9_990, 10_000])
def test_a_minified_line_is_cut_around_the_column(column: int) -> None:
    text = "".join(chr(ord("a") + at % 26) for at in range(10_000))
    shown, marker = excerpt(text, column, 5)
    assert len(shown) <= EXCERPT_WIDTH
    assert shown in text
    marked = shown[marker.index("^") : len(marker)]
    assert marked == text[column - 1 : column + 4]
    assert column == 1 or shown[marker.index("^") - 1] == text[column - 2]


def test_a_line_of_just_the_width_is_not_cut() -> None:
    assert excerpt("x" * EXCERPT_WIDTH, EXCERPT_WIDTH) == ("x" * EXCERPT_WIDTH, " " * (EXCERPT_WIDTH - 1) + "^")


def test_the_marker_ends_with_what_is_shown() -> None:
    assert excerpt("ab url(x", 4, 500) == ("ab url(x", "   ^^^^^")
    shown, marker = excerpt("x" * 10_000, 5_000, 5_000)
    assert len(marker) == len(shown) == EXCERPT_WIDTH


@pytest.mark.parametrize(("column", "width"), [(9, 1), (4, 0), (4, 3)])
def test_a_marker_past_the_end_of_the_line_is_one_character(column: int, width: int) -> None:
    assert excerpt("abc   ", column, width) == ("abc", " " * (column - 1) + "^")


def test_a_tab_is_shown_as_one_space_so_that_the_marker_stays_below() -> None:
    assert excerpt("\t\ta: url(x)", 6, 6) == ("  a: url(x)", "     ^^^^^^")


def test_wide_characters_take_two_columns_and_combining_ones_none() -> None:
    assert excerpt("漢字 url(x)", 4, 6) == ("漢字 url(x)", "     ^^^^^^")
    assert excerpt("url(漢.png)", 1, 10) == ("url(漢.png)", "^" * 11)
    assert excerpt("e\u0301 url(x)", 4, 6) == ("e\u0301 url(x)", "  ^^^^^^")


def test_characters_that_would_steer_a_terminal_are_not_shown() -> None:
    assert excerpt("\x1b[31m\u202eurl(x)\udcff\x00", 7, 6) == (" [31m url(x)  ", "      ^^^^^^")


@pytest.mark.parametrize(
    ("content", "marked", "expected"),
    [
        (b"a", b"a", ("1:1", "a", 1)),
        (b"x\n  url(y) z\nw", b"url(y)", ("2:3", "  url(y) z", 6)),
        (b"x\r\ny url(z)\r\n", b"url(z)", ("2:3", "y url(z)", 6)),
        ("é漢 url(ü)\n".encode(), "url(ü)".encode(), ("1:4", "é漢 url(ü)", 6)),
        (b"\xff\xfe url(\xfc)", b"url(\xfc)", ("1:4", "\ufffd\ufffd url(\ufffd)", 6)),
        (b"\n\n", b"", ("1:1", "", 1)),
    ],
)
def test_bytes_are_placed_by_line_and_column_in_characters(
    content: bytes, marked: bytes, expected: tuple[str, str, int]
) -> None:
    start = content.index(marked)
    place = place_at(content, start, start + len(marked), "a.css")
    assert (str(place), place.text, place.width) == (f"a.css:{expected[0]}", *expected[1:])


def test_errors_are_sorted_by_place_and_told_together() -> None:
    errors = [
        SourceError("late", Place("b.css", 2)),
        SourceError("line two", Place("a.css", 2, 1)),
        SourceError("column ten", Place("a.css", 1, 10)),
        SourceError("column nine", Place("a.css", 1, 9)),
        SourceError("b", Place("a.css", 1, 9)),
        SourceError("nowhere"),
    ]
    with pytest.raises(BuildFailed) as caught:
        raise_all(iter(errors))
    assert str(caught.value) == (
        "nowhere\na.css:1:9: b\na.css:1:9: column nine\na.css:1:10: column ten\na.css:2:1: line two\nb.css:2: late"
    )
    assert caught.value.errors == tuple(errors[at] for at in (5, 4, 3, 2, 1, 0))


def test_one_error_is_raised_as_itself_and_none_not_at_all() -> None:
    error = OutputConflict("is wrong")
    with pytest.raises(OutputConflict) as caught:
        raise_all([error])
    assert caught.value is error
    raise_all([])


def test_failures_of_several_phases_make_one_flat_list() -> None:
    inner = BuildFailed([SourceError("two", "b"), SourceError("one", "a")])
    assert str(BuildFailed([SourceError("three", "c"), inner])) == "a: one\nb: two\nc: three"
    assert len(BuildFailed([SourceError("three", "c"), inner]).errors) == 3


class NamedError(SourceError):
    """Made from something else than its message."""

    def __init__(self, name: str, number: int) -> None:
        super().__init__(f"'{name}' is wrong", Place(name, number))
        self.number = number


WHOLE = Place("a.css", 3, 7, "a: url(b)", 6)


@pytest.mark.parametrize(
    "error",
    [
        AssetBuildError("is wrong", WHOLE, "mend it", ["one", "two"]),
        ConfigError("is wrong", "assetbuild.toml"),
        UnresolvedReference.of(Problem("is wrong", WHOLE, ("one",), "mend it", ("group",))),
        ProcessorError("failed", WHOLE, stderr="boom"),
        OutputConflict("is wrong"),
        ReleaseError("is wrong"),
        NamedError("a.css", 5),
        BuildFailed([SourceError("x", "a"), ProcessorError("y", WHOLE, stderr="boom"), ConfigError("z")]),
        BuildFailed([]),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_passes_whole_from_one_process_to_another(error: AssetBuildError, protocol: int) -> None:
    assert parts(pickle.loads(pickle.dumps(error, protocol))) == parts(error)


def parts(error: AssetBuildError) -> object:
    """All that an error carries; `Place` compares less."""
    known = {name: value for name, value in vars(error).items() if name != "errors"}
    place = error.where and (error.where.text, error.where.width)
    return type(error), str(error), error.args, known, place, [parts(one) for one in getattr(error, "errors", ())]


def test_wrong_configuration_ends_with_status_two_and_everything_else_with_one() -> None:
    assert AssetBuildError("x").exit_code == SourceError("x").exit_code == 1
    assert ConfigError("x").exit_code == 2
    assert BuildFailed([SourceError("x"), SourceError("y")]).exit_code == 1
    assert BuildFailed([SourceError("x"), ConfigError("y")]).exit_code == 2
    assert BuildFailed([]).exit_code == 1


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("img/logo.pgn", ["img/logo.png", "img/photo.png"], "img/logo.png"),
        ("img/logo.png", ["images/logo.png", "img/loga.png"], "images/logo.png"),
        ("IMG/Logo.PNG", ["img/logo.pn", "img/logo.png"], "img/logo.png"),
        ("root", ["roots", "output"], "roots"),
        ("zzz", ["roots", "output"], None),
        ("a", [], None),
        ("x/main.js", ["far/away/main.js", "x/mein.js"], "far/away/main.js"),
        ("STRASSE", ["straße"], "straße"),
        ("x.js", ["a/quite/different/and/long/directory/x.js"], "a/quite/different/and/long/directory/x.js"),
        ("admin/long/shared/directory/a.css", ["admin/long/shared/directory/zoom.png"], None),
        (
            "admin/long/shared/directory/zoon.png",
            ["admin/long/shared/directory/zoom.png"],
            "admin/long/shared/directory/zoom.png",
        ),
    ],
)
def test_the_nearest_name_is_meant(name: str, known: list[str], expected: str | None) -> None:
    assert did_you_mean(name, known) == expected
    assert did_you_mean(name, reversed(known)) == expected
    assert did_you_mean(name, frozenset(known)) == expected


def test_of_equally_near_names_the_same_is_meant_each_time() -> None:
    assert {did_you_mean("A.css", order) for order in (["a.css", "a.Css"], ["a.Css", "a.css"])} == {"a.Css"}
