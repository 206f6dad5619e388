"""Everything, measured: the scenarios of each corpus side by side, round after round, and what each of them took.

Results are plain data, to be kept as JSON: `results["corpora"][CORPUS]["scenarios"][SCENARIO]`.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import environment, ours, peers
from benchmarks.corpora import OPAQUE, SERIES, Corpus, cache_dir, discard, make
from benchmarks.environment import Tools
from benchmarks.measure import Failed, peak_memory, run
from benchmarks.scenario import Scenario

LONG = 20  # seconds: what takes longer is measured once
SHORT = 2  # seconds: what takes less is measured `TURNS` times in each round
TURNS = 3  # the machine's own ups and downs last some seconds, in which much of what is short would be measured
_DJANGO_UP_TO = 10_000  # files: beyond, the peer's point on the curve takes minutes
_QUICK_UP_TO = 10_000

NAMES = ("django", "large", "fan", *(f"series-{count}" for count in SERIES), *(f"opaque-{size}" for size in OPAQUE))


@dataclass(frozen=True, slots=True)
class Wanted:
    """`only` are scenarios, all if empty."""

    rounds: int
    quick: bool
    corpora: Collection[str]
    only: Collection[str] = ()


def measure(wanted: Wanted, keep: Callable[[dict[str, Any]], None]) -> None:
    """`keep` is called with all results so far, after each corpus: a run that is stopped leaves what it has."""
    started = time.perf_counter()
    tools = environment.prepare()
    work = cache_dir() / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    results: dict[str, Any] = {
        "machine": environment.machine(work),
        "versions": environment.versions(tools),
        "rounds": wanted.rounds,
        "corpora": {},
    }
    corpora = [make(name) for name in wanted.corpora if not (wanted.quick and _is_heavy(name))]
    try:
        for corpus in corpora:
            results["corpora"][corpus.name] = _of_corpus(corpus, tools, work / corpus.name, wanted)
            keep({**results, "seconds": time.perf_counter() - started})
    finally:  # and not sooner: see `afresh`
        shutil.rmtree(work)
        for corpus in corpora:
            if corpus.name.startswith(("series-", "opaque-")):
                discard(corpus)


def _is_heavy(corpus: str) -> bool:
    return corpus.startswith("series-") and int(corpus.partition("-")[2]) > _QUICK_UP_TO


def _of_corpus(corpus: Corpus, tools: Tools, work: Path, wanted: Wanted) -> dict[str, Any]:
    work.mkdir()
    found = [one for one in scenarios(corpus, tools, work, wanted.quick) if not wanted.only or one.name in wanted.only]
    for file in corpus.static.rglob("*"):
        if file.is_file():
            file.read_bytes()  # so that the first scenario finds it in memory as the others do
    return {"files": corpus.files, "size": corpus.size, "scenarios": _rounds(corpus, found, wanted.rounds)}


def scenarios(corpus: Corpus, tools: Tools, work: Path, quick: bool) -> Iterator[Scenario]:
    """What is measured of that corpus; the order is that of each round."""
    kind, _, number = corpus.name.partition("-")
    if kind == "series":
        yield from ours.growing(corpus, tools, work)
        if int(number) <= _DJANGO_UP_TO:
            yield next(peers.django("manifest", corpus, tools, work))
    elif kind == "opaque":
        yield next(ours.cold(corpus, tools, work))
    elif kind == "fan":
        yield from ours.again(corpus, tools, work, hub=True)
    else:
        yield from _side_by_side(corpus, tools, work, quick)


def _side_by_side(corpus: Corpus, tools: Tools, work: Path, quick: bool) -> Iterator[Scenario]:
    yield from peers.floors(corpus, tools, work)
    yield from ours.cold(corpus, tools, work)
    yield from ours.again(corpus, tools, work)
    yield from peers.django("plain", corpus, tools, work)
    yield from peers.django("manifest", corpus, tools, work)
    yield from peers.esbuild(corpus, tools, work)
    if corpus.name == "django":  # on the large one, minutes that show nothing else
        yield from peers.webassets(corpus, tools, work)
        yield from peers.sprockets(corpus, tools, work)
        if not quick:
            yield from ours.compressed(corpus, tools, work)
            yield next(peers.django("whitenoise", corpus, tools, work))  # again takes as long: it has no cache


def _rounds(corpus: Corpus, found: list[Scenario], rounds: int) -> dict[str, Any]:
    """Interleaved: what else the machine does, or a cache that grows warm, meets all of them alike."""
    measured: dict[str, dict[str, Any]] = {one.name: {"runs": []} for one in found}
    for number in range(rounds * TURNS):
        for scenario in found:
            so_far = measured[scenario.name]
            longest = LONG if number % TURNS == 0 else SHORT
            if so_far.get("error") or any(one["wall"] > longest for one in so_far["runs"]):
                continue
            try:
                if scenario.memory and number == 0:
                    scenario.prepare()
                    so_far["memory"] = peak_memory(scenario.command)
                _once(scenario, so_far)
            except Failed as error:
                so_far["error"] = str(error)
            _say(f"{corpus.name} {number // TURNS + 1}/{rounds} {scenario.name}: {_shown(so_far)}")
    return measured


def _once(scenario: Scenario, so_far: dict[str, Any]) -> None:
    scenario.prepare()
    os.sync()  # what the one before has written is not to be paid for by this one
    so_far["runs"].append(asdict(run(scenario.command)))
    so_far.update(scenario.look())


def _shown(so_far: dict[str, Any]) -> str:
    if "error" in so_far:
        return str(so_far["error"])
    return "{wall:.3f} s, {cpu:.3f} s of CPU".format(**so_far["runs"][-1])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
