"""The commands of the other tools, and the floors: what a machine takes for the least that any of them must do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from assetbuild.model import language_of
from assetbuild.processors.minify import is_minified
from benchmarks.corpora import HERE, Corpus, walk
from benchmarks.environment import Tools, cores
from benchmarks.measure import Command
from benchmarks.scenario import Scenario, afresh

_TOOLS = HERE / "tools"
_SOME_FAIL = (0, 1, 123)  # of esbuild and of xargs: real packages hold files that are no JavaScript or no CSS


def floors(corpus: Corpus, tools: Tools, work: Path) -> Iterator[Scenario]:
    floor = (tools.python, _TOOLS / "floor.py")
    copy = work / "copy"
    yield Scenario("python", Command((tools.python, "-c", "pass")))
    for name in ("walk", "click", "hash"):
        yield Scenario(name, Command((*floor, name, corpus.static)))
    yield Scenario("copy", Command(("cp", "-r", corpus.static, copy)), afresh(copy))


def django(kind: str, corpus: Corpus, tools: Tools, work: Path) -> Iterator[Scenario]:
    """`kind` as django_site.py calls it: into nothing, then again into what that made."""
    output = work / f"django-{kind}"
    command = Command((tools.peers_python, _TOOLS / "django_site.py", kind, corpus.static, output))
    yield Scenario(f"django-{kind}", command, afresh(output), memory=kind == "manifest")
    yield Scenario(f"django-{kind}-again", command)


def webassets(corpus: Corpus, tools: Tools, work: Path) -> Iterator[Scenario]:
    output, cache = work / "webassets", work / "webassets-cache"
    command = Command((tools.peers_python, _TOOLS / "webassets_site.py", corpus.static, output, cache))
    yield Scenario("webassets", command, afresh(output, cache))
    yield Scenario("webassets-again", command)


def sprockets(corpus: Corpus, tools: Tools, work: Path) -> Iterator[Scenario]:
    if tools.ruby:
        output, cache = work / "sprockets", work / "sprockets-cache"
        command = Command((tools.ruby, _TOOLS / "sprockets_site.rb", corpus.static, output, cache))
        yield Scenario("sprockets", command, afresh(output, cache))
        yield Scenario("sprockets-again", command)


def esbuild(corpus: Corpus, tools: Tools, work: Path) -> Iterator[Scenario]:
    """The files that our minifiers are given: one process for each, on all cores; and all of them in one process."""
    if not tools.esbuild:
        return
    output, listed = work / "esbuild", work / "esbuild-files"

    def prepare() -> None:
        afresh(output)()
        if not listed.exists():
            listed.write_text("".join(f"{path}\0" for path in _minifiable(corpus)))

    options = ("--minify", "--log-level=silent", f"--outdir={output}", "--outbase=.")
    each = ("xargs", "--null", f"--arg-file={listed}", f"--max-procs={cores()}", "--max-args=1")
    once = ("xargs", "--null", f"--arg-file={listed}", "--max-args=100000", "--max-chars=2000000")
    yield Scenario("esbuild", Command((*each, tools.esbuild, *options), corpus.static, _SOME_FAIL), prepare)
    if corpus.name == "django":
        yield Scenario("esbuild-at-once", Command((*once, tools.esbuild, *options), corpus.static, _SOME_FAIL), prepare)


def _minifiable(corpus: Corpus) -> Iterator[str]:
    for file in walk(corpus.static):
        if language_of(file.name) and not is_minified(file.name, file.read_bytes()):
            yield file.relative_to(corpus.static).as_posix()
