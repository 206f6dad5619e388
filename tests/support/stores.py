"""Redis and Memcached for sessions: the system's own servers on free ports of 127.0.0.1, empty, gone with the block."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from tests.support.packages import Unavailable

PATIENCE = 20  # seconds until a server that does not answer counts as broken; these start within 0.1


@dataclass(frozen=True)
class Store:
    """`url` is what SESSION_URL gets. `ttl` gives the seconds that a key has to live, -1 for one that stays for ever,
    None for one that is not there; `expire` sets them.
    """

    url: str
    ttl: Callable[[str], int | None]
    expire: Callable[[str, int], object]


@contextmanager
def redis() -> Iterator[Store]:
    """Raises Unavailable without redis-server."""
    import redis as library

    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with _running(command, port), library.Redis(port=port) as client:

        def ttl(key: str) -> int | None:
            seconds = int(client.ttl(key))
            return None if seconds == -2 else seconds

        yield Store(f"redis://127.0.0.1:{port}/0", ttl, client.expire)


@contextmanager
def memcached() -> Iterator[Store]:
    """Raises Unavailable without memcached."""
    import pymemcache

    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = ["memcached", "-l", "127.0.0.1", "-p", str(port), *user]
    with _running(command, port), closing(pymemcache.Client(("127.0.0.1", port))) as client:

        def ttl(key: str) -> int | None:
            answer = client.raw_command(f"mg {key} t").decode()
            return int(answer.removeprefix("HD t")) if answer.startswith("HD t") else None

        def expire(key: str, seconds: int) -> None:
            client.touch(key, seconds, noreply=False)

        yield Store(f"memcached://127.0.0.1:{port}", ttl, expire)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    if shutil.which(command[0]) is None:
        raise Unavailable(f"{command[0]} is not installed")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, process)
        yield
    finally:
        process.kill()
        process.wait()


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, f"{process.args!r} ended with {process.returncode}"
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"{process.args!r} did not listen within {PATIENCE} seconds")
