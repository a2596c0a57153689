# SPDX-License-Identifier: GPL-2.0-or-later
"""Explanations beyond the table of one server's states: other machines, other directors, no wire at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvs_rawcheck.checks.base import Endpoint, Reason
from lvs_rawcheck.checks.request import Request
from lvs_rawcheck.checks.tcp import TcpConversation
from lvs_rawcheck.diagnose import signatures
from lvs_rawcheck.diagnose.explanation import Explanation
from lvs_rawcheck.diagnose.inquiry import explain
from lvs_rawcheck.diagnose.observations import Answer
from lvs_rawcheck.errors import UsageError
from lvs_rawcheck.wire.address import parse_address
from tests.diagnose.site import FAMILIES, IPV4, IPV6, PORT, Family, Site, explain_from, fixes
from tests.netns.roles import director, host_prefix, lose_vip, real_server, set_forwarding
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns

each_family = pytest.mark.parametrize(
    "family", [IPV4, pytest.param(IPV6, marks=pytest.mark.full)], ids=[family.name for family in FAMILIES]
)


def outcome(told: Explanation) -> tuple[str, str]:
    """Return reason and cause."""
    return told.result.verdict.reason, told.cause


def fix_neighbour(host: Host, address: str, mac: str) -> None:
    """Give a host's kernel an entry for an address that it will not question."""
    host.ip("neigh", "replace", address, "lladdr", mac, "dev", "eth0", "nud", "permanent")


@each_family
def test_a_forwarding_server_hands_a_standbys_frame_on_to_another_machine(network: Network, family: Family) -> None:
    """The active director passes what it gets for the VIP on to a healthy server, as IPVS does: by its MAC."""
    site = Site(network, family)
    standby = director(network, "lb2", family.on_link(family.standby_ip))
    active = network.host("active")
    active.add_address(family.on_link(family.real_ip[:-2] + "31")[0], "eth0")
    other = real_server(network, "rs2", family.on_link(family.other_real_ip), [family.vip])
    tcp_server(other, family.vip, PORT)
    lose_vip(site.server, family.vip)
    for forwarder in (site.server, active):
        set_forwarding(forwarder, 1)
    site.director.ip("link", "set", "eth0", "down")
    fix_neighbour(site.server, family.vip, active.mac)
    fix_neighbour(active, family.vip, other.mac)

    told = site.explain(standby)

    assert outcome(told) == (Reason.WRONG_MAC, signatures.WRONG_MACHINE)
    assert told.observations.echo == Answer.OTHER_MAC
    assert any(step.endswith(f"addr replace {host_prefix(family.vip)} dev lo") for step in fixes(told))


@each_family
def test_an_entry_of_the_kernels_with_a_wrong_mac(network: Network, family: Family) -> None:
    site = Site(network, family)
    fix_neighbour(site.director, family.real_ip, "02:00:00:00:99:99")

    told = site.explain()

    assert outcome(told) == (Reason.NO_ANSWER, signatures.NEIGHBOUR_ENTRY_WRONG)
    assert told.observations.own_neighbour == Answer.OTHER_MAC
    assert fixes(told)[0].endswith(f"neigh del {family.real_ip} dev eth0")
    assert "02:00:00:00:99:99" in told.diagnosis.sentence


@each_family
@pytest.mark.parametrize("echo", ["answered", "dropped"])
def test_a_forwarding_server_that_finds_no_way_on(network: Network, family: Family, echo: str) -> None:
    """An error in the server's own name is no firewall's, whether the echo brings another one or nothing."""
    site = Site(network, family)
    lose_vip(site.server, family.vip)
    set_forwarding(site.server, 1)
    site.server.ip("route", "add", "unreachable", host_prefix(family.vip))
    if echo == "dropped":
        drop = f"{family.nft} daddr {family.vip} meta l4proto {{ icmp, icmpv6 }} drop"
        chain = f"type filter hook prerouting priority 0\n {drop}\n"
        site.server.nft(f"table inet filter {{\n chain prerouting {{\n {chain} }}\n}}")

    told = site.explain()

    assert outcome(told) == (Reason.UNREACHABLE, signatures.VIP_MISSING_FORWARDING)
    seen = told.observations
    assert seen.error == Answer.UNREACHABLE
    assert seen.echo == (Answer.SILENCE if echo == "dropped" else Answer.UNREACHABLE)
    assert any(step.endswith(f"addr replace {host_prefix(family.vip)} dev lo") for step in fixes(told))


@each_family
def test_a_server_behind_a_router(network: Network, family: Family) -> None:
    site = Site(network, family)
    far = "10.9.0.42" if family is IPV4 else "2001:db8:9::42"
    subnet = "10.9.0.0/24" if family is IPV4 else "2001:db8:9::/64"
    site.director.ip("route", "add", subnet, "via", family.real_ip)
    request = site.request()
    request.real_ip = parse_address(far)

    told = explain_from(site.director, request)

    assert outcome(told) == (Reason.NOT_ON_LINK, signatures.NOT_ON_LINK)
    assert family.real_ip in told.diagnosis.sentence
    assert told.probes == []
    assert told.recording.frames == []


class OwnRealServer:
    """A director that is one of its own real servers."""

    def __init__(self, network: Network, family: Family) -> None:
        self.host = director(network, "lb1", family.on_link(family.director_ip), [family.vip])
        self.family = family

    def explain(self) -> Explanation:
        endpoint = Endpoint(parse_address(self.family.vip), PORT)
        address = parse_address(self.family.director_ip)
        return explain_from(self.host, Request("tcp", (TcpConversation,), address, [endpoint]))


@each_family
def test_a_director_that_is_its_own_real_server(network: Network, family: Family) -> None:
    """The director serves, then only on its own address, then not at all, then without the VIP."""
    own = OwnRealServer(network, family)
    on_vip = tcp_server(own.host, family.vip, PORT)
    on_own_address = tcp_server(own.host, family.director_ip, PORT)
    assert outcome(own.explain()) == (Reason.OK, signatures.HEALTHY)

    on_vip.stop()
    assert outcome(own.explain()) == (Reason.REFUSED, signatures.BOUND_TO_REAL_ADDRESS)

    on_own_address.stop()
    assert outcome(own.explain()) == (Reason.REFUSED, signatures.SERVICE_DOWN)

    own.host.remove_address(host_prefix(family.vip), "eth0")
    told = own.explain()
    assert outcome(told) == (Reason.NO_ANSWER, signatures.VIP_MISSING_LOCAL)
    assert told.recording.frames == []


@each_family
def test_a_leak_is_told_beside_another_cause(network: Network, family: Family) -> None:
    site = Site(network, family)
    site.on_vip.stop()
    if family is IPV4:
        site.server.sysctl("net.ipv4.conf.all.arp_ignore", 0)
    else:
        site.server.add_address(host_prefix(family.vip), "eth0")

    told = site.explain()

    assert outcome(told) == (Reason.REFUSED, signatures.BOUND_TO_REAL_ADDRESS)
    assert [warning.split(":")[0] for warning in told.warnings] == [signatures.ARP_LEAK]


def test_what_a_leak_needs_is_told(network: Network) -> None:
    site = Site(network, IPV4)
    site.server.sysctl("net.ipv4.conf.all.arp_ignore", 0)

    told = site.explain()

    assert told.result.healthy
    (warning,) = told.warnings
    assert "arp_ignore=1" in warning
    assert "arp_announce=2" in warning


def test_a_backup_explains_the_raw_path_and_says_so(network: Network, tmp_path: Path) -> None:
    site = Site(network, IPV4)
    standby = director(network, "lb2", IPV4.on_link(IPV4.standby_ip))
    role_file = tmp_path / "role"
    role_file.write_text("0")
    lose_vip(site.server, IPV4.vip)
    request = site.request()
    request.role_file = str(role_file)

    told = explain_from(standby, request)

    assert outcome(told) == (Reason.NO_ANSWER, signatures.VIP_MISSING_OR_FILTERED)
    assert (told.result.path, told.result.role) == ("raw", "backup")
    (warning,) = told.warnings
    assert "backup" in warning
    assert "raw path" in warning


def test_our_own_fault_is_no_cause_of_the_servers(network: Network) -> None:
    site = Site(network, IPV4)
    request = site.request()
    request.interface = "eth9"

    told = explain_from(site.director, request)

    assert outcome(told) == (Reason.CANNOT_JUDGE, signatures.CANNOT_JUDGE)
    assert "no interface eth9" in told.diagnosis.sentence
    assert told.probes == []


def test_answers_that_cannot_be_heard_are_not_waited_for(network: Network) -> None:
    """Answers are awaited on another interface, where no ARP reply of this link arrives."""
    site = Site(network, IPV4)
    network.add_bridge("br1")
    site.director.attach("eth1", bridge="br1")
    request = site.request()
    request.reply_interface = "eth1"

    told = explain_from(site.director, request)

    seen = told.observations
    assert outcome(told) == (Reason.NO_ANSWER, signatures.VIP_MISSING_OR_FILTERED)
    assert (seen.vip_neighbour, seen.own_neighbour) == (Answer.NOT_ASKED, Answer.NOT_ASKED)


def test_several_vips_are_refused() -> None:
    endpoints = [Endpoint(parse_address("10.0.0.100"), PORT), Endpoint(parse_address("10.0.0.101"), PORT)]
    request = Request("tcp", (TcpConversation,), parse_address("10.0.0.42"), endpoints)
    with pytest.raises(UsageError, match="one VIP at a time"):
        explain(request)
