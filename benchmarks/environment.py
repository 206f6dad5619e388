"""What a run needs and where it ran: the peers in an environment of their own, the tools, the machine."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpora import HERE, cache_dir
from tests.support import packages

REQUIREMENTS = HERE / "requirements.txt"


@dataclass(frozen=True, slots=True)
class Tools:
    """`options` are those of `assetbuild build`; `ruby` is None without Ruby or without its Sprockets."""

    python: Path
    peers_python: Path
    assetbuild: Path
    options: frozenset[str]
    esbuild: Path | None
    ruby: Path | None


def prepare() -> Tools:
    """Makes the peers' environment if it is not there."""
    assetbuild = Path(sys.executable).with_name("assetbuild")
    said = _said(assetbuild, "build", "--help")
    return Tools(
        Path(sys.executable), _peers(), assetbuild, frozenset(re.findall(r"--[a-z-]+", said)), _esbuild(), _ruby()
    )


def versions(tools: Tools) -> dict[str, str]:
    """Tool -> version, of those that are there."""
    listed = re.findall(r"^(\w+)==(\S+)$", REQUIREMENTS.read_text(), re.MULTILINE)
    said = {
        "assetbuild": _said(tools.assetbuild, "--version").rpartition(" ")[2],
        "Python": platform.python_version(),
        **dict(listed),
        "esbuild": _said(tools.esbuild, "--version") if tools.esbuild else "",
        "Ruby": _said(tools.ruby, "-e", "print RUBY_VERSION") if tools.ruby else "",
        "Sprockets": _said(tools.ruby, "-e", 'require "sprockets"; print Sprockets::VERSION') if tools.ruby else "",
    }
    return {name: version for name, version in said.items() if version}


def machine(directory: Path) -> dict[str, str]:
    """`directory` is where files are written."""
    return {
        "processor": f"{_processor()}, {cores()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "file system": _file_system(directory),
        "system": f"{platform.system()} {(re.match(r'[0-9.]*[0-9]', platform.release()) or [''])[0]}",
    }


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _peers() -> Path:
    """Its Python. Another list of peers, or another Python, is another environment."""
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    directory = cache_dir() / f"peers-{key}"
    python, ready = directory / "bin" / "python", directory / "ready"
    if not ready.exists():
        print("peers: being installed", file=sys.stderr, flush=True)
        venv.create(directory, clear=True, with_pip=True)
        quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
        subprocess.run([python, "-m", "pip", "install", *quiet, "--requirement", REQUIREMENTS], check=True)
        ready.touch()
    return python


def _esbuild() -> Path | None:
    try:
        return packages.esbuild()
    except packages.Unavailable:
        return None


def _ruby() -> Path | None:
    found = shutil.which("ruby")
    return Path(found) if found and _said(Path(found), "-e", 'require "sprockets"; print "there"') else None


def _said(*command: str | Path) -> str:
    """Nothing, if it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def _file_system(directory: Path) -> str:
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return "unknown"
    holding = [(len(place), kind) for place, kind in mounts if directory.resolve().is_relative_to(place)]
    return max(holding)[1] if holding else "unknown"
