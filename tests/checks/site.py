# SPDX-License-Identifier: GPL-2.0-or-later
"""The addresses of a small site in both families, and checks made from one of its hosts."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

import pytest

from lvs_rawcheck.checks.base import Conversation, Endpoint, Result
from lvs_rawcheck.checks.hooks import Hooks
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.runner import run_request
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.link.rtnetlink import Neighbour, Netlink
from tests.netns.roles import director, real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

PORT = 80
OTHER_PORT = 8080
CLOSED_PORT = 81
SHORT = 0.5  # seconds: the deadline of checks that run into it
PATIENT = 10.0  # seconds: the deadline of checks that must not, on a machine however busy


class Family:
    """One family's addresses, as text: the last part of each is the same in both."""

    def __init__(self, name: str, pattern: str, prefix_length: int, elsewhere: str) -> None:
        self.name = name
        self._pattern = pattern
        self._prefix_length = prefix_length
        self.director = self.address(21)
        self.standby = self.address(22)
        self.real = self.address(42)
        self.other_real = self.address(43)
        self.nobody = self.address(99)
        self.vip = self.address(100)
        self.other_vip = self.address(101)
        self.elsewhere = elsewhere
        """In nobody's subnet."""

    def address(self, last: int) -> str:
        """Return the address of the site that ends in `last`."""
        return self._pattern.format(last)

    def on_link(self, address: str) -> str:
        """Return an address with the prefix length of the site's subnet."""
        return f"{address}/{self._prefix_length}"


V4 = Family("ipv4", "10.0.0.{}", 24, "192.0.2.7")
V6 = Family("ipv6", "2001:db8::{}", 64, "2001:db8:7::7")
BOTH = (V4, V6)
both_families = pytest.mark.parametrize("family", BOTH, ids=[family.name for family in BOTH])


def on_link(name: str) -> list[str]:
    """Return the addresses of that name in both families, with prefix lengths: `director`, `real`, ..."""
    return [family.on_link(getattr(family, name)) for family in BOTH]


def of_both(name: str) -> list[str]:
    """Return the addresses of that name in both families."""
    return [getattr(family, name) for family in BOTH]


def active(network: Network) -> Host:
    """Return a director that holds the VIPs."""
    return director(network, "director", on_link("director"), of_both("vip"))


def standby(network: Network) -> Host:
    """Return a director that does not hold them."""
    return director(network, "standby", on_link("standby"))


def healthy(network: Network, name: str = "real", habit: str = "hold") -> Host:
    """Return a real server that holds the VIPs and serves them; name: `real` or `other_real`."""
    host = server_without_service(network, name)
    for vip in of_both("vip"):
        tcp_server(host, vip, PORT, habit)
    return host


def server_without_service(network: Network, name: str = "real") -> Host:
    """Return a real server that holds the VIPs, where nothing listens."""
    return real_server(network, name, on_link(name), of_both("vip"))


def packed(address: str) -> bytes:
    """Return the octets of an address."""
    return ip_address(address).packed


def request(
    real: str,
    *vips: str,
    port: int = PORT,
    timeout: float = PATIENT,
    conversation: Callable[[], Conversation] = TcpConversation,
    **options: object,
) -> Request:
    """Return the request of a TCP check; options: attributes of the request."""
    made = Request("tcp", (conversation,), packed(real), [Endpoint(packed(vip), port) for vip in vips])
    made.timeout = timeout
    for name, value in options.items():
        assert hasattr(made, name)
        setattr(made, name, value)
    return made


def run(host: Host, wanted: Request, hooks: Hooks | None = None) -> Result:
    """Return the result of a check that is made from a host."""
    with host.entered():
        return run_request(wanted, hooks)


def neighbour(host: Host, address: str) -> Neighbour | None:
    """Return what a host's kernel holds for an address on eth0."""
    index = host.index()
    with host.entered(), Netlink() as netlink:
        return netlink.neighbour(index, packed(address))
    raise AssertionError  # never: nothing above swallows an exception


def assert_reason(result: Result, reason: str) -> None:
    """Demand this verdict, and say which one it is instead."""
    assert result.verdict.reason == reason, f"{result.verdict.reason}: {result.verdict.detail}"
