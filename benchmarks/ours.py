"""The builds of assetbuild, each a new process of its command line.

A site is a checkout of a corpus with an output and a cache, built once before anything of it is measured. Where a
command line has no `--cache-dir` yet, what needs a cache is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks.corpora import HERE, Corpus
from benchmarks.environment import Tools
from benchmarks.measure import Command, run
from benchmarks.scenario import Facts, Scenario, afresh, copy_tree, new_files

HUB = "fan/hub.svg"  # named by 1,000 files, in the corpus that has it
LEAF = "leaf.js"  # named by none; put into each checkout
_PLAIN = ("--no-minify", "--no-compress")
_MINIFIED = ("--no-compress",)
_TOO_YOUNG = 2.1  # seconds


@dataclass(frozen=True, slots=True)
class Builder:
    """One output and one cache, below `directory`."""

    tools: Tools
    directory: Path

    @property
    def output(self) -> Path:
        return self.directory / "output"

    @property
    def cache(self) -> Path:
        return self.directory / "cache"

    @property
    def files(self) -> Path:
        """The document root of the release that is there."""
        return (self.output / "current" / "files").resolve()

    def command(self, config: Path, options: tuple[str, ...], *, cached: bool = True) -> Command:
        place: tuple[str | Path, ...] = ("--cache-dir", self.cache) if cached else ("--no-cache",)
        known = place if place[0] in self.tools.options else ()
        build = (self.tools.assetbuild, "build", "--quiet", "--config", config, "--output", self.output)
        return Command((*build, *known, *options))


@dataclass(slots=True)
class Site:
    """`release` is what the last run of a scenario that compares releases has left."""

    corpus: Corpus
    builder: Builder
    options: tuple[str, ...]
    release: Path | None = None

    @property
    def checkout(self) -> Path:
        return self.builder.directory / "checkout"

    @property
    def command(self) -> Command:
        return self.builder.command(self.checkout / "assetbuild.toml", self.options)

    def ready(self) -> None:
        if self.builder.output.exists():
            return
        if not self.checkout.exists():
            copy_tree(self.corpus.directory, self.checkout)
            change(self.checkout / "static" / LEAF, 0)
        run(self.command)
        settle(self.command)

    def settled(self) -> None:
        self.ready()
        settle(self.command)

    def look(self) -> Facts:
        """How many files the release has that are not those of the last."""
        assert self.release
        return {"new files": new_files(self.release, self.builder.files)}


def change(file: Path, number: int) -> None:
    file.write_text(f"<svg><path d='M0 0h{number}v9z'/></svg>\n" if file.suffix == ".svg" else f"leaf({number});\n")


def settle(command: Command) -> None:
    """Once more, when files that were too young to be trusted by their times are so no longer."""
    time.sleep(_TOO_YOUNG)
    run(command)


def cold(corpus: Corpus, tools: Tools, work: Path) -> Iterator[Scenario]:
    """From nothing: no output, and an empty cache or none."""
    builder = Builder(tools, work / "cold")
    prepare = afresh(builder.output, builder.cache)
    for name, options, cached in (
        ("cold", _PLAIN, True),
        ("cold-uncached", _PLAIN, False),
        ("minify", _MINIFIED, True),
    ):
        if cached or "--no-cache" in tools.options:
            yield Scenario(name, builder.command(corpus.config, options, cached=cached), prepare, memory=cached)


def again(corpus: Corpus, tools: Tools, work: Path, hub: bool = False) -> Iterator[Scenario]:
    """With a cache: nothing changed, one file changed, no output, another checkout."""
    if "--cache-dir" not in tools.options:
        return
    site = Site(corpus, Builder(tools, work / "site"), _MINIFIED)
    yield Scenario("noop", site.command, site.settled, memory=True)
    yield _changed("leaf", site, LEAF)
    if hub:
        yield _changed("hub", site, HUB)
        return
    yield _without_output(site)
    yield _elsewhere("elsewhere", site.builder, site.checkout, _MINIFIED, site.ready)


def compressed(corpus: Corpus, tools: Tools, work: Path) -> Iterator[Scenario]:
    """With the highest levels of brotli and gzip; and compressing alone what is released."""
    plain = Builder(tools, work / "uncompressed")

    def prepare() -> None:
        if not plain.output.exists():
            run(plain.command(corpus.config, _MINIFIED, cached=False))

    released = plain.output / "current" / "files"
    yield Scenario("compress", Command((tools.python, HERE / "tools" / "floor.py", "compress", released)), prepare)
    first = Builder(tools, work / "brotli")
    command = first.command(corpus.config, ())

    def ready() -> None:
        if not first.output.exists():
            run(command)

    def settled() -> None:
        ready()
        settle(command)

    yield Scenario("brotli", command, afresh(first.output, first.cache))
    if "--cache-dir" in tools.options:
        yield Scenario("brotli-noop", command, settled)
        yield _elsewhere("brotli-elsewhere", first, corpus.directory, (), ready)


def growing(corpus: Corpus, tools: Tools, work: Path) -> Iterator[Scenario]:
    """For the scaling curve."""
    builder = Builder(tools, work / "cold")
    command = builder.command(corpus.config, _PLAIN)
    yield Scenario("cold", command, afresh(builder.output, builder.cache))
    if "--cache-dir" in tools.options:
        yield Scenario("noop", command, lambda: settle(command))


def _changed(name: str, site: Site, path: str) -> Scenario:
    """Each run finds another content in one file, and the last release beside it."""
    numbers = count(1)

    def prepare() -> None:
        site.settled()
        site.release = site.builder.files
        change(site.checkout / "static" / path, next(numbers))

    return Scenario(name, site.command, prepare, site.look)


def _without_output(site: Site) -> Scenario:
    """The same checkout, a copy of its cache, and nothing built yet."""
    builder = Builder(site.builder.tools, site.builder.directory.with_name("cached"))

    def prepare() -> None:
        site.ready()
        afresh(builder.output, builder.cache)()
        copy_tree(site.builder.cache, builder.cache)

    return Scenario("cached", builder.command(site.checkout / "assetbuild.toml", site.options), prepare)


def _elsewhere(
    name: str, first: Builder, source: Path, options: tuple[str, ...], ready: Callable[[], None]
) -> Scenario:
    """A copy of the first one's cache, no output, and a copy of what it was built from, at another path."""
    builder = Builder(first.tools, first.directory.with_name(name))
    checkout = builder.directory / "checkout"

    def prepare() -> None:
        ready()
        afresh(builder.output, builder.cache)()
        copy_tree(first.cache, builder.cache)
        if not checkout.exists():
            copy_tree(source, checkout)

    return Scenario(name, builder.command(checkout / "assetbuild.toml", options), prepare)
