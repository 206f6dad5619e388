"""The `mappings` of a source map (ECMA-426) <-> segments: lines parted by `;`, segments by `,`, numbers in base64 VLQ.

Each number is the difference to the one before it in its field; only the first field begins again with each line.
All that is no such text raises ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from operator import itemgetter, sub

Segment = tuple[int, ...]  # absolute: a column; then source, line and column there; then a name

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_DIGITS = {byte: value for value, byte in enumerate(_BASE64)}
# What `number` says of a number of one digit, by that digit. It is most of them.
SHORT = {byte: (-(value >> 1) if value & 1 else value >> 1, 1) for byte, value in _DIGITS.items() if 1 != value < 32}
_SHAPE = bytes.maketrans(_BASE64, b"A" * 32 + b"g" * 32)  # A: the last digit of a number, g: the ones before it
_TOO_LONG = b"g" * 7  # seven digits of 5 bits hold all numbers of 32 bits
_SEGMENTS = {b"A", b"AAAA", b"AAAAA"}

_BACKWARDS = rb"(?:\A|,)[BDFHJLNPRTVXZbdfhjlnprtvxz13579/]"  # a negative first number: the sign is bit 0
_END = 2**62  # beyond every column


def read(text: str, sources: int, names: int) -> list[list[Segment]]:
    """The segments of each line in order of their columns. `sources` and `names` are how many there are."""
    known: dict[bytes, list[int]] = {}  # the same few segments make up most of a map
    source = line = column = name = 0
    lines: list[list[Segment]] = []
    for text_line in text.encode("ascii").split(b";"):
        segments: list[Segment] = []
        place = 0
        if text_line:
            check(text_line)
        for piece in text_line.split(b",") if text_line else ():
            steps = known.get(piece) or known.setdefault(piece, numbers(piece))
            place += steps[0]
            segment: Segment = (place,)
            if len(steps) > 1:
                source, line, column = source + steps[1], line + steps[2], column + steps[3]
                segment = (place, source, line, column)
            if len(steps) > 4:
                name += steps[4]
                segment = (place, source, line, column, name)
            if min(segment) < 0 or (len(steps) > 1 and source >= sources) or (len(steps) > 4 and name >= names):
                raise ValueError
            segments.append(segment)
        lines.append(sorted(segments, key=itemgetter(0)))
    return lines


def written(lines: Iterable[Iterable[Segment]]) -> str:
    texts: list[bytes] = []
    state = [0] * 5
    for line in lines:
        pieces: list[bytes] = []
        state[0] = 0
        for segment in line:
            pieces.append(b"".join(map(encoded, map(sub, segment, state))))
            state[: len(segment)] = segment
        texts.append(b",".join(pieces))
    return b";".join(texts).decode()


def shifted(line: bytes, moves: list[tuple[int, int]], dropped: list[int]) -> bytes:
    """`line` with its columns moved: `moves` are columns in order, and how far all from there on goes.

    Of segments that come to one column only the last is kept. `dropped` is what the others added to the numbers: it is
    paid, field by field, to the next segment that has such a number, in this line or one to come. Raises ValueError
    where `line` is not in order.
    """
    check(line)
    if re.search(_BACKWARDS, line):
        raise ValueError
    segments, out, owed = line.split(b","), list[bytes](), any(dropped)
    column = place = by = 0  # of the segment before: its column, where it went, and how far
    group = base = 0  # where in `out` the segments at `place` begin, and the place of the one before them
    pending = iter([*moves, (_END, 0)])
    edge, ahead = next(pending)
    for index, segment in enumerate(segments):
        if edge == _END and not owed:
            return b",".join(out + segments[index:])  # from here on all moves alike, and a number is a difference
        step, size = SHORT.get(segment[0]) or number(segment, 0)
        column += step
        while edge <= column:
            by += ahead
            edge, ahead = next(pending)
        before, place = place, min(column, edge + ahead) + by
        if place < before:
            raise ValueError  # moves that contradict each other
        if place > before:
            group, base = len(out), before
        elif step:
            _drop(out, group, dropped)
            before, owed = base, any(dropped)
        if place - before != step:
            segment = encoded(place - before) + segment[size:]
        if owed:
            segment, owed = _paid(segment, dropped), any(dropped)
        out.append(segment)
    return b",".join(out)


def _drop(segments: list[bytes], start: int, dropped: list[int]) -> None:
    for segment in segments[start:]:
        for field, value in enumerate(numbers(segment)[1:], 1):
            dropped[field] += value
    del segments[start:]


def _paid(segment: bytes, dropped: list[int]) -> bytes:
    """`segment` with what is owed to its numbers, which is then owed no more."""
    values = numbers(segment)
    for field in range(1, len(values)):
        values[field] += dropped[field]
        dropped[field] = 0
    return b"".join(map(encoded, values))


def check(line: bytes) -> None:
    """Raises ValueError unless `line` is segments of 1, 4 or 5 numbers, none of more than 7 digits."""
    shape = line.translate(_SHAPE)
    if b"g," in shape or shape.endswith(b"g") or _TOO_LONG in shape:
        raise ValueError
    if not set(shape.translate(None, b"g").split(b",")) <= _SEGMENTS:
        raise ValueError


def numbers(segment: bytes) -> list[int]:
    """The numbers of a segment that is checked."""
    found, at = [], 0
    while at < len(segment):
        value, at = number(segment, at)
        found.append(value)
    return found


def number(segment: bytes, at: int) -> tuple[int, int]:
    """The number that begins at `at`, and where the next one does."""
    value = shift = 0
    while True:
        digit = _DIGITS[segment[at]]
        value |= (digit & 31) << shift
        at, shift = at + 1, shift + 5
        if digit < 32:
            break
    if value >= 2**32:
        raise ValueError
    return (-(value >> 1) or -(2**31) if value & 1 else value >> 1), at  # the standard reads -0 as -2**31


@lru_cache(maxsize=4096)
def encoded(value: int) -> bytes:
    value = value << 1 if value >= 0 else -value << 1 | 1
    if value >= 2**32:
        raise ValueError
    digits = bytearray()
    while value > 31:
        digits.append(_BASE64[value & 31 | 32])
        value >>= 5
    digits.append(_BASE64[value])
    return bytes(digits)
