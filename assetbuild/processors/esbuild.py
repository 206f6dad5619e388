"""One script or style sheet through esbuild: bytes in, smaller bytes and, if wanted, their source map out.

A pure transform of stdin: nothing is resolved, bundled or lowered, and no file of the project is read (no tsconfig, no
package.json, no environment).
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from assetbuild.errors import ProcessorError
from assetbuild.model import Language
from assetbuild.processors import programs
from assetbuild.processors.custom_properties import same_values, sheltered
from assetbuild.processors.difference import Refused
from assetbuild.processors.trusted import encoded_head, html_comment, without_map_comments
from assetbuild.rules import MinifyOptions
from assetbuild.syntax import css

_FIX = 'npm install esbuild, put it on PATH, or say where it is: [minify] esbuild = "path"'

# esnext: it prints what it read, and lowers nothing. It would look for a tsconfig.
_OPTIONS = ("--log-level=error", "--log-limit=1", "--color=false", "--target=esnext", "--tsconfig-raw={}")

# esbuild counts lines from 1 and columns in bytes from 0.
_ERROR = re.compile(r"^\S+ \[ERROR\] (.*)$", re.MULTILINE)
_PLACE = re.compile(r"^ +<stdin>:(\d+):(\d+):$", re.MULTILINE)
_LINE_END = re.compile(rb"\r\n|[\n\r]|\xe2\x80[\xa8\xa9]")

_MAP = re.compile(
    rb"(?:\A|\n)(?://|/\*)# sourceMappingURL=data:application/json;base64,([A-Za-z0-9+/=]+)(?: \*/)?\n?\Z"
)
_ITS_CHARSET = b'@charset "UTF-8";'
_version_lock = threading.Lock()


def find(options: MinifyOptions, name: str) -> tuple[Path, str]:
    """The binary and its version. `name` is the file that it is wanted for. Raises ProcessorError without one."""
    if options.esbuild:
        found = shutil.which(str(options.esbuild.absolute()))
        if not found:
            raise ProcessorError(f"minifier 'esbuild' is not at '{options.esbuild}'", where=name, fix=_FIX)
    else:
        found = _search(options.base_dir.absolute(), os.environ.get("PATH", os.defpath))
        if not found:
            raise ProcessorError("minifier 'esbuild' is not installed", where=name, fix=_FIX)
    with _version_lock:
        version = _version(found, options.timeout, os.stat(found).st_mtime_ns)
    if isinstance(version, ProcessorError):
        raise version
    return Path(found), version


def candidates(options: MinifyOptions) -> list[str]:
    """Where `find` looks for the binary, in that order."""
    if options.esbuild:
        return [str(options.esbuild.absolute())]
    base_dir = options.base_dir.absolute()
    local = [str(directory / "node_modules" / ".bin") for directory in (base_dir, *base_dir.parents)]
    places = (*local, *os.environ.get("PATH", os.defpath).split(os.pathsep))
    return [os.path.join(place, "esbuild") for place in places]


def minify(
    binary: Path,
    timeout: float,
    content: bytes,
    language: Language,
    name: str,
    *,
    keep: bool = True,
    source_map: bool = False,
) -> tuple[bytes, bytes | None]:
    """The output without a `sourceMappingURL` comment, and a map of it to `content` if `source_map` is set.

    Raises Refused where esbuild does not take the file, UnicodeDecodeError for what is not UTF-8, ProcessorError where
    it takes longer than `timeout` seconds.
    """
    head = encoded_head(content)
    bom = head if head == css.UTF8_BOM else b""
    if language == "js" and (at := html_comment(content)) is not None:
        raise Refused("this can be an HTML-like comment or an operator", at)
    text = without_map_comments(content[len(bom) :], language)
    options = [
        *_OPTIONS,
        "--minify",
        f"--loader={language}",
        # What was ASCII stays so: it may be served with no encoding said.
        f"--charset={'ascii' if content.isascii() else 'utf8'}",
        f"--legal-comments={'inline' if keep else 'none'}",
    ]
    if source_map:
        options.append("--sourcemap=inline")  # a file of its own would need a directory
    made = None
    if source_map:
        output, made = _split(_transformed(binary, timeout, options, text, content), content, name)
        if language == "css" and not same_values(text, output):
            raise Refused("it shortens custom properties, which are kept from it only where no source map is wanted")
    else:
        # It would shorten the values of custom properties as if it were known what they are for.
        shelter = sheltered if language == "css" else _as_it_is
        output = shelter(lambda hidden: _transformed(binary, timeout, options, hidden, content), text)
    if language == "css" and output.startswith(_ITS_CHARSET) and not head:
        raise Refused("'@charset' counts for nothing here, and would count in the output")
    return bom + output.removesuffix(b"\n"), made


def accepts(binary: Path, timeout: float, content: bytes, language: Language) -> bool:
    """Whether esbuild can read `content`."""
    status, _, _ = _run(binary, timeout, [*_OPTIONS, f"--loader={language}"], content)
    return status == 0


def _as_it_is(run: Callable[[bytes], bytes], content: bytes) -> bytes:
    return run(content)


def _transformed(binary: Path, timeout: float, options: Sequence[str], text: bytes, content: bytes) -> bytes:
    """Raises Refused, with a place in `content` where `text` is its end."""
    status, output, said = _run(binary, timeout, options, text)
    if status:
        raise _refusal(said, content, text)
    return output


def _search(base_dir: Path, path: str) -> str | None:
    for directory in (base_dir, *base_dir.parents):
        if found := shutil.which("esbuild", path=str(directory / "node_modules" / ".bin")):
            return found
    found = shutil.which("esbuild", path=path)
    return os.path.abspath(found) if found else None


@cache
def _version(binary: str, timeout: float, _installed: int) -> str | ProcessorError:
    """An error is returned, and so remembered: not each file is to wait for one that hangs."""
    try:
        status, output, said = _run(Path(binary), timeout, ["--version"], b"")
    except Refused as error:
        return ProcessorError(f"'{binary}', as esbuild, fails: {error.what}", fix=_FIX)
    except ProcessorError as error:
        return ProcessorError(f"'{binary}', asked for its version: {error.what}", fix=_FIX)
    version = output.decode(errors="replace").strip()
    if status or not re.fullmatch(r"\d+\.\d+\.\d+\S*", version):
        return ProcessorError(f"'{binary}' is no esbuild that works", fix=_FIX, stderr=said)
    return version


def _run(binary: Path, timeout: float, options: Sequence[str], content: bytes) -> tuple[int, bytes, str]:
    with binary.open("rb") as stream:
        is_script = stream.read(2) == b"#!" or binary.suffix.lower() in (".cmd", ".bat")
    # What npm puts into the program's place looks for node.
    return programs.run([str(binary), *options], content, "esbuild", timeout, ("PATH",) if is_script else ())


def _refusal(said: str, content: bytes, text: bytes) -> Refused:
    """esbuild's first error in its own words, and where in `content`, of which `text` is all or the end."""
    error = _ERROR.search(said)
    if not error:
        return Refused(f"it failed: {said.strip().partition(chr(10))[0] or 'it says nothing'}")
    place = _PLACE.search(said, error.end())
    if not place or len(content) - len(text) not in (0, len(css.UTF8_BOM)):  # something stood for something else
        return Refused(error[1].rstrip(":"))
    line, column = int(place[1]), int(place[2])
    starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
    offset = min(starts[min(line, len(starts)) - 1] + column, len(text))
    return Refused(error[1].rstrip(":"), len(content) - len(text) + offset)


def _split(output: bytes, content: bytes, name: str) -> tuple[bytes, bytes]:
    """esbuild writes the map behind its output, once and last. It knows the file as '<stdin>' only."""
    match = _MAP.search(output)
    if match is None:
        raise Refused("it made no source map")
    made = json.loads(base64.b64decode(match[1]))
    made["sources"] = [name.rpartition("/")[2]]
    made["sourcesContent"] = [content.removeprefix(css.UTF8_BOM).decode()]
    text = json.dumps(made, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return output[: match.start()], text.encode() + b"\n"
