"""Django's settings to a Manifest, which is read once in a process, whoever asks first, or to what development has.

The base URL is put before the names at the first use and not when the app is ready: Django fixes `STATIC_URL` when it
is first looked at, and a relative one needs the path at which the first request finds the site mounted.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.storage import storages
from django.core.signals import request_finished, request_started

from assetbuild.runtime.django.development import has_source, is_served, place
from assetbuild.runtime.format import ManifestError
from assetbuild.runtime.manifest import Manifest
from assetbuild.runtime.modes import PlainUrls, resolve_base_url, resolve_mode

if TYPE_CHECKING:
    from assetbuild.runtime.development import Development

STORAGE = "assetbuild.runtime.django.storage.AssetBuildStorage"

# manifest, base_url, mode, on_missing, development as a storage's OPTIONS give them; None falls back to
# ASSETBUILD_<NAME>.
Options = tuple[Any, Any, Any, Any, Any]
NO_OPTIONS: Options = (None, None, None, None, None)
Names = tuple[frozenset[str], frozenset[str]]

# No locks: two threads that fill the same place at once put equal values there.
_read: dict[tuple[Any, Any], Manifest | ManifestError] = {}
_opened: dict[Options, Manifest | Development | PlainUrls] = {}
_names: dict[Manifest, Names] = {}  # of one manifest, the last that was asked for


def assets_for(options: Options) -> Manifest | Development | PlainUrls:
    """Raises ManifestError, each time anew where the manifest could not be read."""
    found = _opened.get(options)
    if found is None:
        found = _opened[options] = _open(options)
    return found


def current(assets: Manifest | Development | PlainUrls) -> Manifest | PlainUrls:
    """What answers now: in development, the manifest of a watch while one runs."""
    return assets if isinstance(assets, (Manifest, PlainUrls)) else assets.current()


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
    manifest, _, mode, on_missing, _ = _with_settings(_site_options())
    if resolve_mode(mode, settings.DEBUG) == "production":
        _manifest(manifest, on_missing)


def development_directory() -> str | None:
    """The one that this site names for its watch; None: it is looked for."""
    named = _with_settings(_site_options())[4] or os.environ.get("ASSETBUILD_DEVELOPMENT")
    return os.path.abspath(named) if named else None


def forget(*, setting: str, **_: Any) -> None:
    """The receiver of `setting_changed`: tests that override a setting get what it asks for."""
    ours = ("BASE_DIR", "DEBUG", "STATICFILES_FINDERS", "STATIC_URL", "STORAGES")
    if setting.startswith("ASSETBUILD_") or setting in ours:
        _read.clear()
        _opened.clear()


def _site_options() -> Options:
    staticfiles = storages.backends.get("staticfiles", {})
    ours = staticfiles.get("BACKEND") == STORAGE  # not by class: importing another backend is not for us to do
    given = staticfiles.get("OPTIONS", {}) if ours else {}
    names = ("manifest", "base_url", "mode", "on_missing", "development")
    manifest, base_url, mode, on_missing, development = (given.get(name) for name in names)
    return manifest, base_url, mode, on_missing, development


def _with_settings(options: Options) -> Options:
    manifest, base_url, mode, on_missing, development = options
    return (
        manifest or getattr(settings, "ASSETBUILD_MANIFEST", None),
        base_url or getattr(settings, "ASSETBUILD_BASE_URL", None),
        mode or getattr(settings, "ASSETBUILD_MODE", None),
        on_missing or getattr(settings, "ASSETBUILD_ON_MISSING", None),
        getattr(settings, "ASSETBUILD_DEVELOPMENT", None) if development is None else development,
    )


def _open(options: Options) -> Manifest | Development | PlainUrls:
    manifest, base_url, mode, on_missing, development = _with_settings(options)
    if resolve_mode(mode, settings.DEBUG) == "development":
        return _development(development, resolve_base_url(base_url, settings.STATIC_URL) or "/static/", on_missing)
    return _manifest(manifest, on_missing).with_base_url(resolve_base_url(base_url, settings.STATIC_URL))


def _development(directory: Any, base_url: str, on_missing: Any) -> Development | PlainUrls:
    """Plain URLs where the directory is False, or nobody would serve the files that a watch makes."""
    if directory is False or not is_served():
        return PlainUrls(base_url)
    from assetbuild.runtime.development import Development  # nothing of it is loaded in production

    request_started.connect(_refresh, dispatch_uid="assetbuild.runtime.django")
    request_finished.connect(_let_go, dispatch_uid="assetbuild.runtime.django")
    given = os.fspath(directory) if directory else None
    return Development(given, near=place(), base_url=base_url, on_missing=on_missing or "error", has_source=has_source)


def _refresh(**_: Any) -> None:
    """Before each page, which a browser may ask for because something has changed just now: a template, too, which
    Django's autoreloader notices once a second only.
    """
    from django.template.autoreload import reset_loaders

    for assets in [*_opened.values()]:
        if not isinstance(assets, (Manifest, PlainUrls)):
            assets.hold()
            if assets.client():
                reset_loaders()


def _let_go(**_: Any) -> None:
    from assetbuild.runtime.development import Development

    Development.let_go()


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
