"""Serve the sample site from its release: `python serve.py [flask|django|starlette] [--host HOST] [--port PORT]`.

To look at, not to deploy: the server is the standard library's, for Starlette uvicorn. `--port 0` takes any free port.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

HERE = Path(__file__).resolve().parent
NEEDS = {"flask": ["flask"], "django": ["django"], "starlette": ["starlette", "jinja2", "starsessions", "uvicorn"]}


class ThreadingServer(ThreadingMixIn, WSGIServer):
    """Browsers open connections ahead of need; one thread alone would wait on them."""

    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    """Errors are shown, requests are not."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the sample site from its release.")
    parser.add_argument("framework", nargs="?", choices=("flask", "django", "starlette"), default="flask")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=port, default=8000)
    options = parser.parse_args()
    try:
        socket.getaddrinfo(options.host, options.port)
    except (OSError, UnicodeError) as error:
        parser.error(f"argument --host: {options.host!r} is no host: {getattr(error, 'strerror', None) or error}")

    application = load_application(options.framework)
    if options.framework == "starlette":
        import uvicorn

        uvicorn.run(application, host=options.host, port=options.port, log_level="info")
        return
    try:
        server = make_server(options.host, options.port, application, ThreadingServer, QuietHandler)
    except OSError as error:
        sys.exit(f"serve.py: cannot listen on {options.host}:{options.port}: {error.strerror}; try --port 0 or --host")
    with server:
        sys.stdout.write(f"{options.framework}: http://{options.host}:{server.server_port}/ (Ctrl-C stops)\n")
        sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            sys.stdout.write("\n")


def port(text: str) -> int:
    if text.isdecimal() and int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 65535")


def load_application(framework: str) -> Any:
    manifest = Path(os.environ.get("ASSETBUILD_MANIFEST") or HERE / "dist/current/manifest.json")
    if not manifest.is_file():
        sys.exit(f"serve.py: there is no release at {manifest}; run 'assetbuild build' first")
    sys.path.insert(0, str(HERE))
    try:
        if framework == "django":
            from django_app import application

            return application
        if framework == "starlette":
            import uvicorn  # noqa: F401  # missing, it is told here
            from starlette_app import app

            return app
        from flask_app import create_app

        return create_app()
    except ModuleNotFoundError as error:
        if error.name not in NEEDS[framework]:
            raise
        sys.exit(f"serve.py: {error.name} is not installed; run 'python -m pip install {' '.join(NEEDS[framework])}'")


if __name__ == "__main__":
    main()
