"""A release -> a staging directory with the same files, as hard links, made in another process meanwhile.

A build that changes little spends most of its time here and in loading its own code: so both are done at once. The
clone is made of all files, if they are as they were released, before it is known which of them will stay; the others
are taken out at the end.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from assetbuild import atomic
from assetbuild.aside import Aside
from assetbuild.directories import above
from assetbuild.history import History
from assetbuild.stamp import Stamp


class NotCloned(Exception):
    """The whole build is to be done: files cannot be linked here, or are not as they were."""


class Clone:
    """Of the release that `stamp` is of, in `directory`."""

    def __init__(self, stamp: Stamp, directory: Path) -> None:
        self.stamp = stamp
        self.directory = directory
        self.aside = Aside(self._made)

    def finish(self, unwanted: Iterable[str]) -> None:
        """Return when all of the files are there but those that are not wanted, as they were released, and would
        survive a power cut. Raises NotCloned."""
        if not self.aside.result():
            raise NotCloned
        for file in unwanted:
            os.unlink(self.directory / file)

    def stop(self) -> None:
        """What it is at is in vain."""
        self.aside.stop()

    def _made(self) -> bool:
        if self.stamp.released_changed():
            return False
        files = [file for file in self.stamp.released.files if "/" in file]
        try:
            # Below open directories: the system finds a short path in nine tenths of the time.
            with atomic.opened(self.stamp.facts["dir"]) as source, atomic.opened(self.directory) as target:
                for directory in sorted(above(files)):
                    os.mkdir(directory, dir_fd=target)
                    os.chmod(directory, 0o755, dir_fd=target)  # noqa: S103 - public by purpose, whatever the umask says
                for file in files:
                    os.link(file, file, src_dir_fd=source, dst_dir_fd=target)
            atomic.make_durable(self.directory)
        except OSError:  # another file system, somebody else's files, too many links
            return False
        return True


@contextmanager
def ahead(history: History | None) -> Iterator[Clone | None]:
    """A clone of the last release, begun where it seems that the next one will be made of it; None elsewhere."""
    stamp, changes = (history.stamp, history.changes) if history else (None, None)
    seems = (
        changes and changes.is_current and changes.environment == [] and (changes.first_source or changes.directories)
    )
    with ExitStack() as stack:
        clone = None
        if stamp and seems:
            with suppress(OSError):
                clone = _begun(stamp, stack)
        yield clone


def _begun(stamp: Stamp, stack: ExitStack) -> Clone:
    """Raises OSError where nothing can be written."""
    directory = stack.enter_context(atomic.staging(Path(stamp.facts["dir"]).parent))
    clone = Clone(stamp, directory)
    stack.callback(clone.stop)
    return clone
