"""The measurement of watches sees what it says it sees, and its section of the page is replaced alone."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from benchmarks.watch_measure import idle, saves
from benchmarks.watch_page import limits, render, write
from benchmarks.watch_process import Died, Running
from benchmarks.watch_tools import Edit, Watch

COPIER = """
import pathlib, sys, time
source, output = map(pathlib.Path, sys.argv[1:])
before = source.read_bytes()
output.write_bytes(before)
while True:
    if (now := source.read_bytes()) != before and now:
        output.write_bytes(b"half of it")
        time.sleep(0.05)
        output.write_bytes(now)
        before = now
    time.sleep(0.01)
"""

BUSY = """
import time
print(1, flush=True)
until = time.time() + 20
while time.time() < until:
    pass
"""
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"


@pytest.fixture
def copier(tmp_path: Path) -> Watch:
    """A watch that writes something else first."""
    source, output = tmp_path / "a.css", tmp_path / "out.css"
    source.write_text("a {}\n")
    return Watch("assetbuild", (sys.executable, "-c", COPIER, source, output), tmp_path, [Edit("CSS", source, output)])


def test_a_save_is_seen_when_the_saved_bytes_are_there_and_not_when_the_output_changes(copier, tmp_path):
    with Running(copier.command, tmp_path, tmp_path / "log") as process:
        found = saves([(copier, process)], 2)
    times = found["assetbuild"]["CSS"]["seconds"]
    assert len(times) == 2
    assert all(0.05 <= seconds < 10 for seconds in times)


def test_an_asset_is_there_when_the_manifest_names_a_file_that_holds_it(tmp_path):
    source, manifest = tmp_path / "a.js", tmp_path / "manifest.json"
    source.write_text("1\n")
    edit = Edit("JS", source, manifest, "js/a.js")
    assert not edit.arrived(7)
    manifest.write_text(json.dumps({"assets": {"js/a.js": {"file": "js/a.1.js"}}}))
    assert not edit.arrived(7)
    (tmp_path / "files/js").mkdir(parents=True)
    edit.save(7)
    (tmp_path / "files/js/a.1.js").write_bytes(source.read_bytes())
    assert edit.arrived(7)
    assert not edit.arrived(70)
    assert source.read_text() == '1\ndocument.documentElement.dataset.saved = "save-7-end";\n'


def test_a_tool_that_ends_says_why(tmp_path):
    source = tmp_path / "a.css"
    source.write_text("")
    with Running((sys.executable, "-c", "raise SystemExit('no such option')"), tmp_path, tmp_path / "log") as process:
        process._process.wait()
        with pytest.raises(Died) as died:
            process.check()
    assert str(died.value) == "exit status 1: no such option"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked for in /proc")
def test_processor_time_counts_children_and_stopping_stops_them(tmp_path, monkeypatch):
    watch = Watch("busy", (sys.executable, "-c", PARENT), tmp_path, [])
    monkeypatch.setattr("benchmarks.watch_measure.CALM", 0)
    with Running(watch.command, tmp_path, tmp_path / "log") as process:
        while "1" not in process.said():
            time.sleep(0.01)
        share = idle([(watch, process)], 0.3)["busy"]
        children = [pid for pid, _ in process._family()]
    assert share > 0.1
    assert len(children) == 2
    until = time.monotonic() + 10
    while any(map(_runs, children)):
        assert time.monotonic() < until
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    """A child that has ended may wait for a parent that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


RESULTS = {
    "saves": {
        "assetbuild": {
            "CSS": {"seconds": [0.02, 0.03], "errors": [0.0003, 0.0004]},
            "image": {"seconds": [0.01], "errors": [0.0005]},
        },
        "webassets": {"CSS": {"seconds": [0.05, None], "errors": [0.0004]}},
    },
    "idle": {"assetbuild": 0.006},
    "long": {
        "5000": {"memory": 50 << 20, "descriptors": 12},
        "50": {"memory": 49 << 20, "descriptors": 12},
    },
    "versions": {"assetbuild": "1.0"},
    "machine": {"processor": "one"},
}


def test_the_section_is_made_of_the_results():
    assert [line for line in render(RESULTS).splitlines() if line.startswith("|")] == [
        "| | median | 95 of 100 | worst | idle |",
        "| :-- | --: | --: | --: | --: |",
        "| **assetbuild watch** | 20.0 | 30.0 | 30.0 | 0.60 % |",
        "| webassets watch, no images | 50.0 | not seen | not seen |  |",
        "| median | CSS | image |",
        "| :-- | --: | --: |",
        "| **assetbuild watch** | 20.0 | 10.0 |",
        "| webassets watch, no images | 50.0 |  |",
        "| assetbuild | measured | at most | holds |",
        "| :-- | --: | --: | :-- |",
        "| sample site, median | 20 ms | 25 ms | yes |",
        "| sample site, 95 of 100 saves | 30 ms | 60 ms | yes |",
        "| 3,000 files, median | not measured | 60 ms |  |",
        "| idle, of one processor | 0.60 % | 0.50 % | **no** |",
        "| start until the manifest is right, 3,000 files, one changed meanwhile | not measured | 1.00 s |  |",
        "| descriptors after 5,000 rebuilds - after 50 | 0 | 0 | yes |",
        "| memory after 5,000 rebuilds - after 50 | 1.0 MiB | 3.0 MiB | yes |",
    ]
    assert [limit.what for limit in limits(RESULTS) if not limit.holds] == ["idle, of one processor"]
    assert "0.4 ms in the median, 0.5 ms in the worst case. Not seen in 10 seconds: 1 saves." in render(RESULTS)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "SECTION"),
        ("# Watch\n\nText.\n", "# Watch\n\nText.\n\nSECTION"),
        ("# Watch\n\n## How fast\n\nOld.\n", "# Watch\n\nSECTION"),
        ("# Watch\n\n## How fast\n\nOld.\n\n## More\n\nText.\n", "# Watch\n\nSECTION\n## More\n\nText.\n"),
    ],
)
def test_the_page_around_the_section_stays(tmp_path, before, after):
    page = tmp_path / "watch.md"
    if before is not None:
        page.write_text(before)
    write(RESULTS, page)
    write(RESULTS, page)
    assert page.read_text() == after.replace("SECTION", render(RESULTS))
