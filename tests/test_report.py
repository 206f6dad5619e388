"""Many problems of one cause are told as one."""

from __future__ import annotations

from assetbuild.errors import Place, Problem
from assetbuild.report import grouped


def problem(file: str, *groups: str, fix: str | None = None) -> Problem:
    return Problem("is wrong", Place(file, 1, 2), (), fix, groups)


def test_a_few_problems_of_one_cause_are_told_each() -> None:
    problems = [problem(f"{name}.js", "files are wrong") for name in "abc"]
    assert grouped(problems) == problems


def test_many_problems_of_one_cause_are_told_as_one_that_names_some_places() -> None:
    problems = [
        problem("0.js"),
        *(problem(f"{name}.js", "files in 'x/' are wrong") for name in "abcde"),
        problem("z.js"),
    ]
    assert [str(one) for one in grouped(problems)] == [
        "0.js:1:2: is wrong",
        "5 files in 'x/' are wrong\n  a.js:1:2, b.js:1:2, c.js:1:2 and 2 more; -v tells each",
        "z.js:1:2: is wrong",
    ]


def test_the_narrowest_cause_that_many_share_counts() -> None:
    one = [problem(f"{name}.js", "references name 'x'", "references in 'y/' name missing files") for name in "abcd"]
    others = [problem(f"{n}.js", f"references name '{n}'", "references in 'y/' name missing files") for n in range(4)]
    assert [found.what for found in grouped([*one, *others])] == [
        "4 references name 'x'",
        "4 references in 'y/' name missing files",
    ]


def test_what_a_narrower_cause_has_taken_does_not_make_the_wider_one_many() -> None:
    one = [problem(f"{name}.js", "references name 'x'", "references in 'y/' name missing files") for name in "abcd"]
    other = problem("e.js", "references name 'z'", "references in 'y/' name missing files")
    assert [found.what for found in grouped([*one, other])] == ["4 references name 'x'", "is wrong"]


def test_a_fix_is_told_if_it_is_the_same_for_all() -> None:
    same = [problem(f"{name}.js", "files are wrong", fix="mend it") for name in "abcd"]
    assert [found.fix for found in grouped(same)] == ["mend it"]
    assert [found.fix for found in grouped([*same, problem("e.js", "files are wrong", fix="burn it")])] == [None]


def test_a_place_is_named_once() -> None:
    problems = [problem("a.js", "files are wrong")] * 4
    assert str(grouped(problems)[0]) == "4 files are wrong\n  a.js:1:2"
