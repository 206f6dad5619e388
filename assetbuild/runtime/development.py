"""Assets that follow `assetbuild watch`: its manifest while it runs, else plain source URLs.

Never in production, where nothing imports this. A directory that a watch has left behind changes nothing: what counts
is the lock, which ends with the watch.
"""

from __future__ import annotations

import os
from contextvars import ContextVar

from assetbuild.runtime.format import checked_base_url, split_suffix
from assetbuild.runtime.livetags import CLIENT_FILE, FollowingTags, LiveTags, client_name
from assetbuild.runtime.manifest import ManifestError
from assetbuild.runtime.missing import MissingAsset
from assetbuild.runtime.modes import PlainUrls
from assetbuild.runtime.served import media_type
from assetbuild.runtime.watched import Seen, Watched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from assetbuild.runtime.manifest import Entry, Manifest, Modules, OnMissing
    from assetbuild.runtime.tags import Tags

    Assets = Manifest | PlainUrls
    HasSource = Callable[[str], bool]

_IMMUTABLE = "public, max-age=31536000, immutable"


_held: ContextVar[dict[Development, Tags]] = ContextVar(__name__)


class Development:
    """Answers like a Manifest for what is right now, so two answers may be of two manifests: who makes a page takes
    `tags` once. Threads and forks may share it.
    """

    __slots__ = ("_base_urls", "_has_source", "_made", "_watched", "on_missing")
    file = None

    def __init__(
        self,
        directory: str | os.PathLike[str] | None = None,
        *,
        near: str | os.PathLike[str] | None = None,
        base_url: str | None = None,
        on_missing: OnMissing = "error",
        has_source: HasSource | None = None,
    ) -> None:
        """Follow the development directory `directory`, else the one that ASSETBUILD_DEVELOPMENT names, else the
        nearest '.assetbuild' in `near` or above it. With none of them every URL is plain.

        `has_source` says whether the application has the source of a logical path, for the time without a watch.
        """
        if on_missing not in ("error", "plain"):
            raise ManifestError(f"on_missing cannot be {on_missing!r}", fix="write 'error' or 'plain'")
        named = os.fspath(directory) if directory else os.environ.get("ASSETBUILD_DEVELOPMENT")
        self._watched = Watched(named, os.fspath(near) if near else None, on_missing)
        self._base_urls = (url := checked_base_url(base_url) if base_url else None, url)  # without a watch, with one
        self._has_source = has_source if on_missing == "error" else None
        self._made: tuple[Seen, Tags] | None = None
        self.on_missing = on_missing

    def current(self) -> Assets:
        """Of now: the watch's manifest while one runs and has built, else plain URLs. At most 20 ms old."""
        return self.tags.assets

    def refresh(self) -> None:
        """Look at the disk right now: before a page, which may be made because of what has changed."""
        self._watched.now(fresh=True)

    def hold(self) -> None:
        """Look at the disk right now, and answer of that alone in this context until `let_go`: for a whole page, where
        tags do not know which page they are for."""
        self.refresh()
        _held.set({**_held.get({}), self: self._tags_of_now()})

    @staticmethod
    def let_go() -> None:
        _held.set({})

    def runs(self) -> bool:
        """Whether a watch runs right now; it may not have built yet."""
        return self._watched.now(fresh=True).directory is not None

    @property
    def tags(self) -> Tags:
        """Those of `current()`, the same until something changes. Of now: not to be kept longer than for a page."""
        return _held.get({}).get(self) or self._tags_of_now()

    def _tags_of_now(self) -> Tags:
        seen, made = self._watched.now(), self._made
        if made is None or made[0] is not seen:
            built = seen.manifest  # false if it is of a site without assets
            assets = self._plain() if built is None else built.with_base_url(self._base_urls[1])
            made = self._made = (seen, LiveTags(assets, seen.live))
        return made[1]

    def following_tags(self) -> Tags:
        """To be kept: every call is answered by the `tags` of now."""
        return FollowingTags(self)

    def client(self, nonce: str | None = None) -> str:
        """The tag of live reload's client; '' where no reload server runs."""
        return self.tags.live(nonce)

    def file_of(self, name: str) -> str | None:
        """The existing file to serve for `name`, percent-escapes undone, below the base URL; None if it is not ours to
        serve. Found in a manifest: no path is made of what somebody asks for.
        """
        if not isinstance(name, str):
            return None
        return CLIENT_FILE if name == client_name() else self._watched.file_of(name)

    def headers_of(self, name: str) -> dict[str, str]:
        """Content-Type without a charset, Cache-Control and X-Content-Type-Options for a name with a `file_of`."""
        immutable = name == client_name() or self._watched.is_released(name)
        cache = {"Cache-Control": _IMMUTABLE if immutable else "no-cache"}
        return {"Content-Type": media_type(name)} | cache | {"X-Content-Type-Options": "nosniff"}

    def url(self, path: str) -> str:
        """As a Manifest's. Without a watch, MissingAsset for what has no source file: a bundle, or a mistake."""
        return self.tags.assets.url(path)

    def split(self, path: str) -> tuple[str, str]:
        return self.tags.assets.split(path)

    def entry(self, path: str) -> Entry:
        return self.tags.assets.entry(path)

    def with_base_url(self, url: str | None, *, watched: str | None = None) -> Development:
        """The same state under another base URL, `watched` while a watch has built; None or "" keeps this one's."""
        plain, built = self._base_urls
        urls = (checked_base_url(url) if url else plain, checked_base_url(watched) if watched else built)
        urls = (urls[0], urls[0]) if url and not watched else urls
        if urls == self._base_urls:
            return self
        other = object.__new__(type(self))
        other._watched, other._has_source, other.on_missing = self._watched, self._has_source, self.on_missing
        other._base_urls, other._made = urls, None
        return other

    @property
    def base_url(self) -> str:
        return self.tags.assets.base_url

    @property
    def url_prefix(self) -> str:
        return self.tags.assets.url_prefix

    @property
    def modules(self) -> Modules:
        return self.tags.assets.modules

    @property
    def release(self) -> str:
        """'' without a watch."""
        return self.tags.assets.release

    def __contains__(self, path: object) -> bool:
        return path in self.tags.assets

    def __iter__(self) -> Iterator[str]:
        return iter(self.tags.assets)

    def __len__(self) -> int:
        return len(self.tags.assets)

    def __bool__(self) -> bool:
        return True  # not by the number of assets

    def __repr__(self) -> str:
        return f"<Development with {self.current()!r}>"

    def _plain(self) -> PlainUrls:
        base_url = self._base_urls[0] or PlainUrls.url_prefix
        return _Sources(base_url, self._has_source) if self._has_source else PlainUrls(base_url)


class _Sources(PlainUrls):
    """Plain URLs of what has a source file."""

    __slots__ = ("_has_source",)

    def __init__(self, base_url: str, has_source: HasSource) -> None:
        super().__init__(base_url)
        self._has_source = has_source

    def url(self, path: str) -> str:
        url = super().url(path)
        if self._has_source(path) or self._has_source(split_suffix(path)[0]):
            return url
        said = f"{path!r} is no source file, and no running watch has built it"
        raise MissingAsset(path, text=f"{said}\n  fix: if it is a bundle run 'assetbuild watch', else correct the name")

    def with_base_url(self, url: str | None) -> PlainUrls:
        return _Sources(url or self.base_url, self._has_source)
