# SPDX-License-Identifier: GPL-2.0-or-later
"""A stranger's answer has to wait until the service's real servers have been asked who they are."""

from __future__ import annotations

import pytest

from lvs_rawcheck.checks.base import Reason
from lvs_rawcheck.checks.known_servers import ANSWER_SECONDS
from lvs_rawcheck.checks.request import MAC_ANY, MAC_KNOWN
from tests.checks.datagram.site import datagram_request, step_of
from tests.checks.site import (
    SHORT,
    Family,
    active,
    assert_reason,
    both_families,
    neighbour,
    on_link,
    packed,
    request,
    run,
    standby,
)
from tests.checks.test_wrong_mac import waiting
from tests.netns.roles import real_server, set_forwarding
from tests.netns.topology import Host, Network

__all__ = ["waiting"]
pytestmark = pytest.mark.netns


@pytest.fixture
def strangers(waiting: tuple[Host, Host], family: Family) -> tuple[Host, Host]:
    """The same two, who have nothing to ask each other: only a question of ours makes them known."""
    host, server = waiting
    server.ip("neigh", "replace", family.standby, "lladdr", host.mac, "dev", "eth0", "nud", "permanent")
    return host, server


@both_families
def test_a_healthy_server_does_not_answer_for_another_one(strangers: tuple[Host, Host], family: Family) -> None:
    host, server = strangers
    wanted = request(family.real, family.vip, timeout=1.0, reply_mac=MAC_KNOWN)
    assert_reason(run(host, wanted), Reason.OK)  # the fault: nobody knows that this MAC is somebody's
    assert neighbour(host, family.other_real) is None
    wanted.known_servers = [packed(family.real), packed(family.other_real)]
    result = run(host, wanted)
    assert_reason(result, Reason.WRONG_MAC)
    assert f"{server.mac}, which belongs to" in result.verdict.detail
    entry = neighbour(host, family.other_real)
    assert entry is not None
    assert entry.usable


@both_families
def test_a_mac_of_nobodys_passes_when_all_have_had_their_time(strangers: tuple[Host, Host], family: Family) -> None:
    host, _ = strangers
    wanted = request(family.real, family.vip, reply_mac=MAC_KNOWN, known_servers=[packed(family.nobody)])
    result = run(host, wanted)
    assert_reason(result, Reason.OK)
    assert result.elapsed_ms >= 1000 * ANSWER_SECONDS


@both_families
def test_the_active_director_s_echo_is_not_the_server_s(network: Network, family: Family) -> None:
    """It holds the VIP itself: what a server without the VIP sends on to it, it answers to the standby."""
    holder, host = active(network), standby(network)
    set_forwarding(real_server(network, "real", on_link("real")), 1)
    holder.ip("neigh", "replace", family.standby, "lladdr", host.mac, "dev", "eth0", "nud", "permanent")
    assert_reason(run(host, datagram_request(step_of("ping"), family, reply_mac=MAC_ANY)), Reason.OK)
    result = run(host, datagram_request(step_of("ping"), family, timeout=SHORT, reply_mac=MAC_KNOWN))
    assert_reason(result, Reason.WRONG_MAC)
    assert f"{holder.mac}, which belongs to {family.vip}" in result.verdict.detail
