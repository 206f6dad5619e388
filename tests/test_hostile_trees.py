"""Source trees that somebody means harm with, through the command itself: each is released right, or is an error.

Never a traceback, never a hang; nothing is written outside the output, the cache and the temporary directory, and
nothing is read outside the roots, the configuration and what is installed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest

from assetbuild.runtime.manifest import Manifest
from tests.conftest import write_files
from tests.support import terminal
from tests.support.needs import missing
from tests.test_discover import give_up_root_rights, holds_for_us

PLAIN = "[compress]\nbr = false\ngz = false\n"
HERE = Path(__file__).parent.parent
SECONDS = 60  # on a busy machine; what hangs, hangs for ever


class Done(NamedTuple):
    status: int
    said: str
    result: dict[str, Any]

    @property
    def messages(self) -> list[str]:
        return [f"{one['file']}: {one['message']}" for one in self.result["errors"]]


def assetbuild(base: Path, *arguments: str, before: Sequence[str] = (), **options: Any) -> Done:
    """`assetbuild ... --json` in `base`. Never a traceback, and one JSON object."""
    command = [*before, sys.executable, "-m", "assetbuild", *arguments, "--json"]
    environment = {**os.environ, "PYTHONPATH": str(HERE), "ASSETBUILD_CACHE_DIR": str(base.parent / "cache")}
    options = {"env": environment, "timeout": SECONDS, "stdin": subprocess.DEVNULL, **options}
    done = subprocess.run(command, cwd=base, capture_output=True, **options)
    said = done.stderr.decode(errors="replace")
    assert "Traceback" not in said, said
    return Done(done.returncode, said, json.loads(done.stdout))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    directory = tmp_path / "site"
    (directory / "static").mkdir(parents=True)
    return directory


def configure(base: Path, text: str = "") -> None:
    (base / "assetbuild.toml").write_text(text + PLAIN)


def make(base: Path, files: Mapping[str, str | bytes], text: str = "") -> None:
    configure(base, text)
    write_files(base, files)


def link(file: Path, target: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.symlink_to(target)


def released(base: Path) -> dict[str, Path]:
    """The released file of each logical path, all of it verified by sha256sum, as well as by us."""
    release = base / "dist" / "current"
    assert assetbuild(base, "verify").status == 0
    sums = subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=release, capture_output=True, text=True)
    assert (sums.stdout, sums.stderr, sums.returncode) == ("", "", 0)
    manifest = Manifest.load(release / "manifest.json")
    files = {path: release / "files" / unquote(manifest.url(path).removeprefix("/static/")) for path in manifest}
    on_disk = {file for file in (release / "files").rglob("*") if file.is_file()}
    assert on_disk == {*files.values()}
    return files


# -- names -------------------------------------------------------------------------------------------------------------

NAMES = [
    "a b.css",
    "a'b.css",
    'a"b.css',
    "100%.css",
    "a%20b.css",
    "a%2e%2e%2fb.css",
    "a#b.css",
    "a?b.css",
    "emoji\U0001f600.css",
    unicodedata.normalize("NFD", "\u00e9t\u00e9.css"),
    "\u202egnp.css",
    "a\u2028b.css",
    "a\u00a0b.css",
    "\ufeffz.css",
    "CON",
    "aux.css",
    "NUL.txt",
    "COM1.js",
    "dot.",
    "space ",
    " lead.css",
    "c;d.css",
    "e&f.css",
    "<g>.css",
    "$(h).css",
    "`i`.css",
    "j|k.css",
    "-rf",
    "--help",
    "*",
    "[x].css",
    "{y}.css",
    "a.css.gz",
    "1.br",
    "...",
    "x..y",
    "LICENSE",
    "current",
    "manifest.json",
    "a.0123456789abcdef.css",
    "\u00e9" * 116 + ".x",
]


def test_hostile_names_are_released_whole_and_found_by_their_urls(base: Path) -> None:
    never = {"..."}  # dotfiles
    make(base, {f"static/{name}": f"/*{at}*/" for at, name in enumerate(NAMES)}, "[minify]\ncss=[]\njs=[]\n")
    done = assetbuild(base, "build")
    assert (done.status, done.said) == (0, "")
    files = released(base)
    assert files.keys() == {*NAMES} - never
    assert {path: file.read_text() for path, file in files.items()} == {
        name: f"/*{at}*/" for at, name in enumerate(NAMES) if name not in never
    }
    for url in map(Manifest.load(base / "dist/current/manifest.json").url, files):
        assert re.fullmatch(r"/static/[A-Za-z0-9._~%-]+", url)


def test_references_find_hostile_names_however_they_are_written(base: Path) -> None:
    urls = {
        "a b.png": ["a b.png", "a%20b.png", "a\\20 b.png"],
        "c#d.png": ["c%23d.png"],
        "e?f.png": ["e%3Ff.png", "e%3ff.png?v=1#x"],
        "g%20h.png": ["g%2520h.png"],
        "i'j.png": ["i%27j.png", "i\\'j.png"],
        "k\U0001f600.png": ["k\U0001f600.png", "k%F0%9F%98%80.png", "k\\1f600.png"],
    }
    lines = [f'a{{b:url("{url}")}}' for each in urls.values() for url in each]
    make(base, {"static/a.css": "\n".join(lines), **{f"static/{name}": name for name in urls}}, "[minify]\ncss=[]\n")
    done = assetbuild(base, "build")
    assert (done.status, done.said) == (0, "")
    files = released(base)
    found = re.findall(r'url\("?([^")?#]*)', files["a.css"].read_text())
    assert [unquote(url) for url in found] == [files[name].name for name, each in urls.items() for _ in each]


# -- files -------------------------------------------------------------------------------------------------------------


def test_all_that_cannot_be_released_is_told_at_once_and_nothing_is_written(base: Path) -> None:
    static = base / "static"
    make(base, {"outside.css": "x", "static/ok.css": "", "static/Twin.css": "", "static/tWIN.css": ""})
    write_files(static, {"a\nb.css": "", "a\\b.css": "", "javascript:alert(1)/x.js": "", "x" * 235: "", "d/e": ""})
    write_files(static, {unicodedata.normalize(form, "é.css"): "" for form in ("NFC", "NFD")})
    Path(os.fsdecode(os.fsencode(static) + b"/bad\xff.css")).touch()
    os.mkfifo(static / "pipe.css")
    here = os.getcwd()
    os.chdir(static)  # the path of a socket may have 108 bytes
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind("socket.css")
    finally:
        os.chdir(here)
    for name, target in {
        "absolute.css": "/etc/hostname",
        "broken.css": "nowhere",
        "device.css": "/dev/zero",
        "loop.css": "loop.css",
        "ping.css": "pong.css",
        "pong.css": "ping.css",
        "out.css": "../outside.css",
        "up": "../..",
    }.items():
        link(static / name, target)
    link(static / "d" / "here", ".")  # a loop of directories, which ends by itself
    done = assetbuild(base, "build")
    assert done.status == 1
    assert sorted(done.messages) == sorted(
        [
            "static/absolute.css: is a link to '/etc/hostname', outside its source root",
            "static/a\\x0ab.css: has a backslash or a control character in its name, which no URL can carry",
            "static/a\\b.css: has a backslash or a control character in its name, which no URL can carry",
            "static/bad\\xff.css: has a name that is not UTF-8",
            "static/broken.css: is a link to 'nowhere', which does not exist",
            "static/device.css: is a link to '/dev/zero', outside its source root",
            "static/javascript:alert(1)/x.js: has a path that starts like a URL, with 'javascript:'",
            "static/loop.css: is a link to 'loop.css', which does not exist",
            "static/out.css: is a link to '../outside.css', outside its source root",
            "static/ping.css: is a link to 'pong.css', which does not exist",
            "static/pipe.css: is neither a file nor a directory",
            "static/pong.css: is a link to 'ping.css', which does not exist",
            "static/socket.css: is neither a file nor a directory",
            "static/tWIN.css: 'Twin.css' and 'tWIN.css' are one name where case or Unicode form is ignored",
            "static/up: is a link to '../..', outside its source root",
            f"static/{'x' * 235}: has a name of 235 bytes; with its fingerprint it would not fit into 255",
            "static/\u00e9.css: 'e\u0301.css' and '\u00e9.css' are one name where case or Unicode form is ignored",
        ]
    )
    assert not (base / "dist").exists()


def test_links_that_multiply_directories_without_end_are_one_error(base: Path) -> None:
    make(base, {"static/d30/x.css": ""})
    for at in range(30):
        for name in "ab":
            link(base / f"static/d{at}/{name}", f"../d{at + 1}")
    done = assetbuild(base, "build")
    assert (done.status, len(done.messages)) == (1, 1)
    assert done.messages[0].endswith("is reached by links that lead to directories more than 10,000 times over")


def test_a_directory_may_be_linked_a_hundred_times(base: Path) -> None:
    make(base, {"static/shared/fonts/a.txt": "a"})
    for at in range(100):
        link(base / f"static/themes/{at}/fonts", "../../shared/fonts")
    assert assetbuild(base, "build").status == 0
    assert len(released(base)) == 101


def test_a_hundred_directories_deep_is_fine_and_what_no_path_can_name_is_an_error(base: Path) -> None:
    make(base, {"static/" + "d/" * 100 + "x.css": "a{b:url(" + "../" * 100 + "y.png)}", "static/y.png": "y"})
    assert assetbuild(base, "build").status == 0
    assert {*released(base)} == {"d/" * 100 + "x.css", "y.png"}
    here = os.getcwd()
    os.chdir(base / "static")
    try:
        for _ in range(30):
            os.mkdir("n" * 200)
            os.chdir("n" * 200)
    finally:
        os.chdir(here)
    done = assetbuild(base, "build")
    shutil.rmtree(base / "static")  # or nobody could, by its path
    assert (done.status, len(done.messages)) == (1, 1)
    assert done.messages[0].endswith(": cannot be read: file name too long")


def test_empty_files_of_every_kind_are_released_empty(base: Path) -> None:
    names = [f"a.{kind}" for kind in ("css", "js", "mjs", "svg", "webmanifest", "map", "json", "png", "html", "gz")]
    make(base, {f"static/{name}": b"" for name in names}, 'bundles = "bundles.yaml"\n')
    write_files(base, {"bundles.yaml": "app: {output: b.js, contents: a.js}\n"})
    done = assetbuild(base, "build", "--no-compress")
    assert done.status == 0
    assert {path: file.stat().st_size for path, file in released(base).items()} == dict.fromkeys(
        {*names, "b.js"} - {"a.js"}, 0
    )


@pytest.mark.parametrize("kind", ["css", "js", "svg"])
def test_a_file_of_four_gigabytes_that_would_be_read_whole_is_an_error(base: Path, kind: str) -> None:
    configure(base)
    with (base / f"static/big.{kind}").open("wb") as stream:
        stream.truncate(4 << 30)  # sparse: it takes no space
    done = assetbuild(base, "build")
    assert (done.status, done.messages) == (
        1,
        [f"static/big.{kind}: has 4,294,967,296 bytes, and what is looked into may have 268,435,456"],
    )


def test_files_that_change_vanish_and_come_back_while_they_are_read(base: Path) -> None:
    """A release of then and now is never made: it is right, or it is an error."""
    names = [f"{at}.{kind}" for at in range(25) for kind in ("css", "js", "png")]
    make(base, {f"static/d{at % 4}/{name}": "/* 0 */" for at, name in enumerate(names)})
    (base / "static/a.css").write_text("".join(f"a{{b:url(d{at % 4}/{name})}}" for at, name in enumerate(names)))
    stop = threading.Event()

    def meddle() -> None:
        at = 0
        while not stop.is_set():
            at += 1
            file = base / "static" / f"d{at % 4}" / names[at % len(names)]
            if at % 3 == 0:
                file.unlink(missing_ok=True)
            elif at % 7 == 0 and file.parent.is_dir():
                shutil.rmtree(file.parent)
            else:
                write_files(file.parent, {file.name: f"/* {at} */" * (at % 50)})
            time.sleep(0.0005)

    thread = threading.Thread(target=meddle)
    thread.start()
    try:
        outcomes = [assetbuild(base, "build", *flags) for flags in ((), ("--jobs", "1"))]
    finally:
        stop.set()
        thread.join()
    for done in outcomes:
        assert done.status in (0, 1)
        for message in done.messages:
            assert re.search(
                r": (cannot be read: no such file or directory|changed while it was being built"
                r"|url\(\S+\) names '\S+', which is in no source root)\Z",
                message,
            ), message
    shutil.rmtree(base / "static")
    make(base, {"static/a.css": ""})
    assert assetbuild(base, "build").status == 0
    assert {*released(base)} == {"a.css"}


@pytest.mark.parametrize(
    ("closed", "status", "message"),
    [
        ("static/a.css", 1, "static/a.css: cannot be read: permission denied"),
        ("static/a.png", 1, "static/a.png: cannot be read: permission denied"),
        ("assetbuild.toml", 2, "assetbuild.toml: cannot be read: permission denied"),
        ("bundles.yaml", 2, "bundles.yaml: cannot be read: permission denied"),
    ],
)
def test_what_must_not_be_read_is_told_by_name(base: Path, closed: str, status: int, message: str) -> None:
    make(base, {"static/a.css": "a{}", "static/a.png": "p"}, 'bundles = "bundles.yaml"\n')
    write_files(base, {"bundles.yaml": "app: {output: b.css, contents: a.css}\n"})
    (base / "locked").mkdir(mode=0)
    if not holds_for_us(base / "locked"):
        missing("modes do not hold here: neither an ordinary user nor able to give up root's rights")
    (base / closed).chmod(0)
    done = assetbuild(base, "build", preexec_fn=give_up_root_rights)
    assert (done.status, [one.rpartition("/site/")[2] for one in done.messages]) == (status, [message])


# -- secrets -----------------------------------------------------------------------------------------------------------

SECRETS = [
    ".env",
    ".env.production",
    "prod.env",
    ".git/config",
    ".git/HEAD",
    ".svn/entries",
    ".hg/hgrc",
    ".npmrc",
    ".netrc",
    ".htpasswd",
    ".aws/credentials",
    ".ssh/id_ed25519",
    ".DS_Store",
    "id_rsa",
    "id_rsa.pub",
    "ID_ECDSA.OLD",
    "server.key",
    "SERVER.PEM",
    "site.p12",
    "site.pfx",
    "app.p8",
    "vault.kdbx",
    "putty.ppk",
    "app.jks",
    "settings.py",
    "settings.pyc",
    "__pycache__/settings.cpython-311.pyc",
    "app.js~",
    "app.js.orig",
    "#app.js#",
]


@pytest.mark.parametrize(
    "text",
    [
        'exclude = []\nstable = ["**"]\nstandalone = ["**", "**/.*", ".git/**"]\n',
        'prehashed = ["**"]\n',
        'roots = [{path = "static", outside_links = true}, {path = "static", prefix = "v"}]\n',
    ],
)
def test_secrets_are_released_under_no_setting(base: Path, text: str) -> None:
    make(base, {f"static/sub/{name}": "SECRET" for name in SECRETS}, text)
    write_files(base / "static", {**dict.fromkeys(SECRETS, "SECRET"), "a.css": "", ".well-known/security.txt": "ok"})
    assert assetbuild(base, "build").status == 0
    files = released_anyhow(base)
    assert {name for name in files if "v/" not in name} >= {"a.css", ".well-known/security.txt"}
    assert [path for path, content in files.items() if b"SECRET" in content] == []


def released_anyhow(base: Path) -> dict[str, bytes]:
    release = base / "dist" / "current"
    manifest = Manifest.load(release / "manifest.json")
    return {path: (release / "files" / manifest.entry(path).file).read_bytes() for path in manifest}


def test_no_link_gives_a_secret_another_name(base: Path) -> None:
    text = 'roots = [{path = "static", outside_links = true}]\n'
    make(
        base, {"static/a.css": "", **{f"{name}": "SECRET" for name in SECRETS}, "static/in/server.key": "SECRET"}, text
    )
    write_files(base, {".git/annex/objects/aa/SHA256E-s1--1.png": "annexed", "elsewhere/b.css": ""})
    link(base / "static/env.txt", "../.env")
    link(base / "static/chain.txt", "env.txt")
    link(base / "static/key.txt", "in/server.key")
    link(base / "static/history", "../.git")
    link(base / "static/head.txt", "../.git/HEAD")
    link(base / "static/settings.txt", "../settings.py")
    link(base / "static/annexed.png", "../.git/annex/objects/aa/SHA256E-s1--1.png")
    link(base / "static/b", "../elsewhere")
    done = assetbuild(base, "build")
    assert (done.status, done.messages) == (
        1,
        [
            "static/chain.txt: is a link to 'env.txt', which is never released, by whatever name",
            "static/env.txt: is a link to '../.env', which is never released, by whatever name",
            "static/head.txt: is a link to '../.git/HEAD', which is never released, by whatever name",
            "static/history: is a link to '../.git', which is never released, by whatever name",
            "static/key.txt: is a link to 'in/server.key', which is never released, by whatever name",
            "static/settings.txt: is a link to '../settings.py', which is never released, by whatever name",
        ],
    )
    configure(base, text + 'exclude = ["*.txt", "history"]\n')
    assert assetbuild(base, "build").status == 0
    assert {*released(base)} == {"a.css", "annexed.png", "b/b.css"}


@pytest.mark.parametrize("root", [".git", ".git/hooks", "x/../.git", "linked", ".ssh"])
def test_no_root_is_in_a_directory_of_histories_or_keys(base: Path, root: str) -> None:
    make(base, {".git/hooks/a.txt": "", ".ssh/a.txt": "", "x/y": ""}, f'roots = ["{root}"]\n')
    link(base / "linked", ".git/hooks")
    done = assetbuild(base, "build")
    private = ".ssh" if root == ".ssh" else ".git"
    assert (done.status, done.messages) == (
        2,
        [f"assetbuild.toml: the root '{root}' is in a directory '{private}', of which nothing is ever released"],
    )


def test_a_reference_to_a_secret_is_one_to_nothing(base: Path) -> None:
    make(base, {"static/a.css": "a{b:url(.env)} c{d:url(.git/config)}", "static/.env": "S", "static/.git/config": "S"})
    done = assetbuild(base, "build")
    assert (done.status, done.messages) == (
        1,
        [
            "a.css: url(.env) names '.env', which is in no source root",
            "a.css: url(.git/config) names '.git/config', which is in no source root",
        ],
    )


# -- references --------------------------------------------------------------------------------------------------------

ABOVE = "which is above every source root"
NOWHERE = "which is in no source root"
REFERENCES = {
    "url(../../../../etc/passwd)": f"names '../../../../etc/passwd', {ABOVE}",
    "url(%2e%2e/%2E%2e/etc/passwd)": f"names '%2e%2e/%2E%2e/etc/passwd', {ABOVE}",
    "url(..%2f..%2fetc%2fpasswd)": f"names '..%2f..%2fetc%2fpasswd', {ABOVE}",
    "url(..%5c..%5cx)": f"names '..\\..\\x', {NOWHERE}",  # to browsers an escaped backslash is a character of a name
    "url(%2fetc%2fpasswd)": f"names 'etc/passwd', {NOWHERE}",
    "url(a%00b.png)": f"names 'a\0b.png', {NOWHERE}",
    "url(%ff%fe.png)": f"names '\udcff\udcfe.png', {NOWHERE}",
    "url(..\\2f ..\\2f secret.txt)": f"names '../../secret.txt', {ABOVE}",
    "url(\\.\\./secret.txt)": f"names '../secret.txt', {ABOVE}",
}
LEFT_ALONE = [
    "url(file:///etc/passwd)",
    "url(FILE:/etc/passwd)",
    "url(//host/x.png)",
    "url('\\\\\\\\host\\\\x.png')",
    "url(http:x.png)",
    "url(javascript:alert\\(1\\))",
    "url(/etc/passwd)",
    "url(/static/../../etc/passwd)",
    "url(/static/..%2f..%2f.env)",
    "url(/x/../static/../secret.txt)",
    "url(#/../../etc/passwd)",
    "url(?../../etc/passwd)",
]


def test_what_names_another_place_is_left_as_written_and_what_leaves_the_roots_is_an_error(base: Path) -> None:
    make(base, {"secret.txt": "SECRET"})
    lines = [f"a{{b:{url}}}" for url in (*REFERENCES, *LEFT_ALONE)]
    write_files(base / "static", {"a.css": "\n".join(lines)})
    done = assetbuild(base, "build")
    assert (done.status, done.messages) == (1, [f"a.css: {url} {what}" for url, what in REFERENCES.items()])
    content = "\n".join(f"a{{b:{url}}}" for url in LEFT_ALONE)
    write_files(base / "static", {"a.css": content})
    configure(base, "[minify]\ncss = []\n")
    assert assetbuild(base, "build").status == 0
    assert {path: file.read_text() for path, file in released(base).items()} == {"a.css": content}


@pytest.mark.parametrize("length", [300, 5000, 100_000])
def test_a_url_longer_than_any_path_is_one_to_nothing(base: Path, length: int) -> None:
    make(base, {"static/a.css": f"a{{b:url({'x' * length}.png)}}"})
    done = assetbuild(base, "build")
    assert (done.status, len(done.messages)) == (1, 1)
    assert done.messages[0].endswith(".png', which is in no source root")


@pytest.mark.parametrize(
    "content",
    ['import "./\x1b]0;owned\x07x.js"', 'import "./\\x1b[2Jx.js"', 'import "./\x9b2Jx.js"'],
)
def test_no_message_commands_the_terminal(base: Path, content: str) -> None:
    make(base, {"static/a.js": content})
    shown = on_a_terminal(base)
    assert b"names" in shown
    left = re.sub(rb"\x1b\[(?:0|[39][0-9])m", b"", shown)  # our own colours
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]", left), left


def on_a_terminal(base: Path) -> bytes:
    command = [sys.executable, "-m", "assetbuild", "build", "--quiet"]  # without bars
    return terminal.on_a_terminal(command, base, {**os.environ, "PYTHONPATH": str(HERE)})[1]


# -- the file system ---------------------------------------------------------------------------------------------------

_CALL = re.compile(r"^(?:\[pid +\d+\] |\d+ +)?(\w+)\((.*)\) += (-?\d+)(.*)$")
_WRITES = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC")
_CHANGES = (
    *("mkdir", "rmdir", "unlink", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"),
    *("chmod", "fchmodat", "chown", "utimensat", "truncate", "mkdirat", "unlinkat", "mknod", "mknodat"),
)


def test_nothing_is_written_or_read_where_it_must_not_be(base: Path, tmp_path: Path) -> None:
    """Of a tree that names files outside of it in every way it can."""
    if not shutil.which("strace"):
        missing("strace is not installed")
    outside = tmp_path / "outside"
    write_files(outside, {"secret.txt": "SECRET", "secret.css": "SECRET", "lib/x.css": "SECRET"})
    steps = "../" * 12
    make(
        base,
        {
            "static/a.css": "".join(
                f"@import '{url}';"
                for url in (f"{steps}{outside}/secret.css", f"file://{outside}/secret.css", f"%2e%2e/..{outside}/x.css")
            ),
            "static/b.js": f"import '{steps}{outside}/secret.js'; new URL('{outside}/x', import.meta.url)",
            "static/c.svg": f'<!DOCTYPE svg [<!ENTITY e SYSTEM "file://{outside}/secret.txt">]>'
            f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{steps}{outside}/x.png"/>&e;</svg>',
            "static/d.css": "a{}\n/*# sourceMappingURL=../../outside/secret.txt */",
            "static/e.js": "var a = 1;\n//# sourceMappingURL=e.js.map",
            "static/e.js.map": json.dumps({"version": 3, "sources": [f"{outside}/secret.txt"], "mappings": "AAAA"}),
            "bundles.yaml": "app: {output: app.css, contents: f.css}\n",
            "static/f.css": f"@import '{outside}/secret.css'; a{{b:url(c.svg)}}",
        },
        'bundles = "bundles.yaml"\n[references]\nmissing = "warn"\n',
    )
    trace = tmp_path / "trace"
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(HERE), "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["ASSETBUILD_CACHE_DIR"] = str(tmp_path / "cache")
    strace = ["strace", "-f", "-qq", "-e", "trace=%file,openat,open,openat2", "-s", "4096", "-o", str(trace)]
    done = assetbuild(base, "build", before=strace, env=environment)
    assert done.status == 0, done.messages
    written, read, looked = calls(trace.read_text(errors="surrogateescape"), str(base))
    allowed = [str(base / "dist"), str(tmp_path / "cache"), str(temporary), "/dev/null"]
    assert [file for file in written if not below(file, allowed)] == []
    installed = [sys.prefix, sys.base_prefix, str(HERE), "/usr", "/lib", "/lib64", "/proc/self", "/dev", "/etc/ld.so"]
    installed += [os.path.realpath(sys.prefix), os.path.realpath(sys.executable), "/sys/fs/cgroup", "/proc"]
    ours = [str(base / "static"), str(base / "assetbuild.toml"), str(base / "bundles.yaml"), *allowed]
    elsewhere = [file for file in read if not below(file, [*ours, *installed]) and not is_a_lookup(file, base)]
    assert elsewhere == []
    assert [file for file in (*written, *read, *looked) if "outside" in file or "passwd" in file] == []
    assert "SECRET" not in "".join(map(str, released_anyhow(base).values()))


def calls(trace: str, cwd: str) -> tuple[list[str], list[str], list[str]]:
    """The paths that calls wrote, opened to read, and asked about."""
    written, read, looked = set(), set(), set()
    for line in trace.splitlines():
        match = _CALL.match(line)
        if not match or int(match[3]) < 0:
            continue
        name, arguments = match[1], match[2]
        paths = [os.path.normpath(os.path.join(cwd, path)) for path in re.findall(r'"((?:[^"\\]|\\.)*)"', arguments)]
        if name in ("open", "openat", "openat2"):
            (written if any(flag in arguments for flag in _WRITES) else read).update(paths[:1])
        elif name in _CHANGES:
            written.update(paths[1:] if name.startswith("symlink") else paths)
        elif name not in ("execve", "readlink", "getcwd"):
            looked.update(paths[:1])
    return sorted(written), sorted(read), sorted(looked)


def below(file: str, directories: Sequence[str]) -> bool:
    return any(file == one or file.startswith((one.rstrip("/") + "/", one + ".")) for one in directories)


def is_a_lookup(file: str, base: Path) -> bool:
    """A directory on the way to what is ours, or the system's own."""
    return os.path.isdir(file) or file in ("/etc/localtime", "/etc/mime.types") or not os.path.exists(file)
