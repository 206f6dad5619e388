"""The app `assetbuild.runtime.django`: it reads the manifest when a process starts, before any worker is forked.

A manifest or an option that cannot be used is reported at its first use and by `check --deploy`, not here: `migrate`
and the like must run on a machine that has no release.
"""

from __future__ import annotations

import contextlib

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.core.signals import setting_changed

from assetbuild.runtime.django import assets
from assetbuild.runtime.django.checks import check_assets


class AssetBuildConfig(AppConfig):
    name = "assetbuild.runtime.django"
    label = "assetbuild"
    verbose_name = "assetbuild"

    def ready(self) -> None:
        register(check_assets, Tags.staticfiles, deploy=True)
        setting_changed.connect(assets.forget, dispatch_uid="assetbuild.runtime.django")
        with contextlib.suppress(Exception):
            assets.preload()
