"""`webassets_site.py SOURCE OUTPUT CACHE`: each style sheet and script a bundle of its own, minified and named by a
digest, and built again only where webassets finds that the source is newer. Other files it has no part in, and
references are left as they are: its rewriting is for output beside the sources."""

from __future__ import annotations

import os
import sys

from webassets import Bundle, Environment


def main(source: str, output: str, cache: str) -> None:
    os.makedirs(cache, exist_ok=True)
    env = Environment(output, "/static", load_path=[source], url_mapping={source: "/source"}, cache=cache)
    env.manifest = f"json:{cache}/manifest.json"
    filters = {".css": "rcssmin", ".js": "rjsmin"}
    for here, _, names in os.walk(source):
        for name in names:
            stem, ending = os.path.splitext(os.path.relpath(os.path.join(here, name), source))
            if ending in filters:
                env.add(Bundle(stem + ending, filters=filters[ending], output=f"{stem}.%(version)s{ending}"))
    for bundle in env:
        bundle.urls()  # builds what is out of date, as a template does: the command line builds everything every time


if __name__ == "__main__":
    main(*sys.argv[1:])
