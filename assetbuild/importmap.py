"""Which imports stay as written, where pages have an import map: a changed module then renames no other.

The map leads from the URL that a specifier names to the released file. It holds for one page; workers and worklets have
none (HTML Standard, "resolve a module specifier"). So the imports of whatever may run there are rewritten, and those of
all that it imports. That is right in a page too: by either way it comes to the same URL, so to the same module. The
price: a cycle that one worker reaches is rewritten whole, so that each of its modules renames all. And the argument of
`import.meta.resolve()` stays as it is: a page's map answers it for what is imported as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from assetbuild.config import Config
from assetbuild.contents import content_of
from assetbuild.globs import matcher
from assetbuild.model import Compiled, Kind, Reference, language_of
from assetbuild.resolver import Target

IMPORTS = frozenset[Kind]({"js-import", "js-export", "js-dynamic-import"})
_QUOTES = (b'"', b"'", b"`")
# A relative path of characters that mean themselves, in a URL and to `urls.relative`. What ends in dots is a directory,
# and two slashes are not one.
_PLAIN = r"\.\.?(?:/[\w.~-]+)*/(?!\.\.?\Z)[\w.~-]+"


def without_map(
    assets: Mapping[str, Compiled], targets: Mapping[str, tuple[Target, ...]], config: Config
) -> frozenset[str]:
    """The scripts that may run where no import map holds, and all that they import, directly or through others."""
    found: set[str] = set()
    pending = [script for path in assets for script in sent_away(assets[path], targets[path], config)]
    while pending:
        path = pending.pop()
        if path in found or path not in assets:
            continue
        found.add(path)
        named = zip(assets[path].references, targets[path], strict=True)
        pending += [target for reference, target in named if target and reference.kind in IMPORTS]
    return frozenset(found)


def sent_away(compiled: Compiled, targets: Iterable[Target], config: Config) -> set[str]:
    """The scripts of which `compiled` says that they may run where no import map holds.

    What `new URL()` names may become a worker's or a worklet's; only workers have `importScripts()`; what asks for a
    `stable` script is not known at all.
    """
    named = [(reference.kind, target) for reference, target in zip(compiled.references, targets, strict=True) if target]
    found = {target for kind, target in named if kind not in IMPORTS and language_of(target) == "js"}
    path = compiled.logical_path
    in_worker = any(reference.kind == "js-import-scripts" for reference in compiled.references)
    if in_worker or (language_of(path) == "js" and matcher(config.stable)(path)):
        found.add(path)
    return found


def leave(
    assets: Mapping[str, Compiled], targets: dict[str, tuple[Target, ...]], apart: frozenset[str]
) -> dict[str, tuple[Target, ...]]:
    """Take out of `targets` what the imports name that stay as written; give just that, of the assets that have some.

    Those of the scripts that are `apart` do not stay.
    """
    left = {}
    for path, compiled in assets.items():
        if path not in apart and any(own := _left(compiled, targets[path])):
            left[path] = own
            targets[path] = tuple(None if one else target for one, target in zip(own, targets[path], strict=True))
    return left


def _left(compiled: Compiled, targets: tuple[Target, ...]) -> tuple[Target, ...]:
    """What those imports name that come to a key of the map; None for all other references."""
    named = zip(compiled.references, targets, strict=True)
    return tuple(target if target and _is_on_the_map(compiled, reference) else None for reference, target in named)


def _is_on_the_map(compiled: Compiled, reference: Reference) -> bool:
    """Whether a browser makes of an import, as it is written, the very URL that the map has for what it names.

    It does not of a root-absolute one, since another deploy may have its files elsewhere; nor of one with a query.
    """
    if reference.kind not in IMPORTS or not re.fullmatch(_PLAIN, reference.specifier, re.ASCII):
        return False
    if reference.whole_end == reference.end + 1:  # nothing follows the path but the quote
        return True
    return content_of(compiled)[reference.end : reference.end + 1] in _QUOTES
