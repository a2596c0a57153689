# SPDX-License-Identifier: GPL-2.0-or-later
"""The census of an address: everybody who answers is counted, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.diagnose.owners import OWNERS_MAX, Owners, OwnersProbe
from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.arp import REPLY, REQUEST, ArpPacket, parse_arp
from lvs_rawcheck.wire.ethernet import BROADCAST, ETHERTYPE_ARP, ETHERTYPE_IPV6
from lvs_rawcheck.wire.icmpv6 import NEIGHBOUR_ADVERTISEMENT, SOLICITED, NeighbourMessage, icmpv6_to_octets
from lvs_rawcheck.wire.ip import PROTO_ICMPV6, build_packet

DIRECTOR_IP, VIP, DIRECTOR_IP6, VIP6 = (
    parse_address(text) for text in ("10.0.0.21", "10.0.0.100", "2001:db8::21", "2001:db8::100")
)
OWN, ONE, TWO = (bytes.fromhex(text) for text in ("020000000100", "020000000200", "020000000300"))


def answer(probe: OwnersProbe, mac: bytes, operation: int = REPLY, sender: bytes = VIP) -> None:
    """Let a host answer by ARP."""
    probe.receive_packet(ArpPacket(operation, mac, sender, OWN, DIRECTOR_IP).to_octets(), mac, ETHERTYPE_ARP, 0.0)


def outlast(probe: OwnersProbe) -> Owners:
    """Return the event, all questions asked."""
    for _ in range(10):
        probe.packets_to_send(0.0)
        timer = probe.next_timer()
        if timer is not None:
            probe.handle_timer(timer)
    event = probe.next_event()
    assert event is not None
    assert probe.next_event() is None
    return event


def test_all_are_asked_and_the_suspect_once_more_and_never_as_the_vip() -> None:
    probe = OwnersProbe(VIP, DIRECTOR_IP, OWN, ONE)
    asked = probe.packets_to_send(0.0)
    assert [mac for _, mac, _ in asked] == [ONE, BROADCAST]
    assert {parse_arp(octets).sender_ip for octets, _, _ in asked} == {DIRECTOR_IP}
    assert probe.packets_to_send(0.1) == []


def test_each_owner_is_counted_once() -> None:
    probe = OwnersProbe(VIP, DIRECTOR_IP, OWN)
    for mac in (TWO, ONE, TWO, OWN, BROADCAST):
        answer(probe, mac)
    answer(probe, bytes.fromhex("020000000400"), REQUEST)
    answer(probe, bytes.fromhex("020000000500"), sender=DIRECTOR_IP)
    assert outlast(probe) == Owners((TWO, ONE))


def test_who_invents_owners_proves_nothing_more() -> None:
    probe = OwnersProbe(VIP, DIRECTOR_IP, OWN)
    for number in range(1000):
        answer(probe, b"\x02\x00" + number.to_bytes(4, "big"))
    assert len(outlast(probe).macs) == OWNERS_MAX


def test_what_comes_too_late_changes_nothing() -> None:
    probe = OwnersProbe(VIP, DIRECTOR_IP, OWN)
    assert outlast(probe) == Owners(())
    answer(probe, ONE)
    probe.give_up()
    assert probe.next_event() is None
    assert probe.packets_to_send(9.0) == []


def test_an_advertisement_to_the_suspect_may_leave_its_mac_out() -> None:
    message = NeighbourMessage(NEIGHBOUR_ADVERTISEMENT, VIP6, None, SOLICITED).to_message()
    payload = icmpv6_to_octets(message, VIP6, DIRECTOR_IP6)
    octets = build_packet(VIP6, DIRECTOR_IP6, PROTO_ICMPV6, payload, 255)
    for suspect, owners in ((ONE, (ONE,)), (None, ())):
        probe = OwnersProbe(VIP6, DIRECTOR_IP6, OWN, suspect)
        probe.receive_packet(octets, ONE, ETHERTYPE_IPV6, 0.0)
        assert outlast(probe) == Owners(owners)


@given(st.binary(max_size=120), st.sampled_from([ETHERTYPE_ARP, ETHERTYPE_IPV6, 0x0800]))
def test_hostile_frames_change_nothing(octets: bytes, ethertype: int) -> None:
    for probe in (OwnersProbe(VIP, DIRECTOR_IP, OWN, ONE), OwnersProbe(VIP6, DIRECTOR_IP6, OWN, ONE)):
        probe.receive_packet(octets, ONE, ethertype, 0.0)
        assert probe.next_event() is None
        assert outlast(probe) == Owners(())
