"""A site that names a file in every way there is, and a page that uses each of them in a browser."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

FONT = Path(__file__).parents[2] / "sample_project/static/fonts/fathom.woff2"


def page(url: Callable[[str], str]) -> str:
    """`url` gives an asset's URL. When all is done, or an error stops it, `window.results` says what scripts found."""
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>All references</title>
<script>onerror = message => {{ window.results = message; }}</script>
<link rel="stylesheet" href="{url("css/site.css")}">
<link rel="manifest" href="{url("site.webmanifest")}">
<link rel="icon" href="{url("img/icon.png")}">
<script type="module" src="{url("js/main.js")}"></script>
<main>
<p class="url">1</p><p class="quoted">2</p><p class="escaped">3</p><p class="odd">4</p><p class="set">5</p>
<p class="prefixed">6</p><p class="custom">7</p><p class="cursor">8</p><p class="mask">9</p><p class="filter">10</p>
<p class="plain layered supported media deep">11</p><p class="text">12</p><p class="adopted">13</p>
<p class="rooted">14</p><p class="nested"><b>14</b></p><ul><li>15</li></ul><p class="same">16</p>
</main>
<svg width="10" height="10"><use href="{url("icons/sprite.svg")}#icon"/></svg>
<img src="{url("svg/picture.svg")}" alt="" width="20" height="20">
<object type="image/svg+xml" data="{url("svg/picture.svg")}" width="20" height="20"></object>
</html>
"""


def png(red: int) -> bytes:
    """One pixel; another byte for each file, so that no two are one."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(bytes([0, red, 0, 0]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


_CSS = {
    "css/site.css": r"""@charset "utf-8";
/* url(../img/gone.png) @import "gone.css"; */
@import "parts/plain.css";
@import "parts/properties.css";
@import "quoted.css";
@import url( parts/layered.css ) layer( base.one );
@import 'parts/supported.css' layer supports( display : grid ) screen;
@import/**/url("parts/media.css")( min-width : 1px );
@font-face {
  font-family : Site ; src : url( '../fonts/site.woff2?v=1#iefix' ) format( "woff2" ) , url(../fonts/late.woff)
}
main { font-family : Site , serif }
.url { background : url( ../img/url.png ) , url(data:image/png;base64,AAAA) }
.escaped { background : u\72l( ../img/esc\ aped\(1\).png ) , url(../img/%C3%A9.png) , url( '../img/é1.png' ) }
.odd { background : url(
  ../img/line.png
) ; list-style-image : url(../img/../img/./dots.png) }
.set { background-image : image-set( "../img/set1.png" 1x , url(../img/set2.png) 2x type( "image/png" ) ) }
.prefixed { background-image : -webkit-image-set( url("../img/set3.png") 1x , url(../img/set4.png) 2x ) }
.custom { --image : url( "../img/custom.png" ) ; background-image : var( --image ) }
.rooted { background-image : var( --rooted ) }
.cursor { cursor : url( ../img/cursor.png ) 1 1 , url("../img/cursor2.png") , pointer }
.mask { mask : url( ../img/mask.png ) ; border-image : url('../img/border.png') 1 }
.filter { filter : url( ../svg/filters.svg#blur ) ; clip-path : url( #none ) }
.text::before { content : "url(../img/gone.png)" url(../img/content.png) "@import 'gone.css'" }
.nested { & b { background : url( ../img/nested.png ) } @media screen { background : url(../img/nested2.png) } }
@media screen { @supports ( display : grid ) { li { list-style : url( ../img/list.png ) } } }
@media print { li { list-style : url( ../img/print.png ) } }
.same { background : url( /static/img/absolute.png ) , url( ../img/url.png?query#hash ) }
""",
    # Apart, as rcssmin would drop the space in the name: this file is released as it is.
    "css/quoted.css": """.quoted { background-image : url( "../img/a b.png" ) , URL('../img/quo\\'te.png') }\n""",
    # Read from the style sheet whose var() uses it, which is in another directory.
    "css/parts/properties.css": ":root { --rooted : url( /static/img/rooted.png ) }\n",
    "css/parts/plain.css": '@import "../deep/deep.css";\n.plain { background : url( ../../img/plain.png ) }\n',
    "css/parts/layered.css": ".layered { border-image-source : url( '../../img/layered.png' ) }\n",
    "css/parts/supported.css": ".supported { mask-image : url( ../../img/supported.png ) }\n",
    "css/parts/media.css": ".media { list-style-image : url( ../../img/media.png ) ; display : list-item }\n",
    "css/deep/deep.css": '@import url("../parts/plain.css");\n.deep { cursor : url( ../../img/deep.png ) , auto }\n',
    "css/module.css": ".adopted { color : rgb(1 2 3) ; background : url( ../img/adopted.png ) }\n",
    "css/svg.css": "rect { fill : rgb(4 5 6) ; mask : url( ../svg/filters.svg#mask ) }\n",
}

_JS = {
    "js/main.js": r"""// import "./gone.js"; new URL("./gone.png", import.meta.url)
import { one } from "./lib/one.js";
import "./lib/side.js";
import * as all from './lib/all.js';
import data from "./data.json" with { type : "json" };
import sheet from "../css/module.css" with { type : "css" };

const text = `import("./gone.js") ${"new URL('./gone.png', import.meta.url)"}`;
const results = { one, all: Object.keys(all).sort(), data, side: window.side, text };
document.adoptedStyleSheets = [sheet];

const { lazy } = await import("./lib/lazy.js");
results.lazy = lazy;
results.inside = (await import(/* why */ './lib/inside.js')).default;

const picture = new Image();
picture.src = new URL("../img/from-js.png", import.meta.url);
document.querySelector("main").append(picture);
results.fetched = await (await fetch(new URL("./data/fetched.txt?x=1#y", import.meta.url))).text();

const answer = worker => new Promise((done, fail) => {
  (worker.port ?? worker).onmessage = event => done(event.data);
  worker.onerror = event => fail(new Error(`a worker failed: ${event.message}`));
  (worker.port ?? worker).postMessage("start");
});
results.module = await answer(new Worker(new URL("./workers/module.js", import.meta.url), { type: "module" }));
results.classic = await answer(new Worker(new URL("workers/classic.js", import.meta.url)));
results.shared = await answer(new SharedWorker(new URL("./workers/shared.js", import.meta.url), "shared"));

const link = document.querySelector("link[rel=manifest]").href;
const manifest = await (await fetch(link)).json();
const images = [manifest.icons, manifest.screenshots, manifest.shortcuts.flatMap(shortcut => shortcut.icons)].flat();
for (const { src } of images) {
  const image = new Image();
  image.src = new URL(src, link);
  document.querySelector("main").append(image);
}
results.manifest = images.length;
await Promise.all(Array.from(document.images, image => image.decode()));
results.images = Array.from(document.images, image => image.naturalWidth);
window.results = results;
""",
    "js/lib/one.js": 'export { one } from "../deep/one.js"\n',
    "js/deep/one.js": "export const one = 1;  // one\n",
    "js/lib/side.js": 'import"./../lib/one.js"\nwindow.side = "side";\n',
    "js/lib/all.js": 'export * from "./one.js";\nexport * as again from "./all.js";\nexport let two = 2;\n',
    "js/lib/lazy.js": 'import { two } from "./all.js";\nexport const lazy = `lazy ${ two }`;\n',
    "js/lib/inside.js": "export default 'inside';  // loaded late\n",
    "js/data.json": '{ "from": "json" }\n',
    "js/data/fetched.txt": "fetched",
    "js/workers/module.js": 'import { one } from "../lib/one.js";\nonmessage = () => postMessage(`module ${ one }`);\n',
    "js/workers/classic.js": (
        'importScripts( "./first.js" , "../classic/second.js" );\nonmessage = () => postMessage( first + second );\n'
    ),
    "js/workers/first.js": "var first = 'first ';  // a global\n",
    "js/classic/second.js": "var second = 'second';  // another\n",
    "js/workers/shared.js": (
        "importScripts('first.js');\n"
        "onconnect = event => { event.ports[0].onmessage = () => event.ports[0].postMessage( first + 'shared' ); };\n"
    ),
}

_SVG = {
    "icons/sprite.svg": (
        '<svg xmlns="http://www.w3.org/2000/svg"><symbol id="icon" viewBox="0 0 4 4">'
        '<rect width="4" height="4" fill="red"/></symbol></svg>\n'
    ),
    "svg/filters.svg": (
        '<svg xmlns="http://www.w3.org/2000/svg"><filter id="blur"><feGaussianBlur stdDeviation="1"/></filter>'
        '<mask id="mask"><rect width="9" height="9" fill="white"/></mask></svg>\n'
    ),
    "svg/picture.svg": """<?xml version="1.0"?>
<?xml-stylesheet type="text/css" href="../css/svg.css"?>
<!-- <image href="gone.png"/> -->
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="20" height="20">
  <style>
    @import "../css/parts/layered.css";
    rect { stroke : url( #paint ) ; cursor : url( "../img/svg-cursor.png" ) , auto }
  </style>
  <defs><linearGradient id="paint"><stop stop-color="red"/></linearGradient></defs>
  <rect width="10" height="10" style="filter : url( filters.svg#blur )"/>
  <image href="../img/svg-image.png" width="5" height="5"/>
  <image xlink:href="../img/svg-xlink.png" width="5" height="5"/>
  <use href="../icons/sprite.svg#icon" width="4" height="4"/>
  <use xlink:href="#inner"/>
  <g id="inner"><title>url(gone.png) href="gone.png"</title></g>
</svg>
""",
}

_MANIFEST = {
    "site.webmanifest": """{
  "name": "img/icon.png is no reference here",
  "start_url": "/",
  "icons": [{ "src": "img/icon.png", "sizes": "1x1" }, { "src": "./img/icon%20two.png?x=1", "sizes": "1x1" }],
  "screenshots": [{ "src": "/static/img/screenshot.png", "sizes": "1x1" }],
  "shortcuts": [{ "name": "a", "url": "/a", "icons": [{ "src": "img/shortcut.png", "sizes": "1x1" }] }]
}
""",
}

_IMAGES = (
    *("url", "a b", "quo'te", "esc aped(1)", "é", "é1", "line", "dots", "set1", "set2", "set3", "set4", "custom"),
    *("cursor", "cursor2", "mask", "border", "content", "nested", "nested2", "list", "print", "absolute", "plain"),
    "rooted",
    *("layered", "supported", "media", "deep", "adopted", "from-js", "svg-cursor", "svg-image", "svg-xlink"),
    *("icon", "icon two", "screenshot", "shortcut"),
)

# What Chromium has no need for, with one device pixel to one of CSS.
UNUSED = {"img/print.png", "img/set2.png", "img/set4.png", "fonts/late.woff"}
RESULTS = {
    "all": ["again", "one", "two"],
    "classic": "first second",
    "data": {"from": "json"},
    "fetched": "fetched",
    "images": [1, 1, 1, 1, 1, 20],
    "inside": "inside",
    "lazy": "lazy 2",
    "manifest": 4,
    "module": "module 1",
    "one": 1,
    "shared": "first shared",
    "side": "side",
    "text": "import(\"./gone.js\") new URL('./gone.png', import.meta.url)",
}
FILES: dict[str, str | bytes] = {
    **_CSS,
    **_JS,
    **_SVG,
    **_MANIFEST,
    **{f"img/{name}.png": png(at) for at, name in enumerate(_IMAGES)},
    "fonts/site.woff2": FONT.read_bytes(),
    "fonts/late.woff": b"wOFF",
}
