"""Django's part of development: which files are the site's sources, and that what a watch makes is served.

Whoever serves static files in development asks the finders: `runserver`, `staticfiles_urlpatterns` and WhiteNoise. So
our finder is put before those of the settings, which then need no line for it.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from django.apps import apps
from django.conf import ENVIRONMENT_VARIABLE, settings
from django.core.exceptions import SuspiciousFileOperation

FINDER = "assetbuild.runtime.django.finders.ReleaseFinder"


def add_finder(*, setting: str = "STATICFILES_FINDERS", **_: Any) -> None:
    """A receiver of `setting_changed` too: tests that override the setting keep our finder."""
    if setting == "STATICFILES_FINDERS" and not is_served():
        settings.STATICFILES_FINDERS = [FINDER, *settings.STATICFILES_FINDERS]


def is_served() -> bool:
    return FINDER in settings.STATICFILES_FINDERS


def place() -> str | None:
    """The directory from which on upwards a development directory is looked for; None if the settings are no file."""
    base = getattr(settings, "BASE_DIR", None)
    if base:
        return os.path.abspath(str(base))
    module = sys.modules.get(os.environ.get(ENVIRONMENT_VARIABLE, ""))  # overridden settings do not say its name
    file = getattr(module, "__file__", None)
    return os.path.dirname(os.path.abspath(file)) if file else None


def source_file(name: str) -> str | None:
    """The file or directory that the site's own finders know by this name."""
    from django.contrib.staticfiles import finders  # production has no need of them

    for path in settings.STATICFILES_FINDERS:
        if path != FINDER and (found := finders.get_finder(path).find(name)):
            return str(found)
    return None


def has_source(name: str) -> bool:
    """True as well where nobody can tell: a module that asks for a URL while apps are loaded."""
    try:
        return not apps.apps_ready or source_file(name) is not None
    except SuspiciousFileOperation:  # 'css/../../x'
        return False
