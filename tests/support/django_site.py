"""A Django site for tests: its settings, releases made by hand, and processes of their own with any settings."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import django

from assetbuild.runtime.manifest import canonical

APPS = ("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles")
BACKEND = "assetbuild.runtime.django.storage.AssetBuildStorage"
MIDDLEWARE = ("sessions.middleware.Session", "auth.middleware.Authentication", "messages.middleware.Message")
PROCESSORS = ("template.context_processors.request", "contrib.auth.context_processors.auth")
ADMIN_STATIC = Path(django.__file__).parent / "contrib/admin/static"

OPTIONS = {
    "SECRET_KEY": "x",
    "ALLOWED_HOSTS": ["testserver"],
    "ROOT_URLCONF": "assetbuild_test_urls",
    "STATIC_URL": "/static/",
    "INSTALLED_APPS": ["assetbuild.runtime.django", *(f"django.contrib.{name}" for name in APPS)],
    "MIDDLEWARE": [f"django.contrib.{name}Middleware" for name in MIDDLEWARE],
    "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
    "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    "DEFAULT_AUTO_FIELD": "django.db.models.AutoField",
    "STORAGES": {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": BACKEND},
    },
    "TEMPLATES": [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    *(f"django.{name}" for name in PROCESSORS),
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    "USE_TZ": True,
}


def write_release(directory, contents):
    """A release of `contents`, logical path to bytes, without what only servers need."""
    assets = {}
    for path, content in contents.items():
        stem, dot, extension = path.rpartition(".")
        file = f"{stem}.{hashlib.sha256(content).hexdigest()[:16]}{dot}{extension}"
        assets[path] = {"file": file, "integrity": "sha384-AAAA", "size": len(content)}
        (directory / "files" / file).parent.mkdir(parents=True, exist_ok=True)
        (directory / "files" / file).write_bytes(content)
    data = {"version": 1, "release": "3f2a91c07be4d518", "url_prefix": "/static/", "assets": assets}
    manifest = directory / "manifest.json"
    manifest.write_bytes(canonical(data))
    return manifest


CONTENTS = {"css/site.css": b"a{}", "icons.svg": b"<svg/>", "fonts/a b.eot": b"eot", "js/app.min.js": b"1"}
SITE = f"css/site.{hashlib.sha256(b'a{}').hexdigest()[:16]}.css"
ICONS = f"icons.{hashlib.sha256(b'<svg/>').hexdigest()[:16]}.svg"
FONT = f"fonts/a%20b.{hashlib.sha256(b'eot').hexdigest()[:16]}.eot"


def render(text, **context):
    from django.template import Context, Template

    return Template(text).render(Context(context))


def static(name):
    from django.templatetags.static import static

    return static(name)


def python(directory, code, *, env=None, check=True, **options):
    """Run `code` in a process of its own with a settings module made of OPTIONS and `options`."""
    values = {**OPTIONS, "ROOT_URLCONF": "site_urls", "DEBUG": False, **options}
    directory.mkdir(exist_ok=True)
    (directory / "site_settings.py").write_text("".join(f"{name} = {value!r}\n" for name, value in values.items()))
    (directory / "site_urls.py").write_text("urlpatterns = []\n")
    command = [sys.executable, "-W", "error", *(["-c", code] if isinstance(code, str) else code)]
    where = {"PYTHONPATH": str(directory), "DJANGO_SETTINGS_MODULE": "site_settings", "PATH": os.environ["PATH"]}
    where.update(env or {})
    return subprocess.run(command, cwd=directory, env=where, capture_output=True, text=True, check=check)


def manage(directory, *arguments, **options):
    return python(directory, ["-m", "django", *arguments], check=False, **options)


def apps(*names):
    return [name if "." in name else f"django.contrib.{name}" for name in names]
