"""SVG bytes -> the files that it names: href, xlink:href, <?xml-stylesheet?>, and the CSS in elements and attributes.

The tables say which attributes name files. Elements of other namespaces, or of none, draw nothing and have no
references; `xml:base` is ignored, as browsers do. Not found: what scripts in the file import, `srcset`, and a URL that
stands in the declaration of an entity or an attribute, whence it cannot be replaced for one place alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from assetbuild.model import Kind, Reference
from assetbuild.references import css
from assetbuild.syntax import xml
from assetbuild.syntax.css import compiled
from assetbuild.urls import is_local, path_length

_SVG, _XHTML = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"
# SVG 2 has the one, SVG 1.1 the other; where both are, some browser reads each. Of every SVG element but `a`, where
# it is a page: all others to which a standard gives an href mean a resource, were it only as `#id`.
_HREFS = frozenset(("href", "http://www.w3.org/1999/xlink href"))
_LINK = f"{_SVG} a"
# They may give the attribute that their attributeName says another value.
_ANIMATIONS = frozenset((f"{_SVG} animate", f"{_SVG} set"))
# The presentation attributes of SVG 1.1 and 2 that take a URL; `marker`, being a shorthand, is none.
_PRESENTATION = frozenset(
    (
        *("fill", "stroke", "filter", "mask", "clip-path", "cursor", "color-profile"),
        *("marker-start", "marker-mid", "marker-end", "shape-inside", "shape-subtract"),
    )
)
_STYLED = frozenset((_SVG, _XHTML, "http://www.w3.org/1998/Math/MathML"))
_STYLES = frozenset((f"{_SVG} style", f"{_XHTML} style"))
# XHTML may stand in a <foreignObject>, and SVG 2 has some of it anywhere. An iframe's src is a page.
_XHTML_URLS = {
    **dict.fromkeys(("img", "audio", "source", "track", "embed", "input", "script"), ("src",)),
    "video": ("src", "poster"),
    "object": ("data",),
    "link": ("href",),
}
_FILE_RELATIONS = frozenset(("stylesheet", "icon", "preload", "modulepreload"))

# Each reference has one of these words, unless an escape or an entity spells it otherwise, or it stands in a style
# element, where a comment may cut a word in two, but not a character.
_HREF = re.compile(rb"href(?!=[\"'](?:#|[a-z]+:))")
_FUNCTION = re.compile(
    rb"\((?<=[lctLCT]\()(?:(?<=[uU][rR][lL]\()(?![\"']?#)|(?<=[sS][rR][cC]\()(?![\"']?#)|(?<=[eE]-[sS][eE][tT]\())"
)
# Not those of white space and of characters beyond ASCII, of which a file has thousands if it is a font.
_ENTITY = re.compile(
    rb"&(?!(?:amp|lt|gt|quot|apos|#x0{0,9}(?:[9aAdD]|20|[89a-fA-F][0-9a-fA-F]|[1-9a-fA-F][0-9a-fA-F]{2,9})"
    rb"|#0{0,9}[1-9][0-9]{3,9});)"
)
_STYLE = rb"<(?:[^\s<>/!?:]+:)?style[\s>]"
_STYLE_END = rb"</(?:[^\s<>/!?:]+:)?style\s*>"

_FRAGMENT = re.compile(r"[uU][rR][lL]\([\"']?#")
# What the URL Standard drops at both ends (C0 controls and space), and what everywhere.
_STRIPPED = "".join(map(chr, range(0x21)))
_DROPPED = dict.fromkeys(map(ord, "\t\n\r"))

_Role = Literal["url", "urls", "css"]  # what a value is; `urls` stand between semicolons
_Span = tuple[int, int]


def find(content: bytes) -> list[Reference]:
    """All references, in source order, whatever the encoding; none in a file that has a `problem`."""
    if not _may_name(content):
        return []
    try:
        utf8, codec = xml.as_utf8(content)
        reader = _Reader(utf8)
        reader.read()
    except xml.Refused:
        return []
    found = sorted(reader.found, key=lambda reference: reference.start)
    return found if codec == "utf-8" else _moved(found, utf8, codec)


def problem(content: bytes) -> tuple[int, str] | None:
    """Where browsers give up the file, as an offset in bytes, and why: it is not well-formed, or beyond a limit."""
    try:
        utf8, codec = xml.as_utf8(content)
    except xml.Refused as refused:
        return refused.offset, refused.reason
    try:
        xml.Document(utf8).read()
    except xml.Refused as refused:
        offset = refused.offset
        return xml.original_offsets([offset], utf8, codec)[offset] if codec != "utf-8" else offset, refused.reason
    return None


def url_encoding(content: bytes) -> str:
    """The codec in which an ASCII URL is written into `content`: 'ascii', 'utf-16-le' or 'utf-16-be'."""
    return xml.UTF_16.get(content[:2], "ascii")


def _may_name(content: bytes) -> bool:
    """Whether a parse is worth its time: yes for every file with a reference, and for few others."""
    if b"\\" in content or b"\0" in content or b"1999/xhtml" in content:
        return True
    if (b"href" in content and _HREF.search(content)) or (b"&" in content and _ENTITY.search(content)):
        return True
    if _FUNCTION.search(content):
        return True
    style = compiled(_STYLE).search(content) if b"style" in content else None
    ends = [match.start() for match in compiled(_STYLE_END).finditer(content, style.end())] if style else []
    return any(content.find(mark, style.end(), ends[-1]) >= 0 for mark in (b"@", b"(")) if style and ends else False


def _moved(found: list[Reference], utf8: bytes, codec: str) -> list[Reference]:
    offsets = {offset for each in found for offset in (each.start, each.end, each.whole_start, each.whole_end)}
    original = xml.original_offsets(offsets, utf8, codec)
    return [
        Reference(
            each.kind,
            each.specifier,
            original[each.start],
            original[each.end],
            original[each.whole_start],
            original[each.whole_end],
        )
        for each in found
    ]


class _Reader(xml.Document):
    """Collects references while it reads; what comes out of an entity has no place of its own, and is left out."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.found: list[Reference] = []
        self._styles: list[int | None] = []  # where the content of each open style element begins; None: not CSS
        self._in_doctype = False
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.ProcessingInstructionHandler = self._instruction
        self.parser.StartDoctypeDeclHandler = self._start_doctype
        self.parser.EndDoctypeDeclHandler = self._end_doctype

    def start(self, name: str, attributes: list[str]) -> None:
        parent = self.open[-1] if self.open else ""
        super().start(name, attributes)
        roles = list(_roles(name, parent, attributes))
        if not roles and name not in _STYLES:
            return
        is_here = self.content.startswith(b"<", self.offset)
        written, end = xml.tag_attributes(self.content, self.offset) if is_here else ([], None)
        for index, role in roles if is_here else ():
            self._value(written[index], role)
        if name in _STYLES:
            # One inside another is left alone: to read the outer ones again and again would take quadratic time.
            is_css = not self._styles and _value_of("type", attributes).lower() in ("", "text/css")
            self._styles.append(end if is_css else None)

    def end(self, name: str) -> None:
        super().end(name)
        start = self._styles.pop() if name in _STYLES else None
        if start is not None:
            self._css(xml.seen_content(self.content, start, self.offset, self.entities), is_sheet=True)

    def _start_doctype(self, *_: object) -> None:
        self._in_doctype = True

    def _end_doctype(self) -> None:
        self._in_doctype = False

    def _instruction(self, target: str, _: str) -> None:
        """One for a style sheet, CSS or XSLT, counts outside of all elements, and if its attributes can be read."""
        if target != "xml-stylesheet" or self.open or self._in_doctype:
            return
        start = self.offset
        close = self.content.index(b"?>", start)
        written, end = xml.attributes(self.content, start + len("<?xml-stylesheet"), close)
        href = next((each for each in written if each.name == b"href"), None)
        if href and not self.content[end:close].strip():
            self._urls(xml.seen_value(self.content, href.start, href.end, {}), (start, close + 2))

    def _value(self, written: xml.Attribute, role: _Role) -> None:
        seen = xml.seen_value(self.content, written.start, written.end, self.entities)
        if role == "css":
            self._css(seen)
        else:
            self._urls(seen, (written.whole_start, written.whole_end), several=role == "urls")

    def _urls(self, seen: xml.Seen, whole: _Span, *, several: bool = False) -> None:
        start = 0
        for part in seen.text.split(b";") if several else (seen.text,):
            url = part.decode()
            if is_local(url):
                path = url[: path_length(url)]
                specifier = path.strip(_STRIPPED).translate(_DROPPED)
                self._add("svg-href", specifier, seen.span(start, start + len(path.encode())), whole)
            start += len(part) + 1

    def _css(self, seen: xml.Seen, *, is_sheet: bool = False) -> None:
        # A space keeps what would be a byte order mark or @charset in a file from being taken for one; declarations
        # are those of a rule, in which nothing is imported.
        before = b" " if is_sheet else b"a{"
        shift = len(before)
        for each in css.find(before + seen.text):
            if is_sheet or each.kind != "css-import":
                whole = seen.around(each.whole_start - shift, each.whole_end - shift)
                self._add(each.kind, each.specifier, seen.span(each.start - shift, each.end - shift), whole)

    def _add(self, kind: Kind, specifier: str, span: _Span | None, whole: _Span) -> None:
        if span:
            self.found.append(Reference(kind, specifier, *span, *whole))


def _roles(element: str, parent: str, attributes: list[str]) -> Iterator[tuple[int, _Role]]:
    """The attributes that may name a file, by their number. `attributes` has names and values in turn."""
    animated = _animated(parent, attributes) if element in _ANIMATIONS else {}
    for index in range(0, len(attributes), 2):
        name, value = attributes[index], attributes[index + 1]
        role = _role(element, name) or animated.get(name)
        if role == "css":
            if "(" in value and not (value.count("(") == 1 and _FRAGMENT.search(value)):
                yield index // 2, role
        elif role == "urls" or (role == "url" and is_local(value) and _is_file(element, attributes)):
            yield index // 2, role


@lru_cache(maxsize=4096)
def _role(element: str, attribute: str) -> _Role | None:
    namespace, _, name = element.rpartition(" ")
    if attribute == "style":
        return "css" if namespace in _STYLED else None
    if namespace == _SVG:
        return "css" if attribute in _PRESENTATION else "url" if attribute in _HREFS and element != _LINK else None
    return "url" if namespace == _XHTML and attribute in _XHTML_URLS.get(name, ()) else None


def _animated(parent: str, attributes: list[str]) -> dict[str, _Role]:
    """The roles of the attributes that hold what an animated attribute becomes."""
    name = _value_of("attributeName", attributes)
    if name in _PRESENTATION:
        return {"from": "css", "to": "css", "values": "css"}
    if name.rpartition(":")[2] == "href" and parent != _LINK:
        return {"from": "url", "to": "url", "values": "urls"}
    return {}


def _is_file(element: str, attributes: list[str]) -> bool:
    """Whether a URL of `element` names a file: false for an XHTML link to a page."""
    if element != f"{_XHTML} link":
        return True
    return not _FILE_RELATIONS.isdisjoint(_value_of("rel", attributes).lower().split())


def _value_of(name: str, attributes: list[str]) -> str:
    return dict(zip(attributes[::2], attributes[1::2], strict=True)).get(name, "")
