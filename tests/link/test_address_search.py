# SPDX-License-Identifier: GPL-2.0-or-later
"""Filters for many addresses, run by an interpreter of our own; test_bpf_kernel.py attaches such to a socket."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lvs_rawcheck.link.address_search import INSTRUCTIONS_MOST, kernel_octets
from lvs_rawcheck.link.bpf import KERNEL_OCTETS_MOST, MATCH_LIMIT, reply_filter
from lvs_rawcheck.wire.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6
from lvs_rawcheck.wire.ip import PROTO_TCP, PROTO_UDP
from tests.link.bpf_interpreter import interpret
from tests.link.filter_cases import (
    CASES_V4,
    CASES_V6,
    DATAGRAM_CASES_V4,
    DATAGRAM_CASES_V6,
    DIRECTOR_V4,
    DIRECTOR_V6,
    PORT,
)

SEGMENT = {4: CASES_V4[0].octets, 16: CASES_V6[0].octets}
DIRECTOR = {4: DIRECTOR_V4, 16: DIRECTOR_V6}
ETHERTYPE = {4: ETHERTYPE_IPV4, 16: ETHERTYPE_IPV6}
RANDOM = Random(5)
APART_V4 = [number.to_bytes(4, "big") for number in RANDOM.sample(range(0, 2**32, 2), 1000)]
OF_10_8 = [bytes([10]) + number.to_bytes(3, "big") for number in RANDOM.sample(range(0, 2**24, 2), 1700)]
IN_A_ROW = [(0xC0A80000 + number).to_bytes(4, "big") for number in range(5000)]
APART_V6 = [bytes([0x20]) + RANDOM.randbytes(15) for _ in range(170)]
OF_ONE_64 = [DIRECTOR_V6[:8] + RANDOM.randbytes(8) for _ in range(300)]
OF_ONE_96 = [DIRECTOR_V6[:12] + number.to_bytes(4, "big") for number in RANDOM.sample(range(0, 2**32, 2), 1000)]

DATAGRAM = {4: DATAGRAM_CASES_V4[0].octets, 16: DATAGRAM_CASES_V6[0].octets}
PORT_AT = {4: 22, 16: 42}
PORTS = sorted(RANDOM.sample(range(32768, 61000), 900))

Program = Sequence[tuple[int, int, int, int]]


def passes_from(program: Program, source: bytes) -> bool:
    """Return whether an answer to the director passes that comes from this address."""
    size = len(source)
    at = 12 if size == 4 else 8
    segment = SEGMENT[size]
    return interpret(program, segment[:at] + source + segment[at + size :], ETHERTYPE[size]) > 0


def passes_arp_of(program: Program, sender: bytes) -> bool:
    reply = bytes.fromhex("0001080006040002 020000000001") + sender + bytes(6) + DIRECTOR_V4
    return interpret(program, reply, ETHERTYPE_ARP) > 0


def beside(address: bytes) -> list[bytes]:
    """Return addresses that are nearly this one: one more and one less, and one bit of each octet changed."""
    number, size = int.from_bytes(address, "big"), len(address)
    others = [number + 1, number - 1, *(number ^ 1 << 8 * octet for octet in range(size))]
    return [(other % 256**size).to_bytes(size, "big") for other in others]


@pytest.mark.parametrize(
    "vips",
    [APART_V4, OF_10_8, IN_A_ROW, APART_V6, OF_ONE_64, OF_ONE_96],
    ids=["IPv4 apart", "IPv4 of 10/8", "IPv4 in a row", "IPv6 apart", "IPv6 of one /64", "IPv6 of one /96"],
)
def test_each_of_very_many_passes_and_no_neighbour_of_theirs(vips: list[bytes]) -> None:
    program = reply_filter(DIRECTOR[len(vips[0])], vips, vips[:10], [PORT])
    wanted = set(vips)
    assert all(passes_from(program, vip) for vip in vips)
    assert not [
        other for vip in vips[::5] for other in beside(vip) if other not in wanted and passes_from(program, other)
    ]


def addresses(size: int) -> st.SearchStrategy[set[bytes]]:
    """Addresses of whose words many are alike, near the ends of a word, or one after the other."""
    word = st.one_of(st.integers(0, 20), st.integers(2**31 - 9, 2**31 + 9), st.integers(2**32 - 9, 2**32 - 1))
    one = st.lists(word, min_size=size // 4, max_size=size // 4).map(
        lambda words: b"".join(each.to_bytes(4, "big") for each in words)
    )
    return st.sets(one, min_size=MATCH_LIMIT + 1, max_size=30)


@settings(max_examples=8)
@given(addresses(4))
@example({bytes(4), b"\xff" * 4, *((1 << bit).to_bytes(4, "big") for bit in range(32))})
def test_any_ipv4_addresses(vips: set[bytes]) -> None:
    program = reply_filter(DIRECTOR_V4, vips, (), [PORT])
    for source in {*vips, *(other for vip in sorted(vips)[::4] for other in beside(vip))} - {DIRECTOR_V4}:
        assert passes_from(program, source) == (source in vips), source.hex()


@settings(max_examples=8)
@given(addresses(16))
def test_any_ipv6_addresses(vips: set[bytes]) -> None:
    program = reply_filter(DIRECTOR_V6, vips, (), [PORT])
    for source in {*vips, *(other for vip in sorted(vips)[::4] for other in beside(vip))}:
        assert passes_from(program, source) == (source in vips), source.hex()


def test_neighbours_are_looked_for_beside_the_vips() -> None:
    program = reply_filter(DIRECTOR_V4, APART_V4[:100], APART_V4[100:200], [PORT])
    assert all(passes_arp_of(program, address) for address in APART_V4[:200])
    assert not any(passes_arp_of(program, address) for address in APART_V4[200:])
    assert not any(passes_from(program, address) for address in APART_V4[100:])


def test_few_vips_and_many_neighbours() -> None:
    program = reply_filter(DIRECTOR_V4, APART_V4[:1], APART_V4[1:200], [PORT])
    assert [passes_from(program, address) for address in APART_V4[:3]] == [True, False, False]
    assert [passes_arp_of(program, address) for address in APART_V4[198:201]] == [True, True, False]
    without_vips = reply_filter(DIRECTOR_V4, [], APART_V4, [PORT])
    assert not any(passes_from(without_vips, address) for address in APART_V4)


@pytest.mark.parametrize(
    ("vips", "others"),
    [
        ([RANDOM.randbytes(4) for _ in range(4000)], [RANDOM.randbytes(4) for _ in range(500)]),
        ([RANDOM.randbytes(16) for _ in range(1500)], []),
    ],
    ids=["IPv4", "IPv6"],
)
def test_what_does_not_fit_is_told_apart_as_well_as_it_can_be(vips: list[bytes], others: list[bytes]) -> None:
    size = len(vips[0])
    program = reply_filter(DIRECTOR[size], vips, others, [PORT])
    assert len(program) <= INSTRUCTIONS_MOST
    assert kernel_octets(program) < KERNEL_OCTETS_MOST
    assert all(passes_from(program, vip) for vip in vips)
    assert all(passes_arp_of(program, other) for other in others)
    strangers = [RANDOM.randbytes(size) for _ in range(300)]
    assert sum(passes_from(program, stranger) for stranger in strangers) < 200


def udp_ports_that_pass(program: Program, size: int, ports: Sequence[int]) -> list[int]:
    """Return to which of these ports of the director a datagram passes, whoever sent it."""
    at, octets = PORT_AT[size], DATAGRAM[size]
    return [
        port
        for port in ports
        if interpret(program, octets[:at] + port.to_bytes(2, "big") + octets[at + 2 :], ETHERTYPE[size])
    ]


@pytest.mark.parametrize("size", [4, 16], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("count", [1, MATCH_LIMIT, MATCH_LIMIT + 1, 256, 900])
def test_udp_passes_to_the_ports_that_are_guarded_and_to_no_other(size: int, count: int) -> None:
    vips = APART_V4[:300] if size == 4 else APART_V6[:60]
    guarded = PORTS[:: 900 // count][:count]
    program = reply_filter(DIRECTOR[size], vips, vips[:20], (), (PROTO_TCP, PROTO_UDP), guarded)
    assert kernel_octets(program) < KERNEL_OCTETS_MOST
    assert all(passes_from(program, vip) for vip in vips[:20]), "TCP from a VIP, to any port"
    assert udp_ports_that_pass(program, size, guarded) == guarded
    beside_them = {port + step for port in guarded for step in (-1, 1)} | {1024, 2049, 32767, 61000, 65535}
    assert not udp_ports_that_pass(program, size, sorted(beside_them - set(guarded)))


def test_each_guarded_port_passes_also_where_not_all_can_be_told_apart() -> None:
    vips = [RANDOM.randbytes(4) for _ in range(1200)]
    program = reply_filter(DIRECTOR_V4, vips, (), (), (PROTO_TCP, PROTO_UDP), PORTS)
    assert kernel_octets(program) < KERNEL_OCTETS_MOST
    assert udp_ports_that_pass(program, 4, PORTS) == PORTS
    assert all(passes_from(program, vip) for vip in vips)
    assert not udp_ports_that_pass(program, 4, range(1024, 32768, 7)), "nor does what lies outside them all"


@pytest.mark.parametrize("room", [KERNEL_OCTETS_MOST // 2, KERNEL_OCTETS_MOST // 4])
@pytest.mark.parametrize("count", [MATCH_LIMIT, 900])
def test_a_program_for_less_room_passes_more_and_misses_nothing(room: int, count: int) -> None:
    vips, others = APART_V4[:count], APART_V4[count : count + 100]
    program = reply_filter(DIRECTOR_V4, vips, others, (), (PROTO_TCP, PROTO_UDP), PORTS[:count], room)
    assert kernel_octets(program) < room
    assert all(passes_from(program, vip) for vip in vips)
    assert all(passes_arp_of(program, other) for other in others)
    assert udp_ports_that_pass(program, 4, PORTS[:count]) == PORTS[:count]
