"""URL text as authors write it, logical paths, and the way between them (URL Standard, WHATWG)."""

from __future__ import annotations

from urllib.parse import quote, unquote

from assetbuild.patterns import regex

# Unreserved characters of RFC 3986 and `/`. All else is percent-encoded: such a URL is safe unquoted in CSS, inside
# any string of CSS or JS and inside a comment of either, and its first segment cannot be read as a scheme.
_SAFE = "/-._~"
_SAFE_URL = regex(r"[A-Za-z0-9/\-._~]*")

_HAS_SCHEME = regex(r"[A-Za-z][A-Za-z0-9+.\-]*:")

# What a browser drops before it reads a URL: control characters and spaces at its ends, tabs and line ends anywhere.
_AROUND = "".join(map(chr, range(0x21)))
_INSIDE = str.maketrans("", "", "\t\n\r")
_CLEAN = regex(r"[^\0-\x20\\]*")  # nothing of that, nor a backslash: so are nearly all


def is_local(url: str) -> bool:
    """Whether `url` can name a file of ours: not empty, no scheme, no host, not a mere query or fragment."""
    url = _cleaned(url)
    return bool(url) and url[0] not in "?#" and url[:2].replace("\\", "/") != "//" and not _HAS_SCHEME.match(url)


def has_scheme(url: str) -> bool:
    return bool(_HAS_SCHEME.match(url))


def path_length(url: str) -> int:
    """The length of the path of `url`: what stands before its query or fragment."""
    ends = [at for at in (url.find("?"), url.find("#")) if at >= 0]
    return min(ends, default=len(url))


def resolve(path: str, holder: str, url_prefix: str) -> str | None:
    """The logical path that `path`, the path of a URL written in the asset `holder`, names.

    None where it leaves the tree by `..`, or is root-absolute outside `url_prefix`: then it is not for us.
    """
    if not _CLEAN.fullmatch(path):
        path = _cleaned(path).replace("\\", "/")
    from_root = path.startswith("/")  # asked before escapes are undone: '%2Fa' is a name, not a root
    if "%" in path:
        path = unquote(path, errors="surrogateescape")
    if from_root:
        url_prefix = unquote(url_prefix)
        if not path.startswith(url_prefix):
            return None
        segments, path = [], path[len(url_prefix) :]
    else:
        segments = holder.split("/")[:-1]
    for segment in path.split("/"):
        if segment == "..":
            if not segments:
                return None
            segments.pop()
        elif segment and segment != ".":
            segments.append(segment)
    return "/".join(segments)


def is_root_absolute(path: str) -> bool:
    return _cleaned(path)[:1] in ("/", "\\")


def relative(target: str, holder: str, *, dotted: bool) -> str:
    """The URL, relative to the asset `holder`, of the released file or logical path `target`.

    `dotted` puts `./` before a name without directory, as JavaScript wants: a bare name is a package there.
    """
    directory = holder[: holder.rfind("/") + 1]
    if target.startswith(directory):
        url = ("./" if dotted else "") + target[len(directory) :]
    else:
        here, there = directory.split("/"), target.split("/")
        common, most = 0, min(len(here), len(there)) - 1
        while common < most and here[common] == there[common]:
            common += 1
        url = "../" * (len(here) - 1 - common) + "/".join(there[common:])
    return url if _SAFE_URL.fullmatch(url) else quote(url, safe=_SAFE, errors="surrogateescape")


def absolute(target: str, url_prefix: str) -> str:
    """The root-absolute URL of the released file `target` on a site that has its files below `url_prefix`."""
    return quote(unquote(url_prefix) + target, safe=_SAFE, errors="surrogateescape")


def top_of(path: str) -> str:
    """What messages call the topmost directory of a logical path."""
    first, slash, _ = path.partition("/")
    return f"'{first}/'" if slash else "the roots"


def _cleaned(url: str) -> str:
    return url.strip(_AROUND).translate(_INSIDE)
