# SPDX-License-Identifier: GPL-2.0-or-later
"""The one module that reads the time.

`now` is CLOCK_MONOTONIC: float seconds since boot, the same for every process of this host, never set back.
`wall_now` is CLOCK_REALTIME, float seconds since 1970 UTC: for captures that are to be laid beside others,
never to wait by; `wall_of` tells a moment of `now` by it, for people. `uptime` is CLOCK_BOOTTIME, seconds as
/proc/uptime counts them, for files that scripts read. `processor_time` is CLOCK_PROCESS_CPUTIME_ID: the seconds
for which this process has had a processor.
"""

from __future__ import annotations

from time import CLOCK_BOOTTIME, clock_gettime, strftime
from time import monotonic as now
from time import process_time as processor_time
from time import time as wall_now

__all__ = ["WallClock", "log_time", "now", "processor_time", "uptime", "wall_now", "wall_of"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SET_LEAST = 0.1  # seconds; less is what passes between a look at one clock and one at the other


def log_time() -> str:
    """Return the local time as a log line begins with it: `Nov  2 06:05:04` (RFC 3164 4.1.2)."""
    return strftime("%b %e %H:%M:%S")


def uptime() -> float:
    """Return the seconds since boot, sleep included."""
    return clock_gettime(CLOCK_BOOTTIME)


class WallClock:
    """Tells when a moment of `now` was, by what the wall clock says at the time of asking: it may have been set since.

    A moment stays the same, to the last digit, until the clock is set: slowed down and sped up are both alike.
    """

    __slots__ = ("_began", "_now", "_wall_now")

    def __init__(self, wall_now: Callable[[], float], now: Callable[[], float]) -> None:
        self._wall_now = wall_now
        self._now = now
        self._began = 0.0

    def of(self, moment: float) -> float:
        """Return a moment in seconds since 1970 UTC."""
        began = self._wall_now() - self._now()
        if abs(began - self._began) > _SET_LEAST:
            self._began = began
        return self._began + moment


wall_of = WallClock(wall_now, now).of
