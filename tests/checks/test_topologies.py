# SPDX-License-Identifier: GPL-2.0-or-later
"""Other ways to be connected: macvlan, VIPs in a subnet of their own, answers over another interface."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import Reason
from tests.checks.site import (
    BOTH,
    CLOSED_PORT,
    PORT,
    SHORT,
    Family,
    active,
    assert_reason,
    both_families,
    healthy,
    of_both,
    on_link,
    request,
    run,
    server_without_service,
)
from tests.netns.roles import host_prefix, lose_vip
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
    # What is known is known of eth0, where the frames go: a second interface is nobody's there.
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
