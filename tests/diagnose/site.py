# SPDX-License-Identifier: GPL-2.0-or-later
"""A director and a real server, in one address family, for the tests that explain what is wrong between them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.diagnose.explanation import Explanation
from lvs_rawcheck.diagnose.inquiry import explain
from lvs_rawcheck.wire.address import parse_address
from tests.netns.roles import director, real_server
from tests.netns.services import TcpServer, tcp_server
from tests.netns.topology import Host, Network

PORT = 80
REQUEST_INTERVAL = 0.08  # seconds: three requests without an answer are silence, and here all hosts answer at once
TIMEOUT = 0.5  # seconds: two more SYNs, and the question who has the real server's address


@dataclass(frozen=True)
class Family:
    """The addresses of one family, as text."""

    name: str
    director_ip: str
    standby_ip: str
    real_ip: str
    other_real_ip: str
    vip: str
    prefix: int
    nft: str
    """What nftables calls the family's header."""

    def on_link(self, address: str) -> list[str]:
        """Return an address with the prefix of the link."""
        return [f"{address}/{self.prefix}"]


IPV4 = Family("IPv4", "10.0.0.21", "10.0.0.22", "10.0.0.42", "10.0.0.43", "10.0.0.100", 24, "ip")
IPV6 = Family("IPv6", "2001:db8::21", "2001:db8::22", "2001:db8::42", "2001:db8::43", "2001:db8::100", 64, "ip6")
FAMILIES = (IPV4, IPV6)


class Site:
    """An active director, and one healthy real server that serves the VIP and its own address."""

    def __init__(self, network: Network, family: Family) -> None:
        self.network = network
        self.family = family
        self.director = director(network, "lb1", family.on_link(family.director_ip), [family.vip])
        self.server = real_server(network, "rs1", family.on_link(family.real_ip), [family.vip])
        self.stranger: Host | None = None
        self.on_vip = tcp_server(self.server, family.vip, PORT)
        self.on_real_address = tcp_server(self.server, family.real_ip, PORT)

    def services(self) -> tuple[TcpServer, TcpServer]:
        """Return what listens on the VIP and on the real server's own address."""
        return self.on_vip, self.on_real_address

    def explain(self, host: Host | None = None) -> Explanation:
        """Return the explanation of the real server, asked from a host: the director."""
        return explain_from(host or self.director, self.request())

    def request(self) -> Request:
        """Return a check of the real server."""
        endpoint = Endpoint(parse_address(self.family.vip), PORT)
        request = Request("tcp", (TcpConversation,), parse_address(self.family.real_ip), [endpoint])
        request.timeout = TIMEOUT
        return request

    def refuse_on(self, address: str, verdict: str, match: str = "") -> None:
        """Let the real server's firewall judge what is for an address; match, verdict: as nftables has them."""
        rule = f"{self.family.nft} daddr {address} {match} {verdict}"
        chain = f"chain input {{\n type filter hook input priority 0\n {rule}\n }}"
        self.server.nft(f"table inet filter {{\n {chain}\n}}")


def explain_from(host: Host, request: Request) -> Explanation:
    """Return the explanation of a request, made on a host."""
    with host.entered(), silence_is_short():
        return explain(request)


@contextmanager
def silence_is_short() -> Iterator[None]:
    """Believe those who do not answer a probe sooner than on a real network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lvs_rawcheck.diagnose.asker.REQUEST_INTERVAL", REQUEST_INTERVAL)
        yield


def fixes(told: Explanation) -> list[str]:
    """Return the steps that mend the first cause, as they are told."""
    return [str(fix) for fix in told.diagnosis.fixes]
