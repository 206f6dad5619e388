from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.columns import FORMAT, Known, packed, unpacked
from assetbuild.stamp import checksum

KNOWN: Known = {
    "assets": {
        "a.css": ("a.1.css", 12, True, ["b é.png", "c.svg"], False),
        "b é.png": ("b é.2.png", 2**40, False, (), False),
        "c.svg": ("c.3.svg", 0, False, ["b é.png"], True),
    },
    "lines": {"a.css": b'"a.css":{}', "b é.png": b'"b":"\xc3\xa9\\n"', "c.svg": b""},
    "sources": {"a.css": ("ab" * 32, 0), "unread.txt": ("", 3)},
    "roots": [["static/", ""]],
    "warnings": {"a.css": [["what", None, [], None, []]]},
}


@pytest.mark.parametrize("missing", [(), ("assets", "lines"), ("sources",)])
def test_what_was_known_comes_back(missing: tuple[str, ...]) -> None:
    known = {**KNOWN, **{name: {} for name in missing}}

    assert unpacked(packed(known)) == known


@given(at=st.integers(0, len(packed(KNOWN)) - 1), bit=st.integers(0, 7))
def test_one_wrong_bit_makes_it_nothing(at: int, bit: int) -> None:
    data = bytearray(packed(KNOWN))
    data[at] ^= 1 << bit

    assert unpacked(bytes(data)) == {}


@given(st.integers(0, len(packed(KNOWN)) - 1))
def test_a_part_of_it_is_nothing(length: int) -> None:
    assert unpacked(packed(KNOWN)[:length]) == {}


@pytest.mark.parametrize("body", [b"", b"{}", len(b"{}").to_bytes(8, "big") + json.dumps({}).encode()])
def test_what_another_version_has_written_is_nothing(body: bytes) -> None:
    assert unpacked(FORMAT + checksum(body) + body) == {}
