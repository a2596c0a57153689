# SPDX-License-Identifier: GPL-2.0-or-later
"""The assigned numbers, as scapy's own layers write them."""

from __future__ import annotations

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_Redirect,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    IPv6,
)
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

from lvs_rawcheck.wire import arp, ethernet, icmp, icmpv6, ip


@pytest.mark.parametrize(
    ("layer", "ethertype"),
    [
        (IP(), ethernet.ETHERTYPE_IPV4),
        (IPv6(), ethernet.ETHERTYPE_IPV6),
        (ARP(), ethernet.ETHERTYPE_ARP),
    ],
)
def test_ethertypes(layer: Packet, ethertype: int) -> None:
    frame = Ether(dst="02:00:0a:00:00:2a", src="02:00:0a:00:00:01") / layer
    assert Ether(bytes(frame)).type == ethertype


@pytest.mark.parametrize(
    ("layer", "protocol"),
    [
        (IP() / ICMP(), ip.PROTO_ICMP),
        (IP() / TCP(), ip.PROTO_TCP),
        (IP() / UDP(), ip.PROTO_UDP),
        (IPv6(src="::1", dst="::1") / ICMPv6EchoRequest(), ip.PROTO_ICMPV6),
    ],
)
def test_protocols(layer: Packet, protocol: int) -> None:
    assert ip.parse_packet(bytes(layer)).protocol == protocol
    assert ip.parse_packet(bytes(layer)).ttl == ip.TTL_DEFAULT


def test_arp_operations() -> None:
    assert (ARP(op="who-has").op, ARP(op="is-at").op) == (arp.REQUEST, arp.REPLY)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("echo-reply", icmp.ECHO_REPLY),
        ("dest-unreach", icmp.DESTINATION_UNREACHABLE),
        ("redirect", icmp.REDIRECT),
        ("echo-request", icmp.ECHO_REQUEST),
        ("time-exceeded", icmp.TIME_EXCEEDED),
        ("parameter-problem", icmp.PARAMETER_PROBLEM),
    ],
)
def test_icmp_types(name: str, number: int) -> None:
    assert ICMP(type=name).type == number


@pytest.mark.parametrize(
    ("layer", "number"),
    [
        (ICMPv6DestUnreach(), icmpv6.DESTINATION_UNREACHABLE),
        (ICMPv6PacketTooBig(), icmpv6.PACKET_TOO_BIG),
        (ICMPv6TimeExceeded(), icmpv6.TIME_EXCEEDED),
        (ICMPv6ParamProblem(), icmpv6.PARAMETER_PROBLEM),
        (ICMPv6EchoRequest(), icmpv6.ECHO_REQUEST),
        (ICMPv6EchoReply(), icmpv6.ECHO_REPLY),
        (ICMPv6ND_NS(), icmpv6.NEIGHBOUR_SOLICITATION),
        (ICMPv6ND_NA(), icmpv6.NEIGHBOUR_ADVERTISEMENT),
        (ICMPv6ND_Redirect(), icmpv6.REDIRECT),
    ],
)
def test_icmpv6_types(layer: Packet, number: int) -> None:
    assert layer.type == number


def test_advertisement_flags() -> None:
    for flags, bit in (({"R": 1}, icmpv6.ROUTER), ({"S": 1}, icmpv6.SOLICITED), ({"O": 1}, icmpv6.OVERRIDE)):
        assert bytes(ICMPv6ND_NA(**({"R": 0, "S": 0, "O": 0} | flags)))[4] == bit
