"""`{% load assetbuild %}{% asset_url "css/site.css" %}`: like `{% static %}`, whatever the staticfiles storage is."""

from __future__ import annotations

from django import template

from assetbuild.runtime.django.storage import configured

register = template.Library()


@register.simple_tag
def asset_url(path: str) -> str:
    """The URL of the asset `path`; `as name` keeps it in a variable. Raises MissingAsset."""
    return configured().url(path)
