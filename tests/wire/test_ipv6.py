# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
)
from scapy.packet import Packet as ScapyPacket

from lvs_rawcheck.errors import Truncated, WireError
from lvs_rawcheck.wire.address import format_address, parse_address
from lvs_rawcheck.wire.ip import PROTO_TCP, PROTO_UDP, build_packet
from lvs_rawcheck.wire.ipv6 import EXTENSION_HEADERS_MAX, Ipv6Packet, ipv6_header, parse_ipv6
from tests.wire.laws import (
    any_octets,
    gives_value_or_wire_error,
    ipv6_addresses,
    law,
    payloads,
    refuses_cuts,
    texts,
    ttls,
)

DIRECTOR = parse_address("2001:db8::1")
VIP = parse_address("2001:db8::100")
EXPERIMENT = 253  # RFC 3692: no layer of scapy follows

# 2001:db8::1 > 2001:db8::100 TCP, hop limit 64, 20 octets
PLAIN_HEADER = bytes.fromhex("60000000 0014 06 40 20010db8000000000000000000000001 20010db8000000000000000000000100")
# 2001:db8::100 > 2001:db8::1 hop-by-hop, routing (type 2, arrived), destination options, UDP, hop limit 63
EXTENDED = bytes.fromhex(
    "60000000 0033 00 3f 20010db8000000000000000000000100 20010db8000000000000000000000001"
    "2b00 010400000000"
    "3c02 0200 00000000 20010db8000000000000000000000001"
    "1100 010400000000"
    "0035 9c40 000b 428d 616263"
)


def test_a_header_there_and_back() -> None:
    assert ipv6_header(DIRECTOR, VIP, PROTO_TCP, 20) == PLAIN_HEADER
    assert parse_ipv6(PLAIN_HEADER + bytes(20)) == Ipv6Packet(DIRECTOR, VIP, PROTO_TCP, 64, 40, 60)


def test_a_packet_may_be_a_header_and_nothing_else() -> None:
    packet = parse_ipv6(build_packet(DIRECTOR, VIP, PROTO_TCP, b""))
    assert (packet.payload_offset, packet.end) == (40, 40)


def test_extension_headers_are_passed_over() -> None:
    packet = parse_ipv6(EXTENDED + b"padding")
    assert packet == Ipv6Packet(VIP, DIRECTOR, PROTO_UDP, 63, 80, 91)
    assert EXTENDED[packet.payload_offset + 8 : packet.end] == b"abc"
    refuses_cuts(parse_ipv6, EXTENDED)


def test_an_extension_header_may_not_reach_beyond_the_payload() -> None:
    # The hop-by-hop header says 16 octets where the payload has 8; more octets follow as padding.
    octets = ipv6_header(DIRECTOR, VIP, 0, 8) + bytes.fromhex("0601010400000000") + bytes(40)
    with pytest.raises(Truncated, match="extension header 0"):
        parse_ipv6(octets)


def test_a_packet_with_segments_left_has_not_arrived() -> None:
    octets = EXTENDED[:51] + b"\x01" + EXTENDED[52:]
    with pytest.raises(WireError, match="still on its way"):
        parse_ipv6(octets)


def test_extension_headers_without_end_are_refused() -> None:
    one = bytes.fromhex("3c00010400000000")  # destination options, then destination options
    many = one * (EXTENSION_HEADERS_MAX + 1)
    with pytest.raises(WireError, match="more than"):
        parse_ipv6(ipv6_header(DIRECTOR, VIP, 60, len(many)) + many)


def test_fragments_are_refused() -> None:
    octets = bytes(IPv6(src="2001:db8::1", dst="2001:db8::100") / IPv6ExtHdrFragment(nh=6, m=1) / b"12345678")
    with pytest.raises(WireError, match="fragment"):
        parse_ipv6(octets)


def test_another_version_is_refused() -> None:
    with pytest.raises(WireError, match="version 4"):
        parse_ipv6(b"\x45" + PLAIN_HEADER[1:] + bytes(20))


def test_a_payload_too_long_for_its_length_field_is_not_built() -> None:
    assert len(ipv6_header(DIRECTOR, VIP, PROTO_TCP, 65535)) == 40
    with pytest.raises(WireError, match="too long"):
        ipv6_header(DIRECTOR, VIP, PROTO_TCP, 65536)


@law
@given(ipv6_addresses, ipv6_addresses, st.integers(0, 255), ttls, payloads)
def test_scapy_builds_the_same(source: bytes, destination: bytes, protocol: int, ttl: int, payload: bytes) -> None:
    theirs = IPv6(**texts((source, destination)), nh=protocol, hlim=ttl) / payload
    assert build_packet(source, destination, protocol, payload, ttl) == bytes(theirs)


def hop_by_hop(padding: int) -> ScapyPacket:
    return IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(padding))])


def destination_options(padding: int) -> ScapyPacket:
    return IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(padding))])


def arrived_routing(listed: list[bytes]) -> ScapyPacket:
    return IPv6ExtHdrRouting(type=2, segleft=0, addresses=[format_address(one) for one in listed])


extensions = st.lists(
    st.builds(hop_by_hop, st.integers(0, 30))
    | st.builds(destination_options, st.integers(0, 30))
    | st.builds(arrived_routing, st.lists(ipv6_addresses, max_size=2)),
    max_size=EXTENSION_HEADERS_MAX - 1,
)


@law
@given(ipv6_addresses, ipv6_addresses, ttls, extensions, payloads)
def test_what_scapy_builds_with_extensions_is_read(
    source: bytes, destination: bytes, ttl: int, listed: list[ScapyPacket], payload: bytes
) -> None:
    theirs = IPv6(**texts((source, destination)), hlim=ttl, nh=EXPERIMENT)
    for extension in listed:
        theirs = theirs / extension.copy()
    theirs.lastlayer().nh = EXPERIMENT
    for layer, following in zip(theirs.iterpayloads(), listed, strict=False):
        layer.nh = {IPv6ExtHdrHopByHop: 0, IPv6ExtHdrDestOpt: 60, IPv6ExtHdrRouting: 43}[type(following)]
    octets = bytes(theirs / payload)
    packet = parse_ipv6(octets + b"padding")
    assert packet == Ipv6Packet(source, destination, EXPERIMENT, ttl, len(octets) - len(payload), len(octets))


@law
@given(any_octets)
def test_any_octets(octets: bytes) -> None:
    gives_value_or_wire_error(parse_ipv6, octets)
    # An extension header's lengths are looked at only after a good header.
    gives_value_or_wire_error(parse_ipv6, ipv6_header(DIRECTOR, VIP, 0, len(octets)) + octets)
    gives_value_or_wire_error(parse_ipv6, ipv6_header(DIRECTOR, VIP, 43, len(octets)) + octets)
