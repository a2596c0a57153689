# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.tcp.seq import MODULUS, Seq

numbers = st.integers(0, MODULUS - 1).map(Seq)
near = st.integers(-(2**31) + 1, 2**31 - 1)


@pytest.mark.parametrize(
    ("number", "octets", "following"),
    [(0, 1, 1), (2**32 - 1, 1, 0), (2**32 - 1, 2, 1), (2**31 - 1, 1, 2**31), (0, -1, 2**32 - 1), (5, 0, 5)],
)
def test_addition_wraps(number: int, octets: int, following: int) -> None:
    assert Seq(number) + octets == following
    assert isinstance(Seq(number) + octets, Seq)


@pytest.mark.parametrize(
    ("number", "other", "distance"),
    [(1, 0, 1), (0, 1, -1), (0, 2**32 - 1, 1), (2**32 - 1, 0, -1), (2**31 - 1, 0, 2**31 - 1), (7, 7, 0)],
)
def test_distance_is_signed(number: int, other: int, distance: int) -> None:
    assert Seq(number) - other == distance


def test_any_int_is_taken_modulo() -> None:
    assert Seq(2**32) == 0
    assert Seq(-1) == 2**32 - 1


@given(numbers, near)
def test_adding_and_subtracting_agree(number: Seq, octets: int) -> None:
    assert (number + octets) - number == octets
    assert 0 <= int(number + octets) < MODULUS


@given(numbers, near)
def test_order_is_the_sign_of_the_distance(number: Seq, octets: int) -> None:
    later = number + octets
    assert (number < later) == (octets > 0)
    assert (number <= later) == (octets >= 0)
    assert (number > later) == (octets < 0)
    assert (number >= later) == (octets <= 0)
    assert (number == later) == (octets == 0)


@given(numbers, near)
def test_plain_numbers_compare_like_sequence_numbers(number: Seq, octets: int) -> None:
    assert (number < int(number + octets)) == (octets > 0)
    assert number - int(number + octets) == -octets
