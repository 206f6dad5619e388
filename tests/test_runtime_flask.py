"""The Flask extension, through Flask's own test client."""

from __future__ import annotations

import shutil
import subprocess
import sys

import flask
import pytest

from assetbuild.runtime import Manifest, ManifestError, MissingAsset, PlainUrls
from assetbuild.runtime.flask import AssetBuild, asset_url
from assetbuild.runtime.manifest import canonical

FILES = {"css/site.css": "css/site.3f2a91c07be4d518.css", "img/a b@2.png": "img/a b@2.0123456789abcdef.png"}
SITE = "/static/css/site.3f2a91c07be4d518.css"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in ("ASSETBUILD_MANIFEST", "ASSETBUILD_BASE_URL", "ASSETBUILD_MODE", "FLASK_DEBUG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def manifest(tmp_path):
    assets = {path: {"file": file, "integrity": "sha384-AAAA", "size": 1} for path, file in FILES.items()}
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


def test_development_answers_plain_urls_and_reads_no_manifest():
    app = make("/nowhere", config={"DEBUG": True})
    assert isinstance(app.extensions["assetbuild"].assets, PlainUrls)
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


# Nothing of the file system after the start

AUDIT = """
import shutil, sys
import flask
from assetbuild.runtime.flask import AssetBuild
app = flask.Flask("site")
AssetBuild(app, manifest=sys.argv[1] + "/manifest.json")
template = (
    "{{ url_for('static', filename='css/site.css') }} {{ asset_url('css/site.css') }}"
    " {{ url_for('static', filename='x') }}"
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
    assert (done.stdout, done.stderr) == (f"{SITE} {SITE} /static/x\n", "")
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
