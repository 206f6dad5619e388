"""XML bytes: what a browser reads in them, and where in the bytes each part of that text stands.

expat says what is an element and whether the file is well-formed. It gives decoded values without their places, so
the tag or content at an event's offset is read again here: within one of them XML is regular. No external entity is
ever read, and expat's own guard against entities that grow without bound stays on.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from xml.parsers import expat

from assetbuild.named import NamedTuple
from assetbuild.syntax.css import codec_of, compiled

MAX_DEPTH = 5000  # of elements: where Chromium gives up
# Entities that name entities. Older releases of expat overflow the stack at 2,000 in a chain; Chromium allows 40 or so.
MAX_NESTED_ENTITIES = 100

UTF_16 = {b"\xff\xfe": "utf-16-le", b"<\0": "utf-16-le", b"\xfe\xff": "utf-16-be", b"\0<": "utf-16-be"}
_DECLARATION = re.compile(rb"<\?xml\s(?:[^>]*?\s)?encoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._\-]*)[\"']")

_NAME = rb"<[^\s/>]+"
_ATTRIBUTE = rb"\s+([^\s=/>]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')"
_TAG_END = rb"\s*/?>"
# What stands for something else in the value of an attribute, and in the content of an element.
_IN_VALUE = rb"&[^;&]*;|\r\n|[\t\r\n]"
_IN_CONTENT = rb"&[^;&]*;|<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>|<[^\"'>]*(?:(?:\"[^\"]*\"|'[^']*')[^\"'>]*)*>"
_PREDEFINED = {b"amp": b"&", b"lt": b"<", b"gt": b">", b"quot": b'"', b"apos": b"'"}
_NUMBER = rb"#(?:x0*([0-9a-fA-F]{1,6})|0*([0-9]{1,7}))"


class Refused(Exception):
    """The file cannot be read: an offset into the bytes that were parsed, and the reason."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset, self.reason = offset, reason


def as_utf8(content: bytes) -> tuple[bytes, str]:
    """The text in UTF-8, and the codec of `content`: 'utf-8' where they are the same bytes. Raises Refused."""
    codec = _codec(content)
    if codec == "utf-8":
        return content, codec
    try:
        text = content.decode(codec)
        if codec != "iso2022_jp" and text.encode(codec) == content:  # else places cannot be counted back
            return text.encode(), codec
    except UnicodeDecodeError as error:
        raise Refused(error.start, f"not encoded in {codec}, as the file declares") from None
    raise Refused(0, f"the encoding {codec} cannot be read here")


def _codec(content: bytes) -> str:
    if content[:2] in UTF_16:
        return UTF_16[content[:2]]
    declared = _DECLARATION.match(content)  # after a byte order mark of UTF-8 it does not count
    # Labels mean what they mean in CSS: both follow the Encoding Standard, and an unknown one says nothing.
    codec = (declared and codec_of(declared[1].decode("latin-1"))) or "utf-8"
    return "utf-8" if content.isascii() and codec != "iso2022_jp" else codec


def original_offsets(offsets: Iterable[int], utf8: bytes, codec: str) -> dict[int, int]:
    """Where each offset into the UTF-8 text is in the bytes that were in `codec`."""
    moved, at, count = {}, 0, 0
    for offset in sorted(set(offsets)):
        count += len(utf8[at:offset].decode("utf-8", "ignore").encode(codec))
        moved[offset], at = count, offset
    return moved


class Document:
    """A file in UTF-8. A subclass that wants more than to know whether it can be read sets handlers of its own."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.open: list[str] = []  # the elements around, 'namespace name' each
        self.entities: dict[bytes, bytes] = {}  # those of the file's own that stand for text
        self._nested_entities = 0
        # The encoding given here overrides the declared one. With a separator, namespaces are resolved.
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.ordered_attributes = self.parser.specified_attributes = True
        if content.count(b"<") > MAX_DEPTH or b"<!ENTITY" in content:
            # Else no element can be too deep, and calls for each would take most of the time.
            self.parser.StartElementHandler = self.start
            self.parser.EndElementHandler = self.end
        self.parser.EntityDeclHandler = self._entity
        self.parser.SkippedEntityHandler = self._skipped

    def read(self) -> None:
        """Raises Refused where a browser would give up."""
        try:
            self.parser.Parse(self.content, True)
        except expat.ExpatError as error:
            raise Refused(max(0, self.parser.ErrorByteIndex), expat.ErrorString(error.code)) from None

    @property
    def offset(self) -> int:
        """Of the present event. All that comes out of an entity is where the entity is named."""
        return self.parser.CurrentByteIndex

    def start(self, name: str, attributes: list[str]) -> None:  # noqa: ARG002
        self.open.append(name)
        if len(self.open) > MAX_DEPTH:
            raise Refused(self.offset, f"elements are nested more than {MAX_DEPTH} deep")

    def end(self, name: str) -> None:  # noqa: ARG002
        self.open.pop()

    def _entity(self, name: str, is_parameter: int, value: str | None, *_: str | None) -> None:
        if is_parameter or value is None:
            return
        self.entities[name.encode()] = value.encode()  # of several declarations expat reports the first
        self._nested_entities += "&" in value
        if self._nested_entities > MAX_NESTED_ENTITIES:
            raise Refused(self.offset, f"more than {MAX_NESTED_ENTITIES} entities name others")

    def _skipped(self, name: str, is_parameter: int) -> None:
        # Since an external DTD might declare it, expat lets it pass. No browser reads that DTD.
        if not is_parameter:
            raise Refused(self.offset, f"undefined entity '{name}'")


class Attribute(NamedTuple):
    """As written in a tag: `start:end` is what the quotes hold, `whole_start:whole_end` all from its name on."""

    name: bytes
    start: int
    end: int
    whole_start: int
    whole_end: int


def tag_attributes(content: bytes, offset: int) -> tuple[list[Attribute], int]:
    """Those of the start tag at `offset` of a well-formed file, declarations of namespaces apart, and the tag's end."""
    name = compiled(_NAME).match(content, offset)
    assert name, "no start tag"
    found, at = attributes(content, name.end(), len(content))
    end = compiled(_TAG_END).match(content, at)
    assert end, "a start tag without end"
    return [each for each in found if each.name != b"xmlns" and not each.name.startswith(b"xmlns:")], end.end()


def attributes(content: bytes, offset: int, limit: int) -> tuple[list[Attribute], int]:
    """Those that follow upon `offset` one after another, and where the last one ends."""
    found = []
    while match := compiled(_ATTRIBUTE).match(content, offset, limit):
        found.append(Attribute(match[1], *match.span(match.lastindex or 0), match.start(1), match.end()))
        offset = match.end()
    return found, offset


class Seen:
    """A text as a browser sees it, put together from pieces of the file that were copied or replaced."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0
        self._ends: list[int] = []  # in the text, of each piece
        self._pieces: list[tuple[int, int, bool, int]] = []  # in the file: start, end, is a copy, what it is part of

    @property
    def text(self) -> bytes:
        return b"".join(self._parts)

    def add(self, part: bytes, start: int, end: int, *, copied: bool = True, parent: int = 0) -> None:
        if part:
            self._parts.append(part)
            self._length += len(part)
            self._ends.append(self._length)
            self._pieces.append((start, end, copied, parent))

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Where in the file the text's `start:end` stands; None where that cannot be replaced by another text: inside
        the text of an entity, around an element, or across one edge of a CDATA section."""
        first, last = self._piece(start), self._piece(end - 1)
        (from_start, _, first_copied, first_parent), (_, to_end, last_copied, last_parent) = first[2], last[2]
        if (
            first_parent != last_parent
            or not (first_copied or start == first[0])
            or not (last_copied or end == last[1])
        ):
            return None
        return (
            from_start + (start - first[0] if first_copied else 0),
            to_end - (last[1] - end if last_copied else 0),
        )

    def around(self, start: int, end: int) -> tuple[int, int]:
        """The least part of the file that holds the text's `start:end`."""
        first, last = self._piece(start), self._piece(end - 1)
        return (
            first[2][0] + (start - first[0] if first[2][2] else 0),
            last[2][1] - (last[1] - end if last[2][2] else 0),
        )

    def _piece(self, at: int) -> tuple[int, int, tuple[int, int, bool, int]]:
        """The one that holds the byte `at` of the text: its start and end in the text, and itself."""
        index = bisect_right(self._ends, at)
        return self._ends[index - 1] if index else 0, self._ends[index], self._pieces[index]


def seen_value(content: bytes, start: int, end: int, entities: Mapping[bytes, bytes]) -> Seen:
    """The value of an attribute, which is `start:end` of the file."""
    seen, at = Seen(), start
    for match in compiled(_IN_VALUE).finditer(content, start, end):
        seen.add(content[at : match.start()], at, match.start())
        at = match.end()
        text = _replacement(match[0], entities, seen_value) if match[0].startswith(b"&") else b" "
        seen.add(text, match.start(), at, copied=False)
    seen.add(content[at:end], at, end)
    return seen


def seen_content(content: bytes, start: int, end: int, entities: Mapping[bytes, bytes]) -> Seen:
    """The text of an element whose content is `start:end` of the file, without that of the elements in it."""
    seen, at, depth, parent = Seen(), start, 0, 0
    for match in compiled(_IN_CONTENT).finditer(content, start, end):
        markup, here = match[0], match.start()
        if not depth:
            seen.add(content[at:here], at, here, parent=parent)
        at = match.end()
        if markup.startswith(b"</"):
            depth -= 1
        elif not markup.startswith((b"&", b"<!", b"<?")):
            depth += not markup.endswith(b"/>")
            parent += 2  # odd for all in CDATA, since from one section to the next the edges go in pairs
        elif not depth and markup.startswith(b"&"):
            seen.add(_replacement(markup, entities, seen_content), here, at, copied=False, parent=parent)
        elif not depth and markup.startswith(b"<![CDATA["):
            seen.add(markup[9:-3], here + 9, at - 3, parent=parent + 1)
    seen.add(content[at:end], at, end, parent=parent)
    return seen


_Reader = Callable[[bytes, int, int, Mapping[bytes, bytes]], Seen]


def _replacement(reference: bytes, entities: Mapping[bytes, bytes], read: _Reader) -> bytes:
    """What `&reference;` stands for; nothing where that is declared elsewhere. `read` reads an entity's own text."""
    name = reference[1:-1]
    if name in _PREDEFINED:
        return _PREDEFINED[name]
    if number := compiled(_NUMBER).fullmatch(name):
        code = int(number[1], 16) if number[1] else int(number[2])
        return chr(code).encode() if 0 < code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else b"\xef\xbf\xbd"
    value = entities.get(name, b"")
    return read(value, 0, len(value), entities).text
