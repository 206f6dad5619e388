"""The HTML of assets: what browsers compare, what they are told to fetch, and that nothing leaves its attribute."""

from __future__ import annotations

import copy
import json
import pickle
import sys
import threading
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from assetbuild.runtime import Manifest, ManifestError, MissingAsset, PlainUrls, Tags
from assetbuild.runtime import reach as reach_module
from assetbuild.runtime import tags as tags_module
from assetbuild.runtime.manifest import canonical
from assetbuild.runtime.tags import _script_json

SRI = 'integrity="sha384-AAAA" crossorigin="anonymous"'


def entry(file, **more):
    return {"file": file, "integrity": "sha384-AAAA", "size": 7, **more}


def bare(file):
    return {"file": file, "size": 7}


ASSETS = {
    "a.js": entry("a.1.js"),
    "a.css": entry("a.1.css", imports=["b.css"]),
    "b.css": entry("b.1.css"),
    "font.woff2": bare("font.1.woff2"),
    "logo.PNG": bare("logo.1.PNG"),
    "data.json": bare("data.1.json"),
    "clip.mp4": bare("clip.1.mp4"),
    "LICENSE": bare("LICENSE.1"),
    "m/app.js": entry("m/app.1.js", imports=["m/b.js", "a.css", "data.json", "m/a.mjs"], dynamic=["m/late.js"]),
    "m/b.js": entry("m/b.1.js", imports=["m/a.mjs"]),
    "m/a.mjs": entry("m/a.1.mjs", imports=["m/app.js"]),
    "m/late.js": entry("m/late.1.js", imports=["m/c d.js"]),
    "m/c d.js": entry("m/c d.1.js"),
    "m/alone.js": entry("m/alone.1.js"),
}


def tags(assets=None, base_url=None, on_missing="error", **more):
    data = {"version": 1, "release": "r", "url_prefix": "/static/", "assets": ASSETS if assets is None else assets}
    return Tags(Manifest.from_bytes(canonical(data | more), base_url=base_url, on_missing=on_missing))


class _Elements(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, attrs))

    def handle_data(self, data):
        self.text += data


def parsed(html):
    reader = _Elements()
    reader.feed(html)
    reader.close()
    return reader


def looked_up(monkeypatch, ask):
    """The names that `ask` had to look up in a manifest."""
    names, entry = [], Manifest.entry
    monkeypatch.setattr(Manifest, "entry", lambda self, path: names.append(path) or entry(self, path))
    ask()
    monkeypatch.undo()
    return names


def map_of(html):
    return json.loads(parsed(html).text) if html else None


# Scripts and style sheets


def test_a_script_carries_what_the_browser_checks():
    made = tags()
    assert made.script("a.js") == f'<script src="/static/a.1.js" {SRI}></script>'
    assert made.script("a.js", module=True) == f'<script type="module" src="/static/a.1.js" {SRI}></script>'
    assert made.script("a.js", defer=True, async_=True) == f'<script src="/static/a.1.js" {SRI} defer async></script>'
    assert made.script("a.js", nonce="n") == f'<script src="/static/a.1.js" {SRI} nonce="n"></script>'
    assert made.url("a.js") == "/static/a.1.js"


def test_a_style_sheet_is_one_tag_whatever_it_imports():
    made = tags()
    assert made.stylesheet("a.css") == f'<link rel="stylesheet" href="/static/a.1.css" {SRI}>'
    assert made.stylesheet("a.css", media="print", nonce="n", data_turbo_track="reload") == (
        f'<link rel="stylesheet" href="/static/a.1.css" {SRI} nonce="n" media="print" data-turbo-track="reload">'
    )


def test_another_call_gives_the_very_same_text():
    made = tags()
    assert made.script("a.js") is made.script("a.js")
    assert made.script("a.js", integrity=False) == '<script src="/static/a.1.js"></script>'
    assert made.script("a.js", integrity=0) == '<script src="/static/a.1.js"></script>'
    assert made.script("a.js") == f'<script src="/static/a.1.js" {SRI}></script>'


@pytest.mark.parametrize("base_url", ["https://cdn.example/s", "//cdn.example/s"])
def test_another_origin_is_asked_without_cors_unless_told(base_url):
    made, base = tags(base_url=base_url), base_url + "/"
    assert made.script("a.js") == f'<script src="{base}a.1.js"></script>'
    assert made.script("a.js", integrity=True) == f'<script src="{base}a.1.js" {SRI}></script>'
    assert made.stylesheet("a.css") == f'<link rel="stylesheet" href="{base}a.1.css">'
    assert made.preload("font.woff2") == (
        f'<link rel="preload" href="{base}font.1.woff2" as="font" crossorigin="anonymous">'
    )
    assert made.preload_links("a.css") == [f"<{base}a.1.css>; rel=preload; as=style"]


def test_what_was_asked_to_be_checked_and_cannot_be_is_an_error():
    made = tags({"a.js": bare("a.1.js")})
    assert made.script("a.js") == '<script src="/static/a.1.js"></script>'
    with pytest.raises(ValueError) as caught:
        made.script("a.js", integrity=True)
    assert str(caught.value) == "the manifest has no integrity for 'a.js'; leave out 'integrity'"


def test_a_query_is_kept_and_changes_no_digest():
    assert tags().script("a.js?v=1&w") == f'<script src="/static/a.1.js?v=1&amp;w" {SRI}></script>'


def test_a_tag_with_a_nonce_looks_its_asset_up_once(monkeypatch):
    made = tags()
    asked = [made.script("a.js", nonce="1")]
    ask = lambda: asked.extend([made.script("a.js", nonce="1"), made.script("a.js?v", nonce="1")])  # noqa: E731
    assert looked_up(monkeypatch, ask) == []
    assert asked[0] == asked[1] == f'<script src="/static/a.1.js" {SRI} nonce="1"></script>'
    assert asked[2] == asked[0].replace(".js", ".js?v")


# Attributes


def test_true_is_bare_and_false_and_none_are_left_out():
    made = tags().script("a.js", integrity=False, defer=True, async_=False, id=None, tabindex=0, class_="")
    assert made == '<script src="/static/a.1.js" defer tabindex="0" class=""></script>'


def test_an_attribute_replaces_ours_of_the_same_name():
    made = tags()
    assert made.stylesheet("a.css", rel="alternate stylesheet", crossorigin="use-credentials") == (
        '<link rel="alternate stylesheet" href="/static/a.1.css" integrity="sha384-AAAA" crossorigin="use-credentials">'
    )
    assert made.script("a.js", Type="module", crossorigin=False) == (
        '<script src="/static/a.1.js" integrity="sha384-AAAA" type="module"></script>'
    )


@pytest.mark.parametrize("name", ["", "_", "a b", "a\n", 'a"', "a'", "a>", "a/", "a=b", "a<", "é", "\x85", "a\0", "&"])
def test_what_is_no_attribute_name_is_refused(name):
    with pytest.raises(ValueError) as caught:
        tags().script("a.js", **{name: "x"})
    assert str(caught.value) == f"{name!r} is not the name of an attribute"


@pytest.mark.parametrize("name", ["src", "SRC", "src_"])
def test_the_url_cannot_be_replaced(name):
    with pytest.raises(ValueError) as caught:
        tags().script("a.js", **{name: "https://evil.example"})
    assert str(caught.value) == "the tag has its own 'src'; leave it out"
    with pytest.raises(ValueError):
        tags().preload("a.css", href="x")


@pytest.mark.parametrize("name", ["@click", "x-on:click.once", "hx-on::load", "[a]", "(a)", "#ref", "v.b", "*x", "!"])
def test_names_of_template_libraries_are_names(name):
    assert parsed(tags().stylesheet("a.css", **{name: "x"})).found[0][1][-1] == (name, "x")


def test_text_that_a_template_engine_calls_safe_is_escaped_too():
    made = tags().script("a.js", integrity=False, title=Markup("&<\">'"), nonce=Markup('"'))
    assert made == '<script src="/static/a.1.js" nonce="&quot;" title="&amp;&lt;&quot;&gt;\'"></script>'
    assert type(made) is str


# What html.parser reads back otherwise than HTML does: names with Unicode spaces, values with a lone NUL or CR.
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"))
NAMES = st.from_regex(r"[a-z@:][a-z0-9:.@_]{0,8}", fullmatch=True).filter(lambda name: name not in ("src", "src_"))


@settings(deadline=None)
@given(value=VALUES, nonce=VALUES, name=NAMES, suffix=VALUES)
def test_every_value_comes_back_as_it_went_in(value, nonce, name, suffix):
    made = tags({"a.js": entry("a.1.js")}).script("a.js?" + suffix, nonce=nonce, **{name: value})
    reader = parsed(made)
    expected = {"src": "/static/a.1.js?" + suffix, "integrity": "sha384-AAAA", "crossorigin": "anonymous"}
    expected |= {"nonce": nonce} if nonce else {}
    expected[name.removesuffix("_").replace("_", "-")] = value
    assert [(tag, dict(found), len(found)) for tag, found in reader.found] == [("script", expected, len(expected))]
    assert reader.text == ""


def is_no_style_sheet(name):
    """What a style sheet imports is no module, so it is in no map."""
    return not name.endswith(".css")


@settings(deadline=None)
@given(names=st.lists(st.text(min_size=1).filter(is_no_style_sheet), min_size=1, max_size=4, unique=True))
def test_whatever_a_manifest_holds_its_tags_stay_tags(names):
    """Refused, or one element with the URL of the right file; in a map, JSON that ends no script."""
    assets = {name: entry(name, imports=names) for name in names}
    content = json.dumps({"version": 1, "release": "r", "url_prefix": "/", "modules": "importmap", "assets": assets})
    try:
        made = Tags(Manifest.from_bytes(content.encode()))
    except ManifestError:
        return
    for name in names:
        (element,) = parsed(made.script(name)).found
        assert dict(element[1])["src"] == made.url(name)
        assert made.url(name).isascii()
        html = made.importmap(name)
        assert html.count("<") == 2
        assert set(map_of(html)["imports"].values()) == {made.url(one) for one in names}


@pytest.mark.parametrize("integrity", ['sha384-"', "sha384-AAAA\r\nset-cookie: a", "<", "sha384-é"])
def test_an_integrity_that_could_leave_its_place_is_refused(integrity):
    with pytest.raises(ManifestError) as caught:
        tags({"a.js": {"file": "a.1.js", "size": 1, "integrity": integrity}})
    assert caught.value.what == f"asset 'a.js': 'integrity' is {integrity!r}, not a digest such as 'sha256-...'"


# Preloads


@pytest.mark.parametrize(
    ("path", "rest"),
    [
        ("a.js", f'a.1.js" as="script" {SRI}'),
        ("a.css", f'a.1.css" as="style" {SRI}'),
        ("a.css?v=1", f'a.1.css?v=1" as="style" {SRI}'),
        ("font.woff2", 'font.1.woff2" as="font" crossorigin="anonymous"'),
        ("logo.PNG", 'logo.1.PNG" as="image"'),
        ("data.json", 'data.1.json" as="fetch" crossorigin="anonymous"'),
    ],
)
def test_a_preload_says_what_the_tag_that_uses_it_says(path, rest):
    assert tags().preload(path) == f'<link rel="preload" href="/static/{rest}>'


@pytest.mark.parametrize("path", ["clip.mp4", "LICENSE"])
def test_a_name_that_does_not_tell_its_use_has_to_be_told(path):
    for ask in (tags().preload, tags().preload_links):
        with pytest.raises(ValueError) as caught:
            ask(path)
        assert str(caught.value) == f"the name {path!r} does not say what it is preloaded as; pass 'as_'"
    file = ASSETS[path]["file"]
    assert tags().preload(path, as_="fetch") == (
        f'<link rel="preload" href="/static/{file}" as="fetch" crossorigin="anonymous">'
    )
    with pytest.raises(ValueError, match="does not say what it is preloaded as"):
        tags().preload(path, as_="")
    assert tags().preload("a.css", as_="") == tags().preload("a.css")
    assert tags().preload(path, as_="image", fetchpriority="high") == (
        f'<link rel="preload" href="/static/{file}" as="image" fetchpriority="high">'
    )


def test_modules_are_preloaded_before_what_imports_them():
    line = '<link rel="modulepreload" href="/static/m/{}" ' + SRI + ' nonce="n">'
    assert tags().modulepreload("m/app.js", nonce="n") == "\n".join(map(line.format, ["a.1.mjs", "b.1.js", "app.1.js"]))
    assert tags().modulepreload("m/b.js", "m/app.js", nonce="n").splitlines() == [
        line.format(name) for name in ("app.1.js", "a.1.mjs", "b.1.js")
    ]
    assert tags().modulepreload() == ""


def order(assets, *paths):
    found = parsed(tags(assets).modulepreload(*paths)).found
    return [dict(attributes)["href"].removeprefix("/static/").replace(".1.", ".") for _, attributes in found]


def graph(**imports):
    return {
        f"{name}.js": entry(f"{name}.1.js", imports=[f"{one}.js" for one in named]) for name, named in imports.items()
    }


@pytest.mark.parametrize(
    ("imports", "paths", "expected"),
    [
        ({"a": "bc", "b": "d", "c": "d", "d": ""}, "a", "dbca"),
        ({"a": "bc", "b": "d", "c": "d", "d": ""}, "ca", "dcba"),
        ({"a": "a"}, "a", "a"),
        ({"a": "b", "b": "a"}, "a", "ba"),
        ({"a": "b", "b": "a"}, "ba", "ab"),
        ({"a": "xb", "b": ""}, "a", "ba"),
    ],
)
def test_load_order_is_depth_first_and_each_module_once(imports, paths, expected):
    assert order(graph(**imports), *(f"{name}.js" for name in paths)) == [f"{name}.js" for name in expected]


def chain(length):
    return {f"{n}.js": entry(f"{n}.1.js", imports=[f"{n + 1}.js"], dynamic=["0.js"]) for n in range(length)}


def test_a_chain_of_20_000_modules_is_no_recursion():
    assert order(chain(20_000), "0.js") == [f"{n}.js" for n in reversed(range(20_000))]
    made = tags(chain(20_000), modules="importmap")
    assert len(map_of(made.importmap("0.js"))["imports"]) == 20_000


def test_what_is_remembered_grows_with_the_manifest_and_not_with_its_square(monkeypatch):
    monkeypatch.setattr(reach_module, "_KEPT_ANYWAY", 0)
    monkeypatch.setattr(tags_module, "_MAP_ANYWAY", 0)
    made = tags(chain(120), modules="importmap")
    for number in range(120):
        made.modulepreload(f"{number}.js")
        made.importmap(f"{number}.js", "0.js")
    assert 0 < sum(map(len, made._reach._static.values())) <= 10 * 120
    assert 0 < sum(map(len, made._maps.values())) <= 1_000 * 120
    assert order(chain(120), "118.js") == ["119.js", "118.js"]


def test_a_module_is_looked_up_once_though_nothing_more_can_be_remembered(monkeypatch):
    monkeypatch.setattr(reach_module, "_KEPT_ANYWAY", -10_000)
    monkeypatch.setattr(reach_module, "_KEPT", 0)
    monkeypatch.setattr(tags_module, "_MAP_ANYWAY", 0)
    monkeypatch.setattr(tags_module, "_MAP_SIZE", 0)
    made = tags(modules="importmap")
    first = made.importmap("m/app.js"), made.modulepreload("m/app.js")
    again = []
    assert (
        looked_up(monkeypatch, lambda: again.extend([made.importmap("m/app.js"), made.modulepreload("m/app.js")])) == []
    )
    assert tuple(again) == first
    assert made._maps == made._reach._static == {}


def test_a_small_manifest_has_room_for_the_maps_of_many_pages():
    pages = {f"page{n}.js": entry(f"page{n}.1.js", imports=["0.js"]) for n in range(60)}
    made = tags(chain(300) | pages, modules="importmap")
    for path in pages:
        made.importmap(path)
        made.modulepreload(path)
    assert len(made._maps) == 60
    assert pages.keys() <= made._reach._static.keys()


def test_a_query_on_a_module_changes_nothing_of_what_it_imports():
    plain, asked = (tags().modulepreload(path).splitlines() for path in ("m/app.js", "m/app.js?v=1"))
    assert asked[:-1] == plain[:-1]
    assert asked[-1] == plain[-1].replace("app.1.js", "app.1.js?v=1")


# Link headers


def test_link_headers_name_what_they_are_given_and_fit_the_tags():
    checks = 'crossorigin=anonymous; integrity="sha384-AAAA"'
    links = tags().preload_links("a.css", "font.woff2", "logo.PNG", "a.js", "m/app.js", "m/a.mjs", "a.css")
    assert links == [
        f"</static/a.1.css>; rel=preload; as=style; {checks}",
        "</static/font.1.woff2>; rel=preload; as=font; crossorigin=anonymous",
        "</static/logo.1.PNG>; rel=preload; as=image",
        f"</static/a.1.js>; rel=preload; as=script; {checks}",
        f"</static/m/app.1.js>; rel=modulepreload; {checks}",
        f"</static/m/a.1.mjs>; rel=modulepreload; {checks}",
    ]


def test_no_header_loads_a_module_before_its_import_map():
    links = tags(modules="importmap").preload_links("m/app.js", "m/a.mjs", "font.woff2")
    assert links == ["</static/font.1.woff2>; rel=preload; as=font; crossorigin=anonymous"]


@settings(deadline=None)
@given(suffix=st.text(), base=st.sampled_from(["/é/", "https://bücher.example/", "/a,b;c/"]))
def test_a_header_holds_nothing_that_could_end_it(suffix, base):
    (link,) = tags({"a.png": bare("a.1.png")}, base_url=base).preload_links("a.png?" + suffix)
    url, _, rest = link.partition(">")
    assert rest == "; rel=preload; as=image"
    assert url.isascii()
    assert url.isprintable()
    assert not set(url[1:]) & set(' <>"\\')


# Import maps


def test_a_map_names_what_the_entry_reaches_and_nothing_else():
    html = tags(modules="importmap").importmap("m/app.js", nonce="n", data_x=True)
    assert html.startswith('<script type="importmap" nonce="n" data-x>{"imports":{"/static/a.css":"/static/a.1.css",')
    files = {"a.css": "a.1.css", "data.json": "data.1.json", "m/a.mjs": "m/a.1.mjs", "m/app.js": "m/app.1.js"}
    files |= {"m/b.js": "m/b.1.js", "m/c%20d.js": "m/c%20d.1.js", "m/late.js": "m/late.1.js"}
    assert map_of(html) == {
        "imports": {f"/static/{path}": f"/static/{file}" for path, file in files.items()},
        "integrity": {f"/static/{file}": "sha384-AAAA" for path, file in files.items() if path != "data.json"},
    }
    assert list(map_of(html)["imports"]) == sorted(map_of(html)["imports"])


def test_an_entry_is_in_its_map_only_if_a_module_imports_it():
    made = tags(modules="importmap")
    assert list(map_of(made.importmap("m/late.js"))["imports"]) == ["/static/m/c%20d.js"]
    assert "/static/m/app.js" in map_of(made.importmap("m/b.js"))["imports"]
    both = map_of(made.importmap("m/late.js", "m/app.js"))
    assert both == map_of(made.importmap("m/app.js"))


def test_a_map_of_another_origin_has_absolute_keys_and_no_integrity_unless_told():
    made = tags(modules="importmap", base_url="https://cdn.example/s")
    base = "https://cdn.example/s/m/c%20d"
    assert map_of(made.importmap("m/late.js")) == {"imports": {f"{base}.js": f"{base}.1.js"}}
    assert map_of(made.importmap("m/late.js", integrity=True)) == {
        "imports": {f"{base}.js": f"{base}.1.js"},
        "integrity": {f"{base}.1.js": "sha384-AAAA"},
    }
    same = tags(modules="importmap")
    assert "integrity" not in map_of(same.importmap("m/late.js", integrity=False))


def test_no_map_is_written_where_none_is_needed():
    assert tags().importmap("m/app.js") == ""
    assert tags(modules="rewritten").importmap("m/app.js") == ""
    assert tags(modules="importmap").importmap("m/alone.js") == ""
    assert tags(modules="importmap").importmap() == ""
    for modules in ("rewritten", "importmap"):
        with pytest.raises(MissingAsset):
            tags(modules=modules).importmap("m/none.js")


def test_what_maps_are_remembered_by_is_what_the_manifest_holds():
    made = tags(modules="importmap", on_missing="plain")
    expected = made.importmap("m/app.js")
    for number in range(50):
        assert made.importmap(f"m/app.js?{number}", "m/app.js", f"m/app.js#{number}", f"none{number}.js") == expected
        assert made.importmap(f"none{number}.js") == made.importmap("m/alone.js") == ""
    assert list(made._maps) == [(("m/app.js",), True)]


def test_a_map_ends_no_script():
    hostile = "</script><!--\u2028&.js"
    made = tags(
        {"a.js": entry("a.1.js", imports=[hostile]), hostile: entry("b.1.js")},
        base_url="/&\u2028/",
        modules="importmap",
    )
    html = made.importmap("a.js")
    assert html.count("<") == 2
    assert "&" not in html
    assert html.isascii()
    assert list(map_of(html)["imports"]) == ["/&\u2028/%3C/script%3E%3C%21--%E2%80%A8%26.js"]


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_in_a_script_is_read_back_whatever_it_holds(data):
    text = _script_json(data)
    assert json.loads(text) == data
    assert text.isascii()
    assert not set(text) & set("<>&")


# Names that are no assets, and development


@pytest.mark.parametrize(
    "name", ["script", "stylesheet", "preload", "modulepreload", "preload_links", "importmap", "url"]
)
def test_an_unknown_name_is_missing_everywhere(name):
    with pytest.raises(MissingAsset) as caught:
        getattr(tags(), name)("b.js")
    assert caught.value.path == "b.js"
    for assets in (tags(), tags(modules="importmap", on_missing="plain"), Tags(PlainUrls())):
        for path in (None, ["a.js"], {}):
            with pytest.raises(MissingAsset):
                getattr(assets, name)(path)


def test_on_missing_plain_gives_plain_tags_and_remembers_none():
    made = tags(on_missing="plain")
    assert made.script("b.js") == '<script src="/static/b.js"></script>'
    assert made.script("b.js", integrity=True) == '<script src="/static/b.js"></script>'
    assert made.modulepreload("b.js") == '<link rel="modulepreload" href="/static/b.js">'
    assert made.preload_links("c.css", "b.mjs") == [
        "</static/c.css>; rel=preload; as=style",
        "</static/b.mjs>; rel=modulepreload",
    ]
    assert tags(on_missing="plain", modules="importmap").importmap("b.js") == ""
    assert made._made == {}


def test_development_has_plain_tags_and_no_map():
    made = Tags(PlainUrls())
    assert made.assets.modules == "rewritten"
    assert made.script("a b.js", module=True) == '<script type="module" src="/static/a%20b.js"></script>'
    assert made.stylesheet("a.css", integrity=True) == '<link rel="stylesheet" href="/static/a.css">'
    assert made.preload("f.woff2") == '<link rel="preload" href="/static/f.woff2" as="font" crossorigin="anonymous">'
    assert made.modulepreload("a.js", "b.js", "a.js") == (
        '<link rel="modulepreload" href="/static/a.js">\n<link rel="modulepreload" href="/static/b.js">'
    )
    assert made.importmap("a.js") == ""
    with pytest.raises(MissingAsset):
        made.script("/a.js")


# Frozen


def test_nothing_can_be_changed():
    with pytest.raises(AttributeError, match="cannot be set: it never changes"):
        tags().assets = None


def test_tags_can_be_copied_and_sent_to_another_process():
    made = tags(modules="importmap")
    asked = made.script("a.js"), made.importmap("m/app.js")
    for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert (other.script("a.js"), other.importmap("m/app.js")) == asked


def test_threads_get_the_same_tags():
    made, expected = tags(), [tags().script("a.js"), tags().modulepreload("m/app.js"), tags().stylesheet("a.css")]
    seen, start = [], threading.Barrier(8)

    def run():
        start.wait()
        for _ in range(200):
            seen.append([made.script("a.js"), made.modulepreload("m/app.js"), made.stylesheet("a.css")])  # noqa: PERF401

    threads = [threading.Thread(target=run) for _ in range(8)]
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switch)
    assert len(seen) == 1600
    assert all(one == expected for one in seen)


def test_an_error_of_a_tag_travels_between_processes():
    with pytest.raises(MissingAsset) as caught:
        tags().script("b.js")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
