from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetbuild.records import manifest_body, manifest_line, manifest_text, record_line, record_text, sums_text
from assetbuild.splice import (
    digest_of,
    find_entry,
    identity_lines,
    manifest_body_of,
    splice_manifest,
    splice_record,
    splice_sums,
    sums_lines,
    without_sums,
)
from tests.test_records import digests, entries, heads, names, paths, records

Files = dict[str, dict[str, Any]]
prefixes = st.sampled_from(["/static/", '},"release":"', '"},"checksum":"', "a},"])
many = st.dictionaries(names, entries, min_size=1, max_size=8)


def text_of(assets: Files, prefix: str, modules: str) -> tuple[bytes, bytes]:
    body = manifest_body({path: manifest_line(path, **entry) for path, entry in assets.items()})
    return body, manifest_text(body, prefix, "0123456789abcdef", modules)


@settings(max_examples=50, deadline=None)
@given(many, prefixes, st.sampled_from(["rewrite", "importmap"]))
def test_what_a_manifest_says_of_assets_is_found_in_it(assets: Files, prefix: str, modules: str) -> None:
    body, text = text_of(assets, prefix, modules)

    assert manifest_body_of(text) == body


@pytest.mark.parametrize("text", [b"", b"{}", b'{"assets":{}}', b'{},"release":"x"}'])
def test_what_is_no_manifest_says_nothing_of_assets(text: bytes) -> None:
    with pytest.raises(ValueError, match="this is no manifest"):
        manifest_body_of(text)


@settings(max_examples=50, deadline=None)
@given(many, st.data())
def test_entries_of_a_manifest_are_replaced_where_they_stand(assets: Files, data: st.DataObject) -> None:
    body = text_of(assets, "/", "rewrite")[0]
    new = {path: data.draw(entries) for path in data.draw(st.sets(st.sampled_from(sorted(assets))))}

    spliced = splice_manifest(body, {path: manifest_line(path, **entry) for path, entry in new.items()})

    assert spliced == text_of(assets | new, "/", "rewrite")[0]


@settings(max_examples=40, deadline=None)
@given(many, names)
def test_an_entry_that_is_not_there_is_not_replaced(assets: Files, name: str) -> None:
    assets.pop(name, None)
    body = text_of(assets, "/", "rewrite")[0]

    with pytest.raises(KeyError):
        splice_manifest(body, {name: b"{}"})


@settings(max_examples=60, deadline=None)
@given(
    st.lists(heads, min_size=2, max_size=2),
    st.dictionaries(names, records, max_size=8),
    st.sets(names, max_size=3),
    st.dictionaries(names, records, max_size=3),
    st.data(),
)
def test_a_record_with_other_lines_is_that_of_those_files(
    both: list[dict[str, Any]], files: Files, gone: set[str], new: Files, data: st.DataObject
) -> None:
    gone |= data.draw(st.sets(st.sampled_from(sorted(files)))) if files else set()
    before, after = both

    spliced = splice_record(whole(before, files), after, gone, {name: record_line(name, **new[name]) for name in new})

    assert spliced == whole(after, {name: entry for name, entry in files.items() if name not in gone} | new)


def whole(head: dict[str, Any], files: Files) -> bytes:
    return record_text(head, [record_line(name, **files[name]) for name in sorted(files)])


@settings(max_examples=40, deadline=None)
@given(heads, st.dictionaries(names, records, max_size=8), names)
def test_each_file_is_found_in_a_record(head: dict[str, Any], files: Files, other: str) -> None:
    text = whole(head, files)

    assert {name: find_entry(text, name) for name in files} == files
    assert find_entry(text, other) == files.get(other)


@pytest.mark.parametrize(
    ("text", "why"),
    [(b"", "this is no record"), (b'"files": {\n', "this is no record"), (b"}\n}\n", "subsection not found")],
)
def test_nothing_is_found_in_what_is_no_record(text: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        find_entry(text, "a")


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(paths, digests, max_size=8), st.dictionaries(paths, digests, max_size=3), st.data())
def test_sums_with_other_lines_are_those_of_those_files(
    sums: dict[str, str], new: dict[str, str], data: st.DataObject
) -> None:
    gone = data.draw(st.sets(st.sampled_from(sorted(sums)))) if sums else set()
    lines = sums_lines(sums_text(sums))
    kept = {path: digest for path, digest in sums.items() if path not in gone and path not in new}

    rest = without_sums(lines, gone | (new.keys() & sums.keys()))

    assert splice_sums(rest, new) == sums_text(kept | new)
    assert lines == sums_lines(sums_text(sums))
    assert {path: digest_of(rest, path) for path in sums} == {path: kept.get(path) for path in sums}


def test_a_sum_that_is_not_there_cannot_go() -> None:
    with pytest.raises(KeyError):
        without_sums(sums_lines(sums_text({"files/a.css": "0" * 64})), ["files/b.css"])


def test_variants_are_in_no_id() -> None:
    lines = [b"0" * 64 + b"  files/" + name for name in (b"a.css", b"a.css.br", b"\xc3\xa4.css")]

    assert identity_lines(lines, {"a.css", "ä.css"}) == [lines[0], lines[2]]
    assert identity_lines(lines, {"a.css", "ä.css", "a.css.br"}) == lines
