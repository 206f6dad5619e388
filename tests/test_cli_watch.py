"""The command `watch`: what it says, where it refuses to begin, and how it ends."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from assetbuild.cli import cli
from assetbuild.config import load_config
from assetbuild.errors import AssetBuildError, ConfigError, Problem
from assetbuild.pages import Pages
from assetbuild.rounds import Rebuilt
from assetbuild.taken import Taken, check_apart
from assetbuild.terminal import Output
from assetbuild.watching import PRODUCTION, refuse_production
from assetbuild.words import Words
from tests.conftest import write_files
from tests.support.servers import free_port
from tests.test_cli import drop_file_capabilities
from tests.test_watch import PATIENCE, SITE, environment, manifest, released, save, watching

WATCH = [sys.executable, "-W", "error", "-m", "assetbuild", "watch"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_files(tmp_path / "project", SITE)
    return tmp_path / "project"


def refused(
    directory: Path, *options: str, env: dict[str, str] | None = None, preexec: Callable[[], None] | None = None
) -> tuple[int, str]:
    """For one that is to end by itself: status, and what it said."""
    done = subprocess.run(
        [*WATCH, *options],
        cwd=directory,
        env=environment(**(env or {})),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        preexec_fn=preexec,
    )
    return done.returncode, done.stdout + done.stderr


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_what_it_says(project: Path) -> None:
    write_files(project, {"pages/home.html": ""})
    options = ("-v", "--templates", "pages", "--force")
    with watching(project, *options, command=WATCH, env={"NODE_ENV": "production"}) as watch:
        said = [watch.line() for _ in range(6)]
        live = json.loads((project / ".assetbuild/live.json").read_bytes())
        assert said[:5] == [
            "watching static, pages; Ctrl-C ends this\n",
            f"an application in or below '{project}' that is in development mode shows what is built\n",
            "  (Django with DEBUG, Flask with --debug, or any with ASSETBUILD_MODE=development);\n",
            f"  one elsewhere also needs ASSETBUILD_DEVELOPMENT={project}/.assetbuild\n",
            f"its pages load again by themselves, through port {live['port']}\n",
        ]
        assert re.fullmatch(r"2 files, in \d+ ms\n", said[5])

        save(project / "static/css/site.css", "b {}\n")
        assert re.fullmatch(r"static/css/site\.css changed: 1 file rebuilt in \d+ ms\n", watch.line())
        assert watch.line() == "  css/site.css: its content has changed\n"
        save(project / "static/css/site.css", "b { mask: url(no.svg) }\n")
        assert watch.line() == "static/css/site.css changed: 1 error; what was built before stays\n"
        save(project / "static/css/site.css", "b {}\n")
        assert re.fullmatch(
            r"static/css/site\.css changed: 0 files rebuilt in \d+ ms; the errors are gone\n", watch.line()
        )
        save(project / "pages/home.html", "<p>")
        assert watch.line() == "pages/home.html changed: pages load again\n"
        (project / "static/css/site.css").unlink()
        assert re.fullmatch(r"static/css/site\.css changed: 1 gone in \d+ ms\n", watch.line())
    assert watch.stderr == (
        "css/site.css:1:15: url(no.svg) names 'css/no.svg', which is in no source root\n"
        "  1 | b { mask: url(no.svg) }\n"
        "    |               ^^^^^^\n"
        "  searched: static/\n"
    )


def test_elsewhere_applications_have_to_be_told_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Words(Output(as_json=False, verbosity=0, color=None)).started(tmp_path / "other", None, [*"abcdefgh"])
    assert capsys.readouterr().out == (
        "watching a, b, c, d, e, f and 2 more; Ctrl-C ends this\n"
        "an application in development mode shows what is built with\n"
        f"  ASSETBUILD_DEVELOPMENT={tmp_path}/other\n"
    )


@pytest.mark.parametrize(
    ("done", "line"),
    [
        ({}, "static/a.css changed: 1 file rebuilt in 8 ms"),
        ({"changed": [*"abc"], "rebuilt": 1200}, "a, b and 1 more changed: 1,200 files rebuilt in 8 ms"),
        ({"rebuilt": 0, "gone": 2}, "static/a.css changed: 2 gone in 8 ms"),
        ({"rebuilt": 2, "gone": 1}, "static/a.css changed: 2 files rebuilt, 1 gone in 8 ms"),
        ({"changed": [], "recovered": True}, "1 file rebuilt in 8 ms; the errors are gone"),
    ],
)
def test_each_round_is_one_line(done: dict[str, Any], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    first = Rebuilt(["static/a.css"], 1, 0, {"a.css": "it is new"}, "r", 3, (), 0.008, recovered=False)
    for verbosity in (0, -1):
        words = Words(Output(as_json=False, verbosity=verbosity, color=None))
        words.built(first)
        words.built(first._replace(**done))
        said = ["3 files, 2 of them as they were, in 8 ms", line] if verbosity == 0 else []
        assert capsys.readouterr() == ("".join(f"{one}\n" for one in said), "")


def test_what_follows_a_failed_start_is_no_first_build(capsys: pytest.CaptureFixture[str]) -> None:
    words = Words(Output(as_json=False, verbosity=0, color=None))
    words.failed([], [Problem("it is wrong")])
    words.built(Rebuilt(["static/a.css"], 3, 0, {}, "r", 3, (), 0.008, recovered=True))
    assert capsys.readouterr() == (
        "1 error; what was built before stays\nstatic/a.css changed: 3 files rebuilt in 8 ms; the errors are gone\n",
        "it is wrong\n",
    )


def test_two_configurations_are_watched_side_by_side_from_elsewhere(project: Path, tmp_path: Path) -> None:
    save(project / "other.toml", 'exclude = ["css/**"]')
    one = ("--config", "project/assetbuild.toml", "--minify")
    other = ("--config", str(project / "other.toml"), "--dir", "project/../project/.other")
    with watching(tmp_path, *one) as first, watching(tmp_path, *other) as second:
        assert first.next()["directory"] == str(project / ".assetbuild")
        assert second.next()["directory"] == str(project / ".other")
        assert (first.next()["files"], second.next()["files"]) == (2, 1)
        assert released(project, "css/site.css").startswith("body{background:url(../img/dot.")
        save(project / "static/img/dot.svg", "<svg></svg>")
        assert (first.until("built")["rebuilt"], second.until("built")["rebuilt"]) == (2, 1)


def test_one_directory_is_one_watchs(project: Path) -> None:
    said = f"{project}/.assetbuild: a watch runs already for this directory"
    fix = "\n  fix: end it, or give this one a directory of its own with --dir\n"
    with watching(project, "--no-reload") as watch:
        watch.until("built")
        assert refused(project) == (1, f"{said} (process {watch.process.pid}){fix}")
        save(project / "static/css/site.css", "b {}")  # and the first one goes on
        watch.until("built")

        # Until somebody removes the directory, and another watch is quicker.
        with (project / ".assetbuild/other").open("w") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            os.replace(project / ".assetbuild/other", project / ".assetbuild/lock")
            assert watch.ended() == 1
        assert watch.stderr == said + fix


def test_a_runtime_that_looks_at_the_lock_hinders_nobody(tmp_path: Path) -> None:
    with Taken(tmp_path / "d"):
        pass
    with (tmp_path / "d/lock").open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        code = "import sys, time, fcntl; fcntl.flock(0, fcntl.LOCK_SH); print(flush=True); time.sleep(0.2); sys.exit()"
        with subprocess.Popen([sys.executable, "-c", code], stdin=looking, stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.readline()
            looking.close()
            with Taken(tmp_path / "d") as taken:
                assert taken.is_ours()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"photo.png": ""}, "'photo.png' is in it, and was not put there by a watch"),
        ({"files/photo.png": ""}, "'files' is in it, and was not put there by a watch"),
        ({"lock": "", "notes.txt": ""}, "'notes.txt' is in it, and was not put there by a watch"),
        ({"manifest.json": "", "release.json": "", "files/a": ""}, "'release.json' is in it, and was not put there"),
    ],
)
def test_a_directory_with_anything_else_in_it_is_refused(tmp_path: Path, files: dict[str, str], said: str) -> None:
    write_files(tmp_path / "d", files)
    with pytest.raises(AssetBuildError, match=said):
        Taken(tmp_path / "d").take()
    assert sorted(str(file.relative_to(tmp_path / "d")) for file in (tmp_path / "d").rglob("*") if file.is_file()) == (
        sorted(files)
    )


def test_what_a_killed_watch_has_left_is_no_hindrance(tmp_path: Path) -> None:
    left = (".gitignore", "lock", "live.json", "live.json.new", "manifest.json", "manifest.json.12.new", "new.12")
    write_files(tmp_path / "d", dict.fromkeys(left, "") | {"files/css/a.css": ""})
    with Taken(tmp_path / "d") as taken:
        assert taken.is_ours()
        assert (tmp_path / "d/lock").read_text() == f"{os.getpid()}\n"
        assert not (tmp_path / "d/live.json").exists()


@pytest.mark.parametrize(
    ("directory", "said"),
    [
        ("static/dev", "the development directory 'static/dev' is inside the source root 'static/'"),
        ("static", "the development directory 'static' is inside the source root 'static/'"),
        (".", "the development directory '.' and the output directory 'dist' are one inside the other"),
        ("dist/watched", "the development directory 'dist/watched' and the output directory 'dist' are one inside"),
        ("linked", "the development directory 'linked' is inside the source root 'static/'"),
    ],
)
def test_a_directory_that_a_build_reads_or_writes_is_refused(project: Path, directory: str, said: str) -> None:
    (project / "linked").symlink_to("static")
    with pytest.raises(ConfigError, match=re.escape(said)):
        check_apart(project / directory, load_config(project / "assetbuild.toml"))


def test_a_directory_that_cannot_be_made_is_told(project: Path) -> None:
    project.chmod(0o555)
    try:
        assert refused(project, preexec=drop_file_capabilities) == (
            1,
            f"{project}/.assetbuild: cannot be used as the development directory: permission denied\n"
            "  fix: name another with --dir\n",
        )
    finally:
        project.chmod(0o755)
    with pytest.raises(AssetBuildError, match="cannot be used as the development directory: file exists"):
        Taken(project / "assetbuild.toml").take()


def test_a_disk_that_cannot_be_written_is_a_failed_build_until_it_can(project: Path) -> None:
    with watching(project, "--no-reload", preexec_fn=drop_file_capabilities) as watch:
        watch.until("built")
        (project / ".assetbuild").chmod(0o555)
        save(project / "static/css/site.css", "b {}\n")
        assert watch.next()["errors"][0]["message"].endswith("permission denied")
        (project / ".assetbuild").chmod(0o755)  # of which nothing tells it

        told = watch.next()
        assert (told["type"], told["recovered"]) == ("built", True)
        assert (project / ".assetbuild/files" / manifest(project)["css/site.css"]).read_text() == "b {}\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--port", "x"), "Invalid value for '--port': 'x' is not a valid integer range."),
        (("--poll", "0"), "Invalid value for '--poll': 0.0 is not in the range x>=0.05."),
        (("--config", "none.toml"), "there is no file '{project}/none.toml'"),
        (("--templates", "none"), "'none', which --templates names, does not exist"),
        (("--dir", "static/x"), "the development directory 'static/x' is inside the source root 'static/'"),
    ],
)
def test_wrong_usage_is_told_in_json_too(
    project: Path, options: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    for name in (*PRODUCTION, "CI"):
        monkeypatch.delenv(name, raising=False)
    done = CliRunner().invoke(cli, ["watch", "--json", *options])
    errors = json.loads(done.stdout)["errors"]
    assert (done.exit_code, [error["message"] for error in errors]) == (2, [said.format(project=project)])
    assert not (project / ".assetbuild").exists()


def test_what_live_reload_refuses_is_told_in_json_too(project: Path) -> None:
    with watching(project, "--host", "256.0.0.1") as watch:
        assert watch.next()["errors"][0]["message"] == "'256.0.0.1' is not an address of this machine"
        assert (watch.line(), watch.ended()) == ("", 1)
    assert not (project / ".assetbuild/live.json").exists()


def test_a_port_that_is_taken_is_told(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, said = refused(project, "--port", str(taken.getsockname()[1]))
    assert (status, "cannot listen on port" in said) == (1, True)


def test_an_address_that_others_reach_is_warned_of(project: Path) -> None:
    port = free_port()
    with watching(project, "--host", "0.0.0.0", "--port", str(port)) as watch:
        assert watch.next()["server"] == {"port": port, "hosts": ["0.0.0.0"]}
        assert watch.stderr == (
            "warning: whoever reaches '0.0.0.0' and reads a page of the application hears of every change, "
            "and of errors\n"
        )


@pytest.mark.parametrize(
    "variables",
    [{"CI": "true"}, {"CI": "1"}, {"CI": "woodpecker"}, *({name: "Production"} for name in PRODUCTION)],
)
def test_ci_and_production_are_refused(variables: dict[str, str]) -> None:
    [(name, value)] = variables.items()
    with pytest.raises(ConfigError) as raised:
        refuse_production(variables)
    assert str(raised.value) == (
        f"'watch' is for development, and the environment says '{name}={value}'\n"
        "  fix: run 'assetbuild build' there; --force watches all the same"
    )


@pytest.mark.parametrize(
    "variables", [{}, {"CI": ""}, {"CI": "0"}, {"CI": "False"}, *({name: "development"} for name in PRODUCTION)]
)
def test_a_developers_machine_is_not_refused(variables: dict[str, str]) -> None:
    refuse_production(variables)


def test_production_is_refused_before_anything_is_made(project: Path) -> None:
    assert refused(project, "-q", env={"NODE_ENV": "production"})[0] == 2
    assert not (project / ".assetbuild").exists()


def heed_signals() -> None:
    """What a shell has put into its background ignores some, with all that it starts."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order_and_it_has_ended_by_that_signal(project: Path, number: signal.Signals) -> None:
    with watching(project, preexec_fn=heed_signals) as watch:
        watch.until("built")
        before = manifest(project)["css/site.css"]
        save(project / "static/css/site.css", "b {}\n")
        watch.until("built")
        assert (project / ".assetbuild/files" / before).exists()  # for pages that were made before
        watch.process.send_signal(number)

        assert watch.ended() == -number
        assert watch.line() == ""
        assert watch.stderr == ""
        assert sorted(os.listdir(project / ".assetbuild")) == [".gitignore", "files", "lock", "manifest.json"]
        assert not (project / ".assetbuild/files" / before).exists()
        assert len(manifest(project)) == 2
        with Taken(project / ".assetbuild"):
            pass


def test_a_signal_that_comes_again_does_not_hasten_the_tidying_up() -> None:
    code = """if True:
        import os, signal, time
        from assetbuild.ending import ending_by_signals
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        with ending_by_signals():
            try:
                os.kill(os.getpid(), signal.SIGHUP)
                time.sleep(60)
            finally:
                os.kill(os.getpid(), signal.SIGHUP)
                os.kill(os.getpid(), signal.SIGTERM)
                print("tidied up", flush=True)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGHUP, "tidied up\n", "")


def test_a_signal_during_the_first_build_ends_it_too(project: Path) -> None:
    write_files(project, {f"static/js/{at}.js": f"f({at})\n" * 500 for at in range(600)})
    with watching(project, preexec_fn=heed_signals) as watch:
        wait_for(project / ".assetbuild/.gitignore")
        watch.process.send_signal(signal.SIGINT)
        assert watch.ended() == -signal.SIGINT
        assert watch.stderr == ""
    assert not (project / ".assetbuild/manifest.json").exists()
    assert (project / ".assetbuild/lock").read_text() == ""


def test_what_nohup_starts_survives_the_terminal(project: Path) -> None:
    with watching(project, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as watch:
        watch.until("built")
        watch.process.send_signal(signal.SIGHUP)
        save(project / "static/css/site.css", "b {}\n")
        watch.until("built")


def test_a_killed_one_leaves_a_directory_that_the_next_takes_over(project: Path) -> None:
    with watching(project) as watch:
        watch.until("built")
        watch.process.kill()
        watch.ended()
    assert (project / ".assetbuild/live.json").exists()
    save(project / "static/css/site.css", "b {}\n")
    with watching(project, "--no-reload") as watch:
        watch.until("built")
        assert (project / ".assetbuild/files" / manifest(project)["css/site.css"]).read_text() == "b {}\n"
        assert not (project / ".assetbuild/live.json").exists()
        assert len([*(project / ".assetbuild/files").rglob("*.css")]) == 1


def test_it_ends_quietly_when_nobody_reads_what_it_says(project: Path) -> None:
    read, write = os.pipe()
    errors = project.parent / "errors.txt"
    with errors.open("wb") as stderr:
        process = subprocess.Popen(WATCH, cwd=project, env=environment(), stdout=write, stderr=stderr)
    try:
        os.close(write)
        with os.fdopen(read, "rb") as said:
            said.readline()
        wait_for(project / ".assetbuild/manifest.json")
        while process.poll() is None:
            save(project / "static/css/site.css", f"b {{}} /* {os.urandom(4).hex()} */\n")
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, errors.read_text()) == (-signal.SIGPIPE, "")
    assert not (project / ".assetbuild/live.json").exists()


def test_it_ends_with_the_process_that_has_its_standard_input(project: Path) -> None:
    with watching(project, "--until-stdin-closes", stdin=subprocess.PIPE) as watch:
        watch.until("built")
        assert watch.process.stdin
        watch.process.stdin.close()
        assert watch.ended() == 0
        assert watch.stderr == ""
    assert not (project / ".assetbuild/live.json").exists()


def test_polling_asks_the_system_for_no_events(project: Path) -> None:
    with watching(project, "--no-reload", "--poll", "0.1") as watch:
        watch.until("built")
        links = [os.path.realpath(fd) for fd in Path(f"/proc/{watch.process.pid}/fd").glob("*")]  # none but on Linux
        assert [link for link in links if "inotify" in link] == []
        save(project / "static/css/site.css", "b { color: red }\n")
        watch.until("built", lambda told: "css/site.css" in told["reasons"])


def test_flask_has_it_as_well(project: Path) -> None:
    pytest.importorskip("flask")
    save(
        project / "app.py",
        "from flask import Flask\nfrom assetbuild.runtime.flask import AssetBuild\n"
        "app = Flask(__name__)\nAssetBuild(app, mode='development')\n",
    )
    command = [sys.executable, "-m", "flask", "--app", "app", "assetbuild", "watch", "--json"]
    with watching(project, command=command, preexec_fn=heed_signals) as watch:
        assert watch.next()["directory"] == str(project / ".assetbuild")
        watch.until("built")
        save(project / "static/css/site.css", "b {}\n")
        watch.until("built")
        watch.process.send_signal(signal.SIGINT)
        assert watch.ended() == -signal.SIGINT
    assert watch.stderr == ""


def test_pages_tell_what_has_changed_by_itself_or_below_a_directory(tmp_path: Path) -> None:
    write_files(tmp_path, {"pages/a.html": "a", "pages/deep/b.html": "b", "pages/.git/c": ""})
    pages, top = Pages([str(tmp_path / "pages")]), str(tmp_path / "pages/")
    named = [top + "/a.html", top + "/.git/c", top + "/views.py", top + "/4913", str(tmp_path / "else.html")]
    assert pages.changed(named, rescan=False) == []
    assert pages.changed([], rescan=True) == []

    write_files(tmp_path, {"pages/a.html": "aa", "pages/.git/c": "c", "pages/views.py": "", "else.html": ""})
    assert pages.changed(named, rescan=False) == [top + "/a.html", top + "/views.py"]
    assert pages.changed(named, rescan=False) == []
    (tmp_path / "pages/deep").rename(tmp_path / "pages/other")
    assert pages.changed([], rescan=True) == [top + "/deep/b.html", top + "/other/b.html"]
    assert Pages([]).changed(named, rescan=True) == []
