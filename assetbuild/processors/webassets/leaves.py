"""Bundles by name -> those that are assets: each with an output, as webassets builds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import webassets

from assetbuild.errors import AssetBuildError, ConfigError, OutputConflict, raise_all
from assetbuild.processors.webassets.define import Defined

_MAX_PARTS = 20_000  # of one bundle, each counted as often as it is named: names of names can stand for any number
_MAX_DEPTH = 100  # of bundles in bundles


@dataclass(frozen=True, slots=True)
class Leaf:
    """A bundle that is built, and the containers that pass their filters down to it, outermost first."""

    name: str
    bundle: Any
    containers: tuple[Any, ...]


def find_leaves(defined: Defined) -> tuple[list[Leaf], list[AssetBuildError]]:
    """Every bundle with an output, as webassets builds it: a container stands for its children."""
    errors: list[AssetBuildError] = []
    if _is_cyclic(defined.bundles.values()):
        errors += [
            ConfigError(f"bundle '{name}' contains itself", where=defined.tables.place(name))
            for name, bundle in defined.bundles.items()
            if _contains_itself(bundle)
        ]
    raise_all(errors)
    _check_sizes(defined)
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


def _is_cyclic(bundles: Iterable[Any]) -> bool:
    """Whether any bundle contains itself, in linear time; by a walk of its own, not recursion."""
    open_, done = set(), set()
    pending = [(bundle, False) for bundle in bundles]
    while pending:
        bundle, is_left = pending.pop()
        key = id(bundle)
        if is_left:
            open_.discard(key)
            done.add(key)
        elif key in open_:
            return True
        elif key not in done:
            open_.add(key)
            pending += [(bundle, True), *((inner, False) for inner in _nested(bundle))]
    return False


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


def _check_sizes(defined: Defined) -> None:
    sizes: dict[int, tuple[int, int]] = {}

    def size(bundle: Any) -> tuple[int, int]:
        """How many parts it has, and how deep they are."""
        if id(bundle) not in sizes:
            inner = [size(part) for part in _nested(bundle)]
            count = len(bundle.contents) + sum(parts for parts, _ in inner)
            sizes[id(bundle)] = count, 1 + max((depth for _, depth in inner), default=0)
        return sizes[id(bundle)]

    for name, bundle in defined.bundles.items():
        count, depth = size(bundle)
        if depth > _MAX_DEPTH:
            raise RecursionError
        if count > _MAX_PARTS:
            what = f"bundle '{name}' has {count:,} parts, by bundles that name others; it may have {_MAX_PARTS:,}"
            raise ConfigError(what, defined.tables.place(name))


def _nested(bundle: Any) -> Iterator[Any]:
    return (item for item in bundle.contents if isinstance(item, webassets.Bundle))


def _parts(bundle: Any) -> Iterator[Any]:
    for inner in _nested(bundle):
        yield inner
        yield from _parts(inner)
