"""File extensions -> media types. Servers' own tables differ: those of nginx 1.22 and Go know no .mjs or .webmanifest.

As registered with IANA, for what web pages load. All text of ours is sent as UTF-8. XML and SVG say their encoding
themselves, and a `charset` would overrule them.
"""

from __future__ import annotations

DEFAULT = "application/octet-stream"

_TABLE = """
    text/css              css
    text/javascript       js mjs cjs
    text/html             html htm
    text/plain            txt
    text/markdown         md
    text/csv              csv
    text/vtt              vtt
    application/json      json map
    application/geo+json  geojson
    application/ld+json   jsonld
    application/manifest+json  webmanifest
    application/xml       xml
    application/xhtml+xml xhtml
    application/atom+xml  atom
    application/rss+xml   rss
    application/wasm      wasm
    application/pdf       pdf
    application/zip       zip
    application/gzip      gz
    application/vnd.ms-fontobject  eot
    font/otf              otf
    font/ttf              ttf
    font/collection       ttc
    font/woff             woff
    font/woff2            woff2
    image/svg+xml         svg
    image/png             png apng
    image/jpeg            jpeg jpg
    image/gif             gif
    image/webp            webp
    image/avif            avif
    image/jxl             jxl
    image/heic            heic
    image/bmp             bmp
    image/tiff            tif tiff
    image/x-icon          ico cur
    audio/mpeg            mp3
    audio/mp4             m4a
    audio/aac             aac
    audio/flac            flac
    audio/ogg             ogg oga opus
    audio/wav             wav
    audio/midi            mid midi
    video/mp4             mp4 m4v
    video/webm            webm
    video/ogg             ogv
    video/quicktime       mov
    video/mp2t            ts
    application/vnd.apple.mpegurl  m3u8
    application/dash+xml  mpd
    model/gltf-binary     glb
    model/gltf+json       gltf
    application/vnd.mapbox-vector-tile  pbf mvt
"""
_ROWS = [line.split() for line in _TABLE.strip().splitlines()]

# With `; charset=utf-8` where it belongs, by all extensions that have it.
MEDIA_TYPES = {
    f"{name}; charset=utf-8" if name.startswith("text/") else name: tuple(extensions) for name, *extensions in _ROWS
}
_BY_EXTENSION = {extension: name for name, extensions in MEDIA_TYPES.items() for extension in extensions}


def media_type(name: str) -> str:
    """Of a file, by its extension in any case."""
    stem, _, extension = name.rpartition("/")[2].rpartition(".")
    return _BY_EXTENSION.get(extension.lower(), DEFAULT) if stem else DEFAULT
