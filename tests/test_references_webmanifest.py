"""Which members of a web app manifest name images, where exactly they stand, and which files are no manifests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetbuild.references.webmanifest import MAX_DEPTH, find, problem
from assetbuild.urls import is_local, path_length


def spans(content: bytes) -> list[tuple[str, str, str]]:
    """Specifier, the bytes that would be replaced, and the whole member."""
    found = find(content)
    assert {each.kind for each in found} <= {"webmanifest"}
    return [
        (
            each.specifier,
            content[each.start : each.end].decode(errors="replace"),
            content[each.whole_start : each.whole_end].decode(errors="replace"),
        )
        for each in found
    ]


def icon(written: str) -> bytes:
    """A manifest whose one icon is the string that is written `written`."""
    return b'{"icons": [{"src": "%s"}]}' % written.encode()


@pytest.mark.parametrize(
    ("written", "specifier", "path"),
    [
        ("i.png", "i.png", "i.png"),
        ("../a%20b.png", "../a%20b.png", "../a%20b.png"),
        ("/static/i.png?v=1#x", "/static/i.png", "/static/i.png"),
        ("i.svg#a?b", "i.svg", "i.svg"),
        (r"a\/b.png", "a/b.png", r"a\/b.png"),
        (r"\u0069.png\u003fv=1", "i.png", r"\u0069.png"),
        (r"i.svg\u0023a", "i.svg", "i.svg"),
        (r"a\"b\\c.png", 'a"b\\c.png', r"a\"b\\c.png"),
        (r"\\\\\"", None, None),
        (r"\n i.png \t", "i.png", r"\n i.png \t"),
        (r"i.p\nng", "i.png", r"i.p\nng"),
        (r"\b\fi\bj\r\t", "i\bj", r"\b\fi\bj\r\t"),
        ("ü\U0001f600.png", "ü\U0001f600.png", "ü\U0001f600.png"),
        (r"\u00fc\ud83d\ude00.png", "ü\U0001f600.png", r"\u00fc\ud83d\ude00.png"),
        (r"\uD83D.png", "\ufffd.png", r"\uD83D.png"),
        (r"\ude00\ud83d.png", "\ufffd\ufffd.png", r"\ude00\ud83d.png"),
        ("[{]}.png", "[{]}.png", "[{]}.png"),
        ("", None, None),
        ("?a", None, None),
        ("#a", None, None),
        (" #a", None, None),
        ("https://example.com/i.png", None, None),
        (r"https:\/\/example.com/i.png", None, None),
        ("//example.com/i.png", None, None),
        ("data:image/png;base64,AA==", None, None),
    ],
)
def test_a_source(written: str, specifier: str | None, path: str | None) -> None:
    assert spans(icon(written)) == ([(specifier, path, f'"src": "{written}"')] if specifier else [])


@pytest.mark.parametrize(
    ("content", "specifiers"),
    [
        ('{"icons":[{"src":"a"},{"sizes":"any","src":"b"}]}', ["a", "b"]),
        ('{"screenshots":[{"src":"a","label":"x"}]}', ["a"]),
        ('{"shortcuts":[{"url":"/p","icons":[{"src":"a"}]},{"icons":[{"src":"b"}]}]}', ["a", "b"]),
        ('{"shortcuts":[{"icons_localized":{"fr":[{"src":"a"}]}}]}', ["a"]),
        ('{"icons_localized":{"fr":[{"src":"a"}],"src":[{"src":"b"}]}}', ["a", "b"]),
        ('{"shortcuts_localized":{"de":[{"icons":[{"src":"a"}]}]}}', ["a"]),
        ('{"file_handlers":[{"action":"/p","accept":{"image/png":".png"},"icons":[{"src":"a"}]}]}', ["a"]),
        ('{"tab_strip":{"home_tab":{"icons":[{"src":"a"}]},"new_tab_button":{"url":"p"}}}', ["a"]),
        ('{"widgets":[{"icons":[{"src":"a"}],"screenshots":[{"src":"b"}],"ms_ac_template":"p"}]}', ["a", "b"]),
        ('{"screenshots":[{"src":"a"}],"icons":[{"src":"b"}],"shortcuts":[{"icons":[{"src":"c"}]}]}', ["a", "b", "c"]),
        ('{"start_url":"p","scope":"p","id":"p","src":"p","url":"p","description":"icons"}', []),
        ('{"serviceworker":{"src":"sw.js","scope":"/"},"share_target":{"action":"p"}}', []),
        ('{"related_applications":[{"url":"p","icons":[{"src":"n"}]}],"protocol_handlers":[{"url":"p"}]}', []),
        ('{"icons":{"src":"n"}}', []),
        ('{"icons":{"a":{"src":"n"}}}', []),
        ('{"icons":"n"}', []),
        ('{"icons":["n",null,1,[{"src":"n"}],{"src":["n"]},{"src":null},{"src":{"src":"n"}},{"src":"y"}]}', ["y"]),
        ('{"icons":[[{"src":"n"}]],"Icons":[{"src":"n"}],"x":{"icons":[{"src":"n"}]}}', []),
        ('{"icons_localized":[{"src":"n"}],"shortcuts":{"icons":[{"src":"n"}]},"tab_strip":[]}', []),
        ('{"icons":[{"src":"n","src":"y"}]}', ["y"]),
        ('{"icons":[{"src":"n","src":1}]}', []),
        ('{"icons":[{"src":"n"}],"a":0,"icons":[{"src":"y"}]}', ["y"]),
        ('{"icons":[{"src":"n"}],"icons":null}', []),
        ('{"icons":[{"src":"n"}],"screenshots":[{"src":"a"}],"icons":[{"src":"b"}]}', ["a", "b"]),
        (r'{"ic\u006fns":[{"\u0073rc":"y"}]}', ["y"]),
        (r'{"a":"\"icons\":[{\"src\":\"n\"}]","icons":[{"a":"\\","src":"y"}]}', ["y"]),
        ('\t\r\n{\n"icons"\r:\t[ { "src" : "y" , "a" : [ ] } , { } ] }\n', ["y"]),
        ('\ufeff{"icons":[{"src":"ü"},{"src":"y"}]}', ["ü", "y"]),
        ('\ufeff \n{"icons":[]}', []),
        ("{}", []),
        ('{"":{"":[]},"icons":[{"":"","src":"y"}],"n":[-1.5e+9,true,false,null,""]}', ["y"]),
        ('{"n":' + "9" * 10_000 + ',"icons":[{"src":"y"}]}', ["y"]),
    ],
)  # fmt: skip
def test_members(content: str, specifiers: list[str]) -> None:
    found = spans(content.encode())
    assert [specifier for specifier, _, _ in found] == specifiers
    assert [path for _, path, _ in found] == specifiers
    assert problem(content.encode()) is None


def test_bytes_that_are_not_utf_8_are_those_of_a_file_name() -> None:
    content = b'{"icons": [{"src": "a\xff.png?\xff"}], "name": "\xe9"}'
    (found,) = find(content)
    assert found.specifier == "a\udcff.png"
    assert content[found.start : found.end] == b"a\xff.png"


@pytest.mark.parametrize(
    ("marked", "reason"),
    [
        (b"|", "expecting value"),
        (b"\xef\xbb\xbf|", "expecting value"),
        (b" |<html>", "expecting value"),
        (b"\n|[]", "the outermost value is no object"),
        (b'|"icons"', "the outermost value is no object"),
        (b"|1", "the outermost value is no object"),
        (b'{"icons": [{"src": "a"}]} |{}', "extra data"),
        (b'{"icons": [{"src": "a"}] |"b": 1}', "expecting ',' delimiter"),
        (b'{"\xc3\xbc": "\xc3\xbc", "a" |}', "expecting ':' delimiter"),
        (b"{|'icons': []}", "expecting property name enclosed in double quotes"),
        (b"{|/* a */}", "expecting property name enclosed in double quotes"),
        (b'{"icons": |"a', "unterminated string starting at"),
        (b'{"icons": "a|\n"}', "invalid control character at"),
        (b'{"icons": "a|\\x"}', "invalid \\escape"),
        (b'{"icons": |undefined}', "expecting value"),
        (b'{"NaN": "NaN", "icons": |NaN}', "'NaN' is no value of JSON"),
        (b'{"a": "\\\\", "b": |NaN, "c": "Infinity"}', "'NaN' is no value of JSON"),
        (b'{"a": "\\"NaN", "icons": [|-Infinity]}', "'-Infinity' is no value of JSON"),
        (b"|\xff\xfe{\0}\0", "expecting value"),
        (b'{"a":' + b"[" * (MAX_DEPTH - 1) + b"|[", "brackets are nested more than 200 deep"),
        (b'{"[[": "\\"[[",' + b'"a":[],' * 300 + b'"b":"b"|', "expecting ',' delimiter"),
        (b'{"[[": "\\"[[",' + b'"a":[],' * 300 + b'"b":{' * 199 + b'"c":|{', "brackets are nested more than 200 deep"),
        (b"|" + b"\\" * 100, "expecting value"),
    ],
)  # fmt: skip
def test_a_problem(marked: bytes, reason: str) -> None:
    content = marked.replace(b"|", b"", 1)
    found = problem(content)
    assert found
    assert found == (marked.index(b"|"), reason) or found[1].startswith(reason + ":"), found
    assert find(content) == []


def test_brackets_may_be_nested_as_deep_as_browsers_read() -> None:
    depth = MAX_DEPTH - 1
    content = b'{"a": "[[", "b":' + b"[" * depth + b"]" * depth + b',"icons":[{"src":"y"}]}'
    assert problem(content) is None
    assert spans(content) == [("y", "y", '"src":"y"')]


LARGE = 100_000


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (b"[" * LARGE, 0),
        (b'{"icons":[' * (LARGE // 10), 0),
        (b'"' * LARGE, 0),
        (b'"' + b"\\" * LARGE, 0),
        (b'{"a":"' + b'\\"' * (LARGE // 2) + b'","icons":[{"src":"a"}]}', 1),
        (b'{"icons":[{"src":"' + b"\\u0041" * (LARGE // 6) + b'"}]}', 1),
        (b'{"icons":[' + b'{"src":"a"},' * (LARGE // 12) + b"{}]}", LARGE // 12),
        (b'{"icons":[' + b"{}," * (LARGE // 3) + b"{}]}", 0),
        (b"{" + b'"icons":[],' * (LARGE // 11) + b'"icons":[{"src":"a"}]}', 1),
        (b'{"a":' + b"9" * LARGE + b"}", 0),
        (b'{"a":' + b"-" * LARGE, 0),
        (b" " * LARGE, 0),
        (b'{"a":["' + b"x" * LARGE + b'",NaN]}', 0),
    ],
)
def test_what_is_large_takes_no_time_that_grows_faster(content: bytes, count: int) -> None:
    assert len(find(content)) == count
    problem(content)


# The oracle: the same members in what `json` gives.


def oracle(manifest: dict[str, Any]) -> Iterator[str]:
    def images(value: Any) -> Iterator[str]:
        for image in value if isinstance(value, list) else ():
            url = image.get("src") if isinstance(image, dict) else None
            if isinstance(url, str) and is_local(url):
                path = url[: path_length(url)].strip("".join(map(chr, range(33))))
                yield path.replace("\t", "").replace("\n", "").replace("\r", "")

    for name, value in manifest.items():
        if name in ("icons", "screenshots"):
            yield from images(value)
        elif name in ("shortcuts", "file_handlers"):
            for item in value if isinstance(value, list) else ():
                yield from images(item.get("icons") if isinstance(item, dict) else None)
        elif name == "icons_localized" and isinstance(value, dict):
            for localized in value.values():
                yield from images(localized)


urls = st.sampled_from(
    ["a.png", "b c", "ü.png", "\U0001f600", "\x7f\x80", "d/e?q", "f#g", "?q", "http://h/i", " j ", '"', "\\", "k\nl"]
)
names = st.sampled_from(["icons", "screenshots", "shortcuts", "file_handlers", "icons_localized", "src", "url", "ü"])
images = st.lists(
    st.one_of(st.dictionaries(names, urls, max_size=3), st.fixed_dictionaries({"src": urls}), urls), max_size=3
)
members = st.one_of(
    images, st.dictionaries(names, images, max_size=3), st.lists(st.dictionaries(names, images), max_size=2), urls
)
manifests = st.dictionaries(names, members, max_size=5)


@st.composite
def written(draw: st.DrawFn) -> bytes:
    indent = draw(st.sampled_from([None, 0, 2]))
    text = json.dumps(draw(manifests), ensure_ascii=draw(st.booleans()), indent=indent)
    text = text.replace("/", r"\/") if draw(st.booleans()) else text
    text = text.replace("rc", r"\u0072\u0063") if draw(st.booleans()) else text
    return (draw(st.sampled_from(["", "\ufeff", "\n"])) + text).encode()


@settings(max_examples=60)
@given(written())
def test_findings_are_those_of_json(content: bytes) -> None:
    assert problem(content) is None
    assert [each.specifier for each in find(content)] == list(oracle(json.loads(content)))


@settings(max_examples=60)
@given(written())
def test_a_replaced_url_reads_as_written_and_changes_no_other(content: bytes) -> None:
    references = find(content)
    new = [f"../n-_~%20/{at}.F.png" for at in range(len(references))]
    for each, url in reversed([*zip(references, new, strict=True)]):
        assert each.whole_start < each.start < each.end < each.whole_end
        content = content[: each.start] + url.encode() + content[each.end :]
    assert list(oracle(json.loads(content))) == new


@given(st.binary(max_size=40) | st.text('{}[]":,\\ unaltrefsNIicosrc01-.', max_size=40).map(str.encode))
def test_no_bytes_are_an_error(content: bytes) -> None:
    problem(content)
    find(content)
