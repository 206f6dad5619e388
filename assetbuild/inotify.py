"""The events of directories on Linux, by inotify. Belongs to the thread that waits, but for `wake`."""

from __future__ import annotations

import ctypes
import errno
import math
import os
import select
import struct
from collections.abc import Iterator
from contextlib import suppress

from assetbuild.errors import AssetBuildError
from assetbuild.settled import Event, Kind


class _Node:
    """A directory that inotify watches; `names` as in `_Place`; `is_root`: asked for, not found below another."""

    __slots__ = ("alive", "children", "is_root", "names", "path", "wd")

    def __init__(self, path: str, names: set[str] | None = None, is_root: bool = False) -> None:
        self.path, self.names, self.is_root = path, names, is_root
        self.children: dict[str, _Node] = {}
        self.wd = -1
        self.alive = True


class Inotify:
    """Linux: a tree of our own over watchdog's bindings, read by the waiting thread; the kernel keeps what is unread.

    watchdog's tree holds back for 0.5 s all that comes after a file was moved elsewhere (a backup), says nothing of a
    limit reached below its root, and names what is in a moved directory as before.
    """

    def __init__(self) -> None:
        from watchdog.observers import inotify_c

        self._library = inotify_c
        bits = self._bits = inotify_c.InotifyConstants
        entries = bits.IN_CREATE | bits.IN_DELETE | bits.IN_MOVE | bits.IN_CLOSE_WRITE | bits.IN_ATTRIB
        # One directory can be several nodes, as given and as found: each adds the events it needs.
        how = bits.IN_ONLYDIR | bits.IN_EXCL_UNLINK | bits.IN_MASK_ADD
        self._names_mask = entries | bits.IN_DELETE_SELF | bits.IN_MOVE_SELF | how
        self._root_mask = self._names_mask | bits.IN_MODIFY
        self._below_mask = entries | bits.IN_MODIFY | bits.IN_DONT_FOLLOW | how
        self._kinds: tuple[tuple[int, Kind], ...] = (
            (bits.IN_MODIFY, "open"),
            (bits.IN_CLOSE_WRITE, "done"),
            (bits.IN_CREATE, "came"),
            (bits.IN_MOVED_TO, "arrived"),
            (bits.IN_DELETE | bits.IN_MOVED_FROM, "gone"),
            (bits.IN_ATTRIB, "touched"),
        )
        self._nodes: dict[int, list[_Node]] = {}
        self._fd = self._open()
        try:
            self._waker = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        except OSError as error:
            os.close(self._fd)
            raise _refused(error.errno or 0, "no directory can be watched", "max_user_instances") from error

    def _open(self) -> int:
        fd: int = self._library.inotify_init()
        if fd == -1:
            raise _refused(ctypes.get_errno(), "no directory can be watched", "max_user_instances")
        os.set_inheritable(fd, False)
        os.set_blocking(fd, False)
        return fd

    def close(self) -> None:
        fds = self._waker, self._fd
        self._waker = self._fd = -1  # another file may have these numbers next
        for fd in fds:
            with suppress(OSError):
                os.close(fd)

    def clear(self) -> None:
        """Forget everything, with a new queue: each watch removed from this one would only add to it."""
        fd, self._fd = self._fd, -1
        os.close(fd)
        self._nodes = {}
        self._fd = self._open()

    def wake(self) -> None:
        with suppress(OSError):  # closed
            os.eventfd_write(self._waker, 1)

    def arm(self, path: str, names: set[str] | None) -> _Node | None:
        root = _Node(path, names, is_root=True)
        try:
            return root if self._watch(root) else None
        except BaseException:
            self.release(root)
            raise

    def alive(self, node: _Node) -> bool:
        return node.alive

    def release(self, node: _Node) -> None:
        """Forget `node` and all below."""
        nodes = [node]
        for node in nodes:
            nodes += node.children.values()
            node.alive = False
            same = self._nodes.get(node.wd, [])
            if node in same:
                same.remove(node)
                if not same:
                    del self._nodes[node.wd]
                    self._library.inotify_rm_watch(self._fd, node.wd)  # type: ignore[arg-type]

    def _watch(self, top: _Node) -> bool:
        """Watch `top` and, first each directory and then what is in it, all below; False where `top` is gone."""
        nodes = [top]
        for node in nodes:
            if not self._add(node):
                continue
            if node.names is None:
                node.children = {entry.name: _Node(entry.path) for entry in _directories(node.path)}
                nodes += node.children.values()
        return top.wd != -1

    def _add(self, node: _Node) -> bool:
        mask = self._below_mask if not node.is_root else self._root_mask if node.names is None else self._names_mask
        node.wd = self._library.inotify_add_watch(self._fd, os.fsencode(node.path), mask)
        if node.wd != -1:
            self._nodes.setdefault(node.wd, []).append(node)
        elif (number := ctypes.get_errno()) in (errno.ENOSPC, errno.ENOMEM):
            raise _refused(number, f"directory '{node.path}' cannot be watched", "max_user_watches")
        return node.wd != -1

    def take(self, seconds: float) -> Iterator[Event]:
        """What has happened; waits at most so long for a first event."""
        poller = select.poll()
        poller.register(self._fd, select.POLLIN)
        poller.register(self._waker, select.POLLIN)
        if any(fd == self._waker for fd, _ in poller.poll(math.ceil(seconds * 1000))):
            os.eventfd_read(self._waker)
            yield "", "woken"
        for wd, mask, name in self._read():
            if mask & self._bits.IN_Q_OVERFLOW:
                yield "", "lost"
                return  # numbers of watches mean something else from now on
            for node in self._nodes.get(wd, [])[:]:
                yield from self._told(node, mask, name)
            if mask & self._bits.IN_IGNORED:
                for node in self._nodes.pop(wd, []):
                    node.alive = False
                    if node.is_root:
                        yield node.path, "look"

    def _read(self) -> list[tuple[int, int, str]]:
        events = []
        with suppress(BlockingIOError):
            for _ in range(64):  # buffers: more than the kernel's whole queue, unless somebody writes all the time
                buffer, at = os.read(self._fd, 1 << 16), 0
                while at < len(buffer):
                    wd, mask, _cookie, length = struct.unpack_from("iIII", buffer, at)
                    at += 16 + length
                    events.append((wd, mask, os.fsdecode(buffer[at - length : at].rstrip(b"\0"))))
        return events

    def _told(self, node: _Node, mask: int, name: str) -> Iterator[Event]:
        """What an event says about `node`, which may have been forgotten since it happened."""
        path = os.path.join(node.path, name)
        if not name:
            if node.is_root:
                yield path, "look"
        elif node.names is not None and name not in node.names:
            return
        elif mask & self._bits.IN_ISDIR and node.names is None:
            self._tree_changed(node, name, path, mask)
            yield path, "tree"
        else:
            kind = next(kind for bit, kind in self._kinds if mask & bit)
            # Where a link to a directory comes, as much comes with it as with a directory.
            yield path, "tree" if kind in ("came", "arrived") and os.path.isdir(path) else kind

    def _tree_changed(self, node: _Node, name: str, path: str, mask: int) -> None:
        before = node.children.pop(name, None)
        if mask & (self._bits.IN_CREATE | self._bits.IN_MOVED_TO | self._bits.IN_ATTRIB):
            node.children[name] = _Node(path)
            self._watch(node.children[name])
        if before:  # not earlier: a watch that both use stays as it is
            self.release(before)


def _directories(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []  # gone again, or not to be read: whoever looks at everything says so


def _refused(number: int, what: str, setting: str) -> AssetBuildError:
    if number in (errno.ENOSPC, errno.EMFILE):
        why = f"the limit 'fs.inotify.{setting}' is reached"
        if number == errno.EMFILE:
            why += ", or the process has too many open files"
    else:
        why = os.strerror(number)
    fix = f"raise it ('sudo sysctl fs.inotify.{setting}=N'), or look for changes instead: 'assetbuild watch --poll 1'"
    return AssetBuildError(f"{what}: {why}", fix=fix)
