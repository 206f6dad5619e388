"""Style sheets -> one that means what they mean when a page links them one after the other.

Browsers honour `@import` only before other rules. So one that would come to stand after them is replaced, in its
place, by what it imports; hoisting it would reorder the cascade. What cannot be said so is refused, never dropped.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from assetbuild.errors import AssetBuildError, Problem, SourceError, UnresolvedReference, did_you_mean, raise_all
from assetbuild.model import Reference
from assetbuild.processors.css_rules import Import, Rule, as_import, ending, outside, top_rules, unclosed
from assetbuild.processors.join import Edit, Joined, Mover, Part, edited, read_css
from assetbuild.references import css
from assetbuild.syntax.css import tokenize

INLINE_LIMIT = 50_000  # imports taken in for one bundle; files that import each other twice could else grow for ever

# How far a style sheet has come (css-cascade-5, 2 "Importing Style Sheets"; css-namespaces-3, 2). An @layer statement
# is welcome before imports, and ends them after one.
_START, _IMPORTS, _NAMESPACES, _RULES = range(4)


def join_css(
    parts: Sequence[Part],
    output: str,
    url_prefix: str,
    known: Collection[str],
    read: Callable[[str], bytes],
) -> Joined:
    """`known` are the logical paths that `read` gives. An import of a file that is just being taken in is left out,
    as browsers do; one of a file that was taken in before is taken in again, since its place counts.

    Raises SourceError or UnresolvedReference, or BuildFailed with all of them.
    """
    joiner = _Joiner(output, url_prefix, known, read, len(parts) > 1)
    for part in parts:
        joiner.add(part)
    raise_all(joiner.errors + joiner.mover.errors)
    return Joined(
        b"\n".join(piece for piece in joiner.pieces if piece),
        joiner.mover.origins,
        tuple(dict.fromkeys(joiner.mover.dropped_maps)),
        tuple(dict.fromkeys(joiner.read_paths)),
        tuple(joiner.warnings),
    )


@dataclass(frozen=True, slots=True)
class _Inline:
    """Work still to do: take this file in here."""

    path: str
    opening: bytes
    closing: bytes
    wrapped: bool  # stands inside a rule: its own, or one around the file that imports it


@dataclass(frozen=True, slots=True)
class _End:
    """A file that was being taken in is complete."""

    path: str


_Cut = tuple[int, int, _Inline | None]


class _Joiner:
    def __init__(
        self,
        output: str,
        url_prefix: str,
        known: Collection[str],
        read: Callable[[str], bytes],
        several: bool,
    ) -> None:
        self.mover = Mover(output, url_prefix, dotted=False)
        self.known = known
        self.read = read
        self.several = several
        self.pieces: list[bytes] = []
        self.read_paths: list[str] = []
        self.errors: list[AssetBuildError] = []
        self.warnings: list[Problem] = []
        self.reached = _START
        self.first = True
        self.inlined = 0

    def add(self, part: Part) -> None:
        """A loop with its own stack: a chain of 20,000 imports is no recursion."""
        open_files = {part.logical_path}
        work: list[bytes | _Inline | _End] = list(reversed(self._sheet(part, wrapped=False)))
        while work:
            item = work.pop()
            if isinstance(item, bytes):
                self.pieces.append(item)
            elif isinstance(item, _End):
                open_files.discard(item.path)
            elif item.path not in open_files and not self._over_limit(part):
                open_files.add(item.path)
                self.read_paths.append(item.path)
                raw = self.read(item.path)
                inner = Part(item.path, read_css(raw).encode(), raw)
                pieces = self._sheet(inner, wrapped=item.wrapped)
                work += [_End(item.path), item.closing, *reversed(pieces), item.opening]
        self.first = False

    def _over_limit(self, part: Part) -> bool:
        self.inlined += 1
        if self.inlined == INLINE_LIMIT:
            what = f"imports more than {INLINE_LIMIT} files, counted as often as they are imported"
            self.errors.append(SourceError(what, where=part.logical_path))
        return self.inlined >= INLINE_LIMIT

    def _sheet(self, part: Part, *, wrapped: bool) -> list[bytes | _Inline | _End]:
        """`part` with its references moved, cut where another file is to be taken in."""
        tokens = tokenize(part.content)
        references = css.find(part.content)
        edits = self.mover.edits(part, references)
        edits += self.mover.without_map(part, "css")
        if wrapped:  # `<!--` and `-->` mean nothing at the top of a style sheet, but something inside a rule
            edits += [(start, end, b"") for kind, start, end in outside(tokens) if kind in ("cdo", "cdc")]
        cuts: list[_Cut] = []
        tail, own, told = b"", _START, False
        for rule in top_rules(part.content, tokens):
            tail = ending(part.content, rule)
            if wrapped and rule.stray:
                self._wrong("'}' closes nothing here, and would close the condition of the import", part, rule)
            if rule.at == "charset":
                edits.append((rule.start, rule.end, b""))
                tail = b""
                continue
            statement = as_import(part.content, rule) if rule.at == "import" else None
            if statement and own <= _IMPORTS:
                own = _IMPORTS
                if self.reached <= _IMPORTS:
                    self.reached = _IMPORTS
                else:
                    inline = self._inline(part, rule, statement, references, wrapped)
                    if inline:
                        cuts.append((rule.start, rule.end, inline))
                        tail = b""
                continue
            if statement and not told:
                told = True  # once for a file
                self._dead_import(part, rule)
            if rule.at == "namespace" and own <= _NAMESPACES and self.several:
                self._namespace(part, rule)
            reached = _reached(rule, own)
            own, self.reached = max(own, reached), max(self.reached, _reached(rule, self.reached))
        if not tail and tokens:
            tail = unclosed(part.content, tokens[-1])
        return _cut(part.content, edits, cuts, tail)

    def _inline(
        self, part: Part, rule: Rule, statement: Import, references: Sequence[Reference], wrapped: bool
    ) -> _Inline | None:
        """What to take in for an import that would be dead; None, with an error kept, where that cannot be."""
        start, end = statement.url
        at = bisect_left(references, start, key=lambda found: found.start)
        reference = references[at] if at < len(references) and references[at].start < end else None
        target = self.mover.target(part, reference) if reference else None
        shown = part.quote(rule.start, rule.end)
        if reference is None or (target is None and not reference.specifier.startswith("..")):
            self._wrong(
                f"{shown} would stand after other rules, where browsers ignore it, and its file is not one of ours",
                part,
                rule,
                "name this file first in the bundle, or link what it imports from the page",
            )
        elif statement.unknown:
            self._wrong(
                f"{shown} would stand after other rules, where browsers ignore it, and has a condition that only an "
                "import can have",
                part,
                rule,
                "name this file first in the bundle",
            )
        elif target is not None and target not in self.known:
            near = did_you_mean(target, self.known)
            what = f"{shown} names '{target}', which is in no source root"
            place = part.place(reference.start, reference.end)
            fix = f"did you mean '{near}'?" if near else None
            self.errors.append(UnresolvedReference(what, place, fix))
        elif target is not None:
            return _Inline(target, statement.opening, statement.closing, wrapped or bool(statement.opening))
        return None

    def _namespace(self, part: Part, rule: Rule) -> None:
        """A prefix that the first part declares harms no other; anything else would be dead or reach into the rest."""
        if self.first and any(kind == "ident" for kind, _, _ in rule.tokens):
            return
        shown = part.quote(rule.start, rule.end)
        what = f"{shown} would " + ("hold for the files after this one" if self.first else "be ignored in this bundle")
        self._wrong(what, part, rule, "link this file from the page on its own")

    def _wrong(self, what: str, part: Part, rule: Rule, fix: str | None = None) -> None:
        self.errors.append(SourceError(what, part.place(rule.start, rule.end), fix))

    def _dead_import(self, part: Part, rule: Rule) -> None:
        what = f"{part.quote(rule.start, rule.end)} stands after other rules, where browsers ignore it"
        self.warnings.append(Problem(what, part.place(rule.start, rule.end), fix="move it to the top of the file"))


def _reached(rule: Rule, before: int) -> int:
    """How far a style sheet has come with `rule`."""
    if rule.at == "layer" and not rule.has_block:
        return _START if before == _START else max(before, _NAMESPACES)
    return _NAMESPACES if rule.at == "namespace" and before <= _NAMESPACES else _RULES


def _cut(content: bytes, edits: list[Edit], cuts: list[_Cut], tail: bytes) -> list[bytes | _Inline | _End]:
    """`content` after `edits`, with each cut in place of the bytes that it spans."""
    pieces: list[bytes | _Inline | _End] = []
    pending, at = sorted(edits, reverse=True), 0
    for start, end, inline in [*cuts, (len(content), len(content), None)]:
        inside: list[Edit] = []
        while pending and pending[-1][0] < end + (inline is None):
            first, last, new = pending.pop()
            if last <= start:
                inside.append((first - at, last - at, new))
        piece = edited(content[at:start], inside)
        pieces.append(piece.strip(b"\n") if cuts else piece)
        if inline:
            pieces.append(inline)
        at = end
    rest = pieces.pop()
    assert isinstance(rest, bytes)
    return [*pieces, rest + tail]
