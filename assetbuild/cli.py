"""The command line: arguments in, text and exit status out.

0: done; 1: the build failed; 2: wrong usage or configuration.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assetbuild import __version__
from assetbuild.caching import cache
from assetbuild.collector import loading
from assetbuild.comparing import check_again, diff, end_of_check
from assetbuild.errors import ConfigError
from assetbuild.options import PATH, RECIPES, Commands, config_option, directory_argument, find, load
from assetbuild.report import all_json, build_json, table
from assetbuild.terminal import Output, common, failures, progress
from assetbuild.watching import watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assetbuild.history import History
    from assetbuild.model import Release


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="assetbuild")
def cli() -> None:
    """Build the static files of a web application into one immutable release."""


for command in (cache, diff, watch):
    cli.add_command(command)


@cli.command()
@config_option
@click.option("--output", "output_dir", type=PATH, help="Put the releases there.")
@click.option("--flat", "flat_dir", type=PATH, help="Put this release itself there, no link.")
@click.option("--jobs", type=click.IntRange(min=1), help="Work on so many files at once. Default: one for each CPU.")
@click.option(
    "--cache-dir",
    type=click.Path(path_type=Path, readable=False),
    envvar="ASSETBUILD_CACHE_DIR",
    help="Keep there what need not be done twice. Default: the user's cache directory.",
)
@click.option("--no-cache", is_flag=True, help="Do everything anew, and keep nothing for the next time.")
@click.option("--explain", is_flag=True, help="Say of each asset that was built why.")
@click.option("--no-compress", is_flag=True, help="Make no .br, .gz or .zst files.")
@click.option("--no-minify", is_flag=True, help="Minify nothing.")
@click.option("--check", is_flag=True, help="Build it again in other circumstances, and compare.")
@common
def build(
    output: Output,
    config_file: Path | None,
    output_dir: Path | None,
    flat_dir: Path | None,
    jobs: int | None,
    cache_dir: Path | None,
    no_cache: bool,
    explain: bool,
    no_compress: bool,
    no_minify: bool,
    check: bool,
) -> None:
    """Build a release. What stood before stays until the new one is complete."""
    started = time.perf_counter()
    with failures(output, build_json), ExitStack() as stack:
        if output_dir and flat_dir:
            raise ConfigError("--output and --flat are two places for one release", fix="give one of them")
        file = config_file or find()
        options = [str(part and part.absolute()) for part in (file, output_dir, flat_dir)]
        options += [str(no_compress), str(no_minify)]
        history = None if no_cache else _history(cache_dir, *options)
        release = history.standing() if history else None
        if release is None or check:
            from assetbuild.ending import interrupted_by_signals

            stack.enter_context(interrupted_by_signals())
        if release is None:
            flat_dir = flat_dir and flat_dir.absolute()
            place = flat_dir or (output_dir and output_dir.absolute())
            settings = {"output_dir": place, "compress": () if no_compress else None}
            release = _build(file, settings, output, flat_dir, jobs, history, minify=not no_minify)
        output.problems(release.warnings, warning=True)
        seconds = time.perf_counter() - started
        problems = check_again(release, file, not no_minify, not no_compress) if check else []
        _say_release(release, output, seconds)
        for path, reason in release.reasons.items() if explain else ():
            output.say(f"{path}: {reason}")
        reasons = {"reasons": dict(release.reasons)} if explain else {}
        output.result({**build_json(release=release, seconds=seconds, errors=problems), **reasons})
        if check:
            end_of_check(problems, output)


def _history(cache_dir: Path | None, *options: str) -> History:
    from assetbuild.history import History
    from assetbuild.kept import cache_directory

    return History(cache_directory(cache_dir), __version__, *options)


def _build(
    file: Path,
    settings: Mapping[str, Any],
    output: Output,
    flat_dir: Path | None,
    jobs: int | None,
    history: History | None,
    *,
    minify: bool,
) -> Release:
    """`settings` stand for those of the configuration `file`, where they are not None."""
    from assetbuild.clone import ahead

    with ExitStack() as stack:
        clone = stack.enter_context(ahead(history))
        from assetbuild.inputs import listing

        config = load(file)._replace(**{name: value for name, value in settings.items() if value is not None})
        listed = stack.enter_context(listing(config, history))
        with loading():  # meanwhile
            from assetbuild.build import build
            from assetbuild.executors import Processes, Threads
            from assetbuild.store import Store

        return build(
            config,
            flat_dir=flat_dir,
            minify=minify,
            executor=Processes(jobs, otherwise=Threads(jobs)),
            workers=Processes(jobs),
            store=stack.enter_context(Store(history.cache_dir)) if history else None,
            history=history,
            clone=clone,
            listing=listed,
            progress=stack.enter_context(progress(output)),
        )


def _say_release(release: Release, output: Output, seconds: float) -> None:
    reused = release.files - release.built
    if not release.created:
        output.say(f"release {release.id}: {release.files} files, already built; nothing was written")
    elif reused:
        output.say(f"release {release.id}: {release.built} files built in {seconds:.1f} s, {reused} as they were")
    else:
        output.say(f"release {release.id}: {release.files} files, built in {seconds:.1f} s")
    output.say(str(release.dir))
    if output.as_json or output.verbosity < 0:
        return
    if release.created and not reused:
        output.say("\n" + table(release.contents()))
    if output.verbosity < 1:
        return
    try:
        files = release.record["files"]
    except (OSError, ValueError):
        return  # it stands, and was told; what is in it has just become unreadable
    for name, entry in files.items():
        output.say(f"{name}: {', '.join(entry['tools']) or 'as it was'}")


@cli.command()
@directory_argument
@config_option
@common
def verify(output: Output, directory: Path | None, config_file: Path | None) -> None:
    """Read every file of a release again and name each that is not as it was written.

    DIRECTORY is a release or an output directory; by default that of the configuration.
    """
    with failures(output, lambda errors: {"release": None, "path": None, "files": 0, "errors": all_json(errors)}):
        from assetbuild.verify import find_release
        from assetbuild.verify import verify as verify_release

        release_dir = find_release(directory or load(config_file).output_dir)
        problems = verify_release(release_dir)
        files = sum(1 for file in release_dir.rglob("*") if file.is_file())
        for problem in problems:
            output.problem(problem)
        output.result(
            {"release": release_dir.name, "path": str(release_dir), "files": files, "errors": all_json(problems)}
        )
        if problems:
            click.echo(f"assetbuild: {len(problems)} differences in '{release_dir}'", err=True)
            sys.exit(1)
        output.say(f"{release_dir}: {files} files, each as it was written")


@cli.command()
@directory_argument
@config_option
@common
def ls(output: Output, directory: Path | None, config_file: Path | None) -> None:
    """List the assets of a release: logical path, released file, bytes."""
    with failures(output, lambda errors: {"release": None, "assets": {}, "errors": all_json(errors)}):
        from assetbuild.errors import ReleaseError
        from assetbuild.records import MANIFEST
        from assetbuild.runtime.manifest import ManifestError
        from assetbuild.verify import find_release

        release_dir = find_release(directory or load(config_file).output_dir)
        try:
            manifest = json.loads((release_dir / MANIFEST).read_bytes())
            assets = manifest["assets"]
            rows = [(path, entry["file"], entry["size"]) for path, entry in assets.items()]
        except (OSError, ValueError, KeyError, TypeError, ManifestError) as error:
            raise ReleaseError(f"cannot be read: {error}", where=str(release_dir / MANIFEST)) from error
        output.result(manifest)
        width = max((len(path) for path, _, _ in rows), default=0)
        for path, file, size in rows:
            output.say(f"{path:{width}}  {size:>10,}  {file}", level=-1)  # a result, which --quiet leaves


@cli.command()
@directory_argument
@config_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen on this address.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0: any free one.")
@click.option("--cors", is_flag=True, help="Let pages of all origins use the files.")
@common
def serve(output: Output, directory: Path | None, config_file: Path | None, **options: Any) -> None:
    """Preview a release as a web server would send it. Not for the public.

    DIRECTORY is a release or an output directory; by default that of the configuration.
    """
    with failures(output, lambda errors: {"release": None, "path": None, "url": None, "errors": all_json(errors)}):
        from assetbuild.previews import preview

        preview(directory or load(config_file).output_dir, output, **options)


@cli.command("config")
@click.argument("server", type=click.Choice(list(RECIPES)))
@directory_argument
@config_option
@click.option("--url-prefix", metavar="PATH", help="What the files' URLs start with. Default: as in the manifest.")
@click.option("--root", metavar="DIR", help="Where the files will be on the server. Default: where they are.")
@click.option("--cors", is_flag=True, help="Let pages of all origins use the files: on a CDN.")
@click.option("--brotli", is_flag=True, help="nginx has the module ngx_brotli.")
@common
def config_(output: Output, server: str, directory: Path | None, config_file: Path | None, **options: Any) -> None:
    """Print how a web server is to send the files of a release.

    DIRECTORY is a release or an output directory; by default that of the configuration.
    """
    known = {"server": server, **dict.fromkeys(("release", "root", "url_prefix", "configuration"))}
    with failures(output, lambda errors: {**known, "errors": all_json(errors)}):
        from assetbuild.previews import print_recipe

        print_recipe(server, directory or load(config_file).output_dir, output, **options)


@cli.command()
@click.option(
    "--django",
    "settings",
    is_flag=False,
    flag_value="",
    metavar="[SETTINGS]",
    help="Take the roots from a Django project's settings: this module, else the one of the environment or manage.py.",
)
@common
def init(output: Output, settings: str | None) -> None:
    """Write an assetbuild.toml to start from."""
    with failures(output, lambda errors: {"path": None, "errors": all_json(errors)}):
        from assetbuild.django_roots import read_roots
        from assetbuild.starter import write_starter

        file = write_starter(Path.cwd(), None if settings is None else read_roots(Path.cwd(), settings))
        output.say(f"wrote {file.name}; next: assetbuild build")
        output.result({"path": str(file), "errors": []})
