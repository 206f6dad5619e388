"""Source maps follow their files: corrected for rewritten URLs, replaced by what a tool made, or left out."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from assetbuild.config import Config
from assetbuild.contents import content_of
from assetbuild.globs import matcher
from assetbuild.model import Compiled, language_of
from assetbuild.names import ZEROS, name_of
from assetbuild.references import sourcemap
from assetbuild.render import url_of
from assetbuild.resolver import DROPPED, Target

if TYPE_CHECKING:
    from assetbuild.sourcemaps import Shift

Assets = dict[str, Compiled]
Targets = dict[str, tuple[Target, ...]]


def made_by_tool(compiled: Compiled) -> Compiled | None:
    """The map that a tool made with `compiled`, as an asset beside it."""
    if compiled.made_map is None:
        return None
    path, content = compiled.made_map
    return _with_content(Compiled(path, None, None, "", 0, compiled.source_size, compiled.sources), content)


def follow(assets: Assets, targets: Targets, config: Config) -> None:
    """Give each asset the map that fits its final bytes, or none.

    A fingerprint's length is known before its digits are, and with it the columns of what follows a rewritten URL: so
    maps are final before anything has a name.
    """
    stale = [map_path for asset in assets.values() for map_path in asset.dropped_maps]
    stable = matcher(config.stable)
    holders: dict[str, list[str]] = defaultdict(list)
    for path in sorted(path for path, asset in assets.items() if asset.references or asset.content is not None):
        if target := _map_of(assets[path], targets[path]):
            holders[target].append(path)
        elif assets[path].content is not None:
            _correct_inline(path, assets, targets)
    for map_path, paths in holders.items():
        moved = [_shifts(path, assets, targets) for path in paths]
        corrected = _corrected(assets[map_path], moved)
        if corrected:
            assets[map_path] = corrected
            continue
        for path, shifts in zip(paths, moved, strict=True):
            if shifts != []:
                kept = zip(assets[path].references, targets[path], strict=True)
                targets[path] = tuple(DROPPED if one.kind == "source-map" else target for one, target in kept)
        stale.append(map_path)
    # By its name, since a comment can name anything: a script, an image, data.
    if stale := [path for path in stale if path.lower().endswith(".map") and not stable(path)]:
        _leave_out(assets, targets, stale)


def _leave_out(assets: Assets, targets: Targets, stale: Iterable[str]) -> None:
    """A map that no longer fits the file it was made for is not released: it would mislead a debugger."""
    named: Collection[str] = {target for path in assets for target in targets[path] if target}
    for map_path in stale:
        if map_path in assets and map_path not in named and not assets[map_path].prehashed:
            del assets[map_path], targets[map_path]


def _map_of(compiled: Compiled, targets: Iterable[Target]) -> Target:
    for reference, target in zip(compiled.references, targets, strict=True):
        if reference.kind == "source-map":
            return target
    return None


def _shifts(path: str, assets: Assets, targets: Targets) -> list[Shift] | None:
    """How the final bytes of `path` differ from its content in columns; None where that cannot be said."""
    compiled, spans = assets[path], []
    if compiled.prehashed:
        return []
    for reference, target in zip(compiled.references, targets[path], strict=True):
        if target and reference.kind != "source-map":
            url = url_of(compiled, reference, name_of(assets[target], ZEROS))
            spans.append((reference.start, reference.end, len(url)))
    if not spans:
        return []
    language = language_of(path)
    if language is None or compiled.encoding != "ascii":
        return None
    from assetbuild.sourcemaps import shifts

    return shifts(content_of(compiled), spans, language)


def _corrected(source_map: Compiled, moved: list[list[Shift] | None]) -> Compiled | None:
    """The map after its file was rewritten; None where it cannot fit, as when two different files share it."""
    shifts = moved[0]
    if shifts is None or any(other != shifts for other in moved):
        return None
    if not shifts:
        return source_map
    if source_map.prehashed:
        return None
    from assetbuild.sourcemaps import shifted

    corrected = shifted(content_of(source_map), shifts)
    return _with_content(source_map, corrected) if corrected is not None else None


def _correct_inline(path: str, assets: Assets, targets: Targets) -> None:
    """The same for a map that stands in the comment itself, as a data: URL."""
    compiled, language = assets[path], language_of(path)
    url = sourcemap.inline_url(compiled.content or b"", language) if language else None
    shifts = _shifts(path, assets, targets) if url else []
    if language is None or url is None or shifts == [] or compiled.content is None:
        return
    from assetbuild import sourcemaps

    content = compiled.content
    source_map = sourcemaps.inline(content[url[0] : url[1]].decode("utf-8", "replace"))
    corrected = sourcemaps.shifted(source_map, shifts) if source_map is not None and shifts else None
    if corrected is None:
        start, end = sourcemap.comment_span(content, language) or url
        content = content[:start] + content[end:]
    else:
        content = content[: url[0]] + sourcemaps.data_url(corrected).encode() + content[url[1] :]
    assets[path] = _with_content(compiled, content)


def _with_content(compiled: Compiled, content: bytes) -> Compiled:
    return compiled._replace(content=content, digest=hashlib.sha256(content).hexdigest(), size=len(content))
