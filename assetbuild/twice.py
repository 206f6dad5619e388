"""`assetbuild build --check`: a release is built again in other circumstances, and both are compared.

Without the cache, by one process, from another directory, with another umask, hash seed, time zone, locale and
directory for temporary files. What then differs was never decided by the sources, tools and options alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assetbuild import atomic
from assetbuild.compare import Comparison, compare
from assetbuild.errors import AssetBuildError, Problem
from assetbuild.records import SUMS, sums_of

_UMASK = 0o077


def check(release_dir: Path, config_file: Path, *, minify: bool, compress: bool) -> list[Problem]:
    """Build `config_file` again, and tell every difference between that and the release. Raises AssetBuildError where
    it cannot be built."""
    with _built_again(config_file, minify=minify, compress=compress) as again:
        return [*_differences(compare(release_dir, again)), *_other_variants(release_dir, again)]


@contextmanager
def _built_again(config_file: Path, *, minify: bool, compress: bool) -> Iterator[Path]:
    with _temporary_directory() as place:
        target, scratch = Path(place, "release"), Path(place, "scratch")
        scratch.mkdir()
        command = [sys.executable, "-m", "assetbuild", "build", "--config", str(config_file.absolute())]
        command += ["--flat", str(target), "--no-cache", "--jobs", "1", "--quiet"]
        command += [*(() if minify else ("--no-minify",)), *(() if compress else ("--no-compress",))]
        done = subprocess.run(  # noqa: S603 - our own command line
            command, cwd=place, env=_environment(scratch), umask=_UMASK, capture_output=True, text=True, check=False
        )
        if done.returncode:
            told = tuple(line for line in done.stderr.splitlines() if line)
            raise AssetBuildError("built again in other circumstances, it fails", notes=told[-20:])
        yield target


@contextmanager
def _temporary_directory() -> Iterator[Path]:
    place = Path(tempfile.gettempdir(), f"assetbuild-check-{os.urandom(8).hex()}")
    atomic.begin(place)
    place.mkdir(0o700)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        atomic.finished(place)


def _environment(scratch: Path) -> dict[str, str]:
    """The caller's, since filters may need it, but for all that must not matter."""
    seed = os.environ.get("PYTHONHASHSEED", "")
    package = str(Path(__file__).parent.parent)
    path = os.environ.get("PYTHONPATH")
    other = {
        "PYTHONHASHSEED": str((int(seed) + 1) % 4294967296 if seed.isdecimal() else 1),
        "TZ": "Asia/Kathmandu" if os.environ.get("TZ") != "Asia/Kathmandu" else "UTC",
        "LC_ALL": "C",
        "LANG": "C",
        "TMPDIR": str(scratch),
        "PYTHONPATH": f"{package}{os.pathsep}{path}" if path else package,
    }
    return {**os.environ, **other}


def _differences(found: Comparison) -> Iterator[Problem]:
    for change in found.changes:
        what = "has other bytes" if change.before and change.after else "is new" if change.after else "is gone"
        yield Problem(
            f"'{change.asset}' {what} when it is built again in other circumstances",
            notes=tuple(f"why: {reason}" for reason in change.reasons),
            fix="look for a filter or plugin that uses the time, a random number, a path, or an order that may change",
        )
    if not found.changes and found.before != found.after:
        yield Problem(f"the release is '{found.after}' when it is built again in other circumstances")


def _other_variants(one: Path, other: Path) -> Iterator[Problem]:
    """Files that both have, with other bytes: compressed ones, where all else is the same."""
    before, after = (sums_of((directory / SUMS).read_bytes()) for directory in (one, other))
    for path in sorted(before.keys() & after.keys()):
        if path.startswith("files/") and before[path] != after[path]:
            yield Problem(f"'{path}' has other bytes when it is built again in other circumstances")
