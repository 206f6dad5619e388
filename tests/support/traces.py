"""What strace saw of a command and of all that it started: which paths were changed, opened to read, or asked about."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.support.needs import missing

_CALLS = "%file,%network,%process,fchmod,fchown,ftruncate,fsetxattr,fremovexattr"
_LINE = re.compile(r"(\d+) +(?:(\w+)\((.*)|<\.\.\. (\w+) resumed>(.*))", re.DOTALL)
_RESULT = re.compile(r"(.*)\) += (-?\d+|\?|0x[0-9a-f]+).*", re.DOTALL)
_UNFINISHED = " <unfinished ...>"
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_PATH = re.compile(rf"(?:\b(?:AT_FDCWD|\d+)(?:<([^>]*)>)?, )?{_QUOTED}")
_OPEN_FILE = re.compile(r"\d+<([^>]*)>")
_OPENS = ("open", "openat", "openat2", "creat")
_FORKS = ("fork", "vfork", "clone", "clone3")
_WRITES = re.compile(r"\bO_(?:WRONLY|RDWR|CREAT|TRUNC|TMPFILE)\b")
_CHANGES = re.compile(
    "f?(?:chmod|chown|truncate|setxattr|removexattr)(?:at)?2?|l(?:chown|setxattr|removexattr)|fchmodat2?|fchownat"
    "|mkdir(?:at)?|rmdir|unlink(?:at)?|rename(?:at2?)?|(?:sym)?link(?:at)?|mknod(?:at)?|utime|utimes|futimesat|utimensat"
)


class Traced(NamedTuple):
    """`hosts` are the calls that would reach another machine."""

    changed: list[str]
    read: list[str]
    looked: list[str]
    hosts: list[str]


def strace(log: Path) -> list[str]:
    """To be put before a command. Without it the test is skipped, and fails under CI."""
    if shutil.which("strace") is None:
        missing("strace is not installed")
    options = [
        "-f",
        "--seccomp-bpf",
        "-qqq",
        "-y",
        "-s",
        "4096",
        "-e",
        f"trace={_CALLS}",
        "-e",
        "signal=none",
        "-o",
        str(log),
    ]
    if subprocess.run(["strace", *options, "true"], capture_output=True).returncode:
        missing("strace may not trace here")
    return ["strace", *options]


def traced(log: Path, cwd: Path) -> Traced:
    """Of calls that did what they were asked to; one that was never finished counts as well."""
    changed, read, looked, hosts = set(), set(), set(), set()
    calls = [*_calls(log.read_text(errors="surrogateescape"))]
    parents = {result: process for process, name, _, result in calls if name in _FORKS}
    directories: dict[str, str] = {}
    for process, name, arguments, result in calls:
        if name in ("socket", "connect", "sendto") and "AF_INET" in arguments:
            hosts.add(f"{name}({arguments})")
        if result == "-1":
            continue
        if process not in directories:
            directories[process] = directories.get(parents.get(process, ""), str(cwd))
        here = directories[process]
        paths = [os.path.normpath(os.path.join(here, at, path)) for at, path in _PATH.findall(arguments)]
        if name == "chdir":
            directories[process] = paths[0]
        elif name in _OPENS:
            (changed if name == "creat" or _WRITES.search(arguments) else read).update(paths[:1])
        elif name.startswith("symlink"):
            changed.update(paths[1:])
        elif _CHANGES.fullmatch(name):
            changed.update(paths or _OPEN_FILE.findall(arguments)[:1])
        elif name == "bind":
            changed.update(paths)
        elif name not in ("execve", "readlink", "getcwd", *_FORKS):
            looked.update(paths[:1])
    return Traced(sorted(changed), sorted(read), sorted(looked), sorted(hosts))


def _calls(trace: str) -> Iterator[tuple[str, str, str, str]]:
    """Process, name, arguments, result."""
    begun: dict[str, tuple[str, str]] = {}
    for line in trace.split("\n"):
        match = _LINE.fullmatch(line)
        if not match:
            continue
        process, name, rest, _, resumed = match.groups()
        if name and rest.endswith(_UNFINISHED):
            begun[process] = name, rest.removesuffix(_UNFINISHED)
            continue
        if not name:
            name, rest = begun.pop(process, ("", ""))
            rest += resumed
        result = _RESULT.fullmatch(rest)
        if name and result:
            yield process, name, result[1], result[2]
    for process, (name, rest) in begun.items():
        yield process, name, rest, "?"


def below(file: str, directories: Sequence[str]) -> bool:
    return any(file == one or file.startswith(one.rstrip("/") + "/") for one in directories)
