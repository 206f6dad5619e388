"""Tags in templates while developing: of one manifest for the whole of a page."""

from __future__ import annotations

from assetbuild.runtime.starlette.mounted import Mounted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from assetbuild.runtime.development import Development
    from assetbuild.runtime.tags import Tags


def following(assets: Development, chosen: bool, name: str) -> Callable[[Mapping[str, Any]], Tags]:
    """`chosen`: `assets` have a base URL that is not the manifest's. What names another host is for the time without a
    watch: nobody has its files there.
    """
    base_url = assets.base_url
    here = base_url.startswith("/") and not base_url.startswith("//")
    plain = base_url if chosen else None
    without_mount = assets.with_base_url(plain, watched=None if here else assets.url_prefix)

    def view(url: str | None) -> Development:
        return without_mount if url is None or (chosen and here) else assets.with_base_url(plain or url, watched=url)

    mounted = Mounted(view, name)
    key = f"{__name__}.{id(mounted)}"

    def find(context: Mapping[str, Any]) -> Tags:
        request = context.get("request")
        if request is None:
            return (without_mount if chosen else mounted.find(context)).tags
        tags: Tags | None = request.scope.get(key)
        if tags is None:
            assets.refresh()
            tags = request.scope[key] = mounted.find(context).tags
        return tags

    return find
