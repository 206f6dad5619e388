"""Packages that people really serve, built as they are: no false error, no broken file, no dangling reference.

The judges are not ours: esbuild parses and prints each file before and after and resolves imports, tinycss2 finds what
CSS names. Packages come from tests/support/packages.py; without npm or network these tests skip, and fail under CI.
"""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import re
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from assetbuild.build import build
from assetbuild.config import Config, parse_config
from assetbuild.model import Release, language_of
from assetbuild.references import css, javascript, sourcemap
from assetbuild.verify import verify
from tests.conftest import write_files
from tests.support import packages
from tests.support.judge import Judge, css_urls, custom_properties, mark, plain, unmarked
from tests.support.needs import need
from tests.support.packages import Package, Unavailable


@dataclass(frozen=True)
class Case:
    """A package as a site would hold it, below `prefix`, and the warnings that are right: a kind and its bound.

    `minified` is the least number of files that a minifier is to have made smaller.
    """

    name: str
    package: Package | None  # None: Django's admin, which is installed
    minified: int
    warnings: dict[str, int] = field(default_factory=dict)
    table: dict[str, Any] = field(default_factory=dict)


CASES = {
    case.name: case
    for case in (
        Case("admin", None, minified=80),
        Case("bootstrap", packages.BOOTSTRAP, minified=11),
        # rjsmin changes a template literal of the one file, and regular expressions of the two.
        Case(
            "three",
            packages.THREE,
            minified=1250,
            warnings={"as written": 1},
            table={"stable": ["three/examples/jsm/libs/**"]},
        ),
        Case("tinymce", packages.TINYMCE, minified=147, warnings={"as written": 2}, table={"stable": ["tinymce/**"]}),
        Case("fontawesome", packages.FONT_AWESOME, minified=17),
    )
}
KINDS = {
    "as written": re.compile(r"is released as it was written: no minifier leaves its meaning as it is"),
    "missing map": re.compile(r"names a source map that is missing, '[^']+'; the comment is left out"),
}


@dataclass(frozen=True)
class Built:
    case: Case
    config: Config
    release: Release
    manifest: dict[str, Any]

    @property
    def root_dir(self) -> Path:
        return self.config.roots[0].dir

    def source(self, path: str) -> bytes:
        return (self.root_dir / path[len(self.config.roots[0].prefix) :]).read_bytes()

    @cached_property
    def files_dir(self) -> Path:
        return self.release.dir / "files"

    @cached_property
    def files(self) -> set[str]:
        return {file.relative_to(self.files_dir).as_posix() for file in self.files_dir.rglob("*") if file.is_file()}

    @cached_property
    def released(self) -> dict[str, str]:
        """Logical path -> released file, of CSS and JS."""
        return {path: entry["file"] for path, entry in self.manifest["assets"].items() if language_of(path)}

    @cached_property
    def changed(self) -> dict[str, str]:
        """Those of them whose bytes are no longer the source's."""
        return {
            path: file
            for path, file in self.released.items()
            if (self.files_dir / file).read_bytes() != self.source(path)
        }

    @cached_property
    def minified(self) -> set[str]:
        return {entry["asset"] for entry in self.release.record["files"].values() if entry["tools"]}

    @cached_property
    def cyclic(self) -> set[str]:
        return {path for cycle in self.release.record["cycles"] for path in cycle}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Built]:
    """Each package is built once, when the first test asks for it; a failure is kept as well."""
    done: dict[str, Built | BaseException] = {}

    def get(name: str) -> Built:
        if name not in done:
            try:
                done[name] = _build(CASES[name], tmp_path_factory.mktemp(name))
            except (Exception, pytest.skip.Exception) as error:
                done[name] = error
        found = done[name]
        if isinstance(found, BaseException):
            raise found
        return found

    return get


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    return Judge(need(packages.esbuild), tmp_path)


def _build(case: Case, base_dir: Path) -> Built:
    root = {"package": "django.contrib.admin", "dir": "static"}
    if case.package:
        package = case.package
        root = {"path": str(need(lambda: packages.fetch(package))), "prefix": case.name}
    table = {"roots": [root], "compress": {"br": False, "gz": False}, **case.table}
    config = parse_config(table, base_dir / "assetbuild.toml")
    release = build(config)
    manifest = json.loads((release.dir / "manifest.json").read_bytes())
    return Built(case, config, release, manifest)


each_package = pytest.mark.parametrize("name", CASES)
pytestmark = pytest.mark.slow


@each_package
def test_a_real_package_builds_with_no_warning_but_the_known_kinds(built: Callable[[str], Built], name: str) -> None:
    site = built(name)
    found: Counter[str] = Counter()
    for warning in site.release.warnings:
        found[next((kind for kind, pattern in KINDS.items() if pattern.match(warning.what)), str(warning))] += 1
    unexpected = {kind: count for kind, count in found.items() if count > site.case.warnings.get(kind, 0)}
    assert unexpected == {}


@each_package
def test_minifiers_do_real_work_on_a_real_package(built: Callable[[str], Built], name: str) -> None:
    """The check of their output is not so strict that nothing passes."""
    assert len(built(name).minified) >= CASES[name].minified


@each_package
def test_what_is_no_css_or_js_is_released_bit_for_bit(built: Callable[[str], Built], name: str) -> None:
    site = built(name)
    changed = [
        path
        for path, entry in site.manifest["assets"].items()
        if path not in site.released and (site.files_dir / entry["file"]).read_bytes() != site.source(path)
    ]
    assert changed == []


@each_package
def test_nothing_but_stale_source_maps_is_left_out(built: Callable[[str], Built], name: str) -> None:
    site = built(name)
    prefix = site.config.roots[0].prefix
    there = {prefix + file.relative_to(site.root_dir).as_posix() for file in site.root_dir.rglob("*") if file.is_file()}
    left_out = there - site.manifest["assets"].keys()
    assert {path for path in left_out if not path.endswith(".map")} == set()
    assert {path.removesuffix(".map") for path in left_out} - site.minified == set()


@each_package
def test_each_file_that_parsed_parses_after_and_means_the_same(
    built: Callable[[str], Built], judge: Judge, name: str
) -> None:
    """esbuild prints source and released file without white space and comments: only URLs' spelling may differ."""
    site = built(name)
    prefix = site.config.roots[0].prefix
    printed = judge.print_all((path[len(prefix) :] for path in site.changed), site.root_dir)
    before = {prefix + path: text for path, text in printed.items()}
    after = judge.print_all(site.changed.values(), site.files_dir)
    assert [path for path in site.changed if path not in before] == []  # these packages are sound
    assert [path for path, file in site.changed.items() if file not in after] == []
    marks = {mark(path, entry["file"]).encode() for path, entry in site.manifest["assets"].items()}
    different = [
        path
        for path, file in site.changed.items()
        if plain(before[path], path, frozenset()) != plain(after[file], path, marks)
    ]
    assert different == []


@each_package
def test_each_reference_in_the_output_names_a_released_file(built: Callable[[str], Built], name: str) -> None:
    site = built(name)
    finders = {"css": css.find, "js": javascript.find}
    dangling, files = [], site.files | {None}
    for path, file in site.released.items():
        language = language_of(path)
        assert language
        content = (site.files_dir / file).read_bytes()
        source_map = sourcemap.find(content, language)
        found = [*finders[language](content), *([source_map] if source_map else [])]
        urls = [reference.specifier for reference in found]
        urls += _map_urls(content)
        dangling += [(file, url) for url in urls if _target(file, url) not in files]
    assert dangling == []


@each_package
def test_each_url_of_a_style_sheet_names_the_released_file_of_what_it_named_before(
    built: Callable[[str], Built], name: str
) -> None:
    """As tinycss2 sees the sources and the release."""
    site = built(name)
    logical = {entry["file"]: path for path, entry in site.manifest["assets"].items()}
    assert len(logical) == len(site.manifest["assets"])
    for path, file in site.released.items():
        if language_of(path) != "css":
            continue
        before = [_target(path, url) for url in css_urls(site.source(path).decode())]
        after = [_target(file, url) for url in css_urls((site.files_dir / file).read_bytes().decode())]
        assert [target and logical[target] for target in after] == before, path


@each_package
def test_custom_properties_keep_their_values(built: Callable[[str], Built], name: str) -> None:
    """Scripts read them as text, so white space inside a value is part of it."""
    site = built(name)
    marks = {mark(path, entry["file"]).encode() for path, entry in site.manifest["assets"].items()}
    for path, file in site.changed.items():
        if language_of(path) == "css":
            content = (site.files_dir / file).read_bytes()
            after = custom_properties(unmarked(content, marks).decode())
            assert after == custom_properties(site.source(path).decode()), path


@each_package
def test_esbuild_resolves_each_import_of_the_release_to_what_the_manifest_says(
    built: Callable[[str], Built], judge: Judge, name: str
) -> None:
    """A bundle of all modules fails if one specifier was left as it was; require() is for Node and is not ours."""
    site = built(name)
    scripts = {path: file for path, file in site.released.items() if file.endswith((".js", ".mjs"))}
    found = judge.imports(scripts.values(), site.files_dir)
    assets = site.manifest["assets"]
    stated = {
        file: {assets[target]["file"] for key in ("imports", "dynamic") for target in assets[path].get(key, [])}
        for path, file in scripts.items()
    }
    assert {file: found[file] for file in stated} == stated


@each_package
def test_each_fingerprint_outside_a_cycle_is_the_start_of_the_files_sha256(
    built: Callable[[str], Built], name: str
) -> None:
    site = built(name)
    wrong = [
        path
        for path, entry in site.manifest["assets"].items()
        if path not in site.cyclic
        and mark(path, entry["file"]) != hashlib.sha256((site.files_dir / entry["file"]).read_bytes()).hexdigest()[:16]
    ]
    assert wrong == []


@each_package
def test_a_release_of_a_real_package_verifies(built: Callable[[str], Built], name: str) -> None:
    assert verify(built(name).release.dir) == []


def test_each_url_that_three_makes_from_its_own_names_a_released_file(built: Callable[[str], Built]) -> None:
    site = built("three")
    pattern = re.compile(rb"""new URL\(\s*['"]([^'"]+)['"]\s*,\s*import\.meta\.url""")
    found = {
        _target(file, url.decode())
        for file in site.released.values()
        for url in pattern.findall((site.files_dir / file).read_bytes())
    }
    assert found - site.files == set()
    decoder = "three/examples/jsm/libs/draco/draco_decoder.wasm"
    assert {site.manifest["assets"][decoder]["file"], decoder} & found == {site.manifest["assets"][decoder]["file"]}


@pytest.mark.parametrize(("name", "inside"), [("tinymce", "tinymce/"), ("three", "three/examples/jsm/libs/")])
def test_each_stable_name_holds_the_bytes_of_its_released_file(
    built: Callable[[str], Built], name: str, inside: str
) -> None:
    site = built(name)
    stable = {path: entry["file"] for path, entry in site.manifest["assets"].items() if path.startswith(inside)}
    assert stable
    for path, file in stable.items():
        assert (site.files_dir / path).read_bytes() == (site.files_dir / file).read_bytes(), path
        assert site.manifest["assets"][path]["stable"] is True
    fingerprinted = {entry["file"] for entry in site.manifest["assets"].values()}
    assert site.files == fingerprinted | stable.keys()


def test_the_judge_tells_broken_files_from_sound_ones(judge: Judge, tmp_path: Path) -> None:
    write_files(
        tmp_path / "in",
        {
            "a.js": "let a  =  1 // one\n",
            "a.mjs": "let b = ;",
            "b.js": "let c = `",
            "a.css": "a { color : red /* c */ }",
            "b.css": "a { } }",
        },
    )
    judge = Judge(judge.binary, tmp_path / "out")
    judge.out_dir.mkdir()
    printed = judge.print_all(["a.js", "a.mjs", "b.js", "a.css", "b.css"], tmp_path / "in")
    assert printed == {"a.js": b"let a=1;\n", "a.css": b"a{color:red}\n"}


def test_the_judge_finds_imports_and_refuses_one_that_names_no_file(judge: Judge, tmp_path: Path) -> None:
    write_files(
        tmp_path / "in",
        {
            "a.js": 'import "./b/b.js"; import("./c.js"); import "bare"; require("./d.js")',
            "b/b.js": 'export * from "../c.js"',
            "c.js": "let c",
            "d.js": "",
            "e.js": 'import "./f.js"',
        },
    )
    judge = Judge(judge.binary, tmp_path / "out")
    judge.out_dir.mkdir()
    found = judge.imports(["a.js"], tmp_path / "in")
    assert found == {"a.js": {"b/b.js", "c.js"}, "b/b.js": {"c.js"}, "c.js": set(), "d.js": set()}
    with pytest.raises(AssertionError, match=r'Could not resolve "\./f\.js"'):
        judge.imports(["e.js"], tmp_path / "in")


def test_without_npm_a_package_is_unavailable_and_under_ci_that_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("ASSETBUILD_TEST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CI", "true")
    with pytest.raises((Unavailable, pytest.skip.Exception)) as caught:
        need(lambda: packages.fetch(packages.BOOTSTRAP))
    assert (caught.type, str(caught.value)) == (Unavailable, "npm is not installed")
    monkeypatch.setenv("CI", "false")
    with pytest.raises(pytest.skip.Exception):
        need(lambda: packages.fetch(packages.BOOTSTRAP))


def test_two_processes_that_fetch_at_once_both_get_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second finds the first one's directory in its way, once it has unpacked its own."""
    tarball, package = _tarball(tmp_path, tarfile.TarInfo("package/a.js"))
    monkeypatch.setenv("ASSETBUILD_TEST_CACHE", str(tmp_path / "cache"))

    def download_while_another_process_is_faster(package: Package, directory: Path) -> Path:
        write_files(tmp_path / "cache" / package.directory_name, {"a.js": "theirs"})
        return tarball

    monkeypatch.setattr(packages, "_download", download_while_another_process_is_faster)
    assert (packages.fetch(package) / "a.js").read_text() == "theirs"
    assert [file.name for file in (tmp_path / "cache").iterdir()] == [package.directory_name]


@pytest.mark.parametrize(
    "path", ["package/../out", "package/a/../../out", "/package/out", "package//out", "package/a\\b"]
)
def test_a_tarball_with_a_member_outside_the_package_is_refused(tmp_path: Path, path: str) -> None:
    tarball, package = _tarball(tmp_path, tarfile.TarInfo(path))
    with pytest.raises(ValueError) as caught:
        packages.unpack(tarball, package, tmp_path / "out")
    assert str(caught.value) == f"x@1 holds '{path}', which is left alone"
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [tarball]


def test_a_tarball_with_a_link_is_refused(tmp_path: Path) -> None:
    link = tarfile.TarInfo("package/link")
    link.type, link.linkname = tarfile.SYMTYPE, "../../out"
    tarball, package = _tarball(tmp_path, link)
    with pytest.raises(ValueError) as caught:
        packages.unpack(tarball, package, tmp_path / "out")
    assert str(caught.value) == "x@1 holds 'package/link', which is left alone"


def test_a_tarball_with_other_bytes_is_refused(tmp_path: Path) -> None:
    tarball, _ = _tarball(tmp_path, tarfile.TarInfo("package/a.js"))
    with pytest.raises(ValueError) as caught:
        packages.unpack(tarball, Package("x", "1", "00"), tmp_path / "out")
    digest = hashlib.sha256(tarball.read_bytes()).hexdigest()
    assert str(caught.value) == f"x@1 has the SHA-256 {digest}, not 00"


def test_only_the_wanted_folders_of_a_tarball_are_unpacked(tmp_path: Path) -> None:
    members = [tarfile.TarInfo(path) for path in ("package/a/1.js", "package/ab.js", "package/b/2.js")]
    tarball, package = _tarball(tmp_path, *members, keep=("a/",))
    packages.unpack(tarball, package, tmp_path / "out")
    assert [file.name for file in (tmp_path / "out").rglob("*") if file.is_file()] == ["1.js"]


def _tarball(directory: Path, *members: tarfile.TarInfo, keep: tuple[str, ...] = ("",)) -> tuple[Path, Package]:
    tarball = directory / "x.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO())
    return tarball, Package("x", "1", hashlib.sha256(tarball.read_bytes()).hexdigest(), keep)


def _target(holder: str, url: str) -> str | None:
    """The file that `url` in `holder` names, below the same directory; None for what is no file of the site."""
    parts = urlsplit(url)
    if parts.scheme or parts.netloc or not parts.path:
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(holder), unquote(parts.path)))


def _map_urls(content: bytes) -> Iterator[str]:
    last = content.rstrip().rpartition(b"\n")[2][-500:]
    match = re.search(rb"(?://|/\*)# sourceMappingURL=(\S+?)(?:\s*\*/)?$", last)
    if match:
        yield match[1].decode()
