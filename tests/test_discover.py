"""Source roots -> sources by logical path."""

from __future__ import annotations

import ctypes
import os
import random
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from assetbuild import signatures
from assetbuild.config import Config, parse_config
from assetbuild.discover import NAME_LIMIT, discover
from assetbuild.errors import AssetBuildError, BuildFailed, ConfigError, OutputConflict, SourceError
from assetbuild.model import Source
from tests.conftest import Site, write_files
from tests.support.needs import missing


def found(config: Config) -> list[str]:
    return list(discover(config))


def errors(config: Config) -> list[AssetBuildError]:
    with pytest.raises(AssetBuildError) as caught:
        discover(config)
    return list(caught.value.errors) if isinstance(caught.value, BuildFailed) else [caught.value]


def messages(config: Config) -> list[str]:
    return [str(error) for error in errors(config)]


def static(config: Config) -> Path:
    return config.base_dir / "static"


def test_every_file_is_a_source_named_by_its_path_in_the_root(site: Site) -> None:
    config = site({"css/app.css": "abc", "a.txt": "", "img/deep/er/x.png": b"\x00" * 5})
    files = {path: static(config) / path for path in ("a.txt", "css/app.css", "img/deep/er/x.png")}
    assert discover(config) == {
        path: Source(path, str(file), "static/", "", signatures.of(file.stat())) for path, file in files.items()
    }
    assert [source.size for source in discover(config).values()] == [0, 3, 5]


def test_no_files_are_no_error(site: Site) -> None:
    assert discover(site({})) == {}


def test_the_first_root_that_has_a_path_wins(site: Site) -> None:
    config = site(
        {"/one/a.css": "1", "/two/a.css": "22", "/two/b.css": "22", "/three/b.css": "333"},
        roots=["one", "two", "three"],
    )
    assert [(path, source.root, source.size) for path, source in discover(config).items()] == [
        ("a.css", "one/", 1),
        ("b.css", "two/", 2),
    ]


def test_a_prefix_stands_before_all_paths_of_its_root(site: Site) -> None:
    config = site(
        {"/one/vendor/lib/a.css": "1", "/two/a.css": "22", "/two/x/b.css": "22"},
        roots=["one", {"path": "two", "prefix": "vendor/lib"}],
    )
    sources = discover(config)
    assert [(path, source.size) for path, source in sources.items()] == [
        ("vendor/lib/a.css", 1),
        ("vendor/lib/x/b.css", 2),
    ]
    assert sources["vendor/lib/x/b.css"].shown == "two/x/b.css"


@pytest.mark.parametrize(
    "name",
    [
        ".htaccess",
        ".env",
        ".env.local",
        ".git/config",
        ".DS_Store",
        "css/.hidden/a.css",
        "a.css~",
        "#a.css#",
        "a.bak",
        "a.orig",
        "a.rej",
        "a.swp",
        ".a.css.swo",
        "a.tmp",
        "Thumbs.db",
        "desktop.ini",
        "Desktop.INI",
        "__pycache__/a.css",
        "app.py",
        "APP.PY",
        "app.pyc",
        "app.pyo",
        "prod.env",
        "server.key",
        "server.pem",
        "server.PEM",
        "a.p12",
        "a.pfx",
        "a.jks",
        "a.keystore",
        "id_rsa",
        "id_rsa.pub",
        "id_dsa",
        "id_ecdsa",
        "ssh/id_ed25519",
        "x.bak/a.css",
        ".well-known/.secret",
        "x/.wellknown",
    ],
)
def test_what_must_never_be_published_is_left_out(site: Site, name: str) -> None:
    assert found(site({name: "x", "a.css": ""})) == ["a.css"]


@pytest.mark.parametrize(
    "name",
    [
        ".well-known/security.txt",
        ".well-known/acme-challenge/x",
        "a.python.js",
        "key.js",
        "keys/a.css",
        "env.js",
        "pem",
        "a#b.css",
        "a~b.css",
        "x.pyx",
        "rsa_id_rsa",
        "swp",
        "thumbs.db.css",
        "tmp/a.css",
    ],
)
def test_what_only_looks_alike_is_published(site: Site, name: str) -> None:
    assert found(site({name: "x"})) == [name]


def test_users_globs_leave_out_files_and_whole_directories(site: Site) -> None:
    config = site(
        {"a.md": "", "x/y/b.md": "", "x/docs/a": "", "docs/a": "", "docs/b/c": "", "y/tmp/a": "", "z/a": "", "z/b": ""},
        exclude=["*.md", "docs/**", "tmp/", "z/[!b]"],
    )
    assert found(config) == ["x/docs/a", "z/b"]


def test_an_excluded_directory_is_not_looked_into(site: Site) -> None:
    config = site({"drafts/a.css": "", "a.css": ""}, exclude=["drafts"])
    (static(config) / "drafts" / "broken").symlink_to("nowhere")
    assert found(config) == ["a.css"]


def test_globs_are_over_logical_paths_with_their_prefix(site: Site) -> None:
    config = site({"a/b.css": ""}, roots=[{"path": "static", "prefix": "v"}], exclude=["a/b.css"])
    assert found(config) == ["v/a/b.css"]
    assert found(site({}, roots=[{"path": "static", "prefix": "v"}], exclude=["v/a/b.css"])) == []


def test_what_is_excluded_in_the_first_root_does_not_hide_the_second(site: Site) -> None:
    config = site({"/one/.well-known": "", "/one/a.bak": "", "/two/a.css": ""}, roots=["one", "two"])
    assert found(config) == [".well-known", "a.css"]


def test_sources_are_sorted_whatever_the_order_of_roots_and_directories(site: Site) -> None:
    names = [f"{random.Random(7).choice('abz')}{at}/{at % 7}.css" for at in range(60)] + ["a", "b.css", "é.css"]
    random.Random(3).shuffle(names)
    files = {f"/{random.Random(name).choice(['one', 'two'])}/{name}": "" for name in names}
    config = site(files | {"/one/x": "", "/two/x": ""}, roots=["one", "two"])
    assert found(config) == sorted({*names, "x"})
    assert found(parse_config({"roots": ["two", "one"]}, config.base_dir / "assetbuild.toml")) == sorted({*names, "x"})


def test_names_that_differ_by_case_are_a_conflict_also_across_roots(site: Site) -> None:
    config = site({"/one/css/App.css": "", "/two/css/app.css": ""}, roots=["one", "two"])
    (error,) = errors(config)
    assert type(error) is OutputConflict
    assert str(error) == (
        "two/css/app.css: 'css/App.css' and 'css/app.css' are one name where case or Unicode form is ignored\n"
        "  the other: one/css/App.css\n"
        "  fix: rename one of them"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (unicodedata.normalize("NFC", "é.css"), unicodedata.normalize("NFD", "é.css")),
        (unicodedata.normalize("NFC", "É.css"), unicodedata.normalize("NFD", "é.css")),
        ("\u01f0.css", "J\u030c.css"),
        ("\u1fb4.css", "\u03b1\u0345\u0301.css"),
        ("\u212bngstr\u00f6m.css", "\u00e5ngstr\u00f6m.css"),
    ],
)
def test_names_that_differ_by_unicode_form_are_a_conflict(site: Site, one: str, other: str) -> None:
    first, second = sorted([one, other])
    assert messages(site({one: "", other: ""})) == [
        f"static/{second}: '{first}' and '{second}' are one name where case or Unicode form is ignored\n"
        f"  the other: static/{first}\n"
        "  fix: rename one of them"
    ]


def test_each_of_three_names_that_are_one_is_told(site: Site) -> None:
    assert [message.partition(" are ")[0] for message in messages(site({"A.css": "", "a.css": "", "a.CSS": ""}))] == [
        "static/a.CSS: 'A.css' and 'a.CSS'",
        "static/a.css: 'A.css' and 'a.css'",
    ]


def test_directories_may_differ_by_case(site: Site) -> None:
    assert found(site({"CSS/a.css": "", "css/b.css": ""})) == ["CSS/a.css", "css/b.css"]


@pytest.mark.parametrize(("file", "directory"), [("app.css", "app.css"), ("APP.css", "app.CSS"), ("é", "e\u0301")])
def test_a_file_where_another_root_needs_a_directory_is_a_conflict(site: Site, file: str, directory: str) -> None:
    config = site(
        {f"/one/x/{file}": "", f"/two/x/{directory}/a.png": "", f"/two/x/{directory}/b.png": ""}, roots=["one", "two"]
    )
    (error,) = errors(config)
    assert type(error) is OutputConflict
    assert str(error) == (
        f"one/x/{file}: 'x/{file}' is a file, but 'x/{directory}/a.png' needs a directory of that name\n"
        f"  the other: two/x/{directory}/a.png\n"
        "  fix: rename one of them, or give one of the roots a 'prefix'"
    )


def test_a_directory_named_like_a_file_is_legal_and_its_files_are_listed(site: Site) -> None:
    assert found(site({"app.css/a.png": "", "app.css/app.css": ""})) == ["app.css/a.png", "app.css/app.css"]


def test_links_inside_the_root_are_followed(site: Site) -> None:
    config = site({"css/a.css": "abc", "lib-1.2/x/b.js": ""})
    (static(config) / "b.css").symlink_to("css/a.css")
    (static(config) / "absolute.css").symlink_to(static(config) / "css" / "a.css")
    (static(config) / "lib").symlink_to("lib-1.2")
    (static(config) / "lib-1.2" / "up.css").symlink_to("../css/a.css")
    assert [(path, source.size) for path, source in discover(config).items()] == [
        ("absolute.css", 3),
        ("b.css", 3),
        ("css/a.css", 3),
        ("lib-1.2/up.css", 3),
        ("lib-1.2/x/b.js", 0),
        ("lib/up.css", 3),
        ("lib/x/b.js", 0),
    ]


def test_a_root_may_itself_be_a_link(site: Site) -> None:
    config = site({"/real/css/a.css": "", "/real/b.css": ""})
    (config.base_dir / "linked").symlink_to("real")
    (config.base_dir / "real" / "c.css").symlink_to("css/a.css")
    config = parse_config({"roots": ["linked"]}, config.base_dir / "assetbuild.toml")
    assert found(config) == ["b.css", "c.css", "css/a.css"]


def test_a_link_that_leaves_its_root_is_an_error_unless_it_is_allowed(site: Site) -> None:
    files = {"/shared/a.css": "abc", "/static-more/b.css": ""}
    config = site(files)
    (static(config) / "css").mkdir()
    (static(config) / "css" / "a.css").symlink_to("../../shared/a.css")
    (static(config) / "shared").symlink_to(config.base_dir / "shared")
    (static(config) / "more").symlink_to("../static-more")
    fix = '  fix: copy the file, or allow such links: {path = "static", outside_links = true}'
    assert messages(config) == [
        f"static/css/a.css: is a link to '../../shared/a.css', outside its source root\n{fix}",
        f"static/more: is a link to '../static-more', outside its source root\n{fix}",
        f"static/shared: is a link to '{config.base_dir / 'shared'}', outside its source root\n{fix}",
    ]
    assert {type(error) for error in errors(config)} == {SourceError}
    allowed = parse_config({"roots": [{"path": "static", "outside_links": True}]}, config.base_dir / "assetbuild.toml")
    assert found(allowed) == ["css/a.css", "more/b.css", "shared/a.css"]


def test_a_link_out_of_the_root_by_way_of_another_is_seen(site: Site) -> None:
    config = site({"/shared/x/a.css": ""})
    (static(config) / "two").symlink_to("one")
    (static(config) / "one").symlink_to("../shared")
    assert [message.split(":")[0] for message in messages(config)] == ["static/one", "static/two"]


def test_a_broken_link_is_an_error(site: Site) -> None:
    config = site({"a.css": ""}, roots=[{"path": "static", "prefix": "v"}])
    (static(config) / "b.css").symlink_to("nowhere/b.css")
    (static(config) / "self").symlink_to("self")
    assert messages(config) == [
        "static/b.css: is a link to 'nowhere/b.css', which does not exist\n  fix: mend or remove the link",
        "static/self: is a link to 'self', which does not exist\n  fix: mend or remove the link",
    ]


def test_a_link_to_a_directory_above_is_not_followed_for_ever(site: Site) -> None:
    config = site({"a/b/x.css": "", "c/y.css": ""})
    (static(config) / "a" / "b" / "up").symlink_to("..")
    (static(config) / "a" / "top").symlink_to("../")
    (static(config) / "here").symlink_to(".")
    (static(config) / "a" / "c").symlink_to("../c")
    (static(config) / "c" / "a").symlink_to("../a")
    assert found(config) == ["a/b/x.css", "a/c/y.css", "c/a/b/x.css", "c/y.css"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb.css", r"a\x0ab.css"),
        ("a\x1b[31m.css", r"a\x1b[31m.css"),
        ("é\x7f.css", r"é\x7f.css"),
        ("a\u0085.css", r"a\x85.css"),
        ("a\\b.css", r"a\b.css"),
        ("x\ty/a.css", r"x\x09y/a.css"),
    ],
)
def test_a_name_with_a_control_character_or_a_backslash_is_an_error(site: Site, name: str, shown: str) -> None:
    config = site({name: "", "a.css": ""}, roots=[{"path": "static", "prefix": "v"}])
    assert messages(config) == [
        f"static/{shown}: has a backslash or a control character in its name, which no URL can carry\n  fix: rename it"
    ]


@pytest.mark.parametrize(
    ("name", "scheme"),
    [("a:b.css", "a:"), ("http:/x/a.css", "http:"), ("data:x,", "data:"), ("x+y.z-1:/a", "x+y.z-1:")],
)
def test_a_path_that_starts_like_a_url_is_an_error(site: Site, name: str, scheme: str) -> None:
    assert messages(site({name: "", "x/a:b": "", "1:b": ""})) == [
        f"static/{name}: has a path that starts like a URL, with '{scheme}'\n"
        "  fix: rename it, or give the root a 'prefix'"
    ]
    config = parse_config({"roots": [{"path": "site/static", "prefix": "v"}]}, static(site({})).parents[1] / "c.toml")
    assert f"v/{name}" in found(config)


def test_a_name_that_is_not_utf_8_is_an_error(site: Site) -> None:
    config = site({})
    for name in (b"caf\xe9.css", b"d\xff/a.css", b"e\xfe\n.css"):
        file = os.fsencode(static(config)) + b"/" + name
        os.makedirs(os.path.dirname(file), exist_ok=True)
        Path(os.fsdecode(file)).touch()
    (static(config) / os.fsdecode(b"link\xfe")).symlink_to(os.fsdecode(b"no\xfd"))
    texts = messages(config)
    assert texts == [
        "static/caf\\xe9.css: has a name that is not UTF-8\n  fix: rename it",
        "static/d\\xff/a.css: has a name that is not UTF-8\n  fix: rename it",
        "static/e\\xfe\\x0a.css: has a name that is not UTF-8\n  fix: rename it",
        "static/link\\xfe: is a link to 'no\\xfd', which does not exist\n  fix: mend or remove the link",
    ]
    assert "\n".join(texts).encode()


@pytest.mark.parametrize("char", ["a", "é"])
def test_a_name_that_its_fingerprint_would_make_too_long_is_an_error(site: Site, char: str) -> None:
    stem = char * ((NAME_LIMIT - 4) // len(char.encode()))
    fits = stem + "." + "c" * (NAME_LIMIT - len(stem.encode()) - 1)
    assert len(fits.encode()) == NAME_LIMIT
    deep = f"{char * 100}/{fits}"
    assert found(site({deep: ""})) == [deep]
    config = site({fits + "x": ""}, "other")
    assert messages(config) == [
        f"static/{fits}x: has a name of 235 bytes; with its fingerprint it would not fit into 255\n"
        "  fix: shorten it to 234 bytes"
    ]


def test_what_is_neither_file_nor_directory_is_an_error(site: Site) -> None:
    config = site({"a.css": ""}, roots=[{"path": "static", "prefix": "v"}])
    os.mkfifo(static(config) / "pipe")
    (static(config) / "linked").symlink_to("pipe")
    assert messages(config) == [
        "static/linked: is neither a file nor a directory",
        "static/pipe: is neither a file nor a directory",
    ]


def test_an_unreadable_directory_is_an_error_and_the_rest_is_still_looked_at(site: Site) -> None:
    config = site({"closed/a.css": "", "open/b.css": ""}, roots=[{"path": "static", "prefix": "v"}])
    (static(config) / "open" / "broken").symlink_to("nowhere")
    code = """
import sys
from pathlib import Path
from assetbuild.config import parse_config
from assetbuild.discover import discover
from assetbuild.errors import AssetBuildError
try:
    discover(parse_config({"roots": [{"path": "static", "prefix": "v"}]}, Path(sys.argv[1], "assetbuild.toml")))
except AssetBuildError as error:
    print(error)
"""
    closed = static(config) / "closed"
    closed.chmod(0)
    try:
        if not holds_for_us(closed):
            missing("modes do not hold here: neither an ordinary user nor able to give up root's rights")
        done = subprocess.run(
            [sys.executable, "-c", code, str(config.base_dir)],
            cwd=Path(__file__).parent.parent,
            preexec_fn=give_up_root_rights,
            capture_output=True,
            text=True,
        )
    finally:
        closed.chmod(0o755)
    assert (done.stderr, done.stdout) == (
        "",
        "static/closed/: cannot be read: permission denied\n"
        "static/open/broken: is a link to 'nowhere', which does not exist\n"
        "  fix: mend or remove the link\n",
    )


def give_up_root_rights() -> None:
    """Root reads what modes forbid by two capabilities; a process without them, from the next exec on, cannot."""
    if sys.platform == "linux" and os.geteuid() == 0:
        pr_capbset_drop, cap_dac_override, cap_dac_read_search = 24, 1, 2  # linux/prctl.h, linux/capability.h
        libc = ctypes.CDLL(None)
        for capability in (cap_dac_override, cap_dac_read_search):
            libc.prctl(pr_capbset_drop, capability, 0, 0, 0)


def holds_for_us(closed: Path) -> bool:
    code = "import os, sys\ntry: os.listdir(sys.argv[1])\nexcept PermissionError: sys.exit(77)"
    done = subprocess.run([sys.executable, "-c", code, str(closed)], preexec_fn=give_up_root_rights)
    return done.returncode == 77


@pytest.mark.parametrize("output", ["static/dist", "static", "static/a/b/c", "linked/dist", "x/../static/dist"])
def test_an_output_directory_inside_a_source_root_is_an_error(site: Site, output: str) -> None:
    config = site({"a.css": "", "/x/y": ""})
    (config.base_dir / "linked").symlink_to("static")
    (error,) = errors(parse_config({"output": output}, config.base_dir / "assetbuild.toml"))
    assert type(error) is ConfigError
    assert str(error) == (
        f"assetbuild.toml: the output directory '{output}' is inside the source root 'static/'\n"
        "  fix: choose an 'output' beside the source roots, such as 'dist'"
    )


def test_a_source_root_beside_or_below_the_output_directory_is_fine(site: Site) -> None:
    for output in (".", "static-dist", "../out"):
        assert found(site({"a.css": ""}, output=output)) == ["a.css"]


def test_all_errors_are_told_at_once_and_sorted(site: Site) -> None:
    config = site(
        {"/one/B.css": "", "/two/b.css": "", "/one/x": "", "/two/x/y": "", "/two/a\\b": ""}, roots=["one", "two"]
    )
    (config.base_dir / "one" / "gone").symlink_to("nowhere")
    os.mkfifo(config.base_dir / "two" / "fifo")
    assert [message.partition(": ")[0] for message in messages(config)] == [
        "one/gone",
        "one/x",
        "two/a\\b",
        "two/b.css",
        "two/fifo",
    ]


def test_thousands_of_files_in_deep_directories_are_listed(tmp_path: Path) -> None:
    deep = tmp_path / "static" / "/".join(["d"] * 300)
    deep.mkdir(parents=True)
    write_files(tmp_path / "static", {f"{at % 50}/{at}.css": "" for at in range(2000)})
    (deep / "x.css").touch()
    assert len(found(parse_config({}, tmp_path / "assetbuild.toml"))) == 2001
