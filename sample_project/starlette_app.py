"""The sample site as a Starlette application: `uvicorn starlette_app:app`.

The release is found once, here, when the process starts; after that no URL costs more than a dict lookup. What a
visitor changes is kept in the session and nowhere in the process, so any worker can answer, and any may be killed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.templating import Jinja2Templates
from starsessions import (
    CookieStore,
    SessionAutoloadMiddleware,
    SessionMiddleware,
    SessionStore,
    regenerate_session_id,
)

from assetbuild.runtime.starlette import ReleaseFiles, install

HERE = Path(__file__).resolve().parent
# Resolved, so that a process keeps the release it started with when dist/current moves on.
MANIFEST = Path(os.environ.get("ASSETBUILD_MANIFEST") or HERE / "dist/current/manifest.json").resolve()
SESSION_SECONDS = int(os.environ.get("SESSION_SECONDS") or 14 * 24 * 3600)

logging.basicConfig(stream=sys.stdout, level=logging.INFO)

# Jinja2 would otherwise ask for the time stamp of each template at each request.
jinja = Environment(
    loader=FileSystemLoader([HERE / "templates/starlette", HERE / "templates/flask"]),
    autoescape=select_autoescape(),
    auto_reload=False,
)
templates = Jinja2Templates(env=jinja)
static = ReleaseFiles(MANIFEST, sources=HERE / "static")
install(templates, static)


async def home(request: Request) -> Response:
    return templates.TemplateResponse(request, "home.html")


async def visit(request: Request) -> Response:
    return templates.TemplateResponse(request, "visit.html", {"crossings": request.session.get("crossings", 0)})


async def sign(request: Request) -> Response:
    if not request.session:
        regenerate_session_id(request)  # starsessions would take whatever id the cookie says
    request.session["crossings"] = request.session.get("crossings", 0) + 1
    return RedirectResponse(request.url.path, 303)


def session_store() -> SessionStore:
    """The Redis or Memcached server that SESSION_URL names; without one, signed cookies."""
    url = os.environ.get("SESSION_URL", "")
    if not url:
        # For development only. A deployment sets SECRET_KEY, the same for every process.
        return CookieStore(os.environ.get("SECRET_KEY", "insecure-development-key-of-the-sample-project"))
    if url.startswith(("redis://", "rediss://")):
        from redis.asyncio import Redis
        from starsessions.stores.redis import RedisStore

        return RedisStore(connection=Redis.from_url(url), prefix=_key)
    if url.startswith("memcached://"):
        return MemcachedStore(url.partition("://")[2].strip("/"))
    sys.exit("SESSION_URL: write redis://host:port/database or memcached://host:port")


class MemcachedStore(SessionStore):
    """What starsessions has for Redis only. pymemcache waits for its answers, so it does that in threads."""

    def __init__(self, server: str) -> None:
        from pymemcache import PooledClient

        self._client = PooledClient(server, default_noreply=False)

    async def read(self, session_id: str, lifetime: int) -> bytes:  # noqa: ARG002
        found: bytes = await asyncio.to_thread(self._client.get, _key(session_id), b"")
        return found

    async def write(self, session_id: str, data: bytes, lifetime: int, ttl: int) -> str:  # noqa: ARG002
        if ttl > 30 * 24 * 3600:  # Memcached takes what is longer for a time of day
            ttl += int(time.time())
        await asyncio.to_thread(self._client.set, _key(session_id), data, ttl)
        return session_id

    async def remove(self, session_id: str) -> None:
        await asyncio.to_thread(self._client.delete, _key(session_id))


def _key(session_id: str) -> str:
    """Whatever a cookie holds, this is a key; and who reads the store's keys has nobody's session."""
    return f"session:{sha256(session_id.encode()).hexdigest()}"


app = Starlette(
    routes=[
        Route("/", home),
        Route("/visit/", visit),
        Route("/visit/", sign, methods=["POST"]),
        # For the sample only: in production a web server or a CDN serves this directory at /static/.
        Mount("/static", static),
    ],
    middleware=[
        Middleware(
            SessionMiddleware,
            store=session_store(),
            lifetime=SESSION_SECONDS,
            rolling=True,  # that many seconds after the last request, not after the first
            cookie_https_only=os.environ.get("SESSION_SECURE", "") == "1",
        ),
        Middleware(SessionAutoloadMiddleware, paths=[r"/(?!static/)"]),
    ],
)
