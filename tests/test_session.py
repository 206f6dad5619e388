"""The pipeline in memory: whatever was edited in whatever order, the output is that of a build from nothing."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TypeVar

import pytest

from assetbuild.config import Config, load_config
from assetbuild.errors import AssetBuildError, BuildFailed, ReleaseError, UnresolvedReference
from assetbuild.executors import Serial
from assetbuild.history import History
from assetbuild.runtime.manifest import Manifest
from assetbuild.session import Built, Session

T = TypeVar("T")
R = TypeVar("R")

SITE = {
    "static/css/site.css": '@import "base.css";\nbody { background: url(../img/logo.svg); }\n',
    "static/css/base.css": "a { color: red; }\n",
    "static/css/alone.css": "b { color: blue; }\n",
    "static/js/app.js": 'import { a } from "./a.js";\nimport("./lazy.js");\nconsole.log(a);\n',
    "static/js/a.js": 'import "./b.js";\nexport const a = 1;\n',
    "static/js/b.js": 'import "./a.js";\nexport const b = 2;\n',
    "static/js/lazy.js": 'new URL("../img/logo.svg", import.meta.url);\n',
    "static/img/logo.svg": '<svg xmlns="http://www.w3.org/2000/svg"><title>1</title></svg>\n',
    "static/old/one.js": "var one = 1;\n",
    "static/old/two.js": "var two = 2;\n",
    "static/icon.png": "not really\n",
}
BUNDLES = 'bundles:\n  old:\n    output: js/old.js\n    contents: ["old/*.js"]\n    filters: jsmin\n'
CONFIG = 'bundles = "bundles.yaml"\nstable = ["icon.png"]\n'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return make_site(tmp_path / "site")


def make_site(directory: Path) -> Path:
    for name, content in {**SITE, "bundles.yaml": BUNDLES, "assetbuild.toml": CONFIG}.items():
        write(directory / name, content)
    return directory


def write(file: Path, content: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return file


def config_of(site: Path) -> Config:
    return load_config(site / "assetbuild.toml")


def session_of(site: Path, **options: object) -> Session:
    return Session(config_of(site), site / ".assetbuild", workers=Serial(), **options)  # type: ignore[arg-type]


def output(directory: Path) -> dict[str, bytes]:
    """The manifest and all files."""
    found = {str(file.relative_to(directory)): file for file in directory.rglob("*") if file.is_file()}
    return {name: file.read_bytes() for name, file in found.items()}


def clean(site: Path, tmp_path: Path) -> dict[str, bytes]:
    """The output of a session that has never seen anything else."""
    directory = tmp_path / "clean"
    shutil.rmtree(directory, ignore_errors=True)
    session = Session(config_of(site), directory, workers=Serial())
    session.build()
    return output(directory)


def edit(session: Session, site: Path, name: str, content: str) -> Built:
    return session.build([str(write(site / name, content))])


def test_the_first_build_makes_what_a_release_would_have_but_unminified(site: Path) -> None:
    built = session_of(site).build()
    manifest = Manifest.load(site / ".assetbuild/manifest.json")
    assert sorted(manifest) == sorted({*(name.removeprefix("static/") for name in SITE), "js/old.js"} - {
        "old/one.js", "old/two.js"
    })  # fmt: skip
    files = output(site / ".assetbuild" / "files")
    assert files.keys() == {manifest.entry(path).file for path in manifest} | {"icon.png"}
    assert files[manifest.entry("css/base.css").file] == SITE["static/css/base.css"].encode()
    assert f'"{Path(manifest.entry("css/base.css").file).name}"' in files[manifest.entry("css/site.css").file].decode()
    assert b"var one = 1;\n" in files[manifest.entry("js/old.js").file]
    assert (built.release, built.files, built.names) == (manifest.release, len(files), {})


def test_an_edit_renames_the_file_and_what_names_it_and_says_why(site: Path) -> None:
    session = session_of(site)
    session.build()
    before = Manifest.load(site / ".assetbuild/manifest.json")
    built = edit(session, site, "static/css/base.css", "a { color: green; }\n")
    after = Manifest.load(site / ".assetbuild/manifest.json")
    renamed = ["css/base.css", "css/site.css"]
    assert built.names == {before.entry(path).file: after.entry(path).file for path in renamed}
    assert built.reasons == {
        "css/base.css": "its content has changed",
        "css/site.css": "'css/base.css', which it names, is called otherwise now",
    }
    assert built.release == after.release != before.release
    assert (site / ".assetbuild/files" / after.entry("css/base.css").file).read_text() == "a { color: green; }\n"


@pytest.mark.parametrize("content", [None, SITE["static/css/base.css"]])
def test_a_save_that_changes_no_byte_changes_nothing(content: str | None, site: Path) -> None:
    session = session_of(site)
    release = session.build().release
    signature = (site / ".assetbuild/manifest.json").stat().st_ino
    files = [str(site / "static/css/base.css")] if content else None
    if content:
        write(site / "static/css/base.css", content)
    built = session.build(files)
    assert (built.release, built.names, built.reasons) == (release, {}, {})
    assert (site / ".assetbuild/manifest.json").stat().st_ino == signature


def test_a_bundle_follows_its_sources_and_its_globs(site: Path) -> None:
    session = session_of(site)
    session.build()
    assert [*edit(session, site, "static/old/two.js", "var two = 22;\n").reasons] == ["js/old.js"]
    built = edit(session, site, "static/old/three.js", "var three = 3;\n")
    assert built.reasons == {"js/old.js": "'old/three.js', which it is made of, is new"}
    text = site / ".assetbuild/files" / Manifest.load(site / ".assetbuild/manifest.json").entry("js/old.js").file
    assert "two = 22" in text.read_text()
    assert "three = 3" in text.read_text()


def test_another_definition_of_the_bundles_is_taken_at_once(site: Path, tmp_path: Path) -> None:
    session = session_of(site)
    session.build()
    file = write(site / "bundles.yaml", BUNDLES.replace("old/*.js", "old/two.js"))
    assert str(file) in session.files
    built = session.build([str(file)])
    assert "js/old.js" in built.reasons
    session.tidy(everything=True)
    assert output(site / ".assetbuild") == clean(site, tmp_path)


@pytest.mark.parametrize(
    "bundles", ["bundles: [", "bundles:\n  old:\n    output: js/old.js\n    contents: [gone.js]\n"]
)
def test_a_broken_definition_of_bundles_is_told_until_it_is_mended(bundles: str, site: Path) -> None:
    session = session_of(site)
    release = session.build().release
    file = write(site / "bundles.yaml", bundles)
    for files in ([str(file)], [str(site / "static/css/base.css")], None):
        with pytest.raises(AssetBuildError):
            session.build(files)
    assert Manifest.load(site / ".assetbuild/manifest.json").release == release
    write(file, BUNDLES)
    assert session.build([str(file)]).release == release


def test_a_failed_build_leaves_the_last_good_output_and_is_done_with_the_next(site: Path, tmp_path: Path) -> None:
    session = session_of(site)
    session.build()
    before = output(site / ".assetbuild")
    with pytest.raises(UnresolvedReference) as caught:
        edit(session, site, "static/css/base.css", "a { background: url(no.png); }\n")
    assert str(caught.value).splitlines()[0] == (
        "css/base.css:1:21: url(no.png) names 'css/no.png', which is in no source root"
    )
    assert {name: output(site / ".assetbuild")[name] for name in before} == before
    write(site / "static/css/base.css", "a { color: white; }\n")
    built = edit(session, site, "static/css/alone.css", "b { color: white; }\n")  # and nobody says of the other
    assert [*built.reasons] == ["css/alone.css", "css/base.css", "css/site.css"]
    session.tidy(everything=True)
    assert output(site / ".assetbuild") == clean(site, tmp_path)


def test_what_is_gone_is_told_by_its_released_name(site: Path, tmp_path: Path) -> None:
    session = session_of(site)
    session.build()
    name = Manifest.load(site / ".assetbuild/manifest.json").entry("css/alone.css").file
    (site / "static/css/alone.css").unlink()
    assert session.build([str(site / "static/css/alone.css")]).names == {name: None}
    session.tidy(everything=True)
    assert output(site / ".assetbuild") == clean(site, tmp_path)


def test_no_change_is_lost_when_another_source_cannot_be_looked_at(site: Path, tmp_path: Path) -> None:
    session = session_of(site)
    session.build()
    broken, other = site / "static/css/alone.css", write(site / "static/css/base.css", "a { color: white; }\n")
    broken.unlink()
    broken.symlink_to("nowhere")
    with pytest.raises(AssetBuildError):
        session.build([str(broken), str(other)])
    broken.unlink()
    write(broken, SITE["static/css/alone.css"])
    assert [*session.build([str(broken)]).reasons] == ["css/base.css", "css/site.css"]
    session.tidy(everything=True)
    assert output(site / ".assetbuild") == clean(site, tmp_path)


PYTHON_BUNDLES = """
from webassets import Bundle, Environment

def shout(_in, out):
    out.write(_in.read().replace("var", "let"))

environment = Environment()
environment.register("old", Bundle("old/*.js", filters=(shout,), output="js/old.js"))
"""


def test_bundles_of_python_code_follow_the_code_and_what_its_filters_read(site: Path, tmp_path: Path) -> None:
    code = write(site / "assets.py", PYTHON_BUNDLES)
    write(site / "assetbuild.toml", 'bundles = "assets:environment"\n')
    session = session_of(site)
    session.build()
    assert str(code) in session.files
    assert session.tracked.digests.keys() == session.tracked.sources.keys()
    assert [*edit(session, site, "static/old/two.js", "var two = 22;\n").reasons] == ["js/old.js"]
    assert [*edit(session, site, "assets.py", PYTHON_BUNDLES.replace("let", "var")).reasons] == ["js/old.js"]
    session.tidy(everything=True)
    assert output(site / ".assetbuild") == clean(site, tmp_path)


def test_what_failed_is_built_when_it_is_another_file_that_mends_it(site: Path, tmp_path: Path) -> None:
    session = session_of(site)
    session.build()
    with pytest.raises(UnresolvedReference):
        edit(session, site, "static/css/base.css", "a { background: url(../no.png); }\n")
    built = edit(session, site, "static/no.png", "there now\n")
    assert built.reasons["css/base.css"] == "its content has changed"
    session.tidy(everything=True)
    assert output(site / ".assetbuild") == clean(site, tmp_path)


def test_undoing_what_failed_is_a_success(site: Path) -> None:
    session = session_of(site)
    release = session.build().release
    with pytest.raises(BuildFailed):
        edit(session, site, "static/css/base.css", "a { background: url(1.png), url(2.png); }\n")
    assert edit(session, site, "static/css/base.css", SITE["static/css/base.css"]).release == release


def test_a_first_build_that_fails_leaves_nothing_and_tells_what_to_watch(site: Path) -> None:
    write(site / "static/css/base.css", "a { background: url(no.png); }\n")
    session = session_of(site)
    with pytest.raises(UnresolvedReference):
        session.build()
    assert not (site / ".assetbuild/manifest.json").exists()
    assert session.directories == [str(site / "static")]
    assert edit(session, site, "static/css/base.css", "a { color: red; }\n").files == len(SITE)


def test_a_root_that_has_gone_is_watched_all_the_same(site: Path) -> None:
    session = session_of(site)
    session.build()
    shutil.rmtree(site / "static")
    with pytest.raises(AssetBuildError):
        session.build()
    assert session.directories == [str(site / "static")]
    make_site(site)
    assert session.build().files == len(SITE)


def test_of_links_the_directories_and_files_that_they_lead_to_are_watched(site: Path) -> None:
    write(site / "shared/theme/dark.css", "i { color: black; }\n")
    write(site / "shared/one.css", "u { color: black; }\n")
    (site / "static/theme").symlink_to(site / "shared/theme")
    (site / "static/css/one.css").symlink_to(site / "shared/one.css")
    write(site / "assetbuild.toml", CONFIG + 'roots = [{path = "static", outside_links = true}]\n')
    session = session_of(site)
    session.build()
    assert session.directories == [str(site / "static"), str(site / "static/theme")]
    assert str(site / "shared/one.css") in session.files
    built = edit(session, site, "shared/one.css", "u { color: white; }\n")
    assert [*built.reasons] == ["css/one.css"]


def test_superseded_files_stay_until_they_are_tidied(site: Path) -> None:
    session = session_of(site)
    session.build()
    [old] = edit(session, site, "static/css/alone.css", "b { color: white; }\n").names
    session.tidy()
    assert (site / ".assetbuild/files" / old).exists()
    session.tidy(everything=True)
    assert not (site / ".assetbuild/files" / old).exists()


def test_they_go_when_their_time_has_come(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of(site)
    session.build()
    assert not session.directory.waits
    monkeypatch.setattr("assetbuild.development.GRACE", 0)
    [old] = edit(session, site, "static/css/alone.css", "b { color: white; }\n").names
    assert session.directory.waits
    session.tidy()
    assert not (site / ".assetbuild/files" / old).exists()
    assert not session.directory.waits


def test_a_file_that_is_as_it_was_is_not_tidied(site: Path) -> None:
    session = session_of(site)
    session.build()
    name = Manifest.load(site / ".assetbuild/manifest.json").entry("css/alone.css").file
    edit(session, site, "static/css/alone.css", "b { color: white; }\n")
    edit(session, site, "static/css/alone.css", SITE["static/css/alone.css"])
    session.tidy(everything=True)
    assert (site / ".assetbuild/files" / name).read_text() == SITE["static/css/alone.css"]


@pytest.mark.parametrize("name", [".assetbuild", ".assetbuild/files", ".assetbuild/manifest.json"])
def test_an_output_that_somebody_removed_is_made_again(name: str, site: Path, tmp_path: Path) -> None:
    session = session_of(site)
    session.build()
    (shutil.rmtree if (site / name).is_dir() else os.unlink)(site / name)
    session.build([])
    assert output(site / ".assetbuild") == clean(site, tmp_path)


def test_a_disk_that_says_no_is_an_error_with_a_fix(site: Path) -> None:
    write(site / ".assetbuild", "a file")
    with pytest.raises(ReleaseError) as caught:
        session_of(site).build()
    assert str(caught.value).splitlines() == [
        f"{site}/.assetbuild: the development output could not be written: not a directory",
        f"  file: {site}/.assetbuild/files",
        "  fix: free some space, or choose another place with --dir",
    ]


def later(site: Path) -> None:
    """All that is there was written long ago, as far as signatures tell."""
    for file in [site, *site.rglob("*")]:
        os.utime(file, (1, 1), follow_symlinks=False)
    time.sleep(2.1)  # nothing turns back the time at which the system says that a file was changed


def with_history(site: Path) -> Session:
    return session_of(site, history=History(site.parent / "cache", "a version", str(site)))


def leave_history(site: Path) -> None:
    """A session has built and ended; what it built from is old enough to be told from what is saved next."""
    first = with_history(site)
    first.build()
    later(site)
    first.build()
    first.close()


def test_a_session_goes_on_from_what_the_one_before_has_left(site: Path, tmp_path: Path) -> None:
    leave_history(site)
    write(site / "static/css/base.css", "a { color: white; }\n")
    write(site / ".assetbuild/files/css/left.0123456789abcdef.css", "")
    second = with_history(site)
    built = second.build()
    assert [*built.reasons] == ["css/base.css", "css/site.css"]
    assert "css/alone.css" not in second.compiled
    while second.prepare():
        pass
    assert "css/alone.css" in second.compiled
    second.tidy(everything=True)
    assert output(site / ".assetbuild") == clean(site, tmp_path)


def spoil_files(site: Path) -> None:
    next((site / ".assetbuild/files/css").iterdir()).unlink()


def spoil_manifest(site: Path) -> None:
    (site / ".assetbuild/manifest.json").unlink()


def spoil_other_manifest(site: Path) -> None:
    file = site / ".assetbuild/manifest.json"
    write(file, file.read_text().replace("css/site", "css/sute"))


def spoil_stable(site: Path) -> None:
    (site / ".assetbuild/files/icon.png").unlink()


def spoil_option(site: Path) -> None:
    write(site / "assetbuild.toml", CONFIG + 'exclude = ["*.png"]\nstandalone = ["old/one.js"]\n')


def spoil_roots(site: Path) -> None:
    (site / "static/css/alone.css").rename(site / "static/css/renamed.css")


def spoil_source(site: Path) -> None:
    (site / "static/css/alone.css").unlink()


def spoil_cache(site: Path) -> None:
    for file in (site.parent / "cache/builds").iterdir():
        file.write_bytes(file.read_bytes()[:-7])


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_manifest,
        spoil_other_manifest,
        spoil_files,
        spoil_stable,
        spoil_option,
        spoil_roots,
        spoil_source,
        spoil_cache,
    ],
)
def test_what_does_not_fit_any_more_is_done_anew(spoil: Callable[[Path], None], site: Path, tmp_path: Path) -> None:
    leave_history(site)
    spoil(site)
    second = with_history(site)
    second.build()
    second.tidy(everything=True)
    assert output(site / ".assetbuild") == clean(site, tmp_path)


def test_another_configuration_counts_in_a_session_that_goes_on_from_another(site: Path, tmp_path: Path) -> None:
    leave_history(site)
    second = with_history(site)
    assert second.build().reasons == {}
    write(site / "assetbuild.toml", CONFIG + 'exclude = ["js/**"]\n')
    second.reload(config_of(site))
    second.build()
    second.tidy(everything=True)
    assert output(site / ".assetbuild") == clean(site, tmp_path)


def test_what_failed_last_is_not_forgotten_by_the_next_session(site: Path) -> None:
    first = with_history(site)
    first.build()
    file = write(site / "bundles.yaml", "bundles: [")
    with pytest.raises(AssetBuildError):
        first.build([str(file)])
    later(site)
    first.close()
    with pytest.raises(AssetBuildError):
        with_history(site).build()


class Meddling(Serial):
    """Somebody saves a file when the first of several has been compiled."""

    def __init__(self, file: Path, content: str) -> None:
        self.file, self.content = file, content

    def map(self, work: Callable[[T], R], items: Iterable[T], /) -> Generator[R, None, None]:
        for item in items:
            yield work(item)
            if self.content:
                write(self.file, self.content)
                self.content = ""


def test_a_source_that_is_saved_while_it_is_built_is_the_same_in_all_that_is_made_of_it(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assetbuild.compiled.FEW", 0)
    more = '  more:\n    output: js/more.js\n    contents: ["old/*.js"]\n'
    write(site / "bundles.yaml", BUNDLES + more)
    session = session_of(site)
    session.build()
    file = write(site / "static/old/one.js", "var one = 11;\n")
    session.compiled.workers = Meddling(file, "var one = 111;\n")
    session.build([str(file)])
    session.build([str(file)])
    session.tidy(everything=True)
    assert output(site / ".assetbuild") == clean(site, tmp_path)


def test_a_link_that_leads_nowhere_is_told_at_once(site: Path) -> None:
    session = session_of(site)
    session.build()
    link, target = site / "static/new.css", site / "static/css/target.css"
    link.symlink_to(target)
    with pytest.raises(AssetBuildError):
        session.build([str(link)])
    write(target, "u { color: black; }\n")
    assert [*session.build([str(target)]).reasons] == ["css/target.css", "new.css"]


def test_leftovers_of_a_session_that_was_killed_go_with_the_first_build(site: Path, tmp_path: Path) -> None:
    session_of(site).build()
    write(site / ".assetbuild/files/css/left.0123456789abcdef.css", "")
    write(site / ".assetbuild/new.4711", "half")
    session_of(site).build()
    assert output(site / ".assetbuild") == clean(site, tmp_path)


def test_another_configuration_is_built_from_the_next_build_on(site: Path, tmp_path: Path) -> None:
    session = session_of(site)
    session.build()
    write(site / "assetbuild.toml", CONFIG + 'url_prefix = "/assets/"\nexclude = ["js/**"]\n')
    session.reload(config_of(site))
    session.build()
    session.tidy(everything=True)
    assert Manifest.load(site / ".assetbuild/manifest.json").url_prefix == "/assets/"
    assert output(site / ".assetbuild") == clean(site, tmp_path)


def test_with_minify_the_configured_minifiers_run(site: Path) -> None:
    write(site / "assetbuild.toml", CONFIG + '[minify]\ncss = ["rcssmin"]\n')
    session = session_of(site, minify=True)
    session.build()
    manifest = Manifest.load(site / ".assetbuild/manifest.json")
    read = lambda path: (site / ".assetbuild/files" / manifest.entry(path).file).read_text()  # noqa: E731
    assert read("css/base.css") == "a{color:red}"
    assert read("js/old.js") == "var one=1;var two=2;"


def random_step(site: Path, rng: random.Random) -> None:
    """Something that people do to files."""
    root = site / "static"
    files = sorted(file for file in root.rglob("*") if file.is_file())
    directories = sorted(file for file in root.rglob("*") if file.is_dir())
    match rng.randrange(8):
        case 0 | 1 | 2:
            file = rng.choice(files)
            comment = {".css": "/* %d */\n", ".js": "// %d\n", ".svg": "<!-- %d -->\n"}.get(file.suffix, "%d\n")
            file.write_text(file.read_text() + comment % rng.randrange(3))
        case 3:
            scratch = root / f"scratch{rng.randrange(9)}"
            scratch.write_text(rng.choice(files).read_text())
            os.replace(scratch, rng.choice(files))
        case 4:
            rng.choice(files).unlink()
        case 5:
            target = rng.choice([root, *directories]) / f"new{rng.randrange(9)}{rng.choice(['.css', '.js', '.png'])}"
            if not target.is_dir():
                os.replace(rng.choice(files), target)
        case 6:
            write(rng.choice([root, *directories]) / f"n{rng.randrange(9)}.css", f"p {{ top: {rng.randrange(9)}px }}")
        case 7 if directories:
            source, target = rng.choice(directories), root / f"moved{rng.randrange(5)}"
            if not target.exists():
                source.rename(target)


@pytest.mark.parametrize("seed", range(6))
def test_after_any_edits_in_any_order_the_output_is_that_of_a_build_from_nothing(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    site = make_site(tmp_path / "site")
    write(
        site / "assetbuild.toml",
        CONFIG.replace('bundles = "bundles.yaml"', "[references]\nmissing = 'ignore'") if seed % 2 else CONFIG,
    )
    if seed % 2:
        write(site / "assetbuild.toml", 'stable = ["icon.png"]\n[references]\nmissing = "ignore"\n')
    session = session_of(site)
    session.build()
    failed = 0
    for _ in range(60):
        before = snapshot(site)
        for _ in range(rng.choice([1, 1, 1, 5])):
            if [*(site / "static").rglob("*.*")]:
                random_step(site, rng)
        after = snapshot(site)
        touched = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
        try:
            session.build(touched if rng.randrange(9) else None)
        except AssetBuildError:
            failed += 1
            with pytest.raises(AssetBuildError):
                clean(site, tmp_path)
            continue
        session.tidy(everything=True)
        assert output(site / ".assetbuild") == clean(site, tmp_path)
    assert (failed > 0) == (seed % 2 == 0)


def snapshot(site: Path) -> dict[str, tuple[float, int]]:
    statuses = {str(file): file.stat() for file in (site / "static").rglob("*") if file.is_file()}
    return {name: (status.st_mtime_ns, status.st_ino) for name, status in statuses.items()}


def test_the_development_output_of_import_maps_is_that_of_a_build_from_nothing(site: Path, tmp_path: Path) -> None:
    write(site / "assetbuild.toml", CONFIG + '[javascript]\nmodules = "importmap"\n')
    session = session_of(site)
    session.build()
    built = edit(session, site, "static/js/b.js", 'import "./a.js";\nexport const b = 3;\n')
    assert [*built.reasons] == ["js/b.js"]
    session.tidy(everything=True)
    assert output(site / ".assetbuild") == clean(site, tmp_path)


def test_a_source_map_follows_its_script(site: Path, tmp_path: Path) -> None:
    source_map = '{"version":3,"sources":["x.ts"],"names":[],"mappings":"AAAA"}'
    write(site / "static/js/x.js.map", source_map)
    write(site / "static/js/x.js", 'import "./a.js";\n//# sourceMappingURL=x.js.map\n')
    session = session_of(site)
    session.build()
    edit(session, site, "static/js/x.js", '/**/ import "./a.js";\n//# sourceMappingURL=x.js.map\n')
    edit(session, site, "static/js/x.js.map", source_map.replace("x.ts", "y.ts"))
    session.tidy(everything=True)
    assert output(site / ".assetbuild") == clean(site, tmp_path)


def test_a_large_file_is_copied_without_being_held(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assetbuild.development.LARGE", 4)
    session = session_of(site)
    session.build()
    manifest = Manifest.load(site / ".assetbuild/manifest.json")
    assert (site / ".assetbuild/files" / manifest.entry("icon.png").file).read_text() == SITE["static/icon.png"]
    edit(session, site, "static/icon.png", "another\n")
    assert (site / ".assetbuild/files/icon.png").read_text() == "another\n"


def test_each_new_file_of_a_stable_name_is_later_than_the_one_before(site: Path) -> None:
    session = session_of(site)
    session.build()
    times = []
    for number in range(3):
        times.append(int((site / ".assetbuild/files/icon.png").stat().st_mtime))
        edit(session, site, "static/icon.png", f"{number}\n")
    assert times == sorted({*times})
