# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt

from lvs_rawcheck.errors import Truncated, WireError
from lvs_rawcheck.wire import icmp, icmpv6
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_SCTP, PROTO_TCP, PROTO_UDP, build_packet
from lvs_rawcheck.wire.ipv6 import ipv6_header
from lvs_rawcheck.wire.quotation import QuotedFlow, parse_quoted_ipv4, parse_quoted_ipv6
from tests.wire.laws import (
    address_pairs,
    any_octets,
    gives_value_or_wire_error,
    ipv4_addresses,
    ipv6_addresses,
    law,
    long_words,
    ports,
    texts,
)

A, B = b"\x0a\x00\x00\x01", b"\x0a\x00\x00\x64"
A6, B6 = b"\x20\x01" + bytes(13) + b"\x01", b"\x20\x01" + bytes(13) + b"\x02"


def parse_quoted(octets: bytes) -> QuotedFlow:
    return parse_quoted_ipv4(octets) if octets[0] >> 4 == 4 else parse_quoted_ipv6(octets)


@law
@given(address_pairs, ports, ports, long_words, st.integers(8, 60))
def test_eight_octets_of_a_segment_are_enough(
    addresses: tuple[bytes, bytes], source_port: int, destination_port: int, seq: int, quoted: int
) -> None:
    layer = IP if len(addresses[0]) == 4 else IPv6
    segment = TCP(sport=source_port, dport=destination_port, seq=seq)
    octets = bytes(layer(**texts(addresses)) / segment / bytes(100))
    header = 20 if len(addresses[0]) == 4 else 40
    assert parse_quoted(octets[: header + quoted]) == QuotedFlow(
        *addresses, PROTO_TCP, source_port, destination_port, seq
    )


@law
@given(address_pairs, ports, ports)
def test_a_datagram_has_ports_but_no_sequence_number(
    addresses: tuple[bytes, bytes], source_port: int, destination_port: int
) -> None:
    layer = IP if len(addresses[0]) == 4 else IPv6
    octets = bytes(layer(**texts(addresses)) / UDP(sport=source_port, dport=destination_port))
    assert parse_quoted(octets) == QuotedFlow(*addresses, PROTO_UDP, source_port, destination_port, None)


GRE = 47


def test_a_protocol_without_ports_has_none() -> None:
    assert parse_quoted(build_packet(A, B, GRE, b"")) == QuotedFlow(A, B, GRE, 0, 0, None)
    assert parse_quoted(build_packet(A6, B6, GRE, b"")) == QuotedFlow(A6, B6, GRE, 0, 0, None)


def test_an_echo_request_has_its_identifier_in_the_place_of_our_port() -> None:
    quoted = parse_quoted(build_packet(A, B, PROTO_ICMP, icmp.icmp_to_octets(icmp.echo_request(4711, 3, b"data"))))
    assert quoted == QuotedFlow(A, B, PROTO_ICMP, 4711, 0, None)
    octets = icmpv6.icmpv6_to_octets(icmpv6.echo_request(4711, 3, b""), A6, B6)
    assert parse_quoted(build_packet(A6, B6, PROTO_ICMPV6, octets)) == QuotedFlow(A6, B6, PROTO_ICMPV6, 4711, 0, None)
    solicitation = b"\x87" + octets[1:]
    other = parse_quoted(build_packet(A6, B6, PROTO_ICMPV6, solicitation))
    assert other == QuotedFlow(A6, B6, PROTO_ICMPV6, 0, 0, None)


def test_the_ports_of_an_sctp_packet() -> None:
    packet = build_packet(A, B, PROTO_SCTP, bytes.fromhex("9c401f40 00000000"))
    assert parse_quoted(packet) == QuotedFlow(A, B, PROTO_SCTP, 40000, 8000, None)


def test_extension_headers_of_a_quoted_packet_are_passed_over() -> None:
    octets = bytes(IPv6(src="2001::1", dst="2001::2") / IPv6ExtHdrDestOpt() / TCP(sport=1, dport=2, seq=3))
    assert parse_quoted(octets[:56]) == QuotedFlow(A6, B6, PROTO_TCP, 1, 2, 3)


@pytest.mark.parametrize(("source", "destination"), [(A, B), (A6, B6)])
def test_less_than_eight_octets_are_truncated(source: bytes, destination: bytes) -> None:
    octets = build_packet(source, destination, PROTO_TCP, bytes(8))
    assert parse_quoted(octets).seq == 0
    for length in range(1, len(octets)):
        with pytest.raises(Truncated):
            parse_quoted(octets[:length])


def test_a_later_fragment_has_no_ports() -> None:
    octets = bytes(IP(src="10.0.0.1", dst="10.0.0.100", frag=1, proto=6) / bytes(20))
    with pytest.raises(WireError, match="later fragment"):
        parse_quoted_ipv4(octets)


@pytest.mark.parametrize("first", [0x44, 0x65, 0x05])
def test_impossible_ipv4_headers_are_refused(first: int) -> None:
    with pytest.raises(WireError, match="header impossible"):
        parse_quoted_ipv4(bytes((first,)) + bytes(40))


def test_another_version_than_the_message_is_of_is_refused() -> None:
    with pytest.raises(WireError, match="version 4"):
        parse_quoted_ipv6(build_packet(A, B, PROTO_TCP, bytes(60)))


@law
@given(any_octets, ipv4_addresses, ipv6_addresses)
def test_any_octets(octets: bytes, address: bytes, address6: bytes) -> None:
    for parse in (parse_quoted_ipv4, parse_quoted_ipv6):
        gives_value_or_wire_error(parse, octets)
    gives_value_or_wire_error(parse_quoted_ipv4, build_packet(address, address, PROTO_TCP, octets))
    gives_value_or_wire_error(parse_quoted_ipv6, ipv6_header(address6, address6, 0, 9000) + octets)
