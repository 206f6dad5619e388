"""`timed.py REPORT COMMAND...`: run it, write `wall cpu largest` (seconds, seconds, bytes) to REPORT, end as it ends.

A process begins with the peak memory of the one that started it. So commands are started by this small one.
"""

from __future__ import annotations

import os
import sys
import time


def main(report: str, *command: str) -> int:
    started = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - started
    with open(report, "w") as file:
        file.write(f"{wall} {used.ru_utime + used.ru_stime} {used.ru_maxrss * 1024}")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
