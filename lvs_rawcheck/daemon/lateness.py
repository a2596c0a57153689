# SPDX-License-Identifier: GPL-2.0-or-later
"""How long this process did nothing, and when: stopped, or starved by others. Touches nothing.

What was not heard meanwhile is not the servers' silence.
"""

from __future__ import annotations

from collections import deque

_REMEMBERED = 64


class Lateness:
    """The worst of late. Each that is remembered is longer than all that came after it."""

    def __init__(self) -> None:
        self._stalls: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)
        """When each ended, and its seconds."""
        self.lost = 0.0
        """Seconds in all for which others had the processor when this process wanted it, however short each time."""

    def note(self, seconds: float, now: float) -> None:
        """Take note of a stall that ends now."""
        stalls = self._stalls
        while stalls and stalls[-1][1] <= seconds:
            stalls.pop()
        stalls.append((now, seconds))

    def worst_since(self, when: float) -> float:
        """Return the seconds of the longest stall that ended after `when`, 0 for none."""
        return next((seconds for ended, seconds in self._stalls if ended >= when), 0.0)
