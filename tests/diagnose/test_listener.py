# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is heard speaking in a VIP's name, and who is not."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvs_rawcheck.diagnose.listener import HEARD_MAX, Listener, listen_on
from lvs_rawcheck.link.memory import MemoryLink, memory_cable
from lvs_rawcheck.link.rtnetlink import Netlink
from lvs_rawcheck.wire.address import parse_address
from lvs_rawcheck.wire.arp import REPLY, REQUEST, ArpPacket
from lvs_rawcheck.wire.ethernet import BROADCAST, ETHERTYPE_ARP, ETHERTYPE_IPV6
from lvs_rawcheck.wire.icmpv6 import (
    NEIGHBOUR_ADVERTISEMENT,
    NEIGHBOUR_SOLICITATION,
    SOLICITED,
    NeighbourMessage,
    icmpv6_to_octets,
)
from lvs_rawcheck.wire.ip import PROTO_ICMPV6, build_packet
from tests.netns.roles import real_server
from tests.netns.topology import Network, wait_until

DIRECTOR_IP, REAL_IP, VIP = (parse_address(text) for text in ("10.0.0.21", "10.0.0.42", "10.0.0.100"))
DIRECTOR_IP6, VIP6, ALL_NODES = (parse_address(text) for text in ("2001:db8::21", "2001:db8::100", "ff02::1"))
OWN, SERVER = bytes.fromhex("020000000100"), bytes.fromhex("020000000200")
NOBODY = bytes(6)


@pytest.fixture
def cable() -> Iterator[tuple[Listener, MemoryLink]]:
    own, far = memory_cable(OWN, SERVER)
    listener = Listener(own, [VIP, VIP6])
    yield listener, far
    listener.close()
    far.close()


def arp(operation: int, sender: bytes, target: bytes, mac: bytes = SERVER) -> bytes:
    return ArpPacket(operation, mac, sender, NOBODY, target).to_octets()


def neighbour(kind: int, flags: int, source: bytes, destination: bytes, target: bytes) -> bytes:
    message = NeighbourMessage(kind, target, SERVER, flags).to_message()
    payload = icmpv6_to_octets(message, source, destination)
    return build_packet(source, destination, PROTO_ICMPV6, payload, 255)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (arp(REQUEST, VIP, DIRECTOR_IP), "ARP who-has 10.0.0.21 tell 10.0.0.100, from 02:00:00:00:02:00"),
        (arp(REQUEST, VIP, VIP), "ARP: 10.0.0.100 is at 02:00:00:00:02:00"),
        (arp(REPLY, VIP, VIP), "ARP: 10.0.0.100 is at 02:00:00:00:02:00"),
        (arp(REPLY, VIP, DIRECTOR_IP), None),
        (arp(REQUEST, REAL_IP, VIP), None),
        (arp(REQUEST, VIP, DIRECTOR_IP, OWN), None),
    ],
)
def test_arp(cable: tuple[Listener, MemoryLink], octets: bytes, words: str | None) -> None:
    listener, far = cable
    for destination in (BROADCAST, OWN):  # an entry is asked anew by unicast
        far.send(octets, destination, ETHERTYPE_ARP)
    assert [told.words for told in listener.heard()] == ([words] if words else [])


@pytest.mark.parametrize(
    ("octets", "heard"),
    [
        (neighbour(NEIGHBOUR_SOLICITATION, 0, VIP6, DIRECTOR_IP6, DIRECTOR_IP6), True),
        (neighbour(NEIGHBOUR_ADVERTISEMENT, 0, VIP6, ALL_NODES, VIP6), True),
        (neighbour(NEIGHBOUR_ADVERTISEMENT, SOLICITED, VIP6, DIRECTOR_IP6, VIP6), False),
        (neighbour(NEIGHBOUR_SOLICITATION, 0, DIRECTOR_IP6, VIP6, VIP6), False),
    ],
)
def test_neighbour_discovery(cable: tuple[Listener, MemoryLink], octets: bytes, heard: bool) -> None:
    listener, far = cable
    far.send(octets, OWN, ETHERTYPE_IPV6)
    told = listener.heard()
    assert [(each.vip, each.mac) for each in told] == ([(VIP6, SERVER)] if heard else [])


def test_speakers_are_kept_once_and_not_without_end(cable: tuple[Listener, MemoryLink]) -> None:
    listener, far = cable
    for number in range(HEARD_MAX + 50):
        for _ in range(2):
            mac = b"\x02\x00" + number.to_bytes(4, "big")
            far.send(arp(REQUEST, VIP, DIRECTOR_IP, mac), BROADCAST, ETHERTYPE_ARP)
        listener.heard()
    told = listener.heard()
    assert len(told) == len({each.mac for each in told}) == HEARD_MAX


@given(st.binary(max_size=120), st.sampled_from([ETHERTYPE_ARP, ETHERTYPE_IPV6, 0x0800]))
def test_hostile_frames_are_not_heard(octets: bytes, ethertype: int) -> None:
    own, far = memory_cable(OWN, SERVER)
    listener = Listener(own, [VIP, VIP6])
    try:
        far.send(octets, OWN, ethertype)
        assert listener.heard() == []
    finally:
        listener.close()
        far.close()


@pytest.mark.netns
def test_on_a_real_link_a_server_that_asks_as_the_vip_is_heard(network: Network) -> None:
    director = network.host("lb1", ["10.0.0.21/24"])
    server = real_server(network, "rs1", ["10.0.0.42/24"], ["10.0.0.100"])
    with director.entered(), Netlink() as netlink:
        listener = listen_on(netlink.interface("eth0"), [VIP])
    try:
        as_the_vip = ["ping", "-c1", "-W1", "-I", "10.0.0.100"]
        server.run([*as_the_vip, "10.0.0.77"], check=False)
        server.run(["ping", "-c1", "-W1", "10.0.0.21"])
        assert listener.heard() == []
        server.sysctl("net.ipv4.conf.all.arp_announce", 0)
        server.run([*as_the_vip, "10.0.0.78"], check=False)
        wait_until(lambda: bool(listener.heard()), "the server is heard")
        (told,) = listener.heard()
        assert (told.vip, told.mac) == (VIP, server.mac_octets)
        # The kernel may still have been asking for the first one: three times, a second apart.
        assert re.fullmatch(f"ARP who-has 10.0.0.7[78] tell 10.0.0.100, from {server.mac}", told.words)
    finally:
        listener.close()
