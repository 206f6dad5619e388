"""What tests of the runtime begin with. A test module asks for it by `pytest_plugins = [__name__ of this]`.

`watch` keeps its development directory in the fixture `project` of the test module.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.watching import Watch


@pytest.fixture
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in the environment decides for the runtime."""
    for name in ("DEVELOPMENT", "MANIFEST", "BASE_URL", "MODE"):
        monkeypatch.delenv(f"ASSETBUILD_{name}", raising=False)
    monkeypatch.delenv("FLASK_DEBUG", raising=False)


@pytest.fixture
def watch(project: Path) -> Iterator[Watch]:
    """Started, with nothing built yet."""
    made = Watch(project / ".assetbuild").start()
    yield made
    made.stop()
