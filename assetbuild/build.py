"""The build, top to bottom: configuration in, release out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assetbuild.compile import compile_bundle, compile_source
from assetbuild.config import Config
from assetbuild.discover import discover
from assetbuild.errors import AssetBuildError, raise_all
from assetbuild.executors import Executor, Serial
from assetbuild.fingerprint import fingerprint
from assetbuild.globs import matcher
from assetbuild.graph import link
from assetbuild.model import Compiled, Source
from assetbuild.release import Release, write_release

if TYPE_CHECKING:
    from assetbuild.processors.webassets import Bundle

Progress = Callable[[str, int, int], None]  # stage, how much is done, of how much


def build(
    config: Config,
    *,
    flat_dir: Path | None = None,
    minify: bool = True,
    executor: Executor | None = None,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Release:
    """Build what `config` says into its output directory, or into `flat_dir` itself.

    Raises AssetBuildError: all errors of the phase that failed. The release that stood before stays as it was.
    """
    if flat_dir:
        config = replace(config, output_dir=flat_dir)
    if not minify:
        config = replace(config, minify=())
    sources = discover(config)
    bundles = _load_bundles(config, sources, minify=minify)
    known = sources.keys() | bundles.keys()

    def compile_one(path: str) -> Compiled:
        if path in bundles:
            return compile_bundle(bundles[path], config, sources)
        return compile_source(sources[path], config, sources)

    compile_all = _together(compile_one, lambda done: progress("compile", done, len(known)))
    graph = link(_wanted(known, bundles, config), known, compile_all, sources, config)
    return write_release(
        graph,
        fingerprint(graph),
        config,
        executor or Serial(),
        flat=flat_dir is not None,
        progress=lambda done, total: progress("write", done, total),
    )


def _load_bundles(config: Config, sources: Mapping[str, Source], *, minify: bool) -> dict[str, Bundle]:
    if not config.bundles and not config.bundle_tables:
        return {}
    from assetbuild.processors.webassets import load_bundles

    return {bundle.output: bundle for bundle in load_bundles(config, sources, minify=minify)}


def _wanted(known: Iterable[str], bundles: Mapping[str, Bundle], config: Config) -> list[str]:
    """All but the sources that only bundles use; what else names one of those brings it back."""
    inside = {path for bundle in bundles.values() for path in (*bundle.contents, *bundle.depends)}
    alone = matcher((*config.standalone, *config.stable))
    return [path for path in known if path not in inside or alone(path)]


def _together(
    compile_one: Callable[[str], Compiled], progress: Callable[[int], None]
) -> Callable[[Iterable[str]], list[Compiled]]:
    """Compile many, and raise the errors of all."""
    done = 0

    def compile_all(paths: Iterable[str]) -> list[Compiled]:
        nonlocal done
        compiled, errors = [], []
        for path in paths:
            try:
                compiled.append(compile_one(path))
            except AssetBuildError as error:
                errors.append(error)
            done += 1
            progress(done)
        raise_all(errors)
        return compiled

    return compile_all
