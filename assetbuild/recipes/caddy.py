"""A site -> directives for a site block of a Caddyfile.

Headers are set only where the file is there, since Caddy keeps them on an error. Stable names are one expression of
exact names: unlike `path`, it heeds case, and all that means something in a Caddyfile can be escaped in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

from assetbuild.recipes.site import IMMUTABLE, SHORT, Site, check_variants, check_writable
from assetbuild.recipes.types import DEFAULT, MEDIA_TYPES

_PLAIN = frozenset("/-_~ 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_NOT_IN_ROOT = "{}`*?[\\"  # placeholders, and what its file matcher reads as a pattern


def write(site: Site) -> str:
    """Raises ConfigError for what Caddy cannot express."""
    # It strips a prefix before it undoes percent-escapes.
    escaped = "".join(char for char in site.prefix if quote(char, safe="/") != char)
    check_writable(site, "Caddy", not_in_root=_NOT_IN_ROOT, not_in_prefix=escaped)
    check_variants(site, "Caddy")
    return "\n".join(_lines(site)) + "\n"


def _lines(site: Site) -> Iterator[str]:
    yield f"# Release {site.release}. Import this in a site block; write it anew when stable names have changed."
    yield f"handle_path {_quoted(site.prefix + '*')} {{"
    yield f"\troot * {_quoted(site.root)}"
    yield "\t@assetbuild_file {"
    yield "\t\tfile"
    yield "\t\tmethod GET HEAD"
    yield f"\t\texpression `{{http.request.orig_uri.path}}.startsWith({json.dumps(site.prefix)})`"  # heeds case
    yield "\t\tnot path */"
    yield "\t}"
    yield "\troute @assetbuild_file {"
    for name, value in {**site.headers, "Cache-Control": IMMUTABLE}.items():
        yield f"\t\theader {name} {_quoted(value)}"
    yield "\t\theader {"
    yield "\t\t\tVary Accept-Encoding"  # Caddy 2.6 says it of variants alone
    yield "\t\t\tdefer"
    yield "\t\t}"
    if site.stable:
        yield f"\t\t@assetbuild_stable path_regexp `^/(?:{'|'.join(map(_expression, site.stable))})$`"
        yield f"\t\theader @assetbuild_stable Cache-Control {_quoted(SHORT)}"
    yield "\t\tmap {path} {assetbuild_type} {"
    for media_type, extensions in MEDIA_TYPES.items():
        yield f"\t\t\t`~(?i)[^/]\\.(?:{'|'.join(extensions)})$` {_quoted(media_type)}"
    yield f"\t\t\tdefault {DEFAULT}"
    yield "\t\t}"
    yield "\t\theader Content-Type {assetbuild_type}"
    yield "\t\tfile_server {"
    yield "\t\t\tprecompressed br zstd gzip"
    yield "\t\t}"
    yield "\t}"
    yield "\terror 404"
    yield "}"


def _expression(name: str) -> str:
    """Matches this name and no other."""
    return "".join(char if char in _PLAIN or char > "\x7f" else f"\\x{ord(char):02x}" for char in name)


def _quoted(text: str) -> str:
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'
