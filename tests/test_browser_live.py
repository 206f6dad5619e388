"""The client of live reload in Chromium, with the real server: what a page keeps, takes over, and reloads for."""

from __future__ import annotations

import json
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from assetbuild.live import Live
from tests.support import browser as support
from tests.support.browser import Browser, Message, Page, find_browser
from tests.support.server import Server, serve

pytestmark = pytest.mark.slow

CLIENT = Path(__file__).parent.parent / "assetbuild" / "runtime" / "live.js"
RESOLVER = "MAP evil.example 127.0.0.1 , MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost , EXCLUDE *.localhost"
STRICT = (
    "default-src 'none'; script-src 'self' 'nonce-n0nce'; style-src 'self'; img-src 'self'; font-src 'self';"
    " connect-src {live}; require-trusted-types-for 'script'; trusted-types 'none'"
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{0}"><path id="p" d="M0 0h9v9z"/></svg>'
# Pauses are noted, and over in a hundredth of their time.
HASTE = """<script nonce="n0nce">
window.pauses = [];
const wait = window.setTimeout;
window.setTimeout = (done, pause) => { pauses.push(pause); return wait(done, pause / 100); };
</script>"""
TYPES = {"css": "text/css", "js": "text/javascript", "mjs": "text/javascript", "svg": "image/svg+xml"}
TYPES |= {"json": "application/json", "map": "application/json"}


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One that also reaches localhost, and takes evil.example for this machine."""
    found = find_browser(tmp_path_factory.mktemp("live"))
    switches = [one for one in support.SWITCHES if not one.startswith("--host-resolver-rules")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(support, "SWITCHES", (*switches, f"--host-resolver-rules={RESOLVER}"))
        assert found.driver
    yield found
    found.close()


class Project:
    """A site and its watch. In a page, `{css/a.css}` is the URL of now and `{live}` the tag of the client.

    What was released once stays. A file in `held` is sent when its event is set, one in `broken` never.
    """

    def __init__(self, live: Live, files: Mapping[str, str]) -> None:
        self.live = live
        self.server = Server("")
        self.pages: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.released: dict[str, str] = {}
        self.held: dict[str, threading.Event] = {}
        self.broken: set[str] = set()
        self.tag: dict[str, str] = {}  # attributes that differ from what they should be
        self.release = ""
        self.edit(files)

    @property
    def url(self) -> str:
        return self.server.url.replace("127.0.0.1", "localhost")

    @property
    def visits(self) -> list[str]:
        """The pages that were asked for."""
        return [path for path, _ in self.server.requests if not path.startswith(("/static/", "/favicon"))]

    def write(self, files: Mapping[str, str | None]) -> dict[str, str | None]:
        """Release files; None is for one that goes. Returns what changed its name."""
        changed: dict[str, str | None] = {}
        for path, content in files.items():
            before = self.names.pop(path, None)
            if content is not None:
                stem, _, suffix = path.rpartition(".")
                name = f"{stem}.{sha256(content.encode()).hexdigest()[:16]}.{suffix}"
                self.names[path], self.released[name] = name, content
            if before:
                changed[before] = self.names.get(path)
        self.release = sha256(json.dumps(self.names).encode()).hexdigest()[:16]
        return changed

    def edit(self, files: Mapping[str, str | None]) -> None:
        names = self.write(files)
        self.live.send({"type": "built", "release": self.release, "names": names})

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = Request(environ).path
        name = path.removeprefix("/static/")
        if path in self.pages:
            answer = Response(self._page(self.pages[path]), mimetype="text/html", headers=self.headers)
        elif name == "live.js":
            answer = Response(CLIENT.read_text(), mimetype="text/javascript")
        elif name in self.released and name not in self.broken:
            if name in self.held:
                assert self.held[name].wait(support.PATIENCE)
            answer = Response(self.released[name], mimetype=TYPES[name.rpartition(".")[2]])
            answer.headers["Access-Control-Allow-Origin"] = "*"
            answer.headers["Cache-Control"] = "max-age=1000, immutable"
        else:
            answer = Response("", status=204 if path == "/favicon.ico" else 404)
        return answer(environ, start_response)

    def _page(self, text: str) -> str:
        own = {"port": str(self.live.port), "token": self.live.token, "release": self.release, "base": "/static/"}
        data = " ".join(f'data-{key}="{escape(value)}"' for key, value in {**own, **self.tag}.items())
        text = text.replace("{live}", f'<script src="/static/live.js" {data} async nonce="n0nce"></script>')
        urls = {path: f"/static/{name}" for path, name in self.names.items()}
        return "<!doctype html>" + re.sub(r"\{([\w/]+\.\w+)\}", lambda match: urls[match[1]], text)


@pytest.fixture
def make() -> Iterator[Callable[..., Project]]:
    with ExitStack() as stack:

        def project(files: Mapping[str, str], page: str, **options: Any) -> Project:
            live = stack.enter_context(Live(**options))
            made = Project(live, files)
            made.pages["/"] = page
            made.server = stack.enter_context(serve(made))
            return made

        yield project


def listeners(live: Live, count: int) -> None:
    until(lambda: len(live._server._clients) == count)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + support.PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def visit(chromium: Browser, project: Project, path: str = "/", listening: int = 1) -> Page:
    """Open, marked, and listening."""
    page = chromium.open(project.url + path)
    page.script("window.mark = true")
    listeners(project.live, listening)
    return page


def wait(page: Page, expression: str) -> None:
    """As `settle` does, without its patience for what else may come."""
    until(lambda: bool(page.script(f"return Boolean({expression})")))


def is_marked(page: Page) -> bool:
    """Whether it has not been loaded again."""
    return bool(page.script("return window.mark === true"))


def shown(page: Page) -> list[str] | None:
    """The texts of the overlay, if there is one."""
    found: list[str] | None = page.script(
        "const host = document.querySelector('assetbuild-overlay');"
        "return host && Array.from(host.shadowRoot.querySelectorAll('h1, pre'), element => element.textContent)"
    )
    return found


COLOR = "getComputedStyle(document.querySelector('h1')).color"


def color(value: str) -> str:
    return f"{COLOR} === '{value}'"


RED, GREEN, BLUE = "rgb(255, 0, 0)", "rgb(0, 128, 0)", "rgb(0, 0, 255)"


# In place


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "app.localhost"])
def test_a_style_sheet_is_swapped_and_the_page_stays_as_it_is(
    chromium: Browser, make: Callable[..., Project], host: str
) -> None:
    css = "h1 { color: red } body { height: 9000px }"
    integrity = f"sha256-{b64encode(sha256(css.encode()).digest()).decode()}"
    project = make(
        {"css/a.css": css, "js/a.js": "0"},
        f'{{live}}<link rel="stylesheet" href="{{css/a.css}}" integrity="{integrity}" crossorigin="anonymous">'
        '{live}<script src="{js/a.js}"></script><h1>x</h1><input autofocus>{live}',
    )
    project.server.url = project.server.url.replace("127.0.0.1", host)
    page = visit(chromium, project)
    page.script("document.querySelector('input').focus()")
    page.type("typed")
    page.script("window.scrollTo(0, 500)")
    for name, value in (("green", GREEN), ("blue", BLUE), ("green", GREEN)):  # back to a release of before
        project.edit({"css/a.css": f"h1 {{ color: {name} }} body {{ height: 9000px }}"})
        wait(page, color(value))
    links = page.script("return Array.from(document.querySelectorAll('link'), link => link.outerHTML)")
    assert links == [f'<link rel="stylesheet" href="/static/{project.names["css/a.css"]}" crossorigin="anonymous">']
    state = page.script("return [document.querySelector('input').value, document.activeElement.localName, scrollY]")
    assert (state, is_marked(page), project.visits) == (["typed", "input", 500], True, ["/"])
    page.settle()
    assert (page.console, page.bad, shown(page)) == ([], [], None)


def test_links_keep_what_they_are(chromium: Browser, make: Callable[..., Project]) -> None:
    """Media, nonce, title, a sheet that was turned off; what is not loaded has its URL changed and nothing more."""
    project = make(
        {
            "css/a.css": "h1 { color: red }",
            "css/b.css": "h1 { color: red }",
            "css/other.css": "h1 { top: 1px }",
            "css/chosen.css": "h1 { top: 2px }",
        },
        '<link rel="stylesheet" href="{css/b.css}?q#f">'
        '<link id="print" rel="stylesheet" href="{css/a.css}" media="print" nonce="n0nce">'
        '<link id="other" rel="alternate stylesheet" title="Other" href="{css/other.css}">'
        '<link id="chosen" rel="alternate stylesheet" title="Chosen" href="{css/chosen.css}">'
        '<link id="disabled" rel="stylesheet" href="{css/a.css}" disabled integrity="sha256-x">'
        '<link id="off" rel="STYLESHEET" href="{css/a.css}">'
        '<link id="preload" rel="preload" as="style" href="{css/b.css}?q#f">'
        "<h1>x</h1>{live}",
    )
    page = visit(chromium, project)
    page.script("const link = document.querySelector('#chosen'); link.disabled = true; link.disabled = false")
    top = "getComputedStyle(document.querySelector('h1')).top"
    wait(page, f"{top} === '2px'")
    page.script("document.querySelector('#off').sheet.disabled = true")
    old = page.script("return Array.from(document.querySelectorAll('link'), link => link.href)")
    changes = {"css/a.css": "blue", "css/b.css": "green"}
    changes = {path: f"h1 {{ color: {name} !important }}" for path, name in changes.items()}
    project.edit({**changes, "css/other.css": "h1 { top: 3px }", "css/chosen.css": "h1 { top: 4px }"})
    wait(page, f"document.querySelectorAll('link').length === 7 && {top} === '4px'")
    wait(page, color(GREEN))
    found = page.script(
        "return Array.from(document.querySelectorAll('link'), link =>"
        " [link.id, link.media, link.nonce, link.title, link.integrity, link.disabled,"
        "  link.sheet && link.sheet.disabled, link.getAttribute('href')])"
    )
    site, other, chosen, rest = (
        f"/static/{project.names[f'css/{name}.css']}" for name in ("b", "other", "chosen", "a")
    )
    assert found == [
        ["", "", "", "", "", False, False, f"{site}?q#f"],
        ["print", "print", "n0nce", "", "", False, False, rest],
        ["other", "", "", "Other", "", False, False, other],
        ["chosen", "", "", "Chosen", "", False, False, chosen],
        ["disabled", "", "", "", "", True, None, rest],
        ["off", "", "", "", "", False, True, rest],
        ["preload", "", "", "", "", False, None, old[6].removeprefix(project.url)],
    ]
    page.settle()
    assert page.errors == []


def test_images_are_swapped_wherever_they_are(chromium: Browser, make: Callable[..., Project]) -> None:
    project = make(
        {"img/a b.svg": SVG.format(10), "img/c.svg": SVG.format(11), "css/s.css": "h1 { color: red }"},
        """<link rel="icon" href="/static/img/NAME"><h1>x</h1><img id="src" src="/static/img/NAME?v#x" alt="">
        <img id="srcset" srcset="/static/img/NAME 1x,/static/img/NAME 2x, /static/img/other.svg 3x" alt="">
        <picture><source srcset="LOCAL/static/img/NAME 1x" media="all">
        <img id="picture" src="{img/c.svg}" alt=""></picture>
        <video poster="/static/img/NAME"></video><a href="/static/img/NAME">x</a>
        <svg><use href="/static/img/NAME#p"/><image xlink:href="/static/img/NAME"/></svg>
        <p style="background: url(&quot;/static/img/NAME&quot;) 1px 2px, url(data:image/svg+xml,x)">x</p>
        <div id="host"></div><template id="template"><img src="/static/img/NAME"></template>
        <img id="elsewhere" src="OTHER/static/img/NAME" alt="">{live}""",
    )
    before = project.names["img/a b.svg"].removeprefix("img/").replace(" ", "%20")
    project.pages["/"] = (
        project.pages["/"].replace("NAME", before).replace("LOCAL", project.url).replace("OTHER", project.server.url)
    )
    page = visit(chromium, project)
    page.script(
        "const root = document.querySelector('#host').attachShadow({ mode: 'open' });"
        "const inner = root.appendChild(document.createElement('div')).attachShadow({ mode: 'open' });"
        "inner.append(document.querySelector('#src').cloneNode());"
        "const link = document.createElement('link'); link.rel = 'stylesheet'; link.href = arguments[0];"
        "inner.append(link, document.createElement('h1'));"
        "window.inner = inner;",
        "/static/" + project.names["css/s.css"],
    )
    project.edit({"img/a b.svg": SVG.format(20), "css/s.css": "h1 { color: green }"})
    after = project.names["img/a b.svg"].removeprefix("img/").replace(" ", "%20")
    wait(page, "document.querySelector('#src').naturalWidth === 20")
    wait(page, f"getComputedStyle(inner.querySelector('h1')).color === '{GREEN}'")
    html = page.script("return document.documentElement.outerHTML + inner.innerHTML + template.innerHTML")
    assert html.count(before) == 1
    assert f'src="{project.server.url}/static/img/{before}"' in html
    assert html.count(after) == 13  # the template's is in the document's too
    assert page.script("return ['src', 'srcset', 'picture'].map(id => document.getElementById(id).naturalWidth)") == [
        20,
        20,
        20,
    ]
    page.settle()
    assert (is_marked(page), page.console) == (True, [])


def test_what_css_loads_comes_with_its_new_name(chromium: Browser, make: Callable[..., Project]) -> None:
    """A style sheet that is imported, and an image inside it: both have changed the name of what the page links to."""
    image = {"img/a.svg": SVG.format(10)}
    project = make(image, "<h1>x</h1>{live}")
    background = "getComputedStyle(document.querySelector('h1')).backgroundImage.includes('%s')"

    def styles(name: str) -> dict[str, str]:
        inner = f"h1 {{ background: url(../{project.names['img/a.svg']}); color: {name} }}"
        project.write({"css/inner.css": inner})
        return {"css/a.css": f"@import '../{project.names['css/inner.css']}';"}

    project.edit(styles("red"))
    project.pages["/"] = '<link rel="stylesheet" href="{css/a.css}"><h1>x</h1>{live}'
    page = visit(chromium, project)
    wait(page, background % project.names["img/a.svg"])
    changed = project.write({"img/a.svg": SVG.format(30)})
    before = project.names["css/inner.css"]
    changed |= project.write(styles("green"))
    changed[before] = project.names["css/inner.css"]
    project.live.send({"type": "built", "release": project.release, "names": changed})
    wait(page, background % project.names["img/a.svg"])
    wait(page, color(GREEN))
    page.settle()
    assert (is_marked(page), project.visits, page.console) == (True, ["/"], [])


def test_swaps_that_overtake_each_other_end_in_the_last(chromium: Browser, make: Callable[..., Project]) -> None:
    project = make({"css/a.css": "h1 { color: red }"}, '<link rel="stylesheet" href="{css/a.css}"><h1>x</h1>{live}')
    page = visit(chromium, project)
    first = f"css/a.{sha256(b'h1 { color: blue; top: 0 }').hexdigest()[:16]}.css"
    project.held[first] = threading.Event()
    project.edit({"css/a.css": "h1 { color: blue; top: 0 }"})
    page.script("return new Promise(done => requestAnimationFrame(done))")
    assert page.script(f"return {COLOR}") == RED  # what was there stays meanwhile
    project.edit({"css/a.css": "h1 { color: green }"})
    wait(page, color(GREEN))
    project.held[first].set()
    wait(page, "document.querySelectorAll('link').length === 1")
    assert page.script(f"return {COLOR}") == GREEN
    page.settle()
    assert (is_marked(page), page.errors) == (True, [])


def test_a_style_sheet_that_does_not_load_leaves_the_one_before(
    chromium: Browser, make: Callable[..., Project]
) -> None:
    project = make({"css/a.css": "h1 { color: red }"}, '<link rel="stylesheet" href="{css/a.css}"><h1>x</h1>{live}')
    page = visit(chromium, project)
    broken = f"css/a.{sha256(b'h1 { color: blue }').hexdigest()[:16]}.css"
    project.broken.add(broken)
    project.edit({"css/a.css": "h1 { color: blue }"})
    until(lambda: (f"/static/{broken}", 404) in project.server.requests)
    wait(page, "document.querySelectorAll('link').length === 1")
    assert page.script(f"return {COLOR}") == RED
    project.edit({"css/a.css": "h1 { color: green }"})
    wait(page, color(GREEN))
    assert page.script("return document.querySelectorAll('link').length") == 1
    assert is_marked(page)


def test_a_page_that_was_made_before_catches_up_at_once(chromium: Browser, make: Callable[..., Project]) -> None:
    project = make({"css/a.css": "h1 { color: red }"}, '<link rel="stylesheet" href="{css/a.css}"><h1>x</h1>{live}')
    project.pages["/"] = project._page(project.pages["/"])  # as it was then
    for name in ("blue", "green"):
        project.edit({"css/a.css": f"h1 {{ color: {name} }}"})
    page = visit(chromium, project)
    wait(page, color(GREEN))
    page.settle()
    assert (project.visits, page.console) == (["/"], [])


def test_a_connection_that_is_cut_is_made_again_for_the_release_of_now(
    chromium: Browser, make: Callable[..., Project]
) -> None:
    project = make(
        {"css/a.css": "h1 { color: red }", "js/a.js": "0"},
        HASTE + '<link rel="stylesheet" href="{css/a.css}"><h1>x</h1>{live}',
    )
    page = visit(chromium, project)
    project.edit({"css/a.css": "h1 { color: blue }"})
    wait(page, color(BLUE))
    server = project.live._server
    for client in list(server._clients):
        server.loop.call_soon_threadsafe(client._writer.transport.abort)
    listeners(project.live, 0)
    project.edit({"css/a.css": "h1 { color: green }"})
    wait(page, color(GREEN))
    assert (is_marked(page), page.script("return pauses")) == (True, [1000])


# Reloading


CHANGES: list[dict[str, str | None]] = [
    {"js/a.js": "1"},
    {"js/worker.mjs": "1"},
    {"data/a.json": "1"},
    {"css/a.css": "b {}", "js/a.js": "2"},
    {"css/inline.css": "h1 { color: red }"},
    {"img/inline.svg": SVG.format(2)},
    {"img/object.svg": SVG.format(2)},
    {"css/a.css": None},
    {"img/a.svg": None},
]


def test_what_cannot_be_swapped_reloads_the_page_once(chromium: Browser, make: Callable[..., Project]) -> None:
    project = make(
        {
            **dict.fromkeys(("js/a.js", "js/worker.mjs", "data/a.json"), "0"),
            **dict.fromkeys(("css/a.css", "css/inline.css"), "a {}"),
            **dict.fromkeys(("img/a.svg", "img/inline.svg", "img/object.svg"), SVG.format(1)),
        },
        "<style>@import '{css/inline.css}'; h1 { background: url({img/inline.svg}) }</style><h1>x</h1>"
        '<object data="{img/object.svg}"></object>{live}',
    )
    page = visit(chromium, project)
    for change in CHANGES:
        page.script("window.mark = true")
        before = len(project.visits)
        project.edit(change)
        wait(page, "!window.mark && document.readyState === 'complete'")
        listeners(project.live, 1)
        # It hears what comes next, and nothing that it has already.
        project.live.send({"type": "failed", "errors": [{"text": "later"}]})
        wait(page, "document.querySelector('assetbuild-overlay')")
        assert len(project.visits) == before + 1, change
    page.settle()
    assert page.errors == []


def test_templates_reload_the_page_each_time(chromium: Browser, make: Callable[..., Project]) -> None:
    project = make({"css/a.css": "h1 { color: red }"}, "<h1>x</h1>{live}")
    page = visit(chromium, project)
    for number in (2, 3):
        project.live.send({"type": "reload", "reason": "templates/home.html"})
        wait(page, "!window.mark && document.readyState === 'complete'")
        listeners(project.live, 1)
        assert project.visits == ["/"] * number
        page.script("window.mark = true")


def test_a_map_alone_changes_nothing(chromium: Browser, make: Callable[..., Project]) -> None:
    project = make({"js/a.js.map": "{}", "css/a.css": "a {}"}, "<h1>x</h1>{live}")
    page = visit(chromium, project)
    project.edit({"js/a.js.map": None})
    project.live.send({"type": "failed", "errors": [{"text": "x"}]})
    wait(page, "document.querySelector('assetbuild-overlay')")
    assert (is_marked(page), project.visits) == (True, ["/"])


@pytest.mark.parametrize("release", ["unknown", ""])
def test_a_page_that_never_becomes_what_was_built_reloads_twice_at_most_for_each_build(
    chromium: Browser, make: Callable[..., Project], release: str
) -> None:
    project = make({"js/a.js": "0", "css/a.css": "a {}"}, "<h1>x</h1>{live}")
    project.tag = {"release": release}

    def settled() -> None:
        """Whoever listens has heard all that there is to hear."""
        listeners(project.live, 1)
        project.live.send({"type": "failed", "errors": [{"text": "x"}]})
        wait(page, "document.querySelector('assetbuild-overlay')")

    page = chromium.open(project.url + "/")
    until(lambda: len(project.visits) >= 2)
    settled()
    assert project.visits == ["/"] * 2
    for change in ({"js/a.js": "1"}, {"css/a.css": "b {}"}, {"js/a.js": "0"}):
        before = len(project.visits)
        project.edit(change)
        until(lambda before=before: len(project.visits) > before)  # type: ignore[misc]
        for _ in range(3):
            settled()
        assert len(project.visits) <= before + 2
    # And when it is one of ours again, it is like any other.
    project.tag = {}
    before = len(project.visits)
    project.edit({"js/a.js": "2"})
    until(lambda: len(project.visits) > before)
    settled()
    page.script("window.mark = true")
    before = len(project.visits)
    project.edit({"js/a.js": "3"})
    wait(page, "!window.mark")
    settled()
    assert len(project.visits) == before + 1


def test_a_release_that_comes_again_is_reloaded_for_again(chromium: Browser, make: Callable[..., Project]) -> None:
    project = make({"js/a.js": "0"}, "<h1>x</h1>{live}")
    page = visit(chromium, project)
    for number, content in enumerate("10101", 2):
        project.edit({"js/a.js": content})
        until(lambda number=number: len(project.visits) == number)  # type: ignore[misc]
        wait(page, "document.readyState === 'complete'")
        listeners(project.live, 1)


# The overlay

ERROR = """css/a.css:12:19: url(../img/logo.pgn) names 'img/logo.pgn', which is in no source root
  12 | <b>&amp;
     | ^^^"""


def test_a_failed_build_is_shown_until_it_succeeds(chromium: Browser, make: Callable[..., Project]) -> None:
    """Under a policy that allows neither inline styles nor HTML from strings."""
    project = make(
        {"css/a.css": "h1 { color: red }"}, '<link rel="stylesheet" href="{css/a.css}"><h1>x</h1><input>{live}'
    )
    project.headers["Content-Security-Policy"] = STRICT.format(live=f"http://localhost:{project.live.port}")
    page = visit(chromium, project)
    page.script("document.querySelector('input').focus()")
    failed = {"type": "failed", "errors": [{"text": ERROR, "file": "css/a.css", "line": 12}, {"text": "second"}]}
    project.live.send({"type": "failed", "errors": [{"text": "first"}]})
    wait(page, "document.querySelector('assetbuild-overlay')")
    assert shown(page) == ["The build failed", "first"]
    project.live.send(failed)
    wait(page, "document.querySelector('assetbuild-overlay').shadowRoot.querySelectorAll('pre').length === 2")
    assert shown(page) == ["The build failed with 2 errors", ERROR, "second"]
    assert page.script(
        "const host = document.querySelector('assetbuild-overlay'), style = getComputedStyle(host);"
        "return [style.position, style.zIndex, host.shadowRoot.querySelector('[role=alert]').localName,"
        " document.activeElement.localName, document.querySelectorAll('assetbuild-overlay').length,"
        " document.elementFromPoint(600, 450).localName]"
    ) == ["fixed", "2147483647", "div", "input", 1, "assetbuild-overlay"]
    page.type("\ue00c")  # Escape
    assert shown(page) is None
    project.live.send(failed)
    wait(page, "document.querySelector('assetbuild-overlay')")
    page.script("document.querySelector('assetbuild-overlay').shadowRoot.querySelector('button').click()")
    assert shown(page) is None
    # Who comes later sees it too, and it goes with the next build.
    page = visit(chromium, project)
    wait(page, "document.querySelector('assetbuild-overlay')")
    project.edit({"css/a.css": "h1 { color: green }"})
    wait(page, color(GREEN))
    page.settle()
    assert (shown(page), page.console, page.bad) == (None, [], [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_overlay_can_be_read_by_day_and_by_night(
    chromium: Browser, make: Callable[..., Project], scheme: str
) -> None:
    project = make(
        {"css/a.css": "* { color: red !important; font-size: 1px }"}, '<link rel="stylesheet" href="{css/a.css}">{live}'
    )
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    chromium.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        page = visit(chromium, project)
        project.live.send({"type": "failed", "errors": [{"text": ERROR}]})
        wait(page, "document.querySelector('assetbuild-overlay')")
        found = page.script(
            "const root = document.querySelector('assetbuild-overlay').shadowRoot;"
            "const of = (element, name) => getComputedStyle(element)[name];"
            "return Array.from(root.querySelectorAll('main, pre'), one => of(one, 'backgroundColor'))"
            ".concat(Array.from(root.querySelectorAll('h1, pre'), one => of(one, 'color')))"
        )
    finally:
        chromium.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    backgrounds, texts = map(_luminance, found[:2]), list(map(_luminance, found[2:]))
    for background in backgrounds:
        for text in texts:
            light, dark = max(background, text), min(background, text)
            assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2, AA
        assert (background > 0.5) == (scheme == "light")


def _luminance(css_color: str) -> float:
    """As WCAG 2 defines it; what shines through is left out."""
    channels = [int(one) / 255 for one in re.findall(r"\d+", css_color)[:3]]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# The connection


def test_several_tags_and_frames_have_one_connection_each(chromium: Browser, make: Callable[..., Project]) -> None:
    project = make({"css/a.css": "h1 { color: red }"}, '<iframe src="/inner"></iframe>{live}{live}')
    project.pages["/inner"] = '<link rel="stylesheet" href="{css/a.css}"><h1>x</h1>{live}{live}'
    page = visit(chromium, project, listening=2)
    project.edit({"css/a.css": "h1 { color: green }"})
    wait(page, color(GREEN).replace("document", "document.querySelector('iframe').contentDocument"))
    assert len(project.live._server._clients) == 2
    page.settle()
    assert (project.visits, page.console) == (["/", "/inner"], [])
    project.live.send({"type": "reload", "reason": "templates/home.html"})
    until(lambda: len(project.visits) >= 4)
    wait(page, "!window.mark && document.readyState === 'complete'")
    listeners(project.live, 2)


def test_a_page_with_a_wrong_token_hears_nothing_and_gives_up(chromium: Browser, make: Callable[..., Project]) -> None:
    project = make(
        {"css/a.css": "h1 { color: red }"}, HASTE + '<link rel="stylesheet" href="{css/a.css}"><h1>x</h1>{live}'
    )
    project.tag = {"token": "wrong"}
    page = chromium.open(project.url + "/", "pauses.length === 4")
    project.edit({"css/a.css": "h1 { color: green }"})
    time.sleep(0.3)
    page.settle()
    assert page.script("return pauses") == [1000, 2000, 4000, 8000]
    assert len([answer for answer in page.answers if "/events" in answer.url]) == 4
    assert (page.script(f"return {COLOR}"), project.visits) == (RED, ["/"])
    assert not project.live._server._clients


def test_a_server_that_has_gone_is_asked_for_at_growing_intervals(
    chromium: Browser, make: Callable[..., Project]
) -> None:
    project = make({"css/a.css": "h1 { color: red }"}, HASTE + "<h1>x</h1>{live}")
    page = visit(chromium, project)
    project.live.close()
    wait(page, "pauses.length >= 7")
    assert page.script("return pauses.slice(0, 7)") == [1000, 2000, 4000, 8000, 10000, 10000, 10000]
    assert is_marked(page)


def test_a_page_that_sleeps_and_wakes_catches_up(chromium: Browser, make: Callable[..., Project]) -> None:
    project = make({"css/a.css": "h1 { color: red }"}, '<link rel="stylesheet" href="{css/a.css}"><h1>x</h1>{live}')
    project.pages["/other"] = "<h1>x</h1>"
    page = visit(chromium, project)
    page.script("window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    listeners(project.live, 0)
    project.edit({"css/a.css": "h1 { color: blue }"})
    page.script("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    wait(page, color(BLUE))
    # And for real, whether the browser has kept it or not.
    page.script("location = '/other'")
    wait(page, "location.pathname === '/other'")
    listeners(project.live, 0)
    project.edit({"css/a.css": "h1 { color: green }"})
    page.script("history.back()")
    wait(page, f"location.pathname === '/' && {color(GREEN)}")
    page.settle()
    assert page.console == []


def test_a_policy_that_forbids_the_connection_is_told_once(chromium: Browser, make: Callable[..., Project]) -> None:
    project = make({"css/a.css": "h1 { color: red }"}, HASTE + "<h1>x</h1>{live}")
    project.headers["Content-Security-Policy"] = STRICT.format(live="'self'")
    page = chromium.open(project.url + "/")
    time.sleep(0.3)
    page.settle()
    address = f"http://localhost:{project.live.port}"
    text = f'"assetbuild: for live reload, let connect-src of the Content-Security-Policy name {address}"'
    page.settle()
    assert [message for message in page.console if message.level == "WARNING"] == [
        Message("WARNING", "console-api", text)
    ]
    page.settle()
    assert len(page.errors) == 1


# Other pages


def test_a_page_of_another_origin_can_read_nothing_even_with_the_token(
    chromium: Browser, make: Callable[..., Project]
) -> None:
    """By events, by fetch in any mode, as a script, an image, a frame or a document."""
    project = make({"css/a.css": "h1 { color: red }"}, "<h1>x</h1>")
    base = "http://{host}:" + f"{project.live.port}/events?token={project.live.token}&release=x"
    project.pages["/"] = f"""<script>
        window.results = [];
        const base = {json.dumps(base)};
        const note = name => event => results.push(name + " " + event.type);
        const urls = ["127.0.0.1", "localhost", "evil.example"].map(host => base.replace("{{host}}", host));
        const all = urls.flatMap(url => [
          ...["cors", "no-cors"].map(mode => fetch(url, {{ mode, cache: "no-store" }})
            .then(answer => answer.text())
            .then(text => results.push(mode + " " + text), () => results.push(mode + " failed"))),
          ...["script", "img", "link"].map(name => new Promise(done => {{
            const element = document.createElement(name);
            element.onload = element.onerror = event => {{ note(name)(event); done(); }};
            if (name === "link") element.rel = "stylesheet";
            element[name === "link" ? "href" : "src"] = url;
            document.documentElement.append(element);
          }})),
          new Promise(done => {{
            const source = new EventSource(url);
            source.onmessage = source.onopen = note("events");
            source.onerror = event => {{ note("events")(event); source.close(); done(); }};
          }})]);
        Promise.all(all).then(() => {{ window.finished = true; }});
        </script>"""
    page = chromium.open(project.server.url.replace("http://127.0.0.1", "http://evil.example") + "/", "window.finished")
    results = set(page.script("return results"))
    assert results <= {
        "cors failed",
        "no-cors failed",
        "no-cors ",
        "script error",
        "img error",
        "link error",
        "events error",
    }
    assert {"cors failed", "script error", "events error"} <= results
    assert not project.live._server._clients


def test_a_configured_origin_may_listen(chromium: Browser, make: Callable[..., Project]) -> None:
    """As a site under a name of its own on this machine."""
    page_text = '<link rel="stylesheet" href="{css/a.css}"><h1>x</h1>{live}'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Project, "url", property(lambda self: self.server.url.replace("127.0.0.1", "evil.example")))
        project = make({"css/a.css": "h1 { color: red }"}, page_text)
        project.live = Live(origins=[project.url])
        try:
            project.live.send({"type": "built", "release": project.release, "names": {}})
            page = visit(chromium, project)
            project.edit({"css/a.css": "h1 { color: green }"})
            wait(page, color(GREEN))
            page.settle()
            assert (is_marked(page), page.console) == (True, [])
        finally:
            project.live.close()
