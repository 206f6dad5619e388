"""What `assetbuild watch` says: how applications find its output, and a line for each round, with --json an object."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assetbuild.errors import Problem
from assetbuild.report import all_json
from assetbuild.taken import NAME
from assetbuild.terminal import Output

if TYPE_CHECKING:
    from assetbuild.live import Live
    from assetbuild.rounds import Rebuilt

_NAMED = 2  # changed files that a line names
_WATCHED = 6  # directories that the first line names


class Words:
    """`then` is called when it has been said that watching has begun."""

    def __init__(self, output: Output, then: Callable[[], None] = lambda: None) -> None:
        self._output, self._then = output, then
        self._is_first = True

    def started(self, directory: Path, server: Live | None, watched: Sequence[str]) -> None:
        say = self._output.say
        say(f"watching {_some(watched, _WATCHED)}; Ctrl-C ends this")
        if directory.name == NAME:
            say(f"an application in or below '{directory.parent}' that is in development mode shows what is built")
            say("  (Django with DEBUG, Flask with --debug, or any with ASSETBUILD_MODE=development);")
            say(f"  one elsewhere also needs ASSETBUILD_DEVELOPMENT={directory}")
        else:
            say("an application in development mode shows what is built with")
            say(f"  ASSETBUILD_DEVELOPMENT={directory}")
        if server:
            say(f"its pages load again by themselves, through port {server.port}")
        listening = server and {"port": server.port, "hosts": [*server.hosts]}
        places = {"directory": str(directory), "manifest": str(directory / "manifest.json")}
        self._tell("started", **places, files=str(directory / "files"), server=listening, watched=[*watched])
        self._then()

    def built(self, done: Rebuilt) -> None:
        output = self._output
        output.problems(done.warnings, warning=True)
        output.say(self._line(done))
        for path, reason in done.reasons.items() if not self._is_first else ():
            output.say(f"  {path}: {reason}", level=1)
        self._is_first = False
        self._tell(
            "built",
            release=done.release,
            changed=[*done.changed],
            reasons=done.reasons,
            rebuilt=done.rebuilt,
            gone=done.gone,
            files=done.files,
            seconds=round(done.seconds, 4),
            recovered=done.recovered,
            warnings=all_json([*done.warnings]),
        )

    def _line(self, done: Rebuilt) -> str:
        took = f"in {done.seconds * 1000:.0f} ms"
        if self._is_first:
            reused = done.files - done.rebuilt
            return f"{_count(done.files)}, {f'{reused} of them as they were, ' if reused else ''}{took}"
        parts = [f"{_count(done.rebuilt)} rebuilt"] if done.rebuilt or not done.gone else []
        parts += [f"{done.gone} gone"] if done.gone else []
        because = f"{_some(done.changed, _NAMED)} changed: " if done.changed else ""
        return f"{because}{', '.join(parts)} {took}{'; the errors are gone' if done.recovered else ''}"

    def failed(self, changed: Sequence[str], problems: Sequence[Problem]) -> None:
        self._output.problems(problems)
        because = f"{_some(changed, _NAMED)} changed: " if changed else ""
        count = "1 error" if len(problems) == 1 else f"{len(problems)} errors"
        self._output.say(f"{because}{count}; what was built before stays")
        self._is_first = False
        self._tell("failed", changed=[*changed], errors=all_json([*problems]))

    def reloaded(self, files: Sequence[str]) -> None:
        self._output.say(f"{_some(files, _NAMED)} changed: pages load again")
        self._tell("reload", changed=[*files])

    def _tell(self, kind: str, **values: Any) -> None:
        self._output.result({"type": kind, **values})


def _count(files: int) -> str:
    return "1 file" if files == 1 else f"{files:,} files"


def _some(names: Sequence[str], count: int) -> str:
    """The first, and how many more."""
    more = len(names) - count
    return ", ".join(names[:count]) + (f" and {more} more" if more > 0 else "")
