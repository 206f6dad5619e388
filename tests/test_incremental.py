"""Whatever was built before and kept of it, a build gives what one without a cache gives: random edits, many in a row.

`Project` is the fixture of all tests of the cache: sources, a configuration and a cache of its own, all in one
directory, built with it or without.
"""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from assetbuild import aside, atomic, signatures
from assetbuild.build import build
from assetbuild.cli import cli
from assetbuild.compress import decode
from assetbuild.config import load_config
from assetbuild.errors import AssetBuildError, SourceError
from assetbuild.executors import Processes, Serial, Threads
from assetbuild.history import History
from assetbuild.model import Release
from assetbuild.store import NAME, Store
from assetbuild.verify import verify
from tests.conftest import Files, write_files
from tests.test_release import snapshot

PLAIN = "[compress]\nbr = false\ngz = false\n"
CACHE = "cache"


class Project:
    """Names of files that begin with `/` are beside static/, as in the fixture `site`."""

    def __init__(self, base: Path, files: Files, config: str = PLAIN) -> None:
        self.base = base
        self.static = base / "static"
        self.static.mkdir(parents=True, exist_ok=True)
        self.cache = base / CACHE
        self.write({**files, "/assetbuild.toml": config})

    def write(self, files: Files) -> None:
        write_files(self.static, {name: content for name, content in files.items() if not name.startswith("/")})
        write_files(self.base, {name[1:]: content for name, content in files.items() if name.startswith("/")})

    def history(self, *key: str) -> History:
        return History(self.cache, str(self.base), *key)

    def build(self, *, flat: bool = False, minify: bool = True, **options: Any) -> Release:
        """With all that was kept of earlier builds."""
        config = load_config(self.base / "assetbuild.toml")
        flat_dir = self.base / "flat" if flat else None
        with Store(self.cache) as store:
            history = self.history(str(flat), str(minify))
            return build(config, flat_dir=flat_dir, minify=minify, store=store, history=history, **options)

    def fresh(self, *, flat: bool = False, minify: bool = True) -> Release:
        """With nothing, in a place where nothing stands."""
        directory = self.base / "fresh"
        shutil.rmtree(directory, ignore_errors=True)
        config = load_config(self.base / "assetbuild.toml")._replace(output_dir=directory)
        return build(config, flat_dir=directory if flat else None, minify=minify)

    def same(self, **options: Any) -> Release:
        """Build both ways, and compare all that comes out."""
        made = self.build(**options)
        wanted = self.fresh(**{key: value for key, value in options.items() if key in ("flat", "minify")})
        assert outcome(made, made.created) == outcome(wanted, made.created)
        assert verify(made.dir) == []
        return made

    def settle(self) -> None:
        """Wait until signatures count: `signatures.TICK`, and one tick of the kernel's clock."""
        time.sleep(signatures.TICK / 1e9 + 0.012)

    def releases(self) -> list[Path]:
        return sorted((self.base / "dist/releases").iterdir())


@dataclass(frozen=True)
class Watched:
    """What a build on the command line said, which files it opened, and what it loaded."""

    output: str
    opened: frozenset[str]
    loaded: frozenset[str]


_WATCH = """
import json, os, sys
opened, before = [], set(sys.modules)
sys.addaudithook(lambda event, details: opened.append(str(details[0])) if event == "open" else None)
from assetbuild import aside, atomic, signatures
signatures.TICK = 0
from assetbuild.__main__ import main
sys.argv[:2] = ["assetbuild"]
status = 0
try:
    main()
except SystemExit as end:
    status = end.code
print("\\n" + json.dumps([status, opened, sorted(set(sys.modules) - before)]))
"""


def watched(project: Project, *arguments: str) -> Watched:
    """A build in a new interpreter, which is to succeed."""
    arguments = ("build", "--jobs", "1", "--cache-dir", str(project.cache), *arguments)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _WATCH, "-", *arguments], cwd=project.base, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    output, _, report = done.stdout.rstrip().rpartition("\n")
    status, opened, loaded = json.loads(report)
    assert not status, done.stderr
    return Watched(output.rstrip("\n"), frozenset(opened), frozenset(loaded))


def said(directory: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Result:
    """What the command line says, in this interpreter."""
    before = Path.cwd()
    os.chdir(directory)
    try:
        return CliRunner(env=env).invoke(cli, arguments, catch_exceptions=False)
    finally:
        os.chdir(before)


def sources_of(project: Project, opened: Iterable[str]) -> set[str]:
    """The logical paths among all that was opened."""
    return {path.removeprefix(f"{project.static}/") for path in opened if path.startswith(f"{project.static}/")}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signatures settle soon: local file systems count nanoseconds, by ticks of the kernel of at most 10 ms."""
    monkeypatch.setattr(signatures, "TICK", 20_000_000)


def tree(directory: Path) -> dict[str, tuple[bytes, int, str]]:
    """Bytes, time and mode of every file."""
    found = {}
    for file in sorted(directory.rglob("*")):
        status = file.lstat()
        if stat.S_ISREG(status.st_mode):
            path = file.relative_to(directory).as_posix()
            found[path] = (file.read_bytes(), status.st_mtime_ns, oct(status.st_mode))
    return found


RECORDS = ("release.json", "SHA256SUMS")


def outcome(release: Release, created: bool) -> dict[str, Any]:
    """All that a release is and that is told of it, whatever was done for it. One that stood there already keeps its
    record, which also says how large the sources were: another length of a comment makes no other release."""
    files = tree(release.dir)
    for record in () if created else RECORDS:
        del files[record]
    return {
        "id": release.id,
        "files": release.files,
        "bytes": release.size,
        "warnings": release.warnings,
        **{f"tree: {path}": entry for path, entry in files.items()},
    }


# A site that is edited at random. `near` are the logical paths that there are, to be named.


@dataclass
class Pen:
    """Writes content for a logical path, out of what there is to name."""

    random: random.Random
    near: Sequence[str]

    def write(self, path: str) -> str:
        return next(writer for end, writer in WRITERS.items() if path.endswith(end))(self, path)

    def url(self, path: str, *extensions: str) -> str:
        """From `path` to one of those that are there, now and then to one that is not."""
        there = [one for one in self.near if one.endswith(extensions)] if self.random.random() < 0.98 else []
        return os.path.relpath(self.random.choice(there or ["gone.png"]), os.path.dirname(path))

    def number(self) -> int:
        return self.random.randrange(6)

    def some(self, share: float, text: str) -> str:
        return text if self.random.random() < share else ""


INLINE_MAP = "data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbImEiXSwibWFwcGluZ3MiOiJBQUFBIn0="


def style(pen: Pen, path: str) -> str:
    rules = "".join(
        f"  .r{at} {{ background: url({pen.url(path, '.png', '.svg', '.css')}); color : red; }}\n"
        for at in range(pen.number())
    )
    return (
        pen.some(0.3, f"@import url({pen.url(path, '.css')});\n")
        + rules
        + f"p {{ order: {pen.number()} }}\n"
        + pen.some(0.15, f"/*# sourceMappingURL={os.path.basename(path)}.map */\n")
        + pen.some(0.1, f"/*# sourceMappingURL={INLINE_MAP} */\n")
    )


def script(pen: Pen, path: str) -> str:
    imports = "".join(f"import   '{dotted(pen.url(path, '.js'))}' ;\n" for _ in range(pen.number() // 2))
    return (
        imports
        + pen.some(0.4, f"new URL('{pen.url(path, '.png', '.js')}', import.meta.url) ;\n")
        + f"var   x = {pen.number()} ;\n"
        + pen.some(0.15, f"//# sourceMappingURL={os.path.basename(path)}.map\n")
        + pen.some(0.1, f"//# sourceMappingURL={INLINE_MAP}\n")
    )


def minified_script(pen: Pen, path: str) -> str:
    name = os.path.basename(path)
    return f"var a={pen.number()};import('{dotted(pen.url(path, '.js'))}')\n//# sourceMappingURL={name}.map\n"


def part(pen: Pen, path: str) -> str:
    """For a bundle: one of them is imported after the rules of another, so that it is taken in."""
    imports = f"@import '{os.path.relpath('part/c.css', os.path.dirname(path))}';\n" if path == "part/b.css" else ""
    return f"{imports}i {{ order : {pen.number()}; background: url({pen.url(path, '.png', '.svg')}) }}\n"


def drawing(pen: Pen, path: str) -> str:
    image = f'<image href="{pen.url(path, ".png")}"/>{pen.number()}' * 8
    return f'<svg xmlns="http://www.w3.org/2000/svg">{image}</svg>'


def app(pen: Pen, path: str) -> str:
    return f'{{"name": "{pen.number()}", "icons": [{{"src": "{pen.url(path, ".png", ".svg")}"}}]}}'


def opaque(pen: Pen, path: str) -> str:
    return str(pen.number())


def source_map(pen: Pen, path: str) -> str:
    return f'{{"version":3,"sources":["{pen.number()}"],"mappings":"AAAA;AACA"}}'


def dotted(url: str) -> str:
    return url if url.startswith(".") else "./" + url


WRITERS: Mapping[str, Callable[[Pen, str], str]] = {
    ".min.js": minified_script,
    ".js": script,
    ".css": style,
    ".svg": drawing,
    ".webmanifest": app,
    ".png": opaque,
    ".map": source_map,
}
PATHS = (
    *(
        f"{where}/{name}"
        for where in ("a", "a/b", "c")
        for name in ("s.css", "t.css", "m.js", "n.js", "p.png", "v.svg")
    ),
    *("a/q.png", "a/s.css.map", "c/m.js.map", "a/x.min.js", "a/x.min.js.map", "c/app.webmanifest", "c/hash-ab12.png"),
)
PARTS = ("part/a.css", "part/b.css", "part/c.css")
BASE = """
roots = ["static", "more"]
stable = ["a/p.png", "c/*.css"]
prehashed = ["c/hash-*"]
[references]
missing = "warn"
[compress]
br = 1
gz = 1
"""
BUNDLES = """
[bundles."made/all.css"]
contents = ["part/a*.css", "part/b*.css"]
depends = ["a/*.css"]
filters = ["rcssmin"]
[bundles."made/all.js"]
contents = ["part/*.js", "a/m*.js"]
"""
CONFIGS = (
    BASE,
    BASE.replace("br = 1", "br = 2"),
    BASE.replace('["a/p.png", "c/*.css"]', '["c/**"]'),
    BASE.replace('["static", "more"]', '["more", "static", {path = "more", prefix = "again"}]'),
    BASE.replace('"warn"', '"error"'),
    BASE + '[minify]\ncss = []\njs = ["jsmin", "rjsmin"]\n',
    BASE + BUNDLES,
    BASE + BUNDLES + '[bundles."made/inlined.css"]\ncontents = ["a/s*.css"]\nfilters = ["datauri"]\n',
    BASE.replace("roots", 'standalone = ["part/a.css", "a/*"]\nroots') + BUNDLES,
)


class Life:
    """A project to which something happens before each build."""

    def __init__(self, base: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.project = Project(base, {}, BASE)
        self.more = base / "more"
        self.more.mkdir()
        self.flat = False
        for path in PATHS:
            if self.random.random() < 0.85:
                self._put(path)
        self.project.write({path: part(self._pen(), path) for path in PARTS})
        self.project.write({"part/d.js": "var d\n"})

    def happen(self) -> str:
        """Something happens; what, for the message of a test that fails."""
        (event,) = self.random.choices([*EVENTS], [*EVENTS.values()])
        event(self)
        if self.random.random() < 0.6:
            self.project.settle()
        return event.__name__

    def edit(self) -> None:
        for _ in range(self.random.choice((1, 1, 1, 2, 5))):
            root, path = self._one()
            write_files(root, {path: (part if path in PARTS else Pen.write)(self._pen(), path)})

    def add(self) -> None:
        self._put(self.random.choice(PATHS))

    def remove(self) -> None:
        root, path = self._one()
        (root / path).unlink()

    def rename(self) -> None:
        root, path = self._one()
        (root / path).rename((root / path).with_name(f"moved{len(self._paths())}-{os.path.basename(path)[-9:]}"))

    def touch(self) -> None:
        root, path = self._one()
        os.utime(root / path)

    def leave(self) -> None:
        """Nothing happens."""

    def configure(self) -> None:
        self.project.write({"/assetbuild.toml": self.random.choice(CONFIGS)})

    def move(self) -> None:
        """Build to the other place from now on: a release with a link to it, or one at a directory itself."""
        self.flat = not self.flat

    def lose_a_released_file(self) -> None:
        if files := self._released():
            self.random.choice(files).unlink()

    def tamper_with_a_released_file(self) -> None:
        if files := self._released():
            file = self.random.choice(files)
            file.chmod(0o644)
            file.write_bytes(b"tampered with: " + file.read_bytes())

    def forget_the_builds(self) -> None:
        shutil.rmtree(self.project.cache / "builds", ignore_errors=True)

    def forget_everything(self) -> None:
        shutil.rmtree(self.project.cache, ignore_errors=True)

    def damage_the_store(self) -> None:
        """A random half of its rows goes or gets other bytes."""
        if not (self.project.cache / NAME).exists():
            return
        connection = sqlite3.connect(self.project.cache / NAME)
        for table, column in (("content", "value"), ("entry", "key"), ("entry", "checksum")):
            rows = connection.execute(f"SELECT {column} FROM {table}").fetchall()
            for row in self.random.sample(rows, len(rows) // 4):
                connection.execute(f"DELETE FROM {table} WHERE {column} = ?", row)
            for row in self.random.sample(rows, len(rows) // 4):
                other = self.random.randbytes(len(row[0]))
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (other, *row))
        connection.commit()
        connection.close()

    def _pen(self) -> Pen:
        return Pen(self.random, [path for _, path in self._paths()])

    def _put(self, path: str) -> None:
        root = self.more if self.random.random() < 0.25 else self.project.static
        write_files(root, {path: self._pen().write(path)})

    def _one(self) -> tuple[Path, str]:
        return self.random.choice(self._paths())

    def _paths(self) -> list[tuple[Path, str]]:
        """Every source: its root, and its path there."""
        return [
            (root, file.relative_to(root).as_posix())
            for root in (self.project.static, self.more)
            for file in sorted(root.rglob("*"))
            if file.is_file()
        ]

    def _released(self) -> list[Path]:
        """The files of the release that stands, all but the records."""
        release = self.project.base / ("flat" if self.flat else "dist/current")
        return sorted(file for file in (release / "files").rglob("*") if file.is_file())


EVENTS: Mapping[Callable[[Life], None], int] = {
    Life.edit: 44,
    Life.add: 8,
    Life.remove: 5,
    Life.rename: 4,
    Life.touch: 4,
    Life.leave: 4,
    Life.configure: 9,
    Life.move: 3,
    Life.lose_a_released_file: 4,
    Life.tamper_with_a_released_file: 4,
    Life.forget_the_builds: 3,
    Life.forget_everything: 1,
    Life.damage_the_store: 5,
}


def attempt(make: Callable[[], Release]) -> Release | str:
    """The error as text where there is one."""
    try:
        return make()
    except AssetBuildError as error:
        return str(error)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_between_builds_the_cache_changes_nothing(tmp_path: Path, seed: int) -> None:
    life = Life(tmp_path, seed)
    story: list[str] = []
    for step in range(12):
        jobs = (1, 2, 4)[step % 3]
        made = attempt(partial(life.project.build, flat=life.flat, executor=Threads(jobs), workers=Processes(jobs)))
        wanted = attempt(partial(life.project.fresh, flat=life.flat))
        if isinstance(made, str) or isinstance(wanted, str):
            assert made == wanted, story
        else:
            assert outcome(made, made.created) == outcome(wanted, made.created), story
            assert verify(made.dir) == [], story
        assert not list(tmp_path.rglob(".staging-*"))
        story.append(life.happen())


# One thing at a time.

CSS = "a { color : red; background: url(../img/dot.png) }\n" + "b { margin : 0 }\n" * 30
SITE = {
    "css/site.css": CSS,
    "css/more.css": '@import "site.css";\n',
    "css/alone.css": "i { order : 1 }\n" * 30,
    "js/app.js": 'import "./lib.js";\nvar   x = 1 ;\n',
    "js/lib.js": "export var   y = 2 ;\n",
    "img/dot.png": "a dot",
    "img/photo.png": "a photo",
}


@pytest.fixture
def project(tmp_path: Path, quick: None) -> Project:
    """Built, and old enough for signatures to count."""
    project = Project(tmp_path / "project", SITE, "[compress]\nbr = 1\ngz = 1\n")
    project.settle()
    project.build()
    return project


def inodes(release: Release) -> dict[str, int]:
    """By path, of all files but the records."""
    files = release.dir / "files"
    return {file.relative_to(files).as_posix(): file.stat().st_ino for file in files.rglob("*") if file.is_file()}


def test_of_one_changed_image_only_what_names_it_is_built_and_all_else_linked(project: Project) -> None:
    before = inodes(project.build())

    project.write({"img/dot.png": "another dot"})
    release = project.same()

    after = inodes(release)
    built = {name.partition(".")[0] for name in after if after[name] != before.get(name)}
    assert built == {"img/dot", "css/site", "css/more"}
    assert (release.built, release.files) == (3, 7)
    assert {*release.reasons} == {"img/dot.png", "css/site.css", "css/more.css"}
    assert len(set(after.values()) & set(before.values())) == len(before) - 5  # with two variants of site.css


@pytest.mark.parametrize("count", [1, 100])
def test_what_an_update_makes_would_survive_a_power_cut_before_it_is_put_in_place(
    project: Project, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    project.write({f"img/{number}.png": f"{number}" for number in range(count)})
    project.settle()
    project.build()
    project.write({f"img/{number}.png": f"another {number}" for number in range(count)})
    safe: set[tuple[int, int]] = set()
    monkeypatch.setattr(aside, "may_fork", lambda: False)  # so that all can be seen here
    monkeypatch.setattr(os, "fsync", lambda descriptor: safe.add(_state(os.fstat(descriptor))))
    monkeypatch.setattr(atomic, "make_durable", lambda directory: safe.update(_states(directory)))
    rename, lost = os.rename, []

    def watched(directory: Path, target: Path) -> None:
        lost.append(_states(directory) - safe)
        rename(directory, target)

    monkeypatch.setattr(os, "rename", watched)
    project.build()

    assert lost == [set()]


def _states(directory: Path) -> set[tuple[int, int]]:
    return {_state(path.stat()) for path in (directory, *directory.rglob("*"))}


def _state(status: os.stat_result) -> tuple[int, int]:
    return status.st_ino, status.st_ctime_ns


def test_where_everything_is_linked_anew_unchanged_files_are_linked_too(project: Project) -> None:
    before = inodes(project.build())

    project.write({"img/new.png": "new"})
    release = project.same()

    assert {name for name, inode in inodes(release).items() if before.get(name) != inode} == {
        name for name in inodes(release) if name.startswith("img/new.")
    }
    assert release.built == 1


@pytest.mark.parametrize("edited", ["img/dot.png", "css/site.css", "js/new.js"])
def test_sources_that_did_not_change_are_not_opened(project: Project, edited: str) -> None:
    assert sources_of(project, watched(project).opened) == {*SITE}

    project.write({edited: "/* other */"})

    assert sources_of(project, watched(project).opened) == {edited}


def test_what_was_touched_is_read_but_not_built(project: Project) -> None:
    first = project.build()
    project.write({path: SITE[path] for path in ("css/site.css", "img/dot.png")})
    project.settle()

    second = project.build()

    assert (second.id, second.created, second.built, second.reasons) == (first.id, False, 0, {})
    assert project.releases() == [first.dir]
    standing = project.history("False", "True").standing()
    assert standing
    assert standing.id == first.id


@pytest.mark.parametrize("settled", [True, False])
def test_other_bytes_are_noticed_whatever_the_time_of_the_file_says(
    project: Project, monkeypatch: pytest.MonkeyPatch, settled: bool
) -> None:
    """The same length, the same inode, the same time of change. Only the status has another time, if that."""
    if not settled:
        monkeypatch.setattr(signatures, "TICK", 3_000_000_000)
        project.build()
    file = project.static / "img/dot.png"
    before = file.stat()

    with file.open("r+b") as stream:
        stream.write(b"a pot")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert (file.stat().st_ino, file.stat().st_size, file.stat().st_mtime_ns) == (
        (before.st_ino, before.st_size, before.st_mtime_ns)
    )
    assert {path.partition(".")[0] for path in inodes(project.same())} >= {"img/dot"}
    assert project.build().files == 7


def test_what_was_written_shortly_before_it_was_read_has_no_signature(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """git's rule: within one tick of the clock it could be written again, and look the same."""
    project.write({"img/dot.png": "new"})
    monkeypatch.setattr(signatures, "TICK", 10**12)
    project.build()

    stamp = project.history("False", "True").stamp
    assert stamp
    assert dict(stamp.sources.pairs())[str(project.static / "img/dot.png")] == signatures.UNSETTLED
    assert project.history("False", "True").standing() is None


def test_the_files_of_a_stable_name_follow_its_content(project: Project) -> None:
    project.write({"/assetbuild.toml": 'stable = ["css/*"]\n[compress]\nbr = 1\ngz = 1\n'})
    project.settle()
    project.same()

    for content in (CSS + "p { order : 2 }", CSS + "p { order : 3 }", CSS):
        project.write({"css/site.css": content})
        release = project.same()
        released = (release.dir / "files/css/site.css").read_bytes()
        for encoding, suffix in (("br", ".br"), ("gz", ".gz")):
            assert decode((release.dir / f"files/css/site.css{suffix}").read_bytes(), encoding) == released


def lose(file: Path) -> None:
    file.unlink()


def shorten(file: Path) -> None:
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1])


def alter(file: Path) -> None:
    """Not its length."""
    file.chmod(0o644)
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    file.chmod(0o444)


def replace_it(file: Path) -> None:
    """By another file of the same length."""
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(bytes([content[0] ^ 1]) + content[1:])


HARMS = [
    (lose, "files/img/dot.*.png"),
    (lose, "files/css/site.*.css.br"),
    (lose, "manifest.json"),
    (lose, "SHA256SUMS"),
    (shorten, "files/css/site.*.css"),
    (alter, "files/img/dot.*.png"),
    (alter, "files/css/site.*.css.br"),
    (alter, "manifest.json"),
    (alter, "SHA256SUMS"),
    (replace_it, "files/css/site.*.css"),
]


@pytest.mark.parametrize(("harm", "name"), HARMS)
def test_a_damaged_release_is_made_whole(project: Project, harm: Callable[[Path], None], name: str) -> None:
    release = project.build()
    (file,) = release.dir.glob(name)

    harm(file)

    assert project.same().created
    assert not project.build().created


@pytest.mark.parametrize(("harm", "name"), [*HARMS, (lose, "release.json"), (alter, "release.json")])
def test_no_damage_is_taken_over_into_the_next_release(
    project: Project, harm: Callable[[Path], None], name: str
) -> None:
    release = project.build()
    (file,) = release.dir.glob(name)

    harm(file)
    project.write({"js/lib.js": "export var z"})

    assert project.same().id != release.id


@pytest.mark.parametrize("record", ["manifest.json", "release.json", "SHA256SUMS"])
@pytest.mark.parametrize("content", ["", "}{", "\xff\n\n"])
def test_a_record_that_is_damaged_is_not_gone_on_from(project: Project, record: str, content: str) -> None:
    file = project.build().dir / record
    file.chmod(0o644)
    file.write_text(content)
    file.chmod(0o444)
    project.write({"js/lib.js": "export var z"})

    project.same()


@pytest.mark.parametrize("forgotten", [True, False])
def test_a_release_that_was_damaged_before_a_build_found_it_is_not_trusted(project: Project, forgotten: bool) -> None:
    """A build that has nothing to write has not looked at the bytes of what stands there."""
    release = project.build()
    (file,) = release.dir.glob("files/img/dot.*.png")
    alter(file)
    if forgotten:
        shutil.rmtree(project.cache)
    project.build()

    project.write({"js/lib.js": "export var z"})

    assert project.same().id != release.id


def test_a_release_that_others_may_not_read_is_not_taken_over(project: Project) -> None:
    release = project.build()
    (file,) = release.dir.glob("files/img/dot.*.png")

    file.chmod(0o600)
    project.write({"js/lib.js": "export var z"})

    project.same()


def test_warnings_are_told_by_every_build(tmp_path: Path, quick: None) -> None:
    config = PLAIN + '[references]\nmissing = "warn"\n'
    files = {**SITE, "css/gone.css": "a { src: url(gone.woff) }", "js/a.min.js": "var x\n//# sourceMappingURL=m.map\n"}
    project = Project(tmp_path, files, config)
    project.settle()
    first = project.same()

    assert [warning.what for warning in first.warnings] == [
        "url(gone.woff) names 'css/gone.woff', which is in no source root",
        "names a source map that is missing, 'js/m.map'; the comment is left out",
    ]
    assert not project.build().created
    assert project.history("False", "True").standing()
    assert project.build().warnings == first.warnings
    project.write({"img/dot.png": "another"})
    assert project.same().warnings == first.warnings
    project.write({"css/gone.css": "a { src: url(gone.ttf) }"})
    assert [str(warning.where) for warning in project.same().warnings] == ["css/gone.css:1:14", "js/a.min.js:2:22"]
    project.write({"css/gone.css": "a { b: c }"})
    assert [str(warning.where) for warning in project.same().warnings] == ["js/a.min.js:2:22"]


def test_a_warning_is_no_longer_told_when_what_it_tells_has_gone(tmp_path: Path, quick: None) -> None:
    config = PLAIN + '[references]\nmissing = "warn"\n'
    project = Project(tmp_path, {"a.css": "a { src: url(x.bak) }", "x.bak": ""}, config)
    project.settle()
    assert project.same().warnings[0].fix == "'static/x.bak' exists, but is excluded"

    (project.static / "x.bak").unlink()

    assert project.same().warnings[0].fix is None


@pytest.mark.parametrize("count", [8, 14, 60])
def test_guesses_at_what_was_meant_do_not_depend_on_what_is_built(tmp_path: Path, quick: None, count: int) -> None:
    styles = {f"c{at:02}.css": f"a {{ src: url(imgs/photo{at:02}.png) }}" for at in range(count)}
    photos = {f"img/photo{at:02}.png": "" for at in range(count)}
    project = Project(tmp_path, {**styles, **photos}, PLAIN + '[references]\nmissing = "warn"\n')
    project.settle()
    project.same()

    last = f"c{count - 1:02}.css"
    project.write({last: styles[last] + "\n"})

    project.same()


def test_an_asset_may_be_called_like_the_variant_of_another(tmp_path: Path, quick: None) -> None:
    config = 'stable = ["**"]\n[compress]\nbr = false\ngz = 6\n'
    project = Project(tmp_path, {"a.svg": "<svg/>" * 100, "a.svg.gz": "its own"}, config)
    project.settle()
    project.same()

    for path, content in (("a.svg.gz", "still its own"), ("a.svg", "<svg />" * 100)):
        project.write({path: content})
        project.same()


def test_variants_that_are_no_longer_asked_for_are_not_taken_over(project: Project) -> None:
    project.write({"/assetbuild.toml": "[compress]\nbr = 1\ngz = false\n"})
    project.settle()
    assert not project.build().created

    project.write({"img/dot.png": "another"})

    assert {path.suffix for path in (project.same().dir / "files").rglob("*.css*")} == {".css", ".br"}


def test_a_bundle_follows_what_it_imports_and_depends_on(tmp_path: Path, quick: None) -> None:
    table = '[bundles."all.css"]\ncontents = ["a.css", "b.css"]\ndepends = ["d.css"]\nfilters = ["rcssmin"]\n'
    files = {
        "a.css": "a { order : 1 }",
        "b.css": '@import "c.css";',
        "c.css": "c { order : 1 }",
        "d.css": "d { e : f }",
    }
    project = Project(tmp_path, {**files, "p.png": "a dot"}, 'standalone = ["d.css"]\n' + PLAIN + table)
    project.settle()
    project.same()

    for path, content in (
        ("c.css", "c { order : 22; src: url(p.png) }"),
        ("p.png", "another"),
        ("c.css", "c { order : 333 }"),
        ("d.css", "d { longer : than before }"),
    ):
        project.write({path: content})
        assert project.same().created
    assert b"order:333" in next((project.build().dir / "files").glob("all.*")).read_bytes()


def test_a_shadowed_file_comes_to_light(tmp_path: Path, quick: None) -> None:
    files = {**SITE, "/first/img/dot.png": "a dot", "/first/css/alone.css": "i { order : 9 }"}
    project = Project(tmp_path, files, 'roots = ["first", "static"]\n' + PLAIN)
    project.settle()
    project.same()

    for path in ("img/dot.png", "css/alone.css"):
        (tmp_path / "first" / path).unlink()
        project.same()


def test_a_cycle_is_closed_and_opened(tmp_path: Path, quick: None) -> None:
    files = {"a.js": 'import "./b.js"', "b.js": 'import "./c.js"', "c.js": "var c", "d.js": 'import "./d.js"'}
    project = Project(tmp_path, files)
    project.settle()
    project.same()

    for path, content in (
        ("c.js", 'import "./a.js"'),
        ("b.js", 'import "./c.js"; import "./d.js"'),
        ("d.js", 'import "./a.js"; import "./d.js"'),
        ("c.js", "var c"),
        ("d.js", "var d"),
        ("a.js", "var a"),
    ):
        project.write({path: content})
        project.same()


def test_a_file_that_grows_while_it_is_looked_at_gets_its_own_size(project: Project) -> None:
    file = project.static / "img/dot.png"

    class Late(Serial):
        """Writes the file once more, when the build is about to read it."""

        written = False

        def map(self, work: Callable[[Any], Any], items: Iterable[Any], /) -> Generator[Any, None, None]:
            if not self.written:
                file.write_bytes(b"a much larger dot")
            self.written = True
            yield from super().map(work, items)

    project.write({"img/dot.png": "dot"})
    try:
        release = project.build(executor=Late())
    except SourceError as error:
        assert str(error) == "img/dot.png: changed while it was being built\n  fix: build again"  # noqa: PT017
    else:
        assert verify(release.dir) == []
    project.same()


@pytest.mark.parametrize("allowed", [0, 3])
def test_where_files_cannot_be_linked_they_are_written(
    project: Project, monkeypatch: pytest.MonkeyPatch, allowed: int
) -> None:
    """As from one file system to another, or at the limit of links to one file."""
    link, left = os.link, [allowed]

    def refuse(source: str, target: str, **options: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.EMLINK, "Too many links")
        link(source, target, **options)

    monkeypatch.setattr(os, "link", refuse)
    for content in ("another dot", "a third one"):
        project.write({"img/dot.png": content})
        left[0] = allowed
        before = inodes(project.build(executor=Serial()))
        assert len(before) == 11
    assert tree(project.build().dir) == tree(project.fresh().dir)
    assert verify(project.build().dir) == []
    assert not list(project.base.rglob(".staging-*"))


def test_a_build_that_fails_leaves_the_release_before_and_nothing_else(project: Project) -> None:
    command = ("build", "--cache-dir", str(project.cache))
    assert said(project.base, *command).exit_code == 0
    before = snapshot(project.base / "dist")

    project.write({"css/site.css": "a { src: url(gone.woff) }"})
    failed = said(project.base, *command)

    assert failed.exit_code == 1
    assert failed.stderr.startswith(
        "css/site.css:1:14: url(gone.woff) names 'css/gone.woff', which is in no source root"
    )
    assert snapshot(project.base / "dist").keys() == before.keys()
    project.write({"css/site.css": CSS})
    assert said(project.base, *command).stdout.count("already built; nothing was written") == 1
    assert snapshot(project.base / "dist").keys() == before.keys()


NAMES = (
    'a"b".css',
    "a,b.css",
    "a': {.css",
    "ä ö\u2028\u2029.css",
    "a|b;c.css",
    "%20.css",
    "😀/é.css",
    " .css",
    "0.css",
)


def test_a_name_may_hold_anything_that_a_url_can(tmp_path: Path, quick: None) -> None:
    files = {name: f"p {{ order : {at} }}\n" * 40 for at, name in enumerate(NAMES)}
    config = 'stable = ["*"]\n[compress]\nbr = 1\ngz = false\n[references]\nmissing = "warn"\n'
    project = Project(tmp_path / 'a "b" \u2028 ü', {**files, "ü;,.css": "a { src: url('gone\u2028;,.png') }"}, config)
    project.settle()
    project.same()
    assert project.history("False", "True").standing()

    for name in NAMES[:4]:
        project.write({name: files[name] + "b { c : d }"})
        project.settle()
        assert project.same().built == 2
    assert project.history("False", "True").standing()


def test_source_maps_follow_their_files(tmp_path: Path, quick: None) -> None:
    """A map is corrected for the names in its file, and is as it was where nobody names it."""
    script, comment = "var a=1;import('./lib.js');var b=2\n", "//# sourceMappingURL=x.min.js.map\n"
    source_map = '{"version":3,"sources":["x.ts"],"names":[],"mappings":"AAAA,QAAQ,qBAAqB"}'
    project = Project(tmp_path, {"x.min.js": script, "x.min.js.map": source_map, "lib.js": "var c", **SITE})
    project.settle()
    released = set()

    for path, content in (
        ("img/photo.png", "another"),
        ("x.min.js", script + comment),
        ("lib.js", "var d"),
        ("x.min.js.map", source_map.replace("x.ts", "y.ts")),
        ("x.min.js", script),
        ("x.min.js.map", source_map),
    ):
        project.same()
        project.write({path: content})
        project.settle()
        released |= {map_file.read_bytes() for map_file in (project.same().dir / "files").glob("x.*.map")}
    assert len(released) == 4


def test_what_nobody_names_any_more_is_only_in_its_bundle(tmp_path: Path, quick: None) -> None:
    config = PLAIN + '[bundles."all.css"]\ncontents = ["part/a.css"]\n'
    naming = "a { src: url(part/a.css) }"
    project = Project(tmp_path, {"part/a.css": "a { b : c }", "site.css": naming, "p.png": "a dot"}, config)
    project.settle()
    assert project.same().files == 4

    project.write({"site.css": "a { src: url(p.png) }"})
    project.settle()
    assert project.same().files == 3
    project.write({"site.css": naming})
    assert project.same().files == 4
