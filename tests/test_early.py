from __future__ import annotations

import os
from pathlib import Path

import pytest

from assetbuild.early import Early, early
from tests.conftest import write_files


@pytest.fixture
def place(tmp_path: Path) -> Early:
    (tmp_path / "staging").mkdir()
    return Early(tmp_path / "staging", "files")


def test_files_are_put_into_directories_that_everybody_can_read(place: Early) -> None:
    before = os.umask(0o077)
    try:
        assert place.put("a/b/c.css", b"c")
        assert place.put("a/d.css", b"d")
    finally:
        os.umask(before)

    assert (place.directory / "files/a/b/c.css").read_bytes() == b"c"
    assert (place.directory / "files/a/d.css").stat().st_mode & 0o777 == 0o444
    assert {each.stat().st_mode & 0o777 for each in place.directory.rglob("*") if each.is_dir()} == {0o755}


def test_what_is_there_is_not_written_over(place: Early) -> None:
    assert place.put("a.css", b"first")
    assert not place.put("a.css", b"second")
    assert not place.put("a.css/b.css", b"second")

    assert (place.directory / "files/a.css").read_bytes() == b"first"


def test_a_staging_directory_that_is_gone_is_not_made_again(place: Early) -> None:
    place.directory.rmdir()

    assert not place.put("a/b.css", b"b")
    assert not place.directory.exists()


def test_only_what_is_wanted_is_kept(place: Early) -> None:
    for name in ("a.css", "b.css", "c/d.css"):
        assert place.put(name, b"")
        place.written[name] = f"digest of {name}"

    assert place.keep({"a.css": "digest of a.css", "b.css": "another"}) == ["b.css", "c/d.css"]
    assert place.has("a.css", "digest of a.css")
    assert not place.has("b.css", "digest of b.css")
    assert [each.name for each in place.directory.rglob("*") if each.is_file()] == ["a.css"]


@pytest.mark.parametrize("there", [(), ("target",), ("target", "target/releases")])
def test_nothing_is_left_of_a_place_that_was_not_needed(tmp_path: Path, there: tuple[str, ...]) -> None:
    for each in there:
        (tmp_path / each).mkdir()
    before = sorted(tmp_path.rglob("*"))

    with early(tmp_path / "target/releases", tmp_path / "target/releases", "files") as place:
        assert place
        assert place.directory.parent == tmp_path / "target/releases"
        assert place.put("a/b.css", b"b")
        place.flush()

    assert sorted(tmp_path.rglob("*")) == before


def test_where_something_stands_nothing_is_written_early(tmp_path: Path) -> None:
    write_files(tmp_path, {"full/a": "a", "file": "b"})

    for target in ("full", "file"):
        with early(tmp_path, tmp_path / target, "files") as place:
            assert place is None
    with early(tmp_path / "file/releases", tmp_path / "file/releases", "files") as place:
        assert place is None
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "full"]
