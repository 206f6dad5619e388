"""`python -m benchmarks`: measure, keep the results in the cache directory, and write docs/performance.md from them.

A run of less than everything is shown, and written only where `--out` says. Ends with 2 if a package cannot be fetched.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import page
from benchmarks.corpora import HERE, cache_dir
from benchmarks.prose import FLOORS, OURS, PEERS
from benchmarks.run import NAMES, Wanted, measure
from tests.support.packages import Unavailable

_SCENARIOS = (*OURS, *PEERS, *FLOORS)
PAGE = HERE.parent / "docs" / "performance.md"


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    partial = bool(options.quick or options.only or options.corpus)
    kept = cache_dir() / ("results-partial.json" if partial else "results.json")
    if not options.page:
        wanted = Wanted(
            options.rounds or (1 if options.quick else 3), options.quick, options.corpus or NAMES, options.only or ()
        )
        try:
            measure(wanted, lambda results: kept.write_text(json.dumps(results, indent=1)) and None)
        except Unavailable as error:
            print(error, file=sys.stderr)
            return 2
        print(f"measured: {kept}", file=sys.stderr)
    results = json.loads(kept.read_text())
    if partial and not options.out:
        print(page.render(results, "performance"))
    else:
        page.write(results, options.out or PAGE)
        print(f"written: {options.out or PAGE}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round, no compression, at most 10,000 files in a row")
    parser.add_argument("--only", nargs="+", metavar="SCENARIO", choices=_SCENARIOS, help="these scenarios alone")
    parser.add_argument("--corpus", nargs="+", metavar="NAME", choices=NAMES, help=f"of: {', '.join(NAMES)}")
    parser.add_argument("--rounds", type=int, metavar="COUNT", help="how often each is measured; 3 unless told")
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page of the last run again")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the page there, its charts beside it")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
