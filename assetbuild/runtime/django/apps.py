"""The app `assetbuild.runtime.django`: it reads the manifest when a process starts, before any worker is forked.

A manifest that cannot be read is reported at its first use and by `check --deploy`, not here: `migrate` and the like
must run on a machine that has no release.
"""

from __future__ import annotations

import contextlib
from typing import Any

from django.apps import AppConfig
from django.core.checks import Error, Tags, register
from django.core.signals import setting_changed

from assetbuild.runtime.django import assets
from assetbuild.runtime.format import ManifestError


class AssetBuildConfig(AppConfig):
    name = "assetbuild.runtime.django"
    label = "assetbuild"
    verbose_name = "assetbuild"

    def ready(self) -> None:
        register(check_manifest, Tags.staticfiles, deploy=True)
        setting_changed.connect(assets.forget, dispatch_uid="assetbuild.runtime.django")
        with contextlib.suppress(ManifestError):
            assets.preload()


def check_manifest(**_: Any) -> list[Error]:
    """`manage.py check --deploy`: the manifest and the options around it can be used."""
    from assetbuild.runtime.django.storage import configured

    try:
        configured()
    except ManifestError as error:
        place = f"{error.where}: " if error.where else ""
        return [Error(place + error.what, hint=error.fix, id="assetbuild.E001")]
    return []
