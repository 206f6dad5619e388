from __future__ import annotations

import marshal
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

import pytest

from assetbuild.config import Config
from assetbuild.early import Early
from assetbuild.engine import engine
from assetbuild.errors import AssetBuildError, Place, Problem
from assetbuild.inputs import look
from assetbuild.model import Compiled, Origin, Reference
from assetbuild.rebuild import Rebuilder
from assetbuild.results import Result, kept, packed, read, trace_of, unpacked
from tests.conftest import Site

FULL = Compiled(
    logical_path="a.js",
    content=b"content",
    file="/a.js",
    digest="digest",
    size=7,
    source_size=8,
    sources=("a.js", "b.js"),
    references=(Reference("js-import", "./b.js", 1, 2, 0, 3), Reference("css-url", "c", 4, 5, 4, 5, "/static/")),
    origins=(Origin("b.js", 1, 2, "import"),),
    encoding="utf-16-le",
    tools=("minify x 1",),
    dropped_maps=("a.js.map",),
    made_map=("a.js.made.map", b"{}"),
    prehashed=True,
    warnings=(Problem("what", Place("a.js", 1, 2, "text", 3), ("note",), "fix", ("group",)), Problem("that")),
    reads=(("a.js", "digest"), ("b.js", "")),
    held=(1, 2),
)


@pytest.mark.parametrize("compiled", [FULL, FULL._replace(reads=None, warnings=(), references=())])
def test_a_result_is_the_same_after_it_was_plain(compiled: Compiled) -> None:
    result = Result(compiled, b"key", b"trace", "a.early.js")
    found = unpacked(marshal.loads(marshal.dumps(packed(result))))

    assert found == result
    assert repr(found) == repr(result)  # which tells tuples of one class from those of another


READS = (("a.js", "digest"),)
PLAIN = Compiled("a.js", b"1\n\n2", "/a.js", "made", 4, 9, ("a.js",), tools=("minify x 1",), reads=READS)
SAME = PLAIN._replace(content=None, digest="digest", size=9, tools=())
NOT_PLAIN: dict[str, object] = {
    "references": FULL.references,
    "sources": ("b.js",),
    "reads": (("b.js", "digest"),),
    "warnings": FULL.warnings,
    "made_map": ("a.js.map", b"{}\n"),
    "dropped_maps": ("a.js.map",),
    "prehashed": True,
    "tools": (),
}


@pytest.mark.parametrize(
    "compiled",
    [
        FULL._replace(held=None),
        FULL._replace(held=None, content=b"", made_map=("a.js.map", b"")),
        FULL._replace(held=None, content=None, reads=(("\ud8ff.js", ""),)),
        *(PLAIN, PLAIN._replace(content=b"", size=0), SAME, SAME._replace(size=0, source_size=0)),
        *(plain._replace(**{name: value}) for plain in (PLAIN, SAME) for name, value in NOT_PLAIN.items()),
        PLAIN._replace(reads=(*READS, ("b.js", ""))),
        SAME._replace(tools=("minify x 1",)),
    ],
)
def test_what_is_kept_is_read_as_what_it_was(compiled: Compiled) -> None:
    found = read(kept(Result(compiled, b"key", trace_of(compiled))), "a.js", "/a.js", "digest")

    assert repr(found) == repr(compiled)


def test_little_is_kept_of_what_is_plain() -> None:
    assert kept(Result(PLAIN, trace=trace_of(PLAIN))) == b'["made",9,["minify x 1"]]\n1\n\n2'
    assert kept(Result(SAME, trace=trace_of(SAME))) == b"[9]\n"


@pytest.mark.parametrize(
    "result",
    [
        *(Result(plain, early=early) for plain in (PLAIN, SAME) for early in ("", "a.early.js")),
        *(Result(PLAIN._replace(**{name: value}), early="a.early.js") for name, value in NOT_PLAIN.items()),
        *(Result(SAME._replace(**{name: value}), early="a.early.js") for name, value in NOT_PLAIN.items()),
        Result(PLAIN, b"key", trace_of(PLAIN), "a.early.js"),
    ],
)
def test_what_is_plain_is_the_same_after_little_was_sent(site: Site, tmp_path: Path, result: Result) -> None:
    """Where it is written early, its content is read from there."""
    early = Early(tmp_path, "files")
    rebuilder, _ = made(site({"a.js": "1" * 9}), early)
    source = rebuilder.sources["a.js"].file
    values = packed(result._replace(compiled=result.compiled._replace(file=source)))

    found = rebuilder.keep(marshal.loads(marshal.dumps(values)))

    assert early.written == ({result.early: result.compiled.digest} if result.early else {})
    is_read_there = bool(result.early and result.compiled.tools)
    expected = {"content": None, "file": f"{tmp_path}/files/a.early.js"} if is_read_there else {"file": source}
    assert repr(found) == repr(result.compiled._replace(**expected))


@pytest.mark.parametrize(("content", "length"), [(b"1\n2", 7), (None, 4)])
def test_of_what_is_plain_little_is_sent(content: bytes | None, length: int) -> None:
    compiled = PLAIN._replace(content=content) if content else SAME

    assert len(packed(Result(compiled, early="a.early.js"))) == length


def made(
    config: Config, early: Early | None = None, digests: Mapping[str, str] = MappingProxyType({})
) -> tuple[Rebuilder, dict[str, tuple[object, ...]]]:
    config = config._replace(minify=())
    rebuilder = Rebuilder(config, look(config, None).sources, {}, engine(config), None, digests, early)
    found = {path: rebuilder.compile(path) for path in rebuilder.sources}
    return rebuilder, {path: one for path, one in found.items() if not isinstance(one, AssetBuildError)}


MAP = "sourceMappingURL=data:application/json,{}"
NAMES_NOTHING = {"a.js": "1", "b.css": "b {}", "c.svg": "<svg/>", "d.png": "d"}
HAS_MORE = {
    "e.js": "import './a.js'",
    "f.css": f"b {{}} /*# {MAP} */",
    "g.svg": "<svg",
    "h.js": "1 //# sourceMappingURL=h.js.map",
    "i.js": f"{'[' * 6000 + ']' * 6000};import(x ? './b.js' : '')",  # too deep to be read
}


def test_of_what_names_nothing_only_the_digest_is_sent(site: Site) -> None:
    _, found = made(site({**NAMES_NOTHING, **HAS_MORE}))

    assert [path for path, one in found.items() if one[0] == path] == sorted(NAMES_NOTHING)


@pytest.mark.parametrize("prehashed", [(), ("*",)])
def test_what_was_sent_so_is_the_whole_again(site: Site, prehashed: Sequence[str]) -> None:
    rebuilder, found = made(site(NAMES_NOTHING, prehashed=list(prehashed)))

    for path, one in found.items():
        source, digest = rebuilder.sources[path], rebuilder.keep(one).digest
        reads = ((path, digest),)
        assert rebuilder.keep(one) == Compiled(
            path, None, source.file, digest, source.size, source.size, (path,), prehashed=bool(prehashed), reads=reads
        )


def test_what_is_written_early_is_told_and_never_what_keeps_its_name(site: Site, tmp_path: Path) -> None:
    files = {**NAMES_NOTHING, "e.js": "import './a.js'", "i.js": HAS_MORE["i.js"]}
    early = Early(tmp_path, "files")
    (tmp_path / "files").mkdir()
    rebuilder, found = made(site(files, prehashed=["b.css", "d.png"]), early)

    names = {}
    for path, one in found.items():
        digest = rebuilder.keep(one).digest
        assert digest == sha256(files[path].encode()).hexdigest()
        stem, dot, extension = path.partition(".")
        names[path] = (f"{stem}.{digest[:16]}{dot}{extension}", digest)
    assert early.written == dict(names[path] for path in ("a.js", "c.svg", "i.js"))
    assert {file.name for file in (tmp_path / "files").iterdir()} == {*early.written}


def test_what_is_no_longer_what_it_was_known_to_be_is_not_taken(site: Site) -> None:
    rebuilder, _ = made(site({"a.js": "1"}), digests={"a.js": sha256(b"2").hexdigest()})

    error = rebuilder.compile("a.js")

    assert str(error) == "a.js: changed while it was being built\n  fix: build again"


def test_what_is_to_be_kept_is_sent_with_its_key() -> None:
    result = Result(PLAIN, b"key", trace_of(PLAIN), "a.early.js")

    assert unpacked(packed(result)) == result
