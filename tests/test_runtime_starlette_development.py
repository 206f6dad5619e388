"""Starlette while a watch runs, and while it does not: URLs, pages, and who serves the files."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router
from starlette.templating import Jinja2Templates

from assetbuild.runtime import MissingAsset, PlainUrls
from assetbuild.runtime.development import Development
from assetbuild.runtime.jinja import install as install_alone
from assetbuild.runtime.livetags import CLIENT_FILE
from assetbuild.runtime.starlette import ReleaseFiles, install
from tests.conftest import write_files
from tests.support.servers import uvicorn
from tests.test_runtime_starlette import ask

pytest_plugins = ["tests.support.runtime_fixtures"]

SITE, APP = "a { color: red }\n", "console.log(1);\n"
SOURCES = {"css/site.css": SITE, "js/app.js": APP, "img/a b@2.png": "png"}
IMMUTABLE = "public, max-age=31536000, immutable"
BOTH = "{{ asset_url('css/site.css') }} {{ url_for('static', path='css/site.css') }}"
HOST = "http://site.example"


@pytest.fixture(autouse=True)
def _development(no_environment, monkeypatch):
    monkeypatch.setenv("ASSETBUILD_MODE", "development")


@pytest.fixture
def project(tmp_path):
    write_files(tmp_path / "project/static", SOURCES)
    return tmp_path / "project"


def make(text, assets, *routes, **options):
    """An application whose `/` is the template `text`."""
    templates = Jinja2Templates(env=Environment(loader=DictLoader({"page": text}), autoescape=True))
    install(templates, assets, **options)

    async def view(request):
        return templates.TemplateResponse(request, "page", {"request": request})

    if isinstance(assets, ReleaseFiles) and not routes:
        routes = (Mount("/static", assets),)
    app = Starlette(routes=[Route("/", view), *routes])
    app.templates = templates
    return app


def page(app, root=""):
    status, _, body = ask(app, "/", root)
    assert status == 200
    return body.decode()


@pytest.mark.parametrize("root", ["", "/app"])
def test_the_application_follows_the_watch_beside_its_sources_without_a_restart(project, watch, root):
    files = ReleaseFiles(sources=project / "static")
    assert isinstance(files.assets, Development)
    app = make(BOTH, files)
    plain = f"{root}/static/css/site.css"
    assert page(app, root) == f"{plain} {HOST}{plain}"
    for text in (SITE, "new", SITE):
        url = f"{root}/static/{watch.build(SOURCES | {'css/site.css': text})['css/site.css']}"
        assert page(app, root) == f"{url} {HOST}{url}"
        assert ask(app, url.removeprefix(root), root)[2].decode() == text
    watch.stop()
    assert page(app, root) == f"{plain} {HOST}{plain}"
    assert ask(app, plain.removeprefix(root), root)[2] == SITE.encode()
    assert ask(app, url.removeprefix(root), root)[2] == SITE.encode()


def test_the_watch_may_be_named(project, watch, tmp_path, monkeypatch):
    write_files(tmp_path / "far/static", SOURCES)
    name = watch.build(SOURCES)["css/site.css"]
    far = tmp_path / "far/static"
    named = ReleaseFiles(sources=far, development=project / ".assetbuild")
    assert page(make(BOTH, named)).startswith(f"/static/{name} ")
    assert page(make(BOTH, ReleaseFiles(sources=far))).startswith("/static/css/site.css ")
    monkeypatch.setenv("ASSETBUILD_DEVELOPMENT", str(project / ".assetbuild"))
    assert page(make(BOTH, ReleaseFiles(sources=far))).startswith(f"/static/{name} ")


def test_without_a_mount_templates_follow_a_watch_that_is_named(project, watch):
    name = watch.build(SOURCES)["css/site.css"]
    text = "{{ asset_url('css/site.css') }}"
    assert page(make(text, None, development=project / ".assetbuild")) == f"/static/{name}"
    assert page(make(text, None)) == "/static/css/site.css"
    mounted = Mount("/s", ReleaseFiles(sources=project / "static"))
    assert page(make(text, Development(project / ".assetbuild"), mounted), "/app") == f"/app/s/{name}"


@pytest.mark.parametrize("name", ["mode", "on_missing", "development"])
def test_what_would_have_no_effect_is_refused(project, name):
    for given in (ReleaseFiles(sources=project / "static"), PlainUrls(), Development()):
        with pytest.raises(TypeError) as caught:
            make(BOTH, given, **{name: "development"})
        assert str(caught.value) == f"'{name}' has no effect on assets that are given whole; say it where they are made"


def test_tags_bring_the_client(project, watch):
    name = watch.build(SOURCES)["js/app.js"]
    watch.listen()
    text = "{{ asset_script('js/app.js', integrity=False, nonce='n') }}|{{ asset_live(nonce='n') }}|{{ asset_live() }}"
    app = make(text, ReleaseFiles(sources=project / "static"))
    script, with_nonce, alone = page(app, "/app").split("|")
    assert script == f'<script src="/app/static/{name}" nonce="n"></script>{with_nonce}'
    assert with_nonce == alone.replace(" async>", ' async nonce="n">')
    client = r'<script src="/app(/static/_assetbuild/live\.[0-9a-f]{16}\.js)" data-port="4321"'
    client += rf' data-token="secret-token" data-release="{watch.release}" data-base="/app/static/" async></script>'
    status, headers, body = ask(app, re.fullmatch(client, alone)[1], "/app")
    assert (status, headers["cache-control"], body) == (200, IMMUTABLE, Path(CLIENT_FILE).read_bytes())
    watch.stop()
    assert page(app) == '<script src="/static/js/app.js" nonce="n"></script>||'


def test_a_page_is_of_one_build_though_another_comes_while_it_is_made(project, watch):
    first = watch.build(SOURCES)["css/site.css"]
    watch.listen()
    url = "{{ asset_url('css/site.css') }} "
    files = ReleaseFiles(sources=project / "static")
    app = make(f"{url}{{{{ build() }}}}{url}{{{{ asset_live() }}}}", files)
    texts = iter(("one", "two"))

    def build():
        watch.build({"css/site.css": next(texts)})
        files.assets.refresh()
        return ""

    release = watch.release
    app.templates.env.globals["build"] = build
    made = page(app)
    assert made.split(" <")[0] == f"/static/{first} /static/{first}"
    assert f'data-release="{release}"' in made
    assert first not in page(app)


def test_without_a_watch_a_bundle_is_missing_and_says_what_to_do(project, watch):
    watch.stop()
    files = ReleaseFiles(sources=project / "static")
    app = make("{{ url_for('static', path='js/all.js') }} {{ asset_url('img/a b@2.png') }}", files)
    assert page(app) == f"{HOST}/static/js/all.js /static/img/a%20b%402.png"
    app = make("{{ asset_script('js/all.js') }}", files)
    with pytest.raises(MissingAsset) as caught:
        page(app)
    assert str(caught.value) == (
        "'js/all.js' is no source file, and no running watch has built it\n"
        "  fix: if it is a bundle run 'assetbuild watch', else correct the name"
    )
    name = watch.start().build({"js/all.js": APP})["js/all.js"]
    assert f'src="/static/{name}"' in page(app)
    watch.stop()
    plain = ReleaseFiles(sources=project / "static", on_missing="plain")
    assert page(make("{{ asset_url('js/all.js') }}", plain)) == "/static/js/all.js"


def test_files_have_the_headers_of_released_files(project, watch):
    names = watch.build(SOURCES | {"robots.txt": "x", "f.woff2": "f"}, stable=["robots.txt"])
    app = make(BOTH, ReleaseFiles(sources=project / "static", cors=True))
    kinds = {"css/site.css": "text/css; charset=utf-8", "js/app.js": "text/javascript; charset=utf-8"}
    for path, kind in (kinds | {"img/a b@2.png": "image/png", "f.woff2": "font/woff2"}).items():
        status, headers, _ = ask(app, f"/static/{names[path]}")
        assert (status, headers["content-type"], headers["cache-control"]) == (200, kind, IMMUTABLE)
        assert (headers["x-content-type-options"], headers["access-control-allow-origin"]) == ("nosniff", "*")
    status, headers, body = ask(app, "/static/robots.txt")
    assert (status, headers["cache-control"], body) == (200, "no-cache", b"x")
    assert ask(app, "/static/robots.txt", headers={"if-none-match": headers["etag"]})[0] == 304
    url = f"/static/{names['css/site.css']}"
    assert ask(app, url, method="HEAD")[::2] == (200, b"")
    assert ask(app, url, headers={"range": "bytes=0-2"})[::2] == (206, SITE[:3].encode())
    assert ask(app, url, method="POST")[0] == 405
    (watch.directory / "files" / names["css/site.css"]).unlink()
    assert ask(app, url)[0] == 404


HOSTILE = [
    *("../lock", "../live.json", "../manifest.json", "lock", "live.json", "manifest.json", "%2e%2e/live.json", ".."),
    *("..%2flive.json", "%2e%2e%2flive.json", "..\\live.json", "css/../../live.json", "/etc/passwd", "//etc/passwd"),
    *("css/site.css\0", "\0", "files/", ".assetbuild/live.json", "../.assetbuild/live.json", "", ".", "\udcff"),
    *("_assetbuild/../live.json", "_assetbuild/live.js", "_assetbuild/", "js/../css/site.css/../../../live.json"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_but_what_the_manifest_names_is_served(project, watch, name):
    watch.build({"js/app.js": APP})
    watch.listen()
    app = make(BOTH, ReleaseFiles(sources=project / "static"))
    try:
        status, _, body = ask(app, f"/static/{name}")
    except (ValueError, UnicodeError):  # StaticFiles' own, for a NUL; no server lets one through
        return
    assert status == 404
    assert b"secret-token" not in body


def test_released_names_are_asked_for_exactly(project, watch):
    name = watch.build(SOURCES)["css/site.css"]
    app = make(BOTH, ReleaseFiles(sources=project / "static"))
    assert [ask(app, f"/static/{path}")[0] for path in (name, f"js/../{name}", f"/{name}", f"{name}/")] == [
        200,
        404,
        404,
        404,
    ]


def test_the_sources_are_served_as_ever(project, watch):
    watch.build(SOURCES)
    app = make(BOTH, ReleaseFiles(sources=project / "static"))
    status, headers, body = ask(app, "/static/css/site.css")
    assert (status, body, "cache-control" in headers) == (200, SITE.encode(), False)


@pytest.mark.parametrize("chosen", ["https://cdn.example/x/", "//cdn.example/"])
def test_a_cdn_is_for_the_time_without_a_watch(project, watch, chosen):
    files = ReleaseFiles(sources=project / "static", base_url=chosen)
    mount = Mount("/s", files)
    apps = [make("{{ asset_url('css/site.css') }}", files, mount)]
    apps.append(
        make("{{ asset_url('css/site.css') }}", ReleaseFiles(sources=project / "static"), mount, base_url=chosen)
    )
    for app in apps:
        assert page(app, "/app") == f"{chosen}css/site.css"
    name = watch.build(SOURCES)["css/site.css"]
    for app in apps:
        assert page(app, "/app") == f"/app/s/{name}"
        assert ask(app, f"/s/{name}", "/app")[2] == SITE.encode()
    environment = apps[0].templates.env
    assert (
        environment.from_string("{{ asset_url('css/site.css') }}").render() == f"/static/{name}"
    )  # as far as is known


def test_a_path_that_was_chosen_is_kept(project, watch):
    app = make("{{ asset_url('css/site.css') }}", ReleaseFiles(sources=project / "static"), base_url="/proxied/")
    assert page(app, "/app") == "/proxied/css/site.css"
    name = watch.build(SOURCES)["css/site.css"]
    assert page(app, "/app") == f"/proxied/{name}"


def test_a_mount_on_a_host_of_its_own(project, watch):
    files = ReleaseFiles(sources=project / "static")
    host = Host("static.example", Router([Mount("/s", files)]), name="cdn")
    app = make("{{ asset_url('css/site.css') }}", files, host, name="cdn:static")
    name = watch.build(SOURCES)["css/site.css"]
    assert page(app) == f"//static.example/s/{name}"


def test_a_macro_without_context_is_told_what_it_needs(project, watch):
    app = make(BOTH, ReleaseFiles(sources=project / "static"))
    with pytest.raises(RuntimeError, match="needs 'request' in the context of its template"):
        app.templates.env.from_string("{{ asset_url('css/site.css') }}").render()


def test_code_has_urls_of_now(project, watch):
    files = ReleaseFiles(sources=project / "static")
    made = []

    async def view(request):
        made.append(str(request.url_for("static", path="css/site.css")))
        return PlainTextResponse("")

    app = Starlette(routes=[Route("/", view), Mount("/static", files)])
    for text in ("one", "two"):
        name = watch.build({"css/site.css": text})["css/site.css"]
        ask(app, "/")
        assert made.pop() == f"{HOST}/static/{name}"


# Jinja2 alone


def test_jinja2_alone_follows_a_watch_that_is_named_and_looks_for_none(project, watch, monkeypatch):
    monkeypatch.chdir(project)
    text = "{{ asset_url('css/site.css') }} {{ asset_script('js/app.js', integrity=False) }}{{ asset_live() }}"
    environments = [Environment(autoescape=True) for _ in range(3)]
    tags = [
        install_alone(environments[0], development=".assetbuild"),
        install_alone(environments[1], Development(watch.directory)),
        install_alone(environments[2]),
    ]
    for content in ("one", "two"):
        names = watch.build({"css/site.css": content, "js/app.js": content})
        for one in tags[:2]:
            one.assets.refresh()
            assert one.url("css/site.css") == f"/static/{names['css/site.css']}"
        expected = f'/static/{names["css/site.css"]} <script src="/static/{names["js/app.js"]}"></script>'
        for environment in environments[:2]:
            assert environment.from_string(text).render() == expected
        assert (
            environments[2].from_string(text).render()
            == '/static/css/site.css <script src="/static/js/app.js"></script>'
        )
    watch.listen()
    tags[0].assets.refresh()
    made = environments[0].from_string("{{ asset_script('js/app.js', nonce='n') }}{{ asset_live(nonce='n') }}").render()
    assert made.count("_assetbuild/live.") == made.count('async nonce="n"') == 2


# A real server

MODULE = """
from jinja2 import DictLoader, Environment
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.templating import Jinja2Templates
from assetbuild.runtime.starlette import ReleaseFiles, install
static = ReleaseFiles(sources="static")
text = "{{ asset_style('css/site.css', integrity=False) }}"
templates = Jinja2Templates(env=Environment(loader=DictLoader({"page": text}), autoescape=True))
install(templates, static)
async def page(request):
    return templates.TemplateResponse(request, "page")
app = Starlette(routes=[Route("/page", page), Mount("/static", static)])
"""


def test_uvicorn_follows_the_watch_and_serves_its_files(project, watch):
    write_files(project, {"pages.py": MODULE})
    with uvicorn(project, "pages:app", env={"PYTHONPATH": os.getcwd()}) as server:
        assert server.get("/page").body == b'<link rel="stylesheet" href="/static/css/site.css">'
        watch.listen()
        for text in ("one", "two"):
            name = watch.build({"css/site.css": text})["css/site.css"]
            made = server.get("/page").body.decode()
            assert made.startswith(
                f'<link rel="stylesheet" href="/static/{name}"><script src="/static/_assetbuild/live.'
            )
            assert f'data-release="{watch.release}"' in made
            answer = server.get(f"/static/{name}")
            assert (answer.body, answer.headers["cache-control"]) == (text.encode(), IMMUTABLE)
        for target in HOSTILE[:-1]:
            if target.isprintable():
                assert b"secret-token" not in server.get(f"/static/{target}").body
        watch.stop()
        assert server.get("/page").body == b'<link rel="stylesheet" href="/static/css/site.css">'
