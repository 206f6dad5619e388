"""Two releases -> what changed from one to the other, and for every asset why: as their records say.

Names follow bytes, and bytes follow sources, the names that they hold, tools and options. All of these are in
release.json, so nothing else is read. A change that none of them explains is told as that: it should not be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from assetbuild.errors import ReleaseError
from assetbuild.named import NamedTuple
from assetbuild.records import RECORD
from assetbuild.release import read_record

UNEXPLAINED = "its bytes are others, though neither its sources, nor what it names, nor a tool or an option changed"
_SHOWN = 3  # sources or references that a reason names


class Change(NamedTuple):
    """One asset. `before` and `after` are its files; None: it was, or is, not there."""

    asset: str
    before: str | None
    after: str | None
    reasons: tuple[str, ...]


class Comparison(NamedTuple):
    """`before` and `after` are the ids, `same` is how many assets did not change; `general` is what changed of the
    build itself, whatever came of it: versions and options."""

    before: str
    after: str
    changes: tuple[Change, ...]
    general: tuple[str, ...]
    same: int


def compare(before_dir: Path, after_dir: Path) -> Comparison:
    """Raises ReleaseError where a record cannot be read."""
    before, after = _read(before_dir), _read(after_dir)
    then, now = _assets(before), _assets(after)
    general = (*_versions(before, after), *_options(before, after))
    changes, same = [], 0
    for path in sorted(then.keys() | now.keys()):
        if path in then and path in now and _is_same(then[path], now[path]):
            same += 1
            continue
        names = [each[path].name if path in each else None for each in (then, now)]
        changes.append(Change(path, names[0], names[1], tuple(_reasons(path, then, now, general))))
    return Comparison(before["release"], after["release"], tuple(changes), general, same)


class _Asset(NamedTuple):
    """`name` is its fingerprinted file, `entry` what release.json says of that. `is_stable`: under its own name too."""

    name: str
    entry: Mapping[str, Any]
    is_stable: bool


def _read(directory: Path) -> Mapping[str, Any]:
    record = read_record(directory)
    if record is None:
        what = f"the release has no {RECORD} that can be read"
        raise ReleaseError(what, where=str(directory), fix="build it again")
    return record


def _assets(record: Mapping[str, Any]) -> dict[str, _Asset]:
    files: Mapping[str, Mapping[str, Any]] = record["files"]
    stable = {entry["asset"] for entry in files.values() if entry["stable"]}
    fingerprinted = {name: entry for name, entry in files.items() if not entry["stable"]}
    return {entry["asset"]: _Asset(name, entry, entry["asset"] in stable) for name, entry in fingerprinted.items()}


def _is_same(then: _Asset, now: _Asset) -> bool:
    return (then.name, then.entry["sha256"], then.is_stable) == (now.name, now.entry["sha256"], now.is_stable)


def _reasons(
    path: str, then: Mapping[str, _Asset], now: Mapping[str, _Asset], general: tuple[str, ...]
) -> Iterator[str]:
    if path not in then or path not in now:
        yield "it is new" if path in now else "it is gone"
        return
    if then[path].is_stable != now[path].is_stable:
        yield "it has a stable name as well" if now[path].is_stable else "it has no stable name any more"
    if (then[path].name, then[path].entry["sha256"]) == (now[path].name, now[path].entry["sha256"]):
        return
    found = [
        *_sources(then[path].entry, now[path].entry),
        *_tools(then[path].entry, now[path].entry),
        *_references(path, then, now),
    ]
    if found:
        yield from found
    elif general:
        yield f"of the build itself: {'; '.join(general)}"
    else:
        yield UNEXPLAINED


def _sources(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    before, after = (dict(zip(one["sources"], one.get("source_digests", ()), strict=False)) for one in (then, now))
    if changed := [path for path in after if path in before and after[path] != before[path]]:
        own = changed == [now["asset"]]
        yield "its own bytes have changed" if own else f"{_listed(changed)}, which it is made of, changed"
    if new := [path for path in after if path not in before]:
        yield f"it is made of {_listed(new)} as well"
    if gone := [path for path in before if path not in after]:
        yield f"it is no longer made of {_listed(gone)}"
    if not new and not gone and [*before] != [*after]:
        yield "its sources come in another order"


def _tools(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    before, after = (" + ".join(one["tools"]) or "nothing" for one in (then, now))
    if before != after:
        yield f"made by {after}, not by {before}"


def _references(path: str, then: Mapping[str, _Asset], now: Mapping[str, _Asset]) -> Iterator[str]:
    before, after = {*then[path].entry["references"]}, {*now[path].entry["references"]}
    both = sorted(before & after - {path})
    if renamed := [one for one in both if one in then and one in now and then[one].name != now[one].name]:
        yield f"{_listed(renamed)}, which it names, {'is' if len(renamed) == 1 else 'are'} called otherwise"
    if new := sorted(after - before):
        yield f"it names {_listed(new)} now"
    if gone := sorted(before - after):
        yield f"it no longer names {_listed(gone)}"


def _versions(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if then.get("assetbuild") != now.get("assetbuild"):
        yield f"assetbuild {now.get('assetbuild')}, not {then.get('assetbuild')}"
    before, after = then.get("encoders", {}), now.get("encoders", {})
    for encoding in sorted(before.keys() & after.keys()):
        if before[encoding] != after[encoding]:
            yield f"the encoder of {encoding} is version {after[encoding]}, not {before[encoding]}"
    before, after = then["compress"], now["compress"]
    for encoding in sorted(before.keys() | after.keys()):
        if before.get(encoding) != after.get(encoding):
            yield f"the level of {encoding} is {after.get(encoding, 'none')}, not {before.get(encoding, 'none')}"


def _options(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    before, after = then.get("options", {}), now.get("options", {})
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield f"the option '{name}' is {_value(after.get(name))}, not {_value(before.get(name))}"


def _value(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)


def _listed(paths: Iterable[str]) -> str:
    named = [f"'{path}'" for path in paths]
    shown = named if len(named) <= _SHOWN else [*named[: _SHOWN - 1], f"{len(named) - _SHOWN + 1} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
