"""Hostile programs, each with a name. What they show when they run is what a minifier must not change.

Each is written with white space and comments to spare, so that there is something to take away.
"""

from __future__ import annotations

from tests.meaning.javascript import comments, literals, statements
from tests.support.node import Program

_SCRIPTS = (
    literals.TEMPLATES,
    literals.EXPRESSIONS,
    literals.TEXTS,
    statements.SEMICOLONS,
    statements.NAMES,
    statements.CLASSES,
    statements.FUNCTIONS,
    statements.DIRECTIVES,
    comments.COMMENTS,
    comments.HTML,
    comments.SPACES,
)

SNIPPETS = {name: Program(code) for theme in _SCRIPTS for name, code in theme.items()} | {
    name: Program(code, module=True) for name, code in comments.MODULES.items()
}

# What engines refuse is to stay refused: a script that never ran must not begin to.
NO_JAVASCRIPT = frozenset(
    {
        "string: octal escapes in strict code",
        "semicolon: after throw",
        "semicolon: after yield and before *",
        "semicolon: none before the arrow",
        "name: let as a body, refused",
        "directive: octal before it",
        "comment: with no end",
        "html comment: made of a decrement on a new line",
        "hashbang: not first",
        "white space: NEL is none",
        "white space: zero width is none",
        "no JavaScript",
        "no JavaScript: a template language",
        "no JavaScript: a space away from it",
        "module: no html comments",
        "module: no html comments closed",
        "module: yield and let are no names",
    }
)
