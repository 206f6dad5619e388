"""Sites for a browser: directories, or a WSGI application, on a free port of 127.0.0.1, in a thread of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass
class Server:
    """`url` has no slash at its end. `requests` are the paths asked for, with the status of each answer."""

    url: str
    requests: list[tuple[str, int]] = field(default_factory=list)


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def serve(application: Application) -> Iterator[Server]:
    """The server runs while the block does."""
    server = Server("")

    def recorded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            server.requests.append((environ["REQUEST_URI"], int(status[:3])))
            return start_response(status, headers, *rest)

        return application(environ, start)

    running = make_server("127.0.0.1", 0, recorded, threaded=True, request_handler=_Quiet)
    server.url = f"http://127.0.0.1:{running.server_port}"
    thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def static(
    directories: Iterable[tuple[str, Path]],
    pages: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    otherwise: Application | None = None,
) -> Application:
    """Files below `directories`, (URL prefix, directory) of which the first that has a file wins, as they lie there.

    `pages` are HTML by path, and have `headers`; what is neither goes to `otherwise`, else it is a 404.
    """

    def rest(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if pages and path in pages:
            return Response(pages[path], mimetype="text/html", headers=headers)(environ, start_response)
        if path == "/favicon.ico":
            return Response(status=204)(environ, start_response)
        if otherwise:
            return otherwise(environ, start_response)
        return Response("no such file", status=404)(environ, start_response)

    exports = [(prefix, str(directory)) for prefix, directory in directories]
    return SharedDataMiddleware(rest, exports, cache=False)
