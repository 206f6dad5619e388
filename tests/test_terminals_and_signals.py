"""Signals that come while a build runs, readers that leave early, closed streams, narrow and wide terminals."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shlex
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import write_files
from tests.torture.builds import await_group
from tests.torture.site import Site, command, run

SLOW = 150  # scripts: so many that the build is still at work when the signal comes


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


@pytest.mark.parametrize("whole_group", [True, False])
def test_an_interrupted_build_tidies_up_and_says_so_in_a_word(
    running: subprocess.Popen[str], slow: Site, whole_group: bool
) -> None:
    tell(running, signal.SIGINT, whole_group)

    out, err = running.communicate(timeout=30)

    assert (out, err.strip()) == ("", "interrupted; what stood before is untouched")
    assert running.returncode == 130
    await_group(running.pid)
    assert (slow.current, slow.leftovers()) == (None, [])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_build_that_is_told_to_end_leaves_no_process_and_the_next_one_no_file(
    running: subprocess.Popen[str], slow: Site, number: int
) -> None:
    tell(running, number, whole_group=False)

    out, err = running.communicate(timeout=30)

    assert (running.returncode, out, err) == (-number, "", "")
    await_group(running.pid)
    assert slow.current is None
    assert run(slow)["release"] == slow.current
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
def test_an_interrupted_build_says_so_in_json(running: subprocess.Popen[str]) -> None:
    tell(running, signal.SIGINT)

    out, _ = running.communicate(timeout=30)

    assert [error["message"] for error in json.loads(out)["errors"]] == ["interrupted; what stood before is untouched"]
    assert running.returncode == 130


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


def on_a_terminal(site: Site, columns: int, *arguments: str) -> tuple[int, str]:
    """Status and all that a terminal of so many columns got."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**site.environment(), "TERM": "xterm"}
    for name in ("COLUMNS", "LINES"):
        environment.pop(name, None)
    process = subprocess.Popen(
        command(*arguments), cwd=site.base, env=environment, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    seen = b""
    try:
        while piece := os.read(master, 10_000):
            seen += piece
    except OSError:  # Linux says EIO where the last writer has gone
        pass
    finally:
        os.close(master)
    return process.wait(), seen.decode().replace("\r\n", "\n")


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
