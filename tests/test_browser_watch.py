"""All of it at once, in Chromium: a real watch, a real server of each framework, and a page that is open while files
are saved. The page has a policy that forbids whatever has no nonce, and digests on its tags.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import write_files
from tests.support.browser import Browser, Page
from tests.support.needs import missing
from tests.support.servers import Running, free_port, running
from tests.test_watch import PATIENCE, watching

pytest_plugins = ["tests.support.browser_fixture"]
pytestmark = pytest.mark.slow

POLICY = (
    "default-src 'none'; script-src 'nonce-n0nce'; style-src 'self'; img-src 'self'; connect-src http://127.0.0.1:*;"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
DOT = '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{0}"><path d="M0 0h9v9z"/></svg>\n'
SITE = {
    "assetbuild.toml": '[bundles."js/all.js"]\ncontents = ["js/one.js", "js/two.js"]\n',
    "static/css/site.css": '@import "base.css";\nh1 { color: rgb(1, 2, 3); background: url(../img/dot.svg) }\n',
    "static/css/base.css": "h2 { color: rgb(1, 2, 3) }\n",
    "static/img/dot.svg": DOT.format(10),
    "static/js/one.js": 'window.said = "one";\n',
    "static/js/two.js": 'window.said += " two";\n',
}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>page</title>
{{ asset_style("css/site.css", nonce=nonce) }}{{ asset_script("js/all.js", nonce=nonce, defer=True) }}
<link rel="icon" href="{{ asset_url("img/dot.svg") }}"></head>
<body><h1>heading</h1><h2>heading</h2><input><img src="{{ asset_url("img/dot.svg") }}" alt=""></body></html>
"""
SHEET = '{{ asset_style("css/site.css", integrity=False) }}'
FLASK = f"""
import flask
from assetbuild.runtime.flask import AssetBuild
app = flask.Flask(__name__)
AssetBuild(app)
@app.get("/")
def page():
    headers = {{"Content-Security-Policy": {POLICY!r}}}
    return flask.render_template("page.html", nonce="n0nce"), headers
@app.get("/sheet")
def sheet():
    return flask.render_template("sheet.html")
"""
STARLETTE = f"""
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.templating import Jinja2Templates
from assetbuild.runtime.starlette import ReleaseFiles, install
static = ReleaseFiles(sources="static")
templates = Jinja2Templates(directory="templates")
install(templates, static)
async def page(request):
    headers = {{"Content-Security-Policy": {POLICY!r}}}
    return templates.TemplateResponse(request, "page.html", {{"nonce": "n0nce"}}, headers=headers)
async def sheet(request):
    return templates.TemplateResponse(request, "sheet.html")
app = Starlette(routes=[Route("/", page), Route("/sheet", sheet), Mount("/static", static)])
"""
DJANGO = f"""
from pathlib import Path
from django.shortcuts import render
from django.urls import path
BASE_DIR = Path(__file__).parent
DEBUG, SECRET_KEY, ALLOWED_HOSTS, USE_TZ = True, "key", ["127.0.0.1"], True
ROOT_URLCONF = __name__
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
INSTALLED_APPS = ["assetbuild.runtime.django", "django.contrib.staticfiles"]
STORAGES = {{"staticfiles": {{"BACKEND": "assetbuild.runtime.django.storage.AssetBuildStorage"}}}}
TEMPLATES = [{{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [BASE_DIR / "templates"]}}]
def page(request):
    request.csp_nonce = "n0nce"
    response = render(request, "page.html")
    response.headers["Content-Security-Policy"] = {POLICY!r}
    return response
urlpatterns = [path("", page), path("sheet", lambda request: render(request, "sheet.html"))]
"""
MODULES = {"flask": FLASK, "starlette": STARLETTE, "django": DJANGO}
SERVERS = {"flask": "flask", "starlette": "uvicorn", "django": "django"}


def in_django(template: str) -> str:
    """Its tags take the nonce by themselves."""
    text = re.sub(r"{{ (\w+)\((.*?)\) }}", r"{% \1 \2 %}", template)
    return "{% load assetbuild %}" + text.replace(", nonce=nonce", "").replace(", ", " ")


class Site:
    """A copy of SITE whose application and watch run."""

    def __init__(self, root: Path, server: Running) -> None:
        self.root, self.server = root, server
        self.wait(lambda: (root / ".assetbuild/live.json").exists() and self.sheet() != "/static/css/site.css")
        self._first = self.server.get("/").body

    def restore(self) -> None:
        """Names go by the content, so the page is what it was when all is built."""
        for name in SITE:
            self.save(name, SITE[name])
        self.wait(lambda: self.server.get("/").body == self._first)

    def save(self, name: str, text: str) -> None:
        """By a rename, as most editors do."""
        scratch = self.root / "scratch"
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(self.root / name)

    def sheet(self) -> str:
        """The URL of the style sheet in a page that names nothing else."""
        answer = self.server.get("/sheet")
        found = re.search(r'href="(.*?)"', answer.body.decode())
        assert answer.status == 200, answer.body.decode()
        assert found
        return found[1]

    def wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.server.log.read_text(errors="replace")
            time.sleep(0.02)


@pytest.fixture(scope="module", params=[*MODULES])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with started(request.param, tmp_path_factory.mktemp("watch") / "project") as site:
        yield site


@contextmanager
def started(framework: str, root: Path) -> Iterator[Site]:
    if any(find_spec(name) is None for name in (framework, SERVERS[framework], "jinja2")):
        missing(f"{framework} or its server is not installed")
    pages = {"templates/page.html": PAGE, "templates/sheet.html": SHEET}
    if framework == "django":
        pages = {name: in_django(text) for name, text in pages.items()}
    write_files(root, {**SITE, **pages, "pages.py": MODULES[framework]})
    port = str(free_port())
    command = {
        "flask": ["flask", "--app", "pages", "--debug", "run", "--port", port],
        "starlette": ["uvicorn", "--port", port, "pages:app"],
        "django": ["django", "assetbuild_runserver", port],  # a watch is part of it
    }[framework]
    names = ("CI", "BASE_URL", "DEVELOPMENT", "MANIFEST", "MODE")
    env = {name if name == "CI" else f"ASSETBUILD_{name}": "" for name in names}
    env |= {"PYTHONPATH": os.getcwd(), "DJANGO_SETTINGS_MODULE": "pages"}
    env |= {"ASSETBUILD_MODE": "development"} if framework == "starlette" else {}
    with ExitStack() as stack:
        if framework != "django":
            stack.enter_context(watching(root, "--templates", "templates"))
        yield Site(root, stack.enter_context(running([sys.executable, "-m", *command], int(port), root, env=env)))


@pytest.fixture
def page(browser: Browser, site: Site) -> Page:
    """Open, with a word typed into it; whether it was loaded again since is what `is_same` asks."""
    site.restore()
    opened = browser.open(f"{site.server.url}/", "window.said && document.images[0].complete")
    opened.script("window.isSame = true; document.querySelector('input').focus()")
    opened.type("typed")
    return opened


def style(element: str, name: str) -> str:
    return f"getComputedStyle(document.querySelector('{element}')).{name}"


def is_same(page: Page) -> bool:
    """The page itself, and nothing in it has failed."""
    assert (page.errors, page.bad) == ([], [])
    typed = page.script("return window.isSame && document.querySelector('input').value")
    assert typed in ("typed", None)
    return bool(typed)


def test_a_style_sheet_that_is_saved_shows_and_what_was_typed_stays(site: Site, page: Page) -> None:
    site.save("static/css/site.css", '@import "base.css";\nh1 { color: rgb(4, 5, 6) }\n')
    page.settle(f"{style('h1', 'color')} === 'rgb(4, 5, 6)' && document.styleSheets.length === 1")
    site.save("static/css/base.css", "h2 { color: rgb(7, 8, 9) }\n")
    page.settle(f"{style('h2', 'color')} === 'rgb(7, 8, 9)' && document.styleSheets.length === 1")
    assert page.script(f"return {style('h1', 'color')}") == "rgb(4, 5, 6)"
    assert is_same(page)


def test_an_image_that_is_saved_shows_in_the_page_and_in_its_style_sheet(site: Site, page: Page) -> None:
    before = page.script(f"return {style('h1', 'backgroundImage')}")
    assert re.fullmatch(r'url\("http://127\.0\.0\.1:\d+/static/img/dot\.[0-9a-f]{16}\.svg"\)', before)
    site.save("static/img/dot.svg", DOT.format(20))
    page.settle(f"document.images[0].naturalWidth === 20 && {style('h1', 'backgroundImage')} !== {before!r}")
    shown = page.script(f"return {style('h1', 'backgroundImage')}")
    assert shown == f'url("{page.script("return document.images[0].src")}")'
    assert page.script("return document.querySelector('[rel=icon]').href") in shown
    assert is_same(page)


def test_a_script_that_is_saved_loads_the_page_again(site: Site, page: Page) -> None:
    assert page.script("return window.said") == "one two"
    site.save("static/js/two.js", 'window.said += " 2";\n')
    page.settle("window.said === 'one 2'")
    assert not is_same(page)


def test_a_template_that_is_saved_loads_the_page_again(site: Site, page: Page) -> None:
    file = site.root / "templates/page.html"
    text = file.read_text(encoding="utf-8")
    site.save("templates/page.html", text.replace("<title>page", "<title>other"))
    page.settle("document.title === 'other'")
    assert not is_same(page)
    site.save("templates/page.html", text)
    page.settle("document.title === 'page'")


def test_a_mistake_is_shown_with_its_place_until_it_is_mended(site: Site, page: Page) -> None:
    overlay = "document.querySelector('assetbuild-overlay')"
    site.save("static/css/site.css", "h1 {\n  background: url(../img/no.svg)\n}\n")
    page.settle(overlay)
    assert page.script(f"return {overlay}.shadowRoot.querySelector('pre').textContent") == (
        "css/site.css:2:19: url(../img/no.svg) names 'img/no.svg', which is in no source root\n"
        "  2 |   background: url(../img/no.svg)\n"
        "    |                   ^^^^^^^^^^^^^\n"
        "  searched: static/\n"
        "  fix: did you mean 'img/dot.svg'?"
    )
    assert page.script(f"return {style('h1', 'color')}") == "rgb(1, 2, 3)"  # that of the last good build
    page.script("location.reload()")
    page.settle(f"!window.isSame && {overlay}")  # who comes now is told, too
    page.script("window.isSame = true")
    site.save("static/css/site.css", "h1 { color: rgb(7, 8, 9) }\n")
    page.settle(f"!{overlay} && {style('h1', 'color')} === 'rgb(7, 8, 9)'")
    assert page.script("return window.isSame")
    assert (page.errors, page.bad) == ([], [])


@pytest.mark.parametrize("framework", [*MODULES])
def test_the_page_after_a_watch_was_killed_names_sources(framework: str, tmp_path: Path) -> None:
    with started(framework, tmp_path / "project") as site:
        assert re.fullmatch(r"/static/css/site\.[0-9a-f]{16}\.css", site.sheet())
        lock = site.root / ".assetbuild/lock"
        os.kill(int(lock.read_text()), signal.SIGKILL)
        site.wait(lambda: is_free(lock))
        assert site.sheet() == "/static/css/site.css"
        assert site.server.get("/static/css/site.css").body == (site.root / "static/css/site.css").read_bytes()


def is_free(lock: Path) -> bool:
    import fcntl

    with lock.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
