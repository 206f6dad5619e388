"""The process behind `builds.Warm`: reads what to build, one JSON object a line, forks it, tells its id and its end."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from tests.torture.site import CONTENTS, files_of


def serve() -> None:
    _load()
    _say(ready=True)
    for line in sys.stdin:
        if not line.strip():
            continue  # meant for a process that has ended
        asked = json.loads(line)
        begin, begun = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(begun)
            os.read(begin, 1)
            os.close(begin)
            _build(asked)
        _say(pid=pid)
        os.close(begin)
        os.close(begun)
        _say(status=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _say(**words: Any) -> None:
    os.write(1, json.dumps(words).encode() + b"\n")


def _load() -> None:
    """Build something, twice, so that all code and tables of builds are there."""
    from assetbuild.cli import cli

    home = os.getcwd()
    with TemporaryDirectory() as directory:
        os.chdir(directory)
        with open("assetbuild.toml", "w"):
            pass
        for jobs in (1, 2):
            for name, data in files_of(CONTENTS[jobs - 1], 10).items():
                os.makedirs(os.path.dirname(f"static/{name}"), exist_ok=True)
                with open(f"static/{name}", "wb") as stream:
                    stream.write(data)
            with suppress(SystemExit):
                cli.main(["build", "-q", "--jobs", str(jobs), "--cache-dir", directory])
        os.chdir(home)


def _build(asked: dict[str, Any]) -> NoReturn:
    from assetbuild.__main__ import run

    words = os.dup(1)
    os.set_inheritable(words, False)
    ear = os.dup(0)
    os.setsid()
    os.chdir(asked["cwd"])
    for descriptor, file in enumerate((os.devnull, asked["out"], asked["err"])):
        opened = os.open(file, os.O_RDWR if descriptor == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.argv[1:] = asked["arguments"]
    hold = asked["hold"]
    if hold is not None:
        _allow_tracing()
    if hold == 0:
        _wait_to_be_let_go(ear, words)
    elif hold:
        _hold_child(hold, ear, words)
    try:
        run()
    finally:
        os._exit(70)


def _hold_child(number: int, ear: int, words: int) -> None:
    """Let the child of that number wait, and its parent with it, so that nobody else does its work meanwhile."""
    forks = [0]

    def in_child() -> None:
        forks[0] += 1
        if forks[0] == number:
            _wait_to_be_let_go(ear, words)

    def in_parent() -> None:
        forks[0] += 1
        if forks[0] == number:
            os.read(ear, 1)

    os.register_at_fork(after_in_child=in_child, after_in_parent=in_parent)


def _wait_to_be_let_go(ear: int, words: int) -> None:
    os.write(words, json.dumps({"held": os.getpid()}).encode() + b"\n")
    os.read(ear, 1)


def _allow_tracing() -> None:
    """By who is no ancestor of ours, where the system asks for that (prctl(2): PR_SET_PTRACER, any)."""
    from ctypes import CDLL, c_ulong

    CDLL(None).prctl(0x59616D61, c_ulong(-1), 0, 0, 0)


if __name__ == "__main__":
    serve()
