"""One fixture for everything: a dict of files in, a site on disk out."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from assetbuild.config import Config, parse_config
from assetbuild.cpus import available_cpus

Files = Mapping[str, str | bytes]
Site = Callable[..., Config]


def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`: three for two CPUs, since some tests wait for servers and browsers."""
    return (3 * available_cpus() + 1) // 2


def write_files(directory: Path, files: Files) -> None:
    for name, content in files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or fills the cache of whoever runs them."""
    os.environ["ASSETBUILD_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True, scope="session")
def _can_be_interrupted() -> None:
    """A shell starts what it puts into the background with SIGINT ignored, and so would be whatever tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """`site({"css/app.css": "..."}, minify={"css": []})`: files below static/, keys of assetbuild.toml.

    Files whose names start with `/` stand beside static/. Nothing is compressed unless the test says so.
    """

    def make(files: Files, directory: str = "site", **table: Any) -> Config:
        base = tmp_path / directory
        (base / "static").mkdir(parents=True, exist_ok=True)
        write_files(base / "static", {name: content for name, content in files.items() if not name.startswith("/")})
        write_files(base, {name[1:]: content for name, content in files.items() if name.startswith("/")})
        table.setdefault("compress", {"br": False, "gz": False})
        return parse_config(table, base / "assetbuild.toml")

    return make
