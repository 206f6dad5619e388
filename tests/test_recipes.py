"""Each recipe of docs/serving.md and each printed configuration, run by the real server and asked over HTTP."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from assetbuild.build import build
from assetbuild.compress import SUFFIXES, decode
from assetbuild.config import parse_config
from assetbuild.errors import ConfigError, ReleaseError
from assetbuild.recipes import caddy, headers, nginx
from assetbuild.recipes.site import read_site
from assetbuild.runtime.format import quote
from assetbuild.runtime.manifest import Manifest
from tests.conftest import write_files
from tests.support import servers
from tests.support.needs import missing
from tests.support.servers import Answer, Running
from tests.test_cli import run

DOCS = (Path(__file__).parent.parent / "docs/serving.md").read_text("utf-8")
TEN_YEARS = "max-age=315360000, public, immutable"  # WhiteNoise's idea of it
IMMUTABLE, SHORT = "max-age=31536000, public, immutable", "max-age=60, public"
FILLER = "".join(f".c{number} {{ color: #{number:06x} }}\n" for number in range(0, 900, 7))
SCRIPT = "".join(f"console.log({number});\n" for number in range(100))

# `$` and braces mean something to nginx and Caddy, quotes to both and to the shell, `*?[]` to globs, `%41` is not "A".
ODD = """vendor/a b "q" 'r' $uri {path} {$HOME} `tick` ;# *?[x] %41 (é|日本) ~.js"""
FILES: dict[str, str | bytes] = {
    "css/site.css": FILLER,
    "css/odd $uri {path} [x].css": FILLER,
    "js/app.mjs": SCRIPT,
    "js/old.js": SCRIPT,
    "js/old.js.map": '{"version":3,"sources":["old.js"],"names":[],"mappings":"' + "A;" * 300 + '"}',
    "js/common.cjs": SCRIPT,
    "data/a.json": json.dumps(list(range(300))),
    "data/b.wasm": b"\0asm\1\0\0\0" + b"\0" * 400,
    "fonts/a.woff2": b"wOF2" + bytes(range(256)) * 2,
    "fonts/a.woff": b"wOFF" + bytes(range(256)) * 2,
    "img/a.svg": "<svg xmlns='http://www.w3.org/2000/svg'>" + "<g></g>" * 100 + "</svg>",
    "img/a.PNG": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "site.webmanifest": '{"name": "' + "n" * 300 + '"}',
    "tiny.txt": "tiny",
    "LICENSE": "MIT " * 100,
    "pre/lib.0123456789abcdef.js": SCRIPT,
    "vendor/editor.js": SCRIPT,
    "vendor/editor.min.js": SCRIPT,
    "vendor/fake.0123456789abcdef.js": SCRIPT,
    ODD: SCRIPT,
}
TYPES = {
    **dict.fromkeys(("js", "mjs", "cjs"), "text/javascript; charset=utf-8"),
    "css": "text/css; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "json": "application/json",
    "map": "application/json",
    "wasm": "application/wasm",
    "webmanifest": "application/manifest+json",
    "woff2": "font/woff2",
    "woff": "font/woff",
    "svg": "image/svg+xml",
    "png": "image/png",
}
ENCODINGS = {"gzip": "gz", "br": "br", "zstd": "zst"}
ACCEPTED: dict[str | None, set[str]] = {
    None: set(),
    "": set(),
    "identity": set(),
    "gzip": {"gzip"},
    "br": {"br"},
    "zstd": {"zstd"},
    "gzip;q=0": set(),
    "br;q=0.5, gzip": {"br", "gzip"},
    "gzip, deflate, br, zstd": {"gzip", "br", "zstd"},
    "*": {"gzip", "br", "zstd"},
}


class Kind(NamedTuple):
    """A server: how it is started, and what it can do."""

    start: Callable[[Path, Path], AbstractContextManager[Running]]
    encodings: frozenset[str]
    refuses_by_q: bool = True
    knows_one_byte: bool = True
    for_ever: str = IMMUTABLE
    sends_variants_by_name: bool = False


@contextmanager
def our_own(directory: Path, release: Path) -> Iterator[Running]:
    port = servers.free_port()
    arguments = [sys.executable, "-W", "error", "-m", "assetbuild", "serve", str(release), "--port", str(port)]
    with servers.running(arguments, port, directory) as server:
        yield server


@contextmanager
def started_nginx(directory: Path, release: Path) -> Iterator[Running]:
    brotli = servers.has_brotli_modules() or missing("nginx has no brotli modules")
    text = nginx.write(read_site(release, brotli=bool(brotli)))
    with servers.nginx(directory, f"location / {{ return 404; }}\n{text}") as server:
        yield server


@contextmanager
def started_caddy(directory: Path, release: Path) -> Iterator[Running]:
    with servers.caddy(directory, caddy.write(read_site(release)) + "\nrespond 404") as server:
        yield server


def documented(name: str) -> str:
    (found,) = re.findall(rf"```python\n(# {name}\b.*?)```", DOCS, re.DOTALL)
    return str(found)


def wsgi(name: str) -> Callable[[Path, Path], AbstractContextManager[Running]]:
    @contextmanager
    def started(directory: Path, release: Path) -> Iterator[Running]:
        if importlib.util.find_spec(name) is None:
            missing(f"{name} is not installed")
        nothing = (
            "def application(environ, start_response):\n"
            "    start_response('404 Not Found', [('Content-Length', '0')])\n"
            "    return []\n"
        )
        write_files(directory, {"wsgi.py": f"{nothing}\n{documented(name)}"})
        env = {"ASSETBUILD_MANIFEST": str(release / "manifest.json"), "PYTHONWARNINGS": "error"}
        with servers.gunicorn(directory, "wsgi:application", env=env) as server:
            yield server

    return started


KINDS = {
    "serve": Kind(our_own, frozenset(("gzip", "br", "zstd"))),
    "nginx": Kind(started_nginx, frozenset(("gzip", "br")), sends_variants_by_name=True),
    "caddy": Kind(started_caddy, frozenset(("gzip", "br", "zstd")), sends_variants_by_name=True),
    "whitenoise": Kind(
        wsgi("whitenoise"), frozenset(("gzip", "br")), refuses_by_q=False, knows_one_byte=False, for_ever=TEN_YEARS
    ),
    "servestatic": Kind(wsgi("servestatic"), frozenset(("gzip", "br")), for_ever=TEN_YEARS),
}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In a directory whose name is as odd as all servers allow."""
    base = tmp_path_factory.mktemp("it's (a) site; #é")
    write_files(base / "static", FILES)
    table = {
        "stable": ["vendor/**"],
        "prehashed": ["pre/**"],
        "compress": {"br": 5, "gz": 6, "zst": 3},
        "minify": {"js": [], "css": []},
        "references": {"missing": "ignore"},
    }
    return build(parse_config(table, base / "assetbuild.toml")).dir


class Served(NamedTuple):
    server: Running
    kind: Kind
    files: Path
    manifest: Manifest

    @property
    def names(self) -> dict[str, bool]:
        """Every released file: is its name stable?"""
        entries = [(path, self.manifest.entry(path)) for path in self.manifest]
        return {entry.file: False for _, entry in entries} | {path: True for path, entry in entries if entry.stable}

    def get(self, name: str, accept: str | None = None, method: str = "GET", **extra: str) -> Answer:
        given = {key.replace("_", "-"): value for key, value in extra.items()}
        if accept is not None:
            given["Accept-Encoding"] = accept
        return self.server.get(f"/static/{quote(name)}", given, method)

    def variants(self, name: str) -> set[str]:
        return {one for one, key in ENCODINGS.items() if (self.files / (name + SUFFIXES[key])).exists()}


@pytest.fixture(scope="module", params=KINDS)
def served(request: pytest.FixtureRequest, release: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    kind = KINDS[request.param]
    with kind.start(tmp_path_factory.mktemp(request.param), release) as server:
        yield Served(server, kind, release / "files", Manifest.load(release / "manifest.json"))


def test_the_release_has_what_these_tests_are_about(served: Served) -> None:
    assert sum(served.names.values()) == 4
    assert served.names[ODD]
    assert served.names["vendor/fake.0123456789abcdef.js"]
    assert not served.names["pre/lib.0123456789abcdef.js"]
    assert len(served.names) == len(FILES) + 4
    assert served.variants(ODD) == served.variants("pre/lib.0123456789abcdef.js") == {"gzip", "br", "zstd"}


@pytest.mark.parametrize("accept", ACCEPTED)
def test_every_file_comes_as_it_is_in_an_encoding_that_is_accepted(served: Served, accept: str | None) -> None:
    accepted = ACCEPTED[accept]
    if accept == "gzip;q=0" and not served.kind.refuses_by_q:
        accepted = {"gzip"}
    for name in served.names:
        answer = served.get(name, accept)

        encoding = answer.headers.get("content-encoding")
        can = served.variants(name) & served.kind.encodings
        assert answer.status == 200, name
        assert encoding in accepted | {None}, name
        if accept != "*":  # whether that asks for anything is left to the server
            assert (encoding is not None) == bool(can & accepted), name
        content = decode(answer.body, ENCODINGS[encoding]) if encoding else answer.body
        assert content == (served.files / name).read_bytes(), name
        # Caddy sends variants in chunks, without a length.
        assert answer.headers.get("content-length", str(len(answer.body))) == str(len(answer.body)), name
        if can:
            assert answer.headers["vary"] == "Accept-Encoding", name


@pytest.mark.parametrize("accept", [None, "gzip, br"])
def test_every_file_has_its_type_and_the_time_that_it_may_be_kept(served: Served, accept: str | None) -> None:
    for name, stable in served.names.items():
        found = served.get(name, accept).headers

        extension = name.rpartition(".")[2].lower()
        assert found["content-type"].replace('"', "") == TYPES.get(extension, "application/octet-stream"), name
        assert found["cache-control"] == (SHORT if stable else served.kind.for_ever), name


def test_head_says_what_get_says_without_the_bytes(served: Served) -> None:
    told = ("content-type", "content-encoding", "cache-control", "etag", "vary", "last-modified")
    for name in served.names:
        whole, head = (served.get(name, "gzip, br", method) for method in ("GET", "HEAD"))

        assert (head.status, head.body) == (200, b"")
        assert [head.headers.get(one) for one in told] == [whole.headers.get(one) for one in told]
        assert head.headers.get("content-length", str(len(whole.body))) == str(len(whole.body))


@pytest.mark.parametrize(
    ("range_", "part"), [("bytes=2-9", slice(2, 10)), ("bytes=5-", slice(5, None)), ("bytes=-7", slice(-7, None))]
)
def test_a_range_is_a_part_of_what_is_sent(served: Served, range_: str, part: slice) -> None:
    for name in served.names:
        content = (served.files / name).read_bytes()
        if len(content) < 10:
            continue

        answer = served.get(name, Range=range_)

        assert (answer.status, answer.body) == (206, content[part]), name
        assert answer.headers["content-range"].endswith(f"/{len(content)}")


def test_a_range_of_one_byte_is_one_byte_where_the_server_knows_that(served: Served) -> None:
    answer = served.get("vendor/editor.js", Range="bytes=2-2")

    assert (answer.status, answer.body) == ((206, b"n") if served.kind.knows_one_byte else (416, b""))


def test_a_range_past_the_end_is_refused(served: Served) -> None:
    answer = served.get(ODD, Range="bytes=99999999-")

    assert answer.status == 416
    assert answer.headers["content-range"] == f"bytes */{len(SCRIPT)}"


def test_an_etag_that_is_known_already_needs_no_bytes(served: Served) -> None:
    for name in served.names:
        first = served.get(name)
        again = served.get(name, If_None_Match=first.headers["etag"])

        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]


NOT_FOUND = r"""
    / /static /static/ /static/css /static/css/ /static/nothing.css /manifest.json /static/manifest.json
    /static/css/site.css /static/css/site.0000000000000000.css /static//tiny.txt /STATIC/vendor/editor.js
    /static/vendor/EDITOR.js /static/vendor/editor.js/ /static/vendor/editor.js%20
    /static/../manifest.json /static/%2e%2e/manifest.json /static/..%2fmanifest.json /static/%2e%2e%2fmanifest.json
    /static/.%2e/manifest.json /static/css/../../../manifest.json /static/%252e%252e/manifest.json
    /static/..%5cmanifest.json /static/..\manifest.json /static/%c0%ae%c0%ae/manifest.json /static/%00
    /static/vendor/editor.js%00.css /static//etc/passwd /static/%2fetc/passwd /static../manifest.json
    /static/../release.json /static/./../manifest.json //static/../manifest.json /static/%ff
""".split()  # noqa: SIM905 - a list would hide them in quotes


@pytest.mark.parametrize("target", NOT_FOUND)
def test_what_is_no_released_file_is_not_there(served: Served, target: str) -> None:
    answer = served.server.get(target)

    assert answer.status in (404, 400), answer
    assert "immutable" not in answer.headers.get("cache-control", "")
    assert b'"release"' not in answer.body
    assert b"root:" not in answer.body


def test_a_stable_name_spelled_otherwise_is_never_immutable(served: Served) -> None:
    spelled = (
        "vendor/%65ditor.js",
        "vendor//editor.js",
        "./vendor/editor.js",
        "css/../vendor/editor.js",
        "/vendor/editor.js",
    )
    for path in (*spelled, "vendor/editor.js?v=1", "vendor/editor.js?"):
        answer = served.server.get(f"/static/{path}")

        assert answer.status in (200, 404, 308)
        if answer.status == 200:
            assert answer.headers["cache-control"] == SHORT, path


def test_nothing_can_be_written(served: Served) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert served.get(ODD, method=method, Content_Length="0").status in (405, 404)
    assert served.get(ODD).status == 200


def test_a_variant_is_no_file_of_its_own_where_the_server_knows_that(served: Served) -> None:
    answer = served.get(f"{ODD}.br")

    assert answer.status == (200 if served.kind.sends_variants_by_name else 404)


class Rule(NamedTuple):
    pattern: str
    headers: dict[str, str]

    def matches(self, url: str) -> bool:
        """As both hosts read it: `*` stands for anything."""
        return re.fullmatch(re.escape(self.pattern).replace(r"\*", ".*"), url) is not None


def rules(text: str) -> list[Rule]:
    found: list[Rule] = []
    for line in text.splitlines():
        if line.startswith("  "):
            name, _, value = line.strip().partition(": ")
            assert name not in found[-1].headers
            found[-1].headers[name] = value
        elif not line.startswith("#"):
            found.append(Rule(line, {}))
    return found


def test_each_fingerprinted_file_has_one_rule_of_headers_and_no_stable_name_has_one(release: Path) -> None:
    site = read_site(release, cors=True)

    found = rules(headers.write(site))

    assert all(re.fullmatch(r"/[-._~%/0-9A-Za-z]*\*?", rule.pattern) for rule in found)
    for name, stable in site.names.items():
        told = [rule.headers for rule in found if rule.matches(f"/static/{quote(name)}")]
        caching = [rule["Cache-Control"] for rule in told if "Cache-Control" in rule]
        assert caching == ([] if stable else [IMMUTABLE]), name
        assert [rule["Access-Control-Allow-Origin"] for rule in told if "Access-Control-Allow-Origin" in rule] == ["*"]


def built(directory: Path, files: dict[str, str | bytes], **table: object) -> Path:
    write_files(directory / "static", files)
    given = {"minify": {"js": [], "css": []}, "compress": {"br": False, "gz": False}, **table}
    return build(parse_config(given, directory / "assetbuild.toml")).dir


def test_headers_without_stable_names_are_one_rule(tmp_path: Path) -> None:
    directory = built(tmp_path, {"css/a.css": "a{}", "js/a.js": "a()"})

    assert headers.write(read_site(directory)) == (
        f"# Release {directory.name}. Write it anew with each release.\n"
        "/static/*\n"
        "  X-Content-Type-Options: nosniff\n"
        "  Cache-Control: max-age=31536000, public, immutable\n"
    )


def test_headers_of_files_at_the_top_of_a_site_say_nothing_of_its_other_files(tmp_path: Path) -> None:
    directory = built(tmp_path, {"css/a.css": "a{}", "b.js": "b()"}, stable=["b.js"], url_prefix="/")
    site = read_site(directory, cors=True)
    css, script = (Manifest.load(directory / "manifest.json").url(path) for path in ("css/a.css", "b.js"))

    assert headers.write(site) == (
        f"# Release {directory.name}. Write it anew with each release.\n"
        f"{script}\n"
        "  X-Content-Type-Options: nosniff\n"
        "  Access-Control-Allow-Origin: *\n"
        "  Cache-Control: max-age=31536000, public, immutable\n"
        "/b.js\n"
        "  X-Content-Type-Options: nosniff\n"
        "  Access-Control-Allow-Origin: *\n"
        f"{css}\n"
        "  X-Content-Type-Options: nosniff\n"
        "  Access-Control-Allow-Origin: *\n"
        "  Cache-Control: max-age=31536000, public, immutable\n"
    )


def test_headers_say_when_they_are_more_than_one_host_reads(tmp_path: Path) -> None:
    directory = built(tmp_path, {f"{number}.txt": str(number) for number in range(120)}, stable=["7.txt"])

    second = headers.write(read_site(directory)).splitlines()[1]

    assert second == "# 121 rules: Netlify reads all of them, Cloudflare Pages the first 100."


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project's directory with one build."""
    base = tmp_path_factory.mktemp("project")
    write_files(
        base, {"static/a.css": "a { color: red }\n" * 20, "static/b.js": "b()", "assetbuild.toml": 'stable = ["b.js"]'}
    )
    assert run(base, "build", "--no-minify").returncode == 0
    return base


def test_nginx_is_told_the_whole_of_it(output: Path) -> None:
    result = run(
        output, "config", "nginx", "--url-prefix", "/a%20b/%C3%A9/", "--root", '/srv/"x"/', "--cors", "--brotli"
    )

    assert (result.returncode, result.stderr) == (0, "")
    types = re.search(r"    types \{\n(.*?)    \}\n", result.stdout, re.DOTALL)
    assert types
    name = os.readlink(output / "dist/current").partition("/")[2]
    assert result.stdout.replace(types[1], "") == (
        f"# Release {name}. Include this in a server block; write it anew when stable names have changed.\n"
        'location ^~ "/a b/é/" {\n'
        '    alias "/srv/\\"x\\"/";\n'
        "    try_files $uri =404;\n"
        "    gzip_static on;\n"
        "    gzip_vary on;\n"
        "    gzip_proxied any;  # a CDN in front says 'Via', which turns compression off otherwise\n"
        "    brotli_static on;\n"
        "    default_type application/octet-stream;\n"
        "    types {\n"
        "    }\n"
        '    add_header Cache-Control "max-age=31536000, public, immutable";\n'
        '    add_header X-Content-Type-Options "nosniff";\n'
        '    add_header Access-Control-Allow-Origin "*";\n'
        '    location = "/a b/é/b.js" {\n'
        '        add_header Cache-Control "max-age=60, public";\n'
        '        add_header X-Content-Type-Options "nosniff";\n'
        '        add_header Access-Control-Allow-Origin "*";\n'
        "    }\n"
        "}\n"
    )


def test_json_has_the_text_in_one_object(output: Path) -> None:
    found = json.loads(run(output, "config", "_headers", "dist", "--json").stdout)

    text = headers.write(read_site(output / "dist"))
    assert found == {
        "server": "_headers",
        "release": os.readlink(output / "dist/current").partition("/")[2],
        "root": f"{output}/dist/current/files",
        "url_prefix": "/static/",
        "configuration": text,
        "errors": [],
    }


def test_the_root_is_the_path_that_was_named(output: Path) -> None:
    release = (output / "dist/current").resolve()
    places = {
        output / "dist": output / "dist/current",
        output / "dist/current": output / "dist/current",
        release: release,
    }

    assert {named: read_site(named).root for named in places} == {a: f"{b}/files" for a, b in places.items()}


def test_the_next_release_is_served_as_soon_as_the_link_has_moved(output: Path, tmp_path: Path) -> None:
    texts = [run(output, "config", server).stdout for server in ("nginx", "caddy")]
    with servers.nginx(tmp_path, texts[0]) as one, servers.caddy(tmp_path, texts[1]) as other:
        before = Manifest.load(output / "dist/current/manifest.json").url("a.css")
        assert [one.get(before).status, other.get(before).status] == [200, 200]
        write_files(output, {"static/a.css": "a { color: blue }\n" * 20})
        assert run(output, "build", "--no-minify").returncode == 0

        after = Manifest.load(output / "dist/current/manifest.json").url("a.css")

        assert [one.get(after).status, other.get(after).status] == [200, 200]
        assert [one.get(before).status, other.get(before).status] == [404, 404]


@pytest.mark.parametrize(
    ("start", "prefix"),
    [
        *((servers.nginx, prefix) for prefix in ("/", "/a b/é/", "/x/y/", "/it's/(1)+$ \"{}/")),
        *((servers.caddy, prefix) for prefix in ("/", "/x-1/y_2/")),
    ],
)
def test_the_files_are_under_the_prefix_and_nowhere_else(
    start: Callable[..., AbstractContextManager[Running]], prefix: str, tmp_path: Path
) -> None:
    directory = built(tmp_path, {"a.css": "a{}", "b.js": "b()"}, stable=["b.js"], url_prefix="/else/")
    site = read_site(directory, url_prefix=quote(prefix), cors=True)
    recipe = nginx if start is servers.nginx else caddy

    with start(tmp_path, recipe.write(site)) as server:
        for name, stable in site.names.items():
            answer = server.get(quote(prefix + name), {"Origin": "https://example.com"})
            assert answer.status == 200
            assert answer.headers["cache-control"] == (SHORT if stable else IMMUTABLE)
            assert answer.headers["access-control-allow-origin"] == "*"
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert server.get(f"/else/{name}").headers.get("cache-control") is None


def test_nginx_in_front_of_a_cdn_compresses_and_needs_no_brotli_module(release: Path, tmp_path: Path) -> None:
    with servers.nginx(tmp_path, nginx.write(read_site(release))) as server:
        answer = server.get("/static/vendor/editor.js", {"Accept-Encoding": "br, gzip", "Via": "1.1 cdn"})

    assert answer.headers["content-encoding"] == "gzip"


def test_hundreds_of_stable_names_are_no_burden(tmp_path: Path) -> None:
    directory = built(
        tmp_path, {f"editor/plugins/plugin{number}/index.js": "" for number in range(400)}, stable=["editor/"]
    )
    site = read_site(directory)

    for start, recipe in ((servers.nginx, nginx), (servers.caddy, caddy)):
        with start(tmp_path, recipe.write(site)) as server:
            for name in site.stable[::80]:
                assert server.get(f"/static/{name}").headers["cache-control"] == SHORT
            assert server.get("/static/editor/plugins/plugin400/index.js").status == 404


@pytest.mark.parametrize(
    ("recipe", "given", "message"),
    [
        (
            nginx,
            {"root": "/srv/$x"},
            "'/srv/$x' cannot be written for nginx: it holds '$'\n  fix: give another place by --root",
        ),
        (
            nginx,
            {"root": "/srv/\n}"},
            "'/srv/\\n}' cannot be written for nginx: it holds '\\n'\n  fix: give another place by --root",
        ),
        (
            caddy,
            {"root": "/srv/{env.X}"},
            "'/srv/{env.X}' cannot be written for Caddy: it holds '{'\n  fix: give another place by --root",
        ),
        (
            caddy,
            {"url_prefix": "/a%2Ab/"},
            "'/a*b/' cannot be written for Caddy: it holds '*'\n  fix: give another place by --url-prefix",
        ),
        (
            headers,
            {"url_prefix": "https://cdn.example/static/"},
            "'https://cdn.example/static/' is not the path of a URL\n"
            "  fix: give a path such as '/static/' by --url-prefix",
        ),
        (
            headers,
            {"url_prefix": "//cdn/"},
            "'//cdn/' is not the path of a URL\n  fix: give a path such as '/static/' by --url-prefix",
        ),
        (
            headers,
            {"url_prefix": "static"},
            "'static' is not the path of a URL\n  fix: give a path such as '/static/' by --url-prefix",
        ),
        (
            headers,
            {"url_prefix": "/a b/"},
            "'/a b/' is not the path of a URL: it holds ' '\n"
            "  fix: percent-encode it, or give a path such as '/static/' by --url-prefix",
        ),
    ],
)
def test_what_a_server_cannot_be_told_is_refused(
    release: Path, recipe: Any, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        recipe.write(read_site(release, **given))

    assert str(caught.value) == message


@pytest.mark.parametrize("bad", ["\x85", "\u202e", "\u2028", "\udc80"])
@pytest.mark.parametrize("recipe", [nginx, caddy])
def test_a_stable_name_that_cannot_be_printed_is_refused(release: Path, recipe: Any, bad: str) -> None:
    site = read_site(release)._replace(names={f"a{bad}.js": True, f"b{bad}.js": False})

    with pytest.raises(ConfigError) as caught:
        recipe.write(site)

    name = {nginx: "nginx", caddy: "Caddy"}[recipe]
    assert str(caught.value) == (
        f"the stable name {f'a{bad}.js'!r} cannot be written for {name}: it holds {bad!r}\n"
        "  fix: rename the file, or leave it out of 'stable'"
    )


def test_an_asset_that_would_be_taken_for_a_variant_is_told(tmp_path: Path) -> None:
    directory = built(tmp_path, {"v/a.js": "a()", "v/a.js.gz": b"other"}, stable=["v/"])

    with pytest.raises(ConfigError) as caught:
        nginx.write(read_site(directory))

    assert str(caught.value) == (
        "nginx would send 'v/a.js.gz', an asset of its own, as the compressed form of 'v/a.js'\n"
        '  fix: leave such files out: exclude = ["*.gz"]'
    )


def test_a_broken_manifest_is_told(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")

    with pytest.raises(ReleaseError) as caught:
        read_site(tmp_path)

    assert str(caught.value) == (
        f"{tmp_path}/manifest.json: the manifest has no 'version'; this assetbuild reads version 1\n"
        "  fix: install the assetbuild that made the release, or build it again with this one"
    )


def test_the_files_of_older_releases_stay_without_their_stable_names(tmp_path: Path) -> None:
    """`b.js` gets smaller: the variants that it had must not be sent for it any longer."""
    large, small = "b();" * 100, "c()"
    table = {"stable": ["b.js"], "compress": {"gz": 6, "br": False}}
    first = built(tmp_path, {"a.css": "a{}", "b.js": large, "gone.js": "1"}, **table)
    (tmp_path / "static/gone.js").unlink()
    second = built(tmp_path, {"a.css": "b{}", "b.js": small}, **table)
    (tmp_path / "keep.py").write_text(documented("keep"))
    shared = tmp_path / "shared"

    def keep(*releases: Path) -> dict[str, bytes]:
        subprocess.run([sys.executable, "keep.py", str(shared), *map(str, releases)], cwd=tmp_path, check=True)
        return {str(file.relative_to(shared)): file.read_bytes() for file in shared.rglob("*") if file.is_file()}

    def files(directory: Path) -> dict[str, bytes]:
        top = directory / "files"
        return {str(file.relative_to(top)): file.read_bytes() for file in top.rglob("*") if file.is_file()}

    assert keep(first) == files(first)
    both = keep(second, first)
    assert both == {name: data for name, data in files(first).items() if not name.startswith("b.js")} | files(second)
    assert (shared / "b.js").stat().st_mtime == (second / "files/b.js").stat().st_mtime
    assert "b.js.gz" in files(first)
    assert "b.js.gz" not in both
    assert keep(second) == files(second)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nginx", "--root", "srv/files"), "'srv/files' is not an absolute path\n  fix: give one by --root"),
        (("caddy", "--root", ""), "'' is not an absolute path\n  fix: give one by --root"),
        (
            ("caddy", "--brotli"),
            "--brotli is for nginx alone\n  fix: leave it out: Caddy sends '.br' files without a module",
        ),
        (
            ("_headers", "--brotli"),
            "--brotli is for nginx alone\n  fix: leave it out: these hosts compress by themselves",
        ),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(output: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run(output, "config", *arguments)

    assert (result.returncode, result.stdout, result.stderr) == (2, "", message + "\n")


def test_a_failure_has_the_keys_of_a_success(output: Path) -> None:
    good, bad = (
        json.loads(run(output, "config", "nginx", "--json", *more).stdout) for more in ((), ("--root", "relative"))
    )

    assert bad["errors"]
    assert {**bad, "errors": []} == {**dict.fromkeys(good), "server": "nginx", "errors": []}
    assert list(bad) == list(good)
