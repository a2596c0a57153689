# SPDX-License-Identifier: GPL-2.0-or-later
"""The one module that reads the time.

`now` is CLOCK_MONOTONIC: float seconds since boot, the same for every process of this host, never set back.
`wall_now` is CLOCK_REALTIME, float seconds since 1970 UTC: for captures that are to be laid beside others,
never to wait by.
"""

from __future__ import annotations

from time import monotonic as now
from time import strftime
from time import time as wall_now

__all__ = ["log_time", "now", "wall_now"]


def log_time() -> str:
    """Return the local time as a log line begins with it: `Nov  2 06:05:04` (RFC 3164 4.1.2)."""
    return strftime("%b %e %H:%M:%S")
