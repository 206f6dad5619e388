"""What loads parts of itself at run time, by URLs that it computes. TinyMCE is in tests/support/packages.py."""

from __future__ import annotations

from tests.support.packages import Package

CKEDITOR = Package(  # the last version of its line that is free
    "ckeditor4",
    "4.22.1",
    "5686be153455f210d2fbe0030d801a5b316fea8f0cad0b55d2edb56bd76846d8",
    ("ckeditor.js", "config.js", "contents.css", "styles.js", "lang/", "plugins/", "skins/"),
)
LEAFLET = Package("leaflet", "1.9.4", "84c65a256e50657896f54c33bd857b6849ebe94c817803be818bf32a3dde0b77", ("dist/",))
