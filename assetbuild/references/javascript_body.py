"""JavaScript bytes after the head -> the references there, if all have their usual shapes; else a parser is needed.

The lexer says which words are code. Each of those has exactly one of the shapes listed here, or all is Unclear. A shape
is compiled when it is first looked for (`re` remembers): few files have more than one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from assetbuild.references import javascript_words as words
from assetbuild.references.javascript_head import Found, spaced, statement
from assetbuild.references.javascript_lexer import Lexer, Unclear, last_word

_HTML_COMMENTS = (b"<!--", b"-->")
_META = spaced(r"import \. meta")
_IMPORT_CALL = spaced(r"import \( (?:(<string>|<template>) ,? |<unquoted>)\)")
_SCRIPTS_CALL = spaced(r"importScripts \( (?:(<string>|<template>) |<unquoted>)\)")
_SCRIPTS_VALUE = spaced(r"importScripts \) ") + rb"[^(?/.`\x80-\xff]"
_URL_CALL = spaced(r"URL \( (<string>|<template>) , import \. meta \. url ,? \)")
_URL_OF_ELSE = spaced(r"URL (?:\( (<simple>)\)|[.,;:=&|])")
_WHOLE_WORD = re.compile(rb"(?<![\w$])(?:import|export)(?![\w$])")
_QUOTE = re.compile(rb"[\"'`]")
_UNFINISHED = b"([{,=:?&|^~!%*<>/."  # what no statement ends with
_LINE = 10_000
_WORKERS = (b"Worker", b"SharedWorker")
_OPENING = b"( \t\r\n"


def read(content: bytes, start: int, named: Mapping[int, int]) -> list[Found] | None:
    """The references from `start` on, where a token begins, of what is `named` (`candidates` of the whole content).

    None if a parser is needed.
    """
    quotes = {offset: quote for offset, quote in named.items() if offset >= start}
    try:
        return list(_read(content, start, quotes)) if quotes else []
    except Unclear:
        return None


def _read(content: bytes, start: int, quotes: Mapping[int, int]) -> Iterator[Found]:
    begins = _begins(content, start, quotes)
    last = max(quotes)
    comments = set(_html_comments(content, start, last))
    code: dict[int, bytes] = {}
    urls: list[int] = []
    resolves = False
    # To the end of the last line, where a string would be open if what was read is no JavaScript: `<a>it's</a>`.
    stop = min(words.line_end(content, last, last + _LINE), len(content) - 1)
    for offset, before in Lexer(content, start).words(sorted({*quotes, *begins.values(), *comments, stop})):
        code[offset] = before
        if offset in comments:
            _check_no_comment(content, offset, before)
        elif quotes.get(offset, -1) >= 0:
            yield _statement(content, offset, quotes[offset], begins.get(offset, offset), code)
        elif offset not in quotes:
            continue
        elif content.startswith(b"URL", offset):
            urls.append(offset)
        elif not content.startswith(b"importScripts", offset) and re.compile(_META).match(content, offset):
            resolves = True
        else:
            yield from _call(content, offset, before)
    for offset in urls if resolves else ():
        yield from _url(content, offset, code[offset])


def _begins(content: bytes, start: int, quotes: Mapping[int, int]) -> dict[int, int]:
    """Where the statement of each `from` begins, if it is one."""
    found = {}
    for offset, quote in quotes.items():
        if quote >= 0 and content.startswith(b"from", offset):
            at = max(_last(word, content, start, offset) for word in (b"import", b"export"))
            if at >= 0:
                found[offset] = at
            start = offset
    return found


def _last(word: bytes, content: bytes, start: int, end: int) -> int:
    """Where `word` is last, not as a part of another one."""
    at = content.rfind(word, start, end)
    while at >= 0 and not _WHOLE_WORD.match(content, at):
        at = content.rfind(word, start, at)
    return at


def _statement(content: bytes, offset: int, quote: int, begin: int, code: Mapping[int, bytes]) -> Found:
    """The static import or export that begins at `begin` and has the word at `offset` before its specifier.

    Only if that stands in the line of the word: then no property or field of a class can be meant.
    """
    found = statement(content, begin) if begin in code else None
    if not found or found[1] != quote or words.has_line_end(content, offset, quote):
        raise Unclear
    before = code[begin]
    text = before.rstrip()
    last = text[-1:] or b"("
    in_new_line = last not in _UNFINISHED and words.has_line_end(before, len(text), len(before))
    if not in_new_line and last not in (b";", b"}"):
        raise Unclear
    return found


def _html_comments(content: bytes, start: int, end: int) -> Iterator[int]:
    for mark in _HTML_COMMENTS:
        offset = content.find(mark, start, end)
        while offset >= 0:
            yield offset
            offset = content.find(mark, offset + 1, end)


def _check_no_comment(content: bytes, offset: int, before: bytes) -> None:
    text = before.rstrip()
    if content.startswith(b"<", offset) or not text or words.has_line_end(before, len(text), len(before)):
        raise Unclear


def _call(content: bytes, offset: int, before: bytes) -> Iterator[Found]:
    """The literal of the call of `import` or `importScripts` at `offset`, if it has one."""
    word, is_of_property = last_word(before.rstrip())
    is_property = is_of_property and not word
    is_import = not content.startswith(b"importScripts", offset)
    match = re.compile(_IMPORT_CALL if is_import else _SCRIPTS_CALL).match(content, offset)
    if not match:
        if is_import or not re.compile(_SCRIPTS_VALUE).match(content, offset):
            raise Unclear
    elif match[1] and is_import:
        if not is_property:
            yield "js-dynamic-import", *match.span(1), *match.span()
    elif match[1]:
        if is_property or word == b"new":
            raise Unclear
        yield "js-import-scripts", *match.span(1), *match.span()


def _url(content: bytes, offset: int, before: bytes) -> Iterator[Found]:
    """The literal of the `new URL(..., import.meta.url)` whose name is at `offset`, if it is one."""
    text = before.rstrip()
    word, is_property = last_word(text)
    if word == b"instanceof" or _is_other_url(content, offset):
        return
    match = re.compile(_URL_CALL).match(content, offset)
    begin = content.rfind(b"new", 0, offset)
    if not match or word != b"new" or is_property or content[begin + len(b"new") : offset].strip():
        raise Unclear
    if last_word(text[: -len(b"new")].rstrip(_OPENING))[0] in _WORKERS:  # another kind
        raise Unclear
    yield "js-url", *match.span(1), begin, match.end()


def _is_other_url(content: bytes, offset: int) -> bool:
    """Whether the word is no callee, or of a call with arguments of which none is `import.meta.url` or no literal."""
    match = re.compile(_URL_OF_ELSE).match(content, offset)
    if not match:
        return False
    arguments = match[1] or b""
    return b"import" not in arguments or not _QUOTE.search(arguments)
