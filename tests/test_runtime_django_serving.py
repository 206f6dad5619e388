"""WhiteNoise's own middleware serves a release of ours over HTTP; `check --deploy` sees where it would not."""

from __future__ import annotations

import gzip
import http.client
from urllib.parse import urlsplit

import brotli
import pytest
from django.core.checks import run_checks

from assetbuild.build import build
from assetbuild.runtime.django.released import is_immutable
from tests.support.needs import under_ci
from tests.support.server import serve

if not under_ci():
    pytest.importorskip("whitenoise", reason="WhiteNoise is not installed")
pytest_plugins = ["tests.support.django_fixtures"]

FILES = {
    "css/site.css": "a { background: url(../img/logo.svg) }\n" * 100,
    "img/logo.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>" * 50,
    "img/dot.png": bytes(range(256)),
    "js/app.js": "console.log('a, b');\n" * 100,
    "js/app.js.map": '{"version":3,"sources":[],"mappings":""}',
    "js/vendor.min.js": "var v = 1;\n" * 100,
    "js/editor/plugin.min.js": "var p = 1;\n" * 100,
    "chunks/index-Ab12Cd34.js": "export default 1;\n" * 100,
}
SHORT, FOREVER = "max-age=60, public", "max-age=315360000, public, immutable"
OPTIONS = {
    "compress": {"br": 5, "gz": 6},
    "minify": {"js": [], "css": []},
    "stable": ["js/editor/**"],
    "prehashed": ["chunks/*"],
}


@pytest.fixture
def released(site):
    """The directory of a real release."""
    return build(site(FILES, **OPTIONS)).dir


@pytest.fixture
def served(released, override):
    """`served(**settings)` is a server with the real middleware."""
    from contextlib import ExitStack

    from django.core.handlers.wsgi import WSGIHandler

    with ExitStack() as stack:

        def start(**settings):
            common = {
                "ASSETBUILD_MANIFEST": str(released / "manifest.json"),
                "STATIC_ROOT": str(released / "files"),
                "MIDDLEWARE": ["whitenoise.middleware.WhiteNoiseMiddleware"],
                "ALLOWED_HOSTS": ["*"],
            }
            stack.enter_context(override(**{**common, **settings}))
            return stack.enter_context(serve(WSGIHandler()))

        yield start


def get(server, path, encodings=""):
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc)
    connection.request("GET", path, headers={"Accept-Encoding": encodings})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def url(path):
    from django.templatetags.static import static

    return static(path)


DECODERS = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("", None), ("identity", None), ("gzip", "gzip"), ("gzip, deflate, br", "br")]
)
def test_every_asset_has_its_type_and_encoding_and_never_changes(served, released, accepted, encoding):
    server = served()
    types = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "png": "image/png"}
    for path in ("css/site.css", "js/app.js", "img/logo.svg", "js/vendor.min.js", "img/dot.png"):
        answer, body = get(server, url(path), accepted)
        expected = None if path == "img/dot.png" else encoding
        assert (answer.status, answer.headers["Content-Encoding"]) == (200, expected)
        assert answer.headers["Vary"] == (None if path == "img/dot.png" else "Accept-Encoding")
        assert answer.headers["Content-Type"].partition(";")[0] == types[path.rpartition(".")[2]]
        assert answer.headers["Cache-Control"] == FOREVER
        file = released / "files" / url(path).removeprefix("/static/")
        assert DECODERS[expected](body) == file.read_bytes()


def cache_control(server, path):
    answer, _ = get(server, path)
    assert answer.status == 200
    return answer.headers["Cache-Control"]


def test_stable_names_are_kept_for_a_minute_and_their_fingerprinted_twins_for_ever(served):
    server = served()
    assert cache_control(server, "/static/js/editor/plugin.min.js") == SHORT
    assert cache_control(server, url("js/editor/plugin.min.js")) == FOREVER
    assert cache_control(server, url("js/app.js.map")) == FOREVER


def test_names_that_came_with_a_hash_are_for_ever_only_by_our_own_test(served, override):
    paths = ("chunks/index-Ab12Cd34.js", "css/site.css", "js/editor/plugin.min.js")
    found = {}
    for name, options in (("default", {}), ("ours", {"WHITENOISE_IMMUTABLE_FILE_TEST": is_immutable})):
        server = served(**options)
        found[name] = [cache_control(server, url(path)) for path in paths]
        found[name].append(cache_control(server, "/static/js/editor/plugin.min.js"))
    assert found == {"default": [SHORT, FOREVER, FOREVER, SHORT], "ours": [FOREVER, FOREVER, FOREVER, SHORT]}


def test_a_name_that_is_not_in_the_release_is_not_found(served):
    server = served()
    paths = (
        "/static/css/site.css",
        "/static/manifest.json",
        "/static/../manifest.json",
        "/static/%2e%2e/manifest.json",
    )
    assert [get(server, path)[0].status for path in paths] == [404] * 4


def test_our_test_knows_files_and_not_names(released, override, tmp_path):
    with override(ASSETBUILD_MANIFEST=str(released / "manifest.json")):
        name = url("css/site.css").removeprefix("/static/")
        file = tmp_path / "static" / name
        assert is_immutable(str(released / "files" / name), "/static/" + name)
        assert not is_immutable(str(file), "/static/" + name)
        assert not is_immutable(str(released / "files/js/editor/plugin.min.js"), "")
        link = tmp_path / "link"
        link.symlink_to(released)
        assert is_immutable(str(link / "files" / name), "")
    with override(ASSETBUILD_MODE="development"):
        assert not is_immutable(str(released / "files" / name), "")


def found_by_checks(*names, deploy=True):
    found = run_checks(include_deployment_checks=deploy)
    return [(one.id, one.msg, one.hint) for one in found if one.id in {f"assetbuild.{name}" for name in names}]


@pytest.mark.parametrize("server", ["whitenoise.middleware.WhiteNoiseMiddleware", "servestatic.middleware.ServeStatic"])
def test_a_server_of_another_directory_is_warned_of(released, override, tmp_path, server):
    options = {"ASSETBUILD_MANIFEST": str(released / "manifest.json"), "MIDDLEWARE": ["a.B", server]}
    files = str(released / "files")
    for root, shown in ((None, ""), (tmp_path / "collected", str(tmp_path / "collected"))):
        with override(**options, STATIC_ROOT=root):
            what = f"'{server}' serves STATIC_ROOT, '{shown}', which is not the release's directory of files"
            assert found_by_checks("E001", "W001", "W002") == [
                ("assetbuild.W002", what, f"set STATIC_ROOT to '{files}'")
            ]
            assert found_by_checks("W002", deploy=False) == []
    (tmp_path / "link").symlink_to(files)
    with override(**options, STATIC_ROOT=tmp_path / "link"):
        assert found_by_checks("E001", "W001", "W002") == []
    with override(**{**options, "MIDDLEWARE": []}, STATIC_ROOT=None):
        assert found_by_checks("E001", "W001", "W002") == []


def test_development_is_warned_of_where_debug_is_off(override):
    what = "pages name source files, not those of a release: the mode is 'development' while DEBUG is False"
    hint = "remove ASSETBUILD_MODE from settings and environment, and 'mode' from the storage's OPTIONS"
    with override(ASSETBUILD_MODE="development"):
        assert found_by_checks("E001", "W001", "W002") == [("assetbuild.W001", what, hint)]
    with override(DEBUG=True):
        assert found_by_checks("E001", "W001", "W002") == []


def test_an_app_that_the_release_does_not_know_is_warned_of(site, override):
    what = "no style sheet and no script of 'django.contrib.admin' is in the release"
    hint = "add the 'static' directory to 'roots' in assetbuild.toml, and build again"
    for files, expected in (({}, [("assetbuild.W003", what, hint)]), ({"admin/css/base.css": "a {}"}, [])):
        manifest = build(site({"a.css": "a {}", **files}, directory=f"site{len(files)}")).dir / "manifest.json"
        with override(ASSETBUILD_MANIFEST=str(manifest)):
            assert found_by_checks("W003") == expected
