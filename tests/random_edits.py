"""Random edits at full speed while a watch runs: what it made in the end is what a fresh one makes of the same files.

    python -m tests.random_edits [--seed N] [--rounds N] [--edits N] [--calm SECONDS] [--gentle] [--poll SECONDS]

After each round, when it has said nothing for a while, the watch is ended or killed, and another one builds the same
sources into another directory with an empty cache. Manifest and files have to be the same; where the sources are
broken, the errors. Then it goes on from what it had left. Exit status 1 at the first difference.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

COLORS = ("red", "tan", "sky", "oak", "elm")  # of one length: contents of one size


# How often each of the methods of Edits is called.
WEIGHTS = {
    "save": 40,
    "save_any": 25,
    "add": 15,
    "remove": 6,
    "rename": 6,
    "directory": 4,
    "move_directory": 5,
    "move_and_back": 6,
    "swap_directories": 3,
    "out_and_in": 3,
    "remove_directory": 1,
    "copy_directory": 2,
    "link": 2,
    "root_away": 1,
    "checkout": 1,
    "configure": 1,
    "define": 2,
    "touch": 4,
    "pause": 25,
    "remove_output": 1,
}
# Those that make no build fail in the end.
GENTLE = (
    *("save", "save_any", "add", "move_and_back", "touch", "pause", "checkout", "directory", "configure", "define"),
    "remove_output",
)


class Watch:
    """A process of `assetbuild watch --json`; `told` is all that it said."""

    def __init__(self, base: Path, directory: Path, cache: Path, *options: str) -> None:
        environment = {**os.environ, "CI": "", "ASSETBUILD_CACHE_DIR": str(cache)}
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long as the process
        command = [
            sys.executable,
            "-m",
            "assetbuild",
            "watch",
            "--json",
            "--no-reload",
            "--dir",
            str(directory),
            *options,
        ]
        self.process = subprocess.Popen(
            command, cwd=base, env=environment, stdout=subprocess.PIPE, stderr=self.errors, text=True
        )
        self.told: list[dict] = []
        self.last = time.monotonic()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.told.append(json.loads(line))
            self.last = time.monotonic()

    def results(self) -> list[dict]:
        return [one for one in self.told if one["type"] in ("built", "failed")]

    def await_result(self) -> None:
        deadline = time.monotonic() + 30
        while not self.results():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the watch ended or hangs at its start: {self.stderr()}")
            time.sleep(0.01)

    def await_calm(self, seconds: float) -> None:
        start = time.monotonic()
        while time.monotonic() - max(self.last, start) < seconds:
            if self.process.poll() is not None:
                raise AssertionError(f"the watch ended with {self.process.returncode}: {self.stderr()}")
            time.sleep(0.02)

    def end(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the watch does not end") from None
        self.thread.join(5)

    def stderr(self) -> str:
        self.errors.seek(0)
        return self.errors.read()


class Edits:
    """`base` has two roots, bundles, and files that name each other; each method is something that people do."""

    def __init__(self, base: Path, rng: random.Random) -> None:
        self.base, self.rng, self.count = base, rng, 0
        self.roots = [base / "static", base / "vendor"]
        self.excluded = self.prefix = self.bundled = 0
        self.development: Path | None = None

    # The project.

    def pinned(self) -> dict[str, str]:
        """Files that others name, with their contents of now."""
        return {
            "static/css/site.css": '@import "base.css"; .a{background:url(../img/a.svg)} .v{color:'
            + self.color()
            + "}\n",
            "static/css/base.css": ".b{background:url('../img/b.png')} .v{color:" + self.color() + "}\n",
            "static/img/a.svg": f"<svg xmlns='http://www.w3.org/2000/svg'><title>{self.color()}</title></svg>\n",
            "static/img/b.png": f"PNG {self.color()}\n",
            "static/js/app.js": f'import "./lib/one.js"; import("./lib/two.js"); let c = "{self.color()}";\n',
            "static/js/lib/one.js": f'export let one = "{self.color()}";\n',
            "static/js/lib/two.js": f'import {{one}} from "./one.js"; export let two = "{self.color()}";\n',
            "static/parts/p1.css": f".p1{{color:{self.color()};background:url(../img/b.png)}}\n",
            "static/parts/p2.css": f".p2{{color:{self.color()}}}\n",
            "static/parts/s1.js": f"var s1 = '{self.color()}';\n",
            "vendor/lib/v.css": f".v{{color:{self.color()}}}\n",
            "vendor/css/base.css": f".shadowed{{color:{self.color()}}}\n",
        }

    def create(self) -> None:
        self.settings()
        self.bundles()
        for name, text in self.pinned().items():
            self.write(self.base / name, text)
        for at in range(60):
            self.write(self.roots[at % 2] / f"many/d{at % 5}/f{at}.txt", f"{at} {self.color()}\n")

    def mend(self) -> None:
        """What can make a build fail goes: links to nothing, and what names others in a place that it was moved to."""
        pinned = self.pinned()
        for at, inner, names in ((at, inner, names) for root in self.roots for at, inner, names in os.walk(root)):
            for file in (Path(at, name) for name in [*inner, *names]):
                if file.is_symlink():
                    if not file.exists() or not any(root in file.resolve().parents for root in self.roots):
                        file.unlink()
                elif file.suffix != ".txt" and not file.is_dir() and str(file.relative_to(self.base)) not in pinned:
                    file.unlink()
        for name, text in pinned.items():
            file = self.base / name
            if not file.is_file():
                if file.is_dir() and not file.is_symlink():
                    shutil.rmtree(file)
                self.write(file, text)

    def color(self) -> str:
        return self.rng.choice(COLORS)

    def settings(self) -> None:
        exclude = ['"**/*.off"', '"**/d1/**"', '"many/**/*3.txt"'][: self.excluded + 1]
        prefix = "/static/" if not self.prefix else "/assets/"
        text = 'roots = ["static", "vendor"]\nbundles = "bundles.yaml"\nstable = ["img/b.png"]\n'
        self.write(self.base / "assetbuild.toml", text + f'exclude = [{", ".join(exclude)}]\nurl_prefix = "{prefix}"\n')

    def bundles(self) -> None:
        more = "    - lib/v.css\n" if self.bundled % 2 else ""
        text = f"all:\n  output: css/all.css\n  contents:\n    - parts/*.css\n{more}"
        text += "twice:\n  output: css/twice.css\n  contents: [parts/p1.css, css/base.css]\n"
        text += "js:\n  output: js/all.js\n  contents: parts/*.js\n" if self.bundled < 2 else ""
        self.write(self.base / "bundles.yaml", text)

    # Ways of writing a file.

    def write(self, file: Path, text: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        how = self.rng.randrange(7)
        old = file.stat() if file.is_file() else None
        scratch = file.with_name(file.name + self.rng.choice(("~", ".tmp", ".swp")))
        if how == 0:
            scratch.write_text(text)
            os.replace(scratch, file)
        elif how == 1 and old:  # a backup, then a new file
            os.replace(file, file.with_name(file.name + "~"))
            file.write_text(text)
        elif how == 2:
            file.unlink(missing_ok=True)
            file.write_text(text)
        elif how == 3:
            with open(file, "w") as stream:
                for char in (text[:3], text[3:]):
                    stream.write(char)
                    stream.flush()
        elif how == 4 and old:
            file.write_text(text)
            os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))  # as of before
        elif how == 5:
            file.write_text("")
            file.write_text(text)
        else:
            file.write_text(text)

    # What people do.

    def some_file(self) -> Path | None:
        root = self.rng.choice(self.roots)
        found = [Path(at, name) for at, _, names in os.walk(root) for name in names]
        return self.rng.choice(sorted(found)) if found else None

    def some_directory(self) -> Path | None:
        root = self.rng.choice(self.roots)
        found = [Path(at, name) for at, inner, _ in os.walk(root) for name in inner]
        return self.rng.choice(sorted(found)) if found else None

    def save(self) -> None:
        name, text = self.rng.choice(sorted(self.pinned().items()))
        if not (self.base / name).is_dir():
            self.write(self.base / name, text)

    def save_any(self) -> None:
        if (file := self.some_file()) and file.suffix == ".txt":
            self.write(file, f"{self.rng.randrange(9)} {self.color()}\n")

    def add(self) -> None:
        self.count += 1
        where = self.some_directory() or self.rng.choice(self.roots)
        self.write(where / f"n{self.rng.randrange(30)}.txt", f"{self.color()}\n")

    def remove(self) -> None:
        if file := self.some_file():
            file.unlink()

    def rename(self) -> None:
        if (file := self.some_file()) and (where := self.some_directory()):
            os.replace(file, where / f"r{self.rng.randrange(30)}{file.suffix}")

    def directory(self) -> None:
        (self.some_directory() or self.roots[0]).joinpath(f"k{self.rng.randrange(6)}").mkdir(exist_ok=True)

    def move_directory(self) -> None:
        one, to = self.some_directory(), self.some_directory()
        if one and to and one != to and one not in to.parents:
            os.rename(one, to / f"m{self.rng.randrange(6)}") if not (to / one.name).exists() else None

    def move_and_back(self) -> None:
        if one := self.some_directory():
            away = one.with_name(one.name + "-away")
            os.rename(one, away)
            if self.rng.random() < 0.5:
                time.sleep(self.rng.random() * 0.1)
            if self.rng.random() < 0.3 and (files := [each for each in away.iterdir() if each.is_file()]):
                self.write(self.rng.choice(files), f"moved {self.color()}\n")
            os.rename(away, one)

    def swap_directories(self) -> None:
        one, other = self.some_directory(), self.some_directory()
        if one and other and one != other and one not in other.parents and other not in one.parents:
            scratch = self.base / "swap"
            os.rename(one, scratch)
            os.rename(other, one)
            os.rename(scratch, other)

    def out_and_in(self) -> None:
        if one := self.some_directory():
            away = self.base / f"outside{self.rng.randrange(3)}"
            if away.exists():
                os.rename(away, one / f"back{self.rng.randrange(99)}")
            else:
                os.rename(one, away)

    def remove_directory(self) -> None:
        if one := self.some_directory():
            shutil.rmtree(one)

    def copy_directory(self) -> None:
        if (one := self.some_directory()) and sum(len(names) for _, _, names in os.walk(self.base)) < 1500:
            shutil.copytree(one, self.rng.choice(self.roots) / f"c{self.rng.randrange(8)}", dirs_exist_ok=True)

    def link(self) -> None:
        where, to = self.some_directory(), self.some_file() if self.rng.random() < 0.6 else self.some_directory()
        if where and to:
            root = next(root for root in self.roots if root in where.parents or root == where)
            if root in to.parents:
                name = where / f"l{self.rng.randrange(8)}{to.suffix if to.is_file() else ''}"
                if not os.path.lexists(name):
                    name.symlink_to(to)

    def root_away(self) -> None:
        root = self.rng.choice(self.roots)
        away = root.with_name(root.name + "-away")
        os.rename(root, away)
        time.sleep(self.rng.choice((0, 0.05, 0.5)))
        os.rename(away, root)

    def checkout(self) -> None:
        for at in range(80):
            self.write(self.roots[at % 2] / f"many/d{at % 5}/f{at}.txt", f"{at} {self.color()}\n")

    def configure(self) -> None:
        self.excluded, self.prefix = self.rng.randrange(3), self.rng.randrange(2)
        self.settings()

    def define(self) -> None:
        self.bundled = self.rng.randrange(3)
        self.bundles()

    def touch(self) -> None:
        if file := self.some_file():
            os.utime(file)

    def pause(self) -> None:
        time.sleep(self.rng.choice((0.001, 0.01, 0.05, 0.3)))

    def remove_output(self) -> None:
        if self.development:
            shutil.rmtree(self.development, ignore_errors=True)

    def some(self, count: int, *, gentle: bool = False) -> None:
        names = [name for name in WEIGHTS if name in GENTLE or not gentle]
        weights = [WEIGHTS[name] for name in names]
        for name in self.rng.choices(names, weights, k=count):
            with suppress(OSError):  # a link to itself, a directory inside itself: that is not done then
                getattr(self, name)()


def tree(directory: Path) -> dict[str, bytes]:
    return {
        os.path.relpath(os.path.join(at, name), directory): Path(at, name).read_bytes()
        for at, _, names in os.walk(directory)
        for name in names
    }


def state(directory: Path) -> dict[str, bytes]:
    found = tree(directory / "files")
    manifest = directory / "manifest.json"
    return {**found, "manifest.json": manifest.read_bytes()} if manifest.exists() else {}


def messages(result: dict) -> list:
    return sorted((one["message"], one["file"] or "") for one in result["errors"])


def compare(watch: Watch, made: dict[str, bytes], base: Path, scratch: Path, options: list[str]) -> list[str]:
    """What differs from what a fresh watch makes or says."""
    fresh = Watch(base, scratch / "fresh", scratch / "fresh-cache", *options)
    try:
        fresh.await_result()
    finally:
        fresh.end()
    expected, last, ours = state(scratch / "fresh"), fresh.results()[-1], watch.results()[-1]
    shutil.rmtree(scratch / "fresh", ignore_errors=True)
    shutil.rmtree(scratch / "fresh-cache", ignore_errors=True)
    if last["type"] == "failed":
        if ours["type"] != "failed" or messages(ours) != messages(last):
            return [f"a fresh watch fails: {messages(last)[:3]}; this one: {str(ours)[:300]}"]
        return []
    found = [f"the last that was told is: {messages(ours)[:3]}"] if ours["type"] == "failed" else []
    names = sorted(expected.keys() | made.keys())
    return found + [
        f"{name}: {'missing' if name not in made else 'too much' if name not in expected else 'differs'}"
        for name in names
        if made.get(name) != expected.get(name)
    ]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.random_edits")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--calm", type=float, default=1.5)
    parser.add_argument("--poll")
    parser.add_argument("--minify", action="store_true")
    parser.add_argument("--gentle", action="store_true", help="only what never makes a build fail in the end")
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args(arguments)
    rng = random.Random(given.seed)
    scratch = Path(tempfile.mkdtemp(prefix="random-edits-"))
    base, development = scratch / "project", scratch / "development"
    edits = Edits(base, rng)
    edits.create()
    edits.development = development
    options = ["--minify"] if given.minify else []
    own = [*options, *(["--poll", given.poll] if given.poll else [])]
    print(f"seed {given.seed} in {scratch}", flush=True)
    watch = Watch(base, development, scratch / "cache", *own)
    watch.await_result()
    wrong: list[str] = []
    try:
        for number in range(given.rounds):
            edits.some(given.edits, gentle=given.gentle)
            if not given.gentle and rng.random() < 0.8:
                edits.mend()
            watch.await_calm(given.calm)
            killed = rng.random() < 0.3
            watch.end(signal.SIGKILL if killed else signal.SIGTERM)
            made = state(development)
            if killed:  # superseded files are still there
                text = made.get("manifest.json", b"").decode()
                made = {name: one for name, one in made.items() if name in text or name == "manifest.json"}
            if "Traceback" in watch.stderr():
                wrong.append(watch.stderr())
            wrong += compare(watch, made, base, scratch, options)
            builds, failures = ([one["type"] for one in watch.told].count(kind) for kind in ("built", "failed"))
            print(
                f"round {number}: {builds} built, {failures} failed, {len(made)} files, {len(wrong)} wrong", flush=True
            )
            if wrong:
                break
            if rng.random() < 0.5:  # what changes while none runs
                edits.some(10, gentle=given.gentle)
            watch = Watch(base, development, scratch / "cache", *own)
            watch.await_result()
    except AssertionError as error:
        wrong.append(str(error))
    finally:
        if watch.process.poll() is None:
            watch.end()
    for one in wrong[:20]:
        print(one)
    if wrong and watch.results():
        print(json.dumps(watch.told[-3:])[:3000])
    if not given.keep and not wrong:
        shutil.rmtree(scratch)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
