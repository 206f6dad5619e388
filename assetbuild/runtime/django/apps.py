"""The app `assetbuild.runtime.django`: it reads the manifest when a process starts, before any worker is forked, and
puts our finder before those of the settings.

A manifest or an option that cannot be used is reported at its first use and by `check --deploy`, not here: `migrate`
and the like must run on a machine that has no release.
"""

from __future__ import annotations

import contextlib

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.core.signals import setting_changed

from assetbuild.runtime.django import assets, development
from assetbuild.runtime.django.checks import check_assets


class AssetBuildConfig(AppConfig):
    name = "assetbuild.runtime.django"
    label = "assetbuild"
    verbose_name = "assetbuild"

    def ready(self) -> None:
        register(check_assets, Tags.staticfiles, deploy=True)
        development.add_finder()
        setting_changed.connect(development.add_finder, dispatch_uid="assetbuild.runtime.django.finder")
        setting_changed.connect(assets.forget, dispatch_uid="assetbuild.runtime.django")
        assets.forget(setting="STATICFILES_FINDERS")  # what models have asked for before
        with contextlib.suppress(Exception):
            assets.preload()
