"""`python -m tests.corpus [NAME...]`: build and judge the packages, all or those named, and write the page of all.

What was measured goes to `corpus/results.json` in the cache directory. Ends with 1 if a file is broken or a build
fails, with 2 if a package cannot be fetched.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from assetbuild.errors import AssetBuildError
from tests.corpus import manifest, page
from tests.corpus.manifest import Vendored
from tests.corpus.measure import build_site, measure
from tests.support import packages
from tests.support.judge import Judge

PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    wanted = [one for one in manifest.load() if not options.names or one.package.name in options.names]
    try:
        esbuild = packages.esbuild()
        for number, vendored in enumerate(wanted, 1):
            _say(f"{number}/{len(wanted)} fetch {vendored.package}")
            packages.fetch(vendored.package)
    except packages.Unavailable as error:
        _say(str(error))
        return 2
    kept = packages.cache_dir() / "corpus" / "results.json"
    kept.parent.mkdir(exist_ok=True)
    started, results = perf_counter(), []
    for number, vendored in enumerate(wanted, 1):
        results.append(_run(vendored, esbuild, with_minifiers=not options.quick))
        _say(f"{number}/{len(wanted)} {page.line(results[-1])}")
        # After each, so that a run that is broken off leaves what it found.
        found = {"seconds": perf_counter() - started, "packages": results}
        kept.write_text(json.dumps(found, indent=1, sort_keys=True))
    _say(f"measured: {kept}")
    if options.out or not options.names:
        out = options.out or PAGE
        out.write_text(page.render(results, perf_counter() - started))
        _say(f"written: {out}")
    return 1 if any(result.get("error") or result.get("broken") for result in results) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("--out", type=Path, help="write the page to this file; with names none is written otherwise")
    parser.add_argument("--quick", action="store_true", help="leave out what the minifiers alone would do")
    parser.add_argument("names", nargs="*", metavar="NAME", help="packages, as packages.toml calls them")
    return parser


def _run(vendored: Vendored, esbuild: Path, *, with_minifiers: bool) -> dict[str, Any]:
    started = _cpu_seconds()
    result: dict[str, Any] = {"package": str(vendored.package)}
    with tempfile.TemporaryDirectory(prefix="assetbuild-corpus-") as directory:
        judge = Judge(esbuild, Path(directory, "judge"))
        judge.out_dir.mkdir()
        try:
            site = build_site(vendored, Path(directory))
            result["build seconds"] = _cpu_seconds() - started
            result |= measure(site, judge, with_minifiers=with_minifiers)
            if not site.before:
                result["error"] = "no file of it is looked into: 'keep' in packages.toml names no folder of it"
        except AssetBuildError as error:
            result["error"] = str(error)
    return result | {"seconds": _cpu_seconds() - started}


def _cpu_seconds() -> float:
    """Of this process and its children: on a machine that has other work, wall time says little."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
