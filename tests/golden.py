"""Whole releases, compared byte for byte: `tests/golden/<case>/input` builds to `tests/golden/<case>/expected`.

`python -m tests.golden` (make golden) writes what the code makes now; the difference is for a reviewer to read.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from assetbuild.build import build
from assetbuild.config import load_config
from assetbuild.errors import AssetBuildError

DIRECTORY = Path(__file__).parent / "golden"
ERROR = "error.txt"
WARNINGS = "warnings.txt"
# Tool versions are in it: an upgrade of a minifier that changes no byte is no change of the release.
UNCOMPARED = {"release.json", "SHA256SUMS"}


def cases() -> list[str]:
    return sorted(path.name for path in DIRECTORY.iterdir() if path.is_dir())


def build_case(case: str, target: Path) -> dict[str, bytes]:
    """All that a build of the case gives, as path -> bytes: the files, the manifest, warnings or the error."""
    source = DIRECTORY / case / "input"
    try:
        release = build(load_config(source / "assetbuild.toml"), flat_dir=target)
    except AssetBuildError as error:
        return {ERROR: f"{error}\n".encode()}
    found = {
        path.relative_to(target).as_posix(): path.read_bytes()
        for path in sorted(target.rglob("*"))
        if path.is_file() and path.name not in UNCOMPARED
    }
    if release.warnings:
        found[WARNINGS] = "".join(f"{warning}\n" for warning in release.warnings).encode()
    return found


def expected(case: str) -> dict[str, bytes]:
    directory = DIRECTORY / case / "expected"
    files = (path for path in sorted(directory.rglob("*")) if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


def rewrite(case: str) -> None:
    with TemporaryDirectory() as scratch:
        made = build_case(case, Path(scratch) / "release")
    shutil.rmtree(DIRECTORY / case / "expected", ignore_errors=True)
    for name, content in made.items():
        file = DIRECTORY / case / "expected" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


if __name__ == "__main__":
    for case in sys.argv[1:] or cases():
        rewrite(case)
        print(case)
