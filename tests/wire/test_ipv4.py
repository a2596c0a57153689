# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, IPOption

from lvs_rawcheck.errors import BadChecksum, Truncated, WireError
from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.checksum import internet_checksum
from lvs_rawcheck.wire.ip import PROTO_TCP, PROTO_UDP, build_packet
from lvs_rawcheck.wire.ipv4 import Ipv4Packet, ipv4_header, parse_ipv4
from tests.wire.laws import (
    any_octets,
    gives_value_or_wire_error,
    ipv4_addresses,
    law,
    payloads,
    refuses_cuts,
    single_bit_flips,
    texts,
    ttls,
)

DIRECTOR = parse_address("10.0.0.1")
VIP = parse_address("10.0.0.100")

# 10.0.0.100 > 10.0.0.1 UDP, ttl 63, id 7, router alert, 3 octets
WITH_OPTIONS = bytes.fromhex("4600001b 00070000 3f11d262 0a000064 0a000001 94040000 78797a")
# 10.0.0.1 > 10.0.0.100 TCP, ttl 64, DF, 20 octets
PLAIN_HEADER = bytes.fromhex("45000028 00004000 4006266c 0a000001 0a000064")


def with_field(octets: bytes, position: int, field: bytes) -> bytes:
    """Return a header with some octets replaced and a checksum that is right again."""
    changed = bytearray(octets)
    changed[position : position + len(field)] = field
    changed[10:12] = bytes(2)
    header_length = max((changed[0] & 0x0F) * 4, 20)
    changed[10:12] = internet_checksum(bytes(changed[:header_length])).to_bytes(2, "big")
    return bytes(changed)


def test_a_packet_with_options_is_read_where_it_lies() -> None:
    packet = parse_ipv4(WITH_OPTIONS)
    assert packet == Ipv4Packet(VIP, DIRECTOR, PROTO_UDP, 63, 24, 27)
    assert WITH_OPTIONS[packet.payload_offset : packet.end] == b"xyz"
    refuses_cuts(parse_ipv4, WITH_OPTIONS)


def test_a_header_there_and_back() -> None:
    assert ipv4_header(DIRECTOR, VIP, PROTO_TCP, 20) == PLAIN_HEADER
    assert parse_ipv4(PLAIN_HEADER + bytes(20)) == Ipv4Packet(DIRECTOR, VIP, PROTO_TCP, 64, 20, 40)


def test_a_packet_may_be_a_header_and_nothing_else() -> None:
    packet = parse_ipv4(build_packet(DIRECTOR, VIP, PROTO_TCP, b""))
    assert (packet.payload_offset, packet.end) == (20, 20)


def test_padding_is_not_part_of_the_packet() -> None:
    assert parse_ipv4(PLAIN_HEADER + b"x" * 26).end == 40


def test_a_frame_shorter_than_the_header_says_is_truncated() -> None:
    with pytest.raises(Truncated, match="39 octets, header says 40"):
        parse_ipv4(PLAIN_HEADER + bytes(19))


@pytest.mark.parametrize(
    ("position", "field"),
    [
        (0, b"\x65"),  # version 6
        (0, b"\x44"),  # header of 16 octets
        (0, b"\x4f"),  # header of 60 octets in a packet of 40
        (2, b"\x00\x13"),  # total length 19
        (2, b"\x00\x00"),
    ],
)
def test_lying_headers_are_refused(position: int, field: bytes) -> None:
    with pytest.raises(WireError, match="header impossible"):
        parse_ipv4(with_field(PLAIN_HEADER + bytes(60), position, field))


@pytest.mark.parametrize("fragment", [b"\x20\x00", b"\x00\x01", b"\x1f\xff", b"\x60\x00"])
def test_fragments_are_refused(fragment: bytes) -> None:
    with pytest.raises(WireError, match="fragment"):
        parse_ipv4(with_field(PLAIN_HEADER + bytes(20), 6, fragment))


def test_every_flipped_bit_of_the_header_is_noticed() -> None:
    for flipped in single_bit_flips(WITH_OPTIONS[:24]):
        with pytest.raises(WireError):
            parse_ipv4(flipped + WITH_OPTIONS[24:])


def test_a_wrong_checksum_is_told_from_other_faults() -> None:
    with pytest.raises(BadChecksum):
        parse_ipv4(PLAIN_HEADER[:8] + b"\x3f" + PLAIN_HEADER[9:] + bytes(20))


def test_a_packet_too_long_for_its_length_field_is_not_built() -> None:
    assert len(ipv4_header(DIRECTOR, VIP, PROTO_TCP, 65515)) == 20
    with pytest.raises(WireError, match="too long"):
        ipv4_header(DIRECTOR, VIP, PROTO_TCP, 65516)


@law
@given(ipv4_addresses, ipv4_addresses, st.integers(0, 255), ttls, payloads)
def test_scapy_builds_the_same(source: bytes, destination: bytes, protocol: int, ttl: int, payload: bytes) -> None:
    theirs = IP(**texts((source, destination)), proto=protocol, ttl=ttl, id=0, flags="DF") / payload
    assert build_packet(source, destination, protocol, payload, ttl) == bytes(theirs)


# Option kinds that scapy takes as they are: copied flag set, class and number reserved, and their content.
options = st.lists(st.tuples(st.integers(24, 30), st.binary(max_size=8)), max_size=3)


@law
@given(ipv4_addresses, ipv4_addresses, ttls, options, payloads)
def test_what_scapy_builds_with_options_is_read(
    source: bytes, destination: bytes, ttl: int, listed: list[tuple[int, bytes]], payload: bytes
) -> None:
    theirs = (
        IP(
            **texts((source, destination)),
            proto=253,  # for experiments, RFC 3692: no layer of scapy follows
            ttl=ttl,
            options=[IPOption(copy_flag=1, optclass=1, option=number, value=body) for number, body in listed],
        )
        / payload
    )
    octets = bytes(theirs)
    packet = parse_ipv4(octets + b"padding")
    assert packet == Ipv4Packet(source, destination, 253, ttl, IP(octets).ihl * 4, len(octets))
    assert octets[packet.payload_offset : packet.end] == payload


@law
@given(any_octets)
def test_any_octets(octets: bytes) -> None:
    gives_value_or_wire_error(parse_ipv4, octets)
    gives_value_or_wire_error(parse_ipv4, b"\x45\x00\x00" + octets)
