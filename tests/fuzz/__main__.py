"""Try every target for a share of the time; what crashes is printed, written to `--found DIR`, and ends in status 1."""

from __future__ import annotations

import argparse
import importlib.util
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

SECONDS = 10  # that one input may take


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="in all (default: 5)")
    parser.add_argument("--target", action="append", help="this one only; may be repeated")
    parser.add_argument("--engine", choices=("hypothesis", "atheris", "both"), default="both")
    parser.add_argument("--found", type=Path, default=Path("build/fuzz"), help="where crashes go")
    parser.add_argument("--one", help=argparse.SUPPRESS)  # a target for atheris, in a process of its own
    options = parser.parse_args()
    from tests.fuzz.strategies import PIECES

    targets = options.target or list(PIECES)
    engines = ["hypothesis", "atheris"] if options.engine == "both" else [options.engine]
    if "atheris" in engines and not importlib.util.find_spec("atheris"):
        print("atheris is not installed: hypothesis alone")
        engines = ["hypothesis"]
    options.found.mkdir(parents=True, exist_ok=True)
    if options.one:
        run_atheris(options.one, options.minutes * 60, options.found)
    seconds = options.minutes * 60 / len(targets) / len(engines)
    failed = []
    for target in targets:
        for engine in engines:
            tried = by_hypothesis if engine == "hypothesis" else by_atheris
            found = tried(target, seconds, options.found)
            print(f"{target:12} {engine:10} {found}", flush=True)
            failed += [target] if found.startswith("CRASH") else []
    return 1 if failed else 0


def by_hypothesis(target: str, seconds: float, found: Path) -> str:
    from hypothesis import HealthCheck, Phase, given, seed, settings

    from tests.fuzz.strategies import STRATEGIES
    from tests.fuzz.targets import TARGETS

    tried, last = 0, b""
    deadline = time.monotonic() + seconds

    def check(data: bytes) -> None:
        nonlocal tried, last
        if time.monotonic() > deadline:
            return
        tried, last = tried + 1, data
        with limited():
            TARGETS[target](data)

    chosen = settings(
        max_examples=500,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    rounds = 0
    while time.monotonic() < deadline:
        rounds += 1
        try:
            seed(time.time_ns())(chosen(given(STRATEGIES[target])(check)))()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            return f"CRASH {keep(target, last, found)}: {type(error).__name__}: {str(error)[:300]}"
    return f"{tried} inputs"


@contextmanager
def limited() -> Iterator[None]:
    """Raises TimeoutError where it takes too long."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"longer than {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def keep(target: str, data: bytes, found: Path) -> Path:
    file = found / f"{target}.{sha256(data).hexdigest()[:8]}"
    file.write_bytes(data)
    return file


def by_atheris(target: str, seconds: float, found: Path) -> str:
    """In a process of its own, which it ends."""
    command = [
        sys.executable,
        "-m",
        "tests.fuzz",
        "--one",
        target,
        "--minutes",
        str(seconds / 60),
        "--found",
        str(found),
    ]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    lines = done.stderr.splitlines()
    if done.returncode:
        artifact = next((line.rpartition(" ")[2] for line in lines if "Test unit written to" in line), "?")
        said = next(
            (line for line in reversed(lines) if "Error" in line or "ERROR" in line), lines[-1] if lines else ""
        )
        return f"CRASH {artifact}: {said[:300]}"
    runs = next((line for line in reversed(lines) if line.startswith("Done ")), "done")
    return f"{runs.split()[1] if runs != 'done' else '?'} inputs"


def run_atheris(target: str, seconds: float, found: Path) -> None:
    import atheris

    with atheris.instrument_imports(include=["assetbuild"]):
        from tests.fuzz import targets
    from tests.fuzz.strategies import PIECES

    corpus = found / f"corpus-{target}"
    corpus.mkdir(exist_ok=True)
    for at, line in enumerate(PIECES[target].splitlines()):
        (corpus / f"seed{at}").write_bytes(line.encode())
    function: Callable[[bytes], None] = targets.TARGETS[target]
    options = [f"-max_total_time={max(1, int(seconds))}", f"-timeout={SECONDS}", "-max_len=400", "-rss_limit_mb=2048"]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={found}/{target}.", str(corpus)], function)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
