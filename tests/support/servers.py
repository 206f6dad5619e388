"""Real servers as programs of their own, each on a free port of 127.0.0.1, stopped when the block ends.

A test that needs one is skipped on a machine without it, and fails there under CI.
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from tests.support.needs import missing

START_TIMEOUT = 20.0  # seconds until a server must answer, and until one that was asked to stop must have ended
_NGINX_MODULES = Path("/usr/lib/nginx/modules")
_SYSTEM_PATH = ":/usr/sbin:/sbin"


class Answer(NamedTuple):
    """Header names are in lower case; one that came twice has its values joined by `, `."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Running:
    """A program that listens on `port`. `log` has all that it says; `url` has no slash at its end."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, target: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
        """`target` goes into the request as it is: no dots are resolved, nothing is escaped; see `request`."""
        return request(self.port, target, headers, method)


def program(name: str) -> str:
    """The path of the program; skips the test where there is none, and fails it under CI."""
    found = shutil.which(name, path=os.environ.get("PATH", os.defpath) + _SYSTEM_PATH)
    return found or missing(f"{name} is not installed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def request(
    port: int, target: str, headers: Mapping[str, str] | None = None, method: str = "GET", host: str | None = None
) -> Answer:
    """One request on a connection of its own, with no header that is not given but `Host`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_TIMEOUT)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": host or f"127.0.0.1:{port}", **(headers or {})}.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        found: dict[str, str] = {}
        for name, value in response.getheaders():
            found[name.lower()] = f"{found[name.lower()]}, {value}" if name.lower() in found else value
        return Answer(response.status, found, response.read())
    finally:
        connection.close()


@contextmanager
def running(
    arguments: Sequence[str | Path],
    port: int,
    directory: Path,
    *,
    env: Mapping[str, str] | None = None,
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[Running]:
    """A program in `directory`, as soon as something accepts connections on `port`.

    It leads a process group of its own, which is killed in the end: no worker outlives the block. Raises
    AssertionError with what it said if it ends before, or is not there in time.
    """
    log = directory / f"{Path(arguments[0]).name}-{port}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            cwd=directory,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await_port(process, port, log)
        yield Running(process, port, log)
    finally:
        _end(process, stop)


def _await_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    state = "does not answer" if process.poll() is None else f"ended with {process.returncode}"
    raise AssertionError(f"{process.args!r} {state}\n{log.read_text(errors='replace')}")


def _end(process: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(stop)
    try:
        process.wait(START_TIMEOUT)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with suppress(ProcessLookupError):  # the whole group is gone
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def nginx_configuration(directory: Path, server: str, port: int) -> Path:
    """A whole nginx.conf around `server`, directives for its one server block. With the brotli modules, if installed.

    One process: a worker of another user could not read below a test's directory.
    """
    modules = ("ngx_http_brotli_filter_module.so", "ngx_http_brotli_static_module.so")
    loads = "".join(f"load_module {_NGINX_MODULES / one};\n" for one in modules if (_NGINX_MODULES / one).exists())
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"  {kind}_temp_path '{directory}/nginx-{kind}';\n" for kind in kinds)
    file = directory / "nginx.conf"
    file.write_text(
        f"{loads}daemon off;\nmaster_process off;\npid '{directory}/nginx.pid';\nerror_log stderr;\n"
        f"events {{ worker_connections 64; }}\n"
        f"http {{\n  access_log off;\n{temporary}"
        f"  server {{\n    listen 127.0.0.1:{port};\n{server}\n  }}\n}}\n",
        encoding="utf-8",
    )
    return file


def has_brotli_modules() -> bool:
    return (_NGINX_MODULES / "ngx_http_brotli_static_module.so").exists()


@contextmanager
def nginx(directory: Path, server: str) -> Iterator[Running]:
    """nginx with `server` in its one server block. `nginx -t` has to accept it without a warning."""
    binary, port = program("nginx"), free_port()
    file = nginx_configuration(directory, server, port)
    arguments = [binary, "-p", f"{directory}/", "-c", str(file), "-e", "stderr"]
    tested = subprocess.run([*arguments, "-t", "-q"], capture_output=True, text=True, timeout=START_TIMEOUT)
    assert (tested.returncode, tested.stderr) == (0, ""), tested.stderr
    with running(arguments, port, directory) as server_:
        yield server_


@contextmanager
def caddy(directory: Path, site: str) -> Iterator[Running]:
    """Caddy with `site` as the directives of its one site. `caddy validate` has to accept it."""
    binary, port = program("caddy"), free_port()
    file = directory / "Caddyfile"
    options = "{\n\tadmin off\n\tauto_https off\n}\n"
    file.write_text(f"{options}http://127.0.0.1:{port} {{\n{site}\n}}\n", encoding="utf-8")
    env = {"HOME": str(directory), "XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
    given = ["--config", str(file), "--adapter", "caddyfile"]
    tested = subprocess.run(
        [binary, "validate", *given], env={**os.environ, **env}, capture_output=True, text=True, timeout=START_TIMEOUT
    )
    assert tested.returncode == 0, tested.stderr
    with running([binary, "run", *given], port, directory, env=env) as server_:
        yield server_


@contextmanager
def gunicorn(
    directory: Path, application: str, *options: str, env: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """gunicorn with `application`, `module:name` of a module in `directory`."""
    port = free_port()
    arguments = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-tmp-dir", str(directory)]
    arguments += ["--no-control-socket"] if _has_control_socket() else []
    with running([*arguments, *options, application], port, directory, env=env) as server_:
        yield server_


def _has_control_socket() -> bool:
    """gunicorn 25 and later keep a socket in the user's directory otherwise."""
    try:
        return int(version("gunicorn").partition(".")[0]) >= 25
    except PackageNotFoundError:
        missing("gunicorn is not installed")


@contextmanager
def uvicorn(
    directory: Path, application: str, *options: str, env: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """uvicorn with `application`, `module:name` of a module in `directory`."""
    port = free_port()
    arguments = [sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port)]
    with running([*arguments, *options, application], port, directory, env=env) as server_:
        yield server_


@contextmanager
def redis(directory: Path, *options: str) -> Iterator[Running]:
    """An empty Redis that keeps nothing on disk."""
    port = free_port()
    arguments = [
        program("redis-server"),
        "--bind",
        "127.0.0.1",
        "--port",
        str(port),
        "--save",
        "",
        "--appendonly",
        "no",
    ]
    with running([*arguments, *options], port, directory) as server_:
        yield server_


@contextmanager
def memcached(directory: Path, *options: str) -> Iterator[Running]:
    """An empty Memcached."""
    port = free_port()
    arguments = [program("memcached"), "-l", "127.0.0.1", "-p", str(port), "-U", "0"]
    arguments += ["-u", "nobody"] if os.geteuid() == 0 else []
    with running([*arguments, *options], port, directory) as server_:
        yield server_
