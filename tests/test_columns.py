from __future__ import annotations

import json
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild.columns import COLUMNS, FORMAT, Known, packed, targets_of, unpacked
from assetbuild.stamp import checksum

KNOWN: Known = {
    "names": {"a.css": "a.1.css", "b é.png": "b é.2.png", "c.svg": "c.3.svg"},
    "sizes": {"a.css": 12, "b é.png": 2**40, "c.svg": 0},
    "lines": {"a.css": b'"a.css":{}', "b é.png": b'"b":"\xc3\xa9\\n"', "c.svg": b""},
    "targets": {"a.css": "b é.png\0c.svg", "c.svg": "b é.png"},
    "digests": {"a.css": "ab" * 32, "unread.txt": ""},
    "places": array("q", [0, 3]),
    "roots": [["static/", ""]],
    "stable": {"a.css": True},
    "warnings": {"a.css": [["what", None, [], None, []]]},
}
NOTHING: Known = {name: array("q") if name == "places" else {} for name in COLUMNS}


@pytest.mark.parametrize("known", [KNOWN, {**KNOWN, "targets": {}}, NOTHING])
def test_what_was_known_comes_back(known: Known) -> None:
    found = unpacked(b"".join(packed(known)))

    assert found == known
    assert all([*found[name]] == [*known[name]] for name in known)


def test_what_an_asset_names_is_told_apart() -> None:
    assert targets_of(KNOWN, "a.css") == ["b é.png", "c.svg"]
    assert targets_of(KNOWN, "c.svg") == ["b é.png"]
    assert targets_of(KNOWN, "b é.png") == []


@given(at=st.integers(0, len(b"".join(packed(KNOWN))) - 1), bit=st.integers(0, 7))
def test_one_wrong_bit_makes_it_nothing(at: int, bit: int) -> None:
    data = bytearray(b"".join(packed(KNOWN)))
    data[at] ^= 1 << bit

    assert unpacked(bytes(data)) == {}


@given(st.integers(0, len(b"".join(packed(KNOWN))) - 1))
def test_a_part_of_it_is_nothing(length: int) -> None:
    assert unpacked(b"".join(packed(KNOWN))[:length]) == {}


@pytest.mark.parametrize("body", [b"", b"{}", len(b"{}").to_bytes(8, "big") + json.dumps({}).encode()])
def test_what_another_version_has_written_is_nothing(body: bytes) -> None:
    assert unpacked(FORMAT + checksum(body) + body) == {}
