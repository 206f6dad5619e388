"""The nouns of a build, in the order in which they come to be. Made once, never changed.

Those that come by the hundred thousand are named tuples: made and sent to another process in a third of the time.

Config -> Source -> Compiled(content, references) -> Graph -> Artifact -> Release
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from assetbuild.errors import Problem
from assetbuild.named import NamedTuple
from assetbuild.signatures import Signature

Kind = Literal[
    "css-url",  # url(), src(), image-set(): a resource named by a declaration
    "css-import",
    "css-custom-property",  # url() in the value of one
    "js-import",  # static import
    "js-export",  # export ... from
    "js-dynamic-import",
    "js-url",  # new URL("x", import.meta.url)
    "js-worker",  # the same as what a Worker or SharedWorker runs
    "js-import-scripts",
    "svg-href",  # href, xlink:href, <?xml-stylesheet?>; url() and @import inside an SVG are css-url and css-import
    "webmanifest",  # an image of a web app manifest
    "source-map",
]

Language = Literal["css", "js"]  # what can be minified and joined
Format = Literal["css", "js", "svg", "webmanifest"]  # what is looked into
_LANGUAGES: Mapping[str, Language] = {".css": "css", ".js": "js", ".mjs": "js", ".cjs": "js"}
_FORMATS: Mapping[str, Format] = {**_LANGUAGES, ".svg": "svg", ".webmanifest": "webmanifest"}


def language_of(path: str) -> Language | None:
    """The language of a style sheet or script, by its extension in any case; None for all else."""
    return _LANGUAGES.get(_extension(path))


def format_of(path: str) -> Format | None:
    """What is to be found in `path`, by its extension in any case; None for what is not looked into."""
    return _FORMATS.get(_extension(path))


def _extension(path: str) -> str:
    """What follows the last dot, with it, in lower case: no name of an extension where there is none."""
    return path[path.rfind(".") :].lower()


class Source(NamedTuple):
    """One file of a source root. `root` is the root as the user wrote it, for messages; `prefix` is what the root puts
    before its files' paths; `signature` is what the system said of the file when it was found."""

    logical_path: str
    file: str
    root: str
    prefix: str
    signature: Signature

    @property
    def size(self) -> int:
        """In bytes."""
        return self.signature[0]

    @property
    def shown(self) -> str:
        """The file as the user would look for it: the root as configured, then the path inside it."""
        return self.root + self.logical_path[len(self.prefix) :]


class Reference(NamedTuple):
    """A span in one asset that names another.

    `start:end` are the bytes that a rewritten URL replaces: the path only, so that query and fragment stay as they
    were written. `whole_start:whole_end` is the construct around them (`url(...)`, a comment), for messages and for
    removing a comment whose source map is gone. `specifier` is that path with the language's escapes undone and
    percent-escapes kept. `root` is what the URL must go on to start with where a relative one would be read from
    another place.
    """

    kind: Kind
    specifier: str
    start: int
    end: int
    whole_start: int
    whole_end: int
    root: str = ""


class Origin(NamedTuple):
    """Where the author wrote a reference: byte offsets into the source with that logical path."""

    logical_path: str
    start: int
    end: int
    whole: str  # the construct as written, cut to a line's length


class Compiled(NamedTuple):
    """One asset as its own bytes say, before it is known how the others are called.

    `content` is None where it is what `file` holds; `digest` is its SHA-256. `source_size` is the bytes of all sources
    together, `size` those of the content. `origins[i]` belongs to `references[i]`, in a bundle: of a source they are
    worked out when they are asked for. `dropped_maps` are logical paths of source maps that no longer fit this asset.
    A `prehashed` asset keeps its name and its bytes: its `references` are known and checked, but never rewritten.
    """

    logical_path: str
    content: bytes | None
    file: str | None
    digest: str
    size: int
    source_size: int
    sources: tuple[str, ...]
    references: tuple[Reference, ...] = ()
    origins: tuple[Origin, ...] = ()
    encoding: str = "ascii"  # of a URL written into `content`
    tools: tuple[str, ...] = ()  # what made `content`, with versions: "minify rjsmin 1.3.0"
    dropped_maps: tuple[str, ...] = ()
    made_map: tuple[str, bytes] | None = None  # the source map that a tool made with `content`: logical path, bytes
    prehashed: bool = False
    warnings: tuple[Problem, ...] = ()
    # Logical path and digest of each file read, "" for one that was not there; None where that cannot be known.
    reads: tuple[tuple[str, str], ...] | None = ()
    held: tuple[int, int] | None = None  # where the content is, instead: an open file and the offset in it


class Release(NamedTuple):
    """What a build has given. `created` is False where the very same release stood there already.

    `files` and `size` (bytes) are those of the identity encoding. `built` of the files were written, all others taken
    over from the release before; `reasons` says of each asset that was built why. `contents` gives the name of each
    file, if this build has written any, with the bytes of its sources, its own, and those that brotli sends.
    """

    id: str
    dir: Path
    files: int
    size: int
    created: bool
    built: int = 0
    warnings: tuple[Problem, ...] = ()
    reasons: Mapping[str, str] = MappingProxyType({})
    contents: Callable[[], Iterable[tuple[str, int, int, int]]] = tuple

    @property
    def record(self) -> dict[str, Any]:
        """The content of release.json, read anew each time."""
        record: dict[str, Any] = json.loads((self.dir / "release.json").read_bytes())
        return record
