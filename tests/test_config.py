"""assetbuild.toml -> Config: every key, and every complaint in full."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from assetbuild.config import _TOP_KEYS, Config, load_config, parse_config
from assetbuild.configfile import find_config
from assetbuild.errors import AssetBuildError, BuildFailed, ConfigError
from assetbuild.roots import Root
from assetbuild.rules import Minifying, MinifyOptions, References
from assetbuild.runtime.format import ManifestError, checked_base_url

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in ("static", "vendor", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "static" / "a.css").touch()
    return tmp_path


def load(base: Path, text: str, name: str = "assetbuild.toml") -> Config:
    (base / name).write_text(text, encoding="utf-8")
    return load_config(base / name)


def complaints(base: Path, text: str) -> list[str]:
    """What is wrong with `text`, without the file's name that stands before each message."""
    with pytest.raises(AssetBuildError) as caught:
        load(base, text)
    error = caught.value
    errors = error.errors if isinstance(error, BuildFailed) else (error,)
    assert all(type(one) is ConfigError for one in errors)
    assert error.exit_code == 2
    assert all(str(one).startswith("assetbuild.toml: ") for one in errors)
    return [str(one).removeprefix("assetbuild.toml: ") for one in errors]


def test_an_empty_file_means_the_defaults(base: Path) -> None:
    assert load(base, "") == Config(
        file=base / "assetbuild.toml",
        base_dir=base,
        roots=(Root(base / "static", "static/"),),
        output_dir=base / "dist",
        url_prefix="/static/",
        exclude=(),
        standalone=(),
        stable=(),
        bundles=None,
        bundle_tables=None,
        prehashed=(),
        minify=(("**", Minifying(("rjsmin",), ("rcssmin",), MinifyOptions(base_dir=base))),),
        compress=(("br", 11), ("gz", 12)),
        references=References((("**", {"*": "error"}),), (), ()),
    )


def test_every_key_is_read(base: Path) -> None:
    text = """
        roots = [
            "static/",
            {path = "vendor", prefix = "/vendor/lib/", outside_links = true},
            {package = "package", dir = "static"},
        ]
        output = "out/put"
        url_prefix = "/a/b"
        exclude = ["*.md"]
        standalone = ["js/*.js"]
        stable = ["tinymce/"]
        prehashed = ["dist/**"]
        [bundles."js/app.js"]
        contents = ["js/a.js", {contents = "js/b.js", filters = "jsmin"}]
        filters = ["jsmin"]
        output = "js/app.js"
        depends = ["*.x"]
        config = {a = 1}
        extra = {b = 2}
        debug = false
        [minify]
        js = ["jsmin", "rjsmin"]
        css = []
        keep = false
        source_maps = true
        esbuild = "bin/esbuild"
        skip = ["legacy/**"]
        [minify.overrides."admin/**"]
        js = ["esbuild"]
        [minify.overrides."lib/**"]
        css = ["lightningcss"]
        keep = true
        source_maps = false
        [compress]
        br = 0
        gz = false
        zst = true
        [references]
        missing = {"vendor/**" = "ignore", "js/**" = {js-url = "warn", source-map = "error"}, "**" = "error"}
        external = ["/media/", "uploads/"]
        webmanifest = ["app/manifest.json"]
    """
    every = MinifyOptions(keep=False, esbuild=base / "bin/esbuild", base_dir=base, source_maps=True)
    (base / "package" / "static").mkdir(parents=True)
    assert load(base, text) == Config(
        file=base / "assetbuild.toml",
        base_dir=base,
        roots=(
            Root(base / "static", "static/"),
            Root(base / "vendor", "vendor/", "vendor/lib/", outside_links=True),
            Root(base / "package" / "static", "package:static/", package="package"),
        ),
        output_dir=base / "out/put",
        url_prefix="/a/b/",
        exclude=("*.md",),
        standalone=("js/*.js",),
        stable=("tinymce/",),
        bundles=None,
        bundle_tables={
            "js/app.js": {
                "contents": ["js/a.js", {"contents": "js/b.js", "filters": "jsmin"}],
                "filters": ["jsmin"],
                "output": "js/app.js",
                "depends": ["*.x"],
                "config": {"a": 1},
                "extra": {"b": 2},
                "debug": False,
            }
        },
        prehashed=("dist/**",),
        minify=(
            ("legacy/**", Minifying((), ())),
            ("admin/**", Minifying(("esbuild",), (), every)),
            ("lib/**", Minifying(("jsmin", "rjsmin"), ("lightningcss",), every._replace(keep=True, source_maps=False))),
            ("**", Minifying(("jsmin", "rjsmin"), (), every)),
        ),
        compress=(("br", 0), ("zst", 19)),
        references=References(
            (
                ("vendor/**", {"*": "ignore"}),
                ("js/**", {"js-url": "warn", "source-map": "error"}),
                ("**", {"*": "error"}),
            ),
            ("/media/", "uploads/"),
            ("app/manifest.json",),
        ),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[compress]", (("br", 11), ("gz", 12))),
        ("compress = {br = true, gz = true, zst = true}", (("br", 11), ("gz", 12), ("zst", 19))),
        ("compress = {br = false, gz = false, zst = false}", ()),
        ("compress = {br = 11, gz = 1, zst = 22}", (("br", 11), ("gz", 1), ("zst", 22))),
    ],
)
def test_a_level_can_be_a_number_or_a_boolean(base: Path, text: str, expected: object) -> None:
    assert load(base, text).compress == expected


@pytest.mark.parametrize("value", ["/", "/static/", "/static", "/a%20b/é/"])
def test_a_url_prefix_always_ends_with_a_slash(base: Path, value: str) -> None:
    assert load(base, f'url_prefix = "{value}"').url_prefix == value.rstrip("/") + "/"


@pytest.mark.parametrize("char", [*map(chr, range(128))])
def test_a_url_prefix_that_is_taken_is_one_for_the_runtime(base: Path, char: str) -> None:
    try:
        checked_base_url(f"/a{char}b/")
    except ManifestError:
        shown = f"/a{char}b/"
        with pytest.raises(ConfigError) as caught:
            parse_config({"url_prefix": shown}, base / "assetbuild.toml")
        what = "'url_prefix' is to be a plain path such as '/static/', but is"
        assert str(caught.value) == f"assetbuild.toml: {what} {shown!r}"
    else:
        assert parse_config({"url_prefix": f"/a{char}b/"}, base / "assetbuild.toml").url_prefix == f"/a{char}b/"


@pytest.mark.parametrize("value", ["bundles.yaml", "package.module:env"])
def test_bundles_can_be_named_by_a_file_or_a_module(base: Path, value: str) -> None:
    config = load(base, f'bundles = "{value}"')
    assert (config.bundles, config.bundle_tables) == (value, None)


ROOTS_FIX = '\n  fix: for example: roots = ["static"]'
PREFIX_FIX = "\n  fix: give the path alone; a CDN's host belongs to the run stage: ASSETBUILD_BASE_URL"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # unknown keys
        ('root = ["static"]', "unknown key 'root'; did you mean 'roots'?"),
        ("Output = 1", "unknown key 'Output'; did you mean 'output'?"),
        (
            "zzz = 1",
            "unknown key 'zzz'; known are: roots, output, url_prefix, exclude, standalone, stable, prehashed, "
            "bundles, minify, compress, references, javascript, timeout",
        ),
        ("[minify]\njss = []", "unknown key 'jss' in [minify]; did you mean 'js'?"),
        ("[compress]\ngzip = 9", "unknown key 'gzip' in [compress]; did you mean 'gz'?"),
        ("[compress]\nlevel = 9", "unknown key 'level' in [compress]; known are: br, gz, zst"),
        ('[references]\nmising = "warn"', "unknown key 'mising' in [references]; did you mean 'missing'?"),
        ('roots = [{path = "static", prefx = "a"}]', "unknown key 'prefx' in a root; did you mean 'prefix'?"),
        (
            '[bundles."a.js"]\ncontents = "b.js"\nfilter = "jsmin"',
            "unknown key 'filter' in [bundles.\"a.js\"]; did you mean 'filters'?",
        ),
        (
            '[bundles."a.js"]\ncontents = [{contents = "b.js", filter = "jsmin"}]',
            "unknown key 'filter' in a bundle inside [bundles.\"a.js\"]; did you mean 'filters'?",
        ),
        # tables and strings
        ("minify = 3", "'minify' is to be a table, not a number"),
        ("compress = false", "'compress' is to be a table, not a boolean"),
        ('references = ["warn"]', "'references' is to be a table, not a list"),
        ("output = 3", "'output' is to be a string that is not empty, not a number"),
        ('output = ""', "'output' is to be a string that is not empty"),
        ("output = 2020-01-01", "'output' is to be a string that is not empty, not a date"),
        ("url_prefix = true", "'url_prefix' is to be a string that is not empty, not a boolean"),
        ('exclude = "*.md"', "'exclude' is to be a list of strings, not a string"),
        ('exclude = ["*.md", 1.5]', "'exclude' is to be a list of strings, but holds a number"),
        ("standalone = {}", "'standalone' is to be a list of strings, not a table"),
        ("stable = [[]]", "'stable' is to be a list of strings, but holds a list"),
        # roots
        ("roots = []", "'roots' is to be a list of directories that is not empty" + ROOTS_FIX),
        ('roots = "static"', "'roots' is to be a list of directories that is not empty" + ROOTS_FIX),
        ("roots = [3]", "a root is a string or a table, not a number"),
        ("roots = [[]]", "a root is a string or a table, not a list"),
        ('roots = [{prefix = "a"}]', "a root has either 'path' or 'package'"),
        ('roots = [{path = "static", package = "x"}]', "a root has either 'path' or 'package'"),
        ('roots = [{path = "static", dir = "x"}]', "'dir' of a root goes with 'package', not with 'path'"),
        ("roots = [{path = 3}]", "'path' of a root is to be a string that is not empty, not a number"),
        ('roots = [""]', "'path' of a root is to be a string that is not empty"),
        ("roots = [{package = 3}]", "'package' of a root is to be a string that is not empty, not a number"),
        ('roots = [{package = "os", dir = ""}]', "'dir' of a root is to be a string that is not empty"),
        ('roots = [{path = "static", prefix = 3}]', "'prefix' of a root is to be a string, not a number"),
        (
            'roots = [{path = "static", prefix = "a/../b"}]',
            "the prefix 'a/../b' of a root is to be a plain path such as 'vendor/lib'",
        ),
        (
            'roots = [{path = "static", prefix = "a//b"}]',
            "the prefix 'a//b' of a root is to be a plain path such as 'vendor/lib'",
        ),
        ('roots = [{path = "static", outside_links = 1}]', "'outside_links' of a root is true or false"),
        (
            'roots = [{package = "no_such_package_here.x"}]',
            "the package 'no_such_package_here.x' of a root is not installed\n  fix: install it, or remove the root",
        ),
        (
            'roots = [{package = "json.no_such_thing"}]',
            "the package 'json.no_such_thing' of a root is not installed\n  fix: install it, or remove the root",
        ),
        (
            'roots = [{package = ".json"}]',
            "the package '.json' of a root is not installed\n  fix: install it, or remove the root",
        ),
        # url_prefix
        ('url_prefix = "static/"', "'url_prefix' is to start with '/', but is 'static/'" + PREFIX_FIX),
        (
            'url_prefix = "https://cdn.example/static/"',
            "'url_prefix' is to start with '/', but is 'https://cdn.example/static/'" + PREFIX_FIX,
        ),
        ('url_prefix = "//cdn.example/"', "'url_prefix' is to start with '/', but is '//cdn.example/'" + PREFIX_FIX),
        ('url_prefix = "/a?b"', "'url_prefix' is to be a plain path such as '/static/', but is '/a?b'"),
        ('url_prefix = "/a\\\\b"', r"'url_prefix' is to be a plain path such as '/static/', but is '/a\\b'"),
        ('url_prefix = "/a\\nb"', r"'url_prefix' is to be a plain path such as '/static/', but is '/a\nb'"),
        # minify
        ('minify = {js = ["rjsmi"]}', "unknown minifier 'rjsmi' for js in [minify]; did you mean 'rjsmin'?"),
        ('minify = {css = ["rjsmin"]}', "unknown minifier 'rjsmin' for css in [minify]; did you mean 'rcssmin'?"),
        (
            'minify = {js = ["uglify"]}',
            "unknown minifier 'uglify' for js in [minify]; known are: jsmin, rjsmin, esbuild",
        ),
        ('minify = {js = "rjsmin"}', "'js' in [minify] is to be a list of strings, not a string"),
        ('minify = {keep = "yes"}', "'keep' in [minify] is to be true or false, not a string"),
        ("minify = {source_maps = 1}", "'source_maps' in [minify] is to be true or false, not a number"),
        ("minify = {esbuild = true}", "'esbuild' in [minify] is to be a string, not a boolean"),
        ('minify = {skip = "a"}', "'skip' in [minify] is to be a list of strings, not a string"),
        ("minify = {overrides = []}", "'overrides' in [minify] is to be a table of glob = table, not a list"),
        ('[minify.overrides]\n"a/*" = "rjsmin"', '[minify.overrides."a/*"] is to be a table, not a string'),
        (
            '[minify.overrides."a/*"]\njss = []',
            "unknown key 'jss' in [minify.overrides.\"a/*\"]; did you mean 'js'?",
        ),
        (
            '[minify.overrides."a/*"]\ncss = ["rjsmin"]',
            "unknown minifier 'rjsmin' for css in [minify.overrides.\"a/*\"]; did you mean 'rcssmin'?",
        ),
        ("minify = {css = false}", "'css' in [minify] is to be a list of strings, not a boolean"),
        # compress
        ("compress = {br = 12}", "'br' in [compress] is a level from 0 to 11, or false"),
        ("compress = {br = -1}", "'br' in [compress] is a level from 0 to 11, or false"),
        ("compress = {gz = 0}", "'gz' in [compress] is a level from 1 to 12, or false"),
        ("compress = {gz = 13}", "'gz' in [compress] is a level from 1 to 12, or false"),
        ("compress = {zst = 23}", "'zst' in [compress] is a level from 1 to 22, or false"),
        ("compress = {gz = 9.0}", "'gz' in [compress] is a level from 1 to 12, or false"),
        ('compress = {gz = "9"}', "'gz' in [compress] is a level from 1 to 12, or false"),
        # references
        (
            'references = {missing = "eror"}',
            "'missing' in [references] says 'eror'; a policy is one of: error, warn, ignore",
        ),
        (
            'references = {missing = {"**" = "Warn"}}',
            "'missing' in [references] says 'Warn' for '**'; a policy is one of: error, warn, ignore",
        ),
        (
            'references = {missing = {"a/*" = false}}',
            "'missing' in [references] says 'False' for 'a/*'; a policy is one of: error, warn, ignore",
        ),
        (
            'references = {missing = {"a/*" = {css-ulr = "warn"}}}',
            "'missing' in [references] names the unknown kind 'css-ulr' for 'a/*'; did you mean 'css-url'?",
        ),
        (
            'references = {missing = {"a/*" = {css-url = 3}}}',
            "'missing' in [references] says '3' for 'a/*'; a policy is one of: error, warn, ignore",
        ),
        (
            'references = {external = ["/a", ""]}',
            "'external' in [references] holds an empty prefix, which every URL starts with",
        ),
        ('references = {webmanifest = "a"}', "'webmanifest' in [references] is to be a list of strings, not a string"),
        (
            "references = {missing = false}",
            "'missing' in [references] is a policy, or a table of glob = policy",
        ),
        # bundles
        ("bundles = 3", "'bundles' is a YAML file, a 'package.module:name' or a table, not a number"),
        ('bundles = ["a.yaml"]', "'bundles' is a YAML file, a 'package.module:name' or a table, not a list"),
        ('bundles = ""', "'bundles' is to be a string that is not empty, or a table"),
        ('bundles = {"a.js" = ["b.js"]}', '[bundles."a.js"] is to be a table, not a list'),
        ('[bundles."a.js"]', "'contents' of [bundles.\"a.js\"] is to be a list of paths, globs and bundles"),
        (
            '[bundles."a.js"]\ncontents = ["b.js", 3]',
            "'contents' of [bundles.\"a.js\"] is to be a list of paths, globs and bundles",
        ),
        (
            '[bundles."a.js"]\ncontents = [{contents = 3}]',
            "'contents' of a bundle inside [bundles.\"a.js\"] is to be a list of paths, globs and bundles",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(base: Path, text: str, message: str) -> None:
    assert complaints(base, text) == [message]


def test_a_root_that_is_not_there_is_an_error(base: Path) -> None:
    (base / "file").touch()
    assert complaints(base, 'roots = ["statik"]') == [
        f"the root 'statik' does not exist\n  fix: create '{base / 'statik'}', or remove it from 'roots'"
    ]
    assert complaints(base, 'roots = ["file"]') == [
        f"the root 'file' is not a directory\n  fix: create '{base / 'file'}', or remove it from 'roots'"
    ]
    (base / "pkg").mkdir()
    assert complaints(base, 'roots = [{package = "pkg", dir = "assets"}]') == [
        f"the root 'pkg:assets' does not exist\n  fix: create '{base / 'pkg/assets'}', or remove it from 'roots'"
    ]


def test_everything_that_is_wrong_is_said_at_once(base: Path) -> None:
    text = """
        roots = ["nowhere", {path = "static", prefx = "x"}, 3, "static"]
        output = 3
        url_prefix = "x"
        exclude = 3
        colour = "red"
        [bundles]
        a = 3
        [minify]
        js = ["no"]
        [compress]
        br = 99
        [references]
        missing = "no"
    """
    with pytest.raises(BuildFailed) as caught:
        load(base, text)
    assert str(caught.value) == "\n".join(
        "assetbuild.toml: " + line
        for line in [
            "'br' in [compress] is a level from 0 to 11, or false",
            "'exclude' is to be a list of strings, not a number",
            "'missing' in [references] says 'no'; a policy is one of: error, warn, ignore",
            "'output' is to be a string that is not empty, not a number",
            "'url_prefix' is to start with '/', but is 'x'" + PREFIX_FIX,
            '[bundles."a"] is to be a table, not a number',
            "a root is a string or a table, not a number",
            f"the root 'nowhere' does not exist\n  fix: create '{base / 'nowhere'}', or remove it from 'roots'",
            "unknown key 'colour'; known are: roots, output, url_prefix, exclude, standalone, stable, prehashed, "
            "bundles, minify, compress, references, javascript, timeout",
            "unknown key 'prefx' in a root; did you mean 'prefix'?",
            "unknown minifier 'no' for js in [minify]; known are: jsmin, rjsmin, esbuild",
        ]
    )


def test_pyproject_holds_the_same_below_tool_assetbuild(base: Path) -> None:
    config = load(base, '[tool.assetbuild]\noutput = "out"\n[tool.assetbuild.minify]\njs = []\n', "pyproject.toml")
    assert (config.output_dir, config.minifying("a").js, config.label) == (base / "out", (), "pyproject.toml")
    with pytest.raises(ConfigError) as caught:
        load(base, "[tool.assetbuild]\nroot = 1", "pyproject.toml")
    assert str(caught.value) == "pyproject.toml: unknown key 'root'; did you mean 'roots'?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[tool.black]\n",
            "pyproject.toml: has no table [tool.assetbuild]\n  fix: add the table, or use assetbuild.toml",
        ),
        ("tool = 3", "pyproject.toml: has no table [tool.assetbuild]\n  fix: add the table, or use assetbuild.toml"),
        ("[tool]\nassetbuild = 3", "pyproject.toml: 'tool.assetbuild' is to be a table, not a number"),
        ("[[tool.assetbuild]]", "pyproject.toml: 'tool.assetbuild' is to be a table, not a list"),
    ],
)
def test_a_pyproject_without_our_table_is_an_error_when_it_is_named(base: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(base, text, "pyproject.toml")
    assert str(caught.value) == message


def test_the_nearest_configuration_upwards_is_found_and_assetbuild_toml_goes_first(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.assetbuild]")
    assert find_config(deep) == tmp_path / "pyproject.toml"
    (tmp_path / "assetbuild.toml").touch()
    assert find_config(deep) == tmp_path / "assetbuild.toml"
    (deep.parent / "pyproject.toml").write_text("[tool.other]")
    assert find_config(deep) == tmp_path / "assetbuild.toml"
    (deep.parent / "pyproject.toml").write_text("[tool.assetbuild]")
    assert find_config(deep) == deep.parent / "pyproject.toml"
    (deep / "assetbuild.toml").mkdir()
    assert find_config(deep) == deep.parent / "pyproject.toml"


def test_a_relative_start_is_searched_upwards_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "assetbuild.toml").touch()
    monkeypatch.chdir(tmp_path / "a")
    assert find_config(Path()) == tmp_path / "assetbuild.toml"


def test_where_no_configuration_is_the_message_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        find_config(tmp_path)
    assert str(caught.value) == (
        f"no assetbuild.toml, and no pyproject.toml with [tool.assetbuild], in '{tmp_path}' or above\n"
        "  fix: run 'assetbuild init', or name the file with --config"
    )


@pytest.mark.parametrize("content", [b"roots = [", b"roots = 1\nroots = 2", b"\xef\xbb\xbfoutput = 1", b"# \xff"])
def test_broken_toml_is_said_as_the_parser_says_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "assetbuild.toml").write_bytes(content)
    with pytest.raises(ValueError) as why:
        tomllib.loads(content.decode())
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "assetbuild.toml")
    assert str(caught.value) == f"assetbuild.toml: is not valid TOML: {why.value}"


def test_a_number_of_thousands_of_digits_is_a_complaint_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "assetbuild.toml").write_text("output = 1" + "0" * 9000)
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "assetbuild.toml")
    assert str(caught.value).startswith("assetbuild.toml: ")


def test_a_configuration_that_is_missing_or_a_directory_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "no.toml")
    assert str(caught.value) == (
        f"there is no file '{tmp_path / 'no.toml'}'\n  fix: name an existing file with --config"
    )
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    assert str(caught.value) == f"{tmp_path}: cannot be read: is a directory"


def test_paths_are_relative_to_the_file_from_any_working_directory(
    base: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (base / "assetbuild.toml").write_text('roots = ["static", "../outside"]\noutput = "../out"')
    outside = base.parent / "outside"
    outside.mkdir()
    try:
        for cwd, file in (
            (base.parent, Path(base.name, "assetbuild.toml")),
            (base / "static", Path("../assetbuild.toml")),
        ):
            monkeypatch.chdir(cwd)
            config = load_config(file)
            assert config.base_dir == base
            assert [root.dir.resolve() for root in config.roots] == [base / "static", outside]
            assert [root.label for root in config.roots] == ["static/", "../outside/"]
            assert config.output_dir.resolve() == base.parent / "out"
    finally:
        outside.rmdir()


def test_absolute_paths_are_taken_as_they_are(base: Path) -> None:
    config = load(base, f'roots = ["{base / "other"}"]\noutput = "{base / "o"}"')
    assert config.roots == (Root(base / "other", f"{base / 'other'}/"),)
    assert config.output_dir == base / "o"


def test_paths_are_shown_as_a_user_would_type_them(base: Path) -> None:
    config = parse_config({}, base / "assetbuild.toml")
    assert config.shown(base / "dist" / "current") == "dist/current"
    assert config.shown(Path("/elsewhere")) == "/elsewhere"


def in_subprocess(base: Path, package: str, inner: str, path: Path, cwd: Path) -> list[str]:
    """The root's directory and label, found with `path` on the module search path, and what was imported for it."""
    top = package.partition(".")[0]
    code = f"""
import sys
from pathlib import Path
from assetbuild.config import parse_config
before = set(sys.modules)
table = {{"roots": [{{"package": {package!r}, "dir": {inner!r}}}]}}
(root,) = parse_config(table, Path({str(base)!r}, "assetbuild.toml")).roots
print(root.dir, root.label, [name for name in set(sys.modules) - before if name.split(".")[0] == {top!r}], sep="\\n")
"""
    paths = os.pathsep.join([str(path), str(Path(__file__).parent.parent)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def make(base: Path, *files: str) -> None:
    for name in files:
        file = base / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("raise RuntimeError('imported')" if name.endswith(".py") else "")


@pytest.mark.parametrize(
    ("package", "files", "found"),
    [
        ("shop", ["shop/__init__.py", "shop/static/a.css"], "shop/static"),
        ("shop.admin", ["shop/__init__.py", "shop/admin/__init__.py", "shop/admin/static/a"], "shop/admin/static"),
        ("shop.admin", ["shop/__init__.py", "shop/admin/static/a"], "shop/admin/static"),
        ("space.shop", ["space/shop/__init__.py", "space/shop/static/a"], "space/shop/static"),
        ("space", ["space/static/a"], "space/static"),
    ],
)
def test_a_package_is_found_without_importing_it(tmp_path: Path, package: str, files: list[str], found: str) -> None:
    installed, project = tmp_path / "installed", tmp_path / "project"
    project.mkdir()
    make(installed, *files)
    assert in_subprocess(project, package, "static", installed, tmp_path) == [
        str(installed / found),
        f"{package}:static/",
        "[]",
    ]


def test_a_package_beside_the_configuration_is_found_and_goes_before_an_installed_one(tmp_path: Path) -> None:
    installed, project = tmp_path / "installed", tmp_path / "project"
    make(project, "shop/__init__.py", "shop/static/a")
    make(installed, "shop/__init__.py", "shop/static/a")
    assert in_subprocess(project, "shop", "static", installed, tmp_path)[0] == str(project / "shop/static")


def test_a_mere_directory_of_a_packages_name_does_not_hide_the_package(tmp_path: Path) -> None:
    installed, project = tmp_path / "installed", tmp_path / "project"
    make(project, "shop/Dockerfile")
    make(installed, "shop/__init__.py", "shop/admin/static/a")
    assert in_subprocess(project, "shop.admin", "static", installed, tmp_path)[0] == str(
        installed / "shop/admin/static"
    )


def test_a_regular_package_goes_before_a_mere_directory_that_has_the_same_inside(tmp_path: Path) -> None:
    installed, project = tmp_path / "installed", tmp_path / "project"
    make(project, "shop/static/a")
    make(installed, "shop/__init__.py", "shop/static/a")
    assert in_subprocess(project, "shop", "static", installed, tmp_path)[0] == str(installed / "shop/static")


def test_a_namespace_package_is_looked_through_in_all_its_directories(tmp_path: Path) -> None:
    installed, project = tmp_path / "installed", tmp_path / "project"
    make(project, "space/one/x")
    make(installed, "space/two/static/a", "space/assets/a")
    assert in_subprocess(project, "space.two", "static", installed, tmp_path)[0] == str(installed / "space/two/static")
    assert in_subprocess(project, "space", "assets", installed, tmp_path)[0] == str(installed / "space/assets")


def test_an_installed_package_of_this_environment_is_found(base: Path) -> None:
    config = load(base, 'roots = [{package = "django.contrib.admin", dir = "static", prefix = "x"}]')
    (root,) = config.roots
    assert (root.label, root.prefix) == ("django.contrib.admin:static/", "x/")
    assert (root.dir / "admin" / "css" / "base.css").is_file()


def test_any_table_gives_a_configuration_or_complaints(base: Path) -> None:
    values: list[Any] = [None, True, 3, 1.5, "", "x", [], ["x"], [3], [[]], [{}], {}, {"x": "y"}, {"x": {"y": 3}}]
    for key in (*_TOP_KEYS, "x"):
        for value in values:
            with suppress(ConfigError, BuildFailed):
                assert isinstance(parse_config({key: value}, base / "assetbuild.toml"), Config)
