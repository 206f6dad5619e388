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

_KEPT = 10  # names remembered per asset of the manifest: closures of a long chain would add up to its square


class Reach:
    """Answers for one Manifest or PlainUrls, which holds no imports. Remembers what was asked, within limits."""

    __slots__ = ("_assets", "_static")

    def __init__(self, assets: Manifest | PlainUrls) -> None:
        self._assets = assets
        self._static: dict[str, tuple[str, ...]] = {}

    def static(self, paths: Iterable[str]) -> list[str]:
        """`paths` and the scripts that they import statically, at any depth: imported before importer, each once."""
        return list(dict.fromkeys(name for path in paths for name in self._closure(path)))

    def mapped(self, entries: Iterable[str]) -> list[str]:
        """All that `entries` import, static and dynamic, at any depth, sorted. An entry only if it is imported.

        What is not a script counts as well: the specifier of a JSON or CSS module goes through the map too.
        """
        waiting = [path for path in entries if path in self._assets]
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

    def _closure(self, path: str) -> tuple[str, ...]:
        if path not in self._assets:
            return (path,)
        found = self._static.get(path)
        if found is None:
            found = tuple(self._load_order(path))
            if sum(map(len, self._static.values())) <= _KEPT * len(self._assets):
                self._static[path] = found
        return found

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

    def _imports(self, path: str, *, dynamic: bool = False) -> list[str]:
        """None of a style sheet: what it imports is no module."""
        if path.endswith(".css") or path not in self._assets:
            return []
        entry = self._assets.entry(path)
        names = (*entry.imports, *entry.dynamic) if dynamic else entry.imports
        return [name for name in names if name in self._assets]


def is_script(path: str) -> bool:
    return path.endswith((".js", ".mjs"))
