# SPDX-License-Identifier: GPL-2.0-or-later
"""What machines that ask a segment have in common: they ask, ask again, and give up; touches nothing.

Three of the five verbs, and the patience, of the resolver of ARP and neighbour discovery (neighbor/resolver.py). That
ends with the first answer; these say themselves what one is worth. Exactly one event ends a machine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from lvs_rawcheck.neighbor.resolver import REQUEST_INTERVAL, REQUESTS_MAX

EventT = TypeVar("EventT")


class Asker(ABC, Generic[EventT]):
    """Knows when to ask, and what came of it."""

    def __init__(self) -> None:
        self._sent = 0
        self._timer: float | None = None
        self._event: EventT | None = None
        self._finished = False

    @abstractmethod
    def give_up(self) -> None:
        """Let it be over now: the event is what is known so far."""

    def next_event(self) -> EventT | None:
        """Return what came of it, once; None while that is open."""
        event, self._event = self._event, None
        return event

    def next_timer(self) -> float | None:
        """Return when `handle_timer` wants to be called, None when it does not."""
        return self._timer

    def handle_timer(self, now: float) -> None:
        """Let the time pass: another request falls due, or after the last one it is over."""
        if self._timer is None or now < self._timer:
            return
        self._timer = None
        if self._sent >= REQUESTS_MAX:
            self.give_up()

    def _asks(self, now: float) -> bool:
        """Return whether a request is due; it counts as sent then."""
        if self._finished or self._timer is not None:
            return False
        self._sent += 1
        self._timer = now + REQUEST_INTERVAL
        return True

    def _finish(self, event: EventT) -> None:
        self._event = event
        self._finished = True
        self._timer = None
