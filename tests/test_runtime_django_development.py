"""Django while 'assetbuild watch' runs, and while it does not: pages, tags, the storage, and who serves the files."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import django as django_package
import pytest
from django.urls import path

from assetbuild.executors import Serial
from assetbuild.runtime import MissingAsset
from assetbuild.session import Session
from assetbuild.taken import Taken
from tests.conftest import write_files
from tests.support.django_site import BACKEND, OPTIONS, python, render, static
from tests.support.needs import under_ci
from tests.support.servers import free_port, running

pytest_plugins = ["tests.support.django_fixtures"]
pytestmark = pytest.mark.usefixtures("override")

FILES = {
    "css/site.css": "a { background: url(../img/logo.svg) }\n",
    "img/logo.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>\n",
    "js/app.js": "console.log('a');\n",
    "js/editor/plugin.js": "var p = 1;\n",
}
TABLE = {"bundles": {"js/all.js": {"contents": ["js/app.js", "js/editor/plugin.js"]}}, "stable": ["js/editor/**"]}
FINGERPRINTED = re.compile(r"^/static/(.*)\.[0-9a-f]{16}(\.\w+)$")


class Watch:
    """What `assetbuild watch` does, as far as an application sees it: the lock, the output, where live reload is."""

    def __init__(self, config):
        self.sources = config.base_dir / "static"
        self.directory = config.base_dir / ".assetbuild"
        self.taken = Taken(self.directory)
        self.session = Session(config, self.directory, workers=Serial())

    def build(self, **files):
        write_files(self.sources, {name.replace("__", "/", 1).replace("__", "."): text for name, text in files.items()})
        self.session.build()
        begin_request()

    @contextmanager
    def running(self):
        with self.taken:
            self.build()
            yield self
        begin_request()

    def follows(self, override, **settings):
        """The site's settings while developing."""
        dirs = [str(self.sources)]
        return override(DEBUG=True, BASE_DIR=self.directory.parent, STATICFILES_DIRS=dirs, **settings)


@pytest.fixture
def watch(site):
    return Watch(site(FILES, **TABLE))


@pytest.fixture
def watched(watch, override):
    """It runs, and the site follows it."""
    with watch.running(), watch.follows(override):
        yield watch


def begin_request():
    """As a server does before each page: what was seen 20 ms ago counts no more."""
    from django.core.signals import request_started

    request_started.send(sender=None)


def stem(url):
    """The URL without the fingerprint that it must have."""
    found = FINGERPRINTED.match(url)
    assert found, url
    return found[1] + found[2]


def missing(name):
    return (
        f"{name!r} is no source file, and no running watch has built it\n"
        "  fix: if it is a bundle run 'assetbuild watch', else correct the name"
    )


def importorskip(name):
    if not under_ci():
        pytest.importorskip(name, reason=f"{name} is not installed")


# Pages


def every_url(name):
    """Of a style sheet or script, by all ways in which pages name it."""
    from django.forms import Media

    media = str(Media(css={"all": [name]}) if name.endswith(".css") else Media(js=[name]))
    tags = ("{% load static %}{% static name %}", "{% load assetbuild %}{% asset_url name %}")
    made = {render(tag, name=name) for tag in tags} | {static(name)}
    return made | set(re.findall('(?:src|href)="([^"]*)"', media))


def test_pages_follow_a_watch_from_its_start_to_its_end_without_a_restart(watch, override):
    with watch.follows(override):
        assert every_url("css/site.css") == {"/static/css/site.css"}
        with watch.running():
            (first,) = every_url("css/site.css")
            assert stem(first) == "css/site.css"
            watch.build(css__site__css="b {}\n")
            (second,) = every_url("css/site.css")
            assert stem(second) == "css/site.css"
            assert second != first
        assert every_url("css/site.css") == {"/static/css/site.css"}


def test_a_bundle_needs_a_watch(watch, override):
    with watch.follows(override):
        with pytest.raises(MissingAsset) as caught:
            static("js/all.js")
        assert str(caught.value) == missing("js/all.js")
        with watch.running():
            (url,) = every_url("js/all.js")
            assert stem(url) == "js/all.js"


@pytest.mark.parametrize("name", ["css/none.css", "css/../../x", "img/logo.svg/x", "a'"])
def test_without_a_watch_a_name_that_no_finder_knows_is_missing(watch, override, name):
    with watch.follows(override):
        with pytest.raises(MissingAsset) as caught:
            static(name)
        assert str(caught.value) == missing(name)


def test_a_page_is_never_older_than_its_request(watch, override):
    from django.test import Client

    with watch.follows(override, ROOT_URLCONF=__name__):
        with watch.running():
            assert stem(Client().get("/").content.decode()) == "css/site.css"
        assert Client().get("/").content.decode() == "/static/css/site.css"


EARLY = """
from django.contrib.staticfiles.storage import staticfiles_storage
print(staticfiles_storage.url("css/site.css"))
"""


def test_another_app_may_have_asked_for_a_url_before_ours_was_ready(watch, tmp_path):
    write_files(tmp_path / "project", {"early/__init__.py": "", "early/models.py": EARLY})
    installed = ["early", *OPTIONS["INSTALLED_APPS"]]
    with watch.running():
        done = in_project(watch, tmp_path / "project", "print(static('css/site.css'))", INSTALLED_APPS=installed)
    before, after = done.stdout.splitlines()
    assert before == "/static/css/site.css"
    assert stem(after) == "css/site.css"


def test_while_apps_are_loaded_nobody_knows_what_is_a_source(watch, tmp_path):
    write_files(tmp_path / "project", {"early/__init__.py": EARLY})
    options = {"INSTALLED_APPS": ["early", *OPTIONS["INSTALLED_APPS"]], "STATICFILES_FINDERS": [FINDER, *OTHERS]}
    done = in_project(watch, tmp_path / "project", "print(static('css/site.css'))", **options)
    assert done.stdout == "/static/css/site.css\n" * 2


SETUP = "import django\ndjango.setup()\nfrom django.templatetags.static import static\n"


def in_project(watch, directory, code, **options):
    """`code` in a process of a site whose settings are in `directory`."""
    settings = {"DEBUG": True, "STATICFILES_DIRS": [str(watch.sources)], "BASE_DIR": str(watch.directory.parent)}
    return python(directory, SETUP + code, **{**settings, **options})


# Where the development directory is looked for


def test_the_directory_is_the_option_the_setting_the_environment_then_that_of_the_site(site, override, monkeypatch):
    from assetbuild.runtime.django.storage import AssetBuildStorage

    watches = [Watch(site({"a.css": f"a {{ top: {number}px }}"}, directory=f"site{number}")) for number in range(4)]
    with ExitStack() as stack:
        for each in watches:
            stack.enter_context(each.running())
        stack.enter_context(watches[3].follows(override))
        urls = [static("a.css")]
        monkeypatch.setenv("ASSETBUILD_DEVELOPMENT", str(watches[2].directory))
        with override(ASSETBUILD_DEVELOPMENT=None):
            urls.append(static("a.css"))
        with override(ASSETBUILD_DEVELOPMENT=watches[1].directory):
            urls.append(static("a.css"))
            urls.append(AssetBuildStorage(development=watches[0].directory).url("a.css"))
            assert AssetBuildStorage(development=False).url("none.css") == "/static/none.css"
        with override(ASSETBUILD_DEVELOPMENT=False):
            assert static("none.css") == "/static/none.css"
    made = [next((one.directory / "files").glob("a.*.css")).name for one in reversed(watches)]
    assert urls == [f"/static/{name}" for name in made]
    assert len(set(urls)) == 4


@pytest.mark.parametrize("place", [".", "pages/conf", ".."])
def test_without_base_dir_the_directory_is_looked_for_from_the_settings_upwards(watch, place):
    directory = watch.directory.parent / place
    directory.mkdir(parents=True, exist_ok=True)
    with watch.running():
        done = in_project(watch, directory, "print(static('css/site.css'))", BASE_DIR=None)
    assert (done.stdout == "/static/css/site.css\n") == (place == "..")


def test_production_loads_nothing_of_development(release, tmp_path):
    code = """
from django.template import Context, Template
Template('{% load assetbuild %}{% asset_style "css/site.css" %}{% asset_live %}').render(Context())
import sys
print([name for name in sys.modules if name.startswith("assetbuild.runtime.") and
       name.rpartition(".")[2] in ("development", "watched", "livetags", "watching")])
"""
    done = python(tmp_path / "project", SETUP + code, ASSETBUILD_MANIFEST=str(release))
    assert done.stdout == "['assetbuild.runtime.django.development']\n"


def test_tests_are_plain_while_a_watch_runs(watched, override):
    from assetbuild.runtime.django.testing import plain_assets

    if django_package.VERSION >= (5, 1):  # overriding STORAGES loses its OPTIONS before
        ours = {"BACKEND": BACKEND, "OPTIONS": {"development": str(watched.directory)}}
        with override(STORAGES={**OPTIONS["STORAGES"], "staticfiles": ours}, ASSETBUILD_DEVELOPMENT=False):
            assert stem(static("css/site.css")) == "css/site.css"
            with plain_assets():
                assert static("no/source.css") == "/static/no/source.css"
    with plain_assets():
        assert static("css/site.css") == "/static/css/site.css"
        assert static("no/source.css") == "/static/no/source.css"
    assert stem(static("css/site.css")) == "css/site.css"


# The storage


def test_the_storage_answers_for_the_development_output(watched):
    from django.contrib.staticfiles.storage import staticfiles_storage as storage

    stored = storage.stored_name("css/site.css?#x").removesuffix("?#x")
    file = watched.directory / "files" / stored
    assert storage.url("css/site.css?#x") == f"/static/{stored}?#x"
    assert (storage.url(""), storage.url("css/")) == ("/static/", "/static/css/")
    for name in ("css/site.css", stored):
        assert storage.exists(name)
        assert storage.path(name) == str(file)
        assert storage.size(name) == file.stat().st_size
        with storage.open(name) as opened:
            assert opened.read() == file.read_bytes()
    for name in ("css/none.css", "../manifest.json", "../lock", f"css/../{stored}", "/etc/passwd"):
        assert not storage.exists(name)
        for method in (storage.open, storage.path, storage.size):
            with pytest.raises(FileNotFoundError):
                method(name)


def test_the_storage_answers_for_the_sources_where_no_watch_runs(watch, override):
    from django.contrib.staticfiles.storage import staticfiles_storage as storage

    with watch.follows(override):
        with watch.running():
            stored = storage.stored_name("css/site.css")
        assert storage.stored_name("css/site.css?#x") == "css/site.css?#x"
        assert storage.path("css/site.css") == str(watch.sources / "css/site.css")
        assert storage.size("css/site.css") == len(FILES["css/site.css"])
        assert [storage.exists(name) for name in ("css/site.css", "css/none.css", stored)] == [True, False, False]


def test_on_missing_plain_goes_for_development_too(watched, override, caplog):
    with override(ASSETBUILD_ON_MISSING="plain"):
        assert static("css/none.css") == "/static/css/none.css"
        assert stem(static("css/site.css")) == "css/site.css"
    with pytest.raises(MissingAsset) as caught:
        static("css/sit.css")
    assert "fix: did you mean 'css/site.css'?" in str(caught.value)


# The finder

FINDER = "assetbuild.runtime.django.finders.ReleaseFinder"
OTHERS = [f"django.contrib.staticfiles.finders.{name}Finder" for name in ("AppDirectories", "FileSystem")]


def test_the_app_puts_the_finder_first_and_once(override):
    from django.conf import global_settings, settings

    assert [FINDER, *global_settings.STATICFILES_FINDERS] == settings.STATICFILES_FINDERS
    for given, expected in ((OTHERS, [FINDER, *OTHERS]), ((*OTHERS, FINDER), (*OTHERS, FINDER)), ([], [FINDER])):
        with override(STATICFILES_FINDERS=given):
            assert expected == settings.STATICFILES_FINDERS
    assert global_settings.STATICFILES_FINDERS == [
        "django.contrib.staticfiles.finders.FileSystemFinder",
        "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    ]
    assert [FINDER, *global_settings.STATICFILES_FINDERS] == settings.STATICFILES_FINDERS


def test_without_the_app_nobody_would_serve_the_output_so_pages_stay_plain(watch, tmp_path):
    with watch.running():
        done = in_project(
            watch, tmp_path / "p", "print(static('js/all.js'))", INSTALLED_APPS=["django.contrib.staticfiles"]
        )
    assert done.stdout == "/static/js/all.js\n"


def found(name):
    from django.contrib.staticfiles import finders

    return finders.find(name)


def test_finders_know_the_output_of_now_and_of_before_and_the_sources_beside_it(watched):
    files = str(watched.directory / "files")
    before = static("css/site.css").removeprefix("/static/")
    watched.build(css__site__css="b {}\n")
    after = static("css/site.css").removeprefix("/static/")
    assert [found(before), found(after)] == [f"{files}/{before}", f"{files}/{after}"]
    assert found("js/editor/plugin.js") == f"{files}/js/editor/plugin.js"
    assert found("css/site.css") == str(watched.sources / "css/site.css")
    assert found("admin/css/base.css")
    for name in ("lock", "manifest.json", "files", "live.json", "css/none.css"):
        assert found(name) is None


def test_when_the_watch_has_ended_a_stable_name_is_the_source_again(watch, override):
    with watch.follows(override):
        with watch.running():
            assert found("js/editor/plugin.js") == str(watch.directory / "files/js/editor/plugin.js")
        assert found("js/editor/plugin.js") == str(watch.sources / "js/editor/plugin.js")


def test_the_output_is_not_collected(watched, tmp_path):
    from django.contrib.staticfiles import finders

    listed = {name for finder in finders.get_finders() for name, _ in finder.list([])}
    assert set(FILES) <= listed
    assert not [name for name in listed if FINGERPRINTED.match(f"/static/{name}")]


def test_fingerprinted_files_of_now_are_immutable_for_whitenoise(watched):
    from assetbuild.runtime.django.released import is_immutable

    name = static("css/site.css").removeprefix("/static/")
    assert is_immutable(str(watched.directory / "files" / name), "")
    assert not is_immutable(str(watched.directory / "files/js/editor/plugin.js"), "")
    assert not is_immutable(str(watched.sources / "css/site.css"), "")


# Tags


def view(request):
    from django.http import HttpResponse

    return HttpResponse(static("css/site.css"))


def page(request):
    from django.shortcuts import render

    return render(request, "page.html")


urlpatterns = [path("", view), path("page/", page)]


def django(tag, **context):
    from django.template import engines

    return engines["django"].from_string("{% load assetbuild %}{% " + tag + " %}").render(context)


def jinja(call, **context):
    from django.template.backends.jinja2 import Jinja2

    options = {"environment": "assetbuild.runtime.django.jinja2.environment"}
    backend = Jinja2({"NAME": "jinja2", "DIRS": [], "APP_DIRS": False, "OPTIONS": options})
    return backend.from_string("{{ " + call + " }}").render(context)


def test_a_page_is_of_one_build_though_another_is_made_meanwhile(watched):
    from django.core.signals import request_finished

    static("css/site.css")  # so that there is something to be held
    begin_request()
    before = static("css/site.css")
    write_files(watched.sources, {"css/site.css": "a { color: red }\n"})
    watched.session.build()
    time.sleep(0.05)
    assert static("css/site.css") == before
    request_finished.send(sender=None)
    begin_request()
    assert static("css/site.css") != before


@pytest.fixture
def live(watched):
    """Pages are told where live reload is."""
    watched.taken.announce(4321, "TOKEN", ["127.0.0.1"])
    begin_request()
    return watched


def client(watch, nonce=""):
    from assetbuild.runtime.livetags import client_name

    return (
        f'<script src="/static/{client_name()}" data-port="4321" data-token="TOKEN"'
        f' data-release="{watch.session.release}" data-base="/static/" async{nonce}></script>'
    )


def test_tags_bring_the_client_of_live_reload_and_give_it_the_nonce_of_the_page(live):
    for nonce, context, given in (
        ("", {}, ""),
        (' nonce="abc"', {"csp_nonce": "abc"}, ""),
        (' nonce="mine"', {"csp_nonce": "abc"}, 'nonce="mine"'),
        ("", {"csp_nonce": "abc"}, "nonce=None"),
    ):
        expected = client(live, nonce)
        assert django(f"asset_live {given}", **context) == jinja(f"asset_live({given})", **context) == expected
        for tag, name in (("asset_script", "js/all.js"), ("asset_style", "css/site.css")):
            made = django(f'{tag} "{name}" {given}', **context)
            assert made == jinja(f'{tag}("{name}"{"," if given else ""}{given})', **context)
            assert made.removesuffix(expected).count("<") == (2 if tag == "asset_script" else 1)
            assert nonce in made.removesuffix(expected)
        assert "_assetbuild" not in django('asset_preload "js/all.js"', **context)


def test_the_client_is_a_file_that_finders_know(live):
    import assetbuild.runtime

    name = client(live).partition('src="/static/')[2].partition('"')[0]
    assert found(name) == str(Path(assetbuild.runtime.__file__).parent / "live.js")


class Nonce:
    asked = False

    def __str__(self):
        self.asked = True
        return "abc"


def test_where_there_is_no_client_no_nonce_is_asked_for(watched, override, release):
    nonce = Nonce()
    assert django("asset_live", csp_nonce=nonce) == jinja("asset_live()", csp_nonce=nonce) == ""  # no live reload
    with override(ASSETBUILD_DEVELOPMENT=False):
        assert django("asset_live", csp_nonce=nonce) == jinja("asset_live()", csp_nonce=nonce) == ""
    with override(ASSETBUILD_MODE="production"):
        assert django("asset_live", csp_nonce=nonce) == jinja("asset_live()", csp_nonce=nonce) == ""
    assert not nonce.asked


def test_with_live_reload_a_page_is_never_made_from_a_template_that_has_changed(live, override, tmp_path):
    from django.test import Client

    (engine,) = OPTIONS["TEMPLATES"]
    engine = {**engine, "DIRS": [str(tmp_path)]}
    with override(ROOT_URLCONF=__name__, TEMPLATES=[engine]):
        for text in ("one", "two"):
            (tmp_path / "page.html").write_text("{% load assetbuild %}{% asset_live %}" + text)
            assert Client().get("/page/").content.decode() == client(live) + text


# Whole servers


SETTINGS = """
from pathlib import Path
BASE_DIR = Path(__file__).parent
SECRET_KEY = "x"
DEBUG = True
ROOT_URLCONF = "project_urls"
STATIC_URL = "static/"
USE_TZ = True
STATICFILES_DIRS = [BASE_DIR / "static"]
INSTALLED_APPS = [*NAMES, "assetbuild.runtime.django", "django.contrib.staticfiles"]
MIDDLEWARE = [*SERVER]
STORAGES = {"staticfiles": {"BACKEND": "assetbuild.runtime.django.storage.AssetBuildStorage"}}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [BASE_DIR / "templates"]}]
"""
URLS = """
from django.shortcuts import render
from django.urls import path
urlpatterns = [path("", lambda request: render(request, "page.html"))]
"""
PAGE = "{% load static %}{% static 'css/site.css' %}"
STYLES = ["b {}\n", "i {}\n"]


def environment():
    """Of somebody who develops."""
    none = {"CI": "", "ASSETBUILD_MODE": "", "ASSETBUILD_DEVELOPMENT": "", "ASSETBUILD_BASE_URL": ""}
    return {**none, "DJANGO_SETTINGS_MODULE": "project_settings", "PYTHONWARNINGS": "error"}


def write_project(directory, apps=(), server=()):
    settings = SETTINGS.replace("NAMES", repr([*apps])).replace("SERVER", repr([*server]))
    files = {"project_settings.py": settings, "project_urls.py": URLS, "templates/page.html": PAGE}
    files["assetbuild.toml"] = 'roots = ["static"]\nstable = ["js/editor/**"]\n[bundles."js/all.js"]\n'
    files["assetbuild.toml"] += 'contents = ["js/app.js", "js/editor/plugin.js"]\n'
    write_files(directory, {**files, **{f"static/{name}": text for name, text in FILES.items()}})


def manage(directory, *arguments):
    """A running server of the project; its own port comes last."""
    port = free_port()
    return running([sys.executable, "-m", "django", *arguments, str(port)], port, directory, env=environment())


def page_of(server):
    answer = server.get("/")
    assert answer.status == 200, answer.body.decode()
    return answer.body.decode()


WHITENOISE = ["whitenoise.middleware.WhiteNoiseMiddleware"]


@pytest.mark.parametrize(
    ("arguments", "apps", "server"),
    [((), (), ()), (("--nothreading",), (), ()), ((), ["whitenoise.runserver_nostatic"], WHITENOISE)],
    ids=["runserver", "nothreading", "whitenoise"],
)
def test_runserver_serves_what_its_pages_name_before_during_and_after_a_watch(watch, arguments, apps, server):
    if apps:
        importorskip("whitenoise")
    directory = watch.directory.parent
    write_project(directory, apps, server)
    with manage(directory, "runserver", "--noreload", *arguments) as site:
        assert page_of(site) == "/static/css/site.css"
        with watch.running():
            seen = []
            for style in STYLES:
                watch.build(css__site__css=style)
                url = page_of(site)
                assert stem(url) == "css/site.css"
                seen.append((url, style))
            for url, style in seen:
                answer = site.get(url)
                assert (answer.status, answer.body.decode()) == (200, style)
                assert answer.headers["content-type"] in ("text/css", 'text/css; charset="utf-8"')
                since = {"If-Modified-Since": answer.headers["last-modified"]}
                assert site.get(url, since).status == 304
            for name in ("lock", "manifest.json", "files", "../lock", "%2e%2e/lock", "../.assetbuild/lock"):
                assert site.get(f"/static/{name}").status in (404, 500)  # what leaves a root is an error of Django's
            assert site.get("/static/js/editor/plugin.js").body.decode() == FILES["js/editor/plugin.js"]
            assert site.get("/static/css/site.css").body.decode() == STYLES[-1]  # the source, by its own name
        assert page_of(site) == "/static/css/site.css"
        assert site.get("/static/css/site.css").body.decode() == STYLES[-1]


def test_a_stable_name_that_has_changed_is_sent_again_whatever_the_browser_has(watched):
    from django.contrib.staticfiles.views import serve
    from django.test import RequestFactory

    headers = {}
    for text in [f"var p = {number};\n" for number in range(5)]:
        write_files(watched.sources, {"js/editor/plugin.js": text})
        watched.build()
        request = RequestFactory().get("/static/js/editor/plugin.js", **headers)
        answer = serve(request, "js/editor/plugin.js", insecure=True)
        body = answer.getvalue().decode()
        answer.close()
        assert (answer.status_code, body) == (200, text)
        headers = {"HTTP_IF_MODIFIED_SINCE": answer["Last-Modified"]}


# The command


def begins(condition, patience=20.0):
    """What `condition` gives as soon as it is true."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return value


def is_held(directory):
    from assetbuild.runtime.development import Development

    return Development(directory / ".assetbuild").runs()


def watching(directory):
    """The id of the process that watches, as soon as there is one."""
    begins(lambda: is_held(directory))
    return begins(lambda: int((directory / ".assetbuild/lock").read_text() or 0))


def followed(site):
    """The URL on the page as soon as it is that of a watch."""
    return begins(lambda: (url := page_of(site)) != "/static/css/site.css" and url)


@pytest.fixture
def project(tmp_path):
    write_project(tmp_path / "project")
    return tmp_path / "project"


def said(server, text):
    return begins(lambda: text in server.log.read_text() and server.log.read_text())


def test_one_command_watches_and_serves_and_a_change_of_code_starts_only_the_server_anew(project):
    write_project(project, ["pages"])
    write_files(project, {"pages/__init__.py": "", "pages/models.py": ""})
    with manage(project, "assetbuild_runserver", "--watch-minify", "--nothreading") as site:
        process = watching(project)
        first = followed(site)
        assert site.get(first).body == b"a{background:url(../img/%s)}" % logo(project).encode()
        write_files(project, {"static/css/site.css": "b {}"})
        second = begins(lambda: (url := page_of(site)) != first and url)
        assert site.get(second).body == b"b{}"
        write_files(project, {"pages/models.py": "raise ValueError('a slip')"})
        said(site, "ValueError: a slip")
        time.sleep(1.5)  # Django looks once a second, and what changes before its first look is no change
        write_files(project, {"pages/models.py": "", "templates/page.html": "mended"})
        begins(lambda: last_page(site) == "mended")
        assert watching(project) == process
        log = site.log.read_text()
        assert log.count("watching static, templates; Ctrl-C ends this") == 1
        assert ANOTHER not in log
        assert "has ended" not in log
        site.process.terminate()
        assert site.process.wait(20) == 0
        assert not is_held(project)


def last_page(site):
    try:
        return site.get("/").body.decode()
    except OSError:  # it is started anew
        return ""


def logo(project):
    (file,) = (project / ".assetbuild/files/img").iterdir()
    return file.name


@pytest.fixture
def heeded():
    """Ctrl-C, also by what is started where a shell has told the tests to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_watch_ends_with_the_command_however_that_ends(project, number, heeded):
    with manage(project, "assetbuild_runserver", "--noreload") as site:
        process = watching(project)
        os.kill(site.process.pid, number)
        site.process.wait(20)
        begins(lambda: not is_held(project))
        begins(lambda: not is_alive(process))
        assert "has ended" not in site.log.read_text()


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    with suppress(OSError):  # nobody waits for it in a container without an init
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    return True


ENDED = "'assetbuild watch' has ended with status -9: pages name plain source files until it runs again; start"
ENDED += " 'assetbuild watch', or this command anew"
ANOTHER = "another 'assetbuild watch' runs already: its output is used"


def test_a_watch_that_dies_is_told_of_once_and_pages_go_plain(project):
    with manage(project, "assetbuild_runserver", "--noreload") as site:
        process = watching(project)
        followed(site)
        os.kill(process, signal.SIGKILL)
        log = said(site, ENDED)
        assert page_of(site) == "/static/css/site.css"
        assert log.count("has ended") == 1
        assert site.process.poll() is None


def test_a_watch_that_runs_already_is_used(watch):
    directory = watch.directory.parent
    write_project(directory)
    with watch.running():
        with manage(directory, "assetbuild_runserver", "--noreload") as site:
            assert ANOTHER in site.log.read_text()
            assert stem(page_of(site)) == "css/site.css"
            assert "watching static" not in site.log.read_text()
        assert is_held(directory)


def command(directory, *arguments, **more):
    """The command where it ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "django", "assetbuild_runserver", *arguments],
        cwd=directory,
        env={**os.environ, **environment(), **more},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_watch_that_cannot_start_stops_the_command(project):
    (project / "assetbuild.toml").write_text('root = ["static"]\n')
    done = command(project)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "assetbuild.toml: unknown key 'root'; did you mean 'roots'?\n"
        "CommandError: 'assetbuild watch' could not start: it ended with status 2\n"
    )
    done = command(project, CI="true")
    assert "--force" in done.stderr
    assert done.returncode == 1


NOT_DEVELOPMENT = (
    "CommandError: pages of this site do not follow a watch: set DEBUG to True or ASSETBUILD_MODE to 'development',"
    " put 'assetbuild.runtime.django' into INSTALLED_APPS, and do not set ASSETBUILD_DEVELOPMENT to False\n"
)


def test_in_production_there_is_nothing_to_watch_for(project, release):
    done = command(project, ASSETBUILD_MODE="production", ASSETBUILD_MANIFEST=str(release))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", NOT_DEVELOPMENT)
    done = command(project, ASSETBUILD_MODE="production", ASSETBUILD_MANIFEST="")
    assert (done.returncode, done.stdout, done.stderr.splitlines()[0]) == (1, "", "CommandError: no manifest is named")
    assert not (project / ".assetbuild").exists()


OTHER_RUNSERVER = """
import os, sys
from django.contrib.staticfiles.management.commands.runserver import Command as Runserver

class Command(Runserver):
    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--other")

    def run(self, **options):
        extra = [name for name in options if name.startswith("watch")]
        print(sys.argv[1:], options["other"], extra, os.environ.get("ASSETBUILD_DEVELOPMENT"))
"""


COMMANDS = "other/management/commands"
OTHER_APP = {f"{name}/__init__.py": "" for name in ("other", "other/management", COMMANDS)}
OTHER_APP[f"{COMMANDS}/runserver.py"] = OTHER_RUNSERVER


def test_it_is_the_projects_own_runserver_and_gets_its_own_arguments(project):
    write_project(project, ["other"])
    write_files(project, OTHER_APP)
    watch = ["--watch-port=0", "--watch-no-reload", "--watch-host", "127.0.0.1"]
    options = {"ASSETBUILD_DEVELOPMENT": "out"}
    done = command(project, "8123", *watch, "--other", "x", "--watch-poll=5", "--nothreading", **options)
    assert done.returncode == 0, done.stderr
    expected = ["runserver", "8123", "--other", "x", "--nothreading"]
    assert done.stdout.splitlines()[-1] == f"{expected} x [] out"
    assert (project / "out/lock").exists()
    shown = command(project, "--help").stdout
    assert "--other" in shown
    assert "--watch-poll SECONDS" in shown
    write_files(project, {"elsewhere/assetbuild.toml": 'roots = ["../static"]'})
    done = command(project, "--watch-config", "elsewhere/assetbuild.toml")
    assert done.stdout.splitlines()[-1] == f"['runserver'] None [] {project}/elsewhere/.assetbuild"
    assert (project / "elsewhere/.assetbuild/lock").exists()


def test_its_arguments_are_those_of_the_watch():
    from assetbuild.runtime.django.management.commands.assetbuild_runserver import _ARGUMENTS
    from assetbuild.watching import watch

    others = {"--dir", "--json", "--verbose", "--quiet", "--no-color", "--until-stdin-closes", "--help"}
    options = {name for option in watch.params for name in option.opts if name.startswith("--")}
    assert {f"--{name}" for name in _ARGUMENTS} == options - others


def test_a_program_that_calls_the_command_watches_in_its_outer_process_only(project):
    write_project(project, ["other"])
    write_files(project, OTHER_APP)
    done = command(project, RUN_MAIN="true")
    assert done.stdout == "['assetbuild_runserver'] None [] \n"
    assert not (project / ".assetbuild").exists()


def test_templates_of_all_engines_are_watched_but_not_those_of_packages(override, tmp_path):
    from assetbuild.runtime.django.watching import template_directories

    names = ("one", "two", "jinja", "none")
    one, two, jinja, none = (str(tmp_path / name) for name in names)
    for name in names[:-1]:
        (tmp_path / name).mkdir()
    backends, loading = "django.template.backends", "django.template.loaders"
    loaders = [(f"{loading}.filesystem.Loader", [two]), f"{loading}.app_directories.Loader"]
    engines = [
        {"BACKEND": f"{backends}.django.DjangoTemplates", "NAME": "a", "DIRS": [one, none], "APP_DIRS": True},
        {"BACKEND": f"{backends}.django.DjangoTemplates", "NAME": "b", "OPTIONS": {"loaders": loaders}},
        {"BACKEND": f"{backends}.jinja2.Jinja2", "DIRS": [jinja, one]},
    ]
    with override(TEMPLATES=engines):
        assert template_directories() == [one, two, jinja]
