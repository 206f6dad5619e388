"""Globs over logical paths."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.globs import expand, has_magic, matcher, translate


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("a.css", "a.css"),
        ("css/*.css", "css/a.css"),
        ("css/*.css", "css/.css"),
        ("css/?.css", "css/a.css"),
        ("css/**", "css/a.css"),
        ("css/**", "css/x/y/a.css"),
        ("css/**/*.css", "css/a.css"),
        ("css/**/*.css", "css/x/y/a.css"),
        ("**/*.css", "a.css"),
        ("**/*.css", "x/y/a.css"),
        ("**", "x/y/a.css"),
        ("**.css", "x/a.css"),
        ("css**.css", "css/x/a.css"),
        ("a[bc].css", "ac.css"),
        ("a[b-d].css", "ac.css"),
        ("a[!b].css", "ac.css"),
        ("a[^b].css", "ac.css"),
        ("a[]].css", "a].css"),
        ("a[!]].css", "ab.css"),
        ("a[[].css", "a[.css"),
        ("a[\\].css", "a\\.css"),
        ("a[b-].css", "a-.css"),
        ("a[-b].css", "a-.css"),
        ("a[!d-b].css", "ab.css"),
        ("a[.css", "a[.css"),
        ("a+(b)|c$.css", "a+(b)|c$.css"),
        ("*", "a\nb"),
    ],
)
def test_these_match(glob: str, path: str) -> None:
    assert re.fullmatch(translate(glob), path, re.DOTALL)


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("*.css", "x/a.css"),
        ("css/*", "css/x/a.css"),
        ("css/?", "css//"),
        ("css/**", "css"),
        ("css/**", "cssx/a"),
        ("css/**/*.css", "cssx/a.css"),
        ("**/a.css", "xa.css"),
        ("x**/a.css", "xa.css"),
        ("a.css", "aXcss"),
        ("a.css", "a.css\n"),
        ("a.css", "A.css"),
        ("a[!b].css", "ab.css"),
        ("a[!b]c", "a/c"),
        ("a[+-9]c", "a/c"),
        ("a[bc].css", "a[bc].css"),
        ("a[d-b].css", "ac.css"),
        ("a[&&b]", "a"),
        ("", "a"),
    ],
)
def test_these_do_not_match(glob: str, path: str) -> None:
    assert not re.fullmatch(translate(glob), path, re.DOTALL)


@pytest.mark.parametrize("body", ["&&a", "a||b", "b--a", "~~a", "[a", "a[:alph:"])
def test_a_set_means_its_characters_and_nothing_that_a_newer_regular_expression_might(body: str) -> None:
    matches = matcher((f"[{body}]",))
    assert matches("a")
    assert not matches("c")


@pytest.mark.parametrize(
    ("glob", "matching", "other"),
    [
        ("*.md", ["a.md", "x/y/a.md"], ["a.mdx"]),
        ("docs", ["docs", "x/docs"], ["docs/a"]),
        ("docs/", ["docs/a", "docs/x/a", "x/docs/a"], ["docs", "mydocs/a"]),
        ("x/docs/", ["x/docs/a"], ["y/x/docs/a", "x/docs"]),
        ("/docs/", ["docs/a"], ["x/docs/a"]),
        ("/a.css", ["a.css"], ["x/a.css"]),
        ("x/a.css", ["x/a.css"], ["y/x/a.css"]),
        ("**", ["a", "x/y"], []),
        ("**/", ["x/y", "x/y/z"], []),
    ],
)
def test_a_glob_is_tied_to_the_top_by_a_slash_and_names_all_below_by_a_last_one(
    glob: str, matching: list[str], other: list[str]
) -> None:
    matches = matcher((glob,))
    assert [path for path in matching if not matches(path)] == []
    assert [path for path in other if matches(path)] == []


def test_a_list_of_globs_matches_what_any_of_them_does_and_an_empty_list_nothing() -> None:
    matches = matcher(("*.md", "docs/**", "a|b"))
    assert [path for path in ("a.md", "docs/x", "a|b", "a", "b", "c") if matches(path)] == ["a.md", "docs/x", "a|b"]
    assert not matcher(())("a")
    assert not matcher(())("")


def test_expand_gives_the_matching_paths_in_alphabetical_order_as_the_glob_is_written() -> None:
    paths = ["js/z.js", "js/a.js", "js/x/m.js", "a.js"]
    assert expand("js/*.js", paths) == ["js/a.js", "js/z.js"]
    assert expand("*.js", paths) == ["a.js"]
    assert expand("**/*.js", paths) == ["a.js", "js/a.js", "js/x/m.js", "js/z.js"]
    assert expand("no/*.js", paths) == []
    assert expand("**", ["a\nb"]) == ["a\nb"]


def test_magic_is_what_makes_a_path_a_glob() -> None:
    assert [text for text in ("a.js", "a*", "a?", "[a]", "a]b", "") if has_magic(text)] == ["a*", "a?", "[a]"]


@pytest.mark.parametrize(
    "glob",
    ["**/**/**/**/**/**/**/**/**/a", "**/" * 500 + "a", "*" * 200 + "a", "**/**/x/**/**/a", "x" + "*" * 99 + "/a"],
)
def test_stars_in_a_row_cost_no_more_than_one(glob: str) -> None:
    started = time.perf_counter()
    assert not matcher((glob,))("x/" * 2000 + "b")
    assert time.perf_counter() - started < 2


@given(st.text("ab*?/[]!-^\\.", max_size=12), st.text("ab/.-]", max_size=8))
def test_any_text_is_a_glob(glob: str, path: str) -> None:
    matcher((glob,))(path)
    expand(glob, [path])


_segments = st.one_of(st.just("**"), st.text("ab*?", min_size=1, max_size=4).filter(lambda text: "**" not in text))
_globs = st.lists(_segments, min_size=1, max_size=5).map("/".join).filter(lambda glob: not glob.endswith("**"))
_paths = st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=5).map("/".join)


def _reference(glob: list[str], path: list[str]) -> bool:
    """The meaning of a glob, segment by segment, as short as it can be said."""
    if not glob or not path:
        return not path and all(part == "**" for part in glob)
    if glob[0] == "**":
        return _reference(glob[1:], path) or _reference(glob, path[1:])
    return _in_segment(glob[0], path[0]) and _reference(glob[1:], path[1:])


def _in_segment(glob: str, text: str) -> bool:
    if not glob:
        return not text
    if glob[0] == "*":
        return any(_in_segment(glob[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and glob[0] in ("?", text[0]) and _in_segment(glob[1:], text[1:])


@given(_globs, _paths)
def test_globs_mean_what_they_say_segment_by_segment(glob: str, path: str) -> None:
    assert bool(re.fullmatch(translate(glob), path, re.DOTALL)) == _reference(glob.split("/"), path.split("/"))
