"""The command `diff`, and what `build --check` says: two releases, and why one is not the other."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assetbuild.report import all_json
from assetbuild.terminal import Output, common, failures

if TYPE_CHECKING:
    from assetbuild.compare import Comparison
    from assetbuild.errors import Problem
    from assetbuild.model import Release

_NOTHING: dict[str, Any] = {"before": None, "after": None, "same": 0, "general": [], "changes": []}


@click.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--exit-code", is_flag=True, help="End with 1 where they differ, as diff(1) does.")
@common
def diff(output: Output, before: Path, after: Path, exit_code: bool) -> None:
    """Say of each asset that changed from one release to another why.

    BEFORE and AFTER are releases or output directories.
    """
    with failures(output, lambda errors: {**_NOTHING, "errors": all_json(errors)}):
        from assetbuild.compare import compare
        from assetbuild.verify import find_release

        found = compare(find_release(before), find_release(after))
        _say(found, output)
        output.result({**_as_json(found), "errors": []})
        if exit_code and (found.changes or found.general):
            sys.exit(1)


def _say(found: Comparison, output: Output) -> None:
    """The result itself, which --quiet leaves."""
    for reason in found.general:
        output.say(f"build: {reason}", level=-1)
    for change in found.changes:
        output.say(f"{change.asset}: {'; '.join(change.reasons)}", level=-1)
        output.say(f"  {change.before or 'nothing'} -> {change.after or 'nothing'}", level=1)
    if found.before == found.after:
        output.say(f"both are release {found.before}: {found.same} assets")
    else:
        count = len(found.changes)
        output.say(f"{found.before} -> {found.after}: {count} asset{'s'[count == 1 :]} changed, {found.same} did not")


def _as_json(found: Comparison) -> dict[str, Any]:
    changes = [
        {"asset": one.asset, "before": one.before, "after": one.after, "reasons": list(one.reasons)}
        for one in found.changes
    ]
    known = {"before": found.before, "after": found.after, "same": found.same}
    return {**known, "general": list(found.general), "changes": changes}


def check_again(release: Release, config_file: Path, minify: bool, compress: bool) -> list[Problem]:
    from assetbuild.twice import check

    return check(release.dir, config_file, minify=minify, compress=compress)


def end_of_check(problems: list[Problem], output: Output) -> None:
    for problem in problems:
        output.problem(problem)
    if problems:
        count = len(problems)
        click.echo(f"assetbuild: {count} difference{'s'[count == 1 :]}; the release is not reproducible", err=True)
        sys.exit(1)
    output.say("built again in other circumstances: the same release")
