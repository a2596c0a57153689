# SPDX-License-Identifier: GPL-2.0-or-later
"""Directors and real servers, configured as LVS direct routing wants them (LVS-HOWTO, "The Arp Problem")."""

from __future__ import annotations

from collections.abc import Sequence

from tests.netns.topology import Host, Network


def host_prefix(address: str) -> str:
    """Return an address with the prefix length of a single host."""
    return f"{address}/128" if ":" in address else f"{address}/32"


def director(network: Network, name: str, addresses: Sequence[str], vips: Sequence[str] = ()) -> Host:
    """Return a director: active if it holds the VIPs, on eth0 where keepalived puts them, else standby."""
    host = network.host(name, addresses)
    for vip in vips:
        host.add_address(host_prefix(vip), "eth0")
    return host


def real_server(network: Network, name: str, addresses: Sequence[str], vips: Sequence[str] = ()) -> Host:
    """Return a real server: the VIPs on lo, never announced by ARP, and no forwarding."""
    host = network.host(name, addresses)
    host.sysctl("net.ipv4.conf.all.arp_ignore", 1)
    host.sysctl("net.ipv4.conf.all.arp_announce", 2)
    set_forwarding(host, 0)
    for vip in vips:
        host.add_address(host_prefix(vip), "lo")
    return host


def lose_vip(host: Host, vip: str) -> None:
    """Take a VIP from a real server's lo: the failure that a raw check exists for."""
    host.remove_address(host_prefix(vip), "lo")


def set_forwarding(host: Host, value: int) -> None:
    """Let a host forward packets that are not for it (1), or not (0), both families."""
    host.sysctl("net.ipv4.ip_forward", value)
    host.sysctl("net.ipv6.conf.all.forwarding", value)
