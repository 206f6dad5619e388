"""Programs -> what they show when they run in Node: many in one process, each in a realm of its own.

What a program shows: the values that it gives to `out(...)`, the global names that it leaves behind with their values,
its completion value or what a module exports, the names of errors thrown or of promises rejected, and that it is no
JavaScript at all. What it cannot show, as any minifier changes that: its own text (`Function.prototype.toString`), and
the line and column numbers in stacks and messages of errors.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.packages import Unavailable

Shown = tuple[str, ...]

_RUNNER = Path(__file__).with_name("run_programs.cjs")
_OPTIONS = ("--no-warnings", "--experimental-vm-modules")
_FIRST_VERSION = 20  # earlier ones know neither the flag `v` nor import attributes
_BATCH = 1000  # programs in a process: realms take memory that a process gives back only when it ends


@dataclass(frozen=True, slots=True)
class Program:
    """`module`: it is an ES module, else a classic script."""

    code: str
    module: bool = False


def run_programs(programs: Iterable[Program]) -> dict[Program, Shown]:
    """Each program once, whether it is given once or twice. Raises Unavailable without Node."""
    once = list(dict.fromkeys(programs))
    shown: dict[Program, Shown] = {}
    for at in range(0, len(once), _BATCH):
        batch = once[at : at + _BATCH]
        shown |= zip(batch, _run(batch), strict=True)
    return shown


def _run(programs: list[Program]) -> list[Shown]:
    given = json.dumps([{"code": program.code, "module": program.module} for program in programs])
    done = subprocess.run([_node(), *_OPTIONS, str(_RUNNER)], input=given, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return [tuple(lines) for lines in json.loads(done.stdout)]


@cache
def _node() -> str:
    node = shutil.which("node")
    if not node:
        raise Unavailable("node is not installed")
    version = subprocess.run([node, "--version"], capture_output=True, encoding="utf-8").stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < _FIRST_VERSION:
        raise Unavailable(f"node {version} is too old: {_FIRST_VERSION} is needed")
    return node
