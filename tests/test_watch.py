"""Watching as a program: what is built, what is told, and how it goes on after whatever goes wrong.

Each round is awaited by what it says, never by time: the objects of --json come one a line.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from assetbuild.watching import PRODUCTION
from tests.conftest import write_files

PATIENCE = 60.0  # seconds until a test gives up; a loaded machine is slow, and nothing waits for them without need
SITE = {
    "assetbuild.toml": "",
    "static/css/site.css": "body { background: url(../img/dot.svg) }\n",
    "static/img/dot.svg": "<svg/>",
}


def environment(**more: str) -> dict[str, str]:
    """Of a developer's machine, wherever the tests run."""
    unwanted = {*PRODUCTION, "CI", "NO_COLOR", "ASSETBUILD_DEVELOPMENT", "ASSETBUILD_MANIFEST", "ASSETBUILD_BASE_URL"}
    return {name: value for name, value in os.environ.items() if name not in unwanted} | more


class Watch:
    """A running `assetbuild watch`. `said` are the objects that it has told so far, `stderr` is a file."""

    def __init__(self, process: subprocess.Popen[str], errors: Path) -> None:
        self.process, self._errors = process, errors
        self.said: list[dict[str, Any]] = []
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def line(self) -> str:
        """The next on standard output, the empty one at its end."""
        try:
            return self._lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"it says nothing more\n{self.stderr}") from None

    def next(self) -> dict[str, Any]:
        line = self.line()
        assert line, f"it has ended\n{self.stderr}"
        told: dict[str, Any] = json.loads(line)
        self.said.append(told)
        return told

    def until(self, kind: str, where: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """The next of that type of which `where` holds: what is saved in several steps may take several rounds."""
        while (told := self.next())["type"] != kind or not where(told):
            pass
        return told

    @property
    def stderr(self) -> str:
        return self._errors.read_text(encoding="utf-8")

    def ended(self) -> int:
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()


@contextmanager
def watching(
    project: Path, *options: str, env: Mapping[str, str] | None = None, command: Sequence[str] = (), **more: Any
) -> Iterator[Watch]:
    """`assetbuild watch --json`, or another command. It is killed in the end if it still runs."""
    errors = project.parent / f"{project.name}-stderr-{len(os.listdir(project.parent))}.txt"
    arguments = command or [sys.executable, "-W", "error", "-m", "assetbuild", "watch", "--json"]
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            [*arguments, *options],
            cwd=project,
            env=environment(**(env or {})),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            encoding="utf-8",
            **{"stdin": subprocess.DEVNULL, **more},
        )
    watch = Watch(process, errors)
    try:
        yield watch
    finally:
        watch.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_files(tmp_path / "project", SITE)
    return tmp_path / "project"


class Running:
    """One watch for many tests: to start one takes longer than most of what they ask of it."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.barriers = 0
        self.stack = ExitStack()
        self.watch: Watch | None = None

    def fresh(self) -> Watch:
        """With the files of SITE and one more, all built; what it says from now on is of the test's own doing."""
        keep_only(self.project, SITE)
        self.barriers += 1
        barrier = f"barrier{self.barriers}.css"
        save(self.project / "static" / barrier, "")
        if self.watch is None or self.watch.process.poll() is not None:
            options = ("--templates", "pages", "--templates", "static/both")
            self.watch = self.stack.enter_context(watching(self.project, *options))
            self.watch.next()
        self.watch.until("built", lambda told: barrier in told["reasons"])
        return self.watch


def keep_only(project: Path, files: Mapping[str, str]) -> None:
    for directory, _, names in os.walk(project):
        if ".assetbuild" not in directory:
            for name in names:
                if os.path.relpath(os.path.join(directory, name), project) not in files:
                    os.unlink(os.path.join(directory, name))
    write_files(project, files)
    for name in ("pages", "static/both"):
        (project / name).mkdir(exist_ok=True)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("watched") / "project")
    running.project.mkdir()
    with running.stack:
        yield running


def manifest(project: Path) -> dict[str, str]:
    """Logical path -> released file, of which each is there."""
    directory = project / ".assetbuild"
    assets = json.loads((directory / "manifest.json").read_bytes())["assets"]
    assert [path for path, entry in assets.items() if not (directory / "files" / entry["file"]).is_file()] == []
    return {path: entry["file"] for path, entry in assets.items()}


def released(project: Path, path: str) -> str:
    return (project / ".assetbuild/files" / manifest(project)[path]).read_text(encoding="utf-8")


@contextmanager
def listening(project: Path) -> Iterator[Iterator[dict[str, Any]]]:
    """What a page that was just made hears."""
    live = json.loads((project / ".assetbuild/live.json").read_bytes())
    release = json.loads((project / ".assetbuild/manifest.json").read_bytes())["release"]
    url = f"http://127.0.0.1:{live['port']}/events?token={live['token']}&release={release}"
    with urllib.request.urlopen(url, timeout=PATIENCE) as stream:
        yield (json.loads(line.removeprefix(b"data: ")) for line in stream if line.startswith(b"data: "))


def save(file: Path, text: str) -> None:
    """As careful editors do: at no moment is it empty, and there is one round at most."""
    new = file.with_name(f"{file.name}~")
    new.write_text(text, encoding="utf-8")
    os.replace(new, file)


def test_it_builds_and_then_follows_each_save(project: Path) -> None:
    with watching(project, "--no-reload") as watch:
        started, first = watch.next(), watch.next()
        directory = project / ".assetbuild"
        assert started == {
            "type": "started",
            "directory": str(directory),
            "manifest": str(directory / "manifest.json"),
            "files": str(directory / "files"),
            "server": None,
            "watched": ["static"],
        }
        assert (first["type"], first["files"], first["changed"], first["recovered"]) == ("built", 2, [], False)
        before = manifest(project)

        save(project / "static/css/site.css", "b { color: red }\n")
        told = watch.until("built")

        assert told.pop("seconds") > 0
        release = json.loads((directory / "manifest.json").read_bytes())["release"]
        assert told == {
            "type": "built",
            "release": release,
            "changed": ["static/css/site.css"],
            "reasons": {"css/site.css": "its content has changed"},
            "rebuilt": 1,
            "gone": 0,
            "files": 2,
            "recovered": False,
            "warnings": [],
        }
        assert released(project, "css/site.css") == "b { color: red }\n"
        assert manifest(project)["img/dot.svg"] == before["img/dot.svg"]
        assert not (directory / "live.json").exists()
    assert watch.stderr == ""


def test_a_changed_image_renames_the_css_that_names_it(one: Running) -> None:
    watch = one.fresh()
    save(one.project / "static/img/dot.svg", "<svg></svg>")

    assert watch.until("built")["reasons"] == {
        "css/site.css": "'img/dot.svg', which it names, is called otherwise now",
        "img/dot.svg": "its content has changed",
    }
    assert manifest(one.project)["img/dot.svg"].rpartition("/")[2] in released(one.project, "css/site.css")


def test_files_come_and_go(one: Running) -> None:
    watch = one.fresh()
    save(one.project / "static/new.css", "a {}")
    assert watch.until("built")["rebuilt"] == 1
    assert "new.css" in manifest(one.project)

    (one.project / "static/new.css").unlink()
    told = watch.until("built", lambda told: told["gone"] > 0)
    assert (told["gone"], told["changed"]) == (1, ["static/new.css"])
    assert "new.css" not in manifest(one.project)


def test_directories_come_and_go(one: Running) -> None:
    watch = one.fresh()
    write_files(one.project.parent, {"whole/deep/new.css": "a {}"})
    (one.project.parent / "whole").rename(one.project / "static/whole")
    watch.until("built", lambda told: "whole/deep/new.css" in told["reasons"])

    (one.project / "static/whole").rename(one.project / "static/other")
    watch.until("built", lambda told: "other/deep/new.css" in told["reasons"])
    assert "whole/deep/new.css" not in manifest(one.project)


def test_a_failure_keeps_the_last_good_build_and_ends_with_the_mending(one: Running) -> None:
    watch = one.fresh()
    before = manifest(one.project)

    save(one.project / "static/css/site.css", "b { background: url(no.svg) }\n")
    assert watch.until("failed") == {
        "type": "failed",
        "changed": ["static/css/site.css"],
        "errors": [
            {
                "message": "url(no.svg) names 'css/no.svg', which is in no source root",
                "file": "css/site.css",
                "line": 1,
                "column": 21,
                "notes": ["searched: static/"],
                "fix": None,
            }
        ],
    }
    assert manifest(one.project) == before
    save(one.project / "static/css/site.css", "b {}\n")
    told = watch.next()

    assert (told["type"], told["recovered"]) == ("built", True)
    assert released(one.project, "css/site.css") == "b {}\n"


def test_an_error_is_told_again_only_when_it_is_another(one: Running) -> None:
    watch = one.fresh()
    save(one.project / "static/css/site.css", "b { background: url(no.svg) }\n")
    watch.until("failed")
    save(one.project / "static/other.css", "a {}")
    save(one.project / "pages/home.html", "<p>")  # of which it tells after it has built
    assert watch.next()["type"] == "reload"
    save(one.project / "static/css/site.css", "b { background: url(neither.svg) }\n")
    told = watch.next()
    assert told["errors"][0]["message"] == "url(neither.svg) names 'css/neither.svg', which is in no source root"
    save(one.project / "static/css/site.css", "b {}\n")
    assert watch.until("built")["recovered"]
    assert {"other.css", "css/site.css"} <= manifest(one.project).keys()


def test_an_edit_taken_back_ends_the_failure_though_nothing_is_built(one: Running) -> None:
    watch = one.fresh()
    save(one.project / "static/css/site.css", "b { background: url(no.svg) }\n")
    watch.until("failed")
    save(one.project / "static/css/site.css", SITE["static/css/site.css"])

    told = watch.next()
    assert (told["type"], told["recovered"], told["rebuilt"], told["gone"]) == ("built", True, 0, 0)


def test_a_site_that_is_broken_from_the_start_is_built_when_it_is_mended(project: Path) -> None:
    save(project / "static/css/site.css", "b { background: url(no.svg) }\n")
    with watching(project, "--no-reload") as watch:
        assert [watch.next()["type"] for _ in range(2)] == ["started", "failed"]
        assert not (project / ".assetbuild/manifest.json").exists()
        save(project / "static/css/no.svg", "<svg/>")

        assert watch.next()["recovered"]
        assert len(manifest(project)) == 3


def test_another_configuration_is_heeded_and_a_broken_one_is_a_failed_build(one: Running) -> None:
    watch = one.fresh()
    write_files(one.project, {"vendor/lib.js": "lib()"})

    save(one.project / "assetbuild.toml", 'roots = ["static", {path = "vendor", prefix = "v"}]')
    told = watch.until("built", lambda told: "v/lib.js" in told["reasons"])
    assert told["changed"] == ["assetbuild.toml"]
    save(one.project / "vendor/lib.js", "lib2()")  # which is watched now
    watch.until("built", lambda _: released(one.project, "v/lib.js") == "lib2()")

    save(one.project / "assetbuild.toml", 'root = ["static"]')
    assert watch.until("failed", lambda told: "unknown" in told["errors"][0]["message"])["errors"] == [
        {
            "message": "unknown key 'root'; did you mean 'roots'?",
            "file": "assetbuild.toml",
            "line": None,
            "column": None,
            "notes": [],
            "fix": None,
        }
    ]
    save(one.project / "static/css/site.css", "b {}")  # built with the configuration that comes
    save(one.project / "assetbuild.toml", "")
    assert watch.until("built")["recovered"]
    assert released(one.project, "css/site.css") == "b {}"
    assert "v/lib.js" not in manifest(one.project)


def test_a_configuration_that_is_removed_and_comes_back(one: Running) -> None:
    watch = one.fresh()
    (one.project / "assetbuild.toml").unlink()
    assert watch.until("failed")["errors"][0]["message"] == f"there is no file '{one.project}/assetbuild.toml'"
    save(one.project / "assetbuild.toml", 'exclude = ["img/**"]')

    watch.until("failed", lambda told: "img/dot.svg" in told["errors"][0]["message"])
    save(one.project / "static/css/site.css", "b {}")
    watch.until("built")
    assert "img/dot.svg" not in manifest(one.project)


def test_a_root_that_the_configuration_names_before_it_is_there(one: Running) -> None:
    watch = one.fresh()
    shutil.rmtree(one.project / "more", ignore_errors=True)
    save(one.project / "assetbuild.toml", 'roots = ["static", "more"]')
    watch.until("failed", lambda told: told["errors"][0]["message"] == "the root 'more' does not exist")
    write_files(one.project, {"more/a.css": "a {}"})  # of which nothing tells it

    watch.until("built", lambda told: "a.css" in told["reasons"])


def test_an_output_that_would_be_inside_the_development_directory_is_a_failed_build(one: Running) -> None:
    watch = one.fresh()
    save(one.project / "assetbuild.toml", 'output = ".assetbuild/dist"')

    told = watch.until("failed", lambda told: ".assetbuild" in told["errors"][0]["message"])
    assert told["errors"][0]["message"] == (
        "the development directory '.assetbuild' and the output directory '.assetbuild/dist' are one inside the other"
    )


def test_a_root_that_vanishes_and_comes_back(one: Running) -> None:
    watch = one.fresh()
    (one.project / "static").rename(one.project / "elsewhere")
    watch.until("failed")
    save(one.project / "elsewhere/css/site.css", "b { color: red }")
    (one.project / "elsewhere").rename(one.project / "static")

    watch.until("built", lambda told: told["recovered"])
    assert released(one.project, "css/site.css") == "b { color: red }"
    save(one.project / "static/css/site.css", "b { color: blue }")
    watch.until("built", lambda _: released(one.project, "css/site.css") == "b { color: blue }")


def test_bundles_follow_their_file(one: Running) -> None:
    watch = one.fresh()
    write_files(one.project, {"static/a.js": "a()", "static/b.js": "b()"})
    save(one.project / "bundles.yaml", "all:\n  output: all.js\n  contents: [a.js]\n")
    save(one.project / "assetbuild.toml", 'bundles = "bundles.yaml"')
    watch.until("built", lambda told: "all.js" in told["reasons"])
    assert "b()" not in released(one.project, "all.js")

    save(one.project / "bundles.yaml", "all:\n  output: all.js\n  contents: [a.js, b.js]\n")
    watch.until("built", lambda told: "all.js" in told["reasons"] and "b()" in released(one.project, "all.js"))


@pytest.mark.parametrize(
    "gone", [[""], ["lock"], ["files"], ["manifest.json", "files/css", "lock"]], ids=["all", "lock", "files", "some"]
)
def test_what_is_removed_of_the_development_directory_is_made_again(one: Running, gone: list[str]) -> None:
    watch, directory = one.fresh(), one.project / ".assetbuild"
    before, live = manifest(one.project), (directory / "live.json").read_bytes()
    for name in gone:
        if (directory / name).is_dir():
            shutil.rmtree(directory / name)
        else:
            (directory / name).unlink()
    if gone == ["files"]:  # nothing tells of that
        save(one.project / "static/css/site.css", "b {}")
        watch.until("built")
    else:
        watch.until("built", lambda told: told["changed"] == [".assetbuild"] and told["rebuilt"] == told["files"])

    assert manifest(one.project).keys() == before.keys()
    assert (directory / "live.json").read_bytes() == live
    assert (directory / ".gitignore").read_bytes() == b"*\n"
    save(one.project / "static/css/site.css", "i {}")
    watch.until("built", lambda told: "css/site.css" in told["reasons"])
    assert released(one.project, "css/site.css") == "i {}"


def test_scratch_files_of_editors_build_nothing_and_are_not_named(one: Running) -> None:
    watch = one.fresh()
    for name in (".site.css.swp", "site.css~", "#site.css#"):
        save(one.project / "static/css" / name, "scratch")
    save(one.project / "static/css/4913", "i {}")
    os.replace(one.project / "static/css/4913", one.project / "static/css/site.css")

    told = watch.until("built", lambda told: "css/site.css" in told["reasons"])
    assert told["changed"] == ["static/css/site.css"]
    assert [name for name in manifest(one.project) if name.startswith("css/")] == ["css/site.css"]


def test_a_warning_is_told_when_it_is_new(one: Running) -> None:
    watch = one.fresh()
    save(one.project / "assetbuild.toml", '[references]\nmissing = "warn"\n')
    save(one.project / "static/css/site.css", "b { background: url(no.svg) }\n")
    warned = watch.until("built", lambda told: told["warnings"])["warnings"]
    assert [one["message"] for one in warned] == ["url(no.svg) names 'css/no.svg', which is in no source root"]
    save(one.project / "static/img/dot.svg", "<svg></svg>")
    assert watch.until("built", lambda told: "img/dot.svg" in told["reasons"])["warnings"] == []
    save(one.project / "static/css/site.css", "b {}\n")
    assert watch.until("built", lambda told: "css/site.css" in told["reasons"])["warnings"] == []
    save(one.project / "static/css/site.css", "b { background: url(no.svg) }\n")
    assert watch.until("built", lambda told: told["warnings"])["warnings"] == warned


def test_templates_load_pages_again_and_build_nothing(one: Running) -> None:
    watch = one.fresh()
    with listening(one.project) as messages:
        save(one.project / "pages/.home.html.swp", "scratch")
        save(one.project / "pages/home.html", "<p>1")
        watch.until("reload", lambda told: told["changed"] == ["pages/home.html"])
        os.utime(one.project / "pages/home.html", ns=(1, 1))
        watch.until("reload")
        (one.project / "pages/home.html").unlink()
        watch.until("reload")
        write_files(one.project, {"pages/deep/er/a.html": ""})
        watch.until("reload", lambda told: told["changed"] == ["pages/deep/er/a.html"])
        save(one.project / "static/css/site.css", "b {}\n")
        watch.until("built")

        assert [next(messages)["type"], next(messages)] == ["hello", {"type": "reload", "reason": "pages/home.html"}]
        heard = {message["type"] for message in takewhile(lambda message: message["type"] != "built", messages)}
        assert heard == {"reload"}


def test_what_is_a_source_and_a_template_is_built_and_loads_pages_again(one: Running) -> None:
    watch = one.fresh()
    save(one.project / "static/both/a.svg", "<svg/>")

    assert watch.until("built")["reasons"] == {"both/a.svg": "it is new"}
    assert watch.until("reload")["changed"] == ["static/both/a.svg"]


def test_pages_hear_of_builds_and_of_failures_with_their_text(one: Running) -> None:
    watch = one.fresh()
    before = manifest(one.project)
    with listening(one.project) as messages:
        assert next(messages)["type"] == "hello"
        save(one.project / "static/css/site.css", "b { background: url(no.svg) }\n")
        assert next(messages) == {
            "type": "failed",
            "errors": [
                {
                    "text": "css/site.css:1:21: url(no.svg) names 'css/no.svg', which is in no source root\n"
                    "  1 | b { background: url(no.svg) }\n"
                    "    |                     ^^^^^^\n"
                    "  searched: static/",
                    **watch.until("failed")["errors"][0],
                }
            ],
        }
        save(one.project / "static/css/site.css", "b {}\n")
        release = watch.until("built")["release"]
        now = manifest(one.project)
        names = {before["css/site.css"]: now["css/site.css"]}
        assert next(messages) == {"type": "built", "release": release, "names": names}


def test_another_configuration_loads_pages_again_if_it_changes_what_they_show(one: Running) -> None:
    watch = one.fresh()
    with listening(one.project) as messages:
        save(one.project / "assetbuild.toml", "# a remark\n")
        save(one.project / "static/css/site.css", "b {}\n")
        watch.until("built", lambda _: released(one.project, "css/site.css") == "b {}\n")
        write_files(one.project, {"static/new.css": ""})
        save(one.project / "assetbuild.toml", 'stable = ["img/**"]\n')

        heard = [*takewhile(lambda message: message["type"] != "reload", messages)]
        assert {message["type"] for message in heard} == {"hello", "built"}
        watch.until("built", lambda _: (one.project / ".assetbuild/files/img/dot.svg").is_file())
