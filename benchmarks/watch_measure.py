"""Watches that run -> seconds from a save to its bytes on disk, processor time while nothing happens, start, memory.

All watches run at once, each on a copy of its own, and are saved to in turns at random times: one that looks from time
to time must not be met in step. Seeing costs the same for all: this process looks at the output's `stat`.
"""

from __future__ import annotations

import itertools
import os
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.scenario import afresh
from benchmarks.watch_process import Running
from benchmarks.watch_tools import Edit, Watch

PAUSES = (0.15, 0.6)  # seconds between two saves, uniformly
SEED = 6
LOOK = 0.0002  # seconds between two looks
PATIENCE = 10  # seconds for a save to be seen
START_PATIENCE = 120
CALM = 35  # seconds until nothing of a save is left to do: what it superseded stays for 30
STARTS = 5
REBUILDS = (50, 5_000)  # after which memory is compared
_TOO_YOUNG = 2.1  # seconds until a file is trusted by its times

Both = Sequence[tuple[Watch, Running]]


def start(watch: Watch) -> Running:
    log = watch.directory.with_name(f"{watch.directory.name}.log")
    return Running(watch.command, watch.directory, log, watch.environment)


def saves(running: Both, count: int) -> dict[str, Any]:
    """Watch -> kind of edit -> {"seconds", "errors"}: of each save, None where it was not seen. The first of each edit
    is not counted: it waits for the watch's start."""
    chance = random.Random(SEED)
    numbers = itertools.count(1)
    found: dict[str, Any] = {watch.name: {} for watch, _ in running}
    for watch, process in running:
        for edit in watch.edits:
            _wait_for_start(edit, process)
            save_to_sight(edit, next(numbers), process)
            found[watch.name][edit.what] = {"seconds": [], "errors": []}
    for turn in range(count):
        for watch, process in chance.sample(running, len(running)):
            edit = watch.edits[turn % len(watch.edits)]
            time.sleep(chance.uniform(*PAUSES))
            seen = save_to_sight(edit, next(numbers), process)
            found[watch.name][edit.what]["seconds"].append(seen and seen[0])
            found[watch.name][edit.what]["errors"] += [seen[1]] if seen else []
        if (turn + 1) % 20 == 0:
            _say(f"{turn + 1} of {count} saves to each")
    return found


def save_to_sight(edit: Edit, number: int, process: Running) -> tuple[float, float] | None:
    """Seconds from before the save until its bytes are seen, and how long before that was the look that saw nothing:
    by so much they may have been there sooner. None if they were not seen in time."""
    before = _signature(edit.output)
    began = last = time.perf_counter()
    edit.save(number)
    while last - began < PATIENCE:
        changed = _signature(edit.output) != before
        now = time.perf_counter()
        if changed and edit.arrived(number):
            return now - began, now - last
        last = now
        time.sleep(LOOK)
    process.check()
    return None


def idle(running: Both, seconds: float) -> dict[str, float]:
    """Watch -> share of one processor, all its processes together, when it has been left alone for a while."""
    if not seconds:
        return {}
    _say(f"{CALM + seconds:.0f} seconds without a save")
    time.sleep(CALM)
    before, began = [process.cpu() for _, process in running], time.perf_counter()
    time.sleep(seconds)
    took = time.perf_counter() - began
    return {watch.name: (process.cpu() - used) / took for (watch, process), used in zip(running, before, strict=True)}


def starts(watch: Watch) -> dict[str, list[float]]:
    """Seconds from the start of the process until its manifest is right, one file having been saved just before: with
    an empty cache and no output, and with those of the last time."""
    _say(f"{2 * STARTS} starts")
    edit, numbers = watch.edits[0], itertools.count(1)
    nothing_kept = afresh(edit.output.parent, Path(watch.environment["ASSETBUILD_CACHE_DIR"]))
    time.sleep(_TOO_YOUNG)
    cold = []
    for _ in range(STARTS):
        nothing_kept()
        cold.append(_start_to_sight(watch, edit, next(numbers)))
    _start_to_sight(watch, edit, next(numbers))
    return {"cold": cold, "warm": [_start_to_sight(watch, edit, next(numbers)) for _ in range(STARTS)]}


def long(watch: Watch) -> dict[str, Any]:
    """Rebuilds -> bytes in memory and open descriptors after so many, one upon the other, and a while of nothing."""
    found = {}
    edits = itertools.cycle(watch.edits)
    with start(watch) as process:
        _wait_for_start(watch.edits[0], process)
        for number in range(1, REBUILDS[-1] + 1):
            if not save_to_sight(next(edits), number, process):
                raise TimeoutError(f"{watch.name}: save {number} was not seen in {PATIENCE} seconds")
            if number in REBUILDS:
                _say(f"{number} rebuilds")
                time.sleep(CALM)
                found[str(number)] = {"memory": process.memory(), "descriptors": process.descriptors()}
    return found


def _start_to_sight(watch: Watch, edit: Edit, number: int) -> float:
    before = _signature(edit.output)
    edit.save(number)
    os.sync()
    began = time.perf_counter()
    with start(watch) as process:
        while (now := time.perf_counter()) - began < START_PATIENCE:
            if _signature(edit.output) != before and edit.arrived(number):
                time.sleep(1)  # it may have something to do for the next time
                return now - began
            time.sleep(LOOK)
        raise TimeoutError(f"nothing was built in {START_PATIENCE} seconds: {process.said()}")


def _wait_for_start(edit: Edit, process: Running) -> None:
    until = time.perf_counter() + START_PATIENCE
    while not edit.output.exists():
        process.check()
        if time.perf_counter() > until:
            raise TimeoutError(f"'{edit.output}' was not there in {START_PATIENCE} seconds: {process.said()}")
        time.sleep(LOOK)


def _signature(file: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(file)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
