"""A source that is another thing when it is read than when it was listed is told as changed, and never waited for."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TypeVar

import pytest

from assetbuild.build import build
from assetbuild.contents import MAX_READ, content_again, content_of, hash_source, read_source
from assetbuild.discover import discover
from assetbuild.errors import SourceChanged
from assetbuild.executors import Serial
from assetbuild.model import Compiled, Source
from assetbuild.signatures import TICK
from tests.conftest import Site

T = TypeVar("T")
R = TypeVar("R")
CHANGED = "d/a.png: changed while it was being built\n  fix: build again"


def fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def bound(file: Path) -> None:
    file.unlink()
    here = os.getcwd()
    os.chdir(file.parent)  # the path of a socket is a short one
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(file.name)
    finally:
        os.chdir(here)


def directory(file: Path) -> None:
    file.unlink()
    file.mkdir()


def device(file: Path) -> None:
    file.unlink()
    file.symlink_to("/dev/zero")


def terminal(file: Path) -> None:
    file.unlink()
    file.symlink_to("/dev/ptmx")


def nothing(file: Path) -> None:
    file.unlink()


def in_a_file(file: Path) -> None:
    shutil.rmtree(file.parent)
    file.parent.write_text("")


def endless(file: Path) -> None:
    with file.open("wb") as stream:
        stream.truncate(4 << 30)


REPLACED = [fifo, bound, directory, device, terminal, nothing, in_a_file, endless]


@pytest.fixture
def source(site: Site) -> Source:
    return discover(site({"d/a.png": b"content"}))["d/a.png"]


def refused(read: Callable[[], object]) -> str:
    before = len(os.listdir("/dev/fd"))
    with pytest.raises(SourceChanged) as caught:
        read()
    assert len(os.listdir("/dev/fd")) == before
    return str(caught.value)


@pytest.mark.parametrize("replace", REPLACED)
def test_what_was_replaced_is_read_by_nothing(source: Source, replace: Callable[[Path], None]) -> None:
    size, digest = source.size, hashlib.sha256(b"content").hexdigest()
    compiled = Compiled("d/a.png", None, source.file, digest, size, size, ("d/a.png",))
    assert (read_source(source), hash_source(source)) == (b"content", (digest, 7))
    sources, later = {"d/a.png": source}, source.signature[2] + TICK + 1
    assert content_of(compiled) == content_again(compiled, sources, later) == b"content"

    replace(Path(source.file))

    assert refused(lambda: read_source(source)) == CHANGED
    assert refused(lambda: hash_source(source)) == CHANGED
    assert refused(lambda: content_of(compiled)) == CHANGED
    assert refused(lambda: content_again(compiled, sources, later)) == CHANGED


@pytest.mark.parametrize("is_settled", [True, False])
def test_content_is_proven_by_its_signature_where_that_says_enough_else_by_its_digest(
    source: Source, is_settled: bool
) -> None:
    of_others = Compiled("d/a.png", None, source.file, hashlib.sha256(b"other b").hexdigest(), 7, 7, ("d/a.png",))
    started = source.signature[2] + TICK + is_settled
    sources = {"d/a.png": source}

    def again() -> bytes:
        return content_again(of_others, sources, started)

    assert again() == b"content" if is_settled else refused(again) == CHANGED

    os.utime(source.file, (1, 1))  # the bytes are the same, but nothing says so
    assert refused(again) == CHANGED

    for held_elsewhere in ({}, {"d/a.png": source._replace(file="/elsewhere")}):
        right = of_others._replace(digest=hashlib.sha256(b"content").hexdigest())
        assert content_again(right, held_elsewhere, started) == b"content"
        assert content_again(right._replace(content=b"in memory"), sources, started) == b"in memory"


class Meddling(Serial):
    """`replace` is called between the first time that sources are read, to be hashed, and the second, to be copied."""

    def __init__(self, replace: Callable[[], None]) -> None:
        self.replace = replace

    def map(self, work: Callable[[T], R], items: Iterable[T], /) -> Generator[R, None, None]:
        self.replace()
        return super().map(work, items)


@pytest.mark.parametrize("replace", REPLACED)
@pytest.mark.parametrize("size", [7, 9 << 20])
def test_what_was_replaced_is_not_copied(site: Site, replace: Callable[[Path], None], size: int) -> None:
    config = site({"d/a.png": bytes(size)})
    (config.base_dir / "dist/releases/other").mkdir(parents=True)  # so that nothing is written early

    file = config.base_dir / "static/d/a.png"
    assert refused(lambda: build(config, executor=Meddling(lambda: replace(file)))) == CHANGED
    assert os.listdir(config.output_dir / "releases") == ["other"]


def test_a_file_is_read_whole_whatever_its_size_was_said_to_be(source: Source) -> None:
    for content in (b"", b"x", b"x" * (1 << 20), b"x" * ((3 << 20) + 1)):
        Path(source.file).write_bytes(content)
        assert read_source(source) == content
        assert hash_source(source) == (hashlib.sha256(content).hexdigest(), len(content))


def test_a_file_whose_size_the_system_does_not_know_is_read_whole(source: Source) -> None:
    """As those of /proc, or of some file systems in user space: it says 0."""
    made = source._replace(file="/proc/self/cmdline")
    assert os.stat(made.file).st_size == 0
    assert read_source(made) == Path(made.file).read_bytes() != b""


def test_a_file_that_is_too_large_to_be_looked_into_is_not_opened(site: Site) -> None:
    source = discover(site({"a.css": ""}))["a.css"]._replace(signature=(MAX_READ + 1, 0, 0, 0), file="/nowhere")
    with pytest.raises(Exception, match="has 268,435,457 bytes, and what is looked into may have 268,435,456"):
        read_source(source)
