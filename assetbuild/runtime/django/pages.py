"""What the tags of both template engines share: the site's Tags, and the nonce of the page that is being rendered.

Views may use `tags()` too, for the values of `Link` headers: `tags().preload_links("css/site.css")`.
"""

from __future__ import annotations

from typing import Any

from django.utils.safestring import mark_safe

from assetbuild.runtime.django.storage import configured
from assetbuild.runtime.manifest import Manifest
from assetbuild.runtime.modes import PlainUrls
from assetbuild.runtime.tags import Tags

_made: dict[str, Tags] = {}  # no lock: two threads that fill it at once put equal values there


def tags() -> Tags:
    """Of the assets that all of this site's URLs come from. Raises ManifestError."""
    assets = configured()
    found = _made.get("tags")
    if found is None or found.assets is not assets:
        found = Tags(assets) if isinstance(assets, (Manifest, PlainUrls)) else assets.following_tags()
        _made["tags"] = found
    return found


def html(method: str, context: Any, *paths: str, **attributes: Any) -> str:
    """What that method of Tags gives, marked safe: it escapes for itself. `context` is that of either engine.

    A `nonce` that is not given is the page's own; one that is given counts, and an empty one is none.
    """
    nonce = attributes.pop("nonce") if "nonce" in attributes else _nonce(context)
    text = None if nonce is None or nonce is False else str(nonce)
    made: str = mark_safe(getattr(tags(), method)(*paths, nonce=text, **attributes))  # noqa: S308
    return made


def live(context: Any, **attributes: Any) -> str:
    """The tag of live reload's client. Where there is none, in production always, the page's nonce is not asked for."""
    return html("live", context, **attributes) if tags().live() else ""


def _nonce(context: Any) -> Any:
    """`csp_nonce` of the context (Django 6's context processor), else of the request (django-csp), else None.

    Jinja2's context has the request as a variable, Django's own as an attribute: a variable takes a context processor.

    Both are lazy, and false until they are used: asking for their text is what puts them into the page's header.
    """
    nonce = context.get("csp_nonce")
    request = getattr(context, "request", None) or context.get("request")
    return getattr(request, "csp_nonce", None) if nonce is None else nonce
