"""esbuild as the judge of our output: what parses, what it means, and which file each import names.

It shares no code with us. Where it prints a source and its released file alike, both mean the same.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BATCH = 200  # files at a time; with thousands esbuild takes gigabytes
_COMMON = ("--log-limit=0", "--log-level=error", "--color=false", "--tsconfig-raw={}")
_PRINT = ("--minify-whitespace", "--legal-comments=none", "--charset=utf8")
# esbuild takes broken CSS with a warning, as browsers do; a judge is to say so.
_STRICT = ("--log-override:css-syntax-error=error",)
_PLACE = re.compile(r"^    (.+?):\d+:\d+:$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Judge:
    """`binary` is esbuild's; `out_dir` a directory that it may fill."""

    binary: Path
    out_dir: Path

    def print_all(self, paths: Iterable[str], base_dir: Path) -> dict[str, bytes]:
        """Each file below `base_dir` as esbuild prints it, less comments and white space; no entry for a broken one."""
        printed: dict[str, bytes] = {}
        for batch in _batches(paths):
            printed |= self._print(batch, base_dir)
        return printed

    def imports(self, paths: Collection[str], base_dir: Path) -> dict[str, set[str]]:
        """What each script and each that it imports names by relative specifiers: paths below `base_dir`.

        Raises AssertionError with esbuild's words if one of them names no file. `require()` is for Node: left out.
        """
        out_dir = self._new_dir()
        record = out_dir / "meta.json"
        options = ("--bundle", "--splitting", "--format=esm", "--packages=external", f"--metafile={record}")
        done = self._run(paths, base_dir, out_dir, *options)
        assert done.returncode == 0, done.stderr
        inputs = json.loads(record.read_bytes())["inputs"]
        return {path: {item["path"] for item in found["imports"] if _is_ours(item)} for path, found in inputs.items()}

    def _print(self, paths: set[str], base_dir: Path) -> dict[str, bytes]:
        out_dir = self._new_dir()
        done = self._run(paths, base_dir, out_dir, *_PRINT, *_STRICT)
        if done.returncode == 0:
            return {path: _output(out_dir / path).read_bytes() for path in paths}
        broken = set(_PLACE.findall(done.stderr)) & paths
        assert broken, done.stderr
        return self._print(paths - broken, base_dir) if broken < paths else {}

    def _run(
        self, paths: Iterable[str], base_dir: Path, out_dir: Path, *options: str
    ) -> subprocess.CompletedProcess[str]:
        files = [f"./{path}" for path in sorted(paths)]
        command = [str(self.binary), *files, f"--outdir={out_dir}", "--outbase=.", *_COMMON, *options]
        return subprocess.run(command, cwd=base_dir, capture_output=True, encoding="utf-8")

    def _new_dir(self) -> Path:
        directory = self.out_dir / str(sum(1 for _ in self.out_dir.iterdir()))
        directory.mkdir()
        return directory


def _batches(paths: Iterable[str]) -> Iterator[set[str]]:
    """By extension: `a.js` and `a.mjs` would both be printed as `a.js`."""
    groups = defaultdict(list)
    for path in sorted(paths):
        groups[path.rpartition(".")[2]].append(path)
    for group in groups.values():
        for at in range(0, len(group), BATCH):
            yield set(group[at : at + BATCH])


def _is_ours(item: Mapping[str, Any]) -> bool:
    return item["kind"] in ("import-statement", "dynamic-import") and not item.get("external")


def _output(file: Path) -> Path:
    return file if file.suffix == ".css" else file.with_suffix(".js")
