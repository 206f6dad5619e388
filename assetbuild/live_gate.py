"""A request's method, target and headers -> whether its sender may listen to what is built.

Everyone on the network and every page in the browser can send one, in any shape. There is one path, compared whole:
nothing is decoded, joined or opened. Only pages that the application made know the token.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qs

from assetbuild.errors import AssetBuildError
from assetbuild.named import NamedTuple

Headers = Sequence[tuple[bytes, bytes]]

METHODS = ("GET", "HEAD")
_PATH = "/events"
# What a path of ours can look like: no empty segment, none that starts with a dot, nothing to decode.
_TARGET = re.compile(r"((?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+|/)(?:\?([!\"$-~]*))?")
_NAME = r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))"
_HOST = re.compile(_NAME + r"(?::[0-9]{1,5})?")
_ORIGIN = re.compile(r"(https?)://" + _NAME + r"(?::([0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_MOST_FIELDS = 8


class Asked(NamedTuple):
    """`release` is the one that the page was made for; `origin` is the page's, None for a program."""

    release: str
    origin: str | None


class Gate:
    """Raises AssetBuildError for what is not an origin."""

    def __init__(self, hosts: Iterable[str], origins: Iterable[str], token: str) -> None:
        self._origins = {_configured(origin) for origin in origins}
        self._hosts = {host.strip("[]").lower() for host in hosts}
        self._hosts |= {_host(match, 2) for match in map(_ORIGIN.fullmatch, self._origins) if match}
        self._token = token.encode()

    def check(self, method: str, target: str, headers: Headers) -> Asked | int:
        """What is asked for, or the status with which to refuse. Names of headers are in lower case."""
        try:
            self._check_host(_single(headers, b"host"))
            if method not in METHODS:
                raise _Refused(405)
            if int(_single(headers, b"content-length") or "0") or _single(headers, b"transfer-encoding"):
                raise _Refused(400)
            query = _query(target)
            origin = _single(headers, b"origin")
            self._check_page(origin, headers)
            self._check_token(query.get("token", []))
            return Asked(query.get("release", [""])[0], origin)
        except _Refused as refused:
            return refused.status
        except ValueError:  # of a number, or of too many fields
            return 400

    def _check_host(self, given: str | None) -> None:
        """A site can let its own name mean 127.0.0.1, and would be of one origin with what answers to that name."""
        match = _HOST.fullmatch(given or "")
        if not match:
            raise _Refused(403 if given else 400)
        host = _host(match)
        if host not in self._hosts and not _is_loopback(host):
            raise _Refused(403)

    def _check_page(self, origin: str | None, headers: Headers) -> None:
        """Only a page on loopback or of a configured origin asks us, and by script, not as a script or an image."""
        configured = origin in self._origins
        sites = ("same-origin", "none") if origin is None else ("same-origin", "same-site", "none")
        if _single(headers, b"sec-fetch-site") not in (None, *sites) and not configured:
            raise _Refused(403)
        if _single(headers, b"sec-fetch-dest") not in (None, "empty"):
            raise _Refused(403)
        match = _ORIGIN.fullmatch(origin or "")
        if origin is not None and not configured and not (match and _is_loopback(_host(match, 2))):
            raise _Refused(403)

    def _check_token(self, given: list[str]) -> None:
        if len(given) != 1 or not hmac.compare_digest(given[0].encode(), self._token):
            raise _Refused(403)


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _single(headers: Headers, name: bytes) -> str | None:
    """None where there is none; one that comes twice is nobody's to choose from."""
    found = [value for one, value in headers if one == name]
    if len(found) > 1:
        raise _Refused(400)
    return found[0].decode("latin-1") if found else None


def _query(target: str) -> dict[str, list[str]]:
    match = _TARGET.fullmatch(target)
    if not match:
        raise _Refused(400)
    if match[1] != _PATH:
        raise _Refused(404)
    return parse_qs(match[2] or "", keep_blank_values=True, max_num_fields=_MOST_FIELDS)


def _host(match: re.Match[str], group: int = 1) -> str:
    """The name or the address, without brackets and without the dot of the root."""
    return str(match[group] or match[group + 1]).lower().removesuffix(".")


def _is_loopback(host: str) -> bool:
    """Browsers ask no one what a name below localhost means."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _configured(origin: str) -> str:
    """As a browser would write it."""
    match = _ORIGIN.fullmatch(origin.lower().removesuffix("/"))
    if not match:
        raise AssetBuildError(f"'{origin}' is not an origin", fix="write it such as 'https://app.test:8443'")
    scheme, port = match[1], match[4]
    shown = match[0].removesuffix(f":{port}") if port == _DEFAULT_PORTS[scheme] else match[0]
    return str(shown)
