"""One style sheet through lightningcss: bytes in, smaller bytes out.

It prints for browsers of today, and every setting that would change this lowers nesting and drops prefixes as well. So
media queries and custom properties are kept from it, and its output is refused where a fallback or a prefix is gone.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from assetbuild.processors import programs
from assetbuild.processors.custom_properties import sheltered
from assetbuild.processors.difference import Refused
from assetbuild.processors.trusted import encoded_head, kept_comments, without_bangs
from assetbuild.syntax.css import Token, tokenize

# It parses by recursion, and takes quadratic time to join the rules of one selector. So it runs where it can be ended.
_REJECTED = 3
_PROGRAM = f"""
import sys
sys.path.append(sys.argv[1])
from lightningcss import process_stylesheet
try:
    text = process_stylesheet(sys.stdin.buffer.read().decode(), filename="", minify=True, error_recovery=False)
    status = 0
except ValueError as error:
    text, status = str(error), {_REJECTED}
sys.stdout.buffer.write(text.encode())
sys.exit(status)
"""
_MESSAGE = re.compile(r"(?:Parsing stylesheet failed: )?(.*?)(?: at :(\d+):(\d+))?", re.DOTALL)
_LINE_END = re.compile(r"\r\n|[\n\r\f]")
_QUERY = b"--assetbuild-query-"
_QUERYING = (b"@media", b"@import", b"@container")
_MOVES = ("translate", "rotate", "scale")  # it adds them to `transform`, where no other rule can reset them
_PREFIXED_GRADIENT = re.compile(rb"-(?:webkit|moz|o|ms)-(?:repeating-)?linear-gradient\(", re.IGNORECASE)
_PREFIXED = re.compile(rb"@?(-[a-z]+-[\w-]+)\(?")
_CLOSERS = {"{": "}", "(": ")", "[": "]", "function": ")"}
_SPACE = ("whitespace", "comment")

_Block = dict[str, list[tuple[bytes, int]]]  # the values of each property that it declares, and where


def minify(content: bytes, *, keep: bool = True, timeout: float = 60) -> bytes:
    """Raises Refused where it does not take the file, UnicodeDecodeError for what is not UTF-8, ProcessorError where it
    takes longer than `timeout` seconds."""
    head = encoded_head(content)
    text = content[len(head) :]
    if gradient := _PREFIXED_GRADIENT.search(content):
        raise Refused("it turns the colours of gradients with a prefix around", gradient.start())
    output = _printed(without_bangs(text, "css"), len(head), timeout)
    _check_prefixes(content, output)
    _check_declarations(content, output)
    if content.isascii():  # it may be served with no encoding said
        output = "".join(char if char.isascii() else f"\\{ord(char):x} " for char in output.decode()).encode()
    # It would keep licences only where they stand before all rules.
    licences = dict.fromkeys(content[start:end] for start, end in kept_comments(content, "css")) if keep else ()
    return b"".join([head, *licences, output])


@cache
def version() -> str:
    """Raises ImportError where it is not installed."""
    import importlib.metadata

    import lightningcss  # noqa: F401

    return importlib.metadata.version("lightningcss")


def _printed(text: bytes, offset: int, timeout: float) -> bytes:
    """The output for `text`, which begins at `offset` of its file."""
    try:
        return sheltered(lambda hidden: _with_queries_kept(hidden, timeout), text)
    except _SyntaxError as error:
        try:
            _process(text, timeout)  # for the place: what is sheltered stands elsewhere
        except _SyntaxError as placed:
            raise Refused(placed.what, offset + placed.offset) from None
        raise Refused(error.what) from None


class _SyntaxError(Refused):
    """`offset` is into the text that was processed."""


def _process(content: bytes, timeout: float) -> bytes:
    import lightningcss

    home = str(Path(lightningcss.__file__).parent.parent)
    command = [sys.executable, "-I", "-X", "utf8", "-c", _PROGRAM, home]
    status, output, _ = programs.run(command, content, "lightningcss", timeout)
    if status == 0:
        return output
    if status != _REJECTED:
        raise _SyntaxError("it crashes")
    text = content.decode()
    match = _MESSAGE.fullmatch(output.decode())
    assert match, "every text matches"
    raise _SyntaxError(match[1], _offset(text, int(match[2] or 0), int(match[3] or 1)))


def _offset(text: str, line: int, column: int) -> int:
    """In bytes of UTF-8; lines are counted from 0, columns from 1 in UTF-16."""
    starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
    rest = text[starts[min(line, len(starts) - 1)] :]
    before = rest.encode("utf-16-le")[: 2 * (column - 1)].decode("utf-16-le", "ignore")
    return len(text[: len(text) - len(rest)].encode()) + len(before.encode())


def _with_queries_kept(content: bytes, timeout: float) -> bytes:
    """Without this, `(min-width:1px)` becomes `(width>=1px)`, which browsers of before 2022 do not understand."""
    if _QUERY in content:
        raise Refused(f"it holds '{_QUERY.decode()}', which stands for media queries here")
    names: dict[bytes, int] = {}  # equal queries have one name, so that equal rules can be joined
    pieces, at = [], 0
    for start, end in _queries(content, tokenize(content)):
        number = names.setdefault(_without_space(content[start:end]), len(names))
        pieces += [content[at:start], b"(%s%d)" % (_QUERY, number)]
        at = end
    output = _process(b"".join([*pieces, content[at:]]), timeout)
    queries = list(names)
    return re.sub(rb"\(" + _QUERY + rb"(\d+)\)", lambda found: queries[int(found[1])], output)


def _queries(content: bytes, tokens: list[Token]) -> list[tuple[int, int]]:
    """The innermost brackets in queries of media and containers; not those in `supports()` or `style()`."""
    found: list[tuple[int, int]] = []
    brackets: list[tuple[str, int]] = []  # that are open: what closes each, and where it begins
    functions = 0
    inside, innermost = False, -1
    for kind, start, end in tokens:
        if kind == "at-keyword":
            inside, brackets, functions = content[start:end].lower() in _QUERYING, [], 0
        elif not inside:
            continue
        elif kind in ("{", ";"):
            inside = False
        elif kind in _CLOSERS:
            brackets.append((_CLOSERS[kind], start))
            functions += kind == "function"
            innermost = start if kind == "(" and not functions else innermost
        elif brackets and kind == brackets[-1][0]:
            _, opened = brackets.pop()
            if content[opened : opened + 1] != b"(" and kind == ")":
                functions -= 1
            elif opened == innermost and b":" in content[opened:end]:
                found.append((opened, end))
    return found


def _without_space(query: bytes) -> bytes:
    pieces = [b" " if kind in _SPACE else query[start:end] for kind, start, end in tokenize(query)]
    text = re.sub(rb" +", b" ", b"".join(pieces))
    return re.sub(rb"(\() | (\))| ?(:) ?", lambda found: found[found.lastindex or 0], text)


def _check_prefixes(content: bytes, output: bytes) -> None:
    before, after = _prefixed(content), _prefixed(output)
    if lost := sorted(before.keys() - after.keys()):
        raise Refused(f"'{lost[0]}' is gone", before[lost[0]])
    if added := sorted(after.keys() - before.keys()):
        raise Refused(f"'{added[0]}' was added")


def _prefixed(content: bytes) -> dict[str, int]:
    """Each name with the prefix of a browser, and where it first stands."""
    found: dict[str, int] = {}
    for kind, start, end in tokenize(content):
        if kind not in ("ident", "function", "at-keyword") or b"-" not in content[start : start + 2]:
            continue
        if match := _PREFIXED.fullmatch(content[start:end].lower()):
            found.setdefault(match[1].decode(), start)
    return found


def _check_declarations(content: bytes, output: bytes) -> None:
    """Two values of a property in one block: the first is for browsers that do not know the second."""
    before, after = _blocks(content), _blocks(output)
    for name in _MOVES:
        if sum(len(block.get(name, ())) for block in before) > sum(len(block.get(name, ())) for block in after):
            raise Refused(f"'{name}' is gone", next(block[name][0][1] for block in before if name in block))
    written = {(name, values): offset for name, values, offset in _fallbacks(before)}
    wanted = Counter(name for name, _ in written)
    left = Counter(name for name, _, _ in _fallbacks(after))
    for (name, _), offset in written.items():
        if left[name] < wanted[name]:
            raise Refused(f"a value of '{name}', the fallback of the next, is gone", offset)


def _fallbacks(blocks: list[_Block]) -> Iterator[tuple[str, tuple[bytes, ...], int]]:
    """Name, values and offset of each property with several values in one block."""
    for block in blocks:
        for name, declared in block.items():
            values = tuple(dict.fromkeys(value for value, _ in declared))
            if len(values) > 1:
                yield name, values, declared[0][1]


def _blocks(content: bytes) -> list[_Block]:
    tokens = [token for token in tokenize(content) if token[0] not in _SPACE]
    found: list[_Block] = [{}]
    open_blocks = [found[0]]
    at = 0
    while at < len(tokens):
        kind, start, end = tokens[at]
        if kind == "{":
            found.append({})
            open_blocks.append(found[-1])
        elif kind == "}" and len(open_blocks) > 1:
            open_blocks.pop()
        elif kind not in (";", "}"):
            first, at = at, _end_of_statement(tokens, at)
            is_rule = at < len(tokens) and tokens[at][0] == "{"
            if kind == "ident" and not is_rule and content[start : start + 2] != b"--":
                name = content[start:end].decode("utf-8", "replace").lower()
                value = b" ".join(content[start:end] for _, start, end in tokens[first + 2 : at]).lower()
                open_blocks[-1].setdefault(name, []).append((value, start))
            continue
        at += 1
    return found


def _end_of_statement(tokens: list[Token], at: int) -> int:
    """The token `;`, `{` or `}` that ends what begins at `at`, which is none of them."""
    closers: list[str] = []
    while at < len(tokens):
        kind = tokens[at][0]
        if closers and kind == closers[-1]:
            closers.pop()
        elif kind in ("{", "}") or (kind == ";" and not closers):
            break
        elif kind in _CLOSERS:
            closers.append(_CLOSERS[kind])
        at += 1
    return at
