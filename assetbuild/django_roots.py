"""A Django project's staticfiles finders -> the `roots` of an assetbuild.toml, read once, when `init` asks.

The project runs in a process of its own. What is written down is checked to name the same directories without it:
a build imports neither settings nor applications.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from assetbuild.checker import Checker
from assetbuild.errors import ConfigError
from assetbuild.roots import parse_roots

_VARIABLE = "DJANGO_SETTINGS_MODULE"
_PROBE = "assetbuild.runtime.django.roots"
_FRAME = re.compile(r'  File "(.*)", line (\d+).*')


@dataclass(frozen=True, slots=True)
class DjangoRoots:
    """`roots` as in assetbuild.toml; `absent` are locations that do not exist, which Django passes over."""

    settings: str
    roots: tuple[str | Mapping[str, Any], ...]
    absent: tuple[str, ...]
    url_prefix: str
    exclude: tuple[str, ...]


def read_roots(directory: Path, settings: str = "") -> DjangoRoots:
    """For an assetbuild.toml in `directory`. `settings` is a module; by default the one that manage.py would take.

    Raises ConfigError.
    """
    manage = _find_manage(directory)
    module = settings or os.environ.get(_VARIABLE) or (_named_by(manage) if manage else None)
    if not module:
        fix = "give it: assetbuild init --django mysite.settings"
        raise ConfigError(f"no settings module is named: neither by {_VARIABLE} nor by a manage.py here", fix=fix)
    told = _ask(module, manage.parent if manage else directory)
    directory = Path(os.path.realpath(directory))  # as settings mostly have it: Path(__file__).resolve()
    roots: list[str | Mapping[str, Any]] = []
    absent = []
    for location in told["locations"]:
        if not os.path.isdir(location["path"]):
            absent.append(_shown(location["path"], directory))
            continue
        root = _root(location, told["installed"], directory)
        if root not in roots:
            roots.append(root)
    if not roots:
        what = f"the staticfiles finders of '{module}' know no directory that exists"
        create = f"create {' or '.join(repr(path) for path in absent)}" if absent else None
        raise ConfigError(what, fix=create or "name one in STATICFILES_DIRS, or install an app that has one")
    exclude = tuple(_glob(pattern) for pattern in told["ignore_patterns"])
    return DjangoRoots(module, tuple(roots), tuple(absent), _url_prefix(told["static_url"]), exclude)


def _find_manage(directory: Path) -> Path | None:
    """Here, or in the one directory below that has it."""
    if (directory / "manage.py").is_file():
        return directory / "manage.py"
    below = sorted(directory.glob("*/manage.py"))
    return below[0] if len(below) == 1 else None


def _named_by(manage: Path) -> str | None:
    """The text in `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "...")`, or in an assignment to that."""
    try:
        tree = ast.parse(manage.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        pair: list[ast.expr] = []
        if isinstance(node, ast.Call):
            pair = node.args[:2]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            pair = [node.targets[0].slice, node.value]
        values = [part.value for part in pair if isinstance(part, ast.Constant)]
        if len(values) == 2 and values[0] == _VARIABLE and isinstance(values[1], str):
            return values[1]
    return None


def _ask(module: str, project_dir: Path) -> Any:
    """In a file, since settings may print."""
    with tempfile.TemporaryDirectory() as scratch:
        answer = Path(scratch, "roots.json")
        command = [sys.executable, "-m", _PROBE, str(answer)]
        environment = {**os.environ, _VARIABLE: module}
        done = subprocess.run(  # noqa: S603  # the user's own project
            command, cwd=project_dir, env=environment, capture_output=True, text=True, errors="replace", check=False
        )
        if done.returncode == 0 and answer.exists():  # settings may end the process
            return json.loads(answer.read_text(encoding="utf-8", errors="surrogateescape"))
    said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    what = _error(said)
    if what == "ModuleNotFoundError: No module named 'django'":
        fix = f"install assetbuild[build] into the project's environment; this one is '{sys.prefix}'"
        raise ConfigError("Django is not installed beside assetbuild", fix=fix)
    fix = "run it where 'manage.py check' works, with the same environment variables"
    raise ConfigError(f"the settings '{module}' cannot be loaded: {what}", where=_place(said, project_dir), fix=fix)


def _error(said: list[str]) -> str:
    """What a traceback ends with, which may take several lines; else the last line."""
    frames = [at for at, line in enumerate(said) if _FRAME.fullmatch(line)]
    first = next((at for at in range(frames[-1], len(said)) if not said[at].startswith("  ")), -1) if frames else -1
    return " ".join(" ".join(said[first:]).split())


def _place(said: list[str], project_dir: Path) -> str | None:
    """Of a traceback, the innermost line that is the project's own."""
    places = [match for line in said if (match := _FRAME.fullmatch(line)) and _is_inside(match[1], project_dir)]
    return f"{_shown(places[-1][1], project_dir)}:{places[-1][2]}" if places else None


def _root(location: Mapping[str, Any], installed: list[str], directory: Path) -> str | Mapping[str, Any]:
    """By a path inside of the project, else by a package, if that leads to the same directory."""
    real = os.path.realpath(location["path"])
    rest = _rest(real, location["prefix"])
    home = next((place for place in installed if _is_inside(real, place) and not _is_inside(directory, place)), None)
    path = {"path": _shown(location["path"], directory), **rest}
    if home is None and _is_inside(location["path"], directory):
        return path if rest else path["path"]
    candidates = [(location["package"], location["dir"])]
    if home:
        top, _, inner = Path(os.path.relpath(real, home)).as_posix().partition("/")
        candidates.append((top, inner))
    for package, inner in candidates:
        root = {"package": package, "dir": inner, **rest}
        if package and inner and _leads_to(root, directory, real):
            return root
    return path if rest else path["path"]


def _rest(real: str, prefix: str) -> dict[str, Any]:
    prefix = prefix.replace("\\", "/").strip("/")
    return {**({"prefix": prefix} if prefix else {}), **({"outside_links": True} if _has_outside_links(real) else {})}


def _has_outside_links(real: str) -> bool:
    for parent, directories, files in os.walk(real):
        for name in (*directories, *files):
            path = os.path.join(parent, name)
            if not name.startswith(".") and os.path.islink(path) and not _is_inside(os.path.realpath(path), real):
                return True
    return False


def _leads_to(root: Mapping[str, Any], directory: Path, real: str) -> bool:
    parsed = parse_roots([dict(root)], directory, Checker("assetbuild.toml"))
    return bool(parsed) and os.path.realpath(parsed[0].dir) == real


def _is_inside(path: str | Path, directory: str | Path) -> bool:
    return Path(path) == Path(directory) or Path(directory) in Path(path).parents


def _shown(path: str, directory: Path) -> str:
    """Relative to `directory`, unless they have nothing in common."""
    if os.path.commonpath([path, directory]) == os.path.abspath(os.sep):
        return path
    return Path(os.path.relpath(path, directory)).as_posix()


def _url_prefix(static_url: str | None) -> str:
    """The path of STATIC_URL: a host belongs to the run stage."""
    path = quote(urlsplit(static_url or "/static/").path.strip("/"), safe="%/:@!$&()*+,;=")
    return f"/{path}/" if path else "/"


def _glob(pattern: str) -> str:
    """A pattern of collectstatic, whose `*` crosses `/`, in our globs."""
    return pattern.replace("*", "**") if "/" in pattern else pattern
