"""`assetbuild watch` and `runserver` in one command, which takes the arguments of both.

It is the project's own runserver, whichever app it comes from. The watch belongs to the outer process of the
autoreloader, whose inner one is a plain `runserver`: a change of code starts only that one anew. The development
directory is no argument: it is the one that pages follow, which settings or environment may name.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any

from django.core.management import get_commands
from django.core.management.base import CommandError
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV

from assetbuild.runtime.development import Development
from assetbuild.runtime.django.assets import development_directory
from assetbuild.runtime.django.development import place
from assetbuild.runtime.django.storage import configured
from assetbuild.runtime.django.watching import template_directories, watching
from assetbuild.runtime.manifest import ManifestError

NAME = __name__.rpartition(".")[2]
_PREFIX = "--watch-"
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "config": {"metavar": "FILE", "help": "its configuration; default: the nearest, from BASE_DIR upwards"},
    "host": {"metavar": "HOST", "action": "append", "help": "an address for live reload to listen on"},
    "port": {"metavar": "PORT", "help": "the port of live reload"},
    "origin": {"metavar": "URL", "action": "append", "help": "another origin whose pages may use live reload"},
    "templates": {"metavar": "DIR", "action": "append", "help": "templates besides those of the settings"},
    "poll": {"metavar": "SECONDS", "help": "look at the files so often, where the system tells of no changes"},
    "minify": {"action": "store_true", "help": "minify as a release does"},
    "no-reload": {"action": "store_true", "help": "no live reload"},
    "force": {"action": "store_true", "help": "also where this looks like production or CI"},
}
_NOT_DEVELOPMENT = (
    "pages of this site do not follow a watch: set DEBUG to True or ASSETBUILD_MODE to 'development', put"
    " 'assetbuild.runtime.django' into INSTALLED_APPS, and do not set ASSETBUILD_DEVELOPMENT to False"
)


def _runserver() -> Any:
    found = get_commands()["runserver"]
    if isinstance(found, str):
        return import_module(f"{found}.management.commands.runserver").Command
    return type(found)


class Command(_runserver()):  # type: ignore[misc]
    help = (
        "Starts 'assetbuild watch' and a lightweight web server for development: pages get the files that the build"
        " makes of your sources, and show each change by themselves."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        _add_watch_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        given = {name: options.pop("watch_" + name.replace("-", "_")) for name in _ARGUMENTS}
        if os.environ.get(DJANGO_AUTORELOAD_ENV) == "true":  # of a program that calls this command by its name
            super().handle(*args, **options)
            return
        with self._watching(given):
            sys.argv = _as_runserver(sys.argv)
            super().handle(*args, **options)

    def _watching(self, given: dict[str, Any]) -> AbstractContextManager[None]:
        """Raises CommandError."""
        config = given["config"] and os.path.abspath(given["config"])
        if config and not development_directory():  # pages look for it elsewhere
            os.environ["ASSETBUILD_DEVELOPMENT"] = os.path.join(os.path.dirname(config), ".assetbuild")
        templates = [*map(os.path.abspath, given["templates"] or ()), *template_directories()]
        given |= {"config": config, "dir": development_directory(), "templates": templates}
        return watching([*_arguments(given)], place(), _assets().runs, self._tell)

    def _tell(self, text: str) -> None:
        self.stderr.write(self.style.WARNING(text))


def _assets() -> Development:
    """Raises CommandError."""
    try:
        assets = configured()
    except ManifestError as error:
        raise CommandError(str(error)) from error
    if not isinstance(assets, Development):
        raise CommandError(_NOT_DEVELOPMENT)
    return assets


def _add_watch_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("assetbuild watch")
    for name, settings in _ARGUMENTS.items():
        group.add_argument(_PREFIX + name, **settings)


def _as_runserver(argv: list[str]) -> list[str]:
    """What the autoreloader is to start: the same server without a watch."""
    if argv[1:2] != [NAME]:
        return argv
    parser = ArgumentParser(add_help=False)
    _add_watch_arguments(parser)
    return [argv[0], "runserver", *parser.parse_known_args(argv[2:])[1]]


def _arguments(given: dict[str, Any]) -> Iterator[str]:
    for name, value in given.items():
        if value is True:
            yield f"--{name}"
        elif value:
            for one in value if isinstance(value, list) else [value]:
                yield from (f"--{name}", one)
