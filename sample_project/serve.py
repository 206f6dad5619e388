"""Serve the sample site from its release: `python serve.py [flask|django] [--host HOST] [--port PORT]`.

To look at, not to deploy: the server is the standard library's. `--port 0` takes any free port.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

HERE = Path(__file__).resolve().parent


class ThreadingServer(ThreadingMixIn, WSGIServer):
    """Browsers open connections ahead of need; one thread alone would wait on them."""

    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    """Errors are shown, requests are not."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the sample site from its release.")
    parser.add_argument("framework", nargs="?", choices=("flask", "django"), default="flask")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()

    application = load_application(options.framework)
    try:
        server = make_server(options.host, options.port, application, ThreadingServer, QuietHandler)
    except OSError as error:
        sys.exit(f"serve.py: cannot listen on {options.host}:{options.port}: {error.strerror}; try --port 0")
    with server:
        sys.stdout.write(f"{options.framework}: http://{options.host}:{server.server_port}/ (Ctrl-C stops)\n")
        sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            sys.stdout.write("\n")


def load_application(framework: str) -> Any:
    manifest = Path(os.environ.get("ASSETBUILD_MANIFEST") or HERE / "dist/current/manifest.json")
    if not manifest.is_file():
        sys.exit(f"serve.py: there is no release at {manifest}; run 'make sample' first")
    sys.path.insert(0, str(HERE))
    try:
        if framework == "django":
            from django_app import application

            return application
        from flask_app import create_app

        return create_app()
    except ModuleNotFoundError as error:
        if error.name != framework:
            raise
        sys.exit(f"serve.py: {framework} is not installed; run 'python -m pip install {framework}'")


if __name__ == "__main__":
    main()
