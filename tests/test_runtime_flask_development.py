"""Flask while a watch runs, and while it does not: URLs, pages, and who serves the files."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import flask
import pytest

from assetbuild.runtime import Manifest, MissingAsset, PlainUrls
from assetbuild.runtime.development import Development
from assetbuild.runtime.flask import AssetBuild, asset_url
from assetbuild.runtime.livetags import CLIENT_FILE
from tests.conftest import write_files
from tests.support.servers import free_port, running
from tests.support.threads import over_and_over
from tests.support.watching import Watch, integrity

pytest_plugins = ["tests.support.runtime_fixtures"]
pytestmark = pytest.mark.usefixtures("no_environment")

SITE, APP = "a { color: red }\n", "console.log(1);\n"
SOURCES = {"css/site.css": SITE, "js/app.js": APP, "img/a b@2.png": "png", "shop/shop.css": "shop"}
IMMUTABLE = "public, max-age=31536000, immutable"
PAGE = "{{ asset_url('css/site.css') }} {{ url_for('static', filename='css/site.css') }}"
CLIENT = re.compile(
    r'<script src="(\S+/_assetbuild/live\.[0-9a-f]{16}\.js)" data-port="4321" data-token="(\S+)"'
    r' data-release="(\w*)" data-base="(\S+)" async( nonce="\w+")?></script>'
)


@pytest.fixture
def project(tmp_path):
    """A directory with the sources of SOURCES in `static`, and the package of an application below it."""
    write_files(tmp_path / "project/static", SOURCES)
    return tmp_path / "project"


def make(project, *, config=None, page=PAGE, extension=None, **options):
    options.setdefault("root_path", str(project))
    app = flask.Flask("site", **options)
    app.config.update({"DEBUG": True} | (config or {}))
    (extension or AssetBuild()).init_app(app)
    app.add_url_rule("/page", "page", lambda: flask.render_template_string(page))
    return app


def page(app, root="", **options):
    answer = app.test_client().get("/page", base_url=f"http://localhost{root}/", **options)
    assert answer.status_code == 200
    return answer.text


def get(app, path, method="GET", root="", **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    with app.test_client() as client:
        options = {"base_url": f"http://localhost{root}/", "headers": names, "method": method}
        with client.open(path, **options) as answer:
            return answer.status_code, dict(answer.headers), answer.text


# URLs and pages


def test_the_application_follows_the_watch_beside_it_without_a_restart(project, watch):
    app = make(project)
    assert isinstance(app.extensions["assetbuild"].assets, Development)
    assert page(app) == "/static/css/site.css /static/css/site.css"
    for text in (SITE, "new", SITE):
        names = watch.build(SOURCES | {"css/site.css": text})
        url = f"/static/{names['css/site.css']}"
        assert page(app) == f"{url} {url}"
        assert get(app, url)[2] == text
    watch.stop()
    assert page(app) == "/static/css/site.css /static/css/site.css"
    assert get(app, "/static/css/site.css")[2] == get(app, url)[2] == SITE


def test_the_watch_may_be_above_the_application_or_named(project, watch, tmp_path, monkeypatch):
    url = f"/static/{watch.build(SOURCES)['css/site.css']}"
    write_files(project / "src/app/static", SOURCES)
    write_files(tmp_path / "far/static", SOURCES)
    assert page(make(project / "src/app")) == f"{url} {url}"
    far, named = tmp_path / "far", str(project / ".assetbuild")
    assert page(make(far)) == "/static/css/site.css /static/css/site.css"
    assert page(make(far, config={"ASSETBUILD_DEVELOPMENT": named})) == f"{url} {url}"
    assert page(make(far, extension=AssetBuild(development=Path(named)))) == f"{url} {url}"
    monkeypatch.setenv("ASSETBUILD_DEVELOPMENT", named)
    assert page(make(far)) == f"{url} {url}"
    nobody = {"ASSETBUILD_DEVELOPMENT": tmp_path / "nobody"}
    assert page(make(project, config=nobody)) == "/static/css/site.css /static/css/site.css"


def test_production_does_not_look_at_a_watch(project, watch):
    watch.build(SOURCES)
    app = make(
        project,
        config={"DEBUG": False, "ASSETBUILD_MANIFEST": watch.directory / "manifest.json"},
        page="{{ asset_live() }}|",
    )
    assert isinstance(app.extensions["assetbuild"].assets, Manifest)
    watch.listen()
    assert page(app) == "|"
    assert get(app, f"/static/{watch.build(SOURCES)['css/site.css']}")[0] == 404


def test_plain_urls_that_are_given_stay_plain(project, watch):
    watch.build(SOURCES)
    watch.listen()
    given = PlainUrls()
    app = make(
        project, extension=AssetBuild(assets=given), page=PAGE + "{{ asset_live() }} {{ asset_url('js/none.js') }}"
    )
    assert page(app) == "/static/css/site.css /static/css/site.css /static/js/none.js"
    assert type(app.extensions["assetbuild"].assets) is PlainUrls


def test_a_development_may_be_given(project, watch, tmp_path):
    url = f"/static/{watch.build(SOURCES)['css/site.css']}"
    app = make(tmp_path, config={"DEBUG": False, "ASSETBUILD_ASSETS": Development(watch.directory)})
    assert page(app) == f"{url} {url}"
    assert get(app, url)[2] == SITE


def test_tags_bring_the_client_and_templates_with_url_for_alone_may_ask_for_it(project, watch):
    names = watch.build(SOURCES)
    watch.listen()
    text = "{{ asset_style('css/site.css', nonce='n') }}|{{ asset_live() }}|{{ asset_live(nonce='n') }}"
    extension = AssetBuild()
    app = make(project, page=text, extension=extension)
    style, alone, with_nonce = page(app, "/app").split("|")
    base, whole = "/app/static/", f'integrity="{integrity(SITE)}" crossorigin="anonymous"'
    link = f'<link rel="stylesheet" href="{base}{names["css/site.css"]}" {whole} nonce="n">'
    assert style == link + with_nonce
    assert with_nonce == alone.replace(" async>", ' async nonce="n">')
    src, *said = CLIENT.fullmatch(alone).groups()
    assert said == ["secret-token", watch.release, base, None]
    status, headers, body = get(app, src.removeprefix("/app"), root="/app")
    assert (status, headers["Cache-Control"], body) == (200, IMMUTABLE, Path(CLIENT_FILE).read_text())
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    with app.test_request_context("/", base_url="http://localhost/app"):
        assert extension.tags.live() == alone
    watch.stop()
    assert page(app) == '<link rel="stylesheet" href="/static/css/site.css" nonce="n">||'


def test_a_page_is_of_one_build_though_another_comes_while_it_is_made(project, watch):
    first = watch.build(SOURCES)
    watch.listen()
    release = watch.release
    app = make(project, page="{{ asset_url('css/site.css') }}{{ build() }} " + PAGE + "{{ new() }} {{ asset_live() }}")
    second = {}

    def build():
        second.update(watch.build({"css/site.css": "new", "css/new.css": "x"}))
        app.extensions["assetbuild"].assets.refresh()
        return ""

    app.jinja_env.globals["build"] = build
    app.jinja_env.globals["new"] = lambda: " " + flask.url_for("static", filename="css/new.css")
    url = f"/static/{first['css/site.css']}"
    *urls, new = page(app).partition(" <script")[0].split()
    assert (urls, new) == ([url] * 3, "/static/css/new.css")  # which the page's build has not
    assert f'data-release="{watch.release}"' in page(app)
    assert watch.release != release
    assert get(app, url)[2] == SITE
    url = f"/static/{second['css/site.css']}"
    assert page(app).startswith(f"{url} {url} {url} /static/{second['css/new.css']} <script")


def test_without_a_watch_a_bundle_is_missing_and_says_what_to_do(project, watch):
    watch.stop()
    app = make(project)
    with app.test_request_context():
        assert asset_url("img/a b@2.png") == "/static/img/a%20b%402.png"
        for name in ("js/all.js", "css", "css/"):
            with pytest.raises(MissingAsset) as caught:
                flask.render_template_string("{{ asset_script(name) }}", name=name)
            assert str(caught.value) == (
                f"{name!r} is no source file, and no running watch has built it\n"
                "  fix: if it is a bundle run 'assetbuild watch', else correct the name"
            )
        assert flask.url_for("static", filename="js/all.js") == "/static/js/all.js"  # uploads come after the page
    names = watch.start().build({"js/all.js": APP})
    with app.test_request_context():
        assert asset_url("js/all.js") == f"/static/{names['js/all.js']}"
    app = make(project, config={"ASSETBUILD_ON_MISSING": "plain", "ASSETBUILD_DEVELOPMENT": "/nowhere"})
    with app.test_request_context():
        assert asset_url("js/all.js") == "/static/js/all.js"


def test_where_there_is_no_folder_to_look_into_nothing_is_missing(project):
    app = make(project, static_folder=None)
    with app.test_request_context():
        assert asset_url("js/all.js") == "/static/js/all.js"
    app = make(project, config={"ASSETBUILD_BASE_URL": "http://localhost:5173/"})
    with app.test_request_context():
        assert asset_url("js/all.js") == "http://localhost:5173/js/all.js"


def test_outside_of_a_request_urls_follow_too(project, watch):
    app = make(project, config={"SERVER_NAME": "site.example"})
    names = watch.build(SOURCES)
    app.extensions["assetbuild"].assets.refresh()
    with app.app_context():
        assert asset_url("css/site.css") == f"/static/{names['css/site.css']}"
        made = flask.url_for("static", filename="css/site.css", _anchor="x", v=1)
        assert made == f"http://site.example/static/{names['css/site.css']}?v=1#x"


def test_script_roots_without_end_do_not_fill_the_memory(project, watch):
    url = f"/static/{watch.build(SOURCES)['css/site.css']}"
    app = make(project)
    for number in range(40):
        assert page(app, f"/{number}") == f"/{number}{url} /{number}{url}"
    assert len(app.extensions["assetbuild"]._views) <= 16


# Files


def test_files_have_the_headers_of_released_files(project, watch):
    names = watch.build(SOURCES | {"robots.txt": "x", "a.mjs": "m", "f.woff2": "f"}, stable=["robots.txt"])
    app = make(project)
    expected = {"css/site.css": "text/css; charset=utf-8", "js/app.js": "text/javascript; charset=utf-8"}
    expected |= {"img/a b@2.png": "image/png", "a.mjs": "text/javascript; charset=utf-8", "f.woff2": "font/woff2"}
    for path, kind in expected.items():
        status, headers, _ = get(app, f"/static/{names[path]}")
        assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, kind, IMMUTABLE)
        assert headers["X-Content-Type-Options"] == "nosniff"
    status, headers, body = get(app, "/static/robots.txt")
    assert (status, headers["Cache-Control"], headers["X-Content-Type-Options"], body) == (
        200,
        "no-cache",
        "nosniff",
        "x",
    )
    assert get(app, "/static/robots.txt", If_None_Match=headers["ETag"])[0] == 304
    url = f"/static/{names['css/site.css']}"
    assert get(app, url, "HEAD")[::2] == (200, "")
    assert get(app, url, Range="bytes=0-2")[::2] == (206, SITE[:3])
    assert get(app, url, "POST")[0] == 405
    status, headers, body = get(app, url, "OPTIONS")
    assert (status, body, set(headers["Allow"].split(", "))) == (200, "", {"GET", "HEAD", "OPTIONS"})


def test_a_file_that_has_just_gone_is_not_found(project, watch):
    url = f"/static/{watch.build(SOURCES)['css/site.css']}"
    app = make(project)
    assert get(app, url)[0] == 200
    (watch.directory / "files" / url.removeprefix("/static/")).unlink()
    assert get(app, url)[0] == 404


HOSTILE = [
    *("../lock", "../live.json", "../manifest.json", "lock", "live.json", "manifest.json", "%2e%2e/live.json", ".."),
    *("..%2flive.json", "%2e%2e%2flive.json", "%252e%252e/live.json", "..%5clive.json", "css/../../live.json"),
    *("/etc/passwd", "%2fetc/passwd", "css/site.css%00", "%00", "files/", ".assetbuild/live.json", "%ff%fe"),
    *("_assetbuild/../live.json", "_assetbuild/live.js", "_assetbuild/", "../.assetbuild/live.json", "", "."),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_but_what_the_manifest_names_is_served(project, watch, name):
    names = watch.build(SOURCES)
    watch.listen()
    for options in ({}, {"static_folder": None}, {"static_url_path": ""}):
        app = make(project, **options)
        base = options.get("static_url_path", "/static")
        assert get(app, f"{base}/{names['css/site.css']}")[0] == 200
        status, _, body = get(app, f"{base}/{name}")
        assert status in (404, 308, 400), name
        assert "secret-token" not in body


def test_the_applications_own_files_are_served_as_ever(project, watch):
    watch.build(SOURCES)
    write_files(project / "static", {"uploads/me.txt": "me"})
    app, plain = make(project), flask.Flask("plain", root_path=str(project))
    for path in ("/static/uploads/me.txt", "/static/css/site.css", "/static/none.txt", "/static/../app.py"):
        status, headers, body = get(app, path)
        expected_status, expected, expected_body = get(plain, path)
        assert (status, body) == (expected_status, expected_body)
        assert {**headers, "Date": ""} == {**expected, "Date": ""}


# Where the files are


def blueprint(project, name="shop", **options):
    write_files(project / name / "static", {"shop.css": "source of the shop"})
    return flask.Blueprint(name, name, root_path=str(project / name), static_folder="static", **options)


def test_a_blueprint_below_the_applications_url_serves_released_files(project, watch):
    app = make(project, page="{{ url_for('shop.static', filename='shop.css') }} {{ asset_url('shop/shop.css') }}")
    app.register_blueprint(blueprint(project, static_url_path="/static/shop"))
    url = f"/static/{watch.build(SOURCES)['shop/shop.css']}"
    assert page(app) == f"{url} {url}"
    assert get(app, url)[1]["Cache-Control"] == IMMUTABLE
    assert get(app, "/static/shop/shop.css")[2] == "source of the shop"
    for name in HOSTILE:
        assert "secret-token" not in get(app, f"/static/shop/{name}")[2]
    watch.stop()
    assert page(app) == "/static/shop/shop.css /static/shop/shop.css"


def test_a_blueprint_that_is_named_serves_released_files_where_the_release_has_them(project, watch):
    for folder in ("static", None):
        app = make(
            project,
            extension=AssetBuild(blueprints={"shop": "shop"}),
            page="{{ url_for('shop.static', filename='shop.css') }} {{ asset_url('shop/shop.css') }}",
            static_folder=folder,
        )
        app.register_blueprint(blueprint(project), url_prefix="/our-shop")
        url = f"/static/{watch.start().build(SOURCES)['shop/shop.css']}"
        assert page(app) == f"{url} {url}"
        assert get(app, url)[2] == "shop"
        watch.stop()
        assert page(app) == "/our-shop/static/shop.css /static/shop/shop.css"
        with app.test_request_context(), pytest.raises(MissingAsset):
            asset_url("shop/none.css")


def test_an_application_without_a_folder_gets_a_rule_for_released_files(project, watch):
    app = make(project, static_folder=None, page="{{ asset_url('css/site.css') }}")
    url = f"/static/{watch.build(SOURCES)['css/site.css']}"
    assert page(app) == url
    assert page(app, "/app") == f"/app{url}"
    assert get(app, url, root="/app")[2] == SITE
    assert get(app, "/static/css/site.css")[0] == get(app, "/static/")[0] == 404
    watch.stop()
    assert page(app, "/app") == "/static/css/site.css"  # as ever


def test_an_application_without_a_folder_takes_the_prefix_of_the_watch_that_runs_at_its_start(project):
    watch = Watch(project / ".assetbuild", "/assets/").start()
    url = f"/assets/{watch.build(SOURCES)['css/site.css']}"
    app = make(project, static_folder=None, page="{{ asset_url('css/site.css') }}")
    assert page(app) == url
    assert get(app, url)[2] == SITE
    watch.stop()


@pytest.mark.parametrize("chosen", ["https://cdn.example/x/", "//cdn.example/"])
def test_a_cdn_is_for_the_time_without_a_watch(project, watch, chosen):
    for options in ({}, {"static_url_path": "/s"}, {"static_folder": None}):
        app = make(
            project,
            config={"ASSETBUILD_BASE_URL": chosen},
            page="{{ asset_url('css/site.css') }}{{ asset_live() }}",
            **options,
        )
        assert page(app, "/app") == f"{chosen}css/site.css"
        own = options.get("static_url_path", "/static")
        name = watch.build(SOURCES)["css/site.css"]
        assert page(app, "/app") == f"/app{own}/{name}"
        assert get(app, f"{own}/{name}", root="/app")[2] == SITE
        with app.test_request_context("/", base_url="http://localhost/app"):
            if app.has_static_folder:
                made = flask.url_for("static", filename="css/site.css")
                assert made == f"/app{own}/{name}"
                assert flask.url_for("static", filename="css/site.css", _external=True) == f"http://localhost{made}"
        watch.stop()
        assert page(app, "/app") == f"{chosen}css/site.css"
        (watch.directory / "manifest.json").unlink()
        watch.start()


def test_a_path_that_was_chosen_is_kept_and_served(project, watch):
    app = make(
        project, config={"ASSETBUILD_BASE_URL": "/a ssets/".replace(" ", "%20")}, page="{{ asset_url('css/site.css') }}"
    )
    assert page(app, "/app") == "/a%20ssets/css/site.css"
    name = watch.build(SOURCES)["css/site.css"]
    assert page(app, "/app") == f"/a%20ssets/{name}"
    assert get(app, f"/a%20ssets/{name}")[2] == get(app, f"/static/{name}")[2] == SITE
    assert get(app, "/a%20ssets/css/site.css")[0] == 404


def test_static_files_on_a_host_of_their_own_are_served_there(project, watch):
    app = make(project, host_matching=True, static_host="static.example")
    app.add_url_rule("/page", "on", lambda: flask.render_template_string(PAGE), host="www.example")
    name = watch.build(SOURCES)["css/site.css"]
    with app.test_request_context("/", base_url="http://www.example/"):
        url = f"http://static.example/static/{name}"
        assert asset_url("css/site.css") == flask.url_for("static", filename="css/site.css") == url
        assert flask.url_for("static", filename="css/site.css", _scheme="https") == url.replace("http:", "https:")
    client = app.test_client()
    with client.get(f"/static/{name}", base_url="http://static.example") as answer:
        assert answer.text == SITE
    assert client.get(f"/static/{name}", base_url="http://www.example").status_code == 404


def test_an_extension_that_is_set_up_anew_for_production_serves_nothing_of_the_watch(project, watch):
    name = watch.build(SOURCES)["css/site.css"]
    app = make(project)
    AssetBuild(app, mode="production", manifest=watch.directory / "manifest.json")
    assert page(app) == f"/static/{name} /static/{name}"
    assert get(app, f"/static/{name}")[0] == 404


# Many at once, and a real server


def test_pages_that_threads_make_while_builds_come_have_files(project, watch):
    app = make(project, page="{{ asset_url('css/site.css') }} {{ asset_url('js/app.js') }} {{ asset_live() }}")
    builds = [{"css/site.css": text, "js/app.js": text} for text in ("one", "two")]
    pages = set()
    for build in builds:
        names = watch.build(build)
        pages.add(f"/static/{names['css/site.css']} /static/{names['js/app.js']} ")
    seen, wrong = set(), []

    def visit():
        made = page(app)
        seen.add(made)
        found = [get(app, url)[0] for url in made.split()]
        if made not in pages or found != [200, 200]:
            wrong.append((made, found))

    with over_and_over(visit, threads=3):
        for count in range(40):
            watch.build(builds[count % 2])
            time.sleep(0.01)
    assert (wrong, seen) == ([], pages)


MODULE = """
import flask
from assetbuild.runtime.flask import AssetBuild
app = flask.Flask(__name__)
AssetBuild(app)
@app.get("/page")
def page():
    return flask.render_template_string("{{ asset_style('css/site.css', integrity=False) }}")
"""


def test_flask_run_follows_the_watch_and_serves_its_files(project, watch):
    write_files(project, {"pages.py": MODULE})
    port = free_port()
    command = [sys.executable, "-m", "flask", "--app", "pages", "--debug", "run", "--port", str(port)]
    with running(command, port, project, env={"PYTHONPATH": os.getcwd(), "ASSETBUILD_MODE": ""}) as server:
        assert server.get("/page").body == b'<link rel="stylesheet" href="/static/css/site.css">'
        assert server.get("/static/css/site.css").body == SITE.encode()
        watch.listen()
        for text in ("one", "two"):
            name = watch.build({"css/site.css": text})["css/site.css"]
            answer = server.get("/page").body.decode()
            link, client = f'<link rel="stylesheet" href="/static/{name}">', answer.partition("<script")[1:]
            assert answer == link + "".join(client)
            src = CLIENT.fullmatch("".join(client))[1]
            assert server.get(src).status == 200
            answer = server.get(f"/static/{name}")
            assert (answer.body, answer.headers["cache-control"]) == (text.encode(), IMMUTABLE)
        for name in HOSTILE:
            assert b"secret-token" not in server.get(f"/static/{name}").body
        watch.stop()
        assert server.get("/page").body == b'<link rel="stylesheet" href="/static/css/site.css">'
