"""A manifest that says that a build wrote it is looked up as text, and answers as if it had been parsed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetbuild.runtime import Manifest, ManifestError, MissingAsset
from assetbuild.runtime.lines import Lines, checksum
from assetbuild.runtime.manifest import canonical

REBUILD = "\n  fix: run 'assetbuild build' to make the release again"


def entry(file, **more):
    return {"file": file, "integrity": "sha384-AAAA", "size": 7, **more}


def body_of(assets):
    return canonical(assets)[1:-2]


def sealed(body, said=None, **more):
    head = {"checksum": said or checksum(body), "release": "r", "url_prefix": "/static/", "version": 1} | more
    return b'{"assets":{' + body + b"}," + canonical(head)[1:]


def is_text(manifest):
    return isinstance(manifest._assets, Lines)


NAMES = st.text("ab!~ ,:[]/-z", min_size=1, max_size=4)


@settings(deadline=None)
@given(
    st.dictionaries(NAMES, st.lists(NAMES, max_size=2), min_size=1, max_size=30),
    st.lists(NAMES, max_size=20),
)
def test_text_answers_as_the_parsed_manifest_does(imports, others):
    assets = {
        path: {"file": f"f/{number}.js", "size": number} | ({"imports": names} if names else {})
        for number, (path, names) in enumerate(imports.items())
    }
    whole = canonical({"assets": assets, "release": "r", "url_prefix": "/static/", "version": 1})
    text, parsed = Manifest.from_bytes(sealed(body_of(assets))), Manifest.from_bytes(whole)
    assert (is_text(text), is_text(parsed)) == (True, False)
    assert list(text) == list(parsed) == sorted(assets)
    assert len(text) == len(parsed)
    for name in [*assets, *others, *(path[:-1] for path in assets), *(path + "!" for path in assets)]:
        assert (name in text) == (name in parsed)
        if name in parsed:
            assert text.url(name) == parsed.url(name)
            assert text.entry(name) == parsed.entry(name)
        else:
            with pytest.raises(MissingAsset):
                text.entry(name)
            with pytest.raises(MissingAsset):
                text.url(name)


@pytest.mark.parametrize("path", [None, 3, b"a.js", ("a.js",)])
def test_what_is_no_name_is_missing_in_text_too(path):
    assets = Manifest.from_bytes(sealed(body_of({"a.js": entry("a.1.js")})))
    assert path not in assets
    for ask in (assets.url, assets.entry):
        with pytest.raises(MissingAsset):
            ask(path)


@pytest.mark.parametrize(
    "assets",
    [
        {},
        {"é.js": entry("x.js")},
        {'a".js': entry("x.js")},
        {"a\\.js": entry("x.js")},
        {"a{.js": entry("x.js")},
        {"a.js": entry("x.js", imports=["a}.js"])},
        {"a{}.js": entry("x.js")},
    ],
)
def test_a_text_that_cannot_be_searched_has_no_checksum(assets):
    assert checksum(body_of(assets)) is None


BODY = body_of({"a.js": entry("a.1.js"), "b.js": entry("b.1.js")})


@pytest.mark.parametrize(
    "content",
    [
        sealed(BODY, "00000000"),
        sealed(BODY, checksum(BODY).upper() + "0"),
        sealed(BODY).replace(b'"size":7', b'"size":8', 1),
        sealed(BODY).replace(b'{"assets"', b'{ "assets"'),
        sealed(BODY).replace(b'},"checksum"', b'}, "checksum"'),
        json.dumps(json.loads(sealed(BODY)), indent=1).encode(),
    ],
)
def test_what_was_edited_is_parsed_and_checked_in_full(content):
    assets = Manifest.from_bytes(content)
    assert not is_text(assets)
    assert assets.url("b.js") == "/static/b.1.js"
    with pytest.raises(ManifestError):
        Manifest.from_bytes(content.replace(b"a.1.js", b"../a.js"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"version": 2}, "the manifest has format version 2; this assetbuild reads version 1"),
        ({"release": 1}, "'release' is a number, not a string"),
        ({"modules": "none"}, "'modules' is 'none', not 'rewritten' or 'importmap'"),
        ({"modules": ["importmap"]}, "'modules' is ['importmap'], not 'rewritten' or 'importmap'"),
        ({"url_prefix": "javascript:x/"}, "url_prefix 'javascript:x/' starts with neither '/' nor a scheme"),
    ],
)
def test_all_but_the_assets_is_checked_at_once(more, message):
    with pytest.raises(ManifestError) as caught:
        Manifest.from_bytes(sealed(BODY, **more))
    assert caught.value.what == message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            b'"a.js":{"file":"../a.js","size":1}',
            "asset 'a.js': 'file' is '../a.js', which is not a plain relative path",
        ),
        (b'"a.js":{"file":"https://evil/a.js","size":1}', None),
        (b'"a.js":{"file":"a.js","size":-1}', "asset 'a.js': 'size' is -1, not a number of bytes"),
        (b'"a.js":{"file":"a.js","size":1,"size":1}', "the manifest holds the key 'size' twice"),
        (b'"a.js":{"file":"a.js","size":1', None),
        (b'"a.js":{"file":"a.js","size":NaN}', "the manifest holds NaN, which is not JSON"),
        (b'"a.js":{"file":"a.js","integrity":"\\"","size":1}', None),
        (b'"a.js":{]}', None),
    ],
)
def test_a_forged_checksum_leads_to_no_wrong_url(line, message):
    from binascii import crc32

    assets = Manifest.from_bytes(sealed(line, f"{crc32(line):08x}"))
    assert is_text(assets)
    for ask in (assets.url, assets.entry):
        with pytest.raises(ManifestError) as caught:
            ask("a.js")
        assert message in (None, caught.value.what)


@pytest.mark.parametrize(
    "line", [b'x:{"file":"x","size":1}', b'"a" :{"file":"x","size":1}', b'"a"[{"file":"x","size":1}']
)
def test_what_stands_before_a_brace_is_a_name_only_in_quotes_before_a_colon(line):
    from binascii import crc32

    assets = Manifest.from_bytes(sealed(line, f"{crc32(line):08x}"))
    assert is_text(assets)
    for name in ("", "a", "a.", "x", '"a'):
        assert name not in assets
        with pytest.raises(MissingAsset):
            assets.url(name)


@settings(deadline=None)
@given(st.binary(max_size=60), st.text('a{}":,', max_size=6))
def test_any_forged_text_is_an_error_or_a_missing_name(noise, name):
    from binascii import crc32

    try:
        assets = Manifest.from_bytes(sealed(noise, f"{crc32(noise):08x}"))
        url = assets.url(name)
    except (ManifestError, MissingAsset):
        return
    assert url.startswith("/static/")
    list(assets)


def test_a_truncated_manifest_is_an_error_wherever_it_ends():
    content = sealed(BODY)
    for length in range(len(content) - 1):
        with pytest.raises(ManifestError):
            Manifest.from_bytes(content[:length])


def test_an_edited_entry_names_what_to_do():
    line = b'"a.js":{"file":"/a.js","size":1}'
    from binascii import crc32

    with pytest.raises(ManifestError) as caught:
        Manifest.from_bytes(sealed(line, f"{crc32(line):08x}")).url("a.js")
    assert str(caught.value) == f"asset 'a.js': 'file' is '/a.js', which is not a plain relative path{REBUILD}"
