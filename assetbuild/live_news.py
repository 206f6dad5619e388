"""What was built and what failed -> what each page has to hear, by the release that it was made for.

A page that was asleep, or was made while a build ran, gets in one message all that changed since. Such a message says
`since` which release; a page that is still of the same one after a reload must not reload for it again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

Message = Mapping[str, Any]
Names = Mapping[str, "str | None"]

REMEMBERED = 50  # builds; a page that is older reloads


class News:
    """`release` is the one built last, empty before the first."""

    def __init__(self, release: str = "") -> None:
        self.release = release
        self._builds: deque[tuple[str, Names]] = deque(maxlen=REMEMBERED)  # the release before, and what changed
        self._failed: Message | None = None

    def hear(self, message: Message) -> None:
        """Take note. What pages are told of it is to be asked first."""
        if message["type"] == "failed":
            self._failed = message
        elif message["type"] == "built":
            self._failed = None
            if message["release"] != self.release or message["names"]:
                self._builds.append((self.release, message["names"]))
            self.release = message["release"]

    def told(self, message: Message, release: str) -> tuple[Message, str]:
        """What a page of `release` hears of a message not heard yet, and which release it then is of."""
        if message["type"] != "built":
            return message, release
        if release and release == self.release:
            return message, message["release"]
        if release == message["release"]:
            return {**message, "names": {}}, release
        return _reload(message["release"], release), release

    def welcome(self, release: str) -> tuple[list[Message], str]:
        """What a page that comes with `release` hears first, and which release it then is of."""
        messages: list[Message] = [{"type": "hello", "release": self.release}]
        names = self._since(release)
        if release != self.release and self.release:
            known = names is not None
            built = {"type": "built", "release": self.release, "names": names, "since": release}
            messages.append(built if known else _reload(self.release, release))
            release = self.release if known else release
        return messages + ([self._failed] if self._failed else []), release

    def _since(self, release: str) -> Names | None:
        """All that changed since `release` was the last one built; None if that is not known."""
        starts = [at for at, (before, _) in enumerate(self._builds) if release and release == before]
        if not starts:
            return None
        found: dict[str, str | None] = {}
        for _, names in list(self._builds)[starts[-1] :]:
            found = {old: now if now is None else names.get(now, now) for old, now in found.items()} | dict(names)
        return {old: now for old, now in found.items() if now != old}


def _reload(release: str, since: str) -> Message:
    return {"type": "reload", "reason": "the page is of another release", "release": release, "since": since}
