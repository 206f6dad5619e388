"""A source map (ECMA-426) -> the map after its file has changed: columns moved, or one map traced through another.

The standard does not say what ends a line of a generated file. Here it is what the file's own language says, which is
what engines, Babel, esbuild and TypeScript count. Only a map that is sure to be right is given back, else None: then
the caller drops the map. Index maps (`sections`) are left alone in this way, and so are lines that are not in order.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from assetbuild.model import Language
from assetbuild.named import NamedTuple
from assetbuild.syntax import mappings
from assetbuild.syntax.mappings import Segment

_LINE_ENDS: dict[Language, tuple[bytes, ...]] = {  # CRLF is one, but counts as two here
    "js": (b"\n", b"\r", "\u2028".encode(), "\u2029".encode()),
    "css": (b"\n", b"\r", b"\f"),
}
_BOM = b"\xef\xbb\xbf"  # no column of its own: a browser takes it away
_UTF_16 = (b"\xfe\xff", b"\xff\xfe")

# Drafts of the standard that hold columns of the generated file, or count its segments. A map is right without them.
_DRAFTS = ("scopes", "originalScopes", "generatedRanges", "rangeMappings")


class Shift(NamedTuple):
    """On `line` of the generated file, all from `column` on moves by `by`. All count from 0, in UTF-16 code units.

    `column` is the end of the replaced span, in the text before any change.
    """

    line: int
    column: int
    by: int


def shifts(before: bytes, spans: Sequence[tuple[int, int, int]], language: Language) -> list[Shift] | None:
    """What a map must know of a change to `before`: each span is start, end and the length of its ASCII replacement.

    Spans are in order and do not overlap. None where lines would change, not columns alone, and for UTF-16.
    """
    if before.startswith(_UTF_16):
        return None
    found: list[Shift] = []
    at = len(_BOM) if before.startswith(_BOM) else 0
    line = column = 0
    for start, end, length in spans:
        count, line_start = _lines(before, at, start, language)
        line += count
        column = _units(before[line_start:start]) + (0 if count else column)
        within_crlf = before[start - 1 : start] == b"\r" and before[end : end + 1] == b"\n" and start > 0
        if within_crlf or _lines(before, start, end, language)[0]:
            return None
        width = _units(before[start:end])
        column += width
        if length != width:
            found.append(Shift(line, column, length - width))
        at = end
    return found


def shifted(source_map: bytes, shifts: Sequence[Shift]) -> bytes | None:
    """`source_map` with its generated columns moved; the very bytes where nothing moves, None if it cannot be read.

    Segments inside a replaced span stay where they are or come to its end; of those that come to one column, only the
    last is kept, which is the one that says where the text behind them is from.
    """
    if not shifts:
        return source_map
    moves: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for shift in sorted(shifts, key=lambda shift: (shift.line, shift.column)):
        moves[shift.line].append((shift.column, shift.by))
    try:
        table = _read(source_map)
        lines = table["mappings"].encode("ascii").split(b";")
        last = max(moves)
        dropped = [0] * 5  # what dropped segments added to the numbers, owed to the next one that has such a number
        for at in range(min(moves), len(lines)):
            if lines[at] and (at in moves or any(dropped)):
                lines[at] = mappings.shifted(lines[at], moves.get(at, []), dropped)
            elif at > last and not any(dropped):
                break
        kept = {key: value for key, value in table.items() if key not in _DRAFTS}
        return _written(kept | {"mappings": b";".join(lines).decode()})
    except (ValueError, RecursionError):
        return None


def composed(outer: bytes, inner: bytes, source: int | None = None) -> bytes | None:
    """The map from `outer`'s generated text to the originals of `inner`; None if either cannot be read.

    `inner` describes the text that `outer.sources[source]` names: its only source where `source` is None. The result
    is to lie where `inner` lies, since its sources are written as there. What `inner` does not know is left out.
    """
    try:
        above, below = _read(outer), _read(inner)
        if source is None and len(above["sources"]) > 1:
            return None
        return _written(_composed(above, below, source or 0))
    except (ValueError, RecursionError):
        return None


def inline(url: str) -> bytes | None:
    """The map in a `data:` URL, whose type must be application/json; its charset does not matter, JSON is UTF-8."""
    head, comma, body = url.partition("#")[0].partition(",")
    scheme, _, media_type = head.partition(":")
    kind, *parameters = (part.strip().lower() for part in media_type.split(";"))
    if not comma or scheme.lower() != "data" or kind != "application/json":
        return None
    try:
        data = unquote_to_bytes(body.encode("utf-8", "surrogateescape"))
        return _unbase64(data) if parameters[-1:] == ["base64"] else data
    except ValueError:
        return None


def data_url(source_map: bytes) -> str:
    from base64 import b64encode

    return "data:application/json;base64," + b64encode(source_map).decode()


def _unbase64(data: bytes) -> bytes:
    """As browsers do: white space does not count, and the padding may be missing. Raises ValueError."""
    from base64 import b64decode

    data = b"".join(data.split())
    if len(data) % 4 == 0:
        data = data[:-2] + data[-2:].rstrip(b"=")
    return b64decode(data + b"=" * (-len(data) % 4), validate=True)


def _lines(content: bytes, start: int, end: int, language: Language) -> tuple[int, int]:
    """How many lines end in `content[start:end]`, and where the last line begins; `start` where none ends."""
    count, line_start = -content.count(b"\r\n", start, end), start
    for mark in _LINE_ENDS[language]:
        here = content.count(mark, start, end)
        if here:
            count += here
            line_start = max(line_start, content.rfind(mark, start, end) + len(mark))
    return count, line_start


def _units(piece: bytes) -> int:
    """UTF-16 code units of `piece` as a browser decodes it: what is no UTF-8 becomes replacement characters."""
    return len(piece) if piece.isascii() else len(piece.decode(errors="replace").encode("utf-16-le")) // 2


def _read(source_map: bytes) -> dict[str, Any]:
    """The JSON object, its fields of the types they must have. Raises ValueError."""
    table = json.loads(source_map, parse_constant=_no_constant)
    if not isinstance(table, dict) or table.get("version") != 3 or "sections" in table:
        raise ValueError
    texts = [table.get("mappings"), table.get("sourceRoot") or "", table.get("file") or ""]
    lists: list[Any] = [table.get("sources"), table.get("sourcesContent") or [], table.get("names") or []]
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(items, list) for items in lists):
        raise ValueError
    if not all(isinstance(item, str | None) for items in lists for item in items):
        raise ValueError
    return table


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity, which Python reads and JSON does not have


def _written(table: dict[str, Any]) -> bytes:
    try:
        return json.dumps(table, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can say
        return json.dumps(table, allow_nan=False, separators=(",", ":")).encode()


def _composed(above: dict[str, Any], below: dict[str, Any], source: int) -> dict[str, Any]:
    inner_lines = _segments(below)
    columns = [[segment[0] for segment in line] for line in inner_lines]
    sources: dict[tuple[str | None, str | None, bool], int] = {}  # name, text and whether ignored -> new index
    names: dict[str, int] = {}
    outer_sources, inner_sources = _sources(above), _sources(below)

    def original(segment: Segment) -> Segment | None:
        """Source, line, column and name as the result counts them; empty for no source, None for no answer."""
        found, known, table = segment, outer_sources, above
        if segment[1:2] == (source,):
            _, _, line, column = segment[:4]
            at = _at(columns[line], column) if line < len(columns) else -1
            if at < 0:
                return None
            found, known, table = inner_lines[line][at], inner_sources, below
        if len(found) == 1:
            return ()
        index = sources.setdefault(known[found[1]], len(sources))
        name = table["names"][found[4]] if len(found) == 5 else above["names"][segment[4]] if len(segment) == 5 else ""
        return (index, *found[2:4], names.setdefault(name, len(names))) if name else (index, *found[2:4])

    text = mappings.written(_traced(line, original) for line in _segments(above))  # fills the two tables
    texts = [text for _, text, _ in sources]
    result = {
        "version": 3,
        "file": above.get("file"),
        "names": list(names),
        "sources": [name for name, _, _ in sources],
        "sourcesContent": texts if any(text is not None for text in texts) else None,
        "mappings": text,
        "ignoreList": [index for index, (_, _, ignored) in enumerate(sources) if ignored] or None,
    }
    return {key: value for key, value in result.items() if value is not None}


def _segments(table: dict[str, Any]) -> list[list[Segment]]:
    return mappings.read(table["mappings"], len(table["sources"]), len(table.get("names") or []))


def _traced(line: list[Segment], original: Callable[[Segment], Segment | None]) -> Iterator[Segment]:
    """What says the same as the segment before it is left out."""
    before: Segment = ()
    for segment in line:
        found = original(segment)
        if found is not None and found != before:
            yield (segment[0], *found)
            before = found


def _at(columns: list[int], column: int) -> int:
    """The segment that covers `column`, or -1. Of several that begin there the first, which is what tools take."""
    at = bisect_right(columns, column) - 1
    return bisect_left(columns, column) if at >= 0 and columns[at] == column else at


def _sources(table: dict[str, Any]) -> list[tuple[str | None, str | None, bool]]:
    """Each source's name with the root in front, its text, and whether debuggers are to step over it."""
    root = re.sub(r"(?<=[^/])\Z", "/", table.get("sourceRoot") or "")
    texts = table.get("sourcesContent") or []
    ignored = table.get("ignoreList", table.get("x_google_ignoreList"))
    ignored = {index for index in ignored if isinstance(index, int)} if isinstance(ignored, list) else set()
    return [
        (None if name is None else root + name, texts[index] if index < len(texts) else None, index in ignored)
        for index, name in enumerate(table["sources"])
    ]
