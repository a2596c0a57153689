# SPDX-License-Identifier: GPL-2.0-or-later
"""Which MAC a real server's frames get: the kernel's entry, doubt, questions on the wire, and their pace."""

from __future__ import annotations

from itertools import pairwise

import pytest

from lvs_rawcheck.checks.steering import (
    ASK_INTERVAL,
    BELIEVED_SECONDS,
    REREAD_SECONDS,
    SETTLE_SECONDS,
    Steering,
)
from lvs_rawcheck.link.rtnetlink import Neighbour
from lvs_rawcheck.neighbor.resolver import REQUEST_INTERVAL, REQUESTS_MAX, Resolver
from lvs_rawcheck.wire.arp import REPLY, REQUEST, ArpPacket, parse_arp
from lvs_rawcheck.wire.ethernet import BROADCAST, ETHERTYPE_ARP
from tests.checks.site import packed

DIRECTOR_MAC, REAL_MAC, NEW_MAC = (bytes.fromhex(f"02000000000{digit}") for digit in "abc")
DIRECTOR_IP, REAL_IP = packed("10.0.0.21"), packed("10.0.0.42")
REACHABLE, STALE, INCOMPLETE, FAILED, PERMANENT, NOARP = 0x02, 0x04, 0x01, 0x20, 0x80, 0x40  # neighbour.h


class Kernel:
    """An entry that the test writes, and how often it was read and the kernel nudged."""

    def __init__(self, mac: bytes | None = None, state: int = STALE) -> None:
        self.entry = None if mac is None else Neighbour(REAL_IP, mac, state)
        self.reads = 0
        self.nudges = 0

    def set(self, mac: bytes | None, state: int) -> None:
        self.entry = Neighbour(REAL_IP, mac, state)

    def lookup(self) -> Neighbour | None:
        self.reads += 1
        return self.entry

    def nudge(self) -> None:
        self.nudges += 1

    def steering(self, hears_answers: bool = True) -> Steering:
        def resolver() -> Resolver:
            return Resolver(REAL_IP, DIRECTOR_IP, DIRECTOR_MAC)

        return Steering(REAL_IP, self.lookup, self.nudge, resolver, hears_answers)


def questions(steering: Steering, now: float) -> int:
    """Return how many questions it sends now; each must ask everybody for the real server, as the director."""
    sent = steering.packets_to_send(now)
    for octets, destination, ethertype in sent:
        assert (destination, ethertype) == (BROADCAST, ETHERTYPE_ARP)
        packet = parse_arp(octets)
        assert (packet.operation, packet.sender_ip, packet.target_ip) == (REQUEST, DIRECTOR_IP, REAL_IP)
    return len(sent)


def answer(steering: Steering, mac: bytes, now: float) -> None:
    octets = ArpPacket(REPLY, mac, REAL_IP, DIRECTOR_MAC, DIRECTOR_IP).to_octets()
    steering.receive_packet(octets, mac, ETHERTYPE_ARP, now)


def pass_time(steering: Steering, until: float) -> int:
    """Serve its timers until then; return how many questions it sent."""
    asked = 0
    while (timer := steering.next_timer()) is not None and timer <= until:
        steering.handle_timer(timer)
        asked += questions(steering, timer)
    return asked


@pytest.mark.parametrize("state", [REACHABLE, STALE, PERMANENT, NOARP])
def test_the_kernel_s_entry_is_taken_as_it_is(state: int) -> None:
    kernel = Kernel(REAL_MAC, state)
    steering = kernel.steering()
    steering.begin(0.0)
    assert steering.mac == REAL_MAC
    assert questions(steering, 0.0) == 0
    assert (kernel.nudges, steering.next_timer()) == (0, None)


def test_while_checks_pass_the_entry_is_read_once_in_a_while() -> None:
    kernel = Kernel(REAL_MAC)
    steering = kernel.steering()
    for moment in range(10):
        steering.begin(moment * BELIEVED_SECONDS / 10)
        steering.trust()
    assert kernel.reads == 1
    kernel.set(NEW_MAC, REACHABLE)
    steering.begin(BELIEVED_SECONDS)
    assert (kernel.reads, steering.mac) == (2, NEW_MAC)


@pytest.mark.parametrize("state", [None, INCOMPLETE, FAILED])
def test_without_an_entry_it_nudges_once_and_asks(state: int | None) -> None:
    kernel = Kernel()
    if state is not None:
        kernel.set(None if state == INCOMPLETE else REAL_MAC, state)
    steering = kernel.steering()
    steering.begin(0.0)
    assert steering.mac is None
    assert steering.asking
    assert kernel.nudges == 1
    assert questions(steering, 0.0) == 1
    assert 1 + pass_time(steering, REQUESTS_MAX * REQUEST_INTERVAL) == REQUESTS_MAX
    assert kernel.nudges == 1, "before the pace allows another question"
    assert steering.silent


def test_the_kernel_s_own_answer_is_noticed_while_it_is_awaited() -> None:
    kernel = Kernel()
    steering = kernel.steering()
    steering.begin(0.0)
    kernel.set(REAL_MAC, REACHABLE)
    assert steering.mac is None
    pass_time(steering, REREAD_SECONDS)
    assert steering.mac == REAL_MAC


def test_an_answer_is_used_where_the_kernel_makes_no_entry_of_it() -> None:
    kernel = Kernel()
    steering = kernel.steering()
    steering.begin(0.0)
    questions(steering, 0.0)
    answer(steering, REAL_MAC, 0.01)
    assert (steering.mac, steering.asking, steering.silent) == (REAL_MAC, False, False)


def test_the_kernel_has_the_last_word() -> None:
    """What IPVS would use counts, though an answer says otherwise: clients' packets go there."""
    kernel = Kernel(REAL_MAC, REACHABLE)
    steering = kernel.steering()
    steering.begin(0.0)
    steering.doubt(0.2)
    questions(steering, 0.2)
    answer(steering, NEW_MAC, 0.21)
    assert steering.mac == REAL_MAC
    kernel.set(NEW_MAC, REACHABLE)
    pass_time(steering, 0.21 + SETTLE_SECONDS)
    assert steering.mac == NEW_MAC


def test_doubt_asks_once_and_again_when_the_kernel_would_listen() -> None:
    kernel = Kernel(REAL_MAC, REACHABLE)
    steering = kernel.steering()
    steering.begin(0.0)
    asked_at = []
    for step in range(20):
        now = 0.2 * (step + 1)
        steering.doubt(now)
        pass_time(steering, now)
        if questions(steering, now):
            asked_at.append(now)
            answer(steering, NEW_MAC, now)
    assert asked_at == pytest.approx([0.2, 1.4, 2.6, 3.8])
    assert all(later - earlier >= ASK_INTERVAL for earlier, later in pairwise(asked_at))
    assert kernel.nudges == 0, "the kernel has an entry"


@pytest.mark.parametrize("state", [PERMANENT, NOARP])
def test_a_permanent_entry_is_never_asked_for_nor_doubted(state: int) -> None:
    kernel = Kernel(REAL_MAC, state)
    steering = kernel.steering()
    steering.begin(0.0)
    steering.doubt(0.2)
    assert (questions(steering, 0.2), steering.asking, steering.silent) == (0, False, False)
    kernel.set(NEW_MAC, state)
    steering.doubt(0.4)
    assert steering.mac == NEW_MAC, "the administrator may change it"


@pytest.mark.parametrize("mac", ["333300000001", "ffffffffffff", "000000000000"])
def test_an_entry_of_a_group_is_nobody_s(mac: str) -> None:
    kernel = Kernel(bytes.fromhex(mac), NOARP)
    steering = kernel.steering()
    steering.begin(0.0)
    assert steering.mac is None


def test_silence_needs_a_question() -> None:
    kernel = Kernel(REAL_MAC, STALE)
    steering = kernel.steering()
    steering.begin(0.0)
    assert not steering.silent
    steering.doubt(0.2)
    assert steering.silent
    questions(steering, 0.2)
    answer(steering, REAL_MAC, 0.3)
    assert not steering.silent


def test_what_cannot_be_heard_is_not_silence() -> None:
    kernel = Kernel(REAL_MAC, STALE)
    steering = kernel.steering(hears_answers=False)
    steering.begin(0.0)
    steering.doubt(0.2)
    assert questions(steering, 0.2) == 1
    assert not steering.silent
    kernel.set(NEW_MAC, REACHABLE)
    pass_time(steering, 0.2 + REREAD_SECONDS)
    assert steering.mac == NEW_MAC


def test_trust_ends_the_questions() -> None:
    kernel = Kernel(REAL_MAC, STALE)
    steering = kernel.steering()
    steering.begin(0.0)
    steering.doubt(0.2)
    steering.trust()
    assert (steering.asking, steering.silent, steering.next_timer()) == (False, False, None)


def test_an_entry_that_goes_away_is_no_longer_used() -> None:
    kernel = Kernel(REAL_MAC, STALE)
    steering = kernel.steering()
    steering.begin(0.0)
    kernel.set(REAL_MAC, FAILED)
    steering.doubt(0.2)
    assert steering.mac is None
    assert kernel.nudges == 1


def test_a_check_soon_after_a_fruitless_one_still_looks_and_asks() -> None:
    kernel = Kernel()
    steering = kernel.steering()
    steering.begin(0.0)
    questions(steering, 0.0)
    steering.rest()
    steering.begin(0.3)
    assert pass_time(steering, 1.0) == 0, "the kernel would not listen yet"
    assert pass_time(steering, ASK_INTERVAL + REREAD_SECONDS) == 1
    kernel.set(REAL_MAC, REACHABLE)
    pass_time(steering, ASK_INTERVAL + 2 * REREAD_SECONDS)
    assert steering.mac == REAL_MAC


def test_silence_is_remembered_until_an_answer() -> None:
    kernel = Kernel(REAL_MAC, STALE)
    steering = kernel.steering()
    steering.begin(0.0)
    steering.doubt(0.2)
    steering.rest()
    steering.begin(0.5)
    steering.doubt(0.7)
    assert questions(steering, 0.7) == 0
    assert steering.silent, "the reason of two checks in a row is the same"
    steering.trust()
    assert not steering.silent
