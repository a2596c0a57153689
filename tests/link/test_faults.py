# SPDX-License-Identifier: GPL-2.0-or-later
"""The fault injector: what it loses, doubles and reorders, and that it invents nothing."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.link.faults import FaultyLink
from lvs_rawcheck.link.memory import MemoryLink, memory_cable
from lvs_rawcheck.wire.ethernet import ETHERTYPE_IPV4

MAC_A = bytes.fromhex("020000000100")
MAC_B = bytes.fromhex("020000000200")
FRAMES = 100  # fits into a cable's queue, doubled


def _received(link: FaultyLink | MemoryLink) -> list[int]:
    found = []
    while (frame := link.receive()) is not None:
        found.append(int.from_bytes(frame.octets, "big"))
    return found


def _send(link: FaultyLink | MemoryLink, destination: bytes) -> None:
    for number in range(FRAMES):
        link.send(number.to_bytes(2, "big"), destination, ETHERTYPE_IPV4)


def _through(seed: int, loss: float, duplicate: float, reorder: float) -> tuple[list[int], list[int]]:
    """Return which of FRAMES arrived, sent through a faulty link and received through it."""
    a, b = memory_cable(MAC_A, MAC_B)
    faulty = FaultyLink(a, Random(seed), loss, duplicate, reorder)
    _send(faulty, MAC_B)
    _send(b, MAC_A)
    outward, inward = _received(b), _received(faulty)
    inward += _received(faulty)
    faulty.close()
    b.close()
    return outward, inward


def test_without_faults_everything_passes() -> None:
    assert _through(1, 0.0, 0.0, 0.0) == (list(range(FRAMES)), list(range(FRAMES)))


def test_loss() -> None:
    for arrived in _through(1, 0.2, 0.0, 0.0):
        assert arrived == sorted(arrived)
        assert 0.6 * FRAMES < len(arrived) < 0.95 * FRAMES
    assert _through(1, 1.0, 0.0, 0.0) == ([], [])


def test_duplicates() -> None:
    for arrived in _through(1, 0.0, 1.0, 0.0):
        assert Counter(arrived) == dict.fromkeys(range(FRAMES), 2)


def test_reordering() -> None:
    for arrived in _through(1, 0.0, 0.0, 0.3):
        assert arrived != sorted(arrived)
        assert len(set(arrived)) >= FRAMES - 1, "only the last one can still be held back"
        assert max(abs(position - number) for position, number in enumerate(arrived)) == 1


def test_a_frame_held_back_comes_with_the_next_call() -> None:
    a, b = memory_cable(MAC_A, MAC_B)
    faulty = FaultyLink(a, Random(1), reorder=1.0)
    b.send(b"\0\7", MAC_A, ETHERTYPE_IPV4)
    frame = faulty.receive()
    assert frame is not None
    assert frame.octets == b"\0\7"
    faulty.close()
    b.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_seed_gives_the_same_faults(seed: int) -> None:
    assert _through(seed, 0.2, 0.1, 0.2) == _through(seed, 0.2, 0.1, 0.2)


@given(st.integers(), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_nothing_is_invented(seed: int, loss: float, duplicate: float, reorder: float) -> None:
    for arrived in _through(seed, loss, duplicate, reorder):
        assert max(Counter(arrived).values(), default=0) <= 2
        assert set(arrived) <= set(range(FRAMES))
