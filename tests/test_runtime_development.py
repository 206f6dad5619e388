"""Following a watch: its manifest while its lock is held, plain URLs while it is not, and which files may be served."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assetbuild.runtime import Manifest, ManifestError, MissingAsset, PlainUrls, Tags, watched
from assetbuild.runtime.development import Development
from assetbuild.runtime.livetags import CLIENT_FILE
from assetbuild.runtime.manifest import canonical
from tests.conftest import write_files
from tests.support.threads import over_and_over
from tests.support.watching import Watch, integrity, released

pytest_plugins = ["tests.support.runtime_fixtures"]
pytestmark = pytest.mark.usefixtures("no_environment")

CSS, APP = "a { color: red }\n", "console.log(1);\n"
FILES = {"css/site.css": CSS, "js/app.js": APP}
CLIENT = Path(CLIENT_FILE)


@pytest.fixture
def watch(tmp_path):
    made = Watch(tmp_path / ".assetbuild").start()
    yield made
    made.stop()


@pytest.fixture
def assets(watch):
    return Development(watch.directory)


def url(assets, path="css/site.css"):
    assets.refresh()
    return assets.url(path)


def eventually(found, expected):
    deadline = time.monotonic() + 10
    while (last := found()) != expected and time.monotonic() < deadline:
        time.sleep(0.005)
    assert last == expected


# Which manifest


def test_each_build_of_the_watch_is_seen_without_a_restart(watch, assets):
    assert url(assets) == "/static/css/site.css"
    for text in (CSS, "a { color: blue }\n", CSS):
        names = watch.build(FILES | {"css/site.css": text})
        assert url(assets) == f"/static/{names['css/site.css']}"
        assert isinstance(assets.current(), Manifest)


def test_a_build_is_seen_soon_by_one_who_never_says_that_a_page_begins(watch, assets):
    assert assets.url("css/site.css") == "/static/css/site.css"
    names = watch.build(FILES)
    eventually(lambda: assets.url("css/site.css"), f"/static/{names['css/site.css']}")
    watch.stop()
    eventually(lambda: assets.url("css/site.css"), "/static/css/site.css")


def test_it_answers_like_a_manifest(watch, assets):
    names = watch.build(FILES, modules="importmap")
    assets.refresh()
    assert sorted(assets) == ["css/site.css", "js/app.js"]
    assert (len(assets), "js/app.js" in assets, "js/gone.js" in assets, assets.file) == (2, True, False, None)
    assert (assets.base_url, assets.url_prefix, assets.modules) == ("/static/", "/static/", "importmap")
    assert (assets.release, assets.on_missing, bool(assets)) == (watch.release, "error", True)
    assert assets.entry("css/site.css").file == names["css/site.css"]
    assert assets.entry("css/site.css").integrity == integrity(CSS)
    assert assets.split("css/site.css?a#b") == ("css/site.css", "?a#b")
    said = f"<Development with <Manifest of release {watch.release!r}, 2 assets under '/static/'>>"
    assert repr(assets) == said
    watch.stop()
    assets.refresh()
    assert (len(assets), list(assets), bool(assets), "js/app.js" in assets) == (0, [], True, False)
    assert (assets.release, assets.modules) == ("", "rewritten")
    assert repr(assets) == "<Development with PlainUrls('/static/')>"


def test_a_directory_that_a_watch_has_left_behind_changes_nothing(watch, assets):
    watch.build(FILES)
    watch.listen()
    assert url(assets) != "/static/css/site.css"
    watch.stop()
    assert url(assets) == "/static/css/site.css"
    assert assets.client() == ""
    assert not assets.runs()
    watch.start()
    assert assets.runs()
    assert url(assets) != "/static/css/site.css"


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_a_watch_ends_with_its_process_however_that_ends(tmp_path, end):
    watch = Watch(tmp_path / ".assetbuild")
    watch.build(FILES)
    code = "import fcntl, sys, time; f = open(sys.argv[1]); fcntl.flock(f, 2); print(flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code, watch.directory / "lock"], stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        assets = Development(watch.directory)
        assert url(assets) != "/static/css/site.css"
    finally:
        getattr(process, end)()
        process.wait()
        process.stdout.close()
    assert url(assets) == "/static/css/site.css"


def test_to_look_takes_the_lock_from_nobody(watch, assets):
    watch.stop()
    assert not assets.runs()
    watch.start()  # fails if it is still held
    assert assets.runs()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(file.read_bytes()[:-20]),
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"[" * 100_000),
        lambda file: file.write_bytes(canonical({"version": 2, "assets": {}})),
        lambda file: (file.unlink(), file.mkdir()),
        lambda file: (file.unlink(), file.symlink_to(file)),
    ],
)
def test_a_manifest_that_cannot_be_read_leaves_the_one_before(watch, assets, spoil):
    names = watch.build(FILES)
    file = watch.directory / "manifest.json"
    assert url(assets) == f"/static/{names['css/site.css']}"
    spoil(file)
    assert url(assets) in (f"/static/{names['css/site.css']}", "/static/css/site.css")
    if not file.is_symlink():  # which is there no more, as far as anybody can tell
        assert url(assets) == f"/static/{names['css/site.css']}"
    if file.is_dir():
        file.rmdir()
    names = watch.build({"css/site.css": "new"})
    assert url(assets) == f"/static/{names['css/site.css']}"


def test_a_manifest_with_the_number_time_and_size_of_the_one_before_is_seen(watch, assets):
    file = watch.directory / "manifest.json"
    names = [watch.build({"css/site.css": f"a {{ order: {count} }}"})["css/site.css"] for count in range(2)]
    contents = [file.read_bytes().replace(names[1].encode(), name.encode()) for name in names]
    looks = set()
    for count in range(4):
        file.write_bytes(contents[count % 2])  # into the same file, as file systems give a number that was freed again
        os.utime(file, (0, 0))
        looks.add((file.stat().st_ino, file.stat().st_mtime_ns, file.stat().st_size))
        assert url(assets) == f"/static/{names[count % 2]}"
        time.sleep(0.02)  # a file system's clock ticks each 4 ms or so
    assert len(looks) == 1


def test_what_is_no_watch_at_all_means_plain_urls(tmp_path):
    os.mkfifo(tmp_path / "lock")  # which nobody may wait for
    write_files(tmp_path, {"file": "", "manifest.json": "{}"})
    for directory in (tmp_path, tmp_path / "file", tmp_path / "none", "a\0b"):
        assert url(Development(directory)) == "/static/css/site.css"


# Which directory


def test_the_argument_wins_over_the_environment_and_that_over_what_is_near(tmp_path, monkeypatch):
    watches = [Watch(tmp_path / name, f"/{name[0]}/").start() for name in ("argument", "environment", ".assetbuild")]
    try:
        for watch in watches:
            watch.build({})
        monkeypatch.setenv("ASSETBUILD_DEVELOPMENT", str(tmp_path / "environment"))
        assert Development(str(tmp_path / "argument"), near=tmp_path).base_url == "/a/"
        assert Development(near=tmp_path).base_url == "/e/"
        monkeypatch.delenv("ASSETBUILD_DEVELOPMENT")
        assert Development(near=tmp_path).base_url == "/./"
        assert Development().base_url == "/static/"
    finally:
        for watch in watches:
            watch.stop()


def test_the_nearest_directory_counts_and_is_looked_for_at_every_look(tmp_path):
    app = tmp_path / "project/src/app"
    app.mkdir(parents=True)
    assets = Development(near=app)
    assert url(assets) == "/static/css/site.css"
    outer = Watch(tmp_path / "project/.assetbuild").start()
    names = outer.build(FILES)
    assert url(assets) == f"/static/{names['css/site.css']}"
    inner = Watch(app / ".assetbuild").start()
    assert url(assets) == "/static/css/site.css"
    inner_names = inner.build({"css/site.css": "inner"})
    assert url(assets) == f"/static/{inner_names['css/site.css']}"
    inner.stop()
    assert url(assets) == f"/static/{names['css/site.css']}"  # a stale one hides none that runs
    outer.stop()


def test_a_relative_directory_stays_where_it_was_when_the_process_moves(watch, monkeypatch, tmp_path):
    names = watch.build(FILES)
    monkeypatch.chdir(tmp_path)
    found = [Development(".assetbuild"), Development(near=".")]
    monkeypatch.chdir("/")
    assert [url(assets) for assets in found] == [f"/static/{names['css/site.css']}"] * 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_what_a_stranger_has_put_into_a_directory_of_all_is_not_followed(tmp_path):
    watch = Watch(tmp_path / ".assetbuild").start()
    names = watch.build(FILES)
    project = tmp_path / "project"
    project.mkdir()
    os.chown(watch.directory, 65534, 65534)
    assert url(Development(near=project)) == "/static/css/site.css"
    assert url(Development(watch.directory)) == f"/static/{names['css/site.css']}"  # who names it means it
    os.chown(tmp_path, 65534, 65534)  # whoever owns the project owns what is in it
    assert url(Development(near=project)) == f"/static/{names['css/site.css']}"
    watch.stop()


def test_a_bad_argument_is_refused_at_once():
    with pytest.raises(ManifestError) as caught:
        Development(on_missing="ignore")
    assert str(caught.value) == "on_missing cannot be 'ignore'\n  fix: write 'error' or 'plain'"
    with pytest.raises(ManifestError):
        Development(base_url="static")


# Names that are no assets


def test_without_a_watch_what_has_no_source_is_missing(watch):
    asked = []
    assets = Development(watch.directory, has_source=lambda name: asked.append(name) or name == "css/site.css")
    assert assets.url("css/site.css?v=1#x") == "/static/css/site.css?v=1#x"
    assert asked == ["css/site.css?v=1#x", "css/site.css"]
    for ask in (assets.url, assets.entry, assets.tags.script, assets.with_base_url("/s/").url):
        with pytest.raises(MissingAsset) as caught:
            ask("js/all.js")
        assert str(caught.value) == (
            "'js/all.js' is no source file, and no running watch has built it\n"
            "  fix: if it is a bundle run 'assetbuild watch', else correct the name"
        )
        assert caught.value.suggestions == []
    with pytest.raises(MissingAsset) as caught:
        assets.url("../css/site.css")
    assert str(caught.value).startswith("'../css/site.css' is not a logical path\n")
    names = watch.build({"js/all.js": APP})
    assert url(assets, "js/all.js") == f"/static/{names['js/all.js']}"
    with pytest.raises(MissingAsset) as caught:
        assets.url("css/site.css")  # as in production: the build leaves it out
    assert str(caught.value).startswith(f"'css/site.css' is not in the manifest of release {watch.release!r}\n")


def test_missing_names_may_be_plain(watch, caplog):
    assets = Development(watch.directory, on_missing="plain", has_source=lambda name: False)
    assert url(assets, "js/all.js") == "/static/js/all.js"
    watch.build(FILES)
    assert url(assets, "js/all.js") == "/static/js/all.js"
    assert len(caplog.records) == 1


# Base URLs


def test_another_base_url_follows_the_same_state(watch, assets):
    other, same = assets.with_base_url("https://cdn.example/x"), assets.with_base_url("")
    assert same is assets.with_base_url(None) is assets
    assert other.with_base_url("https://cdn.example/x/") is other
    assert url(other) == "https://cdn.example/x/css/site.css"
    names = watch.build(FILES)
    assert url(other) == f"https://cdn.example/x/{names['css/site.css']}"
    assert assets.url("css/site.css") == f"/static/{names['css/site.css']}"
    assert Development(watch.directory, base_url="/s").url("css/site.css") == f"/s/{names['css/site.css']}"
    with pytest.raises(ManifestError):
        assets.with_base_url("nonsense")


def test_while_a_watch_has_built_there_may_be_another_base_url(watch, assets):
    both = assets.with_base_url("https://cdn.example/", watched="/static/")
    assert url(both) == "https://cdn.example/css/site.css"
    names = watch.build(FILES)
    assert url(both) == f"/static/{names['css/site.css']}"
    assert url(both.with_base_url("/s/")) == f"/s/{names['css/site.css']}"


def test_without_a_base_url_the_manifests_own_counts(tmp_path):
    watch = Watch(tmp_path, "/assets/").start()
    assets = Development(tmp_path)
    assert assets.base_url == assets.url_prefix == "/static/"
    watch.build(FILES)
    assets.refresh()
    assert assets.base_url == assets.url_prefix == "/assets/"
    watch.stop()


# Tags and the client


def client(watch, base="/static/", after=""):
    name = f"live.{hashlib.sha256(CLIENT.read_bytes()).hexdigest()[:16]}.js"
    release = watch.release if (watch.directory / "manifest.json").exists() else ""
    return (
        f'<script src="{base}_assetbuild/{name}" data-port="4321" data-token="secret-token" data-release="{release}"'
        f' data-base="{base}" async{after}></script>'
    )


def test_the_tags_of_scripts_and_style_sheets_bring_the_client(watch, assets):
    names = watch.build(FILES)
    watch.listen()
    tags = assets.tags
    whole = f'integrity="{integrity(CSS)}" crossorigin="anonymous"'
    link = f'<link rel="stylesheet" href="/static/{names["css/site.css"]}" {whole}>'
    assert tags.stylesheet("css/site.css") == tags.stylesheet("css/site.css") == link + client(watch)
    assert tags.stylesheet("css/site.css", nonce="n", media="print") == (
        link[:-1] + ' nonce="n" media="print">' + client(watch, after=' nonce="n"')
    )
    script = f'<script type="module" src="/static/{names["js/app.js"]}" defer></script>'
    assert tags.script("js/app.js", module=True, integrity=False, defer=True) == script + client(watch)
    assert tags.live() == assets.client() == client(watch)
    assert tags.live("n") == assets.client("n") == client(watch, after=' nonce="n"')
    assert tags.live("") == client(watch)
    assert "_assetbuild" not in tags.preload("css/site.css") + tags.modulepreload("js/app.js")
    at = assets.with_base_url("/app/static/")
    assert at.client() == client(watch, "/app/static/")


def test_the_client_is_there_before_the_first_build_so_that_it_can_show_what_is_wrong(watch, assets):
    watch.listen()
    assert assets.tags.stylesheet("css/site.css") == (
        '<link rel="stylesheet" href="/static/css/site.css">' + client(watch)
    )


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "{",
        "[]",
        "{}",
        '{"version": 2, "port": 1, "token": "t"}',
        '{"version": 1, "port": "1", "token": "t"}',
        '{"version": 1, "port": true, "token": "t"}',
        '{"version": 1, "port": 0, "token": "t"}',
        '{"version": 1, "port": 65536, "token": "t"}',
        '{"version": 1, "port": 1, "token": null}',
        '{"version": 1, "port": 1}',
        "[" * 60_000,
        " " * 70_000 + '{"version": 1, "port": 1, "token": "t"}',
        b"\xff\xfe",
    ],
)
def test_without_a_reload_server_there_is_no_client(watch, assets, content):
    names = watch.build(FILES)
    if content is not None:
        write_files(watch.directory, {"live.json": content})
    assets.refresh()
    assert assets.tags.live() == assets.client() == ""
    assert assets.tags.script("js/app.js", integrity=False) == f'<script src="/static/{names["js/app.js"]}"></script>'
    watch.listen()
    assets.refresh()
    assert assets.client() == client(watch)


def test_nothing_leaves_the_attributes_of_the_client(watch, assets):
    watch.listen(token='"><script>alert(1)</script>')
    assets.refresh()
    made = assets.client('"><b>')
    assert 'data-token="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in made
    assert 'nonce="&quot;&gt;&lt;b&gt;"' in made


def test_one_page_has_the_tags_of_one_manifest(watch, assets):
    first = watch.build(FILES)
    watch.listen()
    kept, following = assets.tags, assets.following_tags()
    assert assets.tags is kept
    before = client(watch)
    assert following.stylesheet("css/site.css") == kept.stylesheet("css/site.css")
    second = watch.build({"css/site.css": "new", "js/app.js": APP})
    assets.refresh()
    assert kept.live() == before
    assert kept.url("css/site.css") == f"/static/{first['css/site.css']}"
    assert following.live() == client(watch) != before
    assert following.url("css/site.css") == f"/static/{second['css/site.css']}"
    for made, args in (("preload", ()), ("stylesheet", ()), ("preload_links", ())):
        assert second["css/site.css"] in str(getattr(following, made)("css/site.css", *args))
    assert second["js/app.js"] in following.script("js/app.js") + following.modulepreload("js/app.js")
    assert following.importmap("js/app.js") == ""
    watch.stop()
    assets.refresh()
    assert following.live("n") == ""
    assert following.script("js/app.js", async_=True) == '<script src="/static/js/app.js" async></script>'


def test_production_has_no_client():
    assert Tags(PlainUrls()).live() == Tags(PlainUrls()).live(nonce="n") == ""


# Files


def test_the_files_of_the_watch_are_served_by_their_released_names(watch, assets):
    names = watch.build(FILES)
    files = watch.directory / "files"
    for name in names.values():
        assert assets.file_of(name) == str(files / name)
        assert assets.headers_of(name)["Cache-Control"] == "public, max-age=31536000, immutable"
    assert assets.headers_of(names["css/site.css"]) == {
        "Content-Type": "text/css",
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    assert assets.file_of("css/site.css") is None  # which is a source, and has a view of its own


def test_the_client_is_served_by_the_name_of_its_content(watch, assets):
    name = f"_assetbuild/live.{hashlib.sha256(CLIENT.read_bytes()).hexdigest()[:16]}.js"
    for _ in range(2):
        assert assets.file_of(name) == str(CLIENT)
        assert assets.headers_of(name) == {
            "Content-Type": "text/javascript",
            "Cache-Control": "public, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
        }
        watch.stop()
    assert assets.file_of("_assetbuild/live.js") is None


def test_what_a_page_was_made_from_is_served_while_it_exists(watch, assets):
    first = watch.build(FILES)["css/site.css"]
    assets.refresh()
    for count in range(5):
        watch.build({"css/site.css": str(count)})
        assets.refresh()
    assert assets.file_of(first) == str(watch.directory / "files" / first)
    watch.stop()
    assets.refresh()
    assert assets.file_of(first) == str(watch.directory / "files" / first)
    (watch.directory / "files" / first).unlink()
    assert assets.file_of(first) is None


def test_a_file_of_a_build_that_nobody_has_looked_at_is_found(watch, assets):
    assets.refresh()
    for count in range(3):
        name = watch.build({"css/site.css": str(count)})["css/site.css"]
        assert assets.file_of(name) == str(watch.directory / "files" / name)


def test_names_that_stay_the_same_are_the_watchs_only_while_it_runs(watch, assets):
    watch.build({"robots.txt": "1", "css/site.css": CSS}, stable=["robots.txt"])
    watch.write({"lib/a.1234.js": {"file": "lib/a.1234.js", "size": 1}, **entries("robots.txt", "1", stable=True)})
    write_files(watch.directory / "files", {"lib/a.1234.js": "x"})
    for name in ("robots.txt", "lib/a.1234.js"):
        assert assets.file_of(name) == str(watch.directory / "files" / name)
        assert assets.headers_of(name)["Cache-Control"] == "no-cache"
    watch.stop()
    assets.refresh()
    for name in ("robots.txt", "lib/a.1234.js"):
        assert assets.file_of(name) is None
    watch.start()
    watch.build({"robots.txt": "1"})  # stable no more, though its file is still there
    assets.refresh()
    assert assets.file_of("robots.txt") is None


def entries(path, text, **more):
    return {path: {"file": released(path, text), "size": 1, **more}}


HOSTILE = [
    *("../lock", "../live.json", "../manifest.json", "lock", "live.json", "manifest.json", "", ".", "..", "/", "./"),
    *(
        "css/../../lock",
        "css/../css/site.css",
        "/etc/passwd",
        "//etc/passwd",
        "css//site.css",
        "css/site.css/",
        "files",
    ),
    *("%2e%2e/lock", "..%2flive.json", "%252e%252e/lock", "..\\lock", "css\\site.css", "a\0b", "css/site.css\0"),
    *("file:///etc/passwd", "C:\\boot.ini", "css", "files/css/site.css", "\udc80", "css/site.css ", "CSS/SITE.CSS"),
    *(
        "_assetbuild/../live.json",
        "_assetbuild/live.js",
        "_assetbuild/",
        "css/site.css::$DATA",
        None,
        1,
        b"css",
        ("a",),
    ),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_path_is_made_of_what_somebody_asks_for(watch, assets, name):
    watch.build(FILES)
    watch.listen()
    assets.refresh()
    assert assets.file_of(name) is None
    if isinstance(name, str):
        assert assets.file_of(f"{name}/") is assets.file_of(f"/{name}") is None


@pytest.mark.parametrize("name", ["../lock", "../live.json", "/etc/passwd", "css/../../lock", ".", "", "a\\..\\lock"])
@pytest.mark.parametrize("forged", [False, True])
def test_no_file_outside_is_served_whatever_the_manifest_says(watch, assets, name, forged):
    from binascii import crc32

    watch.listen()
    write_files(watch.directory / "files", {"a.css": ""})  # without the directory '..' would lead nowhere
    bad = {"a.css": {"file": name, "size": 1}, name: {"file": "b.css", "size": 1, "stable": True}}
    if forged:  # with a checksum, so that each entry is looked at only when it is asked for
        body = ",".join(f"{json.dumps(path)}:{json.dumps(raw)}" for path, raw in sorted(bad.items())).replace(" ", "")
        head = f'"checksum":"{crc32(body.encode()):08x}","release":"r","url_prefix":"/static/","version":1'
        (watch.directory / "manifest.json").write_text('{"assets":{' + body + "}," + head + "}\n")
    else:
        watch.write(bad)
    assert assets.file_of(name) is None


def test_the_names_that_are_remembered_are_bounded(watch, assets, monkeypatch):
    monkeypatch.setattr(watched, "_MAX_EARLIER", 10)
    names = []
    for count in range(30):
        names.append(watch.build({"css/site.css": str(count), "js/app.js": APP})["css/site.css"])
        assets.refresh()
        assert len(assets._watched._released) <= 12
    assert assets.file_of(names[-1]) == str(watch.directory / "files" / names[-1])
    assert assets.file_of(names[-5]) == str(watch.directory / "files" / names[-5])
    assert assets.file_of(released("js/app.js", APP))  # though it was seen first of all
    assert assets.file_of(names[0]) is None


# Many at once


def test_every_url_that_threads_get_while_builds_come_is_of_a_build_and_its_file_is_there(watch, assets):
    builds = [FILES | {"css/site.css": f"a {{ order: {count} }}"} for count in range(2)]
    expected = {f"/static/{released('css/site.css', build['css/site.css'])}" for build in builds}
    watch.build(builds[0])
    watch.listen()
    assets.refresh()
    seen, wrong = set(), []

    def ask():
        made = assets.url("css/site.css")
        seen.add(made)
        if made not in expected or assets.file_of(made.removeprefix("/static/")) is None:
            wrong.append(made)
        tags = assets.tags
        if f'data-release="{tags.assets.release}"' not in tags.stylesheet("css/site.css"):
            wrong.append(tags)

    with over_and_over(ask, threads=4):
        for count in range(30):
            watch.build(builds[count % 2])
            time.sleep(0.005)
    assert (wrong, seen) == ([], expected)


FORK = """
import os, sys
from assetbuild.runtime.development import Development
assets = Development(sys.argv[1])
print(assets.url("css/site.css"), flush=True)
go, going = os.pipe()
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        os.read(go, 1)
        assets.refresh()
        os.write(1, (assets.url("css/site.css") + "\\n").encode())
        os._exit(0)
    children.append(child)
sys.stdin.readline()
os.write(going, b"123")
for child in children:
    os.waitpid(child, 0)
"""


def test_each_fork_follows_by_itself(watch):
    first = watch.build(FILES)["css/site.css"]
    command = [sys.executable, "-c", FORK, str(watch.directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == f"/static/{first}\n"
        second = watch.build({"css/site.css": "new"})["css/site.css"]
        said, _ = process.communicate("\n")
    assert said == f"/static/{second}\n" * 3


PRODUCTION = """
import sys
from assetbuild.runtime import Manifest, Tags
from assetbuild.runtime.jinja import install
from jinja2 import Environment
install(Environment(), sys.argv[1])
import flask
from assetbuild.runtime.flask import AssetBuild
AssetBuild(flask.Flask("site"), manifest=sys.argv[1])
from assetbuild.runtime.starlette import ReleaseFiles, install
install(Environment(), ReleaseFiles(sys.argv[1]))
parts = ("development", "watched", "livetags", "following")
print([name for name in sys.modules if name.startswith("assetbuild") and name.endswith(parts)])
"""


def test_production_loads_nothing_of_this(watch):
    watch.build(FILES)
    command = [sys.executable, "-c", PRODUCTION, str(watch.directory / "manifest.json")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
    code = "import sys, assetbuild.runtime; print({'fcntl', 'assetbuild.runtime.development'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, cwd=Path(__file__).parent.parent
    )
    assert (done.stdout, done.stderr) == ("set()\n", "")
