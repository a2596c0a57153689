# SPDX-License-Identifier: GPL-2.0-or-later
"""When each check is due: evenly spread, and kept so. Touches nothing; times are monotonic seconds.

Each check has a place of its own within its interval, and is due there once in each. One that runs longer than its
interval, or that was asked again sooner in between, goes on at its own place: so what was spread stays spread. Places
follow the golden ratio, by which any number of them, in the order in which they were given out, lie evenly.

Never two runs of one check at once: what is due is given out once, and is due again only when it has finished.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable
from math import floor

from lvs_rawcheck.checks.agenda import Agenda

_GOLDEN = 0.6180339887498949
_ROUNDING = 1e-9  # of an interval: a place that has just been is not the next one
_STALE_MOST = 2  # times as many entries as checks: then those that are out of date are thrown away


class Entry:
    """One check's place. due: when it runs next, None while it runs."""

    __slots__ = ("_place", "due", "interval", "key", "serial")

    def __init__(self, key: str, interval: float, place: float) -> None:
        self.key = key
        self.interval = interval
        self.due: float | None = None
        self.serial = 0
        """Of its entry that counts; others of its are out of date."""
        self._place = place

    def next_place(self, now: float) -> float:
        """Return the first of its places that is later than `now`."""
        offset = self._place * self.interval
        return (floor((now - offset) / self.interval + _ROUNDING) + 1) * self.interval + offset


class Schedule:
    """The checks of the registry, by key."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._agenda = Agenda()
        """Of serial numbers and entries; and so, of what is due already and was not given out:"""
        self._overdue: deque[tuple[int, Entry]] = deque()
        self._planned = 0
        """How many there are of these at most."""
        self._serial = 0
        self._given_out = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, key: str, interval: float, now: float) -> None:
        """Take in a check; its first run is within one interval. interval: seconds, > 0."""
        self._given_out += 1
        entry = Entry(key, interval, self._given_out * _GOLDEN % 1.0)
        self._entries[key] = entry
        self._plan(entry, entry.next_place(now))

    def remove(self, key: str) -> None:
        """Forget a check; one that runs is not due again."""
        entry = self._entries.pop(key)
        entry.serial = -1

    def next_due(self) -> float | None:
        """Return when to ask again for what is due, None if nothing ever is; it may be that nothing is by then."""
        if not self._entries:
            return None
        while self._overdue:
            serial, entry = self._overdue[0]
            if entry.serial == serial and entry.due is not None:
                return entry.due
            self._overdue.popleft()
        return self._agenda.soonest()

    def take_due(self, now: float, most: int = sys.maxsize) -> list[tuple[str, float]]:
        """Return the checks that are due, the longest first, and when they were; they run from now on."""
        taken: list[tuple[str, float]] = []
        overdue = self._overdue
        overdue += self._agenda.take_due(now)
        while overdue and len(taken) < most:
            serial, entry = overdue.popleft()
            self._planned -= 1
            if entry.serial == serial and entry.due is not None:
                taken.append((entry.key, entry.due))
                entry.due = None
        return taken

    def finished(self, key: str, now: float, again_at: float | None = None) -> float | None:
        """Note that a run is over; return when the next one is due, None where there is none.

        again_at: it is wanted sooner than at its own place.
        """
        entry = self._entries.get(key)
        if entry is None:
            return None  # it was removed
        if entry.due is None:  # else it is another one of this name
            place = entry.next_place(now)
            self._plan(entry, place if again_at is None else min(max(again_at, now), place))
        return entry.due

    def hasten(self, keys: Iterable[str], now: float, within: float) -> None:
        """Let checks run soon, spread over `within` seconds; those that are due before that stay where they are.

        One that runs now is not asked again: who wants another word of it asks again when it has finished.
        """
        waiting = [entry for key in keys if (entry := self._entries.get(key)) is not None and entry.due is not None]
        for number, entry in enumerate(waiting):
            soon = now + within * number / len(waiting)
            assert entry.due is not None
            if soon < entry.due:
                self._plan(entry, soon)

    def _plan(self, entry: Entry, due: float) -> None:
        self._serial += 1
        entry.serial = self._serial
        entry.due = due
        self._agenda.add(due, (self._serial, entry))
        self._planned += 1
        if self._planned > _STALE_MOST * len(self._entries) + 64:
            self._throw_away()

    def _throw_away(self) -> None:
        """Keep of each check the entry that counts."""
        self._agenda.keep_only(_counts)
        self._overdue = deque(filter(_counts, self._overdue))
        self._planned = len(self._agenda) + len(self._overdue)


def _counts(planned: tuple[int, Entry]) -> bool:
    serial, entry = planned
    return entry.serial == serial
