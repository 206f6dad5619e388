"""`collectstatic` for platforms that run it unasked: with our storage there is nothing to collect.

It takes the place of staticfiles' command if this app stands before `django.contrib.staticfiles`. With any other
storage it is that command.
"""

from __future__ import annotations

from typing import Any

from django.contrib.staticfiles.management.commands.collectstatic import Command as CollectStatic

from assetbuild.runtime.django.storage import is_ours


class Command(CollectStatic):
    help = (
        "With AssetBuildStorage it copies nothing: static files come from the release that 'assetbuild build' made."
        f" With any other storage: {CollectStatic.help}"
    )

    def check(self, *args: Any, **kwargs: Any) -> None:
        """Not with our storage: the checks ask for directories that a release does without."""
        if not is_ours():
            super().check(*args, **kwargs)

    def handle(self, **options: Any) -> str | None:
        if not is_ours():
            result: str | None = super().handle(**options)
            return result
        if options["verbosity"] < 1:
            return None
        return "0 static files copied: they come from the release that 'assetbuild build' made."
