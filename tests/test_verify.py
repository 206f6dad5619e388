"""`verify` works out anew what a manifest says of each file; what `sha256sum -c` finds is tested with the release."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest

from assetbuild.build import build
from assetbuild.verify import verify
from tests.conftest import Site

SCRIPT = b"console.log(1)"


def said(algorithm: str, content: bytes = SCRIPT) -> str:
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


def problems_of_integrity(site: Site, integrity: str) -> list[str]:
    """Of a release whose manifest says so."""
    release = build(site({"a.js": SCRIPT}, minify={"js": []}))
    manifest_file = release.dir / "manifest.json"
    manifest = json.loads(manifest_file.read_bytes())
    manifest["assets"]["a.js"]["integrity"] = integrity
    manifest_file.chmod(0o644)
    manifest_file.write_text(json.dumps(manifest))
    return [problem.what for problem in verify(release.dir) if "integrity" in problem.what]


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_the_integrity_of_a_file_may_be_by_any_digest_that_browsers_take(site: Site, algorithm: str) -> None:
    assert problems_of_integrity(site, said(algorithm)) == []


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_the_integrity_of_other_bytes_is_a_problem(site: Site, algorithm: str) -> None:
    wrong = said(algorithm, b"other")
    assert problems_of_integrity(site, wrong) == [f"'a.js' has the integrity '{said(algorithm)}', not '{wrong}'"]


@pytest.mark.parametrize("integrity", ["", "md5-kAFQmDzST7DWlj99KOF/cg==", "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="])
def test_an_integrity_that_browsers_do_not_check_is_a_problem(site: Site, integrity: str) -> None:
    assert problems_of_integrity(site, integrity) == [
        f"'a.js' has the integrity '{integrity}', which is no digest that browsers check"
    ]


def fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs on this system")
@pytest.mark.parametrize("name", ["SHA256SUMS", "release.json", "manifest.json", "files"])
def test_a_fifo_in_a_release_is_a_problem_and_never_waited_for(site: Site, name: str) -> None:
    release = build(site({"a.js": SCRIPT}))
    file = next((release.dir / "files").glob("*.js")) if name == "files" else release.dir / name
    fifo(file)
    path = file.relative_to(release.dir).as_posix()

    found = [str(problem) for problem in verify(release.dir)]

    assert any(text.startswith(f"{path}: cannot be read") for text in found)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs on this system")
@pytest.mark.parametrize("name", ["SHA256SUMS", "release.json", "manifest.json", "files"])
def test_a_release_with_a_fifo_in_it_is_made_anew(site: Site, name: str) -> None:
    config = site({"a.js": SCRIPT})
    release = build(config)
    file = next((release.dir / "files").glob("*.js")) if name == "files" else release.dir / name
    fifo(file)

    again = build(config)

    assert (again.id, again.created) == (release.id, True)
    assert verify(again.dir) == []
