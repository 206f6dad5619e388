"""`assetbuild init --django`: what is written down builds what Django's own collectstatic would collect."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assetbuild.config import load_config
from assetbuild.discover import discover
from assetbuild.django_roots import read_roots
from assetbuild.errors import ConfigError
from tests.conftest import write_files

SETTINGS = """
from pathlib import Path
print("settings may print")
BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "x"
INSTALLED_APPS = ["catalog", "basket.apps.BasketConfig", "django.contrib.admin", "django.contrib.auth",
                  "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
                  "django.contrib.staticfiles"]
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "collected"
STATICFILES_DIRS = [BASE_DIR / "static", ("vendor/lib", BASE_DIR / "third party"), BASE_DIR / "gone"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
TEMPLATES = []
MIDDLEWARE = []
USE_TZ = True
"""
MANAGE = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
FILES = {
    "manage.py": MANAGE,
    "shop/__init__.py": "",
    "shop/settings.py": SETTINGS,
    "static/css/site.css": "a { color: red }",
    "static/admin/img/icon-yes.svg": "<svg/>",  # stands before the admin's own
    "static/.hidden": "",
    "static/left.css~": "",
    "third party/lib.js": "1;",
    "catalog/__init__.py": "",
    "catalog/static/css/site.css": "b {}",
    "catalog/static/catalog/a.txt": "catalog",
    "basket/__init__.py": "",
    "basket/apps.py": "from django.apps import AppConfig\nclass BasketConfig(AppConfig):\n    name = 'basket'\n",
    "basket/static/catalog/a.txt": "basket",
    "basket/static/basket/b.js": "2;",
}
WRITTEN = """\
# What the staticfiles finders of 'shop.settings' found, in their order: the first root that has a file wins.
# A build does not import settings. After a change of INSTALLED_APPS or STATICFILES_DIRS, change this list too.
roots = [
    "static",
    {path = "third party", prefix = "vendor/lib"},
    "catalog/static",
    "basket/static",
    {package = "django.contrib.admin", dir = "static"},
    # "gone" does not exist
]
output = "dist"
url_prefix = "/static/"

[minify]            # tried in order; only output proven equal is released
js = ["rjsmin"]
css = ["rcssmin"]

[compress]          # level, or false
br = 11
gz = 12
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    write_files(tmp_path / "project", FILES)
    return tmp_path / "project"


def run(directory: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", "error", *command], cwd=directory, capture_output=True, text=True)


def assets_of(directory: Path) -> dict[str, str]:
    """Logical path -> source file of what a build takes up."""
    return {path: source.file for path, source in discover(load_config(directory / "assetbuild.toml")).items()}


def settings_with(project: Path, **changed: str) -> None:
    text = SETTINGS + "".join(f"{name} = {value}\n" for name, value in changed.items())
    (project / "shop/settings.py").write_text(text)


def test_what_is_built_is_what_collectstatic_collects(project: Path) -> None:
    done = run(project, "-m", "assetbuild", "init", "--django")
    assert (done.returncode, done.stdout, done.stderr) == (0, "wrote assetbuild.toml; next: assetbuild build\n", "")
    assert (project / "assetbuild.toml").read_text() == WRITTEN
    done = run(project, "-m", "assetbuild", "build", "--flat", "release", "--no-minify", "--no-compress")
    assert (done.returncode, done.stderr) == (0, "")
    done = run(project, "manage.py", "collectstatic", "--noinput", "-v0")
    assert done.returncode == 0, done.stderr
    collected = {file for file in (project / "collected").rglob("*") if file.is_file()}
    manifest = json.loads((project / "release/manifest.json").read_bytes())
    released = {path: project / "release/files" / entry["file"] for path, entry in manifest["assets"].items()}
    assert {file.relative_to(project / "collected").as_posix() for file in collected} == released.keys()
    assert len(released) > 100
    for path in ("admin/img/icon-yes.svg", "catalog/a.txt", "css/site.css", "vendor/lib/lib.js", "basket/b.js"):
        assert released[path].read_bytes() == (project / "collected" / path).read_bytes()
    assert released["admin/img/icon-yes.svg"].read_bytes() == b"<svg/>"
    assert released["catalog/a.txt"].read_bytes() == b"catalog"


def test_the_settings_are_those_given_then_of_the_environment_then_of_manage_py(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("given", "environment"):
        write_files(project, {f"{name}.py": SETTINGS.replace('"catalog", ', "")})
    assert read_roots(project).settings == "shop.settings"
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "environment")
    assert read_roots(project).settings == "environment"
    assert read_roots(project, "given").settings == "given"


@pytest.mark.parametrize(
    "text",
    [
        'import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"\n',
        "import os\ndef main():\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
    ],
)
def test_manage_py_is_read_and_not_run(project: Path, text: str) -> None:
    (project / "manage.py").write_text(text + "raise SystemExit(3)\n")
    assert read_roots(project).settings == "shop.settings"


def test_manage_py_may_stand_in_a_directory_of_its_own(project: Path) -> None:
    roots = read_roots(project.parent).roots
    assert roots[:2] == ("project/static", {"path": "project/third party", "prefix": "vendor/lib"})


def test_a_directory_that_is_a_link_is_named_as_it_is(project: Path, tmp_path: Path) -> None:
    (project / "static").rename(tmp_path / "elsewhere")
    (project / "static").symlink_to(tmp_path / "elsewhere")
    assert read_roots(project).roots[0] == "static"


def test_links_out_of_a_root_are_allowed_as_django_does(project: Path, tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text("<svg/>")
    (project / "static/logo.svg").symlink_to(tmp_path / "logo.svg")
    (project / "static/inner.css").symlink_to(project / "static/css/site.css")
    assert read_roots(project).roots[0] == {"path": "static", "outside_links": True}
    assert run(project, "-m", "assetbuild", "init", "--django").returncode == 0
    assert assets_of(project).keys() >= {"logo.svg", "inner.css"}


def test_a_directory_in_an_installed_package_is_named_by_the_package(project: Path) -> None:
    directories = '[__import__("django").__path__[0] + "/contrib/admin/static/admin"]'
    settings_with(project, STATICFILES_DIRS=directories)
    assert read_roots(project).roots[0] == {"package": "django", "dir": "contrib/admin/static/admin"}


def test_an_app_beside_the_project_is_named_by_a_path(project: Path, tmp_path: Path) -> None:
    write_files(tmp_path / "shared", {"extra/__init__.py": "", "extra/static/extra.css": ""})
    path = f"__import__('sys').path.append({str(tmp_path / 'shared')!r})"
    settings_with(project, _=path, INSTALLED_APPS='["extra", "django.contrib.staticfiles"]', STATICFILES_DIRS="[]")
    assert read_roots(project).roots == ("../shared/extra/static",)


FINDER = """
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage
class Finder(BaseFinder):
    def find(self, path, **options): return []
    def list(self, ignore_patterns):
        storage = FileSystemStorage(location="made")
        storage.prefix = "made"
        yield from [("one.js", storage), ("two.js", storage)]
class Again(Finder): pass
"""


def test_another_finder_is_asked_what_it_lists_and_no_root_is_written_twice(project: Path) -> None:
    write_files(project, {"shop/finders.py": FINDER, "made/one.js": "", "made/two.js": ""})
    settings_with(project, STATICFILES_FINDERS='["shop.finders.Finder", "shop.finders.Again"]')
    assert read_roots(project).roots == ({"path": "made", "prefix": "made"},)


IGNORING = """
from django.contrib.staticfiles.apps import StaticFilesConfig
class Ignoring(StaticFilesConfig):
    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "*.scss", "drafts", "css/*.map"]
"""


def test_what_collectstatic_ignores_is_excluded(project: Path) -> None:
    write_files(project, {"shop/apps.py": IGNORING, "static/a.scss": "", "static/x/drafts/b.txt": ""})
    write_files(project, {"static/css/deep/c.map": "", "static/js/c.map": "{}"})
    settings_with(
        project, INSTALLED_APPS='["shop.apps.Ignoring"]', STATICFILES_FINDERS=repr([FIND + "FileSystemFinder"])
    )
    assert run(project, "-m", "assetbuild", "init", "--django").returncode == 0
    assert 'exclude = ["*.scss", "drafts", "css/**.map"]\n' in (project / "assetbuild.toml").read_text()
    assert run(project, "manage.py", "collectstatic", "--noinput", "-v0").returncode == 0
    collected = {file for file in (project / "collected").rglob("*") if file.is_file()}
    assert {file.relative_to(project / "collected").as_posix() for file in collected} == assets_of(project).keys()
    assert "js/c.map" in assets_of(project)


FIND = "django.contrib.staticfiles.finders."


@pytest.mark.parametrize(
    ("url", "prefix"),
    [
        ("'static/'", "/static/"),
        ("'https://cdn.example/s/'", "/s/"),
        ("'https://cdn.example/'", "/"),
        ("""'a b%20"<é/'""", "/a%20b%20%22%3C%C3%A9/"),
    ],
)
def test_the_prefix_is_the_path_of_static_url(project: Path, url: str, prefix: str) -> None:
    settings_with(project, STATIC_URL=url)
    assert read_roots(project).url_prefix == prefix


def error_of(directory: Path, *arguments: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read_roots(directory, *arguments)
    return str(caught.value)


def test_without_a_settings_module_the_error_says_how_to_give_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    expected = (
        "no settings module is named: neither by DJANGO_SETTINGS_MODULE nor by a manage.py here\n"
        "  fix: give it: assetbuild init --django mysite.settings"
    )
    assert error_of(tmp_path) == expected
    (tmp_path / "manage.py").write_text("syntax error")
    assert error_of(tmp_path) == expected


def test_settings_that_fail_are_said_with_their_own_words(project: Path) -> None:
    fix = "\n  fix: run it where 'manage.py check' works, with the same environment variables"
    said = "ModuleNotFoundError: No module named 'no'"
    assert error_of(project, "no.such") == f"the settings 'no.such' cannot be loaded: {said}{fix}"
    settings_with(project, SECRET_KEY='__import__("os").environ["SECRET"]')
    place = f"shop/settings.py:{SETTINGS.count(chr(10)) + 1}"
    assert error_of(project) == f"{place}: the settings 'shop.settings' cannot be loaded: KeyError: 'SECRET'{fix}"
    settings_with(project, SECRET_KEY="]")
    syntax = "SyntaxError: unmatched ']'"
    assert error_of(project) == f"{place}: the settings 'shop.settings' cannot be loaded: {syntax}{fix}"
    settings_with(project, SECRET_KEY='__import__("os")._exit(7)')
    assert error_of(project) == f"the settings 'shop.settings' cannot be loaded: exit status 7{fix}"
    settings_with(project, SECRET_KEY="__import__('sys').exit()")
    assert error_of(project) == f"the settings 'shop.settings' cannot be loaded: exit status 0{fix}"
    settings_with(project, SECRET_KEY="__import__('sys').exit('set SECRET_KEY')")
    assert error_of(project) == f"the settings 'shop.settings' cannot be loaded: set SECRET_KEY{fix}"
    lines = r"'SECRET_KEY is empty.\n    Set it:\n\n  export SECRET_KEY=...\n'"
    settings_with(project, SECRET_KEY=f"(_ for _ in ()).throw(ValueError({lines}))")
    said = "ValueError: SECRET_KEY is empty. Set it: export SECRET_KEY=..."
    assert error_of(project).endswith(f": the settings 'shop.settings' cannot be loaded: {said}{fix}")


def test_without_a_directory_there_is_nothing_to_write(project: Path) -> None:
    what = "the staticfiles finders of 'shop.settings' know no directory that exists"
    settings_with(project, INSTALLED_APPS="[]", STATICFILES_DIRS="[]")
    assert error_of(project) == f"{what}\n  fix: name one in STATICFILES_DIRS, or install an app that has one"
    settings_with(project, INSTALLED_APPS="[]", STATICFILES_DIRS='[BASE_DIR / "gone", BASE_DIR / "x"]')
    assert error_of(project) == f"{what}\n  fix: create 'gone' or 'x'"


def test_the_command_line_takes_a_module_and_writes_nothing_where_it_fails(project: Path) -> None:
    done = run(project, "-m", "assetbuild", "init", "--django", "no.such", "--json")
    assert done.returncode == 2
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["path"] is None
    assert result["errors"][0]["message"] == (
        "the settings 'no.such' cannot be loaded: ModuleNotFoundError: No module named 'no'"
    )
    assert not (project / "assetbuild.toml").exists()
    done = run(project, "-m", "assetbuild", "init", "--django", "shop.settings", "--json")
    assert json.loads(done.stdout) == {"path": str(project / "assetbuild.toml"), "errors": []}
