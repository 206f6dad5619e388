"""One browser for all tests of a session. A test module asks for it by `pytest_plugins = [__name__ of this]`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, find_browser


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    found = find_browser(tmp_path_factory.mktemp("browser"))
    yield found
    found.close()
