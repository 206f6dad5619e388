"""Pages in Chromium, from their sources and from a release: the same looks, console and network, and nothing missing.

The sources are served as they lie in their roots, under the plain URLs that development has. A bundle of scripts is
then its contents one after the other, and a bundle of style sheets an `@import` of each: no code of ours makes either.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from flask import Flask

from assetbuild.build import build
from assetbuild.config import Config, load_config
from assetbuild.rules import Minifying, MinifyOptions
from assetbuild.runtime.flask import AssetBuild
from assetbuild.runtime.manifest import Manifest
from assetbuild.runtime.modes import PlainUrls
from tests.conftest import Site, write_files
from tests.support import packages, reference_site
from tests.support.browser import Browser, Page, changes, find_browser
from tests.support.needs import need
from tests.support.server import Server, serve, static

pytest_plugins = ["tests.support.browser_fixture"]
pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parent.parent / "sample_project"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self';"
    " manifest-src 'self'; base-uri 'none'; form-action 'none'"
)
_FINGERPRINT = re.compile(r"\.[0-9a-f]{16}(?=\.\w+)")
_TAG = re.compile(r'(<script src|<link rel="stylesheet" href)="/static/([^"]+)"')


def plain(text: str) -> str:
    """Without fingerprints, and with percent-escapes undone: which characters need one is a matter of taste."""
    return _FINGERPRINT.sub("", unquote(text))


def network(server: Server) -> list[tuple[str, int]]:
    """Each URL that was asked for, without its fingerprint, and the status of its answer."""
    return sorted({(plain(path), status) for path, status in server.requests})


@dataclass
class Sample:
    """The sample site, served twice from one directory."""

    unbuilt: Server
    built: Server


def verified() -> Minifying:
    return Minifying(("rjsmin",), ("rcssmin",))


def trusted() -> Minifying:
    return Minifying(("esbuild",), ("lightningcss",), MinifyOptions(esbuild=need(packages.esbuild)))


@pytest.fixture(scope="module", params=[verified, trusted])
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    directory = tmp_path_factory.mktemp("sample") / "sample_project"
    shutil.copytree(SAMPLE, directory, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    config = load_config(directory / "assetbuild.toml")
    # Without Django's admin, which these pages have no part of.
    config = config._replace(compress=(), roots=config.roots[:1], minify=(("**", request.param()),))
    release = build(config)
    manifest = Manifest.load(release.dir / "manifest.json")
    bundles = directory / "bundles"
    write_files(
        bundles, {path: _as_sources(directory / "static", path) for path in ("js/classic.js", "css/components.css")}
    )
    with ExitStack() as stack, pytest.MonkeyPatch.context() as environment:
        environment.setenv("ASSETBUILD_MANIFEST", str(release.dir / "manifest.json"))
        built = _application(
            directory, {manifest.entry(path).file: manifest.entry(path).integrity for path in manifest}
        )
        environment.setenv("ASSETBUILD_MODE", "development")
        unbuilt = _application(directory, {})
        sources = static([("/static", directory / "static"), ("/static", bundles)], otherwise=unbuilt)
        yield Sample(stack.enter_context(serve(sources)), stack.enter_context(serve(static([], otherwise=built))))


def _as_sources(root_dir: Path, bundle: str) -> str:
    """What bundles.yaml says, without the build."""
    if bundle == "js/classic.js":
        files = [root_dir / "js/classic/theme.js", *sorted((root_dir / "js/classic/almanac").glob("*.js"))]
        return "\n;\n".join(file.read_text() for file in files)
    return "".join(f'@import "../components/{name}/{name}.css";\n' for name in ("exhibit", "tide", "timetable"))


def _application(directory: Path, integrity: dict[str, str | None]) -> Flask:
    """The sample's own, with a strict policy; tags get what `integrity` has for their file."""
    spec = importlib.util.spec_from_file_location("sample_flask_app", directory / "flask_app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as modules:
        modules.setitem(sys.modules, spec.name, module)  # Flask looks its module up, to find the templates
        spec.loader.exec_module(module)
        app: Flask = module.create_app()
        if not integrity:  # plain URLs of bundles too
            AssetBuild(app, assets=PlainUrls())

    def with_integrity(match: re.Match[str]) -> str:
        return f'{match[0]} integrity="{integrity[match[2]]}"'

    @app.after_request
    def strict(response: Any) -> Any:
        response.headers["Content-Security-Policy"] = POLICY
        if integrity and response.mimetype == "text/html":
            text, count = _TAG.subn(with_integrity, response.get_data(as_text=True))
            assert count == 4
            response.set_data(text)
        return response

    return app


def test_the_browser_sees_what_is_wrong_with_a_page(browser: Browser, tmp_path: Path) -> None:
    write_files(tmp_path, {"a.js": "console.warn('said'); throw new Error('thrown')", "b.js": "", "a.css": "a{}"})
    html = """<!doctype html><link rel="stylesheet" href="/static/a.css" integrity="sha384-AAAA">
        <script>inline</script><script src="/static/a.js"></script><img src="/static/gone.png">
        <script src="/static/b.js" integrity="sha384-AAAA"></script><p style="color: red">"""
    with serve(static([("/static", tmp_path)], {"/": html}, {"Content-Security-Policy": POLICY})) as server:
        page = browser.open(server.url + "/")
    kinds = {(message.level, message.source, message.text.partition(" ")[0]) for message in page.console}
    assert kinds == {
        ("SEVERE", "security", "Executing"),  # the inline script
        ("SEVERE", "security", "Applying"),  # the inline style
        ("SEVERE", "security", "Failed"),  # both integrities
        ("SEVERE", "javascript", "Uncaught"),
        ("SEVERE", "network", "Failed"),
        ("WARNING", "console-api", '"said"'),
    }
    assert [answer.url.removeprefix(server.url) for answer in page.bad] == ["/static/gone.png"]
    assert ("/static/gone.png", 404) in server.requests


def test_without_a_browser_the_tests_are_skipped_and_under_ci_they_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for ci, outcome in (("", pytest.skip.Exception), ("false", pytest.skip.Exception), ("true", pytest.fail.Exception)):
        monkeypatch.setenv("CI", ci)
        with pytest.raises(outcome) as caught:
            find_browser(tmp_path)
        assert str(caught.value) == "chromedriver is not installed"


def test_the_browser_tells_looks_apart(browser: Browser, tmp_path: Path) -> None:
    write_files(tmp_path, {"a.css": "b { --x: 1 } b::before { content: 'x' }", "b.css": "b::before { content: 'y' }"})
    pages = {f"/{name}": f'<!doctype html><link rel="stylesheet" href="/static/{name}.css"><b>x</b>' for name in "ab"}
    with serve(static([("/static", tmp_path)], pages)) as server:
        before, after = (browser.open(server.url + path).styles() for path in pages)
    assert changes(before, after) == {
        ("html:1>body:2>b:1", "--x", "1", ""),
        ("html:1>body:2>b:1::before", "--x", "1", ""),
        ("html:1>body:2>b:1::before", "content", '"x"', '"y"'),
    }


def seen(page: Page) -> tuple[Any, ...]:
    """What a visitor gets, in parts of which each is to be equal."""
    html = page.script("return document.documentElement.outerHTML")
    html = re.sub(r' integrity="sha256-[^"]{44}"|http://127\.0\.0\.1:\d+', "", plain(html))
    return page.styles(plain), html, page.console


@pytest.mark.parametrize("path", ["/", "/visit/"])
def test_the_sample_site_is_the_same_from_its_sources_and_from_its_release(
    browser: Browser, sample: Sample, path: str
) -> None:
    visits = []
    for server in (sample.unbuilt, sample.built):
        page = browser.open(server.url + path)
        states = [seen(page)]
        for action in ("lamp", "theme"):
            page.script("document.querySelector(`[data-action=${arguments[0]}]`)?.click()", action)
            page.settle()
            states.append(seen(page))
        assert (page.bad, page.console) == ([], [])
        visits.append(states)
    unbuilt, built = visits
    assert len(unbuilt[0][0]) >= 100
    for (before, *others), (after, *others_after) in zip(unbuilt, built, strict=True):
        found = changes(before, after)
        # lightningcss writes 'background: none' as '0 0': the same point.
        assert {change for change in found if change[1:] != ("background-position", "0% 0%", "0px 0px")} == set()
        assert others == others_after
    assert changes(unbuilt[0][0], unbuilt[2][0]) != set()  # day and night


@pytest.fixture
def reference_sites(site: Site, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    config: Config = site(reference_site.FILES)
    release = build(config)
    assert [warning.where.file for warning in release.warnings if warning.where] == ["css/quoted.css"]
    manifest = Manifest.load(release.dir / "manifest.json")
    with (
        serve(static([("/static", config.roots[0].dir)], {"/": reference_site.page(PlainUrls().url)})) as unbuilt,
        serve(static([("/static", release.dir / "files")], {"/": reference_site.page(manifest.url)})) as built,
    ):
        yield unbuilt, built


def test_every_kind_of_reference_asks_for_the_same_in_sources_and_release(
    browser: Browser, reference_sites: tuple[Server, Server]
) -> None:
    found = []
    for server in reference_sites:
        page = browser.open(server.url + "/", "window.results")
        results = page.script("return window.results")
        fonts = page.script("return Array.from(document.fonts, font => `${font.family} ${font.status}`)")
        assert (results, page.bad, page.console) == (reference_site.RESULTS, [], [])
        assert fonts == ["Site loaded"]
        found.append((network(server), *seen(page)))
    (asked, styles, *others), (asked_after, styles_after, *others_after) = found
    wanted = reference_site.FILES.keys() - reference_site.UNUSED
    assert {path.partition("?")[0] for path, _ in asked} == {"/", *(f"/static/{path}" for path in wanted)}
    assert asked == asked_after
    assert changes(styles, styles_after) == set()
    assert others == others_after
