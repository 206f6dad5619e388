"""JavaScript bytes -> the imports and exports that a file begins with, and where its other code begins.

Up to there no parser is needed: white space, comments, directives ('use strict'), and static imports and exports can be
told by their first bytes, and hold nothing that can be read in two ways, such as regular expressions and templates.
What is unusual ends the head, and is left to the parser. Each pattern reads its text in one way only, and
repeats are bounded: `re` takes 120 bytes of memory for each. Comments and escapes make a pattern several times as long,
and so its compilation: most files get by with patterns that have neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from assetbuild.model import Kind
from assetbuild.references import javascript_words as words

# Kind, start and end of a literal with its quotes, start and end of the construct around it.
Found = tuple[Kind, int, int, int, int]

_WORD_END = rb"(?![\w$\\\x80-\xff])"
_NAME = rb"[\w$]+" + _WORD_END
_STRING = rb"(?:\"[^\"\\\r\n]*(?:\\(?s:\r\n|.)[^\"\\\r\n]*){0,999}\"|'[^'\\\r\n]*(?:\\(?s:\r\n|.)[^'\\\r\n]*){0,999}')"
# A line comment ends in its line end, so that it cannot be cut short to make the rest match.
_LINE_COMMENT = rb"//[^\r\n\xe2]*(?:\xe2(?!\x80[\xa8\xa9])[^\r\n\xe2]*){0,999}[\r\n]"
_BLOCK_COMMENT = rb"/\*[^*]*\*+(?:[^/*][^*]*\*+){0,999}/"
_COMMENT = rb"(?:" + _LINE_COMMENT + rb"|" + _BLOCK_COMMENT + rb")"
_GAP = rb"\s*(?:" + _COMMENT + rb"\s*){0,99}"
_LISTED = rb"[\w$\\\x80-\xff\s,]*"
_LIST = rb"\{" + _LISTED + rb"(?:(?:" + _STRING + rb"|" + _COMMENT + rb")" + _LISTED + rb"){0,999}\}"
# Arguments without a literal, and such as have no deep calls or templates in them.
_UNQUOTED = rb"[^()\"'`/]*(?:\([^()\"'`/]*\)[^()\"'`/]*){0,9}"
_SIMPLE_TEMPLATE = rb"`[^`\\$]*(?:\$\{[\w$.]*\}[^`\\$]*){0,9}`"
_CALL = rb"\([^()\"'`/]*(?:" + _STRING + rb"[^()\"'`/]*){0,9}\)"
_SIMPLE = rb"[^()\"'`/]*(?:(?:" + _STRING + rb"|" + _SIMPLE_TEMPLATE + rb"|" + _CALL + rb")[^()\"'`/]*){0,99}"
_ANY = {
    " ": _GAP,
    "<name>": _NAME,
    "<unquoted>": _UNQUOTED,
    "<simple>": _SIMPLE,
    "<string>": _STRING,
    "<template>": words.TEMPLATE,
    "<list>": _LIST,
    "<end>": b"",
}
_USUAL = {
    " ": rb"\s*",
    "<name>": _NAME,
    "<string>": rb"(?:\"[^\"\\\r\n]*\"|'[^'\\\r\n]*')",
    "<list>": rb"\{[\w$\s,]*\}",
    "<end>": rb"(?!\s*[/f])",  # neither a comment nor `from`
}


def spaced(pattern: str, named: Mapping[str, bytes] = _ANY) -> bytes:
    """`pattern`, where a space is any gap, and a word in angle brackets is what has that name."""
    parts = re.split(r"( |<\w+>|\w+)", pattern)
    return b"".join(
        named[part] if part in named else part.encode() + (_WORD_END if part.isalpha() else b"") for part in parts
    )


_ALL = r"\* as <name>"
_CLAUSE = rf"(?:(?:<name> , )?(?:<list>|{_ALL})|<name>|defer {_ALL}|source <name>)"
_STATEMENTS = (
    rf"import (?:{_CLAUSE} from )?(<string>)|"
    r"export (?:\*(?: as (?:<name>|<string>))? from (<string>)|<list>(?: from (<string>)|<end>))|<string>"
)
_STATEMENT = spaced(_STATEMENTS)
_USUAL_STATEMENT = re.compile(spaced(_STATEMENTS, _USUAL))  # where it matches, the other one does the same
_MAY_BE_STATEMENT = re.compile(rb"import(?![\w$\\\x80-\xff]|\s*[.(])|export\s*[{*/]|[\"']")
_ATTRIBUTES = spaced(r"(?:with|assert) \{ (?:(?:<name>|<string>) : <string> ,? ){0,99}\}")
_START = re.compile(rb"(?:\xef\xbb\xbf)?(#!)?")


def read(content: bytes) -> tuple[list[Found], int]:
    """The statements of the head up to their specifiers, in source order, and the offset at which the head ends.

    In a legal file, what begins before that offset and names a file is among them.
    """
    found: list[Found] = []
    offset = words.gap_end(content, _begin(content))
    while match := _statement(content, offset):
        named = _found(match)
        found += [named] if named else []
        offset, is_ended = _statement_end(content, match.end(), has_specifier=bool(named))
        if not named and content.startswith(b"from", offset):  # of an export that is written unusually
            return found, match.start()
        if not is_ended:
            break
    return found, offset


def statement(content: bytes, offset: int) -> Found | None:
    """The static import or export at `offset`, if one is there that names its file."""
    match = _statement(content, offset)
    return _found(match) if match else None


def _statement(content: bytes, offset: int) -> re.Match[bytes] | None:
    if match := _USUAL_STATEMENT.match(content, offset):
        return match
    return re.compile(_STATEMENT).match(content, offset) if _MAY_BE_STATEMENT.match(content, offset) else None


def _found(match: re.Match[bytes]) -> Found | None:
    group = match.lastindex
    if not group:
        return None
    return "js-import" if group == 1 else "js-export", *match.span(group), match.start(), match.end(group)


def _begin(content: bytes) -> int:
    """The offset after a byte order mark and the line of a hashbang."""
    match = _START.match(content)
    assert match
    return words.line_end(content, match.end()) if match[1] else match.end()


def _statement_end(content: bytes, offset: int, *, has_specifier: bool) -> tuple[int, bool]:
    """What follows the statement whose parts end at `offset`, and whether a new statement begins there.

    A semicolon or a line end is between: none of the statements here can go on in the next line as one of them begins.
    """
    if content.startswith(b";", offset):
        return words.gap_end(content, offset + 1), True
    end = words.gap_end(content, offset)
    if has_specifier and content.startswith((b"with", b"assert"), end):
        match = re.compile(_ATTRIBUTES).match(content, end)
        offset, end = (match.end(), words.gap_end(content, match.end())) if match else (offset, end)
    if content.startswith(b";", end):
        return words.gap_end(content, end + 1), True
    return end, words.has_line_end(content, offset, end)
