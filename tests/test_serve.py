"""The preview as a program: what it says, whom it answers and how it ends. test_recipes.py asks it for every file."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assetbuild.recipes.site import read_site
from assetbuild.serve import application, is_loopback
from tests.conftest import write_files
from tests.support.servers import Answer, free_port, request
from tests.test_cli import run


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("project")
    write_files(
        base, {"static/a.css": "a { color: red }\n", "static/b.js": "b()", "assetbuild.toml": 'stable = ["b.js"]'}
    )
    assert run(base, "build").returncode == 0
    return base


def _heed_interrupts() -> None:
    """What a shell has put into its background ignores them, with all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def preview(project: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The program, and the first line that it says on standard output."""
    arguments = [sys.executable, "-W", "error", "-m", "assetbuild", "serve", *options]
    with subprocess.Popen(
        arguments,
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        preexec_fn=_heed_interrupts,  # noqa: PLW1509
    ) as process:
        try:
            assert process.stdout
            yield process, process.stdout.readline()
        finally:
            process.kill()


def ask(
    project: Path, target: str, host: str = "localhost", *, cors: bool = False, listening: str = "x", accept: str = ""
) -> Answer:
    """The answer of the application itself, without a server around it."""
    found: list[object] = []
    site = read_site(project / "dist", cors=cors)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": target, "HTTP_HOST": host, "HTTP_ACCEPT_ENCODING": accept}
    body = application(site, listening)(environ, lambda *given: found.extend(given))
    content = b"".join(body)
    getattr(body, "close", lambda: None)()
    status, headers = found
    return Answer(int(str(status)[:3]), {name.lower(): value for name, value in headers}, content)  # type: ignore[attr-defined]


def test_it_says_where_the_release_is_and_ends_quietly_when_it_is_interrupted(project: Path) -> None:
    with preview(project, "--port", "0") as (process, line):
        release = (project / "dist/current").resolve().name
        found = re.fullmatch(rf"release {release} is at http://127\.0\.0\.1:(\d+)/static/; Ctrl-C ends this\n", line)
        assert found
        assert request(int(found[1]), "/static/b.js").body == b"b()"
        process.send_signal(signal.SIGINT)

        assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0


def test_json_is_one_line_with_the_url(project: Path) -> None:
    with preview(project, "dist", "--port", "0", "--json") as (process, line):
        said = json.loads(line)
        port = int(re.search(r":(\d+)/", said["url"])[1])  # type: ignore[index]
        assert said == {
            "release": (project / "dist/current").resolve().name,
            "path": str((project / "dist/current").resolve()),
            "url": f"http://127.0.0.1:{port}/static/",
            "errors": [],
        }
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20)[0] == ""


def test_it_says_where_the_release_is_whatever_quiet_says(project: Path) -> None:
    with preview(project, "--port", "0", "--quiet") as (_, line):
        assert re.search(r" is at http://127\.0\.0\.1:\d+/static/; Ctrl-C ends this\n", line)


def test_it_warns_when_others_can_reach_it(project: Path) -> None:
    with preview(project, "--host", "0.0.0.0", "--port", "0") as (process, line):
        assert re.search(r"http://0\.0\.0\.0:\d+/static/", line)
        process.send_signal(signal.SIGINT)

        assert process.communicate(timeout=20)[1] == "warning: whoever reaches '0.0.0.0' can read the release\n"


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_an_address_of_ipv6_stands_in_brackets(project: Path, host: str) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("there is no IPv6 here")
    with preview(project, "--host", host, "--port", "0") as (process, line):
        url = re.search(r"http://\[::1\]:\d+/static/", line)
        assert url
        with urllib.request.urlopen(f"{url[0]}b.js") as answer:
            assert answer.read() == b"b()"
        process.send_signal(signal.SIGINT)

        assert process.communicate(timeout=20) == ("", "")


def test_a_port_that_is_taken_is_told(project: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run(project, "serve", "--port", str(port), "--json")

    assert result.returncode == 1
    assert result.stderr == (
        f"cannot listen on port {port} of '127.0.0.1': address already in use\n"
        "  fix: choose another with --port or --host\n"
    )
    assert json.loads(result.stdout)["errors"][0]["fix"] == "choose another with --port or --host"


def test_a_directory_without_a_release_is_told(project: Path) -> None:
    result = run(project, "serve", "static", "--port", str(free_port()))

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "static: holds no release\n  fix: name a release, or a directory that 'assetbuild build' has filled\n"
    )


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8080", "app.localhost", "127.0.0.1:1", "[::1]:8080", "192.168.1.7", "box.lan:80"]
)
def test_an_address_localhost_and_the_given_name_are_answered(project: Path, host: str) -> None:
    assert ask(project, "/static/b.js", host, listening="box.lan").status == 200


@pytest.mark.parametrize(
    "host",
    [
        *("", "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "evillocalhost"),
        *("localhost@evil.example", "[evil.example]", "127.0.0.1 evil.example", "0x7f.1.evil", "[::1]evil.example:80"),
    ],
)
def test_a_name_that_may_mean_anything_is_refused(project: Path, host: str) -> None:
    answer = ask(project, "/static/b.js", host, listening="0.0.0.0")

    assert answer == (
        403,
        {
            "content-type": "text/plain; charset=utf-8",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        },
        b"this host is not served here; ask by address or localhost\n",
    )


def test_pages_of_other_sites_may_not_use_the_files_unless_all_may(project: Path) -> None:
    closed, open_ = (ask(project, "/static/b.js", cors=cors).headers for cors in (False, True))

    assert "access-control-allow-origin" not in closed
    assert closed["cross-origin-resource-policy"] == "same-site"
    assert open_["access-control-allow-origin"] == "*"
    assert "cross-origin-resource-policy" not in open_


def test_a_range_of_one_byte_is_one_byte(project: Path) -> None:
    with preview(project, "--port", "0") as (_, line):
        port = int(re.search(r":(\d+)/", line)[1])  # type: ignore[index]
        answer = request(port, "/static/b.js", {"Range": "bytes=0-0"})

    assert (answer.status, answer.body, answer.headers["content-range"]) == (206, b"b", "bytes 0-0/3")


def test_a_name_that_is_not_utf8_is_found(tmp_path: Path) -> None:
    """Not that a build could be relied on to make one on every file system."""
    manifest = {
        "version": 1,
        "release": "r",
        "url_prefix": "/static/",
        "assets": {"\udce9.txt": {"file": "\udce9.1.txt", "size": 3}},
    }
    write_files(tmp_path / "dist", {"manifest.json": json.dumps(manifest), "files/\udce9.1.txt": "old"})

    assert ask(tmp_path, "/static/\xe9.1.txt").body == b"old"


def test_a_file_that_has_gone_is_not_there(tmp_path: Path) -> None:
    manifest = {"version": 1, "release": "r", "url_prefix": "/", "assets": {"a": {"file": "a/b", "size": 3}}}
    write_files(tmp_path / "dist", {"manifest.json": json.dumps(manifest), "files/a": "not a directory"})

    answer = ask(tmp_path, "/a/b")

    assert (answer.status, answer.body) == (404, b"release r has no such file\n")


def test_an_asset_that_could_be_taken_for_a_variant_is_sent_for_itself_alone(tmp_path: Path) -> None:
    assets = {name: {"file": name, "size": 1} for name in ("a.js", "a.js.gz")}
    manifest = {"version": 1, "release": "r", "url_prefix": "/", "assets": assets}
    write_files(tmp_path / "dist", {"manifest.json": json.dumps(manifest), "files/a.js": "plain", "files/a.js.gz": "x"})

    answer = ask(tmp_path, "/a.js", accept="gzip")

    assert (answer.body, answer.headers.get("content-encoding")) == (b"plain", None)
    assert ask(tmp_path, "/a.js.gz").headers["content-type"] == "application/gzip"


@pytest.mark.parametrize(
    ("host", "only_here"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False)],
)
def test_it_knows_which_addresses_are_of_this_machine_alone(host: str, only_here: bool) -> None:
    assert is_loopback(host) is only_here
