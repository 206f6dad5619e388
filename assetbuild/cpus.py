"""How many CPUs this process may use: in a container fewer than the machine has.

A quota of time (`docker run --cpus 2`, Kubernetes' `limits.cpu`) is counted as so many CPUs, rounded up.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator


def available_cpus() -> int:
    """CPUs this process may use: in a container fewer than the machine has. `PYTHON_CPU_COUNT` is believed."""
    wanted = os.environ.get("PYTHON_CPU_COUNT", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([cpus, *map(math.ceil, cpu_quotas("/proc/self/cgroup", "/sys/fs/cgroup"))]))


def cpu_quotas(own: str, mount: str) -> Iterator[float]:
    """CPUs that the control groups which `own` names grant, and those above them; a container sees them as the root."""
    for line in _read_lines(own):
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        names = [name for name in path.split("/") if name]
        for depth in range(len(names) + 1):
            below = "/".join(names[:depth])
            if controllers:
                yield from _quota_of_version_1(f"{mount}/{controllers}/{below}")
            else:
                yield from _quota_of_version_2(f"{mount}/{below}")


def _quota_of_version_2(directory: str) -> Iterator[float]:
    for line in _read_lines(f"{directory}/cpu.max"):
        quota, period = line.split()
        if quota != "max":
            yield int(quota) / int(period)


def _quota_of_version_1(directory: str) -> Iterator[float]:
    for quota in _read_lines(f"{directory}/cpu.cfs_quota_us"):
        for period in _read_lines(f"{directory}/cpu.cfs_period_us"):
            if int(quota) > 0:
                yield int(quota) / int(period)


def _read_lines(file: str) -> list[str]:
    try:
        with open(file, encoding="utf-8") as lines:
            return lines.read().splitlines()
    except OSError:
        return []
