"""`[javascript] modules = "importmap"`: imports keep their text, all else is rewritten, and pages find every module."""

from __future__ import annotations

import hashlib
import json
import random
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from assetbuild.build import build
from assetbuild.config import load_config
from assetbuild.errors import ConfigError, UnresolvedReference
from assetbuild.model import Release
from assetbuild.runtime.manifest import Manifest
from assetbuild.runtime.tags import Tags
from assetbuild.verify import verify
from tests.conftest import Files, Site, write_files
from tests.support.browser import Browser, Page
from tests.support.server import Server, serve, static
from tests.test_incremental import PLAIN, Project, quick

pytest_plugins = ["tests.support.browser_fixture"]
__all__ = ["quick"]

IMPORTMAP = {"modules": "importmap"}
AS_IS: dict[str, Any] = {"minify": {"js": [], "css": []}, "javascript": IMPORTMAP}
_FINGERPRINT = re.compile(r"\.[0-9a-f]{16}(?=\.\w+)")


def assets(release: Release) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((release.dir / "manifest.json").read_bytes())["assets"]
    return found


def names(release: Release) -> dict[str, str]:
    return {path: entry["file"] for path, entry in assets(release).items()}


def released(release: Release, path: str) -> str:
    return (release.dir / "files" / assets(release)[path]["file"]).read_text()


def marked(release: Release, path: str) -> str:
    """The released text, with `FP` for each fingerprint that a name in the release has."""
    return re.sub(r"\.([0-9a-f]{16})(?=\.\w+)", ".FP", released(release, path))


FORMS = """\
import a, {b as c} from "./lib.js";
import * as all from '../js/lib.js'
import "./style.css" with {type: "css"};
import data from "./data.json" with {type: "json"};
export * from "./deep/part.js";
export {x as default} from "./deep/part.js"
import "./\\u006cib.js";
import(`./lib.js`); import("./deep/../lib.js", {}); import(a ? "./lib.js" : "./deep/part.js");
"""
FORMS_SITE = {
    "js/app.js": FORMS,
    "js/lib.js": "",
    "js/style.css": "a{}",
    "js/data.json": "{}",
    "js/deep/part.js": 'import "../lib.js"',
}


def test_imports_stay_as_they_are_written_and_the_manifest_has_them(site: Site) -> None:
    release = build(site(FORMS_SITE, **AS_IS))

    assert (released(release, "js/app.js"), released(release, "js/deep/part.js")) == (FORMS, 'import "../lib.js"')
    entry = assets(release)["js/app.js"]
    assert entry["file"] == f"js/app.{hashlib.sha256(FORMS.encode()).hexdigest()[:16]}.js"
    assert entry["imports"] == ["js/lib.js", "js/style.css", "js/data.json", "js/deep/part.js"]
    assert entry["dynamic"] == ["js/lib.js", "js/deep/part.js"]
    assert release.record["files"][entry["file"]]["references"] == sorted(FORMS_SITE.keys() - {"js/app.js"})
    assert verify(release.dir) == []


@pytest.mark.parametrize(
    ("modules", "renamed"), [("importmap", {"js/lib.js"}), ("rewrite", {"js/lib.js", "js/deep/part.js", "js/app.js"})]
)
def test_a_changed_module_renames_one_file(site: Site, modules: str, renamed: set[str]) -> None:
    found = [
        names(build(site({**FORMS_SITE, "js/lib.js": content}, minify={"js": []}, javascript={"modules": modules})))
        for content in ("", "export let changed")
    ]
    before, after = found
    assert {path for path in before if before[path] != after[path]} == renamed


def test_a_cycle_of_modules_is_no_component(site: Site) -> None:
    files = {"a.js": 'import "./b.js"', "b.js": 'import "./c/d.js"', "c/d.js": 'import "../a.js"; import "./d.js"'}
    release = build(site(files, **AS_IS))

    assert {path: released(release, path) for path in files} == files
    assert release.record["cycles"] == []
    assert names(release) == {
        path: path[:-3] + f".{hashlib.sha256(content.encode()).hexdigest()[:16]}.js" for path, content in files.items()
    }


def test_all_else_is_rewritten(site: Site) -> None:
    files = {
        "js/app.js": """import "./lib.js";
new URL("../img/x.png", import.meta.url); new Worker(new URL("./w.js?name=a", import.meta.url));
//# sourceMappingURL=app.js.map
""",
        "js/app.js.map": '{"version":3,"sources":["app.ts"],"names":[],"mappings":"AAAA"}',
        "js/lib.js": "",
        "js/w.js": "importScripts('lib.js')",
        "img/x.png": "png",
        "css/a.css": '@import "b.css"; a { b: url(../img/x.png) }',
        "css/b.css": "",
        "p.svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="img/x.png"/></svg>',
        "app.webmanifest": '{"icons": [{"src": "img/x.png"}]}',
    }
    release = build(site(files, **AS_IS))

    assert (
        marked(release, "js/app.js")
        == """import "./lib.js";
new URL("../img/x.FP.png", import.meta.url); new Worker(new URL("./w.FP.js?name=a", import.meta.url));
//# sourceMappingURL=app.js.FP.map
""".replace('"./w.FP', '"w.FP')
    )
    assert marked(release, "js/w.js") == "importScripts('lib.FP.js')"
    assert marked(release, "css/a.css") == '@import "b.FP.css"; a { b: url(../img/x.FP.png) }'
    assert marked(release, "p.svg") == files["p.svg"].replace("x.png", "x.FP.png")
    assert marked(release, "app.webmanifest") == '{"icons": [{"src": "img/x.FP.png"}]}'
    assert verify(release.dir) == []


OFF_THE_MAP = {
    "js/a@1/x.js": "import '../lib.js'; import './y.js'",
    "js/a@1/y.js": "",
    "js/lib.js": "",
    "js/ü.js": "",
}


@pytest.mark.parametrize(
    ("written", "there"),
    [
        ("/static/js/lib.js", "./lib.FP.js"),  # elsewhere where the base URL is another
        ("./lib.js?v=1", "./lib.FP.js?v=1"),
        ("./lib.js#part", "./lib.FP.js#part"),
        ("./%6cib.js", "./lib.FP.js"),
        ("./lib.js ", "./lib.FP.js"),
        (".//lib.js", "./lib.FP.js"),
        ("./lib.js/.", "./lib.FP.js"),
        ("./..\\\\js/lib.js", "./lib.FP.js"),
        ("./a@1/x.js", "./a%401/x.FP.js"),
        ("./ü.js", "./%C3%BC.FP.js"),
        ("./a%401/x.js", "./a%401/x.FP.js"),
        ("./../js/a~_-1/..///lib.js", "./lib.FP.js"),
        ("./x/../lib.js", "./x/../lib.js"),
        ("././lib.js", "././lib.js"),
    ],
)
@pytest.mark.parametrize("form", ["import '{}'", "import('{}')"])
def test_a_url_that_no_map_has_as_a_key_is_rewritten(site: Site, form: str, written: str, there: str) -> None:
    release = build(site({**OFF_THE_MAP, "js/app.js": form.format(written)}, **AS_IS))

    assert marked(release, "js/app.js") == form.format(there)
    assert released(release, "js/a@1/x.js") == OFF_THE_MAP["js/a@1/x.js"]
    assert [*assets(release)["js/app.js"].keys() & {"imports", "dynamic"}]


WORKED = {
    "page.js": 'import "./lib.js"; import "./own.js"',
    "own.js": 'import "./more.js"',
    "more.js": "",
    "w.js": 'import "./lib.js"; import("./late.js")',
    "lib.js": 'export * from "./dep.js"',
    "dep.js": "",
    "late.js": 'import "./dep.js"',
}


@pytest.mark.parametrize(
    "starter",
    [
        {"page2.js": 'new Worker(new URL("./w.js", import.meta.url), {type: "module"})'},
        {"page2.js": 'new SharedWorker(new URL("./w.js", import.meta.url))'},
        {"page2.js": 'context.audioWorklet.addModule(new URL("./w.js", import.meta.url))'},
        {"page2.js": 'new Worker(new URL("./v.js", import.meta.url))', "v.js": 'import "./w.js"'},
        {
            "page2.js": 'new Worker(new URL("./v.js", import.meta.url))',
            "v.js": 'new Worker(new URL("./w.js", import.meta.url))',
        },
        {"worker.js": 'importScripts("w.js")'},
        {"worker.js": 'importScripts("other.js"); import("./w.js")', "other.js": ""},
        {"a.svg": '<svg xmlns="http://www.w3.org/2000/svg"><script href="w.js"/></svg>'},
    ],
)
def test_what_a_worker_may_reach_is_rewritten(site: Site, starter: Files) -> None:
    release = build(site({**WORKED, **starter}, **AS_IS))

    assert {path: marked(release, path) for path in WORKED} == {
        **WORKED,
        "w.js": 'import "./lib.FP.js"; import("./late.FP.js")',
        "lib.js": 'export * from "./dep.FP.js"',
        "late.js": 'import "./dep.FP.js"',
    }
    files = {*names(release).values()}
    assert {
        name for path in WORKED for name in re.findall(r"[\w.]+\.[0-9a-f]{16}\.js", released(release, path))
    } <= files
    assert verify(release.dir) == []


def test_what_a_stable_script_imports_is_rewritten_since_nobody_knows_who_asks_for_it(site: Site) -> None:
    release = build(site(WORKED, stable=["w.js"], **AS_IS))

    assert marked(release, "w.js") == 'import "./lib.FP.js"; import("./late.FP.js")'
    assert (release.dir / "files/w.js").read_text() == released(release, "w.js")
    assert (marked(release, "lib.js"), released(release, "own.js")) == ('export * from "./dep.FP.js"', WORKED["own.js"])


def test_a_cycle_that_a_worker_reaches_is_a_component(site: Site) -> None:
    files = {
        "page.js": 'import "./a.js"; new Worker(new URL("./a.js", import.meta.url), {type: "module"})',
        "a.js": 'import "./b.js"',
        "b.js": 'import "./a.js"',
    }
    release = build(site(files, **AS_IS))

    assert release.record["cycles"] == [["a.js", "b.js"]]
    assert released(release, "a.js") == f'import "./{names(release)["b.js"]}"'
    assert marked(release, "page.js") == files["page.js"].replace('URL("./a.js"', 'URL("a.FP.js"')
    assert verify(release.dir) == []


MISSING = """\
js/app.js:1:9: import "./libb.js" names 'js/libb.js', which is in no source root
  1 | import "./libb.js"; import("./gone.js")
    |         ^^^^^^^^^
  searched: static/
  fix: did you mean 'js/lib.js'?"""


def test_a_missing_module_is_an_error(site: Site) -> None:
    files = {"js/app.js": 'import "./libb.js"; import("./gone.js")', "js/lib.js": ""}
    policy = {"missing": {"**": {"js-dynamic-import": "ignore"}}}
    with pytest.raises(UnresolvedReference) as caught:
        build(site(files, references=policy, **AS_IS))
    assert str(caught.value) == MISSING


def test_the_manifest_says_that_pages_need_a_map(site: Site) -> None:
    release = build(site({"a.js": 'import "./b.js"', "b.js": ""}, url_prefix="/s/", **AS_IS))
    other = build(site({"a.js": 'import "./b.js"', "b.js": ""}, url_prefix="/s/", minify={"js": []}))

    digest = hashlib.sha256(b'import "./b.js"').hexdigest()[:16]
    integrity = assets(release)["a.js"]["integrity"]
    empty = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert (release.dir / "manifest.json").read_text() == (
        '{"assets":{"a.js":{"file":"a.DIGEST.js","imports":["b.js"],"integrity":"INTEGRITY","size":15},'
        f'"b.js":{{"file":"b.e3b0c44298fc1c14.js","integrity":"{empty}","size":0}}}},'
        f'"checksum":"6ff1a9bf","modules":"importmap","release":"{release.id}","url_prefix":"/s/","version":1}}\n'
    ).replace("INTEGRITY", integrity).replace("DIGEST", digest)
    assert "modules" not in json.loads((other.dir / "manifest.json").read_bytes())


def test_the_release_id_covers_it(site: Site) -> None:
    found = [build(site({"a.js": ""}, javascript={"modules": modules})) for modules in ("rewrite", "importmap")]
    assert names(found[0]) == names(found[1])
    assert found[0].id != found[1].id
    file = found[1].dir / "manifest.json"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes().replace(b'"modules":"importmap",', b""))
    assert [problem.where.file for problem in verify(found[1].dir) if problem.where] == [
        "manifest.json",
        "manifest.json",
        "release.json",
    ]


def test_prehashed_modules_are_left_alone_and_may_be_imported(site: Site) -> None:
    files = {
        "app.js": 'import "./assets/index-BfX3k2Qz.js"; import "./lib.js"',
        "lib.js": "",
        "assets/index-BfX3k2Qz.js": 'import "./vendor-C0ffee00.js"; new Worker(new URL("./w-11.js", import.meta.url))',
        "assets/vendor-C0ffee00.js": "",
        "assets/w-11.js": 'import "./vendor-C0ffee00.js"',
    }
    release = build(site(files, prehashed=["assets/**"], **AS_IS))

    assert {path: released(release, path) for path in files} == files
    assert assets(release)["app.js"]["imports"] == ["assets/index-BfX3k2Qz.js", "lib.js"]
    assert verify(release.dir) == []


def test_a_prehashed_module_still_cannot_name_what_is_released_under_another_name(site: Site) -> None:
    files = {"assets/index-BfX3k2Qz.js": 'import "../lib.js"', "lib.js": ""}
    with pytest.raises(UnresolvedReference, match="which is released under a fingerprinted name only"):
        build(site(files, prehashed=["assets/**"], **AS_IS))


def test_a_bundle_and_a_minified_module_import_as_ever(site: Site) -> None:
    files = {
        "js/parts/a.js": "function late() { return import('../lib.js') }\n",
        "js/parts/b.js": "var b = 1\n",
        "js/all.js": "/* a comment */ import {a} from './lib.js'\n\n\nlet b = a",
        "js/lib.js": "export let a",
    }
    bundles = {"js/app.js": {"contents": ["js/parts/*.js"], "filters": ["rjsmin"]}}
    release = build(site(files, bundles=bundles, javascript=IMPORTMAP))

    assert "import('./lib.js')" in released(release, "js/app.js")
    assert assets(release)["js/app.js"]["dynamic"] == ["js/lib.js"]
    assert released(release, "js/all.js") == "import{a}from'./lib.js'\nlet b=a"
    assert verify(release.dir) == []


def test_a_source_map_needs_no_correction(site: Site) -> None:
    source_map = '{"version":3,"sources":["app.ts"],"names":[],"mappings":"AAAA,mBAAmB"}'
    comment = "//# sourceMappingURL=app.js.map"
    files = {"app.js": 'import "./lib.js";let a\n' + comment, "app.js.map": source_map, "lib.js": ""}
    found = {}
    for modules in ("importmap", "rewrite"):
        release = build(site(files, minify={"js": []}, javascript={"modules": modules}))
        found[modules] = released(release, "app.js.map")
    assert found["importmap"] == source_map != found["rewrite"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            '[javascript]\nmodules = "importmaps"',
            "'modules' in [javascript] is 'rewrite' or 'importmap', not 'importmaps'\n  fix: did you mean 'importmap'?",
        ),
        ('[javascript]\nmodules = "?"', "'modules' in [javascript] is 'rewrite' or 'importmap', not '?'"),
        ("[javascript]\nmodules = 1", "'modules' in [javascript] is to be a string that is not empty, not a number"),
        ('[javascript]\nmodule = ""', "unknown key 'module' in [javascript]; did you mean 'modules'?"),
        ('javascript = "importmap"', "'javascript' is to be a table, not a string"),
    ],
)
def test_what_is_wrong_with_the_option_is_said(tmp_path: Path, table: str, message: str) -> None:
    write_files(tmp_path, {"assetbuild.toml": table, "static/a.js": ""})
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "assetbuild.toml")
    assert str(caught.value) == f"assetbuild.toml: {message}"


# One build after the other.

TOML = '[minify]\njs = []\n[javascript]\nmodules = "importmap"\n' + PLAIN


def project(directory: Path, files: Files, toml: str = TOML) -> Project:
    """Built once: what comes now is an update."""
    made = Project(directory, files, toml)
    made.settle()
    made.same()
    made.settle()
    return made


@pytest.mark.usefixtures("quick")
def test_of_a_changed_module_one_file_is_built_again(tmp_path: Path) -> None:
    site = project(tmp_path, {"page.js": 'import "./lib.js"', "lib.js": 'import "./dep.js"', "dep.js": ""})
    site.write({"dep.js": "let changed"})
    made = site.same()
    assert (made.built, dict(made.reasons)) == (1, {"dep.js": "its content has changed"})
    site.settle()
    site.write({"page.js": 'import("./lib.js")'})
    assert site.same().built == 1


@pytest.mark.usefixtures("quick")
def test_a_module_that_vanishes_is_an_error_and_the_release_stays(tmp_path: Path) -> None:
    site = project(tmp_path, {"page.js": 'import "./lib.js"', "lib.js": 'import "./dep.js"', "dep.js": ""})
    (site.static / "dep.js").unlink()
    for _ in range(2):
        with pytest.raises(UnresolvedReference, match=r"^lib\.js:1:.* names 'dep.js', which is in no source root"):
            site.build()
        site.settle()
        site.write({"page.js": 'import "./lib.js";'})
    assert len(site.releases()) == 1
    site.write({"dep.js": "1"})
    assert site.same().built == 2


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("page.js", 'import "./lib.js"; new Worker(new URL("./lib.js", import.meta.url))'),  # one more worker
        ("page.js", 'import "./lib.js"; new URL("./own.js", import.meta.url)'),
        ("lib.js", 'importScripts("own.js"); import("./dep.js")'),
        ("w.js", ""),  # nothing left to rewrite in what it imported
        ("w.js", 'import "./own.js"'),
        ("shared.js", 'import "./more.js"; import "./own.js"'),
        ("starter.js", ""),  # no worker any more
    ],
)
def test_what_workers_reach_now_and_did_not_before_is_told_apart(tmp_path: Path, path: str, content: str) -> None:
    files = {
        "page.js": 'import "./lib.js"; import "./shared.js"',
        "lib.js": 'import "./dep.js"',
        "dep.js": 'import "./more.js"',
        "more.js": "",
        "own.js": 'import "./more.js"',
        "starter.js": 'new Worker(new URL("./w.js", import.meta.url))',
        "w.js": 'import "./shared.js"',
        "shared.js": 'import "./more.js"',
        "aside.js": "",
    }
    site = project(tmp_path, files)
    for edit in ({"aside.js": "1"}, {path: content}):  # what is known of the rest outlives an update
        site.write(edit)
        site.same()
        site.settle()


@pytest.mark.usefixtures("quick")
def test_why_a_module_was_built_again_is_said(tmp_path: Path) -> None:
    files = {"page.js": 'import "./lib.js"', "lib.js": 'import "./dep.js"', "dep.js": ""}
    site = project(tmp_path, files)
    found = []
    for content in ('import "./lib.js"; new Worker(new URL("./lib.js", import.meta.url))', 'import("./lib.js")'):
        site.write({"page.js": content})
        found.append(dict(site.same().reasons))
        site.settle()
    site.write({"/assetbuild.toml": TOML.replace("importmap", "rewrite")})
    found.append(dict(site.same().reasons))
    assert found == [
        {"page.js": "its content has changed", "lib.js": "a worker may run it now, so its imports are rewritten"},
        {
            "page.js": "its content has changed",
            "lib.js": "no worker runs it any more, so its imports stay as they are written",
        },
        {
            "page.js": "'lib.js', which it names, is called otherwise now",
            "lib.js": "'assetbuild.toml' has changed",
        },
    ]


@pytest.mark.usefixtures("quick")
def test_a_part_of_a_bundle_that_is_imported_no_longer_is_released_no_longer(tmp_path: Path) -> None:
    files = {"page.js": 'import "./part.js"', "part.js": "let a", "aside.js": ""}
    site = project(tmp_path, files, TOML + '[bundles."all.js"]\ncontents = ["part.js"]\n')
    for edit, is_released in (({"aside.js": "1"}, True), ({"page.js": ""}, False)):
        site.write(edit)
        assert ("part.js" in assets(site.same())) == is_released
        site.settle()


SPECIFIERS = ("./{}", "./{}", "./{}", "/static/{}", "./{}?v=1")
FORMS_OF_NAMING = ("import '{}'", "import '{}'", "import '{}'", "export * from '{}'", "import('{}')")
FORMS_OF_URL = ("new Worker(new URL('{}', import.meta.url))", "new URL('{}', import.meta.url)", "importScripts('{}')")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("seed", range(3))
def test_any_edits_give_what_a_build_without_a_cache_gives(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    paths = [f"m{number}.js" for number in range(12)]

    def module() -> str:
        lines = []
        for path in chance.sample(paths, chance.choice((0, 1, 1, 2))):
            form = chance.choice(FORMS_OF_URL if chance.random() < 0.12 else FORMS_OF_NAMING)
            lines.append(form.format(chance.choice(SPECIFIERS).format(path)))
        return ";".join(lines) + f"\n// {chance.random()}\n"

    site = project(tmp_path, {path: module() for path in paths})
    for _ in range(10):
        site.write({path: module() for path in chance.sample(paths, chance.choice((1, 1, 2)))})
        site.same()
        site.settle()


# In a browser.

PAGE: Files = {
    "js/app.js": """
import {one} from "./cycle/one.js";
import {runs, add} from "./shared.js";
import {add as again} from "/static/js/shared.js";
import data from "../data/site.json" with {type: "json"};
import sheet from "../css/box.css" with {type: "css"};
import * as other from "./shared.js?again";
document.adoptedStyleSheets = [sheet];
const answer = new Promise(done => {
  const worker = new Worker(new URL("./tasks/worker.js", import.meta.url), {type: "module"});
  worker.onmessage = event => done(event.data);
  worker.onerror = event => done("error: " + event.message);
});
const late = await import("./cycle/late.js");
const url = new URL("./shared.js", import.meta.url);
const itself = await import(url);
window.results = {
  cycle: one(), late: late.text, data: data.text, answer: await answer, runs,
  same: [add === again, add === itself.add, add === other.add],
};
""",
    "js/cycle/one.js": 'import {two} from "./two.js"; export function one() { return "one " + two() }',
    "js/cycle/two.js": 'import "./one.js"; export function two() { return "two" }',
    "js/cycle/late.js": 'import {two} from "./two.js"; export const text = "late " + two()',
    "js/shared.js": """
import {two} from "./pair/first.js";
globalThis.runs = (globalThis.runs ?? 0) + 1;
export const runs = globalThis.runs;
export function add(a, b) { return a + b + two() }
""",
    "js/pair/first.js": 'export * from "./second.js"',
    "js/pair/second.js": 'import "./first.js"; export function two() { return "two" }',
    "js/tasks/worker.js": """
import {add} from "../shared.js";
const later = await import("./later.js");
postMessage(add(1, 1) + later.text);
""",
    "js/tasks/later.js": 'export const text = " later"',
    "js/classic.js": 'import("./cycle/late.js").then(late => { window.classic = late.text })',
    "data/site.json": '{"text": "json"}',
    "css/box.css": "body { --box: url(../img/x.svg); border: 3px solid }",
    "img/x.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
}
RESULTS = {
    "answer": "2two later",
    "cycle": "one two",
    "data": "json",
    "late": "late two",
    "runs": 1,
    "same": [True, True, False],
}
READY = "window.results && window.classic"


def page_of(tags: Tags) -> str:
    return (
        "<!doctype html><title>page</title>"
        + tags.importmap("js/app.js", "js/classic.js")
        + tags.modulepreload("js/app.js")
        + tags.script("js/classic.js")
        + tags.script("js/app.js", module=True)
    )


@contextmanager
def opened(release: Release, files_dir: Path, base_url: str) -> Iterator[Server]:
    manifest = Manifest.load(release.dir / "manifest.json", base_url=base_url)
    with serve(static([(base_url.rstrip("/"), files_dir)], {"/": page_of(Tags(manifest))})) as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("base_url", ["/static/", "/else/where/"])
@pytest.mark.parametrize("js", [[], ["rjsmin"]])
def test_a_page_finds_every_module_by_its_map(browser: Browser, site: Site, base_url: str, js: list[str]) -> None:
    release = build(site(PAGE, minify={"js": js}, javascript=IMPORTMAP))
    found = names(release)
    assert release.record["cycles"] == [["js/pair/first.js", "js/pair/second.js"]]  # of the worker
    with opened(release, release.dir / "files", base_url) as server:
        page = browser.open(server.url + "/", READY)
        assert (page.script("return window.results"), page.script("return window.classic")) == (RESULTS, "late two")
        border = page.script("return getComputedStyle(document.body).borderTopWidth")
        assert (border, page.bad, page.console) == ("3px", [], [])
    asked = {path for path, _ in server.requests if path != "/favicon.ico"}
    wanted = {base_url + found[path] for path in found.keys() - {"img/x.svg"}}
    assert asked == {"/", base_url + found["js/shared.js"] + "?again", *wanted}


@pytest.mark.slow
@pytest.mark.parametrize("tampered", ["js/cycle/two.js", "js/cycle/late.js", "js/pair/first.js", "css/box.css"])
def test_a_module_with_other_bytes_is_refused(browser: Browser, site: Site, tmp_path: Path, tampered: str) -> None:
    release = build(site(PAGE, minify={"js": []}, javascript=IMPORTMAP))
    files_dir = tmp_path / "served"
    shutil.copytree(release.dir / "files", files_dir)
    file = files_dir / names(release)[tampered]
    file.chmod(0o644)
    file.write_bytes(file.read_bytes() + b"/* more */")
    with opened(release, files_dir, "/static/") as server:
        page: Page = browser.open(server.url + "/")
        page.settle()
        assert page.script("return window.results ?? null") is None
        refused = [message.text for message in page.errors if message.source == "security"]
        assert any(f"/static/{names(release)[tampered]}" in text for text in refused), page.console
