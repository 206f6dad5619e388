"""Graph and digests -> an immutable release directory: all of it, or none.

Files are staged beside the releases, the manifest last, made durable, and renamed into place at once; then the link
`current` follows by one more rename. A reader, or a crash at any instant, sees the old release or the new one.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assetbuild import atomic
from assetbuild.artifact import Artifact, check_names, make_artifacts, make_manifest, paths
from assetbuild.compress import SUFFIXES
from assetbuild.config import Config
from assetbuild.errors import OutputConflict, Problem, ReleaseError
from assetbuild.executors import Executor
from assetbuild.graph import Graph
from assetbuild.names import LENGTH, name_of
from assetbuild.runtime.manifest import FORMAT_VERSION, canonical
from assetbuild.write import FILES, MANIFEST, RECORD, SUMS, Progress, Writer


@dataclass(frozen=True, slots=True)
class Release:
    """`record` is the content of release.json; `created` is False where the very same release already stood there."""

    id: str
    dir: Path
    record: Mapping[str, Any]
    created: bool
    warnings: tuple[Problem, ...] = ()


def write_release(
    graph: Graph,
    digests: Mapping[str, str],
    config: Config,
    executor: Executor,
    *,
    flat: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> Release:
    """Write what is not there yet. Building the same thing twice writes nothing.

    With `flat`, the output directory is the release itself. Raises OutputConflict where two files want one name or
    something else stands where the release should go, SourceError where a source has changed meanwhile, ReleaseError
    where the disk says no.
    """
    names = {path: name_of(graph.assets[path], digest) for path, digest in digests.items()}
    artifacts = make_artifacts(graph, names, config)
    check_names(artifacts)
    manifest = make_manifest(graph, artifacts, config)
    release_id = identify(manifest, ((artifact.sha256, name) for artifact in artifacts for name in paths(artifact)))
    target = config.output_dir if flat else config.output_dir / "releases" / release_id
    levels = dict(config.compress)
    try:
        standing = _standing(target, release_id)
        created = not standing or not _is_complete(target, standing, levels)
        if created:
            levels = (standing or {"compress": {}})["compress"] | levels
            standing = _write(
                target, Writer(graph, names, levels, progress), artifacts, executor, manifest | {"release": release_id}
            )
        if not flat:
            _point_current(config, release_id)
    except OSError as error:
        raise _disk_error(error, config) from error
    assert standing
    return Release(release_id, target, standing, created, graph.warnings)


def _standing(target: Path, release_id: str) -> dict[str, Any] | None:
    """The record of this very release, if it stands there. Raises OutputConflict for what is no release of ours."""
    record = read_record(target)
    if record:
        return record if record["release"] == release_id else None
    if os.path.lexists(target) and (target.is_symlink() or not target.is_dir() or any(target.iterdir())):
        what = f"'{target}' is neither a release nor an empty directory, so it is left alone"
        raise OutputConflict(what, fix="name a new or an empty directory")
    return None


def _write(
    target: Path, writer: Writer, artifacts: list[Artifact], executor: Executor, manifest: Mapping[str, Any]
) -> dict[str, Any]:
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic.staging(target.parent) as directory:
        record = writer.write(directory, artifacts, executor, manifest)
        atomic.make_durable(directory)
        found = _standing(target, manifest["release"])
        if found and _is_complete(target, found, writer.levels):
            return found  # another build of the same sources was faster
        atomic.install(directory, target)
    return record


def identify(manifest: Mapping[str, Any], files: Iterable[tuple[str, str]]) -> str:
    """The release's id: a digest over the manifest without its `release` and `(sha256, name)` of every identity file.

    Variants are not in it: another version of an encoder makes other bytes of the same content.
    """
    digest = hashlib.sha256(canonical({key: value for key, value in manifest.items() if key != "release"}))
    for line in sorted(f"{sha256}  {FILES}/{name}\n" for sha256, name in files):
        digest.update(line.encode())
    return digest.hexdigest()[:LENGTH]


def read_record(directory: Path) -> dict[str, Any] | None:
    """release.json of the release in `directory`; None where there is none that can be read."""
    try:
        record = json.loads((directory / RECORD).read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or record.get("version") != FORMAT_VERSION:
        return None
    return record if {"release", "compress", "files"} <= record.keys() else None


def is_whole(directory: Path, record: Mapping[str, Any]) -> bool:
    """Whether every file is there with its size. Bytes are not read: `verify` does that."""
    try:
        for name, entry in record["files"].items():
            wanted = [(name, entry["size"])]
            wanted += [(name + SUFFIXES[encoding], item["size"]) for encoding, item in entry["variants"].items()]
            if any(os.stat(directory / FILES / path).st_size != size for path, size in wanted):
                return False
        return all((directory / name).is_file() for name in (MANIFEST, SUMS))
    except (OSError, KeyError, TypeError, AttributeError):
        return False


def _is_complete(directory: Path, record: Mapping[str, Any], levels: Mapping[str, int]) -> bool:
    return levels.items() <= record["compress"].items() and is_whole(directory, record)


def _point_current(config: Config, release_id: str) -> None:
    link = config.output_dir / "current"
    if link.exists() and not link.is_symlink():
        raise OutputConflict(
            f"'{config.shown(link)}' is not a link, and stands where the link to the release should go",
            fix="move it away; assetbuild does not remove what it has not made",
        )
    atomic.point(link, f"releases/{release_id}")


_DISK_FIXES = {
    errno.ENOSPC: "free some space, or choose another place with --output",
    errno.EDQUOT: "free some of your quota, or choose another place with --output",
    errno.EFBIG: "raise the limit on the size of files, or choose another place with --output",
    errno.EROFS: "choose a place that can be written with --output",
    errno.EACCES: "choose a place that can be written with --output",
    errno.EPERM: "choose a place that can be written with --output",
}


def _disk_error(error: OSError, config: Config) -> ReleaseError:
    return ReleaseError(
        f"the release could not be written: {(error.strerror or str(error)).lower()}; what stood before is untouched",
        where=config.shown(config.output_dir),
        fix=_DISK_FIXES.get(error.errno or 0),
        notes=(f"file: {os.fsdecode(error.filename)}",) if error.filename else (),
    )
