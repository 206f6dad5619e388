"""`{% load assetbuild %}`: URLs and tags of assets, whatever the staticfiles storage is.

    {% asset_url "css/site.css" %}          like {% static %}; `as name` keeps it in a variable, here and below
    {% asset_style "css/site.css" %}
    {% asset_script "js/app.js" module=True %}

Further arguments become attributes: `defer=True`, `data_turbo_track="reload"`. Each raises MissingAsset.
"""

from __future__ import annotations

from typing import Any

from django import template

from assetbuild.runtime.django.pages import html, live
from assetbuild.runtime.django.storage import configured

register = template.Library()


@register.simple_tag
def asset_url(path: str) -> str:
    return configured().url(path)


@register.simple_tag(takes_context=True)
def asset_script(context: Any, path: str, **attributes: Any) -> str:
    """`module=True` for a module. `nonce` is by default that of the page, if it has one; `integrity=False`: none."""
    return html("script", context, path, **attributes)


@register.simple_tag(takes_context=True)
def asset_style(context: Any, path: str, **attributes: Any) -> str:
    return html("stylesheet", context, path, **attributes)


@register.simple_tag(takes_context=True)
def asset_preload(context: Any, path: str, **attributes: Any) -> str:
    """`as` is told by the extension, unless it is given: `as="fetch"`."""
    return html("preload", context, path, **attributes)


@register.simple_tag(takes_context=True)
def asset_modulepreload(context: Any, *paths: str, **attributes: Any) -> str:
    """The modules and all that they import statically, each once, in load order."""
    return html("modulepreload", context, *paths, **attributes)


@register.simple_tag(takes_context=True)
def asset_importmap(context: Any, *entries: str, **attributes: Any) -> str:
    """The import map of a page with these entries; before its first module."""
    return html("importmap", context, *entries, **attributes)


@register.simple_tag(takes_context=True)
def asset_live(context: Any, **attributes: Any) -> str:
    """The client of live reload, on pages without any of our scripts and style sheets; nothing in production."""
    return live(context, **attributes)
