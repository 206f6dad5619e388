"""The `assetbuild` command. Says how to install the build side where only the runtime is installed."""

from __future__ import annotations

import contextlib
import os
import sys


def main() -> int:
    if sys.getfilesystemencoding().lower() != "utf-8":
        # A locale must not decide how file names are read, or the same sources would make another release.
        os.execv(sys.executable, [sys.executable, "-X", "utf8", "-m", "assetbuild", *sys.argv[1:]])  # noqa: S606
    from assetbuild.collector import loading

    with loading():
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
    _open_closed_streams()
    try:
        status: object = main()
    except SystemExit as end:
        status = end.code
    except KeyboardInterrupt:  # while code was loaded; commands tell of it themselves
        status = 130
    except OSError as error:
        if error.filename is not None:  # commands catch what goes wrong with files: this is their standard output
            raise
        status = 1
        with contextlib.suppress(OSError, AttributeError):
            sys.stderr.write(f"assetbuild: the output cannot be written: {(error.strerror or str(error)).lower()}\n")
    if isinstance(status, int):
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, AttributeError):  # full, or None where it is closed
                stream.flush()
        os._exit(status)
    sys.exit(status if isinstance(status, str) else 0)


def _open_closed_streams() -> None:
    """A file that is opened later must not become the standard output or error that somebody has closed."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115


if __name__ == "__main__":
    run()
