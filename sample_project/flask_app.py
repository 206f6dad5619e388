"""The sample site as a Flask application: `flask --app flask_app run`, or `gunicorn "flask_app:create_app()"`.

The release is found once, here, when the process starts; after that no URL costs more than a dict lookup.
"""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask, render_template

from assetbuild.runtime.flask import AssetBuild

HERE = Path(__file__).resolve().parent


def create_app() -> Flask:
    # Resolved, so that a process keeps the release it started with when dist/current moves on.
    manifest = Path(os.environ.get("ASSETBUILD_MANIFEST") or HERE / "dist/current/manifest.json").resolve()

    app = Flask(
        __name__,
        template_folder="templates/flask",
        # For the sample only: in production a web server or a CDN serves this directory at /static/.
        static_folder=manifest.parent / "files",
        static_url_path="/static",
    )
    AssetBuild(app, manifest=manifest)

    @app.get("/")
    def home() -> str:
        return render_template("home.html")

    @app.get("/visit/")
    def visit() -> str:
        return render_template("visit.html")

    return app
