"""The node types of JavaScript that a comparison of trees asks for, and where the tree must not be believed.

The rule: where the parser reads a source otherwise than engines do, its tree proves nothing, and the source is refused.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from assetbuild.named import NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Language, Node


class Kinds(NamedTuple):
    """Node types by number: comparing numbers takes half the time of comparing names."""

    program: int
    comment: int
    atoms: frozenset[int]  # compared as bytes, white space and all
    line_bound: frozenset[int]  # nodes with a token that must share its line with the next or the last one
    with_next: frozenset[int]
    with_last: frozenset[int]
    with_words: frozenset[int]
    words: frozenset[int]  # operators that are words
    operations: frozenset[int]
    accesses: frozenset[int]
    update: int
    awaiting: int
    statement: int
    with_body: frozenset[int]  # statements that a statement is part of, and no declaration
    let: int
    block: int
    arrow: int
    export: int
    declared: frozenset[int]


def without_comments(node: Node, kinds: Kinds) -> list[Node]:
    comment = kinds.comment
    return [child for child in node.children if child.kind_id != comment]


def is_misread(source: bytes, kind: int, parts: list[Node], kinds: Kinds) -> bool:
    """Whether the parser reads on where engines end a statement, and takes a regular expression there for divisions.

    After `x => {}`, after what `export default` declares, after a block `{a: b}`, which it takes for an object; before
    a bracket after `x++`; and after a `let` that is a name, as it is where no declaration may stand: `if (x) let`.
    """
    if kind in kinds.accesses and parts[0].kind_id == kinds.update:
        return True
    if kind in kinds.operations:
        return parts[0].kind_id == kinds.arrow
    if kind == kinds.statement:
        return source.startswith(b"{", parts[0].start_byte)
    if kind in kinds.with_body:
        return any(right.kind_id == kinds.let and left.type != "(" for left, right in pairwise(parts))
    if kind == kinds.arrow:
        return parts[-1].kind_id != kinds.block and source.startswith(b"{", parts[-1].start_byte)
    if kind != kinds.export:
        return False
    value = first = next((part for part in parts if part.is_named), None)
    while first and first.kind_id not in kinds.declared:
        first = first.children[0] if first.child_count else None
    return first is not None and first != value


@lru_cache(maxsize=1)
def kinds_of(language: Language) -> Kinds:
    numbers = _numbers(language)

    def named(names: str) -> frozenset[int]:
        return frozenset(number for name in names.split() for number in numbers.get((name, True), ()))

    def tokens(names: str) -> frozenset[int]:
        return frozenset(number for name in names.split() for number in numbers.get((name, False), ()))

    return Kinds(
        program=min(named("program")),
        comment=min(named("comment")),
        atoms=named("string regex jsx_element jsx_self_closing_element"),
        line_bound=named(
            "arrow_function function_expression function_declaration generator_function generator_function_declaration"
            " method_definition yield_expression await_expression using_declaration update_expression throw_statement"
            " return_statement break_statement continue_statement"
        ),
        with_next=tokens("async await yield using throw return break continue"),
        with_last=tokens("=> ++ --"),
        with_words=named("binary_expression for_in_statement"),
        words=tokens("in instanceof"),
        operations=named(
            "binary_expression call_expression member_expression subscript_expression ternary_expression"
            " update_expression"
        ),
        accesses=named("call_expression member_expression subscript_expression update_expression"),
        update=min(named("update_expression")),
        awaiting=min(named("await_expression")),
        statement=min(named("expression_statement")),
        with_body=named(
            "if_statement else_clause for_statement for_in_statement while_statement do_statement with_statement"
            " labeled_statement"
        ),
        let=min(named("lexical_declaration")),
        block=min(named("statement_block")),
        arrow=min(named("arrow_function")),
        export=min(named("export_statement")),
        declared=named("function_expression generator_function class"),
    )


def _numbers(language: Language) -> dict[tuple[str | None, bool], list[int]]:
    """The numbers of each node type, by its name and whether it is named: tree-sitter gives some types several."""
    numbers: dict[tuple[str | None, bool], list[int]] = {}
    for number in range(language.node_kind_count):
        kind = language.node_kind_for_id(number), language.node_kind_is_named(number)
        numbers.setdefault(kind, []).append(number)
    return numbers
