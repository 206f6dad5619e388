"""A compiled asset and the names of what it refers to -> its final bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from assetbuild.contents import content_of
from assetbuild.early import Early
from assetbuild.model import Compiled, Reference
from assetbuild.resolver import DROPPED, Target
from assetbuild.urls import absolute, relative

LIMIT = 16 << 20  # bytes of rendered assets that a build keeps in memory from naming to writing
_DOTTED = frozenset({"js-import", "js-export", "js-dynamic-import"})


def render(
    compiled: Compiled,
    targets: Sequence[Target],
    names: Mapping[str, str],
    read: Callable[[Compiled], bytes] = content_of,
) -> bytes:
    """`compiled.content` with each reference's path replaced by the URL of `names[target]`, relative to the asset.

    URLs are always relative, so one release serves under any mount path and any host. A target of None leaves the
    reference as written, DROPPED removes the whole construct.
    """
    content = read(compiled)
    pieces, at = [], 0
    for reference, target in zip(compiled.references, targets, strict=True):
        if target is None:
            continue
        if target == DROPPED:
            pieces.append(content[at : reference.whole_start])
            at = reference.whole_end
            continue
        pieces += content[at : reference.start], url_of(compiled, reference, names[target]).encode(compiled.encoding)
        at = reference.end
    pieces.append(content[at:])
    return b"".join(pieces)


def is_rewritten(compiled: Compiled, targets: Sequence[Target]) -> bool:
    """Whether the final bytes of an asset are others than its content."""
    return not compiled.prehashed and any(target is not None for target in targets)


def url_of(compiled: Compiled, reference: Reference, name: str) -> str:
    """What `reference` becomes when what it names is released as `name`."""
    if reference.root:
        return absolute(name, reference.root)
    return relative(name, compiled.logical_path, dotted=reference.kind in _DOTTED)


class Rendered:
    """Final bytes by logical path, as many as `limit` allows: what is not here has to be rendered again. With `early`
    they are written at once instead. `read` gives the content of what is rendered."""

    def __init__(
        self, limit: int = LIMIT, early: Early | None = None, read: Callable[[Compiled], bytes] = content_of
    ) -> None:
        self.left = limit
        self.early = early
        self.read = read
        self.contents: dict[str, bytes] = {}

    def keep(self, path: str, content: bytes, name: str, sha256: str) -> None:
        if self.early and self.early.put(name, content):
            self.early.written[name] = sha256
        elif len(content) <= self.left:
            self.left -= len(content)
            self.contents[path] = content

    def take(self, path: str) -> bytes | None:
        return self.contents.get(path)
