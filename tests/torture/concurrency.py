"""Many builds at once into one output with one cache, while readers look all the time.

A reader does what a web server does at its start: follow `current`, read the manifest, then each file that it names.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

from tests.torture.builds import Ended, Warm
from tests.torture.site import CONTENTS, Site
from tests.torture.tally import Tally, in_lanes

BUILDERS = 8
_OPTIONS = ((), ("--no-minify",), ("--no-compress",), ("--jobs", "1"))


def concurrency(base: Path, seconds: float, rounds: int, polls: int, seed: int) -> dict[str, Any]:
    """`rounds` of `BUILDERS` builds of one content, then of two contents, then with different options; then `polls` by
    readers beside builds that go on as long."""
    tally = Tally("concurrency", seconds, rounds + rounds // 2 + rounds // 4)
    random = Random(seed)
    site = Site(base / "one")
    others = {content: _beside(site, base / content, content) for content in CONTENTS}
    with ExitStack() as stack:
        crew = [stack.enter_context(Warm(site)) for _ in range(BUILDERS)]
        for _ in range(rounds):
            _one_content(site, crew, tally, random)
        pairs = [stack.enter_context(Warm(one)) for one in others.values() for _ in range(2)]
        for _ in range(rounds // 2):
            _two_contents(site, pairs, tally)
        for _ in range(rounds // 4):
            _different_options(site, crew, tally, random)
        _read(site, pairs, tally, polls)
    return tally.result()


def _beside(site: Site, base: Path, content: str) -> Site:
    """A checkout of its own, with the same output and the same cache."""
    other = Site(base)
    other.put(content)
    other.dist, other.cache = site.dist, site.cache
    return other


def _at_once(tally: Tally, row: str, crew: list[Warm], *arguments: list[str]) -> list[Ended]:
    ended: list[Ended | None] = [None] * len(crew)

    def work(number: int) -> None:
        ended[number] = crew[number].build("--json", *(arguments[number] if arguments else ()))

    in_lanes(len(crew), work)
    found = [one for one in ended if one]
    for one in found:
        tally.count(row, "builds", f"status {one.status}")
        if (one.status, one.err) != (0, ""):
            tally.complain(row, [f"status {one.status}: {one.err}{one.out}"])
    tally.step()
    return found


def _one_content(site: Site, crew: list[Warm], tally: Tally, random: Random) -> None:
    if tally.is_over:
        return
    if random.random() < 0.3:
        site.wipe(cache=random.random() < 0.5)
    content = random.choice(CONTENTS)
    site.put(content)
    row = "one content"
    ids = {json.loads(one.out)["release"] for one in _at_once(tally, row, crew) if one.status == 0}
    _judge(site, tally, row, {content}, ids)


def _two_contents(site: Site, pairs: list[Warm], tally: Tally) -> None:
    if tally.is_over:
        return
    row = "two contents, one output"
    output = ["--output", str(site.dist)]
    ids = {json.loads(one.out)["release"] for one in _at_once(tally, row, pairs, *[output] * 4) if one.status == 0}
    _judge(site, tally, row, set(CONTENTS), ids)


def _different_options(site: Site, crew: list[Warm], tally: Tally, random: Random) -> None:
    """Each option has an output of its own; the cache is that of all."""
    if tally.is_over:
        return
    row = "different options, one cache"
    content = random.choice(CONTENTS)
    site.put(content)
    arguments = [["--output", f"by-option-{at % 4}", *_OPTIONS[at % 4]] for at in range(BUILDERS)]
    ended = _at_once(tally, row, crew, *arguments)
    for at in range(4):
        ids = {json.loads(one.out)["release"] for one in ended[at::4] if one.status == 0}
        current = site.base / f"by-option-{at}" / "current"
        done = subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=current, capture_output=True)
        if len(ids) != 1 or done.returncode:
            tally.complain(row, [f"{_OPTIONS[at]}: {ids}, sha256sum ended with {done.returncode}"])


def _judge(site: Site, tally: Tally, row: str, contents: set[str], ids: set[str]) -> None:
    wanted = {site.whole[content].id for content in contents}
    complaints = [*site.complaints(set(), None)]
    if ids != wanted:
        complaints.append(f"releases {ids} were made, and not {wanted}")
    if site.current not in wanted:
        complaints.append(f"'current' names {site.current}")
    if left := site.leftovers():
        complaints.append(f"left: {', '.join(left)}")
    tally.complain(row, complaints)


_READER = """
import json, sys
from pathlib import Path
from tests.torture.concurrency import polled
from tests.torture.site import Release
whole = {key: Release(one[0], one[1].encode()) for key, one in json.loads(sys.argv[3]).items()}
for at in range(int(sys.argv[2])):
    for complaint in polled(Path(sys.argv[1]), whole, thorough=at % 50 == 0):
        print(complaint, flush=True)
"""


def polled(dist: Path, whole: dict[str, Any], *, thorough: bool) -> Iterator[str]:
    """Complaints of one look at `current`: its manifest and sums, and if `thorough` all of its files."""
    try:
        directory = os.open(dist / "current", os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        yield f"'current' cannot be followed: {error}"
        return
    try:
        sums = _content(directory, "SHA256SUMS")
        said = {line[66:]: line[:64] for line in sums.decode().splitlines()}
        manifest = _content(directory, "manifest.json")
        if sums not in {one.sums for one in whole.values()}:
            yield "the sums are of no release that an undisturbed build makes"
        if hashlib.sha256(manifest).hexdigest() != said.get("manifest.json"):
            yield "manifest and sums are of two releases"
        for name in said if thorough else ():
            if hashlib.sha256(_content(directory, name)).hexdigest() != said[name]:
                yield f"'{name}' has other bytes"
    except (OSError, ValueError) as error:
        yield f"a file was missing or torn: {error}"
    finally:
        os.close(directory)


def _content(directory: int, name: str) -> bytes:
    descriptor = os.open(name, os.O_RDONLY, dir_fd=directory)
    with open(descriptor, "rb", buffering=0) as stream:
        return stream.read()


def _read(site: Site, pairs: list[Warm], tally: Tally, polls: int) -> None:
    """Two readers, while both contents are built by turns, so that `current` moves all the time."""
    whole = json.dumps({key: (one.id, one.sums.decode()) for key, one in site.whole.items()})
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", _READER, str(site.dist), str(polls // 2), whole],
            env=site.environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    heard: list[str] = []
    listeners = [threading.Thread(target=lambda one=one: heard.extend(one.stdout)) for one in readers]
    for listener in listeners:
        listener.start()
    moves, row = 0, "a reader"
    while any(listener.is_alive() for listener in listeners) and not tally.is_over:
        before = site.current
        ended = pairs[0 if moves % 2 else 2].build("--output", str(site.dist))
        tally.complain(row, [f"status {ended.status}: {ended.err}"] if ended.status or ended.err else [])
        tally.count(row, "moved" if site.current != before else "as it was")
        moves += 1
    for reader in readers:
        if tally.is_over and reader.poll() is None:
            reader.kill()
            tally.count(row, "readers that were stopped")
    for reader, listener in zip(readers, listeners, strict=True):
        reader.wait()
        listener.join()
        assert reader.stdout
        reader.stdout.close()
        tally.rows[row]["polls"] += polls // 2 if reader.returncode == 0 else 0
    tally.complain(row, [line.strip() for line in heard])
