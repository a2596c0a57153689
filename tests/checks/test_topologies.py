# SPDX-License-Identifier: GPL-2.0-or-later
"""Other ways to be connected: macvlan, VIPs in a subnet of their own, answers over another interface."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.checks.path import Path, find_path
from lvs_rawcheck.checks.raw import owner_of_mac
from lvs_rawcheck.link.rtnetlink import Netlink
from tests.checks.site import (
    BOTH,
    CLOSED_PORT,
    PORT,
    SHORT,
    V4,
    Family,
    active,
    assert_reason,
    both_families,
    healthy,
    of_both,
    on_link,
    packed,
    request,
    run,
    server_without_service,
)
from tests.netns.roles import host_prefix, lose_vip, set_forwarding
from tests.netns.services import tcp_server
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns


@both_families
def test_macvlan_interface(network: Network, family: Family) -> None:
    host = network.host("director")
    host.macvlan("mv0", "eth0", on_link("director"))
    real = healthy(network)
    assert_reason(run(host, request(family.real, family.vip)), Reason.OK)
    assert_reason(run(host, request(family.real, family.vip, port=CLOSED_PORT)), Reason.REFUSED)
    lose_vip(real, family.vip)
    assert_reason(run(host, request(family.real, family.vip, timeout=SHORT)), Reason.NO_ANSWER)


@both_families
def test_real_server_behind_a_macvlan(network: Network, family: Family) -> None:
    host = active(network)
    real = network.host("real")
    real.macvlan("mv0", "eth0", on_link("real"))
    real.sysctl("net.ipv4.conf.all.arp_ignore", 1)
    for vip in of_both("vip"):
        real.add_address(host_prefix(vip), "lo")
        tcp_server(real, vip, PORT)
    assert_reason(run(host, request(family.real, family.vip)), Reason.OK)


@both_families
def test_another_server_known_on_another_interface(network: Network, family: Family) -> None:
    """The real server lost its VIP and forwards to one that the director knows, on the segment of that one."""
    network.add_bridge("br1")
    host, real = active(network), network.host("real", on_link("real"))
    real.attach("eth1", ["10.1.0.42/24", "2001:db8:1::42/64"], "br1")
    host.attach("eth1", ["10.1.0.21/24", "2001:db8:1::21/64"], "br1")
    other = network.host("other", ["10.1.0.43/24", "2001:db8:1::43/64"], "br1")
    set_forwarding(real, 1)
    for interface in ("all", "eth0", "eth1"):
        real.sysctl(f"net.ipv4.conf.{interface}.send_redirects", 0)
    own, there, via = (
        ("10.1.0.43", "10.1.0.21", "10.0.0.0/24")
        if family is V4
        else (
            "2001:db8:1::43",
            "2001:db8:1::21",
            "2001:db8::/64",
        )
    )
    other.add_address(host_prefix(family.vip), "lo")
    other.ip("route", "add", via, "via", there)
    tcp_server(other, family.vip, PORT)
    real.ip("route", "replace", family.vip, "via", own)
    host.run(["ping", "-c1", "-W1", own])
    strict = request(family.real, family.vip, timeout=SHORT, reply_interface="any")
    assert_reason(run(host, strict), Reason.WRONG_MAC)
    strict.reply_mac = "known"
    result = run(host, strict)
    assert_reason(result, Reason.WRONG_MAC)
    assert own in result.verdict.detail


@both_families
def test_the_director_s_own_interfaces_are_known(network: Network, family: Family) -> None:
    host = active(network)
    host.attach("eth1")
    real_ip = packed(family.real)
    with host.entered(), Netlink() as netlink:
        path = find_path(netlink, request(family.real, family.vip))
        assert isinstance(path, Path)
        owner = owner_of_mac(netlink, path, real_ip)
        assert owner(bytes.fromhex(host.macs["eth1"].replace(":", ""))) == packed(family.director)
        assert owner(bytes.fromhex("020000009999")) is None


def answer_over(real: Host, vip: str, gateway: str) -> None:
    """Let a real server answer as the VIP over its second interface, by source."""
    option = "-6" if ":" in vip else "-4"
    real.ip(option, "rule", "add", "from", vip, "table", "100", "priority", "100")
    real.ip(option, "route", "replace", "default", "via", gateway, "dev", "eth1", "table", "100")


@pytest.fixture
def two_legged(network: Network) -> tuple[Host, Host]:
    """A director and a real server with two segments in common, and VIPs here and in a subnet of their own."""
    network.add_bridge("br1")
    host, real = active(network), healthy(network)
    host.attach("eth1", ["10.1.0.21/24", "2001:db8:1::21/64"], "br1")
    real.attach("eth1", ["10.1.0.42/24", "2001:db8:1::42/64"], "br1")
    for family, gateway in zip(BOTH, ("10.1.0.21", "2001:db8:1::21"), strict=True):
        host.add_address(host_prefix(family.elsewhere), "eth0")
        real.add_address(host_prefix(family.elsewhere), "lo")
        tcp_server(real, family.elsewhere, PORT)
        for vip in (family.vip, family.elsewhere):
            answer_over(real, vip, gateway)
    return host, real


@both_families
@pytest.mark.parametrize("which", ["vip", "elsewhere"])
def test_answers_over_another_interface(two_legged: tuple[Host, Host], family: Family, which: str) -> None:
    host, real = two_legged
    vip = str(getattr(family, which))
    other_mac = bytes.fromhex(real.macs["eth1"].replace(":", ""))
    assert_reason(run(host, request(family.real, vip, timeout=SHORT)), Reason.NO_ANSWER)
    for interface in ("eth1", "any"):
        host.ip("neigh", "flush", "dev", "eth0")  # on eth1 nobody hears who answers our question on eth0
        result = run(host, request(family.real, vip, timeout=SHORT, reply_interface=interface))
        assert_reason(result, Reason.WRONG_MAC)
        assert real.macs["eth1"] in result.verdict.detail
        for rule in ("any", other_mac):
            result = run(host, request(family.real, vip, reply_interface=interface, reply_mac=rule))
            assert_reason(result, Reason.OK)
            assert real.macs["eth1"] in result.verdict.detail
    # The second interface asked for our address on that segment, so its MAC is known, as another address's.
    known = request(family.real, vip, timeout=SHORT, reply_interface="any", reply_mac="known")
    assert_reason(run(host, known), Reason.WRONG_MAC)
    host.ip("neigh", "flush", "dev", "eth1")
    assert_reason(run(host, request(family.real, vip, reply_interface="any", reply_mac="known")), Reason.OK)


@both_families
def test_what_is_not_heard_is_not_taken_for_silence(two_legged: tuple[Host, Host], family: Family) -> None:
    """Who answers our question on eth0 is not heard on eth1: the host is there, and only its VIP is missing."""
    host, real = two_legged
    lose_vip(real, family.vip)
    result = run(host, request(family.real, family.vip, timeout=SHORT, reply_interface="eth1"))
    assert_reason(result, Reason.NO_ANSWER)


@both_families
def test_vip_in_another_subnet(network: Network, family: Family) -> None:
    host = network.host("director", [family.on_link(family.director)])
    real = server_without_service(network)
    host.add_address(host_prefix(family.elsewhere), "eth0")
    real.add_address(host_prefix(family.elsewhere), "lo")
    tcp_server(real, family.elsewhere, PORT)
    assert_reason(run(host, request(family.real, family.elsewhere)), Reason.OK)
