"""What the README tells a newcomer to type works as it stands there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from assetbuild.checker import Checker
from assetbuild.config import parse_config
from tests.conftest import write_files
from tests.test_cli import run

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_each_command_of_the_readme_runs(tmp_path: Path) -> None:
    write_files(tmp_path, {"static/css/site.css": "a { color: red }\n", "static/images/lamp.svg": "<svg/>"})
    indented = re.findall(r"^    (assetbuild .*)$", README, re.MULTILINE)
    commands = indented + re.findall(r"`(assetbuild (?:build|verify|ls|config)[^`]*)`", README)
    assert [command.split()[1] for command in commands][:2] == ["init", "build"]
    assert {command.split()[1] for command in commands} == {"init", "build", "verify", "ls", "config"}

    for command in commands:
        arguments = command.replace("/release", str(tmp_path / "release")).split()[1:]
        result = run(tmp_path, *arguments)
        assert result.returncode == 0, (command, result.stderr)
    assert (tmp_path / "release/manifest.json").exists()


def test_the_manifest_snippet_gives_the_url_that_it_says(tmp_path: Path) -> None:
    write_files(tmp_path, {"static/css/site.css": "a { color: red }\n", "assetbuild.toml": ""})
    run(tmp_path, "build", "--flat", "release")
    snippet = next(block for block in blocks("python") if "manifest.url" in block)
    *before, last = snippet.replace("/release/", f"{tmp_path}/release/").strip().splitlines()
    names: dict[str, object] = {}

    exec("\n".join(before), names)

    url = eval(last, names)
    promised = re.search(r'# "(.*)"', last)
    assert promised
    assert re.sub(r"[0-9a-f]{16}", "FINGERPRINT", url) == re.sub(r"[0-9a-f]{16}", "FINGERPRINT", promised[1])


def test_the_configuration_of_the_readme_is_one(tmp_path: Path) -> None:
    write_files(tmp_path, {"static/a.css": "", "vendor/b.css": ""})
    (table,) = (tomllib.loads(block) for block in blocks("toml"))

    config = parse_config(table, tmp_path / "assetbuild.toml")

    assert [root.label for root in config.roots] == ["static/", "vendor/", "django.contrib.admin:static/"]
    assert config.compress == (("br", 11), ("gz", 12))


@pytest.mark.parametrize("page", ["configuration.md"])
def test_each_configuration_in_the_documentation_has_only_known_keys(page: str) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    found = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert found
    for block in found:
        # Where a key is shown in several ways, each of them has to be valid on its own.
        for choice in re.findall(r"^bundles = .*$", block, re.MULTILINE) or [""]:
            lines = [line for line in block.splitlines() if not line.startswith("bundles = ")]
            table = tomllib.loads("\n".join(lines) if "[bundles" in block else "\n".join([choice, *lines]))
            check = Checker(page)
            check.keys(table, "", _known_keys())
            assert check.errors == []


def _known_keys() -> tuple[str, ...]:
    from assetbuild import config

    return config._TOP_KEYS


def test_make_has_the_targets_that_the_readme_names() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"\bmake ([a-z-]+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
