# SPDX-License-Identifier: GPL-2.0-or-later
"""Two directors that are each other's real servers: neither of them is accused of what a director has to do."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import Endpoint
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.audit.audit import Settings, run_audit
from lvs_rawcheck.diagnose.audit.wanted import Asked, Wanted
from lvs_rawcheck.generate.check_text import CheckText
from lvs_rawcheck.wire.address import parse_address
from tests.diagnose.site import FAMILIES, IPV4, IPV6, PORT, TIMEOUT, Family, explain_from, silence_is_short
from tests.netns.roles import director, host_prefix, real_server
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

each_family = pytest.mark.parametrize(
    "family", [IPV4, pytest.param(IPV6, marks=pytest.mark.full)], ids=[family.name for family in FAMILIES]
)


class Pair:
    """The active director has the VIP on its link, the standby on lo; both serve it, as does a third host."""

    def __init__(self, network: Network, family: Family) -> None:
        self.family = family
        self.active = director(network, "lb1", family.on_link(family.director_ip), [family.vip])
        self.standby = real_server(network, "lb2", family.on_link(family.standby_ip), [family.vip])
        self.third = real_server(network, "rs1", family.on_link(family.real_ip), [family.vip])
        for host in (self.active, self.standby, self.third):
            tcp_server(host, family.vip, PORT)

    def leak(self) -> None:
        """Let the third answer for the VIP, too."""
        self.third.sysctl("net.ipv4.conf.all.arp_ignore", 0)
        if ":" in self.family.vip:
            self.third.add_address(host_prefix(self.family.vip), "eth0")

    def audit(self, host: Host) -> dict[str, str]:
        """Return by cause what an audit finds, and where."""
        family, wanted = self.family, Wanted(TIMEOUT, {}, lambda: None)
        wanted.sources.append("a test")
        endpoint = Endpoint(parse_address(family.vip), PORT)
        for real in (family.director_ip, family.standby_ip, family.real_ip):
            wanted.ask(real, endpoint, "tcp", Asked((CheckText("tcp"),), seconds=TIMEOUT), "here")
        with host.entered(), silence_is_short():
            audit = run_audit(wanted, Settings())
        assert (len(audit.cells), audit.gaps) == (3, [])
        assert all(cell.result.healthy for cell in audit.cells)
        return {finding.cause: finding.where for finding in audit.findings}

    def explain(self, host: Host, real: str) -> list[str]:
        """Return the causes that an explanation names."""
        endpoint = Endpoint(parse_address(self.family.vip), PORT)
        request = Request("tcp", (TcpConversation,), parse_address(real), [endpoint])
        request.timeout = TIMEOUT
        told = explain_from(host, request)
        return [told.cause, *(second.cause for second in told.diagnosis.seconds)]


@each_family
def test_a_sound_pair_is_sound_on_either(network: Network, family: Family) -> None:
    pair = Pair(network, family)
    assert pair.audit(pair.active) == {}
    assert pair.audit(pair.standby) == {}
    assert pair.explain(pair.standby, family.director_ip) == [signatures.HEALTHY]
    assert pair.explain(pair.standby, family.real_ip) == [signatures.HEALTHY]
    assert pair.explain(pair.active, family.standby_ip) == [signatures.HEALTHY]


@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_a_leak_beside_them_is_found_on_either(network: Network, family: Family) -> None:
    pair = Pair(network, family)
    pair.leak()
    assert pair.audit(pair.active) == {signatures.ARP_LEAK: f"{family.real_ip}, VIP {family.vip}"}
    # Both that answer are real servers, and only one can be the director: which, is not seen from here.
    assert pair.audit(pair.standby) == {signatures.VIP_DUPLICATE: f"VIP {family.vip}"}
    assert pair.explain(pair.active, family.real_ip) == [signatures.ARP_LEAK]
    assert pair.explain(pair.standby, family.real_ip) == [signatures.ARP_LEAK]
