"""Bundles as text, webassets' YAML or our TOML tables -> checked tables, each key with its place in the file.

webassets passes over what it does not know and fails late on the rest; here every key is checked before it sees any.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assetbuild.checker import type_name
from assetbuild.errors import AssetBuildError, ConfigError, Place, did_you_mean, raise_all

if TYPE_CHECKING:
    import yaml

BUNDLE_KEYS = ("contents", "output", "filters", "depends", "config", "extra", "debug")
# What webassets' YAMLLoader.load_environment reads beside `bundles`.
SETTINGS = (
    "directory",
    "url",
    "load_path",
    "config",
    "filters",
    "debug",
    "cache",
    "cache_file_mode",
    "versions",
    "url_expire",
    "auto_build",
    "manifest",
    "updater",
    "expire",
)
_MAX_REPEATED = 100_000  # nodes of YAML that aliases add to those that are written
Key = tuple[str | int, ...]  # the way from the file's top to a key: ("app", "contents", 0, "filters")


@dataclass(frozen=True, slots=True)
class Tables:
    """What a file says. `settings` are those of a webassets environment; `places` knows where keys stand."""

    label: str
    bundles: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[Key, Place] = field(default_factory=dict)
    top: Key = ()

    def place(self, *key: str | int) -> Place:
        """Where the nearest known part of `key` stands, below the table of bundles."""
        way = self.top + key
        while way and way not in self.places:
            way = way[:-1]
        return self.places.get(way) or Place(self.label)


def from_toml(tables: Mapping[str, Mapping[str, Any]], label: str) -> Tables:
    """A bundle whose name has an extension is its own output: [bundles."js/app.js"]."""
    bundles = {name: {**_default_output(name), **table} for name, table in tables.items()}
    return Tables(label, bundles)


def _default_output(name: str) -> dict[str, Any]:
    return {"output": name} if "." in name.rpartition("/")[2] else {}


def from_yaml(file: Path, label: str) -> Tables:
    """Bundles alone, or an environment with a key `bundles`: webassets' two formats. Raises ConfigError."""
    import yaml

    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"is not UTF-8: {error.reason}", where=label) from error
    except OSError as error:
        raise ConfigError(f"cannot be read: {(error.strerror or str(error)).lower()}", where=label) from error
    lines = text.splitlines()
    places: dict[Key, Place] = {}
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is not None:
            places = dict(_places(node, label, lines))
            _check_aliases(node, len(places), label)
        data = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = _place(mark, label, lines) if mark else Place(label)
        raise ConfigError(f"is not valid YAML: {error.problem or error.context}", where=place) from error
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, ArithmeticError) as error:
        # Its constructors stumble over tags whose value they do not expect: '!!int', '!!bool x', '!!timestamp x'.
        raise ConfigError(f"is not valid YAML: {' '.join(str(error).split())}", where=label) from error
    except RecursionError:
        raise ConfigError("nests too deeply", where=label) from None
    return _tables({} if data is None else data, label, places)


def _places(node: yaml.Node, label: str, lines: list[str]) -> Iterator[tuple[Key, Place]]:
    """Every key and list item below `node`; a key that stands twice in one mapping is an error.

    An alias is gone into once only, where its anchor stands: an alias to a node above it would never end.
    """
    import yaml

    pending: list[tuple[Key, yaml.Node]] = [((), node)]
    seen: set[int] = set()
    while pending:
        way, node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        inner: list[tuple[Key, yaml.Node]] = []
        if isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key_node, value_node in node.value:
                place, key = _place(key_node.start_mark, label, lines), str(key_node.value)
                if key in keys and key_node.tag != "tag:yaml.org,2002:merge":
                    raise ConfigError(f"'{key}' stands twice in one table", where=place, fix="remove one of them")
                keys.add(key)
                yield (*way, key), place
                inner.append(((*way, key), value_node))
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                yield (*way, index), _place(item.start_mark, label, lines)
                inner.append(((*way, index), item))
        pending += reversed(inner)


def _check_aliases(node: yaml.Node, written: int, label: str) -> None:
    """A few lines of aliases to aliases can stand for more than any memory holds."""
    import yaml

    sizes: dict[int, int] = {}  # of each node with all below it, every alias counted as what it stands for

    def size(node: yaml.Node) -> int:
        if id(node) in sizes or not isinstance(node, yaml.CollectionNode):
            return sizes.get(id(node), 1)
        sizes[id(node)] = 0  # an alias to a node above it is told elsewhere
        inner = [part for item in node.value for part in (item if isinstance(item, tuple) else (item,))]
        sizes[id(node)] = 1 + sum(map(size, inner))
        return sizes[id(node)]

    if size(node) > 3 * written + _MAX_REPEATED:  # a key, its value and what holds them
        raise ConfigError("repeats itself by aliases without end", where=label, fix="write less with '*' and '<<'")


def _place(mark: Any, label: str, lines: list[str]) -> Place:
    text = lines[mark.line] if mark.line < len(lines) else ""
    return Place(label, mark.line + 1, mark.column + 1, text)


def _tables(data: object, label: str, places: Mapping[Key, Place]) -> Tables:
    if not isinstance(data, dict):
        raise ConfigError(
            f"is to be a mapping of names to bundles, not {_kind(data)}",
            where=label,
            fix="write 'app:' and below it, indented, 'output: js/app.js' and 'contents:' with a list of paths",
        )
    inner = data.get("bundles")
    if "bundles" not in data or (isinstance(inner, dict) and "contents" in inner):
        return Tables(label, {str(name): table for name, table in data.items()}, {}, places)
    if not isinstance(inner, dict) and inner is not None:
        raise ConfigError(
            f"'bundles' is to be a mapping of names to bundles, not {_kind(inner)}", where=places.get(("bundles",))
        )
    settings = {key: value for key, value in data.items() if key != "bundles"}
    return Tables(label, {str(name): table for name, table in (inner or {}).items()}, settings, places, ("bundles",))


def check(tables: Tables, is_filter: Callable[[str], bool], filters: Callable[[], Collection[str]]) -> Tables:
    """The same tables without keys that say nothing. Raises ConfigError, or BuildFailed with all complaints.

    `filters` gives the names of all known filters, asked for only when a hint is needed.
    """
    checker = _Checker(tables, is_filter, filters)
    for key in tables.settings:
        if key not in SETTINGS:
            where = tables.places.get((key,))
            checker.wrong(f"unknown key '{key}'{_hint(str(key), (*SETTINGS, 'bundles'))}", where or Place(tables.label))
    bundles = {name: {} if table is None else table for name, table in tables.bundles.items()}
    for name, table in bundles.items():
        checker.bundle(table, (name,), f"bundle '{name}'", ())
    raise_all(checker.errors)
    kept = {name: _without_nothing(table) for name, table in bundles.items()}
    return Tables(tables.label, kept, tables.settings, tables.places, tables.top)


def _without_nothing(table: dict[str, Any]) -> dict[str, Any]:
    """`table` without keys whose value is missing: webassets takes `contents:` alone for a list and fails."""
    kept = {key: value for key, value in table.items() if value is not None}
    if isinstance(kept.get("contents"), list):
        kept["contents"] = [_without_nothing(item) if isinstance(item, dict) else item for item in kept["contents"]]
    return kept


class _Checker:
    def __init__(
        self, tables: Tables, is_filter: Callable[[str], bool], filters: Callable[[], Collection[str]]
    ) -> None:
        self.tables = tables
        self.is_filter = is_filter
        self.filters = filters
        self.errors: list[AssetBuildError] = []

    def wrong(self, what: str, where: Place, fix: str | None = None) -> None:
        self.errors.append(ConfigError(what, where=where, fix=fix))

    def bundle(self, table: object, way: Key, label: str, above: tuple[int, ...]) -> None:
        place = self.tables.place(*way)
        if not isinstance(table, dict):
            fix = "write its paths under 'contents:'" if isinstance(table, (list, str)) else None
            self.wrong(f"{label} is to be a table, not {_kind(table)}", place, fix)
            return
        if id(table) in above:
            self.wrong(f"{label} contains itself", place)
            return
        for key, value in table.items():
            where = self.tables.place(*way, key)
            if key not in BUNDLE_KEYS:
                self.wrong(f"{label} has an unknown key '{key}'{_hint(str(key), BUNDLE_KEYS)}", where)
            elif value is not None:
                self._value(key, value, where, way, label, (*above, id(table)))

    def _value(self, key: str, value: Any, where: Place, way: Key, label: str, above: tuple[int, ...]) -> None:
        if key == "contents":
            self._contents(value, where, way, label, above)
        elif key == "depends" and not _is_names(value):
            self.wrong(f"'depends' of {label} is to be a path or a list of paths", where)
        elif key == "output" and not isinstance(value, str):
            self.wrong(f"'output' of {label} is to be a path, not {_kind(value)}", where)
        elif key in ("config", "extra") and not isinstance(value, dict):
            self.wrong(f"'{key}' of {label} is to be a table, not {_kind(value)}", where)
        elif key == "filters":
            self._filters(value, where, way, label)

    def _contents(self, value: Any, where: Place, way: Key, label: str, above: tuple[int, ...]) -> None:
        if isinstance(value, dict):
            self.wrong(f"'contents' of {label} is to be a path or a list, not a table", where, "put '- ' before it")
            return
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            if isinstance(item, dict):
                inner = label if label.startswith("a bundle inside") else f"a bundle inside {label}"
                self.bundle(item, (*way, "contents", index), inner, above)
            elif not isinstance(item, str) or not item.strip():
                place = self.tables.place(*way, "contents", index) if isinstance(value, list) else where
                self.wrong(
                    f"'contents' of {label} holds {_kind(item)}; it is a list of paths, globs and bundles", place
                )

    def _filters(self, value: Any, where: Place, way: Key, label: str) -> None:
        if not _is_names(value):
            self.wrong(f"'filters' of {label} is to be a list of names such as 'jsmin'", where)
            return
        names = value.split(",") if isinstance(value, str) else value
        for index, name in enumerate(names):
            name = name.strip()
            if self.is_filter(name):
                continue
            place = where if isinstance(value, str) else self.tables.place(*way, "filters", index)
            near = did_you_mean(name, self.filters())
            hint = f"; did you mean '{near}'?" if near else ""
            self.wrong(f"{label} names filter '{name}', which webassets does not have{hint}", place)


def _is_names(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _hint(name: str, known: Collection[str]) -> str:
    near = did_you_mean(name, known)
    return f"; did you mean '{near}'?" if near else f"; known are: {', '.join(known)}"


def _kind(value: object) -> str:
    return "nothing" if value is None or value == "" else type_name(value)
