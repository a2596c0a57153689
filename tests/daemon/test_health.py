# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.daemon.health import DOWN, UNKNOWN, UP, Health


@pytest.mark.parametrize("healthy", [True, False])
def test_the_first_result_says_it_at_once(healthy: bool) -> None:
    health = Health(rise=3, fall=3)
    assert health.state == UNKNOWN
    assert health.note(healthy)
    assert health.state == (UP if healthy else DOWN)


def test_so_many_failures_in_a_row_take_a_server_out() -> None:
    health = Health(rise=1, fall=3)
    health.note(True)
    assert [health.note(False) for _ in range(3)] == [False, False, True]
    assert health.state == DOWN


def test_a_pass_in_between_begins_the_count_anew() -> None:
    health = Health(rise=1, fall=2)
    health.note(True)
    assert not any(health.note(healthy) for healthy in (False, True, False, True, False))
    assert health.in_doubt
    assert health.note(False)


def test_so_many_passes_in_a_row_bring_it_back() -> None:
    health = Health(rise=2, fall=1)
    health.note(False)
    assert [health.note(healthy) for healthy in (True, False, True, True)] == [False, False, False, True]


@given(st.integers(1, 5), st.integers(1, 5), st.lists(st.booleans(), max_size=60))
def test_the_state_is_that_of_the_last_run_of_results_that_was_long_enough(
    rise: int, fall: int, results: list[bool]
) -> None:
    health = Health(rise, fall)
    for result in results:
        health.note(result)
    assert health.state == _by_definition(rise, fall, results)


def _by_definition(rise: int, fall: int, results: list[bool]) -> str:
    if not results:
        return UNKNOWN
    state = results[0]
    for number in range(1, len(results) + 1):
        needed = fall if state else rise
        latest = results[max(0, number - needed) : number]
        if len(latest) == needed and all(result != state for result in latest):
            state = not state
    return UP if state else DOWN
