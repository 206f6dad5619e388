from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assetbuild import signatures
from assetbuild.config import Config, parse_config
from assetbuild.errors import (
    AssetBuildError,
    BuildFailed,
    ConfigError,
    OutputConflict,
    Place,
    ProcessorError,
    SourceError,
)
from assetbuild.model import Origin, Source
from assetbuild.processors.webassets import Bundle, Bundled, build_bundle, load_bundles

Site = tuple[Config, dict[str, Source]]
MakeSite = Callable[..., Site]


@pytest.fixture
def site(tmp_path: Path) -> MakeSite:
    """Files below tmp_path; what is below static/ are the sources."""

    def make(files: dict[str, str | bytes], **table: Any) -> Site:
        for name, content in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        static = tmp_path / "static"
        static.mkdir(exist_ok=True)
        if "bundles" not in table and "bundles.yaml" in files:
            table["bundles"] = "bundles.yaml"
        sources = {}
        for file in sorted(file for file in static.rglob("*") if file.is_file()):
            path = file.relative_to(static).as_posix()
            sources[path] = Source(path, str(file), "static/", "", signatures.of(file.stat()))
        return parse_config(table, tmp_path / "assetbuild.toml"), sources

    return make


@pytest.fixture(autouse=True)
def _same_modules() -> Iterator[None]:
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("assets_"):
            del sys.modules[name]


def built(site: Site, output: str | None = None, *, minify: bool = True) -> Bundled:
    bundles = load_bundles(*site, minify=minify)
    (bundle,) = [bundle for bundle in bundles if output in (None, bundle.output)]
    return build_bundle(bundle)


def outputs(site: Site) -> dict[str, tuple[str, ...]]:
    return {bundle.output: bundle.contents for bundle in load_bundles(*site)}


def messages(site: Site, error: type[AssetBuildError] = AssetBuildError) -> str:
    with pytest.raises(error) as caught:
        load_bundles(*site)
    return str(caught.value)


# -- where bundles are defined -----------------------------------------------------------------------------------------


def test_without_bundles_there_is_nothing_to_do(site: MakeSite) -> None:
    assert load_bundles(*site({})) == ()


def test_yaml_toml_and_python_define_the_same_bundle(site: MakeSite) -> None:
    sources = {"static/js/a.js": "a()", "static/js/b.js": "b()"}
    yaml = "app:\n  output: js/app.js\n  contents: [js/a.js, js/b.js]\n"
    python = "from webassets import Bundle, Environment\nenv = Environment()\n" + (
        "env.register('app', 'js/a.js', 'js/b.js', output='js/app.js')\n"
    )
    found = [
        load_bundles(*site({**sources, "bundles.yaml": yaml})),
        load_bundles(*site(sources, bundles={"app": {"output": "js/app.js", "contents": ["js/a.js", "js/b.js"]}})),
        load_bundles(*site({**sources, "assets_one.py": python}, bundles="assets_one:env")),
    ]
    for (bundle,) in found:
        assert (bundle.name, bundle.output, bundle.contents) == ("app", "js/app.js", ("js/a.js", "js/b.js"))
        assert build_bundle(bundle).text == "a()\n;\nb()"


def test_a_toml_bundle_with_an_extension_in_its_name_is_its_own_output(site: MakeSite) -> None:
    tables = {"js/app.js": {"contents": ["lib", "js/a.js"]}, "lib": {"contents": ["js/b.js"]}}
    config = site({"static/js/a.js": "", "static/js/b.js": ""}, bundles=tables)
    assert outputs(config) == {"js/app.js": ("js/b.js", "js/a.js")}


def test_a_yaml_environment_gives_its_directory_config_and_filters(site: MakeSite) -> None:
    config = site(
        {
            "bundles.yaml": (
                "directory: static/js\nfilters: [assets_filters.Shout]\nconfig: {shout_end: '!'}\n"
                "bundles:\n  app: {output: js/app.js, filters: shout, contents: a.js}\n"
            ),
            "assets_filters.py": (
                "from webassets.filter import Filter\nclass Shout(Filter):\n    name = 'shout'\n"
                "    def output(self, _in, out, **kw):\n"
                "        out.write(_in.read().upper() + self.get_config('SHOUT_END'))\n"
            ),
            "static/js/a.js": "a()",
        }
    )
    result = built(config)
    assert (result.text, result.tools) == ("A()!", ("webassets 3.0.0: shout",))


@pytest.mark.parametrize(
    "source",
    [
        "bundles = {'app': Bundle('js/a.js', output='js/app.js')}",
        "def bundles():\n    return {'app': Bundle('js/a.js', output='js/app.js')}",
        "def bundles():\n    env = Environment()\n    env.add(Bundle('js/a.js', output='js/app.js'))\n    return env",
    ],
)
def test_python_may_give_a_dict_or_a_callable(site: MakeSite, source: str) -> None:
    module = f"from webassets import Bundle, Environment\n{source}\n"
    config = site(
        {"pkg/__init__.py": "", "pkg/assets_two.py": module, "static/js/a.js": ""}, bundles="pkg.assets_two:bundles"
    )
    assert outputs(config) == {"js/app.js": ("js/a.js",)}


def test_python_is_imported_anew_each_time_and_leaves_no_trace(site: MakeSite, tmp_path: Path) -> None:
    module = "from webassets import Bundle\nbundles = {{'app': Bundle('js/a.js', output='js/{}.js')}}\n"
    path = list(sys.path)
    for name in ("one", "two"):
        config = site({"assets_three.py": module.format(name), "static/js/a.js": ""}, bundles="assets_three:bundles")
        assert list(outputs(config)) == [f"js/{name}.js"]
    assert sys.path == path
    assert not (tmp_path / "__pycache__").exists()


def test_a_python_environment_finds_files_where_it_looks_itself_and_keeps_its_settings(site: MakeSite) -> None:
    module = (
        "import os\nfrom webassets import Bundle, Environment\n"
        "here = os.path.dirname(os.path.abspath(__file__))\n"
        "env = Environment(os.path.join(here, 'static', 'js'), '/media', end='?', debug=True)\n"
        "env.load_path = [os.path.join(here, 'static', 'lib')]\n"
        "class End:\n    pass\n"
        "def end(_in, out):\n    out.write(_in.read() + '?')\n"
        "env.register('app', '*.js', os.path.join(here, 'static', 'js', 'z.js'), output='app.js', filters=[end])\n"
    )
    files = {"assets_four.py": module, "static/lib/b.js": "b()", "static/lib/a.js": "a()", "static/js/z.js": "z()"}
    result = built(site(files, bundles="assets_four:env"))
    assert result.text == "a()\n;\nb()\n;\nz()?"
    assert result.tools == ("webassets 3.0.0: end",)


def test_broken_yaml_is_told_with_its_place(site: MakeSite) -> None:
    assert messages(site({"bundles.yaml": "app:\n  output: a: b\n"}), ConfigError) == (
        "bundles.yaml:2:12: is not valid YAML: mapping values are not allowed here\n"
        "  2 |   output: a: b\n"
        "    |            ^"
    )


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        ("- a\n", "bundles.yaml: is to be a mapping of names to bundles, not a list"),
        ("\x00", "bundles.yaml: is not valid YAML:"),
        ("a: {}\na: {}\n", "bundles.yaml:2:1: 'a' stands twice in one table"),
        ("app: [js/a.js]\n", "bundles.yaml:1:1: bundle 'app' is to be a table, not a list"),
        (
            "app:\n  content: js/a.js\n",
            "bundles.yaml:2:3: bundle 'app' has an unknown key 'content'; did you mean 'contents'?",
        ),
        (
            "app:\n  contents:\n  - js/a.js\n  - merge: true\n",
            "bundles.yaml:4:5: a bundle inside bundle 'app' has an unknown key 'merge'; known are: contents, output, "
            "filters, depends, config, extra, debug",
        ),
        (
            "app:\n  contents: [1]\n",
            "bundles.yaml:2:14: 'contents' of bundle 'app' holds a number; it is a list of paths, globs and bundles",
        ),
        ("app: {output: 1}\n", "bundles.yaml:1:7: 'output' of bundle 'app' is to be a path, not a number"),
        ("app: {depends: {}}\n", "bundles.yaml:1:7: 'depends' of bundle 'app' is to be a path or a list of paths"),
        ("app: {config: 1}\n", "bundles.yaml:1:7: 'config' of bundle 'app' is to be a table, not a number"),
        (
            "app: {filters: {a: b}}\n",
            "bundles.yaml:1:7: 'filters' of bundle 'app' is to be a list of names such as 'jsmin'",
        ),
        (
            "app:\n  filters: jsmn\n",
            "bundles.yaml:2:3: bundle 'app' names filter 'jsmn', which webassets does not have; did you mean 'jsmin'?",
        ),
        (
            "app:\n  filters:\n  - rjsmin\n  - xyzzyx\n",
            "bundles.yaml:4:5: bundle 'app' names filter 'xyzzyx', which webassets does not have",
        ),
        ("app: &a\n  contents: [*a]\n", "bundles.yaml:1:6: a bundle inside bundle 'app' contains itself"),
        ("bundles: {}\ndirectry: x\n", "bundles.yaml:2:1: unknown key 'directry'; did you mean 'directory'?"),
        ("bundles: [a]\n", "bundles.yaml:1:1: 'bundles' is to be a mapping of names to bundles, not a list"),
        ("a: {contents: [b]}\nb: {contents: [a]}\n", "bundles.yaml:1:1: bundle 'a' contains itself"),
        ("app:\n", "bundles.yaml:1:1: bundle 'app' has no contents"),
        ("app: {output: a.js}\n", "bundles.yaml:1:1: bundle 'app' has no contents"),
        ("app: {contents: js/a.js}\n", "bundles.yaml:1:1: bundle 'app' has no output"),
        (
            "app: {contents: {contents: js/a.js}}\n",
            "bundles.yaml:1:7: 'contents' of bundle 'app' is to be a path or a list, not a table",
        ),
        ("[" * 3000, "bundles.yaml: nests too deeply"),
    ],
)
def test_every_mistake_in_yaml_is_an_error_with_its_place(site: MakeSite, yaml: str, expected: str) -> None:
    first = messages(site({"bundles.yaml": yaml, "static/js/a.js": ""})).splitlines()[0]
    assert first == expected or (expected.endswith(":") and first.startswith(expected))


def test_all_mistakes_are_told_together(site: MakeSite) -> None:
    yaml = "a: {output: 1}\nb: {x: 1}\n"
    with pytest.raises(BuildFailed) as caught:
        load_bundles(*site({"bundles.yaml": yaml}))
    assert [str(error.where) for error in caught.value.errors] == ["bundles.yaml:1:5", "bundles.yaml:2:5"]
    assert caught.value.exit_code == 2


def test_what_an_alias_repeats_is_told_at_the_alias(site: MakeSite) -> None:
    with pytest.raises(BuildFailed) as caught:
        load_bundles(*site({"bundles.yaml": "a: &x\n  outpt: 1\nb: *x\n"}))
    assert [str(error.where) for error in caught.value.errors] == ["bundles.yaml:2:3", "bundles.yaml:3:1"]


def test_keys_that_say_nothing_are_as_if_absent(site: MakeSite) -> None:
    nothing = "config:, filters:, depends:, extra:, debug:"
    yaml = f"app: {{output: app.js, contents: [{{contents: a.js, {nothing}}}], {nothing}}}"
    assert built(site({"bundles.yaml": yaml.replace(":,", ": ,"), "static/a.js": "a()"})).text == "a()"


def test_a_yaml_file_that_is_missing_is_an_error(site: MakeSite) -> None:
    assert messages(site({}, bundles="bundles.yaml"), ConfigError) == (
        "assetbuild.toml: 'bundles' names 'bundles.yaml', which does not exist\n"
        "  fix: name a YAML file, or the environment of a Python module as 'package.module:name'"
    )


@pytest.mark.parametrize(
    ("module", "spec", "expected"),
    [
        ("", "assets_none:env", "which cannot be imported: ModuleNotFoundError: No module named 'assets_none'"),
        (
            "",
            "assets_five:env",
            "which cannot be imported: AttributeError: module 'assets_five' has no attribute 'env'",
        ),
        (
            "import sys\nsys.exit('no settings')",
            "assets_five:env",
            "which cannot be imported: SystemExit: no settings\n  at assets_five.py:2",
        ),
        ("env = 1", "assets_five:env", "which is int, not a webassets environment"),
        (
            "from webassets import Bundle\nenv = {'a': Bundle('x', filters='nope')}",
            "assets_five:env",
            "which cannot be imported: ValueError: No filter 'nope'\n  at assets_five.py:2",
        ),
    ],
)
def test_python_that_cannot_be_used_is_one_error(site: MakeSite, module: str, spec: str, expected: str) -> None:
    config = site({"assets_five.py": module}, bundles=spec)
    assert messages(config, ConfigError) == f"assetbuild.toml: 'bundles' names '{spec}', {expected}"


# -- which bundles are assets ------------------------------------------------------------------------------------------


def test_nested_bundles_are_parts_and_containers_stand_for_their_children(site: MakeSite) -> None:
    yaml = """
all: {contents: [app, lib], filters: rjsmin}
app: {output: js/app.js, contents: [js/a.js, part, {contents: js/c.js}]}
part: {contents: js/b.js}
lib: {output: js/lib.js, contents: js/c.js}
"""
    files = {f"static/js/{name}.js": f"{name}( 1 )" for name in "abc"}
    config = site({"bundles.yaml": yaml, **files})
    assert outputs(config) == {"js/app.js": ("js/a.js", "js/b.js", "js/c.js"), "js/lib.js": ("js/c.js",)}
    assert built(config, "js/lib.js").text == "c(1)"  # by the filter of its container


def test_two_containers_with_filters_of_their_own_are_a_conflict(site: MakeSite) -> None:
    yaml = "one: {contents: [app], filters: rjsmin}\ntwo: {contents: [app], filters: jsmin}\n"
    config = site({"bundles.yaml": yaml + "app: {output: js/app.js, contents: js/a.js}\n", "static/js/a.js": ""})
    assert messages(config, OutputConflict).splitlines()[0] == (
        "bundles.yaml:3:1: bundle 'app' is to be built with the filters of 'one' and 'two', to one output"
    )


@pytest.mark.parametrize(
    ("output", "path"),
    [
        ("gen/packed.%(version)s.js", "gen/packed.js"),
        ("gen/packed-%(version)s.js", "gen/packed.js"),
        ("gen/%(version)s-packed.js", "gen/packed.js"),
        ("gen/%(version)s/packed.js", "gen/packed.js"),
        ("./gen//packed.js", "gen/packed.js"),
        ("gen/packed_%(version)s", "gen/packed"),
    ],
)
def test_the_version_in_an_output_is_left_to_the_fingerprint(site: MakeSite, output: str, path: str) -> None:
    config = site({"bundles.yaml": f"app: {{output: '{output}', contents: js/a.js}}", "static/js/a.js": "a()"})
    assert list(outputs(config)) == [path]
    assert built(config).text == "a()"


@pytest.mark.parametrize(
    ("output", "what"),
    [
        ("/srv/app.js", "is outside the release"),
        ("../app.js", "is outside the release"),
        ("a/../../app.js", "is outside the release"),
        ("js/", "is a directory; it is to be a file"),
        ("gen/%(version)s.js", "has no name beside the version"),
        ("gen/%(version)s", "has no name beside the version"),
    ],
)
def test_an_output_that_cannot_be_one_is_an_error(site: MakeSite, output: str, what: str) -> None:
    config = site({"bundles.yaml": f"app:\n  output: '{output}'\n  contents: js/a.js", "static/js/a.js": ""})
    expected = f"bundles.yaml:2:3: the output '{output}' of bundle 'app' {what}"
    assert messages(config, ConfigError).splitlines()[0] == expected


def test_an_output_that_is_taken_is_a_conflict(site: MakeSite) -> None:
    yaml = "a: {output: js/a.js, contents: js/x.js}\nb: {output: js/b.js, contents: js/x.js}\n"
    config = site(
        {
            "bundles.yaml": yaml + "c: {output: js/./b.js, contents: js/x.js}\n",
            "static/js/a.js": "",
            "static/js/x.js": "",
        }
    )
    assert messages(config, BuildFailed) == (
        "bundles.yaml:1:5: bundle 'a' makes 'js/a.js', which is also a source\n"
        "  1 | a: {output: js/a.js, contents: js/x.js}\n"
        "    |     ^\n"
        "  the source: static/js/a.js\n"
        '  fix: give the bundle another output, or leave the source out: exclude = ["js/a.js"]\n'
        "bundles.yaml:3:5: the bundles 'b' and 'c' both make 'js/b.js'\n"
        "  3 | c: {output: js/./b.js, contents: js/x.js}\n"
        "    |     ^\n"
        "  fix: give one of them another output"
    )


# -- what they are made of ---------------------------------------------------------------------------------------------


def test_globs_are_expanded_in_alphabetical_order_and_the_first_mention_wins(site: MakeSite) -> None:
    yaml = "app: {output: app.js, contents: [js/m.js, 'js/**/*.js', ./js/b.js], depends: 'js/*.txt'}"
    files = {
        f"static/js/{name}": f"/* {name} */" for name in ("z.js", "m.js", "b.js", "sub/a.js", ".hidden.jsx", "[x].js")
    }
    config = site({"bundles.yaml": yaml, **files, "static/js/d.txt": ""})
    (bundle,) = load_bundles(*config)
    assert bundle.contents == ("js/m.js", "js/[x].js", "js/b.js", "js/sub/a.js", "js/z.js")
    assert bundle.depends == ("js/d.txt",)
    result = build_bundle(bundle)
    assert result.text == "/* m.js */\n/* [x].js */\n/* b.js */\n/* sub/a.js */\n/* z.js */"
    assert result.sources == (*bundle.contents, "js/d.txt")


def test_a_missing_source_is_told_with_a_likely_one(site: MakeSite) -> None:
    yaml = "app: {output: js/app.js, contents: [js/cart.js, 'js/*.jsx', lib], depends: nope.txt}\n"
    yaml += "lib: {contents: js/car.js}\n"
    config = site({"bundles.yaml": yaml, "static/js/card.js": ""})
    assert messages(config, BuildFailed) == (
        "js/app.js: bundle 'app' names 'js/*.jsx', which matches no source\n"
        "  searched: static/\n"
        "  fix: mend or remove it\n"
        "js/app.js: bundle 'app' names 'js/car.js', which is in no source root\n"
        "  searched: static/\n"
        "  fix: did you mean 'js/card.js'?\n"
        "js/app.js: bundle 'app' names 'js/cart.js', which is in no source root\n"
        "  searched: static/\n"
        "  fix: did you mean 'js/card.js'?\n"
        "js/app.js: bundle 'app' names 'nope.txt', which is in no source root\n"
        "  searched: static/"
    )


def test_a_url_is_refused(site: MakeSite) -> None:
    for url in ("https://cdn/x.js", "//cdn/x.js"):
        config = site({"bundles.yaml": f"app: {{output: js/app.js, contents: ['{url}']}}"})
        assert messages(config, ConfigError) == (
            f"js/app.js: bundle 'app' names the URL '{url}', but a build uses no network\n"
            "  fix: download the file into a source root and name it by its path"
        )


def test_a_file_outside_the_roots_is_refused(site: MakeSite, tmp_path: Path) -> None:
    config = site({"bundles.yaml": f"app: {{output: js/app.js, contents: ['{tmp_path}/x.js']}}", "x.js": ""})
    assert messages(config, SourceError) == (
        f"js/app.js: bundle 'app' names '{tmp_path}/x.js', the file '{tmp_path}/x.js', which is in no source root\n"
        "  searched: static/\n"
        "  fix: add its directory to 'roots', or copy it into one of them"
    )


def test_the_name_of_a_bundle_inside_a_nameless_one_is_explained(site: MakeSite) -> None:
    yaml = "app: {output: app.js, contents: [{contents: [lib]}]}\nlib: {output: lib.js, contents: a.js}\n"
    assert messages(site({"bundles.yaml": yaml, "static/a.js": ""}), SourceError).splitlines()[-1] == (
        "  fix: 'lib' is a bundle, and only a bundle with a name can hold another by its name"
    )


# -- building ----------------------------------------------------------------------------------------------------------


def test_minifier_filters_run_verified_anywhere_in_the_tree(site: MakeSite) -> None:
    yaml = """
app:
  output: js/app.js
  contents: [js/a.js, {contents: js/b.js, filters: jsmin}]
"""
    config = site({"bundles.yaml": yaml, "static/js/a.js": "a( 1 );", "static/js/b.js": "b( 2 ) ;"})
    result = built(config)
    assert result.text == "a( 1 );\nb(2);"
    assert result.tools[0] == "webassets 3.0.0"
    assert [tool.rpartition(" ")[0] for tool in result.tools[1:]] == ["minify jsmin"]
    assert built(config, minify=False).text == "a( 1 );\nb( 2 ) ;"
    assert built(config, minify=False).tools == ("webassets 3.0.0",)


def test_cssrewrite_has_nothing_left_to_do(site: MakeSite) -> None:
    inner = "{contents: css/b.css, filters: cssrewrite}"
    yaml = f"app: {{output: out/app.css, filters: [cssrewrite], contents: [css/a.css, {inner}]}}"
    files = {"static/css/a.css": "a{b:url(a.png)}", "static/css/b.css": "b{b:url(../b.png)}"}
    result = built(site({"bundles.yaml": yaml, **files}))
    assert result.text == "a{b:url(../css/a.png)}\nb{b:url(../b.png)}"
    assert result.tools == ("webassets 3.0.0",)
    assert result.origins == {
        "b.png": Origin("css/b.css", 8, 16, "url(../b.png)"),
        "css/a.png": Origin("css/a.css", 8, 13, "url(a.png)"),
    }


def test_imports_taken_in_are_sources_and_maps_left_out_are_named(site: MakeSite) -> None:
    yaml = "app: {output: app.css, contents: css/*.css}"
    files = {
        "static/css/1.css": "a{}/*# sourceMappingURL=1.map */",
        "static/css/2.css": "@import '../lib/é.css';",
        "static/lib/é.css": "é{}",
    }
    result = built(site({"bundles.yaml": yaml, **files}))
    assert result.text == '@charset "utf-8";\na{}\né{}'
    assert result.sources == ("css/1.css", "css/2.css", "lib/é.css")
    assert result.dropped_maps == ("css/1.map",)


def test_strict_mode_that_is_switched_off_is_told_once_for_a_bundle(site: MakeSite) -> None:
    yaml = "app: {output: app.js, contents: [a.js, {contents: [b.js]}, c.js]}"
    files = {"static/a.js": "'use strict'; a()", "static/b.js": "'use strict'; b();", "static/c.js": "c = 1"}
    result = built(site({"bundles.yaml": yaml, **files}))
    assert result.text == ";'use strict'; a()\n;\n'use strict'; b();\nc = 1"
    assert [str(warning) for warning in result.warnings] == [
        "app.js: 'use strict' at the top of 'b.js', 'a.js' is switched off, since other files of the bundle are not "
        "written for it\n"
        "  fix: put it inside a function, or bundle strict files on their own"
    ]


def test_a_module_alone_may_be_a_bundle(site: MakeSite) -> None:
    yaml = "app: {output: js/app.js, contents: lib/a.js}"
    assert built(site({"bundles.yaml": yaml, "static/lib/a.js": "export default 1"})).text == "export default 1"


def test_a_module_among_others_is_refused_even_in_a_nested_bundle(site: MakeSite) -> None:
    yaml = "app: {output: app.js, contents: [{contents: a.js}, b.js]}"
    with pytest.raises(SourceError) as caught:
        built(site({"bundles.yaml": yaml, "static/a.js": "x()\nexport default 1", "static/b.js": ""}))
    assert caught.value.where == Place("a.js", 2, 1, "export default 1", 16)


def test_what_is_neither_css_nor_js_is_joined_as_webassets_does(site: MakeSite) -> None:
    yaml = "app: {output: app.html, contents: '*.html'}"
    assert built(site({"bundles.yaml": yaml, "static/a.html": "\ufeffa", "static/b.html": "é"})).text == "a\né"


FILTERS = """
from pathlib import Path
from webassets import Bundle
from webassets.filter import ExternalTool, Filter

class Reader(Filter):
    name = 'reader'
    def open(self, out, source_path, **kw):
        out.write('b{x:url(i.png)}\\n/* ' + Path(source_path).read_text() + ' */')

class Glue(Filter):
    name = 'glue'
    def concat(self, out, hunks, **kw):
        out.write('|'.join(hunk.data() for hunk, _ in hunks))

class Context(Filter):
    name = 'context'
    def input(self, _in, out, source, source_path, **kw):
        out.write(repr((source, source_path.endswith('static/' + source), self.ctx.get('KEY'), self.ctx.debug,
                        self.ctx.cache, self.ctx.url)))

class Broken(Filter):
    name = 'broken'
    def setup(self):
        if self.ctx.get('AT') == 'setup': import nothing_of_that_name
    def input(self, _in, out, **kw):
        if self.ctx.get('AT') == 'input': raise KeyError('x')
        out.write(_in.read())
    def output(self, _in, out, **kw):
        ExternalTool.subprocess(['sh', '-c', 'echo no such colour >&2; exit 3'], out, _in)

def upper(_in, out):
    out.write(_in.read().upper())
"""


def python_site(site: MakeSite, definition: str, files: dict[str, str | bytes]) -> Site:
    module = f"{FILTERS}\nbundles = {{'app': {definition}}}\n"
    return site({"assets_filters_of_ours.py": module, **files}, bundles="assets_filters_of_ours:bundles")


def test_a_filter_that_opens_files_itself_wins_and_its_output_is_joined(site: MakeSite) -> None:
    definition = "Bundle(Bundle('a/a.scss', filters=Reader()), 'a/b.css', output='out/app.css')"
    config = python_site(site, definition, {"static/a/a.scss": "$x", "static/a/b.css": "c{x:url(j.png)}"})
    result = built(config)
    assert result.text == "b{x:url(../a/i.png)}\n/* $x */\nc{x:url(../a/j.png)}"
    assert result.origins["a/i.png"] == Origin("a/a.scss", 0, 0, "url(i.png)")
    assert result.origins["a/j.png"] == Origin("a/b.css", 8, 13, "url(j.png)")
    assert result.tools == ("webassets 3.0.0: reader",)


def test_a_filter_that_opens_files_wins_in_nested_bundles_too(site: MakeSite) -> None:
    definition = "Bundle('a.scss', Bundle('b.scss'), output='app.css', filters=Reader())"
    config = python_site(site, definition, {"static/a.scss": "a", "static/b.scss": "b"})
    assert built(config).text == "b{x:url(i.png)}\n/* a */\nb{x:url(i.png)}\n/* b */"


def test_a_filter_that_joins_files_itself_wins(site: MakeSite) -> None:
    config = python_site(
        site, "Bundle('a.js', 'b.js', output='app.js', filters=Glue())", {"static/a.js": "a", "static/b.js": "b"}
    )
    assert built(config).text == "a|b"


def test_filters_see_the_settings_and_the_source_as_webassets_gives_them(site: MakeSite) -> None:
    definition = (
        "Bundle('a.txt', output='app.txt', filters=Context(), config={'key': 7, 'cache': True, 'debug': 'merge'})"
    )
    assert (
        built(python_site(site, definition, {"static/a.txt": ""})).text == "('a.txt', True, 7, False, None, '/static/')"
    )


def test_functions_are_filters(site: MakeSite) -> None:
    result = built(python_site(site, "Bundle('a.txt', output='app.txt', filters=upper)", {"static/a.txt": "é"}))
    assert (result.text, result.tools) == ("É", ("webassets 3.0.0: upper",))


@pytest.mark.parametrize(
    ("at", "what", "fix", "stderr"),
    [
        (
            "setup",
            "filter 'broken' failed: ModuleNotFoundError: No module named 'nothing_of_that_name'",
            "install 'nothing_of_that_name', or remove the filter",
            "",
        ),
        ("input", "filter 'broken' failed: KeyError: 'x'", None, ""),
        (
            "output",
            "filter 'broken' failed: ExternalTool: subprocess returned a non-success result code: 3, stdout=, "
            "stderr=no such colour",
            None,
            "no such colour",
        ),
    ],
)
def test_a_filter_that_fails_is_one_error(site: MakeSite, at: str, what: str, fix: str | None, stderr: str) -> None:
    definition = f"Bundle('a.js', output='app.js', filters=Broken(), config={{'at': '{at}'}})"
    with pytest.raises(ProcessorError) as caught:
        built(python_site(site, definition, {"static/a.js": "a()"}))
    error = caught.value
    assert (error.what, error.where, error.fix, error.stderr) == (f"bundle 'app': {what}", Place("app.js"), fix, stderr)


def test_a_mistake_of_ours_is_not_blamed_on_a_filter(site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assetbuild.processors.webassets.build.read_javascript", lambda raw: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        built(site({"bundles.yaml": "app: {output: app.js, contents: a.js}", "static/a.js": ""}))


def test_two_filters_for_one_hook_are_one_error(site: MakeSite) -> None:
    definition = (
        "Bundle(Bundle('a.js', filters=Glue()), output='app.js', filters=type('Other', (Glue,), {'name': 'other'})())"
    )
    with pytest.raises(ProcessorError) as caught:
        built(python_site(site, definition, {"static/a.js": "a()"}))
    assert caught.value.what == "bundle 'app': These filters cannot be combined: glue, other"


def test_coffee_is_left_to_the_filter_that_compiles_the_whole(site: MakeSite) -> None:
    definition = "Bundle('a.coffee', 'b.coffee', output='app.js', filters=upper)"
    config = python_site(site, definition, {"static/a.coffee": "x = -> 1", "static/b.coffee": "y = -> 2"})
    assert built(config).text == "X = -> 1\nY = -> 2"


def test_a_source_that_has_gone_is_an_error_with_its_name(site: MakeSite) -> None:
    config, sources = site({"bundles.yaml": "app: {output: app.js, contents: a.js}", "static/a.js": ""})
    (bundle,) = load_bundles(config, sources)
    os.unlink(sources["a.js"].file)
    with pytest.raises(SourceError) as caught:
        build_bundle(bundle)
    assert str(caught.value) == "a.js: changed while it was being built\n  fix: build again"


def test_nothing_is_written_and_the_environment_stays_as_it_was(site: MakeSite, tmp_path: Path) -> None:
    module = (
        "from webassets import Environment\nenv = Environment('static', '/x')\n"
        "def same(_in, out):\n    out.write(_in.read())\n"
        "app = env.register('app', 'js/a.js', output='js/app.%(version)s.js', filters=['jsmin', same])\n"
    )
    config = site({"assets_six.py": module, "static/js/a.js": "a( 1 )"}, bundles="assets_six:env")
    before = sorted(tmp_path.rglob("*"))
    (bundle,) = load_bundles(*config)
    assert build_bundle(bundle) == build_bundle(bundle)
    assert sorted(tmp_path.rglob("*")) == before
    theirs = bundle.recipe.leaf.bundle
    assert ([one.name for one in theirs.filters], theirs.contents) == (["jsmin", None], ("js/a.js",))
    assert [one.ctx for one in theirs.filters] == [None, None]
    assert theirs.env.config["cache"] is True


def test_bundles_are_sorted_by_output_and_compare_by_what_they_are(site: MakeSite) -> None:
    yaml = "b: {output: z.js, contents: a.js}\na: {output: b.js, contents: a.js}\n"
    bundles = load_bundles(*site({"bundles.yaml": yaml, "static/a.js": ""}))
    assert [bundle.output for bundle in bundles] == ["b.js", "z.js"]
    assert isinstance(bundles[0], Bundle)
    assert os.fspath(bundles[0].recipe.sources["a.js"].file).endswith("a.js")


def test_a_directory_is_no_source(site: MakeSite) -> None:
    table = {"all.css": {"contents": ["app.css"]}}

    with pytest.raises(SourceError) as caught:
        load_bundles(*site({"static/app.css/inner.css": "a{}"}, bundles=table))

    assert str(caught.value) == (
        "all.css: bundle 'all.css' names 'app.css', which is a directory\n"
        "  searched: static/\n"
        "  fix: name what is in it: 'app.css/*'"
    )
