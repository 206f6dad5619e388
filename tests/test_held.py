from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from assetbuild.contents import content_of
from assetbuild.held import Held
from assetbuild.model import Compiled


def compiled(path: str, content: bytes, *tools: str) -> Compiled:
    digest = hashlib.sha256(content).hexdigest()
    return Compiled(path, content, None, digest, len(content), len(content), (path,), tools=tools)


def test_what_does_not_fit_into_memory_is_put_away_and_found_again() -> None:
    contents = [b"abc", b"de", b"fgh", b"", b"\0" * 10]

    with Held(limit=5) as held:
        kept = [held.keep(compiled(f"{at}.js", content, "minify rjsmin 1")) for at, content in enumerate(contents)]

        assert [one.content for one in kept] == [b"abc", b"de", None, None, None]
        assert [content_of(one) for one in kept] == contents


def test_what_no_tool_has_made_stays_in_memory() -> None:
    assert Held(limit=0).keep(compiled("a.js", b"abc")).content == b"abc"


def test_what_cannot_be_put_away_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")

    assert Held(limit=0).keep(compiled("a.js", b"abc", "minify rjsmin 1")).content == b"abc"


def test_what_makes_the_file_is_loaded_by_the_builds_that_need_one() -> None:
    code = "import sys, assetbuild.build; print({'tempfile', 'shutil', 'random'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")
