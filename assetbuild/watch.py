"""Sources that change -> development output that follows, and browsers that are told.

A failure ends nothing: the last good output stays, and with the next change, or by itself where it was the disk's or
the configuration's, all is tried again. Only what makes watching itself impossible is raised.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from assetbuild import signatures
from assetbuild.config import load_config
from assetbuild.errors import AssetBuildError
from assetbuild.named import NamedTuple
from assetbuild.pages import Pages
from assetbuild.rounds import Listener, Outcome, Rounds
from assetbuild.signatures import NONE, Signature
from assetbuild.taken import LOCK, NAME, Occupied, Taken, check_apart

if TYPE_CHECKING:
    from assetbuild.events import Batch, Watcher
    from assetbuild.history import History
    from assetbuild.rebuild import Keeper
    from assetbuild.session import Built, Session

LOOPBACK = ("127.0.0.1", "::1")
RETRY = 1.0  # seconds until a configuration that cannot be loaded, or a disk that cannot be written, is tried again
_LULL = 0.05  # seconds without a change before what a later build might need is prepared
_TIDY = 5.0  # seconds between two looks for superseded files whose time has come


class Options(NamedTuple):
    """`file` is the configuration; `directory` is None for the one beside it. `hosts` are what the live server listens
    on, None: there is none."""

    file: Path
    directory: Path | None = None
    hosts: Sequence[str] | None = LOOPBACK
    port: int = 0
    origins: Sequence[str] = ()
    templates: Sequence[str] = ()
    polling: float | None = None
    minify: bool = False


def watch(options: Options, tell: Listener, *, history: History | None = None, store: Keeper | None = None) -> None:
    """Until an exception ends it. Raises AssetBuildError where it cannot begin or go on."""
    watching = _Watching(options, tell)
    with ExitStack() as stack:
        watching.start(stack, history, store)
        while True:
            watching.go_on()


class _Watching:
    """Raises AssetBuildError where the configuration is broken from the start: nobody can say then what to watch."""

    def __init__(self, options: Options, tell: Listener) -> None:
        self.options, self.tell = options, tell
        self.rounds = Rounds(tell)
        self.settings = _signature(options.file)
        self.config = load_config(options.file)
        self.taken = Taken((options.directory or self.config.base_dir / NAME).absolute())
        check_apart(self.taken.path, self.config)
        self.pages = Pages(options.templates)
        self.session: Session
        self.watcher: Watcher
        self.is_loaded = True  # whether the configuration is the one of the file
        self.retry = False  # whether the next round is tried also where nothing changes
        self.prepares = True

    def start(self, stack: ExitStack, history: History | None, store: Keeper | None) -> None:
        """What changes during the first build is in the first batch. The server has its port before, since without one
        all is in vain, but answers after it: it is a thread, beside which a build cannot fork."""
        from assetbuild.events import Watcher
        from assetbuild.session import Session

        stack.enter_context(self.taken)
        minify = self.options.minify
        self.session = Session(self.config, self.taken.path, minify=minify, history=history, store=store)
        stack.callback(self.session.close)
        if self.options.hosts is not None:
            self._listen(stack, self.options.hosts)
        self.watcher = stack.enter_context(Watcher(*self._wanted(), polling=self.options.polling))
        first = self._attempt(None)
        if live := self.rounds.live:
            live.start(self.session.release)
            self.taken.announce(live.port, live.token, live.hosts)
        self.watcher.follow(*self._wanted())
        shown = [self.config.shown(Path(directory)) for directory in self._wanted()[0]]
        self.tell.started(self.taken.path, self.rounds.live, shown)
        self.rounds.tell(first, (), self.config)

    def _listen(self, stack: ExitStack, hosts: Sequence[str]) -> None:
        from assetbuild.live import Live

        options = self.options
        self.rounds.live = stack.enter_context(
            Live(hosts=hosts, port=options.port, origins=options.origins, later=True)
        )

    def go_on(self) -> None:
        batch = self.watcher.wait(self._patience())
        if batch is None:
            self._idle()
        else:
            self._heed(batch)

    def _patience(self) -> float | None:
        """Seconds; None: nothing is to be done unless something changes."""
        if self.retry:
            return RETRY
        if self.prepares:
            return _LULL
        return _TIDY if self.session.directory.waits else None

    def _idle(self) -> None:
        if self.retry:
            self._round((), ())
        elif self.prepares:
            self.prepares = self.session.prepare()
        else:
            self.session.tidy()

    def _heed(self, batch: Batch) -> None:
        files = batch.files - {str(self.taken.path / LOCK)}
        if batch.rescan:
            self._round(None, files)
        elif sources := self._sources(files):
            self._round(sources, sources)
        elif not self.taken.is_ours() or self._has_new_settings():
            self._round((), files)
        if changed := self.pages.changed(files, rescan=batch.rescan):
            shown = [self.config.shown(Path(file)) for file in changed]
            self.rounds.send({"type": "reload", "reason": shown[0]})
            self.tell.reloaded(shown)

    def _sources(self, files: frozenset[str]) -> Collection[str]:
        """Of which the session is to hear. What is in a directory of templates may be one too."""
        files -= {str(self.options.file)}
        if not self.pages.directories:
            return files
        above, single = tuple(one + os.sep for one in self.session.directories), {*self.session.files}
        return [file for file in files if file.startswith(above) or file in single]

    def _round(self, files: Collection[str] | None, because: Collection[str]) -> None:
        outcome = self._attempt(files)
        self.watcher.follow(*self._wanted())
        self.rounds.tell(outcome, because, self.config)
        self.session.tidy()  # here too: there may be no lull for a long time

    def _wanted(self) -> tuple[list[str], list[str]]:
        own = [str(self.options.file), str(self.taken.path / LOCK)]
        return [*self.session.directories, *self.pages.directories], [*self.session.files, *own]

    def _attempt(self, files: Collection[str] | None) -> Outcome:
        started = time.perf_counter()
        remade, is_reloaded = None if self.taken.is_ours() else self.taken.path, False
        self.retry = False
        result: Built | AssetBuildError
        try:
            if remade:
                self.taken.take()
                self.session.reload(self.config)  # so that it looks which files are left
            if self._has_new_settings():
                self._load()
                is_reloaded = True
            result = self.session.build(None if remade or is_reloaded else files)
        except Occupied:
            raise
        except AssetBuildError as error:
            self.retry = not self.is_loaded or not self.taken.is_ours() or isinstance(error.__cause__, OSError)
            result = error
        except OSError as error:
            self.retry = True
            result = AssetBuildError(
                (error.strerror or str(error)).lower(), where=error.filename or str(self.taken.path)
            )
        return Outcome(result, time.perf_counter() - started, remade, is_reloaded or bool(remade))

    def _has_new_settings(self) -> bool:
        return not self.is_loaded or self.settings != _signature(self.options.file)

    def _load(self) -> None:
        self.settings, self.is_loaded = _signature(self.options.file), False
        config = load_config(self.options.file)
        check_apart(self.taken.path, config)
        self.config, self.is_loaded = config, True
        self.session.reload(config)


def _signature(file: Path) -> Signature:
    try:
        return signatures.of(os.stat(file))
    except OSError:
        return NONE
