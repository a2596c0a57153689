# SPDX-License-Identifier: GPL-2.0-or-later
"""Netlink messages as octets: what they mean, and that hostile ones give a LinkError and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.errors import LinkError
from lvs_rawcheck.link.netlink import (
    NETLINK_ROUTE,
    NLMSG_NOOP,
    NetlinkSocket,
    attribute_number,
    format_attribute,
    format_message,
    parse_attributes,
    parse_messages,
)
from lvs_rawcheck.link.rtnetlink import (
    NUD_FAILED,
    NUD_REACHABLE,
    LocalAddress,
    Neighbour,
    Route,
    parse_interface,
    parse_local_address,
    parse_neighbour,
    parse_route,
)

MAC = bytes.fromhex("02000000 0200")

# ip neigh: 10.0.0.42 dev 2 lladdr 02:00:00:00:02:00 REACHABLE
NEIGHBOUR = bytes.fromhex("02000000 02000000 0200 00 01  08000100 0a00002a  0a000200 020000000200 0000")
# ip -4 address: 10.0.0.21/24 on interface 2, scope global, flags permanent
ADDRESS = bytes.fromhex("02 18 80 00 02000000  08000100 0a000015  08000200 0a000015  08000800 80000000")
# a point-to-point link: 10.9.0.1 peer 10.9.0.2
PEER_ADDRESS = bytes.fromhex("02 20 80 00 03000000  08000100 0a090002  08000200 0a090001")
# ip route get 192.0.2.1: via 10.0.0.1 dev 2 src 10.0.0.21
ROUTE = bytes.fromhex(
    "02 20 00 00 fe 00 00 01 00000000 08000100 c0000201 08000400 02000000 08000500 0a000001 08000700 0a000015"
)
# the same through an IPv6 next hop, fe80::1 (RTA_VIA)
ROUTE_VIA = bytes.fromhex(
    "02 20 00 00 fe 00 00 01 00000000  08000400 02000000  16001200 0a00 fe800000000000000000000000000001 0000"
)
# ip -d link: 4: mv0, macvlan, up and running, mtu 1500
INTERFACE = bytes.fromhex(
    "00 00 0100 04000000 43100100 00000000"
    "08000300 6d763000"
    "0a000100 020000000101 0000"
    "08000400 dc050000"
    "10001280 0c000100 6d6163766c616e00"
)
BODIES = (NEIGHBOUR, ADDRESS, PEER_ADDRESS, ROUTE, ROUTE_VIA, INTERFACE)
PARSERS: tuple[Callable[[bytes], object], ...] = (
    parse_neighbour,
    parse_local_address,
    parse_route,
    parse_interface,
    parse_attributes,
    lambda octets: list(parse_messages(octets)),
)


def _address(text: str) -> bytes:
    return ip_address(text).packed


def test_neighbour() -> None:
    assert parse_neighbour(NEIGHBOUR) == (2, Neighbour(_address("10.0.0.42"), MAC, NUD_REACHABLE))


def test_address_is_the_local_end() -> None:
    assert parse_local_address(ADDRESS) == LocalAddress(2, _address("10.0.0.21"), 24, 0, 0x80)
    peer = parse_local_address(PEER_ADDRESS)
    assert peer is not None
    assert peer.address == _address("10.9.0.1")


def test_route_with_a_gateway_of_either_family() -> None:
    assert parse_route(ROUTE) == Route("unicast", 2, _address("10.0.0.1"), _address("10.0.0.21"))
    assert parse_route(ROUTE_VIA) == Route("unicast", 2, _address("fe80::1"), None)


@pytest.mark.parametrize("kind", [6, 7, 8, 9, 200])
def test_route_that_leads_nowhere(kind: int) -> None:
    assert parse_route(ROUTE[:7] + bytes([kind]) + ROUTE[8:]) is None


def test_interface() -> None:
    interface = parse_interface(INTERFACE)
    assert (interface.index, interface.name, interface.kind, interface.mtu) == (4, "mv0", "macvlan", 1500)
    assert interface.mac == bytes.fromhex("020000000101")
    assert (interface.up, interface.running, interface.ethernet) == (True, True, True)


def test_a_neighbour_is_usable_with_a_state_and_a_mac_to_send_to() -> None:
    assert Neighbour(b"", MAC, NUD_REACHABLE).usable
    assert not Neighbour(b"", MAC, NUD_FAILED).usable
    assert not Neighbour(b"", None, NUD_REACHABLE).usable
    assert not Neighbour(b"", MAC + MAC, NUD_REACHABLE).usable


def test_messages_and_attributes_come_back() -> None:
    octets = format_message(26, 1, 7, format_attribute(1, b"abcde")) + format_message(3, 0, 8, b"")
    first, second = parse_messages(octets)
    assert (first.kind, first.flags, first.sequence) == (26, 1, 7)
    assert parse_attributes(first.body) == {1: b"abcde"}
    assert (second.kind, second.sequence, second.body) == (3, 8, b"")


@pytest.mark.parametrize(
    "lying",
    [
        "0f000000 1a00 0100 01000000 00000000",  # a length shorter than the header
        "00000000 1a00 0100 01000000 00000000",  # no length: would loop
        "ffffffff 1a00 0100 01000000 00000000",
        "14000000 1a00 0100 01000000 00000000",  # four octets more than there are
        "1000",
    ],
)
def test_lying_message_lengths(lying: str) -> None:
    with pytest.raises(LinkError):
        list(parse_messages(bytes.fromhex(lying)))


@pytest.mark.parametrize("lying", ["03000100", "00000100", "09000100 0a000001", "ffff0100", "0400"])
def test_lying_attribute_lengths(lying: str) -> None:
    with pytest.raises(LinkError):
        parse_attributes(bytes.fromhex(lying))


def test_a_number_of_another_size() -> None:
    with pytest.raises(LinkError):
        attribute_number({4: b"\x02\0"}, 4)


@pytest.mark.parametrize("body", BODIES)
def test_a_body_cut_at_any_length_is_read_or_refused(body: bytes) -> None:
    for parse in PARSERS:
        for length in range(len(body) + 1):
            _read_or_refuse(parse, body[:length])


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    for parse in PARSERS:
        _read_or_refuse(parse, octets)


@given(st.sampled_from(BODIES), st.integers(0, 63), st.integers(0, 255))
def test_any_flipped_octet_is_read_or_refused(body: bytes, position: int, value: int) -> None:
    position %= len(body)
    for parse in PARSERS:
        _read_or_refuse(parse, body[:position] + bytes([value]) + body[position + 1 :])


def _read_or_refuse(parse: Callable[[bytes], object], octets: bytes) -> None:
    try:
        parse(octets)
    except LinkError:
        return


@pytest.mark.parametrize("timeout", [0.0, -1.0, 0.05, 0.3])
def test_no_answer_is_awaited_longer_than_was_said(timeout: float) -> None:
    """The kernel passes over a NOOP, which so stands for an answer that was lost; 0 does not mean for ever."""
    asked = NetlinkSocket(NETLINK_ROUTE, timeout)
    began = time.monotonic()
    with pytest.raises(LinkError, match="did not answer"):
        asked.request(NLMSG_NOOP, b"")
    asked.close()
    assert timeout <= time.monotonic() - began < 1.0
