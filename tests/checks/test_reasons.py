# SPDX-License-Identifier: GPL-2.0-or-later
"""Every reason that a TCP check can meet, as the kernels of director and real server bring it about."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import RAW, Reason
from lvs_rawcheck.checks.hooks import Hooks
from lvs_rawcheck.checks.path import Path, find_path
from lvs_rawcheck.link.interface import Link
from lvs_rawcheck.link.rtnetlink import Netlink
from tests.checks.site import (
    CLOSED_PORT,
    PATIENT,
    PORT,
    SHORT,
    V4,
    V6,
    Family,
    active,
    assert_reason,
    both_families,
    healthy,
    neighbour,
    packed,
    request,
    run,
    server_without_service,
    standby,
)
from tests.netns.roles import host_prefix, lose_vip, set_forwarding
from tests.netns.services import tcp_server
from tests.netns.topology import Network, wait_until

pytestmark = pytest.mark.netns


@both_families
@pytest.mark.parametrize("role", [active, standby])
def test_either_director_judges_right(network: Network, family: Family, role: object) -> None:
    host = active(network) if role is active else standby(network)
    real = healthy(network)
    wanted = request(family.real, family.vip)
    result = run(host, wanted)
    assert_reason(result, Reason.OK)
    assert result.healthy
    assert result.path == RAW
    assert set(result.phases_ms) == {"resolve", "connect"}
    assert 0 < sum(result.phases_ms.values()) <= result.elapsed_ms

    assert_reason(run(host, request(family.real, family.vip, port=CLOSED_PORT)), Reason.REFUSED)
    lose_vip(real, family.vip)
    assert_reason(run(host, request(family.real, family.vip, timeout=SHORT)), Reason.NO_ANSWER)


@both_families
def test_a_clean_close_is_healthy_too(network: Network, family: Family) -> None:
    host = active(network)
    healthy(network)
    assert_reason(run(host, request(family.real, family.vip, clean_close=True)), Reason.OK)


@both_families
@pytest.mark.parametrize("habit", ["banner", "close", "send:100000", "never"])
def test_the_server_s_habits_do_not_matter(network: Network, family: Family, habit: str) -> None:
    host = active(network)
    healthy(network, habit=habit)
    for clean_close in (False, True):
        for _ in range(3):
            wanted = request(family.real, family.vip, clean_close=clean_close)
            wanted.timeout = SHORT if habit == "never" else PATIENT  # it never says goodbye
            assert_reason(run(host, wanted), Reason.OK)


@both_families
def test_bound_to_its_own_address_only(network: Network, family: Family) -> None:
    host = active(network)
    real = server_without_service(network)
    tcp_server(real, family.real, PORT)
    assert_reason(run(host, request(family.real, family.vip)), Reason.REFUSED)


@both_families
def test_looped_by_a_server_that_forwards(network: Network, family: Family) -> None:
    host = active(network)
    real = healthy(network)
    lose_vip(real, family.vip)
    set_forwarding(real, 1)
    result = run(host, request(family.real, family.vip, timeout=PATIENT))
    assert_reason(result, Reason.LOOPED)
    assert result.elapsed_ms < 1000 * PATIENT / 2, "the first frame that comes back says it all"


REJECTIONS = {
    V4: {"admin-prohibited": "3/13", "host-unreachable": "3/1", "port-unreachable": "3/3", "net-unreachable": "3/0"},
    V6: {"admin-prohibited": "1/1", "addr-unreachable": "1/3", "port-unreachable": "1/4", "no-route": "1/0"},
}


@both_families
def test_rejected_by_its_firewall(network: Network, family: Family) -> None:
    host = active(network)
    real = healthy(network)
    protocol = "icmp" if family is V4 else "icmpv6"
    for rejection, type_and_code in REJECTIONS[family].items():
        real.nft(
            "table inet t { chain c { type filter hook input priority 0;"
            f" meta nfproto {family.name} tcp dport {PORT} reject with {protocol} {rejection}; }}; }}"
        )
        result = run(host, request(family.real, family.vip))
        assert_reason(result, Reason.UNREACHABLE)
        assert f" {type_and_code} " in result.verdict.detail
        real.nft("delete table inet t")


@both_families
def test_rejected_by_a_reset(network: Network, family: Family) -> None:
    host = active(network)
    real = healthy(network)
    real.nft(
        f"table inet t {{ chain c {{ type filter hook input priority 0; tcp dport {PORT} reject with tcp reset; }}; }}"
    )
    assert_reason(run(host, request(family.real, family.vip)), Reason.REFUSED)


@both_families
def test_dropped_by_its_firewall(network: Network, family: Family) -> None:
    host = active(network)
    real = healthy(network)
    real.nft(f"table inet t {{ chain c {{ type filter hook input priority 0; tcp dport {PORT} drop; }}; }}")
    assert_reason(run(host, request(family.real, family.vip, timeout=SHORT)), Reason.NO_ANSWER)


# No neighbour ------------------------------------------------------------------------------------------


@both_families
def test_nobody_has_the_address(network: Network, family: Family) -> None:
    host = active(network)
    healthy(network)
    result = run(host, request(family.nobody, family.vip, timeout=1.0))
    assert_reason(result, Reason.NO_NEIGHBOUR)
    assert neighbour(host, family.nobody) is not None, "the kernel was made to look, for IPVS too"


@both_families
def test_an_entry_that_failed_before_is_tried_again(network: Network, family: Family) -> None:
    host = active(network)
    real = server_without_service(network)
    tcp_server(real, family.vip, PORT)
    real.ip("link", "set", "eth0", "down")
    host.run(["ping", "-c1", "-W1", family.real], check=False)
    host.ip("neigh", "replace", family.real, "dev", "eth0", "nud", "failed")
    assert_reason(run(host, request(family.real, family.vip, timeout=SHORT)), Reason.NO_NEIGHBOUR)
    host.ip("neigh", "replace", family.real, "dev", "eth0", "nud", "failed")
    real.ip("link", "set", "eth0", "up")
    if family.name == "ipv6":
        real.add_address(family.on_link(family.real), "eth0")  # IPv6 addresses go with the link
    wait_until(lambda: real.is_running("eth0"), "the server's link is up")
    assert_reason(run(host, request(family.real, family.vip)), Reason.OK)


@both_families
def test_a_host_that_is_gone_though_its_entry_is_there(network: Network, family: Family) -> None:
    host = active(network)
    real = healthy(network)
    assert_reason(run(host, request(family.real, family.vip)), Reason.OK)
    real.ip("link", "set", "eth0", "down")
    host.ip("neigh", "replace", family.real, "lladdr", real.mac, "dev", "eth0", "nud", "stale")
    assert_reason(run(host, request(family.real, family.vip, timeout=1.0)), Reason.NO_NEIGHBOUR)


@both_families
@pytest.mark.parametrize("state", ["permanent", "noarp"])
def test_an_entry_of_the_administrator_s_is_never_asked_for(network: Network, family: Family, state: str) -> None:
    host = active(network)
    real = healthy(network)
    host.ip("neigh", "replace", family.real, "lladdr", "02:00:00:00:99:99", "dev", "eth0", "nud", state)
    assert_reason(run(host, request(family.real, family.vip, timeout=SHORT)), Reason.NO_ANSWER)
    host.ip("neigh", "replace", family.real, "lladdr", real.mac, "dev", "eth0", "nud", state)
    assert_reason(run(host, request(family.real, family.vip)), Reason.OK)


@both_families
def test_the_first_check_leaves_the_kernel_an_entry(network: Network, family: Family) -> None:
    host = active(network)
    real = healthy(network)
    assert neighbour(host, family.real) is None
    assert_reason(run(host, request(family.real, family.vip)), Reason.OK)
    entry = neighbour(host, family.real)
    assert entry is not None
    assert entry.mac == real.mac_octets


# Not on the link, and what is ours ---------------------------------------------------------------------


@both_families
def test_behind_a_gateway(network: Network, family: Family) -> None:
    host = active(network)
    host.ip("route", "add", family.elsewhere, "via", family.real)
    result = run(host, request(family.elsewhere, family.vip))
    assert_reason(result, Reason.NOT_ON_LINK)
    assert family.real in result.verdict.detail


@both_families
@pytest.mark.parametrize("kind", ["none", "unreachable", "prohibit", "blackhole"])
def test_no_route(network: Network, family: Family, kind: str) -> None:
    host = active(network)
    if kind != "none":
        host.ip("route", "add", kind, family.elsewhere)
    assert_reason(run(host, request(family.elsewhere, family.vip)), Reason.NOT_ON_LINK)


@both_families
def test_no_such_interface(network: Network, family: Family) -> None:
    result = run(active(network), request(family.real, family.vip, interface="eth9"))
    assert_reason(result, Reason.CANNOT_JUDGE)
    assert result.path is None
    assert "eth9" in result.verdict.detail


@both_families
@pytest.mark.parametrize("interface", [None, "eth0"])
def test_interface_down(network: Network, family: Family, interface: str | None) -> None:
    host = active(network)
    host.sysctl("net.ipv6.conf.eth0.keep_addr_on_down", 1)
    host.ip("link", "set", "eth0", "down")
    result = run(host, request(family.real, family.vip, interface=interface))
    assert_reason(result, Reason.CANNOT_JUDGE)
    assert result.verdict.detail == "interface eth0 is down"


@both_families
def test_interface_down_and_a_default_route(network: Network, family: Family) -> None:
    """What the default route says then is about our side, not about the real server's place."""
    network.add_bridge("br1")
    host = active(network)
    host.attach("eth1", ["10.1.0.21/24", "2001:db8:1::21/64"], "br1")
    host.sysctl("net.ipv6.conf.eth0.keep_addr_on_down", 1)
    host.ip("route", "add", "default", "via", "10.1.0.1" if family is V4 else "2001:db8:1::1")
    host.ip("link", "set", "eth0", "down")
    result = run(host, request(family.real, family.vip))
    assert_reason(result, Reason.CANNOT_JUDGE)
    assert result.verdict.detail == "interface eth0 is down"
    assert_reason(run(host, request(family.elsewhere, family.vip)), Reason.NOT_ON_LINK)


@both_families
def test_carrier_lost_in_mid_check(network: Network, family: Family) -> None:
    """Nothing can be heard then: that is no silence of the server's."""
    host = active(network)
    real = healthy(network)

    def lose(link: Link, path: Path) -> Link:
        network.unplug(host)
        return link

    host.run(["ping", "-c1", "-W1", "-I", family.director, family.real])
    assert neighbour(host, family.real) is not None
    wanted = request(family.real, family.vip, timeout=SHORT)
    result = run(host, wanted, Hooks(wrap_link=lose))
    assert_reason(result, Reason.CANNOT_JUDGE)
    assert result.verdict.detail == "interface eth0 has no carrier"
    assert real.is_running("eth0")


@both_families
def test_interface_without_carrier(network: Network, family: Family) -> None:
    host = active(network)
    host.ip("link", "add", "lone", "type", "veth", "peer", "name", "unplugged")
    host.ip("link", "set", "lone", "up")
    host.ip("route", "add", family.elsewhere, "dev", "lone")
    result = run(host, request(family.elsewhere, family.vip))
    assert_reason(result, Reason.CANNOT_JUDGE)
    assert result.verdict.detail == "interface lone has no carrier"


@both_families
def test_interface_that_is_no_ethernet(network: Network, family: Family) -> None:
    host = active(network)
    result = run(host, request(family.real, family.vip, interface="lo"))
    assert_reason(result, Reason.CANNOT_JUDGE)
    assert "not Ethernet" in result.verdict.detail


@both_families
def test_source_of_another_host(network: Network, family: Family) -> None:
    host = active(network)
    result = run(host, request(family.real, family.vip, source=packed(family.standby)))
    assert_reason(result, Reason.CANNOT_JUDGE)
    assert family.standby in result.verdict.detail


@both_families
def test_source_of_another_host_that_could_be_bound_to(network: Network, family: Family) -> None:
    host = active(network)
    healthy(network)
    for version in ("ipv4", "ipv6"):
        host.sysctl(f"net.{version}.ip_nonlocal_bind", 1)
    result = run(host, request(family.real, family.vip, source=packed(family.standby)))
    assert_reason(result, Reason.CANNOT_JUDGE)
    assert result.verdict.detail == f"source {family.standby} is no address of this host"
    assert_reason(run(host, request(family.real, family.vip, source=packed(family.director))), Reason.OK)


@both_families
def test_source_that_no_server_could_answer_to(network: Network, family: Family) -> None:
    host = active(network)
    impossible = {V4: ["0.0.0.0", "127.0.0.1", "224.0.0.1", "10.0.0.255"], V6: ["::", "::1", "ff02::1"]}
    for source in impossible[family]:
        result = run(host, request(family.real, family.vip, source=packed(source)))
        assert_reason(result, Reason.CANNOT_JUDGE)
        assert source in result.verdict.detail


def test_a_tentative_address_is_no_source_nor_is_a_link_local_one(network: Network) -> None:
    host = network.host("director")
    real = healthy(network)
    tcp_server(real, V6.real, PORT)
    for scope in ("all", "default", "eth0"):
        host.sysctl(f"net.ipv6.conf.{scope}.accept_dad", 1)
    host.sysctl("net.ipv6.conf.eth0.dad_transmits", 100)
    host.ip("address", "add", V6.on_link(V6.director), "dev", "eth0")
    assert "tentative" in host.ip("address", "show", "dev", "eth0", "scope", "global")
    result = run(host, request(V6.real, V6.vip))
    assert_reason(result, Reason.CANNOT_JUDGE)
    assert "--source" in result.verdict.detail
    assert "tentative" in host.ip("address", "show", "dev", "eth0", "scope", "global")
    standard = request(V6.real, V6.vip, on_cannot_judge="standard")
    assert run(host, standard).degraded


def test_a_link_local_source_of_ipv4_is_passed_over(network: Network) -> None:
    host = network.host("director", ["169.254.7.7/16", V4.on_link(V4.director)])
    healthy(network)
    host.ip("route", "replace", "10.0.0.0/24", "dev", "eth0", "src", "169.254.7.7")
    with host.entered(), Netlink() as netlink:
        path = find_path(netlink, request(V4.real, V4.vip))
        assert isinstance(path, Path)
        assert path.director_ip == packed(V4.director)
    assert_reason(run(host, request(V4.real, V4.vip)), Reason.OK)


@both_families
def test_interface_with_nothing_but_vips(network: Network, family: Family) -> None:
    host = network.host("director", [family.on_link(family.vip)])
    healthy(network)
    host.add_address(host_prefix(family.director), "lo")
    result = run(host, request(family.real, family.vip))
    assert_reason(result, Reason.CANNOT_JUDGE)
    assert "--source" in result.verdict.detail
    with_source = request(family.real, family.vip, source=packed(family.director))
    assert_reason(run(host, with_source), Reason.OK)
    with_vip = request(family.real, family.vip, source=packed(family.vip))
    assert_reason(run(host, with_vip), Reason.CANNOT_JUDGE)


@both_families
def test_the_next_address_where_the_route_names_a_vip(network: Network, family: Family) -> None:
    host = network.host("director", [family.on_link(family.vip), family.on_link(family.director)])
    healthy(network)
    assert_reason(run(host, request(family.real, family.vip)), Reason.OK)


@both_families
def test_a_vip_of_another_service_is_no_source(network: Network, family: Family) -> None:
    """The real server holds it too. IPv6's kernel prefers the newest address, whatever it is for."""
    host = active(network)
    real = healthy(network)
    host.add_address(host_prefix(family.other_vip), "eth0")
    real.add_address(host_prefix(family.other_vip), "lo")
    tcp_server(real, family.real, PORT)
    assert_reason(run(host, request(family.real, family.vip)), Reason.OK)
    degraded = request(family.real, family.vip, interface="eth9", on_cannot_judge="standard")
    assert_reason(run(host, degraded), Reason.OK)


@both_families
def test_several_vips_give_the_worst_and_all(network: Network, family: Family) -> None:
    host = active(network)
    healthy(network)
    result = run(host, request(family.real, family.vip, family.other_vip, timeout=SHORT))
    assert_reason(result, Reason.NO_ANSWER)
    assert [each.verdict.reason for each in result.vips] == [Reason.OK, Reason.NO_ANSWER]
    assert result.endpoint is result.vips[1].endpoint
    assert result.elapsed_ms < 1000 * SHORT + 200


@both_families
def test_several_ports_in_one_check(network: Network, family: Family) -> None:
    host = active(network)
    healthy(network)
    wanted = request(family.real, family.vip, family.vip)
    wanted.endpoints[1].port = CLOSED_PORT
    result = run(host, wanted)
    assert [each.verdict.reason for each in result.vips] == [Reason.OK, Reason.REFUSED]
    assert_reason(result, Reason.REFUSED)
