from __future__ import annotations

import ctypes
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import write_files
from tests.support.needs import missing
from tests.support.terminal import on_a_terminal

CONFIG = "[compress]\nbr = false\ngz = false\n"
SITE = {
    "assetbuild.toml": CONFIG,
    "static/css/site.css": "body { background: url(../img/dot.svg) }\n",
    "static/img/dot.svg": "<svg/>",
}


def run(
    directory: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    preexec: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    unwanted = ("ASSETBUILD_M", "ASSETBUILD_B", "NO_COLOR")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "assetbuild", *arguments],
        cwd=directory,
        env={**clean, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=preexec,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_files(tmp_path / "project", SITE)
    return tmp_path / "project"


def drop_file_capabilities() -> None:
    """Modes hold for root as well, once it may not override them (capabilities(7): 1 DAC_OVERRIDE, 2 READ_SEARCH)."""
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


def test_a_build_says_where_the_release_is_and_what_it_holds(project: Path) -> None:
    result = run(project, "build")

    assert result.returncode == 0
    assert result.stderr == ""
    release = os.readlink(project / "dist/current").partition("/")[2]
    first, path, _, *rows = result.stdout.splitlines()
    assert re.fullmatch(rf"release {release}: 2 files, built in \d+\.\d s", first)
    assert path == str(project / "dist/releases" / release)
    css = (project / "static/css/site.css").stat().st_size
    minified = next((project / "dist/current/files/css").iterdir()).stat().st_size
    assert rows == [
        "           files      source    released          br   bytes",
        f"css            1{css:>12}{minified:>12}{minified:>12}",
        "images         1           6           6           6",
        f"all            2{css + 6:>12}{minified + 6:>12}{minified + 6:>12}",
    ]


def test_a_second_build_says_that_nothing_was_written(project: Path) -> None:
    run(project, "build")

    result = run(project, "build")

    release = os.readlink(project / "dist/current").partition("/")[2]
    assert result.stdout == (
        f"release {release}: 2 files, already built; nothing was written\n{project}/dist/releases/{release}\n"
    )


def test_json_is_one_object_and_nothing_else(project: Path) -> None:
    first, second = (json.loads(run(project, "build", "--json").stdout) for _ in range(2))

    release = os.readlink(project / "dist/current").partition("/")[2]
    size = sum(path.stat().st_size for path in (project / "dist/current/files").rglob("*") if path.is_file())
    expected = {
        "release": release,
        "path": str(project / "dist/releases" / release),
        "files": 2,
        "bytes": size,
        "warnings": [],
        "errors": [],
    }
    assert {key: value for key, value in first.items() if key != "seconds"} == {**expected, "built": 2, "reused": 0}
    assert {key: value for key, value in second.items() if key != "seconds"} == {**expected, "built": 0, "reused": 2}


def test_a_failed_build_tells_in_json_too_and_ends_with_1(project: Path) -> None:
    write_files(project, {"static/css/site.css": "a { background: url(../img/dott.svg) }\n"})

    result = run(project, "build", "--json")

    assert result.returncode == 1
    assert json.loads(result.stdout)["errors"] == [
        {
            "message": "url(../img/dott.svg) names 'img/dott.svg', which is in no source root",
            "file": "css/site.css",
            "line": 1,
            "column": 21,
            "notes": ["searched: static/"],
            "fix": "did you mean 'img/dot.svg'?",
        }
    ]


def test_several_errors_are_told_together_in_the_house_shape(project: Path) -> None:
    write_files(project, {"static/css/site.css": "a { background: url(../img/dott.svg) }\nb { mask: url(x.svg) }\n"})

    result = run(project, "build")

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "css/site.css:1:21: url(../img/dott.svg) names 'img/dott.svg', which is in no source root\n"
        "  1 | a { background: url(../img/dott.svg) }\n"
        "    |                     ^^^^^^^^^^^^^^^\n"
        "  searched: static/\n"
        "  fix: did you mean 'img/dot.svg'?\n"
        "css/site.css:2:15: url(x.svg) names 'css/x.svg', which is in no source root\n"
        "  2 | b { mask: url(x.svg) }\n"
        "    |               ^^^^^\n"
        "  searched: static/\n"
        "assetbuild: 2 errors\n"
    )


@pytest.mark.parametrize(
    ("files", "status", "message"),
    [
        ({"assetbuild.toml": "root = 1"}, 2, "assetbuild.toml: unknown key 'root'; did you mean 'roots'?\n"),
        (
            {"assetbuild.toml": 'roots = ["gone"]'},
            2,
            "assetbuild.toml: the root 'gone' does not exist\n"
            "  fix: create '{project}/gone', or remove it from 'roots'\n",
        ),
        (
            {"assetbuild.toml": 'output = "static/dist"'},
            2,
            "assetbuild.toml: the output directory 'static/dist' is inside the source root 'static/'\n"
            "  fix: choose an 'output' beside the source roots, such as 'dist'\n",
        ),
        ({"assetbuild.toml": "roots = ["}, 2, None),
        ({"assetbuild.toml": 'bundles = "b.yaml"', "b.yaml": "a: [unclosed"}, 2, None),
        ({"assetbuild.toml": 'bundles = "b.yaml"'}, 2, None),
        ({"assetbuild.toml": '[bundles."a.js"]\ncontents = ["gone.js"]'}, 1, None),
        ({"assetbuild.toml": '[bundles."a.css"]\ncontents = ["css/site.css"]\nfilters = ["nope"]'}, 2, None),
        ({"static/css/page.css/inner.txt": "", "static/a.css": '@import "css/page.css";'}, 1, None),
    ],
)
def test_bad_input_is_one_clear_error_and_the_release_before_stays(
    project: Path, files: dict[str, str], status: int, message: str | None
) -> None:
    assert run(project, "build").returncode == 0
    before = sorted(str(path) for path in (project / "dist").rglob("*"))
    write_files(project, files)

    result = run(project, "build")

    assert result.returncode == status, result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    if message:
        assert result.stderr == message.replace("{project}", str(project))
    assert sorted(str(path) for path in (project / "dist").rglob("*")) == before


def test_an_unreadable_file_is_named(project: Path) -> None:
    secret = project / "static/img/dot.svg"
    secret.chmod(0)

    result = run(project, "build", preexec=drop_file_capabilities)

    assert result.returncode == 1
    assert result.stderr == "static/img/dot.svg: cannot be read: permission denied\n"


def test_an_output_that_may_not_be_written_is_named(project: Path) -> None:
    (project / "locked").mkdir(mode=0o555)

    result = run(project, "build", "--output", "locked", preexec=drop_file_capabilities)

    assert result.returncode == 1
    assert result.stderr == (
        "locked: the release could not be written: permission denied; what stood before is untouched\n"
        f"  file: {project}/locked/releases\n"
        "  fix: choose a place that can be written with --output\n"
    )


def test_a_full_disk_is_told_and_the_release_before_stays(project: Path) -> None:
    """A real full disk: a file system of 256 KiB of our own, in a mount namespace where the system allows one."""
    script = (
        "mkdir small && mount -t tmpfs -o size=256k none small && cd small &&"
        ' cp -r ../static ../assetbuild.toml . && "$0" -m assetbuild build -q && readlink dist/current >../before &&'
        " head -c 200000 /dev/urandom >static/noise.bin;"
        ' "$0" -m assetbuild build; echo $? >../status; readlink dist/current >../after;'
        " find dist -name '.staging-*' >../left; (cd dist/current && sha256sum --quiet -c SHA256SUMS)"
    )
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, sys.executable]
    if subprocess.run([*command[:4], "true"], capture_output=True).returncode:
        missing("this system allows no mount namespace, so a full disk cannot be made")

    result = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60)

    assert (project / "status").read_text() == "1\n"
    assert "no space left on device; what stood before is untouched" in result.stderr
    assert "fix: free some space, or choose another place with --output" in result.stderr
    assert (project / "before").read_text() == (project / "after").read_text()
    assert (project / "left").read_text() == ""
    assert result.returncode == 0, result.stderr


def test_wrong_usage_ends_with_2(project: Path) -> None:
    assert run(project, "build", "--nonsense").returncode == 2
    both = run(project, "build", "--output", "a", "--flat", "b")
    assert (both.returncode, both.stderr) == (
        2,
        "--output and --flat are two places for one release\n  fix: give one of them\n",
    )
    assert run(project, "build", "--config", "gone.toml").stderr == (
        "there is no file 'gone.toml'\n  fix: name an existing file with --config\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("build", "--json", "--nonsense"), "No such option '--nonsense'."),
        (("build", "--jobs", "none", "--json"), "Invalid value for '--jobs': 'none' is not a valid integer range."),
        (("ls", "a", "b", "--json"), "Got unexpected extra argument (b)"),
        (("config", "--json"), None),
        (("serve", "--port", "-1", "--json"), "Invalid value for '--port': -1 is not in the range 0<=x<=65535."),
        (("cache", "info", "--json", "x"), "Got unexpected extra argument (x)"),
        (("cache", "--json"), "No such option '--json'."),
        (("nonsense", "--json"), "No such command 'nonsense'."),
        (("--json", "build"), None),  # click makes a suggestion
    ],
)
def test_wrong_usage_too_is_told_in_json(tmp_path: Path, arguments: tuple[str, ...], message: str | None) -> None:
    result = run(tmp_path, *arguments)

    assert result.returncode == 2
    assert result.stderr.startswith("Usage: assetbuild")
    found = json.loads(result.stdout)
    told = found["errors"][0].pop("message")
    assert found == {"errors": [{"file": None, "line": None, "column": None, "notes": [], "fix": None}]}
    assert f"Error: {told}\n" in result.stderr
    assert message in (None, told)


def test_wrong_usage_is_no_json_where_none_is_asked_for(tmp_path: Path) -> None:
    result = run(tmp_path, "ls", "--nonsense")

    assert (result.returncode, result.stdout) == (2, "")


def test_results_are_printed_whatever_quiet_says(project: Path) -> None:
    assert run(project, "build", "--quiet").stdout == ""
    for arguments in (("ls",), ("config", "nginx"), ("cache", "info", "--cache-dir", "kept")):
        loud = run(project, *arguments).stdout
        assert loud
        assert run(project, *arguments, "--quiet").stdout == loud


def test_an_output_that_cannot_be_written_is_no_traceback(project: Path) -> None:
    run(project, "build")
    command = f"exec {shlex.quote(sys.executable)} -m assetbuild"
    for arguments in ("ls", "ls --json", "--version", "--help", "config nginx", "build"):
        full = subprocess.run(f"{command} {arguments} >/dev/full", shell=True, cwd=project, stderr=subprocess.PIPE)
        assert (full.returncode, full.stderr) == (
            1,
            b"assetbuild: the output cannot be written: no space left on device\n",
        ), arguments
        closed = subprocess.run(f"{command} {arguments} >&-", shell=True, cwd=project, stderr=subprocess.PIPE)
        assert (closed.returncode, closed.stderr) == (0, b""), arguments
    for stream in ("2>/dev/full", "2>&-", ">&- 2>&-", ">/dev/full 2>/dev/full"):
        nothing = subprocess.run(f"{command} ls --nonsense {stream}", shell=True, cwd=project, capture_output=True)
        assert nothing.returncode in (1, 2), stream
        assert b"Traceback" not in nothing.stdout + nothing.stderr, stream  # click falls back on the other stream


def test_a_status_does_not_depend_on_whether_somebody_reads(project: Path) -> None:
    """But for text that click itself prints."""
    run(project, "build")
    reading, writing = os.pipe()
    os.close(reading)
    known = {"build": 0, "ls": 0, "ls --json": 0, "verify nothing --json": 1, "ls --config nothing --json": 2, "-h": 1}
    for arguments, status in known.items():
        command = [sys.executable, "-m", "assetbuild", *arguments.split()]
        unread = subprocess.run(command, cwd=project, stdout=writing, stderr=subprocess.PIPE, text=True)
        assert (unread.returncode, unread.stderr) == (status, run(project, *arguments.split()).stderr), arguments
    os.close(writing)


def test_no_configuration_says_how_to_get_one(tmp_path: Path) -> None:
    result = run(tmp_path, "build")

    assert result.returncode == 2
    assert result.stderr == (
        f"no assetbuild.toml, and no pyproject.toml with [tool.assetbuild], in '{tmp_path}' or above\n"
        "  fix: run 'assetbuild init', or name the file with --config\n"
    )


def test_init_then_build_works(tmp_path: Path) -> None:
    write_files(tmp_path, {"app/static/a.css": "a{}"})

    first = run(tmp_path, "init")

    assert (first.returncode, first.stdout) == (0, "wrote assetbuild.toml; next: assetbuild build\n")
    assert run(tmp_path, "build").returncode == 0
    again = run(tmp_path, "init")
    assert (again.returncode, again.stderr) == (
        2,
        "assetbuild.toml: exists already\n  fix: edit it, or remove it first\n",
    )


def test_the_configuration_is_found_from_a_directory_below(project: Path) -> None:
    assert run(project / "static/css", "build", "-q").returncode == 0

    assert (project / "dist/current/manifest.json").exists()


def test_ls_lists_what_the_release_holds(project: Path) -> None:
    run(project, "build")

    text, data = run(project, "ls").stdout, json.loads(run(project, "ls", "--json").stdout)

    file = data["assets"]["css/site.css"]["file"]
    size = data["assets"]["css/site.css"]["size"]
    assert text.splitlines()[0] == f"css/site.css  {size:>10,}  {file}"
    assert len(text.splitlines()) == 2
    assert run(project, "ls", "dist/current", "--json").stdout == run(project, "ls", "--json").stdout


def test_ls_and_verify_of_nothing_are_errors(project: Path) -> None:
    for verb in ("ls", "verify"):
        result = run(project, verb)
        assert (result.returncode, result.stderr) == (
            1,
            f"{project}/dist: holds no release\n"
            "  fix: name a release, or a directory that 'assetbuild build' has filled\n",
        )


def test_verify_passes_what_was_built_and_names_each_difference(project: Path) -> None:
    write_files(project, {"assetbuild.toml": "", "static/big.css": "a { color: red }\n" * 50})
    run(project, "build")
    release = (project / "dist/current").resolve()

    good = run(project, "verify")

    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout == f"{release}: 8 files, each as it was written\n"
    css = next((release / "files/css").iterdir())
    css.chmod(0o644)
    css.write_text("body{}")
    next((release / "files").glob("big*.br")).unlink()
    write_files(release, {"files/new.txt": "new"})
    bad = run(project, "verify", "--json")
    assert bad.returncode == 1
    found = {(error["file"], error["message"].partition(":")[0]) for error in json.loads(bad.stdout)["errors"]}
    name = css.relative_to(release).as_posix()
    big = next((release / "files").glob("big*.css")).name
    assert found >= {
        (name, "has other bytes"),
        (f"files/{big}.br", "is missing"),
        ("files/new.txt", "is not part of the release"),
    }


def test_flat_and_output_name_the_place(project: Path) -> None:
    run(project, "build", "--flat", "flat")
    run(project, "build", "--output", "out")

    assert (project / "flat/manifest.json").read_bytes() == (project / "out/current/manifest.json").read_bytes()
    assert not (project / "dist").exists()


def test_no_minify_and_no_compress_leave_both_out(project: Path) -> None:
    write_files(project, {"assetbuild.toml": "", "static/big.css": "a  {  color: red  }\n" * 50})

    result = run(project, "build", "--no-minify", "--no-compress", "--json")

    files = Path(json.loads(result.stdout)["path"], "files")
    assert {path.suffix for path in files.rglob("*") if path.is_file()} == {".css", ".svg"}
    assert next(files.glob("big*")).read_text() == "a  {  color: red  }\n" * 50


def shown_on_a_terminal(directory: Path, *arguments: str, env: Mapping[str, str]) -> str:
    command = [sys.executable, "-m", "assetbuild", *arguments]
    return on_a_terminal(command, directory, {**os.environ, **env})[1].decode()


def test_no_color_reaches_a_terminal_only_when_allowed(project: Path) -> None:
    write_files(project, {"assetbuild.toml": "root = 1"})

    plain = shown_on_a_terminal(project, "build", env={})
    none = shown_on_a_terminal(project, "build", env={"NO_COLOR": "1"})

    assert "\x1b[31m" in plain
    assert "\x1b" not in none
    assert "unknown key 'root'" in none


def test_a_terminal_sees_progress_and_nobody_else(project: Path) -> None:
    assert "compile" in shown_on_a_terminal(project, "build", env={})
    assert "compile" not in shown_on_a_terminal(project, "build", "--quiet", env={})
    assert run(project, "build").stderr == ""


def test_without_the_build_side_the_command_says_how_to_install_it(tmp_path: Path) -> None:
    hidden = (
        "import sys; sys.modules['click'] = None; import runpy; runpy.run_module('assetbuild', run_name='__main__')"
    )

    result = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True)

    assert (result.returncode, result.stdout, result.stderr) == (
        2,
        "",
        "assetbuild: only the runtime is installed here; to build, run: pip install 'assetbuild[build]'\n",
    )


@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "2", "TZ": "America/New_York", "LC_ALL": "C.UTF-8"},
        {"PYTHONHASHSEED": "3", "LC_ALL": "POSIX", "PYTHONUTF8": "0"},
    ],
)
def test_the_environment_does_not_reach_the_release(tmp_path: Path, env: dict[str, str]) -> None:
    files = {**SITE, "static/naïve name.svg": "<svg/>", "static/b.css": 'a { background: url("naïve name.svg") }'}
    write_files(tmp_path / "one", files)
    write_files(tmp_path / "other", files)

    one = json.loads(run(tmp_path / "one", "build", "--json").stdout)
    other = json.loads(run(tmp_path / "other", "build", "--json", "--jobs", "3", env=env).stdout)

    assert one["release"] == other["release"]
    assert one["files"] == 4


def test_a_release_that_cannot_be_read_back_is_built_and_told_all_the_same(project: Path) -> None:
    code = """
import assetbuild.model
from assetbuild.__main__ import run
def unreadable(self):
    raise OSError(24, "Too many open files")
assetbuild.model.Release.record = property(unreadable)
run()
"""
    command = [sys.executable, "-c", code, "build", "--no-cache"]
    for options in ((), ("-v",)):  # the table needs no reading; what comes after it is left out
        done = subprocess.run(
            [*command, *options, "--output", f"dist{len(options)}"], cwd=project, capture_output=True, text=True
        )

        assert (done.returncode, done.stderr) == (0, "")
        told, directory, blank, head, *rows = done.stdout.splitlines()
        assert told.startswith("release ")
        assert directory == str((project / f"dist{len(options)}/current").resolve())
        assert (blank, head.split()) == ("", ["files", "source", "released", "br", "bytes"])
        assert rows[-1].startswith("all ")
