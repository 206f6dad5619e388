"""The sample site under the servers of a deployment: a copy with its release, gunicorn or uvicorn, and a visitor."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path

from tests.support.packages import Unavailable
from tests.support.stores import PATIENCE, free_port, wait_for_port

SAMPLE = Path(__file__).parents[2] / "sample_project"
FRAMEWORKS = ("flask", "django", "starlette")
NEEDS = {
    "flask": ("flask", "gunicorn", "flask_session", "redis", "pymemcache"),
    "django": ("django", "gunicorn", "redis", "pymemcache"),
    "starlette": ("starlette", "uvicorn", "starsessions", "redis", "pymemcache"),
}


def build_sample(parent: Path) -> Path:
    """A copy of the sample below `parent`, with a release in it."""
    directory = parent / "sample_project"
    shutil.copytree(SAMPLE, directory, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    command = [sys.executable, "-m", "assetbuild", "build", "--quiet", "--no-compress"]
    subprocess.run(command, cwd=directory, check=True)
    return directory


def run_in_development(code: str) -> str:
    """What `code` prints beside the modules of the sample: no watch runs, and there is no manifest."""
    env = environment(ASSETBUILD_MODE="development", ASSETBUILD_MANIFEST="/nowhere/manifest.json")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=SAMPLE, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_installed(framework: str) -> None:
    """Raises Unavailable."""
    for name in NEEDS[framework]:
        if importlib.util.find_spec(name) is None:
            raise Unavailable(f"{name} is not installed")


def environment(**more: str) -> dict[str, str]:
    """This process's, without what would decide something for the sample."""
    ours = ("ASSETBUILD", "DJANGO", "FLASK", "SESSION", "SECRET_KEY", "WEB_CONCURRENCY", "GUNICORN")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | more


@dataclass(frozen=True)
class Running:
    """A server and its workers. `log` is all that it has said."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def workers(self) -> list[int]:
        """Process ids; a server of one process is its own worker."""
        pid = self.process.pid
        if self.process.args[0] == "strace":  # type: ignore[index]
            [pid] = _children(pid)
        return _children(pid) or [pid]


def _children(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    lines = {int(child): _command_line(child) for child in children}
    # Beside its workers, uvicorn has Python's resource tracker. What has ended has no command line.
    return [child for child, line in lines.items() if line and b"resource_tracker" not in line]


def _command_line(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


@contextmanager
def running(
    command: str, directory: Path, log: Path, env: Mapping[str, str] = {}, before: tuple[str, ...] = ()
) -> Iterator[Running]:
    """`command` as README.md has it, for port 8000 of every address; here it gets a free port of 127.0.0.1.

    `before` is a program that starts it, with arguments. The server listens when the block begins.
    """
    port = free_port()
    local = command.replace("0.0.0.0:8000", f"127.0.0.1:{port}").replace(
        "0.0.0.0 --port 8000", f"127.0.0.1 --port {port}"
    )
    words = [word.strip('"') for word in local.split()]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*before, sys.executable, "-m", *words],
            cwd=directory,
            env=environment(HOME=str(log.parent), **env),  # gunicorn keeps a socket at home
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for_port(port, process)
        yield Running(port, process, log)
    except BaseException:
        sys.stdout.write(log.read_text())
        raise
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@dataclass
class Visitor:
    """A browser in little: it has cookies, and a new connection for each request."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str = "/visit/") -> str:
        status, text = self.request("GET", path)
        assert status == 200, (path, status, text)
        return text

    def sign(self) -> str:
        """Sign the log, as the button does, and give the page to which that leads."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get())
        status, text = self.request("POST", "/visit/", f"csrfmiddlewaretoken={token[1]}" if token else "")
        assert status == 303, (status, text)
        return self.get()

    def request(self, method: str, path: str, body: str | None = None, text: bool = True) -> tuple[int, str]:
        """Status and content of the answer, which may be no `text`."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            self.headers = {name.lower(): value for name, value in response.getheaders()}
            for value in response.headers.get_all("Set-Cookie", []):
                self.cookies.update({name: morsel.coded_value for name, morsel in SimpleCookie(value).items()})
            return response.status, response.read().decode("utf-8" if text else "latin-1")
        finally:
            connection.close()


def crossings(page: str) -> int:
    """How often the page says that its visitor has signed."""
    if "You have not, yet." in page:
        return 0
    found = re.search(r'You have signed for <span class="figures">(\d+)</span> crossing', page)
    assert found, page
    return int(found[1])


def without_session(page: str) -> str:
    """The page without what differs from visit to visit, and from server to server."""
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"|<p>You have signed .*</p>', "", page)
    return re.sub(r"<p>Everyone who .*</p>|http://127\.0\.0\.1:\d+", "", page)
