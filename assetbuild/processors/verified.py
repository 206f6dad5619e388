"""The minifiers of white space: how each is run, and its version. What they give is to be verified."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import cache, partial
from itertools import chain, repeat
from types import SimpleNamespace

_ENDS = 100  # empty reads after the end of the text: jsmin does a handful


@cache
def _rjsmin() -> tuple[Callable[[bytes], bytes], str]:
    import rjsmin

    return lambda content: bytes(rjsmin.jsmin(content, keep_bang_comments=True)), rjsmin.__version__


@cache
def _jsmin() -> tuple[Callable[[bytes], bytes], str]:
    import jsmin

    def run(content: bytes) -> bytes:
        """Without its `quote_chars`, jsmin would take white space out of templates."""
        # jsmin waits for ever where it takes `/[/*]/` for the start of a comment. So its input does not end in empty
        # reads as a file does: after some of them comes the argument of its `read(1)`, a number, and that it refuses.
        text = chain(content.decode(), repeat("", _ENDS))
        output = io.StringIO()
        try:
            jsmin.JavascriptMinify(SimpleNamespace(read=partial(next, text)), output, quote_chars="'\"`").minify()
        except TypeError:
            raise ValueError("it takes something for a comment that does not end") from None
        return output.getvalue().encode()

    return run, jsmin.__version__


@cache
def _rcssmin() -> tuple[Callable[[bytes], bytes], str]:
    import rcssmin

    from assetbuild.processors.custom_properties import sheltered

    def run(content: bytes) -> bytes:
        return _ended(content, rcssmin.cssmin(content, keep_bang_comments=True))

    return partial(sheltered, run), rcssmin.__version__


@cache
def _cssmin() -> tuple[Callable[[bytes], bytes], str]:
    import cssmin

    from assetbuild.processors.custom_properties import sheltered

    def run(content: bytes) -> bytes:
        text = content.decode()
        kept = text.rfind("/*!")
        if kept >= 0 and text.find("*/", kept + 2) < 0:
            raise ValueError("it waits for ever for the end of a comment")
        return _ended(content, str(cssmin.cssmin(text)).encode())

    return partial(sheltered, run), cssmin.__version__


def _ended(content: bytes, output: bytes) -> bytes:
    """`output` with the `;` that ends a last `@import`: browsers do without it, other tools call that an error."""
    return output + b";" if content.rstrip().endswith(b";") and not output.endswith((b";", b"}")) else output


VERIFIED: Mapping[str, Callable[[], tuple[Callable[[bytes], bytes], str]]] = {
    "jsmin": _jsmin,
    "rjsmin": _rjsmin,
    "cssmin": _cssmin,
    "rcssmin": _rcssmin,
}
