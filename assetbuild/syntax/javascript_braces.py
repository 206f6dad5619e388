"""JavaScript bytes -> where its braces open and close, by a guess: no parser says which slash begins what.

The guess looks at tokens alone. So two texts of the same tokens have the same braces, right or wrong.
"""

from __future__ import annotations

import re
from array import array

from assetbuild.named import NamedTuple

# Repeats are bounded: `re` takes 120 bytes of memory for each. What has no end goes to the end of its line or the file.
_TOKEN = re.compile(
    rb"[{}`]"
    rb"|\"[^\"\\\r\n]*(?:\\(?:\r\n|.)[^\"\\\r\n]*){0,99999}\"?"
    rb"|'[^'\\\r\n]*(?:\\(?:\r\n|.)[^'\\\r\n]*){0,99999}'?"
    rb"|/(?:(/)[^\r\n]*|(\*).*?(?:\*/|\Z))?",
    re.DOTALL,
)
_TEMPLATE_TEXT = re.compile(rb"[^`\\$]*(?:(?:\\.|\$(?!\{))[^`\\$]*){0,99999}", re.DOTALL)
_CLASS = rb"\[[^\]\\\r\n]*(?:\\[^\r\n][^\]\\\r\n]*){0,999}\]"
_REGEX = re.compile(rb"/[^\\/\[\r\n]*(?:(?:\\[^\r\n]|" + _CLASS + rb")[^\\/\[\r\n]*){0,9999}/")

_WORD_BEFORE_REGEX = re.compile(
    rb"(?<![\w$.])(?:return|typeof|case|in|of|instanceof|delete|void|throw|new|else|do|yield|await|default)\Z"
)
_CONDITION = re.compile(rb"(?<![\w$.])(?:if|while|for|with)\s*\Z")
_PARENTHESIS = re.compile(rb"[()]")
_NEAR = 100  # bytes to look back
_FAR = 2_000  # to where a parenthesis was opened


class Braces(NamedTuple):
    """Pairs, in the order of their beginnings."""

    opened: array[int]
    closed: array[int]


def braces(content: bytes) -> Braces | None:
    """Those outside strings, templates' text, comments and regular expressions; None where they do not match."""
    opened, closed = array("L"), array("L")
    stack: list[int] = []  # numbers of what is open; -1 for what a template holds
    gap = (0, 0)  # where the code before the last comments ends, and where they do
    search = _TOKEN.search
    match = search(content)
    while match:
        start, end = match.span()
        byte = content[start]
        if byte == 0x7B:  # {
            stack.append(len(opened))
            opened.append(start)
            closed.append(0)
        elif byte == 0x7D:  # }
            if not stack:
                return None
            number = stack.pop()
            if number < 0:
                end = _template(content, end, stack)
            else:
                closed[number] = start
        elif byte == 0x60:  # `
            end = _template(content, end, stack)
        elif byte == 0x2F:  # /
            code_end = gap[0] if _is_blank(content, gap[1], start) else start
            if match.lastindex:
                gap = (code_end, end)
            elif _begins_regex(content, code_end) and (regex := _REGEX.match(content, start)):
                end = regex.end()
        match = search(content, end)
    return None if stack else Braces(opened, closed)


def _is_blank(content: bytes, start: int, end: int) -> bool:
    return end - start <= _FAR and not content[start:end].strip()


def _template(content: bytes, start: int, stack: list[int]) -> int:
    """Where its text ends that goes on at `start`: at its end, or after the beginning of code inside it."""
    match = _TEMPLATE_TEXT.match(content, start)
    end = match.end() if match else start
    if content.startswith(b"${", end):
        stack.append(-1)
        return end + 2
    return end + 1


def _begins_regex(content: bytes, end: int) -> bool:
    """Whether a slash does after the code that ends at `end`. After a block it does: seldom are objects divided."""
    text = content[max(0, end - _NEAR) : end].rstrip()
    if text.endswith((b"++", b"--")):
        return False
    if text.endswith(b")"):
        return _ends_condition(content[max(0, end - _FAR) : end].rstrip())
    last = text[-1:]
    if last.isalnum() or not last.isascii() or last in (b"_", b"$"):
        return _WORD_BEFORE_REGEX.search(text) is not None
    return last not in (b"]", b'"', b"'", b"`", b".")


def _ends_condition(text: bytes) -> bool:
    """Whether `if (` or the like opened the parenthesis that `text` ends with."""
    depth = 0
    for match in reversed(list(_PARENTHESIS.finditer(text))):
        depth += 1 if match[0] == b")" else -1
        if not depth:
            return _CONDITION.search(text, 0, match.start()) is not None
    return False
