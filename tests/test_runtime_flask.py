"""The Flask extension, through Flask's own test client."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import flask
import pytest
from werkzeug.routing import BuildError

from assetbuild.runtime import Manifest, ManifestError, MissingAsset, PlainUrls
from assetbuild.runtime.development import Development
from assetbuild.runtime.flask import AssetBuild, asset_url
from assetbuild.runtime.manifest import canonical
from tests.conftest import write_files
from tests.support.documentation import page_of_documentation, run_first_commands
from tests.support.sample import run_in_development

pytest_plugins = ["tests.support.runtime_fixtures"]
pytestmark = pytest.mark.usefixtures("no_environment")

FILES = {
    "css/site.css": "css/site.3f2a91c07be4d518.css",
    "img/a b@2.png": "img/a b@2.0123456789abcdef.png",
    "js/app.js": "js/app.0123456789abcdef.js",
    "js/lib.js": "js/lib.0123456789abcdef.js",
    "shop/shop.css": "shop/shop.0123456789abcdef.css",
}
SITE = "/static/css/site.3f2a91c07be4d518.css"


@pytest.fixture
def manifest(tmp_path):
    assets = {path: {"file": file, "integrity": "sha384-AAAA", "size": 1} for path, file in FILES.items()}
    del assets["img/a b@2.png"]["integrity"]
    assets["js/app.js"]["imports"] = ["js/lib.js"]
    data = {"version": 1, "release": "3f2a91c07be4d518", "url_prefix": "/prefix/", "assets": assets}
    file = tmp_path / "release" / "manifest.json"
    file.parent.mkdir()
    file.write_bytes(canonical(data))
    return file


def make(manifest, *, extension=None, config=None, **flask_options):
    app = flask.Flask("site", **flask_options)
    app.config.update(config or {}, ASSETBUILD_MANIFEST=manifest)
    (extension or AssetBuild()).init_app(app)
    return app


def sources(directory):
    """A place for an application that has the sources of FILES."""
    write_files(directory / "static", dict.fromkeys(FILES, ""))
    return str(directory)


def url(app, *args, path="/", root="", **options):
    """What `url_for` gives in a request, after the template's own and Python's are seen to agree."""
    with app.test_request_context(path, base_url=f"http://localhost{root}/"):
        made = flask.url_for(*args, **options)
        text = flask.render_template_string("{{ url_for(*args, **options) }}", args=args, options=options)
        assert text.replace("&amp;", "&").replace("&#39;", "'") == made
        assert app.url_for(*args, **options) == made
        return made


def asset(app, path, root=""):
    with app.test_request_context("/", base_url=f"http://localhost{root}/"):
        made = asset_url(path)
        assert flask.render_template_string("{{ asset_url(path) }}", path=path) == made
        return made


def test_unchanged_templates_and_python_code_get_fingerprinted_urls(manifest):
    app = make(manifest)
    assert url(app, "static", filename="css/site.css") == SITE
    assert asset(app, "css/site.css") == SITE
    assert url(app, "static", filename="img/a b@2.png") == "/static/img/a%20b%402.0123456789abcdef.png"


def test_a_page_is_rendered_in_a_real_request(manifest):
    app = make(manifest)
    template = '<link href="{{ url_for("static", filename="css/site.css") }}"><a href="{{ url_for("page") }}">'

    @app.get("/")
    def page():
        return flask.render_template_string(template)

    assert app.test_client().get("/").text == f'<link href="{SITE}"><a href="/">'


def test_the_hook_works_where_the_jinja_environment_was_made_before_the_extension(manifest):
    app = flask.Flask("site")
    assert app.jinja_env.globals["url_for"] == app.url_for
    AssetBuild(app, manifest=manifest)
    assert url(app, "static", filename="css/site.css") == SITE


def test_names_that_the_manifest_does_not_hold_go_to_flask_as_they_came(manifest):
    app = make(manifest)
    plain = flask.Flask("site")
    for values in ({"filename": "uploads/me.jpg"}, {"filename": "css/site.css#x"}, {"filename": "a.js", "v": 2}):
        assert url(app, "static", **values) == url(plain, "static", **values)
        assert "/static/" in url(app, "static", **values)


def test_other_endpoints_are_left_alone(manifest):
    app = make(manifest)
    app.add_url_rule("/file/<filename>", "file", lambda filename: filename)
    assert url(app, "file", filename="css") == "/file/css"
    assert url(app, "file", filename="css", _external=True, _anchor="x") == "http://localhost/file/css#x"
    with app.test_request_context(), pytest.raises(Exception, match="Could not build url for endpoint 'static'"):
        flask.url_for("static")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"_external": True}, "http://localhost" + SITE),
        ({"_external": False}, SITE),
        ({"_external": True, "_scheme": "https"}, "https://localhost" + SITE),
        ({"_scheme": "https"}, "https://localhost" + SITE),
        ({"_anchor": "a b"}, SITE + "#a%20b"),
        ({"v": 1, "w": "a b&c", "x": None, "y": ["1", "2"]}, SITE + "?v=1&w=a+b%26c&y=1&y=2"),
        ({"v": 1, "_anchor": "x", "_external": True}, "http://localhost" + SITE + "?v=1#x"),
        ({"_method": "GET"}, SITE),
    ],
)
@pytest.mark.parametrize("root", ["", "/app"])
def test_extras_are_spelled_as_flask_spells_them(manifest, options, expected, root):
    expected = expected.replace("/static", root + "/static")
    assert url(make(manifest), "static", filename="css/site.css", root=root, **options) == expected
    plain = url(flask.Flask("site"), "static", filename=FILES["css/site.css"], root=root, **options)
    assert plain == expected


def test_a_scheme_without_a_host_is_refused_as_flask_does(manifest):
    with make(manifest).test_request_context(), pytest.raises(ValueError) as caught:
        flask.url_for("static", filename="css/site.css", _scheme="https", _external=False)
    assert str(caught.value) == "When specifying '_scheme', '_external' must be True."


@pytest.mark.parametrize(
    ("base", "options", "expected"),
    [
        ("https://cdn.example/x", {}, "https://cdn.example/x/css/site.3f2a91c07be4d518.css"),
        ("https://cdn.example", {"_external": True}, "https://cdn.example/css/site.3f2a91c07be4d518.css"),
        ("https://cdn.example", {"_scheme": "http"}, "https://cdn.example/css/site.3f2a91c07be4d518.css"),
        ("https://cdn.example", {"v": 1, "_anchor": "x"}, "https://cdn.example/css/site.3f2a91c07be4d518.css?v=1#x"),
        ("//cdn.example", {}, "//cdn.example/css/site.3f2a91c07be4d518.css"),
        ("//cdn.example", {"_external": True}, "http://cdn.example/css/site.3f2a91c07be4d518.css"),
        ("//cdn.example", {"_scheme": "https"}, "https://cdn.example/css/site.3f2a91c07be4d518.css"),
        ("/mount/", {}, "/mount/css/site.3f2a91c07be4d518.css"),
        ("/mount/", {"_external": True}, "http://localhost/mount/css/site.3f2a91c07be4d518.css"),
    ],
)
def test_a_base_url_of_its_own_may_be_another_origin(manifest, base, options, expected):
    app = make(manifest, config={"ASSETBUILD_BASE_URL": base})
    assert url(app, "static", filename="css/site.css", root="/app", **options) == expected
    assert asset(app, "css/site.css", root="/app") == base.rstrip("/") + "/css/site.3f2a91c07be4d518.css"
    assert url(app, "static", filename="upload.png", root="/app") == "/app/static/upload.png"


APPLICATIONS = [
    ({}, {}),
    ({}, {"SERVER_NAME": "site.example"}),
    ({}, {"SERVER_NAME": "site.example:80", "APPLICATION_ROOT": "/app", "PREFERRED_URL_SCHEME": "https"}),
    ({"host_matching": True, "static_host": "static.example"}, {"SERVER_NAME": "site.example"}),
    ({"subdomain_matching": True}, {"SERVER_NAME": "site.example"}),
    ({"static_url_path": "/st ä"}, {"SERVER_NAME": "site.example"}),
    ({"static_url_path": ""}, {}),
]
ABSOLUTE = [
    {"_external": external} | more for external in (True, False, None) for more in ({}, {"v": 1, "_anchor": "x"})
]
ABSOLUTE += [{"_scheme": scheme, "_external": True} for scheme in ("", "https", "http", "ws", "wss", "ftp")]
ABSOLUTE += [{"_scheme": ""}, {"_scheme": "https"}, {"_scheme": "https", "_external": False}]


@pytest.mark.filterwarnings("ignore:Current server name")
@pytest.mark.parametrize(("options", "config"), APPLICATIONS)
@pytest.mark.parametrize(
    "base_url", ["http://Other.Example:81/", "https://site.example/root", "http://static.example/", None]
)
def test_every_spelling_of_a_url_is_flasks_own(manifest, options, config, base_url):
    plain = flask.Flask("site", **options)
    plain.config.update(config)

    def answer(app, filename, more):
        with app.test_request_context("/", base_url=base_url) if base_url else app.app_context():
            try:
                return flask.url_for("static", filename=filename, **more)
            except (RuntimeError, ValueError) as error:
                return type(error)

    app = make(manifest, config=config, **options)
    for more in ABSOLUTE:
        if more.get("_external") is False and not base_url and not config:
            continue  # Flask wants a host for a path too
        assert answer(app, "css/site.css", more) == answer(plain, FILES["css/site.css"], more)


def test_a_path_object_is_a_name_as_for_flask(manifest):
    assert url(make(manifest), "static", filename=Path("css/site.css")) == SITE
    assert url(make(manifest), "static", filename=Path("css/none.css")) == "/static/css/none.css"


def test_url_defaults_are_not_asked_for_released_files_on_any_host(manifest):
    app = make(manifest, host_matching=True, static_host="static.example")
    app.url_defaults(lambda _, values: values.setdefault("v", "1"))
    for host, expected in (("www.example", "http://static.example" + SITE), ("static.example", SITE)):
        with app.test_request_context("/", base_url=f"http://{host}/"):
            assert asset_url("css/site.css") == flask.url_for("static", filename="css/site.css") == expected
            assert flask.url_for("static", filename="none.css").endswith("/static/none.css?v=1")


def test_an_application_that_was_not_set_up_says_so():
    extension = AssetBuild()
    for ask in (lambda: extension.url("a.css"), lambda: extension.tags, lambda: asset_url("a.css")):
        with flask.Flask("other").app_context(), pytest.raises(RuntimeError) as caught:
            ask()
        assert str(caught.value) == (
            "the application 'other' has no assets; call 'init_app(app)' of an AssetBuild first"
        )


def test_outside_of_a_request_urls_are_absolute_as_flask_makes_them(manifest):
    app = make(manifest, config={"SERVER_NAME": "site.example", "PREFERRED_URL_SCHEME": "https"})
    with app.app_context():
        assert flask.url_for("static", filename="css/site.css") == "https://site.example" + SITE
        assert flask.url_for("static", filename="css/site.css", _external=False) == SITE
        assert asset_url("css/site.css") == SITE
    app = make(manifest, config={"APPLICATION_ROOT": "/app"})
    with app.app_context():
        assert asset_url("css/site.css") == "/app" + SITE
        with pytest.raises(RuntimeError) as caught:
            flask.url_for("static", filename="css/site.css")
    assert str(caught.value) == (
        "outside of a request an absolute URL needs a host; set 'SERVER_NAME', or pass '_external=False'"
    )
    app = make(manifest, config={"ASSETBUILD_BASE_URL": "https://cdn.example"})
    with app.app_context():
        assert flask.url_for("static", filename="css/site.css") == "https://cdn.example/css/site.3f2a91c07be4d518.css"


def test_static_url_path_is_the_base_url(manifest):
    assert url(make(manifest, static_url_path="/s"), "static", filename="css/site.css") == SITE.replace("static", "s")
    app = make(manifest, static_url_path="", static_folder="s")
    assert url(app, "static", filename="css/site.css") == "/css/site.3f2a91c07be4d518.css"


def test_an_app_without_static_folder_uses_the_prefix_of_the_manifest(manifest):
    app = make(manifest, static_folder=None)
    assert url(app, "static", filename="css/site.css") == "/prefix/css/site.3f2a91c07be4d518.css"
    assert asset(app, "css/site.css", root="/app") == "/prefix/css/site.3f2a91c07be4d518.css"
    with app.test_request_context(), pytest.raises(Exception, match="Could not build url for endpoint 'static'"):
        flask.url_for("static", filename="unknown.css")


def test_static_files_on_a_host_of_their_own_keep_it(manifest):
    app = make(manifest, host_matching=True, static_host="static.example")
    with app.test_request_context("/", base_url="http://www.example/"):
        expected = "//static.example" + SITE
        assert flask.url_for("static", filename="css/site.css").endswith(expected)
        assert asset_url("css/site.css").endswith(expected)


def test_static_files_of_a_site_with_subdomains_stay_on_its_own(manifest):
    app = make(manifest, subdomain_matching=True, config={"SERVER_NAME": "site.example"})
    app.add_url_rule("/", "page", lambda: asset_url("css/site.css"), subdomain="api")
    expected = "http://site.example" + SITE
    with app.test_request_context("/", base_url="http://api.site.example/"):
        assert flask.url_for("static", filename="css/site.css") == expected
        assert asset_url("css/site.css") == expected


def test_a_dot_means_the_app_only_outside_of_a_blueprint(manifest, tmp_path):
    app = make(manifest)
    blueprint = flask.Blueprint("part", "part", static_folder="static", static_url_path="/part-static")

    def view():
        return flask.url_for(".static", filename="css/site.css")

    blueprint.add_url_rule("/part", "view", view)
    app.add_url_rule("/", "view", view)
    app.register_blueprint(blueprint)
    client = app.test_client()
    assert client.get("/").text == SITE
    assert client.get("/part").text == "/part-static/css/site.css"


# Modes, missing names, configuration


def test_development_answers_plain_urls_and_reads_no_manifest(tmp_path):
    app = make("/nowhere", config={"DEBUG": True}, root_path=sources(tmp_path))
    assert isinstance(app.extensions["assetbuild"].assets, Development)
    assert url(app, "static", filename="css/site.css", root="/app") == "/app/static/css/site.css"
    assert asset(app, "css/site.css", root="/app") == "/app/static/css/site.css"
    app = make("/nowhere", config={"ASSETBUILD_MODE": "development"}, static_folder=None)
    assert asset(app, "css/site.css") == "/static/css/site.css"


def test_the_mode_of_the_environment_wins_over_the_debug_flag(manifest, monkeypatch):
    monkeypatch.setenv("ASSETBUILD_MODE", "production")
    app = make(manifest, config={"DEBUG": True})
    assert isinstance(app.extensions["assetbuild"].assets, Manifest)


def test_a_bad_manifest_stops_the_process_at_its_start():
    with pytest.raises(ManifestError) as caught:
        make("/nowhere")
    assert str(caught.value) == (
        "/nowhere: the manifest cannot be read: No such file or directory\n"
        "  fix: run 'assetbuild build', or correct the path (argument, setting or ASSETBUILD_MANIFEST)"
    )


def test_a_missing_asset_is_an_error_or_a_plain_url(manifest, caplog):
    app = make(manifest)
    with app.test_request_context(), pytest.raises(MissingAsset) as caught:
        flask.render_template_string("{{ asset_url('css/sit.css') }}")
    assert caught.value.suggestions == ["css/site.css"]
    app = make(manifest, config={"ASSETBUILD_ON_MISSING": "plain"})
    assert asset(app, "css/sit.css", root="/app") == "/app/static/css/sit.css"
    assert [record.name for record in caplog.records] == ["assetbuild.runtime"]


def test_arguments_win_over_the_config_and_that_over_the_environment(manifest, monkeypatch):
    monkeypatch.setenv("ASSETBUILD_BASE_URL", "https://env.example")
    monkeypatch.setenv("ASSETBUILD_MANIFEST", str(manifest))
    app = flask.Flask("site")
    extension = AssetBuild(app)
    with app.app_context():
        assert extension.url("css/site.css") == "https://env.example/css/site.3f2a91c07be4d518.css"
    config = {"ASSETBUILD_BASE_URL": "https://config.example"}
    assert asset(make(manifest, config=config), "css/site.css").startswith("https://config.example/")
    extension = AssetBuild(base_url="https://argument.example", manifest=manifest)
    app = make("/nowhere", config=config, extension=extension)
    assert asset(app, "css/site.css").startswith("https://argument.example/")


def test_one_extension_serves_two_applications_and_may_be_given_one_twice(manifest):
    extension = AssetBuild()
    first = make(manifest, extension=extension, config={"ASSETBUILD_BASE_URL": "https://a.example"})
    second = make(manifest, extension=extension, static_url_path="/b")
    extension.init_app(second)
    for _ in range(2):
        assert url(first, "static", filename="css/site.css").startswith("https://a.example/css/")
        assert url(second, "static", filename="css/site.css").startswith("/b/css/")
        with second.app_context():
            assert extension.url("css/site.css").startswith("/b/css/")


# Tags


def tag(app, text, root="", **options):
    with app.test_request_context("/", base_url=f"http://localhost{root}/"):
        return flask.render_template_string(text, **options)


WHOLE = 'integrity="sha384-AAAA" crossorigin="anonymous"'
ALL_TAGS = """{{ asset_style("css/site.css", nonce=nonce) }}
{{ asset_script("js/app.js", module=True) }}
{{ asset_preload("img/a b@2.png") }}
{{ asset_modulepreload("js/app.js") }}
{{ asset_importmap("js/app.js") }}{{ asset_live() }}"""


@pytest.mark.parametrize("root", ["", "/app", "/a/b"])
def test_templates_have_the_tags_at_the_script_root(manifest, root):
    assert tag(make(manifest), ALL_TAGS, root, nonce="n") == (
        f'<link rel="stylesheet" href="{root}{SITE}" {WHOLE} nonce="n">\n'
        f'<script type="module" src="{root}/static/js/app.0123456789abcdef.js" {WHOLE}></script>\n'
        f'<link rel="preload" href="{root}/static/img/a%20b%402.0123456789abcdef.png" as="image">\n'
        f'<link rel="modulepreload" href="{root}/static/js/lib.0123456789abcdef.js" {WHOLE}>\n'
        f'<link rel="modulepreload" href="{root}/static/js/app.0123456789abcdef.js" {WHOLE}>\n'
    )


def test_an_import_map_stands_at_the_script_root_too(manifest):
    data = json.loads(manifest.read_bytes()) | {"modules": "importmap"}
    manifest.write_bytes(canonical(data))
    assert tag(make(manifest), "{{ asset_importmap('js/app.js', nonce='n') }}", "/app") == (
        '<script type="importmap" nonce="n">'
        '{"imports":{"/app/static/js/lib.js":"/app/static/js/lib.0123456789abcdef.js"},'
        '"integrity":{"/app/static/js/lib.0123456789abcdef.js":"sha384-AAAA"}}</script>'
    )


def test_python_code_has_the_tags_of_the_current_application(manifest):
    extension = AssetBuild()
    app = make(manifest, extension=extension)
    with app.test_request_context("/", base_url="http://localhost/app/"):
        assert extension.tags.url("css/site.css") == extension.url("css/site.css") == f"/app{SITE}"
        assert extension.tags is extension.tags  # made once for each place
    with app.app_context():
        assert extension.tags.preload_links("css/site.css") == [
            f'<{SITE}>; rel=preload; as=style; crossorigin=anonymous; integrity="sha384-AAAA"'
        ]


@pytest.mark.parametrize(
    ("header", "expected"),
    [("//evil.example", "/evil.example"), ('/a"><script>', "/a%22%3E%3Cscript%3E"), ("/é b%", "/%C3%A9%20b%25")],
)
def test_a_script_root_cannot_leave_the_origin_or_its_attribute(manifest, header, expected):
    app = make(manifest)
    with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": header.encode().decode("latin-1")}):
        assert asset_url("css/site.css") == flask.url_for("static", filename="css/site.css") == expected + SITE
        made = flask.render_template_string("{{ asset_style('css/site.css', integrity=False) }}")
        assert made == f'<link rel="stylesheet" href="{expected}{SITE}">'


def test_script_roots_without_end_do_not_fill_the_memory(manifest):
    app = make(manifest)
    for number in range(100):
        assert asset(app, "css/site.css", root=f"/{number}") == f"/{number}{SITE}"
    assert len(app.extensions["assetbuild"]._tags) <= 16
    assert asset(app, "css/site.css") == SITE


def test_tags_on_a_host_of_their_own_have_no_integrity_by_default(manifest):
    app = make(manifest, host_matching=True, static_host="static.example")
    with app.test_request_context("/", base_url="https://www.example/"):
        made = flask.render_template_string("{{ asset_style('css/site.css') }}")
        assert made == f'<link rel="stylesheet" href="https://static.example{SITE}">'
    app = make(manifest, config={"ASSETBUILD_BASE_URL": "https://cdn.example"})
    url = "https://cdn.example/css/site.3f2a91c07be4d518.css"
    assert tag(app, "{{ asset_style('css/site.css') }}", "/app") == f'<link rel="stylesheet" href="{url}">'


def test_in_development_tags_are_plain(tmp_path):
    app = make("/nowhere", config={"DEBUG": True}, root_path=sources(tmp_path))
    assert tag(app, ALL_TAGS, "/app") == (
        '<link rel="stylesheet" href="/app/static/css/site.css">\n'
        '<script type="module" src="/app/static/js/app.js"></script>\n'
        '<link rel="preload" href="/app/static/img/a%20b%402.png" as="image">\n'
        '<link rel="modulepreload" href="/app/static/js/app.js">\n'
    )


# Tests of an application that uses this


def test_plain_urls_in_the_place_of_a_manifest_need_no_build():
    for app in (flask.Flask("site"), flask.Flask("site", static_url_path="/s")):
        AssetBuild(app, assets=PlainUrls())
        assert asset(app, "css/new.css", "/app") == f"/app{app.static_url_path}/css/new.css"
    app = flask.Flask("site")
    app.config.update(TESTING=True, ASSETBUILD_ASSETS=PlainUrls())
    AssetBuild(app)
    assert asset(app, "css/new.css") == "/static/css/new.css"


def test_plain_urls_may_have_a_base_url_of_their_own():
    app = flask.Flask("site")
    AssetBuild(app, assets=PlainUrls("https://cdn.example/x"))
    assert asset(app, "css/new.css", "/app") == "https://cdn.example/x/css/new.css"


def test_a_manifest_may_be_given_whole_and_keeps_a_base_url_of_its_own(manifest):
    app = flask.Flask("site")
    AssetBuild(app, assets=Manifest.load(manifest))
    assert asset(app, "css/site.css", "/app") == f"/app{SITE}"
    app = flask.Flask("site")
    AssetBuild(app, assets=Manifest.load(manifest, base_url="https://cdn.example"))
    assert asset(app, "css/site.css", "/app") == "https://cdn.example/css/site.3f2a91c07be4d518.css"


def test_a_testing_application_reads_its_manifest_like_any_other(manifest):
    with pytest.raises(ManifestError):
        make("/nowhere", config={"TESTING": True})
    assert asset(make(manifest, config={"TESTING": True}), "css/site.css") == SITE


# Blueprints


def blueprint(tmp_path, name="shop", files=("shop.css", "gone.css", "site.css"), **options):
    folder = tmp_path / "blueprints" / name / "static"
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file).write_text(f"/* {name} {file} */")
    made = flask.Blueprint(name, name, root_path=str(folder.parent), static_folder="static", **options)
    made.add_url_rule("/view", "view", lambda: flask.url_for(".static", filename="shop.css"))
    return made


SHOP = "/static/shop/shop.0123456789abcdef.css"


def test_a_static_folder_below_the_applications_own_url_needs_no_words(manifest, tmp_path):
    app = make(manifest)
    app.register_blueprint(blueprint(tmp_path, static_url_path="/static/shop"))
    assert url(app, "shop.static", filename="shop.css") == SHOP
    assert url(app, "shop.static", filename="shop.css", v=1, _anchor="x", root="/app") == f"/app{SHOP}?v=1#x"
    assert url(app, "shop.static", filename="shop.css", _external=True) == f"http://localhost{SHOP}"
    assert url(app, "shop.static", filename="gone.css") == "/static/shop/gone.css"
    assert url(app, "shop.static", filename="site.css") == "/static/shop/site.css"  # not css/site.css, nor site.css


def test_a_blueprint_elsewhere_gets_released_urls_by_being_named(manifest, tmp_path):
    for given, config in (({"shop": "shop"}, {}), (None, {"ASSETBUILD_BLUEPRINTS": {"shop": "/shop/"}})):
        app = make(manifest, extension=AssetBuild(blueprints=given), config=config)
        app.register_blueprint(blueprint(tmp_path), url_prefix="/our-shop")
        assert url(app, "shop.static", filename="shop.css", root="/app") == f"/app{SHOP}"
        assert url(app, "shop.static", filename="gone.css") == "/our-shop/static/gone.css"
    app = make(manifest)
    app.register_blueprint(blueprint(tmp_path), url_prefix="/shop")
    assert url(app, "shop.static", filename="shop.css") == "/shop/static/shop.css"


def test_a_blueprint_may_be_built_without_a_prefix(manifest, tmp_path):
    app = make(manifest, extension=AssetBuild(blueprints={"shop": ""}))
    app.register_blueprint(blueprint(tmp_path), url_prefix="/shop")
    assert url(app, "shop.static", filename="css/site.css") == SITE


def test_a_dot_means_the_blueprint_of_the_request(manifest, tmp_path):
    app = make(manifest)
    app.register_blueprint(blueprint(tmp_path, static_url_path="/static/shop"))
    assert app.test_client().get("/view").text == SHOP
    with app.app_context(), pytest.raises(RuntimeError):
        flask.url_for(".static", filename="shop.css")


def test_nested_blueprints_and_one_under_two_names(manifest, tmp_path):
    app = make(manifest, extension=AssetBuild(blueprints={"parent.shop": "shop", "second": "shop"}))
    parent = flask.Blueprint("parent", "parent", url_prefix="/parent")
    child = blueprint(tmp_path, url_prefix="/child")
    parent.register_blueprint(child)
    app.register_blueprint(parent)
    app.register_blueprint(child, name="second", url_prefix="/second")
    assert url(app, "parent.shop.static", filename="shop.css") == SHOP
    assert url(app, "second.static", filename="shop.css") == SHOP
    assert app.test_client().get("/parent/child/view").text == SHOP
    assert url(app, "second.static", filename="gone.css") == "/second/static/gone.css"


def test_parameters_of_the_folders_own_rule_are_no_query(manifest, tmp_path):
    app = make(manifest, extension=AssetBuild(blueprints={"shop": "shop"}))
    app.register_blueprint(blueprint(tmp_path), url_prefix="/<lang>")
    assert url(app, "shop.static", filename="shop.css", lang="en", v=1) == f"{SHOP}?v=1"
    assert url(app, "shop.static", filename="gone.css", lang="en", v=1) == "/en/static/gone.css?v=1"
    app = make(manifest)
    app.register_blueprint(blueprint(tmp_path, static_url_path="/static/<kind>"))
    assert url(app, "shop.static", filename="shop.css", kind="shop") == "/static/shop/shop.css"


def test_a_blueprint_without_a_folder_or_on_another_host_is_left_alone(manifest, tmp_path):
    app = make(manifest, extension=AssetBuild(blueprints={"bare": "shop"}))
    bare = flask.Blueprint("bare", "bare")
    bare.add_url_rule("/bare/<filename>", "static", lambda filename: filename)
    app.register_blueprint(bare)
    assert url(app, "bare.static", filename="shop.css") == "/bare/shop.css"
    with app.test_request_context(), pytest.raises(BuildError):
        flask.url_for("no.static", filename="shop.css")
    app = make(manifest, subdomain_matching=True, config={"SERVER_NAME": "site.example"})
    app.register_blueprint(blueprint(tmp_path, static_url_path="/static/shop"), subdomain="shop")
    with app.test_request_context():
        made = flask.url_for("shop.static", filename="shop.css")
        assert made == "http://shop.site.example/static/shop/shop.css"


def test_blueprints_of_an_application_without_a_folder_of_its_own(manifest, tmp_path):
    app = make(manifest, static_folder=None)
    app.register_blueprint(blueprint(tmp_path, static_url_path="/prefix/shop"))
    assert url(app, "shop.static", filename="shop.css") == SHOP.replace("static", "prefix")
    app = make(manifest, static_folder=None, config={"ASSETBUILD_BASE_URL": "https://cdn.example"})
    app.register_blueprint(blueprint(tmp_path, static_url_path="/prefix/shop"))
    assert url(app, "shop.static", filename="shop.css") == "https://cdn.example/shop/shop.0123456789abcdef.css"


def test_in_development_a_named_blueprint_serves_its_sources_where_a_release_has_them(tmp_path):
    (tmp_path / "static/shop").mkdir(parents=True)
    (tmp_path / "static/shop/own.css").write_text("/* own */")
    for folder in ("static", None):
        app = flask.Flask("site", root_path=str(tmp_path), static_folder=folder)
        extension = AssetBuild(app, mode="development", blueprints={"shop": "shop", "gone": "gone", "bare": ""})
        extension.init_app(app)
        app.register_blueprint(blueprint(tmp_path), url_prefix="/our-shop")
        assert asset(app, "shop/shop.css") == "/static/shop/shop.css"
        assert get(app, "/static/shop/shop.css") == get(app, "/our-shop/static/shop.css") == "/* shop shop.css */"
        for path in ("/static/shop/none.css", "/static/gone/a.css", "/static/shop/../shop.py", "/static/shop/%2e%2e/x"):
            assert get(app, path) == 404
        assert get(app, "/static/shop/own.css") == ("/* own */" if folder else 404)  # the first root wins


def test_in_development_a_blueprint_may_be_all_that_there_is(tmp_path):
    app = flask.Flask("site", static_folder=None)
    AssetBuild(app, mode="development", blueprints={"shop": ""})
    app.register_blueprint(blueprint(tmp_path), url_prefix="/our-shop")
    assert get(app, asset(app, "shop.css")) == "/* shop shop.css */"


def get(app, path):
    with app.test_client() as client, client.get(path) as response:
        return response.text if response.status_code == 200 else response.status_code


# The command line


PROJECT = """
import flask
from assetbuild.runtime.flask import AssetBuild
def create_app():
    app = flask.Flask("site")
    AssetBuild(app)
    return app
"""


@pytest.fixture
def project(tmp_path):
    """`run(...)`: what `flask --app project ...` says, in a directory with sources."""
    directory = tmp_path / "project"
    (directory / "static").mkdir(parents=True)
    (directory / "project.py").write_text(PROJECT)
    (directory / "static/a.css").write_text("a { color: red }")
    (directory / "assetbuild.toml").write_text('roots = ["static"]\n')

    def run(*arguments, options=(), **variables):
        environment = {**os.environ, "ASSETBUILD_MODE": "development", "NO_COLOR": "1", **variables}
        command = [sys.executable, *options, "-m", "flask", "--app", "project", *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=directory, env=environment)

    run.directory = directory
    return run


def test_flask_assetbuild_is_assetbuild(project):
    listed = project("assetbuild", "--help")
    assert listed.stdout.startswith(
        "Usage: python -m flask assetbuild [OPTIONS] COMMAND [ARGS]...\n\n  Build the static"
    )
    assert {"build", "verify", "ls"} <= {line.split()[0] for line in listed.stdout.splitlines() if line[:2] == "  "}
    done = project("assetbuild", "build", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    release = project.directory / json.loads(done.stdout)["path"]
    manifest = str(release / "manifest.json")
    assert project("assetbuild", "verify", ASSETBUILD_MODE="production", ASSETBUILD_MANIFEST=manifest).returncode == 0
    assert project("assetbuild", "ls").stdout.startswith("a.css")
    (project.directory / "assetbuild.toml").write_text("root = []")
    failed = project("assetbuild", "build")
    assert (failed.returncode, "unknown key 'root'" in failed.stderr) == (2, True)
    assert "No such command 'biuld'" in project("assetbuild", "biuld").stderr


@pytest.fixture
def runtime_only(tmp_path):
    """A directory with what `pip install assetbuild flask` installs, and nothing else."""
    directory = tmp_path / "runtime-only"
    directory.mkdir()
    for name in ("assetbuild", "flask", "werkzeug", "jinja2", "markupsafe", "click", "itsdangerous", "blinker"):
        (directory / name).symlink_to(Path(importlib.import_module(name).__file__).parent)
    return directory


def test_where_only_the_runtime_is_installed_the_command_says_so(project, runtime_only):
    for arguments in (("--help",), ("build",), ("ls", "--json")):
        done = project("assetbuild", *arguments, options=("-S",), PYTHONPATH=str(runtime_only))
        said = "assetbuild: only the runtime is installed here; to build, run: pip install 'assetbuild[build]'\n"
        assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    listed = project("--help", options=("-S",), PYTHONPATH=str(runtime_only))
    assert "  assetbuild  Build the static files of this application" in listed.stdout


def test_an_application_starts_without_the_build_side(project, manifest):
    code = "import sys, project; project.create_app(); print(sorted(n for n in sys.modules if n[:10] == 'assetbuild'))"
    environment = {**os.environ, "ASSETBUILD_MANIFEST": str(manifest)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project.directory, env=environment)
    names = ast.literal_eval(done.stdout)
    assert [name for name in names if not name.startswith("assetbuild.runtime")] == ["assetbuild"]
    assert "assetbuild.runtime.starlette" not in names


# Nothing of the file system after the start

AUDIT = """
import shutil, sys
import flask
from assetbuild.runtime.flask import AssetBuild
app = flask.Flask("site")
AssetBuild(app, manifest=sys.argv[1] + "/manifest.json")
template = (
    "{{ url_for('static', filename='css/site.css') }} {{ asset_url('css/site.css') }}"
    " {{ url_for('static', filename='x') }} {{ asset_style('css/site.css', integrity=False, nonce='n') }}"
)
app.add_url_rule("/", "page", lambda: flask.render_template_string(template))
client = app.test_client()
client.get("/")
shutil.rmtree(sys.argv[1])
seen = []
watched = ("open", "os", "import", "shutil", "glob")
sys.addaudithook(lambda event, args: seen.append((event, args)) if event.split(".")[0] in watched else None)
for _ in range(50):
    text = client.get("/").text
assert seen == [], seen
print(text)
"""


def test_pages_render_without_the_file_system_after_the_release_is_gone(manifest):
    command = [sys.executable, "-c", AUDIT, str(manifest.parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    styled = f'<link rel="stylesheet" href="{SITE}" nonce="n">'
    assert (done.stdout, done.stderr) == (f"{SITE} {SITE} /static/x {styled}\n", "")
    assert not manifest.parent.exists()


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_kernel_sees_no_file_system_call_after_the_start(manifest, tmp_path):
    script = tmp_path / "page.py"
    marked = AUDIT.replace("seen = []", "import os\nseen = []\nos.write(1, b'START')")
    script.write_text(marked.replace("shutil.rmtree(sys.argv[1])\n", ""))
    log = tmp_path / "strace.log"
    command = ["strace", "-f", "-o", log, "-e", "trace=file,write", sys.executable, script, manifest.parent]
    subprocess.run(command, capture_output=True, check=True)
    before, marker, after = log.read_text().partition('"START"')
    assert "manifest.json" in before
    assert marker
    assert [line for line in after.splitlines()[1:] if "write(" not in line and "exited" not in line] == []


# The page of documentation

PAGE = page_of_documentation("flask.md")


def test_the_sample_serves_its_sources_in_development():
    code = (
        "from flask_app import create_app\n"
        "get = create_app().test_client().get\n"
        "print(get('/static/css/site.css').status_code, get('/static/js/classic.js').status_code)"
    )
    assert run_in_development(code) == "200 404\n"


def test_the_first_commands_of_the_page_work_in_a_fresh_directory(tmp_path):
    run_first_commands(PAGE, tmp_path)
    assert (tmp_path / "dist/current/manifest.json").is_file()


def test_the_code_of_the_documentation_runs(manifest, tmp_path, monkeypatch):
    monkeypatch.setenv("ASSETBUILD_MANIFEST", str(manifest))
    first, factory, plain, jinja = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    html = (
        "".join(re.findall(r"```html\n(.*?)```", PAGE, re.DOTALL)) + "{{ url_for('static', filename='css/site.css') }}"
    )
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/home.html").write_text(html)

    module = types.ModuleType("documented")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # Flask looks its module up
    module.__file__ = str(tmp_path / "documented.py")
    exec(first, vars(module))
    page = module.app.test_client().get("/")
    assert (page.status_code, page.text.count(SITE)) == (200, 2)

    exec(factory + plain, vars(module))
    assert asset(module.app, "css/site.css") == "/static/css/site.css"
    with module.create_app({"ASSETBUILD_MODE": "production"}).test_request_context():
        assert module.assets.tags.url("css/site.css") == SITE

    (tmp_path / "dist/current").mkdir(parents=True)
    shutil.copy(manifest, tmp_path / "dist/current")
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(jinja, names)
    assert names["environment"].from_string("{{ asset_url('css/site.css') }}").render() == SITE.replace(
        "static", "prefix"
    )


def test_the_table_of_the_documentation_names_every_setting_and_function():
    settings = set(re.findall(r"^\| `\w+` \| `(ASSETBUILD_\w+)` \|", PAGE, re.MULTILINE))
    assert settings == {f"ASSETBUILD_{name}" for name in AssetBuild()._arguments}
    names = set(re.findall(r"^\| `(asset_\w+)\(", PAGE, re.MULTILINE))
    app = flask.Flask("site")
    AssetBuild(app, assets=PlainUrls())
    assert names == {name for name in app.jinja_env.globals if name.startswith("asset_")}
