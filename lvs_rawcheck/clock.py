# SPDX-License-Identifier: GPL-2.0-or-later
"""The one module that reads the time.

`now` is CLOCK_MONOTONIC: float seconds since boot, the same for every process of this host, never set back.
"""

from __future__ import annotations

from time import monotonic as now

__all__ = ["now"]
