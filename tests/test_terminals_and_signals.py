"""Signals that come while a build runs, readers that leave early, closed streams, narrow and wide terminals."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import write_files
from tests.support import terminal
from tests.torture.builds import await_group
from tests.torture.site import Site, command, run

SLOW = 150  # scripts: so many that the build is still at work when the signal comes


@pytest.fixture(autouse=True, scope="module")
def _can_be_hung_up() -> None:
    """What runs these tests may have been started by nohup."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("slow") / "site", SLOW)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("small") / "site")


@pytest.fixture
def running(slow: Site, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """A first build that has begun to write, in a process group of its own; it is stopped until `tell`."""
    while True:
        slow.wipe(cache=True)
        process = subprocess.Popen(
            command(*getattr(request, "param", ())),
            cwd=slow.base,
            env=slow.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        with process:
            while process.poll() is None and not any(slow.dist.glob("releases/.staging-*/files/*")):
                time.sleep(0.001)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGSTOP)
            if process.poll() is not None or slow.current is not None:  # it was faster than we were
                process.kill()
                continue
            yield process
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            return


def tell(process: subprocess.Popen[str], number: int, whole_group: bool = True) -> None:
    """Send a signal to one that is stopped, and let it go on."""
    (os.killpg if whole_group else os.kill)(process.pid, number)
    os.killpg(process.pid, signal.SIGCONT)


SIGNALS = {
    signal.SIGINT: "interrupted; what stood before is untouched",
    signal.SIGTERM: "interrupted by SIGTERM; what stood before is untouched",
    signal.SIGHUP: "interrupted by SIGHUP; what stood before is untouched",
}


@pytest.mark.parametrize("whole_group", [True, False])
@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupted_build_tidies_up_and_says_so_in_a_word(
    running: subprocess.Popen[str], slow: Site, number: signal.Signals, whole_group: bool
) -> None:
    tell(running, number, whole_group)

    out, err = running.communicate(timeout=30)

    assert (out, err) == ("", SIGNALS[number] + "\n")
    assert running.returncode == 128 + number
    await_group(running.pid)
    assert (slow.current, slow.leftovers()) == (None, [])


def test_signals_that_come_again_while_it_tidies_up_hasten_nothing(running: subprocess.Popen[str], slow: Site) -> None:
    """A shell passes on the SIGHUP that the terminal has sent already."""
    os.killpg(running.pid, signal.SIGCONT)
    while running.poll() is None:
        for number in SIGNALS:
            os.kill(running.pid, number)
        time.sleep(0.001)

    out, err = running.communicate(timeout=30)

    assert (out, err) == ("", SIGNALS[signal.Signals(running.returncode - 128)] + "\n")
    await_group(running.pid)
    assert (slow.current, slow.leftovers()) == (None, [])


@pytest.mark.parametrize("running", [("--jobs", "1"), ("--flat", "dist/releases/flat")], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_each_kind_of_build_tidies_up(running: subprocess.Popen[str], slow: Site, number: signal.Signals) -> None:
    tell(running, number)

    assert running.communicate(timeout=30) == ("", SIGNALS[number] + "\n")
    assert running.returncode == 128 + number
    assert (slow.current, slow.leftovers()) == (None, [])


def test_nohup_keeps_a_build_from_being_hung_up(slow: Site) -> None:
    slow.wipe(cache=True)
    script = "nohup $BUILD & until compgen -G 'dist/releases/.staging-*/files/*'; do :; done; kill -HUP $!; wait $!"

    done = shell(slow, script)

    assert done.returncode == 0
    assert f"release {slow.current}: " in done.stdout
    assert [*slow.complaints(set(), None)] == slow.leftovers() == []


def test_a_build_whose_terminal_is_closed_tidies_up(slow: Site) -> None:
    slow.wipe(cache=True)
    pid, master = pty.fork()
    if not pid:
        os.chdir(slow.base)
        os.execve(sys.executable, command(), slow.environment())
    while not any(slow.dist.glob("releases/.staging-*/files/*")):
        time.sleep(0.001)

    os.close(master)

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 128 + signal.SIGHUP
    await_group(pid)
    assert (slow.current, slow.leftovers()) == (None, [])


@pytest.mark.parametrize("number", SIGNALS)
def test_a_check_that_is_interrupted_leaves_nothing_of_its_second_build(slow: Site, number: signal.Signals) -> None:
    run(slow)
    process = subprocess.Popen(
        command("--check", "--json"),
        cwd=slow.base,
        env=slow.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not any(slow.scratch.glob("assetbuild-check-*/.staging-*")):
        assert process.poll() is None
        time.sleep(0.001)

    process.send_signal(number)
    out, _ = process.communicate(timeout=30)

    assert process.returncode == 128 + number
    assert [error["message"] for error in json.loads(out)["errors"]] == [SIGNALS[number]]
    await_group(process.pid)
    assert slow.leftovers() == []


@pytest.mark.parametrize("number", [signal.SIGPIPE, signal.SIGWINCH])
def test_signals_that_mean_nothing_disturb_no_build(running: subprocess.Popen[str], slow: Site, number: int) -> None:
    tell(running, number)

    out, err = running.communicate(timeout=60)

    assert (running.returncode, err) == (0, "")
    assert f"release {slow.current}: " in out


def test_a_build_that_is_stopped_and_continued_goes_on(running: subprocess.Popen[str], slow: Site) -> None:
    other = run(slow, "--no-cache")
    os.killpg(running.pid, signal.SIGCONT)

    out, err = running.communicate(timeout=60)

    assert (running.returncode, err) == (0, "")
    assert other["release"] == slow.current
    assert f"release {slow.current}: " in out
    assert slow.leftovers() == []


@pytest.mark.parametrize("running", [("--json",)], indirect=True)
@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupted_build_says_so_in_json(running: subprocess.Popen[str], number: signal.Signals) -> None:
    tell(running, number)

    out, _ = running.communicate(timeout=30)

    assert [error["message"] for error in json.loads(out)["errors"]] == [SIGNALS[number]]
    assert running.returncode == 128 + number


def shell(site: Site, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`$BUILD` is the command."""
    environment = {**site.environment(), "BUILD": shlex.join(command(*arguments))}
    return subprocess.run(
        ["bash", "-c", script], cwd=site.base, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("arguments", [(), ("-v",), ("--json",)])
def test_a_build_whose_reader_has_left_is_no_failure(small: Site, arguments: tuple[str, ...]) -> None:
    small.wipe(cache=True)

    done = shell(small, "eval $BUILD | true; echo ${PIPESTATUS[0]}", *arguments)

    assert (done.stdout, done.stderr) == ("0\n", "")
    assert small.current is not None


def test_a_failed_build_whose_reader_has_left_is_still_a_failure(small: Site) -> None:
    small.wipe(cache=True)

    done = shell(small, "eval $BUILD 2>&1 | true; echo ${PIPESTATUS[0]}", "--config", "gone.toml", "--json")

    assert done.stdout in ("1\n", "2\n")
    assert small.current is None


@pytest.mark.parametrize("streams", [">&-", "<&-", ">&- <&-"])
def test_a_closed_stream_disturbs_no_build(small: Site, streams: str) -> None:
    small.wipe(cache=True)

    done = shell(small, f"eval $BUILD {streams}")

    assert (done.returncode, done.stderr) == (0, "")
    assert small.current is not None
    assert [*small.complaints(set(), None)] == small.leftovers() == []


@pytest.mark.parametrize("streams", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_closed_standard_error_disturbs_no_build(small: Site, streams: str) -> None:
    small.wipe(cache=True)

    done = shell(small, f"eval $BUILD {streams}")

    assert done.returncode == 0
    assert small.current is not None
    assert [*small.complaints(set(), None)] == small.leftovers() == []


@pytest.mark.parametrize("stream", ["2>/dev/full", "2>&-"])
def test_a_failure_is_told_as_json_where_standard_error_takes_nothing(small: Site, stream: str) -> None:
    done = shell(small, f"eval $BUILD {stream}", "--output", "static/inside", "--json")

    assert done.returncode == 2
    assert [error["message"] for error in json.loads(done.stdout)["errors"]] == [
        "the output directory 'static/inside' is inside the source root 'static/'"
    ]


COMMANDS = ["init", "build", "verify", "ls", "config nginx", "serve --port 0", "watch --no-reload"]


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_working_directory_that_is_gone_is_an_error(small: Site, arguments: str) -> None:
    words = shlex.join([sys.executable, "-W", "error", "-m", "assetbuild"])

    done = shell(small, f"mkdir gone; cd gone; rmdir ../gone; {words} {arguments} --json")

    assert done.returncode == 2
    assert [error["message"] for error in json.loads(done.stdout)["errors"]] == ["the working directory is gone"]
    assert done.stderr.splitlines()[-2:] == [
        "the working directory is gone",
        "  fix: change to a directory that is there",
    ]


def on_a_terminal(site: Site, columns: int, *arguments: str) -> tuple[int, str]:
    """Status and all that a terminal of so many columns got."""
    environment = {name: value for name, value in site.environment().items() if name not in ("COLUMNS", "LINES")}
    status, seen = terminal.on_a_terminal(command(*arguments), site.base, environment, columns)
    return status, seen.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [0, 1, 20, 80, 300])
def test_a_terminal_of_any_width_gets_whole_words(small: Site, columns: int) -> None:
    small.wipe(cache=True)
    status, seen = on_a_terminal(small, columns)

    assert status == 0
    assert f"{small.dist}/releases/{small.current}\n" in seen
    assert re.search(rf"release {small.current}: \d+ files, built in \d+\.\d s\n", seen)
    assert "Traceback" not in seen


@pytest.mark.parametrize("columns", [20, 300])
def test_an_error_is_told_whole_on_a_terminal_of_any_width(tmp_path: Path, columns: int) -> None:
    site = Site(tmp_path / "site", 1)
    write_files(site.static, {"css/bad.css": "a { background: url(../img/nowhere-at-all-to-be-found.png) }\n"})

    status, seen = on_a_terminal(site, columns)

    assert status == 1
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    told = "url(../img/nowhere-at-all-to-be-found.png) names 'img/nowhere-at-all-to-be-found.png'"
    assert f"css/bad.css:1:21: {told}, which is in no source root\n" in plain


def test_json_on_a_terminal_is_one_object_and_nothing_else(small: Site) -> None:
    small.wipe(cache=True)

    status, seen = on_a_terminal(small, 20, "--json")

    assert status == 0
    assert json.loads(seen)["release"] == small.current


def test_a_command_that_is_interrupted_before_it_begins_ends_with_130_and_no_more_words(tmp_path: Path) -> None:
    code = """
import signal, click
click.Group.parse_args = lambda *_: signal.raise_signal(signal.SIGINT)
from assetbuild.__main__ import run
run()
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", code, "verify", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
