"""The tree of a script -> its regular expressions and templates, unless something in it may be read in another way.

A query finds both in C. Its time is quadratic, and its answer wrong, below a depth of 65,535: so a node that may be as
deep is looked at here, and each of its children has a query of its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from assetbuild.processors.javascript_kinds import is_misread, kinds_of, without_comments

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Query, Tree

_MAX_NODES = 30_000  # in a query: as many are less deep than its limit
_NEAR = 200  # bytes
_BEFORE_OPERAND = (b"(", b",", b"=", b"[", b"&", b"|", b"?")  # what no statement begins after; `=>` ends otherwise
_LITERAL = frozenset({"template_string", "jsx_element", "jsx_self_closing_element"})
_DECLARING = (b"function", b"async", b"class", b"@")

# What the parser may read otherwise than engines do, as the comparison of trees judges it: `@odd` is that, `@brace` is
# where a statement or the body of an arrow may begin, `@exported` where it begins as a declaration does.
_QUERY = """
[(regex) (template_string)] @literal
[(jsx_element) (jsx_self_closing_element)] @odd
(call_expression function: [(update_expression) (arrow_function)]) @odd
(member_expression object: [(update_expression) (arrow_function)]) @odd
(subscript_expression object: [(update_expression) (arrow_function)]) @odd
(update_expression argument: [(update_expression) (arrow_function)]) @odd
(binary_expression left: (arrow_function)) @odd
(ternary_expression condition: (arrow_function)) @odd
(if_statement consequence: (lexical_declaration)) @odd
(else_clause (lexical_declaration)) @odd
(for_statement body: (lexical_declaration)) @odd
(for_in_statement body: (lexical_declaration)) @odd
(while_statement body: (lexical_declaration)) @odd
(do_statement body: (lexical_declaration)) @odd
(with_statement body: (lexical_declaration)) @odd
(labeled_statement body: (lexical_declaration)) @odd
(export_statement value: [
  (call_expression) (member_expression) (subscript_expression) (binary_expression) (ternary_expression)
  (update_expression) (sequence_expression) (assignment_expression) (augmented_assignment_expression)
] @exported)
(expression_statement (object)) @odd
(arrow_function body: (object)) @odd
(call_expression function: (object) @brace)
(member_expression object: (object) @brace)
(subscript_expression object: (object) @brace)
(update_expression argument: (object) @brace)
(binary_expression left: (object) @brace)
(ternary_expression condition: (object) @brace)
(sequence_expression (object) @brace)
(assignment_expression left: (object_pattern) @brace)
"""


def read(source: bytes, tree: Tree) -> list[tuple[int, int]] | None:
    """Where the regular expressions and the templates are, in source order, none inside another.

    None if there may be anything that is misread. `tree` is that of `source`, without errors or HTML-like comments.
    """
    from tree_sitter import QueryCursor

    cursor, kinds = QueryCursor(_query(tree.language)), kinds_of(tree.language)
    literals: list[tuple[int, int]] = []
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        if node.descendant_count <= _MAX_NODES:
            found = cursor.captures(node)
            if "odd" in found or not _is_plain(source, found):
                return None
            literals += (literal.byte_range for literal in found.get("literal", ()))
        elif node.type in _LITERAL or is_misread(source, node.kind_id, without_comments(node, kinds), kinds):
            return None
        else:
            stack += (child for child in node.children if child.child_count)
    return _outermost(sorted(literals))


def _is_plain(source: bytes, found: dict[str, list[Node]]) -> bool:
    braces, exported = found.get("brace", ()), found.get("exported", ())
    return all(_follows_operator(source, node) for node in braces) and not any(
        source.startswith(_DECLARING, node.start_byte) for node in exported
    )


def _follows_operator(source: bytes, node: Node) -> bool:
    before = source[max(0, node.start_byte - _NEAR) : node.start_byte].rstrip()
    return before.endswith(_BEFORE_OPERAND)


def _outermost(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in spans:
        if not found or start >= found[-1][1]:
            found.append((start, end))
    return found


@lru_cache(maxsize=1)
def _query(language: Language) -> Query:
    from tree_sitter import Query

    return Query(language, _QUERY)
