"""The command line: arguments in, text and exit status out. 0 done, 1 the build failed, 2 wrong usage or configuration.

Results go to standard output, everything else to standard error. Only this module prints.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from assetbuild import __version__
from assetbuild.errors import AssetBuildError, BuildFailed, ConfigError, Problem
from assetbuild.report import all_json, build_json, grouped, table

if TYPE_CHECKING:
    from assetbuild.config import Config
    from assetbuild.release import Release

F = TypeVar("F", bound=Callable[..., Any])


class Output:
    """Where a command's words go. As JSON, one object on standard output and nothing else there."""

    def __init__(self, *, as_json: bool, verbosity: int, color: bool | None) -> None:
        self.as_json = as_json
        self.verbosity = verbosity
        self.color = color

    def say(self, text: str, level: int = 0) -> None:
        if not self.as_json and self.verbosity >= level:
            click.echo(_encodable(text), color=self.color)

    def problem(self, problem: Problem, *, warning: bool = False) -> None:
        first, _, rest = str(problem).partition("\n")
        shown = click.style(("warning: " if warning else "") + first, fg="yellow" if warning else "red")
        click.echo(_encodable(shown + ("\n" + rest if rest else "")), err=True, color=self.color)

    def problems(self, problems: Sequence[Problem], *, warning: bool = False) -> None:
        """Those of one cause as one, unless everything is wanted."""
        for problem in problems if self.verbosity > 0 else grouped(problems):
            self.problem(problem, warning=warning)

    def result(self, data: Mapping[str, Any]) -> None:
        if self.as_json:
            click.echo(json.dumps(data))

    @property
    def shows_progress(self) -> bool:
        return not self.as_json and self.verbosity >= 0 and sys.stderr.isatty()


def _encodable(text: str) -> str:
    """A byte of a name or URL that is not UTF-8 is shown as its escape."""
    return text.encode("utf-8", "backslashreplace").decode()


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
            click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors and warnings."),
            click.option("--no-color", is_flag=True, help="No colours; also by NO_COLOR."),
        )
    ):
        collect = option(collect)
    return collect  # type: ignore[return-value]


config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="The configuration. Default: assetbuild.toml, else pyproject.toml, from here upwards.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="assetbuild")
def cli() -> None:
    """Build the static files of a web application into one immutable release."""


@cli.command()
@config_option
@click.option("--output", "output_dir", type=click.Path(path_type=Path), help="Put the releases there.")
@click.option("--flat", "flat_dir", type=click.Path(path_type=Path), help="Put this release itself there, no link.")
@click.option("--jobs", type=click.IntRange(min=1), help="Work on so many files at once. Default: one for each CPU.")
@click.option("--no-compress", is_flag=True, help="Make no .br, .gz or .zst files.")
@click.option("--no-minify", is_flag=True, help="Minify nothing.")
@common
def build(
    output: Output,
    config_file: Path | None,
    output_dir: Path | None,
    flat_dir: Path | None,
    jobs: int | None,
    no_compress: bool,
    no_minify: bool,
) -> None:
    """Build a release. What stood before stays until the new one is complete."""
    started = time.perf_counter()
    with _failures(output, build_json):
        if output_dir and flat_dir:
            raise ConfigError("--output and --flat are two places for one release", fix="give one of them")
        config = _load(config_file)
        if output_dir:
            config = replace(config, output_dir=output_dir.absolute())
        if no_compress:
            config = replace(config, compress=())
        release = _build(config, output, flat_dir.absolute() if flat_dir else None, jobs, minify=not no_minify)
        output.problems(release.warnings, warning=True)
        seconds = time.perf_counter() - started
        _say_release(release, output, seconds)
        output.result(build_json(release=release, seconds=seconds))


def _build(config: Config, output: Output, flat_dir: Path | None, jobs: int | None, *, minify: bool) -> Release:
    from assetbuild.build import build
    from assetbuild.executors import Serial, Threads

    executor = Serial() if jobs == 1 else Threads(jobs)
    with _progress(output) as progress:
        return build(config, flat_dir=flat_dir, minify=minify, executor=executor, progress=progress)


def _load(config_file: Path | None) -> Config:
    from assetbuild.config import find_config, load_config

    return load_config(config_file or find_config(Path.cwd()))


@contextmanager
def _progress(output: Output) -> Iterator[Callable[[str, int, int], None]]:
    """Bars on a terminal, nothing elsewhere."""
    if not output.shows_progress:
        yield lambda _stage, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True, no_color=output.color is False)
    with Progress(console=console, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def update(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage)
            bars.update(tasks[stage], completed=done, total=total)

        yield update


@contextmanager
def _failures(output: Output, as_json: Callable[..., Mapping[str, Any]]) -> Iterator[None]:
    """Turn what goes wrong into messages and an exit status."""
    try:
        yield
    except AssetBuildError as error:
        errors = error.errors if isinstance(error, BuildFailed) else (error,)
        output.problems([one.problem for one in errors])
        if len(errors) > 1:
            click.echo(f"assetbuild: {len(errors)} errors", err=True)
        output.result(as_json(errors=[one.problem for one in errors]))
        sys.exit(error.exit_code)


def _say_release(release: Release, output: Output, seconds: float) -> None:
    files = release.record["files"]
    if release.created:
        output.say(f"release {release.id}: {len(files)} files, built in {seconds:.1f} s")
    else:
        output.say(f"release {release.id}: {len(files)} files, already built; nothing was written")
    output.say(str(release.dir))
    if release.created:
        output.say("\n" + table(files))
    for name, entry in files.items():
        output.say(f"{name}: {', '.join(entry['tools']) or 'as it was'}", level=1)


@cli.command()
@click.argument("directory", type=click.Path(path_type=Path), required=False)
@config_option
@common
def verify(output: Output, directory: Path | None, config_file: Path | None) -> None:
    """Read every file of a release again and name each that is not as it was written.

    DIRECTORY is a release or an output directory; by default that of the configuration.
    """
    with _failures(output, lambda errors: {"release": None, "path": None, "files": 0, "errors": all_json(errors)}):
        from assetbuild.verify import find_release
        from assetbuild.verify import verify as verify_release

        release_dir = find_release(directory or _load(config_file).output_dir)
        problems = verify_release(release_dir)
        files = sum(1 for file in release_dir.rglob("*") if file.is_file())
        for problem in problems:
            output.problem(problem)
        output.result(
            {"release": release_dir.name, "path": str(release_dir), "files": files, "errors": all_json(problems)}
        )
        if problems:
            click.echo(f"assetbuild: {len(problems)} differences in '{release_dir}'", err=True)
            sys.exit(1)
        output.say(f"{release_dir}: {files} files, each as it was written")


@cli.command()
@click.argument("directory", type=click.Path(path_type=Path), required=False)
@config_option
@common
def ls(output: Output, directory: Path | None, config_file: Path | None) -> None:
    """List the assets of a release: logical path, released file, bytes."""
    with _failures(output, lambda errors: {"release": None, "assets": {}, "errors": all_json(errors)}):
        from assetbuild.errors import ReleaseError
        from assetbuild.runtime.manifest import ManifestError
        from assetbuild.verify import find_release
        from assetbuild.write import MANIFEST

        release_dir = find_release(directory or _load(config_file).output_dir)
        try:
            manifest = json.loads((release_dir / MANIFEST).read_bytes())
            assets = manifest["assets"]
            rows = [(path, entry["file"], entry["size"]) for path, entry in assets.items()]
        except (OSError, ValueError, KeyError, TypeError, ManifestError) as error:
            raise ReleaseError(f"cannot be read: {error}", where=str(release_dir / MANIFEST)) from error
        output.result(manifest)
        width = max((len(path) for path, _, _ in rows), default=0)
        for path, file, size in rows:
            output.say(f"{path:{width}}  {size:>10,}  {file}")


@cli.command()
@common
def init(output: Output) -> None:
    """Write an assetbuild.toml to start from."""
    with _failures(output, lambda errors: {"path": None, "errors": all_json(errors)}):
        from assetbuild.starter import write_starter

        file = write_starter(Path.cwd())
        output.say(f"wrote {file.name}; next: assetbuild build")
        output.result({"path": str(file), "errors": []})
