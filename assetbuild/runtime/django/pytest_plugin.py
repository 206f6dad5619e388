"""For conftest.py: `pytest_plugins = ["assetbuild.runtime.django.pytest_plugin"]`, and no test needs a build.

It goes with pytest-django and without. A test of the release itself overrides ASSETBUILD_MODE back.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def plain_assets() -> Iterator[None]:
    """All of the test run: pages get plain source URLs."""
    from assetbuild.runtime.django import testing  # settings may be named after the plugin is loaded

    with testing.plain_assets():
        yield
