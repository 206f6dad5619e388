"""What is said of a file that is served, on every machine and Python alike."""

from __future__ import annotations

import mimetypes
import os

# The system's own lists differ, and older Pythons know less.
_TYPES = {".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript", ".map": "application/json"}
_TYPES |= {f".{name}": f"font/{name}" for name in ("woff2", "woff", "ttf", "otf")}
_TYPES |= {f".{name}": f"image/{name}" for name in ("avif", "webp", "gif", "png", "jpeg")} | {".jpg": "image/jpeg"}
_TYPES |= {".svg": "image/svg+xml", ".ico": "image/vnd.microsoft.icon", ".wasm": "application/wasm"}
_TYPES |= {".webmanifest": "application/manifest+json", ".json": "application/json", ".txt": "text/plain"}

_builtin_types = mimetypes.MimeTypes()


def media_type(name: str) -> str:
    """By the extension; without a charset."""
    extension = os.path.splitext(name)[1].lower()
    return _TYPES.get(extension) or _builtin_types.guess_type(name)[0] or "application/octet-stream"
