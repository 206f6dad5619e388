"""Django in the process of the tests. A test module asks for it by `pytest_plugins = [__name__ of this]`.

All that Django keeps in a process is kept for good: its settings are those of tests.support.django_site for all tests.
"""

from __future__ import annotations

import sys
import types

import django
import pytest
from django.conf import settings

from tests.support.django_site import CONTENTS, OPTIONS, write_release


@pytest.fixture(scope="session")
def django_site():
    settings.configure(**OPTIONS)
    django.setup()
    from django.contrib import admin
    from django.db import connections
    from django.urls import path

    urls = types.ModuleType("assetbuild_test_urls")
    urls.urlpatterns = [path("admin/", admin.site.urls)]
    sys.modules[urls.__name__] = urls
    yield
    connections.close_all()


@pytest.fixture
def override(django_site, monkeypatch):
    """Django's override_settings, in an environment that says nothing and that is not yet that of Django's tests."""
    from django.core import mail

    monkeypatch.delattr(mail, "outbox", raising=False)
    for name in ("ASSETBUILD_MANIFEST", "ASSETBUILD_BASE_URL", "ASSETBUILD_MODE", "DJANGO_SETTINGS_MODULE"):
        monkeypatch.delenv(name, raising=False)
    from django.test import override_settings

    return override_settings


@pytest.fixture
def release(tmp_path, override):
    """The manifest of CONTENTS, in use."""
    manifest = write_release(tmp_path, CONTENTS)
    with override(ASSETBUILD_MANIFEST=str(manifest)):
        yield manifest
