"""Final bytes -> files in the staging directory, as soon as they are known: by the process that has made them.

So in a first build nearly all that is to be written is on its way to the disk before anything is linked. Where a
release stands already its files are linked instead, so nothing is written early.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from assetbuild import atomic
from assetbuild.files import write_file

if TYPE_CHECKING:
    from threading import Thread


class Early:
    """`written` are the digests of what is there by its name below `files/`. What cannot be written early is not: the
    same fault will be met, and told, when all that is missing is written."""

    def __init__(self, directory: Path, files: str) -> None:
        self.directory = directory
        self.files_dir = os.path.join(directory, files)
        self.written: dict[str, str] = {}
        self._flushing: Thread | None = None
        self._failed: OSError | None = None

    def put(self, name: str, content: bytes) -> bool:
        """Write a file, in whatever process; who knows what is released adds it to `written`."""
        file = f"{self.files_dir}/{name}"
        try:
            write_file(file, content)
        except FileNotFoundError:
            return self._make_directory(file) and self.put(name, content)
        except FileExistsError:  # two files for one name are an error, which is told elsewhere
            return False
        except OSError:
            with suppress(OSError):
                os.unlink(file)
            return False
        return True

    def _make_directory(self, file: str) -> bool:
        """That in which `file` is; False where it cannot be made."""
        directory = os.path.dirname(file)
        if directory == str(self.directory):
            return False  # somebody has removed it
        try:
            os.mkdir(directory)
            os.chmod(directory, 0o755)  # noqa: S103 - public by purpose, whatever the umask says
        except FileExistsError:
            return os.path.isdir(directory)  # another process was faster
        except FileNotFoundError:
            return self._make_directory(directory) and self._make_directory(file)
        except OSError:
            return False
        return True

    def has(self, name: str, sha256: str) -> bool:
        """Whether the file `name` is there with those bytes."""
        return self.written.get(name) == sha256

    def keep(self, wanted: Mapping[str, str]) -> list[str]:
        """Remove all that is not `wanted`, digests by name, after all; the names of it."""
        gone = [name for name, digest in self.written.items() if wanted.get(name) != digest]
        for name in gone:
            del self.written[name]
            os.unlink(f"{self.files_dir}/{name}")
        return gone

    def flush(self) -> None:
        """Begin to write to the disk what the system still keeps in memory; `wait` before a fork."""
        if sys.platform == "linux":  # elsewhere there is no call for all of it
            from threading import Thread

            thread = Thread(target=self._make_durable, daemon=True)
            with suppress(RuntimeError):  # the system gives no thread: then all of it is written at the end
                thread.start()
                self._flushing = thread

    def _make_durable(self) -> None:
        try:
            atomic.make_durable(self.directory)
        except OSError as error:
            self._failed = error

    def wait(self) -> None:
        """Raises OSError where something did not reach the disk: nobody would be told of it again."""
        self.join()
        if self._failed:
            raise self._failed

    def join(self) -> None:
        if self._flushing:
            self._flushing.join()


@contextmanager
def early(parent: Path, target: Path, files: str) -> Iterator[Early | None]:
    """In `parent`; None where something is in `target` already, or nothing can be written."""
    with ExitStack() as stack:
        place = None
        if not _is_full(target):
            with suppress(OSError):
                place = Early(stack.enter_context(_staging(parent)), files)
                stack.callback(place.join)
        yield place


@contextmanager
def _staging(parent: Path) -> Iterator[Path]:
    """A staging directory in `parent`, which is made if need be, and unmade if nothing comes of it."""
    missing = [each for each in (parent, *parent.parents) if not each.exists()]
    parent.mkdir(parents=True, exist_ok=True)
    try:
        with atomic.staging(parent) as directory:
            yield directory
    finally:
        with suppress(OSError):  # not empty
            for each in missing:
                each.rmdir()


def _is_full(directory: Path) -> bool:
    try:
        return any(directory.iterdir())
    except FileNotFoundError:
        return False
    except OSError:
        return True
