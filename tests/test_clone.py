from __future__ import annotations

import os
from pathlib import Path

import pytest

from assetbuild import aside as module
from assetbuild import signatures
from assetbuild.clone import Clone, NotCloned
from assetbuild.stamp import Stamp, Watched
from tests.conftest import write_files

NOTHING = Watched.of(())
FILES = {"files/a.css": "a", "files/b/c/d.png": "d", "files/b/e.png": "e"}


@pytest.fixture(params=[True, False], ids=["forked", "here"])
def directories(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    monkeypatch.setattr(module, "may_fork", lambda: request.param)
    write_files(tmp_path / "release", {**FILES, "manifest.json": "{}"})
    for file in (tmp_path / "release").rglob("*.*"):
        file.chmod(0o444)
    (tmp_path / "staging").mkdir()
    return tmp_path / "release", tmp_path / "staging"


def released(release: Path) -> Stamp:
    files = [(path, signatures.of(os.stat(release / path))) for path in (*FILES, "manifest.json")]
    return Stamp(NOTHING, NOTHING, NOTHING, Watched.of(files), {"dir": str(release)})


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_all_files_but_the_unwanted_are_linked(directories: tuple[Path, Path]) -> None:
    release, staging = directories
    before = os.umask(0o077)
    try:
        Clone(released(release), staging).finish(["files/b/e.png"])
    finally:
        os.umask(before)

    found = {file.relative_to(staging).as_posix() for file in staging.rglob("*") if file.is_file()}
    assert found == FILES.keys() - {"files/b/e.png"}
    assert all((staging / file).samefile(release / file) for file in found)
    assert {each.stat().st_mode & 0o777 for each in staging.rglob("*") if each.is_dir()} == {0o755}


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_what_cannot_be_linked_is_told(directories: tuple[Path, Path]) -> None:
    release, staging = directories
    (staging / "files").touch()

    with pytest.raises(NotCloned):
        Clone(released(release), staging).finish([])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("path", ["files/b/c/d.png", "manifest.json"])
@pytest.mark.parametrize("harm", ["removed", "opened", "written"])
def test_what_is_not_as_it_was_released_is_not_cloned(directories: tuple[Path, Path], path: str, harm: str) -> None:
    release, staging = directories
    stamp = released(release)
    if harm == "removed":
        (release / path).unlink()
    else:
        (release / path).chmod(0o644)
    if harm == "written":
        (release / path).write_text("d2")
        (release / path).chmod(0o444)

    with pytest.raises(NotCloned):
        Clone(stamp, staging).finish([])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_nobody_goes_on_with_what_is_in_vain(directories: tuple[Path, Path]) -> None:
    release, staging = directories
    clone = Clone(released(release), staging)
    pid = clone.aside.pid
    clone.stop()
    clone.stop()

    if pid:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, 0)
