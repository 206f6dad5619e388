"""The staticfiles storage that answers from a release. It never writes: a release is made by `assetbuild build`.

`url` is all that pages use, and it is a dict look-up. `open` and `size` are for code that asks for a file itself.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime, timezone
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages
from django.utils.module_loading import import_string

from assetbuild.runtime.django.assets import NO_OPTIONS, assets_for, current, files_dir, names_of
from assetbuild.runtime.django.development import source_file
from assetbuild.runtime.format import plain_url, split_suffix
from assetbuild.runtime.manifest import Manifest
from assetbuild.runtime.missing import MissingAsset
from assetbuild.runtime.modes import PlainUrls

if TYPE_CHECKING:
    from assetbuild.runtime.development import Development


class AssetBuildStorage(Storage):
    """OPTIONS: `manifest`, `base_url`, `mode`, `on_missing`, `development`; each falls back to the setting
    ASSETBUILD_<NAME>, then to the environment. Unknown names raise MissingAsset, which is a ValueError.

    `development` is the directory of a watch; False: none is followed.
    """

    def __init__(
        self,
        manifest: Any = None,
        base_url: str | None = None,
        mode: str | None = None,
        on_missing: str | None = None,
        development: Any = None,
    ) -> None:
        self._options = (manifest, base_url, mode, on_missing, development)

    @property
    def assets(self) -> Manifest | Development | PlainUrls:
        """Raises ManifestError."""
        return assets_for(self._options)

    @property
    def base_url(self) -> str:
        return self.assets.base_url

    def url(self, name: str, force: bool = False) -> str:  # noqa: ARG002  # Django's hashing storages take it
        """Query and fragment are kept. A directory ('admin/', or '' for the root) is no asset: its plain URL."""
        assets = self.assets
        if name not in assets and (not name or split_suffix(name)[0].endswith("/")):
            return plain_url(assets.base_url, name)
        return assets.url(name)

    def stored_name(self, name: str) -> str:
        """The released file's name; query and fragment are kept. In development without a watch, the name itself."""
        assets = self.assets
        path, suffix = assets.split(name)
        return assets.entry(path).file + suffix

    def exists(self, name: str) -> bool:
        """Whether `name` is an asset or the stored name of one; in development without a watch, a source."""
        assets = current(self.assets)
        if isinstance(assets, Manifest):
            return name in assets or name in names_of(assets)[0]
        return source_file(name) is not None

    def path(self, name: str) -> str:
        """Of the released file, for those who read it by themselves; not to be written. Raises FileNotFoundError.

        The root has none: staticfiles' own collectstatic takes that for a storage on another machine.
        """
        if not name:
            raise NotImplementedError("a release has no directory to write to")
        return self._file(name)

    def size(self, name: str) -> int:
        """In bytes; given by logical path or stored name. Raises FileNotFoundError."""
        assets = current(self.assets)
        if isinstance(assets, Manifest) and name in assets:
            return int(assets.entry(name).size or 0)
        return os.path.getsize(self._file(name))

    def get_modified_time(self, name: str) -> datetime:  # noqa: ARG002
        """Later than that of any source, so that staticfiles' own collectstatic leaves a released file alone."""
        return datetime(9999, 1, 1, tzinfo=timezone.utc if settings.USE_TZ else None)

    def save(self, name: str, content: Any, max_length: int | None = None) -> str:  # noqa: ARG002
        """Nothing is written: staticfiles' own collectstatic comes here with files that the build left out."""
        _warn_of_saving()
        return name

    def delete(self, name: str) -> None:
        raise NotImplementedError(f"{name!r} cannot be deleted: a release never changes")

    def _open(self, name: str, mode: str = "rb") -> File:
        """The released file, given by its logical path or its stored name. Raises FileNotFoundError."""
        if mode not in ("r", "rb", "rt"):
            raise ValueError(f"{name!r} cannot be opened with mode {mode!r}: a release never changes")
        return File(open(self._file(name), mode))  # the caller closes it

    def _file(self, name: str) -> str:
        """No path is ever made of a name that the manifest or a finder does not know. Raises FileNotFoundError."""
        assets = current(self.assets)
        if not isinstance(assets, Manifest):
            found = source_file(name)
            if found is None:
                raise FileNotFoundError(f"no finder knows {name!r}")
            return found
        if name in assets:
            return os.path.join(files_dir(assets), assets.entry(name).file)
        if name not in names_of(assets)[0]:
            raise FileNotFoundError(str(MissingAsset(name, assets)))
        return os.path.join(files_dir(assets), name)


def configured() -> Manifest | Development | PlainUrls:
    """The assets of this site: the storage's, so that all tags agree, else those that the settings name."""
    return storages["staticfiles"].assets if is_ours() else assets_for(NO_OPTIONS)


def is_ours() -> bool:
    """Whether STORAGES["staticfiles"] is this storage or made from it."""
    backend = storages.backends.get("staticfiles", {}).get("BACKEND")
    return bool(backend) and _is_our_class(backend)


@cache
def _is_our_class(backend: str) -> bool:
    return issubclass(import_string(backend), AssetBuildStorage)


@lru_cache(maxsize=1)
def _warn_of_saving() -> None:
    """Once in a process."""
    text = "files were not written to the static files storage: a release never changes; run 'assetbuild build'"
    logging.getLogger("assetbuild.runtime").warning(text)
