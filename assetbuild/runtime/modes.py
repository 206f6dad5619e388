"""Production or development, and the URLs of development: what every framework integration asks first.

A mode is always said, by argument, environment or the framework's debug flag; that a file exists decides nothing.
"""

from __future__ import annotations

import os

from assetbuild.runtime.format import ManifestError, checked_base_url, plain_url, split_suffix
from assetbuild.runtime.manifest import Entry, base_url_of_environment
from assetbuild.runtime.missing import MissingAsset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from assetbuild.runtime.manifest import Modules

    Mode = Literal["production", "development"]


def resolve_mode(argument: str | None, debug: bool) -> Mode:
    """The argument, else ASSETBUILD_MODE, else the framework's debug flag. Raises ManifestError for another word."""
    where = None if argument else "ASSETBUILD_MODE"
    mode = argument or os.environ.get("ASSETBUILD_MODE") or ("development" if debug else "production")
    if mode == "production":
        return "production"
    if mode == "development":
        return "development"
    raise ManifestError(f"{mode!r} is not a mode", where, "write 'production' or 'development'")


def resolve_base_url(argument: str | None, framework_url: str | None) -> str | None:
    """The argument, else ASSETBUILD_BASE_URL, else the framework's own; None leaves it to the manifest. Raises
    ManifestError for what the environment says.
    """
    return argument or base_url_of_environment() or framework_url or None


class PlainUrls:
    """Answers like a `Manifest`, with plain source URLs for any name: for development, and for tests without a build.

    It holds no assets: `in` is False, iteration is empty. A name that cannot be a logical path raises MissingAsset
    here too. A base URL other than `url_prefix` was chosen, as with a manifest: frameworks put no mount before it.
    """

    __slots__ = ("base_url",)
    file = None
    modules: Modules = "rewritten"  # sources keep their names
    on_missing = "plain"
    release = ""
    url_prefix = "/static/"

    def __init__(self, base_url: str = url_prefix) -> None:
        self.base_url = checked_base_url(base_url)

    def url(self, path: str) -> str:
        """Base URL + logical path; a query or fragment is kept."""
        if not _is_logical(path):
            raise MissingAsset(path)
        return plain_url(self.base_url, path)

    def split(self, path: str) -> tuple[str, str]:
        """Logical path, and query with fragment."""
        return split_suffix(path)

    def entry(self, path: str) -> Entry:
        self.url(path)
        return Entry(path)

    def with_base_url(self, url: str | None) -> PlainUrls:
        return PlainUrls(url or self.base_url)

    def __contains__(self, path: object) -> bool:
        return False

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return f"PlainUrls({self.base_url!r})"


def _is_logical(path: object) -> bool:
    return isinstance(path, str) and path != "" and not path.startswith(("/", "./", "../"))
