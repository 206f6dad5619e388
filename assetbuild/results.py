"""What compiling an asset has given, as plain values: for another process, where objects would take ten times as long,
and as JSON, for a store."""

from __future__ import annotations

import hashlib
import json
from itertools import starmap
from typing import Any

from assetbuild.history import packed_problem, unpacked_problem
from assetbuild.model import Compiled, Origin, Reference
from assetbuild.named import NamedTuple

# Logical path, digest, size and `Result.early` of what names nothing and is released as it is, as nearly all are; else
# what `packed` gives.
Packed = tuple[Any, ...]


class Result(NamedTuple):
    """`key` is that of the `trace` to keep; empty where it is kept already, or cannot be. `early` is the name under
    which the content, which is final, is written already; empty where it is not."""

    compiled: Compiled
    key: bytes = b""
    trace: bytes = b""
    early: str = ""


def packed(result: Result) -> Packed:
    compiled = result.compiled
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


def trace_of(compiled: Compiled) -> bytes:
    """As JSON: a cache that came from somewhere else can be wrong, but run nothing."""
    made_map = compiled.made_map
    data = {
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
        "made": compiled.digest if compiled.content is not None else None,
        "map": [made_map[0], hashlib.sha256(made_map[1]).hexdigest()] if made_map else None,
    }
    return json.dumps(data, separators=(",", ":")).encode()


def read_trace(data: dict[str, Any], file: str | None, content: bytes | None, made_map: bytes | None) -> Compiled:
    """What `trace_of` was given; the contents are kept apart from it, by their digests."""
    path, digest, size, source_size, sources, encoding, tools, dropped_maps, prehashed = data["asset"]
    return Compiled(
        logical_path=path,
        content=content,
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
        made_map=(data["map"][0], made_map) if made_map is not None else None,
        prehashed=prehashed,
        warnings=tuple(unpacked_problem(one) for one in data["warnings"]),
        reads=tuple((path, digest) for path, digest in data["reads"]),
    )
