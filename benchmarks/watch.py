"""`python -m benchmarks.watch`: what `assetbuild watch` takes, beside other watches in the same run -> docs/watch.md.

A run of less than everything is shown, and written only where `--out` says. `--long` is a run of its own, for memory;
the page shows what the last one found. Ends with 1 if a limit does not hold, with 2 if a tool cannot be had.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import environment, watch_page
from benchmarks.corpora import HERE, cache_dir
from benchmarks.watch_measure import idle, long, saves, start, starts
from benchmarks.watch_tools import WATCHES, assetbuild, large, versions
from tests.support.packages import Unavailable

PAGE = HERE.parent / "docs" / "watch.md"
START = "start"


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    partial = bool(options.only) or options.saves < 200
    kept = cache_dir() / ("watch-partial.json" if partial else "watch.json")
    kept_long = cache_dir() / "watch-long.json"
    try:
        if options.long:
            _keep(kept_long, _long())
        elif not options.page:
            _keep(kept, _all(options.saves, options.idle, options.only or (*WATCHES, START)))
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 2
    results = {key: value for file in (kept_long, kept) if file.exists() for key, value in _kept(file).items()}
    print(watch_page.render(results))
    if options.out or not (partial or options.long):
        watch_page.write(results, options.out or PAGE)
        print(f"written: {options.out or PAGE}", file=sys.stderr)
    return 0 if all(limit.holds for limit in watch_page.limits(results)) else 1


def _all(count: int, seconds: float, wanted: Sequence[str]) -> dict[str, Any]:
    tools = environment.prepare()
    with tempfile.TemporaryDirectory(prefix="assetbuild-watch-") as name:
        work = Path(name)
        results: dict[str, Any] = {"machine": environment.machine(work), "versions": versions(tools)}
        with ExitStack() as stack:
            watches = [WATCHES[one](tools, work) for one in wanted if one in WATCHES]
            running = [(watch, stack.enter_context(start(watch))) for watch in watches]
            if running:
                results["saves"] = saves(running, count)
                results["idle"] = idle(running, seconds)
        if START in wanted:
            results["start"] = starts(large(tools, work / START))
    return results


def _long() -> dict[str, Any]:
    tools = environment.prepare()
    with tempfile.TemporaryDirectory(prefix="assetbuild-watch-") as name:
        return {"long": long(assetbuild(tools, Path(name)))}


def _keep(file: Path, results: dict[str, Any]) -> None:
    file.write_text(json.dumps(results, indent=1))


def _kept(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watch", description=__doc__)
    parser.add_argument("--saves", type=int, default=200, metavar="COUNT", help="to each watch; 200 unless told")
    parser.add_argument("--idle", type=float, default=30, metavar="SECONDS", help="how long it is left alone; 30")
    names = (*WATCHES, START)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=names, help=f"of: {', '.join(names)}")
    parser.add_argument("--long", action="store_true", help="memory after 5,000 rebuilds, and nothing else")
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page of the last run again")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the section there")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
