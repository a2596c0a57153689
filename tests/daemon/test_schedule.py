# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from lvs_rawcheck.daemon.schedule import Schedule

START = 1000.0


def test_starts_are_spread_evenly_within_the_interval() -> None:
    schedule = Schedule()
    for number in range(1000):
        schedule.add(str(number), 1.0, START)
    due = sorted(due for _, due in schedule.take_due(START + 1.0))
    assert len(due) == 1000
    gaps = [later - earlier for earlier, later in pairwise(due)]
    assert max(gaps) < 2.7 / 1000  # of the golden ratio's places the widest gap is at most phi^2 / n


def test_a_check_is_due_once_in_each_interval_at_its_own_place() -> None:
    schedule = Schedule()
    schedule.add("a", 2.0, START)
    dues = []
    for _ in range(5):
        now = schedule.next_due()
        assert now is not None
        [(key, due)] = schedule.take_due(now)
        schedule.finished(key, now + 0.3)
        dues.append(due)
    assert [round(later - earlier, 6) for earlier, later in pairwise(dues)] == [2.0] * 4


def test_what_runs_is_not_due_again_before_it_has_finished() -> None:
    schedule = Schedule()
    schedule.add("a", 1.0, START)
    assert len(schedule.take_due(START + 1.0)) == 1
    assert schedule.take_due(START + 10.0) == []
    assert schedule.next_due() is None
    schedule.finished("a", START + 10.0)
    due = schedule.next_due()
    assert due is not None
    assert START + 10.0 < due <= START + 11.0  # the rounds that it missed are not made up for


def test_asked_again_soon_it_goes_on_at_its_own_place() -> None:
    schedule = Schedule()
    schedule.add("a", 10.0, START)
    first = schedule.next_due()
    assert first is not None
    schedule.take_due(first)
    schedule.finished("a", first + 0.1, again_at=first + 0.5)
    assert schedule.next_due() == first + 0.5
    schedule.take_due(first + 0.5)
    schedule.finished("a", first + 0.6)
    due = schedule.next_due()
    assert due is not None
    assert abs(due - (first + 10.0)) < 1e-6


def test_hastened_checks_are_spread_and_what_was_due_before_stays() -> None:
    schedule = Schedule()
    for number in range(100):
        schedule.add(str(number), 60.0, START)
    schedule.hasten([str(number) for number in range(100)], START, 1.0)
    taken = schedule.take_due(START + 1.0)
    assert len(taken) == 100
    assert len({round(due, 3) for _, due in taken}) > 90


def test_a_removed_check_is_not_due_even_if_it_was_running() -> None:
    schedule = Schedule()
    schedule.add("a", 1.0, START)
    schedule.take_due(START + 1.0)
    schedule.remove("a")
    schedule.finished("a", START + 1.2)
    assert schedule.next_due() is None
    assert len(schedule) == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_a_long_run_keeps_every_promise(seed: int, count: int) -> None:
    """Never two runs at once, every check once an interval while it is fast enough, and never earlier than asked."""
    dice = random.Random(seed)
    schedule = Schedule()
    intervals = {str(number): dice.choice((0.5, 1.0, 2.0, 7.5)) for number in range(count)}
    for key, interval in intervals.items():
        schedule.add(key, interval, START)
    running: dict[str, float] = {}
    last: dict[str, float] = {}
    now = START
    for _ in range(400):
        due = schedule.next_due()
        ends = min(running.values(), default=None)
        now = max(now, min(each for each in (due, ends) if each is not None))
        for key in [key for key, end in running.items() if end <= now]:
            del running[key]
            schedule.finished(key, now)
        for key, was_due in schedule.take_due(now):
            assert key not in running
            assert was_due <= now
            if key in last:
                assert was_due - last[key] < 2 * intervals[key] + 1e-6
            last[key] = was_due
            running[key] = now + dice.random() * intervals[key]


def test_a_day_of_ten_checks_that_come_and_go_keeps_little_in_memory() -> None:
    schedule = Schedule()
    for number in range(10):
        schedule.add(str(number), 1.0, START)
    now = START
    for step in range(86_400):
        now += 1.0
        for key, _ in schedule.take_due(now):
            schedule.finished(key, now, again_at=now + 0.2 if step % 3 else None)
        if step % 10 == 0:
            schedule.hasten([str(number) for number in range(10)], now, 1.0)
        if step % 100 == 0:
            schedule.remove(str(step // 100 % 10))
            schedule.add(str(step // 100 % 10), 1.0, now)
    assert len(schedule) == 10
    assert len(schedule._heap) <= 2 * 10 + 65
