"""Django's settings to a Manifest or PlainUrls: the file is read once in a process, whoever asks first.

The base URL is put before the names at the first use and not when the app is ready: Django fixes `STATIC_URL` when it
is first looked at, and a relative one needs the path at which the first request finds the site mounted.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from django.conf import settings
from django.core.files.storage import storages

from assetbuild.runtime.format import ManifestError
from assetbuild.runtime.manifest import Manifest
from assetbuild.runtime.modes import PlainUrls, resolve_base_url, resolve_mode

STORAGE = "assetbuild.runtime.django.storage.AssetBuildStorage"

# manifest, base_url, mode, on_missing as a storage's OPTIONS give them; None falls back to ASSETBUILD_<NAME>.
Options = tuple[Any, Any, Any, Any]
NO_OPTIONS: Options = (None, None, None, None)
Names = tuple[frozenset[str], frozenset[str]]

# No locks: two threads that fill the same place at once put equal values there.
_read: dict[tuple[Any, Any], Manifest | ManifestError] = {}
_opened: dict[Options, Manifest | PlainUrls] = {}
_names: dict[Manifest, Names] = {}  # of one manifest, the last that was asked for


def assets_for(options: Options) -> Manifest | PlainUrls:
    """Raises ManifestError, each time anew where the manifest could not be read."""
    found = _opened.get(options)
    if found is None:
        found = _opened[options] = _open(options)
    return found


def files_dir(manifest: Manifest) -> str:
    """The directory that a web server is to serve under the base URL."""
    return os.path.join(os.path.dirname(manifest.file or ""), "files")


def names_of(manifest: Manifest) -> Names:
    """Of files below `files_dir`: those that go with their bytes, and the stable ones."""
    found = _names.get(manifest)
    if found is None:
        entries = [(path, manifest.entry(path)) for path in manifest]
        files = frozenset(entry.file for _, entry in entries)
        stable = frozenset(path for path, entry in entries if entry.stable)
        _names.clear()
        found = _names[manifest] = (files, stable - files)
    return found


def preload() -> None:
    """Read the manifest that the storage will want, if this process is one of production. Raises ManifestError.

    A subclass of the storage is not known as such, so a manifest in the options of one is read at its first use.
    """
    staticfiles = storages.backends.get("staticfiles", {})
    ours = staticfiles.get("BACKEND") == STORAGE  # not by class: importing another backend is not for us to do
    given = staticfiles.get("OPTIONS", {}) if ours else {}
    options = (given.get("manifest"), given.get("base_url"), given.get("mode"), given.get("on_missing"))
    manifest, _, mode, on_missing = _with_settings(options)
    if resolve_mode(mode, settings.DEBUG) == "production":
        _manifest(manifest, on_missing)


def forget(*, setting: str, **_: Any) -> None:
    """The receiver of `setting_changed`: tests that override a setting get what it asks for."""
    if setting.startswith("ASSETBUILD_") or setting in ("DEBUG", "STATIC_URL", "STORAGES"):
        _read.clear()
        _opened.clear()


def _with_settings(options: Options) -> Options:
    manifest, base_url, mode, on_missing = options
    return (
        manifest or getattr(settings, "ASSETBUILD_MANIFEST", None),
        base_url or getattr(settings, "ASSETBUILD_BASE_URL", None),
        mode or getattr(settings, "ASSETBUILD_MODE", None),
        on_missing or getattr(settings, "ASSETBUILD_ON_MISSING", None),
    )


def _open(options: Options) -> Manifest | PlainUrls:
    manifest, base_url, mode, on_missing = _with_settings(options)
    if resolve_mode(mode, settings.DEBUG) == "development":
        return PlainUrls(resolve_base_url(base_url, settings.STATIC_URL) or "/static/")
    return _manifest(manifest, on_missing).with_base_url(resolve_base_url(base_url, settings.STATIC_URL))


def _manifest(path: Any, on_missing: Any) -> Manifest:
    found = _read.get((path, on_missing))
    if found is None:
        try:
            found = Manifest.load(path, on_missing=on_missing or "error")
        except ManifestError as error:
            found = error.with_traceback(None)
        _read[path, on_missing] = found
    if isinstance(found, ManifestError):  # anew: one exception object must not be raised by two threads
        raise ManifestError(found.what, found.where, _with_hint(found.fix))
    return found


def _with_hint(fix: str | None) -> str | None:
    """Django's test runners set DEBUG to False, which is the one time that nobody asked for production."""
    if hasattr(sys.modules.get("django.core.mail"), "outbox"):  # documented to be there in tests alone
        return f"{fix}; tests need no release: see 'assetbuild.runtime.django.testing'"
    return fix
