"""Real packages in fixed versions, fetched once into the user's cache directory. Nothing of them is committed.

npm's tarballs and PyPI's wheels. A package is named by its bytes: an archive with another SHA-256 is refused.
`python -m tests.support.packages` fetches those that the tests use.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

FETCH_TIMEOUT = 300  # seconds for one archive; the largest is 40 MB


class Unavailable(Exception):
    """No package can be fetched here: no npm, no network, or no build for this platform."""


@dataclass(frozen=True, slots=True)
class Package:
    """`sha256` is of the archive. Only files below one of the `keep` prefixes are unpacked."""

    name: str
    version: str
    sha256: str
    keep: tuple[str, ...] = ("",)
    index: Literal["npm", "pypi"] = "npm"

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.index == "npm" else f"{self.name}=={self.version}"

    @property
    def directory_name(self) -> str:
        """Another one for other content: what is in the cache never has to be looked into."""
        key = hashlib.sha256("\n".join((self.sha256, *self.keep)).encode()).hexdigest()[:12]
        return f"{self.name.strip('@').replace('/', '-')}-{self.version}-{key}"


BOOTSTRAP = Package(
    "bootstrap", "5.3.9", "06bdf78289c3c12ea99d40df84eedf6278c724c73eebf38f11f3a65b44ec8c94", ("dist/",)
)
THREE = Package(
    "three",
    "0.187.0",
    "ff540832ded0cfe919764d24a3d88f3e2a05f23303f876423e4f893841e90728",
    ("src/", "examples/jsm/", "build/three.core.js", "build/three.module.js"),
)
TINYMCE = Package("tinymce", "8.9.2", "a6be6b984a254128a1a5624ffaca1d4558698cb3717ec3ec2fc367d7e2a10051")
FONT_AWESOME = Package(
    "@fortawesome/fontawesome-free",
    "7.3.1",
    "ca4e32843bd81711894385c2466fb19c55cfd32ef3c58830b2d1df7bd42e6571",
    ("css/", "js/", "webfonts/"),
)
_ESBUILD_VERSION = "0.28.2"
_ESBUILD = {  # (sys.platform, platform.machine()) -> package, SHA-256
    ("linux", "x86_64"): ("linux-x64", "9573bb2233aab0f9ea7647d5cca9726113cc1768de61d66b17267f4db84488f6"),
    ("linux", "aarch64"): ("linux-arm64", "a96dbfa41d3ef5dbd1ef22b1c10d5187be9267e86093a870f06402a7ec931596"),
    ("darwin", "x86_64"): ("darwin-x64", "abb6a7a895aaf2cc0df36fecc3bf0042479ffec51a643a056d54e9109f27db55"),
    ("darwin", "arm64"): ("darwin-arm64", "1980cde09749094452b20d36ff267585ccb3f72749c7bc97291cd9996ccf5a2a"),
}


def fetch(package: Package) -> Path:
    """The directory with the package's files; do not write into it.

    Safe with several processes at once: each unpacks for itself, the first rename wins. Raises Unavailable, and
    ValueError for other bytes than the expected ones.
    """
    target = cache_dir() / package.directory_name
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as staging:
        unpacked = Path(staging, "unpacked")
        unpack(_download(package, Path(staging)), package, unpacked)
        try:
            unpacked.rename(target)
        except OSError:
            if not target.is_dir():  # else another process was faster
                raise
    return target


def cache_dir() -> Path:
    import platformdirs

    return Path(os.environ.get("ASSETBUILD_TEST_CACHE") or platformdirs.user_cache_dir("assetbuild-tests"))


def esbuild() -> Path:
    """The native esbuild, which needs no Node. Raises Unavailable."""
    system = (sys.platform, platform.machine())
    if system not in _ESBUILD:
        raise Unavailable(f"esbuild is not known for {' '.join(system)}")
    name, sha256 = _ESBUILD[system]
    return fetch(Package(f"@esbuild/{name}", _ESBUILD_VERSION, sha256, ("bin/",))) / "bin" / "esbuild"


def unpack(archive: Path, package: Package, directory: Path) -> None:
    """Raises ValueError where the bytes are not the expected ones, or a member is no plain file inside the package."""
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != package.sha256:
        raise ValueError(f"{package} has the SHA-256 {found}, not {package.sha256}")
    directory.mkdir()
    for member in _npm_members(archive) if package.index == "npm" else _wheel_members(archive):
        path = member.path
        if not member.plain or "\\" in path or {"", ".", ".."} & {*path.split("/")}:
            raise ValueError(f"{package} holds '{member.name}', which is left alone")
        if path.startswith(package.keep):
            _write(member, directory / path)


@dataclass(frozen=True, slots=True)
class _Member:
    """`name` is the archive's; `path` is below the package's directory; a `plain` one is a file, and no link."""

    name: str
    path: str
    plain: bool
    executable: bool
    stream: IO[bytes] | None


def _npm_members(archive: Path) -> Iterator[_Member]:
    """npm's tarballs have one top directory, mostly but not always called "package"."""
    with tarfile.open(archive) as tar:
        for info in tar:
            if not info.isdir():
                plain = info.isreg() and not info.name.startswith("/")
                stream = tar.extractfile(info) if plain else None
                yield _Member(info.name, info.name.partition("/")[2], plain, bool(info.mode & 0o100), stream)


def _wheel_members(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as wheel:
        for info in wheel.infolist():
            if not info.is_dir():
                kind = stat.S_IFMT(info.external_attr >> 16)
                with wheel.open(info) as stream:
                    yield _Member(info.filename, info.filename, kind in (0, stat.S_IFREG), False, stream)


def _write(member: _Member, file: Path) -> None:
    assert member.stream
    file.parent.mkdir(parents=True, exist_ok=True)
    with member.stream, file.open("wb") as copy:
        shutil.copyfileobj(member.stream, copy)
    file.chmod(0o755 if member.executable else 0o644)


def _download(package: Package, directory: Path) -> Path:
    """The archive as the index's own client gives it, from wherever that client is configured to look."""
    command = _npm(package) if package.index == "npm" else _pip(package, directory)
    client = package.index.replace("pypi", "pip")
    try:
        # In a directory of its own: npm takes settings from the project that it is run in.
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=FETCH_TIMEOUT)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{client} gave no {package} in {FETCH_TIMEOUT} seconds") from None
    archives = sorted([*directory.glob("*.tgz"), *directory.glob("*.whl")])
    said = (done.stderr or done.stdout).strip()
    if done.returncode and "DO NOT MATCH THE HASHES" in said:
        raise ValueError(f"{package} is not the package that was expected: {said}")
    if done.returncode or len(archives) != 1:
        raise Unavailable(f"{client} gave no {package}: {said or f'exit status {done.returncode}'}")
    return archives[0]


def _npm(package: Package) -> list[str]:
    npm = shutil.which("npm")
    if not npm:
        raise Unavailable("npm is not installed")
    return [npm, "pack", str(package), "--ignore-scripts", "--silent", "--fetch-retries=1"]


def _pip(package: Package, directory: Path) -> list[str]:
    """The wheel's files are served, not run: which Python it is for does not matter."""
    wanted = directory / "wanted.txt"
    wanted.write_text(f"{package} --hash=sha256:{package.sha256}\n")
    options = ("--no-deps", "--only-binary=:all:", "--require-hashes", "--ignore-requires-python", "--retries=1")
    quiet = ("--quiet", "--no-input", "--disable-pip-version-check")
    return [sys.executable, "-m", "pip", "download", *options, *quiet, "--dest=.", f"--requirement={wanted}"]


if __name__ == "__main__":
    for wanted in (BOOTSTRAP, THREE, TINYMCE, FONT_AWESOME):
        print(fetch(wanted))
    print(esbuild())
