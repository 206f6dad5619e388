"""What commands have in common: how wrong usage is told, and where they find their configuration.

That is `--config`, else from the working directory upwards.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assetbuild.errors import Problem
from assetbuild.report import all_json

if TYPE_CHECKING:
    from assetbuild.config import Config

PATH = click.Path(path_type=Path)
config_option = click.option(
    "--config",
    "config_file",
    type=PATH,
    help="The configuration. Default: assetbuild.toml, else pyproject.toml, from here upwards.",
)
directory_argument = click.argument("directory", type=PATH, required=False)

RECIPES = {"nginx": "nginx", "caddy": "caddy", "_headers": "headers"}  # what `config` prints, and the module of each


class Commands(click.Group):
    """Wrong usage is told in JSON too, where that is asked for, whichever command it is of."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[__name__] = "--json" in args
        with _told(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with _told(ctx):
            return super().invoke(ctx)


@contextmanager
def _told(ctx: click.Context) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:  # before the command has begun: it would be told as aborted, by itself
        sys.exit(130)
    except click.UsageError as error:
        if ctx.meta[__name__]:
            click.echo(json.dumps({"errors": all_json([Problem(error.format_message())])}))
        raise


def find() -> Path:
    from assetbuild.configfile import find_config

    return find_config(Path.cwd())


def load(config_file: Path | None) -> Config:
    from assetbuild.config import load_config

    return load_config(config_file or find())
