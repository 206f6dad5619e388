"""Whether two plain style sheets mean the same, statement by statement: fast, and in no memory to speak of.

It knows less than css_reader, and asks that one about each statement it cannot judge by its bytes. A no is no proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

from assetbuild.processors.css_matched import UnreadableError
from assetbuild.processors.css_pieces import BARE_URL, STRING, NotPlainError, pieces
from assetbuild.processors.css_reader import statement_keys
from assetbuild.syntax.css import COMMENT

# What stands between two comments, the mark behind it, and whether a block is around it.
_Statement = tuple[bytes, bytes, bool]

_SHORT = 300  # bytes; verdicts on longer ones are not remembered
_COMMENT = re.compile(COMMENT + rb"|/\*.*?\*/", re.DOTALL)
# White space that means nothing in the rules that css_pieces gives as a whole.
_LOOSE = re.compile(rb"[ \t\r\n\f](?:(?<=[{};,>+~!(:].)[ \t\r\n\f]*|[ \t\r\n\f]*(?=[{};,>+~!)]))", re.DOTALL)
_SPACES = b" \t\r\n\f"
_DIVIDED: _Statement = (b"", b"divided", True)
_END: _Statement = (b"", b"}", True)
_DECLARATION = re.compile(rb"(-?[A-Za-z_][A-Za-z0-9_\-]*|--[A-Za-z0-9_\-]*)[ \t\r\n\f]*:[ \t\r\n\f]*")
_PROPERTY = re.compile(rb"-?[A-Za-z_][A-Za-z0-9_\-]*|--[A-Za-z0-9_\-]*")
_OPAQUE = re.compile(rb"(" + STRING + rb"|(?<=[uU][rR][lL])\((?=[^\"'])" + BARE_URL + rb")", re.DOTALL)
_COMMENT_OR_OPAQUE = re.compile(_OPAQUE.pattern + rb"|/\*(?!!).*?\*/|(/\*.*?\*/)", re.DOTALL)
# What the two forms below are right for. A `"` stands for a string or a URL.
_VALUE = re.compile(rb"[A-Za-z0-9_.%#, \t\r\n\f!/*+()\"=:\-]*")
_SELECTOR = re.compile(rb"[A-Za-z0-9_.%#, \t\r\n\f*+()\"=:\-~>^$|&\[\]]*")
_READ_OTHERWISE = re.compile(rb"(?:style|selector)\(", re.IGNORECASE)
_HARD_SELECTOR = re.compile(rb"[>+~]{2}|\+\.?[0-9]|-->|\[[^\]]*[ ,()~>+][^=\]]")


def same(source: bytes, output: bytes, *, keep: bool = True) -> bool:
    """True is a proof, of all that `Reader` compares. Both have a byte order mark, or none has."""
    kept: list[bytes] = []
    now_kept: list[bytes] = []
    try:
        if not _same_statements(_statements(source, kept), _statements(output, now_kept)):
            return False
    except NotPlainError:
        return False
    return not keep or kept == now_kept


def _same_statements(source: Iterator[_Statement], output: Iterator[_Statement]) -> bool:
    while True:
        old, new = next(source, None), next(output, None)
        if old is None or new is None:
            return old is new
        if old == new:
            continue
        # What is one rule here may not be simple enough there.
        if old[1] == b"rule":
            source = chain(_statements(old[0] + b"}", [], inside=old[2]), source)
            old = next(source)
        if new[1] == b"rule":
            output = chain(_statements(new[0] + b"}", [], inside=new[2]), output)
            new = next(output)
        if old != new and not (old[1:] == new[1:] and _same_statement(old[0], *new)):
            return False


def _statements(content: bytes, kept: list[bytes], *, inside: bool | None = None) -> Iterator[_Statement]:
    """Statements, rules as a whole, and the ends of blocks, without empty ones. Comments to be kept are added to
    `kept`. If it is said whether they are `inside` a block, rules are not kept whole."""
    depth = 1 if inside else 0
    after_block = divided = False  # see Reader
    keeps = b"/*!" in content
    for match in pieces(content, rules=inside is None):
        if match.re.groups == 1:
            if divided:
                yield _DIVIDED
            yield from [(rule, b"rule", depth > 0) for rule in _tight(match[1]).split(b"}")[:-1]]
            after_block, divided = depth > 0, False
            continue
        comments, body, mark = match.groups()
        if keeps and comments:
            kept += [_words(found) for found in _COMMENT.findall(comments) if found.startswith(b"/*!")]
        if keeps and b"/*!" in body:
            kept += [_words(found[2]) for found in _COMMENT_OR_OPAQUE.finditer(body) if found[2]]
        if body or mark == b"{":
            if divided:
                yield _DIVIDED
            yield body, b"{" if mark == b"{" else b";", depth > 0
            after_block = divided = False
        elif mark == b";":
            divided = after_block
        if mark == b"{":
            depth += 1
        elif mark == b"}":
            yield _END
            depth -= 1
            after_block, divided = depth > 0, False


def _words(comment: bytes) -> bytes:
    return b"".join(comment.split())


def _tight(rules: bytes) -> bytes:
    """Equal for rules that differ in white space without meaning, comments and the last `;` only."""
    if b"/*" in rules:
        rules = _COMMENT.sub(b"", rules)
    rules = _LOOSE.sub(b"", rules).replace(b";}", b"}")
    return b" ".join(rules.split())


def _same_statement(old: bytes, new: bytes, mark: bytes, inside: bool) -> bool:
    if b"\\" not in old and _same_at_a_glance(old, new, mark):
        return True
    return (_judged_often if len(old) < _SHORT else _judged)(old, new, mark, inside)


def _same_at_a_glance(old: bytes, new: bytes, mark: bytes) -> bool:
    """Whether they differ in white space at the end of a prelude, or around the value of a declaration, at most."""
    if mark == b"{":
        return old.rstrip(_SPACES) == new.rstrip(_SPACES)
    start, new_start = _DECLARATION.match(old), _DECLARATION.match(new)
    if not start or not new_start or start[1] != new_start[1]:
        return False
    value = old[start.end() :].rstrip(_SPACES)
    return not value.startswith(b"!") and value != b"" and value == new[new_start.end() :].rstrip(_SPACES)


def _judged(old: bytes, new: bytes, mark: bytes, inside: bool) -> bool:
    form = _form(old, mark)
    if form is not None and form == _form(new, mark):
        return True
    keys = _keys(old, mark, inside)
    return keys is not None and keys == _keys(new, mark, inside)


_judged_often = lru_cache(maxsize=4096)(_judged)


def _keys(body: bytes, mark: bytes, inside: bool) -> list[bytes] | None:
    try:
        return statement_keys(body + (b"{}" if mark == b"{" else b";"), inside=inside)
    except UnreadableError:
        return None


def _form(body: bytes, mark: bytes) -> tuple[bytes, ...] | None:
    """Equal for statements of equal keys, but the other way round not always; None where that is not sure.

    Only white space is taken away, and only where none of the tokens beside it can become another by that.
    """
    if mark == b"{":
        return None if body.startswith(b"@") else _form_of_selector(body)
    name, colon, value = body.partition(b":")
    name = name.rstrip(_SPACES)
    if not colon or not _PROPERTY.fullmatch(name):
        return None
    if name.startswith(b"--"):
        return None if b"!" in value else (name, value.strip(_SPACES) or (value[:1] and b" "))
    return _form_of_value(name, value)


def _form_of_value(name: bytes, value: bytes) -> tuple[bytes, ...] | None:
    text, *opaque = _apart(value)
    if not _VALUE.fullmatch(text) or b"/*" in text or (b"(" in text and _READ_OTHERWISE.search(text)):
        return None
    text = _tightened(text, (b",", b"!", b"/", b"*"))
    return None if b"/*" in text else (name, text, *opaque)


def _form_of_selector(body: bytes) -> tuple[bytes, ...] | None:
    text, *opaque = _apart(body)
    if not _SELECTOR.fullmatch(text) or (b"(" in text and (b"+" in text or _READ_OTHERWISE.search(text))):
        return None
    text = _tightened(text, (b",", b">", b"+", b"~"))
    return None if _HARD_SELECTOR.search(text) else (text, *opaque)


def _tightened(text: bytes, signs: tuple[bytes, ...]) -> bytes:
    """With one space where there was white space, and none around `signs` and inside brackets."""
    text = b" ".join(text.split())
    if b" " not in text:
        return text
    for sign in signs:
        if sign in text:
            text = text.replace(b" " + sign, sign).replace(sign + b" ", sign)
    return text.replace(b"( ", b"(").replace(b" )", b")")


def _apart(text: bytes) -> list[bytes]:
    """`text` with a `"` in the place of each string and URL, then these."""
    if b'"' not in text and b"'" not in text and b"(" not in text:
        return [text]
    found = _OPAQUE.split(text)
    return [b'"'.join(found[::2]), *found[1::2]]
