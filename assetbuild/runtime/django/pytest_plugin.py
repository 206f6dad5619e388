"""For conftest.py: `pytest_plugins = ["assetbuild.runtime.django.pytest_plugin"]`, and no test needs a build.

It goes with pytest-django, and without it where conftest.py calls `django.setup()`. A test of the release itself
overrides ASSETBUILD_MODE back.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.conf import settings


@pytest.fixture(scope="session", autouse=True)
def plain_assets() -> Iterator[None]:
    """All of the test run: pages get plain source URLs. A run without settings is none of a Django site."""
    if not settings.configured and not os.environ.get("DJANGO_SETTINGS_MODULE"):
        yield
        return
    from assetbuild.runtime.django import testing  # settings may be named after the plugin is loaded

    with testing.plain_assets():
        yield
