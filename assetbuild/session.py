"""The pipeline of a build, kept in memory while somebody edits: only what a change affects is done again.

What was compiled stays, and counts as long as all that was read for it has the digests of then. A change of some
sources is linked alone, as in a build that follows another; where that cannot be, everything is linked anew, out of
what is compiled already. Whatever fails, the files and the manifest of the last good build stay.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from assetbuild import memory
from assetbuild.artifact import Artifact, check_names, make_artifacts, manifest_lines
from assetbuild.bundled import inside_of, is_known
from assetbuild.collector import without_collector
from assetbuild.columns import Known
from assetbuild.compiled import CompiledHere
from assetbuild.config import Config
from assetbuild.development import Directory
from assetbuild.errors import AssetBuildError, BuildFailed, Problem, SourceChanged
from assetbuild.executors import Executor, Processes, Serial
from assetbuild.explain import explain
from assetbuild.fingerprint import Final, fingerprint
from assetbuild.globs import matcher
from assetbuild.graph import Graph, link
from assetbuild.history import History
from assetbuild.inputs import look
from assetbuild.named import NamedTuple
from assetbuild.names import LENGTH
from assetbuild.rebuild import Keeper
from assetbuild.records import manifest_body, manifest_text
from assetbuild.render import Rendered
from assetbuild.tracked import Tracked
from assetbuild.update import NotAlone, affected, update

_TRIES, _PAUSE = 5, 0.02  # at a source that is written all the time; seconds before the second, twice as many then


class Built(NamedTuple):
    """`names` are the released names that changed, before -> now; None: gone. `reasons` say of each asset that was
    built why; empty: nothing has changed. `files` are all."""

    release: str
    names: Mapping[str, str | None]
    reasons: Mapping[str, str]
    warnings: tuple[Problem, ...]
    files: int


class Session:
    """Builds `config` into the development `directory`, again and again.

    `directories` are to be watched with all below them, `files` one by one: as it is after each build, also one that
    failed. `history` and `store` keep what the next session need not do; `workers` do the first build.
    """

    def __init__(
        self,
        config: Config,
        directory: Path,
        *,
        minify: bool = False,
        history: History | None = None,
        store: Keeper | None = None,
        workers: Executor | None = None,
    ) -> None:
        self.directory = Directory(directory)
        self.minify = minify
        self.history = history
        self.store = store
        self.workers = workers or Processes()
        self.release = ""
        self.left = history  # by the session before; it counts for the first build alone
        self.reload(config)

    def reload(self, config: Config) -> None:
        """From the next build on, build `config`."""
        self.config = config._replace(compress=(), minify=config.minify if self.minify else ())
        self.tracked = Tracked()
        self.tracked.directories = [str(root.dir) for root in config.roots]
        self.compiled = CompiledHere(self.config, self.tracked, self.store, self.workers, minify=self.minify)
        self.known: Known = {}  # of the last good build; empty until there was one with this configuration
        self.begun = False
        self.unsure = True  # whether all is to be looked at
        self.anew = True  # whether all is to be linked
        self.stale = False  # whether bundles that cannot be known unchanged are those of an earlier process

    @property
    def directories(self) -> list[str]:
        return self.tracked.directories

    @property
    def files(self) -> list[str]:
        return [*self.tracked.files, *self.compiled.definitions()]

    def build(self, files: Collection[str] | None = None) -> Built:
        """Look at `files`, at everything if None, and build what that changes. Raises AssetBuildError: all errors of
        the phase that failed. What was asked for is then done with the next build."""
        self.unsure |= files is None
        files = [] if files is None else files
        if self.unsure or not {*self.compiled.definitions()}.isdisjoint(files):
            self.anew |= self.compiled.redefined()
        with without_collector():
            for tries in range(_TRIES):
                try:
                    return self._build(files)
                except (SourceChanged, BuildFailed) as error:
                    if tries + 1 == _TRIES or not _only_changed(error):
                        raise
                    self.unsure = True
                    time.sleep(_PAUSE * 2**tries)
                except OSError as error:
                    raise self.directory.error(error) from error
        raise AssertionError

    def prepare(self, count: int = 20) -> bool:
        """Compile so many of the assets that nobody has compiled in this process; whether some are left. For when
        there is nothing else to do: a build of everything then has less to do."""
        if not self.known or self.tracked.changed or self.tracked.moved:
            return False
        left = [path for path in self.known["names"] if path in self.tracked.sources and path not in self.compiled]
        with suppress(AssetBuildError):  # it will be told when it matters
            for _ in self.compiled.compile_all(left[:count]):
                pass
        return len(left) > count

    def tidy(self, everything: bool = False) -> None:
        """Remove superseded files whose time has come, or all."""
        self.directory.tidy(everything)

    def close(self) -> None:
        """Leave for the next session what it need not do again."""
        self.tidy(everything=True)
        undone = self.unsure or self.anew or self.tracked.changed or self.tracked.moved
        if self.history and self.known and not undone:
            inputs = self.tracked.inputs()
            directory = str(self.directory.path)
            memory.remember_development(
                self.history, self.config, inputs, self.compiled.tools, self.known, self.release, directory
            )

    def _build(self, files: Collection[str]) -> Built:
        if not self.begun:
            self._begin()
        elif self.unsure:
            self.tracked.look(self.config)
        else:
            self.unsure = True  # where the next line raises
            self.tracked.look_at(files, self.config)
        self.unsure = False
        if self.anew or self.tracked.moved or not self.directory.stands():
            return self._whole()
        if not self.tracked.changed and not self.stale:
            return self._built({}, {})
        try:
            return self._update()
        except NotAlone:
            return self._whole()

    def _begin(self) -> None:
        """Take over what an earlier session has left, if that is whole."""
        self.begun, history, self.left = True, self.left, None
        if not history or history.changes.environment != [] or not history.known or not history.stamp:
            self.tracked.look(self.config)
            return
        inputs, known = look(self.config, history), history.known
        self.tracked.take_over(inputs, known["digests"])
        self.known = known
        self.release, manifest = self._manifest()
        if self.directory.find(_files_of(known), manifest):
            self.anew, self.stale = False, bool(known["always"])
            self.directory.sweep()
        else:
            self.known, self.release = {}, ""

    def _update(self) -> Built:
        known, rendered = self.known, Rendered()
        apart = {*known["inside"]} if known["always"] else set()  # what no bundle says that it has read
        told = [path for path in self.tracked.changed if path not in apart or path in known["names"]]
        todo = affected([*told, *known["always"]], known)
        if self.compiled.bundles is None and todo & {*known["bundles"]}:
            bundles = self.compiled.load_bundles()
            if (sorted(bundles), sorted(inside_of(bundles))) != (known["bundles"], known["inside"]):
                raise NotAlone
        done = update(todo, known, self.compiled.compile_all, self.tracked.sources, self.config, rendered)
        artifacts = make_artifacts(done.graph, done.finals, self.config)
        gone = [path for path in known["names"] if path not in done.settled and path not in done.finals]
        check_names(artifacts, done.settled.values())
        return self._publish(done.graph, done.finals, artifacts, done.settled, gone, rendered, {})

    def _whole(self) -> Built:
        sources, rendered = self.tracked.sources, Rendered()
        bundles = self.compiled.load_bundles()
        inside, alone = inside_of(bundles), matcher((*self.config.standalone, *self.config.stable))
        everything = sources.keys() | bundles.keys()
        wanted = [path for path in everything if path not in inside or alone(path)]
        graph = link(wanted, everything, self.compiled.compile_all, sources, self.config)
        finals = fingerprint(graph, rendered=rendered)
        artifacts = make_artifacts(graph, finals, self.config)
        check_names(artifacts)
        gone = [path for path in self.known.get("names", ()) if path not in finals]
        self.directory.check()
        always = sorted(path for path in bundles if not is_known(bundles[path], graph.assets.get(path)))
        general: Known = {"inside": sorted(inside), "bundles": sorted(bundles), "always": always}
        general |= {"engine": self.compiled.tools.key, "encoders": {}, "without_map": sorted(graph.without_map)}
        self.compiled.forget_others(graph.assets)
        self.tracked.complete()
        return self._publish(graph, finals, artifacts, {}, gone, rendered, general)

    def _publish(
        self,
        graph: Graph,
        finals: Mapping[str, Final],
        artifacts: list[Artifact],
        settled: Mapping[str, str],
        gone: Iterable[str],
        rendered: Rendered,
        general: Known,
    ) -> Built:
        """Write what is new, then the manifest, and remember it. `general` is what is not known of one asset."""
        names = {**settled, **{path: final.name for path, final in finals.items()}}
        # To write the few files of one change takes less than a fork.
        self.directory.fill(graph, artifacts, names, rendered, self.workers if general else Serial())
        before = self.known.get("names", {})
        renamed = {before[path]: names[path] for path in finals if path in before and before[path] != names[path]}
        changes: dict[str, str | None] = {**renamed, **{before[path]: None for path in gone}}
        built = [path for path in finals if before.get(path) != names[path]]
        if self.known:
            self.known["digests"], self.known["levels"] = self.tracked.good, {}
        reasons = explain(built, graph, names, self.known, (), {})
        self._know(graph, finals, artifacts, gone, general)
        self.release, manifest = self._manifest()
        self.directory.publish(manifest)
        self.directory.keep(dict(_files_of(self.known)))
        self.tracked.succeeded()
        self.anew, self.stale = False, False
        if general:
            self.directory.sweep()
        return self._built(changes, reasons)

    def _manifest(self) -> tuple[str, bytes]:
        """An id, made of all that the manifest says, and its text."""
        prefix, modules = self.config.url_prefix, self.config.modules
        body = manifest_body(self.known["lines"])
        digest = hashlib.sha256(f"{prefix}\0{modules}\0".encode())
        digest.update(body)
        release = digest.hexdigest()[:LENGTH]
        return release, manifest_text(body, prefix, release, modules)

    def _know(
        self, graph: Graph, finals: Mapping[str, Final], artifacts: list[Artifact], gone: Iterable[str], general: Known
    ) -> None:
        new = memory.known_of(graph, finals, self.config)
        new["lines"] = manifest_lines(graph, artifacts)
        if general:
            self.known = {**new, **general}
            return
        for kind in (*memory.BY_ASSET, "lines"):
            for path in (*gone, *finals):
                self.known[kind].pop(path, None)
            self.known[kind].update(new[kind])

    def _built(self, names: Mapping[str, str | None], reasons: Mapping[str, str]) -> Built:
        known = self.known
        return Built(
            self.release, names, reasons, memory.warnings_of(known), len(known["names"]) + len(known["stable"])
        )


def _files_of(known: Known) -> Iterator[tuple[str, int]]:
    """Names and sizes of all files."""
    sizes = known["sizes"]
    yield from ((name, sizes[path]) for path, name in known["names"].items())
    yield from ((path, sizes[path]) for path in known["stable"])


def _only_changed(error: AssetBuildError) -> bool:
    errors = error.errors if isinstance(error, BuildFailed) else (error,)
    return all(isinstance(one, SourceChanged) for one in errors)
