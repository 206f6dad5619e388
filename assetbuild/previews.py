"""What the commands `serve` and `config` do: a release as a web server sends it, and the words that tell one how."""

from __future__ import annotations

import importlib
from pathlib import Path

from assetbuild.errors import ConfigError, Problem
from assetbuild.options import RECIPES
from assetbuild.recipes.site import read_site
from assetbuild.terminal import Output
from assetbuild.verify import find_release

_NO_BROTLI = {"caddy": "Caddy sends '.br' files without a module", "_headers": "these hosts compress by themselves"}


def preview(directory: Path, output: Output, *, host: str, port: int, cors: bool) -> None:
    """Serve the release that `directory` is or has now; a later one has to be asked for anew."""
    from assetbuild.serve import is_loopback, serve

    host = host.strip("[]")  # of an address of IPv6, as URLs have it
    release_dir = find_release(directory)
    site = read_site(release_dir, cors=cors)

    def started(url: str) -> None:
        output.say(f"release {site.release} is at {url}; Ctrl-C ends this", level=-1)
        output.result({"release": site.release, "path": str(release_dir), "url": url, "errors": []})

    if not is_loopback(host):
        output.problem(Problem(f"whoever reaches '{host}' can read the release"), warning=True)
    serve(site, host, port, started)


def print_recipe(
    server: str, directory: Path, output: Output, *, url_prefix: str | None, root: str | None, cors: bool, brotli: bool
) -> None:
    if brotli and server in _NO_BROTLI:
        raise ConfigError("--brotli is for nginx alone", fix=f"leave it out: {_NO_BROTLI[server]}")
    site = read_site(directory, url_prefix=url_prefix, root=root, cors=cors, brotli=brotli)
    text = importlib.import_module(f"assetbuild.recipes.{RECIPES[server]}").write(site)
    output.say(text.removesuffix("\n"), level=-1)
    known = {"server": server, "release": site.release, "root": site.root, "url_prefix": site.url("")}
    output.result({**known, "configuration": text, "errors": []})
