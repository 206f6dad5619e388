"""`floor.py walk|click|hash|compress DIRECTORY`: the least that a build can do, in the same interpreter.

`walk` stats every file, `click` does so after importing click, `hash` reads all and takes its SHA-256; `compress` makes
brotli 11 and gzip 12 of what a release would try them on, on all cores, and writes nothing.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # importing typing would be measured too
if TYPE_CHECKING:
    from collections.abc import Iterator


def main(what: str, directory: str) -> None:
    if what == "click":
        import click  # noqa: F401
    found = list(_walk(directory))
    if what == "hash":
        _hash(found)
    elif what == "compress":
        _compress(found)


def _walk(directory: str) -> Iterator[tuple[str, int]]:
    """Each file's path and size."""
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path)
            else:
                yield entry.path, entry.stat().st_size


def _hash(found: list[tuple[str, int]]) -> None:
    import hashlib

    for path, _ in found:
        with open(path, "rb", buffering=0) as file:
            hashlib.sha256(file.read()).digest()


def _compress(found: list[tuple[str, int]]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    import brotli
    import deflate

    from assetbuild.compress import worth_trying

    def compress(path: str) -> None:
        with open(path, "rb") as file:
            content = file.read()
        brotli.compress(content, quality=11)
        deflate.gzip_compress(content, 12)

    wanted = sorted((one for one in found if worth_trying(*one)), key=lambda one: -one[1])
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(compress, (path for path, _ in wanted)))


if __name__ == "__main__":
    main(*sys.argv[1:])
