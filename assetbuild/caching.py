"""The commands `cache info` and `cache clear`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assetbuild.errors import Problem
from assetbuild.report import kept_json
from assetbuild.terminal import Output, common

if TYPE_CHECKING:
    from assetbuild.kept import Kept


@click.group()
def cache() -> None:
    """What builds keep so that it need not be done twice."""


cache_option = click.option(
    "--cache-dir",
    type=click.Path(path_type=Path, readable=False),
    envvar="ASSETBUILD_CACHE_DIR",
    help="Where it is kept. Default: the user's cache directory.",
)


@cache.command("info")
@cache_option
@common
def cache_info(output: Output, cache_dir: Path | None) -> None:
    """Say where the cache is, and how large."""
    from assetbuild.kept import info

    _say_kept(info(cache_dir), output, "holds", level=-1)


@cache.command("clear")
@cache_option
@common
def cache_clear(output: Output, cache_dir: Path | None) -> None:
    """Remove it. The next build does all of its work, and gives the same bytes."""
    from assetbuild.kept import clear

    _say_kept(clear(cache_dir), output, "held")


def _say_kept(kept: Kept, output: Output, verb: str, level: int = 0) -> None:
    output.result(kept_json(kept))
    output.say(f"{kept.directory} {verb} {kept.entries:,} results and {kept.builds} builds, {kept.size:,} bytes", level)
    if kept.problem:
        output.problem(Problem(kept.problem), warning=True)
