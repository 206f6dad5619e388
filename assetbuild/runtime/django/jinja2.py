"""Django's Jinja2 backend: the tags as functions, `{{ asset_script("js/app.js", module=True) }}`.

    "OPTIONS": {"environment": "assetbuild.runtime.django.jinja2.environment"}            # with `static` and `url`
    "OPTIONS": {"extensions": ["assetbuild.runtime.django.jinja2.AssetBuildExtension"]}   # beside your own

A macro that is imported without context knows no request: give it the nonce.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from jinja2 import Environment, pass_context
from jinja2.ext import Extension

from assetbuild.runtime.django.pages import html, live
from assetbuild.runtime.django.storage import configured


def environment(**options: Any) -> Environment:
    """What the backend's option `environment` names. `url` takes a view's name and its arguments, as `{% url %}`."""
    made = Environment(**options)  # noqa: S701  # the backend passes autoescape=True
    made.globals.update(static=static, url=_url)
    made.add_extension(AssetBuildExtension)
    return made


class AssetBuildExtension(Extension):
    """`asset_url`, `asset_script`, `asset_style`, `asset_preload`, `asset_modulepreload`, `asset_importmap`,
    `asset_live`.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals.update(
            asset_url=_asset_url,
            asset_script=_function("script"),
            asset_style=_function("stylesheet"),
            asset_preload=_function("preload"),
            asset_modulepreload=_function("modulepreload"),
            asset_importmap=_function("importmap"),
            asset_live=pass_context(live),
        )


def _asset_url(path: str) -> str:
    return configured().url(path)


def _function(method: str) -> Callable[..., str]:
    @pass_context
    def tag(context: Any, *paths: str, **attributes: Any) -> str:
        return html(method, context, *paths, **attributes)

    return tag


def _url(name: str, *args: Any, **kwargs: Any) -> str:
    return str(reverse(name, args=args, kwargs=kwargs))
