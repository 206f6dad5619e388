"""What no release holds, whatever roots and excludes say: by the name of a file, and by where a link or a root leads.

Dotfiles, editors' leftovers, Python, keys; and names that no URL, no JSON or no file system could carry unharmed.
"""

from __future__ import annotations

import os

from assetbuild.globs import matcher
from assetbuild.patterns import regex
from assetbuild.urls import has_scheme

# Compared with the lower-cased name of every file and directory. `.well-known` is the one dot name meant to be
# public (RFC 8615).
NEVER_PUBLISHED = (
    ".*",
    "*~",
    "#*#",
    "*.bak",
    "*.orig",
    "*.rej",
    "*.swp",
    "*.swo",
    "*.tmp",
    "thumbs.db",
    "desktop.ini",
    "__pycache__",
    "*.py",
    "*.pyc",
    "*.pyo",
    "*.env",
    "*.jks",
    "*.kdbx",
    "*.key",
    "*.keystore",
    "*.p12",
    "*.p8",
    "*.pem",
    "*.pfx",
    "*.ppk",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
)
# Histories and keys: nothing in such a directory is published, by whatever link or root it is reached.
_PRIVATE = frozenset((".aws", ".bzr", ".git", ".gnupg", ".hg", ".ssh", ".svn"))
_ANNEX = (".git", "annex")  # where git-annex keeps the files that it puts links for into a checkout
# 255 bytes is the limit of a name on common file systems; a fingerprint takes 17, the suffix of a variant 4.
NAME_LIMIT = 255 - 17 - 4
_CONTROL = regex(r"[\x00-\x1f\x7f-\x9f]")  # Unicode's category Cc
_PLAIN = regex(r"[A-Za-z0-9_./-]*")  # what nearly all names consist of, without the colon of a scheme
_NOT_IN_URLS = regex(r"[\\\x00-\x1f\x7f-\x9f]")

_EXTENSIONS = frozenset(one[2:] for one in NEVER_PUBLISHED if one.startswith("*."))
_NAMES = tuple(one for one in NEVER_PUBLISHED if not one.startswith("*."))
_BEGINNINGS = frozenset(one[0] for one in _NAMES)


def is_never_published(name: str) -> bool:
    """Of a file or directory; `name` is in lower case."""
    if name.rpartition(".")[2] in _EXTENSIONS:
        return "." in name
    may_be = name[0] in _BEGINNINGS or name.endswith("~")  # the expression for all names is asked only then
    return may_be and matcher(_NAMES)(name) and name != ".well-known"


def private_part(real_path: str) -> str | None:
    """The directory of histories or keys that `real_path`, a path without links, is or is in."""
    parts = real_path.lower().split(os.sep)
    for at, part in enumerate(parts):
        if part in _PRIVATE and tuple(parts[at : at + 2]) != _ANNEX:
            return part
    return None


def name_problem(logical_path: str) -> tuple[str, str] | None:
    """What is wrong with the name of a file, and what to do. Its directories have been asked about before."""
    name = logical_path.rpartition("/")[2]
    if _PLAIN.fullmatch(logical_path) and len(name) <= NAME_LIMIT:
        return None
    try:
        length = len(name.encode())
        logical_path.encode()
    except UnicodeEncodeError:
        return "has a name that is not UTF-8", "rename it"
    if _NOT_IN_URLS.search(logical_path):
        return "has a backslash or a control character in its name, which no URL can carry", "rename it"
    if has_scheme(logical_path):
        what = f"has a path that starts like a URL, with '{logical_path.partition(':')[0]}:'"
        return what, "rename it, or give the root a 'prefix'"
    if length > NAME_LIMIT:
        what = f"has a name of {length} bytes; with its fingerprint it would not fit into 255"
        return what, f"shorten it to {NAME_LIMIT} bytes"
    return None


def printable(path: str) -> str:
    """`path` as one line of text: bytes that are not UTF-8 and control characters as escapes."""
    text = path.encode("utf-8", "surrogateescape" if _from_the_system(path) else "backslashreplace")
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text.decode(errors="backslashreplace"))


def _from_the_system(path: str) -> bool:
    """Whether its surrogates stand for bytes; in a text that a user wrote, they can be any."""
    return all(not "\ud800" <= char <= "\udfff" or "\udc80" <= char <= "\udcff" for char in path)
