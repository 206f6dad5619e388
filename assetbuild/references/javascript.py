"""JavaScript bytes -> the files it names, by literals that imports, URLs and workers load.

- `import`, `export ... from`, `import()`, `import.defer()`, `import.source()`: only `./`, `../` and `/` name files
  here, all else is a package or another host.
- `new URL(x, import.meta.url)`, and the same as what a `Worker` or `SharedWorker` runs; `importScripts(x, ...)`: these
  are URLs, where a bare name is a file; one that ends in a directory is no reference. The names count bare and of
  `window`, `self` or `globalThis`, even if a script declares its own.

A literal is a string, a template without substitutions, or either branch of `a ? "./x" : "./y"`. Never found in
comments, strings or regular expressions: where a word says that there may be something, the head and then the rest of
the file are read token by token. The syntax tree, which takes ten times as long, is for what is unusual there; a legal
file gives the same either way.

Not references: `navigator.serviceWorker.register("/sw.js")`, since a service worker wants a name that stays;
`new Worker("x.js")`, `fetch("x")` and the like, which the page's address resolves; `require()`, which is for Node; and
names spelled with escapes (`\u0055RL`) or in brackets (`self["URL"]`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assetbuild import urls
from assetbuild.model import Kind, Reference
from assetbuild.patterns import regex
from assetbuild.references import javascript_words as words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Tree

    from assetbuild.references.javascript_head import Found

_STATEMENTS: dict[bytes, Kind] = {b"import": "js-import", b"export": "js-export"}
_COMMENTS = ("comment", "html_comment")
_LITERALS = ("string", "template_string")

_GLOBAL_OBJECTS = frozenset({b"window", b"self", b"globalThis"})
_WORKERS = frozenset({b"Worker", b"SharedWorker"})

_URL_KINDS = frozenset({"js-url", "js-worker", "js-import-scripts"})
_PLAIN = regex(rb"\.\.?/[\w./@-]*")  # a relative path as it is: most are
_RELATIVE = ("./", "../", "/")
_DIRECTORIES = frozenset({"", ".", ".."})
_TRIMMED = "".join(map(chr, range(0x21)))  # what a browser drops at the end of a URL


def find(content: bytes, tree: Tree | None = None) -> list[Reference]:
    """What `read` gives; nothing for a file that is not parsed."""
    return read(content, tree) or []


def read(content: bytes, tree: Tree | None = None) -> list[Reference] | None:
    """All references, in source order. `tree`, if at hand, saves parsing the content again.

    In a file with syntax errors, a statement at the top level counts if all up to its specifier is whole, and a call if
    no ERROR node holds it: what is missed breaks a page in silence, what is invented is at worst reported as missing.
    None for a file that may hold references, but is not parsed: too large, too deep, or no JavaScript at all.
    """
    named = words.candidates(content)
    if not named:
        return []
    from assetbuild.references import javascript_body as body
    from assetbuild.references import javascript_head as head

    found, end = head.read(content)
    more = body.read(content, end, named)
    constructs = parsed(content, tree) if more is None else found + more
    if constructs is None:
        return None
    references = (_reference(content, *construct) for construct in constructs)
    unique = {one.start: one for one in references if one}
    return [unique[start] for start in sorted(unique)]


def parsed(content: bytes, tree: Tree | None = None) -> list[Found] | None:
    """Every literal that may be a reference, from the syntax tree; None for a file that is not parsed."""
    from assetbuild.syntax import javascript

    text = words.plain(content)
    if tree is None and (found := _by_piece(text)) is not None:
        return found
    if tree is None or text != content:
        tree = javascript.parse(text)
    return [*_statements(content, tree), *_calls(text, tree)] if tree else None


def _by_piece(content: bytes) -> list[Found] | None:
    """The same of a large script, from small trees; None where the tree of the whole has to tell."""
    from assetbuild.syntax import javascript, javascript_pieces

    division = javascript_pieces.divided(content)
    if division is None:
        return None
    found: list[Found] = []
    for piece in division.pieces():
        tree = javascript.parse(piece.text)
        if tree is None or not piece.shows(tree):
            return None
        statements = _statements(piece.text, tree) if piece.is_first else ()
        for kind, start, end, whole_start, whole_end in (*statements, *_calls(piece.text, tree)):
            found.append((kind, *piece.span_origin(start, end), *piece.span_origin(whole_start, whole_end)))
    return found


def _statements(content: bytes, tree: Tree) -> Iterator[Found]:
    """Static imports and exports, up to their specifiers: they stand at the top level only.

    The tree says where statements begin, and the words are read anew: the parser ends some at a line end within, and is
    thrown off by endings that are news to it.
    """
    top = tree.root_node
    broken = (part for node in top.children if node.is_error for part in node.children)
    for node in (*top.children, *broken):
        start = node.start_byte
        kind = _STATEMENTS.get(content[start : start + len(b"import")])
        span = words.specifier(content, start) if kind else None
        if kind and span:
            yield kind, *span, start, span[1]


def _calls(content: bytes, tree: Tree) -> Iterator[Found]:
    """Every literal in a place where it names a file, with the call around it."""
    from assetbuild.syntax import javascript

    offsets = words.offsets(content)
    run_by_worker: set[tuple[int, int]] = set()  # starts and ends of what workers run
    for node in javascript.covering(tree, offsets) if offsets else ():
        if node.type == "call_expression":
            kind, specifiers = _call(content, node)
        elif node.type == "new_expression":
            kind, specifiers = _construction(content, node, run_by_worker)
        else:
            continue
        for specifier in specifiers:
            for literal in _literals(specifier):
                yield kind, literal.start_byte, literal.end_byte, node.start_byte, node.end_byte


def _call(content: bytes, node: Node) -> tuple[Kind, list[Node]]:
    callee = node.children[0]
    if callee.type == "import":
        return "js-dynamic-import", _arguments(node)[:1]
    is_wanted = _global_name(content, callee) == b"importScripts"
    return "js-import-scripts", _arguments(node) if is_wanted else []


def _construction(content: bytes, node: Node, run_by_worker: set[tuple[int, int]]) -> tuple[Kind, list[Node]]:
    """The URL of a `new URL(...)`. A worker is met before the one that it runs, which is remembered."""
    name, given = _global_name(content, node.child_by_field_name("constructor")), _arguments(node)
    if name in _WORKERS and given:
        run_by_worker.add(_bare(given[0]).byte_range)
    if name != b"URL" or len(given) < 2 or not _is_own_url(content, given[1]):
        return "js-url", []
    return "js-worker" if node.byte_range in run_by_worker else "js-url", given[:1]


def _global_name(content: bytes, node: Node | None) -> bytes:
    """The name that `node` is or takes from the global object; empty for any other expression."""
    node = _bare(node) if node else None
    if node and node.type == "member_expression":
        holder, node = node.child_by_field_name("object"), node.child_by_field_name("property")
        if not holder or holder.type != "identifier" or _text(content, holder) not in _GLOBAL_OBJECTS:
            return b""
    return _text(content, node) if node and node.type in ("identifier", "property_identifier") else b""


def _is_own_url(content: bytes, node: Node) -> bool:
    """Whether `node` is `import.meta.url`."""
    node = _bare(node)
    holder, name = node.child_by_field_name("object"), node.child_by_field_name("property")
    if not holder or not name or _text(content, name) != b"url":
        return False
    meta = _bare(holder)
    return meta.type == "meta_property" and meta.children[0].type == "import"


def _arguments(node: Node) -> list[Node]:
    given = node.child_by_field_name("arguments")
    return _without_comments(given) if given and given.type == "arguments" else []


def _literals(node: Node) -> Iterator[Node]:
    """`node`, if it is a literal, or those that it chooses from."""
    stack = [node]
    while stack:
        node = _bare(stack.pop())
        if node.type == "ternary_expression":
            branches = (node.child_by_field_name(name) for name in ("alternative", "consequence"))
            stack.extend(branch for branch in branches if branch)
        elif node.type in _LITERALS and not node.has_error and not _has_substitution(node):
            yield node


def _has_substitution(node: Node) -> bool:
    return any(part.type == "template_substitution" for part in node.children)


def _bare(node: Node) -> Node:
    """`node` without parentheses around it."""
    while node.type == "parenthesized_expression" and len(inside := _without_comments(node)) == 1:
        node = inside[0]
    return node


def _without_comments(node: Node) -> list[Node]:
    return [part for part in node.named_children if part.type not in _COMMENTS]


def _text(content: bytes, node: Node) -> bytes:
    return content[node.start_byte : node.end_byte]


def _reference(content: bytes, kind: Kind, start: int, end: int, whole_start: int, whole_end: int) -> Reference | None:
    if kind not in _URL_KINDS and (plain := _PLAIN.fullmatch(content, start + 1, end - 1)):
        return Reference(kind, plain[0].decode("ascii"), start + 1, end - 1, whole_start, whole_end)
    from assetbuild.syntax import javascript_strings

    path, length = javascript_strings.path(content[start + 1 : end - 1])
    if not urls.is_local(path) or not (_is_file(path) if kind in _URL_KINDS else path.startswith(_RELATIVE)):
        return None
    return Reference(kind, path, start + 1, start + 1 + length, whole_start, whole_end)


def _is_file(path: str) -> bool:
    """Whether a URL's path can name a file: what ends in a slash, `.` or `..` is a directory."""
    last = path.rstrip(_TRIMMED).replace("\\", "/").rpartition("/")[2]
    return last.lower().replace("%2e", ".") not in _DIRECTORIES
