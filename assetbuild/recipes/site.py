"""A release's manifest -> what a server must know of its files: where they are, and which may be kept for ever.

That is asked of the manifest, never of a name: `a.3f2a91c07be4d518.js` may be a stable name, and `jquery.js` prehashed.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, unquote

from assetbuild.compress import SUFFIXES
from assetbuild.errors import ConfigError, ReleaseError
from assetbuild.named import NamedTuple
from assetbuild.records import FILES, MANIFEST
from assetbuild.runtime.manifest import Manifest, ManifestError
from assetbuild.verify import find_release

IMMUTABLE = "max-age=31536000, public, immutable"
# A page asks for such a file at most once a minute, and then most often hears that it has not changed; after a deploy
# nobody sees the old one for longer. WhiteNoise and ServeStatic have the same default.
SHORT = "max-age=60, public"

_UNPRINTABLE = ("Cc", "Cf", "Cs", "Zl", "Zp")  # Unicode's categories


class Site(NamedTuple):
    """`prefix` is the path that the files have on the server, percent-escapes undone, with a slash at both ends; `root`
    the directory there that holds them, without one at its end. `names` are the files below it: is the name stable?
    With `cors`, pages of other origins may use them. `brotli`: nginx has the module for it."""

    release: str
    prefix: str
    root: str
    names: Mapping[str, bool]
    cors: bool = False
    brotli: bool = False

    @property
    def stable(self) -> list[str]:
        return sorted(name for name, stable in self.names.items() if stable)

    def url(self, name: str) -> str:
        """The path of its URL; of a file whose name is empty, the prefix."""
        return quote(self.prefix + name, safe="/-._~", errors="surrogateescape")

    @property
    def headers(self) -> dict[str, str]:
        """Of every answer that sends a file, whatever file it is."""
        return {"X-Content-Type-Options": "nosniff"} | ({"Access-Control-Allow-Origin": "*"} if self.cors else {})


def read_site(
    directory: Path, *, url_prefix: str | None = None, root: str | None = None, cors: bool = False, brotli: bool = False
) -> Site:
    """What `directory`, a release or an output directory, has to serve. Raises ReleaseError or ConfigError.

    `url_prefix` is the manifest's, if not given, and `root` the release's own `files`; of an output directory, by its
    link `current`.
    """
    if root is not None and not os.path.isabs(root):
        raise ConfigError(f"'{root}' is not an absolute path", fix="give one by --root")
    manifest = _manifest(find_release(directory))
    names = dict(_names(manifest))
    root = root or str(_place(directory) / FILES)
    prefix = _prefix(manifest, url_prefix)
    return Site(manifest.release, prefix, root.rstrip("/") or "/", names, cors, brotli)


def _manifest(release_dir: Path) -> Manifest:
    try:
        return Manifest.load(release_dir / MANIFEST)
    except ManifestError as error:
        raise ReleaseError(error.what, where=error.where, fix=error.fix) from error


def _names(manifest: Manifest) -> Iterator[tuple[str, bool]]:
    for path in manifest:
        entry = manifest.entry(path)
        yield entry.file, False
        if entry.stable:
            yield path, True


def _place(directory: Path) -> Path:
    """The release by the path that it was named by: a server follows the links in it, whenever it is asked."""
    directory = directory.absolute()
    return directory if (directory / MANIFEST).is_file() else directory / "current"


def _prefix(manifest: Manifest, given: str | None) -> str:
    fix = "give a path such as '/static/' by --url-prefix"
    prefix = given or manifest.url_prefix
    decoded = unquote(prefix if prefix.endswith("/") else f"{prefix}/", errors="surrogateescape")
    if not decoded.startswith("/") or "//" in decoded or "/./" in decoded or "/../" in decoded:
        raise ConfigError(f"'{prefix}' is not the path of a URL", fix=fix)
    try:
        manifest.with_base_url(prefix)
    except ManifestError as error:
        held = error.what.rpartition(" holds ")[2]
        what = f"'{prefix}' is not the path of a URL: it holds {held}"
        raise ConfigError(what, fix=f"percent-encode it, or {fix}") from error
    return decoded


def check_writable(site: Site, server: str, *, not_in_root: str, not_in_prefix: str = "") -> None:
    """Raises ConfigError for a text that no configuration of `server` can hold: one with such a character, or with one
    that cannot be printed."""
    for option, text, refused in (("--url-prefix", site.prefix, not_in_prefix), ("--root", site.root, not_in_root)):
        if (bad := _bad(text, refused)) is not None:
            fix = f"give another place by {option}"
            raise ConfigError(f"{text!r} cannot be written for {server}: it holds {bad!r}", fix=fix)
    for name in site.stable:
        if (bad := _bad(name, "")) is not None:
            fix = "rename the file, or leave it out of 'stable'"
            raise ConfigError(f"the stable name {name!r} cannot be written for {server}: it holds {bad!r}", fix=fix)


def check_variants(site: Site, server: str) -> None:
    """Raises ConfigError where one asset would be sent as the compressed form of another: servers go by names."""
    for name in sorted(site.names):
        for suffix in SUFFIXES.values():
            if name + suffix in site.names:
                what = f"{server} would send {name + suffix!r}, an asset of its own, as the compressed form of {name!r}"
                raise ConfigError(what, fix=f'leave such files out: exclude = ["*{suffix}"]')


def _bad(text: str, refused: str) -> str | None:
    """The first character that is refused, a control, a mark of direction, or half a surrogate pair: a byte that is
    not UTF-8."""
    return next((char for char in text if char in refused or unicodedata.category(char) in _UNPRINTABLE), None)
