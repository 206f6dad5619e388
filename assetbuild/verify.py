"""A release directory -> everything in it that is not as it was written.

Every file is read and digested again, fingerprints and the release's id are worked out anew, variants are decoded: what
passes is the release, bit for bit, whoever copied it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assetbuild.compress import SUFFIXES, decode
from assetbuild.errors import Place, Problem, ReleaseError
from assetbuild.files import file_digest, read_file
from assetbuild.fingerprint import component_digests
from assetbuild.names import LENGTH, ZEROS, released_name
from assetbuild.records import FILES, MANIFEST, RECORD, SUMS, identify, sums_of
from assetbuild.release import read_record
from assetbuild.runtime.manifest import canonical

# A fingerprint as `released_name` puts it: after a dot, and never a part of a longer run of digits.
_MARK = re.compile(rb"(?<=\.)[0-9a-f]{%d}(?![0-9a-f])" % LENGTH)


def find_release(directory: Path) -> Path:
    """The release that `directory` is, or the current one of the output directory that it is. Raises ReleaseError."""
    for candidate in (directory, directory / "current"):
        if (candidate / SUMS).is_file() or (candidate / MANIFEST).is_file():
            return candidate.resolve()
    raise ReleaseError(
        "holds no release",
        where=str(directory),
        fix="name a release, or a directory that 'assetbuild build' has filled",
    )


def verify(directory: Path) -> list[Problem]:
    """Each difference between the release in `directory` and what it says of itself; none: it is whole."""
    problems = list(_sums(directory))
    try:
        manifest = json.loads(read_file(directory / MANIFEST))
        record = read_record(directory)
        if record is None:
            raise ValueError(f"{RECORD} is missing or cannot be read")
        problems += _identity(manifest, record)
        problems += _entries(directory, manifest, record)
        problems += _variants(directory, record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if not problems:
            problems.append(Problem(f"cannot be understood: {error}", Place(MANIFEST)))
    return sorted(problems, key=Problem.sort_key)


def _sums(directory: Path) -> Iterator[Problem]:
    """What `sha256sum -c` would find, and files that are in no list."""
    try:
        listed = sums_of(read_file(directory / SUMS))
    except (OSError, UnicodeDecodeError) as error:
        yield Problem(f"cannot be read: {error}", Place(SUMS))
        return
    found = {file.relative_to(directory).as_posix() for file in directory.rglob("*") if not file.is_dir()} - {SUMS}
    for path in sorted(found - listed.keys()):
        yield Problem("is not part of the release", Place(path))
    for path, digest in sorted(listed.items()):
        try:
            actual = file_digest(directory / path)
        except FileNotFoundError:
            yield Problem("is missing", Place(path))
        except OSError as error:
            yield Problem(f"cannot be read: {(error.strerror or str(error)).lower()}", Place(path))
        else:
            if actual != digest:
                yield Problem(f"has other bytes: SHA-256 {actual}, not {digest}", Place(path))


def _identity(manifest: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[Problem]:
    files = ((entry["sha256"], name) for name, entry in record["files"].items())
    release_id = identify(canonical({key: value for key, value in manifest.items() if key != "release"}), files)
    for name, stated in ((MANIFEST, manifest["release"]), (RECORD, record["release"])):
        if stated != release_id:
            yield Problem(f"names the release '{stated}', but its content makes it '{release_id}'", Place(name))


def _entries(directory: Path, manifest: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[Problem]:
    """Each manifest entry against its file: name, size, integrity."""
    marks = dict(_cycle_digests(directory, manifest, record))
    for path, entry in sorted(manifest["assets"].items()):
        content_file = directory / FILES / entry["file"]
        if not content_file.is_file():
            yield Problem(f"'{path}' names '{entry['file']}', which is missing", Place(MANIFEST))
            continue
        digest = marks.get(path) or file_digest(content_file)
        if entry["file"] != (path if entry.get("prehashed") else released_name(path, digest[:LENGTH])):
            yield Problem(f"'{path}' names '{entry['file']}', but its bytes make '{digest[:LENGTH]}'", Place(MANIFEST))
        if entry["size"] != content_file.stat().st_size:
            yield Problem(f"'{path}' has {content_file.stat().st_size} bytes, not {entry['size']}", Place(MANIFEST))
        if "integrity" in entry:
            yield from _integrity(path, entry["integrity"], content_file)


def _integrity(path: str, stated: str, file: Path) -> Iterator[Problem]:
    """By any of the digests that browsers take (W3C, Subresource Integrity), whoever wrote it."""
    algorithm = stated.partition("-")[0]
    if algorithm not in ("sha256", "sha384", "sha512"):
        yield Problem(f"'{path}' has the integrity '{stated}', which is no digest that browsers check", Place(MANIFEST))
        return
    actual = f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, read_file(file)).digest()).decode()}"
    if stated != actual:
        yield Problem(f"'{path}' has the integrity '{actual}', not '{stated}'", Place(MANIFEST))


def _cycle_digests(
    directory: Path, manifest: Mapping[str, Any], record: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Digests of assets in cycles, worked out as `fingerprint` did: with zeros for the members' own fingerprints."""
    for members in record["cycles"]:
        names = {path: manifest["assets"][path]["file"] for path in members}
        marks = {_mark(path, name).encode() for path, name in names.items()}
        contents = ((path, read_file(directory / FILES / name)) for path, name in names.items())
        yield from component_digests((path, _zeroed(content, marks)) for path, content in contents).items()


def _zeroed(content: bytes, marks: set[bytes]) -> bytes:
    return _MARK.sub(lambda found: ZEROS.encode() if found[0] in marks else found[0], content)


def _mark(path: str, name: str) -> str:
    """The fingerprint in `name`, known by where `released_name` puts it for `path`."""
    start = released_name(path, "\0").index("\0")
    return name[start : start + LENGTH]


def _variants(directory: Path, record: Mapping[str, Any]) -> Iterator[Problem]:
    for name, entry in sorted(record["files"].items()):
        for encoding in entry["variants"]:
            file = directory / FILES / (name + SUFFIXES[encoding])
            if not file.is_file():
                continue  # already told
            try:
                decoded = hashlib.sha256(decode(read_file(file), encoding)).hexdigest()
            except ValueError as error:
                yield Problem(f"cannot be decoded: {error}", Place(f"{FILES}/{name}{SUFFIXES[encoding]}"))
                continue
            if decoded != entry["sha256"]:
                yield Problem(f"decodes to other bytes than '{name}'", Place(f"{FILES}/{name}{SUFFIXES[encoding]}"))
