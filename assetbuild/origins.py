"""A compiled asset -> where the author wrote each of its references, found again when there is something to tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from assetbuild.compile import references_of
from assetbuild.config import Config
from assetbuild.contents import read_source
from assetbuild.errors import SourceError, quoted
from assetbuild.model import Compiled, Origin, Reference, Source, language_of
from assetbuild.references import sourcemap


def origins(compiled: Compiled, config: Config, sources: Mapping[str, Source]) -> Sequence[Origin]:
    """Where the author wrote each reference of `compiled`; as found again, where it was made of one source."""
    path = compiled.logical_path
    if compiled.origins or path not in sources:
        return compiled.origins
    try:
        content = read_source(sources[path])
    except SourceError:
        content = b""
    kind, language = config.references.format_of(path), language_of(path)
    own_map = sourcemap.find(content, language) if language else None
    written = (references_of(content, kind, config) or ()) if kind else ()
    return _origins(compiled.references, (*written, *((own_map,) if own_map else ())), path, content)


def _origins(
    references: Sequence[Reference], written: Sequence[Reference], path: str, content: bytes
) -> Sequence[Origin]:
    """Where the author wrote each: the first of its name that is not taken yet; else the file as a whole."""
    places: dict[tuple[str, str], list[Reference]] = defaultdict(list)
    for reference in reversed(written):
        places[reference.kind, reference.specifier].append(reference)
    found = [places[reference.kind, reference.specifier] for reference in references]
    return [
        _origin(path, content, one.pop()) if one else Origin(path, 0, 0, reference.specifier)
        for one, reference in zip(found, references, strict=True)
    ]


def _origin(path: str, content: bytes, reference: Reference) -> Origin:
    whole = quoted(content, reference.whole_start, reference.whole_end)
    return Origin(path, reference.start, reference.end, whole)
