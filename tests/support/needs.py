"""What a test needs beyond Python and this project's packages: without it the test is skipped, and fails under CI."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NoReturn, TypeVar

import pytest

from tests.support.packages import Unavailable

T = TypeVar("T")


def need(get: Callable[[], T]) -> T:
    """What `get` gives. Where it raises Unavailable, the test is skipped, or fails under CI."""
    try:
        return get()
    except Unavailable as error:
        if under_ci():
            raise
        pytest.skip(str(error))


def missing(reason: str) -> NoReturn:
    if under_ci():
        pytest.fail(reason)
    pytest.skip(reason)


def under_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")
