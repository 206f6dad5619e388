"""What modules reach: their static imports in load order, and all that an import map has to name.

The manifest holds direct imports only. They are closed over when first asked for, without recursion: chains of 20,000
modules and cycles are met in practice. What it does not hold is left out: these are hints, and no URL would be right.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assetbuild.runtime.manifest import Manifest
    from assetbuild.runtime.modes import PlainUrls

# Names remembered, per asset of the manifest and at the least: closures of a long chain would add up to its square.
_KEPT = 10
_KEPT_ANYWAY = 100_000


class Reach:
    """Answers for one Manifest or PlainUrls, which holds no imports. Remembers direct imports, and closures while there
    is room for them.
    """

    __slots__ = ("_assets", "_direct", "_room", "_static")

    def __init__(self, assets: Manifest | PlainUrls) -> None:
        self._assets = assets
        self._direct: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}  # static; static and dynamic
        self._static: dict[str, tuple[str, ...]] = {}
        self._room = Room(assets, _KEPT, _KEPT_ANYWAY)

    def static(self, path: str) -> tuple[str, ...]:
        """The scripts that `path` imports statically, at any depth, imported before importer, and last `path`."""
        found = self._static.get(path)
        if found is None:
            found = tuple(self._load_order(path))
            if path in self._direct and self._room.take(len(found)):
                self._static[path] = found
        return found

    def mapped(self, entries: Iterable[str]) -> list[str]:
        """All that `entries` import, static and dynamic, at any depth, sorted. An entry only if it is imported.

        What is not a script counts as well: the specifier of a JSON or CSS module goes through the map too.
        """
        waiting = list(entries)
        visited, reached = set(waiting), set()
        while waiting:
            for name in self._imports(waiting.pop(), dynamic=True):
                reached.add(name)
                if name not in visited:
                    visited.add(name)
                    waiting.append(name)
        return sorted(reached)

    def is_module(self, path: str) -> bool:
        """A script called '.mjs' or with static imports. Another '.js' may be a module too, or a classic script."""
        return path.endswith(".mjs") or (is_script(path) and bool(self._imports(path)))

    def _load_order(self, path: str) -> Iterator[str]:
        """Depth first, as browsers evaluate modules; of a cycle, the one met last comes first."""
        seen = {path}
        open_modules = [(path, iter(self._imports(path)))]
        while open_modules:
            name, imports = open_modules[-1]
            following = next((one for one in imports if one not in seen and is_script(one)), None)
            if following is None:
                open_modules.pop()
                yield name
            else:
                seen.add(following)
                open_modules.append((following, iter(self._imports(following))))

    def _imports(self, path: str, *, dynamic: bool = False) -> tuple[str, ...]:
        """None of a style sheet: what it imports is no module."""
        found = self._direct.get(path)
        if found is None:
            if path.endswith(".css") or path not in self._assets:
                return ()
            entry = self._assets.entry(path)
            static = tuple(name for name in entry.imports if name in self._assets)
            found = static, (*static, *(name for name in entry.dynamic if name in self._assets))
            self._direct[path] = found
        return found[dynamic]


class Room:
    """How much more may be remembered: `each` per asset, and `least` however few there are. Threads that find the same
    at once take room for it twice: no harm.
    """

    __slots__ = ("_assets", "_each", "_least", "_left")

    def __init__(self, assets: Manifest | PlainUrls, each: int, least: int) -> None:
        self._assets, self._each, self._least = assets, each, least
        self._left = least

    def take(self, size: int) -> bool:
        """Whether there was room."""
        if size > self._left and self._each:
            each, self._each = self._each, 0
            self._left += max(0, each * len(self._assets) - self._least)  # to count many takes milliseconds
        if size > self._left:
            return False
        self._left -= size
        return True


def is_script(path: str) -> bool:
    return path.endswith((".js", ".mjs"))
