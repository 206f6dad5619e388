"""manifest.json to URLs: one read when the process starts, then every answer is one dict look-up.

The reader owns the format, so the build imports this module to write it. Standard library only, and only what a web
process has loaded anyway. After `Manifest.load` nothing touches the file system or takes a lock, and no answer changes.
"""

from __future__ import annotations

import os

from assetbuild.runtime.format import (
    FORMAT_VERSION,
    ManifestError,
    canonical,
    check,
    check_head,
    checked_base_url,
    parse,
    plain_url,
    quote,
    split_suffix,
)
from assetbuild.runtime.lines import Lines, checksum, split
from assetbuild.runtime.missing import MissingAsset

TYPE_CHECKING = False  # typing's own constant, without importing typing
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Literal, NoReturn

    Modules = Literal["rewritten", "importmap"]
    OnMissing = Literal["error", "plain"]

__all__ = ["FORMAT_VERSION", "MAX_BYTES", "Entry", "Manifest", "ManifestError", "MissingAsset", "canonical", "checksum"]

MAX_BYTES = 64 * 1024 * 1024  # 300,000 assets; what is larger is not a manifest
_MAX_LOGGED = 1000  # names remembered as logged, so that a crawler cannot fill the memory


class Frozen:
    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set: it never changes")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted: it never changes")

    def _fill(self, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __setstate__(self, state: tuple[None, dict[str, object]]) -> None:
        self._fill(state[1])  # copy and pickle would set the attributes


class Entry(Frozen):
    """One asset. `size`: bytes, not encoded; `imports`, `dynamic`: logical paths in source order.

    `integrity` is None but for scripts and style sheets, all that browsers check. Where no manifest is read
    (`PlainUrls`), `size` is None too.
    """

    __slots__ = ("dynamic", "file", "imports", "integrity", "size", "stable")
    file: str
    integrity: str | None
    size: int | None
    stable: bool
    imports: tuple[str, ...]
    dynamic: tuple[str, ...]

    def __init__(
        self,
        file: str,
        integrity: str | None = None,
        size: int | None = None,
        stable: bool = False,
        imports: tuple[str, ...] = (),
        dynamic: tuple[str, ...] = (),
    ) -> None:
        self._fill(
            {"file": file, "integrity": integrity, "size": size}
            | {"stable": stable, "imports": tuple(imports), "dynamic": tuple(dynamic)}
        )

    def _values(self) -> tuple[object, ...]:
        return (self.file, self.integrity, self.size, self.stable, self.imports, self.dynamic)

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if isinstance(other, Entry) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        names = ("file", "integrity", "size", "stable", "imports", "dynamic")
        return f"Entry({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"


class Manifest(Frozen):
    """The assets of one release by logical path. Iterates over the logical paths.

    `base_url` is what stands before every file name; `file` is where it was loaded from, None if from bytes; `modules`
    is "importmap" where scripts kept their specifiers, so that pages need an import map, else "rewritten".
    """

    __slots__ = (
        *("_assets", "_logged", "_marked", "_urls"),
        *("base_url", "file", "modules", "on_missing", "release", "url_prefix"),
    )
    base_url: str
    file: str | None
    modules: Modules
    on_missing: OnMissing
    release: str
    url_prefix: str
    _assets: dict[str, dict[str, Any]] | Lines
    _logged: set[str]
    _marked: bool  # a logical path may hold '?' or '#'
    _urls: dict[str, str]  # of the assets asked for so far

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        base_url: str | None = None,
        on_missing: OnMissing = "error",
    ) -> Manifest:
        """Read the file `path`, else the one that ASSETBUILD_MANIFEST names. Raises ManifestError.

        The base URL is the argument, else ASSETBUILD_BASE_URL, else what the manifest holds. With
        `on_missing="plain"` an unknown name gives its plain URL and is logged once, instead of MissingAsset.
        """
        file = os.fspath(path) if path else os.environ.get("ASSETBUILD_MANIFEST", "")
        if not file:
            raise ManifestError(
                "no manifest is named",
                fix="run 'assetbuild build' and set ASSETBUILD_MANIFEST to the path of the release's manifest.json"
                " (while developing, ASSETBUILD_MODE=development needs none)",
            )
        base_url = base_url or base_url_of_environment()
        return cls.from_bytes(_read(file), base_url=base_url, on_missing=on_missing, file=file)

    @classmethod
    def from_bytes(
        cls,
        content: bytes,
        *,
        base_url: str | None = None,
        on_missing: OnMissing = "error",
        file: str | None = None,
    ) -> Manifest:
        """The manifest whose file content is given; no environment, no file system. Raises ManifestError."""
        if on_missing not in ("error", "plain"):
            raise ManifestError(f"on_missing cannot be {on_missing!r}", fix="write 'error' or 'plain'")
        if on_missing == "plain":
            import logging  # noqa: F401  # loaded now, so that no request has to

        try:
            data = split(content)
            if data is not None:
                check_head(data)
            else:
                data = parse(content)
                check(data)
        except ManifestError as error:
            raise ManifestError(error.what, file, error.fix) from error.__cause__
        manifest = object.__new__(cls)
        prefix = checked_base_url(data["url_prefix"], "url_prefix", file)
        manifest._fill({"file": file, "on_missing": on_missing, "release": data["release"], "url_prefix": prefix})
        manifest._fill({"modules": data.get("modules", "rewritten")})
        marked = any(mark in content for mark in (b"?", b"#", b"\\"))
        manifest._fill({"_assets": data["assets"], "_logged": set(), "_marked": marked, "_urls": {}})
        manifest._fill({"base_url": checked_base_url(base_url or prefix)})
        return manifest

    def with_base_url(self, url: str | None) -> Manifest:
        """The same release under another base URL; None or "" keeps this one's."""
        if not url or checked_base_url(url) == self.base_url:
            return self
        other = object.__new__(type(self))
        other._fill({name: getattr(self, name) for name in Manifest.__slots__})
        other._fill({"_logged": set(), "_urls": {}, "base_url": checked_base_url(url)})
        return other

    def url(self, path: str) -> str:
        """The URL of the asset; a query or fragment after its logical path is kept: `icons.svg#home`."""
        try:
            return self._urls[path]
        except (KeyError, TypeError):
            return self._rare_url(path)

    def _rare_url(self, path: str) -> str:
        if not isinstance(path, str):
            raise MissingAsset(path, self) from None
        name, suffix = self.split(path)
        try:
            return (self._urls.get(name) or self._first_url(name)) + suffix
        except KeyError:
            if self.on_missing == "error":
                raise MissingAsset(path, self) from None
        self._log_missing(path)
        return plain_url(self.base_url, path)

    def _first_url(self, name: str) -> str:
        return self._urls.setdefault(name, self.base_url + quote(self._assets[name]["file"]))

    def _log_missing(self, path: str) -> None:
        if path not in self._logged and len(self._logged) < _MAX_LOGGED:
            import logging

            self._logged.add(path)
            text = "%r is not in the manifest of release %r: its plain URL was given"
            logging.getLogger("assetbuild.runtime").warning(text, path, self.release)

    def split(self, path: str) -> tuple[str, str]:
        """Logical path, and query with fragment; a logical path may hold either itself."""
        return (path, "") if self._marked and path in self._assets else split_suffix(path)

    def entry(self, path: str) -> Entry:
        """What the manifest says of one asset. Raises MissingAsset, whatever `on_missing` is."""
        try:
            raw = self._assets[path]
        except (KeyError, TypeError):
            raise MissingAsset(path, self) from None
        imports, dynamic = tuple(raw.get("imports", ())), tuple(raw.get("dynamic", ()))
        return Entry(raw["file"], raw.get("integrity"), raw["size"], raw.get("stable", False), imports, dynamic)

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and path in self._assets

    def __iter__(self) -> Iterator[str]:
        return iter(self._assets)

    def __len__(self) -> int:
        return len(self._assets)

    def __repr__(self) -> str:
        return f"<Manifest of release {self.release!r}, {len(self)} assets under {self.base_url!r}>"


def base_url_of_environment() -> str | None:
    """ASSETBUILD_BASE_URL, as it is written. Raises ManifestError, which names the variable."""
    url = os.environ.get("ASSETBUILD_BASE_URL")
    if url:
        checked_base_url(url, where="ASSETBUILD_BASE_URL")
    return url or None


def _read(file: str) -> bytes:
    fix = "run 'assetbuild build', or correct the path (argument, setting or ASSETBUILD_MANIFEST)"
    try:
        with open(file, "rb") as stream:  # pathlib costs a process's start what json does
            content = stream.read(MAX_BYTES + 1)
    except IsADirectoryError as error:
        fix = "name the file 'manifest.json' in it"
        raise ManifestError("the manifest cannot be read: it is a directory", file, fix) from error
    except OSError as error:
        raise ManifestError(f"the manifest cannot be read: {error.strerror or error}", file, fix) from error
    except ValueError as error:  # a NUL in the path
        raise ManifestError(f"the manifest cannot be read: {error}", repr(file), fix) from error
    if len(content) > MAX_BYTES:
        raise ManifestError(f"the manifest is larger than {MAX_BYTES} bytes", file, fix)
    return content
