# SPDX-License-Identifier: GPL-2.0-or-later
"""A nudge makes the kernel resolve a neighbour, and never does harm."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from lvs_rawcheck.link.nudge import nudge
from lvs_rawcheck.link.rtnetlink import Netlink
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


@pytest.mark.parametrize(("address", "interface"), [("10.0.0.42", "eth9"), ("2001:db8:9::1", "eth0")])
def test_what_cannot_be_nudged_is_left_alone(network: Network, address: str, interface: str) -> None:
    director = network.host("director", ["10.0.0.21/24"])
    with director.entered(), Netlink() as netlink:
        nudge(ip_address(address).packed, interface)
        assert netlink.neighbour(director.index(), ip_address(address).packed) is None
