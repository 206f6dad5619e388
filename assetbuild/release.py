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
from assetbuild.artifact import check_names, make_artifacts, make_manifest, paths
from assetbuild.compress import SUFFIXES
from assetbuild.config import Config
from assetbuild.errors import OutputConflict, Problem, ReleaseError
from assetbuild.executors import Executor
from assetbuild.fingerprint import LENGTH, released_name
from assetbuild.graph import Graph
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
    flat_dir: Path | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Release:
    """Write what is not there yet. Building the same thing twice writes nothing.

    Raises OutputConflict where two files want one name or something else stands where the release should go,
    SourceError where a source has changed meanwhile, ReleaseError where the disk says no.
    """
    names = {path: released_name(path, digest[:LENGTH]) for path, digest in digests.items()}
    artifacts = make_artifacts(graph, names, config)
    check_names(artifacts)
    manifest = make_manifest(graph, artifacts, config)
    release_id = identify(manifest, ((artifact.sha256, name) for artifact in artifacts for name in paths(artifact)))
    target = flat_dir or config.output_dir / "releases" / release_id
    levels = dict(config.compress)
    record = read_record(target)
    if record and record["release"] == release_id:
        if _is_complete(target, record, levels):
            _point_current(config, target, flat_dir)
            return Release(release_id, target, record, False, graph.warnings)
        levels = record["compress"] | levels
    elif flat_dir and target.exists() and not record and any(target.iterdir()):
        raise OutputConflict(
            f"'{target}' is neither empty nor a release, so it is left alone", fix="name a new or an empty directory"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic.staging(target.parent) as directory:
            writer = Writer(graph, names, directory, levels, progress)
            record = writer.write(artifacts, executor, manifest | {"release": release_id})
            atomic.make_durable(directory)
            found = read_record(target)
            if found and found["release"] == release_id and _is_complete(target, found, levels):
                record = found  # another build of the same sources was faster
            else:
                atomic.install(directory, target)
        _point_current(config, target, flat_dir)
    except OSError as error:
        raise _disk_error(error, config) from error
    return Release(release_id, target, record, True, graph.warnings)


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
    return record if isinstance(record, dict) and record.get("version") == FORMAT_VERSION else None


def is_whole(directory: Path, record: Mapping[str, Any]) -> bool:
    """Whether every file is there with its size. Bytes are not read: `verify` does that."""
    try:
        for name, entry in record["files"].items():
            wanted = [(name, entry["size"])]
            wanted += [(name + SUFFIXES[encoding], item["size"]) for encoding, item in entry["variants"].items()]
            if any(os.stat(directory / FILES / path).st_size != size for path, size in wanted):
                return False
        return all((directory / name).is_file() for name in (MANIFEST, SUMS))
    except OSError:
        return False


def _is_complete(directory: Path, record: Mapping[str, Any], levels: Mapping[str, int]) -> bool:
    return levels.items() <= record["compress"].items() and is_whole(directory, record)


def _point_current(config: Config, target: Path, flat_dir: Path | None) -> None:
    if flat_dir:
        return
    try:
        atomic.point(config.output_dir / "current", f"releases/{target.name}")
    except IsADirectoryError:
        raise OutputConflict(
            f"'{config.shown(config.output_dir / 'current')}' is a directory, where the link to the release should go",
            fix="move it away; assetbuild does not remove what it has not made",
        ) from None


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
