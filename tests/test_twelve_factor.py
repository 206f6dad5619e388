"""The sample site as a deployment runs it: several workers, no sticky sessions, real Redis and Memcached servers.

A worker is killed with SIGKILL between requests; nobody's session and nobody's page may depend on it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support import stores
from tests.support.needs import need
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
from tests.support.stores import Store

KEPT_IN = ("redis", "memcached", "cookies")
SECONDS = 4  # SESSION_SECONDS of the sessions that are to end

every_way = pytest.mark.parametrize(
    ("framework", "kept_in"), [(framework, kept_in) for framework in FRAMEWORKS for kept_in in KEPT_IN]
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sample(tmp_path_factory.mktemp("twelve"))


@pytest.fixture(scope="module")
def kept() -> Iterator[dict[str, Store | None]]:
    """Where sessions are kept, by name; None for the visitor's own cookie."""
    with ExitStack() as stack:
        yield {
            "redis": need(lambda: stack.enter_context(stores.redis())),
            "memcached": need(lambda: stack.enter_context(stores.memcached())),
            "cookies": None,
        }


def documented(framework: str) -> str:
    """The command for several workers, as README.md gives it."""
    need(lambda: check_installed(framework))
    lines = [line.strip() for line in (SAMPLE / "README.md").read_text().splitlines()]
    [command] = [line for line in lines if re.match(rf"(gunicorn|uvicorn) .*\b{framework}_app:", line)]
    assert "--workers 3 " in command
    return command


def session_url(store: Store | None) -> dict[str, str]:
    return {"SESSION_URL": store.url} if store else {}


@every_way
def test_every_worker_sees_the_session_and_any_of_them_may_be_killed(
    framework: str, kept_in: str, kept: dict[str, Store | None], site: Path, tmp_path: Path
) -> None:
    with running(documented(framework), site, tmp_path / "log", session_url(kept[kept_in])) as server:
        visitor = Visitor(server.port)
        home = visitor.get("/")
        page = visitor.sign()
        assert crossings(page) == 1
        workers = all_workers(server, 3)
        for worker in workers:
            assert crossings(answer_of(worker, server, visitor)) == 1

        for count, worker in enumerate(workers, start=2):
            os.kill(worker, signal.SIGKILL)
            found = visitor.sign()
            assert (crossings(found), without_session(found)) == (count, without_session(page))
            assert visitor.get("/") == home
        assert crossings(Visitor(server.port).get()) == 0
        assert not set(server.workers()) & set(workers)


def all_workers(server: Running, count: int) -> list[int]:
    """The first of them answers while the others are still being started."""
    deadline = time.monotonic() + 30
    while len(workers := server.workers()) != count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return workers


def answer_of(worker: int, server: Running, visitor: Visitor) -> str:
    """The page, from this worker: all others are stopped meanwhile."""
    others = [pid for pid in server.workers() if pid != worker]
    try:
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        return visitor.get()
    finally:
        for pid in others:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def short(
    kept: dict[str, Store | None], site: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[tuple[str, str], Running]]:
    """Each framework with each way to keep sessions, one worker, and sessions that end soon."""
    logs = tmp_path_factory.mktemp("logs")
    with ExitStack() as stack:
        yield {
            (framework, kept_in): stack.enter_context(
                running(
                    documented(framework).replace("--workers 3 ", ""),
                    site,
                    logs / f"{framework}-{kept_in}",
                    {"SESSION_SECONDS": str(SECONDS), **session_url(store)},
                )
            )
            for framework in FRAMEWORKS
            for kept_in, store in kept.items()
        }


def key_of(visitor: Visitor, framework: str) -> str:
    """Under which key a store has the visitor's session."""
    if framework == "flask":
        return "session:" + visitor.cookies["session"]
    if framework == "django":
        return ":1:django.contrib.sessions.cache" + visitor.cookies["sessionid"]
    return "session:" + sha256(visitor.cookies["session"].encode()).hexdigest()


@pytest.fixture(scope="module")
def waited(
    short: dict[tuple[str, str], Running], kept: dict[str, Store | None]
) -> dict[tuple[str, str], tuple[list[int], list[int | None]]]:
    """Crossings that a visitor has signed for, at once and long after; and what the store says of the session then."""
    for server in short.values():
        Visitor(server.port).get()  # it has loaded all its code
    visitors = {key: Visitor(server.port) for key, server in short.items()}
    found: dict[tuple[str, str], tuple[list[int], list[int | None]]] = {}
    for (framework, kept_in), visitor in visitors.items():
        page, store = visitor.sign(), kept[kept_in]
        found[framework, kept_in] = [crossings(page)], [store.ttl(key_of(visitor, framework))] if store else []
    time.sleep(SECONDS + 1.2)  # signed cookies and Memcached count whole seconds
    for (framework, kept_in), visitor in visitors.items():
        counts, ttl = found[framework, kept_in]
        store = kept[kept_in]
        ttl.extend([store.ttl(key_of(visitor, framework))] if store else [])
        counts.append(crossings(visitor.get()))
    return found


@every_way
def test_a_session_ends_and_the_store_forgets_it(
    framework: str, kept_in: str, waited: dict[tuple[str, str], tuple[list[int], list[int | None]]]
) -> None:
    counts, ttl = waited[framework, kept_in]
    assert counts == [1, 0]
    if kept_in != "cookies":
        assert ttl[0] is not None
        assert 0 <= ttl[0] <= SECONDS
        assert ttl[1:] == [None]


@every_way
def test_each_visit_makes_the_session_last_from_then_on(
    framework: str, kept_in: str, short: dict[tuple[str, str], Running], kept: dict[str, Store | None]
) -> None:
    visitor, store = Visitor(short[framework, kept_in].port), kept[kept_in]
    visitor.sign()
    if store:
        store.expire(key_of(visitor, framework), 1000)
        assert (store.ttl(key_of(visitor, framework)) or 0) > 900
    visitor.get()
    assert "set-cookie" in visitor.headers
    if framework == "starlette":  # else it would count down from the session's beginning
        assert f"max-age={SECONDS};" in visitor.headers["set-cookie"]
    if store:
        assert 0 <= (store.ttl(key_of(visitor, framework)) or 0) <= SECONDS


@pytest.mark.parametrize("framework", ["flask", "django"])
@pytest.mark.parametrize("kept_in", ["redis", "memcached"])
def test_workers_forked_from_one_loaded_process_do_not_mix_their_visitors_up(
    framework: str, kept_in: str, kept: dict[str, Store | None], site: Path, tmp_path: Path
) -> None:
    command = documented(framework).replace("--workers 3 ", "--workers 3 --preload ")
    with running(command, site, tmp_path / "log", session_url(kept[kept_in])) as server:
        visitors = [Visitor(server.port) for _ in range(6)]
        with ThreadPoolExecutor(len(visitors)) as pool:
            counts = pool.map(lambda visitor: [crossings(visitor.sign()) for _ in range(10)], visitors)
            assert list(counts) == [list(range(1, 11))] * len(visitors)


@every_way
@pytest.mark.parametrize("value", ["chosen-by-somebody", "a%20b", "%0d%0aflush_all", "%", "''", "x" * 3000])
def test_a_cookie_of_somebodys_own_making_is_no_session(
    framework: str, kept_in: str, value: str, short: dict[tuple[str, str], Running]
) -> None:
    server = short[framework, kept_in]
    name = "sessionid" if framework == "django" else "session"
    visitor = Visitor(server.port, {name: value})
    assert crossings(visitor.get()) == 0
    assert crossings(visitor.sign()) == 1
    assert visitor.cookies[name] != value
    assert crossings(Visitor(server.port, {name: value}).get()) == 0


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_session_url_of_another_kind_stops_the_process(framework: str, site: Path) -> None:
    need(lambda: check_installed(framework))
    start = "import flask_app; flask_app.create_app()" if framework == "flask" else f"import {framework}_app"
    command = [sys.executable, "-W", "error", "-c", start]
    env = environment(SESSION_URL="http://127.0.0.1/")
    done = subprocess.run(command, cwd=site, env=env, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "SESSION_URL: write redis://host:port/database or memcached://host:port\n",
    )
