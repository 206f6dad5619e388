"""Builds at once, into one output and with one cache, and readers meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.concurrency import BUILDERS, concurrency, polled
from tests.torture.site import Site, run


def test_builds_at_once_make_one_release_and_no_reader_sees_a_torn_one(tmp_path: Path) -> None:
    found = concurrency(tmp_path, seconds=60, rounds=4, polls=400, seed=1)

    assert found["complaints"] == []
    assert found["rows"]["one content"] == {"builds": 4 * BUILDERS, "status 0": 4 * BUILDERS}
    assert found["rows"]["two contents, one output"] == {"builds": 8, "status 0": 8}
    assert found["rows"]["different options, one cache"] == {"builds": BUILDERS, "status 0": BUILDERS}
    assert found["rows"]["a reader"]["polls"] == 400


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = Site(tmp_path_factory.mktemp("read") / "site")
    run(made)
    return made


def test_a_reader_notices_what_is_torn(site: Site) -> None:
    link, release = site.dist / "current", site.dist / "releases" / str(site.current)
    assert [*polled(site.dist, site.whole, thorough=True)] == []
    manifest = (release / "manifest.json").read_bytes()
    for name, content, complaint in (
        ("manifest.json", manifest + b" ", "manifest and sums are of two releases"),
        ("SHA256SUMS", b"", "the sums are of no release that an undisturbed build makes"),
    ):
        kept = (release / name).read_bytes()
        (release / name).chmod(0o644)
        (release / name).write_bytes(content)
        assert complaint in [*polled(site.dist, site.whole, thorough=False)]
        (release / name).write_bytes(kept)
    script = next((release / "files" / "js").glob("app.*.js"))
    script.unlink()
    (torn,) = polled(site.dist, site.whole, thorough=True)
    assert torn.startswith("a file was missing or torn: ")
    link.unlink()
    (gone,) = polled(site.dist, site.whole, thorough=False)
    assert gone.startswith("'current' cannot be followed: ")
