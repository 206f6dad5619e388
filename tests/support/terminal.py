"""A command on a terminal of its own, where it colours, draws bars and breaks lines as it does for a person."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest


def on_a_terminal(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], columns: int | None = None
) -> tuple[int, bytes]:
    """Status, and all that the terminal got, with its line ends. Without `columns` it does not know its size."""
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    if columns is not None:
        _resize(slave, columns)
    process = subprocess.Popen(
        command, cwd=directory, env={**environment, "TERM": "xterm"}, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    seen = b""
    try:
        while piece := os.read(master, 10_000):
            seen += piece
    except OSError:  # Linux says EIO where the last writer has gone
        pass
    finally:
        os.close(master)
        status = process.wait()
    return status, seen


def _resize(terminal: int, columns: int) -> None:
    import fcntl  # not everywhere, as pty
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
