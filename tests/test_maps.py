"""Source maps follow their files through a build. Positions are looked up by a decoder of the tests' own."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assetbuild.build import build
from assetbuild.config import Config
from assetbuild.errors import OutputConflict
from assetbuild.model import Release
from assetbuild.verify import verify
from tests.conftest import Site
from tests.support import packages
from tests.support.needs import need

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def encode(lines: list[list[tuple[int, int, int]]]) -> str:
    """Mappings of lines of (column, original line, original column), all of source 0."""
    out, original_line, original_column = [], 0, 0
    for line in lines:
        column, segments = 0, []
        for segment in line:
            numbers = (segment[0] - column, 0, segment[1] - original_line, segment[2] - original_column)
            segments.append("".join(map(_vlq, numbers)))
            column, original_line, original_column = segment
        out.append(",".join(segments))
    return ";".join(out)


def _vlq(value: int) -> str:
    number, text = (abs(value) << 1) | (value < 0), ""
    while True:
        number, digit = number >> 5, number & 31
        text += _DIGITS[digit | (32 if number else 0)]
        if not number:
            return text


def positions(mappings: str) -> list[tuple[int, int, int, int, int]]:
    """(line, column, source, original line, original column) of each segment that has a source."""
    found = []
    source = original_line = original_column = 0
    for line, segments in enumerate(mappings.split(";")):
        column = 0
        for segment in filter(None, segments.split(",")):
            numbers, value, shift = [], 0, 0
            for char in segment:
                digit = _DIGITS.index(char)
                value |= (digit & 31) << shift
                shift += 5
                if digit < 32:
                    numbers.append(-(value >> 1) if value & 1 else value >> 1)
                    value = shift = 0
            column += numbers[0]
            if len(numbers) > 1:
                source, original_line = source + numbers[1], original_line + numbers[2]
                original_column += numbers[3]
                found.append((line, column, source, original_line, original_column))
    return found


def words(text: str, source_map: dict[str, Any], sources: dict[str, str]) -> dict[str, str]:
    """What stands where a segment begins -> what stands at its original position, each up to a blank or sign."""
    lines = text.split("\n")
    found = {}
    for line, column, source, original_line, original_column in positions(source_map["mappings"]):
        original = sources[source_map["sources"][source]].split("\n")
        found[_word(lines[line][column:])] = _word(original[original_line][original_column:])
    return found


def _word(text: str) -> str:
    end = next((at for at, char in enumerate(text) if not char.isalnum()), len(text))
    return text[:end]


def file_of(release: Release, path: str) -> str:
    manifest = json.loads((release.dir / "manifest.json").read_bytes())
    return (release.dir / "files" / manifest["assets"][path]["file"]).read_text()


TYPESCRIPT = "import { b } from './b';\nstart(b);  finish(b);\n"
SCRIPT = 'é; import { b } from "./b.js"; start(b); finish(b);\nrest(b);\n'


def script_map(**more: Any) -> str:
    at = SCRIPT.index
    line = [(at("import"), 0, 0), (at("b }"), 0, 9), (at("start"), 1, 0), (at("finish"), 1, 11)]
    table = {"version": 3, "file": "a.js", "sources": ["a.ts"], "names": [], "mappings": encode([line])}
    return json.dumps({**table, **more})


def test_columns_after_a_rewritten_url_are_corrected(site: Site) -> None:
    content = SCRIPT + "//# sourceMappingURL=a.js.map\n"
    release = build(site({"a.js": content, "a.js.map": script_map(), "b.js": "b"}, minify={"js": []}))

    text, source_map = file_of(release, "a.js"), json.loads(file_of(release, "a.js.map"))
    assert text != content
    found = words(text, source_map, {"a.ts": TYPESCRIPT})
    assert found == {"import": "import", "b": "b", "start": "start", "finish": "finish"}
    assert (source_map["file"], source_map["sources"]) == ("a.js", ["a.ts"])  # no references
    assert release.warnings == ()
    assert verify(release.dir) == []


def test_a_map_of_a_file_with_nothing_to_rewrite_keeps_its_very_bytes(site: Site) -> None:
    odd = '{ "version":3,"sources":[ ],"mappings":"" }\n'
    release = build(site({"a.js": "a()\n//# sourceMappingURL=a.js.map", "a.js.map": odd}, minify={"js": []}))
    assert file_of(release, "a.js.map") == odd


def test_a_map_inside_the_comment_is_corrected_there(site: Site) -> None:
    url = "data:application/json;base64," + base64.b64encode(script_map().encode()).decode()
    content = SCRIPT + f"//# sourceMappingURL={url}\n"
    release = build(site({"a.js": content, "b.js": "b"}, minify={"js": []}))

    text = file_of(release, "a.js")
    code, _, after = text.partition("//# sourceMappingURL=data:application/json;base64,")
    found = words(code, json.loads(base64.b64decode(after)), {"a.ts": TYPESCRIPT})
    assert found == {"import": "import", "b": "b", "start": "start", "finish": "finish"}
    assert after.endswith("\n")
    assert verify(release.dir) == []


def test_a_map_inside_the_comment_that_cannot_be_corrected_goes_with_it(site: Site) -> None:
    content = SCRIPT + "//# sourceMappingURL=data:application/json,{}\n"
    release = build(site({"a.js": content, "b.js": "b"}, minify={"js": []}))
    assert file_of(release, "a.js").endswith("rest(b);\n\n")


def test_a_style_sheets_map_is_corrected_too(site: Site) -> None:
    css = "a{b:url(x.png)} .start{} .finish{}\n/*# sourceMappingURL=a.css.map */\n"
    at = css.index
    mappings = encode([[(at("start"), 0, 0), (at("finish"), 1, 0)]])
    source_map = json.dumps({"version": 3, "sources": ["a.scss"], "names": [], "mappings": mappings})
    files = {"a.css": css, "a.css.map": source_map, "x.png": ""}
    release = build(site(files, minify={"css": []}))
    found = words(file_of(release, "a.css"), json.loads(file_of(release, "a.css.map")), {"a.scss": "start\nfinish"})
    assert found == {"start": "start", "finish": "finish"}


@pytest.mark.parametrize(
    "source_map", ["no json", '{"version": 3, "mappings": "!"}', '{"version": 2}', "[]", '{"version":3,"mappings":3}']
)
def test_a_map_that_cannot_be_corrected_is_left_out_with_its_comment(site: Site, source_map: str) -> None:
    content = SCRIPT + "//# sourceMappingURL=a.js.map\n"
    release = build(site({"a.js": content, "a.js.map": source_map, "b.js": "b"}, minify={"js": []}))
    assert file_of(release, "a.js").endswith("rest(b);\n\n")
    assert {entry["asset"] for entry in release.record["files"].values()} == {"a.js", "b.js"}
    assert verify(release.dir) == []


def test_a_map_that_fits_one_of_two_files_stays_for_none_that_was_rewritten(site: Site) -> None:
    content = SCRIPT + "//# sourceMappingURL=a.js.map\n"
    files = {"a.js": content, "same.js": "same()\n//# sourceMappingURL=a.js.map\n", "b.js": "b"}
    release = build(site({**files, "a.js.map": script_map()}, minify={"js": []}))
    assert "sourceMappingURL" not in file_of(release, "a.js")
    assert "sourceMappingURL=a.js." in file_of(release, "same.js")
    assert file_of(release, "a.js.map") == script_map()
    assert verify(release.dir) == []


@pytest.mark.parametrize("minify", [{}, {"js": [], "css": []}])
def test_only_a_map_is_left_out_whatever_a_comment_names(site: Site, minify: dict[str, Any]) -> None:
    files = {
        "a.js": 'import "./c.js"; console.log( 1 );\n//# sourceMappingURL=data.json\n',
        "b.js": 'import "./c.js"; console.log( 2 );\n//# sourceMappingURL=c.js\n',
        "self.js": 'import "./c.js"; console.log( 3 );\n//# sourceMappingURL=self.js\n',
        "c.js": "c ( );\n",
        "x.css": "a { b : url(pic.png) }\n/*# sourceMappingURL=y.css */\n",
        "y.css": "a { b : c }\n",
        "pic.png": "",
        "data.json": "{}",
        "d.js": "d ( );\n//# sourceMappingURL=kept.map\n",
        "kept.map": "{}",
    }
    release = build(site(files, minify=minify, stable=["kept.map"]))
    assert {entry["asset"] for entry in release.record["files"].values()} == files.keys()
    assert verify(release.dir) == []


def test_a_prehashed_map_of_a_rewritten_file_is_not_named_any_more(site: Site) -> None:
    content = SCRIPT + "//# sourceMappingURL=a.js.map\n"
    files = {"a.js": content, "a.js.map": script_map(), "b.js": "b"}
    release = build(site(files, minify={"js": []}, prehashed=["*.map"]))
    assert "sourceMappingURL" not in file_of(release, "a.js")
    assert file_of(release, "a.js.map") == script_map()


def test_a_map_made_by_rewriting_follows_a_change_of_what_is_imported(site: Site) -> None:
    """The name of a map is of its final bytes, and these do not hold the fingerprints: only its file is renamed."""
    files = {"a.js": SCRIPT + "//# sourceMappingURL=a.js.map\n", "a.js.map": script_map(), "b.js": "b"}
    one = build(site(files, "one", minify={"js": []}))
    two = build(site({**files, "b.js": "b2"}, "two", minify={"js": []}))
    entries = [json.loads((release.dir / "manifest.json").read_bytes())["assets"] for release in (one, two)]
    assert entries[0]["a.js.map"] == entries[1]["a.js.map"]
    assert entries[0]["a.js"] != entries[1]["a.js"]


@pytest.fixture
def esbuild_site(site: Site) -> Callable[..., Config]:
    binary = need(packages.esbuild)

    def make(files: dict[str, str], **minify: Any) -> Config:
        return site(files, minify={"js": ["esbuild"], "css": ["esbuild"], "esbuild": str(binary), **minify})

    return make


LONG = "function start(first) {\n  return first + 1;\n}\nexport { start };\nfinish(start);\n"


def long_map() -> str:
    """Of LONG, as if each line came from the same line of a.ts, four columns further on."""
    columns = [[line.index(word) for word in ("start", "first") if word in line] for line in LONG.split("\n")]
    lines = [[(column, row, column + 4) for column in found] for row, found in enumerate(columns)]
    return json.dumps({"version": 3, "sources": ["../src/a.ts"], "names": [], "mappings": encode(lines)})


def test_a_map_that_esbuild_makes_is_composed_with_the_sources_own(esbuild_site: Callable[..., Config]) -> None:
    content = LONG + "//# sourceMappingURL=maps/a.js.map\n"
    release = build(esbuild_site({"js/a.js": content, "js/maps/a.js.map": long_map()}))

    text, source_map = file_of(release, "js/a.js"), json.loads(file_of(release, "js/maps/a.js.map"))
    assert len(text) < len(content)
    assert "\n//# sourceMappingURL=maps/a.js." in text
    assert source_map["sources"] == ["../src/a.ts"]
    read = {entry["asset"]: entry["sources"] for entry in release.record["files"].values()}
    assert read["js/a.js"] == ["js/a.js", "js/maps/a.js.map"]
    original = "\n".join("    " + line for line in LONG.split("\n"))
    found = words(text, source_map, {"../src/a.ts": original})
    assert found.items() >= {"start": "start"}.items()
    assert set(found.values()) <= {"start", "first"}
    assert verify(release.dir) == []
    assert {entry["tier"] for entry in release.record["files"].values() if entry["tools"]} == {"trusted"}


def test_a_trusted_tool_makes_a_map_where_none_was_only_if_asked(esbuild_site: Callable[..., Config]) -> None:
    release = build(esbuild_site({"a.js": LONG}))
    assert {entry["asset"] for entry in release.record["files"].values()} == {"a.js"}
    assert "sourceMappingURL" not in file_of(release, "a.js")

    release = build(esbuild_site({"a.js": LONG, "b.css": "a {\n  color: red;\n}\n"}, source_maps=True))
    for path, content in (("a.js", LONG), ("b.css", "a {\n  color: red;\n}\n")):
        source_map = json.loads(file_of(release, path + ".map"))
        assert (source_map["sources"], source_map["sourcesContent"]) == ([path], [content])
        assert f"sourceMappingURL={path}." in file_of(release, path)
    assert verify(release.dir) == []


def test_a_map_from_inside_the_comment_is_composed_and_becomes_a_file(esbuild_site: Callable[..., Config]) -> None:
    url = "data:application/json;base64," + base64.b64encode(long_map().encode()).decode()
    release = build(esbuild_site({"js/a.js": LONG + f"//# sourceMappingURL={url}\n"}))
    assert json.loads(file_of(release, "js/a.js.map"))["sources"] == ["../src/a.ts"]
    assert "data:" not in file_of(release, "js/a.js")


def test_a_made_map_does_not_take_the_place_of_another_files(esbuild_site: Callable[..., Config]) -> None:
    files = {"a.js": LONG, "a.js.map": "{}", "a.min.js": "a()\n//# sourceMappingURL=a.js.map\n"}
    release = build(esbuild_site(files, source_maps=True))
    assert json.loads(file_of(release, "a.js.made.map"))["sources"] == ["a.js"]
    assert "sourceMappingURL=a.js.made." in file_of(release, "a.js")
    assert (file_of(release, "a.js.map"), verify(release.dir)) == ("{}", [])


def test_a_script_of_which_nothing_is_left_has_a_map_like_any_other(esbuild_site: Callable[..., Config]) -> None:
    release = build(esbuild_site({"a.js": "// nothing\n", "b.js": "({ a: 1 });\n"}, source_maps=True))
    assert release.warnings == ()
    for path in ("a.js", "b.js"):
        assert file_of(release, path).startswith(f"\n//# sourceMappingURL={path}.")
        assert json.loads(file_of(release, path + ".map"))["mappings"] == ""


def test_two_files_that_want_one_map_are_an_error(esbuild_site: Callable[..., Config]) -> None:
    files = {f"{name}/a.js": LONG + "//# sourceMappingURL=../maps/a.js.map\n" for name in ("x", "y")}
    with pytest.raises(OutputConflict) as caught:
        build(esbuild_site({**files, "maps/a.js.map": long_map()}))
    assert caught.value.what == "'x/a.js' and 'y/a.js' would both have the source map 'maps/a.js.map'"


def test_a_rewritten_url_in_a_minified_file_moves_the_columns_of_its_made_map(
    esbuild_site: Callable[..., Config],
) -> None:
    files = {"a.js": 'import { b } from "./b.js";\nstart(b);\nfinish(b);\n', "b.js": "export let b = 1;\n"}
    release = build(esbuild_site(files, source_maps=True))
    text, source_map = file_of(release, "a.js"), json.loads(file_of(release, "a.js.map"))
    found = words(text, source_map, {"a.js": files["a.js"]})
    assert {"start": "start", "finish": "finish"}.items() <= found.items()


def test_no_path_of_this_machine_is_in_a_map(esbuild_site: Callable[..., Config], tmp_path: Path) -> None:
    release = build(esbuild_site({"a.js": LONG}, source_maps=True))
    assert str(tmp_path) not in file_of(release, "a.js.map")
