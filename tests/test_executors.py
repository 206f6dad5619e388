"""Executors: anything with `.map`. Those that fork run in an interpreter of their own, which has one thread."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from assetbuild.cpus import cpu_quotas
from assetbuild.errors import AssetBuildError, Place, ProcessorError
from assetbuild.executors import AHEAD, Executor, Processes, Serial, Threads, available_cpus

HERE = Path(__file__).parent.parent
MEMORY = (
    "  memory has run out, or a minifier or another extension has ended it\n"
    "  fix: give the build more memory, or --jobs 1, which tells more"
)
EXECUTORS = [Serial(), Threads(1), Threads(4), Threads(), Processes(1), Processes(4)]
can_fork = pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="nothing forks here")


ALONE: dict[str, Callable[[], None]] = {}


def alone(test: Callable[[], None]) -> Callable[[], None]:
    """Run `test` in a process of its own: pytest-xdist's have threads, and what has threads is not forked."""
    ALONE[test.__name__] = test

    @can_fork
    @functools.wraps(test)
    def run() -> None:
        assert said_alone()[test.__name__] == "exit status 0"

    return run


@functools.cache
def said_alone() -> dict[str, str]:
    """What each test alone has said and how it has ended: a new interpreter forks for each."""
    code = "from tests.test_executors import run_alone; run_alone()"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=HERE, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    said: dict[str, str] = json.loads(done.stdout)
    return said


def run_alone() -> None:
    said = {}
    for name, test in ALONE.items():
        with tempfile.TemporaryFile() as output:
            pid = os.fork()
            if not pid:
                status = 1
                try:
                    os.dup2(output.fileno(), 1)
                    os.dup2(output.fileno(), 2)
                    signal.alarm(30)
                    test()
                    status = 0
                except BaseException:
                    traceback.print_exc()
                finally:
                    sys.stdout.flush()
                    os._exit(status)
            ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            output.seek(0)
            said[name] = output.read().decode() + f"exit status {ended}"
    print(json.dumps(said))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_results_come_in_the_order_of_the_input(executor: Executor) -> None:
    def work(number: int) -> int:
        time.sleep(0.002 * (number % 3))
        return number * number

    assert list(executor.map(work, range(20))) == [number * number for number in range(20)]
    assert list(executor.map(work, iter([]))) == []


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_first_error_in_input_order_is_raised_and_the_rest_never_begins(executor: Executor) -> None:
    begun = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 1:
            time.sleep(0.05)
        if number in (1, 2):
            raise ValueError(f"number {number}")
        time.sleep(0.01)
        return number

    with pytest.raises(ValueError) as caught:
        list(executor.map(work, range(2000)))
    assert str(caught.value) == "number 1"
    assert len(begun) < 500


def test_threads_work_at_the_same_time_and_no_more_than_asked() -> None:
    meet = threading.Barrier(3, timeout=10)
    at_once, most, lock = 0, 0, threading.Lock()

    def work(_: int) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        meet.wait()
        with lock:
            at_once -= 1

    list(Threads(3).map(work, range(9)))
    assert most == 3


def test_when_a_map_is_left_its_threads_end() -> None:
    before = threading.active_count()
    results = Threads(2).map(lambda number: number, range(100))
    assert next(results) == 0
    results.close()
    assert threading.active_count() == before
    assert list(Threads(3).map(lambda number: number, range(100))) == list(range(100))
    assert threading.active_count() == before


def test_after_an_error_threads_leave_what_waits_for_them() -> None:
    begun = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise ValueError("first")
        time.sleep(0.05)

    with pytest.raises(ValueError):
        list(Threads(2).map(work, range(1000)))
    assert len(begun) < 2 * AHEAD


def test_threads_take_an_item_only_when_its_turn_is_near() -> None:
    taken = []

    def items() -> Any:
        for number in range(10_000):
            taken.append(number)
            yield number

    results = Threads(2).map(lambda number: number, items())
    assert [next(results) for _ in range(100)] == list(range(100))
    assert len(taken) <= 100 + 2 * AHEAD
    results.close()


def busy(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def no_child_is_left() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def open_files() -> list[str]:
    return sorted(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else []


@alone
def test_processes_take_any_closure_and_any_item_and_keep_the_order() -> None:
    lock, parent, before = threading.Lock(), os.getpid(), open_files()
    items = [(number, lock, lambda: None) for number in range(10_000)]

    def work(item: tuple[int, Any, Any]) -> tuple[int, int]:
        busy(0.000_02)
        with lock:
            return item[0] ** 2, os.getpid()

    results = list(Processes(3).map(work, iter(items)))
    assert [square for square, _ in results] == [number**2 for number in range(10_000)]
    assert len({pid for _, pid in results} - {parent}) == 3
    assert no_child_is_left()
    assert open_files() == before


@alone
def test_large_results_pass_whole() -> None:
    blob = os.urandom(5_000_000)
    for number, result in enumerate(Processes(2).map(lambda number: (os.getpid(), blob[number:]), range(2))):
        assert result[0] != os.getpid()
        assert result[1] == blob[number:]
    turned = Processes(2).map(lambda number: blob[number:] + blob[:number], range(12))
    assert all(result == blob[number:] + blob[:number] for number, result in enumerate(turned))


class Pair(NamedTuple):
    one: int
    two: str


@alone
def test_results_of_any_class_arrive_as_they_were() -> None:
    results = list(Processes(2).map(lambda number: Pair(number, "a") if number == 1 else (number, "a"), range(2)))
    assert results == [(0, "a"), (1, "a")]
    assert [type(result) for result in results] == [tuple, Pair]


def test_plain_results_are_sent_without_loading_what_objects_need() -> None:
    code = """
import sys
from assetbuild.executors import Processes
def work(number):
    return number, "\\udc80\\u20ac", b"bytes", None, True, ("tuple", ["list"], {"key": 1.5})
assert list(Processes(2).map(work, range(2))) == [work(0), work(1)]
print("pickle" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


@alone
def test_one_slow_item_holds_up_nothing_but_its_result() -> None:
    readable, writable = os.pipe()

    def work(number: int) -> int:
        busy(0.002)
        if number:
            os.write(writable, b"!")
        else:
            for _ in range(99):
                os.read(readable, 1)
        return number

    assert list(Processes(2).map(work, range(100))) == list(range(100))


@alone
def test_results_come_as_soon_as_they_are_there() -> None:
    readable, writable = os.pipe()

    def work(number: int) -> int:
        if number == 1:
            os.read(readable, 1)
        return number

    results = Processes(2).map(work, range(2))
    assert next(results) == 0
    os.write(writable, b"!")
    assert list(results) == [1]


@alone
def test_few_quick_items_and_a_single_job_need_no_process() -> None:
    parent = {os.getpid()}
    assert set(Processes(2).map(lambda _: os.getpid(), range(30))) == parent
    assert set(Processes(1).map(lambda _: busy(0.001) or os.getpid(), range(30))) == parent  # type: ignore[func-returns-value]
    assert set(Processes(4).map(lambda _: busy(0.02) or os.getpid(), range(1))) == parent  # type: ignore[func-returns-value]
    assert len(set(Processes(2).map(lambda _: busy(0.001) or os.getpid(), range(30)))) == 3  # type: ignore[func-returns-value]


@alone
def test_a_process_that_has_threads_does_not_fork() -> None:
    import _thread

    def here(_: int) -> bool:
        busy(0.001)
        return os.getpid() == parent

    parent, end = os.getpid(), threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    assert all(Processes(2).map(here, range(20)))
    end.set()
    thread.join()
    assert not all(Processes(2).map(here, range(20)))
    if sys.platform == "linux":
        lock = _thread.allocate_lock()
        lock.acquire()
        _thread.start_new_thread(lock.acquire, ())  # as an extension's: `threading` does not know it
        assert threading.active_count() == 1
        assert all(Processes(2).map(here, range(20)))


@alone
def test_where_the_system_gives_no_process_the_work_is_done_all_the_same() -> None:
    fork, forks = os.fork, []

    def scarce_fork() -> int:
        forks.append(1)
        if len(forks) > most:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return fork()

    os.fork = scarce_fork
    before = open_files()
    for most, pids in ((0, 1), (1, 2)):
        forks.clear()
        results = list(Processes(3).map(lambda number: busy(0.001) or (number, os.getpid()), range(30)))  # type: ignore[func-returns-value]
        assert [number for number, _ in results] == list(range(30))
        assert len({pid for _, pid in results}) == pids
        assert len(forks) == most + 1
        assert open_files() == before


def failing_in_processes(error: BaseException, jobs: int = 2) -> BaseException:
    """What arrives of `error`, raised in a worker for item 3 of 1,000."""
    parent = os.getpid()

    def work(number: int) -> int:
        busy(0.000_1)
        if number == 3:
            assert os.getpid() != parent
            raise error
        return number

    results = Processes(jobs).map(work, range(1000))
    try:
        assert [next(results) for _ in range(4)] == []
    except BaseException as arrived:
        assert no_child_is_left()
        return arrived
    raise AssertionError("nothing arrived")


@alone
def test_an_error_arrives_from_a_worker_as_it_was_raised() -> None:
    error = ProcessorError("it failed", Place("a.js", 1, 2, "text", 3), "mend it", ["note"], stderr="boom")
    arrived = failing_in_processes(error)
    assert isinstance(arrived, ProcessorError)
    assert (arrived.problem, arrived.stderr, str(arrived)) == (error.problem, "boom", str(error))
    for error in (KeyError("x"), OSError(2, "gone", "name"), SystemExit(5), UnicodeDecodeError("a", b"b", 0, 1, "c")):
        arrived = failing_in_processes(error)
        assert (type(arrived), arrived.args, str(arrived)) == (type(error), error.args, str(error))


@alone
def test_the_cause_of_an_error_from_a_worker_says_where_it_was_raised() -> None:
    cause = failing_in_processes(ValueError("bad")).__cause__
    assert str(cause).startswith("\nTraceback (most recent call last):\n")
    assert "in work\n    raise error\n" in str(cause)
    assert str(cause).endswith("\nValueError: bad\n")


class HardToSend(Exception):
    """Cannot be made again from its arguments."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


@alone
def test_an_error_that_cannot_be_sent_is_told_by_its_text() -> None:
    class Local(Exception):
        pass

    arrived = failing_in_processes(HardToSend(1, 2))
    assert (type(arrived), str(arrived)) == (RuntimeError, "tests.test_executors.HardToSend: 1 and 2")
    arrived = failing_in_processes(Local("x"))
    assert type(arrived) is RuntimeError
    assert str(arrived).endswith(".Local: x")


@alone
def test_a_result_that_cannot_be_sent_is_an_error() -> None:
    with pytest.raises(TypeError) as caught:
        list(Processes(2).map(lambda number: threading.Lock() if number == 1 else number, range(2)))
    assert str(caught.value) == "cannot pickle '_thread.lock' object"
    assert no_child_is_left()


@alone
def test_processes_raise_the_first_error_in_input_order_and_begin_nothing_more() -> None:
    readable, writable = os.pipe()
    begun, begin = os.pipe()

    def work(number: int) -> int:
        os.write(begin, b"!")
        busy(0.000_1)
        if number == 1:
            os.read(readable, 1)
            time.sleep(0.3)
        if number == 40:
            os.write(writable, b"!")
        if number in (1, 40):
            raise ValueError(f"number {number}")
        return number

    with pytest.raises(ValueError) as caught:
        list(Processes(2).map(work, range(10_000)))
    assert str(caught.value) == "number 1"
    assert len(os.read(begun, 20_000)) < 300


@alone
def test_a_worker_that_dies_is_an_error_at_once() -> None:
    parent = os.getpid()

    def message(die: Callable[[], Any], kind: type[BaseException] = AssetBuildError) -> str:
        def work(number: int) -> None:
            busy(0.000_1)
            if number == 300:
                assert os.getpid() != parent
                die()
            if number > 300:
                time.sleep(60)

        with pytest.raises(kind) as caught:
            # The last items are quick, or they would be done here for a minute.
            list(Processes(2).map(lambda number: work(number) if number < 700 else busy(0.000_1), range(10_000)))
        assert no_child_is_left()
        return str(caught.value)

    assert message(lambda: os.kill(os.getpid(), signal.SIGKILL)) == (
        "a worker process was killed by signal 9 before its work was done\n"
        "  the system kills so where memory has run out\n"
        "  fix: give the build more memory, or --jobs 1"
    )
    for number in (signal.SIGSEGV, signal.SIGABRT):
        assert message(lambda number=number: os.kill(os.getpid(), number)) == (
            f"a worker process was killed by signal {int(number)} before its work was done\n"
            "  a minifier or another extension may have crashed\n"
            "  fix: see where: PYTHONFAULTHANDLER=1 assetbuild build --jobs 1"
        )
    for number in (signal.SIGTERM, signal.SIGHUP):
        assert message(lambda number=number: os.kill(os.getpid(), number)) == (
            f"a worker process was killed by signal {int(number)} before its work was done\n"
            "  somebody has told it to end\n"
            "  fix: build again"
        )
    assert message(lambda: os._exit(3)) == "a worker process ended with status 3 before its work was done\n" + MEMORY
    assert message(lambda: os.kill(os.getpid(), signal.SIGINT), KeyboardInterrupt) == ""


@alone
def test_workers_that_leave_without_a_word_are_an_error() -> None:
    with pytest.raises(AssetBuildError) as caught:
        list(Processes(2).map(lambda _: os._exit(0), range(2)))
    assert str(caught.value) == "a worker process ended with status 0 before its work was done\n" + MEMORY


@alone
def test_when_a_map_is_left_its_processes_end() -> None:
    before = open_files()
    results = Processes(2).map(lambda number: time.sleep(60) if number > 1 else number, range(4))
    results.close()
    results = Processes(4).map(lambda number: time.sleep(60) if number > 1 else number, range(4))
    assert next(results) == 0
    assert not no_child_is_left()
    results.close()
    assert no_child_is_left()
    assert open_files() == before


@alone
def test_processes_work_where_the_end_of_children_is_ignored() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    assert list(Processes(2).map(lambda number: busy(0.001) or number, range(50))) == list(range(50))  # type: ignore[func-returns-value]


@can_fork
def test_a_worker_ends_without_doing_what_the_program_does_at_its_end(tmp_path: Path) -> None:
    code = """
import atexit, os, sys
from assetbuild.executors import Processes

atexit.register(print, "at the end")
log = open(sys.argv[1], "w")
log.write("to the log\\n")
print("before")
try:
    for result in Processes(2).map(lambda number: print("worker", number) or number, range(2)):
        pass
finally:
    print("after")
"""
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning", "-c", code, str(tmp_path / "log")],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert (lines[0], sorted(lines[1:3]), lines[3:]) == ("before", ["worker 0", "worker 1"], ["after", "at the end"])
    assert (tmp_path / "log").read_text() == "to the log\n"


SLEEP = "time.sleep(60)"  # a signal can end it
COMPUTE = "sum(range(10**11))"  # no signal handler of Python's runs before it is over
INTERRUPTED = """
import os, sys, time
from assetbuild.executors import Processes, Threads

def work(number):
    try:
        os.write(1, b"%d\\n" % os.getpid())
        {work}
    finally:
        os.write(1, b"tidied\\n")

try:
    list({executor}.map(work, range(2)))
except KeyboardInterrupt:
    sys.exit(130)
"""


def interrupted(executor: str, work: str, number: int, whole_group: bool) -> tuple[int, list[str], str, list[int]]:
    """Status, what was said, errors, and which workers live on, of a program that got a signal while it maps."""
    program = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", INTERRUPTED.format(executor=executor, work=work)],
        cwd=HERE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with program:
        assert program.stdout is not None
        pids = [int(program.stdout.readline()) for _ in range(2)]
        (os.killpg if whole_group else os.kill)(program.pid, number)
        try:
            said, errors = program.communicate(timeout=30)  # returns when nobody is left who could write
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            raise
    return program.returncode, said.splitlines(), errors, [pid for pid in pids if lives_on(pid)]


def lives_on(pid: int) -> bool:
    deadline = time.monotonic() + 10  # one that has closed its files may be about to end
    while lives(pid) and time.monotonic() < deadline:
        time.sleep(0.005)
    return lives(pid)


def lives(pid: int) -> bool:
    """Whether the process still runs; one that nobody has buried yet does not."""
    try:
        os.kill(pid, 0)
        return " Z " not in Path(f"/proc/{pid}/stat").read_text().replace(")", " ")
    except OSError:
        return False


@can_fork
@pytest.mark.parametrize("work", [SLEEP, COMPUTE])
@pytest.mark.parametrize(
    ("number", "whole_group", "status"),
    [
        (signal.SIGINT, True, 130),
        (signal.SIGINT, False, 130),
        (signal.SIGTERM, False, -signal.SIGTERM),
        (signal.SIGKILL, False, -signal.SIGKILL),
    ],
)
def test_an_interrupted_map_leaves_no_process_behind(work: str, number: int, whole_group: bool, status: int) -> None:
    ended, said, errors, left = interrupted("Processes(2)", work, number, whole_group)
    assert (ended, errors, left) == (status, "", [])
    if work == SLEEP:  # who runs a program can end it, unless the build was killed
        assert said == (["tidied", "tidied"] if number == signal.SIGINT else [])


@pytest.mark.skipif(os.name == "nt", reason="other signals")
def test_an_interrupted_program_does_not_wait_for_its_threads() -> None:
    ended, said, errors, _ = interrupted("Threads(2)", SLEEP, signal.SIGINT, whole_group=False)
    assert (ended, said, errors) == (130, [], "")


@pytest.mark.skipif(os.name == "nt", reason="other signals")
def test_a_signal_that_does_not_end_the_wait_for_threads_is_heeded_soon_after() -> None:
    # As one that comes just before the wait begins: another thread of the process takes it.
    code = """
import os, signal, sys, time
from assetbuild.executors import Threads

def work(number):
    time.sleep(0.3 * number)
    if number:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
try:
    list(Threads(2).map(work, range(2)))
except KeyboardInterrupt:
    sys.exit(130)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=HERE, timeout=30).returncode == 130


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot bind a process to CPUs")
def test_only_cpus_that_this_process_may_use_are_counted() -> None:
    assert 1 <= available_cpus() <= len(os.sched_getaffinity(0))
    one = min(os.sched_getaffinity(0))
    code = "from assetbuild.executors import *; print(available_cpus(), Threads().jobs, Threads(7).jobs)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={name: value for name, value in os.environ.items() if name != "PYTHON_CPU_COUNT"},
        preexec_fn=lambda: os.sched_setaffinity(0, {one}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1 1 7\n"


@pytest.mark.parametrize(
    ("said", "believed"), [("5", True), ("0", False), ("-2", False), ("default", False), ("", False)]
)
def test_the_count_that_python_is_told_is_believed(said: str, believed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHON_CPU_COUNT", raising=False)
    counted = available_cpus()
    monkeypatch.setenv("PYTHON_CPU_COUNT", said)
    assert available_cpus() == (5 if believed else counted)


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        ("0::/", {"cpu.max": "150000 100000\n"}, [1.5]),  # a container of Docker or Kubernetes
        ("0::/", {"cpu.max": "max 100000\n"}, []),
        ("0::/", {}, []),  # the machine itself
        ("0::/a.slice/b", {"a.slice/cpu.max": "200000 100000\n", "a.slice/b/cpu.max": "max 100000\n"}, [2.0]),
        ("0::/a.slice/b", {"a.slice/cpu.max": "50000 100000\n", "a.slice/b/cpu.max": "300000 100000\n"}, [0.5, 3.0]),
        ("0::/../other", {"cpu.max": "100000 100000\n"}, [1.0]),
        (
            "5:cpuset:/x\n4:cpu,cpuacct:/docker/1f\n0::/",  # version 1; the container sees its own group as the root
            {"cpu,cpuacct/cpu.cfs_quota_us": "250000\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"},
            [2.5],
        ),
        ("4:cpu:/x", {"cpu/x/cpu.cfs_quota_us": "-1\n", "cpu/x/cpu.cfs_period_us": "100000\n"}, []),
        ("1:name=systemd:/a:b", {"a:b/cpu.max": "100000 100000\n"}, []),
    ],
)
def test_a_quota_of_cpu_time_is_found(own: str, files: dict[str, str], expected: list[float], tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / "mount" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mount" / name).write_text(content)
    (tmp_path / "cgroup").write_text(own + "\n")
    assert list(cpu_quotas(f"{tmp_path}/cgroup", f"{tmp_path}/mount")) == expected


def test_a_system_without_control_groups_has_no_quota(tmp_path: Path) -> None:
    assert list(cpu_quotas(f"{tmp_path}/none", f"{tmp_path}/none")) == []
