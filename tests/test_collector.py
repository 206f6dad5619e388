"""When Python looks for garbage, and in what."""

from __future__ import annotations

import subprocess
import sys

from assetbuild import __version__


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
