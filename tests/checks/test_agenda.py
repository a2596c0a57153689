# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.checks.agenda import Agenda

A_MILLISECOND = 0.001
ROUNDING = 1e-6
TIMES = st.floats(0.0, 1e8, allow_nan=False)


@given(st.lists(TIMES, min_size=1))
def test_each_comes_when_it_was_named_and_never_early(times: list[float]) -> None:
    agenda = Agenda()
    for number, when in enumerate(times):
        agenda.add(when, number)
    assert len(agenda) == len(times)
    came: list[int] = []
    before = 0.0
    while (soonest := agenda.soonest()) is not None:
        assert soonest > before
        due = agenda.take_due(soonest)
        assert due, "what it names is due then"
        for number in due:
            assert times[number] <= soonest + ROUNDING
            assert soonest - times[number] <= A_MILLISECOND + ROUNDING
        came += due
        before = soonest
    assert sorted(came) == list(range(len(times)))
    assert len(agenda) == 0


@given(TIMES, TIMES)
def test_what_is_not_due_stays(when: float, now: float) -> None:
    agenda = Agenda()
    agenda.add(when, "a")
    taken = agenda.take_due(now)
    if now < when - ROUNDING:
        assert taken == []
    if now > when + A_MILLISECOND + ROUNDING:
        assert taken == ["a"]
    assert len(agenda) == 1 - len(taken)


def test_those_of_one_moment_come_in_the_order_in_which_they_were_put_down() -> None:
    agenda = Agenda()
    for number in range(5):
        agenda.add(7.0, number)
    agenda.add(6.9, "earlier")
    assert agenda.take_due(8.0) == ["earlier", 0, 1, 2, 3, 4]
    assert agenda.soonest() is None


def test_what_nobody_wants_is_thrown_away() -> None:
    agenda = Agenda()
    for number in range(100):
        agenda.add(float(number), number)
    agenda.keep_only(lambda number: bool(number % 10 == 3))
    assert len(agenda) == 10
    soonest = agenda.soonest()
    assert soonest is not None
    assert 3.0 <= soonest <= 3.0 + A_MILLISECOND
    assert agenda.take_due(50.0) == [3, 13, 23, 33, 43]
    agenda.clear()
    assert agenda.soonest() is None
    assert agenda.take_due(1e9) == []
