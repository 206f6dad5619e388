"""The text of manifest.json: written in one way only, and checked in full before any of it is used.

What passes here is safe behind a base URL and in HTML. Standard library only, like all of the runtime.
"""

from __future__ import annotations

import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

FORMAT_VERSION = 1
_REBUILD = "run 'assetbuild build' to make the release again"

# Unreserved characters of RFC 3986 and `/`, as in the URLs that a build writes into assets: one spelling everywhere,
# since caches, preloads and module identity go by spelling. None of them means anything in HTML.
_SAFE = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SAFE_BYTES = _SAFE.encode()
_is_integrity = re.compile(r"[A-Za-z0-9+/= -]*").fullmatch  # nothing that ends an attribute or a header
_ESCAPES = tuple(chr(byte) if chr(byte) in _SAFE else f"%{byte:02X}" for byte in range(256))


class ManifestError(ValueError):
    """The manifest, or what names it, cannot be used. `where` is the file or the variable at fault."""

    def __init__(self, what: str, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what, where, fix)
        self.what, self.where, self.fix = what, where, fix

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}" + (f"\n  fix: {self.fix}" if self.fix else "")


def canonical(data: Mapping[str, Any]) -> bytes:
    """`data` as the one JSON text that it has: sorted keys, no spaces, UTF-8, a newline at the end.

    A byte of a file name that is not UTF-8, a lone surrogate in Python, is written as its JSON escape.
    Raises ManifestError for a key that is not text and for NaN or infinity.
    """
    _check_keys(data)
    try:
        text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise ManifestError(f"the manifest cannot be written: {error}") from error
    # 'backslashreplace' touches nothing but lone surrogates here, and its spelling '\udc80' is JSON's own.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def parse(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except ManifestError:
        raise
    except UnicodeDecodeError as error:
        raise ManifestError(f"the manifest is not UTF-8: byte {error.start}", fix=_REBUILD) from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise ManifestError(f"the manifest is not JSON: {place}", fix=_REBUILD) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; a nest of brackets
        raise ManifestError(f"the manifest is not JSON: {error}", fix=_REBUILD) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ManifestError(f"the manifest holds the key {twice!r} twice", fix=_REBUILD)
    return found


def _no_constant(name: str) -> NoReturn:
    raise ManifestError(f"the manifest holds {name}, which is not JSON", fix=_REBUILD)


def check(data: Any) -> None:
    """Raises ManifestError for the first thing that is wrong."""
    check_head(data)
    if type(data.get("assets")) is not dict:
        raise ManifestError(f"'assets' is {_json_type(data.get('assets'))}, not an object", fix=_REBUILD)
    for path, raw in data["assets"].items():
        check_entry(path, raw)


def check_head(data: Any) -> None:
    """All but the assets."""
    if type(data) is not dict:
        raise ManifestError(f"the manifest is {_json_type(data)}, not an object", fix=_REBUILD)
    version = data.get("version")
    fix = "install the assetbuild that made the release, or build it again with this one"
    if type(version) is not int or version != FORMAT_VERSION:
        said = f"has format version {version!r}" if "version" in data else "has no 'version'"
        raise ManifestError(f"the manifest {said}; this assetbuild reads version {FORMAT_VERSION}", fix=fix)
    for key in ("release", "url_prefix"):
        if type(data.get(key)) is not str:
            raise ManifestError(f"'{key}' is {_json_type(data.get(key))}, not a string", fix=_REBUILD)
    if data.get("modules", "rewritten") not in ("rewritten", "importmap"):
        raise ManifestError(f"'modules' is {data['modules']!r}, not 'rewritten' or 'importmap'", fix=fix)


def check_entry(path: str, raw: Any) -> None:
    problem = _entry_problem(raw)
    if problem:
        raise ManifestError(f"asset {path!r}: {problem}", fix=_REBUILD)
    _check_file(path, raw["file"])


def _entry_problem(raw: Any) -> str | None:
    if type(raw) is not dict:
        return f"it is {_json_type(raw)}, not an object"
    file, size = raw.get("file"), raw.get("size")
    if type(file) is not str:
        return f"'file' is {_json_type(file)}, not a string"
    if type(raw.get("integrity", "")) is not str:
        return f"'integrity' is {_json_type(raw['integrity'])}, not a string"
    if not _is_integrity(raw.get("integrity", "")):
        return f"'integrity' is {raw['integrity']!r}, not a digest such as 'sha256-...'"
    if type(size) is not int or size < 0:
        return f"'size' is {size if type(size) is int else _json_type(size)}, not a number of bytes"
    if len(raw) > 2:
        if type(raw.get("stable", False)) is not bool:
            return f"'stable' is {_json_type(raw['stable'])}, not true or false"
        for key in ("imports", "dynamic"):
            names = raw.get(key, [])
            if type(names) is not list or not all(type(name) is str for name in names):
                return f"'{key}' is not a list of strings"
    return None


def _check_file(path: str, file: str) -> None:
    """Raises ManifestError where it must not be put behind a base URL or a directory."""
    try:
        quote(file)
        problem = _file_problem(file)
    except UnicodeEncodeError:
        problem = "which no file can be called"
    if problem:
        raise ManifestError(f"asset {path!r}: 'file' is {file!r}, {problem}", fix=_REBUILD)


def _file_problem(file: str) -> str | None:
    framed = f"/{file}/"
    if "//" in framed or "/./" in framed or "/../" in framed:
        return "which is not a plain relative path"
    if "\\" in file or (not file.isprintable() and any(char < " " or char == "\x7f" for char in file)):
        return "which holds a backslash or a control character"
    if ":" in file and _is_scheme(file.partition(":")[0]):
        return "which starts with a scheme"
    return None


def quote(name: str) -> str:
    """Percent-encode a file name once, for use in a path. Raises UnicodeEncodeError for what no file name can hold."""
    content = name.encode("utf-8", "surrogateescape")
    if not content.translate(None, _SAFE_BYTES):
        return name
    return "".join([_ESCAPES[byte] for byte in content])


def plain_url(base_url: str, path: str) -> str:
    """The URL that an asset not in any manifest would have; query and fragment are kept."""
    name, suffix = split_suffix(path)
    try:
        quoted = quote(name)
    except UnicodeEncodeError:
        quoted = quote(name.encode("utf-8", "replace").decode())
    return base_url + quoted.lstrip("/") + suffix  # base '/' and name '/host/a.js' must not make another origin


def split_suffix(path: str) -> tuple[str, str]:
    """Path, and query with fragment: 'a.svg?v=1#icon' gives 'a.svg' and '?v=1#icon'."""
    length = min((at for at in (path.find("?"), path.find("#")) if at >= 0), default=len(path))
    return path[:length], path[length:]


def checked_base_url(url: str, name: str = "base URL", where: str | None = None) -> str:
    """`url` with a '/' at its end. Raises ManifestError where file names put after it would not make URLs."""
    bad = next((char for char in url if char <= " " or char in "\"'<>\\?#\x7f"), None)
    if bad is not None:
        raise ManifestError(f"{name} {url!r} holds {bad!r}", where, "percent-encode it, or leave it out")
    problem = _base_url_problem(url)
    if problem:
        fix = "write a path such as '/static/' or a URL such as 'https://cdn.example.com/static/'"
        raise ManifestError(f"{name} {url!r} {problem}", where, fix)
    return url if url.endswith("/") else url + "/"


def _base_url_problem(url: str) -> str | None:
    if url.startswith("/") and not url.startswith("//"):
        return None
    scheme, separator, rest = url.partition("//")
    if not separator or (scheme and not (scheme[-1] == ":" and _is_scheme(scheme[:-1]))):
        return "starts with neither '/' nor a scheme"
    if scheme.lower() not in ("", "http:", "https:"):
        return f"has the scheme {scheme[:-1]!r}; only 'http' and 'https' can be used"
    host = rest.partition("/")[0].rpartition("@")[2].partition(":")[0]  # '[' of an IPv6 address is enough
    return None if host else "names no host"


def _is_scheme(text: str) -> bool:
    return text.isascii() and text[:1].isalpha() and all(char.isalnum() or char in "+-." for char in text)


def _json_type(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "absent or null"}
    return names.get(type(value), "a number")


def _check_keys(value: object) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if type(key) is not str:
                raise ManifestError(f"the manifest cannot be written: key {key!r} is not a string")
            _check_keys(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _check_keys(inner)
