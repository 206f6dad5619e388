"""`flask assetbuild ...`: the commands of `assetbuild` itself, for an application that may have the runtime alone."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec

import click


class _BuildCommands(click.Group):
    """The commands of `assetbuild` itself, loaded when one is asked for: a web process may not have them installed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return _build_side().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _build_side().get_command(ctx, cmd_name)


def _build_side() -> click.Group:
    if find_spec("tree_sitter") is None:  # which nothing but a build needs
        said = "only the runtime is installed here; to build, run: pip install 'assetbuild[build]'"
        click.echo(f"assetbuild: {said}", err=True)
        sys.exit(2)
    return import_module("assetbuild.cli").cli  # type: ignore[no-any-return]  # named, for the runtime does without


command = _BuildCommands("assetbuild", help="Build the static files of this application into one immutable release.")
