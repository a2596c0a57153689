# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.tcp.timers import INITIAL_RTO, MAX_RTO, MIN_RTO, RoundTrip, retransmit_timeout


@pytest.mark.parametrize(
    ("srtt", "rttvar", "timeout"),
    [
        (0.0, 0.0, MIN_RTO),
        (0.001, 0.0005, MIN_RTO),
        (0.2, 0.1, 0.6),
        (0.5, 0.25, MAX_RTO),
        (9.0, 9.0, MAX_RTO),
    ],
)
def test_timeout(srtt: float, rttvar: float, timeout: float) -> None:
    assert retransmit_timeout(srtt, rttvar) == pytest.approx(timeout)


def test_before_any_measurement() -> None:
    assert RoundTrip().rto == INITIAL_RTO


def test_first_measurement() -> None:
    """RFC 6298 2.2."""
    trip = RoundTrip()
    trip.measure(0.1)
    assert (trip.srtt, trip.rttvar) == (0.1, 0.05)
    assert trip.rto == pytest.approx(0.3)


def test_further_measurements() -> None:
    """RFC 6298 2.3: alpha 1/8, beta 1/4, and the variation takes the old mean."""
    trip = RoundTrip()
    trip.measure(0.1)
    trip.measure(0.2)
    assert trip.rttvar == pytest.approx(0.75 * 0.05 + 0.25 * 0.1)
    assert trip.srtt == pytest.approx(0.875 * 0.1 + 0.125 * 0.2)
    assert trip.rto == pytest.approx(0.1125 + 4 * 0.0625)


def test_back_off_doubles_up_to_a_second() -> None:
    trip = RoundTrip()
    seen = []
    for _ in range(4):
        trip.back_off()
        seen.append(trip.rto)
    assert seen == [0.4, 0.8, 1.0, 1.0]


def test_a_measurement_ends_the_back_off() -> None:
    trip = RoundTrip()
    trip.back_off()
    trip.measure(0.01)
    assert trip.rto == MIN_RTO


@given(st.lists(st.floats(0, 1e6)))
def test_timeout_stays_in_its_bounds(trips: list[float]) -> None:
    trip = RoundTrip()
    for rtt in trips:
        trip.measure(rtt)
        assert MIN_RTO <= trip.rto <= MAX_RTO
