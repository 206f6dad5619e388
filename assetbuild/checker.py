"""Collects every complaint about one configuration file, so that the user sees them together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from assetbuild.errors import AssetBuildError, ConfigError, did_you_mean


class Checker:
    """Each method gives a value that can be worked with, whatever it found, and remembers what was wrong."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.errors: list[AssetBuildError] = []

    def wrong(self, what: str, fix: str | None = None) -> None:
        self.errors.append(ConfigError(what, where=self.name, fix=fix))

    def keys(self, table: Mapping[str, Any], section: str, known: Iterable[str]) -> None:
        for key in table:
            if key not in known:
                near = did_you_mean(key, known)
                hint = f"; did you mean '{near}'?" if near else f"; known are: {', '.join(known)}"
                self.wrong(f"unknown key '{key}'{f' in {section}' if section else ''}{hint}")

    def table(self, table: Mapping[str, Any], key: str, known: tuple[str, ...]) -> Mapping[str, Any]:
        value = table.get(key, {})
        if not isinstance(value, dict):
            self.wrong(f"'{key}' is to be a table, not {type_name(value)}")
            return {}
        self.keys(value, f"[{key}]", known)
        return value

    def string(self, table: Mapping[str, Any], key: str, default: str, section: str = "") -> str:
        value = table.get(key, default)
        if isinstance(value, str) and (value or not default):
            return value
        wanted = "a string that is not empty" if default else "a string"
        self.wrong(f"'{key}'{section} is to be {wanted}" + ("" if value == "" else f", not {type_name(value)}"))
        return default

    def strings(self, table: Mapping[str, Any], key: str, section: str = "") -> tuple[str, ...]:
        value = table.get(key, [])
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        if isinstance(value, list):
            other = next(item for item in value if not isinstance(item, str))
            self.wrong(f"'{key}'{section} is to be a list of strings, but holds {type_name(other)}")
        else:
            self.wrong(f"'{key}'{section} is to be a list of strings, not {type_name(value)}")
        return ()


def type_name(value: object) -> str:
    names = {
        bool: "a boolean",
        str: "a string",
        int: "a number",
        float: "a number",
        dict: "a table",
        list: "a list",
    }
    return names.get(type(value), f"a {type(value).__name__}")
