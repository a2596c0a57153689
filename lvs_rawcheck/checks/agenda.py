# SPDX-License-Identifier: GPL-2.0-or-later
"""What is due when, to the millisecond: as finely as a process can wait.

A heap costs more the more there is in it, and a daemon's checks put tens of thousands of entries into one every second.
Here an entry is put to those of its millisecond, and only the milliseconds are sorted. Touches nothing; times are
monotonic seconds.
"""

from __future__ import annotations

from _heapq import heapify, heappop, heappush

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_ROUNDING = 1e-3  # of a millisecond: what `soonest` has named is due then
PER_SECOND = 1000
"""Nothing is given out before its time, nor more than one of these parts of a second after it."""


class Agenda:
    """Entries of any kind, each given out once. Whoever does not want one any more passes it over when it comes."""

    __slots__ = ("_order", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[int, list[Any]] = {}
        self._order: list[int] = []

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, when: float, entry: Any) -> None:
        """Put an entry down."""
        millisecond = int(when * PER_SECOND) + 1
        waiting = self._waiting.get(millisecond)
        if waiting is not None:
            waiting.append(entry)
        else:
            self._waiting[millisecond] = [entry]
            heappush(self._order, millisecond)

    def soonest(self) -> float | None:
        """Return when something is due, None where nothing is."""
        return self._order[0] / PER_SECOND if self._order else None

    def take_due(self, now: float) -> list[Any]:
        """Return what is due, the longest first; within a millisecond in the order in which it was put down."""
        due: list[Any] = []
        order = self._order
        limit = now * PER_SECOND + _ROUNDING
        while order and order[0] <= limit:
            due += self._waiting.pop(heappop(order))
        return due

    def keep_only(self, wanted: Callable[[Any], bool]) -> None:
        """Throw away what nobody wants any more."""
        for millisecond, waiting in list(self._waiting.items()):
            kept = [entry for entry in waiting if wanted(entry)]
            if kept:
                self._waiting[millisecond] = kept
            else:
                del self._waiting[millisecond]
        self._order = list(self._waiting)
        heapify(self._order)

    def clear(self) -> None:
        """Forget all."""
        self._waiting.clear()
        self._order.clear()
