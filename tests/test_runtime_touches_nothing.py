"""After its start a web process leaves the file system alone: strace says so, and so do places that nobody can write.

ASSETBUILD_TESTS=all makes it the full numbers, which take minutes: 10,000 requests to each server, 50 rounds of starts.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.support.needs import missing, need
from tests.support.sample import (
    FRAMEWORKS,
    SAMPLE,
    Running,
    Visitor,
    build_sample,
    check_installed,
    crossings,
    environment,
    running,
    without_session,
)
from tests.support.stores import PATIENCE

ALL = os.environ.get("ASSETBUILD_TESTS") == "all"
REQUESTS = 10_000 if ALL else 1_000  # each page has 12 asset URLs or more
ROUNDS = 50 if ALL else 1

SERVED_BY = {
    "flask": 'gunicorn --threads 2 --bind 0.0.0.0:8000 "flask_app:create_app()"',
    "django": "gunicorn --threads 2 --bind 0.0.0.0:8000 django_app:application",
    "starlette": "uvicorn --host 0.0.0.0 --port 8000 --no-access-log starlette_app:app",
}
# A server with nothing of ours, which asks for a file when it is told to.
BARE = """
import os

def application(environ, start_response):
    if "mark" in environ["PATH_INFO"]:
        os.path.exists(environ["PATH_INFO"])
    start_response("200 OK", [("Content-Length", "0")])
    return []
"""
# Jinja2 with our functions: 10 asset URLs a page.
JINJA = """
import os, sys
from jinja2 import DictLoader, Environment
from assetbuild.runtime.jinja import install

page = "{% for _ in range(2) %}{{ asset_url('icons/sprite.svg#lamp') }} {{ asset_script('js/app.js', module=True) }}"
page += "{{ asset_style('css/site.css', nonce=nonce) }}{{ asset_preload('fonts/fathom.woff2') }}"
page += "{{ asset_modulepreload('js/app.js') }}{{ asset_importmap('js/app.js') }}{% endfor %}"
environment = Environment(loader=DictLoader({"page": page}), autoescape=True)
install(environment, sys.argv[1])
environment.get_template("page").render()
os.path.exists("/mark-start")
for number in range(int(sys.argv[2])):
    text = environment.get_template("page").render(nonce=str(number))
os.path.exists("/mark-end")
print(text.count("/static/"))
"""

every_framework = pytest.mark.parametrize("framework", FRAMEWORKS)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample site with its release; never changed."""
    return build_sample(tmp_path_factory.mktemp("release"))


@pytest.fixture
def site(release: Path, tmp_path: Path) -> Path:
    """One to break."""
    return Path(shutil.copytree(release, tmp_path / "site", symlinks=True))


def needs(framework: str) -> None:
    need(lambda: check_installed(framework))


def strace(log: Path) -> tuple[str, ...]:
    if shutil.which("strace") is None:
        missing("strace is not installed")
    options = ("-f", "--seccomp-bpf", "-qqq", "-e", "trace=%file", "-e", "signal=none", "-o", str(log))
    if subprocess.run(["strace", *options, "true"], capture_output=True).returncode:
        missing("this system lets no process be traced")
    return ("strace", *options)


def file_calls(server: Running, log: Path, paths: list[str]) -> list[str]:
    """What the worker asked of the file system while `paths` were asked of it again and again, over one connection."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)

    def ask(path: str) -> int:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status

    for path in paths * 4:  # each of two threads has seen each page
        assert ask(path) == 200
    ask("/static/mark")
    seen = log.read_text()
    assert "/mark" in seen  # so strace writes at once
    for number in range(REQUESTS):
        assert ask(paths[number % len(paths)]) == 200
    connection.close()
    [worker] = server.workers()
    threads = os.listdir(f"/proc/{worker}/task")
    calls = [line.split(maxsplit=1) for line in log.read_text()[len(seen) :].splitlines()]
    return [call for thread, call in calls if thread in threads and not is_heartbeat(call)]


def is_heartbeat(call: str) -> bool:
    """gunicorn's workers show by the time stamp of an unnamed file that they live."""
    return bool(re.match(r"utimensat\(\d+, NULL, |<\.\.\. utimensat resumed>", call))


def test_the_server_alone_asks_for_no_file_either(tmp_path: Path) -> None:
    needs("flask")
    (tmp_path / "bare.py").write_text(BARE)
    command, log = SERVED_BY["flask"].replace("flask_app:create_app()", "bare:application"), tmp_path / "strace"
    with running(command, tmp_path, tmp_path / "log", before=strace(log)) as server:
        assert file_calls(server, log, ["/"]) == []
        [call] = file_calls(server, log, ["/mark"])[:1]
    assert '"/mark"' in call


@every_framework
def test_the_kernel_sees_no_file_call_of_a_running_worker(framework: str, release: Path, tmp_path: Path) -> None:
    needs(framework)
    log = tmp_path / "strace"
    with running(SERVED_BY[framework], release, tmp_path / "log", before=strace(log)) as server:
        assert file_calls(server, log, ["/", "/visit/"]) == []
    assert "/manifest.json" in log.read_text()


def test_the_kernel_sees_no_file_call_of_jinja2_alone(release: Path, tmp_path: Path) -> None:
    log = tmp_path / "strace"
    command = [*strace(log), sys.executable, "-c", JINJA, release / "dist/current/manifest.json", str(REQUESTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) >= 10
    before, start, after = log.read_text().partition('"/mark-start"')
    assert "/manifest.json" in before
    assert start
    assert '"/mark-end"' in after.splitlines()[1]


@every_framework
def test_pages_render_with_every_file_of_the_release_deleted(framework: str, site: Path, tmp_path: Path) -> None:
    needs(framework)
    with running(SERVED_BY[framework], site, tmp_path / "log") as server:
        visitor = Visitor(server.port)
        pages = [without_session(visitor.get(path)) for path in ("/", "/visit/")]
    with running(SERVED_BY[framework], site, tmp_path / "log") as server:
        visitor = Visitor(server.port)
        assert visitor.request("GET", "/nothing")[0] == 404  # the worker has loaded the application
        shutil.rmtree(site / "dist")
        assert [without_session(visitor.get(path)) for path in ("/", "/visit/")] == pages
        assert crossings(visitor.sign()) == 1


# Every mount read-only, then the user 'nobody', who may read all and finds no place to write; then the server.
CLOSED = """
for place in $(cut -d " " -f 2 /proc/self/mounts); do mount -o remount,bind,ro "$place" 2>/dev/null; done
nobody="--reuid 65534 --regid 65534 --clear-groups --inh-caps +dac_read_search --ambient-caps +dac_read_search"
exec setpriv $nobody sh -c '
    for place in . dist/current/files /tmp /var/tmp /dev/shm /run; do
        if (: >"$place/probe") 2>/dev/null; then echo "$place can be written"; exit 99; fi
    done
    exec "$@"' sh "$@"
"""
# As containers with a read-only root have it: gunicorn's heartbeat is in memory.
WITH_SHM = CLOSED.replace("exec setpriv", "mount -t tmpfs none /dev/shm\nexec setpriv").replace("/dev/shm /run", "/run")


def closed(script: str) -> tuple[str, ...]:
    before = ("unshare", "--mount", "sh", "-c", script, "sh")
    if any(shutil.which(tool) is None for tool in ("unshare", "setpriv")) or os.geteuid() != 0:
        pytest.skip("a read-only root needs root to make one")
    done = subprocess.run([*before, "true"], cwd="/", capture_output=True, text=True)
    if done.returncode not in (0, 99):
        missing(f"this system allows no mount namespace: {done.stderr}")
    return before


@every_framework
def test_a_read_only_root_and_a_user_who_may_write_nothing_are_enough(
    framework: str, release: Path, tmp_path: Path
) -> None:
    needs(framework)
    command = f"serve {framework} --host 0.0.0.0 --port 8000"
    with running(command, release, tmp_path / "log", before=closed(CLOSED)) as server:
        see_all_pages(server, framework)


@pytest.mark.parametrize("framework", ["flask", "django"])
def test_the_dockerfiles_gunicorn_needs_no_more_than_memory_beside_a_read_only_root(
    framework: str, release: Path, tmp_path: Path
) -> None:
    needs(framework)
    *_, last = (SAMPLE / "Dockerfile").read_text().splitlines()
    command = " ".join(json.loads(last.removeprefix("CMD ")))
    assert command.endswith(" flask_app:create_app()")
    if framework == "django":
        command = command.replace("flask_app:create_app()", "django_app:application")
    env = {"WEB_CONCURRENCY": "3"}
    with running(command, release, tmp_path / "log", env, before=closed(WITH_SHM)) as server:
        see_all_pages(server, framework)
        assert len(server.workers()) == 3


def see_all_pages(server: Running, framework: str) -> None:
    visitor = Visitor(server.port)
    pages = ["/", "/visit/", *(["/admin/login/"] if framework == "django" else [])]
    texts = [visitor.get(path) for path in pages]
    urls = {url for text in texts for url in re.findall(r'(?:href|src)="(/static/[^"#]+)', text)}
    assert len(urls) >= 8
    assert {url: visitor.request("GET", url, text=False)[0] for url in urls} == dict.fromkeys(urls, 200)
    assert crossings(visitor.sign()) == 1
    said = server.log.read_text()
    assert not re.search("(?i)traceback|error|warning|denied|read-only", said), said


# A process starts when all eight have come as far as to load nothing but the application.
STARTS = {
    "flask": "import flask, assetbuild.runtime.flask\nwait()\nfrom flask_app import create_app\n"
    "page = create_app().test_client().get('/').text",
    "django": "import django.template, django.contrib.admin, assetbuild.runtime.django\nwait()\n"
    "from django_app import application\nfrom django.test import Client\n"
    "page = Client(headers={'host': 'localhost'}).get('/').text",
    "starlette": "import asyncio, assetbuild.runtime.starlette\nwait()\nfrom starlette_app import app\n"
    "scope = {'type': 'http', 'method': 'GET', 'path': '/', 'query_string': b'', 'headers': [(b'host', b'a')]}\n"
    "said = []\nasync def send(message): said.append(message.get('body', b''))\n"
    "asyncio.run(app(scope, None, send))\npage = b''.join(said).decode()",
}


@every_framework
def test_eight_processes_that_start_at_once_all_answer(framework: str, release: Path) -> None:
    needs(framework)
    script = f"import sys\ndef wait(): print(flush=True); sys.stdin.read(1)\n{STARTS[framework]}\nprint(page)"
    answers = [answer for _ in range(ROUNDS) for answer in start_at_once(script, release)]
    assert len(answers) == 8 * ROUNDS
    assert len(set(answers)) == 1
    status, page, errors = answers[0]
    assert (status, errors) == (0, "")
    assert re.search(r"/static/css/site\.[0-9a-f]{16}\.css", page)


def start_at_once(script: str, directory: Path) -> list[tuple[int, str, str]]:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=directory,
            env=environment(),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(8)
    ]
    for process in processes:
        assert process.stdout
        process.stdout.readline()
    for process in processes:
        assert process.stdin
        process.stdin.write("!")
        process.stdin.flush()
    ends = [process.communicate() for process in processes]
    return [(process.returncode, *end) for process, end in zip(processes, ends, strict=True)]
