"""Prove that a minified style sheet means what its source means, or say where it may not.

Both are reduced to the tokens that mean something and compared. Accepted are only: comments and white space where they
mean nothing, the last `;` of a block and empty declarations, other spellings of a number, shorter hex colours. Unsure
is different: that costs a few bytes, while a wrong "equal" breaks a site. Custom properties may not change at all.
"""

from __future__ import annotations

from assetbuild.processors import css_plain
from assetbuild.processors.css_matched import UnreadableError
from assetbuild.processors.css_reader import Reader
from assetbuild.processors.difference import Difference
from assetbuild.references import css as references
from assetbuild.syntax.css import NOT_ASCII_SUPERSETS, UTF8_BOM, declared_encoding, detect_encoding


def difference(source: bytes, output: bytes, *, keep: bool = True) -> Difference | None:
    """None if `output` is proven to mean what `source` means. `keep`: comments that begin with `/*!` count as well."""
    if source == output:
        return None
    if found := _encoding_difference(source, output):
        return found
    if css_plain.same(source, output, keep=keep):
        return _reference_difference(source, output)
    try:
        before = Reader(source)
    except UnreadableError as error:
        return Difference(error.offset, f"{error.what}, so nothing may change")
    try:
        after = Reader(output)
    except UnreadableError as error:
        return Difference(min(error.offset, len(source)), f"the output has {error.what}")
    return (
        _first_difference(before, after)
        or (_comment_difference(before, after) if keep else None)
        or _reference_difference(source, output)
    )


def _encoding_difference(source: bytes, output: bytes) -> Difference | None:
    declared, now_declared = declared_encoding(source), declared_encoding(output)
    if declared in NOT_ASCII_SUPERSETS or now_declared in NOT_ASCII_SUPERSETS:
        return Difference(0, f"text in {declared or now_declared} is not looked into, so nothing may change")
    if source.startswith(UTF8_BOM) != output.startswith(UTF8_BOM):
        return Difference(0, "the byte order mark was added or dropped")
    if declared != now_declared and (declared or now_declared != detect_encoding(source)):
        return Difference(0, "the encoding is declared otherwise")
    return None


def _first_difference(before: Reader, after: Reader) -> Difference | None:
    if before.keys == after.keys:
        return None
    pairs = enumerate(zip(before.keys, after.keys, strict=False))
    shorter = min(len(before.keys), len(after.keys))
    at = next((index for index, (old, new) in pairs if old != new), shorter)
    return Difference(before.offset(at), f"'{before.excerpt(at)}' became '{after.excerpt(at)}'")


def _comment_difference(before: Reader, after: Reader) -> Difference | None:
    # Their words are kept for their readers, their white space is not.
    old = [b"".join(before.content[start:end].split()) for start, end in before.kept_comments]
    new = [b"".join(after.content[start:end].split()) for start, end in after.kept_comments]
    if old == new:
        return None
    pairs = enumerate(zip(old, new, strict=False))
    at = next((index for index, (was, now) in pairs if was != now), min(len(old), len(new)))
    if at == len(old):
        return Difference(len(before.content), f"the comment '{after.comment(at)}' was added")
    return Difference(before.kept_comments[at][0], f"the comment '{before.comment(at)}' was dropped or changed")


def _reference_difference(source: bytes, output: bytes) -> Difference | None:
    """A second look: the caller moves the references that were found in the source to those in the output."""
    old, new = references.find(source), references.find(output)
    if [(each.kind, each.specifier) for each in old] == [(each.kind, each.specifier) for each in new]:
        return None
    return Difference(old[0].start if old else 0, "the references are not the same")
