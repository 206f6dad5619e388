"""A release -> a preview of it over HTTP, as a web server would send its files. For developers, not for the public.

What is asked for is looked up among the names of the manifest: no file is opened by a path that a request has made.
ServeStatic knows encodings, ranges and conditions, Waitress HTTP.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Callable, Iterable
from typing import Any

from assetbuild.compress import SUFFIXES
from assetbuild.errors import AssetBuildError
from assetbuild.recipes.site import IMMUTABLE, SHORT, Site
from assetbuild.recipes.types import media_type

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
_HOST = re.compile(r"(?:\[([^\]]+)\]|([^:\[\]]+))(?::\d*)?")  # [address of IPv6] or name, and port
_ENCODINGS = {"br": SUFFIXES["br"], "gzip": SUFFIXES["gz"], "zstd": SUFFIXES["zst"]}


def serve(site: Site, host: str, port: int, started: Callable[[str], None]) -> None:
    """Serve until it is interrupted. `started` is called with the URL of the files once requests are answered.

    Port 0 is any free one. Raises AssetBuildError where the address cannot be had.
    """
    from waitress import create_server

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that a request had to wait is no news here
    try:
        # Named none, it says of itself nothing but what we do.
        server = create_server(application(site, host), host=host, port=port, ident=None, threads=8)
    except (OSError, ValueError) as error:
        what = f"cannot listen on port {port} of '{host}': {_reason(error)}"
        raise AssetBuildError(what, fix="choose another with --port or --host") from error
    try:
        started(_url(server, site))
        server.run()
    except KeyboardInterrupt:  # before it ran; it takes a later one as its end
        pass
    finally:
        server.close()


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _url(server: Any, site: Site) -> str:
    listening = getattr(server, "effective_listen", None)  # where a name has several addresses
    host, port = listening[0] if listening else (server.effective_host, server.effective_port)
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{port}{site.url('')}"


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine reach what listens on it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def application(site: Site, host: str) -> Application:
    """The WSGI application. `host` is a name by which it may be asked, beside addresses and localhost."""
    from servestatic.wsgi import FileServerWSGI

    index = {site.prefix + name: name for name in site.names}

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not _is_ours(environ.get("HTTP_HOST", ""), host):
            return _refuse(start_response, "403 Forbidden", "this host is not served here; ask by address or localhost")
        # WSGI hands on bytes as Latin-1; the manifest has those that are not UTF-8 as Python's file names do.
        name = index.get(environ["PATH_INFO"].encode("latin-1").decode("utf-8", "surrogateescape"))
        found = None if name is None else _file(site, name)
        if found is None:
            return _refuse(start_response, "404 Not Found", f"release {site.release} has no such file")
        answered: Iterable[bytes] = FileServerWSGI(found)(environ, start_response)
        return answered

    return answer


def _file(site: Site, name: str) -> Any:
    """ServeStatic's idea of the file; None where it has gone."""
    from servestatic.responders import MissingFileError, StaticFile

    headers = {"Content-Type": media_type(name), "Cache-Control": SHORT if site.names[name] else IMMUTABLE}
    headers |= site.headers if site.cors else {**site.headers, "Cross-Origin-Resource-Policy": "same-site"}
    file = f"{site.root}/{name}"
    # What is an asset of its own is no variant of another.
    variants = {one: file + suffix for one, suffix in _ENCODINGS.items() if name + suffix not in site.names}
    try:
        return StaticFile(file, list(headers.items()), variants)
    except (MissingFileError, OSError):
        return None


def _refuse(start_response: Any, status: str, text: str) -> Iterable[bytes]:
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
    start_response(status, [*headers, ("X-Content-Type-Options", "nosniff")])
    return [f"{text}\n".encode()]


def _is_ours(asked: str, host: str) -> bool:
    """Whether a page that asks by this name can be trusted to be one of ours: DNS answers for names, not for addresses.

    A page of any site can let its own name mean 127.0.0.1, and would be given the files as if they were its own.
    """
    found = _HOST.fullmatch(asked)
    if not found:
        return False
    name = (found[1] or found[2]).lower().removesuffix(".")
    if name in ("localhost", host.lower()) or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
