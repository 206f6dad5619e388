from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

import assetbuild
from assetbuild import engine as module
from assetbuild.config import parse_config
from assetbuild.engine import Engine, engine
from tests.conftest import write_files

PACKAGE = Path(assetbuild.__file__).parent
# In which distribution each package is; this project's metadata names them, and tests may need no other.
PACKAGES = {
    "tree_sitter": "tree-sitter",
    "tree_sitter_javascript": "tree-sitter-javascript",
    "webassets": "webassets",
    "jsmin": "jsmin",
    "rjsmin": "rjsmin",
    "cssmin": "cssmin",
    "rcssmin": "rcssmin",
    "brotli": "brotli",
    "deflate": "deflate",
    "backports.zstd": "backports.zstd",
}


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory in which packages are found first."""
    (tmp_path / "first").mkdir()
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(tmp_path / "first"))
        yield tmp_path / "first"
    forget()


def forget() -> None:
    """In one process nothing is looked up twice."""
    for name in ("_file", "_version", "_distributions", "_own_code", "_own_files"):
        getattr(module, name).cache_clear()


def engine_for(tmp_path: Path, **table: object) -> Engine:
    (tmp_path / "static").mkdir(exist_ok=True)
    forget()
    return engine(parse_config(table, tmp_path / "assetbuild.toml"))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_named_by_the_version_of_its_distribution(package: str) -> None:
    forget()
    if module._file(package) is None and sys.version_info >= (3, 14):
        pytest.skip(f"{package} is in the standard library")

    assert module._version(package) == metadata.version(PACKAGES[package])


def test_a_package_without_a_version_of_its_own_is_named_by_its_code(first: Path) -> None:
    write_files(first, {"kit/__init__.py": "one", "other-1.0.dist-info/METADATA": "", "plain.py": "two"})

    for package, code in (("kit", b"one"), ("plain", b"two")):
        assert module._version(package) == hashlib.sha256(code).hexdigest()


@pytest.mark.parametrize("name", ["Kit_Two-1.5.dist-info", "kit.two-1.5.egg-info", "kit-two-1.5.dist-info"])
def test_names_of_distributions_are_compared_as_pip_does(first: Path, name: str) -> None:
    name = name.replace("kit-two-", "kit_two-")
    write_files(first, {"kit_two/__init__.py": "", f"{name}/x": "", "kit_twofold-9.dist-info/x": ""})

    assert module._version("kit_two") == "1.5"


def test_a_package_that_is_not_there_is_missing(first: Path) -> None:
    (first / "namespace").mkdir()

    assert [module._version(name) for name in ("no_such_package", "no.such", "namespace")] == ["missing"] * 3


def test_nothing_that_it_names_is_imported(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "assetbuild.toml").write_text(
        '[minify]\njs = ["jsmin", "rjsmin"]\ncss = ["cssmin", "lightningcss"]\n[bundles]\n[compress]\nzst = true\n'
    )
    program = (
        "import sys; from pathlib import Path; from assetbuild.config import load_config;"
        "from assetbuild.engine import engine; engine(load_config(Path('assetbuild.toml')));"
        f"print([name for name in {[*PACKAGES, 'yaml', 'lightningcss']} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_encoders_are_named_apart(tmp_path: Path) -> None:
    """What is compiled does not change with them."""
    both = engine_for(tmp_path, compress={"br": 11, "gz": 12})
    one = engine_for(tmp_path, compress={"br": False, "gz": 12})

    assert both.encoders == {"br": metadata.version("brotli"), "gz": metadata.version("deflate")}
    assert one.encoders == {"gz": metadata.version("deflate")}
    assert one.key == both.key
    assert {Path(file).name for file in {*both.files} - {*one.files}} == {Path(str(module._file("brotli"))).name}


@pytest.mark.parametrize(
    ("package", "table"),
    [
        ("rjsmin", {}),
        ("rcssmin", {}),
        ("tree_sitter", {}),
        ("tree_sitter_javascript", {}),
        ("jsmin", {"minify": {"js": ["rjsmin", "jsmin"]}}),
        ("cssmin", {"minify": {"overrides": {"a/*": {"css": ["cssmin"]}}}}),
        ("webassets", {"bundles": {"a.css": {"contents": ["b.css"]}}}),
        ("yaml", {"bundles": "bundles.yaml"}),
    ],
)
def test_another_version_of_a_tool_is_another_engine(
    tmp_path: Path, first: Path, package: str, table: dict[str, object]
) -> None:
    before = engine_for(tmp_path, **table)

    write_files(first, {f"{package}.py": "", f"{package}-99.0.dist-info/METADATA": ""})
    after = engine_for(tmp_path, **table)
    (first / f"{package}-99.0.dist-info").rename(first / f"{package}-99.1.dist-info")
    later = engine_for(tmp_path, **table)

    assert len({before.key, after.key, later.key}) == 3
    assert {*after.files} - {*before.files} == {str(first / f"{package}.py")}


def test_a_tool_that_is_not_used_has_no_say(tmp_path: Path, first: Path) -> None:
    before = engine_for(tmp_path)

    write_files(first, {"jsmin.py": "", "cssmin.py": "", "webassets.py": "", "lightningcss.py": ""})

    assert engine_for(tmp_path) == before


def test_its_own_code_is_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = engine_for(tmp_path)
    assert {file for file in before.files if file.startswith(f"{PACKAGE}/")} == {*map(str, PACKAGE.rglob("*.py"))}
    copy = tmp_path / "copy"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(module, "__file__", str(copy / "engine.py"))
    assert engine_for(tmp_path).key == before.key

    (copy / "references/css.py").write_bytes((PACKAGE / "references/css.py").read_bytes() + b"\n")

    assert engine_for(tmp_path).key != before.key
    forget()


def esbuild(directory: Path, version: str) -> Path:
    file = directory / "esbuild"
    write_files(directory, {"esbuild": f"#!/bin/sh\necho {version}\n"})
    file.chmod(0o755)
    return file


def test_of_a_program_each_place_is_watched_where_it_would_be_found_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = esbuild(tmp_path / "bin", "0.1.0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'empty'}:{tmp_path / 'bin'}:{tmp_path / 'later'}")

    made = engine_for(tmp_path, minify={"js": ["esbuild"]})

    places = [str(directory / "node_modules/.bin/esbuild") for directory in (tmp_path, *tmp_path.parents)]
    assert made.absent == (*places, str(tmp_path / "empty/esbuild"))
    assert str(found) in made.files
    assert engine_for(tmp_path).absent == ()


def test_another_version_of_a_program_is_another_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = set()
    for version in ("0.1.0", "0.2.0"):
        place = tmp_path / version
        esbuild(place, version)
        monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")
        keys.add(engine_for(tmp_path, minify={"css": ["esbuild"]}).key)
        keys.add(engine_for(tmp_path, minify={"css": ["esbuild"], "esbuild": f"{version}/esbuild"}).key)

    assert len(keys) == 2


def test_a_program_that_is_missing_is_no_error_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be no file for it."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    made = engine_for(tmp_path, minify={"js": ["esbuild"], "css": []})

    assert made.absent[-1] == str(tmp_path / "bin/esbuild")
    assert not [file for file in made.files if file.endswith("esbuild")]


@pytest.mark.parametrize("tool", ["jsmin", "rjsmin", "cssmin", "rcssmin"])
def test_another_version_of_a_minifier_that_bundles_may_name_is_another_engine(
    tmp_path: Path, first: Path, tool: str
) -> None:
    """[minify] names none, but a bundle's filter does."""
    table = {"minify": {"js": [], "css": []}, "bundles": {"a.js": {"contents": ["b.js"], "filters": ["jsmin"]}}}
    before = engine_for(tmp_path, **table)
    write_files(first, {f"{tool}.py": "", f"{tool}-9.9.9.dist-info/METADATA": ""})
    after = engine_for(tmp_path, **table)

    assert after.key != before.key
    assert str(first / f"{tool}.py") in after.files
