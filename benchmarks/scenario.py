"""What is measured: one command, and all that must be so before it is run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks.measure import Command

Facts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`prepare` comes before every run and `look` after it, both outside of the measured time."""

    name: str
    command: Command
    prepare: Callable[[], None] = lambda: None
    look: Callable[[], Facts] = dict
    memory: bool = False  # one more run, first, for the memory of all its processes together


_aside = count()


def afresh(*directories: Path) -> Callable[[], None]:
    """Before a run: none of them is there, and their parents are.

    What stood there is moved aside. Removed, it would be paid for by the next run: after thousands of deletions ext4
    makes files and directories ten times slower, while it looks for inodes that have not just been freed.
    """

    def prepare() -> None:
        for directory in directories:
            directory.parent.mkdir(parents=True, exist_ok=True)
            if directory.exists():
                directory.rename(directory.with_name(f"{directory.name}.old{next(_aside)}"))

    return prepare


def copy_tree(source: Path, target: Path) -> None:
    """As a checkout does: bytes and names, times of its own."""
    shutil.copytree(source, target, copy_function=shutil.copyfile, symlinks=True)


def new_files(before: Path, after: Path) -> int:
    """How many files below `after` are no hard link to one of the same name below `before`."""
    count = 0
    for here, _, names in os.walk(after):
        for name in names:
            file = Path(here, name)
            old = before / file.relative_to(after)
            count += not old.exists() or not old.samefile(file)
    return count
