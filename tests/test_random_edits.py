"""Whatever is edited while a watch runs, in the end its output is what a watch makes that has seen nothing of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent


@pytest.mark.parametrize(("seed", "options"), [("1", ["--gentle"]), ("2", []), ("3", ["--poll", "0.2"])])
def test_the_output_after_random_edits_is_that_of_a_watch_that_saw_none(seed: str, options: list[str]) -> None:
    command = [sys.executable, "-m", "tests.random_edits", "--seed", seed, "--rounds", "2", "--edits", "60"]
    done = subprocess.run([*command, "--calm", "1", *options], cwd=HERE, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
