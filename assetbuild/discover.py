"""Source roots -> sources, by logical path. The first root that has a logical path wins; nothing is read, only listed.

What must never be published is left out whatever the roots hold: dotfiles, editors' leftovers, Python, keys.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator

from assetbuild import signatures
from assetbuild.config import Config
from assetbuild.directories import above
from assetbuild.errors import AssetBuildError, ConfigError, OutputConflict, SourceError, raise_all
from assetbuild.globs import matcher
from assetbuild.model import Source
from assetbuild.roots import Root
from assetbuild.urls import has_scheme

# Compared with the lower-cased name of every file and directory. `.well-known` is the one dot name meant to be
# public (RFC 8615).
NEVER_PUBLISHED = (
    ".*",
    "*~",
    "#*#",
    "*.bak",
    "*.orig",
    "*.rej",
    "*.swp",
    "*.swo",
    "*.tmp",
    "thumbs.db",
    "desktop.ini",
    "__pycache__",
    "*.py",
    "*.pyc",
    "*.pyo",
    "*.env",
    "*.jks",
    "*.key",
    "*.keystore",
    "*.p12",
    "*.pem",
    "*.pfx",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
)
# 255 bytes is the limit of a name on common file systems; a fingerprint takes 17, the suffix of a variant 4.
NAME_LIMIT = 255 - 17 - 4
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # Unicode's category Cc
_PLAIN = re.compile(r"[A-Za-z0-9_./-]*")  # what nearly all names consist of, without the colon of a scheme
_NOT_IN_URLS = re.compile(r"[\\\x00-\x1f\x7f-\x9f]")


def discover(config: Config, directories: list[str] | None = None) -> dict[str, Source]:
    """Every publishable file of every root, sorted by logical path. To `directories` all are added that were listed.

    Raises ConfigError, SourceError or OutputConflict, several together as BuildFailed.
    """
    _keep_output_outside(config)
    errors: list[AssetBuildError] = []
    sources: dict[str, Source] = {}
    for root in config.roots:
        for source in _walk(root, config, errors, directories if directories is not None else []):
            sources.setdefault(source.logical_path, source)
    errors += _conflicts(sources)
    raise_all(errors)
    return dict(sorted(sources.items()))


def _keep_output_outside(config: Config) -> None:
    """A release inside a source root would be a source of the next build."""
    output_dir = config.output_dir.resolve()
    for root in config.roots:
        root_dir = root.dir.resolve()
        if output_dir == root_dir or root_dir in output_dir.parents:
            raise ConfigError(
                f"the output directory '{config.shown(config.output_dir)}' is inside the source root '{root.label}'",
                where=config.label,
                fix="choose an 'output' beside the source roots, such as 'dist'",
            )


def _walk(root: Root, config: Config, errors: list[AssetBuildError], directories: list[str]) -> Iterator[Source]:
    excluded = matcher(config.exclude)
    real_root = os.path.realpath(root.dir)
    # Each directory with the real paths of the directories above it: a link back to one of them is a loop.
    pending: list[tuple[str, str, tuple[str, ...]]] = [(str(root.dir), root.prefix, (real_root,))]
    while pending:
        directory, prefix, above = pending.pop()
        directories.append(directory)
        try:
            entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
        except OSError as error:
            errors.append(_unreadable(root.label + prefix[len(root.prefix) :], error))
            continue
        for entry in entries:
            logical_path = prefix + entry.name
            if _is_never_published(entry.name.lower()) or excluded(logical_path):
                continue
            where = root.label + logical_path[len(root.prefix) :]
            try:
                if entry.is_symlink():
                    _check_link(entry, where, root, real_root)
                if entry.is_dir():
                    real = os.path.realpath(entry.path) if entry.is_symlink() else os.path.join(above[-1], entry.name)
                    if real not in above:
                        pending.append((entry.path, logical_path + "/", (*above, real)))
                    continue
                if not entry.is_file():
                    raise SourceError("is neither a file nor a directory", where=_printable(where))
                _check_name(logical_path, where)
                yield Source(logical_path, entry.path, root.label, root.prefix, signatures.of(entry.stat()))
            except OSError as error:
                errors.append(_unreadable(where, error))
            except SourceError as error:
                errors.append(error)


_EXTENSIONS = frozenset(one[2:] for one in NEVER_PUBLISHED if one.startswith("*."))
_NAMES = tuple(one for one in NEVER_PUBLISHED if not one.startswith("*."))
_BEGINNINGS = frozenset(one[0] for one in _NAMES)


def _is_never_published(name: str) -> bool:
    """`name` is in lower case. The expression for all names is asked only where it may say yes."""
    if name.rpartition(".")[2] in _EXTENSIONS:
        return "." in name
    may_be = name[0] in _BEGINNINGS or name.endswith("~")
    return may_be and matcher(_NAMES)(name) and name != ".well-known"


def _check_link(entry: os.DirEntry[str], where: str, root: Root, real_root: str) -> None:
    shown = _printable(where)
    target = _printable(os.readlink(entry.path))
    real = os.path.realpath(entry.path)
    if not os.path.exists(real):
        raise SourceError(f"is a link to '{target}', which does not exist", where=shown, fix="mend or remove the link")
    if not root.outside_links and os.path.commonpath([real, real_root]) != real_root:
        raise SourceError(
            f"is a link to '{target}', outside its source root",
            where=shown,
            fix=f'copy the file, or allow such links: {{path = "{root.label.rstrip("/")}", outside_links = true}}',
        )


def _check_name(logical_path: str, where: str) -> None:
    """Names that no URL, no JSON or no file system could carry unharmed."""
    name = logical_path.rpartition("/")[2]
    if _PLAIN.fullmatch(logical_path) and len(name) <= NAME_LIMIT:
        return
    try:
        length = len(name.encode())
        logical_path.encode()
    except UnicodeEncodeError:
        raise SourceError("has a name that is not UTF-8", where=_printable(where), fix="rename it") from None
    if _NOT_IN_URLS.search(logical_path):
        what = "has a backslash or a control character in its name, which no URL can carry"
        raise SourceError(what, where=_printable(where), fix="rename it")
    if has_scheme(logical_path):
        what = f"has a path that starts like a URL, with '{logical_path.partition(':')[0]}:'"
        raise SourceError(what, where=where, fix="rename it, or give the root a 'prefix'")
    if length > NAME_LIMIT:
        what = f"has a name of {length} bytes; with its fingerprint it would not fit into 255"
        raise SourceError(what, where=where, fix=f"shorten it to {NAME_LIMIT} bytes")


def _printable(path: str) -> str:
    """`path` as one line of text: bytes that are not UTF-8 and control characters as escapes."""
    text = path.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def _unreadable(where: str, error: OSError) -> SourceError:
    return SourceError(f"cannot be read: {(error.strerror or str(error)).lower()}", where=_printable(where))


def _conflicts(sources: dict[str, Source]) -> Iterator[OutputConflict]:
    """Names that are one name on some file system, and files that stand where a directory must be."""
    seen: dict[str, str] = {}
    for path in sorted(sources):
        key = _folded(path)
        if key in seen:
            other = seen[key]
            yield OutputConflict(
                f"'{other}' and '{path}' are one name where case or Unicode form is ignored",
                where=sources[path].shown,
                fix="rename one of them",
                notes=(f"the other: {sources[other].shown}",),
            )
        seen.setdefault(key, path)
    for key in sorted(above(seen) & seen.keys()):
        path, inner = seen[key], next(path for path in sorted(sources) if _folded(path).startswith(key + "/"))
        yield OutputConflict(
            f"'{path}' is a file, but '{inner}' needs a directory of that name",
            where=sources[path].shown,
            fix="rename one of them, or give one of the roots a 'prefix'",
            notes=(f"the other: {sources[inner].shown}",),
        )


def _folded(path: str) -> str:
    """What two paths have in common that differ only by case or by Unicode form."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())
