"""A release's three texts -> those of the next one, where few lines are others: all that stays is taken as it stands.

The texts are as `records` has written them. Their lines are sorted, so that one is found by halving, and nothing is
parsed but what is looked at: with 20,000 files each text has megabytes.
"""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence, Set
from json.encoder import encode_basestring as _text
from typing import Any

from assetbuild.records import FILES, FILES_HEAD, RECORD_END, record_head, sums_text

_MANIFEST_HEAD = b'{"assets":{'
_FILES_HEAD, _RECORD_END = FILES_HEAD.encode(), RECORD_END.encode()
_BETWEEN = b",\n"
_PATH = 66  # where it begins in a line of SHA256SUMS: after a digest and two spaces
_DECODER = json.JSONDecoder()


def manifest_body_of(text: bytes) -> bytes:
    """What is between the braces of "assets". Raises ValueError where that is not to be seen."""
    for key in (b"checksum", b"modules", b"release"):  # what comes next is the first of these that is there
        end = text.rfind(b'},"' + key + b'":"')  # a string, where all values in there are objects
        if end >= 0 and text.startswith(_MANIFEST_HEAD):
            return text[len(_MANIFEST_HEAD) : end]
    raise ValueError("this is no manifest")


def splice_manifest(body: bytes, new: Mapping[str, bytes]) -> bytes:
    """`body` with `new` lines in place of those of their logical paths. Raises KeyError where one has none there."""
    places = [(*_entry_place(body, path), line) for path, line in new.items()]
    pieces: list[bytes | memoryview] = []
    view, at = memoryview(body), 0
    for start, end, line in sorted(places):
        pieces += [view[at:start], line]
        at = end
    return b"".join([*pieces, view[at:]])


def _entry_place(body: bytes, path: str) -> tuple[int, int]:
    """Where its entry begins and ends. Raises KeyError.

    Outside of strings a comma and a quote begin a key; inside of them every quote has a backslash before it. So what
    looks like the key behind a comma is the key.
    """
    key = f"{_text(path)}:{{".encode("utf-8", "backslashreplace")
    start = end = 0 if body.startswith(key) else body.find(b"," + key) + 1
    if not start and not body.startswith(key):
        raise KeyError(path)
    while (end := body.find(b"}", end) + 1) > 0:  # those before the last one are in names
        try:
            json.loads(b"{" + body[start:end] + b"}")
        except ValueError:
            continue
        return start, end
    raise KeyError(path)


def find_entry(record: bytes, name: str) -> dict[str, Any] | None:
    """What release.json says of the file `name`. Raises ValueError where it is none."""
    start, end = _files_of(record)
    place, stop = _record_place(record, name, start, end)
    entry: dict[str, Any] | None = json.loads(b"{" + record[place:stop] + b"}").get(name)
    return entry


def splice_record(record: bytes, head: Mapping[str, Any], gone: Iterable[str], new: Mapping[str, str]) -> bytes:
    """`record` with another `head`, without the lines of the files that are `gone`, and with `new` ones by name."""
    start, end = _files_of(record)
    lines: list[bytes | memoryview] = []
    view, at = memoryview(record), start
    for name in sorted({*gone, *new}):
        place, stop = _record_place(record, name, at, end)
        lines.append(view[at : place - len(_BETWEEN) if place < end else end])
        lines.append(new[name].encode() if name in new else b"")
        at = min(stop + len(_BETWEEN), end) if stop > place else place
    lines.append(view[at:end])
    pieces = [piece for line in lines if line for piece in (line, _BETWEEN)]
    return b"".join([record_head(head).encode(), *pieces[:-1], b"}" + _RECORD_END])  # megabytes, copied once


def _files_of(record: bytes) -> tuple[int, int]:
    """Where its lines begin and end. Raises ValueError."""
    if not record.endswith(b"}" + _RECORD_END):
        raise ValueError("this is no record")
    return record.index(_FILES_HEAD) + len(_FILES_HEAD), len(record) - len(_RECORD_END) - 1


def _record_place(record: bytes, name: str, start: int, end: int) -> tuple[int, int]:
    """Where in these lines that of `name` begins and ends; twice where it would begin, if there is none."""
    low, high = start, end
    while low < high:
        begin = max(record.rfind(_BETWEEN, low, (low + high) // 2) + len(_BETWEEN), low)
        stop = record.find(_BETWEEN, begin, end)
        stop = end if stop < 0 else stop
        found = _name(record[begin:stop])
        if found == name:
            return begin, stop
        if found < name:
            low = min(stop + len(_BETWEEN), end)
        else:
            high = begin
    return low, low


def _name(line: bytes) -> str:
    end = line.index(b'": ', 1)
    name = line[1:end]
    return str(_DECODER.raw_decode(line.decode())[0]) if b"\\" in name else name.decode()


def sums_lines(text: bytes) -> list[bytes]:
    """Those of SHA256SUMS, in the order of paths."""
    return text.split(b"\n")[:-1]


def digest_of(lines: Sequence[bytes], path: str) -> str | None:
    at = bisect_left(lines, path.encode(), key=_path)
    is_there = at < len(lines) and _path(lines[at]) == path.encode()
    return lines[at][: _PATH - 2].decode() if is_there else None


def without_sums(lines: Sequence[bytes], gone: Iterable[str]) -> list[bytes]:
    """All but those of the paths that are `gone`. Raises KeyError where one is not there."""
    kept = [*lines]
    for path in gone:
        if digest_of(kept, path) is None:
            raise KeyError(path)
        del kept[bisect_left(kept, path.encode(), key=_path)]
    return kept


def identity_lines(lines: Sequence[bytes], names: Set[str]) -> Sequence[bytes]:
    """Those of the files with these names, which all are there; what else there is are variants."""
    if len(lines) == len(names):
        return lines
    start = _PATH + len(f"{FILES}/")
    return [line for line in lines if line[start:].decode() in names]


def splice_sums(lines: Sequence[bytes], new: Mapping[str, str]) -> bytes:
    """`lines` with those of `new` digests by path."""
    if not lines:
        return sums_text(new)
    merged = [*lines]
    for path, digest in new.items():
        insort(merged, f"{digest}  {path}".encode(), key=_path)
    return b"\n".join([*merged, b""])


def _path(line: bytes) -> bytes:
    return line[_PATH:]
