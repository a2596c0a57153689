# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever arrives, a driver neither raises nor calls a server healthy that has not answered; nor one down."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lvs_rawcheck.checks.flow import Flow
from lvs_rawcheck.wire import icmp, icmpv6
from lvs_rawcheck.wire.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6
from lvs_rawcheck.wire.icmp import IcmpMessage
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_TCP, PROTO_UDP, build_packet
from lvs_rawcheck.wire.tcp import ACK, FIN, PSH, RST, SYN, Segment
from tests.checks.cable_site import NEW_MAC, OTHER_MAC, PERMANENT, REAL_MAC, CableSite, answer_to
from tests.checks.rig import reason
from tests.checks.site import BOTH, V4, Family, packed

FOREVER = 300.0  # seconds: no deadline comes while a property is tried
MACS = st.sampled_from([REAL_MAC, OTHER_MAC, NEW_MAC])
ETHERTYPES = st.sampled_from([ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_ARP, 0x88B5])
PROTOCOLS = st.sampled_from([PROTO_TCP, PROTO_ICMP, PROTO_ICMPV6, 0, 43, 44])  # 0, 43, 44: of IPv6
TCP_OPTIONS = st.sampled_from(  # right ones, lengths of 0, beyond the end, and of no sense
    [b"", b"\x02\x04\x05\xb4", b"\x02\x00\x00\x00", b"\x05\x0a" + bytes(10), b"\x08\xff\x01\x01"]
)
ALL_FLAGS = FIN | SYN | RST | PSH | ACK | 0xE0


class Victim:
    """A flow in SYN_SENT that must stay undecided, and its SYN, which the test knows."""

    def __init__(self, site: CableSite) -> None:
        self.site = site
        site.learn(REAL_MAC, PERMANENT)
        self.flow: Flow = site.start(timeout=FOREVER)
        self.syn = site.segments()[0]

    def suffer(self, octets: bytes, mac: bytes, ethertype: int) -> None:
        """Let the driver take in one frame."""
        self.site.send(octets, mac, ethertype)
        self.site.driver.turn()
        self.site.arrived()  # SYNs sent again in the meantime, resets to challenges
        assert self.flow.verdict is None

    def survive(self) -> None:
        """Show that the right answer still counts."""
        self.site.send_segment(answer_to(self.syn))
        self.site.driver.run()
        assert reason(self.flow) == "ok"


@pytest.fixture(params=BOTH, ids=[family.name for family in BOTH])
def victim(request: pytest.FixtureRequest) -> Iterator[Victim]:
    family: Family = request.param
    with CableSite(family) as site:
        made = Victim(site)
        yield made
        made.survive()


# One flow for all examples: what one of them left behind would show in the next, and at the end.
_many = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@_many
@given(octets=st.binary(max_size=200), mac=MACS, ethertype=ETHERTYPES)
def test_random_octets(victim: Victim, octets: bytes, mac: bytes, ethertype: int) -> None:
    victim.suffer(octets, mac, ethertype)


@_many
@given(payload=st.binary(max_size=80), mac=MACS, protocol=PROTOCOLS)
def test_random_payloads_from_the_vip(victim: Victim, payload: bytes, mac: bytes, protocol: int) -> None:
    site = victim.site
    victim.suffer(build_packet(site.vip, site.director_ip, protocol, payload), mac, site.ethertype)


@_many
@given(
    flags=st.integers(0, ALL_FLAGS),
    seq=st.integers(0, 2**32 - 1),
    distance=st.integers(-(2**31), 2**31 - 1).filter(lambda distance: distance != 1),
    options=TCP_OPTIONS,
    payload=st.binary(max_size=20),
    mac=MACS,
)
def test_segments_that_do_not_acknowledge_our_syn(
    victim: Victim, flags: int, seq: int, distance: int, options: bytes, payload: bytes, mac: bytes
) -> None:
    """Spoofed: right addresses and ports, well formed, but blind to our sequence number."""
    ack = (victim.syn.seq + distance) % 2**32
    segment = Segment(victim.syn.destination_port, victim.syn.source_port, seq, ack, flags, 100, options, payload)
    victim.suffer(victim.site.segment_packet(segment), mac, victim.site.ethertype)


@_many
@given(data=st.data(), mac=MACS)
def test_a_right_answer_with_one_octet_changed(victim: Victim, data: st.DataObject, mac: bytes) -> None:
    octets = bytearray(victim.site.segment_packet(answer_to(victim.syn)))
    # What no checksum covers stays: type of service and hop limit are IPv6's, and change nothing of an answer.
    covered = range(len(octets)) if victim.site.family is V4 else range(8, len(octets))
    position = data.draw(st.sampled_from(covered))
    octets[position] ^= data.draw(st.integers(1, 255))
    victim.suffer(bytes(octets), mac, victim.site.ethertype)


@_many
@given(data=st.data(), mac=MACS)
def test_a_right_answer_cut_short(victim: Victim, data: st.DataObject, mac: bytes) -> None:
    octets = victim.site.segment_packet(answer_to(victim.syn))
    victim.suffer(octets[: data.draw(st.integers(0, len(octets) - 1))], mac, victim.site.ethertype)


def icmp_error(site: CableSite, quoted: bytes) -> bytes:
    """Return an ICMP error from the real server about a packet."""
    if site.family is V4:
        octets = icmp.icmp_to_octets(IcmpMessage(3, 13, bytes(4), quoted))
        return build_packet(site.real_ip, site.director_ip, PROTO_ICMP, octets)
    message = IcmpMessage(1, 1, bytes(4), quoted)
    return build_packet(
        site.real_ip, site.director_ip, PROTO_ICMPV6, icmpv6.icmpv6_to_octets(message, site.real_ip, site.director_ip)
    )


@_many
@given(
    distance=st.integers(1, 2**32 - 1),
    protocol=st.sampled_from([PROTO_TCP, PROTO_UDP]),
    tail=st.binary(max_size=40),
    mac=MACS,
)
def test_icmp_errors_about_what_we_never_sent(
    victim: Victim, distance: int, protocol: int, tail: bytes, mac: bytes
) -> None:
    site, syn = victim.site, victim.syn
    seq = (syn.seq + distance) % 2**32
    quoted = build_packet(
        site.director_ip, site.vip, protocol, struct.pack("!HHI", syn.source_port, syn.destination_port, seq) + tail
    )
    victim.suffer(icmp_error(site, quoted), mac, site.ethertype)


@_many
@given(data=st.data(), mac=st.sampled_from([OTHER_MAC, NEW_MAC]))
def test_icmp_errors_from_another_machine(victim: Victim, data: st.DataObject, mac: bytes) -> None:
    site, syn = victim.site, victim.syn
    ports_and_seq = struct.pack("!HHI", syn.source_port, syn.destination_port, syn.seq)
    quoted = build_packet(site.director_ip, site.vip, PROTO_TCP, ports_and_seq + bytes(12))
    whole = data.draw(st.integers(0, len(quoted)))
    victim.suffer(icmp_error(site, quoted[:whole]), mac, site.ethertype)


def test_a_right_icmp_error_counts() -> None:
    """The control of the two before: the same frame, from the right machine, about our SYN."""
    for family in BOTH:
        with CableSite(family) as site:
            victim = Victim(site)
            ports_and_seq = struct.pack("!HHI", victim.syn.source_port, victim.syn.destination_port, victim.syn.seq)
            quoted = build_packet(site.director_ip, site.vip, PROTO_TCP, ports_and_seq)
            site.send(icmp_error(site, quoted), REAL_MAC, site.ethertype)
            site.driver.run()
            assert reason(victim.flow) == "unreachable"


@_many
@given(data=st.data())
def test_neighbour_answers_with_one_octet_changed(victim: Victim, data: st.DataObject) -> None:
    octets, ethertype = victim.site.neighbour_answer(NEW_MAC)
    changed = bytearray(octets)
    changed[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    victim.suffer(bytes(changed), data.draw(MACS), ethertype)
    assert victim.flow.mac == REAL_MAC


def test_gratuitous_answers_steer_nothing() -> None:
    """A driver that asks takes only an answer to its question; one that does not ask takes none."""
    for family in BOTH:
        with CableSite(family) as site:
            site.learn(REAL_MAC)
            flow = site.start(timeout=FOREVER)
            octets, ethertype = site.neighbour_answer(NEW_MAC)
            site.send(octets, NEW_MAC, ethertype)
            site.driver.turn()
            assert flow.mac == REAL_MAC
            assert packed(family.real) == site.real_ip


def test_a_flood_of_rubbish_does_not_hold_up_timers() -> None:
    with CableSite(V4) as site:
        site.learn(REAL_MAC, PERMANENT)
        flow = site.start(timeout=0.3)
        while site.driver.in_flight:
            for _ in range(50):
                site.send(b"\x45rubbish", REAL_MAC, ETHERTYPE_IPV4)
            site.driver.turn()
        assert reason(flow) == "no-answer"
        assert len([segment for segment in site.segments() if segment.flags == SYN]) == 2
