"""Texts that are nearly something: pieces of each language in any order, with any bytes between them."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from tests.test_hostile_manifests import GOOD, STRINGS, VALUES

Bytes = st.SearchStrategy[bytes]

# Separated by spaces.
PIECES: dict[str, str] = {
    "config": r"""
        roots output url_prefix exclude standalone stable prehashed bundles minify compress references
        javascript timeout path package dir prefix outside_links js css keep skip overrides source_maps
        esbuild br gz zst missing external webmanifest modules = [ ] { } , . " ' "static" "../x" "/" ""
        "a\u0000b" true false 1 -1 0x10 1e400 inf nan 2001-01-01 12:00:00 [minify] [compress] [references]
        [bundles."a.js"] [[roots]] contents # "*" "**" "[" "[!a]" ''' "rewrite" "importmap" "error"
        "ignore" "rjsmin" "jsmn" \ é
    """,
    "bundles": r"""
        app: b: c: contents: output: depends: debug: extra: config: merge: a.js b.js a.css app.js - : { } [
        ] , &x *x <<: ? ! !!str !!int !!binary !!set !!omap !!python/name:os --- ... | > # ' " ~ null true 1
        1.5 0o7 1:30 2001-01-01 .inf \ bundles: "../x.js" "a\0b" "%(version)s" "*.js" é
    """,
    "css": r"""
        url( URL( u\72l( src( image-set( -webkit-image-set( @import @media @namespace @charset "utf-8";
        @supports @font-face ( ) { } [ ] ; : , " ' \ /* */ /*! <!-- --> a.png 'b c.png' "x" data:, # ? ../
        /static/ // .a #b --x : var( calc( !important 1px 0.5 #fff +1 -- u+26 /*# sourceMappingURL= */
        @layer @container é \a \
    """,
    "javascript": r"""
        import export from default as * { } ( ) [ ] ; : , . ... => = == ! ? ?? / // /* */ ` ${ " ' \
        "./a.js" './b.js' import( new URL( import.meta.url ) Worker( SharedWorker( importScripts( function
        class return typeof async await yield let const var x y 0 1n 1. .5 'use strict' #p @d /a/g <!-- -->
        #! \u0061 \x41 with { type: "json" } //# sourceMappingURL= if else for while é
    """,
    "svg": r"""
        <svg </svg> <svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" /> >
        < <image <use <a <style> </style> <script> <![CDATA[ ]]> <?xml version="1.0" encoding="utf-8" ?>
        <?xml-stylesheet href= <!DOCTYPE svg [ <!ENTITY e "x"> ]> &e; &amp; &#x41; &#99999999; &lt; href=
        xlink:href= src= style= fill= "url(a.png)" 'b.png' "#id" <!-- --> <animate attributeName= values= é
    """,
    "webmanifest": r"""
        { } [ ] : , "icons" "src" "screenshots" "shortcuts" "a.png" "../b.png" "\u0061" "\ud800" "" true
        null 1 -1.5e9 1e999 NaN "start_url" "id" \ " é
    """,
    "joined": r"""
        @import url( a.css "d1/a.css" ; @charset "utf-8"; @layer a{b:c} /* */ { } ( ) 'use strict'; function
        x(){} import export ` " ' / // d0 ../ url(x.png) [ ] = ++ -- return => ! class é
    """,
    "source_map": r"""
        { } [ ] : , "version" 3 "file" "sources" "sourcesContent" "names" "mappings" "sections" "sourceRoot"
        "scopes" "AAAA" "A,C;E" ";;;" "gggggggggggggggB" "+" "AAAAA" "\u0041" "a.js" null -1 1e9
        data:application/json;base64, e30=
    """,
    "manifest": r"""
        { } [ ] : , "version" "assets" "file" "size" "integrity" "checksum" "imports" "release" "url_prefix"
        1 "/"
    """,
    "url": r"""
        ../ ./ / // \ % %2e %2E%2e %2f %5c %00 %ff %C3%A4 : ? # a b.png .. . /static/ static/ é x: %25
    """,
}
_EVERYWHERE = [piece.encode() for piece in (" ", "\n", "\n  ", "\t", "\r", "\f", "\0", "\x85", "\u2028", "\ufeff")]
_EVERYWHERE += [b"\xff", b"\xed\xa0\x80"]


def _text(target: str) -> Bytes:
    pieces = [piece.encode() for piece in PIECES[target].split()] + _EVERYWHERE
    return st.lists(st.sampled_from(pieces) | st.binary(max_size=3), max_size=40).map(b"".join)


def _manifests() -> Bytes:
    value = st.recursive(
        st.sampled_from(VALUES) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    )
    entry = st.fixed_dictionaries(
        {"file": st.sampled_from(STRINGS) | st.text(), "size": st.integers() | value},
        optional={"integrity": value, "imports": value, "dynamic": value, "stable": value},
    )
    assets = st.dictionaries(st.sampled_from(STRINGS) | st.text(), entry | value, max_size=4)
    optional = {"url_prefix": value, "modules": value, "release": value, "version": value, "checksum": value}
    changed = st.fixed_dictionaries({"assets": assets}, optional=optional)
    return changed.map(lambda table: json.dumps({**GOOD, **table}).encode())


STRATEGIES: dict[str, Bytes] = {target: _text(target) for target in PIECES}
STRATEGIES["manifest"] |= _manifests()
