# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.neighbor.cache import NeighbourCache

REAL = bytes((10, 0, 0, 42))
OTHER = bytes((10, 0, 0, 43))
MAC = bytes.fromhex("02000a00002a")
NEW_MAC = bytes.fromhex("02000a0000ff")


def test_an_answer_is_believed_until_it_expires() -> None:
    cache = NeighbourCache(expiry=30.0, min_interval=1.0)
    cache.remember(REAL, MAC, 100.0)
    assert cache.lookup(REAL, 100.0) == MAC
    assert cache.lookup(REAL, 129.9) == MAC
    assert cache.lookup(REAL, 130.0) is None
    assert cache.lookup(REAL, 100.0) is None  # once expired, it is gone


def test_nothing_is_known_about_an_address_never_seen() -> None:
    cache = NeighbourCache(expiry=30.0, min_interval=1.0)
    cache.remember(REAL, MAC, 100.0)
    assert cache.lookup(OTHER, 100.0) is None


def test_a_new_answer_takes_the_place_and_the_time_of_the_old() -> None:
    cache = NeighbourCache(expiry=30.0, min_interval=1.0)
    cache.remember(REAL, MAC, 100.0)
    cache.remember(REAL, NEW_MAC, 120.0)
    assert cache.lookup(REAL, 149.9) == NEW_MAC
    assert cache.lookup(REAL, 150.0) is None


def test_an_answer_can_be_forgotten() -> None:
    cache = NeighbourCache(expiry=30.0, min_interval=1.0)
    cache.remember(REAL, MAC, 100.0)
    cache.forget(REAL)
    cache.forget(OTHER)  # nothing to forget
    assert cache.lookup(REAL, 100.0) is None


def test_requests_for_one_address_are_limited_and_others_are_free() -> None:
    cache = NeighbourCache(expiry=30.0, min_interval=1.0)
    assert cache.may_ask(REAL, 100.0)
    cache.note_request(REAL, 100.0)
    assert not cache.may_ask(REAL, 100.9)
    assert cache.may_ask(OTHER, 100.9)
    assert cache.may_ask(REAL, 101.0)
    assert cache.may_ask(REAL, 101.0)  # asking whether is not asking


def test_the_limit_outlives_the_answer() -> None:
    cache = NeighbourCache(expiry=0.5, min_interval=1.0)
    cache.note_request(REAL, 100.0)
    cache.remember(REAL, MAC, 100.1)
    assert cache.lookup(REAL, 100.7) is None
    assert not cache.may_ask(REAL, 100.7)


@given(st.lists(st.floats(0, 0.7), min_size=1, max_size=50))
def test_no_two_requests_are_closer_than_the_limit(pauses: list[float]) -> None:
    cache = NeighbourCache(expiry=30.0, min_interval=1.0)
    now, asked = 100.0, []
    for pause in pauses:
        now += pause
        if cache.may_ask(REAL, now):
            cache.note_request(REAL, now)
            asked.append(now)
    assert asked[0] == 100.0 + pauses[0]
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(asked))
