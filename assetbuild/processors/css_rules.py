"""The top level of a style sheet: its rules, what its imports say, and what closes what the end of the file cut off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assetbuild.syntax.css import Token, unescape

_NOTHING = frozenset(("whitespace", "comment", "cdo", "cdc"))
_CLOSERS = {"{": "}", "[": "]", "(": ")", "function": ")"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule or statement at the top of a style sheet. `closers` would end what is open where the file ends."""

    at: str  # the name of an at-rule in lower case, else ""
    tokens: Sequence[Token]
    closers: str
    has_block: bool
    stray: bool  # holds a `}` that closes nothing

    @property
    def start(self) -> int:
        return self.tokens[0][1]

    @property
    def end(self) -> int:
        return self.tokens[-1][2]


@dataclass(frozen=True, slots=True)
class Import:
    """`opening` and `closing` are the rules that say the import's conditions around what it imports."""

    url: tuple[int, int]
    opening: bytes
    closing: bytes
    unknown: bool = False  # has a condition that cannot be said as a rule


def top_rules(content: bytes, tokens: Sequence[Token]) -> Iterator[Rule]:
    """Top-level rules as CSS Syntax Level 3 ends them: a block ends each, `;` an at-rule only."""
    at, end = 0, len(tokens)
    while at < end:
        if tokens[at][0] in _NOTHING:
            at += 1
            continue
        first, stack, stray, has_block = at, [], False, False
        keyword = tokens[at][0] == "at-keyword"
        name = unescape(content[tokens[at][1] + 1 : tokens[at][2]], "utf-8").lower() if keyword else ""
        while at < end:
            kind = tokens[at][0]
            at += 1
            if kind in _CLOSERS:
                stack.append(_CLOSERS[kind])
            elif stack and kind == stack[-1]:
                stack.pop()
                if kind == "}" and not stack:
                    has_block = True
                    break
            elif kind == "}" and not stack:
                stray = True
            elif kind == ";" and keyword and not stack:
                break
        yield Rule(name, tokens[first:at], "".join(reversed(stack)), has_block, stray)


def outside(tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens that stand in no bracket."""
    stack: list[str] = []
    for token in tokens:
        if token[0] in _CLOSERS:
            stack.append(_CLOSERS[token[0]])
        elif stack and token[0] == stack[-1]:
            stack.pop()
        elif not stack:
            yield token


def ending(content: bytes, rule: Rule) -> bytes:
    """What ends `rule` where the file ends within it, so that it cannot take in the rules of the next file."""
    if rule.has_block or (rule.at and rule.tokens[-1][0] == ";" and not rule.closers):
        return b""
    tail = unclosed(content, rule.tokens[-1]) + rule.closers.encode()
    if rule.closers.endswith("}"):
        return tail
    return tail + (b";" if rule.at else b"{}")


def unclosed(content: bytes, token: Token) -> bytes:
    """What ends a last token that the file's end has cut off. A backslash at the end would take the closer with it."""
    kind, start, end = token
    text = content[start:end]
    if kind == "comment":
        return b"" if len(text) >= 4 and text.endswith(b"*/") else b"*/"
    escaped = (len(text) - len(text.rstrip(b"\\"))) % 2 == 1
    if kind == "string":
        closed = len(text) > 1 and text[-1:] == text[:1] and not _escaped_at(text, len(text) - 1)
        return b"" if closed else (b"\n" if escaped else b"") + text[:1]
    if kind in ("url", "bad-url"):
        closed = text.endswith(b")") and not _escaped_at(text, len(text) - 1)
        return b"" if closed else (b"fffd " if escaped else b"") + b")"
    return b"fffd " if escaped else b""


def _escaped_at(text: bytes, at: int) -> bool:
    before = text[:at]
    return (len(before) - len(before.rstrip(b"\\"))) % 2 == 1


def as_import(content: bytes, rule: Rule) -> Import | None:
    """`rule` as an import; None where browsers would take it for invalid."""
    if rule.has_block:
        return None
    tokens = [token for token in rule.tokens[1:] if token[0] not in ("whitespace", "comment")]
    if tokens and tokens[-1][0] == ";" and not rule.closers:
        tokens.pop()
    if not tokens:
        return None
    url: Sequence[Token]
    rest: Sequence[Token]
    if tokens[0][0] in ("string", "url"):
        url, rest = tokens[:1], tokens[1:]
    elif tokens[0][0] == "function" and _name(content, tokens[0]) in ("url", "src"):
        url, rest = _call(tokens)
    else:
        return None
    opening, closing, unknown = _conditions(content, rest, rule)
    return Import((url[0][1], url[-1][2]), opening, closing, unknown)


def _conditions(content: bytes, tokens: Sequence[Token], rule: Rule) -> tuple[bytes, bytes, bool]:
    """The rules that say `layer`, `layer()`, `supports()` and media queries, outermost first."""
    layer = supports = b""
    if tokens and tokens[0][0] == "ident" and _name(content, tokens[0]) == "layer":
        layer, tokens = b"@layer", tokens[1:]
    elif tokens and tokens[0][0] == "function" and _name(content, tokens[0]) == "layer":
        call, tokens = _call(tokens)
        layer = b"@layer " + _inside(content, call)
    if tokens and tokens[0][0] == "function" and _name(content, tokens[0]) == "supports":
        call, tokens = _call(tokens)
        inside = _inside(content, call)
        declaration = [token[0] for token in call[1:3]] == ["ident", ":"]
        supports = b"@supports " + (b"(" + inside + b")" if declaration else inside)
    unknown = bool(tokens) and tokens[0][0] == "function"
    media = content[tokens[0][1] : tokens[-1][2]] + rule.closers.encode() if tokens else b""
    wrappers = [wrapper for wrapper in (media and b"@media " + media, supports, layer) if wrapper]
    return b"\n".join(wrapper + b" {" for wrapper in wrappers), b"}" * len(wrappers), unknown


def _name(content: bytes, token: Token) -> str:
    kind, start, end = token
    return unescape(content[start : end - (kind == "function")], "utf-8").lower()


def _call(tokens: Sequence[Token]) -> tuple[Sequence[Token], Sequence[Token]]:
    """The function that `tokens` begin with, and what follows it."""
    stack: list[str] = []
    for index, (kind, _, _) in enumerate(tokens):
        if kind in _CLOSERS:
            stack.append(_CLOSERS[kind])
        elif stack and kind == stack[-1]:
            stack.pop()
            if not stack:
                return tokens[: index + 1], tokens[index + 1 :]
    return tokens, ()


def _inside(content: bytes, call: Sequence[Token]) -> bytes:
    closed = len(call) > 1 and call[-1][0] == ")"
    return content[call[0][2] : call[-1][1] if closed else call[-1][2]].strip()
