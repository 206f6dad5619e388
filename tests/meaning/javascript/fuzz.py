"""A random number generator -> programs of hostile pieces, glued with white space, comments and line ends.

A program is a list of tokens, each with the gap before it: what is taken from the gaps, a bad minifier takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

Pieces = list[tuple[str, str]]  # gap, token
Tokens = list[str]

_DEEP = 4
_CARELESS = 0.03  # chance to leave out brackets and the like: some of what comes out is legal in another way
_PRELUDE = "var a=5,b=2,g=1,o={a:8,b:[1]},f=function(){return 8},async=f,of=4,get=3,set=6,i,k,\u00e9=7;"
_STRICT = re.compile(r"['\"]use strict['\"]\Z")

# The parser takes a line end in a comment, and a no-break space before a `}`, for no end of a statement: seldom, as a
# program that it does not take shows nothing.
_LINE_ENDS = (*("\n",) * 12, *("\r\n", "\r", "\u2028") * 2, *(" // c\n",) * 6, "/*\n*/")
_SPACES = (*(" ",) * 24, *("  ", "\t", "\v") * 4, "\u00a0")
_COMMENTS = (*("/* c */", "/*! c */", "// c\n", "/* ' */", "/*/ ` /*/", '// "\r') * 2, "/*\n*/", "/*\u2029*/")
_MEET = re.compile(r"[\w$\u0080-\uffff]{2}|\+\+|--|//|/\*|\d\.|\*\*|&&|\|\||<!|->|\?\.|/\w")  # two tokens are one

_ATOMS = (
    *("a", "b", "g", "f", "o", "this", "null", "1", "2", "0x1", "1.", ".5", "1e1", "1n", "''", "'x  y'", "async", "of"),
    *('"// b"', "'/*'", "` c  d `", "`\n`", "`'`", "/ '  /", '/[/*] "  /g', "/[//]/", "/`/u", "/ =  /", "get", "set"),
    *("\u00e9", "'use strict'", "'<!--'", "[ ]", "{ }", "/}  /", "`}`", "'${'", "/\\/  /", "'\\''", "[ , ]"),
)
_SLOPPY = ("08", "010", "let", "yield", "static")
_BINARY = (
    *("+", "-", "*", "/", "%", "<", ">", "<=", "==", "===", "&&", "||", "in", "instanceof", "&", ">>", "/", "/"),
    *("-", "+", "<", "-", "+"),
)
_UNARY = ("+", "-", "!", "~", "typeof", "void", "-", "+")
_ASSIGN = ("=", "+=", "-=", "/=", "??=", "||=", "**=")
_WORDS = ("a", "b", "get", "set", "static", "async", "of", "in", "'c  d'", "1", "await", "let", "if", "1.5", "\u00e9")


def random_program(random: Random) -> Pieces:
    """Most are JavaScript, some are not; each shows something when it runs, or why it does not."""
    start = [random.choice(("'use strict'", '"use strict"', "'x'")), random.choice((";", "\n"))]
    tokens = random.choices((start, []), (1, 9))[0]
    maker = _Maker(random, strict=bool(tokens and _STRICT.match(tokens[0])))
    tokens = [*tokens, _PRELUDE]
    for _ in range(random.randrange(1, 4)):
        tokens += maker.statement()
    return _glued(random, [*tokens, "\n", ";", "out", "(", "a", ",", "b", ",", "g", ")"])


def text_of(pieces: Pieces) -> str:
    return "".join(gap + token for gap, token in pieces)


def without_some_space(random: Random, pieces: Pieces) -> str:
    """What a minifier could make that knows nothing of JavaScript."""
    chance = random.choice((0.05, 0.2, 0.6, 1))
    instead = random.choice(("", "", "", " ", "\n"))
    return "".join((instead if random.random() < chance else gap) + token for gap, token in pieces)


def _glued(random: Random, tokens: Tokens) -> Pieces:
    """With a gap wherever two tokens would become one; a token "\\n" becomes a gap that ends a line."""
    pieces: Pieces = []
    last = ""
    comments, tight, lines = random.choice((0, 0.05, 0.3)), random.choice((0.1, 0.5, 0.9)), random.choice((0.01, 0.1))
    for token in filter(None, tokens):
        if token == "\n":
            pieces.append((random.choice(_LINE_ENDS), ""))
            last = ""
            continue
        gap = "" if random.random() < tight and not _MEET.search(last[-1:] + token[:1]) else random.choice(_SPACES)
        if random.random() < lines:
            gap = random.choice(_LINE_ENDS)
        elif random.random() < comments:
            gap = random.choice((gap, "")) + random.choice(_COMMENTS) + random.choice((gap, ""))
        pieces.append((gap, token))
        last = token
    return pieces


@dataclass(frozen=True)
class _Maker:
    """Makes tokens for a place in a program: what may stand there depends on what is around it."""

    random: Random
    depth: int = 0
    strict: bool = False
    generator: bool = False
    asynchronous: bool = False
    function: bool = False

    def statement(self) -> Tokens:
        inner, random = replace(self, depth=self.depth + 1), self.random
        end = [random.choice((";", ";", "\n", "\n"))]
        name = random.choice(("a", "b", "g"))
        caught = ["catch", "(", "e", ")", "{", "out", "(", "e", ")", "}"]
        makers: tuple[Callable[[], Tokens], ...] = (
            lambda: ["out", "(", *inner.expression(), ")", *end],
            lambda: ["out", "(", *inner.expression(), ")", *end],
            lambda: ["out", "(", *inner.expression(), ")", *end],
            lambda: ["try", "{", *inner.statement(), "}", *caught],
            lambda: ["try", "{", *inner.statement(), *inner.statement(), "}", *caught],
            lambda: self.opening(inner.expression()) + end,
            lambda: [name, random.choice(_ASSIGN), *inner.expression(), *end],
            lambda: [random.choice(("var", "{ let", "{ const")), "x", "=", *inner.expression(), *end],
            lambda: [
                "if",
                "(",
                *inner.expression(),
                ")",
                *inner.statement(),
                *random.choice(([], ["else", *inner.statement()])),
            ],
            lambda: ["for", "(", "var", "i", random.choice(("of", "in")), *inner.operand(), ")", *inner.statement()],
            lambda: ["for", "(", "i", "=", "0", ";", "i", "<", "2", ";", "i", "++", ")", *inner.statement()],
            lambda: ["do", *inner.statement(), "while", "(", "0", ")", *random.choice(([], end))],
            lambda: ["{", *inner.statement(), *inner.statement(), "}"],
            lambda: [random.choice(("l", "async", "of", "get")), random.choice((":", "\n :")), *inner.statement()],
            lambda: ["{", "function", "h", "(", ")", *inner.body(), random.choice(("", "\n")), "h", "(", ")", "}"],
            lambda: ["{", "async", "function", "h", "(", ")", *inner.body(asynchronous=True), "h", "(", ")", *end, "}"],
            lambda: ["{", "class", "C", "{", *inner.members(), "}", "out", "(", "C", ",", "new", "C", ")", *end, "}"],
            lambda: ["k", "=", *inner.function_(), ";", "out", "(", "k", "(", ")", ")", *end],
            lambda: [
                "k",
                "=",
                "function",
                "*",
                "(",
                ")",
                *inner.body(generator=True),
                ";",
                "out",
                "(",
                "...",
                "k",
                "(",
                ")",
                ")",
                *end,
            ],
            lambda: [name, random.choice(("++", "--")), *end],
            lambda: [random.choice(("++", "--")), name, *end],
            lambda: [
                "switch",
                "(",
                *inner.expression(),
                ")",
                "{",
                "case",
                *inner.expression(),
                ":",
                *inner.statement(),
                "default",
                ":",
                *inner.statement(),
                "}",
            ],
            lambda: random.choice(
                (["<!-- c", "\n"], ["\n", "--> c", "\n"], ["debugger", *end], [";"], ["// \u00e9", "\n"])
            ),
            lambda: (
                ["return", *random.choice((inner.expression(), [])), *end]
                if self.function
                else ["throw", *inner.expression(), *end]
            ),
        )
        made = random.choice(makers)() if self.depth < _DEEP else [*self.opening(inner.expression()), ";"]
        return [*made, "}"] if made[0].startswith("{ ") else made

    def opening(self, tokens: Tokens) -> Tokens:
        """At the start of a statement some words and a brace would mean something else."""
        if tokens[0] in ("function", "class", "{", "{ }", "async", "let") and self.random.random() > _CARELESS:
            return ["(", *tokens, ")"]
        return tokens

    def operand(self) -> Tokens:
        """An expression that any operator may stand beside."""
        tokens = self.expression()
        if len(tokens) == 1 or (tokens[0] == "(" and ")" not in tokens[:-1]) or self.random.random() < _CARELESS:
            return tokens
        return ["(", *tokens, ")"]

    def expression(self) -> Tokens:
        inner, random = replace(self, depth=self.depth + 1), self.random
        atoms = _ATOMS if self.strict and random.random() > _CARELESS else _ATOMS + _SLOPPY
        name = random.choice(("a", "b", "g"))
        makers: tuple[Callable[[], Tokens], ...] = (
            lambda: [random.choice(atoms)],
            lambda: [*inner.operand(), random.choice(_BINARY), *inner.operand()],
            lambda: [
                *inner.operand(),
                random.choice(_BINARY),
                *inner.operand(),
                random.choice(("+", "/", "-")),
                *inner.operand(),
            ],
            lambda: [random.choice(_UNARY), *inner.operand()],
            lambda: [random.choice(_UNARY), random.choice(_UNARY), *inner.operand()],
            lambda: [name, random.choice(("++", "--"))],
            lambda: [name, random.choice(("++", "--")), random.choice(("+", "-", "/", "<", ">")), *inner.operand()],
            lambda: [name, random.choice(("+", "-", "/", "<", "< !")), random.choice(("++", "--")), name],
            lambda: [*inner.operand(), "?", *inner.expression(), ":", *inner.expression()],
            lambda: ["(", *inner.expression(), ")"],
            lambda: ["(", *inner.operand(), ",", *inner.operand(), ")"],
            lambda: [
                random.choice(("( a )", "o [ 'a' ]", "f ( )", "a ++", "o ?. a", "o . in", "` 8 `")),
                "/",
                "2",
                "/",
                "g",
            ],
            lambda: ["f", "(", *inner.expression(), ")"],
            lambda: [*inner.operand(), random.choice((".", "?.")), random.choice(("a", "in", "length"))],
            lambda: [*inner.operand(), "[", *inner.expression(), "]"],
            lambda: ["[", *inner.expression(), ",", *inner.expression(), "]"],
            lambda: ["{", "a", ":", *inner.expression(), ",", random.choice(_WORDS), ":", *inner.expression(), "}"],
            lambda: [
                "{",
                random.choice(("get", "async", "*", "")),
                random.choice(_WORDS),
                "(",
                ")",
                *inner.body(),
                "}",
            ],
            lambda: ["` x ${", *inner.expression(), "}  y`"],
            lambda: ["f", "`  ${", *inner.expression(), "} `"],
            inner.function_,
            lambda: ["class", "{", *inner.members(), "}"],
            lambda: ["new", random.choice(("f", "f ( )", "f . g"))],
            lambda: [name, random.choice(_ASSIGN), *inner.expression()],
            inner.waiting,
        )
        return random.choice(makers)() if self.depth < _DEEP else [random.choice(atoms)]

    def waiting(self) -> Tokens:
        if self.generator:
            return self.random.choice((["yield"], ["yield", *self.expression()], ["yield", "*", "[", "1", "]"]))
        return ["await", *self.operand()] if self.asynchronous else ["delete", "o", ".", "a"]

    def function_(self) -> Tokens:
        makers: tuple[Callable[[], Tokens], ...] = (
            lambda: ["function", "(", ")", *self.body()],
            lambda: ["async", "function", "(", ")", *self.body(asynchronous=True)],
            lambda: ["function", "*", "(", ")", *self.body(generator=True)],
            lambda: ["x", "=>", *replace(self, generator=False, asynchronous=False).operand()],
            lambda: ["async", "x", "=>", *replace(self, generator=False, asynchronous=True).operand()],
            lambda: ["(", ")", "=>", *self.body()],
            lambda: ["async", "(", ")", "=>", *self.body(asynchronous=True)],
        )
        return self.random.choice(makers)()

    def body(self, generator: bool = False, asynchronous: bool = False) -> Tokens:
        strict = self.random.random() < 0.2
        inner = replace(
            self,
            depth=self.depth + 1,
            strict=self.strict or strict,
            generator=generator,
            asynchronous=asynchronous,
            function=True,
        )
        start = ["'use strict'", self.random.choice((";", "\n"))] if strict else []
        end = self.random.choice(([], ["return", *inner.expression()], inner.opening(inner.waiting())))
        return ["{", *start, *self.random.choice(([], inner.statement())), *end, "}"]

    def members(self) -> Tokens:
        inner = replace(self, strict=True, generator=False, asynchronous=False, function=False)
        return [token for _ in range(self.random.randrange(4)) for token in inner.member()]

    def member(self) -> Tokens:
        random, end = self.random, _end(self.random)
        name = random.choice(([random.choice(_WORDS)], [random.choice(_WORDS)], ["[", "'c'", "]"]))
        field = random.choice(([], [], ["static"]))
        head = random.choice(([], ["static"], ["get"], ["async"], ["*"], ["async", "*"], ["static", "async"]))
        makers: tuple[Callable[[], Tokens], ...] = (
            lambda: [*field, *name, "=", *self.expression(), end],
            lambda: [*head, *name, "(", ")", *self.body("*" in head, "async" in head)],
            lambda: [*field, *name, end],
            lambda: (
                ["static", *self.body()] if random.random() < _CARELESS else ["static", "{", *self.statement(), "}"]
            ),
        )
        return random.choice(makers)()


def _end(random: Random) -> str:
    return random.choice((";", "\n"))
