"""The tags in Django's templates and in Jinja2's: whole outputs, and whose nonce they take."""

from __future__ import annotations

import pytest

from assetbuild.runtime import Manifest, MissingAsset
from assetbuild.runtime.manifest import canonical
from assetbuild.runtime.tags import Tags
from tests.support.django_site import python

pytest_plugins = ["tests.support.django_fixtures"]

MODULES = {
    "version": 1,
    "release": "3f2a91c07be4d518",
    "url_prefix": "/static/",
    "modules": "importmap",
    "assets": {
        "css/a&b.css": {"file": "css/a&b.1111.css", "integrity": "sha384-BBBB", "size": 1},
        "font.woff2": {"file": "font.2222.woff2", "size": 1},
        "js/app.js": {"file": "js/app.3333.js", "integrity": "sha384-CCCC", "size": 1, "imports": ["js/lib.js"]},
        "js/lib.js": {"file": "js/lib.4444.js", "integrity": "sha384-DDDD", "size": 1},
    },
}
VALUE = "<\"&'>"
# What is written in a template of Django, in one of Jinja2, and what Tags has to say to that.
BOTH = [
    ('asset_url "css/a&b.css"', 'asset_url("css/a&b.css")', lambda tags: tags.url("css/a&b.css")),
    ('asset_script "js/app.js"', 'asset_script("js/app.js")', lambda tags: tags.script("js/app.js")),
    (
        'asset_script "js/app.js" module=True async=True data_x=value integrity=False',
        'asset_script("js/app.js", module=True, async=True, data_x=value, integrity=False)',
        lambda tags: tags.script("js/app.js", module=True, async_=True, data_x=VALUE, integrity=False),
    ),
    (
        'asset_style "css/a&b.css" media="print"',
        'asset_style("css/a&b.css", media="print")',
        lambda tags: tags.stylesheet("css/a&b.css", media="print"),
    ),
    ('asset_preload "font.woff2"', 'asset_preload("font.woff2")', lambda tags: tags.preload("font.woff2")),
    (
        'asset_preload "js/lib.js" as="fetch" integrity=False',
        'asset_preload("js/lib.js", as="fetch", integrity=False)',
        lambda tags: tags.preload("js/lib.js", as_="fetch", integrity=False),
    ),
    (
        'asset_modulepreload "js/app.js" "js/lib.js"',
        'asset_modulepreload("js/app.js", "js/lib.js")',
        lambda tags: tags.modulepreload("js/app.js", "js/lib.js"),
    ),
    (
        'asset_importmap "js/app.js" nonce="n"',
        'asset_importmap("js/app.js", nonce="n")',
        lambda tags: tags.importmap("js/app.js", nonce="n"),
    ),
]
SCRIPT = '<script src="/static/js/app.3333.js" integrity="sha384-CCCC" crossorigin="anonymous"></script>'
ENVIRONMENT = "assetbuild.runtime.django.jinja2.environment"


@pytest.fixture(autouse=True)
def modules(tmp_path, override):
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes(canonical(MODULES))
    with override(ASSETBUILD_MANIFEST=str(manifest)):
        yield manifest


def django(tag, *, text="{{% load assetbuild %}}{{% {} %}}", request=None, **context):
    from django.template import engines

    return engines["django"].from_string(text.format(tag)).render(context, request)


def jinja(call, *, request=None, options=(("environment", ENVIRONMENT),), text="{{{{ {} }}}}", **context):
    from django.template.backends.jinja2 import Jinja2

    backend = Jinja2({"NAME": "jinja2", "DIRS": [], "APP_DIRS": False, "OPTIONS": dict(options)})
    return backend.from_string(text.format(call)).render(context, request)


@pytest.mark.parametrize(("tag", "call", "expected"), BOTH)
def test_a_tag_is_that_of_tags_in_both_engines(modules, tag, call, expected):
    wanted = expected(Tags(Manifest.load(modules)))
    assert wanted
    assert django(tag, value=VALUE) == wanted
    assert jinja(call, value=VALUE) == wanted


@pytest.mark.parametrize(("tag", "call", "expected"), BOTH)
def test_a_tag_in_a_variable_is_not_escaped_twice(modules, tag, call, expected):
    wanted = expected(Tags(Manifest.load(modules)))
    assert django(tag, text="{{% load assetbuild %}}{{% {} as made %}}{{{{ made }}}}", value=VALUE) == wanted
    assert jinja(call, text="{{% set made = {} %}}{{{{ made }}}}", value=VALUE) == wanted


@pytest.mark.parametrize("tag", ["url", "script", "style", "preload", "modulepreload", "importmap"])
def test_an_unknown_asset_is_an_error_in_every_tag(tag):
    for make, call in ((django, f'asset_{tag} "js/ap.js"'), (jinja, f'asset_{tag}("js/ap.js")')):
        with pytest.raises(MissingAsset) as caught:
            make(call)
        assert "fix: did you mean 'js/app.js' or 'js/lib.js'?" in str(caught.value)


def test_a_tag_without_a_path_is_a_mistake_in_the_template():
    from django.template import TemplateSyntaxError

    with pytest.raises(TemplateSyntaxError):
        django("asset_script")


def test_development_has_plain_tags(override):
    with override(ASSETBUILD_MODE="development"):
        assert django('asset_script "admin/js/core.js"') == '<script src="/static/admin/js/core.js"></script>'
        assert jinja('asset_style("admin/css/base.css")') == '<link rel="stylesheet" href="/static/admin/css/base.css">'
        assert django('asset_importmap "admin/js/core.js"') == ""


def test_values_that_are_lazy_become_text(override):
    from django.utils.functional import SimpleLazyObject

    expected = '<script src="/static/js/app.3333.js" nonce="n" data-x="y"></script>'
    lazy = {"nonce": SimpleLazyObject(lambda: "n"), "value": SimpleLazyObject(lambda: "y")}
    assert django('asset_script "js/app.js" integrity=False nonce=nonce data_x=value', **lazy) == expected
    assert jinja('asset_script("js/app.js", integrity=False, nonce=nonce, data_x=value)', **lazy) == expected
    assert django('asset_script "js/app.js" integrity=False nonce="n" data_x=_("y")') == expected


# The nonce


class Nonce:
    """As django-csp and Django 6 have it: false until its text was asked for."""

    def __init__(self, text):
        self.text, self.asked = text, False

    def __str__(self):
        self.asked = True
        return self.text

    def __bool__(self):
        return self.asked


class Request:
    def __init__(self, **attributes):
        self.META = {}
        self.__dict__.update(attributes)


def nonces(**arguments):
    """Of the same tag in both engines."""
    request = arguments.pop("request", None)
    found = []
    given = arguments.pop("given", "")
    for tag, call in (("asset_script", "asset_script"), ("asset_style", "asset_style")):
        path = '"js/app.js"' if tag == "asset_script" else '"css/a&b.css"'
        found.append(django(f"{tag} {path} {given}", request=request, **arguments))
        found.append(jinja(f"{call}({path}{', ' if given else ''}{given})", request=request, **arguments))
    return {text.partition(' nonce="')[2].partition('"')[0] if "nonce" in text else None for text in found}


def test_without_a_nonce_there_is_no_attribute():
    assert nonces() == {None}
    assert nonces(request=Request()) == {None}
    assert nonces(csp_nonce=None) == {None}
    assert nonces(csp_nonce="") == {None}


def test_the_nonce_of_the_request_is_used_and_thereby_asked_for():
    nonce = Nonce("abc")
    django('asset_url "js/app.js"', request=Request(csp_nonce=nonce))
    assert not nonce.asked
    assert nonces(request=Request(csp_nonce=nonce)) == {"abc"}
    assert nonce.asked


def test_the_nonce_of_the_request_needs_no_context_processor(override):
    from tests.support.django_site import OPTIONS

    (engine,) = OPTIONS["TEMPLATES"]
    with override(TEMPLATES=[{**engine, "OPTIONS": {}}]):
        page = django('asset_script "js/app.js"', request=Request(csp_nonce=Nonce("abc")))
        own = django('asset_script "js/app.js"', request=Request(csp_nonce=Nonce("abc")), csp_nonce="own")
        without = django('asset_script "js/app.js"', request=Request())
    assert [' nonce="abc"' in page, ' nonce="own"' in own, "nonce" in without] == [True, True, False]


def test_the_nonce_of_the_context_goes_before_that_of_the_request():
    assert nonces(csp_nonce=Nonce("context"), request=Request(csp_nonce=Nonce("request"))) == {"context"}


@pytest.mark.parametrize(
    ("given", "nonce"), [('nonce="mine"', "mine"), ('nonce=""', None), ("nonce=None", None), ("nonce=False", None)]
)
def test_a_nonce_that_is_given_counts(given, nonce):
    other = Nonce("other")
    assert nonces(given=given, csp_nonce=other, request=Request(csp_nonce=other)) == {nonce}
    assert not other.asked


def test_a_variable_that_is_not_there_is_no_nonce():
    assert django('asset_script "js/app.js" nonce=request.csp_nonce').count("nonce") == 0
    assert django('asset_importmap "js/app.js" nonce="a&b"').startswith('<script type="importmap" nonce="a&amp;b">')


CSP = """
import re
import django
django.setup()
from django.template import engines
from django.http import HttpResponse
from django.test import RequestFactory
from django.middleware.csp import ContentSecurityPolicyMiddleware
from django.utils.csp import CSP
from django.conf import settings
settings.SECURE_CSP = {"script-src": [CSP.NONCE]}
for text in ('{% load assetbuild %}{% asset_script "css/site.css" %}', "none"):
    def view(request):
        return HttpResponse(engines["django"].from_string(text).render({}, request))
    response = ContentSecurityPolicyMiddleware(view)(RequestFactory().get("/"))
    nonce = re.search('nonce="([^"]+)"', response.content.decode())
    print(bool(nonce), response["Content-Security-Policy"] == f"script-src 'nonce-{nonce[1]}'" if nonce else "")
"""


def test_djangos_own_policy_gets_the_nonce_of_the_tags(tmp_path):
    pytest.importorskip("django.utils.csp", reason="Django has it from 6.0 on")
    from tests.support.django_site import CONTENTS, OPTIONS, write_release

    (engine,) = OPTIONS["TEMPLATES"]
    engine = {**engine, "OPTIONS": {"context_processors": ["django.template.context_processors.csp"]}}
    manifest = write_release(tmp_path, CONTENTS)
    done = python(tmp_path / "site", CSP, TEMPLATES=[engine], ASSETBUILD_MANIFEST=str(manifest), check=False)
    assert (done.stdout, done.stderr) == ("True True\nFalse \n", "")


# Jinja2


def test_the_environment_has_djangos_static_and_url():
    assert jinja('static("js/app.js")') == "/static/js/app.3333.js"
    assert jinja('url("admin:auth_user_change", 3)') == "/admin/auth/user/3/change/"
    assert jinja('url("admin:auth_user_change", object_id=3)') == "/admin/auth/user/3/change/"


def test_the_extension_goes_into_any_environment():
    options = {"extensions": ["assetbuild.runtime.django.jinja2.AssetBuildExtension"]}
    assert jinja('asset_script("js/app.js")', options=options) == SCRIPT
    assert jinja("static is defined", options=options) == "False"


def test_views_get_link_headers_from_the_same_tags(modules):
    from assetbuild.runtime.django.pages import tags

    assert tags() is tags()
    (link,) = tags().preload_links("css/a&b.css", "js/app.js")
    assert link.startswith("</static/css/a%26b.1111.css>; rel=preload; as=style")
