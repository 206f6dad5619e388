"""A little of `python -m tests.fuzz`, the same each time; and all that once crashed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.__main__ import limited
from tests.fuzz.strategies import STRATEGIES
from tests.fuzz.targets import TARGETS

CASES = sorted(file for file in (Path(__file__).parent / "fuzz" / "cases").iterdir())
EXAMPLES = {"bundles": 25, "manifest": 40}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_once_crashed_does_so_no_more(case: Path) -> None:
    with limited():
        TARGETS[case.name.partition(".")[0]](case.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_no_input_is_too_strange(target: str) -> None:
    @settings(max_examples=EXAMPLES.get(target, 60), derandomize=True, deadline=None, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(STRATEGIES[target])
    def check(data: bytes) -> None:
        with limited():
            TARGETS[target](data)

    check()


def test_every_target_has_its_pieces() -> None:
    assert TARGETS.keys() == STRATEGIES.keys()
