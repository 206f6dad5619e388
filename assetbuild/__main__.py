"""The `assetbuild` command. Says how to install the build side where only the runtime is installed."""

from __future__ import annotations

import os
import sys


def main() -> int:
    if sys.getfilesystemencoding().lower() != "utf-8":
        # A locale must not decide how file names are read, or the same sources would make another release.
        os.execv(sys.executable, [sys.executable, "-X", "utf8", "-m", "assetbuild", *sys.argv[1:]])  # noqa: S606
    try:
        import click  # noqa: F401
    except ModuleNotFoundError:
        sys.stderr.write(
            "assetbuild: only the runtime is installed here; to build, run: pip install 'assetbuild[build]'\n"
        )
        return 2
    from assetbuild.cli import cli

    cli.main(prog_name="assetbuild")  # exits by itself
    return 0


def run() -> None:
    """The command itself. It ends without taking down, object by object, what ends with the process anyway."""
    try:
        status: object = main()
    except SystemExit as end:
        status = end.code
    if isinstance(status, int):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status if isinstance(status, str) else 0)


if __name__ == "__main__":
    run()
