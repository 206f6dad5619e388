"""Bytes -> variants: the same bytes in an encoding that servers send as they are (`a.css.br` beside `a.css`).

Every encoder here gives the same bytes for the same input and level, and releases the GIL: threads scale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

SUFFIXES = {"br": ".br", "gz": ".gz", "zst": ".zst"}
MIN_SIZE = 200  # bytes; below, the response fits one packet either way
MAX_SIZE = 64 << 20  # bytes; a larger file would have to be held in memory whole
MIN_SAVING = 0.05  # of the size; below, decoding costs the visitor more than the bytes

# Formats that are compressed inside. WOFF and WOFF2 too; TTF, OTF, EOT, ICO, WASM and SVG are not.
COMPRESSED = frozenset(
    (
        *("7z", "bz2", "gz", "br", "zst", "xz", "zip", "rar", "tbz", "tgz", "jar", "whl", "xpi", "docx", "xlsx", "odt"),
        *("apng", "avif", "gif", "heic", "heif", "jpeg", "jpg", "jxl", "png", "webp", "woff", "woff2", "pdf", "swf"),
        *("m4a", "m4v", "mkv", "mov", "mp3", "mp4", "mpeg", "mpg", "flac", "oga", "ogg", "ogv", "opus", "webm"),
    )
)


def worth_trying(name: str, size: int) -> bool:
    """Whether a variant of the file may save anything, by its name and its size in bytes."""
    return MIN_SIZE <= size <= MAX_SIZE and name.rpartition(".")[2].lower() not in COMPRESSED


def variants(content: bytes, levels: Sequence[tuple[str, int]]) -> Iterator[tuple[str, bytes]]:
    """`(encoding, bytes)` for each encoding and level that saves at least `MIN_SAVING`."""
    for encoding, level in levels:
        encoded = _ENCODERS[encoding](content, level)
        if len(encoded) <= len(content) * (1 - MIN_SAVING):
            yield encoding, encoded


def decode(content: bytes, encoding: str) -> bytes:
    """The identity bytes of a variant. Raises ValueError where it is not that encoding."""
    try:
        return _DECODERS[encoding](content)
    except Exception as error:  # each library has errors of its own, without a common base
        raise ValueError(str(error)) from error


def _brotli(content: bytes, level: int) -> bytes:
    import brotli

    return brotli.compress(content, quality=level)  # type: ignore[no-any-return]


def _gzip(content: bytes, level: int) -> bytes:
    """libdeflate: at level 12 smaller than zlib's best, at a fraction of zopfli's time. No name, no time inside."""
    import deflate

    return bytes(deflate.gzip_compress(content, level))


def _zstd(content: bytes, level: int) -> bytes:
    return _zstd_module().compress(content, level)  # type: ignore[no-any-return]


def _zstd_module() -> Any:
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]  # Python >= 3.14
    except ModuleNotFoundError:
        from backports import zstd
    return zstd


def _unbrotli(content: bytes) -> bytes:
    import brotli

    return brotli.decompress(content)  # type: ignore[no-any-return]


def _gunzip(content: bytes) -> bytes:
    import gzip

    return gzip.decompress(content)


_ENCODERS: dict[str, Callable[[bytes, int], bytes]] = {"br": _brotli, "gz": _gzip, "zst": _zstd}
_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "br": _unbrotli,
    "gz": _gunzip,
    "zst": lambda content: _zstd_module().decompress(content),
}
