"""Programs run in Node before and after each minifier: what they show stays the same.

The programs are in tests/meaning/javascript. Without Node these tests skip, and fail under CI.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from itertools import chain, repeat
from random import Random
from types import SimpleNamespace
from typing import TypeVar

import jsmin
import pytest
import rjsmin

from assetbuild.processors.javascript_equivalence import difference
from assetbuild.processors.minify import Minified, minify
from assetbuild.rules import MinifyOptions
from tests.meaning.javascript import NO_JAVASCRIPT, SNIPPETS
from tests.meaning.javascript.fuzz import random_program, text_of, without_some_space
from tests.support import packages
from tests.support.needs import need
from tests.support.node import Program, Shown, run_programs

T = TypeVar("T")

VERIFIED = (("jsmin",), ("rjsmin",), ("jsmin", "rjsmin"), ("rjsmin", "jsmin"))
DEFAULTS = MinifyOptions()
FUZZED = 200  # random programs; tens of thousands of others were compared by hand
MUTATIONS = 6  # of each of them
REFUSED = "refused: SyntaxError"

# So that there is always something to take away, and so always something to prove.
PROGRAMS = {name: replace(program, code=f"{program.code}\n// the end\n") for name, program in SNIPPETS.items()}

# What esbuild, which is taken on trust, changes: the names of functions that have none, and what it takes for a
# directive.
CHANGED_BY_ESBUILD = {
    "name: new without a bracket",
    "arrow: in a ternary and a sum",
}


@cache
def minified(program: Program, tools: tuple[str, ...], options: MinifyOptions = DEFAULTS) -> Minified:
    return minify(program.code.encode(), "js", tools, "a.js", options)


def after(program: Program, tools: tuple[str, ...]) -> Program:
    return replace(program, code=minified(program, tools).content.decode())


def jsmin_alone(code: str) -> str:
    """As webassets calls it; some input it would read for ever, and fails here."""
    text = chain(code, repeat("", 100))
    output = io.StringIO()
    try:
        jsmin.JavascriptMinify(SimpleNamespace(read=partial(next, text)), output).minify()
    except Exception as error:  # whatever it stumbles over
        return f"throw '{type(error).__name__}'"
    return output.getvalue()


ALONE: dict[str, Callable[[str], str]] = {"jsmin": jsmin_alone, "rjsmin": rjsmin.jsmin}


def run_or_skip(programs: Iterable[Program]) -> dict[Program, Shown]:
    return need(lambda: run_programs(programs))


@pytest.fixture(scope="module")
def shown() -> dict[Program, Shown]:
    """What every program shows, as it is and after each minifier."""
    changed = [after(program, tools) for program in PROGRAMS.values() for tools in VERIFIED]
    alone = [replace(program, code=run(program.code)) for program in PROGRAMS.values() for run in ALONE.values()]
    return run_or_skip([*PROGRAMS.values(), *changed, *alone])


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_shows_the_same_after_every_minifier(shown: dict[Program, Shown], name: str) -> None:
    program = PROGRAMS[name]
    found = {tools: shown[after(program, tools)] for tools in VERIFIED}
    assert found == dict.fromkeys(VERIFIED, shown[program])


def test_the_programs_are_javascript_but_for_those_that_are_meant_not_to_be(shown: dict[Program, Shown]) -> None:
    assert {name for name, program in PROGRAMS.items() if REFUSED in shown[program]} == NO_JAVASCRIPT


@pytest.mark.parametrize(("tool", "least"), [("jsmin", 85), ("rjsmin", 50)])
def test_what_a_minifier_alone_would_break_is_seen(shown: dict[Program, Shown], tool: str, least: int) -> None:
    """Were it far fewer, we would not look at what they break."""
    outputs = {program: replace(program, code=ALONE[tool](program.code)) for program in PROGRAMS.values()}
    assert sum(shown[output] != shown[program] for program, output in outputs.items()) >= least


@pytest.mark.parametrize("tools", VERIFIED, ids=" ".join)
def test_most_programs_are_made_smaller(tools: tuple[str, ...]) -> None:
    assert sum(minified(program, tools).tool is not None for program in PROGRAMS.values()) >= 260


def test_a_program_shows_the_same_after_esbuild() -> None:
    """But for its completion value, which no page can see, and for the names of functions that have none."""

    def made(program: Program) -> Program:
        return replace(program, code=minified(program, ("esbuild",), options).content.decode())

    def seen(shown: Shown) -> list[str]:
        return [line for line in shown if not line.startswith("value: ")]

    options = MinifyOptions(esbuild=need(packages.esbuild))
    with ThreadPoolExecutor() as pool:
        outputs = dict(zip(PROGRAMS.values(), pool.map(made, PROGRAMS.values()), strict=True))
    shown = run_or_skip(chain.from_iterable(outputs.items()))
    changed = {name for name, was in PROGRAMS.items() if seen(shown[was]) != seen(shown[outputs[was]])}
    assert changed == CHANGED_BY_ESBUILD
    assert sum(program != output for program, output in outputs.items()) >= 300


def test_random_programs_show_the_same_after_every_minifier() -> None:
    sources = [Program(text_of(random_program(Random(seed))) + "\n// the end\n") for seed in range(FUZZED)]
    pairs = [(source, after(source, tools)) for source in sources for tools in VERIFIED[:2]]
    shown = run_or_skip(chain.from_iterable(pairs))
    assert [pair for pair in pairs if shown[pair[0]] != shown[pair[1]]] == []
    assert sum(source != output for source, output in pairs) > FUZZED  # of twice as many
    assert sum(REFUSED not in shown[source] for source in sources) > FUZZED / 2


def test_what_white_space_may_be_taken_from_a_random_program_shows_the_same() -> None:
    pairs = []
    for seed in range(FUZZED):
        random = Random(seed)
        pieces = random_program(random)
        pairs += [(text_of(pieces), without_some_space(random, pieces)) for _ in range(MUTATIONS)]
    allowed = [pair for pair in pairs if difference(pair[0].encode(), pair[1].encode()) is None]
    shown = run_or_skip(Program(code) for code in chain.from_iterable(allowed))
    assert [(old, new) for old, new in allowed if shown[Program(old)] != shown[Program(new)]] == []
    assert len(pairs) - len(allowed) > len(allowed) > FUZZED
