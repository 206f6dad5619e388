"""What was compiled in this process, and counts as long as all that was read for it has the digests of then."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from assetbuild.bundled import load_bundles
from assetbuild.config import Config
from assetbuild.contents import changed
from assetbuild.engine import Engine, engine
from assetbuild.errors import AssetBuildError, raise_all
from assetbuild.executors import Executor, Serial
from assetbuild.model import Compiled
from assetbuild.rebuild import Keeper, Rebuilder
from assetbuild.tracked import Tracked

if TYPE_CHECKING:
    from assetbuild.processors.webassets import Bundle

FEW = 16  # assets; to compile so many takes less than a fork


class CompiledHere:
    """By one configuration. `bundles` are None as long as nobody needed them."""

    def __init__(
        self, config: Config, tracked: Tracked, store: Keeper | None, workers: Executor, *, minify: bool
    ) -> None:
        self.config = config
        self.tracked = tracked
        self.store = store
        self.workers = workers
        self.minify = minify
        self.bundles: dict[str, Bundle] | None = None
        self._found: dict[str, Compiled] = {}
        self._defined = self._definition()

    @cached_property
    def tools(self) -> Engine:
        return engine(self.config)

    def __contains__(self, path: str) -> bool:
        return path in self._found

    def compile_all(self, paths: Iterable[str]) -> Iterator[Compiled]:
        """Those that do not count any more are compiled, the largest first. Raises the errors of all at the end."""
        tracked, todo, errors = self.tracked, [], []
        for path in paths:
            compiled = self._found.get(path)
            if compiled is not None and self._holds(compiled):
                yield compiled
            else:
                todo.append(path)
        rebuilder = Rebuilder(self.config, tracked.sources, self.bundles or {}, self.tools, self.store, tracked.digests)
        workers = self.workers if len(todo) > FEW else Serial()
        with closing(workers.map(rebuilder.compile, sorted(todo, key=rebuilder.weight, reverse=True))) as results:
            for result in results:
                if isinstance(result, AssetBuildError):
                    errors.append(result)
                    continue
                compiled = rebuilder.keep(result)
                self._found[compiled.logical_path] = compiled
                for read, digest in compiled.reads or ():
                    if digest and tracked.digests.setdefault(read, digest) != digest:
                        errors.append(changed(read))  # others have been made of what it was before
                yield compiled
        raise_all(errors)

    def forget_others(self, wanted: Container[str]) -> None:
        for path in [path for path in self._found if path not in wanted]:
            del self._found[path]

    def load_bundles(self) -> dict[str, Bundle]:
        """As they are defined now. Raises as `bundled.load_bundles`."""
        before = self.bundles or {}
        self.bundles = bundles = load_bundles(self.config, self.tracked.sources, minify=self.minify)
        for path in before.keys() | bundles.keys():
            if path not in before or path not in bundles or not _is_same(before[path], bundles[path]):
                self._found.pop(path, None)
        return bundles

    def redefined(self) -> bool:
        """Whether what defines the bundles has changed since this was last asked."""
        before, self._defined = self._defined, self._definition()
        return self._defined != before

    def definitions(self) -> list[str]:
        """The files that define the bundles."""
        config = self.config
        if not config.bundles:
            return []
        if (config.base_dir / config.bundles).is_file() or ":" not in config.bundles:
            return [str(config.base_dir / config.bundles)]
        from assetbuild.processors.webassets.define import modules_of

        return modules_of(config)

    def _definition(self) -> list[tuple[str, bytes]]:
        return [(file, _content(file)) for file in self.definitions()]

    def _holds(self, compiled: Compiled) -> bool:
        digests = self.tracked.digests
        return compiled.reads is not None and all(digests.get(path, "") == digest for path, digest in compiled.reads)


def _is_same(one: Bundle, other: Bundle) -> bool:
    recipe, others = one.recipe, other.recipe
    return one == other and (recipe.definition, recipe.found) == (others.definition, others.found)


def _content(file: str) -> bytes:
    """Nothing where it cannot be read: who loads it will say so."""
    try:
        return Path(file).read_bytes()
    except OSError:
        return b""
