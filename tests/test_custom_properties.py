from __future__ import annotations

import pytest

from assetbuild.processors.css_equivalence import difference
from assetbuild.processors.custom_properties import sheltered
from assetbuild.processors.minify import minify


@pytest.mark.parametrize("tool", ["rcssmin", "cssmin"])
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (':root { --font: "A",  "B" ; color: red }', ':root{--font:"A",  "B";color:red}'),
        (":root { --none: ; --next:  1 }", ":root{--none: ;--next:1}"),
        (".a { --sum: calc( 1px  +  2px ) !important }", ".a{--sum:calc( 1px  +  2px ) !important}"),
        (".a { --block: { x: 1; y: 2 }; color: red }", ".a{--block:{ x: 1; y: 2 };color:red}"),
        (".a { --in: a /* ; } */ b; color: red }", ".a{--in:a /* ; } */ b;color:red}"),
        (".a { color: red; --last:  a  b\n}", ".a{color:red;--last:a  b}"),
        (".a--b { color: red }", ".a--b{color:red}"),
    ],
)
def test_a_custom_property_keeps_its_value_and_the_rest_is_minified(tool: str, source: str, expected: str) -> None:
    minified = minify(source.encode(), "css", (tool,), "a.css")

    assert minified.content.decode() == expected
    assert minified.tool is not None
    assert difference(source.encode(), minified.content) is None


def test_a_style_sheet_that_uses_our_mark_is_left_to_the_tool() -> None:
    content = b":root { --a: assetbuild-kept-0_  x }"

    assert sheltered(lambda text: text.replace(b"  ", b" "), content) == b":root { --a: assetbuild-kept-0_ x }"
