"""What joining CSS and joining JS share: parts, moved references, and where a message points.

A joined file stands in another directory than its parts, so each relative reference is written anew from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assetbuild.errors import AssetBuildError, Place, Problem, UnresolvedReference, place_at, quoted
from assetbuild.model import Language, Origin, Reference
from assetbuild.references import sourcemap
from assetbuild.syntax.css import declared_encoding, decode, detect_encoding
from assetbuild.urls import is_root_absolute, relative, resolve

Edit = tuple[int, int, bytes]  # start, end, what takes the place of the bytes between

_BOM = "\ufeff"
_CHARSET = re.compile(r'@charset "[^"]*";')
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Part:
    """One file to join. `content` is UTF-8; `raw` are the file's own bytes, empty for what is joined already.

    Relative references in `content` start from `logical_path`.
    """

    logical_path: str
    content: bytes
    raw: bytes = b""
    _shift: int | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        same = self.raw.endswith(self.content)
        object.__setattr__(self, "_shift", len(self.raw) - len(self.content) if same else None)

    def place(self, start: int, end: int) -> Place:
        """Where `content[start:end]` stands in the file; the file alone if a filter has rewritten it."""
        span = self._in_raw(start, end)
        return place_at(self.raw, *span, self.logical_path) if span else Place(self.logical_path)

    def origin(self, reference: Reference) -> Origin:
        span = self._in_raw(reference.whole_start, reference.whole_end)
        shift = span[0] - reference.whole_start if span else 0
        start, end = (reference.start + shift, reference.end + shift) if span else (0, 0)
        return Origin(self.logical_path, start, end, self.quote(reference.whole_start, reference.whole_end))

    def quote(self, start: int, end: int) -> str:
        """The construct between, on one line and not longer than a line."""
        return quoted(self.content, start, end)

    def _in_raw(self, start: int, end: int) -> tuple[int, int] | None:
        """The same bytes in `raw`: at the same distance from the end, else (after a filter) where they first stand."""
        if self._shift is not None:
            return start + self._shift, end + self._shift
        at = self.raw.find(self.content[start:end]) if end > start else -1
        return (at, at + end - start) if at >= 0 else None


@dataclass(frozen=True, slots=True)
class Joined:
    """`origins` by the logical path that is named; `read` are the logical paths of files taken in beside the parts."""

    content: bytes
    origins: Mapping[str, Origin] = field(default_factory=dict)
    dropped_maps: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    strict: bool = False  # JS alone: the whole runs in strict mode
    strict_paths: tuple[str, ...] = ()  # JS alone: the files that ask for it


def read_css(raw: bytes) -> str:
    """The text of a style sheet as a browser decodes it, without byte order mark and `@charset`."""
    text = _decode(raw, detect_encoding(raw))
    return _CHARSET.sub("", text, count=1) if text.startswith("@charset") else text


def read_javascript(raw: bytes) -> str:
    """The text of a script: UTF-8, or another UTF by its byte order mark; windows-1252 if it is not UTF-8."""
    marked = raw[:3].startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))
    encoding = declared_encoding(raw) if marked else None
    if encoding is None:
        try:
            raw.decode("utf-8")
            encoding = "utf-8"
        except UnicodeDecodeError:
            encoding = "cp1252"
    if b"\0" in raw and encoding in ("utf-8", "cp1252"):  # `decode` reads NUL as CSS does, as U+FFFD
        return "\0".join(_decode(piece, encoding) for piece in raw.split(b"\0"))
    return _decode(raw, encoding)


def _decode(raw: bytes, encoding: str) -> str:
    """Text that can always be encoded again: a byte that means nothing becomes U+FFFD."""
    return _SURROGATE.sub("\ufffd", decode(raw, encoding)).removeprefix(_BOM)


class Mover:
    """Writes references anew from `output`, and remembers where each was written."""

    def __init__(self, output: str, url_prefix: str, *, dotted: bool) -> None:
        self.output = output
        self.url_prefix = url_prefix
        self.dotted = dotted
        self.origins: dict[str, Origin] = {}
        self.dropped_maps: list[str] = []
        self.errors: list[AssetBuildError] = []

    def edits(self, part: Part, references: Iterable[Reference]) -> list[Edit]:
        """Root-absolute URLs stay: they mean the same everywhere."""
        stays = part.logical_path.rpartition("/")[0] == self.output.rpartition("/")[0]
        edits = []
        for reference in references:
            target = self.target(part, reference)
            if target is None:
                if not is_root_absolute(reference.specifier) and reference.kind != "css-custom-property":
                    self.errors.append(_above(part, reference))
                continue
            self.origins.setdefault(target, part.origin(reference))
            if not stays and not is_root_absolute(reference.specifier):
                url = relative(target, self.output, dotted=self.dotted)
                edits.append((reference.start, reference.end, url.encode()))
        return edits

    def target(self, part: Part, reference: Reference) -> str | None:
        return resolve(reference.specifier, part.logical_path, self.url_prefix)

    def without_map(self, part: Part, language: Language) -> list[Edit]:
        """Takes the comment that names a source map away: the map was made for one part, not for the whole."""
        source_map = sourcemap.find(part.content, language)
        target = self.target(part, source_map) if source_map else None
        if target:
            self.dropped_maps.append(target)
        span = sourcemap.comment_span(part.content, language)
        return [(*span, b"")] if span else []


def _above(part: Part, reference: Reference) -> UnresolvedReference:
    whole = part.quote(reference.whole_start, reference.whole_end)
    what = f"{whole} names '{reference.specifier}', which is above every source root"
    return UnresolvedReference(what, part.place(reference.start, reference.end))


def edited(content: bytes, edits: Sequence[Edit]) -> bytes:
    """`content` after `edits`, which do not overlap; one inside another gives way to it."""
    pieces, at = [], 0
    for start, end, replacement in sorted(edits, key=lambda edit: (edit[0], -edit[1])):
        if start >= at:
            pieces += [content[at:start], replacement]
            at = end
    return b"".join([*pieces, content[at:]])
