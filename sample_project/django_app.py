"""The sample site as a Django project in one file, admin included. It is its own manage.py:

    python django_app.py check

A project of several files would keep these settings in settings.py; nothing here depends on the single file. What a
visitor changes is kept in the session and nowhere in the process, so any worker can answer, and any may be killed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings

HERE = Path(__file__).resolve().parent
# Resolved, so that a process keeps the release it started with when dist/current moves on.
MANIFEST = Path(os.environ.get("ASSETBUILD_MANIFEST") or HERE / "dist/current/manifest.json").resolve()
SESSION_SECONDS = int(os.environ.get("SESSION_SECONDS") or 14 * 24 * 3600)


def session_settings() -> dict[str, Any]:
    """In the Redis or Memcached server that SESSION_URL names; without one, in signed cookies."""
    url = os.environ.get("SESSION_URL", "")
    if not url:
        return {"SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies"}
    if url.startswith(("redis://", "rediss://")):
        cache = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}
    elif url.startswith("memcached://"):
        server = url.partition("://")[2].strip("/")
        cache = {"BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache", "LOCATION": server}
    else:
        sys.exit("SESSION_URL: write redis://host:port/database or memcached://host:port")
    return {"SESSION_ENGINE": "django.contrib.sessions.backends.cache", "CACHES": {"default": cache}}


settings.configure(
    DEBUG=os.environ.get("DEBUG") == "1",
    BASE_DIR=HERE,
    # For development only. A deployment sets SECRET_KEY, the same for every process; a build needs none.
    SECRET_KEY=os.environ.get("SECRET_KEY", "django-insecure-development-key-of-the-sample-project"),
    ALLOWED_HOSTS=os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(","),
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "assetbuild.runtime.django",
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "django.contrib.staticfiles",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [HERE / "templates/django"],
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    # In memory unless told otherwise: the admin's login page shows, but nobody can log in.
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("SAMPLE_DATABASE", ":memory:")}
    },
    **session_settings(),
    SESSION_COOKIE_AGE=SESSION_SECONDS,
    SESSION_SAVE_EVERY_REQUEST=True,  # that many seconds after the last request, not after the last change
    SESSION_COOKIE_SECURE=os.environ.get("SESSION_SECURE", "") == "1",
    CSRF_COOKIE_SECURE=os.environ.get("SESSION_SECURE", "") == "1",
    LOGGING={
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": sys.stdout}},
        "root": {"handlers": ["stdout"], "level": "INFO"},
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    # These three are all that assetbuild needs; {% static %}, form media and the admin then work unchanged.
    STATIC_URL="/static/",
    STATICFILES_DIRS=[HERE / "static"],
    STORAGES={
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "assetbuild.runtime.django.storage.AssetBuildStorage"},
    },
    ASSETBUILD_MANIFEST=MANIFEST,
)
django.setup()

# Below django.setup(), because this one file holds settings and URLs both.
from django.contrib import admin  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect  # noqa: E402
from django.shortcuts import render  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.generic import TemplateView  # noqa: E402
from django.views.static import serve  # noqa: E402


def visit(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        request.session["crossings"] = request.session.get("crossings", 0) + 1
        return HttpResponseRedirect(request.path, status=303)
    return render(request, "visit.html", {"crossings": request.session.get("crossings", 0)})


urlpatterns = [
    path("", TemplateView.as_view(template_name="home.html"), name="home"),
    path("visit/", visit, name="visit"),
    path("admin/", admin.site.urls),
    # For the sample only: in production a web server or a CDN serves this directory at /static/.
    path("static/<path:path>", serve, {"document_root": MANIFEST.parent / "files"}),
]

application = get_wsgi_application()

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
