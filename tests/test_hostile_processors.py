"""Filters, bundles and configurations that somebody means harm with: the build goes on, or ends with a sentence."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assetbuild.config import Config, load_config
from assetbuild.discover import discover
from assetbuild.errors import AssetBuildError, ConfigError
from assetbuild.processors.apart import apart
from assetbuild.processors.webassets import load_bundles
from tests.conftest import Site, write_files
from tests.test_hostile_trees import HERE, assetbuild, base, make, released

__all__ = ["base"]

# -- filters -----------------------------------------------------------------------------------------------------------

HEAD = "import os, signal, subprocess, sys, threading, time\nfrom webassets import Bundle\nbundles = {}\n"

# What each filter does, and what the build says of it.
HARMFUL = {
    "hangs": ("time.sleep(1e6)", "its filters (hangs) take longer than 2 seconds"),
    "deaf": ("signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32)); time.sleep(1e6)",
             "its filters (deaf) take longer than 2 seconds"),
    "ends_well": ("os._exit(0)", "its filters (ends_well) ended the process with status 0"),
    "ends_badly": ("os._exit(3)", "its filters (ends_badly) ended the process with status 3"),
    "crashes": ("os.kill(os.getpid(), 11)", "its filters (crashes) were killed by signal 11"),
    "is_killed": ("os.kill(os.getpid(), 9)", "its filters (is_killed) were killed by signal 9"),
    "closes": ("os.closerange(3, 256)", "its filters (closes) ended the process with status 1"),
    "exits": ("sys.exit(0)", "filter 'exits' failed: SystemExit: 0"),
    "stops": ("raise GeneratorExit", "filter 'stops' failed: GeneratorExit: GeneratorExit"),
    "recurses": ("recurses(_in, out)", "filter 'recurses' failed: RecursionError: maximum recursion depth exceeded"),
    "swells": ("[0] * 10**15", "filter 'swells' failed: MemoryError: MemoryError"),
    "bytes_out": ("out.write(b'x')", "filter 'bytes_out' failed: TypeError: string argument expected, got 'bytes'"),
    "none_out": ("out.write(None)", "filter 'none_out' failed: TypeError: string argument expected, got 'NoneType'"),
    "shouts": ("raise ValueError('x' * 10**7)", f"filter 'shouts' failed: ValueError: {'x' * 2000}..."),
    "mute": ("raise type('Mute', (Exception,), {'__str__': lambda self: 1 / 0})", "filter 'mute' failed: Mute: Mute"),
    "odd": ("raise type('Odd', (Exception,), {'__reduce__': lambda self: 1 / 0})('x')", "filter 'odd' failed: Odd: x"),
    "calls": ("import urllib.request; urllib.request.urlopen('http://127.0.0.1:1/')",
              "filter 'calls' failed: URLError: <urlopen error [Errno 111] Connection refused>"),
}  # fmt: skip

# These do no harm to what is built.
HARMLESS = {
    "prints": "print('TEXT'); os.write(1, b'BYTES'); subprocess.run(['echo', 'PROGRAM'])",
    "reads": "assert sys.stdin.read() == '' == os.read(0, 9).decode()",
    "forks": "os.fork()",
    "leaves_a_fork": "os.fork() or time.sleep(1e6)",
    "leaves_a_thread": "threading.Thread(target=time.sleep, args=(1e6,)).start()",
    "leaves_a_program": "subprocess.Popen(['sleep', '1000'])",
    "moves": "os.chdir('/')",
    "forgets": "os.environ.clear(); sys.path.clear()",
    "closes_output": "os.close(1); os.close(2)",
    "replaces_output": "sys.stdout = sys.stderr = None",
    "handles": "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN)",
    "returns": "return 'something else'",
}


def filters(bodies: dict[str, str], end: str = "") -> str:
    lines = [HEAD]
    for name, body in bodies.items():
        lines.append(f"def {name}(_in, out):\n    {end}{body}\n")
        lines.append(f"bundles[{name!r}] = Bundle('a.js', output='{name}.js', filters=[{name}])\n")
    return "".join(lines)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_each_harmful_filter_is_one_error_and_the_last_release_stays(base: Path, jobs: str) -> None:
    make(base, {"static/a.js": "a()"})
    assert assetbuild(base, "build").status == 0
    before = os.readlink(base / "dist/current")
    harmful = {name: HARMFUL[name] for name in HARMFUL if jobs == "2" or name != "deaf"}  # which takes its time
    code = filters({name: body for name, (body, _) in harmful.items()})
    make(base, {"hostile.py": code}, 'bundles = "hostile:bundles"\ntimeout = 2\n')
    done = assetbuild(base, "build", "--jobs", jobs)
    assert done.status == 1
    expected = [f"{name}.js: bundle '{name}': {what}" for name, (_, what) in harmful.items()]
    assert sorted(done.messages) == sorted(expected)
    assert os.readlink(base / "dist/current") == before
    released(base)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_whatever_else_a_filter_does_its_output_is_released_and_nothing_stays_behind(base: Path, jobs: str) -> None:
    make(
        base,
        {"static/a.js": "a()", "hostile.py": filters(HARMLESS, "out.write('made()');")},
        'bundles = "hostile:bundles"\n',
    )
    done = assetbuild(base, "build", "--jobs", jobs)
    assert done.status == 0
    assert done.said.splitlines() == ["TEXT", "BYTESPROGRAM"]
    assert {path: file.read_text() for path, file in released(base).items()} == {
        f"{name}.js": "made()" for name in HARMLESS
    }


def test_a_filter_that_hangs_ends_with_the_build_that_is_killed(base: Path) -> None:
    code = filters({"hangs": "open('../pid', 'w').write(str(os.getpid())); time.sleep(1e6)"})
    make(
        base,
        {"static/a.js": "", "hostile.py": code.replace("'../pid'", repr(str(base / "pid")))},
        'bundles = "hostile:bundles"\n',
    )
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    command = [sys.executable, "-m", "assetbuild", "build", "--jobs", "1", "--no-cache"]
    for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        (base / "pid").unlink(missing_ok=True)
        process = subprocess.Popen(
            command, cwd=base, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        pid = int(eventually(lambda: (base / "pid").read_text() if (base / "pid").is_file() else ""))
        process.send_signal(number)
        assert process.wait(30) != 0
        assert eventually(lambda pid=pid: not is_alive(pid))


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_program_that_hangs_ends_with_the_build_that_is_told_to(base: Path, number: int, jobs: str) -> None:
    hanging = program(base / "tool", f"open({str(base / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(1e6)")
    scripts = {f"static/{at}.js": "var a ;\n" * 2_000 for at in range(4)}
    make(base, scripts, f'[minify]\njs = ["esbuild"]\nesbuild = "{hanging}"\n')
    command = [sys.executable, "-m", "assetbuild", "build", "--jobs", jobs, "--no-cache"]
    with subprocess.Popen(
        command, cwd=base, env={**os.environ, "PYTHONPATH": str(HERE)}, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        pid = int(eventually(lambda: (base / "pid").read_text() if (base / "pid").is_file() else ""))
        os.killpg(process.pid, number)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said.count(b"\n")) == (128 + number, 1), said
    assert eventually(lambda: not is_alive(pid))
    assert not (base / "dist").exists()


def test_timeout_holds_for_programs_too(base: Path) -> None:
    hanging = program(base / "tool", "time.sleep(1e6)")
    make(base, {"static/a.js": "var a ;\n"}, f'timeout = 1\n[minify]\njs = ["esbuild"]\nesbuild = "{hanging}"\n')
    done = assetbuild(base, "build")
    assert done.status == 1
    assert done.messages == ["a.js: minifier 'esbuild' takes longer than 1 seconds"]
    fix = "if it needs more time, say how many seconds: timeout = 300; or add the file to 'skip' in [minify]"
    assert [error["fix"] for error in done.result["errors"]] == [fix]


def program(file: Path, code: str) -> Path:
    """In the place of esbuild: it tells its version, and then does this."""
    head = "import os, sys, time\nif '--version' in sys.argv: print('0.1.0'); sys.exit()\n"
    file.write_text(f"#!{sys.executable}\n{head}{code}\n")
    file.chmod(0o755)
    return file


def eventually(get: Callable[[], object]) -> str:
    deadline = time.monotonic() + 30
    while not (found := get()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return str(found)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_what_python_prints_that_defines_bundles_is_no_result(base: Path) -> None:
    code = "import os\nprint('TEXT')\nos.system('echo PROGRAM')\n" + filters({"fine": "out.write('x()')"})
    code += "found = bundles\ndef bundles():\n    os.write(1, b'BYTES\\n')\n    return found\n"
    make(base, {"static/a.js": "", "hostile.py": code}, 'bundles = "hostile:bundles"\n')
    done = assetbuild(base, "build")
    assert (done.status, sorted(done.said.splitlines())) == (0, ["BYTES", "PROGRAM", "TEXT"])


@pytest.mark.skipif(threading.active_count() > 1, reason="a process with threads does not fork")
def alone(code: str) -> str:
    """What a process says that has no threads, as those of a test runner may have some."""
    code = "import os, resource, threading\nfrom assetbuild.processors.apart import Ended, apart\n" + code
    done = subprocess.run([sys.executable, "-c", code], cwd=HERE, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout


def test_a_result_comes_back_from_another_process() -> None:
    code = "print(apart(lambda: ['x' * 10**6, os.getpid()], 60) == ['x' * 10**6, os.getpid()])\n"
    code += "print(apart(lambda: 'x' * 10**6, 60) == 'x' * 10**6)"
    assert alone(code) == "False\nTrue\n"


def test_an_error_comes_back_whole() -> None:
    code = """
from assetbuild.errors import SourceError
def work():
    raise SourceError("is wrong", where="a.css", fix="mend it", notes=["x"])
try:
    apart(work, 60)
except SourceError as error:
    print(error)
"""
    assert alone(code) == "a.css: is wrong\n  x\n  fix: mend it\n"


def test_what_cannot_be_sent_is_an_error() -> None:
    code = "try:\n    apart(threading.Lock, 60)\nexcept RuntimeError as error:\n    print('pickle' in str(error))"
    assert alone(code) == "True\n"


def test_descriptors_and_children_are_given_back() -> None:
    code = """
before = os.listdir("/proc/self/fd")
for work in (lambda: 1, lambda: os._exit(1)):
    try:
        apart(work, 60)
    except Ended:
        print("ended")
print(os.listdir("/proc/self/fd") == before)
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("no child")
"""
    assert alone(code) == "ended\nTrue\nno child\n"


def test_where_nothing_more_is_to_be_had_it_is_done_here() -> None:
    code = """
before = os.listdir("/proc/self/fd")
taken = os.open(os.devnull, os.O_RDONLY)
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (taken + 4, hard))  # one pipe and a half
print(apart(os.getpid, 60) == os.getpid())
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
os.close(taken)
print(os.listdir("/proc/self/fd") == before)
"""
    assert alone(code) == "True\nTrue\n"


def test_beside_other_threads_it_is_done_here() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert apart(os.getpid, 0.001) == os.getpid()
    finally:
        stop.set()
        thread.join()


# -- bundles -----------------------------------------------------------------------------------------------------------


def said(config: Config) -> str:
    try:
        load_bundles(config, discover(config))
    except AssetBuildError as error:
        return str(error).splitlines()[0]
    return ""


def bomb(first: str, following: str) -> str:
    lines = [f"x0: &x0 {first}"]
    lines += [f"x{at}: &x{at} " + following.format(",".join([f"*x{at - 1}"] * 10)) for at in range(1, 10)]
    return "\n".join(lines) + "\n"


BUNDLE = "app: {output: app.js, contents: a.js}\n"


@pytest.mark.parametrize(
    "yaml",
    [
        bomb("[a.js]", "[{}]"),
        bomb("{{contents: a.js}}".format(), "{{contents: [{}]}}") + "app: {output: app.js, contents: [*x9]}\n",
        bomb("{a: 1}", "{{<<: [{}]}}") + BUNDLE,
        "app:\n  output: app.js\n  contents: a.js\n  extra:\n" + re.sub("(?m)^", "    ", bomb("[1]", "[{}]")),
        "bundles: {}\nconfig:\n" + re.sub("(?m)^", "    ", bomb("[1]", "[{}]")),
    ],
)
def test_a_few_aliases_that_stand_for_billions_are_an_error(site: Site, yaml: str) -> None:
    config = site({"a.js": "", "/bundles.yaml": yaml.rstrip(" ")}, bundles="bundles.yaml")
    assert said(config) == "bundles.yaml: repeats itself by aliases without end"


def test_aliases_as_people_use_them_are_fine(site: Site) -> None:
    yaml = "base: &base {filters: rjsmin}\n" + "".join(
        f"app{at}:\n  <<: *base\n  output: app{at}.js\n  contents: a.js\n" for at in range(300)
    )
    config = site({"a.js": "a()", "/bundles.yaml": yaml.replace("base: ", "base: ", 1)}, bundles="bundles.yaml")
    assert said(config).endswith("bundle 'base' has no contents")  # and no more than that


@pytest.mark.parametrize("first", ["b0: {contents: a.js}\n", "b0: {contents: a.js, output: b0.js}\n"])
def test_names_of_names_that_stand_for_billions_are_an_error(site: Site, first: str) -> None:
    yaml = first + "".join(f"b{at}: {{contents: [{','.join([f'b{at - 1}'] * 10)}]}}\n" for at in range(1, 10))
    config = site({"a.js": "", "/bundles.yaml": yaml + "app: {output: app.js, contents: b9}\n"}, bundles="bundles.yaml")
    what = "bundle 'b4' has 21,110 parts, by bundles that name others; it may have 20,000"
    assert said(config) == f"bundles.yaml:5:1: {what}"


def test_bundles_in_bundles_without_end_are_an_error(site: Site) -> None:
    yaml = "b0: {contents: a.js}\n" + "".join(f"b{at}: {{contents: [b{at - 1}]}}\n" for at in range(1, 400))
    config = site(
        {"a.js": "", "/bundles.yaml": yaml + "app: {output: app.js, contents: b399}\n"}, bundles="bundles.yaml"
    )
    assert said(config) == "bundles.yaml: bundles nest too deeply"


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("python/object/apply:os.system", "['touch OWNED']"),
        ("python/object/new:os.system", "['touch OWNED']"),
        ("python/name:os.system", "''"),
        ("python/module:antigravity", "''"),
        ("python/object:assetbuild.errors.Place", "{file: x}"),
    ],
)
def test_tags_of_python_make_nothing(site: Site, tag: str, value: str) -> None:
    config = site({"a.js": "", "/bundles.yaml": f"app: !!{tag} {value}\n"}, bundles="bundles.yaml")
    what = f"is not valid YAML: could not determine a constructor for the tag 'tag:yaml.org,2002:{tag}'"
    assert said(config) == f"bundles.yaml:1:6: {what}"
    assert not (config.base_dir / "OWNED").exists()


LONG = "the output '{}' of bundle 'app' has a name of {} bytes; with its fingerprint it would not fit into 255"
CONTROL = "the output '{}' of bundle 'app' has a backslash or a control character in its name, which no URL can carry"


@pytest.mark.parametrize(
    ("output", "what"),
    [
        ("a\\nb.js", CONTROL.format("a\\x0ab.js")),
        ("a\\0b.js", CONTROL.format("a\\x00b.js")),
        ("a\\u0085b.js", CONTROL.format("a\\x85b.js")),
        ("a\\ud800b.js", "the output 'a\\ud800b.js' of bundle 'app' has a name that is not UTF-8"),
        ("a" * 240 + ".js", LONG.format("a" * 240 + ".js", 243)),
        ("x:a.js", "the output 'x:a.js' of bundle 'app' has a path that starts like a URL, with 'x:'"),
        (".env", "the output '.env' of bundle 'app' has a name that is never released"),
        (".git/a.js", "the output '.git/a.js' of bundle 'app' has a name that is never released"),
        ("x/SERVER.KEY", "the output 'x/SERVER.KEY' of bundle 'app' has a name that is never released"),
    ],
)  # fmt: skip
def test_an_output_has_a_name_that_a_source_might_have(site: Site, output: str, what: str) -> None:
    config = site(
        {"a.js": "", "/bundles.yaml": f'app: {{output: "{output}", contents: a.js}}\n'}, bundles="bundles.yaml"
    )
    assert said(config) == f"bundles.yaml:1:7: {what}"


@pytest.mark.parametrize(
    "name", [".well-known/a.js", "a b.js", "\u00e9.js", "a\\u2028b.js", "100%.js", "\\U0001f600.js"]
)
def test_an_output_may_have_any_other_name(site: Site, name: str) -> None:
    yaml = f'app: {{output: "{name}", contents: "in\\u2028.js"}}\n'
    config = site({"in\u2028.js": "", "/bundles.yaml": yaml}, bundles="bundles.yaml")
    assert said(config) == ""


@pytest.mark.parametrize(
    "extra",
    [
        "{1: a, b: c, ~: d, true: e, 2001-01-01: f}",
        "{x: !!set {a}, y: !!binary YQ==, z: 2001-01-01 10:00:00}",
        "{x: .inf}",
    ],
)
def test_values_of_any_kind_may_stand_in_extra(site: Site, extra: str) -> None:
    config = site({"a.js": "", "/bundles.yaml": BUNDLE.replace("}", f", extra: {extra}}}")}, bundles="bundles.yaml")
    assert said(config) == ""


def test_what_webassets_cannot_take_is_one_error(site: Site) -> None:
    yaml = BUNDLE.replace("}", f", extra: {{x: 1{':59' * 5000}}}}}")
    config = site({"a.js": "", "/bundles.yaml": yaml}, bundles="bundles.yaml")
    if sys.version_info >= (3, 11) or sys.version_info[:3] >= (3, 10, 7):
        assert said(config).startswith("bundles.yaml: webassets does not take these bundles: Exceeds the limit")
    clock = load_config(toml(config.base_dir, '[bundles."app.js"]\ncontents = ["a.js"]\nextra = {x = 12:00:00}\n'))
    assert said(clock).startswith(
        "assetbuild.toml: webassets does not take these bundles: ('cannot represent an object'"
    )


def test_a_bomb_takes_little_memory_through_the_command(base: Path) -> None:
    make(
        base, {"static/a.js": "", "bundles.yaml": bomb("{a: 1}", "{{<<: [{}]}}") + BUNDLE}, 'bundles = "bundles.yaml"\n'
    )
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))  # noqa: E731
    done = assetbuild(base, "build", preexec_fn=limit)
    assert (done.status, done.messages) == (2, ["bundles.yaml: repeats itself by aliases without end"])


# -- configuration -----------------------------------------------------------------------------------------------------


def toml(directory: Path, text: str | bytes) -> Path:
    write_files(directory, {"static/a.js": "", "assetbuild.toml": text})
    return directory / "assetbuild.toml"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = " + "[" * 5000 + "]" * 5000, "nests too deeply"),
        ("x = " + "{a = " * 5000 + "1" + "}" * 5000, "nests too deeply"),
        (b"#" * (4 << 20) + b"\n", "is larger than 4194304 bytes, so it is no configuration"),
        ('output = "a\\u0000b"', "'output' holds a NUL character, which no path can"),
        ('url_prefix = "/a/../../"', "'url_prefix' is to be a path without '.' and '..', but is '/a/../../'"),
        ('url_prefix = "/a/./"', "'url_prefix' is to be a path without '.' and '..', but is '/a/./'"),
        ('url_prefix = "/a/%2E%2e/b/"', "'url_prefix' is to be a path without '.' and '..', but is '/a/%2E%2e/b/'"),
        (
            "timeout = 0",
            "'timeout' is a number of seconds from 1 to 86400, for the filters of a bundle or the minifying of a file",
        ),
        (
            "timeout = true",
            "'timeout' is a number of seconds from 1 to 86400, for the filters of a bundle or the minifying of a file",
        ),
        (
            "timeout = inf",
            "'timeout' is a number of seconds from 1 to 86400, for the filters of a bundle or the minifying of a file",
        ),
        ('roots = ["a\\u0000b"]', "the root 'a\0b' does not exist"),
        ('roots = [{package = "a\\u0000b"}]', "the package 'a\0b' of a root is not installed"),
        ('roots = [{package = "..os"}]', "the package '..os' of a root is not installed"),
    ],
)
def test_a_hostile_configuration_is_one_sentence(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(toml(tmp_path, text))
    assert str(caught.value).splitlines()[0] == f"assetbuild.toml: {message}"


def test_an_endless_configuration_is_refused(base: Path) -> None:
    done = assetbuild(base, "build", "--config", "/dev/zero")
    assert (done.status, done.messages) == (2, ["zero: is larger than 4194304 bytes, so it is no configuration"])


def test_a_glob_of_many_stars_takes_no_time(base: Path) -> None:
    make(base, {"static/" + "a" * 200: ""}, f'exclude = ["{"*a" * 25}b"]\n')
    assert assetbuild(base, "build", timeout=3).status == 0
