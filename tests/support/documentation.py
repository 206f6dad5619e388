"""A page of the documentation, and its first commands as its reader runs them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def page_of_documentation(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def run_first_commands(page: str, directory: Path) -> None:
    """`init` and `build`, in `directory` with one source in `static`; `watch` comes next on the page."""
    (directory / "static").mkdir()
    (directory / "static/a.css").write_text("a { color: red }")
    commands = re.findall(r"^    assetbuild (\w+)", page, re.MULTILINE)
    assert commands == ["init", "build", "watch"]
    for command in commands[:2]:
        done = subprocess.run(
            [sys.executable, "-m", "assetbuild", command], capture_output=True, text=True, cwd=directory
        )
        assert done.returncode == 0, done.stderr
