"""Every way to fail, in one shape: what, where, what was tried, how to fix it (docs/architecture.md, "Errors").

Attributes carry the parts, so nobody parses text. A warning is the same `Problem`, not raised.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assetbuild.named import NamedTuple

QUOTE_WIDTH = 80  # characters of a construct that a message quotes
EXCERPT_WIDTH = 100  # characters of a source line shown; minified lines are far longer


class Place(NamedTuple):
    """A position in a source file. `line` and `column` count from 1 in characters; line 0 is the file as a whole."""

    file: str
    line: int = 0
    column: int = 0
    text: str = ""  # the whole line
    width: int = 1  # characters to mark

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"

    def excerpt(self) -> list[str]:
        """The line with its marker, cut to `EXCERPT_WIDTH` around the column; nothing where no text is known."""
        if not self.text:
            return []
        mark = max(self.column, 1) - 1
        first = 0 if len(self.text) <= EXCERPT_WIDTH else max(0, mark - EXCERPT_WIDTH // 3)
        shown = self.text[first : first + EXCERPT_WIDTH].rstrip()
        # A tab, an escape sequence or a mark of direction would draw the line otherwise than we count it.
        shown = "".join(char if char.isprintable() else " " for char in shown)
        before = shown[: mark - first].ljust(mark - first)
        marked = max(1, _columns(shown[mark - first : mark - first + self.width]))
        gutter = str(self.line)
        return [f"  {gutter} | {shown}", f"  {' ' * len(gutter)} | {' ' * _columns(before)}{'^' * marked}"]


def _columns(text: str) -> int:
    """How many columns of a terminal `text` takes: two for each wide character, none for a combining one."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def place_at(content: bytes, start: int, end: int, file: str) -> Place:
    """The place of `content[start:end]`, bytes of a text in UTF-8 or near it."""
    first = content.rfind(b"\n", 0, start) + 1
    last = content.find(b"\n", start)
    text = content[first : last if last >= 0 else len(content)].decode(errors="replace").rstrip("\r")
    column = len(content[first:start].decode(errors="replace")) + 1
    width = len(content[start:end].decode(errors="replace"))
    return Place(file, content.count(b"\n", 0, start) + 1, column, text, max(1, width))


def quoted(content: bytes, start: int, end: int) -> str:
    """`content[start:end]` as a message quotes it: on one line, cut to `QUOTE_WIDTH`."""
    whole = " ".join(content[start : min(end, start + QUOTE_WIDTH * 4)].decode(errors="replace").split())
    return whole if len(whole) <= QUOTE_WIDTH else whole[: QUOTE_WIDTH - 3] + "..."


class Problem(NamedTuple):
    """Something to tell the user. `notes` are further lines such as 'searched: static/'.

    `groups` are causes that it may share with others, the narrowest first, as they go on after "37 ".
    """

    what: str
    where: Place | None = None
    notes: tuple[str, ...] = ()
    fix: str | None = None
    groups: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.where:
            lines += self.where.excerpt()
        lines += [f"  {note}" for note in self.notes]
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)

    def sort_key(self) -> tuple[str, int, int, str]:
        place = self.where or Place("")
        return (place.file, place.line, place.column, self.what)


class AssetBuildError(Exception):
    """The base of all that `assetbuild` raises on purpose; `exit_code` is what the command ends with."""

    exit_code = 1

    def __init__(
        self,
        what: str,
        where: Place | str | None = None,
        fix: str | None = None,
        notes: Iterable[str] = (),
    ) -> None:
        place = Place(where) if isinstance(where, str) else where
        self.problem = Problem(what, place, tuple(notes), fix)
        super().__init__(str(self.problem))

    def __reduce__(self) -> tuple[Any, ...]:
        """Whole, whatever a subclass is made from: worker processes send errors."""
        return Exception.__new__, (type(self), *self.args), self.__dict__

    @property
    def what(self) -> str:
        return self.problem.what

    @property
    def where(self) -> Place | None:
        return self.problem.where

    @property
    def fix(self) -> str | None:
        return self.problem.fix


class ConfigError(AssetBuildError):
    """The configuration or the command line is wrong."""

    exit_code = 2


class SourceError(AssetBuildError):
    """A source cannot be used: unreadable, a link that leaves its root, a directory where a file is needed."""


class SourceChanged(SourceError):
    """A source was written while it was being built; built again, all may be well."""


class UnresolvedReference(AssetBuildError):
    """An asset names a file that no source root has."""

    @classmethod
    def of(cls, problem: Problem) -> UnresolvedReference:
        error = cls(problem.what, problem.where, problem.fix, problem.notes)
        error.problem = problem
        return error


class ProcessorError(AssetBuildError):
    """A filter or another tool failed; `stderr` is what it said."""

    def __init__(
        self,
        what: str,
        where: Place | str | None = None,
        fix: str | None = None,
        notes: Iterable[str] = (),
        stderr: str = "",
    ) -> None:
        super().__init__(what, where, fix, notes)
        self.stderr = stderr


class OutputConflict(AssetBuildError):
    """Two assets want one name, or something that is not ours stands where the release should go."""


class ReleaseError(AssetBuildError):
    """A release could not be written or read."""


class BuildFailed(AssetBuildError):
    """All errors of one phase, sorted by place, none of them a BuildFailed."""

    def __init__(self, errors: Iterable[AssetBuildError]) -> None:
        single = (one for error in errors for one in (error.errors if isinstance(error, BuildFailed) else (error,)))
        self.errors: tuple[AssetBuildError, ...] = tuple(sorted(single, key=lambda error: error.problem.sort_key()))
        super().__init__("\n".join(str(error) for error in self.errors))
        self.exit_code = max((error.exit_code for error in self.errors), default=1)


def raise_all(errors: Iterable[AssetBuildError]) -> None:
    """Raise the one error as itself, several as `BuildFailed`; none: return."""
    errors = list(errors)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise BuildFailed(errors)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to `name`, or None. Computed only when an error is shown: it costs time on long lists."""
    import difflib

    known = sorted(known)  # it may be a set, and the answer is to be the same each time
    same_but_case = [candidate for candidate in known if candidate.casefold() == name.casefold()]
    if same_but_case:
        return same_but_case[0]
    base = name.rpartition("/")[2]
    same_base = [candidate for candidate in known if candidate.rpartition("/")[2] == base]
    if same_base:
        return difflib.get_close_matches(name, same_base, n=1, cutoff=0.0)[0]
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    # A shared directory makes long paths alike; the file's own name must be alike too.
    alike = close and difflib.get_close_matches(base, [close[0].rpartition("/")[2]], n=1, cutoff=0.6)
    return close[0] if alike else None
