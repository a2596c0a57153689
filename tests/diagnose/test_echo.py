# SPDX-License-Identifier: GPL-2.0-or-later
"""The echo probe: what it takes for an answer, and what it passes over."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.diagnose.echo import Echoed, EchoProbe
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.wire import icmp, icmpv6
from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6
from lvs_rawcheck.wire.icmp import IcmpMessage
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, build_packet

MAC = bytes.fromhex("020000000200")
OTHER_MAC = bytes.fromhex("020000000300")
IDENTIFIER = 0x1234
ADMINISTRATIVELY_PROHIBITED = {4: (3, 13), 16: (1, 1)}


@dataclass(frozen=True)
class Wire:
    """The addresses of one family, and how its messages are built."""

    director_ip: bytes
    real_ip: bytes
    vip: bytes
    ethertype: int

    def probe(self) -> EchoProbe:
        """Return a probe that has asked once, at 0.0 s."""
        probe = EchoProbe(self.vip, self.director_ip, MAC, IDENTIFIER)
        assert len(probe.packets_to_send(0.0)) == 1
        return probe

    def packet(self, message: IcmpMessage, source: bytes, destination: bytes, ttl: int = 64) -> bytes:
        """Return a message as a packet."""
        if self.ethertype == ETHERTYPE_IPV4:
            return build_packet(source, destination, PROTO_ICMP, icmp.icmp_to_octets(message), ttl)
        octets = icmpv6.icmpv6_to_octets(message, source, destination)
        return build_packet(source, destination, PROTO_ICMPV6, octets, ttl)

    def request(self, ttl: int = 64, identifier: int = IDENTIFIER) -> bytes:
        """Return a packet like the probe's own."""
        build = icmp.echo_request if self.ethertype == ETHERTYPE_IPV4 else icmpv6.echo_request
        return self.packet(build(identifier, 1, b"data"), self.director_ip, self.vip, ttl)

    def reply(self, source: bytes | None = None, identifier: int = IDENTIFIER) -> bytes:
        """Return a reply to it."""
        build = icmp.echo_reply if self.ethertype == ETHERTYPE_IPV4 else icmpv6.echo_reply
        return self.packet(build(identifier, 1, b"data"), source or self.vip, self.director_ip)

    def error(self, source: bytes, quoted: bytes | None = None) -> bytes:
        """Return an ICMP error about a packet: the probe's own."""
        kind = ADMINISTRATIVELY_PROHIBITED[len(self.vip)]
        message = IcmpMessage(*kind, bytes(4), quoted or self.request())
        return self.packet(message, source, self.director_ip)


V4 = Wire(parse_address("10.0.0.21"), parse_address("10.0.0.42"), parse_address("10.0.0.100"), ETHERTYPE_IPV4)
V6 = Wire(parse_address("2001:db8::21"), parse_address("2001:db8::42"), parse_address("2001:db8::100"), ETHERTYPE_IPV6)
each_family = pytest.mark.parametrize("wire", [V4, V6], ids=["IPv4", "IPv6"])


def after(wire: Wire, octets: bytes, source_mac: bytes = MAC) -> Echoed | None:
    """Return what a probe that has asked makes of one packet."""
    probe = wire.probe()
    probe.receive_packet(octets, source_mac, wire.ethertype, 0.1)
    return probe.next_event()


@each_family
def test_a_reply_from_the_mac_that_was_asked(wire: Wire) -> None:
    assert after(wire, wire.reply()) == Echoed(Answer.REPLY)


@each_family
def test_our_own_packet_one_hop_older_was_forwarded(wire: Wire) -> None:
    assert after(wire, wire.request(ttl=63)) == Echoed(Answer.LOOPED, "our own, TTL 63")


@each_family
def test_an_error_in_the_name_of_the_vip_and_in_another(wire: Wire) -> None:
    event = after(wire, wire.error(wire.vip))
    assert event is not None
    assert event.answer == Answer.REJECTED
    assert "prohibited" in event.detail
    event = after(wire, wire.error(wire.real_ip))
    assert event is not None
    assert event.answer == Answer.UNREACHABLE


@each_family
def test_what_is_not_about_this_probe_changes_nothing(wire: Wire) -> None:
    assert after(wire, wire.request(ttl=64)) is None, "a mirror port"
    assert after(wire, wire.request(ttl=63), OTHER_MAC) is None, "forwarded by somebody else"
    assert after(wire, wire.reply(source=wire.real_ip)) is None, "from another address"
    assert after(wire, wire.reply(identifier=IDENTIFIER + 1)) is None, "somebody else's ping"
    foreign = wire.packet(icmp.echo_request(1, 1, b""), wire.director_ip, wire.real_ip)
    assert after(wire, wire.error(wire.vip, foreign)) is None, "about another packet"


@each_family
def test_the_right_machine_may_still_answer_after_another_one(wire: Wire) -> None:
    probe = wire.probe()
    probe.receive_packet(wire.reply(), OTHER_MAC, wire.ethertype, 0.1)
    assert probe.next_event() is None
    probe.receive_packet(wire.reply(), MAC, wire.ethertype, 0.15)
    assert probe.next_event() == Echoed(Answer.REPLY)


@each_family
def test_three_requests_then_silence_or_the_other_machine(wire: Wire) -> None:
    for heard, expected in ((False, Answer.SILENCE), (True, Answer.OTHER_MAC)):
        probe = EchoProbe(wire.vip, wire.director_ip, MAC, IDENTIFIER)
        sent = 0
        now = 0.0
        while (event := probe.next_event()) is None:
            sent += len(probe.packets_to_send(now))
            assert probe.packets_to_send(now) == []
            timer = probe.next_timer()
            assert timer is not None
            if heard:
                probe.receive_packet(wire.reply(), OTHER_MAC, wire.ethertype, now)
            probe.handle_timer(timer - 0.001)
            now = timer
            probe.handle_timer(now)
        assert event.answer == expected
        assert sent == 3
        assert now == pytest.approx(0.6)
        assert probe.packets_to_send(now) == []
        assert probe.next_timer() is None


@each_family
def test_a_reply_cut_short_or_broken_changes_nothing(wire: Wire) -> None:
    whole = wire.reply()
    for length in range(len(whole)):
        assert after(wire, whole[:length]) is None
    for position in range(len(whole)):
        broken = whole[:position] + bytes([whole[position] ^ 0x10]) + whole[position + 1 :]
        event = after(wire, broken)
        # IPv6 has no header checksum: hop limit and traffic class may differ in a reply that is one.
        assert event is None or wire.ethertype == ETHERTYPE_IPV6


@given(st.binary(max_size=120), st.sampled_from([ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_ARP, 0x1234]))
def test_any_octets_change_nothing(octets: bytes, ethertype: int) -> None:
    probe = V4.probe()
    probe.receive_packet(octets, MAC, ethertype, 0.1)
    assert probe.next_event() is None
