# SPDX-License-Identifier: GPL-2.0-or-later
"""Laws: however a stream is cut, mixed up and repeated, it comes out once; what SACK says of it is true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.tcp.reassembly import MAX_ISLANDS, Reassembly
from tests.tcp.script import peer_octets

STREAM = peer_octets(0, 300)

pieces = st.lists(st.tuples(st.integers(0, 299), st.integers(0, 80)), max_size=60)


def cover(begin: int, length: int) -> range:
    return range(begin, min(begin + length, len(STREAM)))


@given(pieces)
def test_what_is_there_comes_out_once_and_in_order(cuts: list[tuple[int, int]]) -> None:
    received = Reassembly()
    delivered = b""
    there: set[int] = set()
    for begin, length in cuts:
        delivered += received.add(begin, STREAM[begin : begin + length])
        there.update(cover(begin, length))
        reachable = next(n for n in range(len(STREAM) + 1) if n not in there)
        assert delivered == STREAM[:reachable]
        assert received.expected == reachable


@given(pieces)
def test_islands_are_sorted_apart_and_true(cuts: list[tuple[int, int]]) -> None:
    received = Reassembly()
    there: set[int] = set()
    for begin, length in cuts:
        received.add(begin, STREAM[begin : begin + length])
        there.update(cover(begin, length))
        end = received.expected
        for position, octets in received.islands:
            assert position > end, "neither touching nor overlapping"
            assert octets == STREAM[position : position + len(octets)]
            end = position + len(octets)
        held = {n for position, octets in received.islands for n in range(position, position + len(octets))}
        assert held == {n for n in there if n >= received.expected}


@given(pieces)
def test_first_sack_block_holds_what_came_last(cuts: list[tuple[int, int]]) -> None:
    """RFC 2018 section 4; and no block is named twice, none is false."""
    received = Reassembly()
    for begin, length in cuts:
        received.add(begin, STREAM[begin : begin + length])
        blocks = received.sack_blocks()
        islands = {(position, position + len(octets)) for position, octets in received.islands}
        assert len(blocks) == min(3, len(islands))
        assert len(set(blocks)) == len(blocks)
        assert set(blocks) <= islands
        if length and begin > received.expected:
            left, right = blocks[0]
            assert left <= begin
            assert right >= min(begin + length, len(STREAM))


@given(st.permutations([(begin, 30) for begin in range(0, 300, 10)]))
def test_any_order_gives_the_whole_stream(cuts: list[tuple[int, int]]) -> None:
    received = Reassembly()
    assert b"".join(received.add(b, STREAM[b : b + n]) for b, n in cuts) == STREAM
    assert received.islands == []


@pytest.mark.parametrize("begin", [0, 3, 5, 9])
def test_what_was_there_first_wins(begin: int) -> None:
    """A forged segment must not change octets that were acknowledged, by SACK even, before it came."""
    received = Reassembly()
    received.add(5, b"right")
    delivered = received.add(begin, b"wrong") + received.add(0, b"begin")
    assert delivered[5:10] == b"right"


def test_islands_are_bounded() -> None:
    received = Reassembly()
    for position in range(2, 1000, 2):
        received.add(position, b"x")
    assert len(received.islands) == MAX_ISLANDS
    assert received.add(0, b"ab") == b"abx", "what is in order is taken all the same"


def test_an_island_may_grow_when_all_places_are_taken() -> None:
    received = Reassembly()
    for position in range(2, 1000, 2):
        received.add(position, b"x")
    received.add(3, b"y")
    assert len(received.islands) == MAX_ISLANDS - 1, "it closed the gap between two"


@given(pieces, st.integers(0, 300))
def test_nothing_lies_behind_an_end(cuts: list[tuple[int, int]], end: int) -> None:
    received = Reassembly()
    for begin, length in cuts:
        received.add(begin, STREAM[begin : begin + length])
    before = received.islands
    received.end_at(end)
    assert received.islands == [(p, o[: end - p]) for p, o in before if p < end]
    assert all(octets and position + len(octets) <= end for position, octets in received.islands)
