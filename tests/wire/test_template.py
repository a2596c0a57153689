# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6

from lvs_rawcheck.errors import WireError
from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.checksum import internet_checksum, pseudo_header_sum
from lvs_rawcheck.wire.ip import PROTO_TCP, parse_packet
from lvs_rawcheck.wire.tcp import ACK, PSH, SACK_PERMITTED, SYN, Segment, mss_option, parse_segment
from lvs_rawcheck.wire.template import AddressPair, SegmentTemplate
from tests.wire.laws import address_pairs, law, long_words, payloads, ports, texts, ttls, words

DIRECTOR = parse_address("10.0.0.1")
VIP = parse_address("10.0.0.100")

# 10.0.0.1:40000 > 10.0.0.100:80 Flags [S], seq 1000, win 64240, options [mss 1460,nop,nop,sackOK]
SYN_OCTETS = bytes.fromhex(
    "45000030 00004000 40062664 0a000001 0a0000649c40 0050 000003e8 00000000 7002 faf0 d351 0000 020405b4 01010402"
)


def test_a_syn_is_built() -> None:
    template = SegmentTemplate(AddressPair(DIRECTOR, VIP), 40000, 80)
    syn = Segment(40000, 80, 1000, 0, SYN, 64240, mss_option(1460) + SACK_PERMITTED)
    assert template.packet(syn) == SYN_OCTETS


segments = st.builds(
    Segment,
    source_port=st.just(0),
    destination_port=st.just(0),
    seq=long_words,
    ack=long_words,
    flags=st.integers(0, 255),
    window=words,
    options=st.integers(0, 10).flatmap(lambda count: st.binary(min_size=count * 4, max_size=count * 4)),
    payload=payloads,
    urgent=words,
)


def judged(octets: bytes) -> Segment:
    packet = parse_packet(octets)
    assert packet.end == len(octets)
    pseudo_sum = pseudo_header_sum(packet.source, packet.destination, PROTO_TCP)
    return parse_segment(octets, packet.payload_offset, packet.end, pseudo_sum)


@law
@given(address_pairs, ports, ports, ttls, segments)
@example((bytes(4), bytes(4)), 1, 1, 1, Segment(0, 0, 0, 0, 0, 0))
@example((b"\xff" * 16, b"\xff" * 16), 0xFFFF, 0xFFFF, 255, Segment(0, 0, 0xFFFFFFFF, 0xFFFFFFFF, 255, 0xFFFF))
def test_what_is_built_comes_back(
    addresses: tuple[bytes, bytes], source_port: int, destination_port: int, ttl: int, segment: Segment
) -> None:
    segment.source_port, segment.destination_port = source_port, destination_port
    octets = SegmentTemplate(AddressPair(*addresses, ttl), source_port, destination_port).packet(segment)
    assert judged(octets) == segment
    assert parse_packet(octets).ttl == ttl


@law
@given(address_pairs, ports, ports, ttls, segments)
def test_scapy_builds_the_same(
    addresses: tuple[bytes, bytes], source_port: int, destination_port: int, ttl: int, segment: Segment
) -> None:
    if len(addresses[0]) == 4:
        ip_layer = IP(**texts(addresses), ttl=ttl, id=0, flags="DF", proto=PROTO_TCP)
    else:
        ip_layer = IPv6(**texts(addresses), hlim=ttl, nh=PROTO_TCP)
    theirs = TCP(
        sport=source_port,
        dport=destination_port,
        seq=segment.seq,
        ack=segment.ack,
        dataofs=5 + len(segment.options) // 4,
        flags=segment.flags,
        window=segment.window,
        urgptr=segment.urgent,
    )
    # The options are any octets here, so they follow as payload; the data offset tells them apart.
    packet = bytes(ip_layer / theirs / (segment.options + segment.payload))
    template = SegmentTemplate(AddressPair(*addresses, ttl), source_port, destination_port)
    assert template.packet(segment) == packet


@pytest.mark.parametrize("addresses", [(DIRECTOR, VIP), (parse_address("2001:db8::1"), parse_address("2001:db8::2"))])
def test_a_checksum_of_zero_stays_zero(addresses: tuple[bytes, bytes]) -> None:
    # UDP writes 0xffff for a checksum that comes out as zero; TCP has no such rule (RFC 9293 3.1).
    template = SegmentTemplate(AddressPair(*addresses), 40000, 80)
    segment = Segment(40000, 80, 0, 0, ACK, 0)
    segment.window = int.from_bytes(tcp_part(template.packet(segment))[16:18], "big")
    octets = tcp_part(template.packet(segment))
    assert octets[16:18] == b"\x00\x00"
    assert internet_checksum(octets, pseudo_header_sum(*addresses, PROTO_TCP) + len(octets)) == 0


def tcp_part(octets: bytes) -> bytes:
    return octets[parse_packet(octets).payload_offset :]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 41, 44])
def test_options_that_no_header_can_hold_are_not_built(size: int) -> None:
    template = SegmentTemplate(AddressPair(DIRECTOR, VIP), 40000, 80)
    with pytest.raises(WireError, match=f"at most 40: {size}"):
        template.packet(Segment(40000, 80, 0, 0, SYN, 0, bytes(size)))


def test_a_payload_that_no_packet_can_hold_is_not_built() -> None:
    template = SegmentTemplate(AddressPair(DIRECTOR, VIP), 40000, 80)
    assert len(template.packet(Segment(40000, 80, 0, 0, PSH, 0, bytes(40), bytes(65455)))) == 65535
    with pytest.raises(WireError, match="too long"):
        template.packet(Segment(40000, 80, 0, 0, PSH, 0, b"", bytes(65456)))
