from __future__ import annotations

import hashlib
import json
import random
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assetbuild.build import build
from assetbuild.config import parse_config
from assetbuild.errors import BuildFailed, UnresolvedReference
from assetbuild.model import Release
from assetbuild.verify import verify
from tests.conftest import Site, write_files

NO_COMPRESSION = {"br": False, "gz": False}


def released(release: Release, path: str) -> str:
    entry = json.loads((release.dir / "manifest.json").read_bytes())["assets"][path]
    return (release.dir / "files" / entry["file"]).read_text()


def test_a_chain_of_20_000_imports_is_no_recursion(site: Site) -> None:
    count = 20_000
    files = {f"c{i}.css": f'@import "c{i + 1}.css";' for i in range(count)} | {f"c{count}.css": "a{}"}

    release = build(site(files, minify={"css": []}))

    assert len(release.record["files"]) == count + 1
    assert verify(release.dir) == []


def test_a_ring_of_5_000_imports_is_one_component(site: Site) -> None:
    count = 5_000
    release = build(site({f"c{i}.css": f'@import "c{(i + 1) % count}.css";' for i in range(count)}, minify={"css": []}))

    assert [len(cycle) for cycle in release.record["cycles"]] == [count]
    assert verify(release.dir) == []


def test_a_missing_source_map_is_a_warning_and_its_comment_goes(site: Site) -> None:
    release = build(site({"a.js": "var a;\n//# sourceMappingURL=a.js.map\n"}, minify={"js": []}))

    assert released(release, "a.js") == "var a;\n\n"
    assert [str(warning) for warning in release.warnings] == [
        "a.js:2:22: names a source map that is missing, 'a.js.map'; the comment is left out\n"
        "  2 | //# sourceMappingURL=a.js.map\n"
        "    |                      ^^^^^^^^"
    ]


def test_a_map_goes_with_its_files_name(site: Site) -> None:
    release = build(site({"a.js": "var a;\n//# sourceMappingURL=a.js.map\n", "a.js.map": "{}"}, minify={"js": []}))

    digest = hashlib.sha256(b"{}").hexdigest()[:16]
    assert released(release, "a.js") == f"var a;\n//# sourceMappingURL=a.js.{digest}.map\n"


def test_the_map_of_a_minified_file_is_not_released(site: Site) -> None:
    content = "// a comment\nvar a = 1;\n//# sourceMappingURL=a.js.map\n"
    release = build(site({"a.js": content, "a.js.map": "{}", "lonely.js.map": "{}"}, minify={"js": ["rjsmin"]}))

    assert released(release, "a.js") == "var a=1;"
    assert {entry["asset"] for entry in release.record["files"].values()} == {"a.js", "lonely.js.map"}


def test_a_map_that_another_file_still_fits_stays(site: Site) -> None:
    comment = "\n//# sourceMappingURL=shared.map\n"
    files = {"a.js": "// comment\nvar a = 1;" + comment, "b.min.js": "var b=1;" + comment, "shared.map": "{}"}
    release = build(site(files, minify={"js": ["rjsmin"]}))

    assert {entry["asset"] for entry in release.record["files"].values()} == files.keys()


def test_all_missing_references_are_told_at_once_in_order(site: Site) -> None:
    config = site({"b.css": "a{background:url(1.png)}\nb{background:url(2.png)}", "a.js": 'import "./x.js"'})

    with pytest.raises(BuildFailed) as caught:
        build(config)

    places = [str(error.where) for error in caught.value.errors]
    assert places == ["a.js:1:9", "b.css:1:18", "b.css:2:18"]


def test_an_error_points_into_the_source_even_if_minified(site: Site) -> None:
    config = site({"a.css": "/* long comment */\n\n\n  a {\n    background: url( gone.png );\n  }\n"})

    with pytest.raises(UnresolvedReference) as caught:
        build(config)

    assert str(caught.value) == (
        "a.css:5:22: url( gone.png ) names 'gone.png', which is in no source root\n"
        "  5 |     background: url( gone.png );\n"
        "    |                      ^^^^^^^^\n"
        "  searched: static/"
    )


def test_a_reference_keeps_a_bundles_source_in_the_release(site: Site) -> None:
    release = build(
        site(
            {"a.css": ".a{}", "b.css": ".b{}", "page.css": '@import "a.css";'},
            bundles={"all.css": {"contents": ["a.css", "b.css"]}},
        )
    )

    assert {entry["asset"] for entry in release.record["files"].values()} == {"a.css", "all.css", "page.css"}


def test_a_reference_that_a_filter_made_is_placed_in_the_bundle(site: Site) -> None:
    module = """
import webassets

def generate(_in, out, **kwargs):
    out.write(_in.read() + "b { mask: url(gone.svg) }")

environment = webassets.Environment()
environment.register("made", webassets.Bundle("a.css", filters=generate, output="css/made.css"))
"""
    config = site({"a.css": "a {}\n", "/made_bundles.py": module}, bundles="made_bundles:environment")

    with pytest.raises(UnresolvedReference) as caught:
        build(config)

    assert str(caught.value) == (
        "css/made.css: gone.svg names 'css/gone.svg', which is in no source root\n  searched: static/"
    )


def test_a_script_that_is_too_deep_to_be_read_is_told_of(site: Site) -> None:
    deep = "[" * 6000 + "]" * 6000
    files = {"a.js": f"{deep};import(x ? './b.js' : '')", "b.js": "", "c.js": deep}
    release = build(site(files, minify={"js": []}))

    assert [str(warning) for warning in release.warnings] == [
        "a.js: is too large, nested too deep or no JavaScript, so the files that it may import keep their names"
    ]


# Any tree of files that name each other, cycles and all.
NAMES = st.sampled_from(["a.css", "b.css", "d/c.css", "d/e/f.css", "d/g h.css", "x.js", "d/y.js", "d/z.mjs", "p.png"])
TREES = st.dictionaries(NAMES, st.tuples(st.text("ab {}/*", max_size=8), st.lists(NAMES, max_size=4)), min_size=1)


def write_tree(directory: Path, tree: dict[str, tuple[str, list[str]]]) -> Release:
    write_files(directory / "static", {path: content_of(path, tree) for path in tree})
    table = {"compress": NO_COMPRESSION, "minify": {"js": [], "css": []}}
    return build(parse_config(table, directory / "assetbuild.toml"))


def content_of(path: str, tree: dict[str, tuple[str, list[str]]]) -> str:
    noise, names = tree[path]
    urls = ["/static/" + name.replace(" ", "%20") for name in names if name in tree]
    if path.endswith(".css"):
        return "".join(f'@import "{url}?q#f";\n' for url in urls) + "/*" + noise.replace("*/", "") + "*/"
    if path.endswith("js"):
        return "".join(f'import "{url}?q#f";\n' for url in urls) + "//" + noise
    return noise


def manifest_of(release: Release) -> dict[str, str]:
    assets = json.loads((release.dir / "manifest.json").read_bytes())["assets"]
    return {path: entry["file"] for path, entry in assets.items()}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TREES, TREES)
def test_any_tree_builds_to_one_id_and_every_url_names_a_released_file(
    tree: dict[str, tuple[str, list[str]]], edited: dict[str, tuple[str, list[str]]]
) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as two, TemporaryDirectory() as three:
        first, second = write_tree(Path(one), tree), write_tree(Path(two), tree)
        assert first.id == second.id
        assert verify(first.dir) == []

        released_files = set(manifest_of(first).values())
        for path, name in manifest_of(first).items():
            content = (first.dir / "files" / name).read_text()
            written = re.findall(r'import "([^"?]*)\?q#f"', content)
            assert len(written) == len([target for target in tree[path][1] if target in tree]) * (path[-3:] != "png")
            for url in written:
                assert _join(name, url) in released_files

        # Same URL <=> same bytes, whatever was edited between two releases.
        other = write_tree(Path(three), {**tree, **edited})
        ours = {name: (first.dir / "files" / name).read_bytes() for name in manifest_of(first).values()}
        theirs = {name: (other.dir / "files" / name).read_bytes() for name in manifest_of(other).values()}
        for name in ours.keys() & theirs.keys():
            assert ours[name] == theirs[name]
        for path in manifest_of(first).keys() & manifest_of(other).keys():
            one_name, other_name = manifest_of(first)[path], manifest_of(other)[path]
            assert (one_name == other_name) == (ours[one_name] == theirs[other_name])


def _join(holder: str, url: str) -> str:
    from urllib.parse import unquote, urljoin

    return unquote(urljoin(f"http://x/{holder.replace(' ', '%20')}", url))[len("http://x/") :]


def test_the_order_in_which_files_are_found_does_not_matter(site: Site) -> None:
    names = [f"{i}.css" for i in range(30)]
    files = {name: "".join(f'@import "{other}";' for other in random.sample(names, 3)) for name in names}
    first = build(site(files, "one", minify={"css": []}))
    shuffled = list(files.items())
    random.shuffle(shuffled)

    assert build(site(dict(shuffled), "two", minify={"css": []})).id == first.id
