"""The terminal: where a command's words go, how it shows progress and failures, and the options for that.

Results go to standard output, everything else to standard error.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import click

from assetbuild.errors import AssetBuildError, BuildFailed, Problem
from assetbuild.report import grouped

F = TypeVar("F", bound=Callable[..., Any])
# Control characters but tab and newline, and what turns the direction of writing around.
_OBEYED = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
_REFRESH = 0.1  # seconds between two pictures of the bars
_SIGNALS = {1: " by SIGHUP", 15: " by SIGTERM"}


class Output:
    """Where a command's words go. As JSON, one object on standard output and nothing else there."""

    def __init__(self, *, as_json: bool, verbosity: int, color: bool | None) -> None:
        self.as_json = as_json
        self.verbosity = verbosity
        self.color = color
        self.has_result = False  # whether that was told
        self.ends_with_reader = False  # whether BrokenPipeError is raised where nobody reads any more

    def say(self, text: str, level: int = 0) -> None:
        if not self.as_json and self.verbosity >= level:
            self._echo(_printable(text))

    def problem(self, problem: Problem, *, warning: bool = False) -> None:
        first, _, rest = _printable(str(problem)).partition("\n")
        shown = click.style(("warning: " if warning else "") + first, fg="yellow" if warning else "red")
        self._echo(shown + ("\n" + rest if rest else ""), err=True)

    def problems(self, problems: Sequence[Problem], *, warning: bool = False) -> None:
        """Those of one cause as one, unless everything is wanted."""
        for problem in problems if self.verbosity > 0 else grouped(problems):
            self.problem(problem, warning=warning)

    def result(self, data: Mapping[str, Any]) -> None:
        self.has_result = True
        if self.as_json:
            self._echo(json.dumps(data))

    def _echo(self, text: str, *, err: bool = False) -> None:
        """What nobody reads any more is not said; the work is done all the same, and its status is what counts."""
        try:
            click.echo(text, err=err, color=self.color)
        except BrokenPipeError:
            if self.ends_with_reader:
                raise
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2 if err else 1)
            os.close(nowhere)

    @property
    def shows_progress(self) -> bool:
        return not self.as_json and self.verbosity >= 0 and sys.stderr.isatty()


def _printable(text: str) -> str:
    """What a terminal would obey instead of showing it, and bytes that are not UTF-8, as escapes."""
    text = text.encode("utf-8", "backslashreplace").decode()
    if all(line.isprintable() for line in text.split("\n")):  # nearly always; to compile the pattern takes longer
        return text
    return re.sub(_OBEYED, lambda match: ascii(match[0])[1:-1], text)


def common(command: F) -> F:
    """The options of every command; they arrive as one `Output`."""

    def collect(json_: bool, verbose: int, quiet: bool, no_color: bool, **arguments: Any) -> Any:
        no_color = no_color or bool(os.environ.get("NO_COLOR"))  # no-color.org: any value that is not empty
        output = Output(as_json=json_, verbosity=-1 if quiet else verbose, color=False if no_color else None)
        return command(output=output, **arguments)

    collect.__doc__, collect.__name__ = command.__doc__, command.__name__
    collect.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    for option in reversed(
        (
            click.option("--json", "json_", is_flag=True, help="Print one JSON object, nothing else."),
            click.option("-v", "--verbose", count=True, help="Say more."),
            click.option("-q", "--quiet", is_flag=True, help="Say results, errors and warnings alone."),
            click.option("--no-color", is_flag=True, help="No colours; also by NO_COLOR."),
        )
    ):
        collect = option(collect)
    return collect  # type: ignore[return-value]


@contextmanager
def progress(output: Output) -> Iterator[Callable[[str, int, int], None]]:
    """Bars on a terminal, nothing elsewhere."""
    if not output.shows_progress:
        yield lambda _stage, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True, no_color=output.color is False)
    # Without a thread of its own, beside which no worker could be forked.
    with Progress(console=console, transient=True, auto_refresh=False) as bars:
        tasks: dict[str, Any] = {}
        drawn = [0.0]

        def update(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage)
            bars.update(tasks[stage], completed=done, total=total)
            if (now := time.monotonic()) - drawn[0] >= _REFRESH:
                drawn[0] = now
                bars.refresh()

        yield update


@contextmanager
def failures(output: Output, as_json: Callable[..., Mapping[str, Any]]) -> Iterator[None]:
    """Turn what goes wrong into messages and an exit status."""
    try:
        yield
    except AssetBuildError as error:
        errors = error.errors if isinstance(error, BuildFailed) else (error,)
        with suppress(OSError):  # standard error is full: the result and the status still say it
            output.problems([one.problem for one in errors])
            if len(errors) > 1:
                click.echo(f"assetbuild: {len(errors)} errors", err=True)
        output.result(as_json(errors=[one.problem for one in errors]))
        sys.exit(error.exit_code)
    except FileNotFoundError as error:
        if error.filename is not None:
            raise
        problem = Problem("the working directory is gone", fix="change to a directory that is there")
        with suppress(OSError):
            output.problem(problem)
        output.result(as_json(errors=[problem]))
        sys.exit(2)
    except KeyboardInterrupt as interrupt:
        number = getattr(interrupt, "number", 2)  # ending.Interrupted has another one
        problem = Problem(f"interrupted{_SIGNALS.get(number, '')}; what stood before is untouched")
        with suppress(OSError):  # the terminal has gone, which was why
            output.problem(problem)
        with suppress(OSError):
            if not output.has_result:  # it came a moment too late
                output.result(as_json(errors=[problem]))
        sys.exit(128 + number)
