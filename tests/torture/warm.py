"""The process behind `builds.Warm`: reads what to build, one JSON object a line, forks it, tells its id and its end."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import time
import traceback
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from tests.torture.site import CONTENTS, WORKERS, files_of

_PATIENCE = 5.0  # seconds for a worker that is held and traced
_LOOK = 0.002  # seconds between two looks


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
    """Build something, by each number of jobs, and again, so that all code and tables of builds are there."""
    import assetbuild.__main__  # noqa: F401
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
            for _ in range(2):
                with suppress(SystemExit):
                    cli.main(["build", "-q", "--jobs", str(jobs), "--cache-dir", directory])
        os.chdir(home)
    sys.dont_write_bytecode = True  # a build makes the same calls each time, whatever it loads late
    gc.freeze()  # else the first collection of each build copies all pages


def _build(asked: dict[str, Any]) -> NoReturn:
    from assetbuild import executors, signatures
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
    if asked["trusting"]:
        signatures.TICK = -(10**18)
    hold = asked["hold"]
    if hold is not None:
        # Whether workers begin must not depend on how fast the machine is.
        executors.WORTH_A_FORK = float("inf") if asked["alone"] else 0.0
        _allow_tracing()
    if hold == 0:
        _wait_to_be_let_go(ear, words)
    elif hold:
        _hold_child(hold, ear, words)
    try:
        run()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(70)


def _hold_child(number: int, ear: int, words: int) -> None:
    """Let the child of that number wait, and its parent with it. Of the workers of one map only the first counts; while
    it is held, and until it ends, the others wait: it does all of their work, and makes the same calls each time."""
    ended, lives = os.pipe()
    workers = children = 0

    def count() -> bool:
        """Whether the fork is of a child that counts. A worker is forked while signals to end are blocked."""
        nonlocal workers, children
        is_worker = signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, ())
        workers += is_worker
        counts = not is_worker or workers % WORKERS == 1
        children += counts
        return counts

    def in_child() -> None:
        if count() and children == number:
            _wait_to_be_let_go(ear, words)
        elif children < number:
            os.close(lives)
        elif children == number:
            _await_end(ended)

    def in_parent() -> None:
        if count() and children == number:
            os.close(lives)
            os.read(ear, 1)

    os.register_at_fork(after_in_child=in_child, after_in_parent=in_parent)


def _await_end(ended: int) -> None:
    """Or that this process is asked to end, which it does not yet heed."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and not signal.sigpending() and not select.select([ended], [], [], _LOOK)[0]:
        pass


def _wait_to_be_let_go(ear: int, words: int) -> None:
    os.write(words, json.dumps({"held": os.getpid()}).encode() + b"\n")
    os.read(ear, 1)


def _allow_tracing() -> None:
    """By who is no ancestor of ours, where the system asks for that (prctl(2): PR_SET_PTRACER, any)."""
    from ctypes import CDLL, c_ulong

    CDLL(None).prctl(0x59616D61, c_ulong(-1), 0, 0, 0)


if __name__ == "__main__":
    serve()
