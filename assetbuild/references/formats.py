"""The reader of each format, loaded when there is something to read: patterns take longer than a small file."""

from __future__ import annotations

from collections.abc import Sequence

from assetbuild.model import Format, Reference
from assetbuild.references import sourcemap


def find(content: bytes, kind: Format) -> Sequence[Reference] | None:
    """None where it cannot be said what `content` names."""
    if kind == "css":
        from assetbuild.references import css

        return css.find(content)
    if kind == "js":
        from assetbuild.references import javascript

        return javascript.read(content)
    if kind == "svg":
        from assetbuild.references import svg

        return svg.find(content)
    from assetbuild.references import webmanifest

    return webmanifest.find(content)


def load() -> None:
    """What nearly every site needs, for all processes that are forked from now on."""
    find(b"@import 'a'; b { c: url(d) }", "css")
    find(b"import 'a'; import('b')", "js")
    find(b"<svg/>", "svg")
    problem(b"<svg/>", "svg")
    sourcemap.find(b"//# sourceMappingURL=a", "js")
    sourcemap.find(b"/*# sourceMappingURL=a */", "css")


def url_encoding(content: bytes, kind: Format) -> str:
    """Of a URL that is written into `content`."""
    if kind == "css":
        from assetbuild.references import css

        return css.url_encoding(content)
    if kind == "svg":
        from assetbuild.references import svg

        return svg.url_encoding(content)
    return "ascii"


def problem(content: bytes, kind: Format) -> tuple[int, str] | None:
    """Where a file of another format than CSS and JavaScript is not what browsers take, and what is wrong there."""
    if kind == "svg":
        from assetbuild.references import svg

        return svg.problem(content)
    from assetbuild.references import webmanifest

    return webmanifest.problem(content)
