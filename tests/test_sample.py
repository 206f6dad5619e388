"""The sample site, built by the command and served by all three of its applications from one release."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.needs import need
from tests.support.sample import SAMPLE, check_installed, environment

# Fetches each page, and every URL below /static/ that it names; says what came back.
VISIT = """
import json, re
from urllib.parse import unquote
cookies = []
get, pages, answers = client(), PAGES, {}
for page in pages:
    status, body = get(page)
    urls = sorted({unquote(url) for url in re.findall(r'(?:href|src)="(/static/[^"#]+)', body.decode())})
    answers[page] = [status, urls, [get(url)[0] for url in urls]]
print(json.dumps(answers))
"""
# Signs the log, and gives the cookies that come back.
SIGN = """
import json
cookies = []
assert client()("/visit/", "post")[0] == 303
print(json.dumps(cookies))
"""
FLASK = """
def client():
    from flask_app import create_app
    browser = create_app().test_client()
    def get(url, method="get"):
        response = getattr(browser, method)(url)
        body = response.get_data()
        response.close()
        cookies.extend(response.headers.getlist("Set-Cookie"))
        return response.status_code, body
    return get
"""
DJANGO = """
def client():
    import django_app
    from django.test import Client
    browser = Client(headers={"host": "localhost"})
    def get(url, method="get"):
        response = getattr(browser, method)(url)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        response.close()
        cookies.extend(morsel.OutputString() for morsel in response.cookies.values())
        return response.status_code, body
    return get
"""
STARLETTE = """
def client():
    import asyncio
    from starlette_app import app
    def get(url, method="get"):
        said = []
        scope = {"type": "http", "method": method.upper(), "path": url, "query_string": b"", "root_path": ""}
        scope["headers"] = [(b"host", b"localhost")]
        async def send(message):
            said.append(message)
        async def receive():
            await asyncio.Event().wait()  # the client stays
        asyncio.run(app(scope, receive, send))
        cookies.extend(value.decode() for name, value in said[0]["headers"] if name == b"set-cookie")
        return said[0]["status"], b"".join(message["body"] for message in said[1:])
    return get
"""
CLIENTS = pytest.mark.parametrize("client", [FLASK, DJANGO, STARLETTE], ids=["flask", "django", "starlette"])


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A copy of the sample with its release, and what the command said."""
    directory = tmp_path_factory.mktemp("sample") / "sample_project"
    shutil.copytree(SAMPLE, directory, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    command = [sys.executable, "-m", "assetbuild", "build", "--json", "--no-compress"]
    result = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True)
    return directory, json.loads(result.stdout)


def visit(directory: Path, client: str, pages: list[str]) -> dict[str, list[Any]]:
    return run(directory, client, VISIT.replace("PAGES", repr(pages)))  # type: ignore[no-any-return]


def run(directory: Path, client: str, script: str, **env: str) -> Any:
    if client == STARLETTE:
        need(lambda: check_installed("starlette"))
    script = client + script
    command = [sys.executable, "-W", "error", "-c", script]
    result = subprocess.run(command, cwd=directory, capture_output=True, text=True, env=environment(**env), timeout=60)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_sample_builds_without_a_warning(sample: tuple[Path, dict[str, Any]]) -> None:
    assert sample[1]["warnings"] == []
    assert sample[1]["errors"] == []


def test_jsmin_and_cssmin_do_real_work_in_it(sample: tuple[Path, dict[str, Any]]) -> None:
    files = json.loads((sample[0] / "dist/current/release.json").read_bytes())["files"]
    tools = {entry["asset"]: entry["tools"] for entry in files.values()}

    assert [tool.split(" ")[1] for tool in tools["js/classic.js"] if tool.startswith("minify ")] == ["jsmin"]
    assert [tool.split(" ")[1] for tool in tools["css/components.css"] if tool.startswith("minify ")] == ["cssmin"]
    assert [tool.split(" ")[1] for tool in tools["js/app.js"]] == ["rjsmin"]
    assert [tool.split(" ")[1] for tool in tools["css/site.css"]] == ["rcssmin"]


@CLIENTS
def test_every_static_url_of_a_page_is_fingerprinted_and_answered(
    sample: tuple[Path, dict[str, Any]], client: str
) -> None:
    pages = ["/", "/visit/"] + (["/admin/login/"] if client == DJANGO else [])

    answers = visit(sample[0], client, pages)

    for page, (status, urls, statuses) in answers.items():
        assert status == 200, page
        assert len(urls) >= 4, page
        assert set(statuses) == {200}, (page, urls, statuses)
        assert [url for url in urls if not re.search(r"\.[0-9a-f]{16}\.\w+\Z", url)] == [], page


def test_all_applications_give_the_same_urls_for_the_same_page(sample: tuple[Path, dict[str, Any]]) -> None:
    flask, django, starlette = (visit(sample[0], client, ["/", "/visit/"]) for client in (FLASK, DJANGO, STARLETTE))

    assert flask == django
    assert flask == starlette


@CLIENTS
@pytest.mark.parametrize("secure", ["", "1"], ids=["http", "https"])
def test_scripts_cannot_read_the_session_and_only_https_gets_it_where_that_is_said(
    sample: tuple[Path, dict[str, Any]], client: str, secure: str
) -> None:
    cookies = run(sample[0], client, SIGN, SESSION_SECURE=secure, SESSION_SECONDS="100")

    [cookie] = [cookie.lower() for cookie in cookies if cookie.lower().startswith(("session=", "sessionid="))]
    attributes = {part.strip().partition("=")[0]: part.strip() for part in cookie.split(";")[1:]}
    assert attributes["samesite"] == "samesite=lax"
    assert "httponly" in attributes
    assert ("secure" in attributes) is bool(secure)
    assert attributes.get("max-age", "max-age=100") == "max-age=100"
    assert attributes.keys() & {"max-age", "expires"}


def test_without_a_release_the_server_says_what_to_do(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "sample", ignore=shutil.ignore_patterns("dist", "__pycache__"))

    result = subprocess.run(
        [sys.executable, "serve.py", "flask"], cwd=tmp_path / "sample", capture_output=True, text=True, timeout=30
    )

    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    assert "run 'assetbuild build' first" in result.stderr
