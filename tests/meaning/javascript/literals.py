"""Templates, regular expressions, strings and numbers: where white space is content, or decides what a token is."""

# A program to a line, however long.
# ruff: noqa: E501

from __future__ import annotations

TEMPLATES = {
    "template: spaces in an inner one": r"""var k = true; var y = 1; out( `x${ k ? ` as keys ` : "" }y` )""",
    "template: three deep": r"""out( `a ${ `b  ${ `c   ${ 1 +  1 }   d` }  e` } f` )""",
    "template: line breaks": "out( `a\n    b\n\n  c  ` )",
    "template: CR LF reads as LF": "out( `a\r\n  b\rc`.length,  `a\r\n  b` )",
    "template: what looks like a comment": r"""out( `a // b /* c */  d` )""",
    "template: comments in a substitution": "out( `a ${ /* } ` */ 1 // } `\n + 2 } b` )",
    "template: braces in a substitution": r"""out( `a ${ { b : "}" }.b } c ${ [ 1 , 2 ].map( x => { return ` ${ x } ` } ) }` )""",
    "template: dollar in a string": r"""var a = "${ b }  c";  out( a, '$' + `{ }`, `$ { }`, `\${ x }  y`, `$${ 1 }` )""",
    "template: backtick in a string": r"""out( "`  a", '`  b' , `c'  "d` )""",
    "template: raw": r"""out( String.raw`\n  ${ 1 }  \u{41}  \ ` )""",
    "template: an escape that only a tag may have": r"""
function tag ( parts ) { return [ parts , parts.raw ] }
out( tag`\u{ 1  } \unicode \xq` , tag `a  ${ 1 }  b` )
""",
    "template: after a line end it tags": "function f ( x ) { return x.raw }\nvar a = f\n` b  c `\nout( a )",
    "template: after return": "function f() { return ` a  b ` }\nout( f() )",
    "template: as a statement": "var a = 1 ;\n` x  ${ a = 2 } `\nout( a )",
    "template: escaped backtick": r"""out( `\`  ${ 1 }  \`  // a` , `\\` , ' b ' )""",
    "template: regular expression in a substitution": r"""out( `a ${ /[`}]  "/.test( '}  "' ) } b  c` )""",
    "template: ends in a dollar": r"""out( `a  $` , `  $$` , `{}  ` )""",
    "template: continuation": "out( `a \\\n   b` )",
    "template: of HTML": 'out( `<div class="a">\n  <!-- b -->\n  <p> ${ 1 } </p>\n</div>` )',
    "template: member of a member": r"""var a = { b : { c : x => x.raw [ 0 ] } } ; out( a . b . c ` d  e ` , a ?. b )""",
    "template: new with a tag": r"""function F ( x ) { return function () { this . x = x . raw [ 0 ] } } out( new F ` a  b ` ( ) )""",
    "template: in a ternary": "var a = 0 ? `b  ` : `c  ` ; out( a )",
    "template: yields": "function* g() { return ` a ${ yield  ` b ` } c ` }\nvar i = g() ; out( i.next() , i.next( 1 ) )",
    "template: a source map in a line of it": "var a = `\n//# sourceMappingURL=a.js.map\n  `\nout( a )",
}

EXPRESSIONS = {
    "regex: spaces in it": r"""out( / a  b /.test( ' a  b ' ) , /a  b/ . source )""",
    "regex: after an arrow": r"""var f = x => /[ '"]  b/.test( x ) ; out( f( "'  b" ) , f( '' ) )""",
    "regex: after an arrow, with what looks like a comment": r"""var f = x => / [/*]  / ; out( f ( ) . source )""",
    "regex: after an arrow, with slashes in a class": r"""var f = x => /[//  ]/ ; out( f ( ) . source )""",
    "regex: after )": r"""var a = 'x  "y' ; if ( a )  /  "/ .exec( a ) && out( 'yes' ) ; out( a )""",
    "regex: after ) of while": r"""var n = 0 ; while ( n ++ < 2 )  /'  / .test( "'  " ) && out( n )""",
    "regex: after ) of for": r"""for ( var i of [ 1 , 2 ] )  /`  / .test( "`  " ) && out( i )""",
    "regex: after } of a block": "var a = 1\n{ a = 2 }\n/  '/ .test( \"  '\" ) && out( a )",
    "regex: after } of a function": "function f() { }\n/ \"  / .test( '  \"  ' ) && out( 1 )",
    "regex: after } of an if": "var a = 1\nif ( a ) { a = 2 }  / /  .test( ' ' ) && out( a )",
    "regex: after } of a class": "class A { }\n/ [`]  / .test( ' `  ' ) && out( 1 )",
    "regex: after typeof": r"""out( typeof / '  /  , typeof /[/]  "/ . source )""",
    "regex: after return": r"""function f() { return / [/'"]  / } out( f() . source )""",
    "regex: after return and a comment": r"""function f() { return/* a */ / [/'"]  / /* b */ } out( f() . source )""",
    "regex: after of": r"""for ( var m of / '  /[ Symbol.match ]( " '  " ) ) out( m )""",
    "regex: after in": r"""var found = [ ] ; for ( var k in / '/ ) found.push( k ) ; out( 'source' in / "  / , found )""",
    "regex: before instanceof": r"""out( /  '/  instanceof  RegExp , / "/ instanceof Object )""",
    "regex: after yield": "function* g() { yield / '  / ; yield\n/ \"  /.source ; }\nout( ... g() )",
    "regex: after await": "(async () => { out( await / '  / . source ) ; await / \"  / } )()",
    "regex: after case": r"""switch ( true ) { case / '  / . test( " '  " ) : out( 1 ) ; default : out( 2 ) }""",
    "regex: after do": r"""var n = 0 ; do / '  / . test( '' ) ; while ( n ++ < 2 ) out( n )""",
    "regex: after else": r"""var a = 0 ; if ( a ) ; else / '  / . test( " '  " ) && out( 1 )""",
    "regex: after && || ??": r"""out( 1 && / '  / , 0 || / "  / , null ?? / `  / )""",
    "regex: after ? and :": r"""out( 1 ? / '  / : / "  / , 0 ? / '  / : / "  / )""",
    "regex: after = and +=": r"""var a = / '  / , b = '' ; b += / "  / ; out( a , b )""",
    "regex: after ( [ , ; { }": r"""
out( ( / '  / ) , [ / "  / , / `  / ] ) ; / '  / ; { / '  / . test( '' ) } / "  / . test ( ' "  ' ) && out( 1 )
""",
    "regex: after ! ~ + -": r"""out( ! / '  / , ~ / "  / , + / `  / , - / '  / )""",
    "regex: after void delete new throw": r"""
out( void / '  / , delete / "  / )
try { throw / `  / } catch ( e ) { out( e ) }
""",
    "regex: after spread": r"""out( ... ( / '  / . exec( " '  " ) ) , ... / "  / [ Symbol.match ] ( ' "  ' ) )""",
    "regex: after a binary operator": r"""out( 1 + / '  / , 2 * / "  / , 1 < / `  / , 1 == / '  / , 4 / / 2  / )""",
    "regex: after default": "switch ( 1 ) { default : / '  / . test( \" '  \" ) && out( 1 ) }",
    "regex: after a label": "a : / '  / . test( \" '  \" ) && out( 1 )",
    "regex: after a key": r"""out( { a : / '  / , b : / "  / , [ / `  / ] : 1 } )""",
    "regex: after an arrow's block": "var f = x => { }\n/ a / . test( 1 )\nout( f )",
    "regex: at the start": "/ '  / . test( \" '  \" ) && out( 1 )",
    "regex: on a line of its own": "out( 1 ) ;\n/ '  /\nout( 2 )",
    "regex: no regex after a name and a line end": "var a = 8 , g = 2\nvar b = a\n/ 2 /g\nout( b )",
    "regex: no regex after )": r"""var a = 8 , g = 2 ; out( ( a ) / 2 / g , ( a )  /'x'/ 1 )""",
    "regex: no regex after ]": r"""var a = [ 8 ] , g = 2 ; out( a [ 0 ] / 2 / g , [ ] / 2 / g )""",
    "regex: no regex after } of an object": r"""var g = 2 ; var a = { } / 2 / g ; out( a , { valueOf ( ) { return 8 } } / 2 / g )""",
    "regex: no regex after ++ and --": r"""var a = 8 , b = 8 , g = 2 ; out( a ++ / 2 / g , b -- / 2 / g , a , b )""",
    "regex: no regex after a function expression": r"""var g = 2 ; var f = function ( ) { } / 2 / g ; out( f )""",
    "regex: no regex after a template": r"""var g = 2 ; out( ` 8 ` / 2 / g )""",
    "regex: no regex after a regex": r"""var g = 2 ; out( /  '/g / 2 / g )""",
    "regex: no regex after this super null true": r"""var g = 2 ; out( this / 2 / g , null / 2 / g , true / 2 / g )""",
    "regex: no regex after a keyword as a property": r"""
var a = { return : 8 , typeof : 4 , in : 2 } , g = 2 ; out( a . return / 2 / g , a . typeof / 2 / g , a ?. in / 2 / g )
""",
    "regex: quotes in a class": r"""out( /[ '"`/ ]  / . source , /[^"]  '/ . source , /[\]/  ]/ . source )""",
    "regex: an escaped slash": r"""out( /\/  \/\/  a/ . source , /\\/ , ' // b ' )""",
    "regex: what looks like a comment's start": r"""out( /\/*  a/ . source , /[/*]  b/ . source , / *\/  / . source )""",
    "regex: sets": r"""out( /[ \p{L}[  ]]/v . test( ' ' ) , /[\p{L}--[a-z']]  /v . source )""",
    "regex: named groups": r"""out( 'a  b' . replace( /(?<x>  )/u , "$<x>$<x>" ) , /(?<=a  )b/ . test( 'a  b' ) )""",
    "regex: then a word": r"""var a = / '  /g in { } , b = / "  / instanceof RegExp ; out( a , b )""",
    "regex: braces and quantifiers": r"""out( / {2,3}x {1}/ . test( '   x ' ) , /a{ 1 }/ . source )""",
    "regex: divided": r"""var a = 8 , i = 2 , g = 1 ; out( a / i / g , a /i/ g , a / /b/ . c , a /+/2  / . d )""",
    "regex: divided after a comment": "var a = 8 , g = 2 ; out( a /* / */ / 2 /* / */ / g , a // /\n / g )",
    "regex: after a closing brace of a template": r"""out( `${ 1 }` / 2 , `a${ /}  `/ . source }b` )""",
    "regex: if with a nested )": r"""if ( ( 1 ) && ( 2 ) ) / \)  '/ . test( " )  '" ) && out( 1 ) ; else out( 2 )""",
    "regex: a call's ) and an if's )": r"""
var f = x => 8 , g = 2 , a = 1
out( f ( 1 ) / 2 / g )
if ( f ( 1 ) ) / 2 /g . exec ( ' 2 ' ) && out( 'found' )
""",
}

TEXTS = {
    "string: spaces": r"""out( 'a  b' , "c  d" , '  ' , "" )""",
    "string: what looks like a comment": r"""out( 'a // b' , "/* c  */" , 'http://x/  y' , "<!-- d" , '--> e' )""",
    "string: quotes": r"""out( "it's  a" , 'say "b  c"' , 'it\'s  d' , "\"e  f\"" , '\\' , "g  h" , '`' , "i  `j`" )""",
    "string: continued": "out( 'a \\\n    b' , \"c\\\r\n  d\" , 'e\\\u2028  f' )",
    "string: escapes": r"""out( '\0' , '\x20  ' , '\u{1F600}  ' , '\v \b' , '\u2028 ' , '\ ' , "\u005C" , '\a' )""",
    "string: octal escapes in sloppy code": r"""out( '\1  \12  \377  \08' , 010 , 08.5 , 0777 )""",
    "string: octal escapes in strict code": "'use strict'\nout( '\\1  ' )",
    "string: end of a script element": r"""out( '</script  >' , "<\/script >" , `</script  >` )""",
    "string: line separators in it": "out( 'a\u2028  b' , \"c\u2029  d\" )",
    "string: white space of Unicode in it": "out( 'a\u00a0 \ufeff\u3000\t  b' )",
    "string: as a key": r"""out( { 'a  b' : 1 , "c" : 2 , 'use strict' : 3 } )""",
    "string: one after the other": "var a = 'x'\n'y' . length\nout( a )",
    "string: then a length on the next line": "var a = 'x'\n. length\nout( a )",
    "string: in a ternary": r"""out( 1 ? 'a  :' : "b  ?" , 0 ? 'a  :' : "b  ?" )""",
    "number: members": r"""out( 1 . toString ( ) , 1. . toString ( ) , 1.5 . toFixed ( 1 ) , 1e3 . toFixed ( ) , 1. + 1 , 1n . toString ( ) )""",
    "number: dots and line ends": "out( 1\n. toString ( ) , 1..toString ( ) , 1.\n. toString ( ) , 0x1 . toString( ) , 0x1.toString( ) )",
    "number: octal and a member": r"""out( 010 . toString ( ) , 010.toString ( ) , 09.5 , 09 . toString ( ) )""",
    "number: forms": r"""out( 0xFF , 0b11 , 0o17 , 1_000 , .5 , 5. , 1e-3 , 1E+3 , 0xE + 1 , 0xe+1 , 1n , 0XfFn )""",
    "number: then in": r"""var a = [ 1 , 2 ] ; out( 1 in a , 0x1 in a , 1. in a , 1n in a , .5 in a , 1e0 in a )""",
    "number: then instanceof": r"""try { out( 1 instanceof Number , 1. instanceof Number , 1n instanceof BigInt ) } catch ( e ) { out( e ) }""",
    "number: then in, in a for": "for ( var a = 1 in { b : 1 } ) out( a )",
    "number: then of": r"""for ( var a of [ 1 ] ) out( a ) ; for ( const of of [ 2 ] ) out( of )""",
    "number: hexadecimal and a sign": "out( 0xE + 0xE , 0xE - 1 , 1e1 + 1 )",
    "number: spread": r"""out( ... [ ... [ 1. , .5 ] ] , 1. ? .5 : 2 , [ 0. ] )""",
    "number: optional chain or ternary": r"""var a = { b : 1 } ; out( a ? .5 : 1 , a ?. b , a ?.b , a ?. [ 'b' ] , a ? .5.toFixed( 1 ) : 2 )""",
    "number: a member of a decimal": "out( 1 .constructor . name , 1.0.toFixed( 2 ) , ( - 1 ) ** 2 )",
    "number: minus a decrement": r"""var a = 5 , b = 2 ; out( a - -b , a - --b , a -- - b , a - - b , a + +b , a + ++b , a ++ + b )""",
    "number: minus a comment and a minus": r"""var a = 5 , b = 2 ; out( a -/**/-b , a +/* c */+b , a -/**/ - 1 )""",
    "number: plus a line end": "var a = 5 , b = 2 ; var c = a\n+ +b ; var d = a +\n+ + b ; out( c , d , a , b )",
    "number: negative zero and powers": r"""out( - 0 , 2 ** - 1 , ( - 2 ) ** 2 , 2 ** 3 ** 0 )""",
    "number: shifts": "var a = 8 ; a >>>= 1 ; out( a > ( 1 ) , a >> 1 )",
    "number: less than a not": r"""var b = 2 , a = 1 ; out( a < ! --b , b , a < ! -- b , b )""",
    "number: a decrement and greater": r"""var x = 3 ; while ( x --> 0 ) out( x )""",
}
