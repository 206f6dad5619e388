"""The files of a release by their names in URLs, listed once, and the variant of each that a client likes best."""

from __future__ import annotations

import os
import re

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from assetbuild.runtime.format import quote
from assetbuild.runtime.manifest import Manifest, ManifestError
from assetbuild.runtime.missing import MissingAsset
from assetbuild.runtime.served import media_type

_IMMUTABLE = "max-age=31536000, public, immutable"  # a year, the longest that RFC 2616 allowed
_SHORT = "max-age=60, public"
_ENCODINGS = (("br", ".br"), ("zstd", ".zst"), ("gzip", ".gz"))  # the best first, where a client likes them equally

_weight = re.compile(r"\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*").fullmatch


def index(directory: str, manifest: Manifest) -> dict[str, File]:
    """What the manifest names and the directory has, by its name in URLs, percent-escapes undone."""
    if not os.path.isdir(directory):
        fix = "deploy the whole release, or have another server send its files and leave ReleaseFiles out"
        raise ManifestError(f"there is no directory {directory!r} beside it", manifest.file, fix)
    there = {
        os.path.relpath(os.path.join(parent, name), directory).replace(os.sep, "/")
        for parent, _, names in os.walk(directory)
        for name in names
    }
    served = {}
    for path in manifest:
        try:
            entry = manifest.entry(path)
        except MissingAsset as error:  # looked up in a text that no build wrote
            fix = "run 'assetbuild build' to make the release again"
            raise ManifestError(f"asset {path!r} is not where it is looked for", manifest.file, fix) from error
        served[entry.file] = (_IMMUTABLE, quote(entry.file))
        if entry.stable:
            served.setdefault(path, (_SHORT, quote(entry.file)))
    index = {}
    others = there - served.keys()
    for name in there & served.keys():
        files = {coding: os.path.join(directory, name + end) for coding, end in _ENCODINGS if name + end in others}
        index[name] = File(os.path.join(directory, name), *served[name], files)
    return index


def best(encodings: tuple[str, ...], accepted: str) -> str:
    """The one of `encodings` that the client likes best, as RFC 9110 has it; "" for none. The first of equals."""
    if not encodings or not accepted:
        return ""
    weights = {}
    for item in accepted.lower().split(","):
        coding, parameter, text = item.partition(";")
        match = _weight(text) if parameter else None
        weights[coding.strip()] = float(match[1]) if match else 0.0 if parameter else 1.0
    best = max(encodings, key=lambda coding: weights.get(coding, weights.get("*", 0.0)))
    weight = weights.get(best, weights.get("*", 0.0))
    return best if weight > 0 and weight >= weights.get("identity", 0.0) else ""


class File:
    """One name that is served. `variants`: Content-Encoding -> file; `tag` goes by the content."""

    __slots__ = ("cache", "file", "tag", "type", "variants")

    def __init__(self, file: str, cache: str, tag: str, variants: dict[str, str]) -> None:
        self.file, self.cache, self.tag, self.variants = file, cache, tag, variants
        self.type = media_type(file)

    async def response(self, encoding: str) -> Response:
        file = self.variants.get(encoding, self.file)
        headers = {"cache-control": self.cache, "x-content-type-options": "nosniff"}
        headers["etag"] = f'"{self.tag}-{encoding}"' if encoding else f'"{self.tag}"'
        if encoding:
            headers["content-encoding"] = encoding
        if self.variants:
            headers["vary"] = "Accept-Encoding"
        try:
            stat = await anyio.to_thread.run_sync(os.stat, file)
        except OSError as error:  # the release was deleted
            raise HTTPException(404) from error
        return FileResponse(file, headers=headers, media_type=self.type, stat_result=stat)
