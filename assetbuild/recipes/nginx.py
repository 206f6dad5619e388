"""A site -> directives for a `server` block of nginx. Stable names are exact locations inside that of all files.

nginx knows no escape for `$` in a directory's name. `add_header` in a location replaces all of those around it.
"""

from __future__ import annotations

from collections.abc import Iterator

from assetbuild.recipes.site import IMMUTABLE, SHORT, Site, check_variants, check_writable
from assetbuild.recipes.types import DEFAULT, MEDIA_TYPES


def write(site: Site) -> str:
    """Raises ConfigError for what nginx cannot express."""
    check_writable(site, "nginx", not_in_root="$")
    check_variants(site, "nginx")
    return "\n".join(_lines(site)) + "\n"


def _lines(site: Site) -> Iterator[str]:
    yield f"# Release {site.release}. Include this in a server block; write it anew when stable names have changed."
    yield f"location ^~ {_quoted(site.prefix)} {{"
    yield f"    alias {_quoted(site.root.rstrip('/') + '/')};"
    yield "    try_files $uri =404;"
    yield "    gzip_static on;"
    yield "    gzip_vary on;"
    yield "    gzip_proxied any;  # a CDN in front says 'Via', which turns compression off otherwise"
    if site.brotli:
        yield "    brotli_static on;"
    else:
        yield "    # brotli_static on;  # with the module ngx_brotli: --brotli"
    yield f"    default_type {DEFAULT};"
    yield "    types {"
    for media_type, extensions in MEDIA_TYPES.items():
        yield f"        {_quoted(media_type)} {' '.join(extensions)};"
    yield "    }"
    yield from _headers(site, IMMUTABLE, "    ")
    for name in site.stable:
        yield f"    location = {_quoted(site.prefix + name)} {{"
        yield from _headers(site, SHORT, "        ")
        yield "    }"
    yield "}"


def _headers(site: Site, caching: str, indent: str) -> Iterator[str]:
    for name, value in {"Cache-Control": caching, **site.headers}.items():
        yield f"{indent}add_header {name} {_quoted(value)};"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
