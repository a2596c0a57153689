# SPDX-License-Identifier: GPL-2.0-or-later
"""The resolver fed by hand: what it sends, what it believes, when it gives up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.neighbor.resolver import Resolved, Resolver, Unresolved
from lvs_rawcheck.wire.address import parse_address, parse_mac
from lvs_rawcheck.wire.arp import REPLY, REQUEST, ArpPacket
from lvs_rawcheck.wire.ethernet import BROADCAST, ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6
from lvs_rawcheck.wire.icmp import IcmpMessage
from lvs_rawcheck.wire.icmpv6 import (
    NEIGHBOUR_ADVERTISEMENT,
    OVERRIDE,
    SOLICITED,
    echo_reply,
    icmpv6_to_octets,
    neighbour_advertisement,
    neighbour_solicitation,
)
from lvs_rawcheck.wire.ip import PROTO_ICMPV6, PROTO_UDP, build_packet

DIRECTOR = parse_address("10.0.0.1")
REAL = parse_address("10.0.0.42")
OTHER = parse_address("10.0.0.43")
DIRECTOR6 = parse_address("2001:db8::1")
REAL6 = parse_address("2001:db8::42")
OTHER6 = parse_address("2001:db8::43")
ALL_NODES = parse_address("ff02::1")
DIRECTOR_MAC = parse_mac("02:00:0a:00:00:01")
REAL_MAC = parse_mac("02:00:0a:00:00:2a")
OTHER_MAC = parse_mac("02:00:0a:00:00:2b")

# 10.0.0.1 ARP request who has 10.0.0.42
ARP_QUESTION = bytes.fromhex("0001 0800 06 04 0001 02000a000001 0a000001 000000000000 0a00002a")
# 2001:db8::1 > ff02::1:ff00:42 ICMPv6 neighbor solicitation, who has 2001:db8::42
NDP_QUESTION = bytes.fromhex(
    "60000000 0020 3a ff 20010db8000000000000000000000001 ff0200000000000000000001ff000042"
    "8700 11a7 00000000 20010db8000000000000000000000042 0101 02000a000001"
)

Frame = tuple[bytes, bytes, int]  # octets, source MAC, ethertype


def arp(
    operation: int = REPLY,
    sender_mac: bytes = REAL_MAC,
    sender_ip: bytes = REAL,
    target_mac: bytes = DIRECTOR_MAC,
    target_ip: bytes = DIRECTOR,
) -> Frame:
    packet = ArpPacket(operation, sender_mac, sender_ip, target_mac, target_ip)
    return packet.to_octets(), REAL_MAC, ETHERTYPE_ARP


def over_ipv6(
    message: IcmpMessage, source: bytes = REAL6, destination: bytes = DIRECTOR6, hop_limit: int = 255
) -> Frame:
    payload = icmpv6_to_octets(message, source, destination)
    octets = build_packet(source, destination, PROTO_ICMPV6, payload, hop_limit)
    return octets, REAL_MAC, ETHERTYPE_IPV6


def advertisement(target: bytes = REAL6, mac: bytes = REAL_MAC, flags: int = SOLICITED | OVERRIDE) -> IcmpMessage:
    return neighbour_advertisement(target, mac, flags).to_message()


def asking(target: bytes = REAL, ask_mac: bytes | None = None) -> Resolver:
    """Return a resolver that has sent its first request at 0.0."""
    own_ip = DIRECTOR if len(target) == 4 else DIRECTOR6
    resolver = Resolver(target, own_ip, DIRECTOR_MAC, ask_mac)
    assert len(resolver.packets_to_send(0.0)) == 1
    return resolver


@pytest.mark.parametrize(
    ("own_ip", "target", "question"),
    [
        (DIRECTOR, REAL, (ARP_QUESTION, BROADCAST, ETHERTYPE_ARP)),
        (DIRECTOR6, REAL6, (NDP_QUESTION, parse_mac("33:33:ff:00:00:42"), ETHERTYPE_IPV6)),
    ],
)
def test_the_question_goes_to_everybody_who_may_have_the_address(own_ip: bytes, target: bytes, question: Frame) -> None:
    resolver = Resolver(target, own_ip, DIRECTOR_MAC)
    assert resolver.next_timer() is None
    assert resolver.packets_to_send(5.0) == [question]
    assert resolver.packets_to_send(5.1) == []
    assert resolver.next_event() is None


def test_the_question_goes_to_one_station_when_told_so() -> None:
    resolver = Resolver(REAL, DIRECTOR, DIRECTOR_MAC, ask_mac=OTHER_MAC)
    assert resolver.packets_to_send(0.0) == [(ARP_QUESTION, OTHER_MAC, ETHERTYPE_ARP)]
    resolver = Resolver(REAL6, DIRECTOR6, DIRECTOR_MAC, ask_mac=OTHER_MAC)
    ((octets, mac, ethertype),) = resolver.packets_to_send(0.0)
    assert (mac, ethertype, octets[24:40]) == (OTHER_MAC, ETHERTYPE_IPV6, REAL6)


@pytest.mark.parametrize(("target", "answer"), [(REAL, arp()), (REAL6, over_ipv6(advertisement()))])
def test_an_answer_resolves_once_and_ends_the_asking(target: bytes, answer: Frame) -> None:
    resolver = asking(target)
    resolver.receive_packet(*answer, now=0.1)
    assert resolver.next_event() == Resolved(REAL_MAC)
    assert resolver.next_event() is None
    assert resolver.next_timer() is None
    resolver.handle_timer(0.3)
    resolver.receive_packet(*answer, now=0.3)
    assert resolver.packets_to_send(0.3) == []
    assert resolver.next_event() is None


def test_requests_are_repeated_and_then_given_up() -> None:
    resolver = asking()
    for asked_at in (0.0, 0.2, 0.4):
        due = resolver.next_timer()
        assert due is not None
        assert due == pytest.approx(asked_at + 0.2)
        resolver.handle_timer(due - 0.01)  # too early: nothing falls due
        assert resolver.packets_to_send(due - 0.01) == []
        assert resolver.next_event() is None
        resolver.handle_timer(due)
        assert len(resolver.packets_to_send(due)) == (1 if asked_at < 0.4 else 0)
    assert resolver.next_event() == Unresolved()
    assert resolver.next_event() is None
    assert resolver.next_timer() is None


def test_an_answer_after_the_end_changes_nothing() -> None:
    resolver = Resolver(REAL, DIRECTOR, DIRECTOR_MAC, attempts=1)
    resolver.packets_to_send(0.0)
    resolver.handle_timer(0.2)
    assert resolver.next_event() == Unresolved()
    resolver.receive_packet(*arp(), now=0.21)
    assert resolver.next_event() is None


def test_an_answer_to_the_last_request_counts() -> None:
    resolver = asking()
    for now in (0.2, 0.4):
        resolver.handle_timer(now)
        assert len(resolver.packets_to_send(now)) == 1
    resolver.receive_packet(*arp(), now=0.59)
    resolver.handle_timer(0.6)
    assert resolver.next_event() == Resolved(REAL_MAC)


def test_a_late_timer_sends_one_request_and_not_a_burst() -> None:
    resolver = asking()
    resolver.handle_timer(9.0)
    assert len(resolver.packets_to_send(9.0)) == 1
    assert resolver.next_timer() == pytest.approx(9.2)


@given(st.integers(1, 6), st.floats(0.05, 2.0))
def test_as_many_requests_as_asked_for_and_no_more(attempts: int, interval: float) -> None:
    resolver = Resolver(REAL, DIRECTOR, DIRECTOR_MAC, interval=interval, attempts=attempts)
    sent_at = []
    now = 0.0
    for _ in range(20):
        sent_at += [now for _ in resolver.packets_to_send(now)]
        timer = resolver.next_timer()
        if timer is None:
            break
        now = timer
        resolver.handle_timer(now)
    assert resolver.next_event() == Unresolved()
    assert sent_at == pytest.approx([n * interval for n in range(attempts)])


HOSTILE_ARP = {
    "a request, as anybody sends who wants us": arp(operation=REQUEST),
    "another opcode": arp(operation=9),
    "about another address": arp(sender_ip=OTHER),
    "an answer to somebody else": arp(target_ip=OTHER, target_mac=OTHER_MAC),
    "gratuitous": arp(target_ip=REAL, target_mac=BROADCAST),
    "a broadcast MAC": arp(sender_mac=BROADCAST),
    "a multicast MAC": arp(sender_mac=parse_mac("01:00:5e:00:00:01")),
    "no MAC": arp(sender_mac=bytes(6)),
    "our own MAC": arp(sender_mac=DIRECTOR_MAC),
    "truncated": (arp()[0][:27], REAL_MAC, ETHERTYPE_ARP),
    "empty": (b"", REAL_MAC, ETHERTYPE_ARP),
    "another hardware": (b"\x00\x06" + arp()[0][2:], REAL_MAC, ETHERTYPE_ARP),
    "not ARP": (arp()[0], REAL_MAC, ETHERTYPE_IPV4),
}


@pytest.mark.parametrize("frame", HOSTILE_ARP.values(), ids=HOSTILE_ARP.keys())
def test_hostile_arp_changes_nothing(frame: Frame) -> None:
    assert_unmoved_then_resolved(asking(), frame, arp())


def flip_last_octet(frame: Frame) -> Frame:
    return frame[0][:-1] + bytes((frame[0][-1] ^ 1,)), frame[1], frame[2]


def raw_advertisement(body: bytes) -> Frame:
    return over_ipv6(IcmpMessage(NEIGHBOUR_ADVERTISEMENT, 0, bytes((SOLICITED, 0, 0, 0)), body))


HOSTILE_NDP = {
    "a solicitation": over_ipv6(neighbour_solicitation(REAL6, REAL_MAC).to_message()),
    "another message": over_ipv6(echo_reply(1, 1, REAL6)),
    "another protocol": (
        build_packet(REAL6, DIRECTOR6, PROTO_UDP, bytes(32), 255),
        REAL_MAC,
        ETHERTYPE_IPV6,
    ),
    "passed on by a router": over_ipv6(advertisement(), hop_limit=254),
    "about another address": over_ipv6(advertisement(target=OTHER6)),
    "an answer to somebody else": over_ipv6(advertisement(), destination=OTHER6),
    "unsolicited": over_ipv6(advertisement(flags=OVERRIDE)),
    "unsolicited, to all": over_ipv6(advertisement(flags=OVERRIDE), destination=ALL_NODES),
    "solicited, to all": over_ipv6(advertisement(), destination=ALL_NODES),
    "a multicast MAC": over_ipv6(advertisement(mac=parse_mac("33:33:00:00:00:01"))),
    "no MAC": over_ipv6(advertisement(mac=bytes(6))),
    "our own MAC": over_ipv6(advertisement(mac=DIRECTOR_MAC)),
    "another code": over_ipv6(IcmpMessage(NEIGHBOUR_ADVERTISEMENT, 1, b"\x40\0\0\0", REAL6)),
    "an option that loops": raw_advertisement(REAL6 + bytes.fromhex("0200 02000a00002a")),
    "an option that lies": raw_advertisement(REAL6 + bytes.fromhex("0202 02000a00002a")),
    "no target": raw_advertisement(REAL6[:15]),
    "a wrong checksum": flip_last_octet(over_ipv6(advertisement())),
    "truncated": (over_ipv6(advertisement())[0][:71], REAL_MAC, ETHERTYPE_IPV6),
    "empty": (b"", REAL_MAC, ETHERTYPE_IPV6),
    "not IPv6": (over_ipv6(advertisement())[0], REAL_MAC, ETHERTYPE_ARP),
}


@pytest.mark.parametrize("frame", HOSTILE_NDP.values(), ids=HOSTILE_NDP.keys())
def test_hostile_ndp_changes_nothing(frame: Frame) -> None:
    assert_unmoved_then_resolved(asking(REAL6), frame, over_ipv6(advertisement()))


def assert_unmoved_then_resolved(resolver: Resolver, hostile: Frame, answer: Frame) -> None:
    timer = resolver.next_timer()
    resolver.receive_packet(*hostile, now=0.05)
    assert resolver.next_event() is None
    assert resolver.packets_to_send(0.05) == []
    assert resolver.next_timer() == timer
    resolver.receive_packet(*answer, now=0.1)
    assert resolver.next_event() == Resolved(REAL_MAC)


@pytest.mark.parametrize(("target", "ethertype"), [(REAL, ETHERTYPE_ARP), (REAL6, ETHERTYPE_IPV6)])
@pytest.mark.parametrize("answer", [arp(), over_ipv6(advertisement())], ids=["arp", "ndp"])
def test_no_beginning_of_an_answer_is_one(target: bytes, ethertype: int, answer: Frame) -> None:
    resolver = asking(target)
    for length in range(len(answer[0])):
        resolver.receive_packet(answer[0][:length], REAL_MAC, ethertype, 0.1)
        assert resolver.next_event() is None


@given(st.binary(max_size=120), st.sampled_from([ETHERTYPE_ARP, ETHERTYPE_IPV6]))
def test_any_octets_change_nothing(octets: bytes, ethertype: int) -> None:
    for target in (REAL, REAL6):
        resolver = asking(target)
        resolver.receive_packet(octets, OTHER_MAC, ethertype, 0.1)
        assert resolver.next_event() is None


def test_the_mac_in_the_packet_counts_and_not_the_frames() -> None:
    # Bonding in modes 5 and 6 answers from another slave than the one it names.
    resolver = asking()
    resolver.receive_packet(arp()[0], OTHER_MAC, ETHERTYPE_ARP, 0.1)
    assert resolver.next_event() == Resolved(REAL_MAC)


def test_padding_after_an_answer_is_ignored() -> None:
    for target, (octets, mac, ethertype) in ((REAL, arp()), (REAL6, over_ipv6(advertisement()))):
        resolver = asking(target)
        resolver.receive_packet(octets + bytes(18), mac, ethertype, 0.1)
        assert resolver.next_event() == Resolved(REAL_MAC)


def test_an_advertisement_without_a_mac_answers_a_question_by_unicast_only() -> None:
    octets, _, ethertype = raw_advertisement(REAL6)
    by_unicast = asking(REAL6, ask_mac=REAL_MAC)
    by_unicast.receive_packet(octets, REAL_MAC, ethertype, 0.1)
    assert by_unicast.next_event() == Resolved(REAL_MAC)
    by_multicast = asking(REAL6)
    by_multicast.receive_packet(octets, REAL_MAC, ethertype, 0.1)
    assert by_multicast.next_event() is None
