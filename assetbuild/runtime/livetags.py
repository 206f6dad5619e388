"""Tags while developing: those of one manifest, each followed by the client of live reload.

The client is told the release that its page was made from, so whatever comes after that reaches the page.
"""

from __future__ import annotations

import os
from functools import lru_cache
from hashlib import sha256

from assetbuild.runtime.tags import Tags, start_tag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from assetbuild.runtime.development import Development
    from assetbuild.runtime.manifest import Manifest
    from assetbuild.runtime.modes import PlainUrls
    from assetbuild.runtime.tags import Attribute

CLIENT_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "live.js")


@lru_cache(maxsize=1)
def client_name() -> str | None:
    """The name of the client below the base URL. It goes by the content, for it is kept for a year."""
    try:
        with open(CLIENT_FILE, "rb") as stream:
            return f"_assetbuild/live.{sha256(stream.read()).hexdigest()[:16]}.js"
    except OSError:
        return None


class LiveTags(Tags):
    """`live`: port and token of the reload server; None where none runs."""

    __slots__ = ("_live",)
    _live: tuple[int, str] | None

    def __init__(self, assets: Manifest | PlainUrls, live: tuple[int, str] | None) -> None:
        super().__init__(assets)
        self._fill({"_live": live})

    def script(
        self,
        path: str,
        *,
        module: bool = False,
        integrity: bool | None = None,
        nonce: str | None = None,
        **attributes: Attribute,
    ) -> str:
        tag = super().script(path, module=module, integrity=integrity, nonce=nonce, **attributes)
        return tag + self.live(nonce)

    def stylesheet(
        self, path: str, *, integrity: bool | None = None, nonce: str | None = None, **attributes: Attribute
    ) -> str:
        return super().stylesheet(path, integrity=integrity, nonce=nonce, **attributes) + self.live(nonce)

    def live(self, nonce: str | None = None) -> str:
        name = client_name()
        if self._live is None or name is None:
            return ""
        base = self.assets.base_url
        own: dict[str, Attribute] = {"src": base + name, "data-port": self._live[0], "data-token": self._live[1]}
        own |= {"data-release": self.assets.release, "data-base": base, "async": True, "nonce": nonce or None}
        return start_tag("script", own, {}) + "</script>"


def _now(name: str) -> Any:
    def method(self: FollowingTags, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.assets.tags, name)(*args, **kwargs)

    method.__name__ = name
    return method


class FollowingTags(Tags):
    """For those who keep one Tags for ever: each call goes to the Tags of now."""

    __slots__ = ()
    assets: Development  # type: ignore[assignment]

    def __init__(self, assets: Development) -> None:
        self._fill({"assets": assets})

    url = _now("url")
    script = _now("script")
    stylesheet = _now("stylesheet")
    preload = _now("preload")
    modulepreload = _now("modulepreload")
    preload_links = _now("preload_links")
    importmap = _now("importmap")
    live = _now("live")
