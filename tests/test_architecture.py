"""The house keeps its shape: who may import whom, and what is loaded when."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent
PACKAGE = HERE / "assetbuild"

# A module imports only from entries above its own. `x.*` is the package x with all that is in it: inside it any order
# will do that has no cycle. A module that is new must be placed here.
ORDER = """
    runtime.format runtime.lines runtime.missing runtime.manifest
    runtime.modes
    runtime.reach runtime.tags
    runtime
    runtime.watched runtime.served
    runtime.livetags runtime.development
    runtime.jinja
    runtime.flask.*
    runtime.starlette.*
    runtime.django.*
    collector named patterns
    errors signatures directories
    model
    urls
    globs publishable
    workers cpus forking worker executors aside
    atomic
    database store
    stamp columns kept history
    files early clone
    checker
    roots
    rules
    configfile config
    syntax.*
    sourcemaps
    references.*
    contents held
    processors.*
    engine
    discover inputs
    bundled compile origins
    names results
    resolver render maps importmap
    graph
    fingerprint
    compress
    rebuild
    records artifact
    splice
    write disk
    release following
    verify compare twice
    recipes.* serve
    memory update explain
    build
    tracked
    compiled development
    session
    settled
    inotify observed
    events
    live_gate live_news live_server live
    django_roots starter
    report
    taken pages
    rounds
    watch
    ending
    terminal options
    previews
    caching comparing words watching
    cli
    __main__
"""
LAYERS = [line.split() for line in ORDER.strip().splitlines()]
# What the build side may know of the runtime, which owns the format of the manifest.
OPEN_TO_THE_BUILD = "runtime.manifest"
LEAVES = ("runtime.flask", "runtime.starlette", "runtime.django")
HEAVY = {
    *("webassets", "yaml", "jinja2", "tree_sitter", "tree_sitter_javascript", "jsmin", "rjsmin", "cssmin", "rcssmin"),
    "lightningcss",
    *("brotli", "deflate", "backports", "zstandard", "rich", "watchdog", "django", "flask"),
    *("servestatic", "waitress", "asgiref", "starlette"),
}
LINES = 300
LONGER: dict[str, int] = {}


def modules() -> dict[str, Path]:
    """Every module by its name inside the package; the package itself, which holds the version, is not in it."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    del found[""]
    return found


MODULES = modules()


def layer(module: str) -> int | None:
    for at, entries in enumerate(LAYERS):
        for entry in entries:
            inside = entry.removesuffix(".*")
            if module == inside or (inside != entry and module.startswith(inside + ".")):
                return at
    return None


def is_typing_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def imports(file: Path, *, typing: bool = True, lazy: bool = True) -> Iterator[str]:
    """The absolute name of everything that `file` imports, wherever in it; `from a import b` gives a.b."""
    package = ("assetbuild", *file.relative_to(PACKAGE).parent.parts)
    pending: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if (not typing and is_typing_only(node)) or (not lazy and isinstance(node, ast.FunctionDef)):
            continue
        pending += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join((*package[: len(package) - node.level + 1],) if node.level else ())
            base = ".".join(part for part in (base, node.module) if part)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def ours(name: str) -> str | None:
    """The module of this package that an imported name is or is in."""
    first, _, rest = name.partition(".")
    if first != "assetbuild":
        return None
    while rest and rest not in MODULES:
        rest = rest.rpartition(".")[0]
    return rest


def edges(*, typing: bool = True) -> Iterator[tuple[str, str]]:
    for module, file in MODULES.items():
        for name in imports(file, typing=typing):
            target = ours(name)
            if target and target != module:
                yield module, target


def test_every_module_has_its_place_and_every_place_its_module() -> None:
    assert [module for module in MODULES if layer(module) is None] == []
    entries = {entry.removesuffix(".*") for entries in LAYERS for entry in entries}
    assert entries - MODULES.keys() == set()


def test_a_module_imports_only_from_above_its_own_place() -> None:
    wrong = [f"{module} imports {target}" for module, target in edges() if (layer(module) or 0) < (layer(target) or 0)]
    assert wrong == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    above: dict[str, set[str]] = {module: set() for module in MODULES}
    for module, target in edges(typing=False):
        above[module].add(target)
    while free := [module for module, targets in above.items() if not targets & above.keys()]:
        for module in free:
            del above[module]
    assert above == {}


def test_the_build_side_knows_of_the_runtime_only_the_manifest() -> None:
    wrong = [
        f"{module} imports {target}"
        for module, target in edges()
        if not module.startswith("runtime") and target.startswith("runtime") and target != OPEN_TO_THE_BUILD
    ]
    assert wrong == []


def test_the_runtime_knows_nothing_of_the_build_side() -> None:
    wrong = [
        f"{module} imports {target}"
        for module, target in edges()
        if module.startswith("runtime") and not target.startswith("runtime")
    ]
    assert wrong == []


@pytest.mark.parametrize("leaf", LEAVES)
def test_nobody_imports_a_framework_module(leaf: str) -> None:
    wrong = [
        f"{module} imports {target}"
        for module, target in edges()
        if (target + ".").startswith(leaf + ".") and not (module + ".").startswith(leaf + ".")
    ]
    assert wrong == []


def test_each_foreign_package_has_one_importer() -> None:
    allowed = {"webassets": "processors.webassets", "django": "runtime.django", "flask": "runtime.flask"}
    wrong = [
        f"{module} imports {name}"
        for module, file in MODULES.items()
        for name in imports(file)
        if (home := allowed.get(name.partition(".")[0])) and not (module + ".").startswith(home + ".")
    ]
    assert wrong == []


def test_what_is_heavy_is_imported_by_the_function_that_needs_it() -> None:
    """Start-up time: only frameworks' own modules, and webassets' adapters, which are loaded lazily themselves."""
    at_home = ("processors.webassets.", "runtime.jinja.", "runtime.flask.", "runtime.starlette.", "runtime.django.")
    wrong = [
        f"{module} imports {name}"
        for module, file in MODULES.items()
        for name in imports(file, typing=False, lazy=False)
        if name.partition(".")[0] in HEAVY and not (module + ".").startswith(at_home)
    ]
    assert wrong == []


def test_the_rules_see_what_they_are_to_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lazy import, one for types, a relative one and one of a name: all are found, and named by their module."""
    file = PACKAGE / "references" / "__init__.py"
    text = """
from __future__ import annotations
import assetbuild.cli, os.path as p
if TYPE_CHECKING:
    from assetbuild.build import build
def lazy():
    from assetbuild import atomic, __version__
    from ..runtime.manifest import Manifest
    from . import css
    try:
        import webassets.filter
    except ImportError: ...
"""
    monkeypatch.setattr(Path, "read_text", lambda self, encoding: text)
    found = set(imports(file))
    assert found == {
        "__future__.annotations",
        "assetbuild.cli",
        "os.path",
        "assetbuild.build.build",
        "assetbuild.atomic",
        "assetbuild.__version__",
        "assetbuild.runtime.manifest.Manifest",
        "assetbuild.references.css",
        "webassets.filter",
    }
    assert found - set(imports(file, typing=False)) == {"assetbuild.build.build"}
    assert set(imports(file, typing=False, lazy=False)) == {"__future__.annotations", "assetbuild.cli", "os.path"}
    assert {ours(name) for name in found} - {None, ""} == {
        "cli",
        "build",
        "atomic",
        "runtime.manifest",
        "references.css" if "references.css" in MODULES else "references",
    }


def loaded_by(code: str) -> set[str]:
    """The modules that a new interpreter loads for `code`, less what it had loaded to start."""
    program = (
        "import json, sys; before = set(sys.modules)\n"
        f"try:\n {code}\nexcept SystemExit as end: assert not end.code, end.code\n"
        "print('\\n' + json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=HERE, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_runtime_loads_the_standard_library_and_itself_and_nothing_else() -> None:
    loaded = loaded_by("import assetbuild.runtime")
    assert "assetbuild.runtime.manifest" in loaded
    foreign = {
        name
        for name in loaded
        if name.partition(".")[0] not in sys.stdlib_module_names
        and name != "assetbuild"
        and not (name + ".").startswith("assetbuild.runtime.")
    }
    assert foreign == set()
    assert not {name for name in loaded if name.startswith(("assetbuild.runtime.flask", "assetbuild.runtime.django"))}


def test_importing_the_package_loads_nothing() -> None:
    assert loaded_by("import assetbuild") == {"assetbuild"}


@pytest.mark.parametrize(
    "code",
    [
        "import assetbuild.cli",
        "sys.argv = ['assetbuild', '--help']; import assetbuild.__main__ as m; sys.exit(m.main())",
        "sys.argv = ['assetbuild', 'build', '--help']; import assetbuild.__main__ as m; sys.exit(m.main())",
        "sys.argv = ['assetbuild', '--version']; import assetbuild.__main__ as m; sys.exit(m.main())",
    ],
)
def test_help_waits_for_no_heavy_package(code: str) -> None:
    loaded = loaded_by(code)
    assert "assetbuild.cli" in loaded
    assert {name for name in loaded if name.partition(".")[0] in HEAVY} == set()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_what_it_is(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    assert not tree.body or ast.get_docstring(tree)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_can_be_read_in_one_go(module: str) -> None:
    lines = MODULES[module].read_text(encoding="utf-8").count("\n")
    assert lines <= LONGER.get(module, LINES), f"{module} has {lines} lines; where is its second noun?"
