"""What is raised for a name that is no asset. Near names are looked for only when the error is shown.

WhiteNoise and Django ask for names that are no assets and catch the error: raising must cost nothing. The first error
that is shown imports difflib, from files: nothing else of the runtime opens any after the start.
"""

from __future__ import annotations

from assetbuild.runtime.format import split_suffix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from assetbuild.runtime.manifest import Manifest

# For one suggestion: 40 ms where all names have 60 characters, 130 ms where they have 120. An error page must not be an
# attack.
MAX_COMPARED = 1000  # names
_MAX_SAME = 100  # names with the same base name, none of which is too far off to be compared in full
_MAX_LENGTH = 255  # characters from the end of the name that was asked for


class MissingAsset(LookupError, ValueError):
    """No asset has this logical path. A ValueError too: Django and WhiteNoise expect one from a storage's `url()`.

    Without a manifest it says that `path` is not a logical path at all.
    """

    def __init__(self, path: object, manifest: Manifest | None = None, text: str | None = None) -> None:
        super().__init__(path)
        self.path = path
        self._manifest = manifest
        self._text = text

    def __reduce__(self) -> tuple[type[MissingAsset], tuple[object, None, str]]:
        return type(self), (self.path, None, str(self))  # from process to process without the whole manifest

    @property
    def suggestions(self) -> list[str]:
        """Up to three near names, best first."""
        if self._manifest is None or not isinstance(self.path, str):
            return []
        return nearest(self.path, self._manifest)

    def __str__(self) -> str:
        return self._text or f"{self._what()}\n  fix: {self._fix()}"

    def _what(self) -> str:
        if self._manifest is None:
            return f"{self.path!r} is not a logical path"
        return f"{self.path!r} is not in the manifest of release {self._manifest.release!r}"

    def _fix(self) -> str:
        near = self.suggestions
        if near:
            return f"did you mean {' or '.join(repr(name) for name in near)}?"
        if isinstance(self.path, str) and bare(self.path) not in ("", self.path):
            return f"write {bare(self.path)!r}: a logical path is relative to its source root"
        return "correct the name, or run 'assetbuild build' if the file is new"


def bare(path: str) -> str:
    """`path` without what people put before a logical path by habit."""
    path, start = path.replace("\\", "/"), 0
    while (slash := path.find("/", start, start + 3)) >= 0 and path[start:slash] in ("", ".", ".."):
        start = slash + 1
    return path[start:]


def nearest(path: str, manifest: Manifest) -> list[str]:
    """The logical path that was surely meant, else those with the same base name, else those spelled alike."""
    import difflib

    wanted = bare(split_suffix(path)[0])
    for name in (wanted, path.removeprefix(manifest.url_prefix), path.removeprefix(manifest.base_url)):
        if name in manifest:
            return [name]
    base = _base(wanted)
    same = [name for name in manifest if _base(name) == base]
    near = same[:_MAX_SAME] or [name for name in manifest if _is_like(name, wanted)][:MAX_COMPARED]
    return difflib.get_close_matches(wanted[-_MAX_LENGTH:], near, n=3, cutoff=0.0 if same else 0.6)


def _base(path: str) -> str:
    return path.rpartition("/")[2].casefold()


def _is_like(name: str, wanted: str) -> bool:
    """A slip of the keyboard changes the length by little, and rarely the extension."""
    return abs(len(name) - len(wanted)) < 4 and name.rpartition(".")[2] == wanted.rpartition(".")[2]
