"""One site, one release: wherever, by whomever, however and out of whatever cache it is built.

ASSETBUILD_TEST_PYTHONS names further interpreters that have the build side (parted by `:`); each builds its share.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent.parent
SITE = {
    "static/css/site.css": '@charset "utf-8";\n@import "Zed.css";\n@import "a.css";\nb::before { content: "ü"; }\n' * 9,
    "static/css/Zed.css": "a { background: url(../img/logo.svg#x); }\n" * 30,
    "static/css/a.css": "i { background: url('../img/naïve name.svg'); }\n" * 30,
    "static/img/logo.svg": "<svg xmlns='http://www.w3.org/2000/svg'><title>1</title></svg>\n" * 20,
    "static/img/naïve name.svg": "<svg xmlns='http://www.w3.org/2000/svg'><title>2</title></svg>\n",
    "static/js/app.js": 'import "./b.js";\nimport("./c.js");\nconsole.log("app");\n',
    "static/js/b.js": 'import "./c.js";\nexport const b = "b";\n',
    "static/js/c.js": 'import { b } from "./b.js";\nexport const c = b;\n//# sourceMappingURL=c.js.map\n',
    "static/js/c.js.map": '{"version":3,"sources":["c.ts"],"names":[],"mappings":"AAAA"}',
    "static/old/1.js": "var one = 1;\n" * 40,
    "static/old/2.js": "var two = 2;\n" * 40,
    "vendor/old/3.js": "var three = 3;\n" * 40,
    "vendor/opaque.bin": "bytes\n" * 4000,
    "bundles.yaml": "bundles:\n  old: {output: js/old.js, contents: ['old/*.js'], filters: jsmin}\n",
    "assetbuild.toml": 'roots = ["static", "vendor"]\nbundles = "bundles.yaml"\nstable = ["opaque.bin"]\n',
}
RELEASE = "a8b6bb3ac87c6510"  # on any machine, by any Python
CIRCUMSTANCES: dict[str, list[Any]] = {
    "directory": ["site", "another place/ü"],
    "user": [0, 65534],
    "umask": [0o022, 0o077, 0],
    "seed": ["0", "1", "random"],
    "TZ": ["UTC", "Asia/Kathmandu"],
    "locale": ["C", "C.UTF-8", "POSIX"],
    "jobs": [1, 2, 7],
    "cache": ["none", "cold", "warm", "half"],
    "order": [0, 1, 2],  # in which the files were made
    "cwd": ["inside", "/"],
    "python": [sys.executable, *filter(None, os.environ.get("ASSETBUILD_TEST_PYTHONS", "").split(os.pathsep))],
}
COUNT = 24


def combinations() -> list[dict[str, Any]]:
    """`COUNT` of all, in which every two values of different circumstances meet as often as chance has it."""
    rng = random.Random(6)
    columns = {}
    for name, values in CIRCUMSTANCES.items():
        column = [*itertools.islice(itertools.cycle(values), COUNT)]
        rng.shuffle(column)
        columns[name] = column
    return [{name: column[at] for name, column in columns.items()} for at in range(COUNT)]


def make_site(directory: Path, order: int) -> None:
    names = [*SITE]
    random.Random(order).shuffle(names)
    for name in names:
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(SITE[name])
        os.utime(file, (order * 10**6, order * 10**6))


def build(site: Path, place: Path, how: dict[str, Any]) -> Path:
    cache = place / "cache"
    options = ["--no-cache"] if how["cache"] == "none" else ["--cache-dir", str(cache)]
    command = [how["python"], "-m", "assetbuild", "build", "--config", str(site / "assetbuild.toml"), *options]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "PYTHONPATH": str(HERE),
        "PYTHONHASHSEED": how["seed"],
        "TZ": how["TZ"],
        "LC_ALL": how["locale"],
        "LANG": how["locale"],
    }
    cwd = "/" if how["cwd"] == "/" else site
    command = [*(as_user(how["user"])), *command, "--jobs", str(how["jobs"])]
    done = subprocess.run(
        command, cwd=cwd, env=environment, umask=how["umask"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return (site / "dist/current").resolve()


def as_user(user: int) -> list[str]:
    """What makes a command another user's, who may still read where Python is installed."""
    if not user or not may_be_others():
        return []
    reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *reading, "--"]


@cache
def may_be_others() -> bool:
    if os.geteuid() or not shutil.which("setpriv"):
        return False
    tried = ["setpriv", "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "true"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


def content(release: Path) -> dict[str, tuple[bytes, int, int]]:
    """All files, with mode and time."""
    files = {str(file.relative_to(release)): file for file in release.rglob("*") if file.is_file()}
    return {name: (file.read_bytes(), file.stat().st_mode, int(file.stat().st_mtime)) for name, file in files.items()}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("reference")
    make_site(place / "site", 0)
    return build(place / "site", place, {name: values[0] for name, values in CIRCUMSTANCES.items()})


def test_one_site_is_one_release_on_any_machine_by_any_python(reference: Path) -> None:
    assert reference.name == RELEASE


@pytest.mark.parametrize("how", combinations(), ids=lambda how: "-".join(map(str, how.values())))
def test_one_site_is_one_release_in_any_circumstances(
    how: dict[str, Any], reference: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("x")
    for directory in (place, *place.parents):
        if directory.name.startswith(("pytest-", "popen-")):
            directory.chmod(0o755)  # so that another user comes to it
    site = place / how["directory"]
    make_site(site, how["order"])
    if may_be_others():
        for each in (place, *place.rglob("*")):
            os.chown(each, how["user"], how["user"])
    for _ in range({"warm": 2, "half": 2}.get(how["cache"], 1)):
        release = build(site, place, how)
        found = content(release)
        assert (release.name, found.keys()) == (reference.name, content(reference).keys())
        assert found == content(reference)
        if how["cache"] == "half":
            for at, file in enumerate(sorted((place / "cache").rglob("*"))):
                if file.is_file() and at % 2:
                    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        shutil.rmtree(site / "dist")
