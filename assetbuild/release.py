"""Graph and digests -> an immutable release directory: all of it, or none.

Files are staged beside the releases, the manifest last, made durable, and renamed into place at once; then the link
`current` follows by one more rename. A reader, or a crash at any instant, sees the old release or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Container, Iterable, Mapping, Sequence, Set
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from assetbuild import __version__, atomic
from assetbuild.artifact import Artifact, check_names, contents, make_artifacts, manifest_lines, paths
from assetbuild.clone import Clone
from assetbuild.config import Config
from assetbuild.directories import above
from assetbuild.disk import disk_error
from assetbuild.early import Early
from assetbuild.errors import OutputConflict
from assetbuild.executors import Executor
from assetbuild.files import MODE, file_digest, read_file, write_file
from assetbuild.fingerprint import Final
from assetbuild.graph import Graph
from assetbuild.named import NamedTuple
from assetbuild.records import (
    FILES,
    MANIFEST,
    RECORD,
    SUMS,
    identified,
    identify,
    in_files,
    manifest_body,
    manifest_rest,
    record_text,
    sums_of,
)
from assetbuild.runtime.manifest import FORMAT_VERSION
from assetbuild.splice import identity_lines, splice_manifest, splice_record, splice_sums
from assetbuild.write import Progress, Writer


class Carried(NamedTuple):
    """What is taken over from the release before without another look: names below `files/`, cycles, and the lines of
    SHA256SUMS for all but the records. `manifest` is what it says of its assets, and `record` its release.json: in them
    is also what is not taken over, for which there are new lines, `gone_names` and `gone`, paths of the release.
    `clone` has all of its files."""

    names: Set[str]
    cycles: Sequence[Sequence[str]]
    sums: Sequence[bytes] = ()
    manifest: bytes = b""
    record: bytes = b""
    gone_names: Sequence[str] = ()
    gone: Sequence[str] = ()
    clone: Clone | None = None


NOTHING = Carried(frozenset(), ())
RELEASES = "releases"


class Made(NamedTuple):
    """A release as it stands now, with what the next build goes on from. `built` are the assets that were written, not
    linked; `written` are the paths that this build has made, `gone` those that it has not taken over from the release
    before, None if it has looked at all: then all of the release is `written`, or nothing that is known. `created` is
    False where all of it stood there already. `contents` are a `Release`'s."""

    id: str
    dir: Path
    created: bool
    levels: Mapping[str, int]
    cycles: Sequence[Sequence[str]]
    built: Sequence[str] = ()
    written: Sequence[str] = ()
    gone: Sequence[str] | None = None
    contents: Callable[[], Iterable[tuple[str, int, int, int]]] = tuple


def is_whole(directory: Path) -> bool:
    """Whether every file of the release holds the bytes that it says. All of them are read."""
    try:
        sums = sums_of(read_file(directory / SUMS))
        return sums.keys() >= {MANIFEST, RECORD} and all(
            file_digest(f"{directory}/{path}") == digest and (directory / path).stat().st_mode & 0o777 == MODE
            for path, digest in sums.items()
        )
    except (OSError, ValueError):
        return False


def write_release(
    graph: Graph,
    finals: Mapping[str, Final],
    config: Config,
    writer: Writer,
    executor: Executor,
    *,
    flat: bool = False,
    carried: Carried = NOTHING,
    early: Early | None = None,
    whole: Callable[[Path], bool] = is_whole,
    progress: Progress = lambda _done, _total: None,
) -> Made:
    """Write what is not there yet: the assets of `graph`, and what is `carried`. Building the same thing twice writes
    nothing.

    With `flat`, the output directory is the release itself. `early` has files that are written already. `whole` says
    whether a release that stands there has all of its bytes. Raises OutputConflict where two files want one name or
    something else stands where the release should go, SourceError where a source has changed meanwhile, ReleaseError
    where the disk says no.
    """
    artifacts = make_artifacts(graph, finals, config)
    check_names(artifacts, carried.names)
    lines = manifest_lines(graph, artifacts)
    body = splice_manifest(carried.manifest, lines) if carried.manifest else manifest_body(lines)
    rest = manifest_rest(body, config.url_prefix, config.modules)
    own = {name: artifact.sha256 for artifact in artifacts for name in paths(artifact)}
    files = [(sha256, name) for name, sha256 in own.items()]
    release_id = identify(identified(body, rest, None), files, identity_lines(carried.sums, carried.names))
    cycles = [[*component] for component in carried.cycles]
    cycles += [[*component] for component in graph.components if graph.in_cycle(component)]
    cycles.sort()
    target = config.output_dir if flat else config.output_dir / RELEASES / release_id
    levels = config.levels
    try:
        standing = _standing(target, release_id, flat)
        created = not standing or not levels.items() <= standing["compress"].items() or not whole(target)
        levels = (standing or {"compress": {}})["compress"] | levels
        made = Made(release_id, target, created, levels, cycles)
        if created:
            manifest = identified(body, rest, release_id)
            encoders = (standing or {}).get("encoders", {})
            encoders |= {one: writer.encode.encoders[one] for one in config.levels}
            texts = _Texts(release_id, manifest, levels, cycles, encoders, config)
            made = _write(made, flat, writer, artifacts, own, executor, carried, early, texts, whole, progress)
        else:
            atomic.remove_dead_staging(target.parent)
        if not flat:
            _point_current(config, release_id)
    except OSError as error:
        raise disk_error(error, config) from error
    return made


class _Texts(NamedTuple):
    """What the records say beside their lines."""

    release_id: str
    manifest: bytes
    levels: dict[str, int]
    cycles: Sequence[Sequence[str]]
    encoders: Mapping[str, str]
    config: Config

    def head(self) -> dict[str, Any]:
        """All of release.json but the files."""
        return {
            "version": FORMAT_VERSION,
            "assetbuild": __version__,
            "release": self.release_id,
            "compress": self.levels,
            "cycles": self.cycles,
            "encoders": {one: self.encoders[one] for one in sorted(self.encoders)},
            "options": self.config.options(),
        }


def _standing(target: Path, release_id: str, flat: bool) -> dict[str, Any] | None:
    """The record of this very release, if it stands there. Raises OutputConflict for what is no release of ours."""
    record = read_record(target)
    if record:
        return record if record["release"] == release_id else None
    if not flat and (target / SUMS).is_file():
        return None  # a release of that id has lost its record
    if os.path.lexists(target) and (target.is_symlink() or not target.is_dir() or any(target.iterdir())):
        what = f"'{target}' is neither a release nor an empty directory, so it is left alone"
        raise OutputConflict(what, fix="name a new or an empty directory")
    return None


def _write(
    made: Made,
    flat: bool,
    writer: Writer,
    artifacts: Sequence[Artifact],
    own: Mapping[str, str],
    executor: Executor,
    carried: Carried,
    early: Early | None,
    texts: _Texts,
    whole: Callable[[Path], bool],
    progress: Progress,
) -> Made:
    """`made`, with what was written and what was carried on. `own` are the digests of the artifacts' files by name."""
    target = made.dir
    target.parent.mkdir(parents=True, exist_ok=True)
    clone = carried.clone
    started = clone or early
    with nullcontext(started.directory) if started else atomic.staging(target.parent) as directory:
        gone: Iterable[str] = carried.gone
        if clone:
            clone.finish(gone)
        elif early:
            gone = in_files(early.keep(own))
        there: Container[str] = early.written if early else ()
        _make_directories(directory, in_files(name for name in own if name not in there))
        if early:
            early.wait()  # a process with threads does not fork
        taken = carried.names | own.keys()
        written = writer.write(directory, artifacts, executor, progress, texts.levels, taken)
        digests = dict(written.digests)
        _remove_empty(directory, gone)
        if carried.record:
            record = splice_record(carried.record, texts.head(), carried.gone_names, written.lines)
        else:
            record = record_text(texts.head(), [written.lines[name] for name in sorted(written.lines)])
        digests[RECORD], digests[MANIFEST] = _sha256(record), _sha256(texts.manifest)
        sums = splice_sums(carried.sums, digests)
        for name, content in ((RECORD, record), (SUMS, sums), (MANIFEST, texts.manifest)):
            write_file(os.path.join(directory, name), content)
        if clone:
            atomic.make_few_durable(directory, (*digests, SUMS, *gone))
        else:
            atomic.make_durable(directory)
        found = _standing(target, texts.release_id, flat)
        ours = not found or not texts.levels.items() <= found["compress"].items() or not whole(target)
        if ours:
            atomic.install(directory, target)  # else another build of this was faster
    return made._replace(
        built=written.built,
        written=[*digests, SUMS] if ours or clone else (),
        gone=carried.gone if clone else None,
        contents=lambda: contents(writer.graph, artifacts, written.sent),
    )


def _make_directories(directory: Path, files: Iterable[str]) -> None:
    """Those that `files` are in."""
    for path in sorted({FILES, *above(files)}):
        with suppress(FileExistsError):  # made for a file that was written early
            os.mkdir(f"{directory}/{path}")
        os.chmod(f"{directory}/{path}", 0o755)  # noqa: S103 - public by purpose, whatever the umask says
    os.chmod(directory, 0o755)  # noqa: S103


def _remove_empty(directory: Path, gone: Iterable[str]) -> None:
    """The directories in which nothing is left."""
    for path in gone:
        with suppress(OSError):  # not empty
            while (path := path.rpartition("/")[0]) != FILES:
                os.rmdir(f"{directory}/{path}")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_record(directory: Path) -> dict[str, Any] | None:
    """release.json of the release in `directory`; None where there is none that can be read."""
    try:
        record = json.loads(read_file(directory / RECORD))
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or record.get("version") != FORMAT_VERSION:
        return None
    return record if {"release", "compress", "files"} <= record.keys() else None


def _point_current(config: Config, release_id: str) -> None:
    link = config.output_dir / "current"
    if link.exists() and not link.is_symlink():
        raise OutputConflict(
            f"'{config.shown(link)}' is not a link, and stands where the link to the release should go",
            fix="move it away; assetbuild does not remove what it has not made",
        )
    atomic.point(link, f"{RELEASES}/{release_id}")
