from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assetbuild import aside as module
from assetbuild.aside import Aside

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@pytest.fixture(autouse=True)
def _forks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where another test has left a thread."""
    monkeypatch.setattr(module, "may_fork", lambda: True)


def test_work_is_done_in_another_process_meanwhile(tmp_path: Path) -> None:
    def work() -> int:
        (tmp_path / "done").touch()
        return os.getpid()

    aside = Aside(work)
    while not (tmp_path / "done").exists():  # though nobody has asked for the result
        time.sleep(0.001)

    assert aside.result() != os.getpid()


@pytest.mark.parametrize(
    "result", [None, ["\udcff", b"\0", (1, 2.5, -1)], "x" * 5_000_000], ids=["None", "all", "large"]
)
def test_its_result_is_what_it_gave(result: object) -> None:
    assert Aside(lambda: result).result() == result


def test_what_fails_there_fails_here_with_its_own_error() -> None:
    def work() -> None:
        raise FileNotFoundError(f"in {os.getpid()}")

    with pytest.raises(FileNotFoundError, match=f"in {os.getpid()}"):
        Aside(work).result()


@pytest.mark.parametrize(
    "failure",
    [lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: os._exit(0), object],
    ids=["killed", "ended", "unsendable"],
)
def test_what_does_not_come_from_there_is_made_here(failure: Callable[[], object]) -> None:
    own = os.getpid()

    assert Aside(lambda: "made" if os.getpid() == own else failure()).result() == "made"


def test_without_a_fork_it_is_done_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "may_fork", lambda: False)

    assert Aside(os.getpid).result() == os.getpid()


def test_a_system_that_gives_no_process_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fork() -> int:
        raise BlockingIOError

    before = len(os.listdir("/dev/fd"))
    monkeypatch.setattr(os, "fork", fork)

    assert Aside(os.getpid).result() == os.getpid()
    assert len(os.listdir("/dev/fd")) == before


@pytest.mark.parametrize("way", ["result", "stop"])
def test_nothing_of_it_stays(way: str) -> None:
    before = len(os.listdir("/dev/fd"))
    aside = Aside(lambda: None)
    pid = aside.pid
    getattr(aside, way)()
    aside.stop()

    with pytest.raises(ChildProcessError):
        os.waitpid(pid, 0)
    assert len(os.listdir("/dev/fd")) == before


def test_what_has_given_its_result_is_not_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its number may be another process's by now, where nobody keeps account of children."""
    killed: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, _: killed.append(pid))
    aside = Aside(lambda: 1)
    aside.result()
    aside.stop()
    aside.stop()

    assert killed == []


def test_what_is_in_vain_is_ended_at_once() -> None:
    started = time.monotonic()
    Aside(lambda: time.sleep(60)).stop()

    assert time.monotonic() - started < 30


def test_it_does_nothing_of_what_the_parent_does_at_its_end(tmp_path: Path) -> None:
    """Neither the `finally` of its callers nor what waits in a buffer."""
    with open(tmp_path / "log", "w") as log:
        log.write("once\n")
        try:
            aside = Aside(lambda: {}[1])
            with pytest.raises(KeyError):
                aside.result()
        finally:
            log.write(f"{os.getpid()}\n")

    assert (tmp_path / "log").read_text() == f"once\n{os.getpid()}\n"
