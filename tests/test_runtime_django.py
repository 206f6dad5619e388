"""The Django app and storage, through Django's own test client; settings that differ in kind run in a subprocess."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from django.core.checks import run_checks
from django.core.management import call_command

from assetbuild.runtime import Manifest, ManifestError, MissingAsset, PlainUrls
from tests.support.django_site import (
    ADMIN_STATIC,
    BACKEND,
    CONTENTS,
    FONT,
    ICONS,
    OPTIONS,
    SITE,
    apps,
    manage,
    python,
    render,
    static,
    write_release,
)

pytest_plugins = ["tests.support.django_fixtures"]
pytestmark = pytest.mark.usefixtures("override")

# Pages


def test_the_admin_gets_fingerprinted_urls_on_every_page(tmp_path, override):
    files = sorted(file for file in ADMIN_STATIC.rglob("*") if file.is_file())
    manifest = write_release(tmp_path, {file.relative_to(ADMIN_STATIC).as_posix(): file.read_bytes() for file in files})
    from django.contrib.auth import get_user_model
    from django.test import Client

    call_command("migrate", verbosity=0)
    user = get_user_model().objects.create_superuser("admin")
    with override(ASSETBUILD_MANIFEST=str(manifest)):
        assets = Manifest.load(manifest)
        released = {assets.url(path) for path in assets}
        client = Client()
        pages = [client.get("/admin/login/")]
        client.force_login(user)
        names = ("", "auth/user/", "auth/user/add/", f"auth/user/{user.pk}/change/")
        pages += [client.get(f"/admin/{name}") for name in names]
    assert [page.status_code for page in pages] == [200] * 5
    texts = [page.content.decode() for page in pages]
    for text in texts:
        urls = re.findall(r"""(?:href|src)="(/static/[^"]*)""", text)
        assert urls
        assert set(urls) <= released
    assert "SelectFilter2." in texts[-1]
    assert "DateTimeShortcuts." in texts[-1]


def test_both_tags_give_the_url_and_keep_it_in_a_variable(release):
    for library, tag in (("static", "static"), ("assetbuild", "asset_url")):
        load = "{% load " + library + " %}{% " + tag
        assert render(load + ' "css/site.css" %}') == f"/static/{SITE}"
        assert render(load + " name %}", name="css/site.css") == f"/static/{SITE}"
        assert render(load + ' "css/site.css" as x %}[{{ x }}]') == f"[/static/{SITE}]"


def test_both_tags_escape_where_the_template_does(release):
    for library, tag in (("static", "static"), ("assetbuild", "asset_url")):
        call = "{% load " + library + " %}{% " + tag + ' "icons.svg?a&b" %}'
        assert render(call) == f"/static/{ICONS}?a&amp;b"
        assert render("{% autoescape off %}" + call + "{% endautoescape %}") == f"/static/{ICONS}?a&b"


def test_form_media_gets_fingerprinted_urls(release):
    from django.forms import Media

    media = Media(css={"all": ["css/site.css"]}, js=["js/app.min.js", "https://x.example/a.js", "/abs.js"])
    text = str(media)
    assert f'href="/static/{SITE}"' in text
    assert re.findall('src="([^"]*)"', text) == [static("js/app.min.js"), "https://x.example/a.js", "/abs.js"]


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("css/site.css", f"/static/{SITE}"),
        ("icons.svg#home", f"/static/{ICONS}#home"),
        ("fonts/a b.eot?#iefix", f"/static/{FONT}?#iefix"),
        ("icons.svg?v=1#home", f"/static/{ICONS}?v=1#home"),
        ("", "/static/"),
        ("admin/", "/static/admin/"),
        ("a b/?x#y", "/static/a%20b/?x#y"),
    ],
)
def test_the_storage_keeps_query_fragment_and_directories(release, name, url):
    from django.contrib.staticfiles.storage import staticfiles_storage

    assert staticfiles_storage.url(name) == url
    assert staticfiles_storage.url(name, force=True) == url
    assert static(name) == url


def test_an_unknown_name_is_a_value_error_with_a_suggestion(release):
    with pytest.raises(ValueError) as caught:
        static("css/sit.css")
    assert type(caught.value) is MissingAsset
    assert str(caught.value) == (
        "'css/sit.css' is not in the manifest of release '3f2a91c07be4d518'\n  fix: did you mean 'css/site.css'?"
    )
    with pytest.raises(MissingAsset):
        render('{% load assetbuild %}{% asset_url "css/sit.css" %}')


def test_on_missing_plain_gives_the_plain_url(release, override, caplog):
    with override(ASSETBUILD_ON_MISSING="plain"):
        assert static("up load.css") == "/static/up%20load.css"
        assert static("css/site.css") == f"/static/{SITE}"
    assert [record.name for record in caplog.records] == ["assetbuild.runtime"]


def test_whitenoise_takes_fingerprinted_names_for_immutable_by_its_default_test(release):
    from django.contrib.staticfiles.storage import staticfiles_storage

    def is_immutable(url):  # WhiteNoise's rule: without the second-last part, does the storage give this name?
        name = url.removeprefix("/static/")
        stem, extension = os.path.splitext(name)
        try:
            found = staticfiles_storage.url(os.path.splitext(stem)[0] + extension)
            return found.rpartition("/")[2] == name.rpartition("/")[2]
        except ValueError:
            return False

    assert is_immutable(static("css/site.css"))
    assert is_immutable(static("js/app.min.js"))
    assert not is_immutable("/static/js/app.min.js")
    assert not is_immutable("/static/css/site.0000000000000000.css")


# The storage as a storage


def test_the_storage_answers_for_released_files(release):
    from django.contrib.staticfiles.storage import staticfiles_storage as storage

    assert (storage.exists("css/site.css"), storage.exists("css/none.css"), storage.exists("")) == (True, False, False)
    assert storage.stored_name("css/site.css") == SITE
    assert storage.stored_name("icons.svg?#x") == ICONS + "?#x"
    assert storage.size("css/site.css") == 3
    assert storage.base_url == "/static/"
    for name in ("css/site.css", SITE):
        with storage.open(name) as file:
            assert file.read() == b"a{}"
        assert storage.path(name) == str(release.parent / "files" / SITE)


def test_the_storage_knows_a_released_file_by_its_own_name_too(release):
    from django.contrib.staticfiles.storage import staticfiles_storage as storage

    for name in CONTENTS:
        stored = storage.stored_name(name)
        assert stored != name
        assert storage.exists(stored)
        assert storage.size(stored) == storage.size(name) == len(CONTENTS[name])
    for name in ("css/none.css", f"./{SITE}", "../manifest.json"):
        assert not storage.exists(name)
        with pytest.raises(FileNotFoundError):
            storage.size(name)


@pytest.mark.parametrize("name", ["none.css", "../manifest.json", "/etc/passwd", "css/../css/site.css", ""])
def test_no_file_is_opened_by_a_name_that_the_manifest_does_not_hold(release, name):
    from django.contrib.staticfiles.storage import staticfiles_storage as storage

    for method in (storage.open, storage.path) if name else (storage.open,):
        with pytest.raises(FileNotFoundError):
            method(name)


def test_the_storage_writes_nothing(release, caplog):
    from django.contrib.staticfiles.storage import staticfiles_storage as storage
    from django.core.files.base import ContentFile

    before = sorted(release.parent.rglob("*"))
    assert storage.save("new.css", ContentFile(b"x")) == "new.css"
    with pytest.raises(NotImplementedError):
        storage.delete("css/site.css")
    with pytest.raises(ValueError, match="cannot be opened with mode 'wb'"):
        storage.open("css/site.css", "wb")
    with pytest.raises(NotImplementedError):
        storage.path("")
    assert sorted(release.parent.rglob("*")) == before


# Configuration


def storage_class():
    from assetbuild.runtime.django.storage import AssetBuildStorage

    return AssetBuildStorage


def test_the_base_url_is_the_option_the_setting_the_environment_then_static_url(release, override, monkeypatch):
    with override(STATIC_URL="https://static.example/"):
        assert static("css/site.css") == f"https://static.example/{SITE}"
        monkeypatch.setenv("ASSETBUILD_BASE_URL", "https://env.example")
        with override(ASSETBUILD_BASE_URL=None):
            assert static("css/site.css") == f"https://env.example/{SITE}"
        with override(ASSETBUILD_BASE_URL="/setting/"):
            assert static("css/site.css") == f"/setting/{SITE}"
            assert storage_class()(base_url="/option").url("css/site.css") == f"/option/{SITE}"


def test_without_static_url_the_prefix_of_the_manifest_is_used(release, override):
    with override(STATIC_URL=None):
        assert static("css/site.css") == f"/static/{SITE}"


def test_the_mode_is_the_option_the_setting_the_environment_then_debug(release, override, monkeypatch):
    with override(DEBUG=True):
        assert static("admin/css/base.css?#x") == "/static/admin/css/base.css?#x"
        assert render('{% load assetbuild %}{% asset_url "admin/css/base.css" %}') == "/static/admin/css/base.css"
        monkeypatch.setenv("ASSETBUILD_MODE", "production")
        with override(ASSETBUILD_MODE=None):
            assert static("css/site.css") == f"/static/{SITE}"
        with override(ASSETBUILD_MODE="development"):
            assert static("admin/css/base.css") == "/static/admin/css/base.css"
            assert storage_class()(mode="production").url("css/site.css") == f"/static/{SITE}"


def test_a_setting_that_changes_makes_the_manifest_be_read_again(release, override):
    assert static("css/site.css") == f"/static/{SITE}"
    release.write_bytes(release.read_bytes().replace(SITE.encode(), b"css/other.css"))
    assert static("css/site.css") == f"/static/{SITE}"
    with override(ASSETBUILD_MANIFEST=str(release)):
        assert static("css/site.css") == "/static/css/other.css"


def test_development_finds_files_with_the_finders_and_reads_no_manifest(override):
    from django.contrib.staticfiles.storage import staticfiles_storage as storage

    with override(DEBUG=True, ASSETBUILD_MANIFEST="/nowhere"):
        assert storage.exists("admin/css/base.css")
        assert not storage.exists("admin/css/none.css")
        assert storage.size("admin/css/base.css") == (ADMIN_STATIC / "admin/css/base.css").stat().st_size
        assert storage.stored_name("admin/css/base.css") == "admin/css/base.css"
        with storage.open("admin/css/base.css") as file:
            assert file.read() == (ADMIN_STATIC / "admin/css/base.css").read_bytes()
        with pytest.raises(FileNotFoundError):
            storage.open("admin/css/none.css")
        with pytest.raises(MissingAsset):
            static("/css/site.css")


def test_the_tag_works_beside_another_storage(release, override):
    other = {**OPTIONS["STORAGES"], "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    with override(STORAGES=other):
        assert render('{% load assetbuild %}{% asset_url "css/site.css" %}') == f"/static/{SITE}"
        assert static("css/site.css") == "/static/css/site.css"


def test_a_bad_manifest_is_an_error_at_first_use_and_in_the_deploy_check(override):
    message = (
        "/nowhere: the manifest cannot be read: No such file or directory\n"
        "  fix: run 'assetbuild build', or correct the path (argument, setting or ASSETBUILD_MANIFEST)"
    )
    with override(ASSETBUILD_MANIFEST="/nowhere"):
        errors = []
        for _ in range(2):
            with pytest.raises(ManifestError) as caught:
                static("css/site.css")
            assert str(caught.value) == message
            errors.append(caught.value)
        assert errors[0] is not errors[1]
        found = [error for error in run_checks(include_deployment_checks=True) if error.id == "assetbuild.E001"]
        assert [f"{error.msg}\n  fix: {error.hint}" for error in found] == [message]
        assert not [error for error in run_checks() if error.id == "assetbuild.E001"]


def test_the_deploy_check_is_content_with_a_good_manifest(release):
    assert not [error for error in run_checks(include_deployment_checks=True) if error.id == "assetbuild.E001"]


def test_the_storage_is_a_manifest_in_production_and_follows_a_watch_in_development(release, override):
    from assetbuild.runtime.development import Development
    from assetbuild.runtime.django.storage import configured

    assert isinstance(storage_class()().assets, Manifest)
    assert isinstance(storage_class()(mode="development").assets, Development)
    assert isinstance(storage_class()(mode="development", development=False).assets, PlainUrls)
    assert configured() is storage_class()().assets


# Whole processes


OURS = "assetbuild.runtime.django"
ONE_LINE = "0 static files copied: they come from the release that 'assetbuild build' made.\n"


@pytest.mark.parametrize(
    "arguments", [("--noinput",), ("--dry-run", "--noinput"), ("--noinput", "--clear", "-i", "x", "--skip-checks"), ()]
)
def test_collectstatic_unasked_is_one_line_and_no_write(tmp_path, arguments):
    options = {"INSTALLED_APPS": apps(OURS, "staticfiles"), "STATICFILES_DIRS": ["/none"]}
    done = manage(tmp_path / "site", "collectstatic", *arguments, **options)
    assert (done.returncode, done.stdout, done.stderr) == (0, ONE_LINE, "")
    assert not [file for file in (tmp_path / "site").iterdir() if not file.name.startswith(("site_", "__pycache__"))]


def test_collectstatic_can_be_silent(tmp_path):
    done = manage(tmp_path, "collectstatic", "--noinput", "-v0", INSTALLED_APPS=apps(OURS, "staticfiles"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_findstatic_without_a_release_finds_what_the_other_finders_know(tmp_path):
    finders = [f"{OURS}.finders.ReleaseFinder", "django.contrib.staticfiles.finders.AppDirectoriesFinder"]
    options = {"STATICFILES_FINDERS": finders, "ASSETBUILD_MANIFEST": "/nowhere"}
    done = manage(tmp_path, "findstatic", "-v0", "admin/css/base.css", **options)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{ADMIN_STATIC}/admin/css/base.css\n", "")


def test_the_help_of_collectstatic_is_of_either_storage(tmp_path):
    done = manage(tmp_path, "collectstatic", "--help", INSTALLED_APPS=apps(OURS, "staticfiles"))
    said = "With AssetBuildStorage it copies nothing: static files come from the release that 'assetbuild build' made. "
    said += "With any other storage: Collect static files in a single location."
    assert said in " ".join(done.stdout.split())


@pytest.mark.parametrize("names", [("staticfiles", OURS), ("staticfiles",)])
def test_collectstatic_of_staticfiles_itself_writes_nothing_either(tmp_path, names):
    release = tmp_path / "release"
    release.mkdir()
    manifest = write_release(release, {"css/site.css": b"a{}"})
    sources = tmp_path / "static"
    (sources / "css").mkdir(parents=True)
    (sources / "css/site.css").write_bytes(b"a {}")
    options = {"INSTALLED_APPS": apps(*names), "STATICFILES_DIRS": [str(sources)], "ASSETBUILD_MANIFEST": str(manifest)}
    before = sorted((file, file.stat().st_mtime_ns) for file in release.rglob("*"))
    done = manage(tmp_path / "site", "collectstatic", "--noinput", **options)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n0 static files copied, 1 unmodified.\n", "")
    (sources / "left-out.css").write_bytes(b"")
    (sources / "left-out-too.css").write_bytes(b"")
    done = manage(tmp_path / "site", "collectstatic", "--noinput", **options)
    warning = "files were not written to the static files storage: a release never changes; run 'assetbuild build'\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n2 static files copied, 1 unmodified.\n", warning)
    assert sorted((file, file.stat().st_mtime_ns) for file in release.rglob("*")) == before


def test_collectstatic_with_another_storage_is_djangos_own(tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static/a.css").write_bytes(b"a{}")
    done = manage(
        tmp_path / "site",
        "collectstatic",
        "--noinput",
        INSTALLED_APPS=apps(OURS, "staticfiles"),
        STORAGES={"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}},
        STATICFILES_DIRS=[str(tmp_path / "static")],
        STATIC_ROOT=str(tmp_path / "root"),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"\n1 static file copied to '{tmp_path}/root'.\n", "")
    assert (tmp_path / "root/a.css").read_bytes() == b"a{}"


@pytest.mark.parametrize("command", [("migrate", "-v0"), ("check",)])
def test_management_commands_run_where_no_release_is(tmp_path, command):
    done = manage(tmp_path, *command, ASSETBUILD_MANIFEST="/nowhere/manifest.json")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_deploy_check_fails_where_no_release_is(tmp_path):
    done = manage(tmp_path, "check", "--deploy", ASSETBUILD_MANIFEST="/nowhere/manifest.json")
    assert done.returncode == 1
    what = "/nowhere/manifest.json: the manifest cannot be read: No such file or directory"
    assert f"(assetbuild.E001) {what}" in done.stderr
    assert "HINT: run 'assetbuild build', or correct the path" in done.stderr


UNKNOWN = "TypeError: AssetBuildStorage.__init__() got an unexpected keyword argument 'manifst'"
WRONG = [
    ({"manifst": "/x"}, UNKNOWN),
    ({"manifest": 3}, "TypeError: expected str, bytes or os.PathLike object, not int"),
    ({"manifest": ["/x"]}, "TypeError: unhashable type: 'list'"),
    ({"mode": 3}, "3 is not a mode"),
    (["manifest"], "TypeError: "),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_wrong_options_stop_the_deploy_check_and_nothing_else(tmp_path, options, message):
    storages = {"staticfiles": {"BACKEND": BACKEND, "OPTIONS": options}}
    done = manage(tmp_path, "migrate", "-v0", STORAGES=storages)
    assert (done.returncode, done.stderr) == (0, "")
    done = manage(tmp_path, "check", "--deploy", STORAGES=storages)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"(assetbuild.E001) {message}" in done.stderr


START = """
import shutil, sys
import django
opened = []
sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" else None)
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
from django.conf import settings
manifest = settings.ASSETBUILD_MANIFEST or settings.STORAGES["staticfiles"]["OPTIONS"]["manifest"]
assert opened.count(manifest) == 1, opened
shutil.rmtree(manifest.rpartition("/")[0])
from django.template import Context, Template
template = Template('{% load static assetbuild %}{% static "css/site.css" %} {% asset_url "css/site.css" %}')
template.render(Context())
seen = []
watched = ("open", "os", "import", "shutil", "glob")
sys.addaudithook(lambda event, args: seen.append((event, args)) if event.split(".")[0] in watched else None)
for _ in range(50):
    text = template.render(Context())
assert seen == [], seen
print(text)
"""


@pytest.mark.parametrize("place", ["setting", "option"])
def test_the_manifest_is_read_when_the_process_starts_and_nothing_after(tmp_path, place):
    release = tmp_path / "release"
    release.mkdir()
    manifest = str(write_release(release, CONTENTS))
    options = {"ASSETBUILD_MANIFEST": manifest if place == "setting" else None}
    if place == "option":
        options["STORAGES"] = {"staticfiles": {"BACKEND": BACKEND, "OPTIONS": {"manifest": manifest}}}
    done = python(tmp_path / "site", START, check=False, **options)
    assert (done.stdout, done.stderr) == (f"/static/{SITE} /static/{SITE}\n", "")
    assert not release.exists()


MOUNTED = """
import io
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
import site_urls
from django.http import HttpResponse
from django.templatetags.static import static
from django.urls import path
site_urls.urlpatterns.append(path("", lambda request: HttpResponse(static("css/site.css"))))
environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "/app", "PATH_INFO": "/", "SERVER_NAME": "testserver",
           "SERVER_PORT": "80", "wsgi.input": io.BytesIO(), "wsgi.url_scheme": "http"}
print(b"".join(application(environ, lambda *a: None)).decode())
"""


def test_a_relative_static_url_stands_below_the_path_of_the_site(tmp_path):
    manifest = write_release(tmp_path, CONTENTS)
    done = python(tmp_path / "site", MOUNTED, STATIC_URL="static/", ASSETBUILD_MANIFEST=str(manifest))
    assert done.stdout == f"/app/static/{SITE}\n"


def test_the_storage_works_where_our_app_is_not_installed(tmp_path):
    manifest = write_release(tmp_path, CONTENTS)
    code = "import django\ndjango.setup()\nfrom django.templatetags.static import static\nprint(static('css/site.css'))"
    installed = apps("staticfiles")
    done = python(tmp_path / "site", code, INSTALLED_APPS=installed, env={"ASSETBUILD_MANIFEST": str(manifest)})
    assert done.stdout == f"/static/{SITE}\n"


def test_the_package_can_be_named_in_settings_before_django_is_ready():
    code = "import sys, assetbuild.runtime.django; assert 'django' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
