"""Globs over logical paths: `*` and `?` stay inside a segment, `**` spans segments, `[abc]` and `[!a]` are sets.

As in .gitignore a glob without `/` matches at any depth, one that ends with `/` names all below such a directory, and a
leading `/` ties it to the top. The standard library has this from 3.13 on only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import count

from assetbuild.patterns import regex

_MAGIC = frozenset("*?[")
# Stars in a row mean what fewer of them mean, but each costs another round of backtracking.
_STARS = regex(r"\*{3,}")
_DIRECTORIES = regex(r"(?<![^/])(?:\*\*/){2,}")


def has_magic(pattern: str) -> bool:
    return not _MAGIC.isdisjoint(pattern)


def translate(pattern: str) -> str:
    """`pattern` as a regular expression for `re.fullmatch`."""
    if "***" in pattern or "**/**/" in pattern:
        pattern = _DIRECTORIES.sub("**/", _STARS.sub("**", pattern))
    out: list[str] = []
    at, end = 0, len(pattern)
    directories = star = -1  # where in `out` the last `**/` stands, and the last `*` of this segment
    while at < end:
        char = pattern[at]
        at += 1
        if char == "/":
            star = -1
        if char == "*":
            if pattern.startswith("*/", at) and (at == 1 or pattern[at - 2] == "/"):
                _settle(out, directories, "(?:[^/]+/)*?")
                directories, star = len(out), -1
                out.append("(?:[^/]+/)*")
                at += 2
            elif pattern.startswith("*", at):
                out.append(".*")
                at += 1
                directories = star = -1
            else:
                _settle(out, star, "[^/]*?")
                star = len(out)
                out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[" and (close := pattern.find("]", at + 1 + pattern.startswith(("!", "^"), at))) > 0:
            out.append(_one_of(pattern[at:close]))
            at = close + 1
        else:
            out.append(re.escape(char))
    return "".join(out)


_names = count()


def _settle(out: list[str], at: int, shortest: str) -> None:
    """What stands from the wildcard `out[at]` to another one like it matches where it first does, and nowhere else: the
    other one can stand for all that is between. Else each wildcard would multiply the ways to fail."""
    if at >= 0:
        name = f"_{next(_names)}"
        out[at:] = [f"(?=(?P<{name}>{shortest}{''.join(out[at + 1 :])}))(?P={name})"]


def _one_of(body: str) -> str:
    """`[body]` as an expression for one character; a range that runs backwards holds none."""
    negated = body[0] in "!^"
    ranges = re.findall(r"(.)-(.)|(.)", body[negated:], re.DOTALL)
    items = [
        re.escape(one) if one else f"{re.escape(low)}-{re.escape(high)}" for low, high, one in ranges if low <= high
    ]
    if not items:
        return "[^/]" if negated else "(?!)"
    return f"(?!/)[{'^' if negated else ''}{''.join(items)}]"


@lru_cache(maxsize=256)
def matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """One test for a list of globs."""
    if not patterns or "**" in patterns:
        return lambda _: bool(patterns)
    parts = [translate(_anchored(pattern)) for pattern in patterns]
    compiled = re.compile("|".join(f"(?:{part})" for part in parts), re.DOTALL)
    return lambda path: compiled.fullmatch(path) is not None


def _anchored(pattern: str) -> str:
    below = "/**" if pattern.endswith("/") else ""
    bare = pattern.rstrip("/") if below else pattern
    return (bare[1:] if bare.startswith("/") else bare if "/" in bare else "**/" + bare) + below


def expand(pattern: str, paths: Iterable[str]) -> list[str]:
    """The paths that match `pattern` exactly as written (no implied `**/`), in alphabetical order."""
    compiled = re.compile(translate(pattern), re.DOTALL)
    return sorted(path for path in paths if compiled.fullmatch(path))
