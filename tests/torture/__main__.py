"""`python -m tests.torture [PART...]`: attack builds, all parts or those named, and write the figures into the page.

Each part ends when it is through or its share of `--seconds` is over, and says what it did not get to. Ends with 1
where anything was not as promised.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.needs import under_ci
from tests.torture import page
from tests.torture.concurrency import concurrency
from tests.torture.disks import disks
from tests.torture.faults import faults
from tests.torture.kills import kills

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
# Of the time that all may take together; what a part does not need goes to the next ones.
SHARES = {"concurrency": 0.1, "disks": 0.1, "kills": 0.41, "faults": 0.39}


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    parts = [part for part in SHARES if part in (options.parts or SHARES)]
    ends = time.monotonic() + options.seconds
    base = Path(tempfile.mkdtemp(prefix="assetbuild-torture-", dir=options.directory))
    results: dict[str, Any] = {}
    try:
        for at, part in enumerate(parts):
            left = ends - time.monotonic()
            share = left * SHARES[part] / sum(SHARES[one] for one in parts[at:])
            results[part] = _run(part, base / part, share, options)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    if options.keep:
        options.keep.write_text(json.dumps(results, indent=1, ensure_ascii=False))
    if not options.parts:
        page.write(PAGE, results)
        print(f"written: {PAGE}", file=sys.stderr)
    bad = sum(len(result.get("complaints", ())) for result in results.values())
    print(f"{bad} complaints", file=sys.stderr)
    return 1 if bad else 0


def _run(part: str, base: Path, seconds: float, options: argparse.Namespace) -> dict[str, Any]:
    lanes = options.lanes or 2 * max(2, os.cpu_count() or 1)
    works: Mapping[str, Callable[[], dict[str, Any]]] = {
        "concurrency": lambda: concurrency(base, seconds, options.rounds, options.polls, options.seed),
        "disks": lambda: disks(base, seconds, options.removals, options.seed),
        "kills": lambda: kills(base, seconds, options.kills, lanes, options.seed),
        "faults": lambda: faults(base, seconds, lanes, options.seed),
    }
    if part == "faults" and not shutil.which("strace"):
        reason = "strace is not installed"
        print(f"faults: left out, {reason}", file=sys.stderr)
        return {"left out": reason, "complaints": [reason] if under_ci() else []}
    return works[part]()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *SHARES], help="only these parts; then no page is written")
    parser.add_argument("--seconds", type=float, default=575, help="all parts together (575)")
    parser.add_argument("--lanes", type=int, help="builds that are attacked at once; two for each CPU, at least 4")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=50, help="of 8 builds at once (50)")
    parser.add_argument("--polls", type=int, default=100_000)
    parser.add_argument("--removals", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--directory", type=Path, help="work there; by default where temporary files go")
    parser.add_argument("--keep", type=Path, help="write what was found to this file, as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
