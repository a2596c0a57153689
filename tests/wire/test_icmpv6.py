# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import TCP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptMTU,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)

from lvs_rawcheck.errors import BadChecksum, Truncated, WireError
from lvs_rawcheck.wire.address import format_address, format_mac, parse_address, parse_mac
from lvs_rawcheck.wire.checksum import pseudo_header_sum
from lvs_rawcheck.wire.icmp import IcmpMessage, echo_numbers
from lvs_rawcheck.wire.icmpv6 import (
    DESTINATION_UNREACHABLE,
    ECHO_REPLY,
    NEIGHBOUR_ADVERTISEMENT,
    NEIGHBOUR_SOLICITATION,
    OVERRIDE,
    REDIRECT,
    ROUTER,
    SOLICITED,
    NeighbourMessage,
    echo_reply,
    echo_request,
    icmpv6_to_octets,
    neighbour_advertisement,
    neighbour_solicitation,
    parse_icmpv6,
    parse_neighbour,
    quoted_flow,
    solicited_node_address,
)
from lvs_rawcheck.wire.ip import PROTO_ICMPV6, PROTO_TCP, build_packet, parse_packet
from lvs_rawcheck.wire.quotation import QuotedFlow
from tests.wire.laws import (
    any_octets,
    gives_value_or_wire_error,
    ipv6_addresses,
    law,
    macs,
    payloads,
    refuses_cuts,
    single_bit_flips,
    words,
)

DIRECTOR = parse_address("2001:db8::1")
REAL = parse_address("2001:db8::42")
VIP = parse_address("2001:db8::100")
ALL_NODES = parse_address("ff02::1")
DIRECTOR_MAC = parse_mac("02:00:0a:00:00:01")
REAL_MAC = parse_mac("02:00:0a:00:00:2a")

# 2001:db8::1 > ff02::1:ff00:42 ICMPv6 neighbor solicitation, who has 2001:db8::42,
#   source link-address 02:00:0a:00:00:01
SOLICITATION = bytes.fromhex(
    "60000000 0020 3a ff 20010db8000000000000000000000001 ff0200000000000000000001ff000042"
    "8700 11a7 00000000 20010db8000000000000000000000042 0101 02000a000001"
)
# 2001:db8::42 > 2001:db8::1 ICMPv6 neighbor advertisement, tgt is 2001:db8::42, flags [solicited, override],
#   destination link-address 02:00:0a:00:00:2a
ADVERTISEMENT = bytes.fromhex(
    "60000000 0020 3a ff 20010db8000000000000000000000042 20010db8000000000000000000000001"
    "8800 7fc9 60000000 20010db8000000000000000000000042 0201 02000a00002a"
)


def parse_message(octets: bytes) -> IcmpMessage:
    packet = parse_packet(octets)
    pseudo_sum = pseudo_header_sum(packet.source, packet.destination, PROTO_ICMPV6)
    return parse_icmpv6(octets, packet.payload_offset, packet.end, pseudo_sum)


def parse_whole(octets: bytes) -> NeighbourMessage:
    return parse_neighbour(parse_message(octets), parse_packet(octets))


def build_whole(message: IcmpMessage, source: bytes, destination: bytes, hop_limit: int = 255) -> bytes:
    payload = icmpv6_to_octets(message, source, destination)
    return build_packet(source, destination, PROTO_ICMPV6, payload, hop_limit)


def advertisement_with_options(options: bytes, flags: int = SOLICITED) -> bytes:
    message = IcmpMessage(NEIGHBOUR_ADVERTISEMENT, 0, bytes((flags, 0, 0, 0)), REAL + options)
    return build_whole(message, REAL, DIRECTOR)


def test_a_solicitation_there_and_back() -> None:
    value = neighbour_solicitation(REAL, DIRECTOR_MAC)
    assert parse_whole(SOLICITATION) == value
    assert build_whole(value.to_message(), DIRECTOR, solicited_node_address(REAL)) == SOLICITATION
    refuses_cuts(parse_whole, SOLICITATION)


def test_an_advertisement_there_and_back() -> None:
    value = neighbour_advertisement(REAL, REAL_MAC, SOLICITED | OVERRIDE)
    assert parse_whole(ADVERTISEMENT) == value
    assert build_whole(value.to_message(), REAL, DIRECTOR) == ADVERTISEMENT
    refuses_cuts(parse_whole, ADVERTISEMENT)


def test_every_flipped_bit_is_noticed() -> None:
    for flipped in single_bit_flips(ADVERTISEMENT[40:]):
        with pytest.raises(BadChecksum):
            parse_whole(ADVERTISEMENT[:40] + flipped)


def test_the_checksum_includes_the_addresses() -> None:
    with pytest.raises(BadChecksum):
        parse_whole(ADVERTISEMENT[:39] + b"\x02" + ADVERTISEMENT[40:])


@pytest.mark.parametrize("hop_limit", [1, 64, 254])
def test_what_a_router_passed_on_is_refused(hop_limit: int) -> None:
    message = neighbour_advertisement(REAL, REAL_MAC, SOLICITED).to_message()
    with pytest.raises(WireError, match=f"from afar: hop limit {hop_limit}"):
        parse_whole(build_whole(message, REAL, DIRECTOR, hop_limit))


def test_another_code_is_refused() -> None:
    message = IcmpMessage(NEIGHBOUR_ADVERTISEMENT, 1, bytes(4), REAL)
    with pytest.raises(WireError, match="code 1"):
        parse_whole(build_whole(message, REAL, DIRECTOR))


def test_another_type_is_refused() -> None:
    with pytest.raises(WireError, match="not neighbour discovery"):
        parse_whole(build_whole(echo_reply(1, 1, bytes(20)), REAL, DIRECTOR))


def test_a_body_without_room_for_the_target_is_truncated() -> None:
    message = IcmpMessage(NEIGHBOUR_ADVERTISEMENT, 0, bytes(4), REAL[:15])
    with pytest.raises(Truncated, match="15 octets of body"):
        parse_whole(build_whole(message, REAL, DIRECTOR))


def test_a_multicast_target_is_refused() -> None:
    message = neighbour_advertisement(ALL_NODES, REAL_MAC, 0).to_message()
    with pytest.raises(WireError, match="about a multicast address"):
        parse_whole(build_whole(message, REAL, DIRECTOR))


def test_an_advertisement_to_all_nodes_answers_nobody() -> None:
    unsolicited = neighbour_advertisement(REAL, REAL_MAC, OVERRIDE)
    assert parse_whole(build_whole(unsolicited.to_message(), REAL, ALL_NODES)) == unsolicited
    solicited = neighbour_advertisement(REAL, REAL_MAC, SOLICITED)
    with pytest.raises(WireError, match="to all nodes"):
        parse_whole(build_whole(solicited.to_message(), REAL, ALL_NODES))


def test_a_solicitation_without_source_is_duplicate_detection_or_refused() -> None:
    nobody, group = bytes(16), solicited_node_address(REAL)
    detection = NeighbourMessage(NEIGHBOUR_SOLICITATION, REAL, None, 0)
    assert parse_whole(build_whole(detection.to_message(), nobody, group)) == detection
    with_mac = neighbour_solicitation(REAL, DIRECTOR_MAC)
    for message, destination in ((with_mac, group), (detection, REAL)):
        with pytest.raises(WireError, match="from nobody"):
            parse_whole(build_whole(message.to_message(), nobody, destination))


@pytest.mark.parametrize(
    "options",
    [
        "0200 02000a00002a",  # a length of 0 would loop
        "0100 02000a00002a",
        "0202 02000a00002a",  # beyond the end
        "02",
        "0201",
        "0201 02000a00002a 05",
    ],
)
def test_lying_option_lengths_are_refused(options: str) -> None:
    with pytest.raises(WireError, match="impossible length"):
        parse_whole(advertisement_with_options(bytes.fromhex(options)))


def test_a_link_layer_address_that_is_no_mac_is_refused() -> None:
    with pytest.raises(WireError, match="14 octets is no MAC"):
        parse_whole(advertisement_with_options(b"\x02\x02" + bytes(14)))


def test_options_of_others_are_passed_over_and_the_first_mac_counts() -> None:
    options = bytes.fromhex("0101 02000a000001 0e02 0000000000000000000000000000")
    options += b"\x02\x01" + REAL_MAC + b"\x02\x01" + DIRECTOR_MAC
    assert parse_whole(advertisement_with_options(options)).mac == REAL_MAC
    assert parse_whole(advertisement_with_options(b"")).mac is None


def test_reserved_flags_are_ignored() -> None:
    assert parse_whole(advertisement_with_options(b"", 0xFF)).flags == ROUTER | SOLICITED | OVERRIDE


def test_an_error_names_the_flow_that_it_is_about() -> None:
    packet = IPv6(src="2001:db8::1", dst="2001:db8::100") / TCP(sport=40000, dport=80, seq=1000)
    theirs = bytes(IPv6(src="2001:db8::100", dst="2001:db8::1") / ICMPv6DestUnreach(code=1) / packet)
    message = parse_message(theirs)
    assert (message.type, message.code) == (DESTINATION_UNREACHABLE, 1)
    assert quoted_flow(message) == QuotedFlow(DIRECTOR, VIP, PROTO_TCP, 40000, 80, 1000)


@pytest.mark.parametrize("message_type", [0, 128, ECHO_REPLY, REDIRECT])
def test_a_message_that_is_no_error_is_about_no_flow(message_type: int) -> None:
    with pytest.raises(WireError, match="is no error"):
        quoted_flow(IcmpMessage(message_type, 0, bytes(4), build_packet(DIRECTOR, VIP, PROTO_TCP, bytes(20))))


@law
@given(ipv6_addresses, ipv6_addresses, words, words, payloads)
def test_scapy_agrees_on_echo_both_ways(
    source: bytes, destination: bytes, identifier: int, sequence: int, data: bytes
) -> None:
    for theirs, build in ((ICMPv6EchoRequest, echo_request), (ICMPv6EchoReply, echo_reply)):
        packet = IPv6(src=format_address(source), dst=format_address(destination), hlim=255)
        octets = bytes(packet / theirs(id=identifier, seq=sequence, data=data))
        value = build(identifier, sequence, data)
        assert build_whole(value, source, destination) == octets
        assert parse_message(octets) == value
        assert echo_numbers(value) == (identifier, sequence)


unicast = ipv6_addresses.filter(lambda address: address[0] != 0xFF and any(address))


@law
@given(unicast, unicast, unicast, macs)
def test_scapy_agrees_on_solicitations_both_ways(source: bytes, destination: bytes, target: bytes, mac: bytes) -> None:
    packet = IPv6(src=format_address(source), dst=format_address(destination), hlim=255)
    option = ICMPv6NDOptSrcLLAddr(lladdr=format_mac(mac))
    octets = bytes(packet / ICMPv6ND_NS(tgt=format_address(target)) / option)
    value = neighbour_solicitation(target, mac)
    assert build_whole(value.to_message(), source, destination) == octets
    assert parse_whole(octets) == value


@law
@given(unicast, unicast, unicast, macs, st.integers(0, 7))
def test_scapy_agrees_on_advertisements_both_ways(
    source: bytes, destination: bytes, target: bytes, mac: bytes, bits: int
) -> None:
    packet = IPv6(src=format_address(source), dst=format_address(destination), hlim=255)
    packet /= ICMPv6ND_NA(tgt=format_address(target), R=bits >> 2, S=bits >> 1 & 1, O=bits & 1)
    option = ICMPv6NDOptDstLLAddr(lladdr=format_mac(mac))
    value = neighbour_advertisement(target, mac, bits << 5)
    assert build_whole(value.to_message(), source, destination) == bytes(packet / option)
    assert parse_whole(bytes(packet / ICMPv6NDOptMTU() / option)) == value


@law
@given(any_octets, st.sampled_from([NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT]))
def test_any_octets(octets: bytes, message_type: int) -> None:
    gives_value_or_wire_error(lambda given: parse_icmpv6(given, 0, len(given), 0), octets)
    gives_value_or_wire_error(lambda given: quoted_flow(IcmpMessage(1, 0, bytes(4), given)), octets)
    for body in (octets, REAL + octets):
        message = IcmpMessage(message_type, 0, bytes(4), body)
        gives_value_or_wire_error(parse_whole, build_whole(message, REAL, DIRECTOR))


def test_a_target_has_its_group() -> None:
    assert format_address(solicited_node_address(REAL)) == "ff02::1:ff00:42"
