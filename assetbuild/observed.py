"""The events of directories by watchdog's observers: on systems without inotify, and by polling."""

from __future__ import annotations

import logging
import os
import queue
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from assetbuild.errors import AssetBuildError
from assetbuild.settled import Event, Kind

UNREAD = 20_000  # events of an observer that may lie unread


class Observed:
    """Other systems, and polling: watchdog's observers, at the real path of each directory, told under its own name."""

    def __init__(self, polling: float | None) -> None:
        from watchdog.observers import Observer
        from watchdog.observers.polling import PollingObserverVFS

        logger = logging.getLogger("watchdog")
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())  # else Python prints its warnings into ours
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._full = self._woken = False
        # lstat: links inside are not followed
        self._observer: Any = (
            Observer() if polling is None else PollingObserverVFS(os.lstat, os.scandir, polling_interval=polling)
        )
        self._observer.start()

    def close(self) -> None:
        self._observer.stop()
        self._observer.join()

    def clear(self) -> None:
        self._full = False
        self._observer.unschedule_all()

    def wake(self) -> None:
        if not self._woken:
            self._woken = True
            self._queue.put(("", "woken"))  # of this class it is promised that a signal handler may do so

    def arm(self, path: str, names: set[str] | None) -> _Handler | None:
        from watchdog.events import FileSystemEvent

        handler = _Handler(path, names, self._put)
        own = type("Own", (), {})  # makes the watch differ from that of the same directory under another name
        try:
            handler.watch = self._observer.schedule(
                handler, handler.real, recursive=names is None, event_filter=[FileSystemEvent, own]
            )
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return None
        except OSError as error:
            what = f"directory '{path}' cannot be watched: {error.strerror}"
            raise AssetBuildError(what, fix="look for changes instead: 'assetbuild watch --poll 1'") from error
        return handler

    def alive(self, handler: _Handler) -> bool:
        if not self._observer.is_alive():
            raise AssetBuildError("the thread that watches the file system has ended", fix="start again")
        return any(emitter.watch == handler.watch and emitter.is_alive() for emitter in self._observer.emitters)

    def release(self, handler: _Handler) -> None:
        self._observer.unschedule(handler.watch)

    def take(self, seconds: float) -> Iterator[Event]:
        with suppress(queue.Empty):
            if seconds > 0:
                yield self._queue.get(timeout=seconds)
            for _ in range(self._queue.qsize()):
                yield self._queue.get_nowait()
        self._woken = False
        if self._full:
            yield "", "lost"

    def _put(self, event: Event) -> None:
        if self._queue.qsize() < UNREAD:
            self._queue.put(event)
        else:
            self._full = True


class _Handler:
    """What an observer calls, in its own thread, for one directory."""

    def __init__(self, path: str, names: set[str] | None, put: Callable[[Event], None]) -> None:
        self.path, self.real, self.names, self.put = path, os.path.realpath(path), names, put
        self.watch: Any = None

    def dispatch(self, event: Any) -> None:
        kinds: dict[str, Kind] = {
            "created": "came",
            "modified": "open",
            "attrib": "touched",
            "closed": "done",
            "deleted": "gone",
        }
        if event.event_type == "moved":
            self._tell(event.src_path, "gone", event.is_directory)
            self._tell(event.dest_path, "arrived", event.is_directory)
        elif (kind := kinds.get(event.event_type)) and not (event.is_directory and kind == "open"):
            self._tell(event.src_path, kind, event.is_directory)

    def _tell(self, path: str, kind: Kind, is_directory: bool) -> None:
        name = os.fsdecode(path)[len(self.real) :].lstrip(os.sep)
        if not name:
            self.put((self.path, "look"))
        elif self.names is None or name in self.names:
            self.put((os.path.join(self.path, name), "tree" if is_directory and self.names is None else kind))
