"""Executors: anything with `.map`."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from assetbuild.executors import Executor, Serial, Threads, available_cpus

EXECUTORS = [Serial(), Threads(1), Threads(4), Threads()]


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
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot bind a process to CPUs")
def test_only_cpus_that_this_process_may_use_are_counted() -> None:
    assert available_cpus() == len(os.sched_getaffinity(0))
    one = min(os.sched_getaffinity(0))
    code = "from assetbuild.executors import *; print(available_cpus(), Threads().jobs, Threads(7).jobs)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        preexec_fn=lambda: os.sched_setaffinity(0, {one}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1 1 7\n"
