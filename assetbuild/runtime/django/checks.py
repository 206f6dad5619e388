"""What `manage.py check --deploy` says of assets, before a visitor sees it.

assetbuild.E001  the manifest, or an option around it, cannot be used
assetbuild.W001  plain source URLs where DEBUG is False
assetbuild.W002  WhiteNoise or ServeStatic serves another directory than the release's
assetbuild.W003  nothing of an installed app is in the release
"""

from __future__ import annotations

import os
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks

from assetbuild.runtime.django.assets import files_dir
from assetbuild.runtime.django.storage import configured
from assetbuild.runtime.format import ManifestError
from assetbuild.runtime.manifest import Manifest

_SERVERS = ("whitenoise.", "servestatic.")
_OPTIONS = "correct the OPTIONS of STORAGES['staticfiles'], or the settings ASSETBUILD_*"


def check_assets(**_: Any) -> list[checks.CheckMessage]:
    try:
        assets = configured()
    except ManifestError as error:
        place = f"{error.where}: " if error.where else ""
        return [checks.Error(place + error.what, hint=error.fix, id="assetbuild.E001")]
    except TypeError as error:  # Python's own words for an option that is unknown or of a wrong type
        return [checks.Error(f"TypeError: {error}", hint=_OPTIONS, id="assetbuild.E001")]
    if isinstance(assets, Manifest):
        return _check_root(files_dir(assets)) + _check_apps(assets)
    return _check_mode()


def _check_mode() -> list[checks.CheckMessage]:
    if settings.DEBUG:  # Django has a warning of its own for that
        return []
    what = "pages name source files, not those of a release: the mode is 'development' while DEBUG is False"
    hint = "remove ASSETBUILD_MODE from settings and environment, and 'mode' from the storage's OPTIONS"
    return [checks.Warning(what, hint=hint, id="assetbuild.W001")]


def _check_root(served: str) -> list[checks.CheckMessage]:
    server = next((name for name in settings.MIDDLEWARE if name.startswith(_SERVERS)), None)
    root = settings.STATIC_ROOT
    if server is None or (root and os.path.realpath(root) == os.path.realpath(served)):
        return []
    what = f"'{server}' serves STATIC_ROOT, {str(root or '')!r}, which is not the release's directory of files"
    return [checks.Warning(what, hint=f"set STATIC_ROOT to {served!r}", id="assetbuild.W002")]


def _check_apps(manifest: Manifest) -> list[checks.CheckMessage]:
    """A build does not read INSTALLED_APPS, so an app that is new may have been forgotten in `roots`."""
    configs = apps.get_app_configs()
    absent = [repr(config.name) for config in configs if _is_left_out(os.path.join(config.path, "static"), manifest)]
    if not absent:
        return []
    what = f"no style sheet and no script of {', '.join(absent)} is in the release"
    hint = "add the 'static' directory to 'roots' in assetbuild.toml, and build again"
    return [checks.Warning(what, hint=hint, id="assetbuild.W003")]


def _is_left_out(directory: str, manifest: Manifest) -> bool:
    files = [os.path.join(parent, name) for parent, _, names in os.walk(directory) for name in names]
    paths = [os.path.relpath(file, directory) for file in files if file.endswith((".css", ".js"))]
    return bool(paths) and not any(path.replace(os.sep, "/") in manifest for path in paths)
