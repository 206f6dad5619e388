"""The build that has nothing to do, and what it takes to know that: stamps, signatures, histories."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import assetbuild
from assetbuild import kept, signatures, stamp
from assetbuild.errors import Place, Problem
from assetbuild.history import Changes, History, packed_problem, unpacked_problem
from assetbuild.signatures import NONE, UNSETTLED
from assetbuild.stamp import Stamp, Watched
from tests.conftest import write_files
from tests.test_architecture import HEAVY
from tests.test_incremental import PLAIN, Project, sources_of, watched
from tests.test_release import snapshot

BUNDLE = '[bundles."all.css"]\ncontents = ["a.css"]\nfilters = ["rcssmin"]\n'
SITE = {
    "a.css": "a { b : c }",
    "b.css": "b { c : url(gone.png) }\n" + "i { order : 1 }\n" * 20,
    "d.js": "var   d = 1 ;",
    "e.png": "e" * 100,
}
WARN = '[references]\nmissing = "warn"\n'


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures, "TICK", 20_000_000)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "project", SITE, "[compress]\nbr = 1\ngz = 1\n" + WARN + BUNDLE)
    project.settle()
    return project


def standing(project: Project) -> bool:
    """Whether a build would have nothing to do."""
    return project.history("False", "True").standing() is not None


def present(file: str) -> signatures.Signature:
    return signatures.of(os.stat(file))


def test_a_build_with_nothing_to_do_says_so_and_does_nothing(project: Project) -> None:
    first = watched(project)
    assert sources_of(project, first.opened) == {*SITE}
    before = snapshot(project.base)

    second = watched(project)

    release = os.readlink(project.base / "dist/current").partition("/")[2]
    assert second.output == (
        f"release {release}: 4 files, already built; nothing was written\n{project.base}/dist/releases/{release}"
    )
    assert snapshot(project.base) == before
    assert sources_of(project, second.opened) == set()
    assert {path for path in second.opened if path.startswith(str(project.base))} == {
        str(file) for file in (project.cache / "builds").glob("*.stamp")
    }
    assert {name for name in second.loaded if name.partition(".")[0] in HEAVY} == set()
    unwanted = {"sqlite3", "assetbuild.build", "assetbuild.config", "assetbuild.store", "assetbuild.engine"}
    assert second.loaded & unwanted == set()
    assert first.loaded >= {*unwanted, "webassets", "brotli", "tree_sitter"}


def test_it_tells_what_the_build_before_told(project: Project) -> None:
    first = project.build()

    second = project.build()

    assert standing(project)
    assert [warning.what for warning in second.warnings] == [
        "url(gone.png) names 'gone.png', which is in no source root"
    ]
    assert (second.id, second.dir, second.files, second.size, second.warnings) == (
        (first.id, first.dir, first.files, first.size, first.warnings)
    )
    assert (second.created, second.built, dict(second.reasons)) == (False, 0, {})


def edit_a_source(project: Project) -> None:
    project.write({"e.png": "other"})


def add_a_source(project: Project) -> None:
    project.write({"new.png": ""})


def remove_a_source(project: Project) -> None:
    (project.static / "e.png").unlink()


def edit_the_configuration(project: Project) -> None:
    file = project.base / "assetbuild.toml"
    file.write_text(file.read_text() + "# a comment\n")


def lose_a_released_file(project: Project) -> None:
    next((project.base / "dist/current/files").glob("e.*")).unlink()


def point_elsewhere(project: Project) -> None:
    link = project.base / "dist/current"
    link.unlink()
    link.symlink_to("releases/other")


def lose_the_link(project: Project) -> None:
    (project.base / "dist/current").unlink()


def lose_all(project: Project) -> None:
    shutil.rmtree(project.base / "dist")


@pytest.mark.parametrize(
    "change",
    [
        edit_a_source,
        add_a_source,
        remove_a_source,
        edit_the_configuration,
        lose_a_released_file,
        point_elsewhere,
        lose_the_link,
        lose_all,
    ],
)
def test_after_any_change_there_is_something_to_do(project: Project, change: Callable[[Project], None]) -> None:
    project.build()
    assert standing(project)

    change(project)

    assert not standing(project)
    project.settle()
    project.same()
    assert standing(project)


@pytest.mark.parametrize("variable", ["PATH", "sys.path", "sys.prefix"])
def test_where_other_tools_may_be_found_there_is_something_to_do(
    project: Project, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    project.build()

    if variable == "PATH":
        monkeypatch.setenv("PATH", f"{project.base}:{os.environ['PATH']}")
    else:
        new: object = [*sys.path, str(project.base)] if variable == "sys.path" else str(project.base)
        monkeypatch.setattr(sys, variable.partition(".")[2], new)

    assert not standing(project)


def test_a_package_that_is_found_elsewhere_now_is_noticed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an import, what stands beside the configuration goes first."""
    monkeypatch.syspath_prepend(str(project.base / "lib"))
    project.write({"/lib/kit/__init__.py": "", "/lib/kit/static/a.png": "old"})
    project.write({"/assetbuild.toml": 'roots = [{package = "kit"}]\n' + PLAIN})
    project.settle()
    project.same()

    project.write({"/kit/__init__.py": "", "/kit/static/a.png": "new"})

    assert b"new" in next((project.same().dir / "files").glob("a.*")).read_bytes()


ENVIRONMENT = """
from pathlib import Path
from webassets import Bundle, Environment

env = Environment()
names = (Path(__file__).parent / "names.txt").read_text().split()
env.register("all", Bundle(*names, output="all.css", filters="rcssmin"))
"""


def test_bundles_of_python_code_are_built_every_time(project: Project) -> None:
    """What it reads is not known, here a list of names."""
    project.write({"/assets.py": ENVIRONMENT, "/names.txt": "a.css", "c.css": "c { d : e }"})
    project.write({"/assetbuild.toml": 'bundles = "assets:env"\nstandalone = ["a.css", "c.css"]\n' + PLAIN + WARN})
    project.settle()
    project.same()
    assert not standing(project)
    project.same()

    project.write({"/names.txt": "a.css c.css"})

    assert b"d:e" in next((project.same().dir / "files").glob("all.*")).read_bytes()


@pytest.mark.parametrize(
    ("filters", "always"),
    [
        ("[]", False),
        ('["rcssmin"]', False),
        ('["cssrewrite", "rcssmin"]', False),
        ('["datauri"]', True),
        ('["rcssmin", "datauri"]', True),
    ],
)
def test_bundles_whose_filters_may_read_anything_are_built_every_time(
    project: Project, filters: str, always: bool
) -> None:
    project.write({"/assetbuild.toml": PLAIN + WARN + BUNDLE.replace('["rcssmin"]', filters)})
    project.settle()
    first = project.same()

    assert standing(project) is not always
    again = project.build()
    assert (again.id, again.created) == (first.id, False)
    project.write({"e.png": "another"})
    reasons = project.same().reasons
    assert {*reasons} >= {"e.png"}
    assert not standing(project) or not always


def test_javascript_filters_are_known_too(project: Project) -> None:
    table = '[bundles."all.js"]\ncontents = ["d.js"]\nfilters = ["{}"]\n'
    for name in ("jsmin", "rjsmin"):
        project.write({"/assetbuild.toml": PLAIN + WARN + table.format(name)})
        project.settle()
        project.same()
        assert standing(project), name


def test_a_bundle_file_is_part_of_the_configuration(project: Project) -> None:
    text = "all:\n  output: all.css\n  contents: [a.css]\n"
    project.write({"/assetbuild.toml": 'bundles = "bundles.yaml"\n' + PLAIN + WARN, "/bundles.yaml": text})
    project.settle()
    project.same()
    assert standing(project)

    project.write({"/bundles.yaml": text.replace("[a.css]", "[a.css, b.css]")})

    assert not standing(project)
    assert project.same().files == 3


def test_a_tool_that_would_be_found_first_is_noticed(project: Project) -> None:
    script = '#!/bin/sh\ncase "$*" in *--version*) echo 0.1.0; exit;; esac\ncat >/dev/null; echo "{}"\n'
    project.write({"/node_modules/.bin/esbuild": script.format("var one")})
    (project.base / "node_modules/.bin/esbuild").chmod(0o755)
    project.write(
        {"/site/assetbuild.toml": '[minify]\njs = ["esbuild"]\n' + PLAIN, "/site/static/a.js": "var   a;" * 9}
    )
    inner = Project(project.base / "site", {}, (project.base / "site/assetbuild.toml").read_text())
    inner.settle()
    first = inner.build()
    assert standing(inner)

    inner.write({"/node_modules/.bin/esbuild": script.format("var two").replace("0.1.0", "0.2.0")})
    (inner.base / "node_modules/.bin/esbuild").chmod(0o755)

    assert not standing(inner)
    assert inner.build().id != first.id


def test_another_version_of_a_program_makes_other_bytes(project: Project) -> None:
    """Its results are not those that are kept of the version before. In an interpreter of its own each time, since
    versions are asked for once."""
    script = '#!/bin/sh\ncase "$*" in *--version*) echo {0}; exit;; esac\ncat >/dev/null; echo "var v = \'{0}\'"\n'
    project.write({"/assetbuild.toml": '[minify]\njs = ["esbuild"]\nesbuild = "tool"\n' + PLAIN + WARN})
    project.write({"d.js": "var   d = 1 ;" * 9})
    for version in ("0.1.0", "0.2.0"):
        project.write({"/tool": script.format(version)})
        (project.base / "tool").chmod(0o755)

        watched(project)

        release = project.base / "dist/current"
        (file,) = (release / "files").glob("d.*.js")
        assert file.read_text().rstrip() == f"var v = '{version}'"
        record = json.loads((release / "release.json").read_bytes())
        assert record["files"][file.name]["tools"] == [f"minify esbuild {version}"]


def test_code_that_was_changed_does_its_work_anew(project: Project, tmp_path: Path) -> None:
    """That of this package, as while it is worked on: a copy of it, here."""
    package = tmp_path / "code" / "assetbuild"
    shutil.copytree(Path(assetbuild.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "runtime"))
    shutil.copytree(Path(assetbuild.__file__).parent / "runtime", package / "runtime")
    for file in package.rglob("*"):
        os.utime(file, (1_000_000_000, 1_000_000_000))
    said = "from assetbuild import signatures; signatures.TICK = 0; from assetbuild.__main__ import main; main()"

    def build() -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", said, "build", "--explain", "--cache-dir", project.cache],
            cwd=project.base,
            env={**os.environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    first = build()[0].partition(",")[0]
    assert build()[0] == f"{first}, already built; nothing was written"
    render = package / "compile.py"
    render.write_text(
        render.read_text().replace("        tools=_minify_label(minified),", '        tools=("minify other 1",),')
    )
    os.utime(render, (1_000_000_000, 1_000_000_000))
    project.write({"e.png": "other"})
    build()

    record = json.loads((project.base / "dist/current/release.json").read_bytes())
    tools = {entry["asset"]: entry["tools"] for entry in record["files"].values()}
    assert (tools["b.css"], tools["d.js"]) == (["minify other 1"], ["minify other 1"])


# Signatures


@pytest.mark.parametrize(
    ("mtime", "ctime", "read_at", "is_settled"),
    [(10, 10, 31, True), (10, 10, 30, False), (11, 10, 31, False), (10, 11, 31, False), (99, 0, 31, False)],
)
def test_a_signature_counts_when_a_later_change_must_show(
    monkeypatch: pytest.MonkeyPatch, mtime: int, ctime: int, read_at: int, is_settled: bool
) -> None:
    monkeypatch.setattr(signatures, "TICK", 20)

    assert signatures.settled((5, mtime, ctime, 7), read_at) is is_settled


def test_fat_counts_two_seconds() -> None:
    assert signatures.UNSETTLED != signatures.NONE
    program = "from assetbuild import signatures; print(signatures.TICK)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "2000000000\n"


# Stamps


def small_stamp() -> Stamp:
    return Stamp(
        Watched.of([("/a/config", (1, 2, 3, 4)), ("/a/absent", NONE)]),
        Watched.of([("/a/b", (5, 6, 7, 8))]),
        Watched.of([("/a/b/\udcff.css", UNSETTLED), ('/a/b/"\n', (-1, -2, 2**63 - 1, -(2**63)))]),
        Watched.of([]),
        {"key": ["x", "\udcff"], "variables": [], "always": []},
    )


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("stamp") / "one"
    stamp.save(small_stamp(), str(file))
    return file.read_bytes()


def test_a_stamp_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    stamp.save(small_stamp(), str(tmp_path / "one"))

    found = stamp.load(str(tmp_path / "one"))

    assert found
    assert (found.environment, found.directories, found.sources) == (
        (small_stamp().environment, small_stamp().directories, small_stamp().sources)
    )
    assert list(found.released.pairs()) == []
    assert found.facts == small_stamp().facts
    assert os.listdir(tmp_path) == ["one"]


def test_every_bit_of_a_stamp_counts(saved: bytes, tmp_path: Path) -> None:
    file = tmp_path / "one"
    for at in range(len(saved)):
        file.write_bytes(saved[:at] + bytes([saved[at] ^ (1 << at % 8)]) + saved[at + 1 :])
        assert stamp.load(str(file)) is None, at


def test_a_stamp_that_ends_early_is_none(saved: bytes, tmp_path: Path) -> None:
    file = tmp_path / "one"
    for length in range(len(saved)):
        file.write_bytes(saved[:length])
        assert stamp.load(str(file)) is None, length


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_stamp_is_none(saved: bytes, tmp_path: Path, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(saved)))
    end = data.draw(st.integers(start, len(saved)))
    damaged = saved[:start] + data.draw(st.binary(max_size=20)) + saved[end:]
    (tmp_path / "one").write_bytes(damaged)

    assert (stamp.load(str(tmp_path / "one")) is None) is (damaged != saved)


@pytest.mark.parametrize("name", ["missing", "directory", "a/b", "nul\0"])
def test_where_there_is_no_stamp_there_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "a").touch()

    assert stamp.load(f"{tmp_path}/{name}") is None


def test_what_is_watched_has_changed_or_not(tmp_path: Path) -> None:
    for name in ("same", "longer", "touched", "gone", "other"):
        (tmp_path / name).write_text("a")
    os.utime(tmp_path / "touched", (1, 1))
    files = [str(tmp_path / name) for name in ("same", "longer", "touched", "gone", "other", "new", "absent")]
    watched = Watched.of((file, present(file) if os.path.exists(file) else NONE) for file in files)
    assert [*watched.changed()] == []

    (tmp_path / "longer").write_text("ab")
    os.utime(tmp_path / "touched", (2, 2))
    (tmp_path / "gone").unlink()
    (tmp_path / "copy").write_text("a")
    (tmp_path / "copy").replace(tmp_path / "other")
    (tmp_path / "new").touch()

    assert [*watched.changed()] == [1, 2, 3, 4, 5]
    assert [*Watched.of([(files[0], UNSETTLED), (files[6], UNSETTLED)]).changed()] == [0, 1]


def test_that_a_source_has_changed_is_known_before_the_others_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [str(tmp_path / name) for name in "abcd"]
    write_files(tmp_path, dict.fromkeys("abcd", "1"))
    sources, nothing = Watched.of((file, present(file)) for file in files), Watched.of(())
    write_files(tmp_path, {"b": "22", "d": "22"})
    changes = Changes(Stamp(nothing, nothing, sources, nothing, {"link": None}))
    looked, look = list[str](), os.stat
    monkeypatch.setattr(os, "stat", lambda file: looked.append(file) or look(file))

    assert (changes.first_source, changes.none, looked) == ([1], False, files[:2])
    assert (changes.sources, changes.first_source, looked) == ([1, 3], [1], files)


@pytest.mark.parametrize("at", range(4))
def test_each_number_of_a_signature_counts(tmp_path: Path, at: int) -> None:
    file = str(tmp_path / "file")
    (tmp_path / "file").touch()
    numbers = array("q", present(file))
    numbers[at] += 1

    assert [*Watched([file], numbers).changed()] == [0]


def test_a_further_link_to_a_released_file_is_no_change(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "a").chmod(0o444)
    released = Watched.of([("a", present(str(tmp_path / "a")))])
    time.sleep(0.012)

    os.link(tmp_path / "a", tmp_path / "b")

    empty = Watched.of([])
    assert [*released.changed()] != []
    assert Stamp(empty, empty, empty, released, {"dir": str(tmp_path)}).released_changed() == []


def test_of_released_files_a_few_can_be_looked_at(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text(name)
    released = Watched.of((name, present(str(tmp_path / name))) for name in "abc")
    empty = Watched.of([])
    found = Stamp(empty, empty, empty, released, {"dir": str(tmp_path)})

    for name in "ac":  # no released file has such a mode: it may be written
        (tmp_path / name).chmod(0o444)

    assert (found.released_changed(), found.released_changed(["c", "b"])) == ([1], [1])
    assert found.released_changed(["a", "none"]) == []


def test_what_was_written_just_now_may_be_written_again(tmp_path: Path) -> None:
    """A directory, too: another file may come into it within one tick."""
    read_at = time.time_ns()
    for path in (tmp_path / "file", tmp_path / "directory"):
        path.touch() if path.name == "file" else path.mkdir()
        assert stamp.signature_of(str(path), read_at) == UNSETTLED
        assert stamp.signature_of(str(path), read_at + 10**9) == present(str(path))
    assert stamp.signature_of(str(tmp_path / "none"), read_at) == NONE


def test_a_file_that_is_replaced_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()

    with pytest.raises(OSError):
        stamp.replace_file(str(tmp_path / "directory"), b"a")
    stamp.replace_file(str(tmp_path / "file"), b"b")

    assert sorted(os.listdir(tmp_path)) == ["directory", "file"]


def test_a_file_is_written_over_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "file"
    for content in ([b"first"], [b"a longer ", b"second"], [b"", b"3"], []):
        stamp.overwrite(str(file), *content)
        assert file.read_bytes() == b"".join(content)
        inode = file.stat().st_ino
        stamp.overwrite(str(file), *content, b"more")
        assert (file.read_bytes(), file.stat().st_ino) == (b"".join(content) + b"more", inode)
    assert os.listdir(tmp_path) == ["file"]


def test_what_is_somebody_elses_too_is_not_written_over(tmp_path: Path) -> None:
    """A copy of a cache made of links, another build that writes, a pipe in its place."""
    file, other = tmp_path / "file", tmp_path / "other"
    for harm in ("linked", "pointed", "locked", "pipe"):
        file.write_bytes(b"before")
        if harm == "linked":
            os.link(file, other)
        elif harm == "pointed":
            file.rename(other)
            file.symlink_to(other)
        elif harm == "pipe":
            file.unlink()
            os.mkfifo(file)
        with file.open("rb") if harm == "locked" else contextlib.nullcontext() as holder:
            if holder:
                fcntl.flock(holder, fcntl.LOCK_EX)
            stamp.overwrite(str(file), b"new")
            assert (file.read_bytes(), file.is_symlink()) == (b"new", False)
            if holder:
                assert holder.read() == b"before"
        if other.exists():
            assert other.read_bytes() == b"before"
            other.unlink()
        file.unlink()
    assert os.listdir(tmp_path) == []


def test_half_of_what_was_to_be_written_is_no_stamp(tmp_path: Path) -> None:
    file = tmp_path / "stamp"
    watched = Watched.of((str(number), (number, 1, 2, 3)) for number in range(9))
    for ends in (b"", b"x"):
        made = Stamp(watched, watched, watched, watched, {"ends": ends.decode()})
        stamp.save(made, str(file))
        assert stamp.load(str(file)) == made
    whole = file.read_bytes()
    later = made._replace(facts={"ends": "y"})
    stamp.save(later, str(file))
    new = file.read_bytes()

    for written in range(1, len(new)):
        file.write_bytes(new[:written] + whole[written:])
        assert stamp.load(str(file)) in (None, made, later)


# Histories


@pytest.fixture
def built(project: Project) -> History:
    project.build()
    return project.history("False", "True")


def files_of(history: History) -> list[Path]:
    """The stamp, then what belongs to it."""
    file = Path(history.file)
    stamp_file, *others = sorted(file.parent.glob(f"{file.name}.*"), key=lambda each: each.suffix != ".stamp")
    assert (stamp_file.suffix, len(others)) == (".stamp", 1)
    return [stamp_file, *others]


def test_a_history_is_that_of_its_key_alone(built: History) -> None:
    assert built.stamp
    assert {"names", "digests", "lines"} <= built.known.keys()
    other = History(built.cache_dir, "other")
    for file in files_of(built):
        shutil.copy(file, other.file + file.suffix)

    assert other.stamp is None
    assert other.known == {}
    assert other.standing() is None


def test_what_was_known_counts_with_its_stamp_only(project: Project, built: History) -> None:
    """A build that was killed between the two leaves one that is newer."""
    known = files_of(built)[1]
    content = known.read_bytes()
    project.write({"e.png": "other"})
    project.build()
    newer = known.read_bytes()

    for damaged in (b"", b"{}", content, newer + b" ", newer[:-1], b"\xff" + newer[1:], newer[:-9] + b"x" + newer[-8:]):
        known.write_bytes(damaged)
        assert project.history("False", "True").known == {}, damaged
    known.unlink()
    assert project.history("False", "True").known == {}
    project.write({"e.png": "a third one"})
    project.same()
    known.write_bytes(content)
    project.write({"e.png": "a fourth one"})
    project.same()


def test_a_history_that_cannot_be_kept_says_so(built: History, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert built.stamp

    with pytest.raises(OSError):
        History(tmp_path / "file", "key").save(built.stamp, built.known)


@pytest.mark.parametrize(
    "problem",
    [
        Problem("what"),
        Problem("what", Place("a.css"), ("one", "two"), "fix", ("group",)),
        Problem("\udcff", Place("a.css", 3, 4, "  text", 5), (), None, ("a", "b")),
    ],
)
def test_a_problem_is_told_again_as_it_was(problem: Problem) -> None:
    packed = json.loads(json.dumps(packed_problem(problem)))

    assert unpacked_problem(packed) == problem
    assert str(unpacked_problem(packed)) == str(problem)


def test_a_build_that_is_asked_for_is_not_forgotten(project: Project, built: History) -> None:
    """A history is as old as its last use, by the day."""
    month = time.time() - 30 * 86_400
    for file in files_of(built):
        os.utime(file, (month, month))

    assert standing(project)

    assert all(file.stat().st_mtime > time.time() - 86_400 for file in files_of(built))


def test_a_history_that_is_saved_drives_out_those_that_nobody_uses(project: Project, built: History) -> None:
    old = project.history("old")
    quarter = time.time() - 90 * 86_400
    for file in files_of(built):
        shutil.copy(file, old.file + file.suffix)
        os.utime(old.file + file.suffix, (quarter, quarter))
    assert kept.info(project.cache).builds == 2

    project.write({"e.png": "other"})
    project.build()

    assert kept.info(project.cache).builds == 1
    assert {file.stem for file in (project.cache / "builds").iterdir()} == {Path(built.file).name}
