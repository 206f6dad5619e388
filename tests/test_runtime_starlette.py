"""Starlette: URLs in templates and code, and the files of a real release over HTTP from uvicorn."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import brotli
import pytest
from jinja2 import DictLoader, Environment
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from assetbuild.build import build
from assetbuild.config import parse_config
from assetbuild.runtime import Manifest, ManifestError, MissingAsset, PlainUrls
from assetbuild.runtime.starlette import ReleaseFiles, install
from tests.conftest import write_files
from tests.support.documentation import page_of_documentation, run_first_commands
from tests.support.sample import run_in_development
from tests.support.servers import uvicorn

pytest_plugins = ["tests.support.runtime_fixtures"]
pytestmark = pytest.mark.usefixtures("no_environment")

CSS = "a { background: url(../img/dot.png) }\n" + "p { color: red }\n" * 200
SOURCES = {
    "css/site.css": CSS,
    "img/dot.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4,
    "img/a b@2.png": b"\x89PNG two",
    "js/app.js": "import './lib.js';\n" + "f();\n" * 200,
    "js/lib.js": "export let x = 1;\n",
    "robots.txt": "User-agent: *\n" + "Disallow: /x\n" * 200,
    "empty.txt": "",
    "site.webmanifest": "{}\n",
}


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Path:
    """The directory of a release, by way of the link `current`."""
    base = tmp_path_factory.mktemp("site")
    write_files(base / "static", SOURCES)
    table = {"stable": ["robots.txt"], "compress": {"br": 5, "gz": 6}, "minify": {"css": [], "js": []}}
    build(parse_config(table, base / "assetbuild.toml"))
    return base / "dist" / "current"


@pytest.fixture(scope="module")
def assets(release) -> Manifest:
    return Manifest.load(release / "manifest.json")


def ask(app, target="/", root="", headers=(), method="GET"):
    """Status, headers and body of the application's answer; `target` as it is, below the root path `root`."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    raw = [
        (name.lower().encode(), value.encode())
        for name, value in dict({"host": "site.example"} | dict(headers)).items()
    ]
    scope = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": method}
    scope |= {"scheme": "http", "path": root + target, "raw_path": b"", "query_string": b"", "root_path": root}
    scope |= {"headers": raw, "server": ("site.example", 80), "client": ("127.0.0.1", 1)}
    asyncio.run(app(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}, body


def page(text, *routes, assets=None, **options):
    """An application whose `/` is the template `text`."""
    templates = Jinja2Templates(env=Environment(loader=DictLoader({"page": text, "macros": MACROS}), autoescape=True))
    install(templates, assets, **options)

    async def view(request):
        return templates.TemplateResponse(request, "page", {"request": request})

    return Starlette(routes=[Route("/", view), *routes])


MACROS = "{% macro head() %}{{ asset_url('css/site.css') }}{% endmacro %}"
URL = "{{ asset_url('css/site.css') }}"
ALL_TAGS = """{{ asset_style("css/site.css", nonce="n") }}
{{ asset_script("js/app.js", module=True, integrity=False) }}
{{ asset_modulepreload("js/app.js", integrity=False) }}
{{ url_for("static", path="css/site.css") }}"""


def text(app, root="", headers=()):
    status, _, body = ask(app, "/", root, headers)
    assert status == 200
    return body.decode()


# URLs


@pytest.mark.parametrize("root", ["", "/app"])
def test_templates_have_the_tags_at_the_root_path_and_the_mount(release, assets, root):
    files = ReleaseFiles(release / "manifest.json")
    css = assets.entry("css/site.css").file
    whole = f'integrity="{assets.entry("css/site.css").integrity}" crossorigin="anonymous"'
    app_js, lib_js = (assets.entry(f"js/{name}.js").file for name in ("app", "lib"))
    for at in ("/static", "/deep/files"):
        base = f"{root}{at}"
        assert text(page(ALL_TAGS, Mount(at, files), assets=files), root) == (
            f'<link rel="stylesheet" href="{base}/{css}" {whole} nonce="n">\n'
            f'<script type="module" src="{base}/{app_js}"></script>\n'
            f'<link rel="modulepreload" href="{base}/{lib_js}">\n<link rel="modulepreload" href="{base}/{app_js}">\n'
            f"http://site.example{base}/{css}"
        )


def test_url_for_in_code_gives_the_released_url_of_known_names_only(release, assets):
    made = []
    paths = ["css/site.css", "/css/site.css", "img/a b@2.png", "uploads/me.png", "css/site.css?x"]

    async def view(request):
        made.extend(str(request.url_for("static", path=path)) for path in paths)
        made.append(str(request.app.url_path_for("static", path=paths[0])))
        made.append(str(request.app.url_path_for("home")))
        return PlainTextResponse("")

    app = Starlette(routes=[Mount("/static", ReleaseFiles(release / "manifest.json")), Route("/", view, name="home")])
    ask(app, "/", "/app")
    css, image = assets.entry("css/site.css").file, assets.entry(paths[2]).file.replace(" ", "%20").replace("@", "%40")
    base = "http://site.example/app/static/"
    expected = [f"{base}{name}" for name in (css, css, image, "uploads/me.png", "css/site.css?x")]
    assert made == [*expected, f"/static/{css}", "/"]


def test_the_mount_may_have_another_name_and_be_inside_another(release, assets):
    files = ReleaseFiles(release / "manifest.json", name="assets")
    inner = Mount("/inner", routes=[Mount("/s", files)], name="inner")
    css = assets.entry("css/site.css").file
    app = page("{{ url_for('inner:assets', path='css/site.css') }} " + URL, inner, assets=files, name="inner:assets")
    assert text(app, "/app") == f"http://site.example/app/inner/s/{css} /app/inner/s/{css}"


def test_pages_of_a_mounted_application_use_the_mount_of_the_whole(release, assets):
    files = ReleaseFiles(release / "manifest.json")
    app = Starlette(routes=[Mount("/static", files), Mount("/part", page(URL, assets=files))])
    assert ask(app, "/part/", "/app")[2].decode() == "/app/static/" + assets.entry("css/site.css").file


def test_a_mount_with_a_name_of_its_own_answers_url_for_itself(release, assets):
    files = ReleaseFiles(release / "manifest.json")
    app = page(URL + " {{ url_for('static', path='css/site.css') }}", Mount("/s", files, name="static"), assets=files)
    css = assets.entry("css/site.css").file
    assert text(app) == f"/s/{css} http://site.example/s/css/site.css"
    status, _, body = ask(app, "/s/css/site.css")
    said = f"'css/site.css' is released as '{css}'; url_for() says so where ReleaseFiles is mounted without a name"
    assert (status, body.decode()) == (404, said)


def test_without_a_mount_the_manifest_says_where_the_files_are(release, assets):
    assert text(page(URL, assets=assets), "/app") == assets.url("css/site.css")
    app = page(
        URL, Mount("/s", StaticFiles(directory=release / "files"), name="static"), assets=release / "manifest.json"
    )
    assert text(app, "/app") == "/app/s/" + assets.entry("css/site.css").file


def test_a_mount_on_a_host_of_its_own(release, assets):
    files = ReleaseFiles(release / "manifest.json")
    app = page(URL, Host("static.example", Router([Mount("/s", files)]), name="cdn"), assets=files, name="cdn:static")
    assert text(app) == "//static.example/s/" + assets.entry("css/site.css").file


def test_a_base_url_of_its_own_needs_no_request(release, assets, monkeypatch):
    css = assets.entry("css/site.css").file
    for options in ({"base_url": "https://cdn.example"}, {}):
        if not options:
            monkeypatch.setenv("ASSETBUILD_BASE_URL", "https://cdn.example/")
        files = ReleaseFiles(release / "manifest.json")
        app = page("{% import 'macros' as m %}{{ m.head() }}", Mount("/static", files), assets=files, **options)
        assert text(app, "/app") == f"https://cdn.example/{css}"
    monkeypatch.delenv("ASSETBUILD_BASE_URL")
    given = assets.with_base_url("https://other.example")
    mount = Mount("/static", ReleaseFiles(release / "manifest.json"))
    assert text(page(URL, mount, assets=given), "/app") == f"https://other.example/{css}"


def test_a_macro_without_context_is_told_what_it_needs(release, assets):
    files = ReleaseFiles(release / "manifest.json")
    app = page("{% import 'macros' as m with context %}{{ m.head() }}", Mount("/static", files), assets=files)
    assert text(app, "/app") == "/app/static/" + assets.entry("css/site.css").file
    with pytest.raises(RuntimeError) as caught:
        text(page("{% import 'macros' as m %}{{ m.head() }}", Mount("/static", files), assets=files))
    assert str(caught.value) == (
        "an asset's URL needs 'request' in the context of its template; render by 'TemplateResponse',"
        " import macros 'with context', or set ASSETBUILD_BASE_URL"
    )


@pytest.mark.parametrize(("root", "written"), [("//evil.example", "/evil.example"), ('/"><b>', "/%22%3E%3Cb%3E")])
def test_a_root_path_cannot_leave_the_origin_or_its_attribute(release, assets, root, written):
    files = ReleaseFiles(release / "manifest.json")
    made = text(page("{{ asset_style('css/site.css', integrity=False) }}", Mount("/static", files), assets=files), root)
    assert made == f'<link rel="stylesheet" href="{written}/static/{assets.entry("css/site.css").file}">'


def test_a_root_path_may_end_in_a_slash(release, assets):
    files = ReleaseFiles(release / "manifest.json")
    app = page(URL, Mount("/static", files), assets=files)

    async def behind(scope, receive, send):
        await app({**scope, "root_path": "/app/"}, receive, send)

    assert text(behind) == "/app/static/" + assets.entry("css/site.css").file


def test_a_path_may_be_said_by_its_name(release, assets):
    files = ReleaseFiles(release / "manifest.json")
    app = page("{{ asset_url(path='css/site.css') }}", Mount("/static", files), assets=files)
    assert text(app) == "/static/" + assets.entry("css/site.css").file


def test_one_set_of_templates_serves_several_applications_and_any_root_path(release, assets):
    files = ReleaseFiles(release / "manifest.json")
    templates = Jinja2Templates(env=Environment(loader=DictLoader({"page": URL}), autoescape=True))
    install(templates, files)
    found = templates.env.globals["asset_url"].__closure__

    async def view(request):
        return templates.TemplateResponse(request, "page", {"request": request})

    css = assets.entry("css/site.css").file
    apps = {at: Starlette(routes=[Route("/", view), Mount(at, files)]) for at in ("/a", "/b")}
    for number in range(20):
        for at, app in apps.items():
            assert text(app, f"/{number}") == f"/{number}{at}/{css}"
    (find,) = [cell.cell_contents for cell in found if callable(cell.cell_contents)]
    assert len(find.__self__._made) <= 16


def test_missing_names_are_errors_in_templates(release):
    files = ReleaseFiles(release / "manifest.json")
    with pytest.raises(MissingAsset):
        text(page("{{ asset_url('css/sit.css') }}", Mount("/static", files), assets=files))
    files = ReleaseFiles(release / "manifest.json", on_missing="plain")
    app = page("{{ asset_url('css/sit.css') }}", Mount("/static", files), assets=files)
    assert text(app, "/app") == "/app/static/css/sit.css"


# Development, and bad beginnings


def test_in_development_the_sources_are_served_under_plain_urls(tmp_path, monkeypatch):
    write_files(tmp_path, {"css/site.css": CSS})
    monkeypatch.setenv("ASSETBUILD_MODE", "development")
    files = ReleaseFiles(sources=tmp_path)
    app = page(URL + " {{ url_for('static', path='css/site.css') }}", Mount("/static", files), assets=files)
    assert text(app, "/app") == "/app/static/css/site.css http://site.example/app/static/css/site.css"
    status, headers, body = ask(app, "/static/css/site.css")
    assert (status, body.decode(), "cache-control" in headers) == (200, CSS, False)
    assert ask(app, "/static/../secret")[0] == ask(app, "/static/none.css")[0] == 404
    with pytest.raises(ManifestError) as caught:
        ReleaseFiles()
    assert str(caught.value) == (
        "in development ReleaseFiles serves sources, and has none\n"
        "  fix: say where they are: ReleaseFiles(sources='static')"
    )


def test_plain_urls_stand_in_for_a_release_in_tests():
    app = page(URL, assets=PlainUrls())
    assert text(app, "/app") == "/static/css/site.css"


def test_plain_urls_may_have_a_base_url_of_their_own(release, tmp_path):
    mount = Mount("/static", ReleaseFiles(release / "manifest.json"))
    files = ReleaseFiles(sources=tmp_path, mode="development", base_url="https://cdn.example/x")
    for given in (PlainUrls("https://cdn.example/x"), files):
        assert text(page(URL, mount, assets=given), "/app") == "https://cdn.example/x/css/site.css"


@pytest.mark.parametrize("name", ["mode", "on_missing"])
def test_what_would_have_no_effect_is_refused(release, name):
    for given in (ReleaseFiles(release / "manifest.json"), PlainUrls()):
        with pytest.raises(TypeError) as caught:
            page(URL, assets=given, **{name: "plain" if name == "on_missing" else "development"})
        assert str(caught.value) == f"'{name}' has no effect on assets that are given whole; say it where they are made"


def test_a_manifest_that_no_build_wrote_stops_the_process_at_its_start(tmp_path):
    from binascii import crc32

    body = b'"b":{"file":"b1","size":1},"a":{"file":"a1","size":1}'
    head = b'"checksum":"%08x","release":"r","url_prefix":"/","version":1' % crc32(body)
    write_files(tmp_path, {"manifest.json": b'{"assets":{' + body + b"}," + head + b"}", "files/a1": ""})
    with pytest.raises(ManifestError) as caught:
        ReleaseFiles(tmp_path / "manifest.json")
    assert str(caught.value) == (
        f"{tmp_path}/manifest.json: asset 'b' is not where it is looked for\n"
        "  fix: run 'assetbuild build' to make the release again"
    )


def test_a_bad_manifest_or_a_manifest_alone_stops_the_process_at_its_start(release, tmp_path):
    with pytest.raises(ManifestError) as caught:
        ReleaseFiles("/nowhere/manifest.json")
    assert str(caught.value).startswith("/nowhere/manifest.json: the manifest cannot be read: No such file")
    with pytest.raises(ManifestError, match="no manifest is named"):
        ReleaseFiles()
    shutil.copy(release / "manifest.json", tmp_path)
    with pytest.raises(ManifestError) as caught:
        ReleaseFiles(tmp_path / "manifest.json")
    assert str(caught.value) == (
        f"{tmp_path}/manifest.json: there is no directory '{tmp_path}/files' beside it\n"
        "  fix: deploy the whole release, or have another server send its files and leave ReleaseFiles out"
    )


# Files, over HTTP


MODULE = """
from starlette.applications import Starlette
from starlette.routing import Mount
from assetbuild.runtime.starlette import ReleaseFiles
app = Starlette(routes=[Mount("/static", ReleaseFiles())])
cors = Starlette(routes=[Mount("/static", ReleaseFiles(cors=True))])
root = ReleaseFiles()
"""


@pytest.fixture(scope="module")
def server(release, tmp_path_factory):
    directory = tmp_path_factory.mktemp("uvicorn")
    (directory / "application.py").write_text(MODULE)
    with uvicorn(directory, "application:app", env={"ASSETBUILD_MANIFEST": str(release / "manifest.json")}) as found:
        yield found


IMMUTABLE, SHORT = "max-age=31536000, public, immutable", "max-age=60, public"


def test_every_file_of_the_manifest_is_served_with_its_type_and_caching(server, assets):
    types = {
        "css/site.css": "text/css; charset=utf-8",
        "img/dot.png": "image/png",
        "img/a b@2.png": "image/png",
        "js/app.js": "text/javascript; charset=utf-8",
        "js/lib.js": "text/javascript; charset=utf-8",
        "robots.txt": "text/plain; charset=utf-8",
        "empty.txt": "text/plain; charset=utf-8",
        "site.webmanifest": "application/manifest+json",
    }
    assert types.keys() == set(assets)
    for path, type_ in types.items():
        answer = server.get(assets.with_base_url("/static/").url(path))
        assert (answer.status, answer.headers["content-type"]) == (200, type_)
        assert answer.headers["cache-control"] == IMMUTABLE
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-length"] == str(len(answer.body))
        assert "access-control-allow-origin" not in answer.headers
        if path not in ("css/site.css", "js/app.js"):
            source = SOURCES[path]
            assert answer.body == (source.encode() if isinstance(source, str) else source)
    assert server.get("/static/robots.txt").headers["cache-control"] == SHORT
    assert server.get("/static/robots.txt").body == SOURCES["robots.txt"].encode()


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (None, ""),
        ("", ""),
        ("gzip", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.5, gzip;q=0.9", "gzip"),
        ("br;q=0, gzip;q=0", ""),
        ("BR ; Q=1.0", "br"),
        ("*", "br"),
        ("*;q=0.1, br;q=0", "gzip"),
        ("*;q=0", ""),
        ("identity, gzip;q=0.5", ""),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity;q=0", ""),  # nothing else is asked for: better plain than nothing
        ("gzip;q=2", ""),
        ("gzip;q=nan, br;q=inf", ""),
        ("gzip;q=0.0001", ""),
        ("zstd", ""),
        ("brotli, x-gzip, gzipped", ""),
        (",;,=,;q=1,", ""),
    ],
)
def test_the_encoding_is_the_one_that_is_liked_best(server, assets, accepted, coding):
    url = assets.with_base_url("/static/").url("css/site.css")
    plain = server.get(url)
    answer = server.get(url, {} if accepted is None else {"Accept-Encoding": accepted})
    assert (answer.status, answer.headers.get("content-encoding", "")) == (200, coding)
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    decoded = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[coding](answer.body)
    assert decoded == plain.body
    assert (answer.headers["etag"] == plain.headers["etag"]) == (coding == "")


def test_what_has_no_variants_does_not_vary(server, assets):
    answer = server.get(assets.with_base_url("/static/").url("img/a b@2.png"), {"Accept-Encoding": "br, gzip"})
    assert {"vary", "content-encoding"} & answer.headers.keys() == set()


def test_head_says_the_same_without_a_body(server, assets):
    for path in ("css/site.css", "img/dot.png"):
        url = assets.with_base_url("/static/").url(path)
        for headers in ({}, {"Accept-Encoding": "gzip"}):
            got, head = server.get(url, headers), server.get(url, headers, "HEAD")
            assert (head.status, head.body) == (200, b"")
            assert {**head.headers, "date": ""} == {**got.headers, "date": ""}


def test_other_methods_are_refused(server, assets):
    answer = server.get(assets.with_base_url("/static/").url("css/site.css"), method="POST")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_file_that_is_known_is_not_sent_again(server, assets):
    url = assets.with_base_url("/static/").url("css/site.css")
    tags = {coding: server.get(url, {"Accept-Encoding": coding}).headers["etag"] for coding in ("", "gzip", "br")}
    assert len(set(tags.values())) == 3
    for coding, tag in tags.items():
        for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            answer = server.get(url, {"Accept-Encoding": coding, "If-None-Match": known})
            assert (answer.status, answer.body) == (304, b"")
            assert (answer.headers["etag"], answer.headers["vary"]) == (tag, "Accept-Encoding")
            assert answer.headers["cache-control"] == IMMUTABLE
    assert server.get(url, {"Accept-Encoding": "br", "If-None-Match": tags["gzip"]}).status == 200


def test_known_tags_may_come_in_several_header_lines(release, assets):
    app = ReleaseFiles(release / "manifest.json")
    target = "/" + assets.entry("css/site.css").file
    known = ask(app, target)[1]["etag"]

    async def twice(scope, receive, send):
        lines = [(b"if-none-match", b'"other"'), (b"if-none-match", known.encode())]
        await app({**scope, "headers": [*scope["headers"], *lines]}, receive, send)

    assert ask(twice, target)[0] == 304


def test_a_time_alone_never_says_that_nothing_changed(server):
    """That of a stable name is made from its content, so the next one may be earlier."""
    answer = server.get("/static/robots.txt", {"If-Modified-Since": "Fri, 31 Dec 2099 23:59:59 GMT"})
    assert answer.status == 200


def test_ranges_are_of_the_plain_file_whatever_is_accepted(server, assets):
    url = assets.with_base_url("/static/").url("css/site.css")
    plain = server.get(url)
    length = len(plain.body)
    for accepted in ("", "br, gzip"):
        answer = server.get(url, {"Range": "bytes=10-19", "Accept-Encoding": accepted})
        assert (answer.status, answer.body) == (206, plain.body[10:20])
        assert answer.headers["content-range"] == f"bytes 10-19/{length}"
        assert "content-encoding" not in answer.headers
        assert server.get(url, {"Range": "bytes=-5", "Accept-Encoding": accepted}).body == plain.body[-5:]
        for tag, status in ((plain.headers["etag"], 206), ('"other"', 200)):
            headers = {"Range": "bytes=0-0", "If-Range": tag, "Accept-Encoding": accepted}
            assert server.get(url, headers).status == status
    assert server.get(url, {"Range": f"bytes={length}-"}).status == 416


@pytest.mark.parametrize(
    "target",
    [
        "/static/",
        "/static//css/site.css",
        "/static/css/site.css",
        "/static/../application.py",
        "/static/%2e%2e/manifest.json",
        "/static/..%2fmanifest.json",
        "/static/css/../{css}",
        "/static/./{css}",
        "/static//{css}",
        "/static/{css}/",
        "/static/{css}%00",
        "/static/{css}.br",
        "/static/{css}.gz",
        "/static/{CSS}",
        "/static/img%5cdot.png",
        "/static/%ff",
        "/static/files/{css}",
        "/static" + "/a" * 3000,
    ],
)
def test_nothing_but_exact_names_is_found(server, assets, target):
    css = assets.entry("css/site.css").file
    answer = server.get(target.format(css=css, CSS=css.upper()))
    assert answer.status == 404
    assert b"User-agent" not in answer.body


def test_escapes_in_a_url_do_not_matter(server, assets):
    file = assets.entry("css/site.css").file
    escaped = "".join(f"%{ord(char):02x}" for char in file)
    assert server.get(f"/static/{escaped}").status == 200


def test_it_works_without_an_application_below_a_root_path_and_for_other_origins(release, assets, tmp_path):
    (tmp_path / "application.py").write_text(MODULE)
    env = {"ASSETBUILD_MANIFEST": str(release / "manifest.json")}
    css = assets.entry("css/site.css").file
    with uvicorn(tmp_path, "application:root", env=env) as server:
        assert server.get(f"/{css}").status == 200
    with uvicorn(tmp_path, "application:cors", "--root-path", "/app", env=env) as server:
        answer = server.get(f"/static/{css}", {"Origin": "https://www.example"})
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, "*")


def test_a_root_path_that_a_proxy_took_away_is_not_missed(release, assets):
    app = Starlette(routes=[Mount("/static", ReleaseFiles(release / "manifest.json"))])
    css = assets.entry("css/site.css").file

    async def behind(scope, receive, send):
        await app({**scope, "root_path": "/app"}, receive, send)

    assert ask(behind, f"/static/{css}")[0] == ask(behind, f"/app/static/{css}")[0] == 200
    assert ask(behind, f"/app/app/static/{css}")[0] == 404


def test_a_release_that_is_deleted_is_missing_and_pages_are_still_rendered(release, tmp_path):
    shutil.copytree(release, tmp_path / "release")
    files = ReleaseFiles(tmp_path / "release/manifest.json")
    app = page(URL, Mount("/static", files), assets=files)
    shutil.rmtree(tmp_path / "release")
    url = text(app)
    assert ask(app, url)[0] == 404


def test_a_process_keeps_the_release_that_it_started_with(tmp_path):
    def built(color):
        write_files(tmp_path / "static", {"a.css": color})
        build(parse_config({"minify": {"css": []}}, tmp_path / "assetbuild.toml"))
        return ReleaseFiles(tmp_path / "dist/current/manifest.json")

    old = built("a { color: red }")
    app = page("{{ asset_url('a.css') }}", Mount("/static", old), assets=old)
    new = built("a { color: blue }")
    assert ask(app, text(app))[2] == b"a { color: red }"
    app = page("{{ asset_url('a.css') }}", Mount("/static", new), assets=new)
    assert ask(app, text(app))[2] == b"a { color: blue }"


def test_files_beside_the_release_are_not_served(release, tmp_path):
    shutil.copytree(release, tmp_path / "release")
    (tmp_path / "release/files").chmod(0o755)
    write_files(tmp_path / "release/files", {"secret.txt": "s", ".env": "s"})
    app = Starlette(routes=[Mount("/static", ReleaseFiles(tmp_path / "release/manifest.json"))])
    assert [ask(app, f"/static/{name}")[0] for name in ("secret.txt", ".env", "robots.txt")] == [404, 404, 200]


def test_an_asset_that_is_called_like_a_variant_is_none(tmp_path):
    write_files(tmp_path / "static", {"a.txt": "plain", "a.txt.gz": "an asset"})
    table = {"stable": ["a.txt", "a.txt.gz"], "compress": {"br": False, "gz": False}}
    built = build(parse_config(table, tmp_path / "assetbuild.toml"))
    app = Starlette(routes=[Mount("/static", ReleaseFiles(built.dir / "manifest.json"))])
    status, headers, body = ask(app, "/static/a.txt", headers={"Accept-Encoding": "gzip"})
    assert (status, body, "content-encoding" in headers) == (200, b"plain", False)
    assert ask(app, "/static/a.txt.gz")[2] == b"an asset"


def test_jinja2_is_not_needed_to_serve(release):
    code = (
        "import sys; sys.modules['jinja2'] = None; from assetbuild.runtime.starlette import ReleaseFiles; "
        "print(len(ReleaseFiles(sys.argv[1]).assets))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, release / "manifest.json"], capture_output=True, text=True, env={**os.environ}
    )
    assert (done.stdout, done.stderr) == (f"{len(SOURCES)}\n", "")
    assert re.fullmatch(r"\d+\n", done.stdout)


# The page of documentation

DOCUMENTATION = page_of_documentation("starlette.md")


def test_the_sample_serves_its_sources_in_development():
    code = (
        "from starlette_app import static\n"
        "print(*(200 if static.lookup_path(path)[1] else 404 for path in ('css/site.css', 'js/classic.js')))"
    )
    assert run_in_development(code) == "200 404\n"


def test_the_first_commands_of_the_page_work_in_a_fresh_directory(tmp_path):
    run_first_commands(DOCUMENTATION, tmp_path)
    assert (tmp_path / "dist/current/manifest.json").is_file()


def test_the_code_of_the_documentation_runs(release, assets, tmp_path, monkeypatch):
    monkeypatch.setenv("ASSETBUILD_MANIFEST", str(release / "manifest.json"))
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENTATION, re.DOTALL)
    (html,) = re.findall(r"```html\n(.*?)```", DOCUMENTATION, re.DOTALL)
    write_files(tmp_path / "templates", {"home.html": html + "{{ url_for('static', path='css/site.css') }}"})
    write_files(tmp_path / "static", SOURCES | {"x": ""})
    names = {}
    exec(code, names)
    css = assets.entry("css/site.css").file
    assert text(names["app"]).count(f"/static/{css}") == 2
    assert text(names["app"]).endswith(f"http://site.example/static/{css}")
    monkeypatch.setenv("ASSETBUILD_MODE", "development")
    exec(code, names)
    assert text(names["app"]).endswith("http://site.example/static/css/site.css")
    assert ask(names["app"], "/static/x")[0] == 200
