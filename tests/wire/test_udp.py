# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6

from lvs_rawcheck.errors import BadChecksum, Truncated, WireError
from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.checksum import pseudo_header_sum
from lvs_rawcheck.wire.ip import PROTO_UDP, build_packet, parse_packet
from lvs_rawcheck.wire.udp import Datagram, parse_datagram
from tests.wire.laws import (
    address_pairs,
    any_octets,
    gives_value_or_wire_error,
    law,
    payloads,
    ports,
    refuses_cuts,
    single_bit_flips,
    texts,
)

# 10.0.0.1:40000 > 10.0.0.100:53 UDP, 5 octets
QUERY = bytes.fromhex("45000021 00004000 40112668 0a000001 0a000064 9c40 0035 000d ff11 7175657279")
# [2001:db8::100]:53 > [2001:db8::1]:40000 UDP, 3 octets
ANSWER = bytes.fromhex(
    "60000000 000b 11 40 20010db8000000000000000000000100 20010db80000000000000000000000010035 9c40 000b 428d 616263"
)


def parse_whole(octets: bytes) -> Datagram:
    """Return the datagram of an IP packet, judged as a received one is."""
    packet = parse_packet(octets)
    return parse_datagram(octets, packet, pseudo_header_sum(packet.source, packet.destination, PROTO_UDP))


def build_whole(datagram: Datagram, source: bytes, destination: bytes) -> bytes:
    payload = datagram.to_octets(pseudo_header_sum(source, destination, PROTO_UDP))
    return build_packet(source, destination, PROTO_UDP, payload)


@pytest.mark.parametrize(
    ("octets", "value", "source", "destination"),
    [
        (QUERY, Datagram(40000, 53, b"query"), "10.0.0.1", "10.0.0.100"),
        (ANSWER, Datagram(53, 40000, b"abc"), "2001:db8::100", "2001:db8::1"),
    ],
)
def test_datagrams_there_and_back(octets: bytes, value: Datagram, source: str, destination: str) -> None:
    assert parse_whole(octets) == value
    assert build_whole(value, parse_address(source), parse_address(destination)) == octets
    refuses_cuts(parse_whole, octets)


def test_every_flipped_bit_gives_another_value_or_wire_error() -> None:
    # Over IPv4 a flip may make the checksum zero, which says that there is none: hence IPv6.
    value = parse_whole(ANSWER)
    for flipped in single_bit_flips(ANSWER[40:]):
        try:
            assert parse_whole(ANSWER[:40] + flipped) != value
        except WireError:
            continue


def test_without_a_checksum_over_ipv4_only() -> None:
    assert parse_whole(QUERY[:26] + bytes(2) + QUERY[28:]) == Datagram(40000, 53, b"query")
    with pytest.raises(BadChecksum, match="without a checksum"):
        parse_whole(ANSWER[:46] + bytes(2) + ANSWER[48:])


@pytest.mark.parametrize("octets", [QUERY, ANSWER])
def test_a_wrong_checksum_is_told_from_other_faults_and_can_go_unjudged(octets: bytes) -> None:
    wrong = octets[:-1] + b"!"
    with pytest.raises(BadChecksum, match="is wrong"):
        parse_whole(wrong)
    assert parse_datagram(wrong, parse_packet(wrong), None).payload[-1:] == b"!"


def test_a_checksum_of_zero_is_sent_as_all_ones() -> None:
    source, destination = parse_address("2001:db8::1"), parse_address("2001:db8::2")
    pseudo_sum = pseudo_header_sum(source, destination, PROTO_UDP)
    checksum = Datagram(40000, 53, bytes(2)).to_octets(pseudo_sum)[6:8]
    octets = Datagram(40000, 53, checksum).to_octets(pseudo_sum)  # adds what was missing to zero
    assert octets[6:8] == b"\xff\xff"
    assert parse_whole(build_packet(source, destination, PROTO_UDP, octets)).payload == checksum


@pytest.mark.parametrize("length", [0, 7, 14, 65535])
def test_lying_lengths_are_refused(length: int) -> None:
    with pytest.raises(WireError, match=f"says {length} octets, the packet has 13"):
        parse_whole(QUERY[:24] + length.to_bytes(2, "big") + QUERY[26:])


def test_octets_after_the_datagram_are_no_part_of_it() -> None:
    source, destination = parse_address("10.0.0.1"), parse_address("10.0.0.100")
    payload = Datagram(1, 2, b"abc").to_octets(pseudo_header_sum(source, destination, PROTO_UDP))
    assert parse_whole(build_packet(source, destination, PROTO_UDP, payload + b"more")).payload == b"abc"


def test_a_packet_without_room_for_the_header_is_truncated() -> None:
    with pytest.raises(Truncated, match="7 octets"):
        parse_whole(build_packet(bytes(4), bytes(4), PROTO_UDP, bytes(7)))


def test_a_datagram_too_long_for_its_length_field_is_not_built() -> None:
    assert len(Datagram(1, 2, bytes(65527)).to_octets(0)) == 65535
    with pytest.raises(WireError, match="too long"):
        Datagram(1, 2, bytes(65528)).to_octets(0)


@law
@given(address_pairs, ports, ports, payloads)
def test_scapy_agrees_both_ways(
    addresses: tuple[bytes, bytes], source_port: int, destination_port: int, payload: bytes
) -> None:
    if len(addresses[0]) == 4:
        ip_layer = IP(**texts(addresses), id=0, flags="DF", proto=PROTO_UDP)
    else:
        ip_layer = IPv6(**texts(addresses), nh=PROTO_UDP)
    theirs = bytes(ip_layer / UDP(sport=source_port, dport=destination_port) / payload)
    value = Datagram(source_port, destination_port, payload)
    assert build_whole(value, *addresses) == theirs
    assert parse_whole(theirs) == value


@law
@given(address_pairs, any_octets)
def test_any_octets(addresses: tuple[bytes, bytes], octets: bytes) -> None:
    gives_value_or_wire_error(parse_whole, build_packet(*addresses, PROTO_UDP, octets))
