"""A first assetbuild.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from assetbuild.config import load_config
from assetbuild.django_roots import DjangoRoots
from assetbuild.errors import ConfigError
from assetbuild.starter import find_roots, write_starter

STARTER = """\
# The first root that has a file wins. Paths are relative to this file.
# With a prefix:     {path = "vendor", prefix = "vendor"}
# Of a package:      {package = "package.module", dir = "static"}
roots = ["static"]
output = "dist"
url_prefix = "/static/"

[minify]            # tried in order; only output proven equal is released
js = ["rjsmin"]
css = ["rcssmin"]

[compress]          # level, or false
br = 11
gz = 12
"""


def test_an_empty_project_gets_a_file_that_names_static(tmp_path: Path) -> None:
    assert write_starter(tmp_path) == tmp_path / "assetbuild.toml"
    assert (tmp_path / "assetbuild.toml").read_text() == STARTER


def test_a_django_project_is_told_of_the_admin(tmp_path: Path) -> None:
    (tmp_path / "manage.py").touch()
    write_starter(tmp_path)
    package = '# Of a package:      {package = "package.module", dir = "static"}\n'
    admin = '# Django\'s admin:    {package = "django.contrib.admin", dir = "static"}\n'
    admin += "# All at once:       assetbuild init --django\n"
    assert (tmp_path / "assetbuild.toml").read_text() == STARTER.replace(package, package + admin)


def test_the_starter_says_what_is_the_default_anyway(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    starter = load_config(write_starter(tmp_path))
    (tmp_path / "assetbuild.toml").write_text("")
    assert load_config(tmp_path / "assetbuild.toml") == starter


def test_the_usual_directories_become_roots_the_projects_own_first(tmp_path: Path) -> None:
    for name in (
        "static",
        "assets",
        "shop/static",
        "blog/static",
        "shop/assets",
        "src/shop/static",
        "src/static",
        # not sources
        "node_modules/static",
        "src/node_modules/static",
        "dist/static",
        "build/assets",
        "venv/static",
        ".hidden/static",
        "tests/static",
        "staticfiles",
        "deep/er/still/static",
    ):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "static").touch()
    expected = ["static", "assets", "blog/static", "shop/static", "src/static", "shop/assets", "src/shop/static"]
    assert find_roots(tmp_path) == expected
    assert [root.label for root in load_config(write_starter(tmp_path)).roots] == [name + "/" for name in expected]


def test_a_strange_name_makes_no_broken_toml(tmp_path: Path) -> None:
    names = ['a"b', "a\\b", "{x}", "é", "😀", "a'b", "a b#"]
    for name in [*names, "new\nline", "esc\x1b", "not-utf-8-\udcff", "del\x7f"]:
        (tmp_path / name / "static").mkdir(parents=True)
    labels = [root.label for root in load_config(write_starter(tmp_path)).roots]
    assert labels == [f"{name}/static/" for name in sorted(names)]


def roots_of_django(*roots: str | dict[str, object]) -> DjangoRoots:
    return DjangoRoots("site.settings", roots, ("go\nne",), "/x/", ("*.scss",))


def test_a_strange_name_that_django_told_makes_no_broken_toml(tmp_path: Path) -> None:
    names = ['a"b', "a\\b", "{x}", "é", "new\nline", "del\x7f"]
    for name in names:
        (tmp_path / name).mkdir()
    linking = {"path": "é", "prefix": "x", "outside_links": True}
    config = load_config(write_starter(tmp_path, roots_of_django(*names, linking)))
    assert [root.label for root in config.roots] == [f"{name}/" for name in [*names, "é"]]
    assert (config.roots[-1].prefix, config.roots[-1].outside_links) == ("x/", True)
    assert (config.url_prefix, config.exclude) == ("/x/", ("*.scss",))


def test_a_name_that_is_not_utf_8_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        write_starter(tmp_path, roots_of_django("not-utf-8-\udcff"))
    message = "assetbuild.toml: cannot name a root whose path is not UTF-8\n  fix: rename it"
    assert str(caught.value) == message
    assert not (tmp_path / "assetbuild.toml").exists()


def test_an_existing_file_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "assetbuild.toml").write_text("mine")
    with pytest.raises(ConfigError) as caught:
        write_starter(tmp_path)
    assert str(caught.value) == "assetbuild.toml: exists already\n  fix: edit it, or remove it first"
    assert (tmp_path / "assetbuild.toml").read_text() == "mine"


def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        write_starter(tmp_path / "nowhere")
    file = tmp_path / "nowhere" / "assetbuild.toml"
    assert str(caught.value) == f"{file}: cannot be written: no such file or directory"
