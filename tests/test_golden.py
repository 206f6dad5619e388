from __future__ import annotations

from pathlib import Path

import pytest

from tests import golden


@pytest.mark.parametrize("case", golden.cases())
def test_the_release_is_the_golden_one(case: str, tmp_path: Path) -> None:
    assert golden.build_case(case, tmp_path / "release") == golden.expected(case)


@pytest.mark.parametrize("case", golden.cases())
def test_no_case_is_an_orphan(case: str) -> None:
    directory = golden.DIRECTORY / case
    assert sorted(path.name for path in directory.iterdir()) == ["expected", "input"]
    assert (directory / "input" / "assetbuild.toml").is_file()
    assert golden.expected(case)
