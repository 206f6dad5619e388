"""`assetbuild diff` and `assetbuild build --check`, as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import random
from webassets import Bundle, Environment

environment = Environment()
shout = lambda _in, out: out.write(_in.read() + "/*! %s */" % random.random())
environment.register("all", Bundle("a.css", filters=(shout,), output="all.css"))
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "static").mkdir()
    (tmp_path / "static/a.css").write_text("a { color: red; }\n")
    (tmp_path / "static/b.css").write_text("b { color: red; }\n")
    (tmp_path / "assetbuild.toml").write_text("compress = {br = false, gz = false}\n")
    return tmp_path


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assetbuild", *arguments]
    return subprocess.run(command, cwd=site, capture_output=True, text=True, check=False)


def built(site: Path, target: str) -> Path:
    done = run(site, "build", "--flat", target, "--no-cache", "--json")
    assert done.returncode == 0, done.stderr
    return site / target


@pytest.fixture
def releases(site: Path) -> list[str]:
    """The ids of the releases `one` and `two`, between which a style sheet was edited."""
    built(site, "one")
    (site / "static/a.css").write_text("a { color: blue; }\n")
    built(site, "two")
    return [json.loads((site / name / "manifest.json").read_text())["release"] for name in ("one", "two")]


def test_diff_says_of_each_asset_why_it_changed(site: Path, releases: list[str]) -> None:
    done = run(site, "diff", "one", "two")
    assert done.stdout.splitlines() == [
        "a.css: its own bytes have changed",
        f"{releases[0]} -> {releases[1]}: 1 asset changed, 1 did not",
    ]
    assert (done.returncode, done.stderr) == (0, "")


def test_diff_says_more_and_less(site: Path, releases: list[str]) -> None:
    assert run(site, "diff", "one", "two", "-q").stdout == "a.css: its own bytes have changed\n"
    names = [next((site / name / "files").glob("a.*")).name for name in ("one", "two")]
    assert f"  {names[0]} -> {names[1]}" in run(site, "diff", "one", "two", "-v").stdout.splitlines()


def test_diff_is_one_object_as_json(site: Path, releases: list[str]) -> None:
    found = json.loads(run(site, "diff", "one", "two", "--json").stdout)
    [change] = found["changes"]
    assert (found["before"], found["after"], found["same"], found["general"], found["errors"]) == (*releases, 1, [], [])
    assert (change["asset"], change["reasons"]) == ("a.css", ["its own bytes have changed"])


@pytest.mark.parametrize(("names", "status"), [(("one", "two"), 1), (("one", "one"), 0)])
@pytest.mark.usefixtures("releases")
def test_diff_ends_with_1_only_where_that_is_asked_for(names: tuple[str, str], status: int, site: Path) -> None:
    assert run(site, "diff", *names).returncode == 0
    assert run(site, "diff", *names, "--exit-code").returncode == status


def test_diff_of_one_release_says_so(site: Path, releases: list[str]) -> None:
    assert run(site, "diff", "one", "one").stdout == f"both are release {releases[0]}: 2 assets\n"


@pytest.mark.usefixtures("releases")
def test_diff_refuses_what_is_no_release(site: Path) -> None:
    done = run(site, "diff", "one", "static", "--json")
    assert done.returncode == 1
    assert [one["message"] for one in json.loads(done.stdout)["errors"]] == ["holds no release"]
    assert done.stderr.splitlines()[0] == "static: holds no release"


@pytest.mark.parametrize("option", [[], ["--flat", "flat"], ["--no-minify", "--no-compress"], ["--no-cache"]])
def test_a_check_of_a_build_says_that_it_is_the_same_again(option: list[str], site: Path) -> None:
    done = run(site, "build", "--check", *option)
    assert done.stdout.splitlines()[-1] == "built again in other circumstances: the same release"
    assert (done.returncode, done.stderr) == (0, "")


def test_a_check_of_what_stood_already_is_one_too(site: Path) -> None:
    run(site, "build")
    done = run(site, "build", "--check")
    assert "already built" in done.stdout
    assert done.stdout.splitlines()[-1] == "built again in other circumstances: the same release"


def test_a_check_fails_where_something_else_decides(site: Path) -> None:
    (site / "assets.py").write_text(CODE)
    (site / "assetbuild.toml").write_text('bundles = "assets:environment"\n')
    done = run(site, "build", "--check")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0] == "'all.css' has other bytes when it is built again in other circumstances"
    assert lines[-1] == "assetbuild: 1 difference; the release is not reproducible"
    done = run(site, "build", "--check", "--json")
    assert done.returncode == 1
    [error] = json.loads(done.stdout)["errors"]
    assert error["message"] == lines[0]
