"""Judges of our output that share no code with us: esbuild and tinycss2.

esbuild says what parses, what it means, and which file each import names: where it prints a source and its released
file alike, both mean the same. tinycss2 says which URLs and custom properties a style sheet holds.
"""

from __future__ import annotations

import json
import posixpath
import re
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import tinycss2  # type: ignore[import-untyped]

from assetbuild.model import language_of

BATCH = 200  # files at a time; with thousands esbuild takes gigabytes
_COMMON = ("--log-limit=0", "--log-level=error", "--color=false", "--tsconfig-raw={}")
_PRINT = ("--minify-whitespace", "--legal-comments=none", "--charset=utf8")
# esbuild takes broken CSS with a warning, as browsers do; a judge is to say so.
_STRICT = ("--log-override:css-syntax-error=error",)
_LENIENT = ("--log-level=warning",)
_REWRITE = ("--minify-syntax",)
_PLACE = re.compile(r"^    (.+?):\d+:\d+:$", re.MULTILINE)
_CSS_ERROR = re.compile(r"\[css-syntax-error\]\n\n    (.+?):\d+:\d+:$", re.MULTILINE)

_MARKED = re.compile(rb"\.([0-9a-f]{16})(?![0-9a-f])")
_DOTTED = re.compile(rb"""(?<=["(])\.{1,2}/[^")]*(?=[")])""")
_SPACED = re.compile(rb"((?:--|\()[\w-]+:|,|\() | (?=[);}])")
_COMPARED = re.compile(rb" *([<>]=?) *")
_STRING = re.compile(rb"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reading:
    """`text` is the file as esbuild prints it; None where it cannot. A style sheet is printed with its errors."""

    text: bytes | None
    sound: bool


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

    def read_all(self, contents: Mapping[str, bytes], *, rewrite: bool = False) -> dict[str, Reading]:
        """Each content as esbuild reads it: as a style sheet or a script, by the extension of its path.

        With `rewrite` it is printed in the shortest form that esbuild knows to mean the same.
        """
        with tempfile.TemporaryDirectory(dir=self.out_dir) as staging:
            base_dir, names = Path(staging), {}
            for number, (path, content) in enumerate(contents.items()):
                # Names of our own: esbuild takes `*` for a glob, knows no `.JS`, and looks for a package.json.
                name = f"{number}.{path.rpartition('.')[2].lower()}"
                (base_dir / name).write_bytes(content)
                names[name] = path
            judge, options = Judge(self.binary, base_dir / "out"), _REWRITE if rewrite else ()
            judge.out_dir.mkdir()
            found = {path: Reading(None, sound=False) for path in contents}
            for batch in _batches(names):
                found |= {names[name]: reading for name, reading in judge._read(batch, base_dir, options).items()}
        return found

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

    def _print(self, paths: set[str], base_dir: Path, options: Iterable[str] = ()) -> dict[str, bytes]:
        out_dir = self._new_dir()
        done = self._run(paths, base_dir, out_dir, *_PRINT, *_STRICT, *options)
        if done.returncode == 0:
            return {path: _output(out_dir / path).read_bytes() for path in paths}
        broken = set(_PLACE.findall(done.stderr)) & paths
        assert broken, done.stderr
        return self._print(paths - broken, base_dir, options) if broken < paths else {}

    def _read(self, names: set[str], base_dir: Path, options: Iterable[str]) -> dict[str, Reading]:
        if not next(iter(names)).endswith(".css"):
            return {name: Reading(text, sound=True) for name, text in self._print(names, base_dir, options).items()}
        out_dir = self._new_dir()
        done = self._run(names, base_dir, out_dir, *_PRINT, *_LENIENT, *options)
        assert done.returncode == 0, done.stderr
        wrong = set(_CSS_ERROR.findall(done.stderr))
        return {name: Reading((out_dir / name).read_bytes(), sound=name not in wrong) for name in names}

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


def mark(path: str, file: str) -> str:
    """The fingerprint in `file`: what it has and `path` has not. Not by our own code: this checks it."""
    directory, _, name = path.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    pattern = (
        rf"{re.escape(stem)}\.([0-9a-f]{{16}})\.{re.escape(extension)}"
        if dot
        else rf"{re.escape(name)}\.([0-9a-f]{{16}})"
    )
    match = re.fullmatch(re.escape(directory + "/" if directory else "") + pattern, file)
    assert match, f"{path} is released as {file}"
    return match[1]


def plain(printed: bytes, path: str, marks: Set[bytes]) -> bytes:
    """`printed` with each URL spelled in one way, without its fingerprint.

    esbuild keeps white space that separates nothing around the value of a custom property, after a comma in
    `var(--a, rgb(1, 2, 3))`, inside the parentheses of `var( --a )`, in `@supports (content: "")` and in
    `@custom-media --a (width <= 1px)`. Values of custom properties have a test of their own.
    """
    base = b"/" + posixpath.dirname(path).encode()
    text = _DOTTED.sub(lambda url: posixpath.relpath(posixpath.join(base, url[0]), base), unmarked(printed, marks))
    if language_of(path) != "css":
        return text
    return outside_strings(_COMPARED, rb"\1", outside_strings(_SPACED, rb"\1", text))


def outside_strings(pattern: re.Pattern[bytes], replacement: bytes, text: bytes) -> bytes:
    parts = _STRING.split(text)
    parts[::2] = [pattern.sub(replacement, part) for part in parts[::2]]
    return b"".join(parts)


def unmarked(content: bytes, marks: Set[bytes]) -> bytes:
    return _MARKED.sub(lambda match: b"" if match[1] in marks else match[0], content)


def css_urls(text: str) -> list[str]:
    return list(_walk(_tokens(text)))


def custom_properties(text: str) -> list[tuple[str, str]]:
    return list(_walk_custom(_tokens(text)))


@lru_cache(maxsize=8)  # the tokens of a file take a hundred times its bytes
def _tokens(text: str) -> list[Any]:
    return list(tinycss2.parse_component_value_list(text, skip_comments=True))


def _walk_custom(tokens: list[Any]) -> Iterator[tuple[str, str]]:
    """Name and value of each declaration of a custom property, in order."""
    for at, token in enumerate(tokens):
        if token.type == "{} block":
            yield from _walk_custom(token.content)
        elif token.type == "ident" and token.value.startswith("--") and tokens[at + 1 : at + 2] == [":"]:
            end = next((end for end in range(at, len(tokens)) if tokens[end] == ";"), len(tokens))
            yield token.value, tinycss2.serialize(tokens[at + 2 : end]).strip()


def _walk(tokens: list[Any]) -> Iterator[str]:
    """Each URL that a style sheet names, in order: url(), src(), image-set() and @import, but no @namespace."""
    rule = ""
    for token in tokens:
        if token.type == "at-keyword":
            rule = token.lower_value
        elif token.type == "url":
            if rule != "namespace":
                yield token.value
        elif token.type == "string" and rule == "import":
            yield token.value
        elif token.type == "function" and token.lower_name in ("url", "src"):
            if rule != "namespace":
                yield from (item.value for item in token.arguments[:1] if item.type == "string")
        elif token.type == "function":
            if token.lower_name in ("image-set", "-webkit-image-set"):
                yield from (item.value for item in token.arguments if item.type == "string")
            yield from _walk(token.arguments)
        elif token.type in ("() block", "[] block", "{} block"):
            yield from _walk(token.content)
        if token.type in ("literal", "{} block") and getattr(token, "value", ";") == ";":
            rule = ""
