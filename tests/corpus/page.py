"""What was measured -> docs/fidelity.md. The same measurements give the same page, but for its one line of times."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Result = Mapping[str, Any]
_SHOWN = 40  # files that the page lists by name before it says how many more there are

_TEXT = """\
# Fidelity

Does a build break files? `make corpus` builds {packages} packages that people really serve, each as a site of its own,
and has every changed file judged by tools that share no code with us. This page is what it wrote; the numbers are not
edited.

**{judged} files were looked into, {languages} of them style sheets and scripts. {changed} were changed.
Broken: {broken}.**

## What was done

Each package is built with the default minifiers, without compression, and with `missing = "warn"`: much of what
packages publish names files that they do not publish. Folders whose URLs scripts work out at run time are `stable`.
The packages are listed with version and SHA-256 in `tests/corpus/packages.toml`, and fetched by npm and pip from
wherever those are configured to look. Scripts reach from ES3 (jQuery 1, YUI, Dojo) to ES2025, style sheets from
Bootstrap 2 to open-props; with them come the static files of Django's and Flask's world, the output of webpack, Vite,
esbuild, Rollup and Emscripten, and the valid programs of a test suite for parsers of JavaScript.

A file is **broken** if

- esbuild could parse it before and cannot after, or prints the two otherwise: without comments and white space, and if
  they still differ, in the shortest form that it knows to mean the same (that drops empty statements);
- it is a style sheet, and lightningcss can read it before and not after, or prints it otherwise; or tinycss2 finds
  another value of a custom property, or a URL that does not name the released file of what it named before
  (tinycss2 is asked about files up to 300 kB);
- it is SVG whose canonical XML differs, or a web app manifest whose JSON does.

Only the spelling of URLs may differ, and in Internet Explorer's filters white space around `=`, commas and brackets,
which esbuild keeps as it is. Files that changed and that no judge understands are counted as not judged.

To run it again: `make corpus`, which needs npm; one package alone: `python -m tests.corpus NAME`.
{seconds}

## Packages

*references*: what was found, by kind, and in brackets how many of those name no file of the package. *minified*: proven
equal in meaning. *as written*: a minifier's output was not proven, or the source not understood, so the source was
released; a warning says why. *untouched*: minified already, or nothing to gain. *errors*: files that esbuild refuses or
complains of, before and after.

{package_table}

Minified by: {tools}.

## References by kind

*outside*: root-absolute URLs, which belong to another part of the site and are left alone.

{reference_table}

## Odd files

Style sheets and scripts that tools stumble over. A file may be in several rows.

{odd_table}

## Minifiers alone

The same style sheets and scripts given to each minifier, without our proof, with the settings that webassets gives it.
Only sound files count. *refused*: it raised an error or did not end. *broken*: by esbuild, as above, but milder than
with our own files: colours may be spelled otherwise, filters of Internet Explorer and `!important` may lose white
space, and style sheets that lightningcss prints alike in its shortest form count as sound. {alone_note}

{alone_table}
"""

_UNJUDGED = """
esbuild refuses the sources themselves. Those of the parser tests are valid: it takes `'use\\x20strict'` for the
directive, and knows no `continue` to the outer one of two labels. They were compared by hand: only white space differs.
"""


def render(results: Sequence[Result], seconds: float) -> str:
    """The page, whole."""
    done = [result for result in results if "error" not in result]
    numbers = [_numbers(result) for result in done]
    total = {key: sum(row[key] for row in numbers) for key in numbers[0]} if numbers else {}
    text = _TEXT.format(
        packages=len(results),
        judged=_count(total["css"] + total["js"] + total["more"]),
        languages=_count(total["css"] + total["js"]),
        changed=_count(total["changed"]),
        broken=_count(total["broken"]),
        seconds=_machine(seconds),
        package_table=_packages(done, numbers, total),
        tools=_tools(done),
        reference_table=_references(done),
        odd_table=_odd(done),
        alone_note=_alone_note(done),
        alone_table=_alone(done, total),
    )
    parts = [text, *_lists(done)]
    failed = [f"- `{result['package']}`: {result['error'].splitlines()[0]}" for result in results if "error" in result]
    return "\n".join([*parts, *(["## Builds that failed", "", *failed, ""] if failed else [])])


def line(result: Result) -> str:
    """One package for the terminal, with its times: seconds of CPU, children included."""
    if "error" in result:
        return f"{result['package']}: the build failed: {result['error']}"
    row = _numbers(result)
    times = f"{result['build seconds']:.1f} s to build, {result['seconds']:.1f} s in all"
    broken = "".join(f"\n  {path}: {what}" for path, what in result["broken"].items())
    return f"{result['package']}: {row['css']} css, {row['js']} js, {times}, {row['broken']} broken{broken}"


def _numbers(result: Result) -> dict[str, int]:
    formats = result["formats"]
    scripts_and_styles = formats.get("css", 0) + formats.get("js", 0)
    minified = sum(entry for entry in result["tools"].values())
    return {
        "css": formats.get("css", 0),
        "js": formats.get("js", 0),
        "more": sum(count for kind, count in formats.items() if kind not in ("css", "js", "other")),
        "bytes": result["bytes"],
        "changed": result["changed"],
        "minified": minified,
        "kept": len(result["kept"]),
        "untouched": scripts_and_styles - minified - len(result["kept"]),
        "before": len(result["unsound before"]),
        "after": len(result["unsound after"]),
        "broken": len(result["broken"]),
        "not judged": len(result["not judged"]),
    }


def _packages(results: Sequence[Result], numbers: Sequence[Mapping[str, int]], total: Mapping[str, int]) -> str:
    head = ["package", "css", "js", "svg, manifest", "kB", "references", "minified", "as written", "untouched"]
    head += ["errors before", "after", "broken"]
    rows = [
        (f"`{result['package']}`", *_cells(row, _kinds(result["references"])))
        for result, row in zip(results, numbers, strict=True)
    ]
    return _table(head, [*rows, ("**all**", *_cells(total, ""))], left={0, 5})


def _cells(row: Mapping[str, int], references: str) -> tuple[str, ...]:
    first = (_count(row["css"]), _count(row["js"]), _count(row["more"]), _count(row["bytes"] // 1000), references)
    return first + tuple(_count(row[key]) for key in ("minified", "kept", "untouched", "before", "after", "broken"))


def _kinds(references: Mapping[str, Mapping[str, int]]) -> str:
    missing = {kind: f" ({_count(count['missing'])})" for kind, count in references.items() if count.get("missing")}
    return ", ".join(f"{kind} {_count(count['found'])}{missing.get(kind, '')}" for kind, count in references.items())


def _tools(results: Iterable[Result]) -> str:
    tools = _sum(result["tools"] for result in results)
    return ", ".join(f"{tool.removeprefix('minify ')} ({_count(count)})" for tool, count in sorted(tools.items()))


def _references(results: Iterable[Result]) -> str:
    kinds: dict[str, Counter[str]] = {}
    for result in results:
        for kind, count in result["references"].items():
            kinds.setdefault(kind, Counter()).update(count)
    columns = ("found", "missing", "outside")
    rows = [(kind, *(_count(count[column]) for column in columns)) for kind, count in sorted(kinds.items())]
    return _table(("kind", *columns), rows)


def _odd(results: Sequence[Result]) -> str:
    names = results[0]["odd"] if results else ()
    counts = {name: _sum(result["odd"][name] for result in results) for name in names}
    columns = ("files", "minified", "kept", "broken")
    rows = [(name, *(_count(count[column]) for column in columns)) for name, count in counts.items()]
    return _table(("what", "files", "minified", "as written", "broken"), rows)


def _alone(results: Sequence[Result], total: Mapping[str, int]) -> str:
    tools = dict.fromkeys(tool for result in results for tool in result.get("alone", ()))
    rows = []
    for tool in tools:
        found = [result["alone"][tool] for result in results if tool in result.get("alone", ())]
        files, size = sum(one["files"] for one in found), sum(one["bytes"] for one in found)
        refused, broken = (sum(len(one[key]) for one in found) for key in ("refused", "broken"))
        packages = sum(1 for one in found if one["broken"] or one["refused"])
        rows.append((tool, *map(_count, (files, size // 1000, refused, broken, packages))))
    ours = (total["css"] + total["js"], total["bytes"] // 1000, 0, total["broken"], int(total["broken"] > 0))
    rows.append(("**assetbuild**", *map(_count, ours)))
    return _table(("minifier", "files", "kB", "refused", "broken", "packages with such a file"), rows)


def _alone_note(results: Iterable[Result]) -> str:
    from tests.corpus.alone import LIMITS

    tools = {tool for result in results for tool in result.get("alone", ())}
    limits = [f"{tool} only those up to {size // 1000:,} kB" for tool, size in LIMITS.items() if tool in tools]
    return f"Slow ones are not given the largest files: {', '.join(limits)}." if limits else ""


def _lists(results: Sequence[Result]) -> list[str]:
    broken = [f"- `{path}`: {what}" for result in results for path, what in result["broken"].items()]
    unjudged = [f"- `{path}`" for result in results for path in result["not judged"]]
    sections = (("Broken", "", broken), ("Changed, but not judged", _UNJUDGED, unjudged))
    return [text for title, why, lines in sections if lines for text in (f"## {title}", why, *_cut(lines), "")]


def _cut(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"- and {_count(more)} more"] if more > 0 else [])]


def _machine(seconds: float) -> str:
    cores, python = os.cpu_count(), platform.python_version()
    return f"The last run took {seconds / 60:.0f} minutes on {cores} cores ({platform.machine()}, Python {python})."


def _sum(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return total


def _count(number: int) -> str:
    return f"{number:,}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], left: Iterable[int] = (0,)) -> str:
    left = set(left)
    rule = [":--" if at in left else "--:" for at in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))
