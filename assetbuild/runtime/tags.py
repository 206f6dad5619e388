"""HTML for assets: scripts, style sheets, preloads and import maps as `str`, every value escaped.

    tags = Tags(Manifest.load())
    tags.script("js/app.js")
    # '<script src="/static/js/app.FP.js" integrity="sha256-..." crossorigin="anonymous"></script>'

A preload must say what the tag that uses it says: browsers compare `crossorigin` and `integrity`, and fetch again if
they differ. After its first call, a tag without nonce or further attributes is one dict look-up.
"""

from __future__ import annotations

import json
import re

from assetbuild.runtime.format import quote
from assetbuild.runtime.manifest import Frozen
from assetbuild.runtime.reach import Reach, Room

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from assetbuild.runtime.manifest import Manifest
    from assetbuild.runtime.modes import PlainUrls

    Attribute = str | int | bool | None
    Piece = tuple[str, str, str | None]

__all__ = ["Tags"]

_KINDS: dict[str, dict[str, Attribute]] = {
    "script": {},
    "module": {"type": "module"},
    "stylesheet": {"rel": "stylesheet"},
    "preload": {"rel": "preload"},
    "modulepreload": {"rel": "modulepreload"},
}
_SCRIPTS = ("script", "module")
_AS = {"js": "script", "mjs": "script", "css": "style", "json": "fetch", "wasm": "fetch"}
_AS |= dict.fromkeys(("otf", "ttf", "woff", "woff2"), "font")
_AS |= dict.fromkeys(("avif", "gif", "ico", "jpeg", "jpg", "png", "svg", "webp"), "image")
_ALWAYS_CORS = ("fetch", "font")  # asked for so on the page's own origin too

# HTML's attribute names as far as ASCII goes; '<', '&' and '`' would only ever be mistakes.
_is_attribute = re.compile(r"[!#-%(-.0-;?-_a-z{-~]+").fullmatch
_NO_URL_CHARACTER = re.compile(r"[^!#-;=?-\[\]_a-z~]")
# Characters of import maps that are remembered, per asset and at the least: sites have few, a loop over all many.
_MAP_SIZE = 1000
_MAP_ANYWAY = 16_000_000


class Tags(Frozen):
    """The tags of one Manifest or PlainUrls; threads and forks may share it. Raises MissingAsset as `assets.url` does.

    `integrity=None` writes `integrity` and `crossorigin` where the base URL is of the page's own origin: a path. True
    writes them for another origin too, which must then send CORS headers; False never.

    `attributes` replace ours or follow them. True: without a value; None or False: left out. A trailing `_` of a name
    is dropped, others become `-`: `async_=True`, `data_turbo_track="reload"`. Values are escaped, those that a
    template engine calls safe too. ValueError for what is no attribute name, and for the URL itself.
    """

    __slots__ = ("_made", "_maps", "_pieces", "_reach", "_room", "_same_origin", "assets")
    assets: Manifest | PlainUrls
    _made: dict[tuple[str, str, bool | None], str]
    _maps: dict[tuple[tuple[str, ...], bool], str]
    _pieces: dict[str, Piece]  # of known names: key in an import map, URL, integrity
    _reach: Reach
    _room: Room  # for _maps
    _same_origin: bool

    def __init__(self, assets: Manifest | PlainUrls) -> None:
        same_origin = assets.base_url.startswith("/") and not assets.base_url.startswith("//")
        self._fill({"assets": assets, "_same_origin": same_origin, "_made": {}, "_maps": {}, "_pieces": {}})
        self._fill({"_reach": Reach(assets), "_room": Room(assets, _MAP_SIZE, _MAP_ANYWAY)})

    def url(self, path: str) -> str:
        return self.assets.url(path)

    def script(
        self,
        path: str,
        *,
        module: bool = False,
        integrity: bool | None = None,
        nonce: str | None = None,
        **attributes: Attribute,
    ) -> str:
        return self._tag("module" if module else "script", path, integrity, nonce, attributes)

    def stylesheet(
        self, path: str, *, integrity: bool | None = None, nonce: str | None = None, **attributes: Attribute
    ) -> str:
        """One tag. What the style sheet imports is fetched when the browser has parsed it."""
        return self._tag("stylesheet", path, integrity, nonce, attributes)

    def preload(
        self,
        path: str,
        *,
        as_: str | None = None,
        integrity: bool | None = None,
        nonce: str | None = None,
        **attributes: Attribute,
    ) -> str:
        """`as` goes by the extension; ValueError for one that does not tell (video, audio, text tracks)."""
        if as_:
            attributes["as"] = as_
        return self._tag("preload", path, integrity, nonce, attributes)

    def modulepreload(
        self, *paths: str, integrity: bool | None = None, nonce: str | None = None, **attributes: Attribute
    ) -> str:
        """A line for each of `paths` and of the scripts they import statically, imported before importer.

        Without a manifest, `paths` alone. An import map must stand above these lines.
        """
        reached: dict[str, None] = {}
        for path in self._asked(paths):
            *imported, _ = self._reach.static(self._name(path))
            reached |= dict.fromkeys([*imported, path])
        return "\n".join([self._tag("modulepreload", path, integrity, nonce, attributes) for path in reached])

    def preload_links(self, *paths: str) -> list[str]:
        """Values of HTTP `Link` headers that fit the tags with `integrity=None`. ValueError as from `preload`.

        Of `paths` alone, since proxies refuse long headers. A module gets `modulepreload`; in a release with import
        maps it is left out, since a module that is loaded before its map turns the map off.
        """
        links = []
        for path in self._asked(paths):
            name = self._name(path)
            if not self._reach.is_module(name):
                links.append(self._link(path, "preload", _as(name)))
            elif self.assets.modules == "rewritten":
                links.append(self._link(path, "modulepreload"))
        return links

    def importmap(
        self, *entries: str, integrity: bool | None = None, nonce: str | None = None, **attributes: Attribute
    ) -> str:
        """The map of all that `entries` reach by static and dynamic imports: once in a page, above every module.

        Empty where none is needed: in development, in a release whose specifiers are rewritten, where nothing is
        imported. An entry is in it only where one of these modules imports it.
        """
        asked = self._asked(entries)
        if self.assets.modules != "importmap":
            return ""
        names = [name for name in map(self._name, asked) if self._piece(name)]
        key = (tuple(dict.fromkeys(names)), self._wants_integrity(integrity))
        text = self._maps.get(key)
        if text is None:
            text = self._map(*key)
            if text and self._room.take(len(text)):
                self._maps[key] = text
        return (
            text and start_tag("script", {"type": "importmap", "nonce": nonce or None}, attributes) + text + "</script>"
        )

    def live(self, nonce: str | None = None) -> str:  # noqa: ARG002
        """The client of live reload, which development alone has."""
        return ""

    def _asked(self, paths: Iterable[str]) -> dict[str, None]:
        """Each once, in order. Raises MissingAsset, for what could be no key of a dictionary too."""
        for path in paths:
            self.assets.url(path)
        return dict.fromkeys(paths)

    def _tag(
        self, kind: str, path: str, integrity: bool | None, nonce: str | None, given: Mapping[str, Attribute]
    ) -> str:
        if nonce or given:
            return self._make(kind, path, integrity, nonce, given)
        try:
            return self._made[kind, path, integrity]
        except (KeyError, TypeError):
            made = self._make(kind, path, integrity, None, given)
        if path in self._pieces:
            self._made[kind, path, integrity if integrity is None else bool(integrity)] = made
        return made

    def _make(
        self, kind: str, path: str, integrity: bool | None, nonce: str | None, given: Mapping[str, Attribute]
    ) -> str:
        is_script = kind in _SCRIPTS
        own = {**_KINDS[kind], "src" if is_script else "href": self.assets.url(path)}
        name = self._name(path)
        piece = self._piece(name)
        if kind == "preload":
            own["as"] = given.get("as") or _as(name)
        found = piece[2] if piece and self._wants_integrity(integrity) else None
        if integrity and piece and not found and kind != "preload":
            raise ValueError(f"the manifest has no integrity for {path!r}; leave out 'integrity'")
        own |= {"integrity": found, "crossorigin": _crossorigin(found, own.get("as")), "nonce": nonce or None}
        return start_tag("script", own, given) + "</script>" if is_script else start_tag("link", own, given)

    def _wants_integrity(self, integrity: bool | None) -> bool:
        return self._same_origin if integrity is None else bool(integrity)

    def _name(self, path: str) -> str:
        """Without query and fragment."""
        return path if path in self._pieces else self.assets.split(path)[0]

    def _piece(self, name: str) -> Piece | None:
        """None for a name that the manifest does not hold."""
        found = self._pieces.get(name)
        if found is None and name in self.assets:
            key = self.assets.base_url + _quoted(name)
            found = self._pieces[name] = (key, self.assets.url(name), self.assets.entry(name).integrity)
        return found

    def _link(self, path: str, rel: str, as_: str | None = None) -> str:
        piece = self._piece(self._name(path)) if self._same_origin else None
        found = piece[2] if piece else None
        crossorigin = _crossorigin(found, as_)
        parts = [f"<{_NO_URL_CHARACTER.sub(_percent, self.assets.url(path))}>", f"rel={rel}"]
        parts += [f"as={as_}"] if as_ else []
        parts += [f"crossorigin={crossorigin}"] if crossorigin else []
        parts += [f'integrity="{found}"'] if found else []
        return "; ".join(parts)

    def _map(self, entries: tuple[str, ...], integrity: bool) -> str:
        """JSON, or nothing.

        A key is what a browser makes of a relative specifier. Builds leave only those as written that come to this
        spelling.
        """
        pieces = list(filter(None, map(self._piece, self._reach.mapped(entries))))
        if not pieces:
            return ""
        data = {"imports": {key: url for key, url, _ in pieces}}
        if integrity and any(found for *_, found in pieces):
            data["integrity"] = {url: found for _, url, found in pieces if found}
        return _script_json(data)


def _script_json(data: object) -> str:
    """ASCII, and nothing that ends a script or starts a comment in it."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _as(name: str) -> str:
    try:
        return _AS[name.rpartition(".")[2].lower()]
    except KeyError:
        raise ValueError(f"the name {name!r} does not say what it is preloaded as; pass 'as_'") from None


def _crossorigin(integrity: str | None, as_: Attribute) -> str | None:
    return "anonymous" if integrity or as_ in _ALWAYS_CORS else None


def _quoted(path: str) -> str:
    try:
        return quote(path)
    except UnicodeEncodeError:  # half a surrogate pair: browsers read it as U+FFFD
        return quote(path.encode("utf-8", "replace").decode())


def _percent(match: re.Match[str]) -> str:
    return "".join([f"%{byte:02X}" for byte in match[0].encode("utf-8", "replace")])


def start_tag(element: str, own: dict[str, Attribute], given: Mapping[str, Attribute]) -> str:
    """The start tag; changes `own`."""
    for name, value in given.items():
        spelled = name.removesuffix("_").replace("_", "-").lower()
        if not _is_attribute(spelled):
            raise ValueError(f"{name!r} is not the name of an attribute")
        if spelled in own and spelled in ("href", "src"):
            raise ValueError(f"the tag has its own {spelled!r}; leave it out")
        own[spelled] = value
    written = [_attribute(name, value) for name, value in own.items() if value is not None and value is not False]
    return f"<{element} {' '.join(written)}>"


def _attribute(name: str, value: Attribute) -> str:
    if value is True:
        return name
    text = str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return f'{name}="{text}"'
