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


if __name__ == "__main__":
    sys.exit(main())
