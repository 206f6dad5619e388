"""The sample site as a Django project in one file, admin included. It is its own manage.py:

    python django_app.py check

A project of several files would keep these settings in settings.py; nothing here depends on the single file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import django
from django.conf import settings

HERE = Path(__file__).resolve().parent
# Resolved, so that a process keeps the release it started with when dist/current moves on.
MANIFEST = Path(os.environ.get("ASSETBUILD_MANIFEST") or HERE / "dist/current/manifest.json").resolve()

settings.configure(
    DEBUG=False,
    # For development only. A deployment sets SECRET_KEY; a build needs none.
    SECRET_KEY=os.environ.get("SECRET_KEY", "insecure-development-key-of-the-sample-project"),
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
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    # These three are all that assetbuild needs; {% static %}, form media and the admin then work unchanged.
    STATIC_URL="/static/",
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
from django.urls import path  # noqa: E402
from django.views.generic import TemplateView  # noqa: E402
from django.views.static import serve  # noqa: E402

urlpatterns = [
    path("", TemplateView.as_view(template_name="home.html"), name="home"),
    path("visit/", TemplateView.as_view(template_name="visit.html"), name="visit"),
    path("admin/", admin.site.urls),
    # For the sample only: in production a web server or a CDN serves this directory at /static/.
    path("static/<path:path>", serve, {"document_root": MANIFEST.parent / "files"}),
]

application = get_wsgi_application()

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
