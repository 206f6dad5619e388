"""Two releases compared: every changed name has its reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from assetbuild.build import build
from assetbuild.compare import UNEXPLAINED, Change, Comparison, compare
from assetbuild.config import load_config
from assetbuild.errors import ReleaseError

SITE = {
    "static/a.css": "a { background: url(logo.svg); }\n",
    "static/b.css": '@import "a.css";\n',
    "static/logo.svg": "<svg xmlns='http://www.w3.org/2000/svg'></svg>\n",
    "static/one.js": "var one = 1;\n",
    "static/two.js": "var two = 2;\n",
    "bundles.yaml": "bundles:\n  all: {output: all.js, contents: [one.js, two.js]}\n",
    "assetbuild.toml": 'bundles = "bundles.yaml"\n',
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name, content in SITE.items():
        write(tmp_path / name, content)
    return tmp_path


def write(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def built(site: Path) -> Path:
    return build(load_config(site / "assetbuild.toml")).dir


def compared(site: Path, **changed: str | None) -> Comparison:
    """Before and after these files are written, or removed; `__` in a name stands for a dot, `_in_` for a slash."""
    before = built(site)
    for spelled, content in changed.items():
        file = site / spelled.replace("_in_", "/").replace("__", ".")
        file.unlink() if content is None else write(file, content)
    return compare(before, built(site))


def reasons(found: Comparison) -> dict[str, tuple[str, ...]]:
    return {change.asset: change.reasons for change in found.changes}


def test_two_equal_releases_have_no_changes(site: Path) -> None:
    before = built(site)
    assert compare(before, before) == Comparison(before.name, before.name, (), (), 4)


def test_own_bytes_and_the_chain_of_those_that_name_it_are_told_apart(site: Path) -> None:
    found = compared(site, static_in_logo__svg="<svg xmlns='http://www.w3.org/2000/svg'><g/></svg>\n")
    assert reasons(found) == {
        "a.css": ("'logo.svg', which it names, is called otherwise",),
        "b.css": ("'a.css', which it names, is called otherwise",),
        "logo.svg": ("its own bytes have changed",),
    }
    assert (found.general, found.same) == ((), 1)
    assert found.changes[2].before != found.changes[2].after


def test_a_bundle_names_the_sources_that_changed(site: Path) -> None:
    found = compared(site, static_in_two__js="var two = 3;\n")
    assert reasons(found) == {"all.js": ("'two.js', which it is made of, changed",)}


def test_other_sources_and_another_order_are_told(site: Path) -> None:
    write(site / "static/three.js", "var three = 3;\n")
    before = SITE["bundles.yaml"]
    found = compared(site, bundles__yaml=before.replace("two.js]", "three.js]"))
    assert reasons(found) == {
        "all.js": ("it is made of 'three.js' as well", "it is no longer made of 'two.js'"),
        "three.js": ("it is gone",),
        "two.js": ("it is new",),
    }
    found = compared(site, bundles__yaml=before.replace("one.js, two.js", "two.js, one.js"))
    assert "its sources come in another order" not in found.changes[0].reasons
    found = compared(site, bundles__yaml=before)
    assert reasons(found) == {"all.js": ("its sources come in another order",)}


def test_what_came_and_went_is_told(site: Path) -> None:
    found = compared(site, static_in_b__css=None, static_in_c__css="c { color: red; }\n")
    assert [
        (change.asset, change.before is None, change.after is None, change.reasons) for change in found.changes
    ] == [
        ("b.css", False, True, ("it is gone",)),
        ("c.css", True, False, ("it is new",)),
    ]


def test_references_that_came_and_went_are_told(site: Path) -> None:
    write(site / "static/other.svg", SITE["static/logo.svg"])
    found = compared(site, static_in_a__css="a { background: url(other.svg); }\n")
    assert reasons(found)["a.css"] == (
        "its own bytes have changed",
        "it names 'other.svg' now",
        "it no longer names 'logo.svg'",
    )


def test_another_tool_is_named_with_the_one_before(site: Path) -> None:
    found = compared(site, assetbuild__toml=SITE["assetbuild.toml"] + "[minify]\ncss = []\n")
    [why] = reasons(found)["a.css"]
    assert why.startswith("made by nothing, not by minify rcssmin ")
    now, then = "[['**', ['rjsmin'], [], True, False]]", "[['**', ['rjsmin'], ['rcssmin'], True, False]]"
    assert found.general == (f"the option 'minify' is {now}, not {then}",)


def test_a_stable_name_is_told_as_that(site: Path) -> None:
    found = compared(site, assetbuild__toml='bundles = "bundles.yaml"\nstable = ["logo.svg"]\n')
    assert reasons(found) == {"logo.svg": ("it has a stable name as well",)}
    found = compared(site, assetbuild__toml=SITE["assetbuild.toml"])
    assert reasons(found) == {"logo.svg": ("it has no stable name any more",)}


def test_an_option_is_told_beside_what_came_of_it(site: Path) -> None:
    write(site / "static/c.css", "c { background: url(/static/logo.svg); }\n")
    options = 'url_prefix = "/x/"\nreferences.missing = "ignore"\n'
    found = compared(site, assetbuild__toml=SITE["assetbuild.toml"] + options)
    assert "the option 'url_prefix' is '/x/', not '/static/'" in found.general
    assert reasons(found)["c.css"] == ("it no longer names 'logo.svg'",)


Edit = Callable[[dict[str, object]], None]


def edited(release: Path, tmp_path: Path, edit: Edit) -> Path:
    """A release whose record says something else."""
    record = json.loads((release / "release.json").read_text())
    edit(record)
    write(tmp_path / "edited/release.json", json.dumps(record))
    return tmp_path / "edited"


def other_bytes(record: dict[str, object]) -> None:
    files = record["files"]
    assert isinstance(files, dict)
    for name in [name for name in files if name.startswith("logo.")]:
        files[name]["sha256"] = "0" * 64


def another_version(record: dict[str, object]) -> None:
    other_bytes(record)
    record["assetbuild"] = "99"


def another_encoder(record: dict[str, object]) -> None:
    record["encoders"] = {"br": "99", "gz": "98"}
    record["compress"] = {"br": 5, "zst": 19}


def test_bytes_that_nothing_explains_are_told_as_that(site: Path, tmp_path: Path) -> None:
    found = compare(built(site), edited(built(site), tmp_path, other_bytes))
    assert [change.reasons for change in found.changes] == [(UNEXPLAINED,)]


def test_another_version_explains_other_bytes(site: Path, tmp_path: Path) -> None:
    found = compare(built(site), edited(built(site), tmp_path, another_version))
    [said] = found.general
    assert said.startswith("assetbuild 99, not ")
    assert [change.reasons for change in found.changes] == [(f"of the build itself: {said}",)]


def test_versions_and_levels_of_encoders_are_told_without_a_change(site: Path, tmp_path: Path) -> None:
    release = built(site)
    encoders = json.loads((release / "release.json").read_text())["encoders"]
    found = compare(release, edited(release, tmp_path, another_encoder))
    assert found.changes == ()
    assert found.general == (
        f"the encoder of br is version 99, not {encoders['br']}",
        f"the encoder of gz is version 98, not {encoders['gz']}",
        "the level of br is 5, not 11",
        "the level of gz is none, not 12",
        "the level of zst is 19, not none",
    )


def test_many_references_are_not_all_named(site: Path) -> None:
    for number in range(5):
        write(site / f"static/{number}.svg", SITE["static/logo.svg"])
    urls = ", ".join(f"url({number}.svg)" for number in range(5))
    found = compared(site, static_in_a__css=f"a {{ background: {urls}; }}\n")
    assert "it names '0.svg', '1.svg' and 3 more now" in reasons(found)["a.css"]


def test_a_directory_without_a_record_is_refused(site: Path) -> None:
    with pytest.raises(ReleaseError) as caught:
        compare(built(site), site)
    assert str(caught.value).splitlines()[0] == f"{site}: the release has no release.json that can be read"


def test_a_change_holds_both_names(site: Path) -> None:
    found = compared(site, static_in_b__css='@import "a.css" print;\n')
    [change] = found.changes
    assert change == Change("b.css", change.before, change.after, ("its own bytes have changed",))
    assert change.before
    assert change.after
    assert change.before != change.after
