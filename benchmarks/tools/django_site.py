"""A Django site of one static folder: `django_site.py plain|manifest|whitenoise SOURCE ROOT` runs collectstatic.

The storages that rewrite stop at the first reference to a missing file, and real packages have hundreds. So here they
leave such a reference as it is; nothing else of them is changed.
"""

from __future__ import annotations

import sys

import django
from django.conf import settings
from django.core.management import call_command

BACKENDS = {
    "plain": "django.contrib.staticfiles.storage.StaticFilesStorage",
    "manifest": "__main__.Manifest",
    "whitenoise": "__main__.WhiteNoise",
}


def main(kind: str, source: str, root: str) -> None:
    settings.configure(
        INSTALLED_APPS=["django.contrib.staticfiles"],
        STATIC_URL="/static/",
        STATIC_ROOT=root,
        STATICFILES_DIRS=[source],
        STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
        STORAGES={"staticfiles": {"BACKEND": BACKENDS[kind]}},
    )
    django.setup()
    if kind != "plain":
        _define_storages()
    call_command("collectstatic", interactive=False, verbosity=0)


def _define_storages() -> None:
    """After the settings are there: importing a storage reads them."""
    from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
    from whitenoise.storage import CompressedManifestStaticFilesStorage

    class Forgiving:
        manifest_strict = False

        def hashed_name(self, name, content=None, filename=None):
            try:
                return super().hashed_name(name, content, filename)
            except ValueError:  # no such file
                return name

    globals()["Manifest"] = type("Manifest", (Forgiving, ManifestStaticFilesStorage), {})
    globals()["WhiteNoise"] = type("WhiteNoise", (Forgiving, CompressedManifestStaticFilesStorage), {})


if __name__ == "__main__":
    main(*sys.argv[1:])
