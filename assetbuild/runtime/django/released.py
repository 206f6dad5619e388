"""The files of a release, or of a watch, by the names that they have in it: what a server of files wants to know.

    from assetbuild.runtime.django.released import is_immutable
    WHITENOISE_IMMUTABLE_FILE_TEST = is_immutable

Settings import this module, so it imports Django only when it is asked.
"""

from __future__ import annotations

import os

from assetbuild.runtime.manifest import Manifest, ManifestError
from assetbuild.runtime.modes import PlainUrls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from assetbuild.runtime.development import Development


def is_immutable(path: str, url: str) -> bool:  # noqa: ARG001  # how WhiteNoise calls it
    """Whether the file at `path` never changes. WhiteNoise's own test knows all such files but those of `prehashed`."""
    from assetbuild.runtime.django.assets import current, files_dir, names_of

    assets = current(_assets())
    if not isinstance(assets, Manifest):
        return False
    name = os.path.relpath(os.path.realpath(path), os.path.realpath(files_dir(assets)))
    return name.replace(os.sep, "/") in names_of(assets)[0]


def file_of(name: str) -> str | None:
    """The file that the end of a URL names, after the base URL; None if it is not of this site's release, or there is
    none. In development it may be of an earlier manifest too, and the client of live reload."""
    from assetbuild.runtime.django.assets import files_dir, names_of

    try:
        assets = _assets()
    except ManifestError:  # pages say so
        return None
    if isinstance(assets, PlainUrls):
        return None
    if not isinstance(assets, Manifest):
        return assets.file_of(name)
    if not any(name in names for names in names_of(assets)):
        return None
    return os.path.join(files_dir(assets), name)


def _assets() -> Manifest | Development | PlainUrls:
    from assetbuild.runtime.django.storage import configured

    return configured()
