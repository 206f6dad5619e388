"""The sample site, built by the command and served by both of its applications from one release."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SAMPLE = Path(__file__).parent.parent / "sample_project"

# Fetches each page, and every URL below /static/ that it names; says what came back.
VISIT = """
import json, re
from urllib.parse import unquote
get, pages, answers = client(), PAGES, {}
for page in pages:
    status, body = get(page)
    urls = sorted({unquote(url) for url in re.findall(r'(?:href|src)="(/static/[^"#]+)', body.decode())})
    answers[page] = [status, urls, [get(url)[0] for url in urls]]
print(json.dumps(answers))
"""
FLASK = """
def client():
    from flask_app import create_app
    browser = create_app().test_client()
    def get(url):
        response = browser.get(url)
        body = response.get_data()
        response.close()
        return response.status_code, body
    return get
"""
DJANGO = """
def client():
    import django_app
    from django.test import Client
    browser = Client(headers={"host": "localhost"})
    def get(url):
        response = browser.get(url)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        response.close()
        return response.status_code, body
    return get
"""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A copy of the sample with its release, and what the command said."""
    directory = tmp_path_factory.mktemp("sample") / "sample_project"
    shutil.copytree(SAMPLE, directory, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    command = [sys.executable, "-m", "assetbuild", "build", "--json", "--no-compress"]
    result = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True)
    return directory, json.loads(result.stdout)


def visit(directory: Path, client: str, pages: list[str]) -> dict[str, list[Any]]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(("ASSETBUILD", "DJANGO"))}
    script = client + VISIT.replace("PAGES", repr(pages))
    command = [sys.executable, "-W", "error", "-c", script]
    result = subprocess.run(command, cwd=directory, capture_output=True, text=True, env=env)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)  # type: ignore[no-any-return]


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


@pytest.mark.parametrize("client", [FLASK, DJANGO], ids=["flask", "django"])
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


def test_both_applications_give_the_same_urls_for_the_same_page(sample: tuple[Path, dict[str, Any]]) -> None:
    flask, django = (visit(sample[0], client, ["/", "/visit/"]) for client in (FLASK, DJANGO))

    assert flask == django


def test_without_a_release_the_server_says_what_to_do(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "sample", ignore=shutil.ignore_patterns("dist", "__pycache__"))

    result = subprocess.run(
        [sys.executable, "serve.py", "flask"], cwd=tmp_path / "sample", capture_output=True, text=True, timeout=30
    )

    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    assert "make sample" in result.stderr
