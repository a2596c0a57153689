# SPDX-License-Identifier: GPL-2.0-or-later
"""The one module that reads the time.

`now` is CLOCK_MONOTONIC: float seconds since boot, the same for every process of this host, never set back.
`wall_now` is CLOCK_REALTIME, float seconds since 1970 UTC: for captures that are to be laid beside others,
never to wait by. `uptime` is CLOCK_BOOTTIME, seconds as /proc/uptime counts them, for files that scripts read.
"""

from __future__ import annotations

from time import CLOCK_BOOTTIME, clock_gettime, strftime
from time import monotonic as now
from time import time as wall_now

__all__ = ["log_time", "now", "uptime", "wall_now"]


def log_time() -> str:
    """Return the local time as a log line begins with it: `Nov  2 06:05:04` (RFC 3164 4.1.2)."""
    return strftime("%b %e %H:%M:%S")


def uptime() -> float:
    """Return the seconds since boot, sleep included."""
    return clock_gettime(CLOCK_BOOTTIME)
