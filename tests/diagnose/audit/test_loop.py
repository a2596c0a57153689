# SPDX-License-Identifier: GPL-2.0-or-later
"""The pace, and the loop that ends: by itself, by its time, by somebody's wish."""

from __future__ import annotations

import select
from itertools import pairwise

import pytest

from lvs_rawcheck import clock
from lvs_rawcheck.diagnose.audit.loop import Pace, run_together


def test_a_pace_is_even() -> None:
    pace = Pace(100.0)
    begun = []
    for tick in range(200):
        now = 5.0 + tick / 1000
        count = pace.due(now)
        pace.took(count)
        begun += [now] * count
    assert len(begun) == 20
    assert begun[0] == 5.0
    gaps = [second - first for first, second in pairwise(begun)]
    assert all(0.008 <= gap <= 0.012 for gap in gaps)


def test_what_was_missed_is_made_up_for_but_not_all_at_once() -> None:
    pace = Pace(1000.0)
    pace.took(pace.due(0.0))
    assert pace.due(0.010) == 10
    assert pace.due(100.0) in (64, 65)  # seconds are not exact


def test_what_did_not_begin_is_still_due() -> None:
    pace = Pace(10.0)
    assert pace.due(0.0) == 1
    assert pace.due(0.0) == 1
    pace.took(1)
    assert pace.due(0.05) == 0
    assert pace.next_at == pytest.approx(0.1)


class _Countdown:
    """A part that is over after so many turns; None: never."""

    def __init__(self, turns: int | None) -> None:
        self.turns = turns

    def begin(self, epoll: select.epoll) -> None:
        """Register nothing."""

    def ready(self, descriptor: int) -> None:
        """Take in nothing."""

    def work(self, now: float) -> float | None:
        """Count."""
        if self.turns is not None:
            self.turns -= 1
            if self.turns < 0:
                return None
        return now


def test_it_ends_when_all_parts_are_over() -> None:
    parts = [_Countdown(3), _Countdown(0), _Countdown(7)]
    assert run_together(parts, clock.now() + 30.0, lambda: False)
    assert parts[2].turns == -1


def test_it_ends_by_its_time_and_by_a_wish() -> None:
    assert not run_together([_Countdown(None)], clock.now(), lambda: False)
    wishes = iter([False, False, True])
    assert not run_together([_Countdown(None)], clock.now() + 30.0, lambda: next(wishes))
