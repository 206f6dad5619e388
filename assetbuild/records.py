"""A release's three texts -> their lines, one for each asset or file, and back: lines that stay are not written anew.

manifest.json is the runtime's one text of itself (`canonical`); release.json has a line for each file, so that two
releases can be compared with `diff`; SHA256SUMS is what `sha256sum -c` reads.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from json.encoder import encode_basestring as _text
from json.encoder import encode_basestring_ascii as _ascii
from typing import Any

from assetbuild.names import LENGTH
from assetbuild.runtime.manifest import FORMAT_VERSION, canonical, checksum

MANIFEST, RECORD, SUMS, FILES = "manifest.json", "release.json", "SHA256SUMS", "files"

_FILES_HEAD = '"files": {\n'
_RECORD_END = "\n}\n"
_DECODER = json.JSONDecoder()


def manifest_line(
    path: str,
    file: str,
    size: int,
    integrity: str | None,
    stable: bool,
    prehashed: bool,
    imports: Sequence[str],
    dynamic: Sequence[str],
) -> bytes:
    """As `canonical` writes it, which takes three times as long for each."""
    line = f"{_text(path)}:{{"
    if dynamic:
        line += f'"dynamic":[{",".join(map(_text, dynamic))}],'
    line += f'"file":{_text(file)}'
    if imports:
        line += f',"imports":[{",".join(map(_text, imports))}]'
    if integrity:
        line += f',"integrity":{_text(integrity)}'
    if prehashed:
        line += ',"prehashed":true'
    line += f',"size":{size}'
    if stable:
        line += ',"stable":true'
    return (line + "}").encode("utf-8", "backslashreplace")


def manifest_body(lines: Mapping[str, bytes]) -> bytes:
    """`lines`, by logical path, as they stand in the text."""
    return b",".join([lines[path] for path in sorted(lines)])


def manifest_text(body: bytes, url_prefix: str, release_id: str | None = None, modules: str = "rewrite") -> bytes:
    """The text that `canonical` gives for the whole; without an id, what makes it."""
    rest: dict[str, Any] = {"url_prefix": url_prefix, "version": FORMAT_VERSION}
    if said := checksum(body):
        rest["checksum"] = said
    if modules != "rewrite":
        rest["modules"] = modules
    if release_id:
        rest["release"] = release_id
    return b'{"assets":{' + body + b"}," + canonical(rest)[1:]


def identify(manifest: bytes, files: Iterable[tuple[str, str]]) -> str:
    """The release's id: a digest over its manifest without an id and `(sha256, name)` of every identity file.

    Variants are not in it: another version of an encoder makes other bytes of the same content.
    """
    digest = hashlib.sha256(manifest)
    digest.update("".join(sorted(f"{sha256}  {FILES}/{name}\n" for sha256, name in files)).encode())
    return digest.hexdigest()[:LENGTH]


def record_line(
    name: str,
    *,
    asset: str,
    references: Iterable[str],
    sha256: str,
    size: int,
    source_digests: Iterable[str],
    source_size: int,
    sources: Iterable[str],
    stable: bool,
    tier: str,
    tools: Iterable[str],
    variants: Mapping[str, Any],
) -> str:
    """As `json.dumps` writes it, which takes three times as long for each."""
    return (
        f'{_ascii(name)}: {{"asset": {_ascii(asset)}, "references": [{", ".join(map(_ascii, references))}], '
        f'"sha256": "{sha256}", "size": {size}, "source_digests": [{", ".join(map(_ascii, source_digests))}], '
        f'"source_size": {source_size}, '
        f'"sources": [{", ".join(map(_ascii, sources))}], "stable": {"true" if stable else "false"}, '
        f'"tier": "{tier}", "tools": [{", ".join(map(_ascii, tools))}], '
        f'"variants": {json.dumps(variants, sort_keys=True) if variants else "{}"}}}'
    )


def record_text(head: Mapping[str, Any], lines: Iterable[str]) -> bytes:
    """`head` is all but the files, `lines` are those in the order of their names."""
    above = [f"{json.dumps(key)}: {json.dumps(head[key])}" for key in sorted(head)]
    files = _FILES_HEAD + ",\n".join(lines) + "}"
    return ("{\n" + ",\n".join([*above, files]) + _RECORD_END).encode()


def record_lines(text: bytes) -> list[str]:
    """The lines of a text that `record_text` has written."""
    files = text.decode().partition(_FILES_HEAD)[2].removesuffix("}" + _RECORD_END)
    return files.split(",\n") if files else []


def find_line(lines: Sequence[str], name: str) -> int | None:
    """Where the line of the file `name` is among all."""
    at = bisect_left(lines, name, key=_name)
    return at if at < len(lines) and _name(lines[at]) == name else None


def merge_lines(lines: Sequence[str], gone: Iterable[str], new: Mapping[str, str]) -> list[str]:
    """`lines` without those of the files that are `gone`, with `new` ones by name."""
    merged = [*lines]
    for name in gone:
        if (at := find_line(merged, name)) is not None:
            del merged[at]
    if not merged:
        return [new[name] for name in sorted(new)]
    for line in new.values():
        insort(merged, line, key=_name)
    return merged


def _name(line: str) -> str:
    name = line[1 : line.index('": ', 1)]
    return str(_DECODER.raw_decode(line)[0]) if "\\" in name else name


def in_files(names: Iterable[str]) -> list[str]:
    """The paths in a release of files with those names."""
    return [f"{FILES}/{name}" for name in names]


def sums_text(digests: Mapping[str, str]) -> bytes:
    return "".join([f"{digests[path]}  {path}\n" for path in sorted(digests)]).encode()


def sums_of(text: bytes) -> dict[str, str]:
    """SHA-256 by path. Raises UnicodeDecodeError."""
    return {line[66:]: line[:64] for line in text.decode().split("\n")[:-1]}
