"""A site of two contents, A and B, with its output and its cache below one directory, and what must hold of them.

Both contents have files of the same sizes, so that only their bytes and times tell them apart; each has one file that
the other has not. A check gives complaints: sentences, none where all is well.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import NamedTuple

HERE = Path(__file__).parents[2]
CONTENTS = ("A", "B")
WORKERS = 2  # that a build forks at once
SAMPLE = 10  # of so many looks at a release, one is by the program `sha256sum` too
SETTLED = 2.1  # seconds, after which a file is old enough to be known by its time
_CONFIG = "[compress]\nbr = 4\ngz = 6\n"
_RELEASE = re.compile(r"[0-9a-f]{16}")
# SQLite leaves its log where a process ends without closing: the next one takes it up.
_CACHE = re.compile(r"v1\.sqlite3(?:-wal|-shm)?|builds|builds/[0-9a-f]{8}\.(?:stamp|known)")


def files_of(content: str, scripts: int) -> dict[str, bytes]:
    """Those below static/: style sheets, `scripts` scripts and images that name each other."""
    rules = "".join(f".{content}{at} {{ color: #{at:06x}; margin: 0 0 0 {at}px }}\n" for at in range(60))
    files = {
        "css/site.css": '@import "base.css";\nbody { background: url(../img/dot.svg) }\n',
        "css/base.css": rules,
        "img/dot.svg": f'<svg xmlns="http://www.w3.org/2000/svg"><title>{content}</title></svg>\n',
        f"img/only-{content}.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>\n',
        "js/app.js": f'import {{ one }} from "./part0.js";\nconsole.log(one, "{content}");\n',
    }
    for at in range(scripts):
        functions = "".join(f"function f{line}(a, b) {{ return a * {at} + b; }}\n" for line in range(24))
        files[f"js/part{at}.js"] = f"export const one = {at};\n{functions}"
    files |= {f"js/deep/{at}/part.js": f"// {content}\nvar part = {at};\n" for at in range(scripts // 8)}
    return {name: text.encode() for name, text in files.items()}


class Release(NamedTuple):
    """What a release must be: `sums` is all of its SHA256SUMS."""

    id: str
    sums: bytes


_WHOLE: dict[int, dict[str, Release]] = {}  # by the number of scripts
_MAKING = Lock()


class Site:
    """`whole` are the releases of both contents, as an undisturbed build without a cache makes them."""

    def __init__(self, base: Path, scripts: int = 6) -> None:
        self.base, self.static, self.dist = base, base / "static", base / "dist"
        self.cache, self.scratch = base / "cache", base / "scratch"
        self.scripts = scripts
        self.looks = count(1)
        self.scratch.mkdir(parents=True)
        (base / "assetbuild.toml").write_text(_CONFIG)
        with _MAKING:
            if scripts not in _WHOLE:
                _WHOLE[scripts] = {content: self._made(content) for content in CONTENTS}
            self.whole = _WHOLE[scripts]
        self.put(CONTENTS[0])

    def settle(self) -> None:
        """Wait until the configuration is old enough to be known by its time."""
        time.sleep(max(0.0, (self.base / "assetbuild.toml").stat().st_ctime + SETTLED - time.time()))

    def _made(self, content: str) -> Release:
        self.put(content)
        run(self, "--no-cache", "--output", "once")
        current = self.base / "once" / "current"
        made = Release(os.readlink(current).partition("/")[2], (current / "SHA256SUMS").read_bytes())
        if complaints := [*not_whole(current, {content: made}, by_program=True)]:
            raise RuntimeError(f"an undisturbed build has made no release: {'; '.join(complaints)}")
        shutil.rmtree(self.base / "once")
        return made

    def put(self, content: str, *, anew: bool = False) -> None:
        """Make the sources those of `content`; what has the right bytes is only touched if all is to be `anew`."""
        wanted = files_of(content, self.scripts)
        for name in files_below(self.static) - wanted.keys():
            (self.static / name).unlink()
        for name, data in wanted.items():
            file = self.static / name
            if anew or not file.exists() or file.read_bytes() != data:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)

    def wipe(self, *, cache: bool) -> None:
        """Neither an output nor, if so asked, a cache."""
        for directory in (self.dist, *((self.cache,) if cache else ())):
            shutil.rmtree(directory, ignore_errors=True)

    def keep(self, name: str) -> None:
        """Copies of output and cache, for `restore`."""
        for directory in (self.dist, self.cache):
            shutil.copytree(directory, self.base / "kept" / name / directory.name, symlinks=True)

    def restore(self, name: str) -> bool:
        """Put copies of what was kept in the places of output and cache. False where nothing was."""
        kept = self.base / "kept" / name
        self.wipe(cache=True)
        for directory in (self.dist, self.cache) if kept.exists() else ():
            shutil.copytree(kept / directory.name, directory, symlinks=True)
        return kept.exists()

    def environment(self) -> dict[str, str]:
        unwanted = ("ASSETBUILD_", "NO_COLOR", "PYTHON", "COV_", "COVERAGE")
        clean = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
        own = {
            "ASSETBUILD_CACHE_DIR": str(self.cache),
            "TMPDIR": str(self.scratch),
            "PYTHONPYCACHEPREFIX": _bytecode().name,
        }
        return {**clean, **own, "PYTHONPATH": str(HERE)}

    @property
    def current(self) -> str | None:
        """The id that `current` names."""
        try:
            return os.readlink(self.dist / "current").partition("/")[2]
        except OSError:
            return None

    def standing(self) -> set[str]:
        """The ids of all releases that stand there."""
        try:
            return {name for name in os.listdir(self.dist / "releases") if _RELEASE.fullmatch(name)}
        except OSError:
            return set()

    def complaints(self, before: set[str], had: str | None) -> Iterator[str]:
        """Of a state in which a build was broken off; `before` were the releases, and `had` what `current` named."""
        if lost := before - self.standing():
            yield f"a release was lost: {', '.join(lost)}"
        if had is not None and self.current is None:
            yield "'current' was lost"
        by_program = next(self.looks) % SAMPLE == 0
        standing = self.standing()
        if self.current is not None and self.current not in standing:
            yield from not_whole(self.dist / "current", self.whole, by_program=by_program)
        for release in standing:
            yield from not_whole(self.dist / "releases" / release, self.whole, by_program=by_program)

    def leftovers(self) -> list[str]:
        """What is neither a release, nor the link, nor a part of the cache."""
        found = [f"dist/{name}" for name in names(self.dist) if name not in ("current", "releases")]
        found += [f"dist/releases/{one}" for one in names(self.dist / "releases") if not _RELEASE.fullmatch(one)]
        found += [f"cache/{name}" for name in below(self.cache) if not _CACHE.fullmatch(name)]
        return found + [f"scratch/{name}" for name in names(self.scratch)]


@cache
def _bytecode() -> TemporaryDirectory[str]:
    """Of the code as it is now, so that new interpreters need not compile it."""
    return TemporaryDirectory(prefix="assetbuild-bytecode-")


def names(directory: Path) -> list[str]:
    return sorted(os.listdir(directory)) if directory.is_dir() else []


def below(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*"))


def files_below(directory: Path) -> set[str]:
    """By their names from there; links are files."""
    top = len(f"{directory}/")
    return {f"{parent}/{name}"[top:] for parent, _, names in os.walk(directory) for name in names}


def not_whole(directory: Path, whole: Mapping[str, Release], *, by_program: bool = True) -> Iterator[str]:
    """Complaints of a release that is not, to the last byte, one of `whole`. `sha256sum` looks as well if so asked:
    what it is to read has been compared by then, byte for byte, with what it once accepted."""
    directory = directory.resolve()
    try:
        sums = (directory / "SHA256SUMS").read_bytes()
        if (directory.name, sums) not in {(one.id, one.sums) for one in whole.values()}:
            yield f"'{directory.name}' is none of the releases that an undisturbed build makes"
        said = {line[66:]: line[:64] for line in sums.decode().splitlines()}
        there = files_below(directory)
        if said.keys() | {"SHA256SUMS"} != there:
            yield f"'{directory.name}' lacks {said.keys() - there}, has also {there - said.keys()}"
        for name in there:
            yield from _not_as_said(directory, name, said.get(name))
        if by_program and _refused(directory):
            yield f"sha256sum refuses '{directory.name}'"
    except OSError as error:
        yield f"'{directory}' cannot be read: {error}"


def _not_as_said(directory: Path, name: str, digest: str | None) -> Iterator[str]:
    with open(f"{directory}/{name}", "rb", buffering=0) as stream:
        mode = os.fstat(stream.fileno()).st_mode
        if digest and hashlib.sha256(stream.read()).hexdigest() != digest:
            yield f"'{directory.name}/{name}' has other bytes"
    if mode & 0o777 != 0o444:
        yield f"'{directory.name}/{name}' has mode {mode & 0o777:o}"


def _refused(directory: Path) -> bool:
    arguments = ["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"]
    return subprocess.run(arguments, cwd=directory, capture_output=True).returncode != 0


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "assetbuild", "build", "--jobs", str(WORKERS), *arguments]


def run(site: Site, *arguments: str) -> dict[str, object]:
    """A build in a new interpreter that nobody disturbs; what it says as JSON."""
    done = subprocess.run(
        command("--json", *arguments), cwd=site.base, env=site.environment(), capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"an undisturbed build has failed:\n{done.stdout}{done.stderr}")
    found: dict[str, object] = json.loads(done.stdout)
    return found
