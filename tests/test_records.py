from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetbuild.records import (
    identify,
    manifest_body,
    manifest_line,
    manifest_text,
    record_line,
    record_text,
    sums_of,
    sums_text,
)
from assetbuild.runtime.manifest import FORMAT_VERSION, canonical, checksum

HOSTILE = (
    'a".css',
    'a": {.css',
    'a": {"b": 1},\n"c',
    '"files": {\n',
    "}\n}\n",
    "a\\",
    '\\"',
    "a,b",
    "ä.css",
    "\u2028.css",
    "\x85.css",
    "\x7f",
    "😀.svg",
    " ",
    "a  b",
    "a/b c.css",
    "\udcff.css",
)
letters = 'ab"\\:{},/.\n\t \x00\x7f\x85äß\u2028\u2029\ufeff😀'
names = st.one_of(st.sampled_from(HOSTILE), st.text(letters, max_size=12))
lists = st.lists(names, max_size=3)
sizes = st.integers(0, 2**40)
digests = st.integers(0, 2**256 - 1).map("{:064x}".format)
entries = st.fixed_dictionaries(
    {
        "file": names,
        "size": sizes,
        "integrity": st.none() | names,
        "stable": st.booleans(),
        "prehashed": st.booleans(),
        "imports": lists,
        "dynamic": lists,
    }
)
records = st.fixed_dictionaries(
    {
        "asset": names,
        "references": lists,
        "sha256": digests,
        "size": sizes,
        "source_digests": lists,
        "source_size": sizes,
        "sources": lists,
        "stable": st.booleans(),
        "tier": st.sampled_from(["source", "verified", "trusted"]),
        "tools": lists,
        "variants": st.dictionaries(
            st.sampled_from(["br", "gz"]), st.fixed_dictionaries({"sha256": digests, "size": sizes})
        ),
    }
)
RECORD_OF_A = {
    "asset": "a",
    "references": ["b"],
    "sha256": "00",
    "size": 2,
    "source_digests": ["22"],
    "source_size": 3,
    "sources": ["a"],
    "stable": False,
    "tier": "source",
    "tools": [],
    "variants": {"gz": {"size": 1, "sha256": "11"}},
}
LINE_OF_A = (
    '"a": {"asset": "a", "references": ["b"], "sha256": "00", "size": 2, "source_digests": ["22"], '
    '"source_size": 3, "sources": ["a"], "stable": false, "tier": "source", "tools": [], '
    '"variants": {"gz": {"sha256": "11", "size": 1}}}'
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(names, entries, max_size=4), names, st.none() | st.from_regex(r"\A[0-9a-f]{16}\Z"))
def test_a_manifest_out_of_lines_is_the_canonical_text_of_the_whole(
    assets: dict[str, dict[str, Any]], url_prefix: str, release_id: str | None
) -> None:
    said = {
        path: {key: value for key, value in entry.items() if value or key in ("file", "size", "integrity")}
        for path, entry in assets.items()
    }
    for path, entry in assets.items():
        if not entry["integrity"]:
            del said[path]["integrity"]
    whole: dict[str, Any] = {"version": FORMAT_VERSION, "url_prefix": url_prefix, "assets": said}
    if release_id:
        whole["release"] = release_id

    body = manifest_body({path: manifest_line(path, **entry) for path, entry in assets.items()})
    if said := checksum(body):
        whole["checksum"] = said

    assert manifest_text(body, url_prefix, release_id) == canonical(whole)


def test_a_manifest_is_one_line_with_sorted_keys() -> None:
    lines = {path: manifest_line(path, "é", 1, None, False, False, (), ()) for path in ("b.css", 'a".css')}

    assert (
        manifest_text(manifest_body(lines), "/static/", "0123456789abcdef")
        == (
            '{"assets":{"a\\".css":{"file":"é","size":1},"b.css":{"file":"é","size":1}},'
            '"release":"0123456789abcdef","url_prefix":"/static/","version":1}\n'
        ).encode()
    )


heads = st.fixed_dictionaries(
    {
        "version": st.integers(),
        "release": names,
        "compress": st.dictionaries(names, st.integers(), max_size=2),
        "cycles": st.lists(st.lists(names, max_size=3), max_size=3),
    }
)


@settings(max_examples=60, deadline=None)
@given(heads, st.dictionaries(names, records, max_size=4))
def test_a_record_is_json_and_its_lines_come_back(head: dict[str, Any], files: dict[str, dict[str, Any]]) -> None:
    lines = {name: record_line(name, **entry) for name, entry in files.items()}

    text = record_text(head, [lines[name] for name in sorted(lines)])

    assert json.loads(text) == {**head, "files": files}
    assert lines == {name: json.dumps({name: entry}, sort_keys=True)[1:-1] for name, entry in files.items()}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_line_of_a_record_stands_alone_whatever_its_name(name: str) -> None:
    entry = {**RECORD_OF_A, "asset": name, "references": [name], "sources": [name], "tools": [name]}

    line = record_line(name, **entry)

    assert "\n" not in line
    assert json.loads("{" + line + "}") == {name: entry}
    text = record_text({"release": name}, sorted([LINE_OF_A, line]))
    assert json.loads(text) == {"release": name, "files": {name: entry, "a": RECORD_OF_A}}


def test_a_record_has_a_line_for_each_file() -> None:
    line = record_line("a", **RECORD_OF_A)
    text = record_text({"version": 1, "cycles": []}, [line, '"b": {}'])

    assert line == LINE_OF_A
    assert text.decode() == '{\n"cycles": [],\n"version": 1,\n"files": {\n' + LINE_OF_A + ',\n"b": {}}\n}\n'
    assert record_text({}, ()) == b'{\n"files": {\n}\n}\n'


# What stands in a release: no control characters, no backslash, valid UTF-8.
paths = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\\"), min_size=1).map(
    "files/{}".format
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(paths, digests))
def test_sums_come_back(sums: dict[str, str]) -> None:
    assert sums_of(sums_text(sums)) == sums


def test_sums_are_what_sha256sum_reads() -> None:
    sums = {"files/ä b.css": "b" * 64, "files/a\u2028b.css": "c" * 64, "SHA": "a" * 64}

    assert sums_text(sums).decode() == (f"{'a' * 64}  SHA\n{'c' * 64}  files/a\u2028b.css\n{'b' * 64}  files/ä b.css\n")
    assert sums_of(sums_text(sums)) == sums
    assert sums_of(b"") == {}


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=50),
    st.lists(st.tuples(digests, paths.map(lambda path: path.removeprefix("files/"))), max_size=5),
)
def test_an_id_is_the_start_of_a_digest_over_the_manifest_and_the_sorted_sums(
    manifest: bytes, files: list[tuple[str, str]]
) -> None:
    """As design and documentation say, in other words than the code's."""
    lines = sorted(f"{sha256}  files/{name}\n" for sha256, name in files)
    whole = manifest + b"".join(line.encode() for line in lines)

    assert identify(manifest, reversed(files)) == hashlib.sha256(whole).hexdigest()[:16]
    for some in range(len(files) + 1):
        carried = [f"{sha256}  files/{name}".encode() for sha256, name in files[:some]]
        assert identify(manifest, files[some:], carried) == hashlib.sha256(whole).hexdigest()[:16]
