# SPDX-License-Identifier: GPL-2.0-or-later
"""The one module that reads the time.

`now` is CLOCK_MONOTONIC: float seconds since boot, the same for every process of this host, never set back.
`wall_now` is CLOCK_REALTIME, float seconds since 1970 UTC: for captures that are to be laid beside others,
never to wait by.
"""

from __future__ import annotations

from time import monotonic as now
from time import time as wall_now

__all__ = ["now", "wall_now"]
