"""Bundles by name -> those that are assets: each with an output, as webassets builds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import webassets

from assetbuild.errors import AssetBuildError, ConfigError, OutputConflict, raise_all
from assetbuild.processors.webassets.define import Defined


@dataclass(frozen=True, slots=True)
class Leaf:
    """A bundle that is built, and the containers that pass their filters down to it, outermost first."""

    name: str
    bundle: Any
    containers: tuple[Any, ...]


def find_leaves(defined: Defined) -> tuple[list[Leaf], list[AssetBuildError]]:
    """Every bundle with an output, as webassets builds it: a container stands for its children."""
    errors: list[AssetBuildError] = [
        ConfigError(f"bundle '{name}' contains itself", where=defined.tables.place(name))
        for name, bundle in defined.bundles.items()
        if _contains_itself(bundle)
    ]
    raise_all(errors)
    names = {id(bundle): name for name, bundle in defined.bundles.items()}
    parts = {id(part) for bundle in defined.bundles.values() if bundle.output for part in _parts(bundle)}
    found: dict[int, dict[tuple[int, ...], Leaf]] = {}

    def collect(name: str, bundle: Any, containers: tuple[Any, ...]) -> None:
        where = defined.tables.place(name)
        if bundle.output:
            passing = tuple(id(one) for one in containers if one.filters or one.config._dict)
            found.setdefault(id(bundle), {}).setdefault(passing, Leaf(name, bundle, containers))
        elif not bundle.contents:
            errors.append(ConfigError(f"{defined.label(bundle, name)} has no contents", where))
        elif not bundle.is_container:
            if id(bundle) not in parts:
                fix = "add 'output: js/app.js', or name it in the contents of a bundle that has one"
                errors.append(ConfigError(f"{defined.label(bundle, name)} has no output", where, fix))
        else:
            for child in bundle.contents:
                collect(names.get(id(child), name), child, (*containers, bundle))

    for name, bundle in defined.bundles.items():
        collect(name, bundle, ())
    leaves = []
    for ways in found.values():
        with_filters = [leaf for passing, leaf in ways.items() if passing] or list(ways.values())
        leaves.append(with_filters[0])
        if len(with_filters) > 1:
            holders = " and ".join(f"'{names.get(id(leaf.containers[0]), '?')}'" for leaf in with_filters[:2])
            what = f"bundle '{with_filters[0].name}' is to be built with the filters of {holders}, to one output"
            errors.append(OutputConflict(what, defined.tables.place(with_filters[0].name), "keep it in one of them"))
    return leaves, errors


def _contains_itself(bundle: Any) -> bool:
    """By a walk of its own, not recursion."""
    pending, seen = list(_nested(bundle)), set()
    while pending:
        inner = pending.pop()
        if inner is bundle:
            return True
        if id(inner) not in seen:
            seen.add(id(inner))
            pending += _nested(inner)
    return False


def _nested(bundle: Any) -> Iterator[Any]:
    return (item for item in bundle.contents if isinstance(item, webassets.Bundle))


def _parts(bundle: Any) -> Iterator[Any]:
    for inner in _nested(bundle):
        yield inner
        yield from _parts(inner)
