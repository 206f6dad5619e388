"""What the documentation points to is there: tests that show a promise, targets of make, other pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md"]
_TEST = re.compile(r"\btests/[\w/.-]*\w")
_TARGET = re.compile(r"`make ([\w-]+)")
_LINK = re.compile(r"\]\(([^)\s:#]+)(?:#[^)]*)?\)")


@pytest.fixture(params=PAGES, ids=lambda page: page.name)
def page(request: pytest.FixtureRequest) -> Path:
    file: Path = request.param
    return file


def test_each_test_that_a_page_names_is_there(page: Path) -> None:
    named = {*_TEST.findall(page.read_text("utf-8"))}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_each_target_that_a_page_names_is_one_of_the_makefile(page: Path) -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {*_TARGET.findall(page.read_text("utf-8"))} - {*targets} == set()


def test_each_page_that_a_page_links_to_is_there(page: Path) -> None:
    links = {*_LINK.findall(page.read_text("utf-8"))}
    assert [link for link in sorted(links) if not (page.parent / link).exists()] == []


def test_security_and_reliability_name_tests() -> None:
    """Or the first of these tests would hold for nothing."""
    for name in ("SECURITY.md", "reliability.md"):
        assert len(_TEST.findall((ROOT / "docs" / name).read_text("utf-8"))) >= 3
