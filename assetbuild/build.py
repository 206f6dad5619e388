"""The build, top to bottom: configuration in, release out.

The last build's stamp says whether anything changed at all. If little did, only that and what depends on it is done
again; else everything is linked anew, out of what was compiled before where that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from assetbuild import memory
from assetbuild.bundled import inside_of, is_known, load_bundles
from assetbuild.clone import Clone, NotCloned, ahead
from assetbuild.collector import without_collector
from assetbuild.columns import Known
from assetbuild.config import Config
from assetbuild.contents import changed, content_again, hash_source
from assetbuild.early import Early, early
from assetbuild.engine import Engine, engine
from assetbuild.errors import AssetBuildError, raise_all
from assetbuild.executors import Executor, Serial
from assetbuild.explain import explain
from assetbuild.fingerprint import Final, fingerprint
from assetbuild.following import Following
from assetbuild.globs import matcher
from assetbuild.graph import Graph, link
from assetbuild.held import Held
from assetbuild.history import History, release_of
from assetbuild.inputs import Inputs, Listing, look
from assetbuild.model import Compiled, Release
from assetbuild.rebuild import Keeper, Rebuilder, Variants
from assetbuild.records import FILES, RECORDS
from assetbuild.references import formats
from assetbuild.release import NOTHING, RELEASES, Carried, is_whole, write_release
from assetbuild.render import Rendered
from assetbuild.update import NotAlone, affected, update
from assetbuild.write import Writer

if TYPE_CHECKING:
    from assetbuild.processors.webassets import Bundle

Progress = Callable[[str, int, int], None]  # stage, how much is done, of how much


def build(
    config: Config,
    *,
    flat_dir: Path | None = None,
    minify: bool = True,
    executor: Executor | None = None,
    workers: Executor | None = None,
    store: Keeper | None = None,
    history: History | None = None,
    clone: Clone | None = None,
    listing: Listing | None = None,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Release:
    """Build what `config` says into its output directory, or into `flat_dir` itself.

    `workers` compile, which holds the GIL; `executor` writes and compresses, which does not. `store` and `history` keep
    what the next build need not do again, and change no byte of it; `clone` is `ahead(history)`, `listing` that of
    `config`, if they were begun before. Raises AssetBuildError: all errors of the phase that failed. The release that
    stood before stays as it was.
    """
    if history and (standing := history.standing()):
        return standing
    if flat_dir:
        config = config._replace(output_dir=flat_dir)
    if not minify:
        config = config._replace(minify=())
    with without_collector():
        if listing:
            formats.load()
        return _Build(
            config,
            flat=flat_dir is not None,
            minify=minify,
            executor=executor or Serial(),
            workers=workers or Serial(),
            store=store,
            history=history,
            clone=clone,
            progress=progress,
            inputs=look(config, history, listing),
        ).run()


class _Build:
    def __init__(
        self,
        config: Config,
        *,
        flat: bool,
        minify: bool,
        executor: Executor,
        workers: Executor,
        store: Keeper | None,
        history: History | None,
        clone: Clone | None,
        progress: Progress,
        inputs: Inputs,
    ) -> None:
        self.config, self.flat, self.minify = config, flat, minify
        self.executor, self.workers, self.store = executor, workers, store
        self.history, self.clone, self.progress, self.inputs = history, clone, progress, inputs
        self.digests: dict[str, str] = {}  # of all sources that are known
        self.rendered = Rendered()
        self.before: Following | None = None

    def run(self) -> Release:
        self.digests = dict(self.inputs.digests)
        if self.history and self._continues(self.history):
            with ExitStack() as stack, suppress(NotAlone, NotCloned):
                self.clone = self.clone or stack.enter_context(ahead(self.history))
                return self._update(self.history, self.history.known)
        return self._whole()

    def _continues(self, history: History) -> bool:
        """Whether the release before may be brought up to date."""
        if not self.inputs.continues or not history.changes.is_current:
            return False
        # Warnings also name what is there, but excluded.
        return history.changes.directories == [] or not history.known["warnings"]

    def _whole(self) -> Release:
        self.before = None
        output_dir = self.config.output_dir
        parent = output_dir.parent if self.flat else output_dir / RELEASES
        with early(parent, output_dir if self.flat else parent, FILES) as place, Held() as held:
            return self._anew(place, held)

    def _anew(self, place: Early | None, held: Held) -> Release:
        config, sources = self.config, self.inputs.sources
        tools = engine(config)
        bundles = load_bundles(config, sources, minify=self.minify)
        inside = inside_of(bundles)
        alone = matcher((*config.standalone, *config.stable))
        everything = sources.keys() | bundles.keys()
        wanted = [path for path in everything if path not in inside or alone(path)]

        def again(compiled: Compiled) -> bytes:
            return content_again(compiled, sources, self.inputs.started)

        rebuilder = Rebuilder(config, sources, bundles, tools, self.store, self.digests, place, held, again)
        self.rendered = Rendered(early=place, read=again)
        compile_all = self._together(rebuilder, len(everything))
        graph = link(wanted, everything, compile_all, sources, config)
        if place:
            place.flush()
        finals = fingerprint(graph, rendered=self.rendered)
        known = memory.known_of(graph, finals, config)
        known |= {
            "engine": tools.key,
            "encoders": tools.encoders,
            "inside": sorted(inside),
            "bundles": sorted(bundles),
            "always": sorted(path for path in bundles if not is_known(bundles[path], graph.assets.get(path))),
        }
        return self._release(graph, finals, {}, NOTHING, tools, known, place)

    def _update(self, history: History, known: Known) -> Release:
        changed = self._changed(known)
        if not changed and not known["always"]:
            if history.changes.released or not history.stamp:
                raise NotCloned
            memory.renew(history, self.inputs, known, self.digests)  # only signatures are others than they were
            return release_of(history.stamp)
        paths = affected([*changed, *known["always"]], known)
        bundles = self._same_bundles(known) if paths & {*known["bundles"]} else {}
        tools = Engine(known["engine"], known["encoders"])
        rebuilder = Rebuilder(self.config, self.inputs.sources, bundles, tools, self.store, self.digests)
        done = update(paths, known, self._together(rebuilder, len(paths)), self.inputs.sources, self.config)
        before = self._following(tools, is_cloned=True)
        carried = before.carry(known, done.settled, self.clone) if before and self.clone else None
        if carried is None or not done.graph.assets.keys() <= known["names"].keys():
            raise NotAlone
        new = memory.known_of(done.graph, done.finals, self.config)
        for kind in memory.BY_ASSET:
            kept = known[kind].copy()
            for path in paths:  # those that come again keep their places: the next one sorts less
                if path not in new[kind]:
                    kept.pop(path, None)
            new[kind] = kept | new[kind]
        return self._release(done.graph, done.finals, done.settled, carried, tools, {**known, **new})

    def _same_bundles(self, known: Known) -> dict[str, Bundle]:
        bundles = load_bundles(self.config, self.inputs.sources, minify=self.minify)
        if (sorted(bundles), sorted(inside_of(bundles))) != (known["bundles"], known["inside"]):
            raise NotAlone  # those of Python code may be others each time
        return bundles

    def _changed(self, known: Known) -> list[str]:
        """The sources whose bytes are others than they were, out of those whose signature does not say."""
        then = known["digests"]
        doubtful = [path for path in self.inputs.sources if path not in self.digests]
        with closing(self.executor.map(lambda path: hash_source(self.inputs.sources[path]), doubtful)) as hashed:
            for path, (digest, size) in zip(doubtful, hashed, strict=True):
                if size != self.inputs.sources[path].size:
                    raise changed(path)
                self.digests[path] = digest
        return [path for path in doubtful if self.digests[path] != then[path]]

    def _is_whole(self, directory: Path) -> bool:
        """By signatures, if the last build has left the release that stands there; else by its bytes."""
        history = self.history
        if history and history.stamp and history.stamp.facts["dir"] == str(directory):
            return history.changes.released == []
        return is_whole(directory)

    def _changed_environment(self) -> list[str]:
        if not self.history or not self.history.stamp:
            return []
        files, changed = self.history.stamp.environment.files, self.history.changes.environment or ()
        return [self.config.shown(Path(files[at])) for at in changed]

    def _following(self, tools: Engine, *, is_cloned: bool = False) -> Following | None:
        history = self.history
        if not history or not history.stamp or not history.known or not history.changes.is_current:
            return None
        if self.before is None:
            # The clone looks at all files: here only at those that are read before it is known what it has found.
            gone = {*(history.stamp.released_changed(RECORDS) if is_cloned else history.changes.released or ())}
            intact = {path for at, path in enumerate(history.stamp.released.files) if at not in gone} if gone else None
            same = (tools.encoders, self.config.levels) == (history.known["encoders"], history.known["levels"])
            self.before = Following(Path(history.stamp.facts["dir"]), intact, same)
        return self.before

    def _release(
        self,
        graph: Graph,
        finals: Mapping[str, Final],
        settled: Mapping[str, str],
        carried: Carried,
        tools: Engine,
        known: Known,
        place: Early | None = None,
    ) -> Release:
        names = {**settled, **{path: final.name for path, final in finals.items()}}
        before = self._following(tools)
        writer = Writer(
            graph,
            self.inputs.sources,
            names,
            Variants(tools.encoders, self.store),
            before,
            self.inputs.started,
            self.rendered,
            place,
        )
        made = write_release(
            graph,
            finals,
            self.config,
            writer,
            self.executor,
            flat=self.flat,
            carried=carried,
            early=place,
            whole=self._is_whole,
            progress=lambda done, total: self.progress("write", done, total),
        )
        sizes, stable = known["sizes"], known["stable"]
        files, size = len(sizes) + len(stable), sum(sizes.values()) + sum(sizes[path] for path in stable)
        then = self.history.known if self.history else {}
        if self.history:
            memory.remember(
                self.history, self.config, self.inputs, tools, made, known, self.digests, (files, size), self.flat
            )
        reasons = explain(made.built, graph, names, then, self._changed_environment(), self.config.levels)
        built = sum(1 + (path in stable) for path in made.built)
        warnings = memory.warnings_of(known)
        return Release(made.id, made.dir, files, size, made.created, built, warnings, reasons, made.contents)

    def _together(self, rebuilder: Rebuilder, total: int) -> Callable[[Iterable[str]], Iterator[Compiled]]:
        """Compile many, the largest first, and raise the errors of all at the end."""
        done = 0

        def compile_all(paths: Iterable[str]) -> Iterator[Compiled]:
            nonlocal done
            errors = []
            order = sorted(paths, key=rebuilder.weight, reverse=True)
            with closing(self.workers.map(rebuilder.compile, order)) as results:
                for result in results:
                    if isinstance(result, AssetBuildError):
                        errors.append(result)
                    else:
                        compiled = rebuilder.keep(result)
                        for read, digest in compiled.reads or ():
                            if digest:
                                self.digests[read] = digest
                        yield compiled
                    done += 1
                    self.progress("compile", done, total)
            raise_all(errors)

        return compile_all
