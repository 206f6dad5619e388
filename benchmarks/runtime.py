"""`python -m benchmarks.runtime`: what the runtime costs a web process, beside Django and WhiteNoise in the same run.

What is compared is measured in turns, in processor time, so that a busy machine is busy for both; medians. With
`--page` the table is written into docs/runtime.md.
"""

from __future__ import annotations

import argparse
import base64
import gc
import hashlib
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assetbuild.records import manifest_body, manifest_line, manifest_text
from assetbuild.runtime import Manifest, Tags
from benchmarks.environment import machine

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "runtime.md"
ASSETS = 17_000
USED = 200  # names that pages ask for
ROUNDS = 15
_MARKED = re.compile(r"(<!-- measured -->\n).*(<!-- /measured -->)", re.DOTALL)
_IMPORTED = "import json, time; start = time.process_time(); import {}; print(time.process_time() - start)"


@dataclass(frozen=True, slots=True)
class Row:
    """`limit` is in the unit of `value`; `at_least` turns it round."""

    what: str
    value: float | str
    unit: str = ""
    limit: float | None = None
    at_least: bool = False

    @property
    def holds(self) -> bool:
        if self.limit is None or isinstance(self.value, str):
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def main(arguments: Sequence[str]) -> int:
    """1 if a limit does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runtime", description=__doc__)
    parser.add_argument("--page", action="store_true", help="write the table into docs/runtime.md as well")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory:
        rows = list(measure(Path(directory)))
        text = render(rows, Path(directory))
    print(text)
    if options.page:
        PAGE.write_text(_MARKED.sub(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", PAGE.read_text()))
    return 0 if all(row.holds for row in rows) else 1


def measure(directory: Path) -> Iterable[Row]:
    files = {name: _released(name) for name in _names()}
    (directory / "manifest.json").write_bytes(_manifest(files))
    storage = _django(directory / "django", files)
    yield from _urls(directory / "manifest.json", list(files)[:: ASSETS // USED])
    yield from _imports(directory)
    yield from _loads(directory / "manifest.json", storage)
    yield from _memory(directory, files)


def render(rows: Iterable[Row], directory: Path) -> str:
    lines = ["| | measured | limit | holds |", "| :-- | --: | --: | :-- |", *map(_line, rows)]
    where = "; ".join(f"{what}: {found}" for what, found in machine(directory).items())
    peers = ", ".join(f"{name} {version(name)}" for name in ("Django", "whitenoise"))
    return "\n".join([*lines, "", f"Python {platform.python_version()}, {peers}. {where}."])


def _line(row: Row) -> str:
    limit = "" if row.limit is None else f"{'at least' if row.at_least else 'at most'} {_shown(row.limit, row.unit)}"
    holds = "" if row.limit is None else "yes" if row.holds else "**no**"
    return f"| {row.what} | {_shown(row.value, row.unit)} | {limit} | {holds} |"


def _shown(value: float | str, unit: str) -> str:
    text = value if isinstance(value, str) else f"{value:.3f}" if value < 0.1 else f"{value:.3g}"
    return f"{text} {unit}".strip()


# What is measured


def _urls(file: Path, names: Sequence[str]) -> Iterable[Row]:
    from django.templatetags.static import static

    assets = Manifest.load(file)
    tags = Tags(assets)
    first_urls, first_tags = _once(assets.url, names), _once(tags.script, names)
    known = {name: assets.url(name) for name in names}
    calls = {"dict": known.__getitem__, "url": assets.url, "script": tags.script, "static": static}
    found: dict[str, list[float]] = {name: [] for name in ("none", "look-up", *calls)}
    for _ in range(ROUNDS):
        found["none"].append(_loop(names, 20))
        found["look-up"].append(_look_ups(known, names, 20))
        for name, call in calls.items():
            found[name].append(_calls(call, names, 20))
    micro = {name: (statistics.median(times) - statistics.median(found["none"])) * 1e6 for name, times in found.items()}
    yield Row("dict look-up", micro["look-up"], "µs")
    yield Row("`asset_url`", micro["url"], "µs")
    yield Row("Django's `static()`, manifest storage", micro["static"], "µs")
    yield Row("`asset_url` / dict look-up", micro["url"] / micro["look-up"], "×", 5)
    yield Row("`static()` / `asset_url`", micro["static"] / micro["url"], "×", 20, at_least=True)
    yield Row("script tag with integrity", micro["script"], "µs", 3)
    yield Row("URL, the first time for a name", first_urls * 1e6, "µs")
    yield Row("script tag, the first time for a name", first_tags * 1e6, "µs")


def _imports(directory: Path) -> Iterable[Row]:
    """With bytecode, as every process but the first: the first round makes it."""
    found: dict[str, list[float]] = {"assetbuild.runtime": [], "django.templatetags.static": []}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(directory / "bytecode")
    for _ in range(ROUNDS + 1):
        for module, times in found.items():
            command = [sys.executable, "-c", _IMPORTED.format(module)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
            times.append(float(done.stdout))
    ours, django = (statistics.median(times[1:]) * 1000 for times in found.values())
    yield Row("`import assetbuild.runtime`, after `json`", ours, "ms", 5)
    yield Row("`import django.templatetags.static`, after `json`", django, "ms")


def _loads(file: Path, storage: Any) -> Iterable[Row]:
    ours, django = [], []
    for _ in range(ROUNDS):
        ours.append(_once(lambda _: Manifest.load(file), [""]) * 1000)
        django.append(_once(lambda _: storage.load_manifest(), [""]) * 1000)
    limit = statistics.median(django)
    yield Row(f"loading a manifest of {ASSETS:,} assets", statistics.median(ours), "ms", limit)
    yield Row(f"Django loading its manifest of {ASSETS:,} names", limit, "ms")


def _memory(directory: Path, files: dict[str, str]) -> Iterable[Row]:
    from whitenoise import WhiteNoise

    root = directory / "files"
    for file in files.values():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(b"x")
    names = list(files)[:: ASSETS // USED]

    def ours() -> object:
        tags = Tags(Manifest.load(directory / "manifest.json"))
        return tags, [tags.script(name) for name in names]

    yield Row(f"memory: manifest of {ASSETS:,} assets, {len(names)} tags made", _held(ours) / 1e6, "MB")
    yield Row(
        f"memory: WhiteNoise's scan of {ASSETS:,} files", _held(lambda: WhiteNoise(None, root=str(root))) / 1e6, "MB"
    )
    seconds = _once(lambda _: WhiteNoise(None, root=str(root)), [""])
    yield Row("processor time of that scan", seconds * 1000, "ms")


# How


def _loop(names: Sequence[str], times: int) -> float:
    """Seconds per name, like all of these."""
    start = time.process_time()
    for _ in range(times):
        for _name in names:
            pass
    return (time.process_time() - start) / times / len(names)


def _look_ups(known: dict[str, str], names: Sequence[str], times: int) -> float:
    start = time.process_time()
    for _ in range(times):
        for name in names:
            known[name]
    return (time.process_time() - start) / times / len(names)


def _calls(call: Callable[[str], object], names: Sequence[str], times: int) -> float:
    start = time.process_time()
    for _ in range(times):
        for name in names:
            call(name)
    return (time.process_time() - start) / times / len(names)


def _once(call: Callable[[str], object], names: Sequence[str]) -> float:
    gc.collect()
    return _calls(call, names, 1)


def _held(make: Callable[[], object]) -> int:
    """Bytes that are alive while what was made is."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    made = make()
    gc.collect()
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    del made
    return held


def _names() -> Iterable[str]:
    for number in range(ASSETS):
        yield f"app{number % 40}/dir{number % 7}/component-{number}.{('js', 'css', 'png', 'svg', 'js')[number % 5]}"


def _released(name: str) -> str:
    stem, _, extension = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(name.encode()).hexdigest()[:16]}.{extension}"


def _manifest(files: dict[str, str]) -> bytes:
    lines = {}
    for name, file in files.items():
        digest = base64.b64encode(hashlib.sha384(name.encode()).digest()).decode()
        integrity = f"sha384-{digest}" if name.endswith(("js", "css")) else None
        lines[name] = manifest_line(name, file, 12_345, integrity, False, False, (), ())
    return manifest_text(manifest_body(lines), "/static/", "3f2a91c07be4d518")


def _django(root: Path, files: dict[str, str]) -> Any:
    """Django set up with a manifest of the same names as it would write it."""
    from django.conf import settings
    from django.contrib.staticfiles.storage import staticfiles_storage

    root.mkdir()
    backend = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.configure(
        DEBUG=False,
        INSTALLED_APPS=["django.contrib.staticfiles"],
        STATIC_URL="/static/",
        STATIC_ROOT=str(root),
        STORAGES={"staticfiles": {"BACKEND": backend}},
    )
    import django

    django.setup()
    staticfiles_storage.hashed_files = {name: file[:-8] + file[-4:] for name, file in files.items()}
    staticfiles_storage.save_manifest()
    return staticfiles_storage


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
