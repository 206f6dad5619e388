"""The assets of a manifest, looked up in its text: a process uses a few hundred of what may be 17,000.

Only in a text whose checksum says that a build wrote it, in order and each path once; any other is parsed and checked
in full. An entry is still checked in full when it is used: a checksum can be forged.
"""

from __future__ import annotations

from assetbuild.runtime.format import ManifestError, check_entry, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_HEAD = b'{"assets":{'
_TAIL = b'},"checksum":"'


def checksum(body: bytes) -> str | None:
    """The manifest's "checksum" for the text between the braces of "assets"; None for one that has to be parsed.

    That is one without assets, with escapes, not ASCII (its order would not be that of the paths), or with a brace in
    a name.
    """
    count = body.count(b'"file":"')
    if not count or b"\\" in body or not body.isascii() or not body.count(b"{") == count == body.count(b"}"):
        return None
    return _checksum(body)


def _checksum(body: bytes) -> str:
    from binascii import crc32

    return f"{crc32(body):08x}"


def split(content: bytes) -> dict[str, Any] | None:
    """The manifest with `Lines` for its assets; None where it has to be parsed, if only to say what is wrong."""
    end = content.rfind(_TAIL)
    if end < 0 or not content.startswith(_HEAD):
        return None
    body = content[len(_HEAD) : end]
    try:
        data: dict[str, Any] = parse(b"{" + content[end + 2 :])
    except ManifestError:
        return None
    if "assets" in data or data["checksum"] != _checksum(body) or not body.isascii():
        return None
    data["assets"] = Lines(body.decode("ascii"))
    return data


class Lines:
    """Read like the dictionary that the text would be parsed to; each entry is parsed when it is asked for."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __getitem__(self, path: str) -> dict[str, Any]:
        """Raises KeyError, and ManifestError for an entry that no build wrote."""
        brace = self._find(path)
        if brace < 0:
            raise KeyError(path)
        content = self._text[brace : self._text.find("}", brace) + 1]
        entry: dict[str, Any] = parse(content.encode())
        check_entry(path, entry)
        return entry

    def _find(self, path: object) -> int:
        """Where the entry's brace is, by halving the text; -1 if there is none. No other braces are in it."""
        if not isinstance(path, str):
            return -1
        text, low, high = self._text, 0, len(self._text)
        while low < high:
            middle = (low + high) // 2
            brace = text.find("{", middle, high)
            found = text[text.rfind('"', 0, max(brace - 2, 0)) + 1 : brace - 2] if brace >= 0 else None
            if found == path and text.startswith('":', brace - 2):
                return brace
            if found is not None and found < path:
                low = brace + 1
            else:
                high = middle
        return -1

    def __contains__(self, path: object) -> bool:
        return self._find(path) >= 0

    def __iter__(self) -> Iterator[str]:
        for line in self._text.split(":{")[:-1]:
            yield line[line.rfind('"', 0, -1) + 1 : -1]

    def __len__(self) -> int:
        return self._text.count("{")
