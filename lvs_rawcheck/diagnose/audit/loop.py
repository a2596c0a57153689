# SPDX-License-Identifier: GPL-2.0-or-later
"""The one loop that waits: parts of an audit that go on side by side, each at its pace, until all of them are over."""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from typing import Protocol

from lvs_rawcheck import clock

_LOOK_UP_SECONDS = 0.1  # so often somebody who wants it to stop is heard
_BURST = 64  # after a pause not all that was missed is made up for at once


class Part(Protocol):
    """What takes part."""

    def begin(self, epoll: select.epoll) -> None:
        """Register what is to be waited for."""

    def ready(self, descriptor: int) -> None:
        """Take in what a descriptor has; those of others are none of its business."""

    def work(self, now: float) -> float | None:
        """Do what is due; return when to be called again at the latest, None when all is over."""


def run_together(parts: Sequence[Part], until: float, stopped: Callable[[], bool]) -> bool:
    """Run parts until all are over, and return True; False: it was stopped, or `until` (monotonic seconds) came."""
    with select.epoll() as epoll:
        for part in parts:
            part.begin(epoll)
        while True:
            now = clock.now()
            timers = [timer for part in parts if (timer := part.work(now)) is not None]
            if not timers:
                return True
            if now >= until or stopped():
                return False
            wait = min(min(timers) - clock.now(), _LOOK_UP_SECONDS)
            for descriptor, _ in epoll.poll(max(wait, 0.0)):
                for part in parts:
                    part.ready(descriptor)


class Pace:
    """So many a second, evenly. rate: > 0."""

    def __init__(self, rate: float) -> None:
        self._interval = 1.0 / rate
        self._next: float | None = None

    def due(self, now: float) -> int:
        """Return how many may begin now."""
        if self._next is None:
            self._next = now
        if now < self._next:
            return 0
        self._next = max(self._next, now - _BURST * self._interval)
        return int((now - self._next) / self._interval) + 1

    def took(self, count: int) -> None:
        """Note how many began."""
        if self._next is not None:
            self._next += count * self._interval

    @property
    def next_at(self) -> float:
        """Return when the next one may begin."""
        return self._next if self._next is not None else 0.0
