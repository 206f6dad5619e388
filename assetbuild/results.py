"""What compiling an asset has given, as plain values: for another process, where objects would take ten times as long,
and as bytes, for a store.

Nearly all assets are plain: made of one source, or that source itself, and naming nothing. Little is said of those.
"""

from __future__ import annotations

import json
from itertools import starmap
from typing import Any

from assetbuild.history import packed_problem, unpacked_problem
from assetbuild.model import Compiled, Origin, Reference
from assetbuild.named import NamedTuple

# Logical path, digest, size and `Result.early` of a plain asset; if it is not the source itself, but what was written
# early, then source size, digest of the source, and tools too. Else what `packed` gives of any.
Packed = tuple[Any, ...]


class Result(NamedTuple):
    """`key` is that of the trace to keep, and `trace` how it begins; empty where it is kept already, or cannot be.
    `early` is the name under which the content, which is final, is written already; empty where it is not."""

    compiled: Compiled
    key: bytes = b""
    trace: bytes = b""
    early: str = ""


def packed(result: Result) -> Packed:
    compiled = result.compiled
    if not result.key and (source_digest := _source_of(compiled)):
        path, digest, size, early = compiled.logical_path, compiled.digest, compiled.size, result.early
        if compiled.content is None:
            return path, digest, size, early
        if early:
            return path, digest, size, early, compiled.source_size, source_digest, compiled.tools
    plain: dict[str, Any] = {
        "references": [*map(tuple, compiled.references)],
        "origins": [*map(tuple, compiled.origins)],
        "warnings": [*map(packed_problem, compiled.warnings)],
    }
    return (tuple(compiled._replace(**plain)), *result[1:])


def unpacked(values: Packed) -> Result:
    compiled, key, trace, early = Compiled(*values[0]), *values[1:]
    whole = compiled._replace(
        references=tuple(starmap(Reference, compiled.references)),
        origins=tuple(starmap(Origin, compiled.origins)),
        warnings=tuple(unpacked_problem(one) for one in compiled.warnings),  # type: ignore[arg-type]
    )
    return Result(whole, key, trace, early)


def _source_of(compiled: Compiled) -> str:
    """The digest of the one source that a plain asset is made of; empty for any other."""
    path, reads = compiled.logical_path, compiled.reads
    if compiled.references or reads is None or len(reads) != 1 or reads[0][0] != path or compiled.sources != (path,):
        return ""
    if compiled.warnings or compiled.made_map or compiled.dropped_maps or compiled.prehashed:
        return ""
    # What no tool has made, but is not the source either, may hold a source map.
    return reads[0][1] if (compiled.content is None) is (compiled.tools == ()) else ""


def kept(result: Result) -> bytes:
    """What a store keeps: how it begins, the content, if it is not the source, and the map."""
    content, made_map = result.compiled.content, result.compiled.made_map
    return b"%b\n%b%b" % (result.trace, content or b"", made_map[1] if made_map else b"")


def trace_of(compiled: Compiled) -> bytes:
    """A line of JSON, since a cache that came from somewhere else can be wrong, but run nothing."""
    content, made_map = compiled.content, compiled.made_map
    data: object = {
        "asset": [
            compiled.logical_path,
            compiled.digest,
            compiled.size,
            compiled.source_size,
            compiled.sources,
            compiled.encoding,
            compiled.tools,
            compiled.dropped_maps,
            compiled.prehashed,
        ],
        "references": compiled.references,
        "origins": compiled.origins,
        "warnings": [packed_problem(one) for one in compiled.warnings],
        "reads": compiled.reads,
        "made": len(content) if content is not None else None,
        "map": made_map[0] if made_map else None,
    }
    if _source_of(compiled):
        data = [compiled.digest, compiled.source_size, compiled.tools] if content is not None else [compiled.size]
    return json.dumps(data, separators=(",", ":")).encode()


def read(content: bytes, path: str, file: str | None, source_digest: str) -> Compiled:
    """What `kept` was given of it. `file` is the source of what is no bundle, with its digest."""
    head, _, rest = content.partition(b"\n")
    data = json.loads(str(head, "ascii"))
    if isinstance(data, list):
        reads = ((path, source_digest),)
        if len(data) == 1:
            return Compiled(path, None, file, source_digest, data[0], data[0], (path,), reads=reads)
        digest, source_size, tools = data
        return Compiled(path, rest, file, digest, len(rest), source_size, (path,), tools=tuple(tools), reads=reads)
    made, map_path = data["made"], data["map"]
    path, digest, size, source_size, sources, encoding, tools, dropped_maps, prehashed = data["asset"]
    return Compiled(
        logical_path=path,
        content=rest[:made] if made is not None else None,
        file=file,
        digest=digest,
        size=size,
        source_size=source_size,
        sources=tuple(sources),
        references=tuple(Reference(*one) for one in data["references"]),
        origins=tuple(Origin(*one) for one in data["origins"]),
        encoding=encoding,
        tools=tuple(tools),
        dropped_maps=tuple(dropped_maps),
        made_map=(map_path, rest[made or 0 :]) if map_path is not None else None,
        prehashed=prehashed,
        warnings=tuple(unpacked_problem(one) for one in data["warnings"]),
        reads=tuple((path, digest) for path, digest in data["reads"]),
    )
