from __future__ import annotations

import importlib
import pickle
import typing
from pathlib import Path
from typing import Any

import pytest

import assetbuild
from assetbuild import named

PACKAGE = Path(assetbuild.__file__).parent


def of(base: Any) -> Any:
    class Point(base):  # type: ignore[misc]
        """Somewhere."""

        x: int
        y: list[Undefined] | None = None  # type: ignore[name-defined]  # noqa: F821 - never looked at
        z: int = 3

        @classmethod
        def diagonal(cls, x: int) -> Any:
            return cls(x, x)

        @property
        def sum(self) -> int:
            return self.x + self.z

        def __str__(self) -> str:
            return f"at {self.x}"

    return Point


OURS, THEIRS = of(named.NamedTuple), of(typing.NamedTuple)


@pytest.mark.parametrize(
    "ask",
    [
        lambda point: point(1),
        lambda point: point(1, 2),
        lambda point: point(z=1, x=2),
        lambda point: point(1)._replace(y=4),
        lambda point: point(1)._asdict(),
        lambda point: point._make([1, 2, 3]),
        lambda point: point.diagonal(5),
        lambda point: point(1).sum,
        lambda point: str(point(1)),
        lambda point: repr(point(1)),
        lambda point: (point._fields, point._field_defaults, point.__match_args__),
        lambda point: (point.__doc__, point.__name__, point.__qualname__, point.__module__),
        lambda point: (issubclass(point, tuple), point.__slots__, hasattr(point(1), "__dict__")),
        lambda point: {point(1): 2}[point(1)],
        lambda point: [*point(1)],
    ],
)
def test_it_does_what_the_library_does(ask: Any) -> None:
    assert ask(OURS) == ask(THEIRS)
    assert repr(ask(OURS)) == repr(ask(THEIRS))


@pytest.mark.parametrize(
    "misuse",
    [
        lambda point: point(),
        lambda point: point(1, 2, 3, 4),
        lambda point: point(1, w=2),
        lambda point: point(1)._replace(w=2),
        lambda point: setattr(point(1), "x", 2),
        lambda point: setattr(point(1), "w", 2),
    ],
)
def test_it_takes_nothing_that_the_library_does_not_take(misuse: Any) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError)) as theirs:
        misuse(THEIRS)
    with pytest.raises(theirs.type):
        misuse(OURS)


def test_nothing_of_the_build_waits_for_the_slower_one() -> None:
    """The runtime stands alone."""
    users = [file for file in PACKAGE.rglob("*.py") if "(NamedTuple)" in file.read_text(encoding="utf-8")]
    modules = [".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts) for file in users]
    found = {name: importlib.import_module(name).NamedTuple for name in modules if ".runtime." not in name}

    assert len(found) > 30
    assert {name for name, base in found.items() if base is not named.NamedTuple} == set()


def test_one_travels_to_another_process() -> None:
    from assetbuild.errors import Place

    place = Place("a.js", 1, 2, "text", 3)
    assert pickle.loads(pickle.dumps(place)) == place
