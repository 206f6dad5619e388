"""Real packages in fixed versions, fetched once into the user's cache directory. Nothing of them is committed.

A package is named by its bytes: a tarball with another SHA-256 is refused.
`python -m tests.support.packages` fetches all of them.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

NPM_TIMEOUT = 300  # seconds for one tarball; the largest is 7 MB


class Unavailable(Exception):
    """No package can be fetched here: no npm, no network, or no build for this platform."""


@dataclass(frozen=True, slots=True)
class Package:
    """`sha256` is of the tarball. Only files below one of the `keep` prefixes are unpacked."""

    name: str
    version: str
    sha256: str
    keep: tuple[str, ...] = ("",)

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

    Safe with several processes at once: each unpacks for itself, the first rename wins. Raises Unavailable.
    """
    cache_dir = _cache_dir()
    target = cache_dir / package.directory_name
    if target.is_dir():
        return target
    cache_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache_dir) as staging:
        unpacked = Path(staging, "unpacked")
        unpack(_download(package, Path(staging)), package, unpacked)
        try:
            unpacked.rename(target)
        except OSError:
            if not target.is_dir():  # else another process was faster
                raise
    return target


def esbuild() -> Path:
    """The native esbuild, which needs no Node. Raises Unavailable."""
    system = (sys.platform, platform.machine())
    if system not in _ESBUILD:
        raise Unavailable(f"esbuild is not known for {' '.join(system)}")
    name, sha256 = _ESBUILD[system]
    return fetch(Package(f"@esbuild/{name}", _ESBUILD_VERSION, sha256, ("bin/",))) / "bin" / "esbuild"


def unpack(tarball: Path, package: Package, directory: Path) -> None:
    """Raises ValueError where the bytes are not the expected ones, or a member is no plain file inside the package."""
    found = hashlib.sha256(tarball.read_bytes()).hexdigest()
    if found != package.sha256:
        raise ValueError(f"{package.name}@{package.version} has the SHA-256 {found}, not {package.sha256}")
    directory.mkdir()
    with tarfile.open(tarball) as archive:
        for member in archive:
            if member.isdir():
                continue
            # npm's tarballs have one top directory, mostly but not always called "package".
            path = member.name.partition("/")[2]
            parts = path.split("/")
            if not member.isreg() or member.name.startswith("/") or "\\" in path or {"", ".", ".."} & {*parts}:
                raise ValueError(f"{package.name}@{package.version} holds '{member.name}', which is left alone")
            if path.startswith(package.keep):
                _write(archive, member, directory / path)


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    stream = archive.extractfile(member)
    assert stream
    with stream, file.open("wb") as copy:
        shutil.copyfileobj(stream, copy)
    file.chmod(0o755 if member.mode & 0o100 else 0o644)


def _cache_dir() -> Path:
    import platformdirs

    return Path(os.environ.get("ASSETBUILD_TEST_CACHE") or platformdirs.user_cache_dir("assetbuild-tests"))


def _download(package: Package, directory: Path) -> Path:
    """The tarball as npm's client gives it, from whatever registry npm is configured for."""
    npm = shutil.which("npm")
    if not npm:
        raise Unavailable("npm is not installed")
    command = [npm, "pack", f"{package.name}@{package.version}", "--ignore-scripts", "--silent", "--fetch-retries=1"]
    try:
        # In a directory of its own: npm takes settings from the project that it is run in.
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=NPM_TIMEOUT)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"npm gave no {package.name}@{package.version} in {NPM_TIMEOUT} seconds") from None
    tarballs = sorted(directory.glob("*.tgz"))
    if done.returncode or len(tarballs) != 1:
        said = (done.stderr or done.stdout).strip() or f"exit status {done.returncode}"
        raise Unavailable(f"npm gave no {package.name}@{package.version}: {said}")
    return tarballs[0]


if __name__ == "__main__":
    for wanted in (BOOTSTRAP, THREE, TINYMCE, FONT_AWESOME):
        print(fetch(wanted))
    print(esbuild())
