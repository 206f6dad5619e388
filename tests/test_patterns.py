from __future__ import annotations

import re

import pytest

from assetbuild import patterns


def test_a_pattern_finds_what_the_compiled_one_finds() -> None:
    lazy, compiled = patterns.regex(rb"a(.)", re.DOTALL), re.compile(rb"a(.)", re.DOTALL)

    for _ in range(2):
        assert lazy.sub(rb"\1", b"a\nab") == compiled.sub(rb"\1", b"a\nab")
        assert [match.span(1) for match in lazy.finditer(b"xa\nab", 1, 4)] == [(2, 3)]
    assert (lazy.pattern, lazy.flags) == (compiled.pattern, compiled.flags)


def test_a_pattern_is_compiled_when_it_is_first_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    compile_ = re.compile
    monkeypatch.setattr(re, "compile", lambda text, flags=0: asked.append(text) or compile_(text, flags))

    lazy = patterns.regex("b+")
    assert asked == []
    assert (lazy.fullmatch("bb"), lazy.fullmatch("c"), lazy.fullmatch("")) != (None, None, None)
    assert asked == ["b+"]
