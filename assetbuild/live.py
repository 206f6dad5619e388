"""Live reload: pages that a developer has open hear what has been built, as server-sent events.

One daemon thread serves `GET /events?token=...&release=...` and no file at all: pages and assets come from the
application. HTTP is read and written by h11, which is strict and does no input or output of its own.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import os
import secrets
import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from assetbuild.errors import AssetBuildError
from assetbuild.live_gate import Gate
from assetbuild.live_news import News

if TYPE_CHECKING:
    from assetbuild.live_server import Server

_TRIES = 20  # ports tried until one is free on every address
_NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_OTHER_HOST, _OTHER_PORT = "choose another with --host", "choose another with --port"


class Live:
    """Listens from the start until it is closed; `hosts` are the addresses, all with the one `port`. With `later` it
    answers from `start` on, and has no thread before, so that the process may fork.

    `origins` may listen beside pages on loopback. `release` is what has been built last. Raises AssetBuildError where
    an address or the port cannot be had, and where an origin is none; an IPv6 that the machine lacks is left out.
    """

    def __init__(
        self,
        *,
        hosts: Sequence[str] = ("127.0.0.1", "::1"),
        port: int = 0,
        origins: Sequence[str] = (),
        release: str = "",
        later: bool = False,
    ) -> None:
        self.token = secrets.token_urlsafe(32)
        gate = Gate(hosts, origins, self.token)
        sockets = _listen(hosts, port)
        self.port: int = sockets[0].getsockname()[1]
        self.hosts: tuple[str, ...] = tuple(one.getsockname()[0] for one in sockets)
        self._sockets, self._gate = sockets, gate
        self._server: Server | None = None
        self._closed = threading.Event()
        if not later:
            self.start(release)

    def __enter__(self) -> Live:
        return self

    def start(self, release: str = "") -> Live:
        """Answer from now on."""
        from assetbuild.live_server import Server

        self._server = Server(self._sockets, self._gate, News(release))
        self._thread = threading.Thread(target=self._server.run, name="assetbuild live", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def send(self, message: Mapping[str, Any]) -> None:
        """Tell every page, from any thread, without waiting for any of them. Nothing happens before `start` and after
        `close`."""
        if self._server and not self._closed.is_set():
            # As it is now, whatever the caller does to it next.
            copy = json.loads(json.dumps(message))
            with suppress(RuntimeError):  # closed in between
                self._server.loop.call_soon_threadsafe(self._server.publish, copy)

    def close(self) -> None:
        """End every stream and give the port back."""
        self._closed.set()
        if self._server is None:
            for one in self._sockets:
                one.close()
            return
        with suppress(RuntimeError):  # it has ended before
            self._server.loop.call_soon_threadsafe(self._server.stop.set)
        self._thread.join()


def _listen(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """One socket for each address; port 0 is any that is free on all of them."""
    if not 0 <= port <= 65535:
        raise AssetBuildError(f"'{port}' is not a port", fix=_OTHER_PORT)
    addresses = list(dict.fromkeys(address for host in hosts for address in _addresses(host)))
    for left in reversed(range(_TRIES)):
        try:
            return _bind(addresses, port)
        except _Refused as refused:
            taken = refused.error.errno == errno.EADDRINUSE
            if port or not taken or not left:
                reason = os.strerror(refused.error.errno or 0).lower()
                what = f"cannot listen on port {port} of '{refused.address}': {reason}"
                fix = _OTHER_HOST if refused.error.errno in _NO_SUCH_ADDRESS else _OTHER_PORT
                raise AssetBuildError(what, fix=fix) from refused.error
    raise AssertionError("the last try returns or raises")


class _Refused(Exception):
    def __init__(self, address: str, error: OSError) -> None:
        super().__init__(address, error)
        self.address, self.error = address, error


def _addresses(host: str) -> list[str]:
    """The numeric addresses of a name or an address, with or without brackets."""
    try:
        found = socket.getaddrinfo(host.strip("[]") or "?", 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AssetBuildError(f"'{host}' is not an address of this machine", fix=_OTHER_HOST) from error
    return [str(address[0]) for *_, address in found]


def _bind(addresses: Sequence[str], port: int) -> list[socket.socket]:
    """Raises _Refused where one cannot be had, but for a loopback address of IPv6 beside others."""
    bound: list[socket.socket] = []
    missing: _Refused | None = None
    try:
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            try:
                # It sets SO_REUSEADDR where that means what we want: at once again after an end, never beside another.
                one = socket.create_server((address, port), family=family, backlog=128)
            except OSError as error:
                missing = _Refused(address, error)
                if error.errno not in _NO_SUCH_ADDRESS or not _is_loopback6(address):
                    raise missing from error
                continue
            bound.append(one)
            port = port or one.getsockname()[1]
        if not bound and missing:
            raise missing
    except BaseException:
        for one in bound:
            one.close()
        raise
    return bound


def _is_loopback6(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    return found.version == 6 and found.is_loopback
