"""The trees that are built: packages in fixed versions, unpacked into one source root each.

A corpus is `NAME/assetbuild.toml` and `NAME/static/`; what is measured reads it and never writes into it. All of it is
made in the cache directory, once for each list of packages.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.corpus import manifest
from tests.support.packages import fetch

HERE = Path(__file__).parent
SERIES = (1_000, 3_000, 10_000, 30_000, 100_000)  # files
OPAQUE = (1, 64)  # MiB of each of the files in the two corpora of opaque files
SMALL = 16_384  # bytes of the largest file in the series: 100,000 files of the Django packages would be 2.5 GB
NAMED_BY = 1_000  # style sheets that name the one image of the corpus "fan"

# Packages name files that they do not publish, and no release could be made of them otherwise.
CONFIGURATION = """\
roots = ["static"]
[references]
missing = "ignore"
"""
_RECIPE = b"1"  # another one makes all corpora again


@dataclass(frozen=True, slots=True)
class Corpus:
    """`size` is in bytes."""

    name: str
    directory: Path
    files: int
    size: int

    @property
    def static(self) -> Path:
        return self.directory / "static"

    @property
    def config(self) -> Path:
        return self.directory / "assetbuild.toml"


def make(name: str) -> Corpus:
    """The corpus of that name, made if it is not there yet: "django", "large", "fan", "series-COUNT", "opaque-MIB"."""
    directory = cache_dir() / "corpora" / name
    stamp = directory / "made-from"
    recipe = _recipe(name)
    if not stamp.is_file() or stamp.read_text() != recipe:
        _say(f"corpus '{name}': being made")
        shutil.rmtree(directory, ignore_errors=True)
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".corpus-", dir=directory.parent) as staging:
            made = Path(staging, "made")
            (made / "static").mkdir(parents=True)
            _maker(name)(made / "static")
            (made / "assetbuild.toml").write_text(CONFIGURATION)
            (made / "made-from").write_text(recipe)
            made.rename(directory)
    files = [file.stat().st_size for file in walk(directory / "static")]
    return Corpus(name, directory, len(files), sum(files))


def discard(corpus: Corpus) -> None:
    shutil.rmtree(corpus.directory)


def cache_dir() -> Path:
    import platformdirs

    return Path(os.environ.get("ASSETBUILD_BENCH_CACHE") or platformdirs.user_cache_dir("assetbuild-bench"))


def walk(directory: Path) -> Iterator[Path]:
    """All files, in the order of their paths."""
    return iter(sorted(Path(here, name) for here, _, names in os.walk(directory) for name in names))


def _recipe(name: str) -> str:
    listed = HERE / ("large.toml" if name == "large" else "django.toml")
    return hashlib.sha256(b"\n".join((_RECIPE, name.encode(), listed.read_bytes()))).hexdigest()


def _maker(name: str) -> Callable[[Path], None]:
    if name.startswith("series-"):
        return lambda static: _series(int(name.partition("-")[2]), static)
    if name.startswith("opaque-"):
        return lambda static: _opaque(int(name.partition("-")[2]), static)
    return {"django": _django, "large": _large, "fan": _fan}[name]


def _django(static: Path) -> None:
    """As collectstatic merges them: the first package that has a path wins."""
    for vendored in manifest.load(HERE / "django.toml"):
        package = vendored.package
        for folder in package.keep:
            _merge(fetch(package) / folder, static)


def _large(static: Path) -> None:
    for vendored in manifest.load(HERE / "large.toml"):
        _merge(fetch(vendored.package), static / vendored.prefix)


def _fan(static: Path) -> None:
    """The Django corpus, an image that 1,000 style sheets name, and one that nothing names."""
    _merge(make("django").static, static)
    folder = static / "fan"
    folder.mkdir()
    (folder / "hub.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9v9z"/></svg>\n')
    for number in range(NAMED_BY):
        (folder / f"spoke{number}.css").write_text(f".spoke{number} {{ background: url(hub.svg) }}\n")


def _series(count: int, static: Path) -> None:
    """Small files of the Django corpus, over and over in numbered folders.

    No two folders have a file of the same content, else whoever remembers content would do the work once: each copy
    ends in as many more line breaks as its folder's number says, which mean nothing to any text.
    """
    base = make("django").static
    small = [file for file in walk(base) if 0 < file.stat().st_size <= SMALL]
    for number in range(count):
        copy, index = divmod(number, len(small))
        target = static / f"copy{copy:02}" / small[index].relative_to(base)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(small[index].read_bytes() + b"\n" * copy)


def _opaque(mebibytes: int, static: Path) -> None:
    """Eight files of that size each, in a format that is not looked into."""
    for number in range(8):
        (static / f"film{number}.mp4").write_bytes(random.Random(number).randbytes(mebibytes << 20))


def _merge(source: Path, target: Path) -> None:
    for file in walk(source):
        copy = target / file.relative_to(source)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    for wanted in sys.argv[1:] or ("django", "large", "fan"):
        print(make(wanted))
