# SPDX-License-Identifier: GPL-2.0-or-later
"""A server that lost its VIP and forwards, seen from the standby director: another machine answers in its place.

The standby's frame goes on to the active director, which hands it to a healthy server, as IPVS would; here a
policy route does it. That server answers the standby directly, and only its MAC tells.
"""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import Reason
from tests.checks.site import (
    BOTH,
    PORT,
    SHORT,
    Family,
    active,
    both_families,
    healthy,
    of_both,
    on_link,
    request,
    run,
    standby,
)
from tests.netns.roles import real_server, set_forwarding
from tests.netns.topology import Host, Network

pytestmark = pytest.mark.netns


def hand_on(host: Host, server: Host) -> None:
    """Let an active director forward what comes for the VIPs' service to a real server's MAC."""
    set_forwarding(host, 1)
    for family in BOTH:
        option = "-6" if family is BOTH[1] else "-4"
        # Before the table that says the VIP is local, and only for the service: ARP is answered as before.
        host.ip(option, "rule", "add", "priority", "100", "table", "local")
        host.ip(option, "rule", "del", "priority", "0")
        service = ["ipproto", "tcp", "dport", str(PORT)]
        host.ip(option, "rule", "add", "priority", "50", "iif", "eth0", *service, "table", "100")
        host.ip(option, "route", "add", family.vip, "dev", "eth0", "table", "100")
        host.ip("neigh", "replace", family.vip, "lladdr", server.mac, "dev", "eth0", "nud", "permanent")


@pytest.fixture
def waiting(network: Network) -> tuple[Host, Host]:
    """The standby director, and the healthy server that answers in the place of `real`."""
    host = active(network)
    waiting = standby(network)
    broken = real_server(network, "real", on_link("real"))
    set_forwarding(broken, 1)
    server = healthy(network, "other_real")
    hand_on(host, server)
    return waiting, server


@both_families
def test_only_the_real_server_counts_by_default(waiting: tuple[Host, Host], family: Family) -> None:
    host, server = waiting
    result = run(host, request(family.real, family.vip, timeout=SHORT))
    assert result.verdict.reason == Reason.WRONG_MAC, result.verdict.detail
    assert server.mac in result.verdict.detail
    assert result.elapsed_ms >= 1000 * SHORT, "until the deadline, the right one may still answer"
    assert run(host, request(family.other_real, family.vip)).healthy


@both_families
def test_known_machines_do_not_count(waiting: tuple[Host, Host], family: Family) -> None:
    host, server = waiting
    # It need not ask for the standby director, which would learn its MAC from the question.
    server.ip("neigh", "replace", family.standby, "lladdr", host.mac, "dev", "eth0", "nud", "permanent")
    unknown = run(host, request(family.real, family.vip, reply_mac="known"))
    assert unknown.healthy
    assert server.mac in unknown.verdict.detail
    host.run(["ping", "-c1", "-W1", family.other_real])
    known = run(host, request(family.real, family.vip, timeout=SHORT, reply_mac="known"))
    assert known.verdict.reason == Reason.WRONG_MAC
    assert family.other_real in known.verdict.detail


@both_families
def test_any_machine_counts(waiting: tuple[Host, Host], family: Family) -> None:
    host, server = waiting
    for vip_rule in ("any", server.mac_octets):
        result = run(host, request(family.real, family.vip, reply_mac=vip_rule))
        assert result.healthy
        assert server.mac in result.verdict.detail
    stranger = request(family.real, family.vip, timeout=SHORT, reply_mac=bytes.fromhex("020000009999"))
    assert run(host, stranger).verdict.reason == Reason.WRONG_MAC


def test_the_topology_answers_by_arp_as_the_active_director(waiting: tuple[Host, Host]) -> None:
    host, server = waiting
    for vip in of_both("vip"):
        host.run(["ping", "-c1", "-W1", vip])
        assert server.mac not in host.ip("neigh", "show", vip), "the VIP itself stays the active director's"
