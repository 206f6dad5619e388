"""Source roots -> sources, by logical path. The first root that has a logical path wins; nothing is read, only listed.

What must never be published is left out whatever the roots hold: dotfiles, editors' leftovers, Python, keys.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator

from assetbuild import signatures
from assetbuild.config import Config
from assetbuild.directories import above
from assetbuild.errors import AssetBuildError, ConfigError, OutputConflict, SourceError, raise_all
from assetbuild.globs import matcher
from assetbuild.model import Source
from assetbuild.publishable import NAME_LIMIT, is_never_published, name_problem, printable, private_part
from assetbuild.roots import Root

__all__ = ["NAME_LIMIT", "discover", "is_never_published"]

# How often directories may be reached once more, by links. A few that lead to directories full of such links would
# otherwise make a tree without end.
_AGAIN = 10_000


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
    known, again = {real_root}, 0
    while pending:
        directory, prefix, above = pending.pop()
        directories.append(directory)
        try:
            entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and directory != str(root.dir):
                continue  # gone since it was listed
            errors.append(_unreadable(root.label + prefix[len(root.prefix) :], error))
            continue
        for entry in entries:
            logical_path = prefix + entry.name
            if is_never_published(entry.name.lower()) or excluded(logical_path):
                continue
            where = root.label + logical_path[len(root.prefix) :]
            try:
                real = ""
                if entry.is_symlink():
                    real = os.path.realpath(os.path.join(above[-1], entry.name))
                    _check_link(entry, real, where, root, real_root)
                if entry.is_dir():
                    real = real or os.path.join(above[-1], entry.name)
                    again += real in known
                    known.add(real)
                    if again > _AGAIN:
                        errors.append(_endless(where))
                        return
                    if real not in above:
                        pending.append((entry.path, logical_path + "/", (*above, real)))
                    continue
                if not entry.is_file():
                    raise SourceError("is neither a file nor a directory", where=printable(where))
                _check_name(logical_path, where)
                yield Source(logical_path, entry.path, root.label, root.prefix, signatures.of(entry.stat()))
            except FileNotFoundError:
                continue  # gone since it was listed
            except OSError as error:
                errors.append(_unreadable(where, error))
            except SourceError as error:
                errors.append(error)


def _check_link(entry: os.DirEntry[str], real: str, where: str, root: Root, real_root: str) -> None:
    shown = printable(where)
    target = printable(os.readlink(entry.path))
    if not os.path.exists(real):
        raise SourceError(f"is a link to '{target}', which does not exist", where=shown, fix="mend or remove the link")
    if not root.outside_links and os.path.commonpath([real, real_root]) != real_root:
        raise SourceError(
            f"is a link to '{target}', outside its source root",
            where=shown,
            fix=f'copy the file, or allow such links: {{path = "{root.label.rstrip("/")}", outside_links = true}}',
        )
    if private_part(real) or (os.path.isfile(real) and is_never_published(os.path.basename(real).lower())):
        raise SourceError(
            f"is a link to '{target}', which is never released, by whatever name",
            where=shown,
            fix="remove or exclude the link",
        )


def _check_name(logical_path: str, where: str) -> None:
    problem = name_problem(logical_path)
    if problem:
        raise SourceError(problem[0], where=printable(where), fix=problem[1])


def _endless(where: str) -> SourceError:
    what = f"is reached by links that lead to directories more than {_AGAIN:,} times over"
    return SourceError(what, where=printable(where), fix="remove some of the links, or exclude them")


def _unreadable(where: str, error: OSError) -> SourceError:
    return SourceError(f"cannot be read: {(error.strerror or str(error)).lower()}", where=printable(where))


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
