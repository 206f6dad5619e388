"""Test runs without a build: pages get plain source URLs, though Django's test runners set DEBUG to False.

    TEST_RUNNER = "assetbuild.runtime.django.testing.Runner"            # settings.py, for manage.py test
    pytest_plugins = ["assetbuild.runtime.django.pytest_plugin"]        # conftest.py, for pytest

Or one test at a time, by `plain_assets()`. A test of the release itself overrides ASSETBUILD_MODE back.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.test import override_settings
from django.test.runner import DiscoverRunner, ParallelTestSuite

from assetbuild.runtime.django import assets
from assetbuild.runtime.django.storage import is_ours


class plain_assets(override_settings):  # noqa: N801  # as Django writes what it inherits from
    """`with plain_assets():`, or a decorator of functions and of SimpleTestCase's subclasses."""

    def __init__(self) -> None:
        # Where our app is not installed, nothing else has connected it.
        setting_changed.connect(assets.forget, dispatch_uid="assetbuild.runtime.django")
        super().__init__(**_settings())


def _plain_worker(*_: Any) -> None:
    plain_assets().enable()


class _Suite(ParallelTestSuite):
    process_setup = _plain_worker  # of workers that are spawned, which have no overridden settings


class Runner(DiscoverRunner):
    """Django's own, with plain assets. To combine it with another runner: `class Both(Runner, Other)`."""

    parallel_test_suite = _Suite

    def setup_test_environment(self, **kwargs: Any) -> None:
        super().setup_test_environment(**kwargs)
        self._plain_assets = plain_assets()
        self._plain_assets.enable()

    def teardown_test_environment(self, **kwargs: Any) -> None:
        self._plain_assets.disable()
        super().teardown_test_environment(**kwargs)


def _settings() -> dict[str, Any]:
    """A storage's own option would win over the setting, also over one of a test inside, so that is left out. No test
    depends on whether a watch runs.
    """
    plain: dict[str, Any] = {"ASSETBUILD_MODE": "development", "ASSETBUILD_DEVELOPMENT": False}
    storage = settings.STORAGES.get("staticfiles", {})
    options = storage.get("OPTIONS", {})
    others = {name: value for name, value in options.items() if name not in ("mode", "development")}
    if others != options and is_ours():
        storage = {**storage, "OPTIONS": others}
        plain["STORAGES"] = {**settings.STORAGES, "staticfiles": storage}
    return plain
