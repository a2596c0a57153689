# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from scapy.layers.l2 import ARP

from lvs_rawcheck.errors import Truncated, WireError
from lvs_rawcheck.wire.address import format_address, format_mac, parse_address, parse_mac
from lvs_rawcheck.wire.arp import REPLY, REQUEST, ArpPacket, parse_arp
from tests.wire.laws import (
    any_octets,
    gives_value_or_wire_error,
    ipv4_addresses,
    law,
    macs,
    refuses_cuts,
    words,
)

DIRECTOR_MAC = parse_mac("02:00:0a:00:00:01")
REAL_MAC = parse_mac("02:00:0a:00:00:2a")
DIRECTOR = parse_address("10.0.0.1")
REAL = parse_address("10.0.0.42")

# 10.0.0.1 ARP request who has 10.0.0.42
REQUEST_OCTETS = bytes.fromhex("0001 0800 06 04 0001 02000a000001 0a000001 000000000000 0a00002a")
# 10.0.0.42 ARP reply to 10.0.0.1: it is at 02:00:0a:00:00:2a
REPLY_OCTETS = bytes.fromhex("0001 0800 06 04 0002 02000a00002a 0a00002a 02000a000001 0a000001")


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (REQUEST_OCTETS, ArpPacket(REQUEST, DIRECTOR_MAC, DIRECTOR, bytes(6), REAL)),
        (REPLY_OCTETS, ArpPacket(REPLY, REAL_MAC, REAL, DIRECTOR_MAC, DIRECTOR)),
    ],
)
def test_packets_there_and_back(octets: bytes, value: ArpPacket) -> None:
    assert parse_arp(octets) == value
    assert value.to_octets() == octets
    assert parse_arp(octets + bytes(18)) == value  # padded to the Ethernet minimum
    refuses_cuts(parse_arp, octets)


def test_a_packet_cut_short_is_truncated() -> None:
    with pytest.raises(Truncated, match="27 octets"):
        parse_arp(REPLY_OCTETS[:27])


@pytest.mark.parametrize("position", [1, 3, 4, 5])
def test_other_hardware_protocols_and_lengths_are_refused(position: int) -> None:
    octets = bytearray(REPLY_OCTETS)
    octets[position] ^= 1
    with pytest.raises(WireError, match="not about IPv4 over Ethernet"):
        parse_arp(bytes(octets))


@law
@given(words, macs, ipv4_addresses, macs, ipv4_addresses)
def test_scapy_agrees_both_ways(
    operation: int, sender_mac: bytes, sender_ip: bytes, target_mac: bytes, target_ip: bytes
) -> None:
    value = ArpPacket(operation, sender_mac, sender_ip, target_mac, target_ip)
    theirs = ARP(
        op=operation,
        hwsrc=format_mac(sender_mac),
        psrc=format_address(sender_ip),
        hwdst=format_mac(target_mac),
        pdst=format_address(target_ip),
    )
    assert value.to_octets() == bytes(theirs)
    assert parse_arp(bytes(theirs)) == value
    read = ARP(value.to_octets())
    assert (read.op, read.hwsrc, read.psrc) == (operation, format_mac(sender_mac), format_address(sender_ip))
    assert (read.hwdst, read.pdst) == (format_mac(target_mac), format_address(target_ip))


@law
@given(any_octets)
def test_any_octets(octets: bytes) -> None:
    gives_value_or_wire_error(parse_arp, octets)
    gives_value_or_wire_error(parse_arp, REPLY_OCTETS[:8] + octets)
