"""Regular expressions that are compiled when they are first used: a build that changes little uses few of many."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, AnyStr


class _Pattern:
    """Takes on each method of the compiled pattern as it is asked for."""

    def __init__(self, text: Any, flags: int = 0) -> None:
        self._arguments = text, flags

    def __getattr__(self, name: str) -> Any:
        found = self.__dict__[name] = getattr(re.compile(*self._arguments), name)  # `re` remembers what it compiled
        return found


if TYPE_CHECKING:

    def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]: ...

else:
    regex = _Pattern
