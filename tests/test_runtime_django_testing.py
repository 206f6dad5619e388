"""Test runs of a project need no build: under Django's runner, under pytest, and with a live server."""

from __future__ import annotations

import asyncio
import json
import os
import unittest

import django
import pytest

from assetbuild.runtime import ManifestError
from tests.conftest import write_files
from tests.support.django_site import BACKEND, CONTENTS, OPTIONS, SITE, apps, python, static, write_release

pytest_plugins = ["tests.support.django_fixtures"]
pytestmark = pytest.mark.usefixtures("override")


def plain_assets():
    from assetbuild.runtime.django.testing import plain_assets

    return plain_assets()


# One test at a time


def test_plain_assets_need_no_manifest_and_end_with_the_block():
    with plain_assets():
        assert static("css/site.css?x#y") == "/static/css/site.css?x#y"
    with pytest.raises(ManifestError):
        static("css/site.css")


def test_plain_assets_decorate_functions():
    @plain_assets()
    def plain():
        return static("css/site.css")

    @plain_assets()
    async def plain_too():
        return static("css/site.css")

    assert plain() == asyncio.run(plain_too()) == "/static/css/site.css"
    with pytest.raises(ManifestError):
        static("css/site.css")


def test_plain_assets_decorate_test_cases_and_a_test_may_ask_for_the_release(release, override):
    from django.test import SimpleTestCase

    @plain_assets()
    class Case(SimpleTestCase):
        def test_plain(self):
            assert static("css/site.css") == "/static/css/site.css"

        @override(ASSETBUILD_MODE="production")
        def test_release(self):
            assert static("css/site.css") == f"/static/{SITE}"

    result = unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(unittest.TestResult())
    assert (result.testsRun, result.errors, result.failures) == (2, [], [])
    assert static("css/site.css") == f"/static/{SITE}"


@pytest.mark.skipif(django.VERSION < (5, 1), reason="overriding STORAGES loses its OPTIONS in this Django")
def test_plain_assets_go_before_the_mode_in_the_options_and_a_mode_inside_of_them_before_both(release, override):
    ours = {"BACKEND": BACKEND, "OPTIONS": {"mode": "production", "base_url": "/own/"}}
    with override(STORAGES={**OPTIONS["STORAGES"], "staticfiles": ours}):
        assert static("css/site.css") == f"/own/{SITE}"
        with plain_assets():
            assert static("css/site.css") == "/own/css/site.css"
            with override(ASSETBUILD_MODE="production"):
                assert static("css/site.css") == f"/own/{SITE}"
        assert static("css/site.css") == f"/own/{SITE}"


def test_in_tests_the_error_says_that_they_need_no_release(override):
    from django.test.utils import setup_test_environment, teardown_test_environment

    message = (
        "/nowhere: the manifest cannot be read: No such file or directory\n"
        "  fix: run 'assetbuild build', or correct the path (argument, setting or ASSETBUILD_MANIFEST)"
    )
    with override(ASSETBUILD_MANIFEST="/nowhere"):
        errors = []
        for set_up, tear_down in ((int, int), (setup_test_environment, teardown_test_environment)):
            set_up()
            try:
                with pytest.raises(ManifestError) as caught:
                    static("css/site.css")
            finally:
                tear_down()
            errors.append(str(caught.value))
    assert errors == [message, message + "; tests need no release: see 'assetbuild.runtime.django.testing'"]


# Django's runner

TESTS = """
from urllib.request import urlopen
from django.conf import settings
from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.template import Context, Template
from django.templatetags.static import static
from django.test import LiveServerTestCase, SimpleTestCase, override_settings

def page():
    return Template('{% load assetbuild %}{% asset_script "admin/js/core.js" %}').render(Context())

class Pages(SimpleTestCase):
    def test_plain(self):
        self.assertFalse(settings.DEBUG)
        self.assertEqual(static("admin/css/base.css"), "/static/admin/css/base.css")
        self.assertEqual(page(), '<script src="/static/admin/js/core.js"></script>')

class Live(StaticLiveServerTestCase):
    def test_the_finders_serve_the_sources(self):
        with urlopen(self.live_server_url + static("admin/js/core.js")) as answer:
            self.assertIn(b"quickElement", answer.read())

release = override_settings(ASSETBUILD_MODE="production")

@release
class LiveRelease(StaticLiveServerTestCase):
    def test_our_finder_serves_the_release(self):
        with urlopen(self.live_server_url + static("css/site.css")) as answer:
            self.assertEqual((static("css/site.css"), answer.read()), ("/static/SITE", b"a{}"))

@release
@override_settings(STATIC_ROOT=settings.RELEASE_FILES)
class LiveRoot(LiveServerTestCase):
    def test_static_root_serves_the_release(self):
        with urlopen(self.live_server_url + static("css/site.css")) as answer:
            self.assertEqual(answer.read(), b"a{}")
""".replace("SITE", SITE, 1)
RUNNER = "assetbuild.runtime.django.testing.Runner"
FINDERS = ["django.contrib.staticfiles.finders.AppDirectoriesFinder"]  # the app adds its own


@pytest.fixture
def project(tmp_path):
    (tmp_path / "release").mkdir()
    manifest = write_release(tmp_path / "release", CONTENTS)
    write_files(tmp_path / "site", {"test_pages.py": TESTS})
    options = {
        "ASSETBUILD_MANIFEST": str(manifest),
        "RELEASE_FILES": str(manifest.parent / "files"),
        "STATICFILES_FINDERS": FINDERS,
    }
    return lambda *command, **more: python(tmp_path / "site", ["-m", *command], check=False, **{**options, **more})


SPAWN = """
import multiprocessing, sys
from django.core.management import execute_from_command_line
if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    execute_from_command_line(sys.argv)
"""


@pytest.mark.parametrize(
    "mode",
    [
        {"ASSETBUILD_MODE": "production"},
        pytest.param(
            {"STORAGES": {"staticfiles": {"BACKEND": BACKEND, "OPTIONS": {"mode": "production"}}}},
            marks=pytest.mark.skipif(django.VERSION < (5, 1), reason="this Django loses the OPTIONS of STORAGES"),
        ),
    ],
    ids=["setting", "option"],
)
def test_workers_that_are_spawned_are_plain_whatever_mode_is_set(project, tmp_path, mode):
    write_files(tmp_path / "site", {"spawned.py": SPAWN})
    done = project("spawned", "test", "--parallel", "2", TEST_RUNNER=RUNNER, **mode)
    assert "Ran 4 tests" in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [(), ("--parallel", "2")])
def test_under_our_runner_every_test_is_plain_but_those_that_ask_for_the_release(project, arguments):
    done = project("django", "test", *arguments, TEST_RUNNER=RUNNER)
    assert done.returncode == 0, done.stderr
    assert "Ran 4 tests" in done.stderr


def test_the_setting_alone_does_it_for_any_runner(project):
    done = project("django", "test", "test_pages.Pages", "test_pages.Live", ASSETBUILD_MODE="development")
    assert done.returncode == 0, done.stderr
    assert "Ran 2 tests" in done.stderr


def test_a_runner_of_djangos_own_wants_a_release(project):
    done = project("django", "test", "test_pages.Pages", ASSETBUILD_MANIFEST="/nowhere")
    assert done.returncode == 1
    assert "tests need no release: see 'assetbuild.runtime.django.testing'" in done.stderr


def test_the_runner_leaves_all_as_it_was():
    from assetbuild.runtime.django.testing import Runner

    before = dict(os.environ)
    runner = Runner(verbosity=0)
    runner.setup_test_environment()
    assert (static("a.css"), os.environ) == ("/static/a.css", before)
    runner.teardown_test_environment()
    with pytest.raises(ManifestError):
        static("a.css")


# pytest

CONFTEST = """
import django
django.setup()
{}
"""
PYTESTS = """
import pytest
from django.templatetags.static import static
from django.test import override_settings

def test_plain():
    assert static("a.css") == "/static/a.css"

def test_release():
    with override_settings(ASSETBUILD_MODE="production"), pytest.raises(ValueError):
        static("a.css")
"""


@pytest.mark.parametrize(
    ("line", "installed"),
    [
        ('pytest_plugins = ["assetbuild.runtime.django.pytest_plugin"]', True),
        ("from assetbuild.runtime.django.pytest_plugin import plain_assets", False),
    ],
)
def test_under_pytest_one_line_of_conftest_is_enough(tmp_path, line, installed):
    write_files(tmp_path / "site", {"conftest.py": CONFTEST.format(line), "test_pages.py": PYTESTS})
    names = apps(*(["assetbuild.runtime.django"] if installed else []), "staticfiles")
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = python(tmp_path / "site", command, check=False, INSTALLED_APPS=names)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_without_settings_the_plugin_does_nothing(tmp_path):
    line = 'pytest_plugins = ["assetbuild.runtime.django.pytest_plugin"]'
    write_files(tmp_path / "site", {"conftest.py": line, "test_a.py": "def test(): pass"})
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:django"]
    done = python(tmp_path / "site", command, check=False, env={"DJANGO_SETTINGS_MODULE": ""})
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


# The finder


def test_the_finder_knows_the_released_names_and_no_others(tmp_path, override):
    from assetbuild.runtime.django.finders import ReleaseFinder

    manifest = write_release(tmp_path, CONTENTS)
    data = json.loads(manifest.read_text())
    data["assets"]["icons.svg"]["stable"] = True
    manifest.write_text(json.dumps(data))
    finder = ReleaseFinder()
    with override(ASSETBUILD_MANIFEST=str(manifest)):
        assert finder.find(SITE) == str(tmp_path / "files" / SITE)
        assert finder.find("icons.svg") == str(tmp_path / "files/icons.svg")
        for everything in ({"find_all": True}, {"all": True}):
            assert finder.find(SITE, **everything) == [str(tmp_path / "files" / SITE)]
            assert finder.find("css/site.css", **everything) == []
        for name in ("css/site.css", "", "../manifest.json", f"css/../{SITE}", f"/{SITE}", "/etc/passwd", f"{SITE}/"):
            assert finder.find(name) == []
        assert list(finder.list(None)) == []
    with override(ASSETBUILD_MODE="development"):
        assert finder.find(SITE) == []
    with override(ASSETBUILD_MANIFEST="/nowhere"):
        assert finder.find(SITE) == []
