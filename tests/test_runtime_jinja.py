"""The functions in templates of plain Jinja2: in every kind of environment, whatever a template passes to them."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from jinja2 import ChainableUndefined, DictLoader, Environment, StrictUndefined, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment

from assetbuild.runtime import Manifest, ManifestError, MissingAsset, PlainUrls
from assetbuild.runtime.jinja import AssetBuildExtension, install
from assetbuild.runtime.manifest import canonical

pytest_plugins = ["tests.support.runtime_fixtures"]
pytestmark = pytest.mark.usefixtures("no_environment")

NAMES = {"css/site.css": ".css", "js/app.js": ".js", "js/lib.js": ".js", "img/a&b.png": ".png"}
SITE = "/static/css/site.0123456789abcdef.css"
WHOLE = 'integrity="sha384-AAAA" crossorigin="anonymous"'


def content(**more) -> bytes:
    assets = {}
    for path, end in NAMES.items():
        assets[path] = {"file": path.removesuffix(end) + ".0123456789abcdef" + end, "size": 1}
        if end != ".png":
            assets[path]["integrity"] = "sha384-AAAA"
    assets["js/app.js"]["imports"] = ["js/lib.js"]
    return canonical({"version": 1, "release": "r", "url_prefix": "/static/", "assets": assets} | more)


ASSETS = Manifest.from_bytes(content())


def render(text, environment=None, **context):
    environment = environment or Environment(autoescape=True)
    install(environment, ASSETS)
    return environment.from_string(text).render(**context)


@pytest.mark.parametrize("autoescape", [True, False])
def test_templates_get_every_tag_as_html(autoescape):
    text = """{{ asset_url("css/site.css") }}
{{ asset_style("css/site.css", media="print") }}
{{ asset_script("js/app.js", module=True, nonce="n") }}
{{ asset_preload("img/a&b.png", fetchpriority="high") }}
{{ asset_modulepreload("js/app.js") }}"""
    assert render(text, Environment(autoescape=autoescape)) == (
        f"{SITE}\n"
        f'<link rel="stylesheet" href="{SITE}" {WHOLE} media="print">\n'
        f'<script type="module" src="/static/js/app.0123456789abcdef.js" {WHOLE} nonce="n"></script>\n'
        '<link rel="preload" href="/static/img/a%26b.0123456789abcdef.png" as="image" fetchpriority="high">\n'
        f'<link rel="modulepreload" href="/static/js/lib.0123456789abcdef.js" {WHOLE}>\n'
        f'<link rel="modulepreload" href="/static/js/app.0123456789abcdef.js" {WHOLE}>'
    )


def test_an_import_map_is_html_too():
    environment = Environment(autoescape=True)
    install(environment, Manifest.from_bytes(content(modules="importmap")))
    assert environment.from_string("{{ asset_importmap('js/app.js', nonce='n') }}").render() == (
        '<script type="importmap" nonce="n">{"imports":{"/static/js/lib.js":"/static/js/lib.0123456789abcdef.js"},'
        '"integrity":{"/static/js/lib.0123456789abcdef.js":"sha384-AAAA"}}</script>'
    )


@pytest.mark.parametrize(
    ("setup", "expression", "written"),
    [
        ("", "hostile", "&quot;&gt;&lt;script&gt;&amp;"),
        ("", "hostile|e", "&quot;&gt;&lt;script&gt;&amp;"),  # escaped once, not twice
        ("{% set value %}{{ hostile }}{% endset %}", "value", "&quot;&gt;&lt;script&gt;&amp;"),
        ("{% macro m() %}{{ hostile }}{% endmacro %}", "m()", "&quot;&gt;&lt;script&gt;&amp;"),
        ("", "hostile|safe", "&quot;&gt;&lt;script&gt;&amp;"),
        ("", "7", "7"),
    ],
)
def test_what_a_template_passes_is_escaped_once_however_it_was_made(setup, expression, written):
    text = setup + "{{ asset_style('css/site.css', integrity=False, title=" + expression + ") }}"
    assert render(text, hostile='"><script>&') == f'<link rel="stylesheet" href="{SITE}" title="{written}">'


def test_the_name_of_an_asset_may_come_from_a_block():
    text = "{% set path %}img/{{ name }}.png{% endset %}{{ asset_preload(path) }}"
    assert render(text, name="a&b").startswith('<link rel="preload" href="/static/img/a%26b.0123456789abcdef.png"')
    assert render("{% set path %}css/site.css{% endset %}{{ asset_url(path) }}") == SITE


@pytest.mark.parametrize("undefined", [None, ChainableUndefined])
def test_an_undefined_nonce_is_no_nonce(undefined):
    environment = Environment(autoescape=True, **({"undefined": undefined} if undefined else {}))
    text = "{{ asset_style('css/site.css', integrity=False, nonce=csp_nonce, media=other) }}"
    assert render(text, environment) == f'<link rel="stylesheet" href="{SITE}">'


def test_a_strict_environment_says_what_is_undefined():
    for text in ("{{ asset_style('css/site.css', nonce=csp_nonce) }}", "{{ asset_script(csp_nonce) }}"):
        with pytest.raises(UndefinedError) as caught:
            render(text, Environment(undefined=StrictUndefined))
        assert str(caught.value) == "'csp_nonce' is undefined"


@pytest.mark.parametrize("name", ["context", "method", "find", "path", "assets", "self_"])
def test_any_attribute_may_be_written_whatever_our_parameters_are_called(name):
    if name == "path":
        with pytest.raises(TypeError):
            render("{{ asset_style('css/site.css', path='x') }}")
    else:
        written = f' {name.strip("_")}="x">'
        assert render("{{ asset_style('css/site.css', " + name + "='x') }}").endswith(written)


def test_a_missing_asset_is_an_error_in_the_template():
    for text in ("{{ asset_url('css/sit.css') }}", "{{ asset_style('css/sit.css') }}", "{{ asset_url(nothing) }}"):
        with pytest.raises(MissingAsset):
            render(text)


def test_macros_includes_and_overlays_have_the_functions_without_context():
    templates = {
        "macros": "{% macro head() %}{{ asset_url('css/site.css') }}{% endmacro %}",
        "page": "{% import 'macros' as macros %}{{ macros.head() }} {% include 'part' without context %}",
        "part": "{{ asset_url('css/site.css') }}",
    }
    environment = Environment(loader=DictLoader(templates), autoescape=True)
    page = environment.get_template("page")  # loaded before the functions were there
    install(environment, ASSETS)
    assert page.render() == f"{SITE} {SITE}"
    assert environment.overlay(trim_blocks=True).get_template("page").render() == f"{SITE} {SITE}"


def test_an_asynchronous_environment_awaits_nothing_of_ours():
    environment = Environment(enable_async=True, autoescape=True)
    install(environment, ASSETS)
    template = environment.from_string("{{ asset_url('css/site.css') }}{{ asset_style('css/site.css', nonce=n) }}")
    expected = f'{SITE}<link rel="stylesheet" href="{SITE}" {WHOLE} nonce="n">'
    assert asyncio.run(template.render_async(n="n")) == expected


@pytest.mark.parametrize("kind", [SandboxedEnvironment, ImmutableSandboxedEnvironment])
def test_a_sandbox_calls_the_functions_and_gets_at_nothing_behind_them(kind):
    assert render("{{ asset_url('css/site.css') }}", kind()) == SITE
    names = ["asset_url", "asset_script", "asset_style", "asset_preload", "asset_modulepreload", "asset_importmap"]
    for name in names:
        for inner in ("__self__", "__globals__", "__closure__", "__func__"):
            with pytest.raises((SecurityError, UndefinedError)):
                render(f"{{{{ {name}.{inner}.x }}}}", kind())
        found = render(f"{{{{ {name}.func }}}}{{{{ {name}.args }}}}{{{{ {name}.keywords }}}}", kind())
        assert found == ""


# Where the assets come from


def test_the_environment_names_the_manifest_for_install_and_for_the_extension(tmp_path, monkeypatch):
    (tmp_path / "manifest.json").write_bytes(content())
    monkeypatch.setenv("ASSETBUILD_MANIFEST", str(tmp_path / "manifest.json"))
    monkeypatch.setenv("ASSETBUILD_BASE_URL", "https://cdn.example/x")
    installed = Environment()
    assert isinstance(install(installed).assets, Manifest)
    extended = Environment(extensions=["assetbuild.runtime.jinja.AssetBuildExtension"])
    for environment in (installed, extended, Environment(extensions=[AssetBuildExtension])):
        text = environment.from_string("{{ asset_style('css/site.css') }}").render()
        url = "https://cdn.example/x/css/site.0123456789abcdef.css"
        assert text == f'<link rel="stylesheet" href="{url}">'


def test_a_path_and_a_base_url_may_be_said(tmp_path):
    (tmp_path / "manifest.json").write_bytes(content())
    tags = install(Environment(), tmp_path / "manifest.json", base_url="/s")
    assert tags.url("css/site.css") == "/s/css/site.0123456789abcdef.css"
    assert install(Environment(), tags.assets, base_url="/t").url("css/site.css").startswith("/t/css/")


def test_development_and_tests_need_no_release(monkeypatch):
    for environment in (Environment(), Environment()):
        install(environment, mode="development")
        assert environment.from_string("{{ asset_url('any.css') }}").render() == "/static/any.css"
    assert install(Environment(), PlainUrls("/plain/")).script("a.js") == '<script src="/plain/a.js"></script>'
    monkeypatch.setenv("ASSETBUILD_MODE", "development")
    assert install(Environment(), base_url="/s").url("a.css") == "/s/a.css"
    monkeypatch.setenv("ASSETBUILD_MODE", "devel")
    with pytest.raises(ManifestError):
        install(Environment())


@pytest.mark.parametrize("name", ["mode", "on_missing"])
@pytest.mark.parametrize("assets", [ASSETS, PlainUrls()])
def test_what_would_have_no_effect_is_refused(assets, name):
    with pytest.raises(TypeError) as caught:
        install(Environment(), assets, **{name: "plain" if name == "on_missing" else "development"})
    assert str(caught.value) == f"'{name}' has no effect on assets that are given whole; say it where they are made"


def test_without_a_manifest_the_start_fails_and_says_what_to_do():
    with pytest.raises(ManifestError) as caught:
        install(Environment())
    assert str(caught.value) == (
        "no manifest is named\n"
        "  fix: run 'assetbuild build' and set ASSETBUILD_MANIFEST to the path of the release's manifest.json"
        " (while developing, ASSETBUILD_MODE=development needs none)"
    )


def test_a_name_that_is_missing_may_have_its_plain_url(tmp_path, caplog):
    (tmp_path / "manifest.json").write_bytes(content())
    environment = Environment()
    install(environment, tmp_path / "manifest.json", on_missing="plain")
    assert (
        environment.from_string("{{ asset_url('no.css') }}{{ asset_url('no.css') }}").render() == "/static/no.css" * 2
    )
    assert len(caplog.records) == 1


AUDIT = """
import shutil, sys
from jinja2 import Environment
from assetbuild.runtime.jinja import install
environment = Environment(autoescape=True)
install(environment, sys.argv[1] + "/manifest.json")
template = environment.from_string(
    "{{ asset_url('css/site.css') }}{{ asset_style('css/site.css', nonce=n) }}{{ asset_modulepreload('js/app.js') }}"
)
first = template.render(n="0")
shutil.rmtree(sys.argv[1])
seen = []
watched = ("open", "os", "import", "shutil", "glob")
sys.addaudithook(lambda event, args: seen.append((event, args)) if event.split(".")[0] in watched else None)
for n in range(50):
    text = template.render(n=str(n))
assert seen == [], seen
print(text == first.replace('nonce="0"', 'nonce="49"'))
"""


def test_no_tag_needs_the_file_system(tmp_path):
    (tmp_path / "release").mkdir()
    (tmp_path / "release/manifest.json").write_bytes(content())
    command = [sys.executable, "-c", AUDIT, str(tmp_path / "release")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True\n", "")
