"""Each asset that is built says why, in one sentence that is true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assetbuild import signatures
from tests.test_incremental import PLAIN, Project, said, watched

WARN = PLAIN + '[references]\nmissing = "warn"\n'
BUNDLES = """
[bundles."all.css"]
contents = ["part/*.css"]
[bundles."inlined.css"]
contents = ["part/a.css"]
filters = ["datauri"]
"""
SITE = {
    "css/site.css": "a { background : url(../img/dot.png) }\n",
    "css/more.css": '@import "site.css";\n',
    "img/dot.png": "a dot",
    "img/photo.png": "a photo",
    "part/a.css": "b { c : d }",
    "part/b.css": "e { f : g }",
}
ALWAYS = {"inlined.css": "what its filters read is not known, so it is built every time"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(signatures, "TICK", 20_000_000)
    project = Project(tmp_path / "project", SITE, WARN)
    project.settle()
    project.build()
    return project


@pytest.fixture
def bundled(project: Project) -> Project:
    project.write({"/assetbuild.toml": WARN + BUNDLES})
    project.settle()
    project.build()
    return project


def reasons(project: Project) -> dict[str, str]:
    return dict(project.same().reasons)


def test_a_first_build_knows_of_none_before(project: Project) -> None:
    (project.base / "cache").rename(project.base / "gone")
    (project.base / "dist").rename(project.base / "old")

    assert reasons(project) == dict.fromkeys(SITE, "no earlier build is known")


def test_content_changes_and_with_it_names(project: Project) -> None:
    project.write({"img/dot.png": "another dot"})

    assert reasons(project) == {
        "img/dot.png": "its content has changed",
        "css/site.css": "'img/dot.png', which it names, is called otherwise now",
        "css/more.css": "'css/site.css', which it names, is called otherwise now",
    }


def test_what_is_new_is_named_by_others(project: Project) -> None:
    (project.static / "img/dot.png").rename(project.static / "img/gone.png")
    project.build()

    (project.static / "img/gone.png").rename(project.static / "img/dot.png")

    assert reasons(project) == {}  # that release still stands
    project.write({"img/dot.png": "new", "img/other.png": "other"})
    assert reasons(project) == {
        "img/dot.png": "its content has changed",
        "img/other.png": "it is new",
        "css/site.css": "'img/dot.png', which it names, is called otherwise now",
        "css/more.css": "'css/site.css', which it names, is called otherwise now",
    }


def test_a_missing_file_appears(project: Project) -> None:
    project.write({"css/late.css": "a { src: url(late.png) }"})
    project.build()

    project.write({"css/late.png": "late"})

    assert reasons(project) == {
        "css/late.png": "it is new",
        "css/late.css": "'css/late.png', which it names, is new",
    }


def test_a_file_that_was_named_goes(project: Project) -> None:
    (project.static / "img/dot.png").unlink()

    found = reasons(project)

    assert {*found} == {"css/site.css", "css/more.css"}
    assert found["css/more.css"] == "'css/site.css', which it names, is called otherwise now"
    assert "img/dot.png" in found["css/site.css"]


def test_the_configuration_changes(project: Project) -> None:
    project.write({"/assetbuild.toml": 'stable = ["img/p*"]\n' + WARN.replace("br = false", "br = 1")})
    project.write({"css/site.css": SITE["css/site.css"] + "i { j : k }"})

    assert reasons(project) == {
        "css/site.css": "its content has changed",
        "css/more.css": "'css/site.css', which it names, is called otherwise now",
        "img/photo.png": "'assetbuild.toml' has changed",
    }


def test_a_bundle_is_made_of_sources(bundled: Project) -> None:
    bundled.write({"part/b.css": "e { f : other }"})

    assert reasons(bundled) == {"all.css": "'part/b.css', which it is made of, has changed"}


def test_a_filter_that_may_read_anything(bundled: Project) -> None:
    bundled.write({"part/a.css": "b { c : other }"})

    assert reasons(bundled) == {"all.css": "'part/a.css', which it is made of, has changed", **ALWAYS}


@pytest.mark.parametrize("change", ["add", "remove"])
def test_a_bundle_is_made_of_other_sources_now(bundled: Project, change: str) -> None:
    if change == "add":
        bundled.write({"part/c.css": "h { i : j }"})
    else:
        (bundled.static / "part/b.css").unlink()

    found = reasons(bundled)

    assert {*found} == {"all.css"}
    assert "release before" not in found["all.css"]
    assert "has changed" not in found["all.css"]


def test_a_released_file_was_lost(project: Project) -> None:
    next((project.base / "dist/current/files/img").glob("photo.*")).unlink()

    assert reasons(project) == {"img/photo.png": "its file could not be taken over from the release before"}


def test_a_tool_changes(project: Project) -> None:
    """In an interpreter of its own each time, since a version is asked for once."""
    tool = '#!/bin/sh\ncase "$*" in *--version*) echo {0}; exit;; esac\ncat >/dev/null; echo "a{{b:{0}}}"\n'
    project.write({"/assetbuild.toml": '[minify]\ncss = ["esbuild"]\nesbuild = "tool"\n' + WARN})
    project.write({"css/more.css": "a { b : c }\n" * 9, "/tool": tool.format("0.1.0")})
    (project.base / "tool").chmod(0o755)
    watched(project)

    project.write({"/tool": tool.format("0.2.0")})

    assert "css/more.css: 'tool' has changed" in watched(project, "--explain").output.splitlines()


def test_the_command_line_tells_them(tmp_path: Path) -> None:
    project = Project(tmp_path / "project", SITE, WARN)
    command = ("build", "--cache-dir", "cache", "--explain")
    first = said(project.base, *command)
    assert first.stdout.splitlines()[-6:] == [f"{path}: no earlier build is known" for path in sorted(SITE)]

    project.write({"img/dot.png": "another dot"})
    second = said(project.base, *command)
    assert second.stdout.splitlines()[2:] == [
        "css/more.css: 'css/site.css', which it names, is called otherwise now",
        "css/site.css: 'img/dot.png', which it names, is called otherwise now",
        "img/dot.png: its content has changed",
    ]
    assert second.stderr == ""

    project.write({"img/photo.png": "another photo"})
    told = json.loads(said(project.base, *command, "--json").stdout)
    assert told["reasons"] == {"img/photo.png": "its content has changed"}
    assert (told["files"], told["built"], told["reused"]) == (6, 1, 5)
    assert "reasons" not in json.loads(said(project.base, *command[:3], "--json").stdout)
