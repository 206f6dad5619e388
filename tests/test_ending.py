"""What a signal interrupts is tidied up, wherever it strikes, and whoever ends by it ends as the signal says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assetbuild import atomic
from assetbuild.ending import Interrupted, interrupted_by_signals

HERE = Path(__file__).parent.parent
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
HANDLED = [*SIGNALS, signal.SIGALRM]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """What is interrupted leaves its handlers, since it is to end: this process goes on."""
    handlers, hook = {number: signal.getsignal(number) for number in HANDLED}, sys.unraisablehook
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler)
    yield
    sys.unraisablehook = hook
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_an_exception_that_says_which(number: signal.Signals) -> None:
    with pytest.raises(Interrupted) as caught, interrupted_by_signals():
        os.kill(os.getpid(), number)
    assert caught.value.number == number


def test_afterwards_signals_mean_what_they_meant_before() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with interrupted_by_signals():
        assert signal.getsignal(signal.SIGHUP) is not signal.default_int_handler
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with interrupted_by_signals():
        os.kill(os.getpid(), signal.SIGHUP)


def test_what_comes_while_it_is_tidied_up_hastens_nothing() -> None:
    done = []

    def tidies_up() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGHUP)
            done.append(True)

    with pytest.raises(Interrupted) as caught, interrupted_by_signals():
        tidies_up()
    assert (caught.value.number, done) == (signal.SIGTERM, [True])


def test_an_error_while_it_is_tidied_up_does_not_take_its_place() -> None:
    def fails() -> None:
        try:
            os.kill(os.getpid(), signal.SIGHUP)
        finally:
            raise OSError("the terminal has gone")

    with pytest.raises(Interrupted) as caught, interrupted_by_signals():
        fails()
    assert caught.value.number == signal.SIGHUP


def test_what_somebody_swallows_is_raised_in_the_end() -> None:
    class Swallows:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted), interrupted_by_signals():
        Swallows()


def test_in_another_thread_it_does_nothing() -> None:
    done = []

    def work() -> None:
        with interrupted_by_signals():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


def test_a_fork_that_has_no_handlers_yet_ends_by_the_signal() -> None:
    with interrupted_by_signals():
        pid = os.fork()
        if not pid:
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            finally:
                os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM


@pytest.mark.parametrize("instant", ["mkdir", "open", "rmtree", "rmdir"])
def test_a_staging_directory_is_gone_wherever_the_signal_strikes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instant: str
) -> None:
    """Right after a step of making it, or right before one of removing it."""
    owner = {"mkdir": os, "open": os, "rmtree": __import__("shutil"), "rmdir": os}[instant]
    real, struck = getattr(owner, instant), []

    def strikes(*arguments: object, **options: object) -> object:
        if struck:
            return real(*arguments, **options)
        struck.append(True)
        made = real(*arguments, **options) if instant in ("mkdir", "open") else None
        os.kill(os.getpid(), signal.SIGTERM)
        return made

    def stages() -> None:
        with interrupted_by_signals():
            monkeypatch.setattr(owner, instant, strikes)
            with atomic.staging(tmp_path) as directory:
                (directory / "file").write_text("")

    with pytest.raises(Interrupted):
        stages()
    assert struck == [True]
    assert os.listdir(tmp_path) == []


def test_what_is_finished_is_left(tmp_path: Path) -> None:
    for name in ("finished", "begun"):
        atomic.begin(tmp_path / name)
        (tmp_path / name).mkdir()
    atomic.finished(tmp_path / "finished")
    atomic.sweep()
    assert os.listdir(tmp_path) == ["finished"]
    atomic.finished(tmp_path / "begun")


def test_the_signals_cost_no_import_where_nothing_is_to_be_done() -> None:
    code = "import sys; import assetbuild.cli; print('assetbuild.ending' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=HERE, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


class Unlucky:
    """Interrupted while it is finalized: Python lets no exception out of there."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        signal.raise_signal(self.number)


@pytest.mark.parametrize("number", SIGNALS)
def test_what_a_finalizer_swallows_comes_a_moment_later(
    number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    steps: list[object] = []

    @interrupted_by_signals()
    def work() -> None:
        steps.append(Unlucky(number).number)
        steps.append("went on")
        threading.Event().wait(30)
        steps.append("never interrupted")

    with pytest.raises(Interrupted) as caught:
        work()
    assert caught.value.number == number
    assert steps == [number, "went on"]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert capfd.readouterr() == ("", "")
