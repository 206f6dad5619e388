"""The build, top to bottom: configuration in, release out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from assetbuild.compile import compile_bundle, compile_source
from assetbuild.config import Config
from assetbuild.discover import discover
from assetbuild.errors import AssetBuildError, raise_all
from assetbuild.executors import Executor, Serial
from assetbuild.fingerprint import fingerprint
from assetbuild.globs import matcher
from assetbuild.graph import link
from assetbuild.model import Compiled
from assetbuild.release import Release, write_release

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
    executor = executor or Serial()
    sources = discover(config)
    bundles = {}
    if config.bundles or config.bundle_tables:
        from assetbuild.processors.webassets import load_bundles

        bundles = {bundle.output: bundle for bundle in load_bundles(config, sources, minify=minify)}
    done = 0

    def compile_all(paths: list[str]) -> Iterable[Compiled]:
        nonlocal done
        compiled, errors = [], []
        for path in paths:
            try:
                if path in bundles:
                    compiled.append(compile_bundle(bundles[path], config, sources))
                else:
                    compiled.append(compile_source(sources[path], config))
            except AssetBuildError as error:
                errors.append(error)
            done += 1
            progress("compile", done, len(known))
        raise_all(errors)
        return compiled

    known = sources.keys() | bundles.keys()
    inside = {path for bundle in bundles.values() for path in (*bundle.contents, *bundle.depends)}
    alone = matcher((*config.standalone, *config.stable))
    wanted = [path for path in known if path not in inside or alone(path)]
    graph = link(wanted, known, compile_all, sources, config)
    digests = fingerprint(graph)
    return write_release(
        graph, digests, config, executor, flat_dir=flat_dir, progress=lambda *amounts: progress("write", *amounts)
    )
