"""What a verified step reports when an output does not mean what its source means."""

from __future__ import annotations

from assetbuild.named import NamedTuple


class Difference(NamedTuple):
    """The first place where meaning changed: a byte offset into the source, and what changed there, in words."""

    offset: int
    what: str


class Refused(Exception):
    """A trusted tool, or a rule for it, does not take a file. `offset` is into the source; 0 is the file as a whole."""

    def __init__(self, what: str, offset: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.offset = offset
