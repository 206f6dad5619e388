"""What released files are called."""

from __future__ import annotations

from assetbuild.model import Compiled

LENGTH = 16  # hex digits, 64 bits: under 190,000 files two collide with a probability below 1e-9
ZEROS = "0" * LENGTH


def released_name(logical_path: str, mark: str) -> str:
    """`css/site.css` -> `css/site.MARK.css`, the shape that Django and WhiteNoise know; `LICENSE` -> `LICENSE.MARK`."""
    dot = logical_path.rfind(".")
    if dot <= logical_path.rfind("/") + 1:  # no extension, or nothing before it
        return f"{logical_path}.{mark}"
    return f"{logical_path[:dot]}.{mark}{logical_path[dot:]}"


def name_of(compiled: Compiled, digest: str) -> str:
    """The path below `files/` of the asset whose final bytes have that digest."""
    if compiled.prehashed:
        return compiled.logical_path
    return released_name(compiled.logical_path, digest[:LENGTH])
