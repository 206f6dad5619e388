"""What came of each round of `watch` -> whoever listens, and browsers: what is new of it, and nothing twice."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from assetbuild.config import Config
from assetbuild.discover import is_never_published
from assetbuild.errors import AssetBuildError, BuildFailed, Problem
from assetbuild.named import NamedTuple
from assetbuild.report import grouped, problem_json

if TYPE_CHECKING:
    from assetbuild.live import Live
    from assetbuild.session import Built

_SHOWN = 100  # errors that a browser is sent


class Rebuilt(NamedTuple):
    """What one round has done. `changed` are the files that made it necessary, as a user would type them; `recovered`
    says that the round before had failed, `warnings` only those that are new."""

    changed: Sequence[str]
    rebuilt: int
    gone: int
    reasons: dict[str, str]
    release: str
    files: int
    warnings: Sequence[Problem]
    seconds: float
    recovered: bool


class Outcome(NamedTuple):
    """`remade` is the development directory where that had been removed; `reloaded`: the configuration is another."""

    result: Built | AssetBuildError
    seconds: float
    remade: Path | None = None
    reloaded: bool = False


class Listener(Protocol):
    """Who is told, each time in words of its own."""

    def started(self, directory: Path, server: Live | None, watched: Sequence[str]) -> None: ...
    def built(self, done: Rebuilt) -> None: ...
    def failed(self, changed: Sequence[str], problems: Sequence[Problem]) -> None: ...
    def reloaded(self, files: Sequence[str]) -> None: ...


class Rounds:
    """`live` is None while there is no server."""

    def __init__(self, listener: Listener) -> None:
        self.live: Live | None = None
        self._tell = listener
        self._error = ""  # what was told of the last round; empty if that was good
        self._warnings: frozenset[str] = frozenset()
        self._release = ""

    def tell(self, outcome: Outcome, because: Iterable[str], config: Config) -> None:
        """`because` of a change of these files."""
        files = [outcome.remade] if outcome.remade else map(Path, _notable(because))
        changed = [config.shown(file) for file in files]
        if isinstance(outcome.result, AssetBuildError):
            self._report_failure(outcome.result, changed)
        else:
            self._report_success(outcome.result, outcome, changed)

    def _report_failure(self, error: AssetBuildError, changed: Sequence[str]) -> None:
        if str(error) == self._error:
            return
        self._error = str(error)
        problems = [one.problem for one in (error.errors if isinstance(error, BuildFailed) else (error,))]
        told = grouped(problems)[:_SHOWN]
        self.send({"type": "failed", "errors": [{"text": str(one), **problem_json(one)} for one in told]})
        self._tell.failed(changed, problems)

    def _report_success(self, built: Built, outcome: Outcome, changed: Sequence[str]) -> None:
        before, self._release = self._release, built.release
        recovered, self._error = bool(self._error), ""
        told, self._warnings = self._warnings, frozenset(map(str, built.warnings))
        new = [problem for problem in built.warnings if str(problem) not in told]
        if not (new or recovered or outcome.remade or built.reasons or built.release != before):
            return
        rebuilt = built.files if outcome.remade else len(built.reasons)
        gone = sum(now is None for now in built.names.values())
        reasons = dict(built.reasons)
        done = Rebuilt(changed, rebuilt, gone, reasons, built.release, built.files, new, outcome.seconds, recovered)
        self.send({"type": "built", "release": built.release, "names": dict(built.names)})
        if outcome.reloaded and before and built.release != before:  # then it is not known which names were which
            self.send({"type": "reload", "reason": changed[0] if changed else "the configuration"})
        self._tell.built(done)

    def send(self, message: Mapping[str, Any]) -> None:
        if self.live:
            self.live.send(message)


def _notable(files: Iterable[str]) -> list[str]:
    """Those to name: not what an editor made on its way, unless there is nothing else."""
    named = sorted(
        file for file in files if not is_never_published(os.path.basename(file).lower()) or file.endswith(".py")
    )
    return [file for file in named if os.path.exists(file)] or named
