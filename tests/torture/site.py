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
from pathlib import Path
from threading import Lock
from typing import NamedTuple

HERE = Path(__file__).parents[2]
CONTENTS = ("A", "B")
_CONFIG = "[compress]\nbr = 4\ngz = 6\n"
_RELEASE = re.compile(r"[0-9a-f]{16}")
# SQLite leaves its log where a process ends without closing: the next one takes it up.
_CACHE = re.compile(r"v1\.sqlite3(?:-wal|-shm)?|builds|builds/[0-9a-f]{8}\.(?:stamp|known)")


def files_of(content: str, scripts: int) -> dict[str, bytes]:
    """Those below static/: style sheets, `scripts` scripts and images that name each other."""
    rules = "".join(f".{content}{at} {{ color: #{at:06x}; margin: 0 0 0 {at}px }}\n" for at in range(150))
    files = {
        "css/site.css": '@import "base.css";\nbody { background: url(../img/dot.svg) }\n',
        "css/base.css": rules,
        "img/dot.svg": f'<svg xmlns="http://www.w3.org/2000/svg"><title>{content}</title></svg>\n',
        f"img/only-{content}.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>\n',
        "js/app.js": f'import {{ one }} from "./part0.js";\nconsole.log(one, "{content}");\n',
    }
    for at in range(scripts):
        functions = "".join(f"function f{line}(a, b) {{ return a * {at} + b; }}\n" for line in range(60))
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

    def __init__(self, base: Path, scripts: int = 6, *, settle: bool = False) -> None:
        self.base, self.static, self.dist = base, base / "static", base / "dist"
        self.cache, self.scratch = base / "cache", base / "scratch"
        self.scripts = scripts
        self.scratch.mkdir(parents=True)
        (base / "assetbuild.toml").write_text(_CONFIG)
        with _MAKING:
            if scripts not in _WHOLE:
                _WHOLE[scripts] = {content: self._made(content) for content in CONTENTS}
            self.whole = _WHOLE[scripts]
        self.put(CONTENTS[0])
        if settle:
            time.sleep(2.1)  # so that the configuration is old enough to be known by its time

    def _made(self, content: str) -> Release:
        self.put(content)
        run(self, "--no-cache", "--output", "once")
        current = self.base / "once" / "current"
        made = Release(os.readlink(current).partition("/")[2], (current / "SHA256SUMS").read_bytes())
        shutil.rmtree(self.base / "once")
        return made

    def put(self, content: str, *, anew: bool = False) -> None:
        """Make the sources those of `content`; what has the right bytes is only touched if all is to be `anew`."""
        wanted = files_of(content, self.scripts)
        for file in [path for path in self.static.rglob("*") if path.is_file()]:
            if file.relative_to(self.static).as_posix() not in wanted:
                file.unlink()
        for name, data in wanted.items():
            file = self.static / name
            if anew or not file.exists() or file.read_bytes() != data:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)

    def wipe(self, *, cache: bool) -> None:
        """Neither an output nor, if so asked, a cache."""
        for directory in (self.dist, *((self.cache,) if cache else ())):
            shutil.rmtree(directory, ignore_errors=True)

    def environment(self) -> dict[str, str]:
        unwanted = ("ASSETBUILD_", "NO_COLOR", "PYTHON", "COV_", "COVERAGE")
        clean = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
        own = {"ASSETBUILD_CACHE_DIR": str(self.cache), "TMPDIR": str(self.scratch), "PYTHONDONTWRITEBYTECODE": "1"}
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
        if self.current is not None:
            yield from not_whole(self.dist / "current", self.whole)
        for release in self.standing():
            yield from not_whole(self.dist / "releases" / release, self.whole)

    def leftovers(self) -> list[str]:
        """What is neither a release, nor the link, nor a part of the cache."""
        found = [f"dist/{name}" for name in names(self.dist) if name not in ("current", "releases")]
        found += [f"dist/releases/{one}" for one in names(self.dist / "releases") if not _RELEASE.fullmatch(one)]
        found += [f"cache/{name}" for name in below(self.cache) if not _CACHE.fullmatch(name)]
        return found + [f"scratch/{name}" for name in names(self.scratch)]


def names(directory: Path) -> list[str]:
    return sorted(os.listdir(directory)) if directory.is_dir() else []


def below(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*"))


def not_whole(directory: Path, whole: Mapping[str, Release]) -> Iterator[str]:
    """Complaints of a release that is not, to the last byte, one of `whole`."""
    directory = directory.resolve()
    try:
        sums = (directory / "SHA256SUMS").read_bytes()
        if (directory.name, sums) not in {(one.id, one.sums) for one in whole.values()}:
            yield f"'{directory.name}' is none of the releases that an undisturbed build makes"
        said = {line[66:]: line[:64] for line in sums.decode().splitlines()}
        there = {path.relative_to(directory).as_posix(): path for path in directory.rglob("*") if not path.is_dir()}
        if said.keys() | {"SHA256SUMS"} != there.keys():
            yield f"'{directory.name}' lacks {said.keys() - there.keys()}, has also {there.keys() - said.keys()}"
        for name, file in there.items():
            if name in said and hashlib.sha256(file.read_bytes()).hexdigest() != said[name]:
                yield f"'{directory.name}/{name}' has other bytes"
            if file.stat().st_mode & 0o777 != 0o444:
                yield f"'{directory.name}/{name}' has mode {file.stat().st_mode & 0o777:o}"
        checked = subprocess.run(
            ["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=directory, capture_output=True
        )
        if checked.returncode:
            yield f"sha256sum refuses '{directory.name}'"
    except OSError as error:
        yield f"'{directory}' cannot be read: {error}"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "assetbuild", "build", "--jobs", "2", *arguments]


def run(site: Site, *arguments: str) -> dict[str, object]:
    """A build in a new interpreter that nobody disturbs; what it says as JSON."""
    done = subprocess.run(
        command("--json", *arguments), cwd=site.base, env=site.environment(), capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"an undisturbed build has failed:\n{done.stdout}{done.stderr}")
    found: dict[str, object] = json.loads(done.stdout)
    return found
