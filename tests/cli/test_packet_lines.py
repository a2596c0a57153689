# SPDX-License-Identifier: GPL-2.0-or-later
"""One line a frame, word for word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.cli.packet_lines import CONVERSATION, NEIGHBOURS, PacketLines
from lvs_rawcheck.wire import sctp
from lvs_rawcheck.wire.address import parse_address, parse_mac
from lvs_rawcheck.wire.arp import REPLY, REQUEST, ArpPacket
from lvs_rawcheck.wire.ethernet import BROADCAST, ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, Ethernet, multicast_mac
from lvs_rawcheck.wire.icmp import DESTINATION_UNREACHABLE, IcmpMessage, echo_reply, icmp_to_octets
from lvs_rawcheck.wire.icmpv6 import (
    NEIGHBOUR_HOP_LIMIT,
    OVERRIDE,
    SOLICITED,
    icmpv6_to_octets,
    neighbour_advertisement,
    neighbour_solicitation,
    solicited_node_address,
)
from lvs_rawcheck.wire.icmpv6 import echo_request as icmpv6_echo_request
from lvs_rawcheck.wire.ip import PROTO_ICMP, PROTO_ICMPV6, PROTO_SCTP, PROTO_UDP, build_packet
from lvs_rawcheck.wire.tcp import ACK, CWR, ECE, FIN, PSH, RST, SYN, Segment
from lvs_rawcheck.wire.template import AddressPair, SegmentTemplate
from lvs_rawcheck.wire.udp import Datagram

DIRECTOR, REAL, VIP = (parse_address(text) for text in ("10.0.0.21", "10.0.0.42", "10.0.0.100"))
DIRECTOR6, REAL6, VIP6 = (parse_address(text) for text in ("2001:db8::21", "2001:db8::42", "2001:db8::100"))
DIRECTOR_MAC, REAL_MAC = parse_mac("02:00:0a:00:00:15"), parse_mac("02:00:0a:00:00:2a")
OUT = "(02:00:0a:00:00:15) 10.0.0.21:54321 > 10.0.0.100:80 (02:00:0a:00:00:2a)"
TO_DNS = "(02:00:0a:00:00:15) 10.0.0.21:54321 > 10.0.0.100:53 (02:00:0a:00:00:2a)"
BACK = "(02:00:0a:00:00:2a) 10.0.0.100:80 > 10.0.0.21:54321 (02:00:0a:00:00:15)"
TEMPLATE = SegmentTemplate(AddressPair(DIRECTOR, VIP), 54321, 80)
BACK_TEMPLATE = SegmentTemplate(AddressPair(VIP, DIRECTOR), 80, 54321)


def sent(seq: int, ack: int, flags: int, payload: bytes = b"") -> bytes:
    packet = TEMPLATE.packet(Segment(54321, 80, seq, ack, flags, 64240, b"", payload))
    return Ethernet(REAL_MAC, DIRECTOR_MAC, ETHERTYPE_IPV4, packet).to_octets()


def received(seq: int, ack: int, flags: int, payload: bytes = b"") -> bytes:
    packet = BACK_TEMPLATE.packet(Segment(80, 54321, seq, ack, flags, 64240, b"", payload))
    return Ethernet(DIRECTOR_MAC, REAL_MAC, ETHERTYPE_IPV4, packet).to_octets()


def sent_packet(protocol: int, payload: bytes) -> bytes:
    packet = build_packet(DIRECTOR, VIP, protocol, payload)
    return Ethernet(REAL_MAC, DIRECTOR_MAC, ETHERTYPE_IPV4, packet).to_octets()


def frame(ethertype: int, packet: bytes, destination: bytes = DIRECTOR_MAC, source: bytes = REAL_MAC) -> bytes:
    return Ethernet(destination, source, ethertype, packet).to_octets()


def test_a_conversation() -> None:
    ours, theirs = 0xFFFFFFFE, 7_000_000
    lines = PacketLines()
    conversation = [
        (sent(ours, 0, SYN), f"{OUT} Flags [S], seq 1, ack 0"),
        (received(theirs, ours + 1, SYN | ACK | ECE), f"{BACK} Flags [S.E], seq 1, ack 2"),
        (sent(ours + 1, theirs + 1, ACK), f"{OUT} Flags [.], seq 2, ack 2"),
        (received(theirs + 1, ours + 1, PSH | ACK, b"220 hi\r\n"), f"{BACK} Flags [P.], seq 2, ack 2, length 8"),
        (sent(0, theirs + 9, FIN | ACK), f"{OUT} Flags [F.], seq 3, ack 10"),
        (received(theirs + 9, 1, FIN | ACK), f"{BACK} Flags [F.], seq 10, ack 4"),
        (sent(1, theirs + 10, RST | ACK), f"{OUT} Flags [R.], seq 4, ack 11"),
    ]
    for octets, line in conversation:
        assert lines.describe(octets) == (CONVERSATION, line)


def test_a_refusal_has_no_syn_to_count_from() -> None:
    lines = PacketLines()
    lines.describe(sent(5000, 0, SYN))
    assert lines.describe(received(0, 5001, RST | ACK))[1] == f"{BACK} Flags [R.], seq 0, ack 2"


def test_a_challenge_keeps_its_absolute_numbers_and_a_new_syn_counts_anew() -> None:
    lines = PacketLines()
    lines.describe(sent(5000, 0, SYN))
    assert lines.describe(received(900, 4711, ACK))[1] == f"{BACK} Flags [.], seq 900, ack {2**32 + 4711 - 5000 + 1}"
    assert lines.describe(sent(4711, 0, RST))[1].startswith(f"{OUT} Flags [R], seq ")
    assert lines.describe(sent(8000, 0, SYN | ECE | CWR))[1] == f"{OUT} Flags [SEW], seq 1, ack 0"


def test_ipv6_stands_in_brackets() -> None:
    segment = Segment(54321, 80, 1000, 0, SYN, 64240)
    packet = SegmentTemplate(AddressPair(DIRECTOR6, VIP6), 54321, 80).packet(segment)
    assert PacketLines().describe(frame(ETHERTYPE_IPV6, packet, REAL_MAC, DIRECTOR_MAC)) == (
        CONVERSATION,
        "(02:00:0a:00:00:15) [2001:db8::21]:54321 > [2001:db8::100]:80 (02:00:0a:00:00:2a) Flags [S], seq 1, ack 0",
    )


def test_arp() -> None:
    request = ArpPacket(REQUEST, DIRECTOR_MAC, DIRECTOR, bytes(6), REAL).to_octets()
    reply = ArpPacket(REPLY, REAL_MAC, REAL, DIRECTOR_MAC, DIRECTOR).to_octets()
    lines = PacketLines()
    assert lines.describe(frame(ETHERTYPE_ARP, request, BROADCAST, DIRECTOR_MAC)) == (
        NEIGHBOURS,
        "(02:00:0a:00:00:15) 10.0.0.21 ARP request who has 10.0.0.42 (ff:ff:ff:ff:ff:ff)",
    )
    assert lines.describe(frame(ETHERTYPE_ARP, reply)) == (
        NEIGHBOURS,
        "(02:00:0a:00:00:2a) 10.0.0.42 ARP reply 10.0.0.42 is at 02:00:0a:00:00:2a (02:00:0a:00:00:15)",
    )


def test_neighbour_discovery() -> None:
    group = solicited_node_address(REAL6)
    question = icmpv6_to_octets(neighbour_solicitation(REAL6, DIRECTOR_MAC).to_message(), DIRECTOR6, group)
    advertisement = neighbour_advertisement(REAL6, REAL_MAC, SOLICITED | OVERRIDE).to_message()
    answer = icmpv6_to_octets(advertisement, REAL6, DIRECTOR6)
    asked = build_packet(DIRECTOR6, group, PROTO_ICMPV6, question, NEIGHBOUR_HOP_LIMIT)
    answered = build_packet(REAL6, DIRECTOR6, PROTO_ICMPV6, answer, NEIGHBOUR_HOP_LIMIT)
    lines = PacketLines()
    assert lines.describe(frame(ETHERTYPE_IPV6, asked, multicast_mac(group), DIRECTOR_MAC)) == (
        NEIGHBOURS,
        "(02:00:0a:00:00:15) 2001:db8::21 NDP solicitation who has 2001:db8::42 (33:33:ff:00:00:42)",
    )
    assert lines.describe(frame(ETHERTYPE_IPV6, answered)) == (
        NEIGHBOURS,
        "(02:00:0a:00:00:2a) 2001:db8::42 NDP advertisement 2001:db8::42 is at 02:00:0a:00:00:2a (02:00:0a:00:00:15)",
    )


def unreachable(code: int, quoted: bytes) -> bytes:
    message = icmp_to_octets(IcmpMessage(DESTINATION_UNREACHABLE, code, bytes(4), quoted))
    return frame(ETHERTYPE_IPV4, build_packet(REAL, DIRECTOR, PROTO_ICMP, message))


def test_an_icmp_error_names_what_it_is_about() -> None:
    quoted = sent(1, 0, SYN)[14 : 14 + 28]
    assert PacketLines().describe(unreachable(13, quoted)) == (
        CONVERSATION,
        "(02:00:0a:00:00:2a) 10.0.0.42 > 10.0.0.21 ICMP 3/13 (administratively prohibited) from 10.0.0.42"
        " about 10.0.0.21:54321 > 10.0.0.100:80 (02:00:0a:00:00:15)",
    )


def test_an_icmp_error_about_a_datagram_of_a_check() -> None:
    datagram = build_packet(DIRECTOR, VIP, PROTO_UDP, bytes.fromhex("c000 0035 0008 0000"))
    level, line = PacketLines().describe(unreachable(3, datagram))
    assert level == CONVERSATION
    assert "about 10.0.0.21:49152 > 10.0.0.100:53" in line


def test_an_icmp_error_about_a_nudge_is_of_the_neighbours() -> None:
    datagram = build_packet(DIRECTOR, REAL, PROTO_UDP, bytes.fromhex("c000 0009 0008 0000"))
    level, line = PacketLines().describe(unreachable(3, datagram))
    assert level == NEIGHBOURS
    assert "ICMP 3/3 (port unreachable)" in line


def test_echo() -> None:
    echo = build_packet(VIP, DIRECTOR, PROTO_ICMP, icmp_to_octets(echo_reply(1, 2, b"x")))
    assert PacketLines().describe(frame(ETHERTYPE_IPV4, echo)) == (
        CONVERSATION,
        "(02:00:0a:00:00:2a) 10.0.0.100 > 10.0.0.21 (02:00:0a:00:00:15) ICMP echo reply, id 1, seq 2, length 9",
    )
    echo = icmpv6_to_octets(icmpv6_echo_request(1, 2, b"x"), DIRECTOR6, VIP6)
    assert PacketLines().describe(frame(ETHERTYPE_IPV6, build_packet(DIRECTOR6, VIP6, PROTO_ICMPV6, echo))) == (
        CONVERSATION,
        "(02:00:0a:00:00:2a) 2001:db8::21 > 2001:db8::100 (02:00:0a:00:00:15)"
        " ICMPv6 echo request, id 1, seq 2, length 9",
    )


def test_other_icmp() -> None:
    redirect = build_packet(REAL, DIRECTOR, PROTO_ICMP, icmp_to_octets(IcmpMessage(5, 1, bytes(4), bytes(28))))
    assert PacketLines().describe(frame(ETHERTYPE_IPV4, redirect)) == (
        CONVERSATION,
        "(02:00:0a:00:00:2a) 10.0.0.42 > 10.0.0.21 (02:00:0a:00:00:15) ICMP 5/1",
    )


def test_datagrams() -> None:
    pair = AddressPair(DIRECTOR, VIP)
    asked = Datagram(54321, 53, b"a question here.").to_octets(pair.pseudo_sum)
    assert PacketLines().describe(sent_packet(PROTO_UDP, asked)) == (CONVERSATION, f"{TO_DNS} UDP, length 16")


def test_sctp() -> None:
    init = sctp.packet_to_octets(54321, 53, sctp.payload_of(0, sctp.init_chunk(7, 1)))
    assert PacketLines().describe(sent_packet(PROTO_SCTP, init)) == (
        CONVERSATION,
        f"{TO_DNS} SCTP [INIT], tag 0, length 20",
    )
    abort = sctp.packet_to_octets(54321, 53, sctp.payload_of(8, sctp.abort_chunk()))
    assert PacketLines().describe(sent_packet(PROTO_SCTP, abort))[1] == f"{TO_DNS} SCTP [ABORT], tag 8, length 4"
    data = sctp.packet_to_octets(54321, 53, sctp.payload_of(8, bytes.fromhex("00 03 0004")))
    assert PacketLines().describe(sent_packet(PROTO_SCTP, data))[1] == f"{TO_DNS} SCTP [chunk 0], tag 8, length 4"


@pytest.mark.parametrize("length", range(14, 54))
def test_a_cut_frame_is_called_broken(length: int) -> None:
    level, line = PacketLines().describe(sent(1, 0, SYN)[:length])
    assert level == CONVERSATION
    assert line.startswith(f"(02:00:0a:00:00:15) broken packet of {length - 14} octets: ")


@given(st.binary(max_size=200))
def test_any_octets_have_one_line(octets: bytes) -> None:
    level, line = PacketLines().describe(octets)
    assert level in (CONVERSATION, NEIGHBOURS)
    assert line
    assert "\n" not in line


@given(st.sampled_from([ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6]), st.binary(max_size=120))
def test_any_payload_has_one_line(ethertype: int, octets: bytes) -> None:
    assert PacketLines().describe(frame(ethertype, octets))[1].startswith("(02:00:0a:00:00:2a) ")
