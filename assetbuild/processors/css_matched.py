"""A style sheet's tokens with their brackets matched, or why a browser may read it otherwise than we do."""

from __future__ import annotations

from assetbuild.syntax.css import TokenKind, string_inner, tokens

MAX_DEPTH = 64  # of brackets; real style sheets stay below 10

# Each takes about 200 bytes and 3 microseconds until it is compared. The largest real style sheets have about 4 MB, and
# four to five bytes to a token.
MAX_TOKENS = 1_000_000

OPENERS = {"(": ")", "function": ")", "[": "]", "{": "}"}
_BROKEN = frozenset(("bad-string", "bad-url"))
_CLOSERS = frozenset((")", "]", "}"))


class UnreadableError(Exception):
    """What a browser may read otherwise than we do, or only repairs; or more than is looked into."""

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(what)
        self.offset = offset
        self.what = what


class MatchedTokens:
    """All tokens but comments; white space that only a comment divides is one token. Raises UnreadableError."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.kept_comments: list[tuple[int, int]] = []
        # Four lists of one length, since a list of objects takes twice the time.
        self.kinds: list[TokenKind] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self._read()
        self.raws = [content[start:end] for start, end in zip(self.starts, self.ends, strict=True)]
        self._check_end()
        self.closers = self._match()

    def _read(self) -> None:
        content, kinds, starts, ends = self.content, self.kinds, self.starts, self.ends
        for kind, start, end in tokens(content):
            if kind == "comment":
                if not content.endswith(b"*/", start + 2, end):
                    raise UnreadableError(start, "a comment that is not closed")
                if content.startswith(b"/*!", start):
                    self.kept_comments.append((start, end))
            elif kind == "whitespace" and kinds and kinds[-1] == "whitespace":
                ends[-1] = end
            else:
                if kind in _BROKEN:
                    raise UnreadableError(start, f"a broken {kind[4:]}")
                if len(kinds) == MAX_TOKENS:
                    raise UnreadableError(start, f"more than {MAX_TOKENS} tokens")
                kinds.append(kind)
                starts.append(start)
                ends.append(end)

    def _check_end(self) -> None:
        """The end of the file closes everything; but who joins files, or appends to one, sees it otherwise."""
        kind, start, raw = (self.kinds[-1], self.starts[-1], self.raws[-1]) if self.kinds else ("", 0, b"")
        if kind == "string" and string_inner(raw)[1] == len(raw):
            raise UnreadableError(start, "a string that is not closed")
        if kind == "url" and (not raw.endswith(b")") or raw.endswith(b"\\)")):
            raise UnreadableError(start, "a url() that is not closed")
        if raw.endswith(b"\\"):
            raise UnreadableError(start, "an escape that is not finished")

    def _match(self) -> dict[int, int]:
        """For each token that opens a bracket, by index, the one that closes it."""
        pairs: dict[int, int] = {}
        opened: list[int] = []
        for index, kind in enumerate(self.kinds):
            if kind in OPENERS:
                opened.append(index)
                if len(opened) > MAX_DEPTH:
                    raise UnreadableError(self.starts[index], f"brackets more than {MAX_DEPTH} deep")
            elif kind in _CLOSERS:
                if not opened or OPENERS[self.kinds[opened[-1]]] != kind:
                    raise UnreadableError(self.starts[index], f"a '{kind}' that closes nothing")
                pairs[opened.pop()] = index
        if opened:
            raise UnreadableError(self.starts[opened[-1]], "a bracket that is not closed")
        return pairs

    def skip_space(self, index: int, end: int) -> int:
        return index + 1 if index < end and self.kinds[index] == "whitespace" else index

    def find(self, index: int, end: int, wanted: tuple[str, ...]) -> int:
        """The first token of one of these kinds outside brackets, or `end`."""
        kinds = self.kinds
        while index < end and (kind := kinds[index]) not in wanted:
            index = self.closers[index] + 1 if kind in OPENERS else index + 1
        return min(index, end)

    def start(self, index: int) -> int:
        return self.starts[index] if index < len(self.kinds) else len(self.content)
