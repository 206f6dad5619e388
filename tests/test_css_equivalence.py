"""What a minifier of style sheets may do, what not, and what cssmin and rcssmin do."""

from __future__ import annotations

import re
import sysconfig
from pathlib import Path

import cssmin
import pytest
import rcssmin
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assetbuild.processors import css_matched, css_plain
from assetbuild.processors.css_equivalence import difference
from assetbuild.processors.css_matched import UnreadableError
from assetbuild.processors.css_pieces import NotPlainError, pieces
from assetbuild.processors.css_reader import Reader
from assetbuild.processors.difference import Difference

SAME = [
    ("", ""),
    ("", "\n/* x */ "),
    ("a { b : c ; }", "a{b:c}"),
    ("a{;b:c;;d:e;;}", "a{b:c;d:e}"),
    ("a/**/{/**/b/**/:/**/c/**/}", "a{b:c}"),
    ("a{color:red ! important}", "a{color:red!important}"),
    ("a{margin:0.50em -0.5em 010px +00.10%}", "a{margin:.5em -.5em 10px +.1%}"),
    ("a{b:1.50e3 1E+3em}", "a{b:1.5e3 1e3em}"),
    ("a{color:#AABBCC;b:#aabbccdd}", "a{color:#abc;b:#abcd}"),
    ("a{color:#AABBCE}", "a{color:#aabbce}"),
    ("a{b:f( 1 , 2 ) / 3}", "a{b:f(1,2)/3}"),
    ("a{b:calc( ( 1px + 2px ) * 3 / 4 )}", "a{b:calc((1px + 2px)*3/4)}"),
    ("a{b:url( 'x y' )}", "a{b:url('x y')}"),
    ("a{b:url( x )}", "a{b:url(x)}"),
    ("a{b:var( --x , 1 )}", "a{b:var(--x,1)}"),
    ("a{grid:[ x y ] 1fr}", "a{grid:[x y] 1fr}"),
    ("a > b , c ~ d + e {}", "a>b,c~d+e{}"),
    ("a /* x */ b{}", "a b{}"),
    ("a\n\tb{}", "a b{}"),
    (".a/**/.b{}", ".a.b{}"),
    ("a:not( .b , c ){}", "a:not(.b,c){}"),
    ("a:nth-child( 2n + 1 ){}", "a:nth-child(2n+1){}"),
    ("a:nth-child(2N +1){}", "a:nth-child(2N+1){}"),
    ("[ a ^= 'b' ]{}", "[a^='b']{}"),
    ("[a = b]{}", "[a=b]{}"),
    ("@media ( min-width : 640px ) and (a){b{c:d}}", "@media (min-width:640px) and (a){b{c:d}}"),
    ("@media (400px <= width < 1.50e1px){}", "@media (400px<=width<1.5e1px){}"),
    ("@media screen , print{}", "@media screen,print{}"),
    ("@supports ( a : b ) and (not (c: d)){}", "@supports (a:b) and (not (c:d)){}"),
    ("@supports selector( a > b ){}", "@supports selector(a>b){}"),
    ("@import url( 'a' ) screen;", "@import url('a') screen"),
    ("@import 'a';", '@import"a"'.replace('"', "'")),
    ("@keyframes x{ 50.0% , to{ a:b } }", "@keyframes x{50.0%,to{a:b}}"),
    ("@scope (a > b) to (c){}", "@scope (a>b) to (c){}"),
    ("@page :first{}", "@page:first{}"),
    ("a{b:c;&:hover{d:e}@media x{f:g}}", "a { b : c ; &:hover { d : e ; } @media x { f : g } }"),
    ("a{b:c;}\n", "a{b:c}"),
    ("@media x{a{b:c};}", "@media x{a{b:c}}"),
    ("a{*zoom : 1}", "a{*zoom:1}"),
    ("a{filter: progid:D.gradient( enabled = false , x='y' )}", "a{filter:progid:D.gradient(enabled=false,x='y')}"),
    ("a{-ms-filter: alpha(opacity = 50)}", "a{-ms-filter:alpha(opacity=50)}"),
    (":root{--x:  a  b;}", ":root{--x:a  b}"),
    (":root{--x: a ! important}", ":root{--x:a!important}"),
    ("/*! a\n b */a{b:c}", "/*!a b*/a{b:c}"),
    ('@charset "utf-8";\na{}', '@charset "utf-8";a{}'),
    ("<!-- a{} -->", "<!--a{}-->"),
]

DIFFERENT = [
    ("a b{}", "ab{}"),
    ("a b{}", "a{}"),
    ("a :hover{}", "a:hover{}"),
    ("a: hover{}", "a:hover{}"),
    (".a .b{}", ".a.b{}"),
    (".a /**/.b{}", ".a/**/.b{}"),
    (".a/**/b{}", ".ab{}"),
    ("a * b{}", "a *b{}"),
    ("a | b{}", "a|b{}"),
    ("a > > b{}", "a>>b{}"),
    (".\\31  .b{}", ".\\31 .b{}"),
    (":where(.a) .b :hover{}", ":where(.a) .b:hover{}"),
    ("a{& .b{c:d}}", "a{&.b{c:d}}"),
    ("a{b :hover{c:d}}", "a{b:hover{c:d}}"),
    ("[a='b  c']{}", "[a='b c']{}"),
    ("[a='b' i]{}", "[a='b'i]{}"),
    ("[a ~ = b]{}", "[a~=b]{}"),
    ("a:nth-child(n + 1){}", "a:nth-child(n+ 2){}"),
    ("a:nth-child(+ 1){}", "a:nth-child(+1){}"),
    ("#AABBCC{}", "#aabbcc{}"),
    ("#aabbcc{}", "#abc{}"),
    ("a{b:calc(1px + 2vw)}", "a{b:calc(1px+2vw)}"),
    ("a{b:calc(1px - 2vw)}", "a{b:calc(1px -2vw)}"),
    ("a{b:1 2}", "a{b:12}"),
    ("a{b:1 -2}", "a{b:1-2}"),
    ("a{b:c d}", "a{b:cd}"),
    ("a{b:c (d)}", "a{b:c(d)}"),
    ("a{b:f(x) g(y)}", "a{b:f(x)g(y)}"),
    ("a{margin:1px/**/2px}", "a{margin:1px2px}"),
    ("a{b:1.0}", "a{b:1}"),
    ("a{b:1e3}", "a{b:1000}"),
    ("a{b:+1}", "a{b:1}"),
    ("a{b:-0}", "a{b:0}"),
    ("a{b:0px}", "a{b:0}"),
    ("a{b:0%}", "a{b:0}"),
    ("a{b:0deg}", "a{b:0}"),
    ("a{flex:1 1 0px}", "a{flex:1 1 0}"),
    ("a{b:10em}", "a{b:1em}"),
    ("a{b:1e9999999999}", "a{b:1e9999999998}"),
    ("a{b:#aabbccdd}", "a{b:#abcdd}"),
    ("a{b:#aabbcc}", "a{b:#aabcc}"),
    ("a{filter:chroma(color=#FFFFFF)}", "a{filter:chroma(color=#fff)}"),
    ("a{filter:alpha(opacity = 50);b:c(d = e)}", "a{filter:alpha(opacity=50);b:c(d=e)}"),
    ("a{unicode-range:u+1e3}", "a{unicode-range:u+1000}"),
    ("a{unicode-range:u+1e3}", "a{unicode-range:u+10e2}"),
    ("a{unicode-range:U+0025-00FF}", "a{unicode-range:U+25-FF}"),
    ("a{b:rgb(255,0,0)}", "a{b:red}"),
    ("a{color:RED}", "a{color:red}"),
    ("a{b:'x  y'}", "a{b:'x y'}"),
    ("a{content:'/* x */'}", "a{content:''}"),
    ("a{b:'x'}", 'a{b:"x"}'),
    ("a{b:url(x y)}", "a{b:url(xy)}"),
    ("a{b:url('x y')}", "a{b:url(xy)}"),
    ("a{b:url(#AABBCC)}", "a{b:url(#abc)}"),
    ("a{b:url(data:,a 0.5)}", "a{b:url(data:,a .5)}"),
    (":root{--x:a, b}", ":root{--x:a,b}"),
    (":root{--x:0.5}", ":root{--x:.5}"),
    (":root{--x: !important}", ":root{--x:!important}"),
    (":root{--x:#AABBCC}", ":root{--x:#abc}"),
    (":root{--x:a/**/b}", ":root{--x:ab}"),
    (":root{--x:a/**/}", ":root{--x:a}"),
    (":root{--x: ;}", ":root{--x:;}"),
    (":root{--x: ;}", ":root{}"),
    (":root{--x:{a: b}}", ":root{--x:{a:b}}"),
    (":root{--x:a\\! important}", ":root{--x:a\\!important}"),
    ("a{b:if(style(--x: #AABBCC): c)}", "a{b:if(style(--x: #abc): c)}"),
    ("@media screen and (a){}", "@media screen and(a){}"),
    ("@media (a) and (b){}", "@media (a)and (b){}"),
    ("@media not (a){}", "@media not(a){}"),
    ("@media (a> =1px){}", "@media (a>=1px){}"),
    ("@supports not (a:b){}", "@supports not(a:b){}"),
    ("@supports (--x: y){}", "@supports (--x:y){}"),
    ("@supports selector(a :hover){}", "@supports selector(a:hover){}"),
    ("@supports (a:calc(1px + 1px)){}", "@supports (a:calc(1px+1px)){}"),
    ("@container style(--x: y){}", "@container style(--x:y){}"),
    ("@scope (a :hover){}", "@scope (a:hover){}"),
    ("@page a :first{}", "@page a:first{}"),
    ("@import 'a' layer (b);", "@import 'a' layer(b);"),
    ("@import 'a';@import 'b';", "@import 'b';@import 'a';"),
    ("a{b:c}", "a{b:c}d{}"),
    ("a{b:c;d:e}", "a{d:e;b:c}"),
    ("a{b:c}d{e:f}", "a{b:c}"),
    ("a{}", ""),
    ("a{};b{}", "a{}b{}"),
    ("@media x{a{};b{}}", "@media x{a{}b{}}"),
    ("a{b:c!important}", "a{b:c}"),
    ("a{b}", "a{b:c}"),
    ("a{b:{ c}}", "a{b:{c}}"),
    ("--x:hover{a: b}", "--x:hover{a:b}"),
    ("/*! x */a{}", "a{}"),
    ("a{}", "/*! x */a{}"),
    ("/*! x */a{}/*! y */", "/*! y */a{}/*! x */"),
    ("a{b:c", "a{b:c}"),
    ("a{b:c)}", "a{b:c )}"),
    ("a{b:'c\n'}", "a{b:'c\n' }"),
    ("a{b:url(x y)}", "a{b:url(x y) }"),
    ("a{}/* x", "a{}"),
    ("a{b:'c", "a{b:'c'}"),
    ("@import 'c", "@import  'c"),
    ("@import url(c", "@import  url(c"),
    ("@import url(c\\)", "@import  url(c\\)"),
    ("a{}b\\", "a{} b\\"),
    ("é{}", "\ufeffé{}"),
    ("\ufeffé{}", "é{}"),
    ('@charset "latin1";a{}', "a{}"),
    (' @charset "latin1";é{}', '@charset "latin1";é{}'),
    ('@charset "shift_jis";a{ }', '@charset "shift_jis";a{}'),
    ("(" * 100 + ")" * 100 + "{}", "(" * 100 + ")" * 100 + " {}"),
]


@pytest.mark.parametrize(("source", "output"), SAME)
def test_the_same_meaning(source: str, output: str) -> None:
    assert difference(source.encode(), output.encode()) is None
    assert difference(output.encode(), source.encode()) is None


@pytest.mark.parametrize(("source", "output"), DIFFERENT)
def test_another_meaning(source: str, output: str) -> None:
    assert difference(source.encode(), output.encode()) is not None
    assert difference(output.encode(), source.encode()) is not None


@pytest.mark.parametrize("css", [css for pair in SAME + DIFFERENT for css in pair])
def test_identical_bytes_are_the_same_whatever_they_are(css: str) -> None:
    assert difference(css.encode(), css.encode()) is None


@pytest.mark.parametrize(
    ("source", "output", "offset", "what"),
    [
        ("a{b:calc(1px + 2vw)}", "a{b:calc(1px+2vw)}", 12, "'b:calc(1px + 2vw)' became 'b:calc(1px+2vw)}'"),
        ("a{} b c{}", "a{}bc{}", 4, "'a{} b c{}' became 'a{}bc{}'"),
        ("a{b:c", "a{b:c}", 1, "a bracket that is not closed, so nothing may change"),
        ("a{b:'\n'}", "a", 4, "a broken string, so nothing may change"),
        ("a{}", "a{}}", 3, "the output has a '}' that closes nothing"),
        ("a{}/*! x */", "a{}", 3, "the comment '/*! x */' was dropped or changed"),
        ("a{}", "a{}/*! x */", 3, "the comment '/*! x */' was added"),
        ("\ufeffa{}", "a{}", 0, "the byte order mark was added or dropped"),
        ("a{}", "", 0, "'a{}' became ''"),
        ("a{b:'c  d\\\ne'}", "a{b:'c d'}", 4, "'{b:'c  d\\ e'}' became '{b:'c d'}'"),
    ],
)
def test_a_difference_says_where_and_what(source: str, output: str, offset: int, what: str) -> None:
    assert difference(source.encode(), output.encode()) == Difference(offset, what)


# Snippets whose meaning the tool changes.
BROKEN_BY_CSSMIN = [
    "a{b:calc(1px + 2vw)}",
    ":where(.a) .b :hover{c:d}",
    "@supports not (a:b){c{d:e}}",
    "a[b='c  d']{e:f}",
    "a{b:'c  d'}",
    'a{content:"/* not */"}',
    "a{b:#aabbccdd}",
    "a{b:hsl(0 0% 50%)}",
    "a{-webkit-transform-origin:0 0;b:c}",
    "a{b:rgb(255,0,0)}",
    "a{flex:1 1 0px}",
    ".\\31  .b{c:d}",
    "a{margin:1px/**/2px}",
    ":root{--x: 0.5 , #AABBCC}",
    "a #AABBCC{b:c}",
]
BROKEN_BY_RCSSMIN = [
    ":root{--x: a , b}",
    ":root{--x: ( a )}",
    ":root{--x:a/**/b}",
    "a{b:url( 'c d' )}",
    ".a/**/.b{c:d}",
    "a{b :hover{c:d}}",
    "a{b:'c\\\nd'}",
]


@pytest.mark.parametrize("css", BROKEN_BY_CSSMIN)
def test_what_cssmin_breaks_is_seen(css: str) -> None:
    assert difference(css.encode(), cssmin.cssmin(css).encode()) is not None


@pytest.mark.parametrize("css", BROKEN_BY_RCSSMIN)
def test_what_rcssmin_breaks_is_seen(css: str) -> None:
    assert difference(css.encode(), rcssmin.cssmin(css.encode())) is not None


# Every white space in it means something, and so does every token, but for the space after `@import`.
DENSE = (
    b"@import 'x' screen and (a);@media not (b) and (c:d){.e .f :g,h>i *{j:k l(m) 1px -2px calc(1px + 2px)!important}}"
    b"n[o='p' i]:not(.q r){--s:t  u;v:w (x);y:'z' #abd}"
)


@pytest.mark.parametrize("at", [at for at in range(len(DENSE)) if at != len(b"@import")])
def test_no_byte_of_dense_css_can_be_dropped(at: int) -> None:
    assert difference(DENSE, DENSE[:at] + DENSE[at + 1 :]) is not None


@settings(deadline=None)
@given(st.integers(0, len(DENSE)), st.sampled_from([b" ", b"/**/", b";", b"0", b"a", b"!", b"\\", b","]))
def test_what_is_inserted_and_what_is_dropped_is_judged_alike(at: int, piece: bytes) -> None:
    longer = DENSE[:at] + piece + DENSE[at:]
    assert (difference(DENSE, longer) is None) == (difference(longer, DENSE) is None)


def test_rcssmin_passes_on_real_files_without_custom_properties() -> None:
    files = sorted(Path(sysconfig.get_path("purelib")).rglob("*.css"))
    if not files:
        pytest.skip("no installed package brings a style sheet")
    for file in files:
        source = file.read_bytes()
        found = difference(source, rcssmin.cssmin(source, keep_bang_comments=True))
        assert found is None or b"--" in source, (file, found)


def test_cssmin_passes_on_some_real_files() -> None:
    files = sorted(Path(sysconfig.get_path("purelib")).glob("django/contrib/admin/static/admin/css/*.css"))
    if not files:
        pytest.skip("Django is not installed")
    verdicts = {file.name: difference(file.read_bytes(), cssmin.cssmin(file.read_text()).encode()) for file in files}
    assert verdicts["login.css"] is None
    assert verdicts["rtl.css"] is not None


@pytest.mark.parametrize(
    "unit", [b"a{b:c}", b"a{", b"(", b"--x:a;", b"a,", b"a;", b"@a;", b"/**/", b"a{b:c;;;}", b"[a]"]
)
def test_a_long_file_is_judged(unit: bytes) -> None:
    source = unit * (100_000 // len(unit))
    assert (difference(source, source + b" ") is None) == (unit not in (b"a{", b"("))


# What css_plain proves must be what Reader, which looks at each token, proves too.

PIECES = [
    "a", ".c", "#AABBCC", "0.5", "1px", " ", "  ", "\n", "\t", ",", ";", ":", "{", "}", "(", ")", "[", "]", "url(",
    "url( x )", "style(", "selector(", ":not(", "calc(", "+", "-", ">", "~", "*", "/", "/*x*/", "/*!k*/", "!",
    "important", "--x", "--x:", "@media", "@scope", "@x", "'s  t'", '"u"', "\\", "\\31 ", "\\;", "u\\72l(", "curl(",
    "=", "|", "%", "&", "<", "@", "#", "é", "_", "$", "a:b;", "a{b:c}", "filter:", "unicode-range:", "U+1e3",
    ":nth-child(", "2n", "};", "{;", "--", "-->", "<!--", "and", "not", "1", "e3", ".5",
]  # fmt: skip
some = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)
start = st.sampled_from(["", "a", "b:", "color : ", "--x:", "--y: ", "*zoom:", "@q "])
declarations = st.lists(st.tuples(start, some, st.sampled_from([";", ";", "}", ";{"])).map("".join), max_size=3)
css_like = st.lists(st.tuples(some, st.just("{"), declarations.map("".join), st.just("}")).map("".join), max_size=3)
SPACES = [" ", "\n", ";", "/*y*/", ""]


def read(content: bytes) -> object:
    reader = Reader(content)
    return reader.keys, [b"".join(content[start:end].split()) for start, end in reader.kept_comments]


@settings(deadline=None, max_examples=400)
@given(css_like.map("".join), st.integers(0), st.sampled_from(SPACES), st.booleans())
def test_what_is_proven_at_a_glance_is_proven_by_every_token(css: str, at: int, piece: str, drop: bool) -> None:
    at %= len(css) + 1
    other = css[:at] + piece + css[at + (drop and css[at : at + 1] in (" ", ";", "\n")) :]
    spread = css.replace(";", " ;\n").replace("{", " {\n").replace(" ", "  ")
    for output in (other.encode(), spread.encode()):
        if css_plain.same(css.encode(), output):
            assert read(output) == read(css.encode())


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("a > b , c { color : red ; --x :  y ; }", "a>b,c{color:red;--x:y}"),
        ("@import 'x' ;\n@media ( a : b ) { /* c */ d:hover { e : url( 'f g' ) , h( i , j ) } }",
         "@import 'x';@media (a:b){d:hover{e:url('f g'),h(i,j)}}"),
        (".a\\:b > [c='d e'] { f : 'g  h' ! important }", ".a\\:b>[c='d e']{f:'g  h'!important}"),
        ("@import 'x';", "@import 'x'"),
    ],
)  # fmt: skip
def test_what_minifiers_do_is_proven_at_a_glance(source: str, output: str) -> None:
    assert css_plain.same(source.encode(), output.encode())
    assert read(source.encode()) == read(output.encode())


@pytest.mark.parametrize(
    "css",
    [
        'a{b:u\\72l(c");d:"}',
        'a{b:\\75 rl(c");d:"}',
        'a{b:url(c");d:"}',
        "a{b:url(c d)}",
        "a{b:u\\72l(c/*d);e:f*/)}",
        "a{b:-url(c')}",
        "a{b:'c\n'}",
        "a{b:(c;d)}",
        "a{b:(c]}",
        "a{b:c",
        "a{b:c}}",
        "a;b{}",
        "a{--b:{c:d}}",
        "a{b:{c:d}}",
        "a{b:/**/{c:d}}",
        "<!-- a{} -->",
        "a{}/*",
        "a\\",
        "{" * 40 + "}" * 40,
    ],
)
def test_what_is_not_plain_is_not_judged_at_a_glance(css: str) -> None:
    with pytest.raises(NotPlainError):
        list(pieces(css.encode()))


# Rules that css_plain looks at as a whole: what it takes for white space without meaning must be that to Reader.
SELECTORS = [
    "a", ".b", "#c", "*", "d:hover", "e::after", "f:not(.g)", "h:nth-child(2n+1)", "[i]", "[j='k l']", ".m\\:n", ".5",
    "o-", "--", "\\: p", "q:", "&",
]  # fmt: skip
COMBINATORS = [" ", ",", ">", "+", "~", " > ", " , ", "+ ", "\n", ">>", ""]
VALUES = [
    "1px", "a", "f(1, 2)", "f( a )", "calc(1px + 2px)", "calc((1px - 2px) * 3)", "a/b", "a / b", "'c d'", "'e  f'",
    '"g, h"', "'\\2014 i'", "url(j)", "url( k )", "url('l m')", "\\9", "\\9 ", "!important", "! important",
    "style( n )", "*", "/**/", "#fff", "-1", "+1", ", ", " ,", ":", "'o;p'", "'q: r'", "(s)",
]  # fmt: skip
selector = st.lists(
    st.tuples(st.sampled_from(SELECTORS), st.sampled_from(COMBINATORS)).map("".join), min_size=1, max_size=3
)
value = st.lists(
    st.tuples(st.sampled_from(VALUES), st.sampled_from([" ", "", "\n"])).map("".join), min_size=1, max_size=3
)
names = st.sampled_from(
    ["b:", "b: ", "*zoom:", "-c-d:\n", "--e:", "--f: ", "filter:", " b :", "/* x */b:", "/*! x */b:"]
)
simple_rule = st.tuples(
    st.sampled_from(["", "\n", "/* y */", "@media z{", "}", ";"]),
    selector.map("".join),
    st.lists(
        st.tuples(names, value.map("".join), st.sampled_from([";", "; ", ";\n", ";", ";;"])).map("".join), max_size=3
    ),
    st.sampled_from(["}", " }", "\n}\n", ";}"]),
).map(lambda parts: f"{parts[0]}{parts[1]}{{{''.join(parts[2])}{parts[3]}")


@settings(deadline=None, max_examples=600)
@given(
    st.lists(simple_rule, min_size=1, max_size=3).map("".join),
    st.integers(0),
    st.sampled_from([*SPACES, ", ", "  ", "\f"]),
)
@example("a > b{c:d}", 2, "")
@example("a{b:'c  d'}", 8, "")
@example("a: b{c:d}", 2, "")
@example("a + .5b{c:d}", 3, "")
@example("a{b:c( d) (e)}", 8, "")
@example("a\\: d{e:f}", 3, "")
@example("a{b:style( n )}", 10, "")
@example("@media x{*--b:c , d{e:f}}", 15, "")
def test_what_is_proven_of_whole_rules_is_proven_by_every_token(css: str, at: int, piece: str) -> None:
    at %= len(css) + 1
    dropped = css[:at] + css[at + 1 :] if css[at : at + 1] in (" ", "\n", ";") else css
    spread = re.sub(r"([{};,>+~!])", r" \1\n ", css)
    for other in (css[:at] + piece + css[at:], dropped, spread, re.sub(r"\s*([{};,>+~!])\s*", r"\1", css)):
        for source, output in ((css, other), (other, css)):
            if css_plain.same(source.encode(), output.encode()):
                assert read(output.encode()) == read(source.encode())


@pytest.mark.parametrize(
    "css",
    ["a{b:c}", "a > b , c{d : e}", "a{*b: c; -d-e: f(g, h) !important}", "a{b:'c d' \"\\f101\";}", "a{b:url('c d')}",
     "a{--b: c d;}", ".a\\:b{c:d\\9}", "a{/* b */c:d; /* e */ }", "a[b='c d'],e:not(.f){}", "@media a{b{c:d}}"],
)  # fmt: skip
def test_rules_are_compared_as_a_whole(css: str) -> None:
    whole = [match[1] for match in pieces(css.encode(), rules=True) if match.re.groups == 1]
    assert len(whole) == (" : " not in css)


def test_a_comment_to_be_kept_may_stand_in_a_value() -> None:
    source = b"a { --b: var(--c,/*!*/ /*!*/); d: e/*! f */ '/*!g*/' }"
    assert css_plain.same(source, b"a{--b:var(--c,/*!*/ /*!*/);d:e/*! f */ '/*!g*/'}")
    assert not css_plain.same(source, b"a{--b:var(--c,/*!*/ /*!*/);d:e '/*!g*/'}")


def test_kept_comments_count_unless_that_is_not_asked_for() -> None:
    source = b"/*! a */a{b:c}/*! b */"
    assert difference(source, b"a{b:c}") == Difference(0, "the comment '/*! a */' was dropped or changed")
    assert difference(source, b"a{b:c}", keep=False) is None
    assert difference(source, b"a{b:d}", keep=False) is not None
    assert difference(b"(/*! a */b){}", b"(b){}", keep=False) is None


def test_only_so_many_tokens_are_looked_at_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(css_matched, "MAX_TOKENS", 5)
    assert difference(b"a:{b :c}", b"a:{b:c}") == Difference(5, "more than 5 tokens, so nothing may change")
    assert difference(b"a:hover { b : c } " * 9, b"a:hover{b:c}" * 9) is None


def test_the_tokens_that_are_looked_at_one_by_one_are_enough_for_real_files() -> None:
    with pytest.raises(UnreadableError, match=r"\Amore than 1000000 tokens\Z"):
        Reader(b"a " * 500_001)
    # Bootstrap, the densest of the real ones, has four bytes to a token.
    assert css_matched.MAX_TOKENS * 4 >= 4_000_000
