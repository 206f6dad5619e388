"""`build --check`: what is decided by anything but sources, tools and options is found out."""

from __future__ import annotations

from pathlib import Path

import pytest

from assetbuild.build import build
from assetbuild.compare import UNEXPLAINED
from assetbuild.config import load_config
from assetbuild.errors import AssetBuildError
from assetbuild.twice import check

CODE = """
import locale, os, random, tempfile, time
from webassets import Bundle, Environment

def stamp(_in, out):
    umask = os.umask(0)
    os.umask(umask)
    out.write("/*! " + str(EXPRESSION) + " */" + _in.read())

environment = Environment()
environment.register("all", Bundle("a.css", filters=(stamp,), output="all.css"))
"""


def make(site: Path, expression: str) -> Path:
    (site / "static").mkdir(parents=True)
    (site / "static/a.css").write_text("a { color: red; }\n")
    (site / "static/b.css").write_text("b { color: red; }\n")
    (site / "assets.py").write_text(CODE.replace("EXPRESSION", expression))
    (site / "assetbuild.toml").write_text('bundles = "assets:environment"\n')
    return site / "assetbuild.toml"


def told(file: Path) -> list[str]:
    release = build(load_config(file)).dir
    return [str(one) for one in check(release, file, minify=True, compress=True)]


def test_a_release_that_sources_tools_and_options_decide_is_the_same_again(tmp_path: Path) -> None:
    assert told(make(tmp_path, "42")) == []


@pytest.mark.parametrize(
    "expression",
    [
        "time.time_ns()",
        "random.random()",
        "hash('a string')",
        "{*map(str, range(99))}",
        "time.tzname",
        "os.getcwd()",
        "tempfile.gettempdir()",
        "umask",
        "locale.setlocale(locale.LC_ALL, '')",
    ],
)
def test_a_filter_that_looks_at_its_circumstances_is_found_out(expression: str, tmp_path: Path) -> None:
    [problem] = told(make(tmp_path, expression))
    assert problem.splitlines() == [
        "'all.css' has other bytes when it is built again in other circumstances",
        f"  why: {UNEXPLAINED}",
        "  fix: look for a filter or plugin that uses the time, a random number, a path, or an order that may change",
    ]


def test_the_options_of_the_build_hold_for_the_second_as_well(tmp_path: Path) -> None:
    file = make(tmp_path, "42")
    config = load_config(file)
    release = build(config, minify=False).dir
    assert check(release, file, minify=False, compress=True) == []
    assert [str(one).split()[0] for one in check(release, file, minify=True, compress=True)] == ["'all.css'", "'b.css'"]


def test_compressed_files_are_compared_too(tmp_path: Path) -> None:
    file = make(tmp_path, "42")
    (tmp_path / "static/long.css").write_text("a { color: red; }\n" * 99)
    release = build(load_config(file)).dir
    [name] = [each.name for each in (release / "files").glob("long.*.css.br")]
    sums = release / "SHA256SUMS"
    lines = [f"{'0' * 64}{line[64:]}" if line.endswith(".css.br") else line for line in sums.read_text().splitlines()]
    sums.chmod(0o644)
    sums.write_text("\n".join(lines) + "\n")
    [problem] = check(release, file, minify=True, compress=True)
    assert str(problem) == f"'files/{name}' has other bytes when it is built again in other circumstances"


def test_a_second_build_that_fails_is_an_error_with_its_words(tmp_path: Path) -> None:
    file = make(tmp_path, "42 if os.environ.get('LC_ALL') != 'C' else {}['no']")
    release = build(load_config(file)).dir
    with pytest.raises(AssetBuildError) as caught:
        check(release, file, minify=True, compress=True)
    lines = str(caught.value).splitlines()
    assert lines[0] == "built again in other circumstances, it fails"
    assert lines[1] == "  all.css: bundle 'all': filter 'stamp' failed: KeyError: 'no'"
