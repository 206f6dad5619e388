"""What is proven without parsing the output, the comparison of trees accepts too. The reverse need not be."""

from __future__ import annotations

import time
from random import Random

import pytest
import rjsmin

from assetbuild.processors.javascript_equivalence import difference_of_trees
from assetbuild.processors.javascript_tokens import same_tokens
from assetbuild.syntax import javascript
from tests.meaning.javascript.fuzz import random_program, text_of, without_some_space
from tests.test_javascript_equivalence import DIFFERENT, MISREAD

# All tokens of more than one character, and all places where a line end can be a semicolon.
ZOO = [
    "a=1e+5-1.5e-3+.5+1.+0xe+5-1e5;b=c?.5:d?.e?.[f]??g",
    "a=b===c!==d==e!=f>=g<=h>>i>>>j<<k;a>>>=1;b**=2;c&&=d||=e??=f",
    "x=y=>z;f=(...a)=>[...b];i++;--j;a=i++ +j;b=i- -j;c=+i- +j;d=a+ ++b;e=a++-b",
    "class A extends B{#a=1;static#b;static async*c(){}get d(){}set d(x){}static{e}@f g(){}[h]=1;'i'(){}*j(){}}",
    "new.target;import('a');a?.(b);a?.[b];x=`a${b}c`;y=tag`z`;var \\u{61}b=1",
    "x=/a b/gi.test(c)/d/e;f=g/ /h/.i;return_=/[/]/",
    "for(var i of j);for(const k in l);do m;while(n)o;p:for(;;){continue p}switch(a){case 1:b;default:c}",
    "async()=>{for await(x of y);await z};function*g(){yield*h;yield i};async\nw",
    "if(a)b;else c;throw d;try{e}catch{f}finally{g}",
    "import a,{b as c}from'd';export*as e from'f';export{g as default};import.meta.url",
    "a\n++b\nc\n--d;e=f\n/g/h;i=j\n(k)",
    'a=1_000n+0b11+0o17+017+1n;\'a\\\nb\';"c\\"d";a<!b;c>-d;e<-f',
    "a=b\n?c\n:d;e\n.f\n?.g()\n&&h\n||i;1 .e;1..f;2\n.g;x=a ?.5:1;a in b;c\nin d;e instanceof f",
]
INSERTED = [
    " ",
    "\n",
    "/**/",
    "//c\n",
    "/*\n*/",
    "\n//c\n",
    "/*\n*/\n",
    "\u00a0",
    "\u2028",
    "+",
    ".",
    "a",
    "1",
    "=",
    "/",
]

PROVEN = [
    ("a ( );\n// b\nc ( );", "a();c();"),
    (
        "function a ( b ) {\n  return b ;\n}\n\n/**\n * c\n */\nfunction d ( ) { }",
        "function a(b){return b;}\nfunction d(){}",
    ),
    ("x = / a  b/g .test( `c  ${ d }` )", "x=/ a  b/g.test(`c  ${ d }`)"),
    ("a // b\n .c ( )\n ? d // e\n : f", "a.c()?d:f"),
    ("/*! a */\nb\n\n++ c", "/*! a */\nb\n++c"),
    ("\ufeffa ( )", "\ufeffa()"),
    ("a = {\n b: 1, // c\n 'd  e': [ 2 ]\n}", "a={b:1,'d  e':[2]}"),
    ("x = '\u00e9' + \u00e9", "x='\u00e9'+\u00e9"),
    ("a = b.e + c\n;d = e+\n( f )", "a=b.e+c;d=e+(f)"),
    ("( { a } = b )", "({a}=b)"),
    ("export default class { }", "export default class{}"),
]


def is_proven(source: bytes, output: bytes) -> bool:
    """As `difference` asks, which knows that no HTML-like comment is there."""
    tree = javascript.parse(source)
    if tree is None or not javascript.is_whole(tree) or b"<!--" in source or b"-->" in source:
        return False
    return same_tokens(source, output, tree)


def is_sound(source: str, output: str) -> bool:
    old, new = source.encode(), output.encode()
    return not is_proven(old, new) or difference_of_trees(old, new) is None


@pytest.mark.parametrize(("source", "output"), PROVEN)
def test_what_minifiers_do_is_proven_without_a_second_tree(source: str, output: str) -> None:
    assert is_proven(source.encode(), output.encode())


@pytest.mark.parametrize(("source", "output"), [*DIFFERENT, *MISREAD])
def test_no_difference_is_proven_equal(source: str, output: str) -> None:
    assert not is_proven(source.encode(), output.encode())


@pytest.mark.parametrize("text", ZOO)
def test_a_gap_or_a_character_more_or_less_is_judged_as_the_trees_judge_it(text: str) -> None:
    changed = [text[:at] + new + text[at:] for at in range(len(text) + 1) for new in INSERTED]
    changed += [text[:at] + text[at + 1 :] for at in range(len(text))]
    pairs = [pair for other in changed for pair in ((text, other), (other, text))]
    assert [pair for pair in pairs if not is_sound(*pair)] == []


def test_random_programs_are_judged_as_the_trees_judge_them() -> None:
    pairs = []
    for seed in range(400):
        random = Random(seed)
        pieces = random_program(random)
        source = text_of(pieces)
        pairs += [(source, rjsmin.jsmin(source)), (source, rjsmin.jsmin(source, keep_bang_comments=True))]
        pairs += [(source, without_some_space(random, pieces))]
        pairs += [(without_some_space(random, pieces), source)]
    assert [pair for pair in pairs if not is_sound(*pair)] == []
    assert sum(is_proven(old.encode(), new.encode()) for old, new in pairs) > 50


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("a = 1e+5", "a=1e +5"),
        ("a = 1e+5", "a=1e+\n5"),
        ("var \\u{61}b", "var \\u {61}b"),
        ("var a = 1", "var a/*!\n*/\n=1"),
        ("for(var a=1in b);", "for(var a=1in b) ;"),
        ("a = 1.e+5", "a=1.e+ 5"),
        ("a = 1.e-5", "a=1.e -5"),
        ("break // a\n;", "break;"),
        ("return\n;", "return;"),
        ("x = `${async\nx => y}`; ", "x=`${async\nx => y}`;"),
        ("<a> '</a> + b // '", "<a>'</a> + b // '"),
        ("x = <a b = 'c  d' />", "x=<a b='c  d'/>"),
        ("a\u00a0\n}", "a\u00a0}"),
        ("{ 'a' : 1 , b : 2 }", "{'a':1,b:2}"),
        ("a = `b ${ `c ` }`", "a = `b ${ `c` }`"),
        ("#!/bin/a 'b\nc ( )", "#!/bin/a 'b\nc()"),
        ("a = '\\0'\n'\x01 b'", "a='\\0'\n'\x01 b'"),
        ("a = 'b'", "a='b"),
        ("throw\nx ", "throw\nx"),
        ("( x\n++ )", "(x\n++)"),
        ("f = x\n=> y", "f=x\n=>y"),
        ("async\nfunction f ( ) { }", "async\nfunction f(){}"),
        ("a\n.5 ", "a.5"),
        ("x++ in y", "x++in y"),
        ("x=<a  b />", "x=<a b/>"),
        ("a = 'b' /c/ d", "a='b'/c/d /*"),
        ("a = /b/", "a=//b/\n/b/"),
    ],
)
def test_what_is_doubtful_is_not_proven(source: str, output: str) -> None:
    assert not is_proven(source.encode(), output.encode())


@pytest.mark.parametrize(
    ("source", "output"),
    [
        (b" + ".join([b"/a/"] * 50_000), b"+".join([b"/a/"] * 50_000)),
        (b"x = `a${ b }` ;" * 30_000, b"x=`a${ b }`;" * 30_000),
        (b"a" + b" \n" * 2_000_000, b"a"),
        (b"'" + b"\\a" * 150_000 + b"' ", b"'" + b"\\a" * 150_000 + b"'"),
        (b"a ", b'"\\' * 500_000),
        (b"a ", b"/*" * 500_000),
        (b"a ", b"'\"" * 500_000),
        (b"a = `" + b"\n " * 1_000_000 + b"${ b }` ", b"a=`" + b"\n " * 1_000_000 + b"${ b }`"),
        (b"a = 1" + b"1" * 1_000_000 + b" ", b"a=1" + b"1" * 1_000_000),
    ],
    ids=["regexes", "templates", "lines", "escapes", "strings", "open", "quotes", "lines in one", "digits"],
)
def test_time_grows_with_the_text_alone(source: bytes, output: bytes) -> None:
    tree = javascript.parse(source)
    assert tree is not None
    started = time.process_time()
    same_tokens(source, output, tree)
    assert time.process_time() - started < 20
