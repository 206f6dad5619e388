"""CSS that minifiers break, by what is hostile in it. `TRAPS` are known from measured tools; the rest is ours.

Each has white space or comments to take out, so that a minifier is tempted. Selectors name what `BODY` holds.
"""

from __future__ import annotations

# What the style sheets are tried on where only their effect can be compared.
BODY = """
<main id="m" class="a b c" title="a  b" lang="en"><p class="a x-y"><b class="b" title="x">b</b><i class="c d">i</i></p>
<div class="1 b c"><b class="b">1</b></div><div class="a:b é n" id="abc"><u class="d">u</u></div>
<ul><li class="a">1</li><li>2</li><li class="b">3</li></ul><a href="x.pdf" class="b c">a</a><input class="a">
<svg width="9" height="9"><rect class="c" width="5" height="5"/></svg></main>
"""

TRAPS: tuple[str | bytes, ...] = (
    ".a { width: calc(1px + 2vw) }",
    ":where(.a) .b :hover { color: red }",
    ":where(.a) .b { color: red }",
    "@supports not (display: nope) { .a { color: red } }",
    '.a[title="a  b"] { color: red }',
    '.a::before { content: "a   b ;  c" }',
    '.a::before { content:"/* not */" }',
    ".a { color: #aabbccdd }",
    ".a { rotate: 0deg; top: 0% }",
    ".a { flex: 1 1 0px }",
    ".\\31  .b { color: red }",
    ".a { margin:1px/**/2px }",
    ".a { color: rgb(255 255 0) }",
    '.a { background: url( "a b.png" ) }',
    ".a/**/.b { color: red }",
    ":root { --x:  a , b ; --y: ( a ) }",
    "@media (min-width:0\\0) { .a { color: red } } .b { color: blue }",
    "@media (min-width: 640px) { .a { color: red } }",
    ".a { background: url(data:image/svg+xml;utf8,<svg/>) } .b { color : red }",
    ".a { font-family: Helvetica Neue , ARIAL }",
    "/*! licence */ .a { color: red } /* x */",
    '@import"x.css"; .a { color: red }',
    '@import/**/url("a b.css")screen layer(x); .a { color: red }',
    '.a { background: URL( "q\\"x.png" ) }',
    ".a { background: url(a\\ b\\).png) ; color : red }",
    ".a { background: u\\72l(x.png) ; color : red }",
    '.a { background: image-set( "a.png" 1x , url(b.png) 2x ) }',
    '.a { background: -webkit-image-set( url("a.png") 1x , url(b.png) 2x ) }',
    ".a { background: src( 'a.png' ) ; color : red }",
    ".a { mask: url( #id ) } .b { fill: url( '#id' ) }",
    '.a { background: url("") ; color : red }',
    "@namespace svg url(http://www.w3.org/2000/svg) ; svg|rect { fill : red }",
    '.a::before { content : "url(x)" }',
    ".a { background: url(\n x.png \n) }",
)

MATH: tuple[str | bytes, ...] = (
    ".a { width: calc( 100% - ( 2 * 1px ) ) }",
    ".a { width: calc(1px - -2px) ; height: calc(1px + +2px) }",
    ".a { width: calc(-1 * (1px + 2px)) }",
    ".a { width: min(1px + 2px , 3px) ; height: max( 1px , 2px - 1px ) }",
    ".a { width: clamp( 1px , 2px + 3% , 4px ) }",
    ".a { width: calc(1px/**/+/**/ 2px) ; top : 1px }",
    ".a { width: calc(1px +/**/2px) ; top : 1px }",
    ".a { width: calc(2px * sin(45deg + 0.5turn)) }",
    ".a { width: round( up , 5px , 2px ) ; order: calc( 1 + 1 ) }",
    ".a { width: -webkit-calc( 1px + 2px ) }",
    ".a { width: calc(100% - calc( 1px + var(--x , 2px) )) }",
    ".a { transform: translate( calc(1px + 2px) , -50% ) rotate( -0.50turn ) }",
)

SELECTORS: tuple[str | bytes, ...] = (
    ":is(.a , .c) > .b { color: red }",
    ":is(.a) :is(.b) { color: red }",
    ".a :not(.b) :not( .c , .d ) { color: red }",
    ":has( > .b ) { color: red } main :has( + .c ) { top: 0 }",
    ".a :has(.b) { color: red }",
    "main *:first-child { color: red }",
    "main * :first-child { color: red }",
    "main /* x */ .b { color: red }",
    "main/* x */ .b { color: red }",
    "main /* x */.b { color: red }",
    ".a/* x */> /* y */.b { color: red }",
    ".a + .b ~ .c > .d , b ~ i{ color: red }",
    "[title='x' i] , .b { color: red } [title = \"a  b\" s] { top: 0 }",
    "[title='a  b'], [title=\"a  ,  b\"] { color: red }",
    "[href $= '.pdf'] [class ~= c] , [lang |= en] { color: red }",
    "a[href='a > b'] , a[href$='pdf'] { color: red }",
    "[title=''] , [class*='{'] , .b { color: red }",
    "*|b , |b , *|* .c { color: red }",
    "li:nth-child( 2n + 1 ) { color: red }",
    "li:nth-child(2n+1) , li:nth-child( -n + 2 ) { top: 1px }",
    "li:nth-child( odd of .a , .b ) { color: red }",
    "li:nth-last-child(+3n - 2) { color: red }",
    "li:nth-child(n + 2):nth-last-child(n+2) { color: red }",
    "li:NTH-CHILD(  EVEN ) , li:nth-of-type(2N+1) { color: red }",
    ":lang( en ) , :dir( ltr ) .b { color: red }",
    ".a::before , .a :before { content: 'x' }",
    "p::slotted( b ) , p::part( x  y ) { color: red } .b { color : red }",
    "::selection , ::-webkit-scrollbar { color: red } .b { top : 0 }",
    ".a:hover , .a :hover , .a: hover { color: red } .b { top : 0 }",
    "#m #abc { color: red } #AABBCC { top: 0 } #m #aabbcc { top: 1px }",
    ":host( .a ) .b , :host-context( .a ) { color: red } .b { top : 0 }",
)

ESCAPES: tuple[str | bytes, ...] = (
    ".\\31 .b { color: red }",
    ".\\31\t.b { color: red }",
    ".\\000031  .b { color: red }",
    ".\\000031.b { color: red }",
    ".a\\:b { color : red }",
    ".\\e9 .n { color: red } .\\e9.n { top : 0 }",
    ".é { color : red } .\\0000E9  .d { top: 0 }",
    ".x\\-y { color : red } .x\\2d y { top: 0 }",
    "#\\61 bc { color : red } #\\61  bc { top: 0 }",
    ".a { c\\6f lor : r\\65 d }",
    ".a { color\\9 : red ; width : 1px\\9 ; top : 1px }",
    ".a\\  .b , .b { color: red }",
    ".a::before { content : '\\201C  x' }",
    ".a::before { content : 'a\\\n  b' }",
    ".a::before { content : '\\a  b' ; white-space : pre }",
    '.a::before { content : "\\"  {" } .b { color: red }',
    ".a::before { content : 'it\\'s  /* no */ comment' }",
    '.a::before { content : "\\\\" } .b { content : "  ; }" }',
    ".a { font-family : 'A  B' , A\\ B , \\31 x }",
    "@m\\65 dia all { .a { color : red } }",
)

CUSTOM_PROPERTIES: tuple[str | bytes, ...] = (
    ":root { --a: ; --b:; --c:  ; } .a { top : 0 }",
    ":root { --a:  x  y  ; --b:\tx\n y ; }",
    ":root { --a: { color : red ; } ; --b: [ x  , y ] }",
    ":root { --a: x !important ; --b:y! important; --c : z !IMPORTANT }",
    ":root { --a:/* x */y/**/z ; --b: /**/ ; --c:/**/ }",
    ":root { --a: #AABBCC ; --b: 0.50px ; --c: +0.0 } .a { color : var( --a ) }",
    ":root { --a: calc( 1px + 2px ) ; --b: 1px+2px ; --c: 1px +2px }",
    ":root { --a: a  > b ; --b: 'x  y' ; --c: url( x.png ) }",
    ":root { --A: 1px ; --a: 2px } .a { top : var(--A) ; left : var(--a) }",
    ":root { --a: initial ; --b:inherit } .a { color : var(--a , red) ; top : var(--c ,) }",
    ".a { color : var(--x,) red ; width : var( --y , calc( 1px + 2px ) ) }",
    ".a { --x:; color : var(--x , red) } .b { --x: ; color : var(--x) red }",
    ":root { --json: [1, 2, {\"a\": 'b'}] ; --js: if (x  >  5) { y = 1 } }",
    ":root { --é: red ; --\\31: blue ; --: x } .a { color : var( --é ) }",
    "@property --len { syntax : '<length>' ; inherits : false ; initial-value : 0px } .a { width : var( --len ) }",
    '@property --any { syntax : "*" ; inherits : true } .a { --any:  x   y }',
    ":root{ --a:x;;--b:y ; ; } .a{;color : red;;}",
    ".a { --x : 1px ; transform : translate( var(--x) var(--y) , 0 ) }",
)

AT_RULES: tuple[str | bytes, ...] = (
    "@media screen and (min-width: 1px) , not print and (max-width : 1px) { .a { color : red } }",
    "@media ( 100px <= width < 9000px ) and ( height > 1px ) { .a { color : red } }",
    "@media not ( min-width : 1px ) { .a { color : red } } @media (not (hover)) or (color) { .b { top : 0 } }",
    "@media only  screen  and  (-webkit-min-device-pixel-ratio : 1.5) , (min-resolution : 1.5dppx) { .a { top : 0 } }",
    "@media (aspect-ratio: 16 / 9) , (min-aspect-ratio : 1 / 100) { .a { color : red } }",
    "@media screen { @media (min-width : 1px) { .a { color : red } } .b { top : 0 } }",
    "@media { .a { color : red } } @media/**/screen { .b { top : 0 } }",
    "@supports (display : grid) and (not (display : inline-grid)) { .a { color : red } }",
    "@supports ((position : sticky) or (position : -webkit-sticky)) { .a { color : red } }",
    "@supports selector( :is(a , b) > c ) { .a { color : red } }",
    "@supports ( --x : { a : b } ) { .a { color : red } }",
    "@supports not ( not ( color : red ) ) { .a { color : red } }",
    "@container card ( inline-size > 30em ) and style( --x :  y ) { .a { color : red } }",
    ".c { container : card / inline-size } @container not ( width > 99999px ) { .b { color : red } }",
    "@layer a , b.c ; @layer b { .a { color : red } @layer c { .a { color : blue } } } @layer { .b { top : 0 } }",
    "@layer  x ; @layer y{ .a{ color : red !important } } @layer x { .a { color : blue !important } }",
    "@scope ( .a ) to ( .c ) { :scope { color : red } & > .b , .d { top : 0 } }",
    "@scope { .b { color : red } } @scope (main > .a , ul) { li { top : 0 } }",
    (
        "@starting-style { .a { opacity : 0 } } "
        ".a { transition : opacity 0s , color .3s cubic-bezier( .1 , -0.5 , 1 , 1.50 ) }"
    ),
    "@keyframes x { 0% { top : 0 } 50.0% , 60% { top : 1px } to { top : 2px } } .a { animation : x 0s 1s infinite }",
    "@keyframes 'a  b' { from { color : red } 100% { color : blue } } .a { animation-name : 'a  b' }",
    "@-webkit-keyframes y { 0%{ top:0 } 100%{ top:0% } }",
    (
        "@font-face { font-family : 'X  Y' ; "
        "src : local( 'X  Y' ) , url( x.woff2 ) format( 'woff2' ) tech( variations ) ; }"
    ),
    (
        "@font-face { font-family : x ; "
        "src : url(x.eot?#iefix) format('embedded-opentype') , url('x.svg#x y') format('svg') }"
    ),
    "@font-face { font-family : x ; src : url(x) ; unicode-range : U+0025-00FF , u+4?? , U+1e3 }",
    "@font-feature-values Font  One { @styleset { nice-style : 12 ; a : 1  2 } } .a { color : red }",
    "@counter-style x { system : fixed ; symbols : '\\1F44D'  '  ' ; suffix : \" \" } li { list-style : x }",
    "@page :first { margin : 1in  2in ; @top-left { content : 'a  b' } } @page wide:left { size : a4 landscape }",
    "@import url( x.css ) ; @import 'y.css' screen and ( min-width : 1px ) ; .a { color : red }",
    (
        "@import url(x.css) layer ; "
        "@import 'z.css' layer( a.b ) supports( display : grid ) print , screen ; .a { color : red }"
    ),
    "@import 'x.css' supports( not ( display : nope ) ) ; @import url('//example.com/a b.css') ; .a { color : red }",
    ".a { color : red } @import 'late.css' ; .b { top : 0 }",
    '@charset "utf-8" ; .a { color : red } @charset "x" ; .b { top : 0 }',
    (
        "@namespace 'http://www.w3.org/1999/xhtml' ; "
        "@namespace s url( http://www.w3.org/2000/svg ) ; s|rect , *|p { color : red }"
    ),
    "@view-transition { navigation : auto } @unknown x { y { z : 1 } } .a { color : red }",
    "@unknown  a  { b } ; .a { color : red } @other ; .b { color : red }",
    (
        "@position-try --x { top : anchor( bottom ) ; "
        "inset-area : top  left } .a { position-try-fallbacks : --x , flip-block }"
    ),
    "@font-palette-values --x { font-family : x ; override-colors : 0 #AABBCC , 1 rgb( 1 2 3 / 50% ) }",
)

NESTING: tuple[str | bytes, ...] = (
    ".a { color : red ; & .b { top : 0 } &.b { top : 1px } }",
    ".a { .b & { color : red } & & { top : 0 } && { top : 1px } }",
    ".a { > .b { color : red } + .c , ~ .d { top : 0 } }",
    ".a { color : red ; .b { top : 0 } left : 1px ; right : 2px }",
    ".a { b:hover { color : red } b :hover { top : 0 } }",
    ".a { b :first-child { color : red } & :first-child { top : 0 } &:first-child { left : 0 } }",
    ".a { @media (min-width : 1px) { color : red ; & .b { top : 0 } } @layer x { top : 1px } }",
    ".a { &:not( & .b ) , :is( & ) > i { color : red } }",
    ".a { @supports not ( display : nope ) { color : red } @container ( width > 1px ) { top : 0 } }",
    ".a { color : red ; ; & /* x */ .b { top : 0 ; } ; left : 0 }",
    "main { li { &:nth-child( 2n + 1 ) { color : red } } @scope ( & ) { .b { top : 0 } } }",
    ".a { --x : { y : z } ; & > * { color : red } }",
    ".a { &#m.c { color : red } & [title='a  b'] { top : 0 } .b& { left : 0 } }",
)

VALUES: tuple[str | bytes, ...] = (
    ".a { color : #AABBCC80 ; background : #ABCD ; border-color : #AABBCC #aabbcd }",
    ".a { color : rgb( 0 0 0 / 50% ) ; background : rgba( 0 , 0 , 0 , .50 ) ; fill : rgb(100% 0% 0%) }",
    ".a { color : hsl( 0 0% 50% / 0.5 ) ; background : hsl( 0.5turn , 0% , 0% ) ; fill : hwb( 0 0% 0% ) }",
    ".a { color : color-mix( in srgb , red 0% , blue ) ; background : color( display-p3 0 0.0 1 / 0 ) }",
    ".a { color : lab( 50% 0 -10 ) ; fill : oklch( 0.5 0.0 0deg ) ; background : rgb( from red r g b / 0.5 ) }",
    ".a { color : light-dark( #AABBCC , #112233 ) ; accent-color : AccentColor }",
    ".a { line-height : 0px ; line-height : 0 ; flex : 1 0 0% ; flex-basis : 0px }",
    (
        ".a { transform : rotate( 0deg ) skew( 0rad ) ; transition-duration : 0s ; "
        "filter : hue-rotate( 0deg ) blur( 0px ) }"
    ),
    ".a { width : 0% ; height : 0vh ; margin : 0 auto 0px -0px ; padding : 0.0em 00.5em 1.50em }",
    ".a { opacity : 0.0 ; z-index : +1 ; order : -0 ; line-height : 1.0 ; flex-grow : 1e0 ; width : 1e2px }",
    ".a { background-position : 0 0 ; -webkit-transform-origin : 0 0 ; perspective-origin : 0 50% }",
    ".a { margin : 1px/**/2px/* */ 3px ; padding : 1px /**/ 2px ; font : 12px/**// 1.5 x }",
    ".a { font : italic bold .8em / 1.2 Arial , sans-serif ; font : 12px/1.5 'A  B' , serif }",
    ".a { font-family : \"Times  New\" , Times  New , 'serif' , serif , '1x' }",
    ".a { font-weight : normal ; font-weight : bold ; border : none ; outline : none ; background : none }",
    ".a { grid-template : [ a  b ] 'x  x .' 1fr [ c ] 'y ... .'  auto / 1fr  minmax( 0px , 1fr ) auto }",
    (
        ".a { display : grid ; grid-area : 1 / 2 / span 3 / -1 ; "
        "grid-template-columns : repeat( auto-fill , [ x ] minmax( 1px , 1fr ) ) }"
    ),
    '.a { grid-template-areas : "a  a"\n ". b" ; grid-template-rows : [ ] 1px [ x ] fit-content( 0% ) }',
    ".a { background : -webkit-linear-gradient( top , #AABBCC 0% , rgba( 0 , 0 , 0 , 0 ) 100% ) }",
    ".a { background : -webkit-gradient( linear , 0 0 , 0 100% , from( #FFFFFF ) , to( #000 ) ) }",
    (
        ".a { background : linear-gradient( 0deg , red 0% 50% , blue calc( 50% + 1px ) ) ,"
        " url( a.png ) 0 0 / 0% auto no-repeat }"
    ),
    (
        ".a { background : conic-gradient( from 0deg at 0% 0% , red , blue 0turn ) ; "
        "mask : radial-gradient( at 0 0 , red , blue ) }"
    ),
    ".a { background : url( 'a b.png' ) , url( \"c'd.png\" ) , url(e\\(f\\).png) }",
    ".a { background : url( \"data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg'  width='1'/>\" ) }",
    '.a { background : url( \'data:image/svg+xml,%3Csvg fill="%23AABBCC" d="M0 0.50  /* x */"/%3E\' ) }',
    ".a { background : url(data:image/png;base64,AAAA//BB/*x*/==) ; color : red }",
    ".a { background : url(//example.com/a/**/b.png) ; color : red } /* x */",
    ".a { background : url(http://example.com/a;b?c={d}&e=#AABBCC) ; color : red }",
    ".a { cursor : url( 'a.cur' ) 0 0 , url(b.png)  2  2 , auto }",
    ".a { transition : all 0s , top .50s  ease-in 0.10s ; animation : x 1s steps( 2 , jump-none ) -0.5s }",
    ".a { clip-path : path( 'M 0 0 L 10  10 Z' ) ; offset-path : path( \"M0,0  H 0.50\" ) ; d : path( 'M 0 0' ) }",
    ".a { clip-path : polygon( 0 0 , 100% 0px , 0% 100% ) ; shape-outside : inset( 0 0 0 0 round 0px ) }",
    ".a::before { content : 'a' 'b'  attr( title ) counter( x , decimal ) ; quotes : '«  ' '»' '\"' \"'\" }",
    ".a::before { content : counters( x , '  .  ' ) / 'alt  text' ; counter-reset : a  0 b -1 }",
    ".a::before { content : '<!--  -->' } .b::before { content : '@import  \"x\"' }",
    ".a { width : 1PX ; color : RED ; Color : Blue ; BACKGROUND : URL( 'A.png' ) }",
    ".a { color : red !important ; color : blue ; top : 1px! important ; left : 1px ! /**/ important }",
    ".a { color : red ; color : blue ; color : nope ; margin : 1px ; margin-top : 2px ; margin : nope }",
    ".a { aspect-ratio : 16 / 9 ; border-radius : 1px 2px / 3px  4px ; inset : 0 auto auto 0 }",
    ".a { will-change : top , left ; font-feature-settings : 'liga'  0 , \"x  y1\" 1 ; text-emphasis : '  x' }",
    ".a { unicode-bidi : isolate ; size : 1px ; all : unset ; color : if( media( print ) : red ; else : blue ) }",
    ".a { width : attr( data-x px , 0px ) ; width : env( safe-area-inset-top , 0px ) ; top : sibling-index( ) }",
    ".a { box-shadow : 0 0 0 0 #AABBCC , inset 0px 0px 0 1px rgb( 0 0 0 / 0 ) ; text-shadow : 0 0 0.50em red }",
)

BROKEN: tuple[str | bytes, ...] = (
    "<!-- .a { color : red } --> .b { top : 0 }",
    ".a { color : red } --> .b { top : 0 } <!-- .c { left : 0 }",
    ".a::before { content : 'broken \n ; color : red } .b { top : 0 } .c { left : 0 }",
    ".a { color : red ; background : url( bad url.png ) ; top : 0 } .b { left : 0 }",
    ".a { background : url( a'b ) ; top : 1px } .b { left : 1px }",
    ".a { color : red ; } } .b { top : 0 } .c { left : 0 }",
    ".a { color : red ; top : ( 1px ; } .b { left : 0 } ) } .c { right : 0 }",
    ".a { width : [ 1px ) ; color : red ] ; top : 0 } .b { left : 0 }",
    ".a { color : red ; & .b { top : 0 ",
    "@media screen { .a { color : red } .b { top : 0 }",
    ".a { color : red } /* never closed .b { top : 0 }",
    ".a::before { content : 'never  closed",
    ".a { background : url( never  closed",
    ".a { background : url( never-closed.png ",
    ".a { color : red } .b { top : 0 } .c\\",
    ".a { color red ; top : 1px ; : left ; 1x : 2 ; left : 1px } .b { top : 0 }",
    ".a { color : ; top : 1px ; left } .b , { top : 0 } , .c { left : 0 } .d { top : 0 }",
    ".a { *zoom : 1 ; _height : 1px ; top : 1px ; +left : 2px } * html .b { top : 0 } *+html .c { left : 0 }",
    (
        ".a { filter :"
        " progid:DXImageTransform.Microsoft.gradient( startColorstr='#80000000' , endColorstr='#80000000' ) ; top : 0 }"
    ),
    ".a { filter : alpha( opacity = 50 ) ; width : expression( this.x  ?  1 : 2 ) ; color : red !ie ; top : 1px }",
    ".a { color : red !ie ; top : 0 ! ie ; left : 1px !important! } .b { color : red\\9 ; top : 1px\\0/ }",
    '.a { behavior : url( #default#VML ) ; -ms-filter : "alpha( opacity=50 )" ; top : 1px }',
    ".d { left : 0 } ;.a { color : red } ; .b { top : 0 } ;; .c { left : 0 }",
    ".a { color : red ; { top : 0 } left : 1px } .b { top : 0 }",
    ".a { @media { color : red } @nope x ; top : 1px } .b { left : 0 }",
    ".a { color : red ; /* \\*/ top : 1px ; /* */ left : 1px } /*\\*/ .b { top : 0 } /**/",
    ".a{color:red}/**//***//* * / */.b /*/**/{ top : 0 }",
    "@media screen , { .a { color : red } } @media ( nope ) , all { .b { top : 0 } } @media &test { .c { left : 0 } }",
    "@import url( x y.css ) ; @import nope ; .a { color : red }",
    ".a { color : red } \f\r\n\t .b { top\t: 0 } \r .c\r\n.d { left\f: 0 }",
    "\ufeff .a::before { content : 'é' } .b { top : 0 }",
    b'@charset "iso-8859-1"; .a::before { content : "\xe9  \xfc" } .b { top : 0 }',
    b'.a::before { content : "\xe9" } .\xfc  .b , .c { top : 0 }',
    ".a\0b , .b { color : red } .c { top : 1\0px ; left : 1px }",
    ".a { color : red } \u00a0.b { top : 0 } .c\u2003.d { left : 0 } .b { right : 0 }",
    ".a { }  .b { ; } @media print { } @font-face { } @layer x { }",
)

OWN = (
    *MATH,
    *SELECTORS,
    *ESCAPES,
    *CUSTOM_PROPERTIES,
    *AT_RULES,
    *NESTING,
    *VALUES,
    *BROKEN,
)
ALL = tuple(css.encode() if isinstance(css, str) else css for css in (*TRAPS, *OWN))
