"""What the link phase knew -> bytes, and back: a column for each thing that every asset has, the rest as JSON.

Half a second of JSON for 20,000 assets becomes a few joins and splits. No path, name or line holds NUL or a line end.
"""

from __future__ import annotations

import json
import os
from array import array
from typing import Any

from assetbuild.stamp import checksum, decoded, integers

FORMAT = b"assetbuild known 3\n"
Known = dict[str, Any]
COLUMNS = ("names", "sizes", "lines", "targets", "digests", "places")


def packed(known: Known) -> list[bytes]:
    """In pieces. Of each asset, by logical path: `known["names"]`, `"sizes"` in bytes and `"lines"` of a manifest, if
    they are in no release, in the same order; of those that name others `"targets"`, with NUL between them. Of each
    source: its digest in `"digests"`, and in `"places"`, in the same order, the number of its root."""
    head = {name: value for name, value in known.items() if name not in COLUMNS}
    parts = [
        json.dumps(head, separators=(",", ":")).encode(),
        os.fsencode("\0".join(known["names"])),
        os.fsencode("\0".join(known["names"].values())),
        array("q", known["sizes"].values()).tobytes(),
        b"\n".join(known["lines"].values()),
        os.fsencode("\0".join(known["targets"])),
        os.fsencode("\n".join(known["targets"].values())),
        os.fsencode("\0".join(known["digests"])),
        "\0".join(known["digests"].values()).encode(),
        known["places"].tobytes(),
    ]
    body = [piece for part in parts for piece in (len(part).to_bytes(8, "big"), part)]
    return [FORMAT, checksum(*body), *body]


def unpacked(data: bytes) -> Known:
    """Empty where it is damaged or something else."""
    start = len(FORMAT) + len(checksum())
    body = memoryview(data)[start:]
    if data[:start] != FORMAT + checksum(body):
        return {}
    try:
        return _known(body)
    except (ValueError, LookupError):  # of another version of this code
        return {}


def _known(body: memoryview) -> Known:
    parts, at = [], 0
    while at < len(body):
        end = at + 8 + int.from_bytes(body[at : at + 8], "big")
        parts.append(body[at + 8 : end])
        at = end
    known: Known = json.loads(bytes(parts[0]))
    paths = _texts(parts[1])
    named = decoded(parts[6]).split("\n") if parts[5] else []
    known["names"] = dict(zip(paths, _texts(parts[2]), strict=True))
    known["sizes"] = dict(zip(paths, integers(parts[3]), strict=True))
    known["lines"] = dict(zip(paths, bytes(parts[4]).split(b"\n"), strict=True)) if parts[4] else {}
    known["targets"] = dict(zip(_texts(parts[5]), named, strict=True))
    sources = paths if parts[7] == parts[1] else _texts(parts[7])
    known["digests"] = dict(zip(sources, str(parts[8], "ascii").split("\0"), strict=bool(parts[7])))
    known["places"] = integers(parts[9])
    return known


def targets_of(known: Known, path: str) -> list[str]:
    """The assets that `path` names."""
    named: str | None = known["targets"].get(path)
    return named.split("\0") if named else []


def _texts(column: memoryview) -> list[str]:
    return decoded(column).split("\0") if column else []
