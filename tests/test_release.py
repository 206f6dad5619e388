from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from assetbuild.build import build
from assetbuild.errors import ConfigError, OutputConflict, ReleaseError
from assetbuild.executors import Threads
from assetbuild.files import CONSTANT_TIME
from assetbuild.history import History
from assetbuild.model import Release
from assetbuild.runtime.manifest import Manifest
from assetbuild.verify import verify
from assetbuild.write import tier
from tests.conftest import Site, write_files

CSS = "body { background: url(../img/dot.svg) }\n"
SITE = {
    "css/site.css": CSS,
    "css/more.css": '@import "site.css";\n',
    "js/app.js": 'import "./lib.js";\nimport("./lazy.js");\n',
    "js/lib.js": "export {};\n",
    "js/lazy.js": "export {};\n",
    "img/dot.svg": "<svg/>\n" * 100,
    "img/photo.png": os.urandom(5000),
}


def tree(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def snapshot(directory: Path) -> dict[str, tuple[int, int, int]]:
    """Everything that a write would change."""
    found = {}
    for path in [directory, *sorted(directory.rglob("*"))]:
        status = path.lstat()
        found[str(path)] = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    return found


def manifest(release: Release) -> dict[str, dict[str, object]]:
    return json.loads((release.dir / "manifest.json").read_bytes())["assets"]  # type: ignore[no-any-return]


def test_sha256sum_verifies_the_release(site: Site) -> None:
    release = build(site(SITE, compress={"br": 5, "gz": 6}))

    result = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=release.dir, capture_output=True, text=True)

    assert result.returncode == 0, result.stderr
    listed = {line[66:] for line in (release.dir / "SHA256SUMS").read_text().splitlines()}
    assert listed == tree(release.dir).keys() - {"SHA256SUMS"}


def test_a_fingerprint_outside_a_cycle_is_the_start_of_the_files_sha256(site: Site) -> None:
    release = build(site(SITE))

    for path, entry in manifest(release).items():
        name = str(entry["file"])
        digest = hashlib.sha256((release.dir / "files" / name).read_bytes()).hexdigest()
        stem, _, extension = path.rpartition(".")
        assert name == f"{stem}.{digest[:16]}.{extension}"


def test_the_manifest_says_integrity_size_and_imports(site: Site) -> None:
    release = build(site(SITE))

    entry = manifest(release)["js/app.js"]
    content = (release.dir / "files" / str(entry["file"])).read_bytes()
    assert entry == {
        "file": entry["file"],
        "integrity": "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode(),
        "size": len(content),
        "imports": ["js/lib.js"],
        "dynamic": ["js/lazy.js"],
    }
    assert manifest(release)["css/more.css"]["imports"] == ["css/site.css"]
    assert "integrity" not in manifest(release)["img/photo.png"]


def test_the_runtime_reads_what_the_build_wrote(site: Site) -> None:
    release = build(site(SITE, url_prefix="/assets/"))

    urls = Manifest.load(release.dir / "manifest.json")

    assert urls.url("css/site.css") == "/assets/" + str(manifest(release)["css/site.css"]["file"])


def test_building_again_writes_nothing(site: Site) -> None:
    config = site(SITE, compress={"br": 5, "gz": 6})
    first = build(config)
    before = snapshot(config.output_dir)

    second = build(config)

    assert (second.id, second.dir, second.created) == (first.id, first.dir, False)
    assert snapshot(config.output_dir) == before


def test_a_change_leaves_the_old_release_and_moves_the_link(site: Site) -> None:
    config = site(SITE)
    first = build(config)
    before = snapshot(first.dir)

    site({"css/site.css": CSS + "p {}"})
    second = build(config)

    assert second.id != first.id
    assert os.readlink(config.output_dir / "current") == f"releases/{second.id}"
    assert snapshot(first.dir) == before
    site({"css/site.css": CSS})
    assert build(config).created is False
    assert os.readlink(config.output_dir / "current") == f"releases/{first.id}"


def test_a_changed_image_renames_the_css_that_names_it_and_nothing_else(site: Site) -> None:
    config = site(SITE)
    before = manifest(build(config))

    site({"img/dot.svg": "<svg id='new'/>"})
    after = manifest(build(config))

    changed = {path for path in before if before[path]["file"] != after[path]["file"]}
    assert changed == {"img/dot.svg", "css/site.css", "css/more.css"}


def test_files_are_read_only_directories_open_and_times_constant_whatever_the_umask(site: Site) -> None:
    config = site(SITE, compress={"br": 5, "gz": False}, stable=["img/**"])
    old = os.umask(0o077)
    try:
        release = build(config)
    finally:
        os.umask(old)

    for path in [release.dir, *release.dir.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o755 if path.is_dir() else 0o444), path
    named = {path for path in (release.dir / "files" / "img").iterdir() if path.name in ("dot.svg", "photo.png")}
    assert len(named) == 2
    for path in release.dir.rglob("*"):
        if path.is_file() and path.name.partition(".br")[0] not in ("dot.svg", "photo.png"):
            assert path.stat().st_mtime == CONSTANT_TIME, path
    times = {path.name: path.stat().st_mtime for path in named}
    site({"img/dot.svg": "<svg id='other'/>"})
    again = build(config)
    assert (again.dir / "files/img/dot.svg").stat().st_mtime != times["dot.svg"]
    assert (again.dir / "files/img/photo.png").stat().st_mtime == times["photo.png"]


def test_variants_are_kept_only_where_they_save_and_decode_to_the_same_bytes(site: Site) -> None:
    release = build(site({**SITE, "small.css": "a{}"}, compress={"br": 5, "gz": 6, "zst": 3}))

    suffixes = {path.name.rpartition(".")[2] for path in (release.dir / "files/img").iterdir() if "dot" in path.name}
    assert suffixes == {"svg", "br", "gz", "zst"}
    assert not [path for path in (release.dir / "files").rglob("photo*") if path.suffix != ".png"]
    assert not [path for path in (release.dir / "files").glob("small*") if path.suffix != ".css"]
    assert verify(release.dir) == []


@pytest.mark.parametrize("early", [True, False])
def test_a_release_that_was_made_has_the_contents_that_its_record_tells(site: Site, early: bool) -> None:
    config = site(SITE, compress={"br": 5, "gz": 6}, stable=["img/**"])
    if not early:
        (config.output_dir / "releases/other").mkdir(parents=True)
    release = build(config)
    told = [
        (name, entry["source_size"], entry["size"], entry["variants"].get("br", entry)["size"])
        for name, entry in release.record["files"].items()
    ]
    assert sorted(release.contents()) == told
    assert any(sent < size for _, _, size, sent in told)


def test_all_files_of_a_release_are_watched_even_if_another_build_has_made_it(site: Site, tmp_path: Path) -> None:
    config = site(SITE, compress={"br": 5, "gz": 6})
    for directory, theirs in (("ours", None), ("theirs", build(config))):

        def make_theirs(stage: str, done: int, total: int, theirs: Release | None = theirs) -> None:
            if theirs and stage == "write" and done == total:
                shutil.copytree(theirs.dir, tmp_path / "theirs/releases" / theirs.id)

        history = History(tmp_path / f"{directory}-cache", "key")
        mine = config._replace(output_dir=tmp_path / directory, compress=(("gz", 6),))
        release = build(mine, history=history, progress=make_theirs)
        stamp = History(tmp_path / f"{directory}-cache", "key").stamp
        assert stamp
        is_brotli = any(file.endswith(".br") for file in stamp.released.files)
        assert is_brotli == (directory == "theirs")
        assert {*stamp.released.files} == tree(release.dir).keys()


def test_a_release_that_lacks_wanted_variants_gets_them_and_keeps_its_id(site: Site) -> None:
    config = site(SITE)
    first = build(config)

    second = build(config._replace(compress=(("gz", 6),)))
    third = build(config._replace(compress=(("br", 5),)))

    assert (second.id, third.id, second.dir, third.dir) == (first.id, first.id, first.dir, first.dir)
    assert (second.created, third.created) == (True, True)
    assert {path.suffix for path in (first.dir / "files/img").glob("dot*")} == {".svg", ".gz", ".br"}
    assert verify(first.dir) == []
    assert build(config).created is False
    assert [path.name for path in first.dir.parent.iterdir()] == [first.id]


def test_a_damaged_release_is_made_whole(site: Site) -> None:
    config = site(SITE)
    release = build(config)
    next((release.dir / "files/css").iterdir()).unlink()

    assert build(config).created is True
    assert verify(release.dir) == []


def test_flat_puts_the_same_release_at_the_directory_itself(site: Site, tmp_path: Path) -> None:
    config = site(SITE)
    normal = build(config)
    target = tmp_path / "out" / "flat"

    flat = build(config, flat_dir=target)

    assert flat.dir == target
    assert tree(target) == tree(normal.dir)
    assert build(config, flat_dir=target).created is False
    site({"css/site.css": "b {}"})
    changed = build(config, flat_dir=target)
    assert changed.id != flat.id
    assert verify(target) == []
    assert [path.name for path in target.parent.iterdir()] == ["flat"]


def test_flat_refuses_a_directory_that_is_somebody_elses(site: Site, tmp_path: Path) -> None:
    config = site(SITE)
    write_files(tmp_path / "mine", {"thesis.txt": "years of work"})

    with pytest.raises(OutputConflict) as caught:
        build(config, flat_dir=tmp_path / "mine")

    assert str(caught.value) == (
        f"'{tmp_path}/mine' is neither a release nor an empty directory, so it is left alone\n"
        "  fix: name a new or an empty directory"
    )
    assert tree(tmp_path / "mine") == {"thesis.txt": b"years of work"}


def test_flat_inside_a_source_root_is_refused(site: Site) -> None:
    config = site(SITE)

    with pytest.raises(ConfigError) as caught:
        build(config, flat_dir=config.base_dir / "static" / "out")

    assert caught.value.what == "the output directory 'static/out' is inside the source root 'static/'"


@pytest.mark.parametrize("kind", ["file", "link"])
def test_flat_replaces_neither_a_file_nor_a_link(site: Site, tmp_path: Path, kind: str) -> None:
    target = tmp_path / "there"
    if kind == "file":
        target.write_text("mine")
    else:
        target.symlink_to(tmp_path)

    with pytest.raises(OutputConflict, match="is neither a release nor an empty directory, so it is left alone"):
        build(site(SITE), flat_dir=target)

    assert target.is_symlink() if kind == "link" else target.read_text() == "mine"


def test_a_file_or_directory_called_current_is_left_alone(site: Site) -> None:
    config = site(SITE)
    write_files(config.output_dir / "current", {"precious.txt": "mine"})

    with pytest.raises(OutputConflict) as caught:
        build(config)

    assert str(caught.value) == (
        "'dist/current' is not a link, and stands where the link to the release should go\n"
        "  fix: move it away; assetbuild does not remove what it has not made"
    )
    assert tree(config.output_dir / "current") == {"precious.txt": b"mine"}


def test_an_output_that_is_a_file_is_an_error(site: Site) -> None:
    config = site({**SITE, "/dist": "a file"})

    with pytest.raises(ReleaseError) as caught:
        build(config)

    assert str(caught.value).startswith("dist: the release could not be written: ")
    assert (config.base_dir / "dist").read_text() == "a file"


def test_stable_names_hold_the_same_bytes_and_are_marked(site: Site) -> None:
    release = build(site(SITE, stable=["css/*", "img/photo.png"]))

    entries = manifest(release)
    for path in ("css/site.css", "css/more.css", "img/photo.png"):
        fingerprinted = (release.dir / "files" / str(entries[path]["file"])).read_bytes()
        assert (release.dir / "files" / path).read_bytes() == fingerprinted
        assert entries[path]["stable"] is True
    assert "stable" not in entries["img/dot.svg"]
    assert not (release.dir / "files/img/dot.svg").exists()


def test_the_record_says_how_far_each_file_can_be_believed(site: Site) -> None:
    bundles = {
        "joined.css": {"contents": ["a.css"]},
        "alone.css": {"contents": ["b.css"]},
        "inlined.css": {"contents": ["a.css"], "filters": ["datauri", "rcssmin"]},
    }
    files = {"a.css": "a { color : red }", "b.css": "b{c:d}", "c.css": "c { d : e }"}
    release = build(site(files, bundles=bundles, standalone=["b.css"]))

    tiers = {entry["asset"]: entry["tier"] for entry in release.record["files"].values()}
    tools = {entry["asset"]: entry["tools"] for entry in release.record["files"].values()}
    assert tiers == {
        "alone.css": "source",
        "b.css": "source",
        "c.css": "verified",
        "inlined.css": "trusted",
        "joined.css": "verified",
    }
    assert tools["b.css"] == []
    assert [tool.split(" ")[0] for tool in tools["inlined.css"]] == ["webassets", "minify"]


@pytest.mark.parametrize(
    ("tools", "is_in"),
    [
        ((), "source"),
        (("webassets 3.0",), "source"),
        (("minify rjsmin 1.3.0",), "verified"),
        (("minify rcssmin 1.3.0",), "verified"),
        (("minify jsmin 3.0.1",), "verified"),
        (("webassets 3.0", "minify cssmin 0.2.0"), "verified"),
        (("minify esbuild 0.28.2",), "trusted"),
        (("minify lightningcss 0.3.2",), "trusted"),
        (("webassets 3.0: libsass",), "trusted"),
        (("webassets 3.0: rjsmin", "minify rjsmin 1.3.0"), "trusted"),  # nobody looked at what the filter made
    ],
)
def test_what_tools_made_is_verified_or_taken_on_trust(tools: tuple[str, ...], is_in: str) -> None:
    assert tier(tools) == is_in


def test_two_files_for_one_released_name_are_an_error(site: Site) -> None:
    digest = hashlib.sha256(b"a{}").hexdigest()[:16]
    config = site({"a.css": "a{}", f"a.{digest}.css": "b{}"}, stable=["a.*.css"])

    with pytest.raises(OutputConflict) as caught:
        build(config)

    assert str(caught.value) == (
        f"'a.{digest}.css' and 'a.css' would both be released as 'a.{digest}.css'\n  fix: rename one of them"
    )


def test_a_variant_never_overwrites_an_asset_of_that_name(site: Site) -> None:
    release = build(
        site({"a.svg": "<svg/>" * 100, "a.svg.gz": b"its own"}, stable=["**"], compress={"br": False, "gz": 6})
    )

    assert (release.dir / "files/a.svg.gz").read_bytes() == b"its own"
    assert verify(release.dir) == []


@pytest.mark.parametrize("circumstance", ["directory", "threads", "umask", "file order", "compression"])
def test_the_same_sources_give_the_same_release(site: Site, circumstance: str) -> None:
    one = site(SITE, "one", compress={"br": 5, "gz": False})
    first = build(one)
    files = list(SITE.items())
    if circumstance == "file order":
        random.shuffle(files)
    two = site(dict(files), "a somewhat/deeper directory", compress={"br": 5, "gz": False})
    if circumstance == "compression":
        two = two._replace(compress=())
    old = os.umask(0o077) if circumstance == "umask" else None
    try:
        second = build(two, executor=Threads(7) if circumstance == "threads" else None)
    finally:
        if old is not None:
            os.umask(old)

    assert second.id == first.id
    if circumstance != "compression":
        assert tree(second.dir) == tree(first.dir)


def test_a_failed_build_leaves_the_release_before(site: Site) -> None:
    config = site(SITE)
    build(config)
    before = snapshot(config.output_dir)
    site({"css/site.css": "a { background: url(gone.png) }"})

    with pytest.raises(Exception, match=r"gone\.png"):
        build(config)

    assert snapshot(config.output_dir) == before


def test_an_opaque_file_that_changes_meanwhile_is_noticed(site: Site) -> None:
    config = site(SITE)
    build(config)
    photo = config.base_dir / "static/img/photo.png"
    (config.base_dir / "static/new.txt").write_text("so that a release is written")

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "compile" and done == total:
            photo.write_bytes(b"other bytes")

    with pytest.raises(Exception, match="changed while it was being built") as caught:
        build(config, progress=progress)

    assert str(caught.value) == "img/photo.png: changed while it was being built\n  fix: build again"
    assert not list(config.output_dir.glob("releases/.*"))


def test_a_directory_that_was_made_for_a_file_that_is_left_out_serves_the_others(site: Site) -> None:
    script = 'import "../gone.js" ;\nvar   a = 1 ;\n//# sourceMappingURL=a.js.map\n'
    source_map = json.dumps({"version": 3, "sources": ["a.ts"], "names": [], "mappings": "AAAA"})

    files = {"deep/er/a.js": script, "deep/er/a.js.map": source_map}

    release = build(site(files, references={"missing": "ignore"}))

    assert verify(release.dir) == []
    assert [*Manifest.load(release.dir / "manifest.json")] == ["deep/er/a.js"]


@pytest.mark.parametrize("flat", [True, False])
def test_a_first_release_has_the_bytes_that_its_names_are_of_whatever_changes_meanwhile(site: Site, flat: bool) -> None:
    config = site(SITE)

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "compile" and done == total:
            for name in ("img/photo.png", "LICENSE"):
                (config.base_dir / "static" / name).write_bytes(b"other bytes")

    release = build(config, flat_dir=config.output_dir if flat else None, progress=progress)

    assert verify(release.dir) == []
    assert not list(config.output_dir.rglob(".staging*"))
