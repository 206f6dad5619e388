"""Where a build of a hostile tree writes, by strace: in its output, its cache and the directory for temporary files.

Whatever kind of build it is, and however it ends.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.traces import Traced, below, strace, traced
from tests.test_hostile_trees import HERE, NAMES, SECONDS, base, link, make

__all__ = ["base"]

FILTERS = """
import os, subprocess, sys
from webassets import Bundle

def goes_elsewhere(_in, out, **_):
    os.chdir("/")
    subprocess.run([sys.executable, "-c", "print('prints')"])
    out.write(_in.read())

bundles = {
    "filtered": Bundle("f.css", "c.css", filters=[goes_elsewhere, "cssmin"], output="out/filtered.css"),
    "deep": Bundle(Bundle("b.js", "one.js", filters="rjsmin"), "two.js", output="deep/%(version)s/all.js"),
}
"""


@pytest.fixture
def outside(base: Path, tmp_path: Path) -> Path:
    """A tree that names files outside of it in every way it can, and these."""
    directory = tmp_path / "outside"
    directory.mkdir()
    for name in ("secret.txt", "secret.css", "x.css", "x.png", "x.js"):
        (directory / name).write_text("SECRET")
    steps = "../" * 12
    names = {f"static/names/{name}": "a { color: red }" for name in NAMES}
    scripts = {f"static/many/{at}.js": f"export const a{at} = {at};\n" * 400 for at in range(12)}
    imports = (f"{steps}{directory}/secret.css", f"file://{directory}/secret.css", f"%2e%2e/..{directory}/x.css")
    make(
        base,
        {
            **names,
            **scripts,
            "static/a.css": "".join(f"@import '{url}';" for url in imports),
            "static/b.js": "var b = 1;",
            "static/module.js": f"import '{steps}{directory}/x.js'; new URL('{directory}/x', import.meta.url)",
            "static/one.js": "var one",
            "static/two.js": "var two\n//# sourceMappingURL=../../outside/secret.txt",
            "static/c.css": "a { background: url(c.svg) }",
            "static/c.svg": f'<!DOCTYPE svg [<!ENTITY e SYSTEM "file://{directory}/secret.txt">]>'
            f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{steps}{directory}/x.png"/>&e;</svg>',
            "static/e.js": "var a = 1;\n//# sourceMappingURL=e.js.map",
            "static/e.js.map": json.dumps({"version": 3, "sources": [f"{directory}/secret.txt"], "mappings": "AAAA"}),
            "static/f.css": f"@import '{directory}/secret.css'; a{{b:url(c.svg)}}",
            "static/photo.png": b"\x89PNG" * 100_000,
            "hostile.py": FILTERS,
        },
        'stable = ["names/**"]\nbundles = "hostile:bundles"\n[references]\nmissing = "warn"\n',
    )
    link(base / "static/inside.css", "b.js")
    return directory


class Place:
    """Where a build runs, and what it may change there."""

    def __init__(self, base: Path, tmp_path: Path) -> None:
        self.base, self.log = base, tmp_path / "trace"
        self.cache, self.temporary = tmp_path / "cache", tmp_path / "tmp"
        self.temporary.mkdir()
        for directory in (tmp_path / "home", base / "release"):
            directory.mkdir()

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTHON"))}
        own = {"ASSETBUILD_CACHE_DIR": str(self.cache), "TMPDIR": str(self.temporary), "PYTHONPATH": str(HERE)}
        command = [*strace(self.log), sys.executable, "-B", "-m", "assetbuild", "build", "--jobs", "2", *arguments]
        return subprocess.Popen(
            command,
            cwd=self.base,
            env={**environment, **own, "HOME": str(self.cache.parent / "home"), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def build(self, *arguments: str) -> Traced:
        with self.begin(*arguments) as process:
            _, said = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, said
        return traced(self.log, self.base)

    def elsewhere(self, seen: Traced, output: str) -> list[str]:
        """What was changed though it may not be. What a build writes is made beside its place, and renamed."""
        allowed = [str(one) for one in (self.base / output, self.cache, self.temporary, "/dev/null", "/dev/tty")]
        staging = re.compile(re.escape(str((self.base / output).parent)) + r"/\.staging-[0-9a-f]{16}(/.*)?")
        return [file for file in seen.changed if not below(file, allowed) and not staging.fullmatch(file)]


@pytest.fixture
def place(base: Path, tmp_path: Path, outside: Path) -> Place:
    return Place(base, tmp_path)


def before(place: Place, outside: Path) -> dict[str, tuple[int, bytes]]:
    """All that is no output, with its times."""
    files = [*place.base.glob("*.*"), *place.base.glob("static/**/*"), *outside.glob("**/*")]
    return {str(file): (file.stat().st_mtime_ns, file.read_bytes()) for file in files if file.is_file()}


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        ((), "dist"),
        (("--flat", "release"), "release"),
        (("--output", "elsewhere/deep"), "elsewhere"),
        (("--no-cache", "--check"), "dist"),
    ],
)
def test_a_build_changes_nothing_but_its_output_its_cache_and_what_is_temporary(
    place: Place, outside: Path, arguments: tuple[str, ...], output: str
) -> None:
    was = before(place, outside)
    for again in (False, True):
        seen = place.build(*arguments)

        assert place.elsewhere(seen, output) == []
        assert seen.hosts == []
        assert any(file.startswith(str(place.base / output)) for file in seen.changed) or again
        assert before(place, outside) == was
        assert os.listdir(place.temporary) == []
        (place.base / "static/b.js").write_text("var b = 22;")
        was = before(place, outside)
    assert [file for file in (*seen.read, *seen.looked) if below(file, [str(outside)])] == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_build_that_is_ended_has_changed_nothing_else_either(
    place: Place, outside: Path, number: signal.Signals
) -> None:
    was = before(place, outside)
    with place.begin("--flat", "release") as process:
        while not any(place.base.glob(".staging-*/files/*")):
            assert process.poll() is None
            time.sleep(0.001)
        os.kill(int(place.log.read_text().split(maxsplit=1)[0]), number)
        process.communicate(timeout=SECONDS)

    assert place.elsewhere(traced(place.log, place.base), "release") == []
    assert before(place, outside) == was
    assert os.listdir(place.base / "release") == []
    assert place.elsewhere(place.build("--flat", "release"), "release") == []
    assert [*place.base.glob(".staging-*")] == []


def test_a_trace_tells_of_each_way_to_change_something(tmp_path: Path) -> None:
    """Or the tests above would hold for nothing."""
    code = """
import os, socket
os.chdir("sub")
at = os.open("..", os.O_RDONLY)
os.close(os.open("made", os.O_CREAT | os.O_WRONLY))
os.mkdir("made_too", dir_fd=at)
os.rename("made", "moved")
os.symlink("nowhere", "link")
os.link("moved", "linked")
os.chmod("moved", 0o600)
os.fchmod(at, 0o700)
os.utime("linked")
os.rmdir("made_too", dir_fd=at)
os.truncate("moved", 3)
socket.socket(socket.AF_UNIX).bind("bound")
socket.socket(socket.AF_INET)
if not os.fork():
    os.unlink("../sub/moved")
    os._exit(0)
os.wait()
"""
    (tmp_path / "sub").mkdir()
    log = tmp_path / "log"
    subprocess.run([*strace(log), sys.executable, "-I", "-B", "-c", code], cwd=tmp_path, check=True)

    seen = traced(log, tmp_path)

    names = ("bound", "link", "linked", "made", "moved")
    wanted = {str(tmp_path), *(str(tmp_path / "sub" / name) for name in names), str(tmp_path / "made_too")}
    assert {file for file in seen.changed if below(file, [str(tmp_path)])} == wanted
    assert len(seen.hosts) == 1
