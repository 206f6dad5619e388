"""The system calls that write, what can go wrong at each, and what strace tells of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from random import Random
from typing import NamedTuple

# What can go wrong at each. `mmap` is left out; what a name stands for differs between machines, so all are named.
ERRORS = {
    "openat": ("ENOSPC", "EACCES", "EMFILE", "EIO", "ENOENT", "EROFS"),
    "open": ("ENOSPC", "EACCES", "EMFILE", "EIO", "ENOENT", "EROFS"),
    "write": ("ENOSPC", "EIO"),
    "writev": ("ENOSPC", "EIO"),
    "pwrite64": ("ENOSPC", "EIO"),
    "copy_file_range": ("ENOSPC", "EIO", "EXDEV"),
    "sendfile": ("ENOSPC", "EIO"),
    "link": ("EIO", "ENOSPC", "EACCES", "EMLINK"),
    "linkat": ("EIO", "ENOSPC", "EACCES", "EMLINK"),
    "rename": ("EIO", "ENOSPC", "EACCES", "EROFS", "ENOENT"),
    "renameat": ("EIO", "ENOSPC", "EACCES", "EROFS", "ENOENT"),
    "renameat2": ("EIO", "ENOSPC", "EACCES", "EROFS", "ENOENT", "EINVAL"),
    "mkdir": ("ENOSPC", "EACCES", "EIO", "ENOENT", "EROFS"),
    "mkdirat": ("ENOSPC", "EACCES", "EIO", "ENOENT", "EROFS"),
    "symlink": ("ENOSPC", "EACCES", "EIO", "EROFS"),
    "symlinkat": ("ENOSPC", "EACCES", "EIO", "EROFS"),
    "chmod": ("EACCES", "EIO", "EROFS"),
    "fchmod": ("EACCES", "EIO", "EROFS"),
    "fchmodat": ("EACCES", "EIO", "EROFS"),
    "utimensat": ("EACCES", "EIO", "EROFS"),
    "unlink": ("EACCES", "EIO", "ENOENT", "EROFS"),
    "unlinkat": ("EACCES", "EIO", "ENOENT", "EROFS"),
    "rmdir": ("EACCES", "EIO", "EROFS"),
    "fsync": ("EIO", "ENOSPC"),
    "fdatasync": ("EIO", "ENOSPC"),
    "syncfs": ("EIO", "ENOSPC", "ENOSYS"),
    "ftruncate": ("EIO", "ENOSPC"),
    "pipe2": ("EMFILE", "ENFILE"),
    "fork": ("EAGAIN", "ENOMEM"),
    "vfork": ("EAGAIN", "ENOMEM"),
    "clone": ("EAGAIN", "ENOMEM"),
    "clone3": ("EAGAIN", "ENOMEM"),
}
KILL = "SIGKILL"
_MOST = 32  # numbers of one call in one process that are tried; of more, so many are spread evenly
_LINE = re.compile(r"(?:\d+ +)?(\w+)\((.*)")

Place = tuple[str, int, str, int]


class Point(NamedTuple):
    """The `number`th `call` of a process: 0 is the build's own, 1 the first that it forks, and so on; of workers
    that share work only the first counts, and does all of it."""

    kind: str
    process: int
    call: str
    number: int
    fault: str

    @property
    def place(self) -> Place:
        return self[:4]

    def __str__(self) -> str:
        who = "the build itself" if not self.process else f"process {self.process}"
        return f"{self.kind}, {who}, {self.call} {self.number}: {self.fault}"


def in_order(points: Iterable[Point], random: Random) -> list[Point]:
    """First each place with one fault, in turn, and a kill; then the other faults. Each part is shuffled."""
    places: dict[Place, list[Point]] = {}
    for point in points:
        places.setdefault(point.place, []).append(point)
    first, rest = [], []
    for at, these in enumerate(places.values()):
        kills, errors = [one for one in these if one.fault == KILL], [one for one in these if one.fault != KILL]
        first.append([errors.pop(at % len(errors)), *kills])
        rest += errors
    random.shuffle(first)
    random.shuffle(rest)
    return [*(point for pair in first for point in pair), *rest]


def points_in(log: str, kind: str, process: int) -> list[Point]:
    """All that can go wrong in a process, by what strace has told of it."""
    return [
        Point(kind, process, call, number, fault)
        for call, numbers in writing(log).items()
        for number in spread(numbers)
        for fault in (*ERRORS[call], KILL)
    ]


def writing(log: str) -> dict[str, list[int]]:
    """By call, which of its numbers write."""
    counts: dict[str, int] = {}
    found: dict[str, list[int]] = {}
    for line in log.splitlines():
        match = _LINE.match(line)
        if not match or match[1] not in ERRORS:
            continue
        call, arguments = match.groups()
        counts[call] = counts.get(call, 0) + 1
        if call not in ("open", "openat") or "O_CREAT" in arguments:
            found.setdefault(call, []).append(counts[call])
    return found


def spread(numbers: list[int]) -> list[int]:
    """All of them, or `_MOST` that lie evenly."""
    if len(numbers) <= _MOST:
        return numbers
    return [numbers[at * (len(numbers) - 1) // (_MOST - 1)] for at in range(_MOST)]


def was_hit(log: str, point: Point) -> bool:
    """Whether the fault came, and at a call that writes: an `open` of another number may only read."""
    came = "INJECTED" in log or "killed by SIGKILL" in log
    return came and point.number in writing(log).get(point.call, ())


def nearest(log: str, point: Point) -> Point:
    """That point, or in its place the one of the same call which lies nearest among those that there were this time."""
    numbers = writing(log).get(point.call, [point.number])
    return point._replace(number=min(numbers, key=lambda number: abs(number - point.number)))
