"""The sample site as a Flask application: `flask --app flask_app run`, or `gunicorn "flask_app:create_app()"`.

The release is found once, here, when the process starts; after that no URL costs more than a dict lookup. What a
visitor changes is kept in the session and nowhere in the process, so any worker can answer, and any may be killed.
"""

from __future__ import annotations

import logging
import os
import sys
from datetime import timedelta
from pathlib import Path

from flask import Flask, redirect, render_template, session, url_for
from flask.helpers import get_debug_flag
from werkzeug.wrappers import Response

from assetbuild.runtime import resolve_mode
from assetbuild.runtime.flask import AssetBuild

HERE = Path(__file__).resolve().parent
SESSION_SECONDS = int(os.environ.get("SESSION_SECONDS") or 14 * 24 * 3600)


def create_app() -> Flask:
    logging.basicConfig(stream=sys.stdout, level=logging.INFO)
    # Resolved, so that a process keeps the release it started with when dist/current moves on.
    manifest = Path(os.environ.get("ASSETBUILD_MANIFEST") or HERE / "dist/current/manifest.json").resolve()

    production = resolve_mode(None, get_debug_flag()) == "production"
    app = Flask(
        __name__,
        template_folder="templates/flask",
        # For the sample only: in production a web server or a CDN serves the release's directory at /static/.
        static_folder=manifest.parent / "files" if production else HERE / "static",
        static_url_path="/static",
    )
    AssetBuild(app, manifest=manifest)
    keep_sessions(app)

    @app.get("/")
    def home() -> str:
        return render_template("home.html")

    @app.get("/visit/")
    def visit() -> str:
        return render_template("visit.html", crossings=session.get("crossings", 0))

    @app.post("/visit/")
    def sign() -> Response:
        session.permanent = True  # the cookie says when it ends
        session["crossings"] = session.get("crossings", 0) + 1
        return redirect(url_for("visit"), 303)

    return app


def keep_sessions(app: Flask) -> None:
    """In the Redis or Memcached server that SESSION_URL names; without one, in Flask's own signed cookies."""
    app.config.update(
        # For development only. A deployment sets SECRET_KEY, the same for every process.
        SECRET_KEY=os.environ.get("SECRET_KEY", "insecure-development-key-of-the-sample-project"),
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=SESSION_SECONDS),
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=os.environ.get("SESSION_SECURE", "") == "1",
    )
    url = os.environ.get("SESSION_URL", "")
    if url.startswith(("redis://", "rediss://")):
        from redis import Redis

        app.config.update(SESSION_TYPE="redis", SESSION_REDIS=Redis.from_url(url))
    elif url.startswith("memcached://"):
        from pymemcache import PooledClient

        # A key that is not one, in a cookie of somebody's own making, is a session that is not there.
        client = PooledClient(url.partition("://")[2].strip("/"), default_noreply=False, ignore_exc=True)
        app.config.update(SESSION_TYPE="memcached", SESSION_MEMCACHED=client)
    elif url:
        sys.exit("SESSION_URL: write redis://host:port/database or memcached://host:port")
    if url:
        from flask_session import Session

        Session(app)
