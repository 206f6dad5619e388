"""A site -> a `_headers` file, as Netlify and Cloudflare Pages read it, for a site that has the files below its prefix.

Both join the values of all rules that match, so no two rules may say how long to keep one file: directories with a
stable name in them are told file by file, and so are all where the site's own files lie beside them, at the prefix `/`.
What no rule names, both let browsers ask for each time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from assetbuild.directories import above
from assetbuild.recipes.site import IMMUTABLE, Site

MOST_RULES = 100  # Cloudflare ignores what comes after so many


def write(site: Site) -> str:
    """Refuses nothing: whatever is in a name is percent-encoded."""
    rules: dict[str, dict[str, str]] = defaultdict(dict)
    for pattern, headers in _rules(site):
        rules[pattern] |= headers
    lines = [f"# Release {site.release}. Write it anew with each release."]
    if len(rules) > MOST_RULES:
        lines.append(f"# {len(rules)} rules: Netlify reads all of them, Cloudflare Pages the first {MOST_RULES}.")
    for pattern, headers in rules.items():
        lines += [pattern, *(f"  {name}: {value}" for name, value in headers.items())]
    return "\n".join(lines) + "\n"


def _rules(site: Site) -> Iterator[tuple[str, dict[str, str]]]:
    caching = {"Cache-Control": IMMUTABLE}
    if site.prefix == "/":  # no directory is ours alone: a rule for one would be a rule for pages too
        for name, stable in sorted(site.names.items()):
            yield site.url(name), site.headers | ({} if stable else caching)
        return
    yield site.url("") + "*", site.headers
    for pattern in _immutable(site):
        yield pattern, caching


def _immutable(site: Site) -> list[str]:
    """Patterns that match every fingerprinted file once, and no stable name."""
    mixed = {"", *above(site.stable)} if site.stable else set()
    found = set()
    for name, stable in site.names.items():
        parts = name.split("/")
        directories = ["/".join(parts[:depth]) for depth in range(len(parts))]
        pure = next((directory for directory in directories if directory not in mixed), None)
        if pure is not None:
            found.add(site.url(f"{pure}/" if pure else "") + "*")
        elif not stable:
            found.add(site.url(name))
    return sorted(found)
