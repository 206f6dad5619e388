"""One run of another program: bytes to its stdin, its status, stdout and stderr back.

Whatever it does, the build goes on: it has a process of its own that can be ended, a neutral directory, and of the
environment only what it cannot do without.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from assetbuild.errors import ProcessorError
from assetbuild.processors.difference import Refused

_FIX = "if it needs more time, say how many seconds: timeout = 300; or add the file to 'skip' in [minify]"


def run(
    command: Sequence[str], content: bytes, name: str, seconds: float, environment: Sequence[str] = ()
) -> tuple[int, bytes, str]:
    """`name` is what messages call the program; `environment` are the names of variables that are passed on.

    Raises Refused where the program does not start, ProcessorError where it takes longer than `seconds`: a busy machine
    must not make another release than an idle one, so this ends the build, and gives no other tool its turn.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell, and the user chose the program
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=Path(command[0]).anchor,
            env=_environment(environment),
            start_new_session=True,  # so that what it starts is ended with it
        )
    except OSError as error:
        raise Refused(f"it does not start: {(error.strerror or str(error)).lower()}") from error
    with process:
        try:
            output, said = process.communicate(content, timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            raise ProcessorError(f"minifier '{name}' takes longer than {seconds:g} seconds", fix=_FIX) from None
        except BaseException:
            _end(process)
            raise
    return process.returncode, output, said.decode(errors="replace")


def _environment(names: Sequence[str]) -> dict[str, str]:
    wanted = (*names, "SYSTEMROOT", "TEMP") if os.name == "nt" else names  # nothing starts without them there
    return {name: os.environ[name] for name in wanted if name in os.environ}


def _end(process: subprocess.Popen[bytes]) -> None:
    if os.name == "nt":
        process.kill()
    else:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.killpg(process.pid, signal.SIGKILL)
