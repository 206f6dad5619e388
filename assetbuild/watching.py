"""The command `watch`: its options, and where it refuses to run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assetbuild import __version__
from assetbuild.errors import ConfigError, Problem
from assetbuild.options import config_option, find
from assetbuild.report import all_json
from assetbuild.terminal import Output, common, failures

if TYPE_CHECKING:
    from assetbuild.history import History
    from assetbuild.store import Store

# Each says "production" where an application is served to others; CI says anything.
PRODUCTION = ("ASSETBUILD_MODE", "FLASK_ENV", "DJANGO_ENV", "NODE_ENV", "APP_ENV", "ENVIRONMENT")
_DIRECTORY = click.Path(path_type=Path)


@click.command()
@config_option
@click.option(
    "--dir", "directory", type=_DIRECTORY, help="Build into this. Default: .assetbuild beside the configuration."
)
@click.option(
    "--host", "hosts", multiple=True, help="Let pages hear of changes on this address. Default: loopback only."
)
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="And on this port. Default: any free one.")
@click.option("--origin", "origins", multiple=True, metavar="URL", help="Pages of this origin may hear of them too.")
@click.option("--templates", multiple=True, type=_DIRECTORY, help="Load pages again when something changes in there.")
@click.option("--poll", type=click.FloatRange(min=0.05), metavar="SECONDS", help="Look so often: for network mounts.")
@click.option("--minify", is_flag=True, help="Minify as a release is.")
@click.option("--no-reload", is_flag=True, help="Tell pages nothing: no server.")
@click.option("--force", is_flag=True, help="Watch though the environment is that of CI or of production.")
@click.option("--until-stdin-closes", is_flag=True, hidden=True)
@common
def watch(output: Output, config_file: Path | None, **options: Any) -> None:
    """Build while you edit, and let open pages follow.

    What is built goes to a directory that an application in development mode reads by itself. With --json, one object
    a line.
    """
    output.ends_with_reader = True
    with failures(output, lambda errors: {"type": "failed", "changed": [], "errors": all_json(errors)}):
        _watch((config_file or find()).absolute(), output, **options)


def _watch(
    file: Path,
    output: Output,
    *,
    directory: Path | None,
    hosts: Sequence[str],
    port: int,
    origins: Sequence[str],
    templates: Sequence[Path],
    poll: float | None,
    minify: bool,
    no_reload: bool,
    force: bool,
    until_stdin_closes: bool,
) -> None:
    from assetbuild.ending import end_with_stdin, ending_by_signals

    with ending_by_signals():
        from assetbuild.watch import LOOPBACK, Options
        from assetbuild.watch import watch as watch_sources
        from assetbuild.words import Words

        if not force:
            refuse_production(os.environ)
        _check_templates(templates)
        _warn_of_hosts(hosts, output)
        where = directory and Path(os.path.abspath(directory))
        listening = None if no_reload else hosts or LOOPBACK
        pages = [str(each.absolute()) for each in templates]
        options = Options(file, where, listening, port, origins, pages, poll, minify)
        words = Words(output, end_with_stdin if until_stdin_closes else lambda: None)
        with _kept(str(file), str(where), str(minify)) as (store, history):
            watch_sources(options, words, history=history, store=store)


@contextmanager
def _kept(*key: str) -> Iterator[tuple[Store, History]]:
    """What builds keep, and what the last watch with that key has left."""
    from assetbuild.history import History
    from assetbuild.kept import cache_directory
    from assetbuild.store import Store

    chosen = os.environ.get("ASSETBUILD_CACHE_DIR")
    cache = cache_directory(Path(chosen) if chosen else None)
    with Store(cache) as store:
        yield store, History(cache, __version__, "watch", *key)


def refuse_production(environment: Mapping[str, str]) -> None:
    """Raises ConfigError where the environment is not that of somebody who develops."""
    found = {name: environment.get(name, "") for name in PRODUCTION}
    signs = [f"{name}={value}" for name, value in found.items() if value.lower() == "production"]
    if environment.get("CI", "").lower() not in ("", "0", "false"):
        signs.append(f"CI={environment['CI']}")
    if signs:
        raise ConfigError(
            f"'watch' is for development, and the environment says '{signs[0]}'",
            fix="run 'assetbuild build' there; --force watches all the same",
        )


def _warn_of_hosts(hosts: Sequence[str], output: Output) -> None:
    from assetbuild.serve import is_loopback

    for host in hosts:
        if not is_loopback(host):
            what = f"whoever reaches '{host}' and reads a page of the application hears of every change, and of errors"
            output.problem(Problem(what), warning=True)


def _check_templates(directories: Sequence[Path]) -> None:
    for directory in directories:
        if not os.path.isdir(directory):
            what = "is not a directory" if os.path.exists(directory) else "does not exist"
            raise ConfigError(f"'{directory}', which --templates names, {what}", fix="name the directory of templates")
