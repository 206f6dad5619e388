"""A development directory with what a watch keeps in it, its lock held by this process: for tests of who follows it."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from assetbuild.runtime.manifest import canonical
from tests.conftest import write_files


class Watch:
    """The directory is made at once; the lock is held between `start` and `stop`."""

    def __init__(self, directory: Path, url_prefix: str = "/static/") -> None:
        self.directory, self._url_prefix = directory, url_prefix
        self._lock: int | None = None
        write_files(directory, {".gitignore": "*\n", "lock": ""})

    def start(self) -> Watch:
        """Again: the same as before."""
        self.stop()
        self._lock = os.open(self.directory / "lock", os.O_RDWR)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return self

    def stop(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def build(self, sources: Mapping[str, str], stable: Iterable[str] = (), **more: Any) -> dict[str, str]:
        """The released names by logical path. What was built before stays."""
        names = {path: released(path, text) for path, text in sources.items()}
        write_files(self.directory / "files", {names[path]: text for path, text in sources.items()})
        write_files(self.directory / "files", {path: sources[path] for path in stable})
        entries = {path: {"file": names[path], "size": len(text.encode())} for path, text in sources.items()}
        for path, entry in entries.items():
            entry.update({"stable": True} if path in stable else {})
            entry.update({"integrity": integrity(sources[path])} if path.endswith((".css", ".js")) else {})
        self.write(entries, **more)
        return names

    def write(self, entries: Mapping[str, Any], **more: Any) -> None:
        """The manifest alone, by a rename."""
        release = hashlib.sha256(canonical({"assets": dict(entries)})).hexdigest()[:16]
        data = {"version": 1, "release": release, "url_prefix": self._url_prefix, "assets": dict(entries), **more}
        file = self.directory / "manifest.json"
        file.with_suffix(".new").write_bytes(canonical(data))
        file.with_suffix(".new").replace(file)

    @property
    def release(self) -> str:
        return str(json.loads((self.directory / "manifest.json").read_bytes())["release"])

    def listen(self, port: int = 4321, token: str = "secret-token", **more: Any) -> None:
        data = {"version": 1, "port": port, "token": token, "hosts": ["127.0.0.1", "::1"], **more}
        (self.directory / "live.json").write_text(json.dumps(data))


def released(path: str, text: str) -> str:
    stem, dot, extension = path.rpartition(".")
    return f"{stem}.{hashlib.sha256(text.encode()).hexdigest()[:16]}{dot}{extension}"


def integrity(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
