"""What Chromium makes of a style sheet before and after each minifier: the same rules, and the same looks.

Style sheets are loaded as bytes, so that encodings count. Rules are compared as Chromium serializes them. It drops what
it does not know, such as hacks for older browsers; test_css_equivalence.py judges those. Tools that restructure give
other rules: of them the looks alone are compared, the computed style of every element of a document.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import cssmin
import pytest
import rcssmin
import tinycss2  # type: ignore[import-untyped]

from assetbuild.processors.minify import Minified, minify
from assetbuild.rules import MinifyOptions
from tests.support import packages
from tests.support.browser import Browser, Page
from tests.support.hostile_css import ALL, BODY, OWN
from tests.support.needs import need
from tests.support.server import serve, static

pytest_plugins = ["tests.support.browser_fixture"]
pytestmark = pytest.mark.slow

# The least number of snippets that they make smaller: a minifier whose every output is refused proves nothing.
VERIFIED = {("cssmin",): 100, ("rcssmin",): 180, ("rcssmin", "cssmin"): 190, ("cssmin", "rcssmin"): 190}
each_setting = pytest.mark.parametrize("tools", VERIFIED, ids=" ".join)

Read = Callable[[Sequence[bytes]], list[Any]]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with serve(static([], {"/": f"<!doctype html><meta charset=utf-8>{BODY}"})) as server:
        yield browser.open(server.url + "/")


@pytest.fixture(scope="module")
def rules(page: Page) -> Read:
    """The rules of each style sheet; each is read once."""
    known: dict[bytes, Any] = {}

    def read(sheets: Sequence[bytes]) -> list[Any]:
        new = [sheet for sheet in dict.fromkeys(sheets) if sheet not in known]
        found = page.script(_LOAD + _RULES, [base64.b64encode(sheet).decode() for sheet in new])
        known.update(zip(new, map(_plain, found), strict=True))
        return [known[sheet] for sheet in sheets]

    return read


@pytest.fixture(scope="module")
def looks(page: Page) -> Read:
    """For each output that is to look like its snippet: [element, property, before, after] of all that differ."""
    known: dict[tuple[bytes, bytes], Any] = {(css, css): [] for css in ALL}

    def differences(outputs: Sequence[bytes]) -> list[Any]:
        pairs = list(zip(ALL, outputs, strict=True))
        new = [pair for pair in pairs if pair not in known]
        found = page.script(_LOAD + _LOOKS, [[base64.b64encode(css).decode() for css in pair] for pair in new])
        known.update(zip(new, found, strict=True))
        return [known[pair] for pair in pairs]

    return differences


@cache
def released(tools: tuple[str, ...]) -> list[Minified]:
    return [minify(css, "css", tools, "a.css") for css in ALL]


def contents(tools: tuple[str, ...]) -> list[bytes]:
    return [found.content for found in released(tools)]


def test_the_snippets_are_many_and_chromium_reads_rules_in_each(rules: Read) -> None:
    assert len(OWN) >= 110
    assert len(set(ALL)) == len(ALL)
    assert [css for css, found in zip(ALL, rules(ALL), strict=True) if not found] == []


@each_setting
def test_chromium_reads_the_same_rules_in_what_is_released(rules: Read, tools: tuple[str, ...]) -> None:
    outputs = contents(tools)
    pairs = zip(ALL, outputs, rules(ALL), rules(outputs), strict=True)
    assert [(css, output, before, after) for css, output, before, after in pairs if before != after] == []
    assert sum(found.tool is not None for found in released(tools)) >= VERIFIED[tools]


@each_setting
def test_a_document_looks_the_same_with_what_is_released(looks: Read, tools: tuple[str, ...]) -> None:
    assert {css: found for css, found in zip(ALL, looks(contents(tools)), strict=True) if found} == {}


# What trusted tools are known to change, by a piece of the snippet. They are used by those who ask for them.
KNOWN = {
    "lightningcss": {
        b"calc(-1 * (1px + 2px))": "a negative width from calc() is 0; written out it is invalid",
        b"sin(45deg + 0.5turn)": "the same",
        b"calc(1px +/**/2px)": "what is invalid for want of a space is made valid",
        b"at 0% 0%": "the same point, in another unit",
        b"@nope x ; top": "a ';' is lost before an unknown rule inside a rule",
    },
    "esbuild": {
        b"screen layer(x)": "an invalid import becomes a valid one and a broken rule, which takes the next along",
        b"calc(-1 * (1px + 2px))": "a negative width from calc() is 0; written out it is invalid",
    },
}


@pytest.mark.parametrize("tool", KNOWN)
def test_a_document_looks_the_same_with_what_a_trusted_tool_makes(looks: Read, tool: str) -> None:
    """These give other rules for the same looks: they merge, shorten and sort."""
    options = MinifyOptions(esbuild=need(packages.esbuild)) if tool == "esbuild" else MinifyOptions()
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # each is a process of its own
        found = list(threads.map(lambda css: minify(css, "css", (tool,), "a.css", options), ALL))
    changed = looks([one.content for one in found])
    unknown = {
        css: how
        for css, how in zip(ALL, changed, strict=True)
        if how and not any(piece in css for piece in KNOWN[tool])
    }
    assert unknown == {}
    assert sum(one.tool is not None for one in found) >= 150


@pytest.mark.parametrize(
    ("run", "rules_changed", "looks_changed"),
    [(lambda css: cssmin.cssmin(css.decode()).encode(), 70, 50), (rcssmin.cssmin, 20, 10)],
    ids=["cssmin", "rcssmin"],
)
def test_each_minifier_alone_changes_rules_and_looks(
    rules: Read, looks: Read, run: Callable[[bytes], bytes], rules_changed: int, looks_changed: int
) -> None:
    """Without the check that stands behind them. What cannot be decoded or makes them raise is not counted."""
    outputs = []
    for css in ALL:
        try:
            outputs.append(run(css))
        except ValueError:
            outputs.append(css)
    changed = [css for css, before, after in zip(ALL, rules(ALL), rules(outputs), strict=True) if before != after]
    seen = [css for css, found in zip(ALL, looks(outputs), strict=True) if found]
    print(f"of {len(ALL)} snippets {len(changed)} have other rules, {len(seen)} look otherwise")
    assert len(changed) >= rules_changed
    assert len(seen) >= looks_changed


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a{b:var( --c ,  d )}", "a{b:var(--c,d)}"),
        ("@supports not ( ( a : b ) and (c: d) ){}", "@supports not ((a:b) and (c:d)){}"),
        ("@supports selector( :is(a , b) ){}", "@supports selector(:is(a,b)){}"),
        ("a{b:calc(1px +  var(--c))}", "a{b:calc(1px + var(--c))}"),
    ],
)
def test_white_space_that_chromium_keeps_as_written_is_left_out(text: str, plain: str) -> None:
    assert _plain_text(text) == _plain_text(plain)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("a{b:calc(1px + var(--c))}", "a{b:calc(1px +var(--c))}"),
        ("@supports not (a:b){}", "@supports not(a:b){}"),
        ("@supports (a:b) and (c:d){}", "@supports (a:b) and(c:d){}"),
        ("@supports selector(a :hover){}", "@supports selector(a:hover){}"),
        ("a{b:var(--c) d}", "a{b:var(--c)d}"),
        ("a{b:attr(c) 'd  e'}", "a{b:attr(c) 'd e'}"),
    ],
)
def test_white_space_that_means_something_is_kept(text: str, other: str) -> None:
    assert _plain_text(text) != _plain_text(other)


def _plain(rules: Any) -> Any:
    """`rules` with their texts in one spelling; values of custom properties stay as they are."""
    return [[kind, _plain_text(text), custom, _plain(inside)] for kind, text, custom, inside in rules]


def _plain_text(text: str) -> str:
    """Chromium keeps what the author wrote of conditions of @supports, of unknown media features, and of declarations
    with var(), env(), attr() and if(). White space in it that CSS Syntax gives no meaning is left out."""
    return tinycss2.serialize(list(_spaceless(tinycss2.parse_component_value_list(text, skip_comments=True))))


def _spaceless(tokens: list[Any], signs: str = "") -> Iterator[Any]:
    """Without white space at both ends, around commas, and around any of `signs`."""
    for at, token in enumerate(tokens):
        if token.type == "whitespace":
            before, after = tokens[at - 1] if at else None, tokens[at + 1] if at + 1 < len(tokens) else None
            if any(beside == sign for beside in (before, after) for sign in (None, ",", *signs)):
                continue
            token.value = " "
        elif token.type == "() block":
            named = [inner for inner in token.content if inner.type != "whitespace"][:2]
            holds = len(named) == 2 and named[0].type == "ident" and named[1] == ":"
            token.content = list(_spaceless(token.content, ":" if holds else ""))
        elif token.type == "function":
            token.arguments = list(
                _spaceless(token.arguments, {"supports": ":", "selector": ">"}.get(token.lower_name, ""))
            )
        elif token.type in ("{} block", "[] block"):
            token.content = list(_spaceless(token.content))
        yield token


# `loaded` waits until a style sheet is read, and gives its <link>.
_LOAD = r"""
const loaded = text => new Promise(done => {
  const bytes = Uint8Array.from(atob(text), char => char.charCodeAt(0));
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = URL.createObjectURL(new Blob([bytes], { type: "text/css" }));
  link.onload = link.onerror = () => {
    URL.revokeObjectURL(link.href);
    done(link);
  };
  document.head.append(link);
});
"""

# Rules as [class, text, custom properties, rules inside].
_RULES = r"""
const walk = list => Array.from(list, rule => {
  const custom = Array.from(rule.style ?? []).filter(name => name?.startsWith("--")).map(
    name => [name, rule.style.getPropertyValue(name), rule.style.getPropertyPriority(name)]);
  return [rule.constructor.name, rule.cssText, custom, rule.cssRules ? walk(rule.cssRules) : []];
});
const found = [];
for (const text of arguments[0]) {
  const link = await loaded(text);
  found.push(walk(link.sheet.cssRules));
  link.remove();
}
return found;
"""

# The properties that either of two style sheets sets, as each element has them with the one and with the other.
# Colours may differ by one or two of 255, which is what a shorter spelling of them costs.
_LOOKS = r"""
const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const colour = /\b(?:rgba?|color|lab|oklch)\([^()]*\)/g;
const painted = text => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = text;
  canvas.fillRect(0, 0, 1, 1);
  return Array.from(canvas.getImageData(0, 0, 1, 1).data);
};
const close = (one, other) => painted(one).every((channel, at) => Math.abs(channel - painted(other)[at]) <= 2);
const alike = (one, other) => {
  if (one === other) return true;
  if (one.replace(colour, "") !== other.replace(colour, "")) return false;
  const colours = other.match(colour) ?? [];
  return (one.match(colour) ?? []).every((text, at) => close(text, colours[at]));
};
const elements = Array.from(document.querySelectorAll("html, main, main *"));
const named = list => Array.from(list).flatMap(
  rule => [...Array.from(rule.style ?? []), ...named(rule.cssRules ?? [])].filter(Boolean));
const look = names => elements.flatMap(element => ["", "::before"].map(pseudo => {
  const style = getComputedStyle(element, pseudo || null);
  return names.map(name => style.getPropertyValue(name));
}));
const found = [];
for (const [source, output] of arguments[0]) {
  const links = [await loaded(source), await loaded(output)];
  const names = Array.from(new Set(["width", "height", ...links.flatMap(link => named(link.sheet.cssRules))]));
  const [before, after] = links.map(one => {
    for (const link of links) link.sheet.disabled = link !== one;
    return look(names);
  });
  for (const link of links) link.remove();
  found.push(before.flatMap((values, at) => values.flatMap((value, n) => alike(value, after[at][n]) ? [] : [
    [elements[at >> 1].outerHTML.slice(0, 40) + (at & 1 ? "::before" : ""), names[n], value, after[at][n]],
  ])));
}
return found;
"""
