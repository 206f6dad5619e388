"""Pages of Flask and Starlette in Chromium: modules with and without an import map, under a strict policy.

What is refused or missing says so in the console, so an empty console is the claim. `Integrity-Policy` is Chromium's
successor of `require-sri-for`: it loads no script whose digest is not known beforehand, imported or not.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from assetbuild.build import build
from assetbuild.config import parse_config
from assetbuild.runtime import Manifest
from tests.conftest import write_files
from tests.support.browser import Browser
from tests.support.reference_site import FONT, png
from tests.support.servers import Running, gunicorn, nginx, uvicorn

pytest_plugins = ["tests.support.browser_fixture"]
pytestmark = pytest.mark.slow

SOURCES: dict[str, str | bytes] = {
    "static/css/site.css": (
        "@font-face { font-family: Site; src: url(../fonts/site.woff2) format('woff2') }\n"
        "p { font-family: Site; background: url(../img/dot.png) }\n"
    ),
    "static/fonts/site.woff2": FONT.read_bytes(),
    "static/img/dot.png": png(1),
    "static/img/icon.png": png(2),
    "shop/static/badge.png": png(3),
    "static/js/classic.js": "var classic = 'classic';\n",
    "static/js/app.js": (
        'import { one } from "./lib/one.js";\nimport "./side.js";\n'
        "const lazy = await import('./lazy.js');\n"
        'const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });\n'
        "worker.onmessage = ({ data }) => {\n"
        "  window.results = [classic, window.side, one(), lazy.value, data].join(' ');\n"
        "  document.querySelector('p').textContent = window.results;\n"
        "};\nworker.postMessage('');\n"
    ),
    "static/js/lib/one.js": 'import { two } from "../two.js";\nexport const one = () => "one " + two;\n',
    "static/js/two.js": 'export { one } from "./lib/one.js";\nexport const two = "two";\n',
    "static/js/side.js": "window.side = 'side';\n",
    "static/js/lazy.js": 'import { two } from "./two.js";\nimport "./late.js";\nexport const value = "lazy " + two;\n',
    "static/js/late.js": "window.late = true;\n",
    "static/js/worker.js": 'import { two } from "./two.js";\nonmessage = () => postMessage("worker " + two);\n',
}
RESULTS = "classic side one two lazy two worker two"

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>page</title>
<link rel="icon" href="{{ asset_url('img/icon.png') }}">
{{ asset_importmap("js/app.js", nonce=nonce) }}
{{ asset_modulepreload("js/app.js", nonce=nonce) }}
{{ asset_preload("fonts/site.woff2") }}
{{ asset_style("css/site.css", nonce=nonce) }}
{{ asset_script("js/classic.js", nonce=nonce, defer=True) }}
{{ asset_script("js/app.js", module=True, nonce=nonce) }}
</head><body><p>waiting</p><img alt="" src="{{ image }}"></body></html>"""

POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'nonce-{nonce}'; img-src 'self';"
    " font-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

COMMON = f"""
import os, secrets
PAGE = {PAGE!r}
def headers(nonce):
    found = {{"Content-Security-Policy": {POLICY!r}.format(nonce=nonce)}}
    if os.environ["STRICT"]:
        found["Integrity-Policy"] = "blocked-destinations=(script)"
    return found
"""

FLASK = f"""{COMMON}
from flask import Blueprint, Flask, render_template_string, url_for
from assetbuild.runtime.flask import AssetBuild

assets = AssetBuild(blueprints={{"shop": "shop"}})
shop = Blueprint("shop", __name__, static_folder="shop/static", url_prefix="/shop")

@shop.get("/")
def page():
    nonce = secrets.token_urlsafe()
    image = url_for(".static", filename="badge.png")
    return render_template_string(PAGE, nonce=nonce, image=image), headers(nonce)

def create_app():
    # For the test: elsewhere a web server sends the files.
    files = os.path.join(os.path.dirname(os.environ["ASSETBUILD_MANIFEST"]), "files")
    app = Flask(__name__, static_folder=files, static_url_path="/static")
    assets.init_app(app)
    app.register_blueprint(shop)
    return app
"""

STARLETTE = f"""{COMMON}
from jinja2 import DictLoader, Environment
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.templating import Jinja2Templates
from assetbuild.runtime.starlette import ReleaseFiles, install

static = ReleaseFiles()
templates = Jinja2Templates(env=Environment(loader=DictLoader({{"page": PAGE}}), autoescape=True))
install(templates, static)

async def page(request):
    nonce = secrets.token_urlsafe()
    image = request.url_for("static", path="shop/badge.png")
    return templates.TemplateResponse(request, "page", {{"nonce": nonce, "image": image}}, headers=headers(nonce))

app = Starlette(routes=[Route("/shop/", page), Mount("/static", static)])
"""


@contextmanager
def flask_site(directory: Path, root: str, env: dict[str, str]) -> Iterator[Running]:
    (directory / "site_module.py").write_text(FLASK)
    # gunicorn takes the script root from its environment and off the path.
    with gunicorn(directory, "site_module:create_app()", "--threads", "4", env={**env, "SCRIPT_NAME": root}) as server:
        yield server


@contextmanager
def starlette_site(directory: Path, root: str, env: dict[str, str]) -> Iterator[Running]:
    (directory / "site_module.py").write_text(STARLETTE)
    with uvicorn(directory, "site_module:app", "--root-path", root, env=env) as server:
        if not root:
            yield server
            return
        # uvicorn expects a proxy that takes the root path off.
        location = f"proxy_pass {server.url}/; proxy_set_header Host $http_host;"
        with nginx(directory, f"location {root}/ {{ {location} }}") as proxy:
            yield proxy


Site = Callable[[Path, str, dict[str, str]], AbstractContextManager[Running]]


def release(directory: Path, modules: str, changed: dict[str, str] | None = None) -> Path:
    write_files(directory, {**SOURCES, **(changed or {})})
    roots = ["static", {"path": "shop/static", "prefix": "shop"}]
    table = {"roots": roots, "javascript": {"modules": modules}, "compress": {"br": 5, "gz": False}}
    return build(parse_config(table, directory / "assetbuild.toml")).dir


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {modules: release(tmp_path_factory.mktemp(modules), modules) for modules in ("rewrite", "importmap")}


def environment(release_dir: Path, *, strict: bool) -> dict[str, str]:
    return {"ASSETBUILD_MANIFEST": str(release_dir / "manifest.json"), "STRICT": "1" if strict else ""}


@pytest.mark.parametrize("site", [flask_site, starlette_site])
@pytest.mark.parametrize(("modules", "root"), [("rewrite", ""), ("importmap", "/app")])
def test_a_page_loads_all_its_modules_from_fingerprinted_urls_with_their_integrity(
    browser: Browser, tmp_path: Path, releases: dict[str, Path], site: Site, modules: str, root: str
) -> None:
    manifest = Manifest.load(releases[modules] / "manifest.json")
    with site(tmp_path, root, environment(releases[modules], strict=modules == "importmap")) as server:
        page = browser.open(f"{server.url}{root}/shop/", "window.results")
        assert page.script("return [window.results, document.querySelector('p').textContent]") == [RESULTS, RESULTS]
        assert (page.bad, page.console) == ([], [])
        assert page.script("return Array.from(document.images, image => image.naturalWidth)") == [1]
        assert page.script("return Array.from(document.fonts, font => font.status)") == ["loaded"]
        maps = page.script("return document.querySelectorAll('script[type=importmap]').length")
    asked = {urlsplit(answer.url).path for answer in page.answers}
    wanted = {f"{root}/static/{manifest.entry(path).file}" for path in manifest}
    worker = (
        f"{root}/static/{manifest.entry('js/worker.js').file}"  # the page is not told what came; its word was heard
    )
    assert asked == {f"{root}/shop/"} | wanted - {worker}
    assert all(re.search(r"\.[0-9a-f]{16}\.\w+\Z", url) for url in wanted)
    assert maps == (modules == "importmap")


@pytest.mark.parametrize(
    ("site", "path"),
    [
        (flask_site, "js/app.js"),
        (starlette_site, "js/two.js"),
        (flask_site, "js/late.js"),
        (flask_site, "css/site.css"),
    ],
)
def test_a_script_or_style_sheet_that_was_changed_on_its_way_is_refused(
    browser: Browser, tmp_path: Path, releases: dict[str, Path], site: Site, path: str
) -> None:
    """An entry, a static and a dynamic import, a style sheet: all are checked, so an empty console means something."""
    changed = tmp_path / "changed"
    shutil.copytree(releases["importmap"], changed)
    file = changed / "files" / Manifest.load(changed / "manifest.json").entry(path).file
    for one in (file, file.with_name(file.name + ".br")):
        one.unlink(missing_ok=True)
    file.write_text("/* changed */")
    with site(tmp_path, "", environment(changed, strict=True)) as server:
        page = browser.open(f"{server.url}/shop/")
        page.settle("performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert any("digest in the 'integrity' attribute" in message.text for message in page.errors), page.console


@pytest.mark.parametrize(
    ("modules", "renamed"),
    [("importmap", {"js/late.js"}), ("rewrite", {"js/late.js", "js/lazy.js", "js/app.js"})],
)
def test_a_changed_module_renames_itself_alone_where_there_is_an_import_map(
    tmp_path: Path, releases: dict[str, Path], modules: str, renamed: set[str]
) -> None:
    """What the map is for: with rewritten specifiers the change goes up to every importer."""
    after = Manifest.load(release(tmp_path, modules, {"static/js/late.js": "window.late = 1;\n"}) / "manifest.json")
    before = Manifest.load(releases[modules] / "manifest.json")
    assert {path for path in after if before.entry(path).file != after.entry(path).file} == renamed
