"""Where a command finds its configuration: `--config`, else from the working directory upwards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from assetbuild.config import Config

config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="The configuration. Default: assetbuild.toml, else pyproject.toml, from here upwards.",
)
directory_argument = click.argument("directory", type=click.Path(path_type=Path), required=False)


def find() -> Path:
    from assetbuild.configfile import find_config

    return find_config(Path.cwd())


def load(config_file: Path | None) -> Config:
    from assetbuild.config import load_config

    return load_config(config_file or find())
