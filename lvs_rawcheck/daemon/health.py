# SPDX-License-Identifier: GPL-2.0-or-later
"""From results to a state: how many in a row it takes, and how soon to ask again. Touches nothing.

`fall` failures in a row make a server that is up go down, `rise` passes in a row bring it back; what is unknown takes
the first result's word. keepalived counts likewise: `fall` is its retry + 1 (check_tcp.c, tcp_epilog).
"""

from __future__ import annotations

UNKNOWN, UP, DOWN = "unknown", "up", "down"


class Health:
    """The state of one check. rise, fall: results in a row, at least 1."""

    __slots__ = ("_fall", "_in_row", "_rise", "state")

    def __init__(self, rise: int, fall: int) -> None:
        self.state = UNKNOWN
        self._rise = rise
        self._fall = fall
        self._in_row = 0
        """Results in a row that speak against the state."""

    @property
    def in_doubt(self) -> bool:
        """Return whether the last result spoke against the state, and was not enough to change it."""
        return self._in_row > 0

    def note(self, healthy: bool) -> bool:
        """Take in a result; return whether the state has changed by it."""
        said = UP if healthy else DOWN
        if said == self.state:
            self._in_row = 0
            return False
        self._in_row += 1
        needed = 1 if self.state == UNKNOWN else self._rise if healthy else self._fall
        if self._in_row < needed:
            return False
        self.state = said
        self._in_row = 0
        return True

    def begin_anew(self) -> None:
        """Know nothing again, as where results of another path are not those of this one."""
        self.state = UNKNOWN
        self._in_row = 0

    def resume(self, state: str) -> None:
        """Take over a state that was known before; nothing is in doubt."""
        self.state = state
        self._in_row = 0
