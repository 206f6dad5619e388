"""Manifests that somebody means harm with: ManifestError, or an answer that is safe; never a URL that leads away."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

import pytest

from assetbuild.runtime.lines import Lines
from assetbuild.runtime.manifest import Manifest, ManifestError, MissingAsset, canonical, checksum
from assetbuild.runtime.tags import Tags

GOOD: dict[str, Any] = {
    "version": 1,
    "release": "0123456789abcdef",
    "url_prefix": "/static/",
    "modules": "importmap",
    "assets": {
        "css/a.css": {"file": "css/a.00.css", "integrity": "sha384-" + "A" * 64, "size": 3},
        "js/a.js": {
            "file": "js/a.01.js",
            "integrity": "sha384-" + "B" * 64,
            "size": 2,
            "imports": ["js/b.js"],
            "dynamic": ["js/c.js", "js/a.js"],
        },
        "js/b.js": {"file": "js/b.02.js", "size": 1, "stable": True, "imports": ["js/a.js"]},
        "js/c.js": {"file": "js/c.03.js", "size": 0},
    },
}
STRINGS = [
    "",
    "/",
    "..",
    "../x.js",
    "a/../../x.js",
    "/etc/passwd",
    "//host/x.js",
    "\\\\host\\x.js",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "https://host/x.js",
    "a.js?x",
    "a.js#x",
    "%2e%2e/x.js",
    "a\0.js",
    "a\n.js",
    "a\u2028.js",
    "\u202ea.js",
    "\ud800.js",
    '"><script>alert(1)</script>',
    "'onload='x",
    "</script><!--",
    "a&quot;.js",
    "{{x}}",
    "x" * 100_000,
]
VALUES: list[Any] = [None, True, False, 0, -1, 1.5, 1e308, 10**30, [], {}, [[]], [None], {"file": "x"}, *STRINGS]

SAFE_PATH = re.compile(r"/[A-Za-z0-9/._~%-]*")


def text_of(data: Any, *, with_checksum: bool = False) -> bytes:
    """As a build writes it, or as anybody does."""
    if with_checksum and isinstance(data, dict) and isinstance(data.get("assets"), dict):
        body = canonical({"": data["assets"]})[5:-3]
        data = {**data, "checksum": checksum(body) or "none"}
        try:
            return canonical(data)
        except ManifestError:
            pass
    return json.dumps(data).encode()


def positions(data: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield way
    for key, inner in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from positions(inner, (*way, key))


def changed(way: tuple[Any, ...], value: Any) -> Any:
    if not way:
        return value
    data = copy.deepcopy(GOOD)
    holder: Any = data
    for key in way[:-1]:
        holder = holder[key]
    holder[way[-1]] = value
    return data


class Reader(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.seen: list[tuple[str, str]] = []
        self.values: list[str] = []
        self.data = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(("start", tag))
        self.values += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        self.seen.append(("end", tag))

    def handle_data(self, data: str) -> None:
        self.data += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def use(content: bytes, base_url: str = "/static/", *, with_tags: bool = True) -> int:
    """Ask for all that a manifest can be asked; how many URLs it gave."""
    try:
        manifest = Manifest.from_bytes(content, base_url=base_url)
    except ManifestError:
        return 0
    tags, given = Tags(manifest), 0
    for path in {*manifest, *GOOD["assets"]}:
        try:
            url = manifest.url(path)
            entry = manifest.entry(path)
        except (ManifestError, MissingAsset):
            continue
        given += 1
        check_url(url, base_url)
        assert (type(entry.file), type(entry.size), type(entry.stable)) == (str, int, bool)
        assert entry.size is not None
        assert entry.size >= 0
        if not with_tags:
            continue
        made = [tags.script(path), tags.stylesheet(path), tags.script(path, module=True, nonce='"><x>')]
        assert [Reader(text).seen for text in made] == [
            [("start", "script"), ("end", "script")],
            [("start", "link")],
            [("start", "script"), ("end", "script")],
        ]
        assert [Reader(text).values for text in made] == [[url]] * 3
        try:
            preload, found = Reader(tags.modulepreload(path)), Reader(tags.importmap(path))
            links = tags.preload_links(path)
        except (ManifestError, MissingAsset, ValueError):  # ValueError: the name does not say what it is preloaded as
            continue
        assert {kind for _, kind in preload.seen} <= {"link"}
        for one in preload.values:
            check_url(one, base_url)
        for one in json.loads(found.data or '{"imports": {}}')["imports"].values():
            check_url(one, base_url)
        assert not any(re.search(r"[\r\n\0]", one) for one in links)
    return given


def check_url(url: str, base_url: str) -> None:
    assert url.startswith(base_url)
    rest = url[len(base_url) :]
    assert SAFE_PATH.fullmatch("/" + rest), url
    assert not {"", ".", ".."} & {*rest.split("/")}, url
    assert not {".", ".."} & {part.lower().replace("%2e", ".") for part in rest.split("/")}, url
    parts, base = urlsplit(url), urlsplit(base_url)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == (base.scheme, base.netloc, "", "")


@pytest.mark.parametrize("with_checksum", [False, True])
def test_a_wrong_value_in_any_position_gives_an_error_or_a_safe_answer(with_checksum: bool) -> None:
    assert use(text_of(GOOD, with_checksum=with_checksum)) == 4
    base_url = "https://cdn.example/s/" if with_checksum else "/static/"
    given = sum(
        use(text_of(changed(way, value), with_checksum=with_checksum), base_url)
        for way in positions(GOOD)
        for value in VALUES
    )
    assert given > 700


@pytest.mark.parametrize("with_checksum", [False, True])
def test_a_hostile_logical_path_is_a_key_and_no_more(with_checksum: bool) -> None:
    for name in STRINGS:
        data = copy.deepcopy(GOOD)
        data["assets"][name] = {"file": "x.js", "size": 1}
        data["assets"]["js/a.js"]["imports"] = [name]
        content = text_of(data, with_checksum=with_checksum)
        assert use(content) == 5
        assert Manifest.from_bytes(content).url(name) == "/static/x.js"


@pytest.mark.parametrize("with_checksum", [False, True])
def test_a_byte_that_is_missing_or_another_gives_an_error_or_a_safe_answer(with_checksum: bool) -> None:
    content = text_of(GOOD, with_checksum=with_checksum)
    for at in range(len(content)):
        assert use(content[:at]) == 0 or at == len(content) - 1  # without the newline
        for piece in (b"", *(bytes([byte]) for byte in b'\0"\\/.:{}[],')):
            other = content[:at] + piece + content[at + 1 :]
            use(forged(other) if with_checksum else other, with_tags=False)


def forged(content: bytes) -> bytes:
    """With the checksum that makes of it what a build has written."""
    start, end = len(b'{"assets":{'), content.rfind(b'},"checksum":"')
    made = f"{crc32(content[start:end]):08x}".encode()
    return content[: end + 14] + made + content[end + 22 :] if end > 0 else content


def test_what_is_forged_is_read_as_if_a_build_had_written_it() -> None:
    content = text_of(GOOD, with_checksum=True)
    assert forged(content) == content
    other = forged(content.replace(b"a.00.css", b"evil.css"))
    assert type(Manifest.from_bytes(other)._assets) is Lines
    assert Manifest.from_bytes(other).url("css/a.css") == "/static/css/evil.css"


@pytest.mark.parametrize("keys", ["version", "assets", "url_prefix", "checksum"])
def test_a_key_that_stands_twice_is_an_error(keys: str) -> None:
    content = text_of({**GOOD, "checksum": "x"})
    twice = content[:-1] + f', "{keys}": "/other/"}}'.encode()
    with pytest.raises(ManifestError, match=f"the manifest holds the key '{keys}' twice"):
        Manifest.from_bytes(twice)
    asset = content.replace(b'"css/a.css": {', b'"css/a.css": {"file": "evil.css", ')
    with pytest.raises(ManifestError, match="the manifest holds the key 'file' twice"):
        Manifest.from_bytes(asset)


MILLION = """
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[3]) << 20,) * 2)
from assetbuild.runtime.lines import Lines
from assetbuild.runtime.manifest import Manifest, checksum
count, is_written_by_us = int(sys.argv[1]), sys.argv[2] == "True"
body = ",".join([f'"a{at:07}":{{"file":"a{at}","size":1}}' for at in range(count)]).encode()
tail = b',"release":"x","url_prefix":"/","version":1}'
check = checksum(body) if is_written_by_us else "0"
content = b'{"assets":{' + body + b'},"checksum":"' + check.encode() + b'"' + tail
del body
started = time.process_time()
manifest = Manifest.from_bytes(content)
assert len(manifest) == count
assert manifest.url(f"a{count - 1:07}") == f"/a{count - 1}"
print(time.process_time() - started)
"""


@pytest.mark.parametrize(("count", "with_checksum", "megabytes"), [(1_000_000, True, 600), (100_000, False, 600)])
def test_a_million_assets_take_bounded_time_and_memory(count: int, with_checksum: bool, megabytes: int) -> None:
    command = [sys.executable, "-c", MILLION, str(count), str(with_checksum), str(megabytes)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parent.parent)
    assert (done.stderr, done.returncode) == ("", 0)
    assert float(done.stdout) < 10  # seconds of this process alone, whatever else the machine does
