"""What a verified step reports when an output does not mean what its source means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where meaning changed: a byte offset into the source, and what changed there, in words."""

    offset: int
    what: str
