# SPDX-License-Identifier: GPL-2.0-or-later
"""A nudge makes the kernel resolve a neighbour, and never does harm."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from lvs_rawcheck.link.nudge import nudge
from lvs_rawcheck.link.rtnetlink import Netlink
from tests.netns.services import capture
from tests.netns.topology import Network, wait_until

pytestmark = pytest.mark.netns


@pytest.mark.parametrize("real_ip", ["10.0.0.42", "2001:db8::42"])
def test_the_kernel_has_a_neighbour_entry_afterwards(network: Network, real_ip: str) -> None:
    director = network.host("director", ["10.0.0.21/24", "2001:db8::21/64"])
    real = network.host("real", ["10.0.0.42/24", "2001:db8::42/64"])
    address, index = ip_address(real_ip).packed, director.index()
    with director.entered(), Netlink() as netlink:
        assert netlink.neighbour(index, address) is None
        nudge(address, "eth0")

        def resolved() -> bool:
            entry = netlink.neighbour(index, address)
            return entry is not None and entry.usable and entry.mac == real.mac_octets

        wait_until(resolved, f"the kernel resolves {real_ip}")


@pytest.mark.parametrize(
    ("real_ip", "source", "vip"),
    [("10.0.0.42", "10.0.0.21", "10.0.0.100/24"), ("2001:db8::42", "2001:db8::21", "2001:db8::100/128")],
)
def test_the_kernel_asks_in_the_name_of_the_source_not_of_a_vip(
    network: Network, real_ip: str, source: str, vip: str
) -> None:
    """Left to itself, the kernel would send from this VIP: it is the older, or the nearer, of the two addresses."""
    director = network.host("director", [vip, f"{source}/{24 if '.' in source else 64}"])
    network.host("real", [f"{real_ip}/{24 if '.' in real_ip else 64}"])
    arp, neighbour_solicitation = b"\x08\x06", 135

    def is_question(octets: bytes) -> bool:
        return octets[12:14] == arp or octets[54:55] == bytes([neighbour_solicitation])

    with capture(director, wanted=is_question) as heard:
        with director.entered():
            nudge(ip_address(real_ip).packed, "eth0", ip_address(source).packed)
        heard.wait_for(lambda frames: any(frame.outgoing for frame in frames), "the kernel asks")
        asked = [frame.octets for frame in heard.frames() if frame.outgoing]
    senders = {octets[28:32] if octets[12:14] == arp else octets[22:38] for octets in asked}
    assert senders == {ip_address(source).packed}


@pytest.mark.parametrize(("address", "interface"), [("10.0.0.42", "eth9"), ("2001:db8:9::1", "eth0")])
def test_what_cannot_be_nudged_is_left_alone(network: Network, address: str, interface: str) -> None:
    director = network.host("director", ["10.0.0.21/24"])
    with director.entered(), Netlink() as netlink:
        nudge(ip_address(address).packed, interface)
        assert netlink.neighbour(director.index(), ip_address(address).packed) is None
