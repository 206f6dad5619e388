"""What was compiled or compressed before is not again; what is taken is what would be made."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from assetbuild import contents, store
from assetbuild.build import build
from assetbuild.compress import decode
from assetbuild.config import load_config
from assetbuild.executors import Processes, Threads
from assetbuild.rebuild import Keeper, Variants
from assetbuild.store import Store
from assetbuild.verify import verify
from tests.test_incremental import PLAIN, Project, tree

SITE = {
    "css/site.css": """/*! kept */ /* not kept */
@import "part.css";
:root { --dot : url(/static/img/dot.png); --other : url(/assets/img/dot.png) }
a { color : #ff0000 ; background : url(/static/img/dot.png) }
b { background : url(/assets/img/dot.png) }
""",
    "css/part.css": "i { margin : 0.50em ; content : 'x  y' }\n" * 20,
    "copy/part.css": "i { margin : 0.50em ; content : 'x  y' }\n" * 20,
    "css/maps.css": "u { order : 1 }\n/*# sourceMappingURL=maps.css.map */\n",
    "css/maps.css.map": '{"version":3,"sources":["a.scss"],"mappings":"AAAA"}',
    "js/app.js": "/*! kept */ import './lib.js' ; // not kept\nvar   x = 1 ;\n" + "f( 1 ) ;\n" * 40,
    "js/lib.js": "export   var y = `a  b` ;\n",
    "js/old.js": "var   z = 2 ;\n",
    "app/site.json": '{"icons": [{"src": "../img/dot.png"}]}',
    "img/dot.png": "a dot",
    "img/icon.svg": '<svg xmlns="http://www.w3.org/2000/svg">' + '<image href="dot.png"/>' * 20 + "</svg>",
}
WARN = PLAIN + '[references]\nmissing = "warn"\nexternal = ["/assets/"]\n'
JOINED = '[bundles."css/all.css"]\ncontents = ["css/part.css", "css/site.css"]\n'
CONFIGS = {
    "plain": WARN,
    "no css": WARN + "[minify]\ncss = []\n",
    "no js": WARN + "[minify]\njs = []\n",
    "cssmin": WARN + '[minify]\ncss = ["cssmin"]\n',
    "cssmin, then rcssmin": WARN + '[minify]\ncss = ["cssmin", "rcssmin"]\n',
    "jsmin": WARN + '[minify]\njs = ["jsmin"]\n',
    "rjsmin, then jsmin": WARN + '[minify]\njs = ["rjsmin", "jsmin"]\n',
    "lightningcss": WARN + '[minify]\ncss = ["lightningcss"]\n',
    "keep nothing": WARN + "[minify]\nkeep = false\n",
    "some skipped": WARN + '[minify]\nskip = ["css/s*", "js/l*"]\n',
    "some otherwise": WARN + '[minify.overrides."css/s*"]\ncss = ["cssmin"]\nkeep = false\n',
    "some keep nothing": WARN + '[minify.overrides."css/s*"]\nkeep = false\n',
    "another prefix": 'url_prefix = "/assets/"\n' + WARN.replace('"/assets/"', '"/static/"'),
    "inside a folder": 'roots = [{path = "static", prefix = "inside"}]\n' + WARN,
    "prehashed": 'prehashed = ["css/s*", "js/o*", "img/*"]\n' + WARN,
    "stable": 'stable = ["css/*"]\n' + WARN,
    "a manifest of an app": WARN + 'webmanifest = ["app/*.json"]\n',
    "joined": WARN + JOINED,
    "joined otherwise": WARN + JOINED.replace('["css/part.css", "css/site.css"]', '["css/site.css", "css/part.css"]'),
    "joined and rcssmin": WARN + JOINED + 'filters = ["rcssmin"]\n',
    "joined and cssmin": WARN + JOINED + 'filters = ["cssmin"]\n',
    "joined and not minified": WARN + "[minify]\ncss = []\n" + JOINED,
    "joined as another": WARN + JOINED.replace("css/all.css", "all.css"),
    "joined and inlined": WARN + JOINED + 'filters = ["datauri"]\n',
    "joined with the same name": WARN + JOINED.replace("css/part.css", "css/maps.css"),
    "compressed": WARN.replace("br = false", "br = 1"),
    "compressed more": WARN.replace("br = false", "br = 9"),
    "compressed otherwise": WARN.replace("gz = false", "gz = 1"),
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project", SITE)


def made(project: Project, config: str, keeper: Keeper | None = None, **options: Any) -> dict[str, Any]:
    """All that a build gives that knows of results, but not of the build before."""
    project.write({"/assetbuild.toml": config})
    parsed = load_config(project.base / "assetbuild.toml")._replace(output_dir=project.base / "out")
    shutil.rmtree(parsed.output_dir, ignore_errors=True)
    release = build(parsed, store=keeper, **options)
    assert verify(release.dir) == []
    return {"id": release.id, "warnings": release.warnings, **tree(release.dir)}


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """By configuration, what is made without any store."""
    project = Project(tmp_path_factory.mktemp("wanted"), SITE)
    return {name: made(project, config) for name, config in CONFIGS.items()}


def test_configurations_make_something_of_their_own(wanted: dict[str, dict[str, Any]]) -> None:
    """Those that make the same would prove nothing."""
    same = {"joined and rcssmin": "joined"}
    assert {name for name, one in wanted.items() if [*wanted.values()].index(one) != [*wanted].index(name)} == {*same}
    assert all(wanted[name] == wanted[other] for name, other in same.items())


@pytest.mark.parametrize("order", [1, -1])
def test_results_of_another_configuration_are_never_taken(
    project: Project, wanted: dict[str, dict[str, Any]], order: int
) -> None:
    """All of them share one store: whatever two have a key in common, the later one would take the earlier one's."""
    with Store(project.cache) as keeper:
        for name in [*CONFIGS][::order]:
            assert made(project, CONFIGS[name], keeper) == wanted[name], name


def test_a_source_whose_result_is_kept_is_read_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Counting()
    made(project, WARN, keeper)
    opened: list[str] = []
    real = contents.open_file
    monkeypatch.setattr(contents, "open_file", lambda file, shown: [opened.append(shown), real(file, shown)][1])
    made(project, WARN, keeper)

    assert [path for path in opened if path in ("js/old.js", "js/lib.js")] == ["js/lib.js", "js/old.js"]


class Counting:
    """A store in memory that counts."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        self.got = self.missed = self.put_again = 0

    def get(self, key: bytes) -> bytes | None:
        found = self.values.get(key)
        self.got, self.missed = self.got + (found is not None), self.missed + (found is None)
        return found

    def put(self, key: bytes, value: bytes) -> None:
        self.put_again += key in self.values
        self.values[key] = value


ALL = (
    'stable = ["js/*"]\n[compress]\nbr = 1\ngz = 1\n[references]\nmissing = "warn"\nexternal = ["/assets/"]\n' + JOINED
)


def test_what_was_made_before_is_found(project: Project) -> None:
    keeper = Counting()
    first = made(project, ALL, keeper)
    entries = len(keeper.values)
    assert keeper.got == 0
    keeper.missed = 0

    second = made(project, ALL, keeper)

    assert second == first
    assert (keeper.missed, len(keeper.values), keeper.put_again) == (0, entries, 0)


@pytest.mark.parametrize("lost", range(5))
def test_whatever_is_lost_is_made_again(project: Project, lost: int) -> None:
    """Each fifth of all that is kept, in turn: traces, contents, variants."""
    keeper = Counting()
    first = made(project, ALL, keeper)
    kept = dict(keeper.values)

    for key in sorted(kept)[lost::5]:
        del keeper.values[key]

    assert made(project, ALL, keeper) == first
    assert keeper.values == kept


def test_what_is_kept_does_not_depend_on_who_made_it(project: Project) -> None:
    one, many = Counting(), Counting()

    first = made(project, ALL, one)

    assert made(project, ALL, many, executor=Threads(3), workers=Processes(2)) == first
    assert one.values == many.values


def test_a_cache_serves_another_checkout(project: Project, tmp_path: Path) -> None:
    """As when CI restores it: another directory, other times, other inodes; compressing is what takes long."""
    project.write({"/assetbuild.toml": ALL})
    first = project.build()
    kept = store.info(project.cache).entries
    other = Project(tmp_path / "deep" / "er" / "elsewhere", SITE, ALL)
    shutil.copytree(project.cache, other.cache)
    for file in other.static.rglob("*"):
        os.utime(file, (1_700_000_000, 1_700_000_000))

    second = other.build()

    assert (second.id, second.created, second.built) == (first.id, True, second.files)
    assert tree(second.dir) == tree(first.dir)
    assert store.info(other.cache).entries == kept


def test_a_change_of_what_is_read_besides_is_noticed(project: Project) -> None:
    """Through traces alone: the bundle's own content is as it was."""
    joined = PLAIN + '[bundles."all.css"]\ncontents = ["a.css", "b.css"]\n'
    with Store(project.cache) as keeper:
        shutil.rmtree(project.static)
        project.write({"a.css": "a { b : c }", "b.css": "@import 'c.css';", "c.css": "c { d : e }"})
        first = made(project, joined, keeper)
        project.write({"c.css": "c { f : g }"})
        assert made(project, joined, keeper) == made(project, joined) != first
        project.write({"c.css": "c { d : e }"})
        assert made(project, joined, keeper) == first


def test_a_glob_that_matches_more_or_less_makes_another_bundle(project: Project) -> None:
    joined = PLAIN + '[bundles."all.css"]\ncontents = ["part/*.css"]\n'
    with Store(project.cache) as keeper:
        project.write({"part/a.css": "a { b : c }", "part/b.css": "b { d : e }"})
        first = made(project, joined, keeper)
        project.write({"part/c.css": "c { f : g }"})
        assert made(project, joined, keeper) == made(project, joined) != first
        (project.static / "part/b.css").unlink()
        assert made(project, joined, keeper) == made(project, joined) != first


TOOL = """#!/bin/sh
case "$*" in *--version*) echo 0.25.0; exit;; esac
cat >/dev/null
printf 'var x=1;\\n//# sourceMappingURL=data:application/json;base64,{}\\n'
"""
MAP = "eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbIjxzdGRpbj4iXSwibmFtZXMiOltdLCJtYXBwaW5ncyI6IkFBQUEifQ=="


def test_a_made_map_takes_the_name_that_is_free(project: Project) -> None:
    config = PLAIN + '[minify]\njs = ["esbuild"]\nesbuild = "tool"\nsource_maps = true\n'
    shutil.rmtree(project.static)
    project.write({"a.js": "var   x = 1 ;\n" * 9, "/tool": TOOL.format(MAP)})
    (project.base / "tool").chmod(0o755)
    with Store(project.cache) as keeper:
        for there in (True, False, True):
            project.write({"a.js.map": "somebody else's"}) if there else (project.static / "a.js.map").unlink()
            found = made(project, config, keeper)
            assert found == made(project, config)
            assert any("made.map" in str(path) or ".made." in str(path) for path in found) is there


def test_the_map_that_a_tool_is_given_is_part_of_the_trace(project: Project) -> None:
    config = PLAIN + '[minify]\njs = ["esbuild"]\nesbuild = "tool"\n[references]\nmissing = "warn"\n'
    shutil.rmtree(project.static)
    project.write({"a.js": "var   x = 1 ;\n" * 9 + "//# sourceMappingURL=a.js.map\n", "/tool": TOOL.format(MAP)})
    (project.base / "tool").chmod(0o755)
    source_map = '{"version":3,"sources":["%s"],"names":[],"mappings":"AAAA"}'
    found = []
    with Store(project.cache) as keeper:
        for content in (None, source_map % "one.ts", source_map % "two.ts", None):
            if content:
                project.write({"a.js.map": content})
            else:
                (project.static / "a.js.map").unlink(missing_ok=True)
            found.append(made(project, config, keeper))
            assert found[-1] == made(project, config)
    assert found[0] == found[3] != found[1] != found[2] != found[0]


# Variants

LEVELS = {"br": 1, "gz": 1}
TEXT = b"text that compresses " * 50
VERSIONS = {"br": "1", "gz": "2"}


def never() -> bytes:
    raise AssertionError("the content was asked for")


def encoded(
    variants: Variants, digest: str, content: Callable[[], bytes], levels: Mapping[str, int]
) -> dict[str, bytes]:
    """By encoding; nothing for what does not save enough."""
    made = list(variants(digest, content, levels))
    variants.keep(made)
    return {variant.encoding: variant.content for variant in made}


def test_what_was_compressed_once_is_not_again() -> None:
    variants = Variants(VERSIONS, Counting())

    first = encoded(variants, "digest", lambda: TEXT, LEVELS)

    assert {encoding: decode(content, encoding) for encoding, content in first.items()} == {"br": TEXT, "gz": TEXT}
    assert encoded(variants, "digest", never, LEVELS) == first
    assert encoded(variants, "digest", never, {"gz": 1}) == {"gz": first["gz"]}


def test_what_does_not_compress_is_not_tried_again() -> None:
    variants = Variants(VERSIONS, Counting())
    noise = hashlib.shake_256(b"noise").digest(1000)

    assert encoded(variants, "digest", lambda: noise, LEVELS) == {"br": b"", "gz": b""}
    assert encoded(variants, "digest", never, LEVELS) == {"br": b"", "gz": b""}


@pytest.mark.parametrize(
    ("versions", "digest", "levels"),
    [
        ({"br": "other", "gz": "2"}, "digest", {"br": 1}),
        (VERSIONS, "other", {"br": 1}),
        (VERSIONS, "digest", {"br": 2}),
        (VERSIONS, "digest", {"gz": 2}),
    ],
)
def test_a_variant_is_one_of_an_encoder_a_level_and_a_content(
    versions: Mapping[str, str], digest: str, levels: Mapping[str, int]
) -> None:
    keeper = Counting()
    encoded(Variants(VERSIONS, keeper), "digest", lambda: TEXT, LEVELS)

    with pytest.raises(AssertionError, match="the content was asked for"):
        encoded(Variants(versions, keeper), digest, never, levels)


def test_without_a_store_everything_is_compressed() -> None:
    variants = Variants(VERSIONS, None)
    encoded(variants, "digest", lambda: TEXT, LEVELS)

    with pytest.raises(AssertionError, match="the content was asked for"):
        encoded(variants, "digest", never, LEVELS)
