# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from lvs_rawcheck.daemon.health import DOWN, UNKNOWN, UP, Health
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
    again = schedule.next_due()
    assert again is not None
    assert 0.0 <= again - (first + 0.5) <= 0.001
    schedule.take_due(again)
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
    assert len(schedule._agenda) <= 2 * 10 + 65


class _Simulated:
    """A server that is up for hours and down for minutes, and what a daemon knows of it."""

    def __init__(self, key: str, dice: random.Random) -> None:
        self.key = key
        self.interval = dice.choice((1.0, 5.0, 6.0, 30.0))
        self.rise, self.fall = dice.choice((1, 2)), dice.choice((1, 3))
        self.health = Health(self.rise, self.fall)
        self.is_up = True
        self.in_row = 0
        """Results in a row of how the server is."""
        self.last_start = START
        self.asked_anew_at: float | None = None
        """Since when what was known counts no more, None once it was found again."""

    def begin(self, now: float, due: float) -> float:
        """Return when the run that begins now ends."""
        assert due <= now
        assert now - self.last_start <= self.interval + 1.0 + 1e-6, "once an interval, however it was hastened"
        self.last_start = now
        return now + (0.001 if self.is_up else 1.0)

    def end(self, now: float) -> None:
        before = self.health.state
        changed = self.health.note(self.is_up)
        self.in_row += 1
        if before == UNKNOWN:
            assert changed, "the first result is believed"
        elif changed:
            assert self.in_row >= (self.rise if self.is_up else self.fall)
        if self.in_row >= max(self.rise, self.fall):
            assert self.health.state == (UP if self.is_up else DOWN), "so many in a row are always enough"
        if self.asked_anew_at is not None:
            assert now - self.asked_anew_at <= 1.0 + 2 * 1.0, (
                "a second's spread, and a run before it that was under way"
            )
            self.asked_anew_at = None

    def fail_or_come_back(self) -> None:
        self.is_up = not self.is_up
        self.in_row = 0

    def forget(self, now: float) -> None:
        self.health.begin_anew()
        self.asked_anew_at = self.asked_anew_at or now


def test_a_day_of_servers_that_fail_and_roles_that_change() -> None:
    dice = random.Random(86_400)
    schedule = Schedule()
    checks = {str(number): _Simulated(str(number), dice) for number in range(12)}
    for key, check in checks.items():
        schedule.add(key, check.interval, START)
    running: dict[str, float] = {}
    outdated: set[str] = set()
    now, next_event = START, START
    while now < START + 86_400.0:
        due = schedule.next_due()
        now = max(now, min([*running.values(), next_event] + ([due] if due is not None else [])))
        for key in [key for key, end in running.items() if end <= now]:
            del running[key]
            if key in outdated:
                outdated.remove(key)
                schedule.finished(key, now, again_at=now)
            else:
                checks[key].end(now)
                schedule.finished(key, now)
        if now >= next_event:
            next_event = now + dice.expovariate(1 / 120.0)
            if dice.random() < 0.2:  # another role: all are asked anew
                for check in checks.values():
                    check.forget(now)
                outdated |= running.keys()
                schedule.hasten(checks, now, 1.0)
            else:
                chosen = checks[dice.choice(list(checks))]
                if chosen.key not in running:
                    chosen.fail_or_come_back()
        for key, was_due in schedule.take_due(now):
            assert key not in running, "never two runs of one check at once"
            running[key] = checks[key].begin(now, was_due)
    assert sum(check.health.state == UNKNOWN for check in checks.values()) == 0
