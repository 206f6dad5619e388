"""When Python looks for garbage, and in what."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from assetbuild import __version__
from assetbuild.build import build
from assetbuild.collector import with_collector, without_collector
from assetbuild.model import Source
from assetbuild.rebuild import Rebuilder
from assetbuild.results import Packed
from tests.conftest import Site


def said(code: str, *arguments: str) -> str:
    """What a new interpreter prints: objects that are frozen stay so."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_what_was_loaded_is_never_looked_through() -> None:
    code = """
import gc
from assetbuild.collector import loading
with loading():
    loaded, enabled = [[]], gc.isenabled()
later = [[]]
known = {id(one) for one in gc.get_objects()}
print(enabled, gc.isenabled(), id(loaded) in known, id(later) in known)
"""
    assert said(code) == "False True False True\n"


def test_the_collector_goes_on_after_code_that_cannot_be_loaded() -> None:
    code = """
import gc
from assetbuild.collector import loading
try:
    with loading():
        import assetbuild.no_such_module
except ModuleNotFoundError:
    print(gc.isenabled())
"""
    assert said(code) == "True\n"


def test_a_command_starts_without_a_search_for_garbage() -> None:
    code = """
import gc, sys
import assetbuild.collector
from assetbuild.__main__ import main
rounds = []
def note(phase, details):
    if "assetbuild.cli" not in sys.modules or not hasattr(sys.modules["assetbuild.cli"], "init"):
        rounds.append(phase)
gc.collect()
gc.callbacks.append(note)
try:
    main()
except SystemExit as end:
    print(end.code, rounds, gc.isenabled())
"""
    assert said(code, "--version") == f"assetbuild, version {__version__}\n0 [] True\n"


@pytest.mark.parametrize("enabled", [True, False])
def test_within_it_is_on_and_then_as_it_was(enabled: bool) -> None:
    try:
        (gc.enable if enabled else gc.disable)()
        with with_collector():
            assert gc.isenabled()
        assert gc.isenabled() == enabled
        with without_collector():
            assert not gc.isenabled()
        assert gc.isenabled() == enabled
    finally:
        gc.enable()


def test_it_is_on_while_a_file_is_compiled_and_off_while_files_are_put_together(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bool]] = []
    compile_source = Rebuilder._source

    def noted(self: Rebuilder, source: Source) -> Packed:
        seen.append(("compile", gc.isenabled()))
        return compile_source(self, source)

    monkeypatch.setattr(Rebuilder, "_source", noted)
    config = site({"a.js": "a", "b.css": ""}, stable=["b.css"])
    build(config, progress=lambda stage, *_: seen.append((f"after {stage}", gc.isenabled())))

    assert {*seen} == {("compile", True), ("after compile", False), ("after write", False)}
    assert gc.isenabled()
