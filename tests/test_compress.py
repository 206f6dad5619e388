from __future__ import annotations

import os

import pytest

from assetbuild.compress import decode, variants, worth_trying

TEXT = b"the quick brown fox jumps over the lazy dog\n" * 50
LEVELS = (("br", 11), ("gz", 12), ("zst", 19))


def test_each_encoding_gives_the_bytes_back() -> None:
    encoded = dict(variants(TEXT, LEVELS))

    assert encoded.keys() == {"br", "gz", "zst"}
    for encoding, content in encoded.items():
        assert len(content) < len(TEXT) / 5
        assert decode(content, encoding) == TEXT


def test_gzip_holds_no_time_and_no_name() -> None:
    (_, content), *_ = variants(TEXT, [("gz", 12)])

    assert content[3] == 0  # no flags: no name, no comment
    assert content[4:8] == b"\0\0\0\0"  # no time


def test_what_saves_too_little_is_no_variant() -> None:
    assert list(variants(os.urandom(10_000), LEVELS)) == []


@pytest.mark.parametrize("encoding", ["br", "gz", "zst"])
def test_rubbish_cannot_be_decoded(encoding: str) -> None:
    with pytest.raises(ValueError):
        decode(b"not compressed at all", encoding)


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("a.css", 1000, True),
        ("a.CSS", 1000, True),
        ("a.ttf", 1000, True),
        ("LICENSE", 1000, True),
        ("a.css", 100, False),
        ("a.png", 1000, False),
        ("a.WOFF2", 1000, False),
        ("a.js", 1 << 40, False),
    ],
)
def test_what_is_tried(name: str, size: int, expected: bool) -> None:
    assert worth_trying(name, size) is expected
