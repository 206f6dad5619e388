"""TinyMCE, CKEditor and Leaflet at work in Chromium, each from a release.

They find plugins, skins, icons and languages by URLs that they compute from their own place, so their folders are
`stable`; the pages load the scripts and style sheets themselves by the release's fingerprinted URLs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from assetbuild.build import build
from assetbuild.config import parse_config
from assetbuild.runtime.manifest import Manifest
from tests.support import browser_packages, packages
from tests.support.browser import Browser, Page
from tests.support.needs import need
from tests.support.packages import Package
from tests.support.server import serve, static

pytest_plugins = ["tests.support.browser_fixture"]
pytestmark = pytest.mark.slow


Open = Callable[..., Page]


@contextmanager
def released(browser: Browser, package: Package, base_dir: Path, html: str, **table: Any) -> Iterator[Open]:
    """`open(until, scale=1)` gives the page `html`, whose `{url:PATH}` are assets of a release of the package."""
    package_dir = need(lambda: packages.fetch(package))
    table |= {
        "roots": [{"path": str(package_dir), "prefix": package.name}],
        "stable": [f"{package.name}/**"],
        "compress": {"br": False, "gz": False},
    }
    release = build(parse_config(table, base_dir / "assetbuild.toml"))
    manifest = Manifest.load(release.dir / "manifest.json")
    for path in manifest:
        html = html.replace(f"{{url:{path}}}", manifest.url(path))
    assert "{url:" not in html
    with serve(static([("/static", release.dir / "files")], {"/": "<!doctype html>" + html})) as server:
        yield lambda until, scale=1: browser.open(server.url + "/", until, scale)


def asked(page: Page) -> set[str]:
    """Paths of what came."""
    return {urlsplit(answer.url).path for answer in page.answers if answer.status == 200}


# As it was written, so that what runs is what was minified here.
TINYMCE = """<title>TinyMCE</title><textarea id="text">&lt;p&gt;Dear &lt;b&gt;reader&lt;/b&gt;,&lt;/p&gt;</textarea>
<script src="{url:tinymce/tinymce.js}"></script>
<script>
tinymce.init({
  selector: "#text", license_key: "gpl", promotion: false, plugins: "link lists table code emoticons",
  toolbar: "bold bullist link table code emoticons", auto_focus: "text",
});
</script>"""


def test_tinymce_works_from_a_release(browser: Browser, tmp_path: Path) -> None:
    # Its largest file is released as it was written in any case, but finding that out takes seconds.
    table = {"exclude": ["**/*.min.*"], "minify": {"skip": ["tinymce/tinymce.js"]}}
    with released(browser, packages.TINYMCE, tmp_path, TINYMCE, **table) as open_page:
        page = open_page("tinymce?.activeEditor?.initialized && tinymce.activeEditor.hasFocus()")
        page.script("tinymce.activeEditor.selection.setCursorLocation(tinymce.activeEditor.getBody(), 1)")
        page.script("tinymce.activeEditor.insertContent('<p></p>')")
        page.type("Written in Chromium.")
        page.settle("tinymce.activeEditor.getContent().includes('Chromium.')")
        content = page.script("return tinymce.activeEditor.getContent()")
        page.script("tinymce.activeEditor.execCommand('mceEmoticons')")
        page.settle("document.querySelectorAll('.tox-dialog .tox-collection__item').length > 100")
        skin = page.script("return getComputedStyle(document.querySelector('.tox-tinymce')).borderTopStyle")
        icons = page.script("return Array.from(document.querySelectorAll('.tox-tbtn svg'), i => i.clientWidth)")
        font = page.script("return getComputedStyle(tinymce.activeEditor.getBody()).fontFamily")
    assert (page.bad, page.console) == ([], [])
    assert "Written in Chromium." in content
    assert "<strong>reader</strong>" in content
    assert skin == "solid"
    assert len(icons) >= 6
    assert min(icons) > 0
    assert "-apple-system" in font
    assert asked(page) >= {
        "/static/tinymce/themes/silver/theme.js",
        "/static/tinymce/skins/ui/oxide/skin.css",
        "/static/tinymce/skins/content/default/content.css",
        "/static/tinymce/icons/default/icons.js",
        "/static/tinymce/plugins/emoticons/plugin.js",
        "/static/tinymce/plugins/emoticons/js/emojis.js",
    }


CKEDITOR = """<title>CKEditor</title><textarea id="text">&lt;p&gt;Dear &lt;b&gt;reader&lt;/b&gt;,&lt;/p&gt;</textarea>
<script>window.CKEDITOR_BASEPATH = "/static/ckeditor4/";</script>
<script src="{url:ckeditor4/ckeditor.js}"></script>
<script>
const editor = CKEDITOR.replace("text", { versionCheck: false, language: "de", startupFocus: "end" });
editor.on("instanceReady", () => { window.ready = true; });
</script>"""


def test_ckeditor_works_from_a_release(browser: Browser, tmp_path: Path) -> None:
    table = {"exclude": ["**/plugins/**/lang"]}  # thousands of files; what this build of it uses is in ckeditor4/lang
    with released(browser, browser_packages.CKEDITOR, tmp_path, CKEDITOR, **table) as open_page:
        page = open_page("window.ready && CKEDITOR.instances.text.focusManager.hasFocus")
        page.type(" Written in Chromium.")
        page.settle("editor.getData().includes('Chromium.')")
        content = page.script("return editor.getData()")
        font = page.script("return getComputedStyle(editor.document.$.body).fontFamily")
        page.script("editor.openDialog('image')")
        page.settle("document.querySelector('.cke_dialog_body')?.offsetWidth > 100")
        icons = page.script(
            "return Array.from(document.querySelectorAll('.cke_button_icon'), "
            "icon => getComputedStyle(icon).backgroundImage)"
        )
    assert (page.bad, page.console) == ([], [])
    assert "<strong>reader</strong>" in content
    assert "Written in Chromium." in content
    assert "sans-serif" in font
    assert len(icons) >= 10
    assert {urlsplit(icon[5:-2]).path for icon in icons} <= asked(page)
    assert asked(page) >= {
        "/static/ckeditor4/config.js",
        "/static/ckeditor4/contents.css",
        "/static/ckeditor4/styles.js",
        "/static/ckeditor4/lang/de.js",
        "/static/ckeditor4/skins/moono-lisa/editor.css",
        "/static/ckeditor4/skins/moono-lisa/dialog.css",
        "/static/ckeditor4/plugins/image/dialogs/image.js",
    }


LEAFLET = """<title>Leaflet</title><link rel="stylesheet" href="{url:leaflet/dist/leaflet.css}">
<div id="map" style="height: 400px"></div>
<script src="{url:leaflet/dist/leaflet.js}"></script>
<script>
L.Icon.Default.imagePath = "/static/leaflet/dist/images/";
const map = L.map("map", { fadeAnimation: false, zoomAnimation: false }).setView([57.7, 11.9], 9);
const marker = L.marker([57.7, 11.9]).addTo(map).bindPopup("Skarholm");
L.control.layers({}, { marker }).addTo(map);
</script>"""


@pytest.mark.parametrize(("scale", "suffix", "width"), [(1, "", 25), (2, "-2x", 50)])
def test_leaflet_works_from_a_release(browser: Browser, tmp_path: Path, scale: int, suffix: str, width: int) -> None:
    with released(browser, browser_packages.LEAFLET, tmp_path, LEAFLET) as open_page:
        page = open_page("document.querySelector('.leaflet-marker-icon')?.complete", scale)
        widths = page.script(
            "return Array.from(document.querySelectorAll('.leaflet-shadow-pane img, .leaflet-marker-pane img'),"
            " image => image.naturalWidth)"
        )
        page.script("document.querySelector('.leaflet-marker-icon').click()")
        page.settle("document.querySelector('.leaflet-popup-content')")
        popup = page.script("return document.querySelector('.leaflet-popup-content').textContent")
        position = page.script("return getComputedStyle(document.querySelector('.leaflet-pane')).position")
        layers = page.script(
            "return getComputedStyle(document.querySelector('.leaflet-control-layers-toggle')).backgroundImage"
        )
    assert (page.bad, page.console) == ([], [])
    assert widths == [41, width]
    assert (popup, position) == ("Skarholm", "absolute")
    stem = f"/static/leaflet/dist/images/layers{suffix}."
    assert urlsplit(layers[5:-2]).path in {path for path in asked(page) if path.startswith(stem)}
    assert asked(page) >= {
        f"/static/leaflet/dist/images/marker-icon{suffix}.png",
        "/static/leaflet/dist/images/marker-shadow.png",
    }
