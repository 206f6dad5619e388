"""What the link phase knew -> bytes, and back: a column for each thing that every asset has, the rest as JSON.

Half a second of JSON for 20,000 assets becomes a few joins and splits. No path, name or line holds NUL or a line end.
"""

from __future__ import annotations

import json
import os
from array import array
from typing import Any

from assetbuild.stamp import checksum

FORMAT = b"assetbuild known 1\n"
Known = dict[str, Any]
_COLUMNS = ("assets", "lines", "sources")


def packed(known: Known) -> bytes:
    """`known["assets"]` has for each logical path a name, a size in bytes, whether it is stable, what it names, and
    whether it has maps; `known["lines"]` its line of the manifest; `known["sources"]` a digest and a root's number."""
    assets, sources = known.get("assets", {}), known.get("sources", {})
    head = {name: value for name, value in known.items() if name not in _COLUMNS}
    head["stable"] = [path for path, entry in assets.items() if entry[2]]
    head["maps"] = [path for path, entry in assets.items() if entry[4]]
    parts = [
        json.dumps(head, separators=(",", ":")).encode(),
        os.fsencode("\0".join(assets)),
        os.fsencode("\0".join([entry[0] for entry in assets.values()])),
        array("q", [entry[1] for entry in assets.values()]).tobytes(),
        b"\n".join([known["lines"][path] for path in assets]),
        os.fsencode("\n".join(["\0".join(entry[3]) for entry in assets.values()])),
        os.fsencode("\0".join(sources)),
        "\0".join([digest for digest, _ in sources.values()]).encode(),
        array("q", [root for _, root in sources.values()]).tobytes(),
    ]
    body = b"".join([len(part).to_bytes(8, "big") + part for part in parts])
    return FORMAT + checksum(body) + body


def unpacked(data: bytes) -> Known:
    """Empty where it is damaged or something else."""
    start = len(FORMAT) + len(checksum(b""))
    if data[:start] != FORMAT + checksum(memoryview(data)[start:]):
        return {}
    try:
        return _known(data, start)
    except (ValueError, LookupError):  # of another version of this code
        return {}


def _known(data: bytes, start: int) -> Known:
    parts, at = [], start
    while at < len(data):
        end = at + 8 + int.from_bytes(data[at : at + 8], "big")
        parts.append(data[at + 8 : end])
        at = end
    known: Known = json.loads(parts[0])
    paths, names, source_paths, digests = (_texts(parts[index]) for index in (1, 2, 6, 7))
    stable, maps = {*known.pop("stable")}, {*known.pop("maps")}
    targets = (one.split("\0") if one else () for one in os.fsdecode(parts[5]).split("\n"))
    sizes, roots = array("q", parts[3]), array("q", parts[8])
    known["assets"] = {
        path: (name, size, path in stable, named, path in maps)
        for path, name, size, named in zip(paths, names, sizes, targets, strict=False)
    }
    known["lines"] = dict(zip(paths, parts[4].split(b"\n"), strict=bool(paths)))
    known["sources"] = dict(zip(source_paths, zip(digests, roots, strict=True), strict=True))
    return known


def _texts(column: bytes) -> list[str]:
    return os.fsdecode(column).split("\0") if column else []
