# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames in words, by scapy: built by our own codecs, so that each side vouches for the other."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lvs_rawcheck.diagnose.decode import Decoder
from lvs_rawcheck.wire import icmp, icmpv6, sctp
from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.arp import REPLY, REQUEST, ArpPacket
from lvs_rawcheck.wire.checksum import pseudo_header_sum
from lvs_rawcheck.wire.ethernet import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, Ethernet
from lvs_rawcheck.wire.icmp import IcmpMessage
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_SCTP, PROTO_UDP, build_packet
from lvs_rawcheck.wire.tcp import ACK, PSH, SACK_PERMITTED, SYN, Segment, mss_option
from lvs_rawcheck.wire.template import AddressPair, SegmentTemplate
from lvs_rawcheck.wire.udp import Datagram

DIRECTOR_MAC, REAL_MAC = bytes.fromhex("020000000100"), bytes.fromhex("020000000200")
DIRECTOR, REAL, VIP = (parse_address(text) for text in ("10.0.0.21", "10.0.0.42", "10.0.0.100"))
DIRECTOR6, REAL6, VIP6 = (parse_address(text) for text in ("2001:db8::21", "2001:db8::42", "2001:db8::100"))
ISS, IRS = 0xFFFFFFFF, 1000


def ethernet(octets: bytes, ethertype: int) -> bytes:
    return Ethernet(REAL_MAC, DIRECTOR_MAC, ethertype, octets).to_octets()


def sent(segment: Segment) -> bytes:
    return ethernet(SegmentTemplate(AddressPair(DIRECTOR, VIP), 50000, 80).packet(segment), ETHERTYPE_IPV4)


def received(segment: Segment) -> bytes:
    return ethernet(SegmentTemplate(AddressPair(VIP, DIRECTOR, 63), 80, 50000).packet(segment), ETHERTYPE_IPV4)


def test_a_conversation_counts_from_its_own_beginning() -> None:
    decoder = Decoder()
    syn = Segment(50000, 80, ISS, 0, SYN, 64240, mss_option(1460) + SACK_PERMITTED)
    syn_ack = Segment(80, 50000, IRS, ISS + 1 & 0xFFFFFFFF, SYN | ACK, 65535)
    data = Segment(50000, 80, ISS + 1 & 0xFFFFFFFF, IRS + 1, ACK | PSH, 64240, payload=b"hello")
    assert [decoder.describe(sent(syn)), decoder.describe(received(syn_ack)), decoder.describe(sent(data))] == [
        "10.0.0.21:50000 > 10.0.0.100:80 TCP S seq 0 win 64240 <MSS=1460,SAckOK> ttl 64",
        "10.0.0.100:80 > 10.0.0.21:50000 TCP SA seq 0 ack 1 win 65535 ttl 63",
        "10.0.0.21:50000 > 10.0.0.100:80 TCP PA seq 1 ack 1 win 64240 5 octets ttl 64",
    ]


def test_ipv6_endpoints_stand_in_brackets() -> None:
    packet = SegmentTemplate(AddressPair(DIRECTOR6, VIP6), 50000, 80).packet(Segment(50000, 80, 5, 0, SYN, 64240))
    words = Decoder().describe(ethernet(packet, ETHERTYPE_IPV6))
    assert words == "[2001:db8::21]:50000 > [2001:db8::100]:80 TCP S seq 0 win 64240 hlim 64"


def test_padding_is_no_data() -> None:
    words = Decoder().describe(sent(Segment(50000, 80, 5, 0, SYN, 64240)) + bytes(6))
    assert words == "10.0.0.21:50000 > 10.0.0.100:80 TCP S seq 0 win 64240 ttl 64"


QUERY = bytes.fromhex("1234 0100 0001 0000 0000 0000 07") + b"example" + bytes.fromhex("00 0006 0001")
REFUSAL = bytes.fromhex("1234 8105 0001 0000 0000 0000 07") + b"example" + bytes.fromhex("00 0006 0001")


def datagram(source: bytes, destination: bytes, ports: tuple[int, int], payload: bytes) -> bytes:
    octets = Datagram(*ports, payload).to_octets(pseudo_header_sum(source, destination, PROTO_UDP))
    family = ETHERTYPE_IPV4 if len(source) == 4 else ETHERTYPE_IPV6
    return ethernet(build_packet(source, destination, PROTO_UDP, octets), family)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (
            datagram(DIRECTOR, VIP, (50000, 53), QUERY),
            "10.0.0.21:50000 > 10.0.0.100:53 UDP 25 octets DNS query 4660 SOA example. ttl 64",
        ),
        (
            datagram(VIP6, DIRECTOR6, (53, 50000), REFUSAL),
            "[2001:db8::100]:53 > [2001:db8::21]:50000 UDP 25 octets DNS response 4660 refused SOA example."
            " 0 answers hlim 64",
        ),
        (datagram(DIRECTOR, VIP, (50000, 514), b"hello"), "10.0.0.21:50000 > 10.0.0.100:514 UDP 5 octets ttl 64"),
        (datagram(DIRECTOR, VIP, (50000, 53), b"hello"), "10.0.0.21:50000 > 10.0.0.100:53 UDP 5 octets ttl 64"),
    ],
)
def test_datagrams(frame: bytes, words: str) -> None:
    assert Decoder().describe(frame) == words


def test_sctp_packets() -> None:
    init = sctp.packet_to_octets(50000, 3868, sctp.payload_of(0, sctp.init_chunk(7, 1)))
    words = Decoder().describe(ethernet(build_packet(DIRECTOR, VIP, PROTO_SCTP, init), ETHERTYPE_IPV4))
    assert words == "10.0.0.21:50000 > 10.0.0.100:3868 SCTP Init tag 0 ttl 64"


def icmp4(message: IcmpMessage, source: bytes = REAL, destination: bytes = DIRECTOR) -> bytes:
    packet = build_packet(source, destination, PROTO_ICMP, icmp.icmp_to_octets(message))
    return ethernet(packet, ETHERTYPE_IPV4)


def icmp6(message: IcmpMessage, source: bytes = REAL6, destination: bytes = DIRECTOR6) -> bytes:
    octets = icmpv6.icmpv6_to_octets(message, source, destination)
    return ethernet(build_packet(source, destination, PROTO_ICMPV6, octets, 255), ETHERTYPE_IPV6)


QUOTED4 = SegmentTemplate(AddressPair(DIRECTOR, VIP), 50000, 80).packet(Segment(50000, 80, 5, 0, SYN, 64240))
QUOTED6 = SegmentTemplate(AddressPair(DIRECTOR6, VIP6), 50000, 80).packet(Segment(50000, 80, 5, 0, SYN, 64240))


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (
            ethernet(ArpPacket(REQUEST, DIRECTOR_MAC, DIRECTOR, bytes(6), VIP).to_octets(), ETHERTYPE_ARP),
            "ARP who-has 10.0.0.100 tell 10.0.0.21",
        ),
        (
            ethernet(ArpPacket(REPLY, REAL_MAC, VIP, DIRECTOR_MAC, DIRECTOR).to_octets(), ETHERTYPE_ARP),
            "ARP reply 10.0.0.100 is-at 02:00:00:00:02:00 to 10.0.0.21",
        ),
        (
            icmp4(icmp.echo_request(1, 1, b""), DIRECTOR, VIP),
            "10.0.0.21 > 10.0.0.100 ICMP 8/0 echo-request ttl 64",
        ),
        (
            icmp4(IcmpMessage(3, 13, bytes(4), QUOTED4)),
            "10.0.0.42 > 10.0.0.21 ICMP 3/13 dest-unreach communication-prohibited"
            " about 10.0.0.21:50000 > 10.0.0.100:80 ttl 64",
        ),
        (
            icmp4(IcmpMessage(3, 13, bytes(4), QUOTED4[:28])),
            "10.0.0.42 > 10.0.0.21 ICMP 3/13 dest-unreach communication-prohibited"
            " about 10.0.0.21:50000 > 10.0.0.100:80 ttl 64",
        ),
        (
            icmp6(IcmpMessage(1, 1, bytes(4), QUOTED6)),
            "2001:db8::42 > 2001:db8::21 ICMPv6 1/1 Destination Unreachable"
            " about [2001:db8::21]:50000 > [2001:db8::100]:80 hlim 255",
        ),
        (
            icmp6(icmpv6.neighbour_solicitation(VIP6, DIRECTOR_MAC).to_message(), DIRECTOR6, VIP6),
            "2001:db8::21 > 2001:db8::100 ICMPv6 135/0 Neighbor Solicitation 2001:db8::100 hlim 255",
        ),
        (
            icmp6(icmpv6.neighbour_advertisement(VIP6, REAL_MAC, icmpv6.SOLICITED).to_message()),
            "2001:db8::42 > 2001:db8::21 ICMPv6 136/0 Neighbor Advertisement 2001:db8::100 hlim 255",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_everything_else_that_the_filter_lets_through(frame: bytes, words: str) -> None:
    assert Decoder().describe(frame) == words


@settings(deadline=None)
@given(
    st.sampled_from([ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_ARP, 0x1234]),
    st.one_of(
        st.binary(max_size=100),
        st.binary(max_size=60).map(lambda rest: QUOTED4[:20] + rest),
        st.binary(max_size=60).map(lambda rest: QUOTED6[:40] + rest),
        st.binary(max_size=60).map(lambda rest: build_packet(REAL, DIRECTOR, PROTO_ICMP, rest)),
        st.binary(max_size=60).map(lambda rest: build_packet(REAL6, DIRECTOR6, PROTO_ICMPV6, rest)),
        st.binary(max_size=60).map(lambda rest: build_packet(VIP, DIRECTOR, PROTO_SCTP, rest)),
        st.binary(max_size=60).map(lambda rest: datagram(VIP, DIRECTOR, (53, 50000), rest)[14:]),
        st.binary(max_size=60).map(lambda rest: datagram(VIP, DIRECTOR, (53, 50000), REFUSAL[:12] + rest)[14:]),
    ),
)
def test_any_octets_have_a_description(ethertype: int, octets: bytes) -> None:
    assert Decoder().describe(ethernet(octets, ethertype))
