"""A release's three texts -> their lines, one for each asset or file, and back: lines that stay are not written anew.

manifest.json is the runtime's one text of itself (`canonical`); release.json has a line for each file, so that two
releases can be compared with `diff`; SHA256SUMS is what `sha256sum -c` reads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from json.encoder import encode_basestring as _text
from json.encoder import encode_basestring_ascii as _ascii
from typing import Any

from assetbuild.names import LENGTH
from assetbuild.runtime.manifest import FORMAT_VERSION, canonical, checksum

MANIFEST, RECORD, SUMS, FILES = "manifest.json", "release.json", "SHA256SUMS", "files"
RECORDS = (MANIFEST, RECORD, SUMS)

FILES_HEAD = '"files": {\n'
RECORD_END = "\n}\n"
_STABLE = ',"stable":true'


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
    before = f'"dynamic":[{",".join(map(_text, dynamic))}],' if dynamic else ""
    after = f',"imports":[{",".join(map(_text, imports))}]' if imports else ""
    if integrity:
        after += f',"integrity":{_text(integrity)}'
    if prehashed:
        after += ',"prehashed":true'
    line = f'{_text(path)}:{{{before}"file":{_text(file)}{after},"size":{size}{_STABLE if stable else ""}}}'
    return line.encode("utf-8", "backslashreplace")


def manifest_body(lines: Mapping[str, bytes]) -> bytes:
    """`lines`, by logical path, as they stand in the text."""
    return b",".join([lines[path] for path in sorted(lines)])


def manifest_text(body: bytes, url_prefix: str, release_id: str | None = None, modules: str = "rewrite") -> bytes:
    """The text that `canonical` gives for the whole; without an id, what makes it."""
    return identified(body, manifest_rest(body, url_prefix, modules), release_id)


def manifest_rest(body: bytes, url_prefix: str, modules: str) -> dict[str, Any]:
    """What it says beside the assets and the id."""
    rest: dict[str, Any] = {"url_prefix": url_prefix, "version": FORMAT_VERSION}
    if said := checksum(body):
        rest["checksum"] = said
    if modules != "rewrite":
        rest["modules"] = modules
    return rest


def identified(body: bytes, rest: Mapping[str, Any], release_id: str | None) -> bytes:
    """The manifest with that id, or with none."""
    known = {"release": release_id} if release_id else {}
    return b"".join((b'{"assets":{', body, b"},", canonical({**rest, **known})[1:]))  # megabytes, copied once


def identify(manifest: bytes, files: Iterable[tuple[str, str]], carried: Iterable[bytes] = ()) -> str:
    """The release's id: a digest over its manifest without an id and `(sha256, name)` of every identity file.

    Of some of them those may be `carried` as lines of SHA256SUMS. Variants are not in it: another version of an encoder
    makes other bytes of the same content.
    """
    digest = hashlib.sha256(manifest)
    lines = [*carried, *[f"{sha256}  {FILES}/{name}".encode() for sha256, name in files]]
    lines.sort()
    digest.update(b"\n".join([*lines, b""]))
    return digest.hexdigest()[:LENGTH]


def record_line(
    name: str,
    *,
    asset: str,
    references: Sequence[str],
    sha256: str,
    size: int,
    source_digests: Sequence[str],
    source_size: int,
    sources: Sequence[str],
    stable: bool,
    tier: str,
    tools: Sequence[str],
    variants: Mapping[str, Any],
) -> str:
    """As `json.dumps` writes it, which takes three times as long for each."""
    own = _ascii(asset)
    return (
        f'{_ascii(name)}: {{"asset": {own}, "references": [{_texts(references) if references else ""}], '
        f'"sha256": "{sha256}", "size": {size}, "source_digests": [{", ".join(map(_ascii, source_digests))}], '
        f'"source_size": {source_size}, '
        f'"sources": [{own if sources == (asset,) else _texts(sources)}], "stable": {"true" if stable else "false"}, '
        f'"tier": "{tier}", "tools": [{_texts(tools) if tools else ""}], '
        f'"variants": {json.dumps(variants, sort_keys=True) if variants else "{}"}}}'
    )


def _texts(texts: Sequence[str]) -> str:
    return ", ".join(map(_ascii, texts))


def record_text(head: Mapping[str, Any], lines: Iterable[str]) -> bytes:
    """`head` is all but the files, `lines` are those in the order of their names."""
    all_lines = [*lines] or [""]
    all_lines[0] = record_head(head) + all_lines[0]
    all_lines[-1] += "}" + RECORD_END
    return ",\n".join(all_lines).encode()


def record_head(head: Mapping[str, Any]) -> str:
    """What stands before the lines."""
    above = [f"{json.dumps(key)}: {json.dumps(head[key])}" for key in sorted(head)]
    return "{\n" + ",\n".join([*above, FILES_HEAD])


def in_files(names: Iterable[str]) -> list[str]:
    """The paths in a release of files with those names."""
    return [f"{FILES}/{name}" for name in names]


def sums_text(digests: Mapping[str, str]) -> bytes:
    return "".join([f"{digests[path]}  {path}\n" for path in sorted(digests)]).encode()


def sums_of(text: bytes) -> dict[str, str]:
    """SHA-256 by path. Raises UnicodeDecodeError."""
    return {line[66:]: line[:64] for line in text.decode().split("\n")[:-1]}
