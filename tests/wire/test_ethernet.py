# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.l2 import Ether

from lvs_rawcheck.errors import Truncated, WireError
from lvs_rawcheck.wire.address import format_mac, parse_mac
from lvs_rawcheck.wire.ethernet import (
    BROADCAST,
    ETHERTYPE_IPV4,
    Ethernet,
    is_unicast_mac,
    multicast_mac,
    parse_ethernet,
)
from tests.wire.laws import any_octets, gives_value_or_wire_error, law, macs, payloads, survives_cuts

DIRECTOR = parse_mac("02:00:0a:00:00:01")
REAL = parse_mac("02:00:0a:00:00:2a")

# 02:00:0a:00:00:01 > 02:00:0a:00:00:2a IPv4 (0x0800), 3 octets
FRAME = bytes.fromhex("02000a00002a 02000a000001 0800 450000")
VALUE = Ethernet(REAL, DIRECTOR, ETHERTYPE_IPV4, bytes.fromhex("450000"))


def test_a_frame_there_and_back() -> None:
    assert parse_ethernet(FRAME) == VALUE
    assert VALUE.to_octets() == FRAME
    survives_cuts(parse_ethernet, FRAME)


def test_a_header_cut_short_is_truncated() -> None:
    with pytest.raises(Truncated, match="13 octets"):
        parse_ethernet(FRAME[:13])


def test_a_length_in_the_place_of_the_type_is_refused() -> None:
    assert parse_ethernet(FRAME[:12] + b"\x06\x00" + FRAME[14:]).ethertype == 0x0600
    with pytest.raises(WireError, match="0x05ff is a length"):
        parse_ethernet(FRAME[:12] + b"\x05\xff" + FRAME[14:])


# Types that scapy has no layer for, so that the payload stays octets.
@law
@given(macs, macs, st.integers(0x9900, 0x9AFF), payloads)
def test_scapy_agrees_both_ways(destination: bytes, source: bytes, ethertype: int, payload: bytes) -> None:
    value = Ethernet(destination, source, ethertype, payload)
    theirs = Ether(dst=format_mac(destination), src=format_mac(source), type=ethertype) / payload
    assert value.to_octets() == bytes(theirs)
    assert parse_ethernet(bytes(theirs)) == value
    read = Ether(value.to_octets())
    assert (read.dst, read.src, read.type) == (format_mac(destination), format_mac(source), ethertype)


@law
@given(any_octets)
def test_any_octets(octets: bytes) -> None:
    gives_value_or_wire_error(parse_ethernet, octets)


def test_which_macs_one_station_can_have() -> None:
    assert is_unicast_mac(REAL)
    assert is_unicast_mac(parse_mac("02:01:00:00:00:00"))
    assert not is_unicast_mac(BROADCAST)
    assert not is_unicast_mac(bytes(6))
    assert not is_unicast_mac(parse_mac("33:33:00:00:00:01"))


def test_an_ipv6_group_has_a_mac_of_its_own() -> None:
    group = bytes.fromhex("ff0200000000000000000001ff00002a")
    assert format_mac(multicast_mac(group)) == "33:33:ff:00:00:2a"
