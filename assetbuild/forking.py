"""Whether another process may be made by a fork."""

from __future__ import annotations

import os
import sys


def may_fork() -> bool:
    """Whether this is the only thread: another one may hold a lock that nobody would release in the child.

    On macOS the system's own libraries have threads. An extension's threads are known to the kernel alone.
    """
    if not hasattr(os, "fork") or sys.platform == "darwin":
        return False
    threading = sys.modules.get("threading")
    if threading and threading.active_count() > 1:
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return True
